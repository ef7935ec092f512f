/* SPDX-License-Identifier: Apache-2.0 */
/* XARF, the format of abuse reports to providers: one document for one event. */
#pragma once

#include "codec/codec.h"
#include "codec/members.h"

/*
 * Append one XARF v4 document, without a newline, as a mail or a web hook carries it.
 *
 * w  reporter is a must; plain leaves out what only we understand; the same event and reporter give
 *    the same report_id
 *
 * Returns 0; -KR_EINVAL (no reporter); -KR_ELIMIT (the buffer is full).
 */
KR_MUST_USE int kr_xarf_document(struct kr_buf *b, const struct kr_event *e,
				 const struct kr_codec_write_opts *w);

/* ---- inside of the room ---- */

/* What a report of a pair must have. */
enum kr_xarf_form {
	KR_XARF_NONE, /* not written */
	KR_XARF_MESSAGE,
	KR_XARF_URL,
	KR_XARF_FRAUD,
	KR_XARF_EXPOSED,
	KR_XARF_COMPROMISE,
	KR_XARF_COPYRIGHT,
	KR_XARF_CONNECTION,
	KR_XARF_SCAN,
	KR_XARF_CVE,
	KR_XARF_SERVICE,
	KR_XARF_BOTNET,
	KR_XARF_SERVER,
	KR_XARF_THREAT,
};

struct kr_xarf_pair {
	struct kr_str category, type, rsit;
	enum kr_xarf_form form;
};

/* NULL: there is no such pair. */
const struct kr_xarf_pair *kr_xarf__pair(struct kr_str category, struct kr_str type);
/* The i-th pair that a type may be written as; NULL beyond the last. */
const struct kr_xarf_pair *kr_xarf__pair_of(struct kr_str rsit, unsigned i);

/* What cannot be used before the whole report is read, whatever its version. */
struct kr_xarf_pending {
	struct kr_str version, id, identifier, category, type, threat, c2, rest;
	struct {
		struct kr_str org, contact, domain;
		bool there;
	} reporter, sender;
	kr_time time, first, last;
	struct kr_str evidence; /* literal to keep */
	size_t payload;		/* bytes of evidence in the record */
	bool has_time, v3, v3_report;
};

/* Members that both versions have. 0 or an error of the reader. */
KR_MUST_USE int kr_xarf__protocol(struct kr_reading *r, struct kr_json_token *t);
KR_MUST_USE int kr_xarf__service(struct kr_reading *r, struct kr_json_token *t);
/* A list of evidence: what is kept of it goes to p->evidence. */
KR_MUST_USE int kr_xarf__evidence(struct kr_reading *r, struct kr_xarf_pending *p,
				  struct kr_json_token *t);
/* The Report of version 3, whose '{' was read. */
KR_MUST_USE int kr_xarf3__report(struct kr_reading *r, struct kr_xarf_pending *p);
/* What version 3 demands; then the pending parts are as those of a v4 report. */
KR_MUST_USE int kr_xarf3__settle(struct kr_reading *r, struct kr_xarf_pending *p);

/* All of a report was read: check it and put what was pending into r->e. */
KR_MUST_USE int kr_xarf__settle(struct kr_reading *r, struct kr_xarf_pending *p);

void kr_xarf__item(struct kr_buf *b, const struct kr_event *e, bool first,
		   const struct kr_codec_write_opts *w);
