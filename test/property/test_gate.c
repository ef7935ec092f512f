/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two faces of the gate, and the store behind them, are one: for every viewer of role x door x
 * constituent x limit of the key x rights x kind, kr_gate_may() and kr_gate_field() are asked about
 * every row of a store, one by one; and every answer of the store under kr_gate_scope() - lists,
 * pages, counts, groups, single events, contributions, counters, totals, reports, register - is
 * what follows from those rows and fields alone.
 *
 * Viewers with the same scope get the same answers, so the store is asked once for each scope; that
 * the rows and fields are the same for all of them is checked for each viewer.
 */
#include "gate_world.h"
#include "tap.h"

#define BATCHES 12
#define PER	4
#define ROWS	(WORLD_DAYS * BATCHES * PER)
#define SCOPES	4096

struct known {
	struct kr_event_id id;
	struct kr_event *e; /* as the node itself reads it back */
	struct kr_str source;
	uint64_t report;
	/* What was put in, not read back. */
	uint64_t key, count;
	enum kr_tlp label;
	struct kr_owner owners[2];
	size_t n_owners;
	unsigned day;
	bool test;
};

static struct world {
	struct kr_store *s;
	struct kr_arena *a;
	struct known row[ROWS]; /* newest first, as lists have them */
	size_t n;
	struct known made[ROWS];
	unsigned reports_ok, refused;
} w;

/* ---- the rows ---- */

/* Six labels x four owners x (twice a plain class, once test), and every fifth seen again. */
static void make(void *ctx, struct kr_batch *b, unsigned day, unsigned i)
{
	unsigned k = day * BATCHES * PER + i;
	struct known *m = &w.made[k];
	struct kr_event *e;

	(void)ctx;
	m->day = day;
	m->key = 1000 + k;
	m->label = (enum kr_tlp)(k % 6);
	m->test = k / 24 == 3;
	e = world_event(b->arena, m->label, k / 6 % 4, m->test, m->key);
	m->n_owners = e->n_owners;
	for (size_t o = 0; o < e->n_owners; o++)
		m->owners[o] = e->owners[o];
	m->count = 1;
	kr_batch_add(b, e);
	if (k % 5)
		return;
	e = kr_event_new(b->arena);
	*e = *b->events[b->n - 1];
	e->offset += 100000;
	e->last += KR_HOUR;
	/* Seen again with another label: the tighter one is the row's. */
	if (k % 2 == 0) {
		e->label = KR_TLP_GREEN;
		if (kr_tlp_effective(m->label) < KR_TLP_GREEN)
			m->label = KR_TLP_GREEN;
	}
	m->count++;
	kr_batch_add(b, e);
}

static const struct known *made(uint64_t key)
{
	for (size_t i = 0; i < ROWS; i++)
		if (w.made[i].key == key)
			return &w.made[i];
	return NULL;
}

static bool learn(void *ctx, const struct kr_stored_event *ev)
{
	const struct known *m = made(ev->e->key);
	struct kr_stored_event whole;
	struct kr_fault f = {0};
	struct known *k = &w.row[w.n];

	(void)ctx;
	if (!m || w.n == ROWS)
		return false;
	world_must(kr_store_event_get(w.s, &KR_SCOPE_ALL, &ev->id, w.a, &whole, &f), &f, "get");
	*k = *m;
	k->id = ev->id;
	k->e = whole.e;
	k->source = kr_arena_dup(w.a, whole.source);
	k->report = whole.report;
	w.n++;
	return k->e->label == m->label && k->e->n_owners == m->n_owners && k->e->count == m->count;
}

static void fill(const char *dir)
{
	struct kr_store_opts o = {
		.partition_rows_max = 20, .group_rows_max = 8, .now = world_clock};
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_event_query q = {0};
	struct kr_store_totals totals;
	struct kr_event_page page;
	struct kr_fault f = {0};

	world_now = GEN_NOW;
	world_must(kr_store_init(dir, &f), &f, "init");
	world_must(kr_store_open(dir, &o, &w.s, &f), &f, "open");
	world_fill(w.s, BATCHES, PER, make, NULL);
	world_must(kr_store_event_list(w.s, &KR_SCOPE_ALL, &q, learn, NULL, a, &page, &f), &f,
		   "list");
	world_must(kr_store_totals(w.s, &KR_SCOPE_ALL, &totals, &f), &f, "totals");
	OK(totals.partitions >= 2 * WORLD_DAYS, "%llu partitions",
	   (unsigned long long)totals.partitions);
	IS(w.n, ROWS, "all rows are there, with the labels, owners and counts that were put in");
}

/* ---- what a viewer may see, row by row and field by field ---- */

struct sight {
	struct kr_scope scope;
	bool row[ROWS];
	bool field[KR_FIELD_MAX];
	bool staff, community; /* fields that are no fields: by the role */
	char name[160];
	/* Results of the checks. */
	unsigned bad;
};

