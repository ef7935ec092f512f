/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Going through partitions: newest first, only those that can match, candidates where postings know
 * them, the rest in steps of row ids, so that long scans show progress, can be stopped, and can be
 * resumed.
 */
#pragma once

#include "store/sqlite/plan.h"

#define KR_SCAN_STEP 50000 /* row ids of one statement */

struct kr_scan {
	struct kr_store *s;
	const struct kr_scope *scope;
	bool open; /* to staff: how many rows were looked at is told, and bounds the query */
	const struct kr_event_query *q;
	struct kr_names *names;
	const struct kr_filter *filter;
	struct kr_arena *a;
	struct kr_part_info *parts; /* newest first, only those that can match */
	size_t n;
	uint64_t total, scanned; /* row ids to look at, and looked at */
};

/*
 * What to do in one partition.
 *
 * db     reader with kr_leaf() registered
 * ids    candidates; NULL: all
 * below  only rows with a smaller id
 *
 * Returns 0 to go on, 1 to stop, -KR_E*.
 */
typedef int (*kr_scan_part)(struct kr_scan *scan, void *ctx, sqlite3 *db,
			    const struct kr_part_info *p, const struct kr_bits *ids, uint64_t below,
			    struct kr_fault *reterr);

/* Which partitions. */
struct kr_scan_only {
	bool (*part)(void *ctx, const struct kr_part_info *p);
	void *ctx;
};

/*
 * Run over all partitions that can match. What the scope does not show is left out by the filter;
 * an expression that names what it hides is refused.
 *
 * after  where an earlier scan stopped; NULL: from the newest
 * only   NULL: every one
 *
 * Returns 0 at the end, 1 if it was stopped, -KR_E*.
 */
KR_MUST_USE int kr_scan_run(struct kr_store *s, const struct kr_scope *scope,
			    const struct kr_event_query *q, const struct kr_event_id *after,
			    const struct kr_scan_only *only, kr_scan_part part, void *ctx,
			    struct kr_scan *ret, struct kr_arena *a, struct kr_fault *reterr);
/* Count row ids as looked at; -KR_ECANCEL when the caller wants no more. */
KR_MUST_USE int kr_scan_progress(struct kr_scan *scan, uint64_t ids, struct kr_fault *reterr);
