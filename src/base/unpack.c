/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the first HEAD bytes say what it is; then each piece is run through zlib or zstd
 * into one buffer, which is handed out whenever something is in it. After each step what came out
 * is held against the limits, so a bomb is stopped within one buffer of the limit.
 */
#include "base/unpack.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#define HEAD	       8
#define OUT	       ((size_t)64 << 10)
#define RATIO_FROM     ((uint64_t)16 << 20) /* a ratio means nothing for small files */
#define WINDOW_LOG_MAX 25		    /* 32 MiB, as for files */

struct kr_unpack {
	enum kr_packed expected, kind; /* kind ANY: not known yet */
	struct kr_input_limits limits;
	int (*out)(void *ctx, struct kr_str bytes, struct kr_fault *reterr);
	void *ctx;
	char head[HEAD];
	size_t n_head;
	char *room;
	z_stream z;
	ZSTD_DStream *zstd;
	bool z_open;
	bool mid; /* within a member or frame */
	uint64_t made, used;
	int err;
};

struct kr_unpack *kr_unpack_new(enum kr_packed expected, const struct kr_input_limits *limits,
				int (*out)(void *ctx, struct kr_str bytes, struct kr_fault *reterr),
				void *ctx)
{
	struct kr_unpack *u = kr_xcalloc(1, sizeof(*u));

	u->expected = expected;
	u->limits = limits ? *limits : (struct kr_input_limits){0};
	u->out = out;
	u->ctx = ctx;
	return u;
}

void kr_unpack_free(struct kr_unpack *u)
{
	if (!u)
		return;
	if (u->z_open)
		inflateEnd(&u->z);
	ZSTD_freeDStream(u->zstd);
	free(u->room);
	free(u);
}

/* ---- limits ---- */

static int give(struct kr_unpack *u, const char *p, size_t n, struct kr_fault *reterr)
{
	const struct kr_input_limits *l = &u->limits;
	bool packed = u->kind != KR_PACKED_PLAIN;

	u->made += n;
	if (l->bytes_max && u->made > l->bytes_max) {
		kr_fault_set(reterr, -KR_ELIMIT, "more than the %llu bytes allowed%s",
			     (unsigned long long)l->bytes_max, packed ? " when unpacked" : "");
		kr_fault_remedy(reterr, "split the report, or raise the limit");
		return -KR_ELIMIT;
	}
	if (l->ratio_max && packed && u->made > RATIO_FROM && u->made / l->ratio_max > u->used) {
		kr_fault_set(reterr, -KR_ELIMIT, "unpacks to more than %llu times its size",
			     (unsigned long long)l->ratio_max);
		kr_fault_remedy(reterr, "if this is no bomb, send it unpacked");
		return -KR_ELIMIT;
	}
	return n ? u->out(u->ctx, kr_str_n(p, n), reterr) : 0;
}

static int corrupt(struct kr_fault *reterr, const char *what)
{
	kr_fault_set(reterr, -KR_ECORRUPT, "%s", what);
	kr_fault_remedy(reterr, "send it again");
	return -KR_ECORRUPT;
}

/* ---- what is it? ---- */

static enum kr_packed kind_of(struct kr_str head)
{
	if (kr_str_starts(head, KR_STR("\x1f\x8b")))
		return KR_PACKED_GZIP;
	if (kr_str_starts(head, KR_STR("\x28\xb5\x2f\xfd")) ||
	    (head.n >= 4 && ((unsigned char)head.p[0] & 0xf0) == 0x50 &&
	     memcmp(head.p + 1, "\x2a\x4d\x18", 3) == 0))
		return KR_PACKED_ZSTD;
	return KR_PACKED_PLAIN;
}

static const char *foreign(struct kr_str head)
{
	static const struct {
		const char *magic, *name;
		size_t n;
	} all[] = {{"PK\3\4", "zip", 4},
		   {"\xfd"
		    "7zXZ",
		    "xz", 5},
		   {"BZh", "bzip2", 3},
		   {"7z\xbc\xaf", "7-Zip", 4},
		   {"Rar!\x1a\x07", "RAR", 6}};

	for (size_t i = 0; i < KR_ARRAY_LEN(all); i++)
		if (kr_str_starts(head, kr_str_n(all[i].magic, all[i].n)))
			return all[i].name;
	return NULL;
}

static int detect(struct kr_unpack *u, struct kr_fault *reterr)
{
	struct kr_str head = kr_str_n(u->head, u->n_head);
	const char *other = foreign(head);

	u->kind = kind_of(head);
	if (other) {
		kr_fault_set(reterr, -KR_EFORMAT, "%s cannot be unpacked while it arrives", other);
		kr_fault_remedy(reterr, "unpack it first; gzip and zstd are understood");
		return -KR_EFORMAT;
	}
	if (u->expected != KR_PACKED_ANY && u->kind != u->expected)
		return corrupt(reterr, "the bytes are not packed as it is said");
	if (u->kind != KR_PACKED_PLAIN)
		u->room = kr_xmalloc(OUT);
	if (u->kind == KR_PACKED_GZIP) {
		u->z_open = inflateInit2(&u->z, 15 + 16) == Z_OK;
		assert(u->z_open);
		u->mid = true;
	} else if (u->kind == KR_PACKED_ZSTD) {
		u->zstd = ZSTD_createDStream();
		assert(u->zstd);
		ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	}
	return 0;
}

