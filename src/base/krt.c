/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 *     head    104 bytes: magic, byte order, version, kind, size, stamp, number of parts,
 * BLAKE2b-256 rows    24 bytes for each part: name, offset, size parts   each at a multiple of 64
 * bytes, zeros between
 *
 * The checksum covers the head (with the checksum itself as zeros), the rows and the parts with the
 * zeros between them, so every byte of the file is under it. Opening believes nothing: a part must
 * lie wholly inside the file, or the file is damaged. Readers get slices and check their own
 * counts.
 */
#include "base/krt.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define KRT_MAGIC   "KRTABLE\n"
#define KRT_VERSION 1
#define KRT_ORDER   0x01020304u

struct krt_head {
	char magic[8];
	uint32_t order, version;
	char kind[8];
	uint64_t size, stamp;
	uint32_t n_parts, reserved;
	uint8_t hash[KR_HASH_SIZE];
	uint8_t pad[24];
};

struct krt_row {
	char name[8];
	uint64_t offset, size;
};

static const char zeros[KR_KRT_ALIGN];

static size_t aligned(size_t n)
{
	return (n + KR_KRT_ALIGN - 1) & ~(size_t)(KR_KRT_ALIGN - 1);
}

static void name_put(char to[8], const char *from)
{
	size_t n = strlen(from);

	assert(n >= 1 && n <= 8);
	memset(to, 0, 8);
	memcpy(to, from, n);
}

static void layout(struct krt_head *head, struct krt_row *rows, const char *kind, uint64_t stamp,
		   const struct kr_krt_part *parts, size_t n)
{
	struct kr_hasher h;
	struct kr_hash hash;
	size_t at = aligned(sizeof(*head) + n * sizeof(*rows));
	size_t end = sizeof(*head) + n * sizeof(*rows);

	memset(head, 0, sizeof(*head));
	memcpy(head->magic, KRT_MAGIC, 8);
	head->order = KRT_ORDER;
	head->version = KRT_VERSION;
	head->stamp = stamp;
	head->n_parts = (uint32_t)n;
	name_put(head->kind, kind);
	for (size_t i = 0; i < n; i++) {
		name_put(rows[i].name, parts[i].name);
		rows[i].offset = at;
		rows[i].size = parts[i].bytes.n;
		end = at + parts[i].bytes.n;
		at = aligned(end);
	}
	head->size = end;
	kr_hasher_init(&h);
	kr_hasher_add(&h, head, sizeof(*head));
	kr_hasher_add(&h, rows, n * sizeof(*rows));
	end = sizeof(*head) + n * sizeof(*rows);
	for (size_t i = 0; i < n; i++) {
		kr_hasher_add(&h, zeros, rows[i].offset - end);
		kr_hasher_add(&h, parts[i].bytes.p, parts[i].bytes.n);
		end = rows[i].offset + rows[i].size;
	}
	kr_hasher_end(&h, &hash);
	memcpy(head->hash, hash.b, sizeof(hash.b));
}

static int content_write(int fd, const struct krt_head *head, const struct krt_row *rows,
			 const struct kr_krt_part *parts, size_t n, struct kr_fault *reterr)
{
	size_t end = sizeof(*head) + n * sizeof(*rows);
	int err = kr_write_all(fd, head, sizeof(*head), reterr);

	if (!err)
		err = kr_write_all(fd, rows, n * sizeof(*rows), reterr);
	for (size_t i = 0; !err && i < n; i++) {
		err = kr_write_all(fd, zeros, rows[i].offset - end, reterr);
		if (!err)
			err = kr_write_all(fd, parts[i].bytes.p, parts[i].bytes.n, reterr);
		end = rows[i].offset + rows[i].size;
	}
	if (!err && fsync(fd) < 0)
		err = kr_fault_errno(reterr, errno, "cannot sync the table");
	return err;
}

int kr_krt_write(int dirfd, const char *path, const char *kind, uint64_t stamp,
		 const struct kr_krt_part *parts, size_t n, struct kr_fault *reterr)
{
	struct krt_row rows[KR_KRT_PARTS_MAX];
	struct krt_head head;
	char temp[512], folder[512];
	const char *slash = strrchr(path, '/');
	int fd, err;

	assert(n >= 1 && n <= KR_KRT_PARTS_MAX);
	if (snprintf(temp, sizeof(temp), "%s.new", path) >= (int)sizeof(temp))
		return kr_fault_set(reterr, -KR_EINVAL, "name of the table is too long");
	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) : 1,
		 slash ? path : ".");
	layout(&head, rows, kind, stamp, parts, n);
	fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0) {
		err = kr_fault_errno(reterr, errno, "cannot make the table");
		kr_fault_where(reterr, "%s", temp);
		return err;
	}
	err = content_write(fd, &head, rows, parts, n, reterr);
	close(fd);
	if (!err && renameat(dirfd, temp, dirfd, path) < 0)
		err = kr_fault_errno(reterr, errno, "cannot rename the table into place");
	if (err) {
		kr_fault_where(reterr, "%s", path);
		unlinkat(dirfd, temp, 0);
		return err;
	}
	return kr_sync_dir(dirfd, folder, reterr);
}

