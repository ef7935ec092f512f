/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Non-interference: two stores that differ only in what a viewer may not see answer him alike, byte
 * by byte - lists with ids and cursors, counts, groups, counters, totals, errors - whatever he
 * asks.
 *
 * Three stores have one secret key and the same visible rows, with other values in hidden fields.
 * In the second every hidden row is another one, in its place: then ids are the same too. In the
 * third there are no hidden rows at all: row numbers differ, so ids are compared by the order in
 * which they are met, and that they tell nothing else is the seal's business (test_base_seal).
 */
#include <sys/wait.h>

#include "gate_world.h"
#include "tap.h"

#define BATCHES 40
#define IDS	(WORLD_DAYS * BATCHES + 1)

enum variant { AS_IT_IS, OTHERS_HIDDEN, NONE_HIDDEN };

struct filling {
	const struct kr_scope *scope;
	enum variant variant;
	uint64_t seed;
	unsigned shown, hidden;
};

/* Other values in the fields that are hidden, other owners beside the one who looks. */
static void change_hidden(const struct kr_scope *s, struct kr_event *e, struct kr_arena *a)
{
	struct kr_event *other = world_event(a, KR_TLP_AMBER, (unsigned)prop_below(4), false,
					     e->key);
	uint32_t n = 0;

	for (int f = 1; f < KR_FIELD_MAX; f++) {
		const union kr_value *v = kr_event_get(other, (enum kr_field)f);

		if (!kr_field_info((enum kr_field)f) || kr_scope_field(s, (enum kr_field)f))
			continue;
		kr_event_unset(e, (enum kr_field)f);
		if (v && kr_event_put(e, a, (enum kr_field)f, *v))
			abort();
	}
	if (!kr_scope_subject(s, KR_SUBJ_EXTRA)) {
		e->extra = NULL;
		e->extra_end = &e->extra;
		e->n_extra = 0;
		for (const struct kr_extra *x = other->extra; x; x = x->next)
			if (kr_event_add_extra(e, a, x->key, x->value, x->literal))
				abort();
	}
	/* Nobody's rows become somebody's for a partner; an owner stays one of his. */
	for (uint32_t i = 0; i < e->n_owners; i++)
		if (e->owners[i].constituent == s->constituent)
			e->owners[n++] = e->owners[i];
	for (uint32_t i = 0; i < other->n_owners; i++)
		if (other->owners[i].constituent != s->constituent && n < 2)
			e->owners[n++] = other->owners[i];
	e->n_owners = n;
}

/* One event a batch and a batch a commit: row numbers do not depend on what is in the rows. */
static void make(void *ctx, struct kr_batch *b, unsigned day, unsigned i)
{
	struct filling *x = ctx;
	uint64_t key = 1000 + day * BATCHES + i;
	struct kr_event *e;

	prop_state = x->seed + key;
	e = world_event(b->arena, (enum kr_tlp)prop_below(6), (unsigned)prop_below(4),
			prop_chance(15), key);
	if (kr_scope_has(x->scope, e->label, e->owners, e->n_owners)) {
		x->shown++;
		if (x->variant != AS_IT_IS)
			change_hidden(x->scope, e, b->arena);
		kr_batch_add(b, e);
		return;
	}
	x->hidden++;
	if (x->variant == NONE_HIDDEN)
		return;
	if (x->variant == OTHERS_HIDDEN) {
		prop_state += 0x1234567;
		do
			e = world_event(b->arena, (enum kr_tlp)prop_below(6),
					(unsigned)prop_below(4), prop_chance(15), key);
		while (kr_scope_has(x->scope, e->label, e->owners, e->n_owners));
		/* The number of times seen is no secret shared with visible rows either. */
		e->count = 1 + prop_below(5);
	}
	kr_batch_add(b, e);
}

/* ---- everything that can be asked, as one text ---- */

struct transcript {
	struct kr_store *s;
	const struct kr_scope *scope;
	struct kr_buf out;
	bool names; /* ids by the order of their first appearance */
	char ids[IDS][KR_EVENT_ID_TEXT_MAX];
	unsigned n_ids;
};

static void put_id(struct transcript *t, const char *id)
{
	unsigned i = 0;

	if (!t->names) {
		kr_buf_c(&t->out, id);
		return;
	}
	while (i < t->n_ids && strcmp(t->ids[i], id) != 0)
		i++;
	if (i == t->n_ids && t->n_ids < IDS)
		strcpy(t->ids[t->n_ids++], id);
	kr_buf_printf(&t->out, "id%u", i);
}

