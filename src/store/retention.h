/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Retention: what its class has kept long enough is dropped, a partition and a day of the spool at
 * a time. Counters by day outlive their rows (stats.db).
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "model/register.h"
#include "store/audit.h"
#include "store/store.h"

/* Days that each class is kept, by enum kr_retention. */
struct kr_retention_days {
	uint32_t days[KR_RETENTIONS];
};

/* What of one class and day is to be dropped. */
struct kr_retention_row {
	enum kr_retention class_;
	int32_t day; /* UTC day of spooling */
	uint32_t partitions, reports;
	uint64_t rows, bytes_events, bytes_spool;
	const char *waits; /* why it cannot go yet, a msgid; NULL: it can */
};
/* What would be dropped now: days that are older than their class is kept. Oldest first. */
KR_MUST_USE int kr_store_retention_preview(struct kr_store *s, const struct kr_retention_days *keep,
					   struct kr_arena *a, struct kr_retention_row **ret,
					   size_t *ret_n, struct kr_fault *reterr);
/*
 * Drop one of them: reports first, then raw bytes, then rows; a crash in between is made good by
 * dropping it again.
 *
 * Returns 0; -KR_EBUSY (it waits for something, or a backup runs).
 */
KR_MUST_USE int kr_store_retention_drop(struct kr_store *s, const struct kr_by *by,
					const struct kr_retention_row *row,
					struct kr_fault *reterr);
