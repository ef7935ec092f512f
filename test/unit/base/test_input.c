/* SPDX-License-Identifier: Apache-2.0 */
#include "base/input.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/file.h"
#include "prop.h"
#include "tap.h"

#define FILE_MAX ((size_t)64 << 20)

/* An unlinked file, or a pipe fed by a child, with these bytes. */
static int source(struct kr_str bytes, bool seekable)
{
	char path[] = "/tmp/karaula-input-XXXXXX";
	int fd, ends[2];

	if (seekable) {
		fd = mkstemp(path);
		unlink(path);
		if (kr_write_all(fd, bytes.p, bytes.n, NULL))
			abort();
		lseek(fd, 0, SEEK_SET);
		return fd;
	}
	if (pipe(ends))
		abort();
	if (fork() == 0) {
		close(ends[0]);
		/* In odd pieces; the reader may hang up. */
		signal(SIGPIPE, SIG_IGN);
		for (size_t at = 0; at < bytes.n; at += 4099)
			if (kr_write_all(ends[1], bytes.p + at, KR_MIN(bytes.n - at, (size_t)4099),
					 NULL))
				break;
		_exit(0);
	}
	close(ends[1]);
	return ends[0];
}

/* All members as "name=bytes|", errors as "!message|". */
static const char *read_all(struct kr_str bytes, bool seekable, const char *name,
			    const struct kr_input_limits *limits, size_t step, struct kr_buf *out)
{
	int fd = source(bytes, seekable), r;
	struct kr_input *in = NULL;
	struct kr_fault f = {0};
	struct kr_str member;
	char text[700], *buf = kr_xmalloc(step);
	ptrdiff_t n;

	kr_buf_clear(out);
	r = kr_input_open(fd, name, limits, &in, &f);
	while (!r) {
		r = kr_input_member(in, &member, &f);
		if (r == 0)
			break;
		if (r > 0) {
			kr_buf_printf(out, "%.*s=", KR_STR_ARG(member));
			while ((n = kr_input_read(in, buf, step, &f)) > 0)
				kr_buf_add(out, buf, (size_t)n);
			r = (int)n;
		}
		if (r < 0)
			kr_buf_printf(out, "!%s ", kr_err_name(r)),
				kr_buf_c(out, kr_fault_text(&f, text, sizeof(text)));
		kr_buf_ch(out, '|');
		r = 0;
	}
	if (r < 0)
		kr_buf_printf(out, "!%s %s", kr_err_name(r), kr_fault_text(&f, text, sizeof(text)));
	kr_input_free(in);
	close(fd);
	free(buf);
	return kr_buf_cstr(out);
}

static void gets(struct kr_str bytes, const char *name, const struct kr_input_limits *limits,
		 const char *want)
{
	KR_AUTO_BUF out = KR_BUF(FILE_MAX);
	static const size_t steps[] = {1, 7, 65536, 1 << 20};

	for (size_t i = 0; i < KR_ARRAY_LEN(steps); i++) {
		const char *got = read_all(bytes, i % 2, name, limits, steps[i], &out);

		if (strcmp(got, want) != 0 || i + 1 == KR_ARRAY_LEN(steps)) {
			IS_CSTR(got, want, want);
			return;
		}
	}
}

static void add_gzip(struct kr_buf *b, struct kr_str s, int window_bits)
{
	z_stream z = {0};

	deflateInit2(&z, 9, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY);
	if (!kr_buf_room(b, deflateBound(&z, s.n)))
		abort();
	z.next_in = (Bytef *)(uintptr_t)s.p;
	z.avail_in = (uInt)s.n;
	z.next_out = (Bytef *)b->p + b->n;
	z.avail_out = (uInt)(b->cap - b->n);
	deflate(&z, Z_FINISH);
	b->n += z.total_out;
	deflateEnd(&z);
}

static void add_zstd(struct kr_buf *b, struct kr_str s)
{
	if (!kr_buf_room(b, ZSTD_compressBound(s.n)))
		abort();
	b->n += ZSTD_compress(b->p + b->n, b->cap - b->n, s.p, s.n, 3);
}

static void put(struct kr_buf *b, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		kr_buf_ch(b, (char)(i < 8 ? v >> 8 * i : 0));
}

struct zip {
	struct kr_buf body, directory;
	unsigned count, flags, method;
	bool wide, wrong_crc, overlap;
	uint64_t first;
};

