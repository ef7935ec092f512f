/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON, strict to RFC 8259: a pull reader over bytes in memory, a splitter that finds the records
 * of an endless stream, and a writer. No tree is ever built; strings are slices of the input unless
 * they hold escapes. Numbers keep their exact text.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum kr_json_type {
	KR_JSON_NULL,
	KR_JSON_FALSE,
	KR_JSON_TRUE,
	KR_JSON_NUMBER,
	KR_JSON_STRING,
	KR_JSON_OBJECT,	    /* '{' was read */
	KR_JSON_ARRAY,	    /* '[' was read */
	KR_JSON_OBJECT_END, /* '}' */
	KR_JSON_ARRAY_END,  /* ']' */
	KR_JSON_END,	    /* the document is complete */
};

#define KR_JSON_DEPTH_MAX 512 /* hard limit; opts.depth_max may be lower */

struct kr_json_token {
	enum kr_json_type type;
	bool has_key;	   /* the token is a member of an object */
	struct kr_str key; /* decoded name of the member */
	struct kr_str
		text; /* STRING: decoded UTF-8 (may hold NUL from \u0000); others: as written */
	struct kr_str raw; /* the value exactly as in the input (strings with quotes) */
};

enum kr_json_flag {
	KR_JSON_UNIQUE_KEYS = 1, /* refuse an object that has a name twice */
};

struct kr_json {
	const char *start, *p, *end;
	struct kr_arena *arena; /* takes decoded strings */
	struct kr_fault *fault; /* may be NULL; line, column and byte are filled */
	unsigned flags, depth, depth_max;
	uint64_t object_bits[KR_JSON_DEPTH_MAX / 64]; /* container kind by depth */
	bool after_value, done;
	int err;    /* sticky */
	void *keys; /* names seen, with KR_JSON_UNIQUE_KEYS; lives in arena */
};

/*
 * Start reading one document.
 *
 * in         borrowed; must stay until the tokens are no longer used
 * arena      takes decoded strings; the caller rewinds it (with KR_JSON_UNIQUE_KEYS only between
 *            documents, since the names seen live there)
 * depth_max  nesting, at most KR_JSON_DEPTH_MAX
 */
void kr_json_init(struct kr_json *j, struct kr_str in, struct kr_arena *arena, unsigned depth_max,
		  unsigned flags, struct kr_fault *reterr);
/*
 * The next token.
 *
 * Returns 0 (also at KR_JSON_END, which comes once all is read and only blanks follow);
 * -KR_ESYNTAX; -KR_ELIMIT (depth or arena). Errors are sticky.
 */
KR_MUST_USE int kr_json_next(struct kr_json *j, struct kr_json_token *ret);
/*
 * Pass over the rest of the container that `t` opened; for a scalar nothing is left to pass.
 * t->raw becomes the whole value as written. Returns as kr_json_next().
 */
KR_MUST_USE int kr_json_skip(struct kr_json *j, struct kr_json_token *t);
/* Exact int64; -KR_EINVAL for other types, fractions, exponents and overflow. */
KR_MUST_USE int kr_json_i64(const struct kr_json_token *t, int64_t *ret);
/* Is this one whole, valid document? Fills reterr with the position where not. */
KR_MUST_USE int kr_json_check(struct kr_str in, unsigned depth_max, struct kr_fault *reterr);

/*
 * Find records in a stream: the elements of top-level arrays, or values that follow each other with
 * blanks or newlines between them (JSON lines, concatenated JSON). Only brackets and strings are
 * watched; each record is then read by kr_json, which is strict. A broken record ends at the next
 * newline, or before the first later line that starts with '{' or '[' where that shows the break,
 * so one bad line never swallows the others. A byte order mark at the start of the stream is passed
 * over.
 */
