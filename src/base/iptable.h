/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An immutable map from address to number, for both families: who owns it, which AS it is in. Built
 * from ranges or prefixes in any order, nested as they like; kept as bytes that can be a part of a
 * compiled file (base/krt.h) and used where they lie.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/str.h"

#define KR_IPTABLE_NONE	    UINT32_MAX /* no entry covers the address; not allowed as a value */
#define KR_IPTABLE_ROWS_MAX 50000000u  /* entries of a builder */

/* A point where the value changes: what holds from this address to the one before the next start.
 */
struct kr_iptable_v4 {
	uint32_t start, value;
};

/* A view of the bytes: copy it freely, it owns nothing. */
struct kr_iptable {
	const uint32_t *index4,
		*index6; /* 65,537 each: place of the start that covers BITS << 16 */
	const struct kr_iptable_v4 *v4;
	const uint64_t *high6, *low6;
	const uint32_t *value6;
	uint32_t n4, n6;
};

struct kr_iptable_build;

struct kr_iptable_build *kr_iptable_build_new(void);
void kr_iptable_build_free(struct kr_iptable_build *b);
KR_AUTO_DEFINE(kr_iptable_build)
/*
 * Add all addresses of a network, or of a range (both ends included, same family).
 *
 * Where entries overlap, the smallest one that covers an address gives its value; of several with
 * the same ends the one added last.
 *
 * Returns 0; -KR_EINVAL (no address, ends swapped, two families, or the value is KR_IPTABLE_NONE);
 * -KR_ELIMIT.
 */
KR_MUST_USE int kr_iptable_add_net(struct kr_iptable_build *b, const struct kr_ip *net,
				   uint32_t value);
KR_MUST_USE int kr_iptable_add_range(struct kr_iptable_build *b, const struct kr_ip *first,
				     const struct kr_ip *last, uint32_t value);
/* Entries added so far. */
size_t kr_iptable_build_count(const struct kr_iptable_build *b);
/*
 * Flatten and write the bytes. The builder is empty afterwards.
 *
 * ret  appended to; must be empty or at a multiple of 8
 *
 * Returns 0 or -KR_ELIMIT (over the maximum of ret).
 */
KR_MUST_USE int kr_iptable_build_end(struct kr_iptable_build *b, struct kr_buf *ret);
/*
 * Look at bytes made by kr_iptable_build_end().
 *
 * bytes  must stay, and be aligned to 8
 *
 * Returns 0 or -KR_ECORRUPT (sizes do not fit). Bytes that are damaged inside give wrong values,
 * never a read outside of them.
 */
KR_MUST_USE int kr_iptable_view(struct kr_str bytes, struct kr_iptable *ret);

/* Value of one IPv4 address given as a number. */
static inline uint32_t kr_iptable_get4(const struct kr_iptable *t, uint32_t ip)
{
	uint32_t lo, hi, n;

	if (KR_UNLIKELY(!t->n4))
		return KR_IPTABLE_NONE;
	lo = t->index4[ip >> 16];
	hi = t->index4[(ip >> 16) + 1];
	hi = KR_MIN(hi, t->n4 - 1);
	lo = KR_MIN(lo, hi);
	/* No branch depends on what is found, so nothing is mispredicted. */
	for (n = hi - lo + 1; n > 1; n -= n / 2)
		lo += t->v4[lo + n / 2].start <= ip ? n / 2 : 0;
	return t->v4[lo].value;
}

/* Fetch what a look-up of this address will need, some look-ups ahead of it. */
static inline void kr_iptable_prefetch(const struct kr_iptable *t, const struct kr_ip *ip)
{
	uint32_t at = kr_ip_u32(ip) >> 16, lo, hi;

	if (ip->family != 4 || !t->n4)
		return;
	lo = t->index4[at];
	hi = t->index4[at + 1];
	if (KR_LIKELY(lo < t->n4 && hi < t->n4)) {
		__builtin_prefetch(&t->v4[lo + (hi - lo) / 2]);
		__builtin_prefetch(&t->v4[lo]);
	}
}

/* Value of an address, or of the first address of a network; KR_IPTABLE_NONE for none. */
uint32_t kr_iptable_get(const struct kr_iptable *t, const struct kr_ip *ip);
/* Distinct stretches that have a value. */
size_t kr_iptable_count(const struct kr_iptable *t);
