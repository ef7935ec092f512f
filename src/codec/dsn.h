/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a mail that came back says (RFC 3464, RFC 6522): which of our messages it is about, and what
 * became of it. Answers of people's programs (RFC 3834) are told apart.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define KR_DSN_RECIPIENTS_MAX 16
#define KR_DSN_ADDRESSES_MAX  16
#define KR_DSN_TEXT_MAX	      500 /* bytes of a diagnostic or a subject */

enum kr_dsn_kind {
	KR_DSN_OTHER = 0, /* a mail like any other */
	KR_DSN_REPORT,	  /* of delivery: recipients are filled */
	KR_DSN_REPLY,	  /* an automatic answer, e.g. from somebody on holiday */
	KR_DSN_COMPLAINT, /* of somebody about our message (RFC 5965) */
};
enum kr_dsn_action {
	KR_DSN_UNKNOWN = 0,
	KR_DSN_FAILED,
	KR_DSN_DELAYED,
	KR_DSN_DELIVERED, /* relayed and expanded too */
};
struct kr_dsn_recipient {
	enum kr_dsn_action action;
	unsigned status[3]; /* 5.1.1; 0.0.0: not said */
	struct kr_str address, diagnostic;
};
struct kr_dsn {
	enum kr_dsn_kind kind;
	/* Addresses it was sent to, ours among them: of Delivered-To, X-Original-To, Envelope-To,
	 * To. */
	struct kr_str to[KR_DSN_ADDRESSES_MAX];
	size_t n_to;
	struct kr_str message_id; /* of the message that it is about, without <>; empty: not said */
	struct kr_str subject;	  /* of the mail itself, plain text */
	struct kr_dsn_recipient recipients[KR_DSN_RECIPIENTS_MAX];
	size_t n_recipients;
};

/*
 * Read a mail.
 *
 * a  takes all texts: valid UTF-8 without control characters
 *
 * Returns 0 (also for KR_DSN_OTHER); -KR_ELIMIT (arena).
 */
KR_MUST_USE int kr_dsn_read(struct kr_str mail, struct kr_arena *a, struct kr_dsn *ret,
			    struct kr_fault *reterr);
/* The same as JSON and back, for the way from the process that reads mail to the one that acts. */
void kr_dsn_write_json(const struct kr_dsn *d, struct kr_buf *b);
KR_MUST_USE int kr_dsn_read_json(struct kr_str json, struct kr_arena *a, struct kr_dsn *ret,
				 struct kr_fault *reterr);