static void zip_add(struct zip *z, const char *name, struct kr_str data)
{
	uint64_t at = z->overlap && z->count ? z->first : z->body.n, packed;
	uint32_t crc = (uint32_t)crc32(0, (const Bytef *)data.p, (uInt)data.n) ^ z->wrong_crc;
	bool described = z->flags & 8;
	size_t start;

	z->first = at;
	kr_buf_c(&z->body, "PK\3\4");
	put(&z->body, 20, 2);
	put(&z->body, z->flags, 2);
	put(&z->body, z->method, 2);
	put(&z->body, 0, 4);
	put(&z->body, described ? 0 : crc, 4);
	put(&z->body, described ? 0 : data.n, 4);
	put(&z->body, described ? 0 : data.n, 4); /* local sizes are not looked at */
	put(&z->body, strlen(name), 2);
	put(&z->body, 4, 2);
	kr_buf_c(&z->body, name);
	put(&z->body, 0x7777, 4); /* an extra field that nobody knows */
	start = z->body.n;
	if (z->method == 8)
		add_gzip(&z->body, data, -15);
	else
		kr_buf_str_add(&z->body, data);
	packed = z->body.n - start;
	if (described) {
		kr_buf_c(&z->body, "PK\7\10");
		put(&z->body, crc, 4);
		put(&z->body, packed, 4);
		put(&z->body, data.n, 4);
	}
	kr_buf_c(&z->directory, "PK\1\2");
	put(&z->directory, 45, 2);
	put(&z->directory, 45, 2);
	put(&z->directory, z->flags, 2);
	put(&z->directory, z->method, 2);
	put(&z->directory, 0, 4);
	put(&z->directory, crc, 4);
	put(&z->directory, z->wide ? UINT32_MAX : packed, 4);
	put(&z->directory, z->wide ? UINT32_MAX : data.n, 4);
	put(&z->directory, strlen(name), 2);
	put(&z->directory, z->wide ? 28 : 0, 2);
	put(&z->directory, 0, 2 + 2 + 2 + 4);
	put(&z->directory, z->wide ? UINT32_MAX : at, 4);
	kr_buf_c(&z->directory, name);
	if (z->wide) {
		put(&z->directory, 1, 2);
		put(&z->directory, 24, 2);
		put(&z->directory, data.n, 8);
		put(&z->directory, packed, 8);
		put(&z->directory, at, 8);
	}
	z->count++;
}

/* The archive; the parts are freed. */
static struct kr_str zip_end(struct zip *z, const char *comment, struct kr_buf *out)
{
	uint64_t at = z->body.n, end64;

	kr_buf_clear(out);
	kr_buf_str_add(out, kr_buf_str(&z->body));
	kr_buf_str_add(out, kr_buf_str(&z->directory));
	end64 = out->n;
	if (z->wide) {
		kr_buf_c(out, "PK\6\6");
		put(out, 44, 8);
		put(out, 45, 2);
		put(out, 45, 2);
		put(out, 0, 8);
		put(out, z->count, 8);
		put(out, z->count, 8);
		put(out, z->directory.n, 8);
		put(out, at, 8);
		kr_buf_c(out, "PK\6\7");
		put(out, 0, 4);
		put(out, end64, 8);
		put(out, 1, 4);
	}
	kr_buf_c(out, "PK\5\6");
	put(out, 0, 4);
	put(out, z->wide ? 0xffff : z->count, 2);
	put(out, z->wide ? 0xffff : z->count, 2);
	put(out, z->wide ? UINT32_MAX : z->directory.n, 4);
	put(out, z->wide ? UINT32_MAX : at, 4);
	put(out, strlen(comment), 2);
	kr_buf_c(out, comment);
	kr_buf_done(&z->body);
	kr_buf_done(&z->directory);
	return kr_buf_str(out);
}

#define ZIP(...)                                                                                   \
	((struct zip){.body = KR_BUF(FILE_MAX), .directory = KR_BUF(FILE_MAX), __VA_ARGS__})

