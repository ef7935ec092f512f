/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the expression language only: cutting text, naming subjects, making
 * leaves. */
#pragma once

#include "model/expr.h"

enum kr_model__bound { KR_BOUND_NONE, KR_BOUND_SINCE, KR_BOUND_UNTIL };

/* What the colon's left side named. */
struct kr_model__subject {
	enum kr_expr_subject subject;
	enum kr_field field;
	struct kr_str key;
	enum kr_model__bound bound; /* since:, until: */
	bool has;		    /* has: */
};

/* One value of a term, as it was written. */
struct kr_model__piece {
	struct kr_str raw;    /* with its escapes, without quotes */
	struct kr_str upper;  /* second quoted text of "a".."b" */
	size_t at, upper_at;  /* byte in the expression */
	enum kr_expr_test op; /* KR_TEST_EQ for ":=" and for none */
	bool has_op, quoted, ranged, upper_quoted;
};

struct kr_model__parser {
	struct kr_str text;
	size_t at;
	struct kr_expr_opts opts;
	struct kr_arena *arena;
	struct kr_fault *fault;
	unsigned depth, nodes;
	size_t column_at; /* bytes whose characters are counted in column */
	uint32_t column;
};

/* Fill the fault with the column of byte `at`. Returns code. */
int kr_model__expr_fault(struct kr_model__parser *p, int code, size_t at, const char *remedy,
			 const char *fmt, ...) KR_PRINTF(5, 6);
/* A node that counts; NULL (fault filled) at the limit. */
struct kr_expr *kr_model__expr_node(struct kr_model__parser *p, enum kr_expr_op op,
				    struct kr_expr *a, struct kr_expr *b);

/*
 * What a name before a colon means.
 *
 * name  as written
 * at    its byte, for the fault
 */
KR_MUST_USE int kr_model__expr_subject(struct kr_model__parser *p, struct kr_str name, size_t at,
				       struct kr_model__subject *ret);
/* Name of a subject other than field, extra and word; NULL for those. */
const char *kr_model__expr_subject_name(enum kr_expr_subject s);
/* The leaf of one value. subject NULL: a word without a field. */
KR_MUST_USE int kr_model__expr_leaf(struct kr_model__parser *p,
				    const struct kr_model__subject *subject,
				    const struct kr_model__piece *piece, struct kr_expr **ret);
/* How values of a leaf's subject are held; TEXT for extra and words. */
enum kr_rep kr_model__expr_rep(enum kr_expr_subject subject, enum kr_field field);

/*
 * Take the escapes out of a raw piece.
 *
 * pattern  keep the backslash before * ? and backslash, so that a wildcard pattern stays
 * unambiguous
 */
KR_MUST_USE int kr_model__expr_unescape(struct kr_model__parser *p, struct kr_str raw, size_t at,
					bool pattern, struct kr_str *ret);

/* What a value covers: a date covers a day, all others one point. */
struct kr_model__point {
	union kr_value lo, hi;
};

/* A value of a field, as kr_field_parse() has it; a mistake in a type names the nearest one. */
KR_MUST_USE int kr_model__expr_field_value(struct kr_model__parser *p, enum kr_field f,
					   struct kr_str text, size_t at, union kr_value *ret);
/* A value that has an order; extra is read as a number if it is one, else as a time, and leaf->rep
 * set. */
KR_MUST_USE int kr_model__expr_point(struct kr_model__parser *p, struct kr_expr_leaf *leaf,
				     struct kr_str raw, size_t at, struct kr_model__point *ret);
/* Cut a range into its ends. False if it is not one. */
bool kr_model__expr_range_ends(const struct kr_model__piece *piece, struct kr_model__piece *lo,
			       struct kr_model__piece *hi);
KR_MUST_USE int kr_model__expr_range(struct kr_model__parser *p, struct kr_expr_leaf *leaf,
				     const struct kr_model__piece *lo,
				     const struct kr_model__piece *hi);
/* Equal, compared, or a range. */
KR_MUST_USE int kr_model__expr_ordered(struct kr_model__parser *p, struct kr_expr_leaf *leaf,
				       const struct kr_model__piece *piece);