static void look(const struct kr_viewer *v, struct sight *s)
{
	const struct kr_role_info *role = kr_role_info(v->role);

	s->scope = kr_gate_scope(v);
	for (size_t i = 0; i < ROWS; i++) {
		const struct known *k = &w.row[i];
		struct kr_item item = {
			.label = k->label, .owners = k->owners, .n_owners = k->n_owners};

		s->row[i] = kr_gate_may(v, &item);
	}
	for (int f = 1; f < KR_FIELD_MAX; f++)
		s->field[f] = kr_field_info((enum kr_field)f) && kr_gate_field(v, (enum kr_field)f);
	s->staff = role && role->fields == KR_FIELDS_STAFF && !v->constituent;
	s->community = !role || role->fields == KR_FIELDS_COMMUNITY;
	snprintf(s->name, sizeof(s->name),
		 "role %d door %d constituent %u limit %d rights %x kind %d", (int)v->role,
		 (int)v->door, v->constituent, (int)v->tlp_max, v->rights, (int)v->kind);
}

static struct sight seen[SCOPES];
static size_t n_seen;

static bool same_scope(const struct kr_scope *a, const struct kr_scope *b)
{
	return a->all == b->all && a->tlp_max == b->tlp_max && a->constituent == b->constituent &&
	       a->fields == b->fields && a->rights == b->rights;
}

/* Every viewer; returns how many. Differences within a scope are counted in *bad. */
static unsigned all_viewers(unsigned *bad)
{
	static const uint32_t rights[] = {KR_RIGHTS_ALL, KR_RIGHT_EVENTS,
					  KR_RIGHTS_ALL & ~(uint32_t)KR_RIGHT_EVENTS,
					  KR_RIGHT_EVENTS | KR_RIGHT_REGISTER, 0};
	static const enum kr_viewer_kind kinds[] = {KR_VIEWER_ANONYMOUS, KR_VIEWER_LOCAL,
						    KR_VIEWER_USER, KR_VIEWER_KEY,
						    KR_VIEWER_RECIPIENT};
	unsigned n = 0;

	for (int role = 0; role < KR_ROLES; role++)
		for (int door = 0; door < KR_DOORS; door++)
			for (unsigned c = 0; c < 4; c++)
				for (int limit = 0; limit <= KR_TLP_RED; limit++)
					for (size_t r = 0; r < KR_ARRAY_LEN(rights) * 5; r++) {
						struct kr_viewer v = {
							.kind = kinds[r % 5],
							.role = (enum kr_role)role,
							.door = (enum kr_door)door,
							.constituent = c ? world_constituent[c - 1]
									 : 0,
							.tlp_max = (enum kr_tlp)limit,
							.rights = rights[r / 5]};
						struct sight s = {0};
						size_t i = 0;

						look(&v, &s);
						while (i < n_seen &&
						       !same_scope(&seen[i].scope, &s.scope))
							i++;
						if (i == n_seen && n_seen < SCOPES)
							seen[n_seen++] = s;
						/* No events at all: which fields there are is moot.
						 */
						if (memcmp(seen[i].row, s.row, sizeof(s.row)) ||
						    memcmp(seen[i].field, s.field,
							   sizeof(s.field))) {
							printf("# %s sees other things than %s\n",
							       s.name, seen[i].name);
							++*bad;
						}
						n++;
					}
	return n;
}

static bool wrong(struct sight *s, const char *fmt, ...) KR_PRINTF(2, 3);
static bool wrong(struct sight *s, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (s->bad++ < 5)
		printf("# %s: %s\n", s->name, text);
	return false;
}

/* ---- one event ---- */

static bool same_extra(const struct kr_event *a, const struct kr_event *b)
{
	const struct kr_extra *x = a->extra, *y = b->extra;

	for (; x && y; x = x->next, y = y->next)
		if (!kr_str_eq(x->key, y->key) || !kr_str_eq(x->value, y->value))
			return false;
	return !x && !y;
}

static bool same_value(enum kr_field f, const union kr_value *a, const union kr_value *b)
{
	KR_AUTO_BUF x = KR_BUF(1 << 21);
	KR_AUTO_BUF y = KR_BUF(1 << 21);

	kr_field_text(f, a, &x);
	kr_field_text(f, b, &y);
	return kr_str_eq(kr_buf_str(&x), kr_buf_str(&y));
}

