/* SPDX-License-Identifier: Apache-2.0 */
/* What every file of karaula may rely on: attributes, sizes, and nothing about CSIRTs. */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KR_MUST_USE	 __attribute__((warn_unused_result))
#define KR_PRINTF(f, a)	 __attribute__((format(printf, f, a)))
#define KR_UNUSED	 __attribute__((unused))
#define KR_LIKELY(x)	 __builtin_expect(!!(x), 1)
#define KR_UNLIKELY(x)	 __builtin_expect(!!(x), 0)
#define KR_ARRAY_LEN(a)	 (sizeof(a) / sizeof((a)[0]))
#define KR_MIN(a, b)	 ((a) < (b) ? (a) : (b))
#define KR_MAX(a, b)	 ((a) > (b) ? (a) : (b))
#define KR_STRINGIFY_(x) #x
#define KR_STRINGIFY(x)	 KR_STRINGIFY_(x)

/*
 * Run NAME_free(pointer) when the variable leaves its scope:
 *     KR_AUTO(kr_arena) *a = kr_arena_new(0);
 * Each type that supports it says so with KR_AUTO_DEFINE beside its _free function.
 */
#define KR_AUTO(type) __attribute__((cleanup(type##__auto))) struct type
#define KR_AUTO_DEFINE(type)                                                                       \
	static inline void type##__auto(struct type **p)                                           \
	{                                                                                          \
		type##_free(*p);                                                                   \
	}

/* Allocation that cannot fail: memory is bounded by design, so failure means the machine is
 * out of it; state is on disk and the service manager restarts us. */
void *kr_xmalloc(size_t n) __attribute__((malloc, alloc_size(1), returns_nonnull));
void *kr_xcalloc(size_t count, size_t size)
	__attribute__((malloc, alloc_size(1, 2), returns_nonnull));
void *kr_xrealloc(void *p, size_t n) __attribute__((alloc_size(2), returns_nonnull));
char *kr_xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
