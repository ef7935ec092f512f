/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing a message to a mail server (RFC 5321, STARTTLS of RFC 3207), by the settings of section
 * mail. Says exactly what is known afterwards: taken, refused for good, refused for the moment, or
 * not known, since the connection broke between the end of the message and the server's answer.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/str.h"
#include "net/net.h"

#define KR_SMTP_ANSWER_MAX 200

enum kr_smtp_outcome {
	KR_SMTP_SENT = 1,      /* the server has it and answers for it */
	KR_SMTP_TEMPORARY = 2, /* it has not; later may help */
	KR_SMTP_PERMANENT = 3, /* it has not and will not take it */
	KR_SMTP_DOUBT = 4,     /* it may have it */
};

struct kr_smtp_mail {
	struct kr_str from, to; /* envelope; checked by kr_mailaddr_parse() */
	struct kr_str message;	/* as kr_mime_write() makes it; borrowed */
};

struct kr_smtp_result {
	enum kr_smtp_outcome outcome;
	bool recipient;			 /* what was refused is the recipient's address */
	unsigned code;			 /* of the last answer; 0: none */
	char answer[KR_SMTP_ANSWER_MAX]; /* its text, plain ASCII; may be empty */
};

/* A connection that is kept from one message to the next; used by one thread at a time. */
struct kr_smtp;

/* net outlives it; no connection is made yet. */
struct kr_smtp *kr_smtp_new(struct kr_net *net);
/* Say goodbye and close. NULL is fine. */
void kr_smtp_free(struct kr_smtp *s);
KR_AUTO_DEFINE(kr_smtp)
/*
 * Hand over one message to one recipient. Once the message began to flow, kr_net_stop() does not
 * end it any more: it is finished, or its time runs out.
 *
 * ret  always set
 *
 * Returns 0 (SENT); -KR_EUNAVAIL (TEMPORARY, DOUBT); -KR_EREFUSED (PERMANENT); -KR_ECONF (a setting
 * is wrong: TEMPORARY); -KR_ECANCEL (the node stops: TEMPORARY); the fault says it in words.
 */
KR_MUST_USE int kr_smtp_send(struct kr_smtp *s, const struct kr_smtp_mail *m,
			     struct kr_smtp_result *ret, struct kr_fault *reterr);
/* No message will come for a while: the connection is closed, the next one makes another. */
void kr_smtp_rest(struct kr_smtp *s);
/* May mail be sent with these settings? -KR_ECONF with a remedy where not. */
KR_MUST_USE int kr_smtp_check(const struct kr_conf *conf, struct kr_fault *reterr);
