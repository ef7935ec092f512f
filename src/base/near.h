/* SPDX-License-Identifier: Apache-2.0 */
/* How far two words are from each other: for "did you mean ...?". */
#pragma once

#include "base/base.h"
#include "base/str.h"

#define KR_NEAR_MAX 64 /* bytes; longer words are never near */

/*
 * Edits that make one word of the other: insert, delete, change, swap neighbours (optimal string
 * alignment). ASCII case is ignored.
 *
 * Returns the number; SIZE_MAX if a word is longer than KR_NEAR_MAX.
 */
size_t kr_near_distance(struct kr_str a, struct kr_str b);

/* The nearest of several words, offered one by one. */
struct kr_near {
	struct kr_str word; /* what was written */
	struct kr_str best; /* p NULL: none is near enough */
	size_t distance;
};
#define KR_NEAR(w) ((struct kr_near){.word = (w), .distance = SIZE_MAX})
/* Offer a candidate; it is borrowed. Near enough is one edit, or a third of the longer word. */
void kr_near_offer(struct kr_near *n, struct kr_str candidate);
