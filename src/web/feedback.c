/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page behind a link in a message: who has the link may answer for the rows of that message,
 * without a login and without JavaScript. Looking at it changes nothing, since scanners of mail
 * follow links; only the form does, by POST.
 */
#include "web/page.h"

#include <stdio.h>

#include "desk/feedback.h"
#include "web/pages.h"

#define ROWS_MAX 100 /* rows that have a choice of their own */

static const struct {
	enum kr_verdict verdict;
	const char *text;
} choices[] = {
	{KR_VERDICT_FIXED, N_("fixed")},
	{KR_VERDICT_FALSE_POSITIVE, N_("false alarm")},
	{KR_VERDICT_NOT_MINE, N_("not ours")},
};

/* What the recipient reads, in the recipient's language. */
#define M(page, text) kr_message((page)->lang, text)

struct listing {
	struct kr_page *p;
	struct kr_web_table t;
	struct kr_desk_mailing *m;
	size_t n;
};

/* ---- the form ---- */

static void choice(struct kr_page *p, const char *name, const char *label)
{
	struct kr_html *h = &p->h;

	kr_html_open(h, "select");
	kr_html_attr_c(h, "name", name);
	kr_html_attr_c(h, "aria-label", label);
	kr_html_open(h, "option");
	kr_html_attr_c(h, "value", "");
	kr_html_c(h, M(p, "no answer"));
	kr_html_close(h, "option");
	for (size_t i = 0; i < KR_ARRAY_LEN(choices); i++) {
		kr_html_open(h, "option");
		kr_html_attr_c(h, "value", kr_verdict_text(choices[i].verdict));
		kr_html_c(h, M(p, choices[i].text));
		kr_html_close(h, "option");
	}
	kr_html_close(h, "select");
}

static void field(struct kr_page *p, const struct kr_event *e, enum kr_field f)
{
	KR_AUTO_BUF b = KR_BUF(65536);
	const union kr_value *v = kr_event_get(e, f);

	if (v)
		kr_field_text(f, v, &b);
	kr_html_cut(&p->h, kr_buf_str(&b), KR_WEB_CELL_MAX);
}

/* The address, else the name, URL or account: what the row is about. */
static void place(struct kr_page *p, const struct kr_event *e)
{
	static const enum kr_field order[] = {KR_F_SRC_IP, KR_F_SRC_FQDN, KR_F_SRC_URL,
					      KR_F_SRC_NETWORK, KR_F_SRC_ACCOUNT};

	for (size_t i = 0; i < KR_ARRAY_LEN(order); i++)
		if (kr_event_has(e, order[i])) {
			field(p, e, order[i]);
			return;
		}
}

static bool list_row(void *ctx, struct kr_outbox_row *row, const struct kr_stored_event *ev)
{
	struct listing *l = ctx;
	char name[KR_EVENT_ID_TEXT_MAX + 4] = "v-";

	(void)row;
	if (!ev)
		return true;
	kr_stored_event_id(ev, name + 2);
	kr_web__row(&l->t);
	kr_web__cell(&l->t);
	kr_web__time(l->p, ev->e->first);
	kr_web__cell_end(&l->t);
	kr_web__cell(&l->t);
	place(l->p, ev->e);
	kr_web__cell_end(&l->t);
	kr_web__cell(&l->t);
	field(l->p, ev->e, KR_F_CLASS_TYPE);
	kr_html_c(&l->p->h, " ");
	field(l->p, ev->e, KR_F_MALWARE_NAME);
	kr_web__cell_end(&l->t);
	kr_web__cell(&l->t);
	choice(l->p, name, M(l->p, "Answer"));
	kr_web__cell_end(&l->t);
	kr_web__row_end(&l->t);
	return ++l->n < ROWS_MAX;
}

