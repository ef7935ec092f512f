/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the room: reading a mapping document, with the JSON path in every message. */
#pragma once

#include "base/json.h"
#include "codec/plan.h"

struct kr_mapdoc {
	struct kr_json j;
	struct kr_str text;
	struct kr_arena *arena; /* of the mapping */
	struct kr_fault *fault;
	struct kr_mapping *m;
	char path[160];
	size_t path_n;
};

/* The next token; errors of syntax have their place already. */
KR_MUST_USE int kr_mapdoc__next(struct kr_mapdoc *d, struct kr_json_token *t);
/* Go into a member (name not NULL) or an element of a path, and back to what the call before
 * returned. */
size_t kr_mapdoc__enter(struct kr_mapdoc *d, struct kr_str name, int index);
void kr_mapdoc__leave(struct kr_mapdoc *d, size_t path_n);
/* -KR_EINVAL at a token, with its line, column and path. */
KR_MUST_USE int kr_mapdoc__fail(struct kr_mapdoc *d, const struct kr_json_token *t,
				const char *remedy, const char *fmt, ...) KR_PRINTF(4, 5);
/* The same for a name that is not known; near is the nearest one that is, or p NULL. */
KR_MUST_USE int kr_mapdoc__unknown(struct kr_mapdoc *d, const struct kr_json_token *t,
				   const char *what, struct kr_str name, struct kr_str near,
				   const char *remedy);
/* The same for a field, with the nearest one that is known. */
KR_MUST_USE int kr_mapdoc__no_field(struct kr_mapdoc *d, struct kr_str name);
KR_MUST_USE int kr_mapdoc__string(struct kr_mapdoc *d, const struct kr_json_token *t,
				  struct kr_str *ret);
/* The token must open this kind of container. */
KR_MUST_USE int kr_mapdoc__opens(struct kr_mapdoc *d, const struct kr_json_token *t,
				 enum kr_json_type type);
/* Pass over a value nobody reads. */
KR_MUST_USE int kr_mapdoc__skip(struct kr_mapdoc *d, struct kr_json_token *t);
/* Something to tell that is not an error. */
KR_MUST_USE int kr_mapdoc__warn(struct kr_mapdoc *d, const char *fmt, ...) KR_PRINTF(2, 3);
/*
 * Where a value goes: a field, or extra.
 *
 * name    "source.ip"; words: short names too; "extra.", "extra.x"
 * column  gives the key for "extra."
 */
KR_MUST_USE int kr_mapdoc__target(struct kr_mapdoc *d, struct kr_str name, struct kr_str column,
				  bool words, enum kr_field *ret_field, struct kr_str *ret_key);
/* Read the members of an object {field: value} as constants, appended to a list. */
KR_MUST_USE int kr_mapdoc__constants(struct kr_mapdoc *d, bool fallback, bool words,
				     struct kr_map_constant **list, unsigned *n);
/*
 * Room for one more element in a list that lives in the arena; NULL when it is full.
 * Lists are copied as they double.
 */
void *kr_mapdoc__grow(struct kr_mapdoc *d, void *list, unsigned n, size_t size);

/* The two forms; the document's outer object is open. */
KR_MUST_USE int kr_mapping__shadowserver(struct kr_mapdoc *d);
KR_MUST_USE int kr_mapping__csv(struct kr_mapdoc *d);
