/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of kr_input, for input.c (reading, limits), input_deflate.c, input_zstd.c and input_zip.c.
 */
#pragma once

#include <zlib.h>

#include "base/input.h"

#define KR_INPUT_RAW ((size_t)128 << 10)

/* How the bytes of a member are made from raw bytes. */
struct kr_base__decoder {
	/*
	 * Make at most size bytes. Returns their number; 0 at the end of the member; -KR_E*. May
	 * return fewer bytes than there are; what came before damage is returned before the error.
	 */
	ptrdiff_t (*read)(struct kr_input *in, char *buf, size_t size, struct kr_fault *reterr);
	bool compressed; /* the ratio is limited */
};

struct kr_base__zip;

struct kr_input {
	int fd;
	struct kr_str name; /* base name of the input, owned */
	struct kr_input_limits limits;
	const struct kr_base__decoder *decoder;
	/* Raw bytes: raw[at..n) are not used yet. */
	char *raw;
	size_t at, n;
	bool raw_end;
	uint64_t consumed; /* from the descriptor, in all */
	/* The member that is open. */
	struct kr_str member; /* its name */
	bool in_member, ended;
	int err; /* sticky for this member, with fault */
	struct kr_fault fault;
	uint64_t made, used; /* bytes out, raw bytes in */
	/* Decoders' own. */
	z_stream z;
	bool z_open, mid_frame;
	void *zstd;
	size_t zstd_step; /* raw bytes it wants next */
	bool zstd_full;	  /* the last output had no room for all */
	struct kr_base__zip *zip;
};

/*
 * See to it that raw bytes are there, from the descriptor or the zip member.
 *
 * Returns 1; 0 when there are no more; -KR_EIO.
 */
int kr_base__input_fill(struct kr_input *in, struct kr_fault *reterr);
/* -KR_ECORRUPT, with the member's name and the remedy. */
int kr_base__input_corrupt(struct kr_input *in, struct kr_fault *reterr, const char *what);

extern const struct kr_base__decoder kr_base__plain, kr_base__gzip, kr_base__deflate, kr_base__zstd;
/* Ready zlib for the next stream; window_bits as for inflateInit2(). */
void kr_base__inflate_start(struct kr_input *in, int window_bits);
void kr_base__zstd_start(struct kr_input *in);
void kr_base__decoders_free(struct kr_input *in);

/* Raw bytes of the open zip member; as read(). */
ptrdiff_t kr_base__zip_raw(struct kr_input *in, char *buf, size_t size, struct kr_fault *reterr);
/* Find the central directory; the raw bytes read so far belong to the archive. */
int kr_base__zip_open(struct kr_input *in, int64_t start, struct kr_fault *reterr);
void kr_base__zip_free(struct kr_input *in);
/* Is the archive read from a copy? */
bool kr_base__zip_copied(const struct kr_input *in);
/* As kr_input_member(). */
int kr_base__zip_member(struct kr_input *in, struct kr_fault *reterr);
/* Size that the member should have. */
uint64_t kr_base__zip_promised(const struct kr_input *in);
/* Hold decoded bytes against size and checksum; n 0: the member is complete. 0 or -KR_ECORRUPT. */
int kr_base__zip_check(struct kr_input *in, const char *p, size_t n, struct kr_fault *reterr);
