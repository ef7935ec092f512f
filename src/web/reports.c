/* SPDX-License-Identifier: Apache-2.0 */
/* /reports: what came, when, how many rows; and tables of reports for other pages. */
#include "web/reports.h"

#include "desk/report.h"
#include "web/pages.h"

#define STATES 5

/* The word of the address; empty for all. */
static struct kr_str state_word(enum kr_report_state s)
{
	return s ? kr_str_c(kr_desk_report_state_text(s)) : KR_STR("");
}

static const char *state_text(struct kr_page *p, enum kr_report_state s)
{
	switch (s) {
	case KR_REPORT_SPOOLED: return T(p, "being taken");
	case KR_REPORT_TAKEN: return T(p, "taken");
	case KR_REPORT_QUARANTINED: return T(p, "in quarantine");
	case KR_REPORT_REFUSED: return T(p, "refused");
	case KR_REPORT_DROPPED: return T(p, "retention ended");
	}
	return "";
}

void kr_web__state(struct kr_page *p, enum kr_report_state s)
{
	static const char *const kinds[] = {"plain", "plain", "ok", "warn", "bad", "plain"};

	kr_web__tag(p, kinds[(unsigned)s < KR_ARRAY_LEN(kinds) ? s : 0], state_text(p, s));
}

const char *kr_web__report_remedy(struct kr_page *p, const struct kr_report *r)
{
	const char *again = kr_web__format(p, "karaula take --again %s", kr_web__str_u64(p, r->id));

	if (r->state == KR_REPORT_QUARANTINED)
		return kr_web__format(
			p,
			T(p, "Import a mapping that knows this report (karaula source mapping "
			     "import FILE), then: %s"),
			kr_str_c(again));
	if (r->state == KR_REPORT_REFUSED)
		return kr_web__format(
			p,
			T(p, "Ask the sender for a correct report, or mend the mapping; then: %s"),
			kr_str_c(again));
	return "";
}

static void link_cell(struct kr_web_table *t, const struct kr_report *r)
{
	struct kr_page *p = t->p;

	kr_web__cell(t);
	kr_web__link(p, KR_URL0(p, "/reports", kr_web__str_u64(p, r->id)),
		     kr_arena_printf(p->a, "%llu", (unsigned long long)r->id));
	kr_web__cell_end(t);
}

static void source_cell(struct kr_web_table *t, const struct kr_report *r)
{
	struct kr_page *p = t->p;

	kr_web__cell(t);
	kr_web__link(p, KR_URL0(p, "/sources", r->source), r->source);
	kr_web__cell_end(t);
}

