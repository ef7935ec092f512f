/* SPDX-License-Identifier: Apache-2.0 */
/* On the page of a constituent: whom we tell for it, how and when, what was sent, what it answered.
 */
#include "web/told.h"

#define RECIPIENTS_SHOWN 50
#define DELIVERIES_SHOWN 10
#define ANSWERS_SHOWN	 10

static int recipients(struct kr_page *p, const struct kr_conf *conf, const struct kr_constituent *c)
{
	struct kr_recipient_query q = {.constituent = c->id, .limit = RECIPIENTS_SHOWN};
	struct kr_recipient *list;
	size_t n;
	int err = kr_store_recipient_list(p->w->store, &p->scope, &q, p->a, &list, &n, p->fault);

	if (err)
		return err;
	kr_web__section(p, "recipients", T(p, "Who is told"));
	if (n)
		kr_web__recipient_table(
			p, conf, T(p, "Recipients, and what keeps them from being told"), list, n);
	else
		kr_web__empty(
			p, T(p, "Nobody: its events are stored, and nobody hears of them."),
			kr_web__format(p, "karaula recipient add %s abuse@example.org", c->name));
	if (n == RECIPIENTS_SHOWN)
		kr_html_el_c(&p->h, "p", T(p, "There may be more than are shown here."));
	kr_web__section_end(p);
	return 0;
}

static int deliveries(struct kr_page *p, const struct kr_constituent *c)
{
	struct kr_delivery_query q = {.constituent = c->id, .limit = DELIVERIES_SHOWN};
	struct kr_delivery *list;
	size_t n;
	int err = kr_store_delivery_list(p->w->store, &p->scope, &q, p->a, &list, &n, p->fault);

	if (err)
		return err;
	kr_web__section(p, "deliveries", T(p, "What was sent"));
	if (n) {
		kr_web__delivery_table_of(p, T(p, "Newest messages to it"), list, n, false);
		kr_web__more(p,
			     KR_URL(p, "/deliveries", KR_STR(""), {KR_STR("constituent"), c->name}),
			     T(p, "All messages to it"));
	} else {
		kr_web__empty(p, T(p, "No message was packed for it yet."),
			      kr_web__format(p, "karaula delivery run --dry-run --constituent %s",
					     c->name));
	}
	kr_web__section_end(p);
	return 0;
}

static int answers(struct kr_page *p, const struct kr_constituent *c)
{
	struct kr_feedback_query q = {.constituent = c->id, .limit = ANSWERS_SHOWN};
	struct kr_feedback *list;
	size_t n;
	int err = kr_store_feedback_list(p->w->store, &p->scope, &q, p->a, &list, &n, p->fault);

	if (err || !n)
		return err;
	kr_web__section(p, "answers", T(p, "What it answered"));
	kr_web__answer_table(p, T(p, "Newest answers"), list, n, true);
	kr_web__section_end(p);
	return 0;
}

int kr_web__constituent_told(struct kr_page *p, const struct kr_constituent *c)
{
	const struct kr_conf *conf;
	int err = kr_web__conf(p, &conf);

	if (err)
		return err;
	err = recipients(p, conf, c);
	if (!err && kr_web__can(p, KR_RIGHT_DELIVERIES))
		err = deliveries(p, c);
	if (!err && kr_web__can(p, KR_RIGHT_DELIVERIES))
		err = answers(p, c);
	kr_conf_unref(conf);
	return err;
}
