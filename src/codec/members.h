/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the room: the members that a JSON format has, as a table that is looked up by name, and
 * what is done with one that is a plain value or that no field takes.
 */
#pragma once

#include "base/json.h"
#include "model/event.h"

/* One member of a format. */
struct kr_member {
	struct kr_str key;   /* in lower case where the format ignores case */
	unsigned how;	     /* what the codec does with it */
	enum kr_field field; /* where it goes, if that is all */
};

#define KR_MEMBER_SLOTS 256 /* a power of two, at least twice the longest table */

struct kr_member_index {
	const struct kr_member *members;
	bool fold; /* names are compared without case */
	uint8_t slots[KR_MEMBER_SLOTS];
};

/* n: at most KR_MEMBER_SLOTS / 2; members: borrowed. */
void kr_codec__member_index(struct kr_member_index *x, const struct kr_member *members, size_t n,
			    bool fold);
/* NULL if the format has no such member. */
const struct kr_member *kr_codec__member_find(const struct kr_member_index *x, struct kr_str key);

/* One record while it is read. */
struct kr_reading {
	struct kr_json *j;
	struct kr_event *e;
	struct kr_arena *arena; /* j->arena */
	struct kr_str ns;	/* before the names in extra: "n6." */
	unsigned warnings;
	struct kr_fault *why;
};

/*
 * Keep a member that no field takes: extra.NS + its name; objects are flattened, arrays are
 * literals, null and "nothing" are passed over. Returns 0 or an error of the reader.
 */
KR_MUST_USE int kr_codec__keep(struct kr_reading *r, struct kr_json_token *t);
/* A member that says how often: the event's count, or kept with a warning if it is no such number.
 */
KR_MUST_USE int kr_codec__count(struct kr_reading *r, struct kr_json_token *t);
/* The same under another prefix, e.g. "xarf.reporter.". */
KR_MUST_USE int kr_codec__keep_under(struct kr_reading *r, struct kr_str prefix,
				     struct kr_json_token *t);
/* A member that says how often: the event's count, or kept with a warning if it is no such number.
 */
KR_MUST_USE int kr_codec__count(struct kr_reading *r, struct kr_json_token *t);
/* Set a field from a text, number or truth value; anything else is kept as above with a warning. */
KR_MUST_USE int kr_codec__set(struct kr_reading *r, enum kr_field f, struct kr_json_token *t);
/* Set a field from text; what is not valid is kept in extra with a warning. */
KR_MUST_USE int kr_codec__set_text(struct kr_reading *r, enum kr_field f, struct kr_str text);
/* Set a field from a text that lives in the arena, under a name of our own in extra. */
KR_MUST_USE int kr_codec__keep_text(struct kr_reading *r, const char *name, struct kr_str text);
/* The record lacks what its format demands, or has it in another form: fills why, -KR_EINVAL. */
KR_PRINTF(2, 3)
int kr_codec__wrong(struct kr_reading *r, const char *fmt, ...);