static void check_around(struct sight *s, const struct known *k, const struct kr_stored_event *ev)
{
	size_t own = 0;

	if (!kr_str_eq(ev->source, s->staff ? k->source : KR_STR("")) ||
	    ev->report != (s->staff ? k->report : 0) ||
	    ev->e->offset != (s->staff ? k->e->offset : 0) ||
	    ev->e->length != (s->staff ? k->e->length : 0))
		wrong(s, "source or report of %llu", (unsigned long long)k->key);
	for (size_t i = 0; i < k->n_owners; i++) {
		if (!s->staff && k->owners[i].constituent != s->scope.constituent)
			continue;
		if (own >= ev->n_constituents || own >= ev->e->n_owners ||
		    ev->e->owners[own].constituent != k->owners[i].constituent)
			wrong(s, "owner of %llu", (unsigned long long)k->key);
		own++;
	}
	if (own != ev->n_constituents || own != ev->e->n_owners)
		wrong(s, "%zu owners of %llu", ev->n_constituents, (unsigned long long)k->key);
}

static void check_event(struct sight *s, const struct known *k, const struct kr_stored_event *ev)
{
	char text[KR_EVENT_ID_TEXT_MAX], again[KR_EVENT_ID_TEXT_MAX];
	struct kr_event_id id;

	for (int f = 1; f < KR_FIELD_MAX; f++) {
		const union kr_value *want = kr_event_get(k->e, (enum kr_field)f),
				     *got = kr_event_get(ev->e, (enum kr_field)f);

		if (!s->field[f])
			want = NULL;
		if (!want != !got || (want && !same_value((enum kr_field)f, want, got)))
			wrong(s, "field %s of %llu", kr_field_info((enum kr_field)f)->name,
			      (unsigned long long)k->key);
	}
	if (s->community ? ev->e->extra || ev->e->n_extra : !same_extra(k->e, ev->e))
		wrong(s, "extra of %llu", (unsigned long long)k->key);
	if (ev->e->count != k->count || ev->e->label != k->label || ev->e->first != k->e->first ||
	    ev->e->last != k->e->last)
		wrong(s, "count, label or times of %llu", (unsigned long long)k->key);
	check_around(s, k, ev);
	kr_stored_event_id(ev, text);
	if (strcmp(text, kr_store_event_id_text(w.s, &s->scope, &k->id, again)) != 0 ||
	    kr_store_event_id_parse(w.s, &s->scope, kr_str_c(text), &id) || id.row != k->id.row ||
	    id.day != k->id.day || id.part != k->id.part || id.class_ != k->id.class_)
		wrong(s, "id of %llu", (unsigned long long)k->key);
	if ((strchr(text, '-') != NULL) != s->staff)
		wrong(s, "id %s", text);
}

/* ---- lists ---- */

struct expect {
	struct sight *s;
	const struct kr_expr *x; /* NULL: all */
	size_t at;		 /* next known row */
	unsigned n;
	uint64_t events;
};

/* What an expression is evaluated on: the event as the viewer sees it. */
static bool matches(struct sight *s, const struct kr_expr *x, const struct known *k)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_event *e = kr_event_new(a);
	char id[KR_EVENT_ID_TEXT_MAX];
	struct kr_str names[2];
	struct kr_expr_event ev = {.e = e, .constituents = names};

	if (!x)
		return true;
	for (int f = 1; f < KR_FIELD_MAX; f++)
		if (s->field[f] && kr_event_has(k->e, (enum kr_field)f) &&
		    kr_event_put(e, a, (enum kr_field)f, *kr_event_get(k->e, (enum kr_field)f)))
			abort();
	for (const struct kr_extra *p = s->community ? NULL : k->e->extra; p; p = p->next)
		if (kr_event_add_extra(e, a, p->key, p->value, p->literal))
			abort();
	e->first = k->e->first;
	e->last = k->e->last;
	e->count = k->count;
	ev.id = kr_str_c(kr_store_event_id_text(w.s, &s->scope, &k->id, id));
	if (s->staff) {
		ev.source = k->source;
		ev.report = k->report;
		e->n_owners = (uint32_t)k->n_owners;
		for (size_t i = 0; i < k->n_owners; i++)
			for (size_t c = 0; c < KR_ARRAY_LEN(gen_names); c++)
				if (world_constituent[c] == k->owners[i].constituent)
					names[ev.n_constituents++] = kr_str_c(gen_names[c]);
	}
	return kr_expr_match(x, &ev);
}

static bool next_is(void *ctx, const struct kr_stored_event *ev)
{
	struct expect *x = ctx;

	while (x->at < ROWS && (!x->s->row[x->at] || !matches(x->s, x->x, &w.row[x->at])))
		x->at++;
	if (x->at == ROWS)
		return wrong(x->s, "a row too many: %llu", (unsigned long long)ev->e->key);
	if (ev->id.row != w.row[x->at].id.row || ev->id.part != w.row[x->at].id.part)
		return wrong(x->s, "another row than %llu", (unsigned long long)w.row[x->at].key);
	check_event(x->s, &w.row[x->at], ev);
	x->at++;
	x->n++;
	x->events += ev->e->count;
	return true;
}

