/* SPDX-License-Identifier: Apache-2.0 */
/* Taking back what earlier generations of a report contributed. */
#pragma once

#include "store/sqlite/state.h"

/*
 * Undo all generations of t->report before t->generation, part by part, each in one transaction
 * with its ledger: after a crash it goes on where it was. events_lock is held.
 */
KR_MUST_USE int kr_store__undo_locked(struct kr_taking *t, const struct kr_reparse *reparse,
				      struct kr_fault *reterr);
/* Row ids that a posting of a partition names, over all its segments, ascending and unique. */
KR_MUST_USE int kr_store__posting_ids(sqlite3 *db, int kind, int64_t value, struct kr_arena *a,
				      uint64_t **ret, size_t *ret_n, struct kr_fault *reterr);
