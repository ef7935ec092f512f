/* SPDX-License-Identifier: Apache-2.0 */
/* /suppressions: what is not told, why, and until when; to add and end such rules. */
#include "web/told.h"

#include "model/expr.h"
#include "web/form.h"
#include "web/pages.h"

#define EXPIRES_MAX (36500 * KR_DAY)

static const char *const done_words[] = {
	"added",   N_("The rule holds; what waits is looked at again before it is sent."),
	"removed", N_("The rule has ended."),
	NULL,
};

static void remove_cell(struct kr_web_table *t, const struct kr_suppression *x)
{
	struct kr_page *p = t->p;
	const char *base = kr_web__below(p, "/suppressions", kr_web__str_u64(p, x->id), "/remove");

	kr_web__cell(t);
	kr_web__form(p, KR_URL0(p, base, KR_STR("")), "inline");
	kr_html_open(&p->h, "button");
	kr_html_attr(&p->h, "aria-label", kr_arena_printf(p->a, "%s %u", T(p, "End rule"), x->id));
	kr_html_c(&p->h, T(p, "End"));
	kr_html_close(&p->h, "button");
	kr_web__form_end(p);
	kr_web__cell_end(t);
}

static void until_cell(struct kr_web_table *t, const struct kr_suppression *x)
{
	struct kr_page *p = t->p;

	kr_web__cell(t);
	if (x->expires == KR_TIME_NONE)
		kr_html_c(&p->h, T(p, "for good"));
	else
		kr_web__time(p, x->expires);
	if (x->expires != KR_TIME_NONE && x->expires <= p->now) {
		kr_html_c(&p->h, " ");
		kr_web__tag(p, "plain", T(p, "ended"));
	}
	kr_web__cell_end(t);
}

