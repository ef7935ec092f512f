/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /unrouted: events that nobody owns, and constituents whose events nobody hears of.
 *
 * How this works: totals, classes and sources come from counters. There is none by AS, country and
 * type of what nobody owns, so these are of the newest LOOKED_AT such events, and say so.
 */
#include "web/page.h"

#include <stdlib.h>

#include "desk/outbox.h"
#include "web/events.h"
#include "web/pages.h"

#define DAYS	  30
#define LOOKED_AT 2000 /* newest events */
#define LIST	  10   /* values of each kind */
#define EVENTS	  20   /* newest events that are shown */
#define NOBODY	  100  /* constituents that are listed */

enum { BY_AS, BY_COUNTRY, BY_TYPE, KINDS };

static const enum kr_field kind_fields[KINDS] = {KR_F_SRC_ASN, KR_F_SRC_CC, KR_F_CLASS_TYPE};

struct tally {
	struct kr_page *p;
	struct kr_str *values[KINDS];
	size_t n;
};

struct group {
	struct kr_str value;
	uint64_t rows;
};

static bool note_values(void *ctx, const struct kr_stored_event *ev)
{
	struct tally *t = ctx;

	for (int k = 0; k < KINDS; k++)
		t->values[k][t->n] = kr_web__field_text(t->p, ev->e, kind_fields[k]);
	return ++t->n < LOOKED_AT;
}

static int by_text(const void *a, const void *b)
{
	return kr_str_cmp(*(const struct kr_str *)a, *(const struct kr_str *)b);
}

static int by_rows(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	return x->rows != y->rows ? (x->rows < y->rows ? 1 : -1) : kr_str_cmp(x->value, y->value);
}

/* Equal values beside each other become one group; most rows first. */
static size_t groups_of(struct kr_str *values, size_t n, struct group *ret)
{
	size_t k = 0;

	qsort(values, n, sizeof(*values), by_text);
	for (size_t i = 0; i < n; i++) {
		if (!k || !kr_str_eq(ret[k - 1].value, values[i]))
			ret[k++] = (struct group){.value = values[i]};
		ret[k - 1].rows++;
	}
	qsort(ret, k, sizeof(*ret), by_rows);
	return k;
}

static int parse(struct kr_page *p, struct kr_str text, struct kr_expr **ret)
{
	struct kr_expr_opts opts = {.now = p->now, .may_name = kr_scope_may_name, .ctx = &p->scope};

	return kr_expr_parse(text, &opts, p->a, ret, p->fault);
}

static void group_table(struct kr_page *p, const char *caption, const char *title,
			enum kr_field field, const struct group *g, size_t n)
{
	const struct kr_web_col cols[] = {{title, "name"}, {T(p, "Events"), "num bars"}};
	struct kr_web_table t;

