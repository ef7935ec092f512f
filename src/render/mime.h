/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mail message as bytes (RFC 5322, 2045, 2046, 2047, 2231): the same message gives the same bytes
 * whenever it is written, so that a repeated attempt is the same mail. Whatever texts hold, no
 * header field can be forged with them.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/time.h"

#define KR_MIME_PARTS_MAX 128

struct kr_mime_address {
	struct kr_str name;    /* as people read it; may be empty */
	struct kr_str address; /* checked by kr_mailaddr_parse() */
};

struct kr_mime_part {
	struct kr_str type;	/* "text/csv": lower-case letters, digits, '/', '.', '+', '-' */
	struct kr_str filename; /* empty: shown in the message, else an attachment. Any UTF-8 */
	struct kr_str body;
	bool text;  /* UTF-8 text for people: its line ends become CR LF; else bytes are kept */
	bool ascii; /* header fields of a report: ASCII, carried as they are */
};

struct kr_mime_message {
	struct kr_mime_address from, to;
	struct kr_str subject;
	kr_time date;
	struct kr_str message_id; /* without <>; dot-atom@domain */
	struct kr_str language;	  /* "sr-Latn"; empty: not said */
	const char *report_type;  /* "feedback-report": multipart/report (RFC 6522) */
	const struct kr_mime_part *parts;
	size_t n_parts; /* 1: the message itself has no parts */
};

/*
 * Write a message, with CR LF at the ends of lines and none of them over 998 bytes.
 *
 * b  appended to
 *
 * Returns 0; -KR_EINVAL (an address, id or type that is not what it must be); -KR_ELIMIT (the
 * buffer's maximum).
 */
KR_MUST_USE int kr_mime_write(const struct kr_mime_message *m, struct kr_buf *b,
			      struct kr_fault *reterr);

/*
 * Append the value of a header field of unstructured text: words that are not plain ASCII as
 * encoded words, lines folded. Control characters become blanks; marks that turn the direction of
 * text and what is not UTF-8 become U+FFFD.
 *
 * column  where the value begins in its line
 */
void kr_mime_words(struct kr_buf *b, struct kr_str text, size_t column);
