/* SPDX-License-Identifier: Apache-2.0 */
/* Internet addresses and networks: one value for both families, always in canonical form. */
#pragma once

#include "base/base.h"
#include "base/str.h"

struct kr_ip {
	uint8_t b[16];	/* network order; IPv4 uses the first 4 bytes, the others are 0 */
	uint8_t family; /* 4, 6; 0: none */
	uint8_t plen;	/* prefix length in bits: 32 or 128 for an address */
};

#define KR_IP_TEXT_MAX 52 /* with prefix length and NUL */

static inline uint8_t kr_ip_bits(const struct kr_ip *ip)
{
	return ip->family == 4 ? 32 : 128;
}

/*
 * Read one address: dotted quad without leading zeros, or RFC 4291 text. An IPv4-mapped IPv6
 * address becomes IPv4; a zone ("%eth0") is dropped.
 *
 * Returns 0 or -KR_EINVAL.
 */
KR_MUST_USE int kr_ip_parse(struct kr_str s, struct kr_ip *ret);
/*
 * Read a network "10.0.0.0/8"; an address alone is a network of all its bits. Host bits are
 * cleared.
 *
 * Returns 0; 1 if host bits had to be cleared; -KR_EINVAL.
 */
KR_MUST_USE int kr_net_parse(struct kr_str s, struct kr_ip *ret);
/* Canonical text (RFC 5952), without prefix length. Returns its length; buf ends in NUL. */
size_t kr_ip_text(const struct kr_ip *ip, char buf[KR_IP_TEXT_MAX]);
/* The same with "/plen". */
size_t kr_net_text(const struct kr_ip *ip, char buf[KR_IP_TEXT_MAX]);
/* Family first, then bytes, then prefix length. */
int kr_ip_cmp(const struct kr_ip *a, const struct kr_ip *b);
bool kr_net_contains(const struct kr_ip *net, const struct kr_ip *ip);
/* First and last address of a network, both with full prefix length. */
void kr_net_range(const struct kr_ip *net, struct kr_ip *ret_first, struct kr_ip *ret_last);
/* Cut an address to its network of plen bits. */
struct kr_ip kr_ip_net(const struct kr_ip *ip, uint8_t plen);

static inline uint32_t kr_ip_u32(const struct kr_ip *ip)
{
	return (uint32_t)ip->b[0] << 24 | (uint32_t)ip->b[1] << 16 | (uint32_t)ip->b[2] << 8 |
	       ip->b[3];
}

static inline struct kr_ip kr_ip_from_u32(uint32_t v)
{
	struct kr_ip ip = {.family = 4, .plen = 32};

	ip.b[0] = (uint8_t)(v >> 24);
	ip.b[1] = (uint8_t)(v >> 16);
	ip.b[2] = (uint8_t)(v >> 8);
	ip.b[3] = (uint8_t)v;
	return ip;
}

/* Never routed on the Internet (RFC 6890 and updates): private, loopback, link-local, multicast...
 */
bool kr_ip_special(const struct kr_ip *ip);
