/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one expression language: search box, rules, API and command line (doc/expressions.md).
 *
 *     type:phishing asn:8400 since:7d
 *     (malware:ranbyus or port:1024..2048) and not cc:rs,me
 *     ip:198.51.100.0/24   domain:*.example.org   extra.naics:541   has:url   count:>=10
 *
 * Parsed into a tree of an arena; evaluated in memory here, turned into SQL by the store. A leaf on
 * an absent field is false, and `not` is a true complement.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/str.h"
#include "base/time.h"
#include "model/event.h"

enum kr_expr_op {
	KR_EXPR_ALL, /* the empty expression: everything */
	KR_EXPR_AND, /* a, b */
	KR_EXPR_OR,  /* a, b */
	KR_EXPR_NOT, /* a */
	KR_EXPR_LEAF,
};

/* What a leaf looks at: a field of the event, or one of these. */
enum kr_expr_subject {
	KR_SUBJ_FIELD,	     /* .field */
	KR_SUBJ_EXTRA,	     /* .key: extra.KEY */
	KR_SUBJ_WORD,	     /* any field with KR_FIELD_WORD */
	KR_SUBJ_SOURCE,	     /* name of the source it was taken from */
	KR_SUBJ_CONSTITUENT, /* name of a constituent that owns it */
	KR_SUBJ_REPORT,	     /* number of the report */
	KR_SUBJ_ID,	     /* id of the event, as text */
	KR_SUBJ_COUNT,	     /* times seen */
	KR_SUBJ_FIRST,	     /* first seen */
	KR_SUBJ_LAST,	     /* last seen; since:SPAN and until:TIME test it */
	KR_SUBJ_ROUTED,	     /* routed:yes, routed:no: has an owner */
};

enum kr_expr_test {
	KR_TEST_EQ, /* value */
	KR_TEST_LT, /* < value */
	KR_TEST_LE,
	KR_TEST_GT,
	KR_TEST_GE,
	KR_TEST_RANGE,	  /* value .. upper, both included */
	KR_TEST_NET,	  /* address within value.ip; network within value.ip */
	KR_TEST_WILDCARD, /* text with * and ?: whole value, ASCII case ignored */
	KR_TEST_SUFFIX,	  /* domain equal to value.text or below it: domain:example.org matches
			     www.example.org */
	KR_TEST_HAS,	  /* present */
};

struct kr_expr_leaf {
	enum kr_expr_subject subject;
	enum kr_field field; /* KR_SUBJ_FIELD */
	struct kr_str key;   /* KR_SUBJ_EXTRA */
	enum kr_expr_test test;
	enum kr_rep rep; /* of value and upper */
	union kr_value value, upper;
	uint32_t column; /* 1-based place in the text, for later errors */
};

struct kr_expr {
	enum kr_expr_op op;
	struct kr_expr *a, *b;
	struct kr_expr_leaf leaf;
};

struct kr_expr_opts {
	kr_time now;	    /* since:7d counts from here */
	unsigned depth_max; /* nesting of parentheses and not; default 64 */
	unsigned nodes_max; /* default 1000 */
	/* Fields that this viewer may name (to others a hidden field is an unknown one);
	 * NULL: all. */
	bool (*may_name)(void *ctx, enum kr_expr_subject subject, enum kr_field field);
	void *ctx;
};

/*
 * Parse an expression.
 *
 * text   may be empty: everything
 * arena  holds the tree; text is copied where needed
 *
 * Returns 0; -KR_ESYNTAX or -KR_EINVAL with the column, what is wrong and a remedy (for an unknown
 * field the nearest names); -KR_ELIMIT.
 */
KR_MUST_USE int kr_expr_parse(struct kr_str text, const struct kr_expr_opts *opts,
			      struct kr_arena *arena, struct kr_expr **ret,
			      struct kr_fault *reterr);
/*
 * What a name means as a subject, for grouping and sorting: a field by full or short name,
 * extra.KEY, source, constituent, report, count, first, last, routed.
 *
 * ret  subject, field, key and rep are set; key lives in the arena
 *
 * Returns as kr_expr_parse().
 */
KR_MUST_USE int kr_expr_subject(struct kr_str name, const struct kr_expr_opts *opts,
				struct kr_arena *arena, struct kr_expr_leaf *ret,
				struct kr_fault *reterr);
/*
 * Refuse a tree, or one leaf, that names what opts->may_name does not allow, with the words that
 * the parser has for it: for trees that were made without asking.
 *
 * Returns 0; -KR_EINVAL with the column.
 */
KR_MUST_USE int kr_expr_check(const struct kr_expr *x, const struct kr_expr_opts *opts,
			      struct kr_fault *reterr);
KR_MUST_USE int kr_expr_check_leaf(const struct kr_expr_leaf *leaf, const struct kr_expr_opts *opts,
				   struct kr_fault *reterr);
/* The tree in canonical text, which parses to the same tree. */
void kr_expr_text(const struct kr_expr *x, struct kr_buf *b);

/* What an event alone does not hold. */
struct kr_expr_event {
	const struct kr_event *e;
	struct kr_str source;
	struct kr_str id;
	uint64_t report;
	const struct kr_str *constituents; /* names of the owners */
	size_t n_constituents;
};

/* Does the event match? Total: never fails, bounded by the size of the tree. */
bool kr_expr_match(const struct kr_expr *x, const struct kr_expr_event *ev);
/* One leaf against one value of its field; for stores that keep values packed. */
bool kr_expr_leaf_value(const struct kr_expr_leaf *leaf, enum kr_field f, const union kr_value *v);
/* One leaf against a text (extra, names). */
bool kr_expr_leaf_text(const struct kr_expr_leaf *leaf, struct kr_str text);
