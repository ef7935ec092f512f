/* SPDX-License-Identifier: Apache-2.0 */
/* /events/ID: all that is known of one event, who owns it and why, and the raw line it came from.
 */
#include "web/events.h"

#include "store/spool.h"
#include "web/pages.h"
#include "web/rules.h"

#define RAW_MAX		  ((size_t)16 << 10)
#define VALUE_MAX	  4096
#define CONTRIBUTIONS_MAX 100

static void facts(struct kr_page *p, const struct kr_stored_event *ev)
{
	const struct kr_event *e = ev->e;
	char id[KR_EVENT_ID_TEXT_MAX];

	kr_web__facts(p);
	kr_web__fact(p, T(p, "First seen"));
	kr_web__time(p, e->first);
	kr_web__fact_end(p);
	kr_web__fact(p, T(p, "Last seen"));
	kr_web__time(p, e->last);
	kr_web__fact_end(p);
	kr_web__fact(p, T(p, "Times seen"));
	kr_web__count(p, e->count);
	kr_web__fact_end(p);
	kr_web__fact(p, T(p, "Label"));
	kr_web__tlp(p, e->label);
	kr_web__fact_end(p);
	if (kr_web__can(p, KR_RIGHT_REPORTS)) {
		kr_web__fact(p, T(p, "Source"));
		kr_web__link(p, KR_URL0(p, "/sources", ev->source), ev->source);
		kr_web__fact_end(p);
		kr_web__fact(p, T(p, "First report"));
		kr_web__link(p, KR_URL0(p, "/reports", kr_web__str_u64(p, ev->report)),
			     kr_web__str_u64(p, ev->report));
		kr_web__fact_end(p);
	}
	kr_web__fact(p, T(p, "Id"));
	kr_html_el_c(&p->h, "code", kr_stored_event_id(ev, id));
	kr_web__fact_end(p);
	kr_web__facts_end(p);
}

static int owner_row(struct kr_web_table *t, const struct kr_owner *o)
{
	struct kr_page *p = t->p;
	struct kr_constituent c;
	struct kr_rule rule;
	int err = kr_store_owner_get(p->w->store, o, p->a, &c, &rule, p->fault);

	if (err < 0)
		return err == -KR_ENOENT ? 0 : err;
	kr_web__row(t);
	kr_web__cell(t);
	kr_web__link(p, KR_URL0(p, "/constituents", c.name), c.name);
	kr_web__cell_end(t);
	kr_web__cell_str(t, c.title);
	kr_web__cell(t);
	kr_web__rule(p, &rule);
	kr_web__cell_end(t);
	kr_web__cell_str(t, c.contact);
	kr_web__row_end(t);
	return 0;
}

static int owners(struct kr_page *p, const struct kr_event *e)
{
	const struct kr_web_col cols[] = {
		{T(p, "Constituent"), "name"},
		{T(p, "Name"), "wide"},
		{T(p, "Rule that decided"), "wide"},
		{T(p, "Contact"), "wide"},
	};
	struct kr_web_table t;

	kr_web__section(p, "owners", T(p, "Who owns it"));
	if (!e->n_owners) {
		kr_web__empty(
			p, T(p, "Nobody: no registered prefix, domain, AS or country covers it."),
			NULL);
	} else {
		kr_web__table(p, &t, T(p, "Owners and the rule that decided"), cols,
			      KR_ARRAY_LEN(cols));
		for (uint32_t i = 0; i < e->n_owners; i++) {
			int err = owner_row(&t, &e->owners[i]);

			if (err)
				return err;
		}
		kr_web__table_end(&t);
	}
	kr_web__section_end(p);
	return 0;
}

static void field_row(struct kr_web_table *t, enum kr_field f, const struct kr_event *e)
{
	const struct kr_field_info *info = kr_field_info(f);
	struct kr_page *p = t->p;
	struct kr_str value = kr_web__field_text(p, e, f), expr = KR_STR("");

	if (info->flags & (KR_FIELD_COL | KR_FIELD_WORD))
		expr = kr_web__expr(p, KR_SUBJ_FIELD, f, value);
	kr_web__row(t);
	kr_web__cell(t);
	kr_html_el(&p->h, "code", info->name_str);
	kr_web__cell_end(t);
	kr_web__cell(t);
	if (expr.n && expr.n <= KR_WEB_QUERY_TEXT_MAX)
		kr_web__link_events(p, expr, value);
	else
		kr_html_cut(&p->h, value, VALUE_MAX);
	kr_web__cell_end(t);
	kr_web__cell_str(t, kr_str_c(info->doc));
	kr_web__row_end(t);
}