/* ---- gzip and zstd ---- */

/* Behind a member: 1 another begins in bytes; 0 nothing more; -KR_ECORRUPT. */
static int next_member(struct kr_unpack *u, struct kr_str *bytes, struct kr_fault *reterr)
{
	while (bytes->n && bytes->p[0] == 0) { /* padding */
		*bytes = kr_str_from(*bytes, 1);
		u->used++;
	}
	if (!bytes->n)
		return 0;
	if ((unsigned char)bytes->p[0] != 0x1f)
		return corrupt(reterr, "there are other bytes behind the gzip data");
	inflateReset(&u->z);
	u->mid = true;
	return 1;
}

static int add_gzip(struct kr_unpack *u, struct kr_str bytes, struct kr_fault *reterr)
{
	bool full = false;

	while (bytes.n || full) {
		size_t step = KR_MIN(bytes.n, (size_t)1 << 30);
		int r = u->mid ? 1 : next_member(u, &bytes, reterr), z;

		if (r <= 0)
			return r;
		u->z.next_in = (Bytef *)(uintptr_t)bytes.p;
		u->z.avail_in = (uInt)step;
		u->z.next_out = (Bytef *)u->room;
		u->z.avail_out = OUT;
		z = inflate(&u->z, Z_NO_FLUSH);
		u->used += step - u->z.avail_in;
		bytes = kr_str_from(bytes, step - u->z.avail_in);
		full = u->z.avail_out == 0;
		r = give(u, u->room, OUT - u->z.avail_out, reterr);
		if (r)
			return r;
		if (z == Z_STREAM_END) {
			u->mid = false;
			full = false;
		} else if (z != Z_OK && z != Z_BUF_ERROR) {
			return corrupt(reterr, "the gzip data is damaged");
		}
	}
	return 0;
}

static int add_zstd(struct kr_unpack *u, struct kr_str bytes, struct kr_fault *reterr)
{
	ZSTD_inBuffer in = {bytes.p, bytes.n, 0};
	bool full = false;

	while (in.pos < in.size || full) {
		ZSTD_outBuffer out = {u->room, OUT, 0};
		size_t before = in.pos, code = ZSTD_decompressStream(u->zstd, &out, &in);
		int r;

		if (ZSTD_isError(code) && strstr(ZSTD_getErrorName(code), "too much memory")) {
			kr_fault_set(reterr, -KR_ELIMIT,
				     "the zstd data needs a window of more than %u MiB",
				     1u << (WINDOW_LOG_MAX - 20));
			kr_fault_remedy(reterr, "pack it without --long and --ultra");
			return -KR_ELIMIT;
		}
		if (ZSTD_isError(code))
			return corrupt(reterr, "the zstd data is damaged");
		u->used += in.pos - before;
		u->mid = code != 0;
		full = u->mid && out.pos == OUT;
		r = give(u, u->room, out.pos, reterr);
		if (r)
			return r;
	}
	return 0;
}

static int pass(struct kr_unpack *u, struct kr_str bytes, struct kr_fault *reterr)
{
	switch (u->kind) {
	case KR_PACKED_GZIP: return add_gzip(u, bytes, reterr);
	case KR_PACKED_ZSTD: return add_zstd(u, bytes, reterr);
	default: return give(u, bytes.p, bytes.n, reterr);
	}
}

static int begin(struct kr_unpack *u, struct kr_fault *reterr)
{
	int err = detect(u, reterr);

	return err ? err : pass(u, kr_str_n(u->head, u->n_head), reterr);
}

int kr_unpack_add(struct kr_unpack *u, struct kr_str bytes, struct kr_fault *reterr)
{
	if (u->err)
		return kr_fault_set(reterr, u->err, "%s", kr_err_text(u->err));
	while (u->kind == KR_PACKED_ANY && bytes.n) {
		u->head[u->n_head++] = bytes.p[0];
		bytes = kr_str_from(bytes, 1);
		if (u->n_head == HEAD)
			u->err = begin(u, reterr);
		if (u->err)
			return u->err;
	}
	if (bytes.n)
		u->err = pass(u, bytes, reterr);
	return u->err;
}

int kr_unpack_end(struct kr_unpack *u, struct kr_fault *reterr)
{
	if (u->err)
		return kr_fault_set(reterr, u->err, "%s", kr_err_text(u->err));
	if (u->kind == KR_PACKED_ANY)
		u->err = begin(u, reterr);
	if (!u->err && u->mid)
		u->err = corrupt(reterr, "the packed data is cut off");
	return u->err;
}