static void test_streams(void)
{
	KR_AUTO_BUF b = KR_BUF(FILE_MAX);
	struct kr_str whole;

	gets(KR_STR(""), "dir/empty.csv", NULL, "empty.csv=|");
	gets(KR_STR("plain"), "a.gz", NULL, "a.gz=plain|");
	add_gzip(&b, KR_STR("first "), 15 + 16);
	add_gzip(&b, KR_STR(""), 15 + 16);
	add_gzip(&b, KR_STR("second"), 15 + 16);
	gets(kr_buf_str(&b), "/x/y/report.csv.gz", NULL, "report.csv=first second|");
	whole = kr_buf_str(&b);
	whole.n -= 3;
	gets(whole, "a.GZ", NULL,
	     "a=first second!CORRUPT a: the gzip data is cut off (fetch the file again)|");
	put(&b, 0, 5);
	gets(kr_buf_str(&b), "a", NULL, "a=first second|");
	kr_buf_ch(&b, 'x');
	gets(kr_buf_str(&b), "a", NULL,
	     "a=first second!CORRUPT a: there are other bytes behind the gzip data (fetch the file "
	     "again)|");
	b.p[b.n - 9] ^= 1;
	gets(kr_buf_str(&b), "a", NULL,
	     "a=first second!CORRUPT a: the gzip data is damaged (fetch the file again)|");

	kr_buf_clear(&b);
	add_zstd(&b, KR_STR("first "));
	kr_buf_add(&b, "\x53\x2a\x4d\x18\x03\0\0\0abc", 11);
	add_zstd(&b, KR_STR("second"));
	gets(kr_buf_str(&b), "a.csv.zst", NULL, "a.csv=first second|");
	whole = kr_buf_str(&b);
	whole.n -= 1;
	gets(whole, "a", NULL,
	     "a=first secon!CORRUPT a: the zstd data is cut off (fetch the file again)|");
	kr_buf_c(&b, "garbage");
	gets(kr_buf_str(&b), "a", NULL,
	     "a=first second!CORRUPT a: the zstd data is damaged (fetch the file again)|");
	gets(KR_STR("\xfd"
		    "7zXZ\0 "),
	     "a.xz", NULL,
	     "!FORMAT a.xz: xz compression is not supported (unpack it first with unxz)");
}

static void test_limits(void)
{
	static const struct kr_input_limits ten = {.bytes_max = 10}, ratio = {.ratio_max = 100},
					    two = {.members_max = 2};
	KR_AUTO_BUF zeros = KR_BUF(FILE_MAX);
	KR_AUTO_BUF b = KR_BUF(FILE_MAX);
	KR_AUTO_BUF out = KR_BUF(FILE_MAX);
	struct zip z = ZIP(.method = 8);
	const char *got;

	gets(KR_STR("1234567890"), "a", &ten, "a=1234567890|");
	gets(KR_STR("12345678901"), "a", &ten,
	     "a=1234567890!LIMIT a: more than the 10 bytes allowed (split the file, or raise the "
	     "limit)|");
	add_gzip(&b, KR_STR("1234567890"), 15 + 16);
	gets(kr_buf_str(&b), "a", &ten, "a=1234567890|");

	for (int i = 0; i < (20 << 20) / 64; i++)
		kr_buf_c(&zeros,
			 "0000000000000000000000000000000000000000000000000000000000000000");
	kr_buf_clear(&b);
	add_gzip(&b, kr_buf_str(&zeros), 15 + 16);
	got = read_all(kr_buf_str(&b), true, "bomb", &ratio, 65536, &out);
	OK(strstr(got, "!LIMIT bomb: decompresses to more than 100 times its size") != NULL,
	   "a bomb of gzip");
	OK(out.n < (17 << 20), "stopped early: %zu bytes", out.n);
	kr_buf_clear(&b);
	add_zstd(&b, kr_buf_str(&zeros));
	got = read_all(kr_buf_str(&b), false, "bomb", &ratio, 65536, &out);
	OK(strstr(got, "!LIMIT bomb: decompresses to more than 100 times its size") != NULL,
	   "a bomb of zstd");
	zip_add(&z, "bomb", kr_buf_str(&zeros));
	zip_add(&z, "good", KR_STR("good"));
	got = read_all(zip_end(&z, "", &b), false, "x.zip", &ratio, 65536, &out);
	OK(strstr(got, "!LIMIT bomb: decompresses to more than 100 times its size") != NULL,
	   "a bomb of zip");
	OK(strstr(got, "good=good|") != NULL, "the next member can be read");
	got = read_all(kr_buf_str(&b), false, "x.zip", &ten, 65536, &out);
	OK(strncmp(got, "!LIMIT x.zip: the zip archive has more than 10 bytes", 50) == 0,
	   "a copy is bounded too");

	z = ZIP();
	for (int i = 0; i < 3; i++)
		zip_add(&z, "x", KR_STR("x"));
	gets(zip_end(&z, "", &b), "x.zip", &two,
	     "!LIMIT x.zip: the zip archive has 3 members, 2 are allowed (split it, or raise the "
	     "limit)");
}

/* A window of 64 MiB, written by hand: frame header descriptor, window descriptor, one empty block.
 */
static void test_window(void)
{
	gets(kr_str_n("\x28\xb5\x2f\xfd\x00\x80\x01\0\0", 9), "a", NULL,
	     "a=!LIMIT a: the zstd data needs a window of more than 32 MiB (compress it without "
	     "--long and --ultra)|");
	gets(kr_str_n("\x28\xb5\x2f\xfd\x00\x78\x01\0\0", 9), "a", NULL, "a=|");
}