void kr_web__report_table(struct kr_page *p, const char *caption, const struct kr_report *list,
			  size_t n)
{
	const struct kr_web_col cols[] = {
		{T(p, "Report"), NULL},	     {T(p, "Name"), "wide"},   {T(p, "Source"), "name"},
		{T(p, "Came in"), "time"},   {T(p, "State"), NULL},    {T(p, "Records"), "num"},
		{T(p, "New events"), "num"}, {T(p, "Refused"), "num"}, {T(p, "Unrouted"), "num"},
	};
	struct kr_web_table t;

	kr_web__table(p, &t, caption, cols, KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n; i++) {
		kr_web__row(&t);
		link_cell(&t, &list[i]);
		kr_web__cell_str(&t, list[i].name);
		source_cell(&t, &list[i]);
		kr_web__cell(&t);
		kr_web__time(p, list[i].spooled);
		kr_web__cell_end(&t);
		kr_web__cell(&t);
		kr_web__state(p, list[i].state);
		kr_web__cell_end(&t);
		kr_web__cell_count(&t, list[i].total.read);
		kr_web__cell_count(&t, list[i].total.fresh);
		kr_web__cell_count(&t, list[i].total.refused);
		kr_web__cell_count(&t, list[i].total.unrouted);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
}

void kr_web__report_reasons(struct kr_page *p, const char *caption, const struct kr_report *list,
			    size_t n)
{
	const struct kr_web_col cols[] = {
		{T(p, "Report"), NULL},	   {T(p, "Name"), "wide"},  {T(p, "Source"), "name"},
		{T(p, "Came in"), "time"}, {T(p, "State"), "time"}, {T(p, "Why"), "wide"},
	};
	struct kr_web_table t;

	kr_web__table(p, &t, caption, cols, KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n; i++) {
		kr_web__row(&t);
		link_cell(&t, &list[i]);
		kr_web__cell_str(&t, list[i].name);
		source_cell(&t, &list[i]);
		kr_web__cell(&t);
		kr_web__ago(p, list[i].spooled);
		kr_web__cell_end(&t);
		kr_web__cell(&t);
		kr_web__state(p, list[i].state);
		kr_web__cell_end(&t);
		kr_web__cell_str(&t, list[i].reason);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
}

static void state_choice(struct kr_page *p, enum kr_report_state now, struct kr_str source)
{
	struct kr_html *h = &p->h;

	kr_html_open(h, "nav");
	kr_html_attr_c(h, "class", "choice");
	kr_html_attr_c(h, "aria-label", T(p, "State"));
	kr_html_open(h, "ul");
	for (unsigned s = 0; s <= STATES; s++) {
		kr_html_open(h, "li");
		kr_html_open(h, "a");
		kr_html_url(h, KR_HTML_HREF,
			    KR_URL(p, "/reports", KR_STR(""), {KR_STR("source"), source},
				   {KR_STR("state"), state_word((enum kr_report_state)s)}));
		if (s == (unsigned)now)
			kr_html_attr_c(h, "aria-current", "true");
		kr_html_c(h, s ? state_text(p, (enum kr_report_state)s) : T(p, "all"));
		kr_html_close(h, "a");
		kr_html_close(h, "li");
	}
	kr_html_close(h, "ul");
	kr_html_close(h, "nav");
}

static void list_page(struct kr_page *p, const struct kr_report_query *q,
		      const struct kr_report *list, size_t n)
{
	size_t shown = KR_MIN(n, (size_t)q->limit - 1);

	state_choice(p, q->state, q->source);
	if (q->source.n) {
		kr_html_open(&p->h, "p");
		kr_web__textf(p, T(p, "Only of source %s."), q->source);
		kr_html_c(&p->h, " ");
		kr_web__link(
			p,
			KR_URL(p, "/reports", KR_STR(""), {KR_STR("state"), state_word(q->state)}),
			kr_str_c(T(p, "Of all sources")));
		kr_html_close(&p->h, "p");
	}
	if (!n) {
		kr_web__empty(p, T(p, "There is no such report. Take one in:"),
			      "karaula take FILE");
		return;
	}
	kr_web__report_table(p, T(p, "Reports, newest first"), list, shown);
	if (n > shown)
		kr_web__more(p,
			     KR_URL(p, "/reports", KR_STR(""), {KR_STR("source"), q->source},
				    {KR_STR("state"), state_word(q->state)},
				    {KR_STR("before"), kr_web__str_u64(p, list[shown - 1].id)}),
			     T(p, "Older reports"));
}

int kr_web__reports(struct kr_http_request *r, struct kr_http_reply *reply, struct kr_fault *reterr)
{
	struct kr_report_query q = {0};
	struct kr_report *list;
	struct kr_page p;
	size_t n;
	int err;

	err = kr_web__page_for(&p, r, KR_RIGHT_REPORTS, reterr);
	if (err)
		return err;
	q.source = kr_http_query(r, "source");
	if (kr_desk_report_state_parse(kr_http_query(r, "state"), &q.state))
		q.state = 0; /* no state, or none that there is: all */
	q.before = kr_web__number(&p, "before", 1, INT64_MAX, 0);
	/* One more than is shown tells whether there are older ones. */
	q.limit = (uint32_t)kr_web__number(&p, "limit", 1, KR_WEB_LIST_MAX, KR_WEB_LIST_DEFAULT) +
		  1;
	err = kr_store_report_list(p.w->store, &p.scope, &q, p.a, &list, &n, reterr);
	if (err < 0)
		return err;
	kr_web__page_begin(&p, KR_NAV_REPORTS, kr_str_c(T(&p, "Reports")));
	list_page(&p, &q, list, n);
	return kr_web__page_finish(&p, 0, reply);
}
