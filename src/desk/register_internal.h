/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of tables/register.krt; what builds them and what asks them agree here. */
#pragma once

#include "base/iptable.h"
#include "base/krt.h"
#include "desk/register.h"

#include <stdatomic.h>

#define KR_REGISTER__KIND   "register"
#define KR_REGISTER__REMEDY "remove the file, it is made again from the register at the next start"
#define KR_REGISTER__NONE   UINT32_MAX
#define KR_REGISTER__CC	    1296 /* 36 x 36: letters and digits */

/* A rule, sorted by kind and value. Part "rules". */
struct kr_register__rule {
	uint32_t id, constituent;
	uint32_t list;	 /* all rules of the same value */
	uint32_t number; /* AS, index of a country, or offset of a domain in "text" */
	uint32_t size;	 /* of the domain */
	uint8_t kind, family, plen, reserved;
	uint8_t address[16]; /* of a prefix */
};

/* Part "domains": a power of two of places, probed one after the other. */
struct kr_register__domain {
	uint32_t hash, list; /* list NONE: empty */
	uint32_t offset, size;
};

/* Part "asns": the same. */
struct kr_register__asn {
	uint32_t asn, list;
};

/* Part "owners" has the owner of each rule in the same order; the last one of a value is marked. A
 * list is the number of its first owner. Other parts: "prefixes" (iptable: address to list),
 * "country" (list by index), "text". */
#define KR_REGISTER__LAST 0x80000000u /* in the number of the rule */

/* One step of the hash of a domain, taken from its last byte to its first, so that one pass over a
 * name gives the hash of each of its suffixes. */
#define KR_REGISTER__HASH_START 0x811c9dc5u
static inline uint32_t kr_register__hash_step(uint32_t h, char c)
{
	return (h ^ (uint8_t)c) * 0x01000193u;
}

/* Spread a number over a table of mask + 1 places. */
static inline uint32_t kr_register__place(uint32_t h, uint32_t mask)
{
	h *= 0x9e3779b1u;
	return (h ^ h >> 15) & mask;
}

/* Index of a country code, NONE if it is not one. */
static inline uint32_t kr_register__cc(struct kr_str s)
{
	uint32_t v = 0;

	if (s.n != 2)
		return KR_REGISTER__NONE;
	for (int i = 0; i < 2; i++) {
		char c = s.p[i];

		if (c >= 'A' && c <= 'Z')
			v = v * 36 + (uint32_t)(c - 'A');
		else if (kr_is_digit(c))
			v = v * 36 + 26 + (uint32_t)(c - '0');
		else
			return KR_REGISTER__NONE;
	}
	return v;
}

/* A mapped register. */
struct kr_register {
	atomic_uint refs;
	struct kr_krt file;
	struct kr_iptable prefixes;
	const struct kr_register__domain *domains;
	const struct kr_register__asn *asns;
	const struct kr_register__rule *rules;
	const struct kr_owner *owners;
	const uint32_t *countries;
	struct kr_str text;
	size_t n_rules, n_owners;
	uint32_t domain_mask, asn_mask;
	bool has_domains;
};

/*
 * Owners of a list.
 *
 * ret  set to a copy in the arena; untouched if there are none
 *
 * Returns their number; 0 if the list is not one; -KR_ELIMIT.
 */
int kr_register__owners(const struct kr_register *r, uint32_t list, struct kr_arena *arena,
			struct kr_owner **ret);
/* Lists of all registered suffixes of a name in lower case, the longest last; returns how many. Of
 * more than max the longest takes the last place. */
size_t kr_register__domain_lists(const struct kr_register *r, struct kr_str name, uint32_t *ret,
				 size_t max);
uint32_t kr_register__asn_list(const struct kr_register *r, int64_t asn);
/* Clear all bits behind the first plen. */
void kr_register__mask(uint8_t b[16], unsigned plen);
/* The most specific prefix that holds it and has at most *plen bits; *plen is set to its length. */
uint32_t kr_register__prefix_wider(const struct kr_register *r, const struct kr_ip *ip, int *plen);
/* The name by which an event is looked for; empty if it has none. */
struct kr_str kr_register__name(const struct kr_event *e);
/* The address or network by which an event is looked for: its own, else the one its URL names. */
bool kr_register__address(const struct kr_event *e, struct kr_ip *ret);
/* Names are registered in lower case; URLs and accounts are as they came. */
struct kr_str kr_register__lowered(struct kr_str s, char buf[256]);
/* Order of the rules by value within a kind: equal gives 0. */
int kr_register__cmp(const struct kr_register__rule *a, const struct kr_register__rule *b,
		     const char *text);
