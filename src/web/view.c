/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /constituents/NAME/view and below: what an operator of this constituent sees.
 *
 * How this works: the page's viewer and scope are replaced by those that the gate gives to such an
 * operator, and lists lead to addresses below the view; everything else is the same code that
 * serves the operator. Only the frame stays that of who is logged in. What is withheld is counted
 * with the scopes that the gate gives to us when we ask for one label after the other.
 */
#include "web/view.h"

#include "desk/access.h"
#include "desk/recipient.h"
#include "web/chart.h"
#include "web/events.h"
#include "web/pages.h"

#define DAYS 30

void kr_web__view_banner(struct kr_page *p)
{
	struct kr_html *h = &p->h;

	kr_web__box(p, "note",
		    kr_web__format(p, T(p, "This is what an operator of %s sees"), p->view));
	kr_html_open(h, "p");
	kr_html_c(h, T(p, "Events, counts and ids come through the same gate as for its own login. "
			  "You are not logged in as it, and nothing here changes anything."));
	kr_html_close(h, "p");
	kr_html_open(h, "p");
	kr_web__link(p, KR_URL0(p, p->events, KR_STR("")), kr_str_c(T(p, "Newest events")));
	kr_html_c(h, " \xc2\xb7 ");
	kr_web__link(p, KR_URL0(p, "/constituents", p->view),
		     kr_str_c(T(p, "Back to the constituent")));
	kr_html_close(h, "p");
	kr_web__box_end(p);
}

/* From here on the page is the operator's. */
static int look_as(struct kr_page *p, struct kr_http_request *r, struct kr_fault *reterr)
{
	struct kr_viewer *v;
	struct kr_constituent c;
	struct kr_rule *rules;
	size_t n;
	int err = kr_web__page_for(p, r, KR_RIGHT_REGISTER, reterr);

	if (!err)
		err = kr_access_check(p->v, KR_RIGHT_EVENTS, reterr);
	if (!err)
		err = kr_store_constituent_get(p->w->store, &p->scope, kr_http_param(r, "name"), 0,
					       p->a, &c, &rules, &n, reterr);
	if (err < 0)
		return err;
	v = kr_arena_calloc(p->a, 1, sizeof(*v));
	if (!v)
		return kr_fault_set(reterr, -KR_ELIMIT, "the page needs too much memory");
	*v = kr_access_operator(c.id, c.name);
	/* Who looks through other eyes sees no more than with his own. */
	v->tlp_max = p->scope.tlp_max;
	p->v = v;
	p->scope = kr_access_scope(v);
	p->view = c.name;
	p->events = kr_web__below(p, "/constituents", c.name, "/view");
	p->own_search = true;
	return 0;
}

/* Events of the span under a scope, of one constituent if it is named. */
static int rows_of(struct kr_page *p, const struct kr_scope *scope, struct kr_str constituent,
		   struct kr_counter_row *ret)
{
	struct kr_counter_query q = {.a = constituent.n ? KR_DIM_CONSTITUENT : KR_DIM_NONE,
				     .value_a = constituent,
				     .to = kr_time_day(p->now)};
	struct kr_counter_row *list;
	size_t n;
	int err;

	q.from = q.to - DAYS + 1;
	err = kr_store_counters(p->w->store, scope, &q, p->a, &list, &n, p->fault);
	*ret = (struct kr_counter_row){0};
	for (size_t i = 0; err >= 0 && i < n; i++) {
		ret->rows += list[i].rows;
		ret->events += list[i].events;
	}
	return KR_MIN(err, 0);
}

static void seen_cell(struct kr_web_table *t, bool seen)
{
	struct kr_page *p = t->p;

	kr_web__cell(t);
	kr_web__tag(p, seen ? "ok" : "warn", seen ? T(p, "yes") : T(p, "no"));
	kr_web__cell_end(t);
}

static void label_row(struct kr_web_table *t, enum kr_tlp label, uint64_t rows,
		      const struct kr_scope *mail)
{
	const struct kr_owner owner = {.constituent = t->p->v->constituent};

	kr_web__row(t);
	kr_web__cell(t);
	kr_web__tlp(t->p, label);
	kr_web__cell_end(t);
	kr_web__cell_count(t, rows);
	seen_cell(t, kr_scope_has(&t->p->scope, label, &owner, 1));
	seen_cell(t, kr_scope_has(mail, label, &owner, 1));
	kr_web__row_end(t);
}

/* What it owns, label by label, and whether it gets to know it. */
static int labels(struct kr_page *p)
{
	const struct kr_web_col cols[] = {{T(p, "Label"), NULL},
					  {T(p, "Events in 30 days"), "num"},
					  {T(p, "Seen on pages and by the API"), NULL},
					  {T(p, "Told by mail"), NULL}};
	const struct kr_recipient to = {.constituent = p->v->constituent,
					.constituent_name = p->view,
					.sink = KR_STR("mail")};
	const struct kr_viewer told = kr_recipient_viewer(&to);
	const struct kr_scope mail = kr_access_scope(&told);
	struct kr_viewer us = *p->who;
	struct kr_web_table t;
	uint64_t looser = 0;
	int err = 0;

	kr_web__table(p, &t, T(p, "Events that it owns, by label"), cols, KR_ARRAY_LEN(cols));
	for (int l = KR_TLP_CLEAR; !err && l <= KR_TLP_AMBER_STRICT; l++) {
		struct kr_counter_row all;
		struct kr_scope scope;

		if (p->who->tlp_max != KR_TLP_NONE && l > (int)p->who->tlp_max)
			break;
		us.tlp_max = (enum kr_tlp)l;
		scope = kr_access_scope(&us);
		err = rows_of(p, &scope, p->view, &all);
		if (!err)
			label_row(&t, (enum kr_tlp)l, all.rows - KR_MIN(looser, all.rows), &mail);
		looser = all.rows;
	}
	kr_web__table_end(&t);
	return err;
}

