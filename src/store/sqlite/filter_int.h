/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by filter.c (the tree), filter_leaf.c (one leaf as SQL) and filter_call.c (kr_leaf()
 * itself). */
#pragma once

#include "base/buf.h"
#include "model/expr.h"
#include "model/field.h"
#include "store/sqlite/filter.h"

/* What the second argument of kr_leaf(leaf, value) is. */
enum kr_filter_look {
	KR_LOOK_COLUMN, /* the columns of .field, one argument each: does any match? */
	KR_LOOK_REST,	/* the packed fields, among them .field[0] */
	KR_LOOK_EXTRA,	/* the JSON object, with the key .needle */
	KR_LOOK_OWNERS, /* constituents and rules: is one of .ids there? */
	KR_LOOK_TEXT,	/* a text of its own, such as the id */
	KR_LOOK_SEALED, /* the number of the row, whose id is sealed: its text */
};

struct kr_filter_leaf {
	const struct kr_expr_leaf *leaf;
	enum kr_filter_look look;
	uint8_t field[KR_FIELD_MAX];
	struct kr_str needle; /* the key as it is written in JSON: "key": */
	const uint32_t *ids;
	size_t n_ids;
	uint32_t one;			     /* the id where there is only one and no leaf */
	const struct kr_filter_names *names; /* SEALED: whose ids */
	struct kr_event_id partition;	     /* SEALED: set when the filter is bound */
};

#define KR_FILTER_POINTER "kr_leaf"

enum kr_store__param_kind { P_INT, P_REAL, P_TEXT, P_BLOB, P_LEAF, P_ID, P_ID_PREFIX };

struct kr_store__param {
	struct kr_store__param *next;
	enum kr_store__param_kind kind;
	int64_t i;
	double d;
	struct kr_str s;
	struct kr_filter_leaf *leaf;
};

struct kr_filter {
	const char *sql;
	struct kr_store__param *params;
	int first, n;
	struct kr_filter_names names;
};

/* An expression on its way into SQL. */
struct kr_store__filter {
	struct kr_buf sql;
	struct kr_filter *f;
	struct kr_store__param **end;
	struct kr_arena *a;
	const struct kr_filter_names *names;
	struct kr_fault *fault;
	struct kr_store__param none; /* taken where there is no room for another */
	unsigned stack;		     /* entries of SQLite's parser in use here, about */
	int err;
};

/* Note the first error; the fault says that the expression is too large. */
void kr_store__filter_fail(struct kr_store__filter *m, int err);
/* Add a parameter and write its number; never NULL. */
struct kr_store__param *kr_store__param(struct kr_store__filter *m, enum kr_store__param_kind kind);
void kr_store__param_int(struct kr_store__filter *m, int64_t i);
void kr_store__param_ip(struct kr_store__filter *m, const struct kr_ip *ip);
/* Write one leaf. */
void kr_store__filter_leaf(struct kr_store__filter *m, const struct kr_expr_leaf *leaf);
/* Can plain SQL say this test of a column? */
bool kr_store__filter_native(const struct kr_expr_leaf *leaf, const struct kr_field_info *info);
/* Does kr_expr_leaf_value() ignore the case of this text? */
bool kr_store__filter_any_case(const struct kr_expr_leaf *leaf, enum kr_field_kind kind);
bool kr_store__filter_never_null(const char *col);
