/* SPDX-License-Identifier: Apache-2.0 */
/* What group.c collects and group_rows.c writes. */
#pragma once

#include "store/sqlite/group.h"

/* One event that waits. */
struct pending {
	uint64_t hi, lo; /* address; family 0 none */
	int64_t key;
	uint32_t source, batch; /* batch: index into group.batches */
	uint64_t report, offset;
	kr_time time_first, time_last;
	uint32_t at, n; /* packed bytes */
	uint32_t length, part;
	uint32_t owners_at; /* into group.owners */
	uint32_t asn, class_, type;
	uint16_t cc, n_owners;
	uint32_t count;
	uint8_t order; /* of the address as SQLite sorts it: 0 IPv4, 1 none, 2 IPv6 */
	uint8_t label;
	bool counted;
};

struct group_batch {
	struct kr_taking *taking;
	uint64_t report;
	uint32_t generation, number, read;
	uint64_t refused, warnings, dropped;
	struct kr_str drops; /* "RULE:N ..." */
	uint32_t fresh, aggregated, unrouted;
};

struct kr_group {
	struct kr_buf packed;
	struct pending *rows;
	size_t n, cap;
	uint32_t *order;
	struct kr_owner *owners;
	size_t n_owners, owners_cap;
	struct group_batch *batches;
	size_t n_batches, batches_cap;
	struct refusal {
		struct kr_refusal r;
		uint32_t batch, number;
	} *refusals;
	size_t n_refusals, refusals_cap;
	struct kr_arena *arena; /* reasons of refusals */
	struct kr_tally *tally;
	int64_t start_us;
};

/* Remember an event: packed, with its identity, place and dimensions. */
void kr_group__pend(struct kr_group *g, const struct kr_taking *t, uint32_t batch,
		    const struct kr_event *e);
/* Write all pending events into the open transaction of the partition. */
KR_MUST_USE int kr_group__write(struct kr_group *g, struct kr_partition *w,
				struct kr_fault *reterr);

/* Room for `more` elements behind the n that an array holds; doubles. The counts are bounded by
 * what a group may hold. */
#define KR_GROW(p, n, cap, more)                                                                   \
	do {                                                                                       \
		while ((n) + (more) > (cap)) {                                                     \
			(cap) = (cap) ? (cap) * 2 : 256;                                           \
			(p) = kr_xrealloc((p), (cap) * sizeof(*(p)));                              \
		}                                                                                  \
	} while (0)
