/* SPDX-License-Identifier: Apache-2.0 */
/* What a digest gathers while it goes through its rows once. Inside of the room. */
#pragma once

#include "base/arena.h"
#include "render/digest.h"

#define KR_DIGEST__TYPES 64   /* types that are counted by name */
#define KR_DIGEST__RULES 8    /* rules of the register that are named */
#define KR_DIGEST__CELL	 8192 /* bytes of one value */

/* Columns of the table that are no fields; behind all fields. */
enum {
	KR_DIGEST__LAST = KR_FIELD_MAX,
	KR_DIGEST__COUNT,
	KR_DIGEST__EVENT,
	KR_DIGEST__EXTRA,
	KR_DIGEST__COLUMNS,
};

struct kr_digest__type {
	struct kr_str class_, type;
	uint64_t rows;
};

struct kr_digest__sum {
	struct kr_store *s;
	struct kr_desk_mailing *m;
	const struct kr_digest_opts *o;
	struct kr_digest *d;
	struct kr_arena *a;
	struct kr_digest__type types[KR_DIGEST__TYPES];
	size_t n_types;
	uint64_t other; /* rows of types beyond */
	uint32_t rules[KR_DIGEST__RULES];
	size_t n_rules;
	bool more_rules;
	struct kr_buf lines; /* the first rows, as text */
	size_t n_lines;
	struct kr_buf cells; /* see digest_csv.c */
	uint64_t n_cells;    /* rows in it */
	bool used[KR_DIGEST__COLUMNS];
	size_t n_used;	    /* columns */
	struct kr_buf cell; /* one value */
};

/* Add a row to the table. */
void kr_digest__csv_row(struct kr_digest__sum *x, const struct kr_stored_event *ev);
/* Write the table, with the columns that any row has. */
void kr_digest__csv_end(struct kr_digest__sum *x);
/* Add a row to the text. */
void kr_digest__line(struct kr_digest__sum *x, const struct kr_stored_event *ev);
void kr_digest__subject(struct kr_digest__sum *x);
KR_MUST_USE int kr_digest__text(struct kr_digest__sum *x, struct kr_fault *reterr);
