/* SPDX-License-Identifier: Apache-2.0 */
/* /deliveries/ID: one message, what became of it, which rows by which rule, and its very text. */
#include "web/told.h"

#include <stdlib.h>

#include "render/digest.h"
#include "web/events.h"
#include "web/form.h"
#include "web/pages.h"
#include "web/rules.h"

#define ROWS_SHOWN 100
#define RULES_MAX  50

static const char *const done_words[] = {
	"retry", N_("It is sent again, as soon as its sink is switched on and free."),
	"drop",	 N_("It is dropped: it is not sent."),
	NULL,
};

/* ---- what became of it ---- */

static void fact_time(struct kr_page *p, const char *name, kr_time t)
{
	if (t == KR_TIME_NONE || !t)
		return;
	kr_web__fact(p, name);
	kr_web__time(p, t);
	kr_web__fact_end(p);
}

static bool waits(const struct kr_delivery *d)
{
	return d->state == KR_DELIVERY_QUEUED || d->state == KR_DELIVERY_RETRY;
}

static void facts(struct kr_page *p, const struct kr_delivery *d)
{
	static const struct kr_hash none;
	char hash[KR_HASH_SIZE * 2 + 1];

	kr_web__facts(p);
	kr_web__fact(p, T(p, "State"));
	kr_web__delivery_state(p, d->state);
	kr_web__fact_end(p);
	kr_web__fact_str(p, T(p, "Reason"), d->reason);
	kr_web__fact(p, T(p, "Constituent"));
	if (kr_web__can(p, KR_RIGHT_REGISTER))
		kr_web__link(p, KR_URL0(p, "/constituents", d->constituent), d->constituent);
	else
		kr_html_text(&p->h, d->constituent);
	kr_web__fact_end(p);
	kr_web__fact(p, T(p, "Recipient"));
	kr_web__recipient_name(p, d->recipient, d->sink, d->address);
	kr_web__fact_end(p);
	kr_web__fact(p, T(p, "Rows"));
	kr_web__count(p, d->rows);
	kr_web__fact_end(p);
	kr_web__fact(p, T(p, "Attempts"));
	kr_web__count(p, d->attempts);
	kr_web__fact_end(p);
	fact_time(p, T(p, "Packed"), d->created);
	if (waits(d))
		fact_time(p, T(p, "Due"), d->due);
	fact_time(p, T(p, "Sent"), d->sent);
	fact_time(p, T(p, "Came back"), d->bounced);
	kr_web__fact_str(p, T(p, "Message id"), d->message_id);
	if (d->size) {
		kr_web__fact(p, T(p, "Size"));
		kr_web__bytes(p, d->size);
		kr_web__fact_end(p);
	}
	if (memcmp(&d->hash, &none, sizeof(none))) {
		kr_web__fact(p, T(p, "Hash of what was sent (BLAKE2b-256)"));
		kr_html_el_c(&p->h, "code", kr_hash_text(&d->hash, hash));
		kr_web__fact_end(p);
	}
	kr_web__facts_end(p);
}

static void warnings(struct kr_page *p, const struct kr_conf *conf, const struct kr_delivery *d)
{
	if (d->state == KR_DELIVERY_DOUBT) {
		kr_web__box(p, "warning", T(p, "Nobody knows whether it was sent"));
		kr_html_el_c(&p->h, "p",
			     T(p, "The node stopped while it was being sent. Look into the log of "
				  "the mail server, or ask the recipient; then send it again, or "
				  "drop it."));
		kr_web__box_end(p);
	}
	if (!waits(d) || kr_desk_sink_on(conf, d->sink))
		return;
	kr_web__box(p, "warning",
		    kr_web__format(p, T(p, "Switched off: %s"),
				   kr_str_c(kr_web__sink_word(p, d->sink))));
	kr_html_open(&p->h, "p");
	kr_html_c(&p->h, T(p, "It waits until this is in the configuration:"));
	kr_html_c(&p->h, " ");
	kr_html_el_c(&p->h, "code", kr_web__sink_setting(d->sink));
	kr_html_close(&p->h, "p");
	kr_web__box_end(p);
}

