/* SPDX-License-Identifier: Apache-2.0 */
#include "base/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

/* The fastest ordinary level: a report costs about a microsecond for each 500 bytes. */
#define LEVEL	  1
#define READ_SIZE ((size_t)128 << 10)

struct kr_frame_packer {
	ZSTD_CCtx *z;
};

struct kr_frame_packer *kr_frame_packer_new(void)
{
	struct kr_frame_packer *p = kr_xcalloc(1, sizeof(*p));

	p->z = ZSTD_createCCtx();
	if (!p->z)
		abort();
	ZSTD_CCtx_setParameter(p->z, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(p->z, ZSTD_c_checksumFlag, 1);
	return p;
}

void kr_frame_packer_free(struct kr_frame_packer *p)
{
	if (!p)
		return;
	ZSTD_freeCCtx(p->z);
	free(p);
}

int kr_frame_pack(struct kr_frame_packer *p, const void *data, size_t n, struct kr_buf *ret,
		  struct kr_fault *reterr)
{
	size_t bound = ZSTD_compressBound(n), packed;

	kr_buf_clear(ret);
	if (!kr_buf_room(ret, bound))
		return kr_fault_set(reterr, -KR_ELIMIT, "the frame is over the buffer");
	packed = ZSTD_compress2(p->z, ret->p, bound, data, n);
	if (ZSTD_isError(packed))
		return kr_fault_set(reterr, -KR_EINTERNAL, "cannot compress: %s",
				    ZSTD_getErrorName(packed));
	ret->n = packed;
	return 0;
}

struct kr_frame_reader {
	int fd;
	ZSTD_DCtx *z;
	char *in;
	size_t n, at; /* bytes in the buffer, and how many are used */
	bool eof;
};

struct kr_frame_reader *kr_frame_reader_new(int fd)
{
	struct kr_frame_reader *r = kr_xcalloc(1, sizeof(*r));

	r->fd = fd;
	r->z = ZSTD_createDCtx();
	if (!r->z)
		abort();
	r->in = kr_xmalloc(READ_SIZE);
	return r;
}

void kr_frame_reader_free(struct kr_frame_reader *r)
{
	if (!r)
		return;
	close(r->fd);
	ZSTD_freeDCtx(r->z);
	free(r->in);
	free(r);
}

static int refill(struct kr_frame_reader *r, struct kr_fault *reterr)
{
	ssize_t got;

	if (r->at < r->n || r->eof)
		return 0;
	do
		got = read(r->fd, r->in, READ_SIZE);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return kr_fault_errno(reterr, errno, "cannot read a frame");
	r->at = 0;
	r->n = (size_t)got;
	r->eof = got == 0;
	return 0;
}

int kr_frame_next(struct kr_frame_reader *r, size_t size_max, struct kr_buf *ret,
		  struct kr_fault *reterr)
{
	ZSTD_outBuffer out;
	int err = refill(r, reterr);

	kr_buf_clear(ret);
	if (err)
		return err;
	if (r->eof)
		return 0;
	if (!kr_buf_room(ret, size_max))
		return kr_fault_set(reterr, -KR_ELIMIT, "the buffer is smaller than a frame");
	out = (ZSTD_outBuffer){ret->p, size_max, 0};
	for (;;) {
		ZSTD_inBuffer in = {r->in, r->n, r->at};
		size_t before = out.pos, left = ZSTD_decompressStream(r->z, &out, &in);
		bool moved = in.pos > r->at || out.pos > before;

		r->at = in.pos;
		if (ZSTD_isError(left))
			return kr_fault_set(reterr, -KR_ECORRUPT, "a frame is damaged: %s",
					    ZSTD_getErrorName(left));
		if (left == 0)
			break;
		if (r->at < r->n) {
			if (!moved)
				return kr_fault_set(reterr, -KR_ECORRUPT,
						    "a frame is larger than %zu bytes", size_max);
			continue;
		}
		err = refill(r, reterr);
		if (err)
			return err;
		if (r->eof)
			return kr_fault_set(reterr, -KR_ECORRUPT, "a frame is cut off");
	}
	ret->n = out.pos;
	return 1;
}