static void test_zip(void)
{
	KR_AUTO_BUF b = KR_BUF(FILE_MAX);
	KR_AUTO_BUF out = KR_BUF(FILE_MAX);
	struct zip z = ZIP(.method = 8);
	struct kr_str whole;

	gets(zip_end(&z, "", &b), "x.zip", NULL, "");
	z = ZIP();
	zip_add(&z, "dir/", KR_STR(""));
	zip_add(&z, "dir/a.csv", KR_STR("stored"));
	z.method = 8;
	zip_add(&z, "..\\b\n.csv", KR_STR("deflated"));
	z.flags = 8;
	zip_add(&z, "/", KR_STR(""));
	zip_add(&z, "c", KR_STR("described"));
	zip_add(&z, "", KR_STR(""));
	whole = zip_end(&z, "a comment", &b);
	gets(whole, "x.zip", NULL, "a.csv=stored|b_.csv=deflated|c=described|member=|");
	whole.n--;
	gets(whole, "x.zip", NULL,
	     "!CORRUPT x.zip: the zip archive has no end: it is cut off (fetch the file again)");

	z = ZIP(.method = 8, .wide = true);
	zip_add(&z, "a", KR_STR("sixty-four"));
	gets(zip_end(&z, "", &b), "x.zip", NULL, "a=sixty-four|");

	z = ZIP(.flags = 1);
	zip_add(&z, "secret", KR_STR("x"));
	z.flags = 0;
	z.method = 12;
	zip_add(&z, "bz", KR_STR("x"));
	z.method = 0;
	zip_add(&z, "open", KR_STR("x"));
	gets(zip_end(&z, "", &b), "x.zip", NULL,
	     "!FORMAT secret: the member is encrypted (unpack it with its password and take the "
	     "files in it)|"
	     "!FORMAT bz: the member is packed by method 12 (only stored and deflate are read: "
	     "unpack it first)|open=x|");
	b.p[b.n - 18] = 1; /* number of this disk */
	gets(kr_buf_str(&b), "x.zip", NULL,
	     "!FORMAT x.zip: the zip archive is split over several files (unpack it first, or pack "
	     "it again with plain "
	     "zip)");

	z = ZIP(.wrong_crc = true);
	zip_add(&z, "a", KR_STR("stored"));
	z.method = 8;
	zip_add(&z, "b", KR_STR("deflated"));
	gets(zip_end(&z, "", &b), "x.zip", NULL,
	     "a=stored!CORRUPT a: the member's checksum is wrong (fetch the file again)|"
	     "b=deflated!CORRUPT b: the member's checksum is wrong (fetch the file again)|");

	z = ZIP(.overlap = true);
	for (int i = 0; i < 40; i++)
		zip_add(&z, "a",
			KR_STR("0123456789012345678901234567890123456789012345678901234567890123456"
			       "789"));
	z.body.n = 105; /* only the first is there */
	read_all(zip_end(&z, "", &b), true, "x.zip", NULL, 100, &out);
	OK(strstr(out.p, "!CORRUPT a: members lie over each other") != NULL, "overlapping members");
}

/* Damage anywhere gives an error or the right bytes, never a crash. */
static void test_damage(void)
{
	unsigned runs = prop_begin(400);
	KR_AUTO_BUF text = KR_BUF(FILE_MAX);
	KR_AUTO_BUF file = KR_BUF(FILE_MAX);
	KR_AUTO_BUF out = KR_BUF(FILE_MAX);
	unsigned silent = 0;

	for (int i = 0; i < 3000; i++)
		kr_buf_printf(&text, "%d,192.0.2.%d\n", i * 7919, i % 250);
	for (unsigned i = 0; i < runs; i++) {
		struct zip z = ZIP(.method = 8, .wide = i % 2);
		struct kr_str s;
		size_t at;

		kr_buf_clear(&file);
		if (i % 3 == 0) {
			add_gzip(&file, kr_buf_str(&text), 15 + 16);
		} else if (i % 3 == 1) {
			add_zstd(&file, kr_buf_str(&text));
		} else {
			zip_add(&z, "a", kr_buf_str(&text));
			zip_end(&z, "", &file);
		}
		at = prop_below(file.n);
		s = kr_buf_str(&file);
		if (prop_chance(50))
			s.n = at;
		else
			file.p[at] = (char)prop_u64();
		read_all(s, true, "a", NULL, 1 + prop_below(100000), &out);
		kr_buf_done(&z.body);
		kr_buf_done(&z.directory);
		/* Without its first bytes it is a plain file; and this zstd has no checksum. */
		if (at < 4 || i % 3 == 1 || kr_str_chr(kr_buf_str(&out), '!') >= 0)
			continue;
		silent += kr_str_find(kr_buf_str(&out), kr_buf_str(&text)) < 0;
	}
	IS(silent, 0, "no damage goes unseen");
}

int main(void)
{
	test_streams();
	test_limits();
	test_window();
	test_zip();
	test_damage();
	return tap_end();
}
