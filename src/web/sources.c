/* SPDX-License-Identifier: Apache-2.0 */
/* /sources and /sources/NAME. */
#include "desk/source_kind.h"
#include "web/chart.h"
#include "web/pages.h"
#include "web/reports.h"
#include "web/sources.h"

#define DAYS	      30
#define RATE_DAYS     7
#define REPORTS_SHOWN 20

/* A missing PAP is assumed by the TLP, and shown as assumed. */
static void pap(struct kr_page *p, const struct kr_source *s)
{
	const struct kr_web_opts *o = &p->w->o;
	enum kr_pap assumed = s->tlp == KR_TLP_CLEAR || s->tlp == KR_TLP_GREEN ? o->pap_open
									       : o->pap_default;

	kr_html_printf(&p->h, "PAP:%s", kr_pap_text(s->pap ? s->pap : assumed));
	if (!s->pap) {
		kr_html_c(&p->h, " ");
		kr_web__tag(p, "plain", T(p, "assumed"));
	}
}

void kr_web__source_state(struct kr_page *p, const struct kr_source *s,
			  const struct kr_source_state *st)
{
	if (s->kind.n && s->disabled) {
		kr_html_c(&p->h, " ");
		kr_web__tag(p, "plain", T(p, "disabled"));
	}
	if (st->failures) {
		kr_html_c(&p->h, " ");
		kr_web__tag(p, "warn", T(p, "failing"));
	}
	if (st->silent != KR_TIME_NONE) {
		kr_html_c(&p->h, " ");
		kr_web__tag(p, "warn", T(p, "silent"));
	}
}

/* How it runs, and what is wrong with it. */
static void running(struct kr_page *p, const struct kr_source *s, const struct kr_source_state *st)
{
	kr_html_text(&p->h, s->kind.n ? s->kind : kr_str_c(T(p, "by hand")));
	kr_web__source_state(p, s, st);
}

/* Events of the last days, whole ones and today. */
static int events_of(struct kr_page *p, struct kr_str source, uint64_t *ret)
{
	int32_t today = kr_time_day(p->now);
	const struct kr_counter_query q = {
		.a = KR_DIM_SOURCE, .value_a = source, .from = today - RATE_DAYS + 1, .to = today};
	struct kr_counter_row *rows;
	size_t n;
	int err = kr_store_counters(p->w->store, &p->scope, &q, p->a, &rows, &n, p->fault);

	*ret = !err && n ? rows[0].events : 0;
	return err;
}