/* All pages with a random limit, then one with none. */
static void check_list(struct sight *s, const struct kr_expr *e)
{
	uint32_t limit = 1 + (uint32_t)prop_below(9);
	struct expect x = {.s = s, .x = e}, one = {.s = s, .x = e};
	char cursor[KR_EVENT_ID_TEXT_MAX] = "";
	unsigned want = 0, bad = s->bad;
	struct kr_fault f = {0};

	for (size_t i = 0; i < ROWS; i++)
		want += s->row[i] && matches(s, e, &w.row[i]);
	for (unsigned pages = 0; pages < 2 * ROWS && s->bad == bad; pages++) {
		KR_AUTO(kr_arena) *a = kr_arena_new(0);
		struct kr_event_query q = {.expr = e,
					   .limit = limit,
					   .cursor = kr_str_c(cursor),
					   .scan_max = s->staff ? 0 : 3};
		struct kr_event_page page;

		if (kr_store_event_list(w.s, &s->scope, &q, next_is, &x, a, &page, &f)) {
			wrong(s, "page: %s", f.message);
			return;
		}
		if (!s->staff && page.scanned)
			wrong(s, "it is told how many rows were looked at");
		if (page.cursor.n ? page.rows != limit : page.rows >= limit)
			wrong(s, "a page of %llu rows", (unsigned long long)page.rows);
		if (!page.cursor.n)
			break;
		memcpy(cursor, page.cursor.p, page.cursor.n + 1);
	}
	if (x.n != want)
		wrong(s, "%u rows in pages, wanted %u", x.n, want);
	{
		KR_AUTO(kr_arena) *a = kr_arena_new(0);
		struct kr_event_query q = {.expr = e};
		struct kr_event_page page;
		struct kr_count count;

		if (kr_store_event_list(w.s, &s->scope, &q, next_is, &one, a, &page, &f) ||
		    one.n != want)
			wrong(s, "%u rows listed, wanted %u", one.n, want);
		if (kr_store_event_count(w.s, &s->scope, &q, NULL, 0, a, &count, NULL, NULL, &f) ||
		    count.rows != want || count.events != one.events)
			wrong(s, "%llu counted, wanted %u", (unsigned long long)count.rows, want);
	}
}

static void check_get(struct sight *s)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	char text[KR_EVENT_ID_TEXT_MAX], want[300];
	struct kr_fault f, none;
	struct kr_stored_event ev;
	struct kr_contribution *c;
	size_t n;

	for (size_t i = 0; i < ROWS; i++) {
		const struct known *k = &w.row[i];
		struct kr_event_id nowhere = k->id;
		int r = kr_store_event_get(w.s, &s->scope, &k->id, a, &ev, &f);

		if (s->row[i]) {
			if (r) {
				wrong(s, "get: %s", f.message);
				continue;
			}
			check_event(s, k, &ev);
			if (kr_store_event_contributions(w.s, &s->scope, &k->id, 0, a, &c, &n,
							 &f) ||
			    n != k->count)
				wrong(s, "contributions");
			for (size_t j = 0; j < n; j++)
				if ((c[j].report != 0) != s->staff ||
				    (!s->staff && (c[j].offset || c[j].length || c[j].part)))
					wrong(s, "a contribution tells its report");
			continue;
		}
		nowhere.row += 100000;
		if (r != -KR_ENOENT ||
		    kr_store_event_get(w.s, &s->scope, &nowhere, a, &ev, &none) != -KR_ENOENT)
			wrong(s, "get of a hidden row: %d", r);
		snprintf(want, sizeof(want), "there is no event %s",
			 kr_store_event_id_text(w.s, &s->scope, &k->id, text));
		if (strcmp(f.message, want) != 0 || strcmp(f.remedy, none.remedy) != 0)
			wrong(s, "words of a hidden row: %s (%s)", f.message, f.remedy);
		if (kr_store_event_contributions(w.s, &s->scope, &k->id, 0, a, &c, &n, &f) !=
			    -KR_ENOENT ||
		    strcmp(f.message, want) != 0 || strcmp(f.remedy, none.remedy) != 0)
			wrong(s, "contributions of a hidden row: %s", f.message);
	}
}

/* ---- groups ---- */

struct sum {
	char key[200];
	uint64_t rows, events;
};

struct sums {
	struct sum s[ROWS * 2];
	size_t n;
};

static void sums_add(struct sums *t, struct kr_str key, uint64_t events)
{
	size_t i = 0;

	while (i < t->n && !kr_str_eqc(key, t->s[i].key))
		i++;
	if (i == t->n) {
		t->n++;
		snprintf(t->s[i].key, sizeof(t->s[i].key), "%.*s", KR_STR_ARG(key));
		t->s[i].rows = t->s[i].events = 0;
	}
	t->s[i].rows++;
	t->s[i].events += events;
}

