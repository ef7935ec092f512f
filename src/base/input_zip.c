/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: a zip archive (PKWARE APPNOTE 6.3) is read from its end: the end record leads to
 * the central directory, whose entries lead to the members. Sizes come from there, so members
 * written with data descriptors need no guessing. Entries are read one at a time, so memory does
 * not grow with their number. Nothing an entry says is believed: places must be inside the archive,
 * the compressed sizes together may not exceed it (overlapping members are the trick of the worst
 * bombs), and what comes out must have the size and checksum that were promised.
 *
 * What is not seekable is copied to an unlinked temporary file first.
 */
#include "base/input_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define END_SIZE     22
#define END64_SIZE   56
#define LOCATOR_SIZE 20
#define ENTRY_SIZE   46
#define LOCAL_SIZE   30
#define COMMENT_MAX  65535
#define NAME_KEPT    255

struct kr_base__zip {
	int fd;
	bool own_fd;
	uint64_t start, size;	    /* of the archive in the file */
	uint64_t at, entries, seen; /* next entry; how many there are, and were seen */
	uint64_t directory_end;
	uint64_t packed_sum; /* of all members so far, with their headers */
	/* The open member. */
	char name[NAME_KEPT + 1];
	uint64_t data, left; /* next raw byte, and how many there are */
	uint64_t size_made;
	uint32_t crc, crc_want;
};

/* One entry of the central directory. */
struct entry {
	unsigned flags, method;
	uint32_t crc, disk;
	uint64_t packed, size, header;
	struct kr_str name;
};

static unsigned u16(const char *p)
{
	return (unsigned char)p[0] | (unsigned)(unsigned char)p[1] << 8;
}

static uint32_t u32(const char *p)
{
	return u16(p) | (uint32_t)u16(p + 2) << 16;
}

static uint64_t u64(const char *p)
{
	return u32(p) | (uint64_t)u32(p + 4) << 32;
}

static int damaged(struct kr_input *in, struct kr_fault *reterr, const char *what)
{
	in->member = KR_STR_NULL;
	return kr_base__input_corrupt(in, reterr, what);
}

static int unsupported(struct kr_input *in, struct kr_fault *reterr, const char *what)
{
	kr_fault_set(reterr, -KR_EFORMAT, "%s", what);
	kr_fault_where(reterr, "%s", in->name.p);
	kr_fault_remedy(reterr, "unpack it first, or pack it again with plain zip");
	return -KR_EFORMAT;
}

/* Exactly n bytes from a place in the archive: 0; -KR_ECORRUPT when it is not inside. */
static int read_at(struct kr_input *in, uint64_t at, char *buf, size_t n, struct kr_fault *reterr)
{
	struct kr_base__zip *z = in->zip;

	if (at > z->size || n > z->size - at)
		return damaged(in, reterr, "the zip archive is cut off or damaged");
	while (n) {
		ssize_t done = pread(z->fd, buf, n, (off_t)(z->start + at));

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return kr_fault_errno(reterr, errno, "cannot read %s", in->name.p);
		if (done == 0)
			return damaged(in, reterr, "the zip archive became shorter");
		buf += done;
		at += (uint64_t)done;
		n -= (size_t)done;
	}
	return 0;
}

static int temporary_file(struct kr_fault *reterr)
{
	const char *dir = getenv("TMPDIR");
	int fd;

	dir = dir && *dir ? dir : "/var/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EOPNOTSUPP) {
		char *path = NULL;

		if (asprintf(&path, "%s/karaula-XXXXXX", dir) > 0) {
			fd = mkostemp(path, O_CLOEXEC);
			if (fd >= 0)
				unlink(path);
			free(path);
		}
	}
	if (fd < 0) {
		fd = kr_fault_errno(reterr, errno, "cannot make a temporary file in %s", dir);
		kr_fault_remedy(reterr, "set TMPDIR to a directory that can be written");
	}
	return fd;
}

