/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event as a row of a partition. The columns come from model/fields.def: the fixed ones below,
 * then each field flagged COL; all other fields are packed into `rest`, pairs that no field takes
 * into `extra`.
 *
 *     id      never reused within a partition, rises with arrival
 *     addr    source.ip: INTEGER (IPv4), BLOB of 16 (IPv6), '' (none); with key and source: the
 * identity key     keyed hash of the aggregation key (model/key.h), as a signed number source  id
 *     first   first seen, and the field time.source; last: last seen. Microseconds
 *     n       times seen
 *     label   the tightest TLP of event and source
 *     report offset length part    the first contribution
 *     owners  (constituent, rule)* as varints, NULL: nobody
 *     rest    (field number, length, canonical text)*, lengths and numbers as varints
 *     extra   a flat JSON object
 */
#pragma once

#include <sqlite3.h>

#include "base/arena.h"
#include "base/buf.h"
#include "model/event.h"

struct kr_row {
	uint64_t id;
	uint32_t source;
	uint64_t report;
	struct kr_event *
		e; /* offset, length, part, key, first, last, count, owners, label and all fields */
};

enum kr_row_column {
	KR_ROW_ID,
	KR_ROW_ADDR,
	KR_ROW_KEY,
	KR_ROW_SOURCE,
	KR_ROW_FIRST,
	KR_ROW_LAST,
	KR_ROW_N,
	KR_ROW_LABEL,
	KR_ROW_REPORT,
	KR_ROW_OFFSET,
	KR_ROW_LENGTH,
	KR_ROW_PART,
	KR_ROW_OWNERS,
	KR_ROW_FIELDS, /* the first column of a field */
};

/* Column that holds a field, NULL if it is packed into rest: "source_fqdn", "addr", "first". */
const char *kr_row_column(enum kr_field f);
/* Its place among kr_row_columns(), -1 if it is packed. */
int kr_row_index(enum kr_field f);
/* All columns, separated by commas, in the order of enum kr_row_column. */
const char *kr_row_columns(void);
int kr_row_width(void);
/* CREATE TABLE event (...) */
void kr_row_ddl(struct kr_buf *sql);

/*
 * Pack an event into bytes that kr_row_bind() turns into parameters: rows wait in a group in this
 * form.
 *
 * b  appended to; holds everything, nothing stays borrowed
 */
void kr_row_pack(struct kr_buf *b, uint32_t source, uint64_t report, const struct kr_event *e);
/*
 * Bind a packed row to "INSERT INTO event(kr_row_columns()) VALUES (?1, ?2, ...)".
 *
 * packed  must stay until the statement is reset
 * id      bound as the row id
 */
void kr_row_bind(sqlite3_stmt *st, struct kr_str packed, uint64_t id);
/* Read the columns of kr_row_columns(), which start at column `at` of the statement, into the
 * arena. */
KR_MUST_USE int kr_row_read(sqlite3_stmt *st, int at, struct kr_arena *a, struct kr_row *ret,
			    struct kr_fault *reterr);

/* Walk owners: false at the end. */
bool kr_row_owner_next(struct kr_str *rest, struct kr_owner *ret);
/* Walk rest: false at the end. */
bool kr_row_rest_next(struct kr_str *rest, enum kr_field *ret, struct kr_str *ret_text);
