/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * A folder that others put files into. A file is complete when nobody has it open for writing,
 * which the kernel says when asked for a lease (a folder that cannot grant one, on NFS say, is
 * judged by time alone), and when it has not changed for the setting sources.settle; names that
 * programs give to unfinished files are passed over. A file that was taken is moved to done/ or
 * deleted; one that could not be read, or was kept but not taken, to failed/ with the reason
 * beside it. A kill between acknowledging and moving leaves it where it is: the next run finds the
 * same bytes known and moves it. Trouble of the node itself leaves the file in place.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"
#include "pipe/source.h"

#define FILES_MAX 1000 /* of one run; the next one comes at once */

struct folder {
	struct kr_fetch *f;
	int fd;
	char **names;
	size_t n, cap;
	bool more;	 /* than FILES_MAX */
	bool unfinished; /* some file is not complete yet */
	int64_t settle_us;
};

static int open_folder(struct kr_fetch *f, struct kr_fault *reterr)
{
	struct kr_str url = kr_source_url(f->source);
	char path[1100];
	int fd;

	snprintf(path, sizeof(path), "%.*s", KR_STR_ARG(url));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* What cannot be moved away would be read again and again. */
	if (fd >= 0 && !faccessat(fd, ".", R_OK | W_OK | X_OK, AT_EACCESS))
		return fd;
	if (fd >= 0)
		close(fd);
	fd = kr_fault_errno(reterr, errno, "cannot read and write in the folder '%s'", path);
	kr_fault_remedy(reterr, "make it, and let the node's user read and write in it");
	return fd;
}

/* Names that programs give to what they are still writing. */
static bool is_unfinished(const char *name)
{
	static const char *const ends[] = {".part",    ".tmp", ".filepart", ".crdownload",
					   ".partial", ".swp", "~",	    ".reason"};
	struct kr_str s = kr_str_c(name);

	if (name[0] == '.')
		return true;
	for (size_t i = 0; i < KR_ARRAY_LEN(ends); i++)
		if (kr_str_ends(s, kr_str_c(ends[i])))
			return true;
	return false;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list(struct folder *d, struct kr_fault *reterr)
{
	struct kr_str pattern = kr_source_option(d->f->source, "pattern");
	int fd = dup(d->fd);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	char glob[256];
	struct dirent *e;

	if (!dir) {
		int err = kr_fault_errno(reterr, errno, "cannot read the folder");

		if (fd >= 0)
			close(fd);
		return err;
	}
	snprintf(glob, sizeof(glob), "%.*s", KR_STR_ARG(pattern));
	rewinddir(dir);
	while ((e = readdir(dir))) {
		if (is_unfinished(e->d_name) || (glob[0] && fnmatch(glob, e->d_name, 0)))
			continue;
		if (e->d_type != DT_REG && e->d_type != DT_UNKNOWN)
			continue;
		d->more = d->n == FILES_MAX;
		if (d->more)
			break;
		if (d->n == d->cap) {
			d->cap = d->cap ? d->cap * 2 : 64;
			d->names = kr_xrealloc(d->names, d->cap * sizeof(*d->names));
		}
		d->names[d->n++] = kr_xstrdup(e->d_name);
	}
	closedir(dir);
	if (d->n)
		qsort(d->names, d->n, sizeof(*d->names), by_name);
	return 0;
}

static void folder_done(struct folder *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->names[i]);
	free(d->names);
	close(d->fd);
}

/* ---- is it complete? ---- */

/* Does somebody have it open for writing? A file that cannot be asked about has not. */
static bool is_written(int fd)
{
	bool written;

	/* A writer that comes while we hold the lease sends this signal, which nobody minds. */
	fcntl(fd, F_SETSIG, SIGURG);
	written = fcntl(fd, F_SETLEASE, F_RDLCK) != 0 && errno == EAGAIN;
	if (!written)
		fcntl(fd, F_SETLEASE, F_UNLCK);
	return written;
}

/* Time since its content or name changed; a clock that went back makes it old. */
static int64_t age_us(const struct stat *st)
{
	kr_time changed = (kr_time)st->st_ctim.tv_sec * KR_SECOND + st->st_ctim.tv_nsec / 1000;
	kr_time now = kr_time_now();

	return now < changed - KR_MINUTE ? INT64_MAX : now - changed;
}

/* A descriptor of a complete file; -1: not now. */
static int open_complete(struct folder *d, const char *name)
{
	int fd = openat(d->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -1;
	}
	if (age_us(&st) < d->settle_us || is_written(fd)) {
		d->unfinished = true;
		close(fd);
		return -1;
	}
	return fd;
}

/* ---- away with it ---- */

static int sub_folder(struct folder *d, const char *name, struct kr_fault *reterr)
{
	int err;

	if (!mkdirat(d->fd, name, 0750) || errno == EEXIST)
		return 0;
	err = kr_fault_errno(reterr, errno, "cannot make the folder '%s' below it", name);
	kr_fault_remedy(reterr, "let the node's user write in the folder");
	return err;
}

