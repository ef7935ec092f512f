/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the room: a list of objects kept as a literal, less some of their members. */
#pragma once

#include "codec/members.h"

/*
 * One member of an object of the list; t NULL: the object ends, members of our own may be written.
 *
 * index  of the object
 * t      raw is the whole value, containers too
 *
 * Returns 0 to keep the member, 1 to drop it, or an error that ends the reading.
 */
typedef int kr_strip_member(void *ctx, unsigned index, const struct kr_json_token *t,
			    struct kr_json_out *out);

/*
 * Copy a list.
 *
 * raw  an array that was checked already
 * ret  JSON without blanks, in the arena; elements that are no objects are dropped
 *
 * Returns 0, the error of the callback, -KR_ELIMIT.
 */
KR_MUST_USE int kr_codec__strip(struct kr_reading *r, struct kr_str raw, kr_strip_member *member,
				void *ctx, struct kr_str *ret);
