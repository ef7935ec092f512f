/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A partition: one SQLite file for a retention class, a UTC day of spooling, and a part of it.
 *
 *     event         rows (row.h), found by their identity through one unique index
 *     contribution  all contributions to a row that has more than one; a single one is in the row
 * alone ledger        batches of reports that are stored here, with what they gave refused records
 * that could not become events posting       which rows hold a value, one row for (kind, value,
 * segment) counter       what each segment added to the counters seg           segments: groups
 * that were committed state         one row: what the catalogue needs
 */
#pragma once

#include "store/sqlite/state.h"

enum kr_part_stmt {
	KR_PS_INSERT,
	KR_PS_FIND,
	KR_PS_TOUCH,
	KR_PS_DELETE,
	KR_PS_CONTRIBUTE,
	KR_PS_LEDGER,
	KR_PS_REFUSED,
	KR_PS_POSTING,
	KR_PS_COUNTER,
	KR_PS_SEG,
	KR_PS_STATE,
	KR_PART_STMTS,
};

struct kr_partition {
	sqlite3 *db;
	sqlite3_stmt *st[KR_PART_STMTS];
	struct kr_part_info info; /* as of the open transaction */
};

/* Columns of KR_PS_FIND before those of kr_row_columns(). */
KR_MUST_USE int kr_partition_open(struct kr_store *s, enum kr_retention class_, int32_t day,
				  uint32_t part, bool create, struct kr_partition **ret,
				  struct kr_fault *reterr);
void kr_partition_close(struct kr_partition *p);
/* Does the ledger of this file count what rules dropped? 1, 0 (schema 1), -KR_E*. */
KR_MUST_USE int kr_partition_has_drops(sqlite3 *db, struct kr_fault *reterr);
/* Read the state row. */
KR_MUST_USE int kr_partition_state(sqlite3 *db, struct kr_part_info *ret, struct kr_fault *reterr);
/* Write it; in the open transaction. */
KR_MUST_USE int kr_partition_save(struct kr_partition *p, struct kr_fault *reterr);
/* Widen the spans of the state by these times. */
void kr_partition_span(struct kr_part_info *info, kr_time first, kr_time last);
