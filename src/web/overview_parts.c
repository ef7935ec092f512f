/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of the overview; each is at most LIST rows, with a link to all of it. */
#include "web/overview.h"
#include "web/sources.h"

#include "model/country.h"
#include "web/reports.h"
#include "web/rules.h"

#define LIST	  10
#define ATTENTION 5 /* reports of each state */
#define SOURCES	  50
#define RULES_OF_EVENTS                                                                            \
	200 /* newest events of a constituent that are looked at for their rules                   \
	     */
#define RULES_SHOWN 3

int kr_web__overview_attention(struct kr_page *p, const struct kr_overview *o)
{
	static const enum kr_report_state states[] = {KR_REPORT_QUARANTINED, KR_REPORT_REFUSED};
	struct kr_report found[KR_ARRAY_LEN(states) * ATTENTION];
	size_t n = 0;

	(void)o;
	for (size_t i = 0; i < KR_ARRAY_LEN(states); i++) {
		struct kr_report_query q = {.state = states[i], .limit = ATTENTION};
		struct kr_report *list;
		size_t n_list;
		int err = kr_store_report_list(p->w->store, &p->scope, &q, p->a, &list, &n_list,
					       p->fault);

		if (err < 0)
			return err;
		for (size_t k = 0; k < n_list && k < ATTENTION; k++)
			found[n++] = list[k];
	}
	if (!n)
		return 0;
	kr_web__section(p, "attention", T(p, "Reports that need a look"));
	kr_web__report_reasons(p, T(p, "Kept, but not taken in, newest first"), found, n);
	kr_web__more(p, KR_URL0(p, "/quarantine", KR_STR("")), T(p, "All in quarantine"));
	kr_web__section_end(p);
	return 0;
}

static uint64_t rows_of(const struct kr_counter_row *rows, size_t n, struct kr_str value)
{
	for (size_t i = 0; i < n; i++)
		if (kr_str_eq(rows[i].value_a, value))
			return rows[i].rows;
	return 0;
}

static int source_row(struct kr_web_table *t, const struct kr_source *s, uint64_t rows)
{
	struct kr_page *p = t->p;
	struct kr_report_query q = {.source = s->name, .limit = 1};
	struct kr_report *last;
	size_t n;
	struct kr_source_state st;
	int err = kr_store_report_list(p->w->store, &p->scope, &q, p->a, &last, &n, p->fault);

	if (!err)
		err = kr_store_source_state(p->w->store, s->id, p->a, &st, p->fault);
	if (err < 0)
		return err;
	kr_web__row(t);
	kr_web__cell(t);
	kr_web__link(p, KR_URL0(p, "/sources", s->name), s->name);
	kr_web__cell_end(t);
	kr_web__cell(t);
	if (n)
		kr_web__link(p, KR_URL0(p, "/reports", kr_web__str_u64(p, last->id)), last->name);
	else
		kr_html_c(&p->h, T(p, "never"));
	kr_web__cell_end(t);
	kr_web__cell(t);
	kr_web__ago(p, n ? last->spooled : KR_TIME_NONE);
	kr_web__source_state(p, s, &st);
	kr_web__cell_end(t);
	kr_web__cell_count(t, n ? last->total.read : 0);
	kr_web__cell_count(t, n ? last->total.refused : 0);
	kr_web__cell_count(t, rows);
	kr_web__row_end(t);
	return 0;
}

int kr_web__overview_sources(struct kr_page *p, const struct kr_overview *o)
{
	const struct kr_web_col cols[] = {
		{T(p, "Source"), "name"},	{T(p, "Last report"), "wide"},
		{T(p, "Came in"), "time"},	{T(p, "Records in it"), "num"},
		{T(p, "Refused of it"), "num"}, {T(p, "Events in the span"), "num"},
	};
	struct kr_counter_row *rows;
	struct kr_source *list;
	struct kr_web_table t;
	size_t n_rows, n;
	int err = kr_web__span(p, o, KR_DIM_SOURCE, 0, &rows, &n_rows);

	if (!err)
		err = kr_store_source_list(p->w->store, &p->scope, p->a, &list, &n, p->fault);
	if (err < 0 || !n)
		return err < 0 ? err : 0;
	kr_web__section(p, "by-source", T(p, "What came in from where"));
	kr_web__table(p, &t, T(p, "Sources and their last reports"), cols, KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n && i < SOURCES && err >= 0; i++)
		err = source_row(&t, &list[i], rows_of(rows, n_rows, list[i].name));
	if (err < 0)
		return err;
	kr_web__table_end(&t);
	if (n > SOURCES)
		kr_web__more(p, KR_URL0(p, "/sources", KR_STR("")), T(p, "All sources"));
	kr_web__section_end(p);
	return 0;
}

