/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"

#define READ_STEP ((size_t)64 << 10)

static int read_all(int fd, const char *path, size_t size_max, struct kr_buf *ret,
		    struct kr_fault *reterr)
{
	size_t left = KR_MIN(size_max, ret->max - KR_MIN(ret->n, ret->max));

	for (;;) {
		size_t want = KR_MIN(left, READ_STEP);
		ssize_t n;
		char over;

		if (want && !kr_buf_room(ret, want))
			return kr_fault_set(reterr, ret->err, "no room for %s", path);
		/* Nothing may be left: one byte more shows that the file is too large. */
		n = want ? read(fd, ret->p + ret->n, want) : read(fd, &over, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kr_fault_errno(reterr, errno, "cannot read %s", path);
		if (n == 0)
			return 0;
		if (!want)
			break;
		ret->n += (size_t)n;
		left -= (size_t)n;
	}
	return kr_fault_set(reterr, -KR_ELIMIT, "%s is larger than the %zu bytes allowed", path,
			    size_max);
}

int kr_file_read(int dirfd, const char *path, size_t size_max, struct kr_buf *ret,
		 struct kr_fault *reterr)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY), r;

	if (fd < 0)
		return kr_fault_errno(reterr, errno, "cannot open %s", path);
	r = read_all(fd, path, size_max, ret, reterr);
	close(fd);
	return r;
}

int kr_write_all(int fd, const void *p, size_t n, struct kr_fault *reterr)
{
	const char *at = p;

	while (n) {
		ssize_t done = write(fd, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return kr_fault_errno(reterr, errno, "cannot write");
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

/* The folder part of a path, "." if it has none. */
static int folder_of(const char *path, char buf[PATH_MAX], struct kr_fault *reterr)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (n >= PATH_MAX)
		return kr_fault_set(reterr, -KR_EINVAL, "path is too long");
	if (!n) {
		strcpy(buf, slash ? "/" : ".");
		return 0;
	}
	memcpy(buf, path, n);
	buf[n] = '\0';
	return 0;
}

static int write_temporary(int dirfd, const char *temp, struct kr_str content, unsigned mode,
			   struct kr_fault *reterr)
{
	int fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), r;

	if (fd < 0)
		return kr_fault_errno(reterr, errno, "cannot create %s", temp);
	r = kr_write_all(fd, content.p, content.n, reterr);
	if (r)
		kr_fault_where(reterr, "%s", temp);
	/* The mode is set as it was asked for, whatever the umask. */
	if (!r && fchmod(fd, (mode_t)mode))
		r = kr_fault_errno(reterr, errno, "cannot set the mode of %s", temp);
	if (!r && fsync(fd))
		r = kr_fault_errno(reterr, errno, "cannot sync %s", temp);
	if (close(fd) && !r)
		r = kr_fault_errno(reterr, errno, "cannot close %s", temp);
	return r;
}

int kr_file_replace(int dirfd, const char *path, struct kr_str content, unsigned mode,
		    struct kr_fault *reterr)
{
	char folder[PATH_MAX], temp[PATH_MAX];
	uint64_t random;
	int n, r = folder_of(path, folder, reterr);

	if (r)
		return r;
	kr_random(&random, sizeof(random));
	n = snprintf(temp, sizeof(temp), "%s.%016llx.tmp", path, (unsigned long long)random);
	if (n < 0 || (size_t)n >= sizeof(temp))
		return kr_fault_set(reterr, -KR_EINVAL, "path is too long");
	r = write_temporary(dirfd, temp, content, mode, reterr);
	if (!r && renameat(dirfd, temp, dirfd, path))
		r = kr_fault_errno(reterr, errno, "cannot rename %s to %s", temp, path);
	if (r) {
		unlinkat(dirfd, temp, 0);
		return r;
	}
	return kr_sync_dir(dirfd, folder, reterr);
}

/* A new directory is only sure to be there after a power cut once the one that it is in was synced.
 */
static int sync_parent(int dirfd, const char *path, struct kr_fault *reterr)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX] = ".";

	if (slash == path)
		return kr_sync_dir(dirfd, "/", reterr);
	if (slash)
		snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	return kr_sync_dir(dirfd, parent, reterr);
}

