/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works. A library for LD_PRELOAD that stands between a program and the file system. It
 * lets every call through and does two things besides:
 *
 *  - With KARAULA_FAULT_LOG=FILE it writes down, in exact order, what was written, truncated,
 * named, renamed, removed and synced, with the bytes. test/e2e/disk.py plays that log up to any
 * moment and builds the directory that a power cut would have left: only what was synced is sure,
 * of the rest any part. Writes to standard output are written down too: they are the
 * acknowledgements.
 *  - With KARAULA_FAULT_SPACE=FILE, two int64 shared with the test, it plays a full disk: the first
 * is the number of bytes by which files may still grow, the second the number of syncs that still
 *    succeed. Zero or less: ENOSPC, EIO. The test may change them while the program runs.
 *
 * One mutex covers each call with its log record, so the order in the log is the order on the disk.
 * Files are known by inode number, directories too; only files on the device of KARAULA_FAULT_ROOT
 * count.
 */
#undef _FILE_OFFSET_BITS /* both open and open64 are defined here */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

/* One record: this head, name, second name, data. The letters are those of test/e2e/disk.py. */
struct record {
	uint32_t magic;
	uint32_t op;
	uint64_t ino, ino2, offset, length;
	uint32_t n_name, n_name2;
};
#define MAGIC 0x4b464c31u

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the order of calls and records */
static int log_fd = -1;
static dev_t root_dev;
static _Atomic int64_t *faults; /* [0] bytes left, [1] syncs left; NULL: none wanted */

static void start(void) __attribute__((constructor));

static void start(void)
{
	const char *log = getenv("KARAULA_FAULT_LOG"), *space = getenv("KARAULA_FAULT_SPACE");
	const char *root = getenv("KARAULA_FAULT_ROOT");
	struct stat st;

	if (!root || stat(root, &st))
		return;
	root_dev = st.st_dev;
	if (log) {
		int fd = (int)syscall(SYS_openat, AT_FDCWD, log,
				      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

		log_fd = fd < 0 ? -1 : (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 500);
		if (log_fd < 0)
			abort();
		close(fd);
	}
	if (space) {
		int fd = (int)syscall(SYS_openat, AT_FDCWD, space, O_RDWR | O_CLOEXEC);
		void *p = fd < 0 ? MAP_FAILED
				 : (void *)syscall(SYS_mmap, NULL, 16, PROT_READ | PROT_WRITE,
						   MAP_SHARED, fd, 0);

		if (p == MAP_FAILED)
			abort();
		faults = p;
		close(fd);
	}
}

static bool active(void)
{
	return log_fd >= 0 || faults;
}

/* The next definition of a function, looked up once. */
#define NEXT(type, name, args)                                                                     \
	static type(*next) args;                                                                   \
	if (!next)                                                                                 \
	*(void **)&next = dlsym(RTLD_NEXT, name)

static void put(struct record r, const char *name, const char *name2, const void *data)
{
	struct iovec v[4] = {{&r, sizeof r}, {0, 0}, {0, 0}, {0, 0}};
	int saved = errno;
	size_t want;

	if (log_fd < 0)
		return;
	r.magic = MAGIC;
	r.n_name = name ? (uint32_t)strlen(name) : 0;
	r.n_name2 = name2 ? (uint32_t)strlen(name2) : 0;
	v[1] = (struct iovec){(void *)(uintptr_t)name, r.n_name};
	v[2] = (struct iovec){(void *)(uintptr_t)name2, r.n_name2};
	v[3] = (struct iovec){(void *)(uintptr_t)data, data ? r.length : 0};
	want = sizeof r + r.n_name + r.n_name2 + v[3].iov_len;
	if (syscall(SYS_writev, log_fd, v, 4) != (long)want)
		abort(); /* a log with a hole proves nothing */
	errno = saved;
}

/* Is it a regular file or directory of the device that is watched? */
static bool watched(int fd, struct stat *st)
{
	return active() && fd > 2 && fd != log_fd && !fstat(fd, st) && st->st_dev == root_dev &&
	       (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode));
}

/* Inode of the directory that a path's last name is in, and that name. 0: not to be found. */
static uint64_t parent_of(int dirfd, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char dir[4096] = ".";
	struct stat st;

	*ret_name = path;
	if (slash) {
		size_t n = (size_t)(slash - path);

		if (n >= sizeof dir)
			return 0;
		memcpy(dir, path, n);
		dir[n] = 0;
		if (!n)
			strcpy(dir, "/");
		*ret_name = slash + 1;
	}
	return fstatat(dirfd, dir, &st, 0) || st.st_dev != root_dev ? 0 : st.st_ino;
}

