/* SPDX-License-Identifier: Apache-2.0 */
/* /constituents and /constituents/NAME: who owns addresses, by which rules, and what hit them. */
#include "web/chart.h"
#include "web/pages.h"
#include "web/rules.h"
#include "web/told.h"

#define DAYS	    30
#define RULES_MAX   500
#define RULE_EVENTS 2000 /* newest events looked at for the rules that decided */

static int counts(struct kr_page *p, enum kr_dim a, struct kr_str value, enum kr_dim b,
		  struct kr_counter_row **ret, size_t *ret_n)
{
	struct kr_counter_query q = {.a = a, .b = b, .value_a = value, .to = kr_time_day(p->now)};
	int err;

	q.from = q.to - DAYS + 1;
	err = kr_store_counters(p->w->store, &p->scope, &q, p->a, ret, ret_n, p->fault);
	return KR_MIN(err, 0);
}

static uint64_t hits_of(const struct kr_counter_row *rows, size_t n, struct kr_str name)
{
	for (size_t i = 0; i < n; i++)
		if (kr_str_eq(rows[i].value_a, name))
			return rows[i].rows;
	return 0;
}

static void list_rows(struct kr_page *p, const struct kr_constituent *c, size_t n,
		      const struct kr_counter_row *hits, size_t n_hits)
{
	const struct kr_web_col cols[] = {
		{T(p, "Constituent"), "name"}, {T(p, "Name"), "wide"},
		{T(p, "Sector"), NULL},	       {T(p, "Country"), NULL},
		{T(p, "Contact"), "wide"},     {T(p, "Events in 30 days"), "num"},
	};
	struct kr_web_table t;

	kr_web__table(p, &t, T(p, "Constituents"), cols, KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n; i++) {
		kr_web__row(&t);
		kr_web__cell(&t);
		kr_web__link(p, KR_URL0(p, "/constituents", c[i].name), c[i].name);
		kr_web__cell_end(&t);
		kr_web__cell_str(&t, c[i].title);
		kr_web__cell_str(&t, c[i].sector);
		kr_web__cell_str(&t, c[i].country);
		kr_web__cell_str(&t, c[i].contact);
		kr_web__cell_count(&t, hits_of(hits, n_hits, c[i].name));
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
}

int kr_web__constituents(struct kr_http_request *r, struct kr_http_reply *reply,
			 struct kr_fault *reterr)
{
	struct kr_constituent *c;
	struct kr_counter_row *hits;
	size_t n, n_hits;
	struct kr_page p;
	struct kr_str after, next;
	int err;

	err = kr_web__page_for(&p, r, KR_RIGHT_REGISTER, reterr);
	if (err)
		return err;
	after = kr_http_query(r, "after");
	err = kr_store_constituent_list(p.w->store, &p.scope, after, KR_WEB_LIST_MAX, p.a, &c, &n,
					reterr);
	if (err >= 0)
		err = counts(&p, KR_DIM_CONSTITUENT, KR_STR(""), KR_DIM_NONE, &hits, &n_hits);
	if (err < 0)
		return err;
	kr_web__page_begin(&p, KR_NAV_CONSTITUENTS, kr_str_c(T(&p, "Constituents")));
	if (n)
		list_rows(&p, c, n, hits, n_hits);
	else
		kr_web__empty(
			&p,
			T(&p,
			  "No constituent is registered, so every event is unrouted. Import them:"),
			"karaula constituent import FILE.csv");
	if (n == KR_WEB_LIST_MAX) {
		next = c[n - 1].name;
		kr_web__more(&p, KR_URL(&p, "/constituents", KR_STR(""), {KR_STR("after"), next}),
			     T(&p, "More constituents"));
	}
	kr_web__more(&p, KR_URL0(&p, "/unrouted", KR_STR("")), T(&p, "Events that nobody owns"));
	return kr_web__page_finish(&p, 0, reply);
}

static void facts(struct kr_page *p, const struct kr_constituent *c)
{
	kr_web__facts(p);
	if (c->retired) {
		kr_web__fact(p, T(p, "State"));
		kr_web__tag(p, "plain", T(p, "retired"));
		kr_web__fact_end(p);
	}
	kr_web__fact_str(p, T(p, "Name"), c->title);
	kr_web__fact_str(p, T(p, "Sector"), c->sector);
	kr_web__fact_str(p, T(p, "Country"), c->country);
	kr_web__fact_str(p, T(p, "Contact"), c->contact);
	kr_web__fact_str(p, T(p, "Language"), c->language);
	kr_web__fact_str(p, T(p, "Note"), c->note);
	kr_web__facts_end(p);
}

static int by_day(struct kr_page *p, const struct kr_constituent *c)
{
	int32_t today = kr_time_day(p->now);
	struct kr_counter_query q = {
		.a = KR_DIM_CONSTITUENT, .value_a = c->name, .from = today - DAYS + 1, .to = today};
	struct kr_web_day *days;
	size_t n;
	int err = kr_web__days(p, &q, &days, &n);

	if (err)
		return err;
	kr_web__section(p, "by-day", T(p, "By day"));
	kr_web__chart(p, T(p, "Events of this constituent by day of arrival (UTC)"), days, n);
	kr_web__more(
		p,
		KR_URL(p, "/events", KR_STR(""),
		       {KR_STR("q"), kr_web__expr(p, KR_SUBJ_CONSTITUENT, KR_F_NONE, c->name)}),
		T(p, "Events of this constituent"));
	kr_web__section_end(p);
	return 0;
}

static int by_source(struct kr_page *p, const struct kr_constituent *c)
{
	const struct kr_web_col cols[] = {{T(p, "Source"), "name"},
					  {T(p, "Events"), "num"},
					  {T(p, "Times seen"), "num bars"}};
	struct kr_counter_row *rows;
	struct kr_web_table t;
	size_t n;
	int err = counts(p, KR_DIM_CONSTITUENT, c->name, KR_DIM_SOURCE, &rows, &n);

	if (err || !n)
		return err;
	kr_web__section(p, "by-source", T(p, "By source"));
	kr_web__table(p, &t, T(p, "Which sources saw this constituent in 30 days"), cols,
		      KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n && i < KR_WEB_LIST_DEFAULT; i++) {
		kr_web__row(&t);
		kr_web__cell(&t);
		kr_web__link(p, KR_URL0(p, "/sources", rows[i].value_b), rows[i].value_b);
		kr_web__cell_end(&t);
		kr_web__cell_count(&t, rows[i].rows);
		kr_web__cell_bar(&t, rows[i].events, rows[0].events);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
	kr_web__section_end(p);
	return 0;
}

static int by_rule(struct kr_page *p, const struct kr_constituent *c)
{
	const struct kr_web_col cols[] = {{T(p, "Rule"), "wide"}, {T(p, "Events"), "num bars"}};
	struct kr_web_rule_hit *hits;
	struct kr_web_table t;
	uint64_t of;
	size_t n;
	int err = kr_web__rule_hits(p, c->name, RULE_EVENTS, &hits, &n, &of);

	if (err < 0 || !n)
		return KR_MIN(err, 0);
	kr_web__section(p, "by-rule", T(p, "By which rule"));
	kr_web__table(p, &t,
		      kr_web__format(p, T(p, "Rules that decided; newest events looked at: %s"),
				     kr_web__count_str(p, of)),
		      cols, KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n; i++) {
		kr_web__row(&t);
		kr_web__cell(&t);
		kr_web__rule(p, &hits[i].rule);
		kr_web__cell_end(&t);
		kr_web__cell_bar(&t, hits[i].rows, hits[0].rows);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
	kr_web__section_end(p);
	return 0;
}

static void rules(struct kr_page *p, const struct kr_rule *list, size_t n)
{
	kr_web__section(p, "rules", T(p, "Registered rules"));
	if (!n)
		kr_web__empty(
			p,
			T(p,
			  "No rule leads to it: give it a prefix, a domain, an AS or a country."),
			"karaula constituent import FILE.csv");
	kr_html_open(&p->h, "ul");
	kr_html_attr_c(&p->h, "class", "rules");
	for (size_t i = 0; i < n; i++) {
		kr_html_open(&p->h, "li");
		kr_web__rule(p, &list[i]);
		kr_html_close(&p->h, "li");
	}
	kr_html_close(&p->h, "ul");
	if (n == RULES_MAX)
		kr_html_el_c(&p->h, "p", T(p, "There are more than are shown here."));
	kr_web__section_end(p);
}

int kr_web__constituent(struct kr_http_request *r, struct kr_http_reply *reply,
			struct kr_fault *reterr)
{
	struct kr_constituent c;
	struct kr_rule *list;
	struct kr_page p;
	size_t n;
	int err;

	err = kr_web__page_for(&p, r, KR_RIGHT_REGISTER, reterr);
	if (err)
		return err;
	err = kr_store_constituent_get(p.w->store, &p.scope, kr_http_param(r, "name"), RULES_MAX,
				       p.a, &c, &list, &n, reterr);
	if (err < 0)
		return err;
	kr_web__page_begin(
		&p, KR_NAV_CONSTITUENTS,
		kr_arena_printf(p.a, "%s %.*s", T(&p, "Constituent"), KR_STR_ARG(c.name)));
	facts(&p, &c);
	kr_web__more(&p,
		     KR_URL0(&p, kr_web__below(&p, "/constituents", c.name, "/view"), KR_STR("")),
		     kr_web__format(&p, T(&p, "What would %s see"), c.name));
	err = by_day(&p, &c);
	if (!err)
		err = by_rule(&p, &c);
	if (!err)
		err = by_source(&p, &c);
	rules(&p, list, n);
	if (!err)
		err = kr_web__constituent_told(&p, &c);
	return kr_web__page_finish(&p, err, reply);
}