/* Copy a stream to a file of our own, at most bytes_max. */
static int copy_stream(struct kr_input *in, struct kr_fault *reterr)
{
	struct kr_base__zip *z = in->zip;
	int r;

	z->fd = temporary_file(reterr);
	if (z->fd < 0)
		return z->fd;
	z->own_fd = true;
	in->zip = NULL; /* fill() then reads the descriptor */
	while ((r = kr_base__input_fill(in, reterr)) > 0) {
		z->size += in->n;
		in->at = in->n;
		if (in->limits.bytes_max && z->size > in->limits.bytes_max) {
			r = kr_fault_set(reterr, -KR_ELIMIT,
					 "the zip archive has more than %llu bytes",
					 (unsigned long long)in->limits.bytes_max);
			kr_fault_remedy(reterr, "split it, or raise the limit");
			break;
		}
		r = kr_write_all(z->fd, in->raw, in->n, reterr);
		if (r)
			break;
	}
	in->zip = z;
	if (r < 0)
		kr_fault_where(reterr, "%s", in->name.p);
	return r;
}

/* The 64-bit end record, when there is one. */
static int read_end64(struct kr_input *in, uint64_t end, uint64_t *offset, uint64_t *size,
		      struct kr_fault *reterr)
{
	struct kr_base__zip *z = in->zip;
	char b[END64_SIZE] = {0};
	int r;

	if (end < LOCATOR_SIZE)
		return 0;
	r = read_at(in, end - LOCATOR_SIZE, b, LOCATOR_SIZE, reterr);
	if (r || memcmp(b, "PK\6\7", 4) != 0)
		return r;
	if (u32(b + 4) != 0 || u32(b + 16) > 1)
		return unsupported(in, reterr, "the zip archive is split over several files");
	r = read_at(in, u64(b + 8), b, END64_SIZE, reterr);
	if (r)
		return r;
	if (memcmp(b, "PK\6\6", 4) != 0)
		return damaged(in, reterr,
			       "the zip archive has no 64-bit end record where it should");
	z->entries = u64(b + 32);
	*size = u64(b + 40);
	*offset = u64(b + 48);
	return 0;
}

/* Find the end record, which is last but for a comment. */
static int find_end(struct kr_input *in, char b[END_SIZE], uint64_t *ret_at,
		    struct kr_fault *reterr)
{
	struct kr_base__zip *z = in->zip;
	size_t n = (size_t)KR_MIN(z->size, (uint64_t)(END_SIZE + COMMENT_MAX));
	int r = read_at(in, z->size - n, in->raw, n, reterr);

	if (r)
		return r;
	for (size_t i = n < END_SIZE ? 0 : n - END_SIZE + 1; i-- > 0;) {
		if (memcmp(in->raw + i, "PK\5\6", 4) == 0 &&
		    i + END_SIZE + u16(in->raw + i + 20) == n) {
			memcpy(b, in->raw + i, END_SIZE);
			*ret_at = z->size - n + i;
			return 0;
		}
	}
	return damaged(in, reterr, "the zip archive has no end: it is cut off");
}

static int find_directory(struct kr_input *in, struct kr_fault *reterr)
{
	struct kr_base__zip *z = in->zip;
	uint64_t end = 0, offset, size;
	char b[END_SIZE] = {0};
	int r = find_end(in, b, &end, reterr);

	if (r)
		return r;
	if ((u16(b + 4) != 0 && u16(b + 4) != 0xffff) || (u16(b + 6) != 0 && u16(b + 6) != 0xffff))
		return unsupported(in, reterr, "the zip archive is split over several files");
	z->entries = u16(b + 10);
	size = u32(b + 12);
	offset = u32(b + 16);
	r = read_end64(in, end, &offset, &size, reterr);
	if (r)
		return r;
	if (offset > end || size > end - offset || z->entries > size / ENTRY_SIZE)
		return damaged(in, reterr, "the zip archive's directory is not where it should be");
	if (in->limits.members_max && z->entries > in->limits.members_max) {
		kr_fault_set(reterr, -KR_ELIMIT, "the zip archive has %llu members, %u are allowed",
			     (unsigned long long)z->entries, in->limits.members_max);
		kr_fault_where(reterr, "%s", in->name.p);
		kr_fault_remedy(reterr, "split it, or raise the limit");
		return -KR_ELIMIT;
	}
	z->at = offset;
	z->directory_end = offset + size;
	return 0;
}

