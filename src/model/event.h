/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event: a machine observation. Values are slices and live in the batch's arena or in the input
 * bytes that the batch holds; nobody frees them one by one.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "model/field.h"
#include "model/label.h"

#define KR_EVENT_VALUES_MAX 80	/* fields set in one event */
#define KR_EVENT_EXTRA_MAX  512 /* extra pairs in one event */

/* A pair that no field takes: flat, "key" is what follows "extra." */
struct kr_extra {
	struct kr_extra *next;
	struct kr_str key;
	struct kr_str
		value; /* text, or with literal: JSON as written (number, true, false, array...) */
	bool literal;
};

/* Who is told: one entry for each constituent that matched, with the rule that decided. */
struct kr_owner {
	uint32_t constituent;
	uint32_t rule;
};

struct kr_event {
	/* Where it came from: a slice of the report, and the number within it (several events from
	 * one record). */
	uint64_t offset;
	uint32_t length;
	uint32_t part;
	uint32_t line; /* 1-based, counted from where reading began; 0 if the codec has no lines */

	uint8_t slot[KR_FIELD_MAX]; /* index into value + 1 by field; 0: absent */
	uint8_t n, size;
	uint16_t n_extra;
	union kr_value *value;
	struct kr_extra *extra, **extra_end;
	uint64_t
		extra_filter[4]; /* bits of the keys in extra: not set means the key is not there */

	/* Filled on the way, absent in a freshly decoded event. */
	uint64_t key; /* keyed hash of the aggregation key */
	kr_time first, last;
	uint64_t count;
	struct kr_owner *owners;
	uint32_t n_owners;
	enum kr_tlp label; /* the tightest of event and source */
	uint32_t dropped;  /* id of the intake rule that drops it; 0: none */
};

/* An empty event in the arena, seen once (count 1); NULL when the arena is full. */
struct kr_event *kr_event_new(struct kr_arena *arena);

/*
 * A copy in the arena with values and extra pairs of its own; texts stay shared. Owners are not
 * copied. NULL when the arena is full.
 */
struct kr_event *kr_event_clone(const struct kr_event *e, struct kr_arena *arena);

static inline bool kr_event_has(const struct kr_event *e, enum kr_field f)
{
	return e->slot[f] != 0;
}

/* Value of a field, NULL if absent. */
static inline const union kr_value *kr_event_get(const struct kr_event *e, enum kr_field f)
{
	return e->slot[f] ? &e->value[e->slot[f] - 1] : NULL;
}

/*
 * Set a field to a value that is valid already.
 *
 * v  copied; text stays borrowed
 *
 * Returns 0; -KR_ELIMIT (arena full, or too many fields).
 */
KR_MUST_USE int kr_event_put(struct kr_event *e, struct kr_arena *arena, enum kr_field f,
			     union kr_value v);
void kr_event_unset(struct kr_event *e, enum kr_field f);
/*
 * Set a field from input text: clean, check, and put. "Nothing" leaves it absent. What is not valid
 * goes to extra under the field's own name, byte by byte as it came, so nothing is lost; it may
 * even hold bytes that are not UTF-8.
 *
 * Returns 0; 1 (not valid: kept in extra); -KR_ELIMIT.
 */
KR_MUST_USE int kr_event_set(struct kr_event *e, struct kr_arena *arena, enum kr_field f,
			     struct kr_str text);
/*
 * Add to extra. A key given twice keeps the later value. Empty values are dropped.
 *
 * key    without "extra."; borrowed
 * value  borrowed; literal: it is JSON already (number, true, array)
 *
 * Returns 0 or -KR_ELIMIT.
 */
KR_MUST_USE int kr_event_add_extra(struct kr_event *e, struct kr_arena *arena, struct kr_str key,
				   struct kr_str value, bool literal);
const struct kr_extra *kr_event_extra(const struct kr_event *e, struct kr_str key);