static bool put_event(void *ctx, const struct kr_stored_event *ev)
{
	struct transcript *t = ctx;
	char id[KR_EVENT_ID_TEXT_MAX];

	put_id(t, kr_stored_event_id(ev, id));
	kr_buf_printf(&t->out, " '%.*s' %llu %llu %u %u %llu %d", KR_STR_ARG(ev->source),
		      (unsigned long long)ev->report, (unsigned long long)ev->e->offset,
		      ev->e->length, ev->e->part, (unsigned long long)ev->e->count,
		      (int)ev->e->label);
	for (size_t i = 0; i < ev->n_constituents; i++)
		kr_buf_printf(&t->out, " of %.*s", KR_STR_ARG(ev->constituents[i]));
	for (int f = 1; f < KR_FIELD_MAX; f++)
		if (kr_event_has(ev->e, (enum kr_field)f)) {
			kr_buf_printf(&t->out, " %d=", f);
			kr_field_text((enum kr_field)f, kr_event_get(ev->e, (enum kr_field)f),
				      &t->out);
		}
	for (const struct kr_extra *x = ev->e->extra; x; x = x->next)
		kr_buf_printf(&t->out, " %.*s=%.*s", KR_STR_ARG(x->key), KR_STR_ARG(x->value));
	kr_buf_ch(&t->out, '\n');
	return true;
}

static void put_fault(struct transcript *t, int r, const struct kr_fault *f)
{
	if (r)
		kr_buf_printf(&t->out, "%d %s (%s) at %llu\n", r, f->message, f->remedy,
			      (unsigned long long)f->column);
}

static void ask_list(struct transcript *t, const struct kr_expr *x, uint32_t limit)
{
	char cursor[KR_EVENT_ID_TEXT_MAX] = "";

	for (;;) {
		KR_AUTO(kr_arena) *a = kr_arena_new(0);
		struct kr_event_query q = {
			.expr = x, .limit = limit, .cursor = kr_str_c(cursor), .scan_max = 2};
		struct kr_event_page page = {0};
		struct kr_fault f = {0};
		int r = kr_store_event_list(t->s, t->scope, &q, put_event, t, a, &page, &f);

		put_fault(t, r, &f);
		kr_buf_printf(&t->out, "page %llu %llu ", (unsigned long long)page.rows,
			      (unsigned long long)page.scanned);
		if (r || !page.cursor.n)
			break;
		put_id(t, page.cursor.p);
		kr_buf_ch(&t->out, '\n');
		memcpy(cursor, page.cursor.p, page.cursor.n + 1);
	}
	kr_buf_ch(&t->out, '\n');
}

static void ask_count(struct transcript *t, const struct kr_expr *x, const struct kr_expr_leaf *by,
		      uint32_t max)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_event_query q = {.expr = x};
	struct kr_group_row *g = NULL;
	struct kr_count count = {0};
	struct kr_fault f = {0};
	size_t n = 0;
	int r = kr_store_event_count(t->s, t->scope, &q, by, max, a, &count, &g, &n, &f);

	put_fault(t, r, &f);
	kr_buf_printf(&t->out, "count %llu %llu\n", (unsigned long long)count.rows,
		      (unsigned long long)count.events);
	for (size_t i = 0; !r && i < n; i++)
		kr_buf_printf(&t->out, "group '%.*s' %llu %llu\n", KR_STR_ARG(g[i].value),
			      (unsigned long long)g[i].rows, (unsigned long long)g[i].events);
}

static void ask_counters(struct transcript *t)
{
	for (int i = 0; i < 7 * 7 * 2; i++) {
		KR_AUTO(kr_arena) *a = kr_arena_new(0);
		struct kr_counter_query q = {.a = (enum kr_dim)(i / 14),
					     .b = (enum kr_dim)(i / 2 % 7),
					     .by_day = i % 2,
					     .from = INT32_MIN,
					     .to = INT32_MAX,
					     .limit = (uint32_t)prop_below(5)};
		struct kr_counter_row *rows;
		struct kr_fault f = {0};
		size_t n = 0;
		int r = kr_store_counters(t->s, t->scope, &q, a, &rows, &n, &f);

		put_fault(t, r, &f);
		for (size_t k = 0; !r && k < n; k++)
			kr_buf_printf(&t->out, "counter %d '%.*s' '%.*s' %llu %llu\n", rows[k].day,
				      KR_STR_ARG(rows[k].value_a), KR_STR_ARG(rows[k].value_b),
				      (unsigned long long)rows[k].rows,
				      (unsigned long long)rows[k].events);
	}
}

