/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that dies together: a chunked bump allocator per request, batch, configuration or build.
 * An arena is used by one thread at a time. Under AddressSanitizer rewound memory is poisoned.
 */
#pragma once

#include "base/base.h"
#include "base/str.h"

struct kr_arena;

struct kr_arena_mark {
	void *chunk;
	size_t used;
	size_t total;
};

/*
 * Make an arena.
 *
 * size_max  bytes it may hand out in all; 0: no cap, for input that is bounded elsewhere
 *
 * Returns it; never NULL. The caller frees it with kr_arena_free().
 */
struct kr_arena *kr_arena_new(size_t size_max);
void kr_arena_free(struct kr_arena *a);
KR_AUTO_DEFINE(kr_arena)

/*
 * Memory for n bytes, aligned for any type, not cleared.
 *
 * Returns NULL when the cap is reached; then kr_arena_full() stays true until a rewind.
 */
void *kr_arena_alloc(struct kr_arena *a, size_t n);
/* The same, cleared, for count * size bytes (overflow counts as the cap). */
void *kr_arena_calloc(struct kr_arena *a, size_t count, size_t size);
/* Memory for n bytes without alignment: for text. */
char *kr_arena_bytes(struct kr_arena *a, size_t n);
/* A copy that lives as long as the arena, with a NUL behind it; p is NULL when the cap is reached.
 */
struct kr_str kr_arena_dup(struct kr_arena *a, struct kr_str s);
struct kr_str kr_arena_printf(struct kr_arena *a, const char *fmt, ...) KR_PRINTF(2, 3);
/*
 * Room for one more element in an array of the arena: returned as it is, or copied to twice the
 * room.
 *
 * list, n, cap  the array, its elements, and its room in elements, which is changed
 * size          of an element
 *
 * Returns the array; NULL when the cap of the arena is reached.
 */
void *kr_arena_more(struct kr_arena *a, void *list, size_t n, size_t *cap, size_t size);
bool kr_arena_full(const struct kr_arena *a);
/* Bytes handed out now, and the most that were ever held from the system. */
size_t kr_arena_used(const struct kr_arena *a);

struct kr_arena_mark kr_arena_mark(const struct kr_arena *a);
/* Give back all that was handed out since the mark; chunks are kept for reuse. */
void kr_arena_rewind(struct kr_arena *a, struct kr_arena_mark m);
/* Rewind to empty. */
void kr_arena_clear(struct kr_arena *a);
