/* SPDX-License-Identifier: Apache-2.0 */
/* zstd, several frames one after the other (RFC 8878). */
#include "base/input_internal.h"

#include <zstd.h>

/* Memory for the window is what a sender can make us hold: 32 MiB. zstd -19 asks for 8. */
#define WINDOW_LOG_MAX 25
#define BLOCK_HEADER   ((size_t)3)

void kr_base__zstd_start(struct kr_input *in)
{
	ZSTD_DStream *z = ZSTD_createDStream();

	assert(z);
	ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	in->zstd = z;
	in->zstd_step = 1;
}

void kr_base__decoders_free(struct kr_input *in)
{
	if (in->z_open)
		inflateEnd(&in->z);
	ZSTD_freeDStream(in->zstd);
}

static int failed(struct kr_input *in, size_t code, struct kr_fault *reterr)
{
	/* The numbers behind the texts are in a header that is less stable than they are. */
	if (!strstr(ZSTD_getErrorName(code), "too much memory"))
		return kr_base__input_corrupt(in, reterr, "the zstd data is damaged");
	kr_fault_set(reterr, -KR_ELIMIT, "the zstd data needs a window of more than %u MiB",
		     1u << (WINDOW_LOG_MAX - 20));
	kr_fault_where(reterr, "%.*s", KR_STR_ARG(in->member));
	kr_fault_remedy(reterr, "compress it without --long and --ultra");
	return -KR_ELIMIT;
}

/*
 * Raw bytes are given in the steps the library asks for, about a block each: on an error it keeps
 * what it made in the same call, so a call must not hold both good and bad blocks.
 */
static ptrdiff_t read_zstd(struct kr_input *in, char *buf, size_t size, struct kr_fault *reterr)
{
	for (;;) {
		ZSTD_outBuffer out = {buf, size, 0};
		ZSTD_inBuffer raw;
		size_t code;
		int r = kr_base__input_fill(in, reterr);

		if (r < 0)
			return r;
		if (r == 0 && !in->mid_frame)
			return 0;
		raw = (ZSTD_inBuffer){in->raw, in->at, in->at};
		if (!in->zstd_full)
			raw.size += KR_MIN(in->n - in->at, in->zstd_step);
		if (r == 0 && !in->zstd_full)
			return kr_base__input_corrupt(in, reterr, "the zstd data is cut off");
		code = ZSTD_decompressStream(in->zstd, &out, &raw);
		if (ZSTD_isError(code))
			return failed(in, code, reterr);
		in->used += raw.pos - in->at;
		in->at = raw.pos;
		in->mid_frame = code != 0;
		in->zstd_full = out.pos == size;
		/* It asks for a block and the next one's header, which are better kept apart. */
		in->zstd_step = code > BLOCK_HEADER ? code - BLOCK_HEADER : KR_MAX(code, (size_t)1);
		if (out.pos)
			return (ptrdiff_t)out.pos;
	}
}

const struct kr_base__decoder kr_base__zstd = {read_zstd, true};
