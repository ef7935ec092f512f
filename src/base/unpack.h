/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that are brought, not fetched: pieces of a stream go in, unpacked pieces come out, in fixed
 * memory. gzip (several members), zstd (several frames) or plain, as the first bytes say; the same
 * limits as base/input.h.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/input.h"
#include "base/str.h"

struct kr_unpack;

enum kr_packed { KR_PACKED_ANY, KR_PACKED_PLAIN, KR_PACKED_GZIP, KR_PACKED_ZSTD };

/*
 * expected  what it is said to be: other bytes are an error; ANY: as the first bytes say
 * limits    members_max does not count
 * out       takes unpacked pieces; an error stops everything and is returned
 */
struct kr_unpack *kr_unpack_new(enum kr_packed expected, const struct kr_input_limits *limits,
				int (*out)(void *ctx, struct kr_str bytes, struct kr_fault *reterr),
				void *ctx);
void kr_unpack_free(struct kr_unpack *u);
KR_AUTO_DEFINE(kr_unpack)
/*
 * The next bytes.
 *
 * Returns 0; -KR_ECORRUPT; -KR_ELIMIT; -KR_EFORMAT (zip, xz...: not a stream that can be unpacked
 * here); what out returned. Errors are sticky.
 */
KR_MUST_USE int kr_unpack_add(struct kr_unpack *u, struct kr_str bytes, struct kr_fault *reterr);
/* The stream is complete. -KR_ECORRUPT if it is cut off. */
KR_MUST_USE int kr_unpack_end(struct kr_unpack *u, struct kr_fault *reterr);
