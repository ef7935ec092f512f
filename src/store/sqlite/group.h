/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The group: rows of some batches that are committed together, durably, in one partition. Held in
 * memory in packed form, sorted by identity, and written in one sweep of the index. events_lock is
 * held by the caller of every function here that ends in _locked.
 */
#pragma once

#include "store/sqlite/partition.h"
#include "store/sqlite/tally.h"

/* Write and commit what is open. On failure all of it is rolled back and every taking in it is
 * marked. */
KR_MUST_USE int kr_store__group_flush_locked(struct kr_store *s, struct kr_fault *reterr);
/* Nothing is being taken: give back the memory of an empty group, which may be some 40 MiB. */
void kr_store__group_rest_locked(struct kr_store *s);
/* Flush if possible, close the writer, free the group: the store is going away. */
void kr_store__group_close(struct kr_store *s);
/* Make the partition that new rows of (class, day) go to the current writer. */
KR_MUST_USE int kr_store__writer_locked(struct kr_store *s, enum kr_retention class_, int32_t day,
					struct kr_fault *reterr);
/* The writer on an existing part, for undoing. */
KR_MUST_USE int kr_store__writer_part_locked(struct kr_store *s, enum kr_retention class_,
					     int32_t day, uint32_t part, struct kr_fault *reterr);
/* Commit a transaction of the writer with its tally as a segment; on failure roll back. */
KR_MUST_USE int kr_store__segment_end(struct kr_store *s, struct kr_partition *p,
				      struct kr_tally *tally, uint64_t id_from, int err,
				      struct kr_fault *reterr);

/* A row of KR_PS_FIND, read. */
struct kr_found {
	uint64_t id, n, report, offset;
	uint32_t part, length;
	kr_time first, last;
	uint8_t label;
	struct kr_dims dims;
	struct kr_owner owners[KR_OWNERS_MAX];
};
void kr_store__found_read(sqlite3_stmt *st, uint32_t source, struct kr_tally *tally,
			  struct kr_found *ret);

/* Dimensions of an event for the tally; owners are borrowed from it. */
void kr_store__dims(struct kr_tally *tally, uint32_t source, const struct kr_event *e,
		    struct kr_dims *ret);
