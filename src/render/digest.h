/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A delivery as one message: subject, text and table. The same for `delivery show`, the page, the
 * API and the sinks: what is shown is what is sent.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "conf/conf.h"
#include "desk/delivery.h"
#include "model/label.h"

#define KR_DIGEST_SUBJECT_MAX 200 /* characters are bytes here */

struct kr_digest_opts {
	const char *node;     /* name of the team's node */
	const char *url;      /* where people reach the pages, without '/' at the end; empty: none,
				 and no links */
	size_t inline_max;    /* rows in the text */
	size_t csv_max;	      /* bytes of the table; rows beyond are counted, not listed */
	int64_t link_us;      /* how long a link for answers holds */
	uint8_t link_key[32]; /* kr_store_link_key() */
};
/* From the settings of the node, with the key of the store. */
KR_MUST_USE int kr_digest_opts(struct kr_store *s, const struct kr_conf *conf,
			       struct kr_digest_opts *ret, struct kr_fault *reterr);

struct kr_digest {
	struct kr_buf subject; /* one line, no control characters, at most KR_DIGEST_SUBJECT_MAX */
	struct kr_buf text;    /* UTF-8, lines end in LF */
	struct kr_buf csv;     /* UTF-8, RFC 4180, CR LF; time.source first; no formulas */
	char csv_name[64];     /* "karaula-NODE-12.csv" */
	const char *lang;      /* of subject and text */
	enum kr_tlp tlp;       /* the tightest of its rows */
	uint64_t rows;	       /* told */
	uint64_t events;       /* times seen, over all rows */
	uint64_t left_out;     /* rows that are gone or may not be told any more */
	uint64_t not_listed;   /* rows that csv_max left out of the table */
	kr_time first, last;
};
/*
 * Make the message. The same mailing gives the same bytes.
 *
 * m    its rows are reordered
 * ret  ended by the caller with kr_digest_done(), also after an error
 *
 * Returns 0, or 1 if no row is left to tell: nothing is to be sent.
 */
KR_MUST_USE int kr_digest_make(struct kr_store *s, struct kr_desk_mailing *m,
			       const struct kr_digest_opts *o, struct kr_digest *ret,
			       struct kr_fault *reterr);
void kr_digest_done(struct kr_digest *d);
/*
 * Text from outside as it may stand in a line for people: control characters become blanks, marks
 * that turn the direction of text and what is not UTF-8 U+FFFD; cut at max bytes with "...".
 */
void kr_digest_plain(struct kr_buf *b, struct kr_str s, size_t max);