static int make_one(int dirfd, const char *path, unsigned mode, struct kr_fault *reterr)
{
	struct stat st;

	if (!mkdirat(dirfd, path, (mode_t)mode))
		return sync_parent(dirfd, path, reterr);
	if (errno != EEXIST)
		return kr_fault_errno(reterr, errno, "cannot make the directory %s", path);
	if (fstatat(dirfd, path, &st, 0))
		return kr_fault_errno(reterr, errno, "cannot look at %s", path);
	if (!S_ISDIR(st.st_mode))
		return kr_fault_set(reterr, -KR_EEXIST, "%s exists and is not a directory", path);
	return 0;
}

int kr_mkdir_all(int dirfd, const char *path, unsigned mode, struct kr_fault *reterr)
{
	char part[PATH_MAX];
	size_t n = strlen(path);

	if (!n || n >= sizeof(part))
		return kr_fault_set(reterr, -KR_EINVAL, "path is %s", n ? "too long" : "empty");
	memcpy(part, path, n + 1);
	for (size_t i = 1; i <= n; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (part[i - 1] != '/' && part[i - 1] != '\0') {
			int r = make_one(dirfd, part, mode, reterr);

			if (r)
				return r;
		}
		part[i] = path[i];
	}
	return 0;
}

int kr_sync_dir(int dirfd, const char *path, struct kr_fault *reterr)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return kr_fault_errno(reterr, errno, "cannot open the directory %s", path);
	if (fsync(fd))
		r = kr_fault_errno(reterr, errno, "cannot sync the directory %s", path);
	close(fd);
	return r;
}

int kr_map_open(int dirfd, const char *path, struct kr_map_file *ret, struct kr_fault *reterr)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY), r = 0;
	struct stat st;
	void *p;

	if (fd < 0)
		return kr_fault_errno(reterr, errno, "cannot open %s", path);
	if (fstat(fd, &st)) {
		r = kr_fault_errno(reterr, errno, "cannot look at %s", path);
	} else if (!S_ISREG(st.st_mode)) {
		r = kr_fault_set(reterr, -KR_EINVAL, "%s is not a regular file", path);
	} else if (st.st_size == 0) {
		*ret = (struct kr_map_file){"", 0};
	} else {
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
		if (p == MAP_FAILED)
			r = kr_fault_errno(reterr, errno, "cannot map %s", path);
		else
			*ret = (struct kr_map_file){p, (size_t)st.st_size};
	}
	close(fd);
	return r;
}

void kr_map_close(struct kr_map_file *m)
{
	if (m->n)
		munmap((void *)(uintptr_t)m->p, m->n);
	*m = (struct kr_map_file){NULL, 0};
}

static DIR *open_again(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;

	if (!dir && copy >= 0)
		close(copy);
	return dir;
}

static bool is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

int kr_dir_empty(int fd)
{
	DIR *dir = open_again(fd);
	int empty = 1;

	if (!dir)
		return -errno;
	for (struct dirent *d; empty && (d = readdir(dir));)
		empty = is_dots(d->d_name);
	closedir(dir);
	return empty;
}

static void clear(int fd, int depth)
{
	DIR *dir = open_again(fd);

	if (!dir)
		return;
	for (struct dirent *d; (d = readdir(dir));) {
		int sub;

		if (is_dots(d->d_name) || unlinkat(fd, d->d_name, 0) == 0 || !depth)
			continue;
		sub = openat(fd, d->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub < 0)
			continue;
		clear(sub, depth - 1);
		close(sub);
		unlinkat(fd, d->d_name, AT_REMOVEDIR);
	}
	closedir(dir);
}

void kr_dir_clear(int fd)
{
	clear(fd, 32);
}