static void decide_form(struct kr_page *p, const struct kr_delivery *d, const char *what,
			const char *name, const char *button)
{
	const char *base = kr_web__below(p, "/deliveries", kr_web__str_u64(p, d->id), what);

	kr_web__form(p, KR_URL0(p, base, KR_STR("")), "card");
	kr_web__input(p, &(struct kr_web_input){.name = name,
						.label = T(p, "Why (for the audit log)"),
						.value = kr_web__field(p, name)});
	kr_web__submit(p, button);
	kr_web__form_end(p);
}

static void decisions(struct kr_page *p, const struct kr_delivery *d)
{
	bool retry = d->state == KR_DELIVERY_RETRY || d->state == KR_DELIVERY_FAILED ||
		     d->state == KR_DELIVERY_DOUBT || d->state == KR_DELIVERY_DROPPED;
	bool drop = waits(d) || d->state == KR_DELIVERY_FAILED || d->state == KR_DELIVERY_DOUBT;

	if (!kr_web__can(p, KR_RIGHT_DELIVER) || (!retry && !drop))
		return;
	kr_web__section(p, "decide", T(p, "Decide"));
	kr_html_open(&p->h, "div");
	kr_html_attr_c(&p->h, "class", "columns");
	if (retry)
		decide_form(p, d, "/retry", "retry", T(p, "Send it again"));
	if (drop)
		decide_form(p, d, "/drop", "drop", T(p, "Do not send it"));
	kr_html_close(&p->h, "div");
	kr_web__section_end(p);
}

/* ---- its rows ---- */

struct tally {
	uint32_t rule;
	uint64_t rows;
	struct kr_rule r;
};

static int by_rows(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;

	return x->rows != y->rows ? (x->rows < y->rows ? 1 : -1)
				  : (x->rule > y->rule) - (x->rule < y->rule);
}

/* Rules by which these rows are theirs; `other` counts rows of rules beyond the first RULES_MAX. */
static size_t rules_of(struct kr_page *p, const struct kr_desk_mailing *m, struct tally *list,
		       uint64_t *other)
{
	size_t n = 0;

	*other = 0;
	for (size_t i = 0; i < m->n; i++) {
		size_t k = 0;

		while (k < n && list[k].rule != m->rows[i].rule)
			k++;
		if (k == n && n < RULES_MAX) {
			list[n++] = (struct tally){.rule = m->rows[i].rule};
			if (kr_store_rule_get(p->w->store, m->rows[i].rule, p->a, &list[k].r, NULL))
				list[k].r = (struct kr_rule){0};
		}
		if (k < n)
			list[k].rows++;
		else
			++*other;
	}
	qsort(list, n, sizeof(*list), by_rows);
	return n;
}

static void rule_text(struct kr_page *p, const struct kr_rule *r)
{
	if (r->value.n)
		kr_web__rule(p, r);
	else
		kr_html_c(&p->h, T(p, "a rule that is gone"));
}