static void ask_around(struct transcript *t)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_report_query q = {0};
	struct kr_constituent *c;
	struct kr_store_totals s;
	struct kr_report *reports;
	struct kr_source *sources;
	struct kr_rule *rules;
	struct kr_fault f = {0};
	size_t n, m;

	put_fault(t, kr_store_totals(t->s, t->scope, &s, &f), &f);
	kr_buf_printf(&t->out, "totals %llu %llu %llu %llu %llu %llu %llu\n",
		      (unsigned long long)s.rows, (unsigned long long)s.events,
		      (unsigned long long)s.reports, (unsigned long long)s.quarantined,
		      (unsigned long long)s.partitions, (unsigned long long)s.bytes_events,
		      (unsigned long long)s.bytes_spool);
	put_fault(t, kr_store_report_list(t->s, t->scope, &q, a, &reports, &n, &f), &f);
	put_fault(t, kr_store_source_list(t->s, t->scope, a, &sources, &m, &f), &f);
	kr_buf_printf(&t->out, "%zu reports, %zu sources\n", n, m);
	put_fault(t, kr_store_register_read(t->s, t->scope, true, a, &c, &n, &rules, &m, &f), &f);
	for (size_t i = 0; i < n; i++)
		kr_buf_printf(&t->out, "constituent %.*s %.*s\n", KR_STR_ARG(c[i].name),
			      KR_STR_ARG(c[i].note));
	for (size_t i = 0; i < m; i++)
		kr_buf_printf(&t->out, "rule %.*s\n", KR_STR_ARG(rules[i].value));
}

static bool keep_id(void *ctx, const struct kr_stored_event *ev)
{
	struct transcript *t = ctx;

	kr_stored_event_id(ev, t->ids[t->n_ids++]);
	return t->n_ids < IDS;
}

/* The ids that he sees, in the order of lists. */
static void learn_ids(struct transcript *t)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_event_query q = {0};
	struct kr_event_page page;
	struct kr_fault f = {0};

	t->n_ids = 0;
	world_must(kr_store_event_list(t->s, t->scope, &q, keep_id, t, a, &page, &f), &f, "list");
}

static void ask_random(struct transcript *t)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	KR_AUTO_BUF b = KR_BUF(1 << 20);
	struct kr_scope copy = *t->scope;
	struct kr_expr_opts opts = {.now = GEN_NOW, .may_name = kr_scope_may_name, .ctx = &copy};
	struct kr_expr_leaf by = {.subject = KR_SUBJ_FIELD};
	struct kr_fault f = {0};
	struct kr_expr *x;
	int r;

	gen_expr(&b, (unsigned)prop_below(3));
	if (prop_chance(20) && t->n_ids)
		kr_buf_printf(&b, " or id:%s", t->ids[prop_below(t->n_ids)]);
	else if (prop_chance(10))
		kr_buf_c(&b, " or id:20261121-standard-1-3");
	by.field = prop_chance(30) ? (enum kr_field)(1 + prop_below(KR_F_TLP)) : PICK(gen_fields);
	/* Half of them without asking what he may name. */
	if (prop_chance(50))
		opts.may_name = NULL;
	r = kr_expr_parse(kr_arena_dup(a, kr_buf_str(&b)), &opts, a, &x, &f);
	if (!t->names)
		put_fault(t, r, &f);
	if (r)
		return;
	ask_list(t, x, (uint32_t)prop_below(5));
	ask_count(t, x, NULL, 0);
	ask_count(t, x, &by, prop_chance(30) ? 2 : 0);
}

/* With one seed all stores are asked the same. */
static void ask(struct transcript *t, uint64_t seed, unsigned n)
{
	prop_state = seed;
	learn_ids(t);
	kr_buf_clear(&t->out);
	ask_list(t, NULL, 3);
	for (int s = KR_SUBJ_EXTRA; s <= KR_SUBJ_ROUTED; s++)
		ask_count(t, NULL,
			  &(struct kr_expr_leaf){.subject = (enum kr_expr_subject)s,
						 .key = KR_STR("tag")},
			  0);
	ask_counters(t);
	ask_around(t);
	for (unsigned i = 0; i < n; i++)
		ask_random(t);
}

