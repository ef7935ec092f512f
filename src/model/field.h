/* SPDX-License-Identifier: Apache-2.0 */
/* The table of fields and what is valid in each: one place, so that convert, pipe and API agree. */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/str.h"
#include "base/time.h"

enum kr_field {
	KR_F_NONE = 0,
#define F(id, number, name, kind, max, flags, words, doc) KR_F_##id = number,
#include "model/fields.def"
#undef F
	KR_FIELD_MAX = 88, /* one above the highest number */
};

enum kr_field_kind {
#define K(kind, rep, doc) KR_K_##kind,
#include "model/field_kinds.def"
#undef K
	KR_FIELD_KINDS,
};

enum kr_rep { KR_REP_TEXT, KR_REP_INT, KR_REP_REAL, KR_REP_TIME, KR_REP_IP };

enum kr_field_flag {
	KR_FIELD_COL = 1,
	KR_FIELD_WORD = 2,
	KR_FIELD_PII = 4,
	KR_FIELD_FEED = 8,
};

struct kr_field_info {
	const char *name;
	struct kr_str name_str;
	enum kr_field_kind kind;
	enum kr_rep rep;
	uint32_t size_max; /* bytes of text, 0: by kind */
	unsigned flags;
	const char *words; /* short names, separated by commas */
	const char *doc;
};

union kr_value {
	struct kr_str text; /* KR_REP_TEXT */
	int64_t i;	    /* KR_REP_INT; TLP: enum kr_tlp; BOOL: 0 or 1 */
	double d;	    /* KR_REP_REAL */
	kr_time t;	    /* KR_REP_TIME */
	struct kr_ip ip;    /* KR_REP_IP */
};

/* Row of the table; NULL for a number that no field has. */
const struct kr_field_info *kr_field_info(enum kr_field f);
/* Field by its full name ("source.ip"), KR_F_NONE if there is none. Exact spelling. */
enum kr_field kr_field_by_name(struct kr_str name);
/* Field by full or short name ("ip", "asn"), ASCII case ignored; for expressions and mappings made
 * by hand. */
enum kr_field kr_field_by_word(struct kr_str word);
/* What the kind accepts, for error messages. */
const char *kr_field_kind_doc(enum kr_field_kind kind);

/*
 * Clean and check a value: sanitising is tried first, as IDF does it.
 *
 * f      field
 * text   as found in the input, not empty; borrowed: the result may be a slice of it
 * arena  takes what had to be rewritten
 *
 * Returns 0; -KR_EINVAL (not valid; reterr says what would be, value cut to 60 bytes); -KR_ELIMIT
 * (too long, or arena full).
 */
KR_MUST_USE int kr_field_parse(enum kr_field f, struct kr_str text, struct kr_arena *arena,
			       union kr_value *ret, struct kr_fault *reterr);
/*
 * A value as text, in the one canonical spelling (times RFC 3339 with Z, TLP "AMBER+STRICT").
 *
 * b  appended to
 */
void kr_field_text(enum kr_field f, const union kr_value *v, struct kr_buf *b);
/* Less, equal or greater within one field. */
int kr_field_cmp(enum kr_field f, const union kr_value *a, const union kr_value *b);
/* Input that means "nothing": empty, "-", "N/A" (any case). */
bool kr_field_is_nothing(struct kr_str text);
