/* SPDX-License-Identifier: Apache-2.0 */
/* The first page: what came in, whose it is, what needs a look. All of it from counters and short
 * lists. */
#include "web/overview.h"

#include "model/taxonomy.h"
#include "web/chart.h"
#include "web/pages.h"

static const unsigned spans[] = {14, 30, 365};

int kr_web__span(struct kr_page *p, const struct kr_overview *o, enum kr_dim dim, uint32_t limit,
		 struct kr_counter_row **ret, size_t *ret_n)
{
	struct kr_counter_query q = {.a = dim, .from = o->from, .to = o->to, .limit = limit};
	int err = kr_store_counters(p->w->store, &p->scope, &q, p->a, ret, ret_n, p->fault);

	return err < 0 ? err : 0;
}

static int read_span(struct kr_page *p, struct kr_overview *o)
{
	uint64_t days = kr_web__number(p, "days", 1, 365, 30);
	struct kr_counter_row *all;
	size_t n;
	int err;

	o->days = 30;
	for (size_t i = 0; i < KR_ARRAY_LEN(spans); i++)
		if (spans[i] == days)
			o->days = spans[i];
	o->to = kr_time_day(p->now);
	o->from = o->to - (int32_t)o->days + 1;
	o->class_ = kr_class_find(kr_http_query(p->r, "class"));
	err = kr_web__span(p, o, KR_DIM_NONE, 0, &all, &n);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++) {
		o->rows += all[i].rows;
		o->events += all[i].events;
	}
	if (!kr_web__can(p, KR_RIGHT_REGISTER))
		return 0;
	err = kr_web__span(p, o, KR_DIM_CONSTITUENT, 0, &o->constituents, &o->n_constituents);
	if (err)
		return err;
	for (size_t i = 0; i < o->n_constituents; i++)
		if (!o->constituents[i].value_a.n)
			o->unrouted += o->constituents[i].rows;
	if (kr_web__can(p, KR_RIGHT_REPORTS))
		err = kr_store_totals(p->w->store, &p->scope, &o->totals, p->fault);
	return KR_MIN(err, 0);
}

static void tile(struct kr_page *p, const char *name, uint64_t v, struct kr_str url,
		 const char *note)
{
	struct kr_html *h = &p->h;

	kr_html_open(h, "div");
	kr_html_attr_c(h, "class", "tile");
	kr_html_el_c(h, "dt", name);
	kr_html_open(h, "dd");
	if (url.n)
		kr_web__link(p, url, kr_web__count_str(p, v));
	else
		kr_web__count(p, v);
	kr_html_open(h, "span");
	kr_html_attr_c(h, "class", "note");
	kr_html_c(h, note);
	kr_html_close(h, "span");
	kr_html_close(h, "dd");
	kr_html_close(h, "div");
}

static void report_tiles(struct kr_page *p, const struct kr_overview *o)
{
	tile(p, T(p, "Reports"), o->totals.reports, KR_URL0(p, "/reports", KR_STR("")),
	     T(p, "kept in all"));
	tile(p, T(p, "In quarantine"), o->totals.quarantined, KR_URL0(p, "/quarantine", KR_STR("")),
	     T(p, "reports not understood"));
}

static void tiles(struct kr_page *p, const struct kr_overview *o)
{
	struct kr_str days = kr_arena_printf(p->a, "%u", o->days);
	const char *in_days = kr_web__format(p, T(p, "in %s days"), days);
	size_t hit = 0;

	for (size_t i = 0; i < o->n_constituents; i++)
		hit += o->constituents[i].value_a.n && o->constituents[i].rows;
	kr_html_open(&p->h, "dl");
	kr_html_attr_c(&p->h, "class", "tiles");
	tile(p, T(p, "Events"), o->rows, KR_URL0(p, "/events", KR_STR("")), in_days);
	tile(p, T(p, "Times seen"), o->events, KR_STR(""), in_days);
	if (kr_web__can(p, KR_RIGHT_REGISTER)) {
		tile(p, T(p, "Constituents hit"), hit, KR_URL0(p, "/constituents", KR_STR("")),
		     in_days);
		tile(p, T(p, "Unrouted"), o->unrouted, KR_URL0(p, "/unrouted", KR_STR("")),
		     T(p, "events that nobody owns"));
	}
	if (kr_web__can(p, KR_RIGHT_REPORTS))
		report_tiles(p, o);
	kr_html_close(&p->h, "dl");
}