static void table(struct kr_page *p, const struct kr_suppression *list, size_t n)
{
	const struct kr_web_col cols[] = {
		{T(p, "Rule"), NULL},	  {T(p, "Not told"), "wide"}, {T(p, "Constituent"), "name"},
		{T(p, "Reason"), "wide"}, {T(p, "By"), NULL},	      {T(p, "Since"), "time"},
		{T(p, "Until"), "time"},  {T(p, "End it"), NULL},
	};
	bool may = kr_web__can(p, KR_RIGHT_DELIVER);
	struct kr_web_table t;

	kr_web__table(p, &t, T(p, "Rules by which events are not told"), cols,
		      KR_ARRAY_LEN(cols) - !may);
	for (size_t i = 0; i < n; i++) {
		const struct kr_suppression *x = &list[i];

		kr_web__row(&t);
		kr_web__cell_str(&t, kr_web__str_u64(p, x->id));
		kr_web__cell(&t);
		kr_web__link_events(p, x->expr, x->expr);
		kr_web__cell_end(&t);
		kr_web__cell_str(&t, x->constituent ? x->constituent_name : kr_str_c(T(p, "all")));
		kr_web__cell_str(&t, x->reason);
		kr_web__cell_str(&t, x->by);
		kr_web__cell(&t);
		kr_web__time(p, x->created);
		kr_web__cell_end(&t);
		until_cell(&t, x);
		if (may)
			remove_cell(&t, x);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
}

static void add_form(struct kr_page *p)
{
	const struct kr_web_input inputs[] = {
		{.name = "expr",
		 .label = T(p, "Expression"),
		 .hint = T(p, "What is not told, for example ip:198.51.100.7 type:scanner"),
		 .required = true,
		 .max = KR_WEB_QUERY_TEXT_MAX},
		{.name = "constituent",
		 .label = T(p, "Only for this constituent"),
		 .hint = T(p, "Empty: for all."),
		 .max = KR_WEB_CELL_MAX},
		{.name = "reason",
		 .label = T(p, "Why"),
		 .hint = T(p, "For whoever asks later."),
		 .required = true,
		 .max = 1000},
		{.name = "expires",
		 .label = T(p, "Until"),
		 .hint = T(p, "A span as 30d, a time as 2026-12-24, or never."),
		 .max = 40},
	};

	if (!kr_web__can(p, KR_RIGHT_DELIVER))
		return;
	kr_web__section(p, "add", T(p, "Add a rule"));
	kr_html_el_c(&p->h, "p",
		     T(p,
		       "Events stay stored and are found; they are only not told. See first what "
		       "an expression finds: search for it."));
	kr_web__form(p, KR_URL0(p, "/suppressions", KR_STR("")), "card");
	for (size_t i = 0; i < KR_ARRAY_LEN(inputs); i++) {
		struct kr_web_input x = inputs[i];

		x.value = kr_web__field(p, x.name);
		kr_web__input(p, &x);
	}
	kr_web__submit(p, T(p, "Do not tell it"));
	kr_web__form_end(p);
	kr_web__section_end(p);
}

static int page(struct kr_page *p, const struct kr_fault *f, struct kr_http_reply *reply)
{
	struct kr_suppression *list;
	size_t n;
	int err = kr_store_suppression_list(p->w->store, p->a, &list, &n, p->fault);

	if (err)
		return err;
	kr_web__page_begin(p, KR_NAV_DELIVERIES, kr_str_c(T(p, "Suppression rules")));
	kr_web__done(p, done_words);
	kr_web__problem(p, f);
	if (n)
		table(p, list, KR_MIN(n, (size_t)KR_WEB_LIST_MAX));
	else
		kr_web__empty(p, T(p, "Nothing is suppressed."),
			      "karaula suppression add EXPR --reason TEXT");
	if (n > KR_WEB_LIST_MAX)
		kr_web__empty(p, T(p, "There are more; this lists all of them:"),
			      "karaula suppression list");
	add_form(p);
	return kr_web__page_finish(p, 0, reply);
}

int kr_web__suppressions(struct kr_http_request *r, struct kr_http_reply *reply,
			 struct kr_fault *reterr)
{
	const struct kr_fault none = {0};
	struct kr_page p;
	/* Rules are not of one constituent, so they are for the team. */
	int err = kr_web__page_for(&p, r, KR_RIGHT_REGISTER, reterr);

	return err ? err : page(&p, &none, reply);
}

/* ---- changes ---- */

static int read_expires(struct kr_page *p, struct kr_str s, kr_time *ret, struct kr_fault *f)
{
	int64_t span;

	*ret = KR_TIME_NONE;
	if (!s.n || kr_str_eqc(s, "never"))
		return 0;
	if (!kr_span_parse(s, &span) && span > 0 && span <= EXPIRES_MAX) {
		*ret = p->now + span;
		return 0;
	}
	if (!kr_time_parse(s, ret))
		return 0;
	kr_fault_set(f, -KR_EINVAL, "'%.*s' is no end", (int)KR_MIN(s.n, (size_t)60), s.p);
	kr_fault_remedy(f, "write a span as 30d, a time as 2026-12-24, or never");
	return -KR_EINVAL;
}

static int add(struct kr_page *p, struct kr_fault *f)
{
	struct kr_expr_opts opts = {.now = p->now, .may_name = kr_scope_may_name, .ctx = &p->scope};
	struct kr_suppression x = {.expr = kr_web__field(p, "expr"),
				   .reason = kr_web__field(p, "reason")};
	struct kr_str whose = kr_web__field(p, "constituent");
	struct kr_by by = kr_by_viewer(p->who, p->a);
	struct kr_constituent c;
	struct kr_expr *parsed;
	struct kr_rule *rules;
	uint32_t id;
	size_t n;
	int err = kr_expr_parse(x.expr, &opts, p->a, &parsed, f);

	if (!err)
		err = read_expires(p, kr_web__field(p, "expires"), &x.expires, f);
	if (!err && whose.n)
		err = kr_store_constituent_get(p->w->store, &p->scope, whose, 0, p->a, &c, &rules,
					       &n, f);
	if (!err && whose.n)
		x.constituent = c.id;
	return err ? err : kr_store_suppression_put(p->w->store, &by, &x, &id, f);
}

static int finish(struct kr_page *p, int err, const struct kr_fault *f, const char *word,
		  struct kr_http_reply *reply)
{
	if (!err) {
		kr_web__see_other(
			p, reply,
			KR_URL(p, "/suppressions", KR_STR(""), {KR_STR("done"), kr_str_c(word)}));
		return 0;
	}
	reply->status = (unsigned)kr_err_http(err);
	return page(p, f, reply);
}

int kr_web__suppression_add(struct kr_http_request *r, struct kr_http_reply *reply,
			    struct kr_fault *reterr)
{
	struct kr_fault f = {0};
	struct kr_page p;
	int err = kr_web__page_for(&p, r, KR_RIGHT_DELIVER, reterr);

	if (!err)
		err = kr_web__form_read(&p, reterr);
	if (err)
		return err;
	err = add(&p, &f);
	return finish(&p, err, &f, "added", reply);
}

int kr_web__suppression_remove(struct kr_http_request *r, struct kr_http_reply *reply,
			       struct kr_fault *reterr)
{
	struct kr_fault f = {0};
	struct kr_page p;
	struct kr_by by;
	uint64_t id;
	int err = kr_web__page_for(&p, r, KR_RIGHT_DELIVER, reterr);

	if (!err)
		err = kr_web__form_read(&p, reterr);
	if (!err && (kr_str_u64(kr_http_param(r, "id"), &id) || id > UINT32_MAX))
		err = kr_fault_set(reterr, -KR_ENOENT, "a suppression rule has a number");
	if (err)
		return err;
	by = kr_by_viewer(p.who, p.a);
	/* One that another officer ended meanwhile is told. */
	err = kr_store_suppression_remove(p.w->store, &by, (uint32_t)id, &f);
	return finish(&p, err, &f, "removed", reply);
}