static bool sums_take(struct sums *t, struct kr_str key, uint64_t rows, uint64_t events)
{
	for (size_t i = 0; i < t->n; i++)
		if (kr_str_eqc(key, t->s[i].key)) {
			bool same = t->s[i].rows == rows && t->s[i].events == events;

			t->s[i] = t->s[--t->n];
			return same;
		}
	return false;
}

static void group_of(const struct known *k, const struct kr_expr_leaf *by, struct sums *t)
{
	KR_AUTO_BUF b = KR_BUF(1 << 20);
	const struct kr_extra *x;
	const union kr_value *v;
	char day[KR_TIME_TEXT_MAX];

	switch (by->subject) {
	case KR_SUBJ_FIELD:
		v = kr_event_get(k->e, by->field);
		if (v && by->field == KR_F_TIME_SOURCE)
			kr_buf_c(&b, kr_day_text(kr_time_day(v->t), day));
		else if (v)
			kr_field_text(by->field, v, &b);
		break;
	case KR_SUBJ_EXTRA:
		x = kr_event_extra(k->e, by->key);
		kr_buf_str_add(&b, x ? x->value : KR_STR(""));
		break;
	case KR_SUBJ_SOURCE: kr_buf_str_add(&b, k->source); break;
	case KR_SUBJ_REPORT: kr_buf_u64(&b, k->report); break;
	case KR_SUBJ_COUNT: kr_buf_u64(&b, k->count); break;
	case KR_SUBJ_FIRST: kr_buf_c(&b, kr_day_text(kr_time_day(k->e->first), day)); break;
	case KR_SUBJ_LAST: kr_buf_c(&b, kr_day_text(kr_time_day(k->e->last), day)); break;
	case KR_SUBJ_ROUTED: kr_buf_c(&b, k->n_owners ? "yes" : "no"); break;
	default:
		for (size_t i = 0; i < k->n_owners; i++)
			for (size_t c = 0; c < KR_ARRAY_LEN(gen_names); c++)
				if (world_constituent[c] == k->owners[i].constituent)
					sums_add(t, kr_str_c(gen_names[c]), k->count);
		if (k->n_owners)
			return;
	}
	sums_add(t, kr_buf_str(&b), k->count);
}

static void check_by(struct sight *s, const struct kr_expr_leaf *by, bool shown, const char *name)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_event_query q = {0};
	struct kr_group_row *g;
	struct kr_fault f = {0};
	struct kr_count count;
	struct sums t = {.n = 0};
	char want[100];
	size_t n;
	int r = kr_store_event_count(w.s, &s->scope, &q, by, 0, a, &count, &g, &n, &f);

	snprintf(want, sizeof(want), "there is no field \"%s\"", name);
	if (!shown) {
		if (r != -KR_EINVAL || strcmp(f.message, want) != 0)
			wrong(s, "by %s: %d %s", name, r, f.message);
		return;
	}
	for (size_t i = 0; i < ROWS; i++)
		if (s->row[i])
			group_of(&w.row[i], by, &t);
	for (size_t i = 0; !r && i < n; i++)
		if (!sums_take(&t, g[i].value, g[i].rows, g[i].events) ||
		    (i && g[i].rows > g[i - 1].rows))
			wrong(s, "by %s: '%.*s'", name, KR_STR_ARG(g[i].value));
	if (r || t.n)
		wrong(s, "by %s: %zu missing, %s", name, t.n, f.message);
}

static void check_groups(struct sight *s)
{
	static const enum kr_expr_subject inner[] = {KR_SUBJ_SOURCE, KR_SUBJ_CONSTITUENT,
						     KR_SUBJ_REPORT, KR_SUBJ_ROUTED};
	static const char *const names[] = {"source", "constituent", "report", "routed"};
	static const enum kr_expr_subject open[] = {KR_SUBJ_COUNT, KR_SUBJ_FIRST, KR_SUBJ_LAST};
	/* Whoever sees no events at all may name what his set of fields has: it holds nothing. */
	bool none = s->scope.tlp_max == KR_TLP_NONE;

	for (int f = 1; f < KR_FIELD_MAX; f++) {
		const struct kr_field_info *info = kr_field_info((enum kr_field)f);
		struct kr_expr_leaf by = {.subject = KR_SUBJ_FIELD, .field = (enum kr_field)f};

		if (info)
			check_by(s, &by,
				 none ? kr_scope_field(&s->scope, (enum kr_field)f) : s->field[f],
				 info->name);
	}
	for (size_t i = 0; i < KR_ARRAY_LEN(inner); i++)
		check_by(s, &(struct kr_expr_leaf){.subject = inner[i]},
			 none ? kr_scope_subject(&s->scope, inner[i]) : s->staff, names[i]);
	for (size_t i = 0; i < KR_ARRAY_LEN(open); i++)
		check_by(s, &(struct kr_expr_leaf){.subject = open[i]}, true, "");
	for (size_t i = 0; i < KR_ARRAY_LEN(gen_keys); i++)
		check_by(s,
			 &(struct kr_expr_leaf){.subject = KR_SUBJ_EXTRA,
						.key = kr_str_c(gen_keys[i])},
			 none ? kr_scope_subject(&s->scope, KR_SUBJ_EXTRA) : !s->community,
			 "extra");
}