static void choice(struct kr_page *p, bool current, struct kr_str url, struct kr_str text)
{
	kr_html_open(&p->h, "li");
	kr_html_open(&p->h, "a");
	kr_html_url(&p->h, KR_HTML_HREF, url);
	if (current)
		kr_html_attr_c(&p->h, "aria-current", "true");
	kr_html_text(&p->h, text);
	kr_html_close(&p->h, "a");
	kr_html_close(&p->h, "li");
}

static void span_choice(struct kr_page *p, const struct kr_overview *o)
{
	kr_html_open(&p->h, "nav");
	kr_html_attr_c(&p->h, "class", "choice");
	kr_html_attr_c(&p->h, "aria-label", T(p, "Time span"));
	kr_html_open(&p->h, "ul");
	for (size_t i = 0; i < KR_ARRAY_LEN(spans); i++) {
		struct kr_str days = kr_web__str_u64(p, spans[i]);

		choice(p, spans[i] == o->days,
		       KR_URL(p, "/", KR_STR(""), {KR_STR("days"), days},
			      {KR_STR("class"), o->class_}),
		       kr_str_c(kr_web__format(p, T(p, "%s days"), days)));
	}
	if (o->class_.n)
		choice(p, false,
		       KR_URL(p, "/", KR_STR(""), {KR_STR("days"), kr_web__str_u64(p, o->days)}),
		       kr_str_c(T(p, "All classes")));
	kr_html_close(&p->h, "ul");
	kr_html_close(&p->h, "nav");
}

static int chart(struct kr_page *p, const struct kr_overview *o)
{
	struct kr_counter_query q = {.a = o->class_.n ? KR_DIM_CLASS : KR_DIM_NONE,
				     .value_a = o->class_,
				     .from = o->from,
				     .to = o->to};
	struct kr_web_day *days;
	size_t n;
	int err;

	kr_web__section(p, "by-day", T(p, "By day"));
	span_choice(p, o);
	err = kr_web__days(p, &q, &days, &n);
	if (err < 0)
		return err;
	kr_web__chart(
		p,
		o->class_.n ? kr_web__format(p, T(p, "Events of class %s by day of arrival (UTC)"),
					     o->class_)
			    : T(p, "Events by day of arrival (UTC)"),
		days, n);
	kr_web__section_end(p);
	return 0;
}

static int parts(struct kr_page *p, const struct kr_overview *o)
{
	bool reports = kr_web__can(p, KR_RIGHT_REPORTS);
	int err = reports ? kr_web__overview_attention(p, o) : 0;

	if (!err)
		err = chart(p, o);
	if (!err && reports)
		err = kr_web__overview_sources(p, o);
	kr_html_open(&p->h, "div");
	kr_html_attr_c(&p->h, "class", "columns");
	if (!err && kr_web__can(p, KR_RIGHT_REGISTER))
		err = kr_web__overview_constituents(p, o);
	if (!err)
		err = kr_web__overview_classes(p, o);
	if (!err)
		err = kr_web__overview_countries(p, o);
	if (!err)
		err = kr_web__overview_networks(p, o);
	kr_html_close(&p->h, "div");
	return err;
}

int kr_web__overview(struct kr_http_request *r, struct kr_http_reply *reply,
		     struct kr_fault *reterr)
{
	struct kr_overview o = {0};
	struct kr_page p;
	int err;

	err = kr_web__page_for(&p, r, KR_RIGHT_EVENTS, reterr);
	if (err)
		return err;
	err = read_span(&p, &o);
	if (err)
		return err;
	kr_web__page_begin(&p, KR_NAV_OVERVIEW, kr_str_c(T(&p, "Overview")));
	tiles(&p, &o);
	if (!o.totals.reports && kr_web__can(&p, KR_RIGHT_REPORTS))
		kr_web__empty(&p, T(&p, "Nothing has come in yet. Take in a first report:"),
			      "karaula take FILE");
	err = parts(&p, &o);
	return kr_web__page_finish(&p, err, reply);
}