struct kr_json_split {
	size_t record_max; /* bytes; a longer record is passed over and reported */
	unsigned depth_max;
	/* The rest is private; see json_split.c. */
	struct kr_buf carry; /* input of earlier calls that is not used up, from carry_at on */
	struct kr_buf head;  /* the beginning of an overlong record */
	size_t carry_at;
	uint64_t offset;     /* of the first byte that is not used up */
	uint64_t line;	     /* it is in; of an overlong record: counted so far */
	uint64_t start_line; /* of an overlong record */
	size_t scanned;	     /* bytes of the record in progress that were looked at */
	size_t resume;	     /* where in it a later line starts like a record; 0: none */
	uint64_t length;     /* of the record in progress, counted only when it is overlong */
	uint64_t object_bits[KR_JSON_DEPTH_MAX / 64];
	unsigned depth;
	int broken;		    /* what is wrong with the record in progress */
	uint8_t place, shape, mark; /* mark: bytes of a byte order mark seen */
	char before; /* last byte in the record that is neither blank nor in a string */
	bool in_string, escaped, line_start, overlong;
};

struct kr_json_record {
	struct kr_str bytes; /* one value; valid until the next call */
	uint64_t offset;     /* of its first byte in the stream */
	uint64_t length;     /* bytes in the stream; above bytes.n if the record was overlong */
	uint64_t line;	     /* 1-based line of its first byte */
	int err; /* 0; -KR_ELIMIT (overlong: bytes holds at most 4 KiB of it; or too deep);
		  * -KR_ESYNTAX (broken; without bytes: a comma or ']' is missing or too
		  * many at this place) */
};

/* depth_max counts from the record, and is at most KR_JSON_DEPTH_MAX. */
void kr_json_split_init(struct kr_json_split *s, size_t record_max, unsigned depth_max);
void kr_json_split_done(struct kr_json_split *s);
/*
 * Cut the next record.
 *
 * in   advanced past what was used; may stay referenced by the record, which is a slice of it where
 *      the record does not span two calls
 * eof  no more input will come: an unfinished record is returned with -KR_ESYNTAX
 *
 * Returns 1 with a record; 0 when more input is needed (or all is done at eof).
 */
int kr_json_split_next(struct kr_json_split *s, struct kr_str *in, bool eof,
		       struct kr_json_record *ret);

/*
 * Writer: sticky errors live in the buffer; commas and colons are its business. At most 127 levels,
 * which is our own mistake to exceed.
 */
struct kr_json_out {
	struct kr_buf *b;
	unsigned depth;
	uint64_t comma[2]; /* by depth: a comma is due */
	bool keyed;
};

#define KR_JSON_OUT(buffer) ((struct kr_json_out){.b = (buffer)})

void kr_json_object(struct kr_json_out *o);
void kr_json_object_end(struct kr_json_out *o);
void kr_json_array(struct kr_json_out *o);
void kr_json_array_end(struct kr_json_out *o);
void kr_json_key(struct kr_json_out *o, struct kr_str key);
/* Text that is not UTF-8 is written with U+FFFD for each bad byte. */
void kr_json_str(struct kr_json_out *o, struct kr_str s);
void kr_json_int(struct kr_json_out *o, int64_t v);
void kr_json_uint(struct kr_json_out *o, uint64_t v);
/* What is not finite has no JSON form and becomes null. */
void kr_json_double(struct kr_json_out *o, double v);
void kr_json_bool(struct kr_json_out *o, bool v);
void kr_json_null(struct kr_json_out *o);
/* A value that is JSON already, checked by its owner. */
void kr_json_raw(struct kr_json_out *o, struct kr_str raw);
/* Key and value in one, for the common pair. */
void kr_json_kstr(struct kr_json_out *o, const char *key, struct kr_str s);
void kr_json_kint(struct kr_json_out *o, const char *key, int64_t v);
void kr_json_kbool(struct kr_json_out *o, const char *key, bool v);
/* Just the characters of s, escaped, without quotes. */
void kr_json_escape(struct kr_buf *b, struct kr_str s);
