/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a group adds besides rows: counters by dimension, and postings (which rows hold a value).
 * Both are collected in memory while the rows are written and stored at the end of the group, one
 * row for each distinct value: that is what makes them cheap.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "model/event.h"
#include "store/read.h"

#include <sqlite3.h>

#define KR_OWNERS_MAX 64u /* owners of one event that are counted */

/* The dimensions of one row, as small numbers. Texts are interned by the tally. */
struct kr_dims {
	uint32_t class_, type; /* interned, 0: absent */
	uint32_t asn, cc;      /* cc: two letters in 16 bits; 0: absent */
	uint32_t source;
	uint8_t label;
	bool counted; /* class test is not */
	uint32_t n_owners;
	const struct kr_owner *owners; /* borrowed */
};

/* What a posting is about; the numbers are stored. */
enum kr_posting {
	KR_POST_CLASS = 1,
	KR_POST_TYPE = 2,
	KR_POST_AS = 3,
	KR_POST_COUNTRY = 4,
	KR_POST_CONSTITUENT = 5, /* 0: unrouted */
	KR_POST_SOURCE = 6,
	KR_POST_HOUR = 7,   /* hours since 1970 of first and last seen */
	KR_POST_REPORT = 8, /* reports that contributed */
};

struct kr_tally;
struct kr_tally *kr_tally_new(void);
void kr_tally_free(struct kr_tally *t);
KR_AUTO_DEFINE(kr_tally)
void kr_tally_clear(struct kr_tally *t);
/* A small number for a text, the same as long as the tally is not cleared; 0 for an empty one. */
uint32_t kr_tally_intern(struct kr_tally *t, struct kr_str s);
/* Add to every counter of these dimensions; negative takes away. */
void kr_tally_count(struct kr_tally *t, const struct kr_dims *d, int64_t rows, int64_t events);
/* Add a row "pair,a,b,tlp,rows,events" of the table. Returns 0; -KR_ECORRUPT: there is no such
 * pair.
 */
KR_MUST_USE int kr_tally_add(struct kr_tally *t, sqlite3_stmt *row);
/* Note that row `id` holds the value. */
void kr_tally_post(struct kr_tally *t, enum kr_posting kind, uint64_t value, uint64_t id);
/* All postings of a row but hour and report. */
void kr_tally_post_dims(struct kr_tally *t, const struct kr_dims *d, uint64_t id);
/* The hours of first and last seen. */
void kr_tally_post_times(struct kr_tally *t, kr_time first, kr_time last, uint64_t id);

/*
 * Hand out what was collected.
 *
 * seg      number that goes with all of it
 * counter  "INSERT INTO counter(seg,pair,a,b,tlp,rows,events) VALUES(?1..?7)"
 * posting  "INSERT INTO posting(kind,value,seg,ids) VALUES(?1..?4)"; NULL if nothing was posted
 */
KR_MUST_USE int kr_tally_store(struct kr_tally *t, uint64_t seg, sqlite3_stmt *counter,
			       sqlite3_stmt *posting, struct kr_fault *reterr);
