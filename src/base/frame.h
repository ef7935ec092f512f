/* SPDX-License-Identifier: Apache-2.0 */
/* zstd frames (RFC 8878), each holding one block of bounded size: how the spool keeps its batches.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

struct kr_frame_packer;
struct kr_frame_packer *kr_frame_packer_new(void);
void kr_frame_packer_free(struct kr_frame_packer *p);
/*
 * Compress one block to one frame with a checksum.
 *
 * ret  replaced by the frame
 */
KR_MUST_USE int kr_frame_pack(struct kr_frame_packer *p, const void *data, size_t n,
			      struct kr_buf *ret, struct kr_fault *reterr);

struct kr_frame_reader;
/* Read frames from a descriptor, which the reader closes when it is freed. */
struct kr_frame_reader *kr_frame_reader_new(int fd);
void kr_frame_reader_free(struct kr_frame_reader *r);
/*
 * The next frame, decompressed.
 *
 * ret       replaced by its bytes
 * size_max  a frame of more bytes is -KR_ECORRUPT
 *
 * Returns 1; 0 at the end; -KR_EIO; -KR_ECORRUPT (damaged, or cut off).
 */
KR_MUST_USE int kr_frame_next(struct kr_frame_reader *r, size_t size_max, struct kr_buf *ret,
			      struct kr_fault *reterr);
