/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the room: several events of one record. */
#pragma once

#include "codec/members.h"
#include "codec/plan.h"

#define KR_PARTS_MAX 10000 /* events of one record; one with more is refused */

struct kr_parts {
	struct kr_batch *out;
	const struct kr_place *at;
	unsigned n;
};

/*
 * Add the event of the reading as the next part of its record; its warnings are counted and begin
 * anew. -KR_EINVAL, with r->why filled, when there are too many.
 */
KR_MUST_USE int kr_codec__parts_add(struct kr_parts *p, struct kr_reading *r);