int kr_web__overview_classes(struct kr_page *p, const struct kr_overview *o)
{
	const struct kr_web_col cols[] = {
		{T(p, "Class"), "name"}, {T(p, "Events"), "num"}, {T(p, "Times seen"), "num bars"}};
	struct kr_counter_row *rows;
	struct kr_web_table t;
	size_t n;
	int err = kr_web__span(p, o, KR_DIM_CLASS, 0, &rows, &n);

	if (err || !n)
		return err;
	kr_web__section(p, "by-class", T(p, "By class"));
	kr_web__table(p, &t, T(p, "Events by class; a class chooses what the chart shows"), cols,
		      KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n; i++) {
		kr_web__row(&t);
		kr_web__cell(&t);
		if (rows[i].value_a.n)
			kr_web__link(p,
				     KR_URL(p, "/", KR_STR(""),
					    {KR_STR("days"), kr_web__str_u64(p, o->days)},
					    {KR_STR("class"), rows[i].value_a}),
				     rows[i].value_a);
		else
			kr_html_c(&p->h, T(p, "none"));
		kr_web__cell_end(&t);
		kr_web__cell_count(&t, rows[i].rows);
		kr_web__cell_bar(&t, rows[i].events, rows[0].events);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
	kr_web__section_end(p);
	return 0;
}

static int constituent_row(struct kr_web_table *t, const struct kr_counter_row *row, uint64_t most)
{
	struct kr_page *p = t->p;
	struct kr_web_rule_hit *hits;
	size_t n;
	uint64_t of;
	int err = kr_web__rule_hits(p, row->value_a, RULES_OF_EVENTS, &hits, &n, &of);

	if (err < 0)
		return err;
	kr_web__row(t);
	kr_web__cell(t);
	kr_web__link(p, KR_URL0(p, "/constituents", row->value_a), row->value_a);
	kr_web__cell_end(t);
	kr_web__cell(t);
	for (size_t i = 0; i < n && i < RULES_SHOWN; i++) {
		if (i)
			kr_html_c(&p->h, ", ");
		kr_web__rule(p, &hits[i].rule);
	}
	if (n > RULES_SHOWN)
		kr_html_c(&p->h, " \xe2\x80\xa6");
	kr_web__cell_end(t);
	kr_web__cell_count(t, row->rows);
	kr_web__cell_bar(t, row->events, most);
	kr_web__row_end(t);
	return 0;
}

int kr_web__overview_constituents(struct kr_page *p, const struct kr_overview *o)
{
	const struct kr_web_col cols[] = {{T(p, "Constituent"), "name"},
					  {T(p, "Rules that decided lately"), "wide"},
					  {T(p, "Events"), "num"},
					  {T(p, "Times seen"), "num bars"}};
	struct kr_web_table t;
	uint64_t most = 0;
	size_t shown = 0;

	for (size_t i = 0; i < o->n_constituents; i++)
		if (o->constituents[i].value_a.n)
			most = KR_MAX(most, o->constituents[i].events);
	if (!most)
		return 0;
	kr_web__section(p, "by-constituent", T(p, "Constituents hit"));
	kr_web__table(p, &t, T(p, "Constituents with most events, and by which rule"), cols,
		      KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < o->n_constituents && shown < LIST; i++) {
		int err;

		if (!o->constituents[i].value_a.n)
			continue;
		err = constituent_row(&t, &o->constituents[i], most);
		if (err < 0)
			return err;
		shown++;
	}
	kr_web__table_end(&t);
	kr_web__more(p, KR_URL0(p, "/constituents", KR_STR("")), T(p, "All constituents"));
	kr_web__section_end(p);
	return 0;
}

/* The name as its table has it; an asterisk in it asks for its footnote. */
static void country_cell(struct kr_web_table *t, struct kr_str code, bool *footnote)
{
	struct kr_page *p = t->p;
	struct kr_str name = kr_country_name(code);

	kr_web__cell(t);
	if (code.n) {
		kr_web__link_events(p, kr_web__expr(p, KR_SUBJ_FIELD, KR_F_SRC_CC, code), code);
		kr_html_c(&p->h, " ");
		kr_html_text(&p->h, name);
		*footnote |= kr_str_ends(name, KR_STR("*"));
	} else {
		kr_html_c(&p->h, T(p, "not known"));
	}
	kr_web__cell_end(t);
}

int kr_web__overview_countries(struct kr_page *p, const struct kr_overview *o)
{
	const struct kr_web_col cols[] = {{T(p, "Country"), "name"},
					  {T(p, "Events"), "num"},
					  {T(p, "Times seen"), "num bars"}};
	struct kr_counter_row *rows;
	struct kr_web_table t;
	bool footnote = false;
	size_t n;
	int err = kr_web__span(p, o, KR_DIM_COUNTRY, LIST, &rows, &n);

	if (err || !n)
		return err;
	kr_web__section(p, "by-country", T(p, "Countries"));
	kr_web__table(p, &t, T(p, "Countries of the addresses seen"), cols, KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n; i++) {
		kr_web__row(&t);
		country_cell(&t, rows[i].value_a, &footnote);
		kr_web__cell_count(&t, rows[i].rows);
		kr_web__cell_bar(&t, rows[i].events, rows[0].events);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
	if (footnote) {
		kr_html_open(&p->h, "p");
		kr_html_attr_c(&p->h, "class", "muted");
		kr_html_c(&p->h,
			  T(p, "* This designation is without prejudice to positions on status, "
			       "and is in line with UNSCR 1244/1999 and the ICJ Opinion on the "
			       "Kosovo declaration of independence."));
		kr_html_close(&p->h, "p");
	}
	kr_web__section_end(p);
	return 0;
}

static bool take_as_name(void *ctx, const struct kr_stored_event *ev)
{
	struct kr_html *h = ctx;
	const union kr_value *v = kr_event_get(ev->e, KR_F_SRC_AS_NAME);

	if (v) {
		kr_html_open(h, "span");
		kr_html_attr_c(h, "class", "note");
		kr_html_c(h, " ");
		kr_html_cut(h, v->text, 60);
		kr_html_close(h, "span");
	}
	return false;
}

/* The name of an AS is that in its newest event. */
static int as_cell(struct kr_web_table *t, struct kr_str asn)
{
	struct kr_page *p = t->p;
	struct kr_str expr = asn.n ? kr_web__expr(p, KR_SUBJ_FIELD, KR_F_SRC_ASN, asn) : asn;
	struct kr_expr_opts opts = {.now = p->now};
	struct kr_event_query q = {
		.limit = 1, .scan_max = 1000, .progress = kr_web__patient, .ctx = &p->until_us};
	KR_AUTO(kr_arena) *scan = kr_arena_new(KR_WEB_SCAN_ARENA);
	struct kr_event_page page;
	struct kr_expr *x;
	int err = 0;

	kr_web__cell(t);
	if (expr.n) {
		kr_web__link_events(p, expr, kr_arena_printf(p->a, "AS%.*s", KR_STR_ARG(asn)));
		err = kr_expr_parse(expr, &opts, p->a, &x, p->fault);
		q.expr = x;
		if (!err)
			err = kr_store_event_list(p->w->store, &p->scope, &q, take_as_name, &p->h,
						  scan, &page, p->fault);
	} else {
		kr_html_c(&p->h, T(p, "not known"));
	}
	kr_web__cell_end(t);
	return kr_web__too_long(KR_MIN(err, 0), p->fault);
}

int kr_web__overview_networks(struct kr_page *p, const struct kr_overview *o)
{
	const struct kr_web_col cols[] = {{T(p, "Autonomous system"), "wide"},
					  {T(p, "Events"), "num"},
					  {T(p, "Times seen"), "num bars"}};
	struct kr_counter_row *rows;
	struct kr_web_table t;
	size_t n;
	int err = kr_web__span(p, o, KR_DIM_AS, LIST, &rows, &n);

	if (err || !n)
		return err;
	kr_web__section(p, "by-as", T(p, "Networks"));
	kr_web__table(p, &t, T(p, "Autonomous systems of the addresses seen"), cols,
		      KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n; i++) {
		kr_web__row(&t);
		err = as_cell(&t, rows[i].value_a);
		if (err)
			return err;
		kr_web__cell_count(&t, rows[i].rows);
		kr_web__cell_bar(&t, rows[i].events, rows[0].events);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
	kr_web__section_end(p);
	return 0;
}
