/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: raw bytes are read from the descriptor (or from the place of a zip member) into
 * one buffer, a decoder makes the caller's bytes from them, and this file counts both against the
 * limits. Nothing grows with the size of the input. An error stays until the next member is opened.
 */
#include "base/input_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* A ratio means nothing for small files, and harms nobody. */
#define RATIO_FROM ((uint64_t)16 << 20)

static const struct {
	struct kr_str magic;
	const char *name, *tool;
} refused[] = {
	{{"\xfd"
	  "7zXZ\0",
	  6},
	 "xz",
	 "unxz"},
	{{"BZh", 3}, "bzip2", "bunzip2"},
	{{"7z\xbc\xaf\x27\x1c", 6}, "7-Zip", "7z x"},
	{{"Rar!\x1a\x07", 6}, "RAR", "unrar"},
	{{"\x1f\x9d", 2}, "compress (.Z)", "uncompress"},
};

int kr_base__input_fill(struct kr_input *in, struct kr_fault *reterr)
{
	ptrdiff_t n;

	if (in->at < in->n)
		return 1;
	in->at = in->n = 0;
	if (in->raw_end)
		return 0;
	if (in->zip) {
		n = kr_base__zip_raw(in, in->raw, KR_INPUT_RAW, reterr);
	} else {
		do
			n = read(in->fd, in->raw, KR_INPUT_RAW);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			n = kr_fault_errno(reterr, errno, "cannot read %s", in->name.p);
	}
	if (n < 0)
		return (int)n;
	in->raw_end = n == 0;
	in->n = (size_t)n;
	if (!in->zip || !kr_base__zip_copied(in))
		in->consumed += (uint64_t)n;
	return n > 0;
}

int kr_base__input_corrupt(struct kr_input *in, struct kr_fault *reterr, const char *what)
{
	kr_fault_set(reterr, -KR_ECORRUPT, "%s", what);
	kr_fault_where(reterr, "%.*s", KR_STR_ARG(in->member.n ? in->member : in->name));
	kr_fault_remedy(reterr, "fetch the file again");
	return -KR_ECORRUPT;
}

static ptrdiff_t read_plain(struct kr_input *in, char *buf, size_t size, struct kr_fault *reterr)
{
	int r = kr_base__input_fill(in, reterr);
	size_t n;

	if (r <= 0)
		return r;
	n = KR_MIN(size, in->n - in->at);
	memcpy(buf, in->raw + in->at, n);
	in->at += n;
	return (ptrdiff_t)n;
}

const struct kr_base__decoder kr_base__plain = {read_plain, false};