	kr_web__table(p, &t, caption, cols, KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n && i < LIST; i++) {
		struct kr_str x = kr_web__expr(p, KR_SUBJ_FIELD, field, g[i].value);

		kr_web__row(&t);
		kr_web__cell(&t);
		if (g[i].value.n && x.n)
			kr_web__link_events(
				p, kr_arena_printf(p->a, "routed:no %.*s", KR_STR_ARG(x)),
				field == KR_F_SRC_ASN
					? kr_arena_printf(p->a, "AS%.*s", KR_STR_ARG(g[i].value))
					: g[i].value);
		else
			kr_html_c(&p->h, T(p, "not known"));
		kr_web__cell_end(&t);
		kr_web__cell_bar(&t, g[i].rows, g[0].rows);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
}

static int newest(struct kr_page *p, const struct kr_expr *x)
{
	struct kr_event_query q = {.expr = x, .limit = LOOKED_AT, .scan_max = p->w->o.scan_max};
	KR_AUTO(kr_arena) *scan = kr_arena_new(KR_WEB_SCAN_ARENA);
	struct group *g = kr_arena_calloc(p->a, LOOKED_AT, sizeof(*g));
	const char *const titles[KINDS] = {T(p, "Autonomous system"), T(p, "Country"),
					   T(p, "Type")};
	const char *const heads[KINDS] = {T(p, "By autonomous system"), T(p, "By country"),
					  T(p, "By type")};
	static const char *const ids[KINDS] = {"by-as", "by-country", "by-type"};
	struct tally t = {.p = p};
	struct kr_event_page page;
	int err;

	for (int k = 0; k < KINDS; k++)
		t.values[k] = kr_arena_calloc(p->a, LOOKED_AT, sizeof(*t.values[k]));
	if (!g || !t.values[KINDS - 1])
		return kr_fault_set(p->fault, -KR_ELIMIT, "the page needs too much memory");
	err = kr_store_event_list(p->w->store, &p->scope, &q, note_values, &t, scan, &page,
				  p->fault);
	if (err < 0)
		return err;
	for (int k = 0; k < KINDS; k++) {
		size_t n = groups_of(t.values[k], t.n, g);

		kr_web__section(p, ids[k], heads[k]);
		group_table(p,
			    kr_web__format(p, T(p, "Of the newest %s events that nobody owns"),
					   kr_web__count_str(p, t.n)),
			    titles[k], kind_fields[k], g, n);
		kr_web__section_end(p);
	}
	return 0;
}

/* Counters where the constituent is nobody: a is the constituent, b another dimension, or the
 * other way round. */
static int counted(struct kr_page *p, enum kr_dim a, enum kr_dim b, const char *id,
		   const char *head, const char *title)
{
	const struct kr_web_col cols[] = {{title, "name"}, {T(p, "Events"), "num bars"}};
	struct kr_counter_query q = {.a = a, .b = b, .to = kr_time_day(p->now)};
	bool first = a == KR_DIM_CONSTITUENT;
	struct kr_counter_row *rows;
	struct kr_web_table t;
	uint64_t most = 0;
	size_t n, shown = 0;
	int err;

	q.from = q.to - DAYS + 1;
	err = kr_store_counters(p->w->store, &p->scope, &q, p->a, &rows, &n, p->fault);
	if (err < 0)
		return err;
	kr_web__section(p, id, head);
	kr_web__table(p, &t, T(p, "Of the last 30 days"), cols, KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n && shown < LIST; i++) {
		struct kr_str value = first ? rows[i].value_b : rows[i].value_a;
		struct kr_str x;

		if ((first ? rows[i].value_a : rows[i].value_b).n)
			continue;
		shown++;
		most = KR_MAX(most, rows[i].rows);
		x = first ? kr_web__expr(p, KR_SUBJ_SOURCE, KR_F_NONE, value)
			  : kr_web__expr(p, KR_SUBJ_FIELD, KR_F_CLASS_TAXONOMY, value);
		kr_web__row(&t);
		kr_web__cell(&t);
		if (value.n && x.n)
			kr_web__link_events(
				p, kr_arena_printf(p->a, "routed:no %.*s", KR_STR_ARG(x)), value);
		else
			kr_html_c(&p->h, T(p, "none"));
		kr_web__cell_end(&t);
		kr_web__cell_bar(&t, rows[i].rows, most);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
	kr_web__section_end(p);
	return 0;
}

static int events(struct kr_page *p, const struct kr_expr *x)
{
	struct kr_web_event_table t = {.p = p};
	struct kr_event_query q = {.expr = x, .limit = EVENTS, .scan_max = p->w->o.scan_max};
	KR_AUTO(kr_arena) *scan = kr_arena_new(KR_WEB_SCAN_ARENA);
	struct kr_event_page page;
	int err;

	kr_web__section(p, "newest", T(p, "Newest events that nobody owns"));
	err = kr_store_event_list(p->w->store, &p->scope, &q, kr_web__event_row, &t, scan, &page,
				  p->fault);
	kr_web__event_table_end(&t);
	kr_web__more(p, KR_URL(p, "/events", KR_STR(""), {KR_STR("q"), KR_STR("routed:no")}),
		     T(p, "All events that nobody owns"));
	kr_web__section_end(p);
	return KR_MIN(err, 0);
}

static void what_to_do(struct kr_page *p, uint64_t unrouted)
{
	kr_html_open(&p->h, "p");
	kr_web__textf(p,
		      T(p, "%s events of the last 30 days belong to no constituent: no registered "
			   "prefix, domain, AS or country covers them. Register who owns them; "
			   "events that come later are theirs, and the last command gives them "
			   "those that are stored:"),
		      kr_web__count_str(p, unrouted));
	kr_html_close(&p->h, "p");
	kr_html_open(&p->h, "pre");
	kr_html_el_c(&p->h, "code",
		     "karaula constituent import FILE.csv\nkaraula take --again REPORT");
	kr_html_close(&p->h, "pre");
}

static void nobody(struct kr_page *p, const struct kr_desk_untold *list, size_t n)
{
	const struct kr_web_col cols[] = {{T(p, "Constituent"), "name"},
					  {T(p, "Events in 30 days"), "num bars"}};
	struct kr_web_table t;

	kr_web__section(p, "nobody", T(p, "Owned, but nobody is told"));
	if (!n) {
		kr_web__empty(p, T(p, "Every constituent that was hit has a recipient."), NULL);
	} else {
		kr_web__table(p, &t, T(p, "Constituents with events and without a recipient"), cols,
			      KR_ARRAY_LEN(cols));
		for (size_t i = 0; i < n && i < NOBODY; i++) {
			kr_web__row(&t);
			kr_web__cell(&t);
			kr_web__link(p, KR_URL0(p, "/constituents", list[i].constituent),
				     list[i].constituent);
			kr_web__cell_end(&t);
			kr_web__cell_bar(&t, list[i].rows, list[0].rows);
			kr_web__row_end(&t);
		}
		kr_web__table_end(&t);
		if (n > NOBODY)
			kr_html_el_c(&p->h, "p", T(p, "There are more than are shown here."));
		kr_web__empty(p, T(p, "Say whom to tell, and how:"),
			      "karaula recipient add NAME ADDRESS");
	}
	kr_web__section_end(p);
}

static int unrouted_parts(struct kr_page *p)
{
	struct kr_expr *x;
	int err = parse(p, KR_STR("routed:no"), &x);

	if (err)
		return err;
	kr_html_open(&p->h, "div");
	kr_html_attr_c(&p->h, "class", "columns");
	err = newest(p, x);
	if (!err && kr_web__can(p, KR_RIGHT_REPORTS))
		err = counted(p, KR_DIM_CONSTITUENT, KR_DIM_SOURCE, "by-source", T(p, "By source"),
			      T(p, "Source"));
	if (!err)
		err = counted(p, KR_DIM_CLASS, KR_DIM_CONSTITUENT, "by-class", T(p, "By class"),
			      T(p, "Class"));
	kr_html_close(&p->h, "div");
	return err ? err : events(p, x);
}

int kr_web__unrouted(struct kr_http_request *r, struct kr_http_reply *reply,
		     struct kr_fault *reterr)
{
	struct kr_desk_untold *list;
	struct kr_page p;
	uint64_t unrouted;
	int32_t today;
	size_t n;
	int err = kr_web__page_for(&p, r, KR_RIGHT_REGISTER, reterr);

	if (err)
		return err;
	today = kr_time_day(p.now);
	err = kr_desk_outbox_nobody(p.w->store, &p.scope, today - DAYS + 1, today, p.a, &list, &n,
				    &unrouted, reterr);
	if (err)
		return err;
	kr_web__page_begin(&p, KR_NAV_UNROUTED, kr_str_c(T(&p, "Unrouted")));
	if (unrouted)
		what_to_do(&p, unrouted);
	else
		kr_web__empty(&p,
			      T(&p, "Every event of the last 30 days has an owner. Who they are:"),
			      "karaula constituent list");
	if (unrouted)
		err = unrouted_parts(&p);
	nobody(&p, list, n);
	return kr_web__page_finish(&p, err, reply);
}