static void hidden_fields(struct kr_page *p)
{
	bool any = false;

	kr_html_open(&p->h, "p");
	kr_html_c(&p->h, T(p, "Fields that it does not see:"));
	for (int f = 1; f < KR_FIELD_MAX; f++) {
		if (kr_scope_field(&p->scope, (enum kr_field)f))
			continue;
		kr_html_c(&p->h, any ? ", " : " ");
		kr_html_el(&p->h, "code", kr_field_info((enum kr_field)f)->name_str);
		any = true;
	}
	kr_html_c(&p->h, any ? ", " : " ");
	kr_html_c(&p->h, T(p, "source, report, the raw record, and who else owns it."));
	kr_html_close(&p->h, "p");
}

static int withheld(struct kr_page *p)
{
	struct kr_counter_row own, seen;
	const struct kr_scope staff = kr_access_scope(p->who);
	int err = rows_of(p, &staff, p->view, &own);

	if (!err)
		err = rows_of(p, &p->scope, KR_STR(""), &seen);
	if (err)
		return err;
	kr_web__section(p, "withheld", T(p, "What is withheld from it"));
	kr_html_open(&p->h, "p");
	if (own.rows > seen.rows)
		kr_web__textf(p, T(p, "%s events of the last 30 days, by their label."),
			      kr_web__count_str(p, own.rows - seen.rows));
	else
		kr_html_c(&p->h, T(p, "No event of the last 30 days."));
	kr_html_c(&p->h, " ");
	kr_html_c(&p->h, T(p, "RED is in no count: it is for named persons only."));
	kr_html_close(&p->h, "p");
	err = labels(p);
	hidden_fields(p);
	kr_web__section_end(p);
	return err;
}

static int by_class(struct kr_page *p)
{
	const struct kr_web_col cols[] = {
		{T(p, "Class"), "name"}, {T(p, "Events"), "num"}, {T(p, "Times seen"), "num bars"}};
	struct kr_counter_query q = {.a = KR_DIM_CLASS, .to = kr_time_day(p->now)};
	struct kr_counter_row *rows;
	struct kr_web_table t;
	size_t n;
	int err;

	q.from = q.to - DAYS + 1;
	err = kr_store_counters(p->w->store, &p->scope, &q, p->a, &rows, &n, p->fault);
	if (err < 0 || !n)
		return KR_MIN(err, 0);
	kr_web__table(p, &t, T(p, "Its events of 30 days by class"), cols, KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n; i++) {
		kr_web__row(&t);
		kr_web__cell_str(&t, rows[i].value_a);
		kr_web__cell_count(&t, rows[i].rows);
		kr_web__cell_bar(&t, rows[i].events, rows[0].events);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
	return 0;
}

static int counters(struct kr_page *p)
{
	int32_t today = kr_time_day(p->now);
	struct kr_counter_query q = {.a = KR_DIM_NONE, .from = today - DAYS + 1, .to = today};
	struct kr_web_day *days;
	size_t n;
	int err = kr_web__days(p, &q, &days, &n);

	if (err)
		return err;
	kr_web__section(p, "by-day", T(p, "By day"));
	kr_web__chart(p, T(p, "Events that it sees by day of arrival (UTC)"), days, n);
	err = by_class(p);
	kr_web__section_end(p);
	return err;
}

int kr_web__view(struct kr_http_request *r, struct kr_http_reply *reply, struct kr_fault *reterr)
{
	struct kr_web_search s = {0};
	struct kr_fault f = {0};
	struct kr_page p;
	int bad, err = look_as(&p, r, reterr);

	if (err)
		return err;
	bad = kr_web__search_parse(&p, &s, &f);
	kr_web__page_begin(&p, KR_NAV_CONSTITUENTS,
			   kr_arena_printf(p.a, "%s: %.*s%s%.*s", T(&p, "What would it see"),
					   KR_STR_ARG(p.view), s.text.n ? ": " : "",
					   KR_STR_ARG(s.text)));
	if (!s.text.n && !s.cursor.n) {
		err = withheld(&p);
		if (!err)
			err = counters(&p);
	}
	if (!err)
		err = kr_web__search_show(&p, &s, bad, &f, reply);
	return kr_web__page_finish(&p, err, reply);
}

int kr_web__view_event(struct kr_http_request *r, struct kr_http_reply *reply,
		       struct kr_fault *reterr)
{
	struct kr_page p;
	int err = look_as(&p, r, reterr);

	return err ? err : kr_web__event_show(&p, reply);
}
