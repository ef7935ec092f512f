/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled tables (.krt): named parts in one file with a checksum, mapped and used as they are.
 * Nothing is parsed at start. Numbers are in the byte order of the machine that wrote them; the
 * file says which, and a table is made again from its origin elsewhere.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/str.h"

#define KR_KRT_PARTS_MAX 32
#define KR_KRT_ALIGN	 64 /* each part starts at a multiple of this */

struct kr_krt_part {
	const char *name; /* 1 to 8 characters */
	struct kr_str bytes;
};

struct kr_krt {
	struct kr_map_file map;
	struct kr_hash hash; /* of the content, as the file says */
	uint64_t stamp;
	uint32_t n_parts;
};

/*
 * Write a table: a temporary file beside it, synced, renamed; after a power cut either the old or
 * the new one is there.
 *
 * dirfd, path  as for openat()
 * kind         what the parts are, 1 to 8 characters; kr_krt_open() must name the same
 * stamp        any number of the caller's, e.g. the version of what it was made from
 * parts        at most KR_KRT_PARTS_MAX
 *
 * Returns 0; -KR_EFULL, -KR_EIO, -KR_EDENIED.
 */
KR_MUST_USE int kr_krt_write(int dirfd, const char *path, const char *kind, uint64_t stamp,
			     const struct kr_krt_part *parts, size_t n, struct kr_fault *reterr);
/*
 * Map a table. Header, kind and all sizes are checked, the checksum is not: that reads every page.
 *
 * remedy  what mends a damaged file, for the fault: "run: karaula table import asn FILE"
 *
 * Returns 0; -KR_ENOENT; -KR_ECORRUPT; -KR_EVERSION (another version, kind or byte order).
 */
KR_MUST_USE int kr_krt_open(int dirfd, const char *path, const char *kind, const char *remedy,
			    struct kr_krt *ret, struct kr_fault *reterr);
void kr_krt_close(struct kr_krt *k);
/* Bytes of a part, aligned to KR_KRT_ALIGN; p is NULL if there is none of that name. */
struct kr_str kr_krt_part(const struct kr_krt *k, const char *name);
/* A part as an array of items; NULL (and *ret_n 0) if it is absent or not a whole number of them.
 */
const void *kr_krt_array(const struct kr_krt *k, const char *name, size_t item, size_t *ret_n);
/* Read all of it and compare the checksum: 0 or -KR_ECORRUPT. */
KR_MUST_USE int kr_krt_check(const struct kr_krt *k, struct kr_fault *reterr);
