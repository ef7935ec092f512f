/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mail: the digest as text, its events as CSV and, on wish, as XARF. One event with XARF is a
 * report in the form that abuse desks read by machine (RFC 6522 with a part of RFC 5965); with more
 * events the documents are attachments.
 */
#include "model/mailaddr.h"
#include "net/smtp.h"
#include "pipe/sink.h"
#include "render/mime.h"

#include <stdio.h>

#define MESSAGE_MAX ((size_t)64 << 20)

static const char waits[] = "waits for its turn: mail.rate_domain";

static bool on(const struct kr_conf *conf)
{
	return conf->delivery_mail;
}

static void *open_mail(const struct kr_sink_shared *shared)
{
	return kr_smtp_new(shared->net);
}

static void close_mail(void *state)
{
	kr_smtp_free(state);
}

static void rest(void *state)
{
	kr_smtp_rest(state);
}

static int64_t wait_mail(const struct kr_sink_shared *shared, const struct kr_conf *conf)
{
	return kr_rate_wait(shared->rate, KR_STR_NULL, conf->mail_rate, kr_clock_us());
}

/* ---- the message ---- */

struct envelope {
	struct kr_str from, to, sender; /* sender: of the envelope */
};

/* Settings first: what is wrong with them is not the recipient's fault. */
static int addresses(const struct kr_sink_job *job, struct envelope *e, struct kr_sink_result *ret,
		     struct kr_fault *reterr)
{
	const struct kr_conf *conf = job->conf;
	struct kr_str bounce;
	int err;

	err = kr_mailaddr_parse(kr_str_c(conf->mail_from), job->a, &e->from, reterr);
	if (err) {
		kr_fault_set(reterr, -KR_ECONF, "mail.from is not a mail address");
		kr_fault_remedy(reterr, "set it to the address that messages come from");
		return -KR_ECONF;
	}
	e->sender = e->from;
	if (conf->mail_bounce[0]) {
		if (kr_mailaddr_parse(kr_str_c(conf->mail_bounce), job->a, &bounce, reterr))
			return kr_fault_set(reterr, -KR_ECONF, "mail.bounce is not a mail address");
		e->sender = kr_verp_sender(job->shared->key, job->delivery->id, bounce, job->a);
	}
	err = kr_mailaddr_parse(job->recipient->address, job->a, &e->to, reterr);
	if (err == -KR_EINVAL) {
		ret->state = KR_DELIVERY_FAILED;
		ret->health = KR_HEALTH_REFUSED;
	}
	return err;
}

/* Beside the table: "karaula-NODE-12.json" for "karaula-NODE-12.csv". */
static struct kr_str json_name(const struct kr_sink_job *job)
{
	struct kr_str csv = kr_str_c(job->letter->digest.csv_name);

	if (kr_str_ends(csv, KR_STR(".csv")))
		csv.n -= 4;
	return kr_arena_printf(job->a, "%.*s.json", KR_STR_ARG(csv));
}

/* What RFC 5965 asks of a report, for programs that know only that. */
static struct kr_str feedback(const struct kr_sink_job *job)
{
	return kr_arena_printf(job->a, "Feedback-Type: xarf\r\nUser-Agent: karaula/" KR_VERSION
				       "\r\nVersion: 1\r\n");
}

static size_t parts(const struct kr_sink_job *job, struct kr_mime_part *p, bool *report)
{
	const struct kr_letter *l = job->letter;
	size_t n = 0;

	p[n++] = (struct kr_mime_part){
		.type = KR_STR("text/plain"), .text = true, .body = kr_buf_str(&l->digest.text)};
	*report = l->n_xarf == 1;
	if (*report)
		p[n++] = (struct kr_mime_part){.type = KR_STR("message/feedback-report"),
					       .ascii = true,
					       .body = feedback(job)};
	for (size_t i = 0; i < l->n_xarf; i++)
		p[n++] = (struct kr_mime_part){
			.type = KR_STR("application/json"),
			.filename = *report ? KR_STR("xarf.json")
					    : kr_arena_printf(job->a, "xarf-%zu.json", i + 1),
			.body = l->xarf[i]};
	if (l->digest.csv.n)
		p[n++] = (struct kr_mime_part){.type = KR_STR("text/csv"),
					       .filename = kr_str_c(l->digest.csv_name),
					       .body = kr_buf_str(&l->digest.csv)};
	if (l->json.n)
		p[n++] = (struct kr_mime_part){.type = KR_STR("application/json"),
					       .filename = json_name(job),
					       .body = kr_buf_str(&l->json)};
	return n;
}