/* ---- counters ---- */

static const struct {
	enum kr_dim a, b;
} stored[] = {
#define D(number, a, b) {KR_DIM_##a, KR_DIM_##b},
#include "store/counters.def"
#undef D
};

static size_t dim_values(const struct known *k, enum kr_dim d, struct kr_arena *a,
			 struct kr_str ret[2])
{
	static const enum kr_field fields[] = {[KR_DIM_CLASS] = KR_F_CLASS_TAXONOMY,
					       [KR_DIM_TYPE] = KR_F_CLASS_TYPE,
					       [KR_DIM_AS] = KR_F_SRC_ASN,
					       [KR_DIM_COUNTRY] = KR_F_SRC_CC};
	KR_AUTO_BUF b = KR_BUF(1 << 16);
	const union kr_value *v;

	ret[0] = KR_STR("");
	if (d == KR_DIM_NONE)
		return 1;
	if (d == KR_DIM_SOURCE) {
		ret[0] = k->source;
		return 1;
	}
	if (d == KR_DIM_CONSTITUENT) {
		for (size_t i = 0; i < k->n_owners; i++)
			for (size_t c = 0; c < KR_ARRAY_LEN(gen_names); c++)
				if (world_constituent[c] == k->owners[i].constituent)
					ret[i] = kr_str_c(gen_names[c]);
		return k->n_owners ? k->n_owners : 1;
	}
	v = kr_event_get(k->e, fields[d]);
	if (v)
		kr_field_text(fields[d], v, &b);
	/* Number 0 is no AS. */
	ret[0] = d == KR_DIM_AS && kr_str_eqc(kr_buf_str(&b), "0")
			 ? KR_STR("")
			 : kr_arena_dup(a, kr_buf_str(&b));
	return 1;
}

static bool dim_shown(const struct sight *s, enum kr_dim d)
{
	return (d != KR_DIM_SOURCE && d != KR_DIM_CONSTITUENT) ||
	       kr_scope_subject(&s->scope, KR_SUBJ_SOURCE);
}

static void sum_key(char *buf, size_t size, int32_t day, struct kr_str a, struct kr_str b)
{
	snprintf(buf, size, "%d|%.*s|%.*s", day, KR_STR_ARG(a), KR_STR_ARG(b));
}

static void want_counters(struct sight *s, const struct kr_counter_query *q, struct sums *t,
			  struct kr_arena *a)
{
	char key[200];

	for (size_t i = 0; i < ROWS; i++) {
		const struct known *k = &w.row[i];
		struct kr_str va[2], vb[2];
		size_t na = dim_values(k, q->a, a, va), nb = dim_values(k, q->b, a, vb);

		if (!s->row[i] || k->test || k->id.day < q->from || k->id.day > q->to)
			continue;
		for (size_t x = 0; x < na; x++)
			for (size_t y = 0; y < nb; y++) {
				if (q->value_a.n && !kr_str_eq(q->value_a, va[x]))
					continue;
				sum_key(key, sizeof(key), q->by_day ? k->id.day : 0, va[x], vb[y]);
				sums_add(t, kr_str_c(key), k->count);
			}
	}
}

static void check_counters(struct sight *s, const struct kr_counter_query *q)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_counter_row *rows = NULL;
	struct kr_fault f = {0};
	struct sums t = {.n = 0};
	bool kept = false;
	char key[200];
	size_t n = 0;
	int r = kr_store_counters(w.s, &s->scope, q, a, &rows, &n, &f);

	for (size_t i = 0; i < KR_ARRAY_LEN(stored); i++)
		kept |= (stored[i].a == q->a && stored[i].b == q->b) ||
			(stored[i].a == q->b && stored[i].b == q->a);
	if (!kept || !dim_shown(s, q->a) || !dim_shown(s, q->b)) {
		if (r != -KR_EINVAL || !strstr(f.message, "no counter by"))
			wrong(s, "counter by %s, %s: %d", kr_dim_text(q->a), kr_dim_text(q->b), r);
		return;
	}
	want_counters(s, q, &t, a);
	for (size_t i = 0; !r && i < n; i++) {
		sum_key(key, sizeof(key), q->by_day ? rows[i].day : 0, rows[i].value_a,
			rows[i].value_b);
		if (!sums_take(&t, kr_str_c(key), rows[i].rows, rows[i].events))
			wrong(s, "counter by %s, %s: '%s' %llu", kr_dim_text(q->a),
			      kr_dim_text(q->b), key, (unsigned long long)rows[i].rows);
		if (i && rows[i].day == rows[i - 1].day && rows[i].events > rows[i - 1].events)
			wrong(s, "counters are not in their order");
	}
	if (r || t.n)
		wrong(s, "counter by %s, %s: %zu missing, %s", kr_dim_text(q->a), kr_dim_text(q->b),
		      t.n, f.message);
}