/* ---- three stores ---- */

static void copy_dir(const char *from, const char *to)
{
	int status = 1;
	pid_t pid = fork();

	if (!pid) {
		execlp("cp", "cp", "-a", from, to, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		abort();
}

static struct kr_store *build(const char *dir, struct filling *x)
{
	/* A row a commit; parts are cut by rows that are there, so they are not cut here. */
	struct kr_store_opts o = {.group_rows_max = 1, .now = world_clock};
	struct kr_fault f = {0};
	struct kr_store *s;

	world_now = GEN_NOW;
	x->shown = x->hidden = 0;
	world_must(kr_store_open(dir, &o, &s, &f), &f, "open");
	world_fill(s, BATCHES, 1, make, x);
	return s;
}

static bool same(const struct transcript *a, const struct transcript *b, const char *what)
{
	struct kr_str x = kr_buf_str(&a->out), y = kr_buf_str(&b->out);
	size_t at = 0, from;

	if (kr_str_eq(x, y))
		return true;
	while (at < x.n && at < y.n && x.p[at] == y.p[at])
		at++;
	for (from = at; from && x.p[from - 1] != '\n';)
		from--;
	printf("# %s, byte %zu:\n#   %.*s\n#   %.*s\n", what, at,
	       (int)KR_MIN(x.n - from, (size_t)300), x.p + from,
	       (int)KR_MIN(y.n - from, (size_t)300), y.p + from);
	return false;
}

static void test_viewer(const struct kr_viewer *v, const char *name, unsigned runs)
{
	char dir[3][64] = {"/tmp/karaula-test-XXXXXX"};
	struct kr_scope scope = kr_gate_scope(v);
	struct filling x = {.scope = &scope, .seed = prop_u64()};
	uint64_t seed = prop_u64();
	struct transcript *t = kr_xcalloc(3, sizeof(*t));
	struct kr_fault f = {0};
	bool alike = true, in_place = true;

	if (!mkdtemp(dir[0]))
		abort();
	world_must(kr_store_init(dir[0], &f), &f, "init");
	for (int i = 1; i < 3; i++) {
		snprintf(dir[i], sizeof(dir[i]), "%.40s-%d", dir[0], i);
		copy_dir(dir[0], dir[i]);
	}
	for (int i = 0; i < 3; i++) {
		x.variant = (enum variant)i;
		t[i] = (struct transcript){
			.s = build(dir[i], &x), .scope = &scope, .out = KR_BUF((size_t)64 << 20)};
	}
	IS(world_constituent[1], 2, "constituents have the numbers that viewers are bound to");
	OK(x.shown && x.hidden, "%s: %u rows are shown, %u hidden", name, x.shown, x.hidden);
	for (int i = 0; i < 2; i++)
		ask(&t[i], seed, runs);
	in_place = same(&t[0], &t[1], name);
	OK(in_place && t[0].out.n > 10000, "%s: other hidden rows change no byte of %zu", name,
	   t[0].out.n);
	for (int i = 0; i < 3; i += 2) {
		t[i].names = true;
		ask(&t[i], seed, runs);
	}
	alike = same(&t[0], &t[2], name);
	OK(alike && t[0].n_ids == x.shown,
	   "%s: nor do there being none, but for the letters of ids", name);
	for (int i = 0; i < 3; i++) {
		kr_buf_done(&t[i].out);
		kr_store_close(t[i].s);
		world_remove(dir[i]);
	}
	free(t);
}

int main(void)
{
	unsigned runs = prop_begin(600) / 6 + 1;
	struct kr_viewer v[] = {{.role = KR_ROLE_OPERATOR, .door = KR_DOOR_PAGE, .constituent = 1},
				{.role = KR_ROLE_OPERATOR,
				 .door = KR_DOOR_API,
				 .constituent = 2,
				 .tlp_max = KR_TLP_GREEN},
				{.role = KR_ROLE_PARTNER, .door = KR_DOOR_API},
				{.role = KR_ROLE_VIEWER, .door = KR_DOOR_PAGE, .constituent = 1}};
	static const char *const names[] = {"operator", "operator with a limit", "partner",
					    "viewer of a constituent"};

	for (size_t i = 0; i < KR_ARRAY_LEN(v); i++) {
		v[i].kind = KR_VIEWER_USER;
		v[i].rights = KR_RIGHTS_ALL;
		test_viewer(&v[i], names[i], runs);
	}
	return tap_end();
}