static int rows(struct kr_page *p, struct kr_desk_mailing *m)
{
	const struct kr_web_col cols[] = {{M(p, "First seen"), "time"},
					  {M(p, "Where"), "wide"},
					  {M(p, "What"), NULL},
					  {M(p, "Answer"), NULL}};
	struct listing l = {.p = p, .m = m};
	int r;

	kr_web__table(p, &l.t, M(p, "What you were told"), cols, KR_ARRAY_LEN(cols));
	r = kr_desk_mailing_each(p->w->store, m, list_row, &l, p->fault);
	kr_web__table_end(&l.t);
	if (r == 1 && m->n > ROWS_MAX) {
		kr_html_open(&p->h, "p");
		kr_html_printf(&p->h, M(p, "%zu rows in all; the answer for all of them is above."),
			       m->n);
		kr_html_close(&p->h, "p");
	}
	return KR_MIN(r, 0);
}

static void note_field(struct kr_page *p)
{
	struct kr_html *h = &p->h;

	kr_html_open(h, "p");
	kr_html_open(h, "label");
	kr_html_attr_c(h, "for", "note");
	kr_html_c(h, M(p, "What we should know (optional)"));
	kr_html_close(h, "label");
	kr_html_c(h, " ");
	kr_html_void(h, "input");
	kr_html_attr_c(h, "type", "text");
	kr_html_attr_c(h, "id", "note");
	kr_html_attr_c(h, "name", "note");
	kr_html_attr_u64(h, "maxlength", 500);
	kr_html_close(h, "p");
}

static int form(struct kr_page *p, struct kr_desk_mailing *m, struct kr_str token)
{
	struct kr_html *h = &p->h;
	int r;

	kr_html_open(h, "form");
	kr_html_attr_c(h, "method", "post");
	kr_html_url(h, KR_HTML_ACTION, KR_URL0(p, "/feedback", token));
	kr_html_open(h, "p");
	kr_html_open(h, "label");
	kr_html_c(h, M(p, "For all rows"));
	kr_html_c(h, " ");
	choice(p, "all", M(p, "For all rows"));
	kr_html_close(h, "label");
	kr_html_close(h, "p");
	r = rows(p, m);
	note_field(p);
	kr_html_open(h, "p");
	kr_html_open(h, "button");
	kr_html_attr_c(h, "type", "submit");
	kr_html_c(h, M(p, "Send the answer"));
	kr_html_close(h, "button");
	kr_html_close(h, "p");
	kr_html_close(h, "form");
	return r;
}

static void explain(struct kr_page *p, const struct kr_desk_mailing *m)
{
	char text[KR_TIME_TEXT_MAX];

	kr_web__facts(p);
	kr_web__fact_str(p, M(p, "Constituent"),
			 m->to.constituent_title.n ? m->to.constituent_title
						   : m->to.constituent_name);
	kr_web__fact(p, M(p, "Message"));
	kr_html_printf(&p->h, "%llu, %s", (unsigned long long)m->delivery,
		       kr_zone_text(m->zone, m->at, text));
	kr_web__fact_end(p);
	kr_web__facts_end(p);
	kr_html_el_c(&p->h, "p",
		     M(p, "Fixed: you are told again only when it is seen again. False alarm and "
			  "not ours: you are not told of the same thing for some time."));
}

/* The recipient's language, unless the reader asks for another one. */
static void use_language(struct kr_page *p, const struct kr_desk_mailing *m)
{
	if (!p->lang_asked)
		p->lang = m->lang;
}

static const struct kr_conf *settings(struct kr_page *p)
{
	return p->w->o.conf ? p->w->o.conf(p->w->o.conf_ctx) : NULL;
}

static int open_link(struct kr_page *p, const struct kr_conf *conf, struct kr_desk_mailing *m)
{
	if (!conf)
		return kr_fault_set(p->fault, -KR_ENOENT, "this node takes no answers by link");
	return kr_desk_link_open(p->w->store, conf, kr_http_param(p->r, "token"),
				 kr_str_c(p->r->client), p->a, m, p->fault);
}

