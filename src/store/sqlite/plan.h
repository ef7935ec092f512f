/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rows of a partition can match: postings and the identity index answer for the leaves they
 * know, as a bitmap of row ids. The filter still decides; a plan only leaves rows out that cannot
 * match.
 */
#pragma once

#include "store/sqlite/filter.h"
#include "store/sqlite/state.h"

struct kr_bits {
	uint64_t *w;
	uint64_t n;   /* bits: ids below n may be set */
	uint64_t set; /* how many are */
};

/* Can any row of the partition match, by its spans of first and last seen? */
bool kr_plan_touches(const struct kr_expr *x, const struct kr_part_info *p);
/*
 * Candidates of an expression, and of the scope of names, in a partition.
 *
 * db     reader of the partition
 * a      takes the bits
 * ret    set to NULL when all rows are candidates
 */
KR_MUST_USE int kr_plan_candidates(sqlite3 *db, const struct kr_expr *x,
				   const struct kr_filter_names *names,
				   const struct kr_part_info *p, struct kr_arena *a,
				   struct kr_bits **ret, struct kr_fault *reterr);

/* The highest set bit below `below`; 0 if there is none (ids start at 1). */
uint64_t kr_bits_before(const struct kr_bits *b, uint64_t below);

/* ---- names of sources and constituents ---- */

struct kr_names;
/* Names by id, read as they are asked for, once. scope: borrowed; NULL: everything. a: takes the
 * names; NULL: they end with kr_names_done(). */
struct kr_names *kr_names_new(struct kr_store *s, const struct kr_scope *scope, struct kr_arena *a,
			      struct kr_fault *reterr);
void kr_names_done(struct kr_names *n);
struct kr_str kr_names_source(struct kr_names *n, uint32_t id);
struct kr_str kr_names_constituent(struct kr_names *n, uint32_t id);
struct kr_row;
/*
 * A row as the scope of the names shows it, with the names around it; texts live in the arena.
 *
 * row  what the scope hides is taken out of row->e
 */
KR_MUST_USE int kr_store__stored_event(struct kr_names *n, const struct kr_part_info *p,
				       const struct kr_row *row, struct kr_arena *a,
				       struct kr_stored_event *ret, struct kr_fault *reterr);
/* What the filter asks with. */
struct kr_filter_names kr_names_filter(struct kr_names *n);
