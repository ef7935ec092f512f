/* SPDX-License-Identifier: Apache-2.0 */
/* What is brought in pieces comes out the same, however it is cut; bombs and damage are told. */
#include "base/unpack.h"

#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "tap.h"

static struct kr_buf out;
static int stop_at = -1; /* calls of collect() */

static int collect(void *ctx, struct kr_str bytes, struct kr_fault *f)
{
	(void)ctx;
	if (stop_at >= 0 && stop_at-- == 0)
		return kr_fault_set(f, -KR_EFULL, "no room");
	kr_buf_str_add(&out, bytes);
	return out.err;
}

/* Unpack in pieces of `step` bytes. */
static int unpack(enum kr_packed kind, struct kr_str in, size_t step,
		  const struct kr_input_limits *l, struct kr_fault *f)
{
	KR_AUTO(kr_unpack) *u = kr_unpack_new(kind, l, collect, NULL);
	int err = 0;

	kr_buf_done(&out);
	out = KR_BUF((size_t)256 << 20);
	*f = (struct kr_fault){0};
	for (size_t at = 0; !err && at < in.n; at += step)
		err = kr_unpack_add(u, kr_str_first(kr_str_from(in, at), step), f);
	return err ? err : kr_unpack_end(u, f);
}

static void gzip(struct kr_str in, struct kr_buf *to)
{
	z_stream z = {0};
	uLong room;

	if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	room = deflateBound(&z, in.n);
	if (!kr_buf_room(to, room))
		abort();
	z.next_in = (Bytef *)(uintptr_t)in.p;
	z.avail_in = (uInt)in.n;
	z.next_out = (Bytef *)to->p + to->n;
	z.avail_out = (uInt)room;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	to->n += room - z.avail_out;
	deflateEnd(&z);
}

static void zstd(struct kr_str in, struct kr_buf *to)
{
	size_t room = ZSTD_compressBound(in.n);

	if (!kr_buf_room(to, room))
		abort();
	to->n += ZSTD_compress(to->p + to->n, room, in.p, in.n, 3);
}

static void test_same(void)
{
	static const size_t steps[] = {1, 7, 8, 9, 4096, 1 << 20};
	static char text[300000];
	struct kr_str all = kr_str_n(text, sizeof(text));
	KR_AUTO_BUF gz = KR_BUF(1 << 22), zs = KR_BUF(1 << 22);
	struct kr_fault f;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + (i * 2654435761u >> 13) % 20);
	gzip(kr_str_first(all, 100000), &gz); /* two members, two frames */
	gzip(kr_str_from(all, 100000), &gz);
	zstd(kr_str_first(all, 100000), &zs);
	zstd(kr_str_from(all, 100000), &zs);
	for (size_t i = 0; i < KR_ARRAY_LEN(steps); i++) {
		IS(unpack(KR_PACKED_GZIP, kr_buf_str(&gz), steps[i], NULL, &f), 0, "gzip");
		OK(kr_str_eq(kr_buf_str(&out), all), "gzip by %zu bytes is the same", steps[i]);
		IS(unpack(KR_PACKED_ANY, kr_buf_str(&zs), steps[i], NULL, &f), 0, "zstd");
		OK(kr_str_eq(kr_buf_str(&out), all), "zstd by %zu bytes is the same", steps[i]);
		IS(unpack(KR_PACKED_ANY, all, steps[i], NULL, &f), 0, "plain");
		OK(kr_str_eq(kr_buf_str(&out), all), "plain by %zu bytes is the same", steps[i]);
	}
	for (size_t cut = 1; cut < gz.n; cut += cut < 30 ? 1 : 7919)
		if (unpack(KR_PACKED_GZIP, kr_str_first(kr_buf_str(&gz), cut), 100, NULL, &f) !=
			    -KR_ECORRUPT &&
		    out.n != 100000)
			OK(false, "gzip cut at %zu is told", cut);
	for (size_t cut = 4; cut < zs.n; cut += cut < 30 ? 1 : 7919)
		if (unpack(KR_PACKED_ANY, kr_str_first(kr_buf_str(&zs), cut), 100, NULL, &f) !=
			    -KR_ECORRUPT &&
		    out.n != 100000)
			OK(false, "zstd cut at %zu is told", cut);
	OK(true, "what is cut off is told");
	stop_at = 1;
	IS(unpack(KR_PACKED_ANY, kr_buf_str(&zs), 50000, NULL, &f), -KR_EFULL, "out's error");
	stop_at = -1;
}

static void test_bad(void)
{
	const struct kr_input_limits bytes = {.bytes_max = 1000}, ratio = {.ratio_max = 100};
	static char zeros[40 << 20];
	KR_AUTO_BUF bomb = KR_BUF(64 << 20), junk = KR_BUF(1 << 16), zbomb = KR_BUF(64 << 20);
	struct kr_fault f;

	gzip(kr_str_n(zeros, sizeof(zeros)), &bomb);
	zstd(kr_str_n(zeros, sizeof(zeros)), &zbomb);
	IS(unpack(KR_PACKED_ANY, kr_buf_str(&bomb), 500, &ratio, &f), -KR_ELIMIT, "a gzip bomb");
	OK(strstr(f.message, "100 times"), "its ratio is told: %s", f.message);
	OK(out.n < (size_t)18 << 20, "it is stopped at %zu bytes", out.n);
	IS(unpack(KR_PACKED_ANY, kr_buf_str(&zbomb), 500, &ratio, &f), -KR_ELIMIT, "a zstd bomb");
	IS(unpack(KR_PACKED_ANY, kr_buf_str(&bomb), 500, &bytes, &f), -KR_ELIMIT, "too many bytes");
	IS(unpack(KR_PACKED_ANY, kr_str_n(zeros, 1001), 500, &bytes, &f), -KR_ELIMIT, "plain too");
	IS(unpack(KR_PACKED_ANY, kr_str_n(zeros, 1000), 500, &bytes, &f), 0, "as many as allowed");
	IS(unpack(KR_PACKED_GZIP, KR_STR("plain text"), 3, NULL, &f), -KR_ECORRUPT, "not gzip");
	IS(unpack(KR_PACKED_ZSTD, KR_STR(""), 3, NULL, &f), -KR_ECORRUPT, "nothing is not zstd");
	IS(unpack(KR_PACKED_ANY, KR_STR(""), 3, NULL, &f), 0, "nothing is nothing");
	IS(unpack(KR_PACKED_ANY, KR_STR("PK\3\4........"), 3, NULL, &f), -KR_EFORMAT, "a zip");
	OK(strstr(f.message, "zip"), "is named: %s", f.message);
	gzip(KR_STR("hello"), &junk);
	kr_buf_c(&junk, "junk");
	IS(unpack(KR_PACKED_ANY, kr_buf_str(&junk), 3, NULL, &f), -KR_ECORRUPT, "junk behind it");
	junk.n -= 4;
	kr_buf_add(&junk, "\0\0\0\0", 4);
	IS(unpack(KR_PACKED_ANY, kr_buf_str(&junk), 3, NULL, &f), 0, "zeros behind it");
	IS_STR(kr_buf_str(&out), KR_STR("hello"), "are padding");
	junk.p[12] ^= 0x55;
	IS(unpack(KR_PACKED_ANY, kr_buf_str(&junk), 3, NULL, &f), -KR_ECORRUPT, "a flipped bit");
}

int main(void)
{
	test_same();
	test_bad();
	kr_buf_done(&out);
	return tap_end();
}