/* Move to a folder below, under a name that is free there: NAME, NAME.1, ... */
static int move(struct folder *d, const char *name, const char *to, char *ret, size_t size,
		struct kr_fault *reterr)
{
	for (int i = 0; i < 10000; i++) {
		snprintf(ret, size, i ? "%s/%s.%d" : "%s/%s", to, name, i);
		if (!renameat2(d->fd, name, d->fd, ret, RENAME_NOREPLACE))
			return 0;
		/* A file system that does not know the flag. */
		if (errno == EINVAL && faccessat(d->fd, ret, F_OK, AT_SYMLINK_NOFOLLOW) &&
		    !renameat(d->fd, name, d->fd, ret))
			return 0;
		if (errno != EEXIST && errno != EINVAL)
			break;
	}
	return kr_fault_errno(reterr, errno, "cannot move '%s' to %s/", name, to);
}

static int keep_or_delete(struct folder *d, const char *name, struct kr_fault *reterr)
{
	char path[NAME_MAX + 32];
	int err;

	if (kr_str_eqc(kr_source_option(d->f->source, "after"), "delete")) {
		if (!unlinkat(d->fd, name, 0) || errno == ENOENT)
			return 0;
		return kr_fault_errno(reterr, errno, "cannot delete '%s'", name);
	}
	err = sub_folder(d, "done", reterr);
	return err ? err : move(d, name, "done", path, sizeof(path), reterr);
}

static int set_aside(struct folder *d, const char *name, struct kr_str reason,
		     struct kr_fault *reterr)
{
	char path[NAME_MAX + 32], beside[NAME_MAX + 48];
	struct kr_str line = kr_arena_printf(d->f->arena, "%.*s\n", KR_STR_ARG(reason));
	int err = sub_folder(d, "failed", reterr);

	if (!err)
		err = move(d, name, "failed", path, sizeof(path), reterr);
	if (err)
		return err;
	snprintf(beside, sizeof(beside), "%s.reason", path);
	return kr_file_replace(d->fd, beside, line.p ? line : KR_STR("out of memory\n"), 0640,
			       reterr);
}

/* ---- taking ---- */

/* Is it about the file, so that the next one may be taken? */
static bool about_file(int err)
{
	return err == -KR_ECORRUPT || err == -KR_ELIMIT || err == -KR_EFORMAT;
}

static int file_take(struct folder *d, const char *name, int fd, struct kr_fault *reterr)
{
	struct kr_fetch *f = d->f;
	struct kr_fault fault = {0};
	struct kr_str reason;
	char text[700];
	int err = kr_fetch__take(f, fd, kr_str_c(name), KR_TIME_NONE, &fault);

	if (err && about_file(err)) {
		f->failed++;
		reason = kr_arena_dup(f->arena,
				      kr_str_c(kr_fault_text(&fault, text, sizeof(text))));
		if (!f->problem.n)
			f->problem = reason;
		return set_aside(d, name, reason, reterr);
	}
	if (err == -KR_EBUSY) {
		/* Another thread finishes it, from before a crash: then it is known. */
		d->unfinished = true;
		return 0;
	}
	if (err) {
		if (reterr)
			*reterr = fault;
		return err;
	}
	if (!f->file.not_taken)
		return keep_or_delete(d, name, reterr);
	reason = kr_arena_printf(f->arena, "it is kept as report %llu but was not taken: %.*s",
				 (unsigned long long)f->file.report, KR_STR_ARG(f->file.reason));
	return set_aside(d, name, reason, reterr);
}

static int run(struct kr_fetch *f, struct kr_fault *reterr)
{
	const struct kr_conf *conf = kr_net_conf(f->net);
	struct folder d = {.f = f, .settle_us = conf->sources_settle};
	int err = 0;

	kr_conf_unref(conf);
	d.fd = open_folder(f, reterr);
	if (d.fd < 0)
		return d.fd;
	err = list(&d, reterr);
	for (size_t i = 0; !err && i < d.n; i++) {
		int fd = open_complete(&d, d.names[i]);

		if (fd < 0)
			continue;
		err = kr_fetch__cancelled(f)
			      ? kr_fault_set(reterr, -KR_ECANCEL, "the run was stopped")
			      : file_take(&d, d.names[i], fd, reterr);
		close(fd);
	}
	if (d.unfinished)
		f->again_us = d.settle_us + KR_SECOND / 10;
	if (d.more)
		f->again_us = KR_SECOND / 10;
	folder_done(&d);
	return err;
}

/* The newest complete file. */
static int sample(struct kr_fetch *f, int *ret_fd, struct kr_str *ret_name, struct kr_fault *reterr)
{
	struct folder d = {.f = f};
	int err;

	d.fd = open_folder(f, reterr);
	if (d.fd < 0)
		return d.fd;
	err = list(&d, reterr);
	*ret_fd = -1;
	for (size_t i = d.n; !err && i > 0 && *ret_fd < 0; i--) {
		*ret_fd = open_complete(&d, d.names[i - 1]);
		*ret_name = kr_arena_dup(f->arena, kr_str_c(d.names[i - 1]));
	}
	folder_done(&d);
	return err;
}

const struct kr_source_runner kr_source_directory = {
	.name = "directory", .watched = true, .run = run, .sample = sample};
