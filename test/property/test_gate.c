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
#include "gate_counts.h"
#include "gate_sight.h"

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