static int source_rows(struct kr_page *p, const struct kr_source *list, size_t n)
{
	const struct kr_web_col cols[] = {
		{T(p, "Source"), "name"},
		{T(p, "Runs"), NULL},
		{T(p, "Last success"), "time"},
		{T(p, "Next run"), "time"},
		{T(p, "Events in 7 days"), "num"},
		{T(p, "Provider"), "wide"},
		{T(p, "Format"), NULL},
		{T(p, "Label"), NULL},
		{T(p, "PAP"), NULL},
		{T(p, "Kept"), NULL},
		{T(p, "Changed"), "time"},
	};
	struct kr_web_table t;
	int err = 0;

	kr_web__table(p, &t, T(p, "Sources"), cols, KR_ARRAY_LEN(cols));
	for (size_t i = 0; !err && i < n; i++) {
		struct kr_source_state st;
		uint64_t events = 0;

		err = kr_store_source_state(p->w->store, list[i].id, p->a, &st, p->fault);
		if (!err)
			err = events_of(p, list[i].name, &events);
		if (err)
			break;
		kr_web__row(&t);
		kr_web__cell(&t);
		kr_web__link(p, KR_URL0(p, "/sources", list[i].name), list[i].name);
		kr_web__cell_end(&t);
		kr_web__cell(&t);
		running(p, &list[i], &st);
		kr_web__cell_end(&t);
		kr_web__cell(&t);
		kr_web__ago(p, st.ok);
		kr_web__cell_end(&t);
		kr_web__cell(&t);
		kr_web__time(p, list[i].kind.n && !list[i].disabled ? st.next : KR_TIME_NONE);
		kr_web__cell_end(&t);
		kr_web__cell_count(&t, events);
		kr_web__cell_str(&t, list[i].provider);
		kr_web__cell_str(&t,
				 list[i].format.n ? list[i].format : kr_str_c(T(p, "by content")));
		kr_web__cell(&t);
		kr_web__tlp(p, list[i].tlp);
		kr_web__cell_end(&t);
		kr_web__cell(&t);
		pap(p, &list[i]);
		kr_web__cell_end(&t);
		kr_web__cell_str(&t, kr_str_c(kr_retention_text(list[i].retention)));
		kr_web__cell(&t);
		kr_web__ago(p, list[i].changed);
		kr_web__cell_end(&t);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
	return err;
}

int kr_web__sources(struct kr_http_request *r, struct kr_http_reply *reply, struct kr_fault *reterr)
{
	struct kr_source *list;
	struct kr_page p;
	size_t n;
	int err;

	err = kr_web__page_for(&p, r, KR_RIGHT_REPORTS, reterr);
	if (err)
		return err;
	err = kr_store_source_list(p.w->store, &p.scope, p.a, &list, &n, reterr);
	if (err < 0)
		return err;
	kr_web__page_begin(&p, KR_NAV_SOURCES, kr_str_c(T(&p, "Sources")));
	if (n)
		err = source_rows(&p, list, KR_MIN(n, (size_t)KR_WEB_LIST_MAX));
	else
		kr_web__empty(&p, T(&p, "There is no source yet. Taking in a report makes one:"),
			      "karaula take --source NAME FILE");
	if (n > KR_WEB_LIST_MAX)
		kr_web__empty(&p, T(&p, "There are more; this lists all of them:"),
			      "karaula source list");
	kr_web__more(&p, KR_URL0(&p, "/rules", KR_STR("")),
		     T(&p, "Rules for events on their way in"));
	return kr_web__page_finish(&p, err, reply);
}

static void fact_time(struct kr_page *p, const char *name, kr_time t)
{
	if (t == KR_TIME_NONE)
		return;
	kr_web__fact(p, name);
	kr_web__time(p, t);
	kr_web__fact_end(p);
}

static struct kr_str span_str(struct kr_page *p, int64_t us)
{
	char text[KR_TIME_TEXT_MAX];

	return kr_arena_dup(p->a, kr_str_c(kr_span_text(us, text)));
}

/* How it runs by itself, and how that went. */
static void run_facts(struct kr_page *p, const struct kr_source *s,
		      const struct kr_source_state *st)
{
	kr_web__fact(p, T(p, "Runs"));
	running(p, s, st);
	kr_web__fact_end(p);
	if (s->kind.n)
		kr_web__fact_str(p, T(p, "Interval"), span_str(p, kr_source_interval(s)));
	if (st->failures) {
		kr_web__fact(p, T(p, "Failures in a row"));
		kr_web__count(p, st->failures);
		kr_web__fact_end(p);
		kr_web__fact_str(p, T(p, "Error"), st->error);
	}
	fact_time(p, T(p, "Silent since"), st->silent);
	fact_time(p, T(p, "Last run"), st->tried);
	fact_time(p, T(p, "Last success"), st->ok);
	if (s->kind.n && !s->disabled)
		fact_time(p, T(p, "Next run"), st->next);
}

static void facts(struct kr_page *p, const struct kr_source *s, const struct kr_source_state *st)
{
	kr_web__facts(p);
	run_facts(p, s, st);
	if (s->removed) {
		kr_web__fact(p, T(p, "State"));
		kr_web__tag(p, "plain", T(p, "removed"));
		kr_web__fact_end(p);
	}
	kr_web__fact(p, T(p, "Label"));
	kr_web__tlp(p, s->tlp);
	kr_html_c(&p->h, " ");
	pap(p, s);
	kr_web__fact_end(p);
	kr_web__fact_str(p, T(p, "Provider"), s->provider);
	kr_web__fact_str(p, T(p, "Address"), kr_source_url(s));
	kr_web__fact_str(p, T(p, "Format"), s->format.n ? s->format : kr_str_c(T(p, "by content")));
	kr_web__fact_str(p, T(p, "Mapping"),
			 s->mapping.n ? s->mapping : kr_str_c(T(p, "the one that fits")));
	kr_web__fact_str(p, T(p, "Kept as"), kr_str_c(kr_retention_text(s->retention)));
	kr_web__fact_str(p, T(p, "Note"), s->note);
	kr_web__fact(p, T(p, "Added"));
	kr_web__time(p, s->created);
	kr_web__fact_end(p);
	kr_web__fact(p, T(p, "Changed"));
	kr_web__time(p, s->changed);
	kr_web__fact_end(p);
	kr_web__facts_end(p);
}

static int body(struct kr_page *p, const struct kr_source *s)
{
	int32_t today = kr_time_day(p->now);
	struct kr_counter_query q = {
		.a = KR_DIM_SOURCE, .value_a = s->name, .from = today - DAYS + 1, .to = today};
	struct kr_report_query rq = {.source = s->name, .limit = REPORTS_SHOWN};
	struct kr_report *reports;
	struct kr_web_day *days;
	size_t n_days, n;
	int err = kr_web__days(p, &q, &days, &n_days);

	if (!err)
		err = kr_store_report_list(p->w->store, &p->scope, &rq, p->a, &reports, &n,
					   p->fault);
	if (err < 0)
		return err;
	kr_web__section(p, "by-day", T(p, "By day"));
	kr_web__chart(p, T(p, "Events of this source by day of arrival (UTC)"), days, n_days);
	kr_web__more(p,
		     KR_URL(p, "/events", KR_STR(""),
			    {KR_STR("q"), kr_web__expr(p, KR_SUBJ_SOURCE, KR_F_NONE, s->name)}),
		     T(p, "Events of this source"));
	kr_web__section_end(p);
	kr_web__section(p, "reports", T(p, "Reports"));
	if (n)
		kr_web__report_table(p, T(p, "Newest reports of this source"), reports, n);
	else
		kr_web__empty(p, T(p, "Nothing has come in from it yet."), NULL);
	kr_web__more(p, KR_URL(p, "/reports", KR_STR(""), {KR_STR("source"), s->name}),
		     T(p, "All reports of this source"));
	kr_web__section_end(p);
	return 0;
}

int kr_web__source(struct kr_http_request *r, struct kr_http_reply *reply, struct kr_fault *reterr)
{
	struct kr_source_state st;
	struct kr_source s;
	struct kr_page p;
	int err;

	err = kr_web__page_for(&p, r, KR_RIGHT_REPORTS, reterr);
	if (err)
		return err;
	err = kr_store_source_get(p.w->store, kr_http_param(r, "name"), p.a, &s, reterr);
	if (!err)
		err = kr_store_source_state(p.w->store, s.id, p.a, &st, reterr);
	if (err < 0)
		return err;
	kr_web__page_begin(&p, KR_NAV_SOURCES,
			   kr_arena_printf(p.a, "%s %.*s", T(&p, "Source"), KR_STR_ARG(s.name)));
	facts(&p, &s, &st);
	err = body(&p, &s);
	return kr_web__page_finish(&p, err, reply);
}