int kr_base__zip_open(struct kr_input *in, int64_t start, struct kr_fault *reterr)
{
	struct kr_base__zip *z = kr_xcalloc(1, sizeof(*z));
	struct stat st;
	int r;

	in->zip = z;
	z->fd = in->fd;
	if (start >= 0 && fstat(in->fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > start) {
		z->start = (uint64_t)start;
		z->size = (uint64_t)(st.st_size - start);
	} else {
		r = copy_stream(in, reterr);
		if (r)
			return r;
	}
	in->at = in->n = 0;
	if (!z->own_fd)
		in->consumed = 0; /* the same bytes come again, by members */
	return find_directory(in, reterr);
}

bool kr_base__zip_copied(const struct kr_input *in)
{
	return in->zip->own_fd;
}

void kr_base__zip_free(struct kr_input *in)
{
	if (in->zip && in->zip->own_fd)
		close(in->zip->fd);
	free(in->zip);
}

/* Sizes that did not fit 32 bits are in the extra field 1, in this order, each only if needed. */
static bool take_extra(struct entry *e, struct kr_str extra)
{
	while (extra.n >= 4) {
		unsigned id = u16(extra.p), n = u16(extra.p + 2);
		uint64_t *const wide[] = {&e->size, &e->packed, &e->header};
		struct kr_str body = kr_str_first(kr_str_from(extra, 4), n);

		if (body.n < n)
			return false;
		extra = kr_str_from(extra, 4 + n);
		if (id != 1)
			continue;
		for (size_t i = 0; i < KR_ARRAY_LEN(wide); i++) {
			if (*wide[i] != UINT32_MAX)
				continue;
			if (body.n < 8)
				return false;
			*wide[i] = u64(body.p);
			body = kr_str_from(body, 8);
		}
	}
	return true;
}

/* The next entry; its name lies in in->raw. */
static int read_entry(struct kr_input *in, struct entry *e, struct kr_fault *reterr)
{
	static const char broken[] = "the zip archive's directory is damaged";
	struct kr_base__zip *z = in->zip;
	unsigned name_n, extra_n, comment_n;
	char b[ENTRY_SIZE] = {0};
	uint64_t next;
	int r;

	if (z->directory_end - z->at < ENTRY_SIZE)
		return damaged(in, reterr, broken);
	r = read_at(in, z->at, b, ENTRY_SIZE, reterr);
	if (r)
		return r;
	name_n = u16(b + 28);
	extra_n = u16(b + 30);
	comment_n = u16(b + 32);
	next = z->at + ENTRY_SIZE + name_n + extra_n + comment_n;
	if (memcmp(b, "PK\1\2", 4) != 0 || next > z->directory_end)
		return damaged(in, reterr, broken);
	static_assert(KR_INPUT_RAW >= 2 * 65535, "name and extra field fit");
	r = read_at(in, z->at + ENTRY_SIZE, in->raw, (size_t)name_n + extra_n, reterr);
	if (r)
		return r;
	*e = (struct entry){
		.flags = u16(b + 8),
		.method = u16(b + 10),
		.crc = u32(b + 16),
		.packed = u32(b + 20),
		.size = u32(b + 24),
		.disk = u16(b + 34),
		.header = u32(b + 42),
		.name = {in->raw, name_n},
	};
	if (!take_extra(e, kr_str_n(in->raw + name_n, extra_n)))
		return damaged(in, reterr, broken);
	z->at = next;
	return 0;
}

/* Keep the base name, without bytes that could trouble a terminal. */
static void keep_name(struct kr_input *in, struct kr_str name)
{
	struct kr_base__zip *z = in->zip;
	bool utf8 = kr_utf8_valid(name) == name.n;
	size_t start = name.n;

	while (start && name.p[start - 1] != '/' && name.p[start - 1] != '\\')
		start--;
	name = kr_str_from(name, start);
	/* The end is kept, since there the kind of the file is; not half of a character. */
	if (name.n > NAME_KEPT)
		name = kr_str_from(name, name.n - NAME_KEPT);
	while (name.n && ((unsigned char)name.p[0] & 0xc0) == 0x80)
		name = kr_str_from(name, 1);
	if (!name.n)
		name = KR_STR("member");
	memcpy(z->name, name.p, name.n);
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)z->name[i] < 0x20 || z->name[i] == 0x7f ||
		    (!utf8 && (unsigned char)z->name[i] > 0x7f))
			z->name[i] = '_';
	z->name[name.n] = '\0';
	in->member = kr_str_n(z->name, name.n);
}