/* How much of a write of n bytes that ends at `end` still fits, for a file of that size. */
static size_t room(int64_t size, int64_t offset, size_t n)
{
	int64_t grow = offset + (int64_t)n - size, left;

	if (!faults || grow <= 0)
		return n;
	left = atomic_load(&faults[0]);
	if (left < grow) {
		int64_t fits = (int64_t)n - (grow - (left > 0 ? left : 0));

		grow = left > 0 ? left : 0;
		n = fits > 0 ? (size_t)fits : 0;
	}
	atomic_fetch_sub(&faults[0], grow);
	return n;
}

static bool full(void)
{
	return faults && atomic_load(&faults[0]) <= 0;
}

/* ---- names ---- */

static int open_at(int dirfd, const char *path, int flags, mode_t mode)
{
	uint64_t parent = 0;
	const char *name = "";
	bool was = true;
	struct stat st;
	int fd;

	if (!active() || !(flags & (O_CREAT | O_TRUNC | O_TMPFILE)))
		return (int)syscall(SYS_openat, dirfd, path, flags, mode);
	pthread_mutex_lock(&lock);
	if ((flags & O_TMPFILE) == O_TMPFILE)
		was = false;
	else if (flags & O_CREAT) {
		was = !fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW);
		parent = parent_of(dirfd, path, &name);
	}
	if (!was && parent && full()) {
		pthread_mutex_unlock(&lock);
		errno = ENOSPC;
		return -1;
	}
	fd = (int)syscall(SYS_openat, dirfd, path, flags, mode);
	if (fd >= 0 && !fstat(fd, &st) && st.st_dev == root_dev) {
		if (!was)
			put((struct record){.op = 'C', .ino = st.st_ino, .ino2 = parent}, name,
			    NULL, NULL);
		else if ((flags & O_TRUNC) && S_ISREG(st.st_mode))
			put((struct record){.op = 'T', .ino = st.st_ino}, NULL, NULL, NULL);
	}
	pthread_mutex_unlock(&lock);
	return fd;
}

static mode_t mode_of(int flags, va_list ap)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
}

#define OPEN(name)                                                                                 \
	PUBLIC int name(const char *path, int flags, ...);                                         \
	PUBLIC int name(const char *path, int flags, ...)                                          \
	{                                                                                          \
		va_list ap;                                                                        \
		mode_t mode;                                                                       \
		va_start(ap, flags);                                                               \
		mode = mode_of(flags, ap);                                                         \
		va_end(ap);                                                                        \
		return open_at(AT_FDCWD, path, flags, mode);                                       \
	}
#define OPENAT(name)                                                                               \
	PUBLIC int name(int dirfd, const char *path, int flags, ...);                              \
	PUBLIC int name(int dirfd, const char *path, int flags, ...)                               \
	{                                                                                          \
		va_list ap;                                                                        \
		mode_t mode;                                                                       \
		va_start(ap, flags);                                                               \
		mode = mode_of(flags, ap);                                                         \
		va_end(ap);                                                                        \
		return open_at(dirfd, path, flags, mode);                                          \
	}
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
PUBLIC int __open_2(const char *path, int flags);
PUBLIC int __open64_2(const char *path, int flags);
PUBLIC int __openat_2(int dirfd, const char *path, int flags);
PUBLIC int __openat64_2(int dirfd, const char *path, int flags);
PUBLIC int __open_2(const char *path, int flags)
{
	return open_at(AT_FDCWD, path, flags, 0);
}
PUBLIC int __open64_2(const char *path, int flags)
{
	return open_at(AT_FDCWD, path, flags, 0);
}
PUBLIC int __openat_2(int dirfd, const char *path, int flags)
{
	return open_at(dirfd, path, flags, 0);
}
PUBLIC int __openat64_2(int dirfd, const char *path, int flags)
{
	return open_at(dirfd, path, flags, 0);
}
PUBLIC int creat(const char *path, mode_t mode)
{
	return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

PUBLIC int mkdirat(int dirfd, const char *path, mode_t mode)
{
	const char *name;
	uint64_t parent;
	struct stat st;
	int r;

	if (!active())
		return (int)syscall(SYS_mkdirat, dirfd, path, mode);
	pthread_mutex_lock(&lock);
	parent = parent_of(dirfd, path, &name);
	if (parent && full() && fstatat(dirfd, path, &st, 0)) {
		errno = ENOSPC;
		r = -1;
	} else {
		r = (int)syscall(SYS_mkdirat, dirfd, path, mode);
		if (!r && parent && !fstatat(dirfd, path, &st, 0))
			put((struct record){.op = 'D', .ino = st.st_ino, .ino2 = parent}, name,
			    NULL, NULL);
	}
	pthread_mutex_unlock(&lock);
	return r;
}
PUBLIC int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

PUBLIC int unlinkat(int dirfd, const char *path, int flags)
{
	const char *name;
	uint64_t parent;
	int r;

	if (!active())
		return (int)syscall(SYS_unlinkat, dirfd, path, flags);
	pthread_mutex_lock(&lock);
	parent = parent_of(dirfd, path, &name);
	r = (int)syscall(SYS_unlinkat, dirfd, path, flags);
	if (!r && parent)
		put((struct record){.op = 'U', .ino2 = parent}, name, NULL, NULL);
	pthread_mutex_unlock(&lock);
	return r;
}
PUBLIC int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}
PUBLIC int rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

