/* SPDX-License-Identifier: Apache-2.0 */
/* What a mapping may do to a value on its way from a column to a field: conversions.def has the
 * names. */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/str.h"
#include "model/field.h"

/* Columns that some conversions look at beside their own. */
enum kr_row_column {
	KR_COL_CC_DNS,
	KR_COL_HTTP_HOST,
	KR_COL_URL,
	KR_COL_HTTP_URL,
	KR_COL_APPLICATION,
	KR_COL_DETAIL,
	KR_ROW_COLUMNS,
};

extern const char *const kr_row_column_names[KR_ROW_COLUMNS];

/* A row of a table as a conversion sees it. */
struct kr_row {
	const struct kr_str *cells;
	const int *columns; /* by enum kr_row_column: index into cells, or -1 */
	struct kr_arena *arena;
};

enum kr_converted {
	KR_CONV_TEXT,	 /* text, for the field to check */
	KR_CONV_LITERAL, /* JSON: a number, true or false; a field reads it as text */
	KR_CONV_ABSENT,	 /* it says nothing */
	KR_CONV_INVALID, /* not what the conversion expects: the text is kept in extra */
	KR_CONV_LIMIT,	 /* the arena is full */
};

/*
 * Convert one value.
 *
 * f    where it goes; KR_F_NONE: extra
 * in   not empty, unless the mapping passes the row as well
 * ret  set for TEXT and LITERAL: a slice of in, or in the arena
 */
typedef enum kr_converted kr_conversion(const struct kr_row *row, enum kr_field f, struct kr_str in,
					struct kr_str *ret);

/* By its published name; NULL if there is none. */
kr_conversion *kr_conversion_find(struct kr_str name);
/* The name nearest to one that is not known; p NULL if none is near. */
struct kr_str kr_conversion_near(struct kr_str name);