static int refuse(struct kr_input *in, struct kr_fault *reterr, const char *what,
		  const char *remedy)
{
	kr_fault_set(reterr, -KR_EFORMAT, "%s", what);
	kr_fault_where(reterr, "%s", in->zip->name);
	kr_fault_remedy(reterr, "%s", remedy);
	return -KR_EFORMAT;
}

/* Find the raw bytes behind the member's own header. */
static int open_entry(struct kr_input *in, const struct entry *e, struct kr_fault *reterr)
{
	struct kr_base__zip *z = in->zip;
	char b[LOCAL_SIZE] = {0};
	int r;

	if (e->flags & (1u << 0 | 1u << 6 | 1u << 13))
		return refuse(in, reterr, "the member is encrypted",
			      "unpack it with its password and take the files in it");
	if (e->method != 0 && e->method != 8) {
		char what[80];

		snprintf(what, sizeof(what), "the member is packed by method %u", e->method);
		return refuse(in, reterr, what,
			      "only stored and deflate are read: unpack it first");
	}
	if (e->disk != 0 && e->disk != 0xffff)
		return refuse(in, reterr, "the member is in another file of a split archive",
			      "join the archive first");
	r = read_at(in, e->header, b, LOCAL_SIZE, reterr);
	if (r)
		return r;
	if (memcmp(b, "PK\3\4", 4) != 0)
		return kr_base__input_corrupt(in, reterr, "the member is not where it should be");
	z->data = e->header + LOCAL_SIZE + u16(b + 26) + u16(b + 28);
	if (z->data > z->size || e->packed > z->size - z->data ||
	    __builtin_add_overflow(z->packed_sum, e->packed + LOCAL_SIZE, &z->packed_sum) ||
	    z->packed_sum > z->size)
		return kr_base__input_corrupt(
			in, reterr, "members lie over each other or over the archive's end");
	if (e->method == 0 && e->packed != e->size)
		return kr_base__input_corrupt(in, reterr, "the member's size is wrong");
	z->left = e->packed;
	z->size_made = e->size;
	z->crc = (uint32_t)crc32(0, NULL, 0);
	z->crc_want = e->crc;
	return 0;
}

int kr_base__zip_member(struct kr_input *in, struct kr_fault *reterr)
{
	struct kr_base__zip *z = in->zip;
	struct entry e = {0};
	int r;

	for (;;) {
		if (z->seen == z->entries)
			return 0;
		r = read_entry(in, &e, reterr);
		if (r) {
			z->seen = z->entries;
			return r;
		}
		z->seen++;
		if (e.name.n && (e.name.p[e.name.n - 1] == '/' || e.name.p[e.name.n - 1] == '\\'))
			continue;
		break;
	}
	keep_name(in, e.name);
	in->at = in->n = 0;
	in->raw_end = false;
	r = open_entry(in, &e, reterr);
	if (r)
		return r;
	in->decoder = &kr_base__plain;
	if (e.method == 8) {
		kr_base__inflate_start(in, -15);
		in->decoder = &kr_base__deflate;
	}
	return 1;
}

ptrdiff_t kr_base__zip_raw(struct kr_input *in, char *buf, size_t size, struct kr_fault *reterr)
{
	struct kr_base__zip *z = in->zip;
	size_t n = (size_t)KR_MIN((uint64_t)size, z->left);
	int r = read_at(in, z->data, buf, n, reterr);

	if (r)
		return r;
	z->data += n;
	z->left -= n;
	return (ptrdiff_t)n;
}

uint64_t kr_base__zip_promised(const struct kr_input *in)
{
	return in->zip->size_made;
}

int kr_base__zip_check(struct kr_input *in, const char *p, size_t n, struct kr_fault *reterr)
{
	struct kr_base__zip *z = in->zip;

	z->crc = (uint32_t)crc32(z->crc, (const Bytef *)p, (uInt)n);
	if (n ? in->made + n > z->size_made : in->made != z->size_made)
		return kr_base__input_corrupt(in, reterr, "the member's size is wrong");
	if (!n && z->crc != z->crc_want)
		return kr_base__input_corrupt(in, reterr, "the member's checksum is wrong");
	return 0;
}