static void fields(struct kr_page *p, const struct kr_event *e)
{
	const struct kr_web_col cols[] = {
		{T(p, "Field"), NULL}, {T(p, "Value"), "wide value"}, {T(p, "Meaning"), "wide"}};
	struct kr_web_table t;

	kr_web__section(p, "fields", T(p, "Fields"));
	kr_web__table(p, &t, T(p, "Fields; a value leads to the events that share it"), cols,
		      KR_ARRAY_LEN(cols));
	for (int f = 1; f < KR_FIELD_MAX; f++)
		if (kr_event_has(e, (enum kr_field)f))
			field_row(&t, (enum kr_field)f, e);
	kr_web__table_end(&t);
	kr_web__section_end(p);
}

static void extra(struct kr_page *p, const struct kr_event *e)
{
	const struct kr_web_col cols[] = {{T(p, "Name"), NULL}, {T(p, "Value"), "wide value"}};
	struct kr_web_table t;

	if (!e->n_extra)
		return;
	kr_web__section(p, "extra", T(p, "What no field took"));
	kr_web__table(p, &t, T(p, "Further values of the report"), cols, KR_ARRAY_LEN(cols));
	for (const struct kr_extra *x = e->extra; x; x = x->next) {
		kr_web__row(&t);
		kr_web__cell(&t);
		kr_html_open(&p->h, "code");
		kr_html_c(&p->h, "extra.");
		kr_html_cut(&p->h, x->key, KR_WEB_CELL_MAX);
		kr_html_close(&p->h, "code");
		kr_web__cell_end(&t);
		kr_web__cell(&t);
		kr_html_cut(&p->h, x->value, VALUE_MAX);
		kr_web__cell_end(&t);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
	kr_web__section_end(p);
}

static void raw_text(struct kr_page *p, const struct kr_report *r, uint64_t line,
		     struct kr_str text, bool cut)
{
	struct kr_html *h = &p->h;

	kr_html_open(h, "p");
	kr_web__link(p, KR_URL0(p, "/reports", kr_web__str_u64(p, r->id)), r->name);
	kr_html_c(h, ", ");
	kr_web__textf(p, T(p, "line %s"), kr_web__count_str(p, line));
	if (cut)
		kr_web__textf(p, T(p, "; the first %s bytes"), kr_web__count_str(p, RAW_MAX));
	kr_html_close(h, "p");
	kr_html_open(h, "pre");
	kr_html_attr_c(h, "class", "raw");
	kr_html_attr_c(h, "tabindex", "0");
	kr_html_attr_c(h, "role", "region");
	kr_html_attr_c(h, "aria-label", T(p, "Raw record"));
	kr_html_text(h, text);
	kr_html_close(h, "pre");
}

/* Lines are counted from the beginning, which takes too long for a page here. */
static int raw_far(struct kr_page *p, const struct kr_stored_event *ev)
{
	char id[KR_EVENT_ID_TEXT_MAX];

	kr_web__section(p, "raw", T(p, "As it came in"));
	kr_web__empty(
		p, T(p, "It lies deep in a large report. The command line shows it:"),
		kr_web__format(p, "karaula event show %s", kr_str_c(kr_stored_event_id(ev, id))));
	kr_web__section_end(p);
	return 0;
}

static int raw(struct kr_page *p, const struct kr_stored_event *ev)
{
	KR_AUTO_BUF b = KR_BUF(RAW_MAX);
	struct kr_report r;
	uint64_t line = 0;
	int err = kr_store_report_get(p->w->store, &p->scope, ev->report, p->a, &r, p->fault);

	if (!err && ev->e->offset > KR_WEB_RAW_PASS_MAX)
		return raw_far(p, ev);
	if (!err)
		err = kr_spool_slice(p->w->store, r.class_, r.day, &r.hash, ev->e->offset,
				     ev->e->length, RAW_MAX, &b, &line, p->fault);
	if (err < 0 && err != -KR_ENOENT)
		return err;
	kr_web__section(p, "raw", T(p, "As it came in"));
	if (err)
		kr_web__empty(p, T(p, "The raw report is no longer kept."), NULL);
	else
		raw_text(p, &r, line, kr_str_trim(kr_buf_str(&b)), ev->e->length > RAW_MAX);
	kr_web__section_end(p);
	return 0;
}

static int contributions(struct kr_page *p, const struct kr_stored_event *ev)
{
	const struct kr_web_col cols[] = {{T(p, "Report"), NULL},
					  {T(p, "Seen"), "time"},
					  {T(p, "At byte"), "num"},
					  {T(p, "Bytes"), "num"}};
	struct kr_contribution *list;
	struct kr_web_table t;
	size_t n;
	int err = kr_store_event_contributions(p->w->store, &p->scope, &ev->id, CONTRIBUTIONS_MAX,
					       p->a, &list, &n, p->fault);

	if (err < 0 || n < 2)
		return KR_MIN(err, 0);
	kr_web__section(p, "contributions", T(p, "Every time it was reported"));
	kr_web__table(p, &t, T(p, "Records that make up this event, the first one first"), cols,
		      KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n; i++) {
		kr_web__row(&t);
		kr_web__cell(&t);
		kr_web__link(p, KR_URL0(p, "/reports", kr_web__str_u64(p, list[i].report)),
			     kr_web__str_u64(p, list[i].report));
		kr_web__cell_end(&t);
		kr_web__cell(&t);
		kr_web__time(p, list[i].time);
		kr_web__cell_end(&t);
		kr_web__cell_count(&t, list[i].offset);
		kr_web__cell_count(&t, list[i].length);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
	if (n == CONTRIBUTIONS_MAX)
		kr_html_el_c(&p->h, "p", T(p, "There may be more than are shown here."));
	kr_web__section_end(p);
	return 0;
}

/* "infected-system 198.51.100.7": what it is and whom it concerns. */
static struct kr_str title(struct kr_page *p, const struct kr_event *e)
{
	static const enum kr_field order[] = {KR_F_SRC_IP,	KR_F_SRC_FQDN,	  KR_F_SRC_URL,
					      KR_F_SRC_NETWORK, KR_F_SRC_ACCOUNT, KR_F_DST_IP,
					      KR_F_DST_FQDN};
	struct kr_str type = kr_web__field_text(p, e, KR_F_CLASS_TYPE), where = KR_STR("");

	for (size_t i = 0; i < KR_ARRAY_LEN(order) && !where.n; i++)
		where = kr_web__field_text(p, e, order[i]);
	return kr_arena_printf(p->a, "%.*s%s%s: %.*s %.*s", KR_STR_ARG(p->view),
			       p->view.n ? ": " : "", T(p, "Event"), KR_STR_ARG(type),
			       KR_STR_ARG(where));
}

int kr_web__event_show(struct kr_page *p, struct kr_http_reply *reply)
{
	struct kr_stored_event ev;
	struct kr_event_id id;
	int err;

	if (kr_store_event_id_parse(p->w->store, &p->scope, kr_http_param(p->r, "id"), &id))
		return kr_fault_set(p->fault, -KR_ENOENT,
				    "an event has an id like 20261121-standard-1-48213");
	err = kr_store_event_get(p->w->store, &p->scope, &id, p->a, &ev, p->fault);
	if (err < 0)
		return err;
	kr_web__page_begin(p, p->view.n ? KR_NAV_CONSTITUENTS : KR_NAV_EVENTS, title(p, ev.e));
	kr_web__event_answered(p);
	facts(p, &ev);
	err = kr_web__can(p, KR_RIGHT_REGISTER) ? owners(p, ev.e) : 0;
	if (!err)
		err = kr_web__event_answers(p, &ev);
	if (!err)
		fields(p, ev.e);
	if (!err)
		extra(p, ev.e);
	if (!err && kr_web__can(p, KR_RIGHT_REPORTS))
		err = raw(p, &ev);
	if (!err && kr_web__can(p, KR_RIGHT_REPORTS))
		err = contributions(p, &ev);
	return kr_web__page_finish(p, err, reply);
}

int kr_web__event(struct kr_http_request *r, struct kr_http_reply *reply, struct kr_fault *reterr)
{
	struct kr_page p;
	int err = kr_web__page_for(&p, r, KR_RIGHT_EVENTS, reterr);

	return err ? err : kr_web__event_show(&p, reply);
}