PUBLIC int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	const char *name, *name2;
	uint64_t parent, parent2;
	int r;

	if (!active())
		return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
	pthread_mutex_lock(&lock);
	parent = parent_of(from_fd, from, &name);
	parent2 = parent_of(to_fd, to, &name2);
	r = (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
	if (!r && parent && parent2)
		put((struct record){.op = 'R', .ino = parent, .ino2 = parent2}, name, name2, NULL);
	pthread_mutex_unlock(&lock);
	return r;
}
PUBLIC int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return renameat2(from_fd, from, to_fd, to, 0);
}
PUBLIC int rename(const char *from, const char *to)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

PUBLIC int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	const char *name;
	uint64_t parent;
	struct stat st;
	int r;

	if (!active())
		return (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
	pthread_mutex_lock(&lock);
	parent = parent_of(to_fd, to, &name);
	r = (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
	if (!r && parent && !fstatat(to_fd, to, &st, AT_SYMLINK_NOFOLLOW))
		put((struct record){.op = 'L', .ino = st.st_ino, .ino2 = parent}, name, NULL, NULL);
	pthread_mutex_unlock(&lock);
	return r;
}
PUBLIC int link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* ---- content ---- */

/* Write at an offset, or where the descriptor stands (offset -1). */
static ssize_t write_at(int fd, const void *p, size_t n, off_t offset)
{
	bool stands = offset < 0;
	struct stat st;
	ssize_t r;

	if (active() && fd == 1 && log_fd >= 0) {
		pthread_mutex_lock(&lock);
		r = syscall(SYS_write, fd, p, n);
		if (r > 0)
			put((struct record){.op = 'P', .length = (uint64_t)r}, NULL, NULL, p);
		pthread_mutex_unlock(&lock);
		return r;
	}
	if (!watched(fd, &st))
		return stands ? syscall(SYS_write, fd, p, n)
			      : syscall(SYS_pwrite64, fd, p, n, offset);
	pthread_mutex_lock(&lock);
	fstat(fd, &st);
	if (stands)
		offset = (int)syscall(SYS_fcntl, fd, F_GETFL) & O_APPEND ? st.st_size
									 : lseek(fd, 0, SEEK_CUR);
	if (n && !(n = room(st.st_size, offset, n))) {
		errno = ENOSPC;
		r = -1;
	} else {
		r = stands ? syscall(SYS_write, fd, p, n) : syscall(SYS_pwrite64, fd, p, n, offset);
	}
	if (r > 0)
		put((struct record){.op = 'W',
				    .ino = st.st_ino,
				    .offset = (uint64_t)offset,
				    .length = (uint64_t)r},
		    NULL, NULL, p);
	pthread_mutex_unlock(&lock);
	return r;
}

PUBLIC ssize_t write(int fd, const void *p, size_t n)
{
	return write_at(fd, p, n, -1);
}
PUBLIC ssize_t pwrite(int fd, const void *p, size_t n, off_t offset)
{
	return write_at(fd, p, n, offset);
}
PUBLIC ssize_t pwrite64(int fd, const void *p, size_t n, off64_t offset)
{
	return write_at(fd, p, n, offset);
}

static ssize_t write_vector(int fd, const struct iovec *v, int count, off_t offset)
{
	ssize_t sum = 0;

	for (int i = 0; i < count; i++) {
		ssize_t r;

		if (!v[i].iov_len)
			continue;
		r = write_at(fd, v[i].iov_base, v[i].iov_len, offset < 0 ? -1 : offset + sum);
		if (r < 0)
			return sum ? sum : r;
		sum += r;
		if ((size_t)r < v[i].iov_len)
			break;
	}
	return sum;
}
PUBLIC ssize_t writev(int fd, const struct iovec *v, int count)
{
	struct stat st;

	if (!watched(fd, &st) && !(fd == 1 && log_fd >= 0))
		return syscall(SYS_writev, fd, v, count);
	return write_vector(fd, v, count, -1);
}
PUBLIC ssize_t pwritev(int fd, const struct iovec *v, int count, off_t offset)
{
	return write_vector(fd, v, count, offset);
}
PUBLIC ssize_t pwritev64(int fd, const struct iovec *v, int count, off64_t offset)
{
	return write_vector(fd, v, count, offset);
}

static int truncate_to(int fd, off_t length)
{
	struct stat st;
	int r;

	if (!watched(fd, &st))
		return (int)syscall(SYS_ftruncate, fd, length);
	pthread_mutex_lock(&lock);
	r = (int)syscall(SYS_ftruncate, fd, length);
	if (!r)
		put((struct record){.op = 'T', .ino = st.st_ino, .offset = (uint64_t)length}, NULL,
		    NULL, NULL);
	pthread_mutex_unlock(&lock);
	return r;
}
PUBLIC int ftruncate(int fd, off_t length)
{
	return truncate_to(fd, length);
}
PUBLIC int ftruncate64(int fd, off64_t length)
{
	return truncate_to(fd, length);
}

/* Reserving space: only growing is told apart, which is what changes the size. */
static int reserve(int fd, int mode, off_t offset, off_t length)
{
	struct stat st;
	int r;

	if (!watched(fd, &st))
		return (int)syscall(SYS_fallocate, fd, mode, offset, length);
	pthread_mutex_lock(&lock);
	fstat(fd, &st);
	if (faults && room(st.st_size, offset, (size_t)length) < (size_t)length) {
		errno = ENOSPC;
		r = -1;
	} else {
		r = (int)syscall(SYS_fallocate, fd, mode, offset, length);
		if (!r && !(mode & FALLOC_FL_KEEP_SIZE) && offset + length > st.st_size)
			put((struct record){.op = 'T',
					    .ino = st.st_ino,
					    .offset = (uint64_t)(offset + length)},
			    NULL, NULL, NULL);
	}
	pthread_mutex_unlock(&lock);
	return r;
}
PUBLIC int fallocate(int fd, int mode, off_t offset, off_t length)
{
	return reserve(fd, mode, offset, length);
}
PUBLIC int fallocate64(int fd, int mode, off64_t offset, off64_t length)
{
	return reserve(fd, mode, offset, length);
}
PUBLIC int posix_fallocate(int fd, off_t offset, off_t length)
{
	return reserve(fd, 0, offset, length) ? errno : 0;
}
PUBLIC int posix_fallocate64(int fd, off64_t offset, off64_t length)
{
	return reserve(fd, 0, offset, length) ? errno : 0;
}

/* ---- syncing ---- */

static int sync_file(int fd, long number)
{
	struct stat st;
	int r;

	if (!watched(fd, &st))
		return (int)syscall(number, fd);
	pthread_mutex_lock(&lock);
	if (faults && atomic_fetch_sub(&faults[1], 1) <= 0) {
		errno = EIO;
		r = -1;
	} else {
		/* The disk itself need not be waited for: what counts is the record. */
		r = log_fd >= 0 ? 0 : (int)syscall(number, fd);
		put((struct record){.op = 'S', .ino = st.st_ino}, NULL, NULL, NULL);
	}
	pthread_mutex_unlock(&lock);
	return r;
}
PUBLIC int fsync(int fd)
{
	return sync_file(fd, SYS_fsync);
}
PUBLIC int fdatasync(int fd)
{
	return sync_file(fd, SYS_fdatasync);
}
PUBLIC int syncfs(int fd)
{
	pthread_mutex_lock(&lock);
	put((struct record){.op = 'A'}, NULL, NULL, NULL);
	pthread_mutex_unlock(&lock);
	return (int)syscall(SYS_syncfs, fd);
}
PUBLIC void sync(void)
{
	pthread_mutex_lock(&lock);
	put((struct record){.op = 'A'}, NULL, NULL, NULL);
	pthread_mutex_unlock(&lock);
	syscall(SYS_sync);
}

/* A shared writable mapping writes behind our back: it is noted, and only SQLite's -shm may have
 * one. */
static void *map(void *at, size_t length, int prot, int flags, int fd, off_t offset)
{
	struct stat st;

	if ((flags & MAP_SHARED) && (prot & PROT_WRITE) && fd >= 0 && log_fd >= 0 &&
	    watched(fd, &st)) {
		pthread_mutex_lock(&lock);
		put((struct record){.op = 'M', .ino = st.st_ino}, NULL, NULL, NULL);
		pthread_mutex_unlock(&lock);
	}
	NEXT(void *, "mmap64", (void *, size_t, int, int, int, off_t));
	return next(at, length, prot, flags, fd, offset);
}
PUBLIC void *mmap(void *at, size_t length, int prot, int flags, int fd, off_t offset)
{
	return map(at, length, prot, flags, fd, offset);
}
PUBLIC void *mmap64(void *at, size_t length, int prot, int flags, int fd, off64_t offset)
{
	return map(at, length, prot, flags, fd, offset);
}
