/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at eight bytes at a time in one 64-bit word. The masks have the high bit of each byte
 * that matches; a borrow may set a bit above a true match, so only the lowest bit of a mask is to
 * be used.
 */
#pragma once

#include "base/base.h"

#include <endian.h>
#include <string.h>

#define KR_SWAR_ONES ((uint64_t)0x0101010101010101u)
#define KR_SWAR_HIGH ((uint64_t)0x8080808080808080u)

static inline uint64_t kr_swar_load(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return le64toh(w);
}

static inline uint64_t kr_swar_equal(uint64_t w, char c)
{
	uint64_t x = w ^ (KR_SWAR_ONES * (unsigned char)c);

	return (x - KR_SWAR_ONES) & ~x & KR_SWAR_HIGH;
}

/* Bytes below limit, which is at most 128. */
static inline uint64_t kr_swar_below(uint64_t w, unsigned char limit)
{
	return (w - KR_SWAR_ONES * limit) & ~w & KR_SWAR_HIGH;
}

/* What ends a plain run inside a JSON string: quote, backslash, control character. */
static inline uint64_t kr_swar_json(uint64_t w)
{
	return kr_swar_equal(w, '"') | kr_swar_equal(w, '\\') | kr_swar_below(w, 0x20);
}

/* Index of the first match; mask is not 0. */
static inline unsigned kr_swar_first(uint64_t mask)
{
	return (unsigned)__builtin_ctzll(mask) >> 3;
}
