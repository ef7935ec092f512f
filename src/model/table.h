/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader for the small tables of data/: RFC 4180, columns by the names in the first row, lines
 * that begin with
 * '#' are comments. Reports are read by codec/csv.c, which is built for size and bad input.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/str.h"

#define KR_TABLE_COLUMNS_MAX 64

struct kr_table {
	/* Private. */
	struct kr_str rest;
	struct kr_arena *arena;
	const char *name;
	uint32_t next_line;
	size_t n_all, n_wanted;
	uint8_t wanted[KR_TABLE_COLUMNS_MAX];
	struct kr_str all[KR_TABLE_COLUMNS_MAX];
	/* The row that was read last: cells in the order of the wanted columns, and its line. */
	struct kr_str cell[KR_TABLE_COLUMNS_MAX];
	uint32_t line;
};

/*
 * Read the first row.
 *
 * name     for messages
 * bytes    borrowed; cells are slices of it, or copies in the arena where a quote was doubled
 * columns  names of the n wanted columns; each must be there, others are passed over
 *
 * Returns 0; -KR_ESYNTAX, -KR_EINVAL (a column is missing), -KR_ELIMIT.
 */
KR_MUST_USE int kr_table_open(struct kr_table *t, const char *name, struct kr_str bytes,
			      struct kr_arena *arena, const char *const *columns, size_t n,
			      struct kr_fault *reterr);
/* The next row: 1; 0 at the end; -KR_ESYNTAX (quotes, or not as many cells as the first row),
 * -KR_ELIMIT. */
KR_MUST_USE int kr_table_next(struct kr_table *t, struct kr_fault *reterr);
