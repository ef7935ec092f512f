/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed slices of bytes. A kr_str owns nothing and need not end in NUL. */
#pragma once

#include "base/base.h"

#include <string.h>

struct kr_str {
	const char *p;
	size_t n;
};

#define KR_STR(literal) ((struct kr_str){"" literal, sizeof(literal) - 1})
#define KR_STR_ARG(s)	(int)(s).n, (s).p /* for "%.*s" */
#define KR_STR_NULL	((struct kr_str){NULL, 0})

static inline struct kr_str kr_str_c(const char *s)
{
	return (struct kr_str){s, s ? strlen(s) : 0};
}

static inline struct kr_str kr_str_n(const char *p, size_t n)
{
	return (struct kr_str){p, n};
}

static inline bool kr_str_eq(struct kr_str a, struct kr_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool kr_str_eqc(struct kr_str a, const char *b)
{
	return kr_str_eq(a, kr_str_c(b));
}

/* ASCII case is ignored; other bytes compare exactly, whatever the locale. */
bool kr_str_ieq(struct kr_str a, struct kr_str b);
int kr_str_cmp(struct kr_str a, struct kr_str b);
bool kr_str_starts(struct kr_str s, struct kr_str prefix);
bool kr_str_ends(struct kr_str s, struct kr_str suffix);
bool kr_str_istarts(struct kr_str s, struct kr_str prefix);
/* Position of needle, or -1. An empty needle is at 0. */
ptrdiff_t kr_str_find(struct kr_str s, struct kr_str needle);
/* The same with ASCII case ignored. */
ptrdiff_t kr_str_ifind(struct kr_str s, struct kr_str needle);
ptrdiff_t kr_str_chr(struct kr_str s, char c);
/* Without leading and trailing blanks (space, tab, CR, LF). */
struct kr_str kr_str_trim(struct kr_str s);

static inline struct kr_str kr_str_from(struct kr_str s, size_t at)
{
	return at >= s.n ? (struct kr_str){s.p + s.n, 0} : (struct kr_str){s.p + at, s.n - at};
}

static inline struct kr_str kr_str_first(struct kr_str s, size_t n)
{
	return (struct kr_str){s.p, n < s.n ? n : s.n};
}

/*
 * Cut the next piece off *rest at the separator.
 *
 * rest  advanced past the separator; its p is NULL after the last piece
 *
 * Returns false when nothing is left. "a,,b" gives "a", "" and "b"; "" gives one empty piece.
 */
bool kr_str_split(struct kr_str *rest, char sep, struct kr_str *ret_piece);

/* Whole slice as a decimal number; 0 or -KR_EINVAL (empty, other bytes, overflow). */
KR_MUST_USE int kr_str_i64(struct kr_str s, int64_t *ret);
KR_MUST_USE int kr_str_u64(struct kr_str s, uint64_t *ret);
/* Whole slice as a finite decimal number, independent of the locale. */
KR_MUST_USE int kr_str_double(struct kr_str s, double *ret);

static inline char kr_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static inline char kr_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
}

static inline bool kr_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool kr_is_alpha(char c)
{
	return (kr_lower(c) >= 'a' && kr_lower(c) <= 'z');
}

static inline bool kr_is_alnum(char c)
{
	return kr_is_digit(c) || kr_is_alpha(c);
}

static inline bool kr_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Value of a hexadecimal digit, -1 for any other byte. */
int kr_hex_value(char c);

/*
 * Check UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
 *
 * Returns the length of the longest valid prefix; equal to s.n when all is valid.
 */
size_t kr_utf8_valid(struct kr_str s);