/* Read until the first bytes are there that show what it is. */
static int peek(struct kr_input *in, struct kr_fault *reterr)
{
	while (in->n < 8) {
		ssize_t n = read(in->fd, in->raw + in->n, KR_INPUT_RAW - in->n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kr_fault_errno(reterr, errno, "cannot read %s", in->name.p);
		if (n == 0) {
			in->raw_end = true;
			break;
		}
		in->n += (size_t)n;
		in->consumed += (uint64_t)n;
	}
	return 0;
}

static int detect(struct kr_input *in, int64_t start, struct kr_fault *reterr)
{
	struct kr_str raw = kr_str_n(in->raw, in->n);

	for (size_t i = 0; i < KR_ARRAY_LEN(refused); i++) {
		if (!kr_str_starts(raw, refused[i].magic))
			continue;
		kr_fault_set(reterr, -KR_EFORMAT, "%s compression is not supported",
			     refused[i].name);
		kr_fault_where(reterr, "%s", in->name.p);
		kr_fault_remedy(reterr, "unpack it first with %s", refused[i].tool);
		return -KR_EFORMAT;
	}
	if (kr_str_starts(raw, KR_STR("PK\3\4")) || kr_str_starts(raw, KR_STR("PK\5\6")))
		return kr_base__zip_open(in, start, reterr);
	in->decoder = &kr_base__plain;
	if (kr_str_starts(raw, KR_STR("\x1f\x8b"))) {
		kr_base__inflate_start(in, 15 + 16);
		in->decoder = &kr_base__gzip;
	} else if (raw.n >= 4 && (kr_str_starts(raw, KR_STR("\x28\xb5\x2f\xfd")) ||
				  (((unsigned char)raw.p[0] & 0xf0) == 0x50 &&
				   memcmp(raw.p + 1, "\x2a\x4d\x18", 3) == 0))) {
		/* A frame, or a skippable frame (RFC 8878 section 3.1). */
		kr_base__zstd_start(in);
		in->decoder = &kr_base__zstd;
	}
	return 0;
}

/* Base name; the end that names the compression is dropped. */
static struct kr_str own_name(const char *name)
{
	const char *slash = strrchr(name, '/');
	char *copy = kr_xstrdup(slash ? slash + 1 : name);

	return kr_str_n(copy, strlen(copy));
}

static void drop_end(struct kr_str *s)
{
	static const char *const ends[] = {".gz", ".zst"};

	for (size_t i = 0; i < KR_ARRAY_LEN(ends); i++) {
		struct kr_str end = kr_str_c(ends[i]);

		if (s->n > end.n && kr_str_ieq(kr_str_from(*s, s->n - end.n), end)) {
			s->n -= end.n;
			return;
		}
	}
}

int kr_input_open(int fd, const char *name, const struct kr_input_limits *limits,
		  struct kr_input **ret, struct kr_fault *reterr)
{
	struct kr_input *in = kr_xcalloc(1, sizeof(*in));
	int64_t start = lseek(fd, 0, SEEK_CUR);
	int r;

	in->fd = fd;
	in->name = own_name(name);
	if (limits)
		in->limits = *limits;
	in->raw = kr_xmalloc(KR_INPUT_RAW);
	r = peek(in, reterr);
	if (!r)
		r = detect(in, start, reterr);
	if (r) {
		kr_input_free(in);
		return r;
	}
	*ret = in;
	return 0;
}

void kr_input_free(struct kr_input *in)
{
	if (!in)
		return;
	kr_base__decoders_free(in);
	kr_base__zip_free(in);
	free((void *)(uintptr_t)in->name.p);
	free(in->raw);
	free(in);
}

int kr_input_member(struct kr_input *in, struct kr_str *ret_name, struct kr_fault *reterr)
{
	int r;

	if (in->zip) {
		in->in_member = false;
		in->made = in->used = 0;
		in->err = 0;
		r = kr_base__zip_member(in, reterr);
		if (r <= 0)
			return r;
	} else {
		if (in->in_member || in->ended)
			return 0;
		in->member = in->name;
		if (in->decoder->compressed)
			drop_end(&in->member);
	}
	in->in_member = true;
	in->ended = false;
	*ret_name = in->member;
	return 1;
}

static int check_limits(struct kr_input *in, struct kr_fault *reterr)
{
	const struct kr_input_limits *l = &in->limits;

	if (l->bytes_max && in->made > l->bytes_max) {
		kr_fault_set(reterr, -KR_ELIMIT, "more than the %llu bytes allowed%s",
			     (unsigned long long)l->bytes_max,
			     in->decoder->compressed ? " when decompressed" : "");
		kr_fault_remedy(reterr, "split the file, or raise the limit");
	} else if (l->ratio_max && in->decoder->compressed && in->made > RATIO_FROM &&
		   in->made / l->ratio_max > in->used) {
		kr_fault_set(reterr, -KR_ELIMIT, "decompresses to more than %llu times its size",
			     (unsigned long long)l->ratio_max);
		kr_fault_remedy(reterr, "if this is no decompression bomb, decompress it first");
	} else {
		return 0;
	}
	kr_fault_where(reterr, "%.*s", KR_STR_ARG(in->member));
	return -KR_ELIMIT;
}

/*
 * How much to ask for: up to what is allowed and promised, and there one byte more, whose coming is
 * the error. So all bytes before are returned, however the caller reads.
 */
static size_t room(const struct kr_input *in, size_t size)
{
	uint64_t left = UINT64_MAX;

	if (in->limits.bytes_max)
		left = in->limits.bytes_max - in->made;
	if (in->zip)
		left = KR_MIN(left, kr_base__zip_promised(in) - in->made);
	return (size_t)KR_MIN((uint64_t)size, KR_MAX(left, (uint64_t)1));
}

ptrdiff_t kr_input_read(struct kr_input *in, void *buf, size_t size, struct kr_fault *reterr)
{
	struct kr_fault *f = &in->fault;
	ptrdiff_t n;

	assert(in->in_member);
	if (in->err) {
		if (reterr)
			*reterr = in->fault;
		return in->err;
	}
	if (in->ended || !size)
		return 0;
	n = in->decoder->read(in, buf, room(in, KR_MIN(size, (size_t)1 << 30)), f);
	if (n >= 0) {
		int r = in->zip ? kr_base__zip_check(in, buf, (size_t)n, f) : 0;

		in->made += (uint64_t)n;
		in->ended = n == 0;
		if (!r)
			r = check_limits(in, f);
		if (r)
			n = r;
	}
	if (n < 0) {
		in->err = (int)n;
		if (reterr)
			*reterr = *f;
	}
	return n;
}
