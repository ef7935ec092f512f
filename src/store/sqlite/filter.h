/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An expression as the condition of a WHERE over table event (store/sqlite/row.h), with its
 * parameters. Comparisons of hot columns are plain SQL; all else goes through kr_leaf(), which asks
 * the same code as kr_expr_match(). Either way a leaf is 0 or 1, never NULL, so NOT is a true
 * complement. first, last and n are taken to be set in every row.
 */
#pragma once

#include <sqlite3.h>

#include "base/arena.h"
#include "base/err.h"
#include "model/expr.h"
#include "store/read.h"

struct kr_filter;

/* For whom, and how names are turned into ids before SQL is made. */
struct kr_filter_names {
	/*
	 * Ids of all sources (leaf->subject KR_SUBJ_SOURCE) or constituents (KR_SUBJ_CONSTITUENT,
	 * retired ones too) for whose name kr_expr_leaf_text(leaf, name) is true.
	 *
	 * a  takes the ids
	 */
	int (*resolve)(void *ctx, const struct kr_expr_leaf *leaf, struct kr_arena *a,
		       const uint32_t **ret_ids, size_t *ret_n, struct kr_fault *reterr);
	void *ctx;
	/* Rows that it does not show do not match, words look only into fields that it shows, and
	 * ids are as it shows them; NULL: everything. Stays referenced. */
	const struct kr_scope *scope;
	const struct kr_hash_key *key; /* of ids; needed for scopes other than staff's */
};

/* Make kr_leaf() known to a connection; once for each. */
KR_MUST_USE int kr_filter_register(sqlite3 *db, struct kr_fault *reterr);
/*
 * Make the condition: the scope and the expression.
 *
 * x      stays referenced, as does all that it points to; NULL: the scope alone
 * first  number of the first parameter, from 1: the caller's own may come before
 * a      holds the filter
 *
 * Returns 0; -KR_ELIMIT; what resolve returns.
 */
KR_MUST_USE int kr_filter_make(const struct kr_expr *x, const struct kr_filter_names *names,
			       int first, struct kr_arena *a, const struct kr_filter **ret,
			       struct kr_fault *reterr);
/* "1" for everything; safe between AND and OR without parentheses. */
const char *kr_filter_sql(const struct kr_filter *f);
/*
 * Bind the parameters to a statement that holds the condition. The filter must outlive the
 * statement's steps.
 *
 * partition  class, day and part of the file asked (row is not used): id: tests it
 */
KR_MUST_USE int kr_filter_bind(const struct kr_filter *f, sqlite3_stmt *st,
			       const struct kr_event_id *partition, struct kr_fault *reterr);