static void check_all_counters(struct sight *s)
{
	int32_t first = kr_time_day(GEN_NOW);

	for (int a = 0; a <= KR_DIM_TYPE; a++)
		for (int b = 0; b <= KR_DIM_TYPE; b++) {
			struct kr_counter_query q = {.a = (enum kr_dim)a,
						     .b = (enum kr_dim)b,
						     .from = INT32_MIN,
						     .to = INT32_MAX};
			struct kr_str v[2];
			KR_AUTO(kr_arena) *t = kr_arena_new(0);

			check_counters(s, &q);
			q.by_day = true;
			check_counters(s, &q);
			q.from = q.to = first + (int32_t)prop_below(WORLD_DAYS);
			check_counters(s, &q);
			q.from = INT32_MIN;
			q.to = INT32_MAX;
			dim_values(&w.row[prop_below(ROWS)], q.a, t, v);
			q.value_a = v[0];
			check_counters(s, &q);
		}
}

/* ---- what needs a right ---- */

static void check_rights(struct sight *s)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	const struct kr_scope *c = &s->scope;
	bool reports = !c->constituent && (c->rights & KR_RIGHT_REPORTS) &&
		       c->tlp_max >= KR_TLP_AMBER_STRICT && c->fields == KR_FIELDS_STAFF;
	size_t own = c->constituent		     ? c->rights != 0
		     : c->rights & KR_RIGHT_REGISTER ? KR_ARRAY_LEN(gen_names)
						     : 0,
	       n_c, n_rules, n;
	struct kr_report_query q = {0};
	struct kr_store_totals t;
	struct kr_refused_row *refused;
	struct kr_report *list, one;
	struct kr_source *sources;
	struct kr_constituent *cs, it;
	struct kr_rule *rules;
	uint64_t rows = 0, events = 0;
	struct kr_fault f = {0};

	for (size_t i = 0; i < ROWS; i++) {
		rows += s->row[i];
		events += s->row[i] ? w.row[i].count : 0;
	}
	if (kr_store_totals(w.s, c, &t, &f) || t.rows != rows || t.events != events ||
	    (t.reports != 0) != reports || (t.bytes_spool != 0) != reports ||
	    (t.partitions != 0) != reports)
		wrong(s, "totals: %llu rows of %llu", (unsigned long long)t.rows,
		      (unsigned long long)rows);
	if (kr_store_report_list(w.s, c, &q, a, &list, &n, &f) || n != (reports ? WORLD_DAYS : 0))
		wrong(s, "%zu reports", n);
	if (kr_store_report_get(w.s, c, 1, a, &one, &f) != (reports ? 0 : -KR_ENOENT) ||
	    kr_store_refused_list(w.s, c, 1, 0, a, &refused, &n, &f) != (reports ? 0 : -KR_ENOENT))
		wrong(s, "a report");
	if (kr_store_source_list(w.s, c, a, &sources, &n, &f) || n != (reports ? WORLD_DAYS : 0))
		wrong(s, "%zu sources", n);
	if (kr_store_register_read(w.s, c, true, a, &cs, &n_c, &rules, &n_rules, &f) || n_c != own)
		wrong(s, "%zu constituents", n_c);
	for (size_t i = 0; i < n_c; i++)
		if (c->constituent && (cs[i].id != c->constituent || cs[i].note.n))
			wrong(s, "another constituent, or a note");
	for (size_t i = 0; i < n_rules; i++)
		if (c->constituent && rules[i].constituent != c->constituent)
			wrong(s, "a rule of another constituent");
	if (kr_store_constituent_list(w.s, c, KR_STR(""), 100, a, &cs, &n, &f) || n != own)
		wrong(s, "%zu constituents in a page", n);
	for (size_t i = 0; i < KR_ARRAY_LEN(gen_names); i++) {
		bool mine = own && (!c->constituent || c->constituent == world_constituent[i]);

		if (kr_store_constituent_get(w.s, c, kr_str_c(gen_names[i]), 10, a, &it, &rules, &n,
					     &f) != (mine ? 0 : -KR_ENOENT))
			wrong(s, "constituent %s", gen_names[i]);
	}
}

/* ---- expressions ---- */

