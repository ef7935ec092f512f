/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading mail (RFC 5322, 2045, 2046, 2047), as far as programs need it: parts, header fields and
 * bodies of a message that anybody may have written. Pure and bounded: no depth, number or size is
 * followed beyond its limit, and nothing is an error that a mail server would pass on.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define KR_MAIL_DEPTH_MAX  8	/* multiparts and messages within each other */
#define KR_MAIL_PARTS_MAX  100	/* further ones are passed over */
#define KR_MAIL_FIELDS_MAX 1000 /* header fields looked at in one part */
#define KR_MAIL_VALUE_MAX  8192 /* bytes of one field's value, unfolded; longer ones are cut */

struct kr_mail_part {
	struct kr_str header, body; /* slices of the input, as they came */
	struct kr_str type;	    /* "text/plain": lower case; in the arena */
	unsigned depth;		    /* 0: the message itself */
	bool complete;		    /* multiparts: the last boundary is there */
};

/*
 * Find all parts, each before those inside of it. A message/rfc822 is a part, and the message in it
 * another, one deeper.
 *
 * mail  borrowed by the result
 *
 * Returns 0; -KR_ELIMIT (arena).
 */
KR_MUST_USE int kr_mail_read(struct kr_str mail, struct kr_arena *a, struct kr_mail_part **ret,
			     size_t *ret_n, struct kr_fault *reterr);
/*
 * Value of a field in a header: unfolded, without blanks and control bytes around or in it.
 *
 * name  any case
 * nth   0: the first of this name
 *
 * Returns it, in the arena; p NULL if there is none.
 */
struct kr_str kr_mail_field(struct kr_str header, const char *name, unsigned nth,
			    struct kr_arena *a);
/* Parameter of a value like "text/plain; charset=utf-8", also in the forms of RFC 2231; p NULL if
 * there is none. */
struct kr_str kr_mail_parameter(struct kr_str value, const char *name, struct kr_arena *a);
/* Append the body with its transfer encoding undone; what is not valid in it is left as it is. */
void kr_mail_body(const struct kr_mail_part *p, struct kr_arena *a, struct kr_buf *b);
/*
 * Append a value with its encoded words in UTF-8 or ASCII decoded; those in other character sets
 * stay as they are.
 */
void kr_mail_words(struct kr_str value, struct kr_buf *b);