static void rule_table(struct kr_page *p, const struct tally *list, size_t n, uint64_t other)
{
	const struct kr_web_col cols[] = {{T(p, "Rule"), "wide"}, {T(p, "Rows"), "num bars"}};
	struct kr_web_table t;

	kr_web__table(p, &t, T(p, "By which rule of the register these rows are theirs"), cols,
		      KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n; i++) {
		kr_web__row(&t);
		kr_web__cell(&t);
		rule_text(p, &list[i].r);
		kr_web__cell_end(&t);
		kr_web__cell_bar(&t, list[i].rows, list[0].rows);
		kr_web__row_end(&t);
	}
	if (other) {
		kr_web__row(&t);
		kr_web__cell_str(&t, kr_str_c(T(p, "other rules")));
		kr_web__cell_bar(&t, other, list[0].rows);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
}

struct listing {
	struct kr_page *p;
	struct kr_web_table t;
	const struct tally *rules;
	size_t n_rules;
	bool staff;
};

static void event_cells(struct listing *x, const struct kr_outbox_row *row,
			const struct kr_stored_event *ev)
{
	struct kr_page *p = x->p;
	char id[KR_EVENT_ID_TEXT_MAX];

	kr_store_event_id_text(p->w->store, &p->scope, &row->event, id);
	kr_web__cell(&x->t);
	if (ev)
		kr_web__link(p, KR_URL0(p, "/events", kr_str_c(id)), kr_str_c(id));
	else
		kr_html_c(&p->h, T(p, "gone, or may not be told any more"));
	kr_web__cell_end(&x->t);
	kr_web__cell(&x->t);
	kr_web__time(p, ev ? ev->e->last : KR_TIME_NONE);
	kr_web__cell_end(&x->t);
	kr_web__cell_str(&x->t, ev ? kr_web__field_text(p, ev->e, KR_F_CLASS_TYPE) : KR_STR(""));
	kr_web__cell_str(&x->t, ev ? kr_web__field_text(p, ev->e, KR_F_SRC_IP) : KR_STR(""));
	kr_web__cell(&x->t);
	if (ev)
		kr_web__tlp(p, ev->e->label);
	kr_web__cell_end(&x->t);
}

static bool list_row(void *ctx, struct kr_outbox_row *row, const struct kr_stored_event *ev)
{
	struct listing *x = ctx;

	kr_web__row(&x->t);
	event_cells(x, row, ev);
	if (x->staff) {
		size_t k = 0;

		while (k < x->n_rules && x->rules[k].rule != row->rule)
			k++;
		kr_web__cell(&x->t);
		if (k < x->n_rules)
			rule_text(x->p, &x->rules[k].r);
		kr_web__cell_end(&x->t);
	}
	kr_web__row_end(&x->t);
	return true;
}

static int rows(struct kr_page *p, struct kr_desk_mailing *m)
{
	struct listing x = {.p = p, .staff = kr_web__can(p, KR_RIGHT_REGISTER)};
	const struct kr_web_col cols[] = {{T(p, "Event"), "name"}, {T(p, "Last seen"), "time"},
					  {T(p, "What"), NULL},	   {T(p, "Address"), NULL},
					  {T(p, "Label"), NULL},   {T(p, "Rule"), "wide"}};
	struct tally *list = kr_arena_calloc(p->a, RULES_MAX, sizeof(*list));
	struct kr_desk_mailing first = *m;
	uint64_t other = 0;
	int err;

	if (!m->n)
		return 0;
	if (!list)
		return kr_fault_set(p->fault, -KR_ELIMIT, "the page needs too much memory");
	kr_web__section(p, "rows", T(p, "Its rows"));
	x.n_rules = x.staff ? rules_of(p, m, list, &other) : 0;
	x.rules = list;
	if (x.n_rules)
		rule_table(p, list, x.n_rules, other);
	kr_web__table(p, &x.t,
		      m->n > ROWS_SHOWN ? kr_web__format(p, T(p, "The first of %s rows"),
							 kr_web__count_str(p, m->n))
					: T(p, "Rows of this message"),
		      cols, KR_ARRAY_LEN(cols) - !x.staff);
	first.n = KR_MIN(m->n, (size_t)ROWS_SHOWN);
	err = kr_desk_mailing_each(p->w->store, &first, list_row, &x, p->fault);
	kr_web__table_end(&x.t);
	kr_web__section_end(p);
	return KR_MIN(err, 0);
}

/* ---- the page ---- */

static int message(struct kr_page *p, const struct kr_conf *conf, const struct kr_delivery *d,
		   struct kr_desk_mailing *m)
{
	const char *base = kr_web__below(p, "/deliveries", kr_web__str_u64(p, d->id), "/table.csv");
	int err;

	kr_web__section(p, "message",
			d->state == KR_DELIVERY_SENT ? T(p, "The message")
						     : T(p, "The message as it would be sent now"));
	err = kr_web__message(p, conf, m, KR_URL0(p, base, KR_STR("")));
	kr_web__section_end(p);
	return err;
}

static int id_of(struct kr_page *p, uint64_t *ret)
{
	if (kr_str_u64(kr_http_param(p->r, "id"), ret) || *ret > INT64_MAX)
		return kr_fault_set(p->fault, -KR_ENOENT, "a delivery has a number");
	return 0;
}

static int show(struct kr_page *p, const struct kr_conf *conf, struct kr_desk_mailing *m,
		const struct kr_fault *f, struct kr_http_reply *reply)
{
	struct kr_delivery d;
	uint64_t id;
	int err = id_of(p, &id);

	if (!err)
		err = kr_store_delivery_get(p->w->store, &p->scope, id, p->a, &d, p->fault);
	if (!err)
		err = kr_desk_mailing_of(p->w->store, conf, &p->scope, id, p->a, m, p->fault);
	if (err)
		return err;
	kr_web__page_begin(p, KR_NAV_DELIVERIES,
			   kr_arena_printf(p->a, "%s %llu: %.*s", T(p, "Delivery"),
					   (unsigned long long)id, KR_STR_ARG(d.constituent)));
	kr_web__done(p, done_words);
	kr_web__problem(p, f);
	warnings(p, conf, &d);
	facts(p, &d);
	decisions(p, &d);
	err = rows(p, m);
	if (!err)
		err = message(p, conf, &d, m);
	return kr_web__page_finish(p, err, reply);
}

static int page(struct kr_page *p, const struct kr_fault *f, struct kr_http_reply *reply)
{
	struct kr_desk_mailing m = {0};
	const struct kr_conf *conf;
	int err = kr_web__conf(p, &conf);

	if (err)
		return err;
	err = show(p, conf, &m, f, reply);
	kr_desk_mailing_done(&m);
	kr_conf_unref(conf);
	return err;
}

int kr_web__delivery(struct kr_http_request *r, struct kr_http_reply *reply,
		     struct kr_fault *reterr)
{
	const struct kr_fault none = {0};
	struct kr_page p;
	int err = kr_web__page_for(&p, r, KR_RIGHT_DELIVERIES, reterr);

	return err ? err : page(&p, &none, reply);
}

static int decide(struct kr_http_request *r, struct kr_http_reply *reply, enum kr_delivery_state to,
		  const char *word, struct kr_fault *reterr)
{
	struct kr_fault f = {0};
	struct kr_page p;
	struct kr_by by;
	uint64_t id;
	int err = kr_web__page_for(&p, r, KR_RIGHT_DELIVER, reterr);

	if (!err)
		err = kr_web__form_read(&p, reterr);
	if (!err)
		err = id_of(&p, &id);
	if (err)
		return err;
	by = kr_by_viewer(p.who, p.a);
	err = kr_store_delivery_decide(p.w->store, &by, id, to, kr_web__field(&p, word), &f);
	if (!err) {
		kr_web__see_other(&p, reply,
				  KR_URL(&p, "/deliveries", kr_web__str_u64(&p, id),
					 {KR_STR("done"), kr_str_c(word)}));
		return 0;
	}
	/* What another officer decided meanwhile is told, not overwritten. */
	reply->status = err == -KR_EINVAL ? 409 : (unsigned)kr_err_http(err);
	return page(&p, &f, reply);
}

int kr_web__delivery_retry(struct kr_http_request *r, struct kr_http_reply *reply,
			   struct kr_fault *reterr)
{
	return decide(r, reply, KR_DELIVERY_QUEUED, "retry", reterr);
}

int kr_web__delivery_drop(struct kr_http_request *r, struct kr_http_reply *reply,
			  struct kr_fault *reterr)
{
	return decide(r, reply, KR_DELIVERY_DROPPED, "drop", reterr);
}

/* ---- its table as a file ---- */

static int table(struct kr_page *p, const struct kr_conf *conf, struct kr_desk_mailing *m,
		 struct kr_digest *d)
{
	struct kr_digest_opts o;
	uint64_t id;
	int err = id_of(p, &id);

	if (!err)
		err = kr_desk_mailing_of(p->w->store, conf, &p->scope, id, p->a, m, p->fault);
	if (!err)
		err = kr_digest_opts(p->w->store, conf, &o, p->fault);
	if (!err)
		err = kr_digest_make(p->w->store, m, &o, d, p->fault);
	return err > 0 ? kr_fault_set(p->fault, -KR_ENOENT, "nothing is left to tell") : err;
}

int kr_web__delivery_table(struct kr_http_request *r, struct kr_http_reply *reply,
			   struct kr_fault *reterr)
{
	struct kr_desk_mailing m = {0};
	struct kr_digest d = {0};
	const struct kr_conf *conf;
	struct kr_page p;
	int err = kr_web__page_for(&p, r, KR_RIGHT_DELIVERIES, reterr);

	if (!err)
		err = kr_web__conf(&p, &conf);
	if (err)
		return err;
	err = table(&p, conf, &m, &d);
	if (!err) {
		kr_http_reply_header(
			reply, "Content-Disposition",
			kr_web__format(&p, "attachment; filename=\"%s\"", kr_str_c(d.csv_name)));
		reply->type = "text/csv; charset=utf-8";
		reply->body = d.csv;
		d.csv = KR_BUF(0);
	}
	kr_digest_done(&d);
	kr_desk_mailing_done(&m);
	kr_conf_unref(conf);
	return err;
}