/* Parsed as the viewer may, and without asking: then the store refuses with the parser's words. */
static void check_expression(struct sight *s, unsigned *asked, unsigned *refused)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	KR_AUTO_BUF b = KR_BUF(1 << 20);
	struct kr_expr_opts opts = {
		.now = GEN_NOW, .may_name = kr_scope_may_name, .ctx = &s->scope};
	struct kr_fault said = {0}, f = {0};
	struct kr_event_query q = {0};
	struct kr_event_page page;
	struct expect none = {.s = s};
	struct kr_group_row *g;
	struct kr_count count;
	struct kr_expr *x, *open;
	struct kr_str text;
	size_t n;

	gen_expr(&b, (unsigned)prop_below(3));
	if (prop_chance(20)) {
		const struct known *k = &w.row[prop_below(ROWS)];
		char id[KR_EVENT_ID_TEXT_MAX];

		kr_store_event_id_text(w.s, prop_chance(70) ? &s->scope : &KR_SCOPE_ALL, &k->id,
				       id);
		if (prop_chance(40))
			snprintf(id + 3 + prop_below(8), 2, "*");
		kr_buf_printf(&b, " or id:%s", id);
	}
	text = kr_arena_dup(a, kr_buf_str(&b));
	open = gen_parse(a, text);
	if (!open)
		return;
	++*asked;
	if (!kr_expr_parse(text, &opts, a, &x, &said)) {
		check_list(s, x);
		return;
	}
	++*refused;
	q.expr = open;
	if (kr_store_event_list(w.s, &s->scope, &q, next_is, &none, a, &page, &f) != -KR_EINVAL ||
	    strncmp(f.message, "there is no field", 17) != 0)
		wrong(s, "'%.*s' is not refused: %s", KR_STR_ARG(text), f.message);
	if (kr_store_event_count(w.s, &s->scope, &q, NULL, 0, a, &count, &g, &n, &f) != -KR_EINVAL)
		wrong(s, "'%.*s' is counted", KR_STR_ARG(text));
}

static bool same_events(const struct kr_scope *a, const struct kr_scope *b)
{
	return a->tlp_max == b->tlp_max && a->constituent == b->constituent &&
	       a->fields == b->fields;
}

/* Cursors and ids of one are nothing to another. */
static void check_foreign(void)
{
	unsigned bad = 0, pairs = 0;

	for (size_t i = 0; i < n_seen; i++)
		for (size_t j = 0; j < n_seen; j++) {
			const struct kr_scope *x = &seen[i].scope, *y = &seen[j].scope;
			bool kin = seen[i].staff == seen[j].staff &&
				   (seen[i].staff ||
				    (x->constituent == y->constituent && x->fields == y->fields));
			char text[KR_EVENT_ID_TEXT_MAX];
			struct kr_event_id id;

			kr_store_event_id_text(w.s, x, &w.row[0].id, text);
			pairs++;
			bad += (kr_store_event_id_parse(w.s, y, kr_str_c(text), &id) == 0) != kin;
		}
	IS(bad, 0, "an id is good only for viewers of the kind that got it");
	OK(pairs > 1000, "%u pairs of scopes", pairs);
}

static void check_scopes(unsigned runs)
{
	unsigned bad = 0, asked = 0, refused = 0, full = 0, some = 0, none = 0;

	for (size_t i = 0; i < n_seen; i++) {
		struct sight *s = &seen[i];
		size_t twin = 0, rows = 0;

		while (!same_events(&seen[twin].scope, &s->scope))
			twin++;
		check_rights(s);
		if (twin == i) {
			check_list(s, NULL);
			check_get(s);
			check_groups(s);
			check_all_counters(s);
			for (unsigned k = 0; k < runs; k++)
				check_expression(s, &asked, &refused);
		}
		for (size_t r = 0; r < ROWS; r++)
			rows += s->row[r];
		full += rows >= ROWS * 4 / 5;
		none += !rows;
		some += rows && rows < ROWS * 4 / 5;
		bad += s->bad;
	}
	IS(bad, 0, "every answer is what follows from the rows and fields one by one");
	OK(full && some && none, "%u scopes show nearly all, %u some, %u nothing", full, some,
	   none);
	OK(asked && refused, "%u expressions, %u of them name what is hidden", asked, refused);
}

int main(void)
{
	unsigned runs = prop_begin(600) / 10 + 1, bad = 0, n;
	char dir[] = "/tmp/karaula-test-XXXXXX";
	struct kr_fault f = {0};

	w.a = kr_arena_new(0);
	if (!mkdtemp(dir))
		return 1;
	fill(dir);
	n = all_viewers(&bad);
	IS(bad, 0, "viewers of one scope may see the same rows and fields");
	OK(n > 10000 && n_seen < SCOPES, "%u viewers, %zu scopes", n, n_seen);
	check_scopes(runs);
	check_foreign();
	IS(kr_store_verify(w.s, &f), 0, "counters equal a recount");
	kr_store_close(w.s);
	kr_arena_free(w.a);
	world_remove(dir);
	return tap_end();
}
