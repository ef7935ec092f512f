/* SPDX-License-Identifier: Apache-2.0 */
/* /deliveries: what was sent, what waits, what was given up; newest first. */
#include "web/told.h"

#include "web/pages.h"

static struct kr_str state_name(enum kr_delivery_state st)
{
	return st ? kr_str_c(kr_delivery_state_text(st)) : KR_STR("");
}

static void state_choice(struct kr_page *p, enum kr_delivery_state now, struct kr_str constituent)
{
	struct kr_html *h = &p->h;

	kr_html_open(h, "nav");
	kr_html_attr_c(h, "class", "choice");
	kr_html_attr_c(h, "aria-label", T(p, "State"));
	kr_html_open(h, "ul");
	for (int s = 0; s <= KR_DELIVERY_EMPTY; s++) {
		enum kr_delivery_state st = (enum kr_delivery_state)s;

		kr_html_open(h, "li");
		kr_html_open(h, "a");
		kr_html_url(h, KR_HTML_HREF,
			    KR_URL(p, "/deliveries", KR_STR(""), {KR_STR("state"), state_name(st)},
				   {KR_STR("constituent"), constituent}));
		if (st == now)
			kr_html_attr_c(h, "aria-current", "true");
		kr_html_c(h, st ? kr_web__delivery_word(p, st) : T(p, "all"));
		kr_html_close(h, "a");
		kr_html_close(h, "li");
	}
	kr_html_close(h, "ul");
	kr_html_close(h, "nav");
}

static void constituent_form(struct kr_page *p, enum kr_delivery_state st,
			     struct kr_str constituent)
{
	struct kr_html *h = &p->h;

	kr_html_open(h, "form");
	kr_html_attr_c(h, "class", "search");
	kr_html_attr_c(h, "method", "get");
	kr_html_url(h, KR_HTML_ACTION, KR_STR("/deliveries"));
	kr_html_open(h, "label");
	kr_html_attr_c(h, "for", "f-constituent");
	kr_html_c(h, T(p, "Only of this constituent"));
	kr_html_close(h, "label");
	kr_html_open(h, "div");
	kr_html_attr_c(h, "class", "search-row");
	kr_html_void(h, "input");
	kr_html_attr_c(h, "type", "search");
	kr_html_attr_c(h, "id", "f-constituent");
	kr_html_attr_c(h, "name", "constituent");
	kr_html_attr(h, "value", constituent);
	kr_html_attr_c(h, "autocomplete", "off");
	kr_html_attr_c(h, "spellcheck", "false");
	kr_html_attr_u64(h, "maxlength", KR_WEB_CELL_MAX);
	if (st) {
		kr_html_void(h, "input");
		kr_html_attr_c(h, "type", "hidden");
		kr_html_attr_c(h, "name", "state");
		kr_html_attr(h, "value", state_name(st));
	}
	kr_web__keep_lang(p);
	kr_html_open(h, "button");
	kr_html_c(h, T(p, "Show"));
	kr_html_close(h, "button");
	kr_html_close(h, "div");
	kr_html_close(h, "form");
}

static void list_part(struct kr_page *p, const struct kr_delivery_query *q,
		      struct kr_str constituent, const struct kr_delivery *list, size_t n)
{
	size_t shown = KR_MIN(n, (size_t)q->limit - 1);
	bool staff = kr_web__can(p, KR_RIGHT_REGISTER);

	kr_web__section(p, "list", T(p, "Messages"));
	state_choice(p, q->state, constituent);
	if (staff)
		constituent_form(p, q->state, constituent);
	if (n)
		kr_web__delivery_table_of(p, T(p, "Messages to owners, newest first"), list, shown,
					  staff);
	else if (q->state || q->constituent || q->before)
		kr_web__empty(p, T(p, "There is no such delivery."), NULL);
	else
		kr_web__empty(p,
			      T(p, "Nothing was packed yet. What would be told, and by which "
				   "rule:"),
			      staff ? "karaula delivery run --dry-run" : NULL);
	if (n > shown)
		kr_web__more(p,
			     KR_URL(p, "/deliveries", KR_STR(""),
				    {KR_STR("state"), state_name(q->state)},
				    {KR_STR("constituent"), constituent},
				    {KR_STR("before"), kr_web__str_u64(p, list[shown - 1].id)}),
			     T(p, "Older deliveries"));
	kr_web__section_end(p);
	if (staff)
		kr_web__more(p, KR_URL0(p, "/suppressions", KR_STR("")),
			     T(p, "Suppression rules: what is not told"));
}

/* The number of a constituent by its name; of one that there is not, a number that none has. */
static int find(struct kr_page *p, struct kr_str name, uint32_t *ret)
{
	struct kr_constituent c;
	struct kr_rule *rules;
	size_t n;
	int err;

	*ret = 0;
	if (!name.n)
		return 0;
	err = kr_store_constituent_get(p->w->store, &p->scope, name, 0, p->a, &c, &rules, &n,
				       p->fault);
	*ret = err ? UINT32_MAX : c.id;
	return err == -KR_ENOENT ? 0 : err;
}

static int page(struct kr_page *p, const struct kr_conf *conf, struct kr_http_reply *reply)
{
	struct kr_str constituent = kr_str_trim(kr_http_query(p->r, "constituent"));
	struct kr_delivery_query q = {0};
	struct kr_delivery *list;
	size_t n;
	int err;

	if (!kr_web__can(p, KR_RIGHT_REGISTER))
		constituent = KR_STR("");
	if (kr_delivery_state_parse(kr_http_query(p->r, "state"), &q.state))
		q.state = 0; /* no state, or none that there is: all */
	q.before = kr_web__number(p, "before", 1, INT64_MAX, 0);
	/* One more than is shown tells whether there are older ones. */
	q.limit = (uint32_t)kr_web__number(p, "limit", 1, KR_WEB_LIST_MAX, KR_WEB_LIST_DEFAULT) + 1;
	err = find(p, constituent, &q.constituent);
	if (!err)
		err = kr_store_delivery_list(p->w->store, &p->scope, &q, p->a, &list, &n, p->fault);
	if (err)
		return err;
	kr_web__page_begin(p, KR_NAV_DELIVERIES, kr_str_c(T(p, "Deliveries")));
	if (!q.state && !q.before && !q.constituent)
		err = kr_web__waiting(p, conf);
	if (!err)
		list_part(p, &q, constituent, list, n);
	return kr_web__page_finish(p, err, reply);
}

int kr_web__deliveries(struct kr_http_request *r, struct kr_http_reply *reply,
		       struct kr_fault *reterr)
{
	const struct kr_conf *conf;
	struct kr_page p;
	int err = kr_web__page_for(&p, r, KR_RIGHT_DELIVERIES, reterr);

	if (!err)
		err = kr_web__conf(&p, &conf);
	if (err)
		return err;
	err = page(&p, conf, reply);
	kr_conf_unref(conf);
	return err;
}
