/* SPDX-License-Identifier: Apache-2.0 */
/* /rules: what is done to events on their way in. */
#include "desk/intake.h"

#include "web/page.h"
#include "web/pages.h"

static void table(struct kr_page *p, const struct kr_intake_rule *list, size_t n)
{
	const struct kr_web_col cols[] = {
		{T(p, "Rule"), NULL},		{T(p, "Position"), "num"}, {T(p, "Events"), "wide"},
		{T(p, "What is done"), "wide"}, {T(p, "Source"), "name"},  {T(p, "Note"), "wide"},
		{T(p, "Changed"), "time"},
	};
	struct kr_web_table t;

	kr_web__table(p, &t, T(p, "Rules, in the order in which they are applied"), cols,
		      KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n; i++) {
		const struct kr_intake_rule *x = &list[i];

		kr_web__row(&t);
		kr_web__cell(&t);
		kr_html_u64(&p->h, x->id);
		if (!x->enabled) {
			kr_html_c(&p->h, " ");
			kr_web__tag(p, "plain", T(p, "disabled"));
		}
		kr_web__cell_end(&t);
		kr_web__cell_count(&t, x->position);
		kr_web__cell(&t);
		kr_web__link_events(p, x->expr, x->expr.n ? x->expr : kr_str_c(T(p, "all")));
		kr_web__cell_end(&t);
		kr_web__cell_str(&t, kr_desk_intake_action(x, p->a));
		kr_web__cell(&t);
		if (x->source)
			kr_web__link(p, KR_URL0(p, "/sources", x->source_name), x->source_name);
		else
			kr_html_c(&p->h, T(p, "all"));
		kr_web__cell_end(&t);
		kr_web__cell_str(&t, x->note);
		kr_web__cell(&t);
		kr_web__time(p, x->changed);
		kr_web__cell_end(&t);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
}

int kr_web__intake(struct kr_http_request *r, struct kr_http_reply *reply, struct kr_fault *reterr)
{
	struct kr_intake_rule *list;
	struct kr_page p;
	size_t n;
	int err = kr_web__page_for(&p, r, KR_RIGHT_REPORTS, reterr);

	if (!err)
		err = kr_store_intake_list(p.w->store, p.a, &list, &n, reterr);
	if (err)
		return err;
	kr_web__page_begin(&p, KR_NAV_SOURCES, kr_str_c(T(&p, "Rules for events on their way in")));
	if (n)
		table(&p, list, KR_MIN(n, (size_t)KR_WEB_LIST_MAX));
	else
		kr_web__empty(&p,
			      T(&p, "There is no rule: every event is stored as it came. What one "
				    "would change:"),
			      "karaula rule test EXPR --action drop");
	if (n > KR_WEB_LIST_MAX)
		kr_web__empty(&p, T(&p, "There are more; this lists all of them:"),
			      "karaula rule list");
	return kr_web__page_finish(&p, 0, reply);
}
