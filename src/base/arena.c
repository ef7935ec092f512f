/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks form a list in the order of their use. A rewind moves the current chunk back and keeps the
 * later ones, so that a batch loop allocates from the system only while it is growing. Chunk sizes
 * double from 16 KiB to 1 MiB; a larger request gets a chunk of its own size.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define KR_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KR_ASAN 1
#endif
#endif
#ifdef KR_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define POISON(p, n)   ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

#define CHUNK_MIN ((size_t)16 << 10)
#define CHUNK_MAX ((size_t)1 << 20)

struct chunk {
	struct chunk *next;
	size_t size, used;
	_Alignas(16) char data[];
};

struct kr_arena {
	struct chunk *first, *cur;
	size_t total, size_max;
	bool full;
};

struct kr_arena *kr_arena_new(size_t size_max)
{
	struct kr_arena *a = kr_xcalloc(1, sizeof(*a));

	a->size_max = size_max ? size_max : SIZE_MAX;
	return a;
}

void kr_arena_free(struct kr_arena *a)
{
	if (!a)
		return;
	for (struct chunk *c = a->first, *next; c; c = next) {
		next = c->next;
		UNPOISON(c->data, c->size);
		free(c);
	}
	free(a);
}

/* Make a->cur a chunk with room for n bytes, reusing the next one if it is large enough. */
static void grow(struct kr_arena *a, size_t n)
{
	size_t size = a->cur ? KR_MIN(a->cur->size * 2, CHUNK_MAX) : CHUNK_MIN;
	struct chunk *c;

	while (a->cur ? a->cur->next : a->first) {
		c = a->cur ? a->cur->next : a->first;
		c->used = 0;
		if (c->size >= n) {
			a->cur = c;
			return;
		}
		/* Too small for this request: drop it, or it would never be used again. */
		if (a->cur)
			a->cur->next = c->next;
		else
			a->first = c->next;
		UNPOISON(c->data, c->size);
		free(c);
	}
	size = KR_MAX(size, n);
	c = kr_xmalloc(sizeof(*c) + size);
	c->next = NULL;
	c->size = size;
	c->used = 0;
	POISON(c->data, size);
	if (a->cur)
		a->cur->next = c;
	else
		a->first = c;
	a->cur = c;
}

static void *take(struct kr_arena *a, size_t n, size_t align)
{
	struct chunk *c = a->cur;
	size_t at;

	if (KR_UNLIKELY(n > a->size_max - a->total)) {
		a->full = true;
		return NULL;
	}
	at = c ? (c->used + align - 1) & ~(align - 1) : 0;
	if (KR_UNLIKELY(!c || at > c->size || n > c->size - at)) {
		grow(a, n);
		c = a->cur;
		at = 0;
	}
	c->used = at + n;
	a->total += n;
	UNPOISON(c->data + at, n);
	return c->data + at;
}

void *kr_arena_alloc(struct kr_arena *a, size_t n)
{
	return take(a, n, 16);
}

char *kr_arena_bytes(struct kr_arena *a, size_t n)
{
	return take(a, n, 1);
}

void *kr_arena_calloc(struct kr_arena *a, size_t count, size_t size)
{
	size_t n;
	void *p;

	if (__builtin_mul_overflow(count, size, &n)) {
		a->full = true;
		return NULL;
	}
	p = kr_arena_alloc(a, n);
	return p ? memset(p, 0, n) : NULL;
}

struct kr_str kr_arena_dup(struct kr_arena *a, struct kr_str s)
{
	char *p = s.n < SIZE_MAX ? kr_arena_bytes(a, s.n + 1) : NULL;

	if (!p)
		return KR_STR_NULL;
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return kr_str_n(p, s.n);
}

struct kr_str kr_arena_printf(struct kr_arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *p;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	p = n >= 0 ? kr_arena_bytes(a, (size_t)n + 1) : NULL;
	if (p)
		vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p ? kr_str_n(p, (size_t)n) : KR_STR_NULL;
}

void *kr_arena_more(struct kr_arena *a, void *list, size_t n, size_t *cap, size_t size)
{
	size_t room = *cap ? *cap * 2 : 32, bytes;
	void *more;

	if (n < *cap)
		return list;
	if (__builtin_mul_overflow(room, size, &bytes)) {
		a->full = true;
		return NULL;
	}
	more = kr_arena_alloc(a, bytes);
	if (!more)
		return NULL;
	if (n)
		memcpy(more, list, n * size);
	*cap = room;
	return more;
}

bool kr_arena_full(const struct kr_arena *a)
{
	return a->full;
}

size_t kr_arena_used(const struct kr_arena *a)
{
	return a->total;
}

struct kr_arena_mark kr_arena_mark(const struct kr_arena *a)
{
	return (struct kr_arena_mark){a->cur, a->cur ? a->cur->used : 0, a->total};
}

void kr_arena_rewind(struct kr_arena *a, struct kr_arena_mark m)
{
	struct chunk *c = m.chunk;

	a->total = m.total;
	a->full = false;
	for (struct chunk *later = c ? c->next : a->first; later; later = later->next) {
		later->used = 0;
		POISON(later->data, later->size);
	}
	if (c) {
		c->used = m.used;
		POISON(c->data + m.used, c->size - m.used);
	}
	a->cur = c;
}

void kr_arena_clear(struct kr_arena *a)
{
	kr_arena_rewind(a, (struct kr_arena_mark){NULL, 0, 0});
}