static int refuse(struct kr_krt *k, int code, const char *path, const char *remedy,
		  struct kr_fault *reterr, const char *what)
{
	kr_map_close(&k->map);
	kr_fault_set(reterr, code, "the compiled table is not usable: %s", what);
	kr_fault_where(reterr, "%s", path);
	kr_fault_remedy(reterr, "%s", remedy);
	return code;
}

int kr_krt_open(int dirfd, const char *path, const char *kind, const char *remedy,
		struct kr_krt *ret, struct kr_fault *reterr)
{
	struct kr_krt k = {0};
	struct krt_head head;
	char want[8];
	int err = kr_map_open(dirfd, path, &k.map, reterr);

	if (err) {
		kr_fault_remedy(reterr, "%s", remedy);
		return err;
	}
	name_put(want, kind);
	if (k.map.n < sizeof(head))
		return refuse(&k, -KR_ECORRUPT, path, remedy, reterr, "it is cut short");
	memcpy(&head, k.map.p, sizeof(head));
	if (memcmp(head.magic, KRT_MAGIC, 8) != 0)
		return refuse(&k, -KR_ECORRUPT, path, remedy, reterr, "it has another beginning");
	if (head.order != KRT_ORDER || head.version != KRT_VERSION || memcmp(head.kind, want, 8))
		return refuse(&k, -KR_EVERSION, path, remedy, reterr,
			      "it was made by another version or for another purpose");
	if (head.size != k.map.n || head.n_parts < 1 || head.n_parts > KR_KRT_PARTS_MAX ||
	    k.map.n < sizeof(head) + head.n_parts * sizeof(struct krt_row))
		return refuse(&k, -KR_ECORRUPT, path, remedy, reterr, "its size is wrong");
	for (uint32_t i = 0; i < head.n_parts; i++) {
		struct krt_row row;

		memcpy(&row, k.map.p + sizeof(head) + i * sizeof(row), sizeof(row));
		if (row.offset % KR_KRT_ALIGN || row.offset > k.map.n ||
		    row.size > k.map.n - row.offset)
			return refuse(&k, -KR_ECORRUPT, path, remedy, reterr,
				      "a part lies outside of it");
	}
	memcpy(k.hash.b, head.hash, sizeof(k.hash.b));
	k.stamp = head.stamp;
	k.n_parts = head.n_parts;
	*ret = k;
	return 0;
}

void kr_krt_close(struct kr_krt *k)
{
	if (k->map.p)
		kr_map_close(&k->map);
	*k = (struct kr_krt){0};
}

struct kr_str kr_krt_part(const struct kr_krt *k, const char *name)
{
	char want[8];

	name_put(want, name);
	for (uint32_t i = 0; i < k->n_parts; i++) {
		struct krt_row row;

		memcpy(&row, k->map.p + sizeof(struct krt_head) + i * sizeof(row), sizeof(row));
		/* The file may have been changed under us: check again what open() checked. */
		if (memcmp(row.name, want, 8) == 0 && row.offset <= k->map.n &&
		    row.size <= k->map.n - row.offset)
			return kr_str_n(k->map.p + row.offset, row.size);
	}
	return KR_STR_NULL;
}

const void *kr_krt_array(const struct kr_krt *k, const char *name, size_t item, size_t *ret_n)
{
	struct kr_str s = kr_krt_part(k, name);

	*ret_n = 0;
	if (!s.p || s.n % item)
		return NULL;
	*ret_n = s.n / item;
	return s.p;
}

int kr_krt_check(const struct kr_krt *k, struct kr_fault *reterr)
{
	struct krt_head head;
	struct kr_hasher h;
	struct kr_hash hash;

	memcpy(&head, k->map.p, sizeof(head));
	memset(head.hash, 0, sizeof(head.hash));
	kr_hasher_init(&h);
	kr_hasher_add(&h, &head, sizeof(head));
	kr_hasher_add(&h, k->map.p + sizeof(head), k->map.n - sizeof(head));
	kr_hasher_end(&h, &hash);
	if (memcmp(hash.b, k->hash.b, sizeof(hash.b)) != 0)
		return kr_fault_set(reterr, -KR_ECORRUPT,
				    "the compiled table is damaged: its checksum does not match");
	return 0;
}
