/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spool is the log: raw input is written with its hash, synced, and only then acknowledged. A
 * report is one file of zstd frames; each frame is one batch: at most KR_FRAME_BYTES and
 * KR_FRAME_LINES, cut behind a newline where there is one.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"
#include "model/register.h"
#include "store/store.h"

#define KR_FRAME_BYTES ((size_t)512 << 10)
#define KR_FRAME_LINES 4096

struct kr_spool_writer;

/* Begin a report of a retention class; it is spooled under today's UTC day. */
KR_MUST_USE int kr_spool_begin(struct kr_store *s, enum kr_retention class_,
			       struct kr_spool_writer **ret, struct kr_fault *reterr);
KR_MUST_USE int kr_spool_add(struct kr_spool_writer *w, const void *p, size_t n,
			     struct kr_fault *reterr);

struct kr_spooled {
	struct kr_hash hash; /* BLAKE2b-256 of the bytes: the identity of the report */
	enum kr_retention class_;
	int32_t day;
	uint64_t bytes, stored; /* raw, and compressed on disk */
	uint32_t frames;
};
/*
 * End: the file is synced and has its name, ID.zst, before this returns. A file of that name that
 * is there already is the same report and is kept.
 */
KR_MUST_USE int kr_spool_end(struct kr_spool_writer *w, struct kr_spooled *ret,
			     struct kr_fault *reterr);
/* Drop an unfinished report. */
void kr_spool_abort(struct kr_spool_writer *w);

struct kr_spool_reader;
/* Open the raw bytes of a report. -KR_ENOENT if its retention has ended. */
KR_MUST_USE int kr_spool_open(struct kr_store *s, enum kr_retention class_, int32_t day,
			      const struct kr_hash *hash, struct kr_spool_reader **ret,
			      struct kr_fault *reterr);
void kr_spool_reader_free(struct kr_spool_reader *r);
/*
 * The next frame, whole.
 *
 * ret  replaced by its bytes
 *
 * Returns 1; 0 at the end; -KR_EIO, -KR_ECORRUPT.
 */
KR_MUST_USE int kr_spool_frame(struct kr_spool_reader *r, struct kr_buf *ret,
			       struct kr_fault *reterr);
/*
 * A slice of the report.
 *
 * offset, length  in raw bytes; length is cut at size_max
 * ret             appended to
 * ret_line        1-based line on which it starts; may be NULL
 */
KR_MUST_USE int kr_spool_slice(struct kr_store *s, enum kr_retention class_, int32_t day,
			       const struct kr_hash *hash, uint64_t offset, uint64_t length,
			       size_t size_max, struct kr_buf *ret, uint64_t *ret_line,
			       struct kr_fault *reterr);
