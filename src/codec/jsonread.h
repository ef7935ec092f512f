/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the room: JSON objects as flat pairs. */
#pragma once

#include "base/json.h"
#include "model/event.h"

/*
 * One pair of a flattened object.
 *
 * key      names of the nested members, joined by dots; lives in the arena or the input
 * value    decoded text, or with literal the JSON as written, without blanks between tokens
 *
 * Returns 0 or an error that ends the reading.
 */
typedef int kr_json_pair(void *ctx, struct kr_str key, struct kr_str value, bool literal);

/*
 * Read the members of an object whose opening was the token read last; nested objects are
 * flattened, arrays are literals, null is passed over.
 *
 * prefix  put before each key: "" or "extra."
 *
 * Returns 0, the error of the callback, or one of kr_json_next().
 */
KR_MUST_USE int kr_codec__pairs(struct kr_json *j, struct kr_str prefix, kr_json_pair *pair,
				void *ctx);
/* Pass over the array that t opened; ret: the whole of it, without blanks between tokens. */
KR_MUST_USE int kr_codec__array_literal(struct kr_json *j, struct kr_json_token *t,
					struct kr_str *ret);
/* Read a text that is one JSON object into extra. -KR_EINVAL, -KR_ESYNTAX, -KR_ELIMIT. */
KR_MUST_USE int kr_codec__extra_object(struct kr_event *e, struct kr_arena *arena,
				       struct kr_str text);
