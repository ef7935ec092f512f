/* SPDX-License-Identifier: Apache-2.0 */
/* Some thousand events that travel together: moved between stages, never shared. */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "model/event.h"

/* A record that could not become an event: counted, kept in the spool, listed with place and
 * reason. */
struct kr_refusal {
	uint64_t offset; /* in the report */
	uint32_t length;
	uint32_t line;	 /* 1-based, counted from where reading began; 0 if unknown */
	uint32_t column; /* 1-based; 0 if unknown */
	struct kr_str reason;
};

/* Events that a rule dropped. */
struct kr_drop {
	uint32_t rule;
	uint64_t n;
};

struct kr_batch {
	struct kr_arena *arena; /* owned */
	struct kr_event **events;
	size_t n, cap;
	struct kr_refusal *refusals;
	size_t n_refusals, refusals_cap;
	uint64_t refused; /* all of them; details are kept of the first KR_BATCH_REFUSALS_MAX */
	uint64_t dropped; /* events that rules dropped; they are in no list */
	struct kr_drop *drops;
	size_t n_drops, drops_cap;
	uint64_t warnings;    /* values that were not valid and went to extra */
	struct kr_str *notes; /* what is odd about the report as a whole, e.g. an optional column
				 that is missing */
	size_t n_notes, notes_cap;
};

#define KR_BATCH_REFUSALS_MAX 1000
#define KR_BATCH_NOTES_MAX    100

struct kr_batch *kr_batch_new(size_t arena_max);
void kr_batch_free(struct kr_batch *b);
KR_AUTO_DEFINE(kr_batch)
/* Empty it for reuse; memory is kept. */
void kr_batch_clear(struct kr_batch *b);
/* Append an event that lives in b->arena. */
void kr_batch_add(struct kr_batch *b, struct kr_event *e);
/* Note a refused record; the reason is copied, control characters and what is not UTF-8 in it as
 * '?'. */
void kr_batch_refuse(struct kr_batch *b, uint64_t offset, uint64_t length, uint32_t line,
		     uint32_t column, const char *fmt, ...) KR_PRINTF(6, 7);
/* Count an event that a rule dropped. 0 or -KR_ELIMIT. */
KR_MUST_USE int kr_batch_drop(struct kr_batch *b, uint32_t rule);
/* Note what is odd about the report; the text is copied. Beyond KR_BATCH_NOTES_MAX nothing is kept.
 */
void kr_batch_note(struct kr_batch *b, const char *fmt, ...) KR_PRINTF(2, 3);
