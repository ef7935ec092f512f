/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of table files and the compiled form share. */
#pragma once

#include "base/iptable.h"
#include "base/krt.h"
#include "pipe/lookup.h"

#define KR_LOOKUP__FILE_MAX ((uint64_t)4 << 30)

/* Part "rows" of asn.krt: what the numbers of the address table stand for. */
struct kr_lookup__as {
	uint32_t asn;
	uint32_t offset, size; /* of the name in "text" */
};

/* Country codes are numbers of the address table themselves: 36 x 36 letters and digits. */
#define KR_LOOKUP__COUNTRIES 1296

struct kr_lookup_build {
	enum kr_lookup_kind kind;
	struct kr_iptable_build *table;
	struct kr_arena *arena; /* of one row */
	struct kr_buf rows, text;
	uint32_t *seen; /* hash table over rows: number + 1 */
	uint32_t n_rows, seen_size;
};

/* Name of the compiled file in the data directory, and what mends it. */
const char *kr_lookup__path(enum kr_lookup_kind kind);
const char *kr_lookup__remedy(enum kr_lookup_kind kind);
/*
 * The number that stands for an AS, or for a country.
 *
 * asn   0: no AS, the row is to be passed over (returns 1)
 * name  cleaned here; may be empty
 *
 * Returns 0; 1 (nothing there); -KR_EINVAL; -KR_ELIMIT.
 */
KR_MUST_USE int kr_lookup__as(struct kr_lookup_build *b, uint64_t asn, struct kr_str name,
			      uint32_t *ret);
KR_MUST_USE int kr_lookup__cc(struct kr_str code, uint32_t *ret);
/* Readers. */
KR_MUST_USE int kr_lookup__csv(struct kr_lookup_build *b, int fd, const char *name,
			       struct kr_fault *reterr);
KR_MUST_USE int kr_lookup__mmdb(struct kr_lookup_build *b, int fd, const char *name,
				struct kr_fault *reterr);
/* Does it look like an MMDB? */
bool kr_lookup__is_mmdb(int fd);
