/* SPDX-License-Identifier: Apache-2.0 */
/* Inside this room: counters as they are kept, and what is computed from rows instead. */
#pragma once

#include <sqlite3.h>

#include "store/sqlite/state.h"

/* Number of the pair that is kept for (a, b), in either order; -1: none is. */
int kr_counters_pair(enum kr_dim a, enum kr_dim b, bool *ret_swapped);

/*
 * The counters of a scope that is bound to a constituent, from the rows that it shows: for pairs
 * that are not kept by constituent. Days and classes count as in the counters.
 */
KR_MUST_USE int kr_counters_from_rows(struct kr_store *s, const struct kr_scope *scope,
				      const struct kr_counter_query *q, struct kr_arena *a,
				      struct kr_counter_row **ret, size_t *ret_n,
				      struct kr_fault *reterr);

/*
 * Rows and times seen that a scope shows, without looking at them: from the totals of the days, or
 * where those do not fit what is there (not derived yet, or dropped in part) from the counters of
 * the partitions. Rows of the class test are in no counter: partitions that may hold some are
 * handed out, for their rows of that class to be counted and added.
 *
 * a  takes the list
 */
KR_MUST_USE int kr_counters_known(struct kr_store *s, const struct kr_scope *scope,
				  struct kr_arena *a, struct kr_count *ret,
				  struct kr_part_info **ret_tests, size_t *ret_n,
				  struct kr_fault *reterr);