int kr_web__feedback(struct kr_http_request *r, struct kr_http_reply *reply,
		     struct kr_fault *reterr)
{
	struct kr_desk_mailing m = {0};
	const struct kr_conf *conf;
	struct kr_page p;
	uint64_t done;
	int err;

	kr_web__page_init(&p, r, reterr);
	conf = settings(&p);
	err = open_link(&p, conf, &m);
	if (!err) {
		use_language(&p, &m);
		p.own_search = true;
		kr_web__page_begin(&p, KR_NAV_NONE, kr_str_c(M(&p, "Your answer")));
		done = kr_web__number(&p, "done", 1, 1000000, 0);
		if (done) {
			kr_web__box(&p, "note", M(&p, "Thank you"));
			kr_html_printf(&p.h,
				       kr_message_n(p.lang, "%llu answer is noted.",
						    "%llu answers are noted.", done),
				       (unsigned long long)done);
			kr_web__box_end(&p);
		}
		explain(&p, &m);
		err = form(&p, &m, kr_http_param(r, "token"));
	}
	err = kr_web__page_finish(&p, err, reply);
	kr_desk_mailing_done(&m);
	if (conf)
		kr_conf_unref(conf);
	return err;
}

/* ---- the answer ---- */

static int read_choices(struct kr_page *p, const struct kr_desk_mailing *m,
			struct kr_desk_choice *list, size_t *ret_n)
{
	size_t n = 0;

	for (size_t i = 0; i < p->r->n_form && n < ROWS_MAX; i++) {
		const struct kr_http_pair *f = &p->r->form[i];

		if (!kr_str_starts(f->name, KR_STR("v-")) || !f->value.n)
			continue;
		if (kr_verdict_parse(f->value, &list[n].verdict) ||
		    kr_store_event_id_parse(p->w->store, &m->scope, kr_str_from(f->name, 2),
					    &list[n].event))
			return kr_fault_set(p->fault, -KR_EINVAL,
					    "the form holds an answer that it never offered");
		n++;
	}
	*ret_n = n;
	return 0;
}

static int answer(struct kr_page *p, const struct kr_conf *conf, struct kr_desk_mailing *m,
		  uint64_t *ret)
{
	struct kr_str all = kr_http_field(p->r, "all");
	struct kr_desk_choice *list = kr_arena_calloc(p->a, ROWS_MAX, sizeof(*list));
	struct kr_desk_answers x = {.choices = list, .note = kr_http_field(p->r, "note")};
	int err;

	if (!list)
		return kr_fault_set(p->fault, -KR_ELIMIT, "no room for the answer");
	if (all.n && kr_verdict_parse(all, &x.all))
		return kr_fault_set(p->fault, -KR_EINVAL,
				    "the form holds an answer that it never offered");
	err = read_choices(p, m, list, &x.n);
	return err ? err : kr_desk_link_answer(p->w->store, conf, m, &x, ret, p->fault);
}

int kr_web__feedback_post(struct kr_http_request *r, struct kr_http_reply *reply,
			  struct kr_fault *reterr)
{
	struct kr_desk_mailing m = {0};
	const struct kr_conf *conf;
	struct kr_page p;
	uint64_t n = 0;
	int err;

	kr_web__page_init(&p, r, reterr);
	conf = settings(&p);
	err = open_link(&p, conf, &m);
	if (!err)
		err = kr_http_form(r, reterr);
	if (!err)
		err = answer(&p, conf, &m, &n);
	kr_desk_mailing_done(&m);
	if (conf)
		kr_conf_unref(conf);
	kr_buf_done(&p.h.b);
	if (err)
		return err;
	/* By GET again, so that reloading the page sends nothing twice. */
	reply->status = 303;
	reply->type = "text/plain; charset=utf-8";
	reply->body = KR_BUF(64);
	kr_buf_c(&reply->body, "see the page\n");
	kr_http_reply_header(reply, "Location",
			     KR_URL(&p, "/feedback", kr_http_param(r, "token"),
				    {KR_STR("done"), kr_web__str_u64(&p, n)})
				     .p);
	return 0;
}