static int write_message(const struct kr_sink_job *job, const struct envelope *e,
			 struct kr_sink_result *ret, struct kr_buf *b, struct kr_fault *reterr)
{
	struct kr_mime_part p[KR_LETTER_XARF_MAX + 4];
	struct kr_mime_message m = {
		.from = {kr_str_c(job->conf->mail_from_name), e->from},
		.to = {KR_STR_NULL, e->to},
		.subject = kr_buf_str(&job->letter->digest.subject),
		.date = job->delivery->created,
		.language = kr_str_c(job->letter->digest.lang),
		.parts = p,
	};
	bool report;

	m.message_id = kr_verp_message_id(job->shared->key, job->delivery->id,
					  kr_mailaddr_domain(e->from), job->a);
	m.n_parts = parts(job, p, &report);
	m.report_type = report ? "feedback-report" : NULL;
	ret->message_id = m.message_id;
	if (kr_arena_full(job->a))
		return kr_fault_set(reterr, -KR_ELIMIT, "the message is too large");
	return kr_mime_write(&m, b, reterr);
}

/* ---- sending ---- */

/*
 * Its turn among the messages to one domain. A delivery that had to wait has its turn when it comes
 * again.
 */
static bool its_turn(const struct kr_sink_job *job, const struct envelope *e,
		     struct kr_sink_result *ret)
{
	uint64_t rate = job->conf->mail_rate_domain;
	int64_t wait;

	if (kr_str_eqc(job->delivery->reason, waits))
		return true;
	wait = kr_rate_turn(job->shared->rate, kr_mailaddr_domain(e->to), rate, kr_clock_us());
	ret->after = wait ? job->now + wait : KR_TIME_NONE;
	return !wait;
}

static void judge(const struct kr_smtp_result *r, struct kr_sink_result *ret)
{
	switch (r->outcome) {
	case KR_SMTP_SENT:
		ret->state = KR_DELIVERY_SENT;
		ret->health = KR_HEALTH_SENT;
		break;
	case KR_SMTP_PERMANENT:
		ret->state = KR_DELIVERY_FAILED;
		ret->health = r->recipient ? KR_HEALTH_REFUSED : 0;
		break;
	case KR_SMTP_DOUBT: ret->state = KR_DELIVERY_DOUBT; break;
	case KR_SMTP_TEMPORARY: ret->state = KR_DELIVERY_RETRY; break;
	}
}

static int send_mail(void *state, const struct kr_sink_job *job, struct kr_sink_result *ret,
		     struct kr_fault *reterr)
{
	KR_AUTO_BUF b = KR_BUF(MESSAGE_MAX);
	struct kr_smtp_mail m;
	struct kr_smtp_result r;
	struct envelope e;
	int err = addresses(job, &e, ret, reterr);

	if (err)
		return err;
	if (!its_turn(job, &e, ret))
		return kr_fault_set(reterr, -KR_EUNAVAIL, "%s", waits);
	err = write_message(job, &e, ret, &b, reterr);
	if (err) {
		ret->state = KR_DELIVERY_FAILED;
		return err;
	}
	kr_rate_turn(job->shared->rate, KR_STR_NULL, job->conf->mail_rate, kr_clock_us());
	m = (struct kr_smtp_mail){.from = e.sender, .to = e.to, .message = kr_buf_str(&b)};
	ret->size = b.n;
	kr_hash_of(b.p, b.n, &ret->hash);
	err = kr_smtp_send(state, &m, &r, reterr);
	judge(&r, ret);
	return err;
}

const struct kr_sink kr_sink_mail = {
	.name = "mail",
	.on = on,
	.open = open_mail,
	.close = close_mail,
	.rest = rest,
	.wait = wait_mail,
	.send = send_mail,
};
