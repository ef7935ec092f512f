/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one reader of comma-separated tables (RFC 4180, and what is met in practice: CR, LF or CRLF,
 * a byte order mark, other delimiters, comment lines). It reads a stream in any cuts and holds at
 * most one record of record_max bytes. A broken record is reported and reading goes on at the next
 * line.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/str.h"

struct kr_csv_opts {
	char delimiter;	       /* ',' */
	char quote;	       /* '"'; 0: quotes are ordinary bytes */
	struct kr_str comment; /* lines that start with it are passed over; empty: none; borrowed */
	unsigned skip_lines;   /* passed over before the first record, whatever they hold */
	size_t record_max;     /* bytes of one record without its line end */
	unsigned columns_max;  /* values in one record */
};

struct kr_csv_record {
	struct kr_str bytes;	    /* the record without its line end; empty with err */
	const struct kr_str *cells; /* decoded values; valid until the next call */
	unsigned n;		    /* number of values; 0 with err */
	uint64_t offset;	    /* of its first byte in the stream */
	uint64_t length;	    /* in the stream, without the line end */
	uint64_t line;		    /* 1-based; with err: of the fault */
	uint64_t column;	    /* with err: 1-based byte within that line */
	int err;		    /* 0; -KR_ESYNTAX; -KR_ELIMIT (too long, too many values) */
	char reason[128];	    /* with err */
};

/* The fields are private, but for columns. */
struct kr_csv {
	struct kr_csv_opts opts;
	unsigned columns; /* values wanted in each record, 0: any number; set it after the header */
	struct kr_buf carry; /* unread bytes of earlier calls from carry_at on: at most one record
				and a bit */
	size_t carry_at;
	uint64_t offset, line; /* of the next record */
	struct kr_str *cells;
	uint8_t *escaped; /* by cell: holds doubled quotes */
	unsigned n, cap;
	bool begun, after_cr, any_escaped;
	bool passing, silent; /* on the way to the next line end; silent: not a fault */
	uint64_t pass_offset;
	struct kr_csv_record fault; /* what is reported when the line end is reached */
};

void kr_csv_init(struct kr_csv *c, const struct kr_csv_opts *opts);
void kr_csv_done(struct kr_csv *c);
/*
 * Read the next record; empty lines are passed over.
 *
 * arena  takes values that hold doubled quotes, and records that lie across two calls
 * in     advanced past what was used; values are slices of it where they can be
 * eof    no more input will come
 *
 * Returns 1 with a record, sound or broken; 0 when more input is needed, or at eof all is done.
 */
int kr_csv_next(struct kr_csv *c, struct kr_arena *arena, struct kr_str *in, bool eof,
		struct kr_csv_record *ret);
