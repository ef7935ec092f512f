/* SPDX-License-Identifier: Apache-2.0 */
/* Files whose content is all there or not there at all, and small system chores. */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Read a whole file.
 *
 * dirfd     directory that path is relative to, or AT_FDCWD
 * size_max  bytes; a larger file is -KR_ELIMIT
 * ret       appended to; its own maximum applies too
 */
KR_MUST_USE int kr_file_read(int dirfd, const char *path, size_t size_max, struct kr_buf *ret,
			     struct kr_fault *reterr);
/*
 * Replace a file: temporary file beside it, write, fsync, rename, fsync of the directory. After a
 * power cut either the old or the new content is there.
 *
 * mode  permissions of the new file
 */
KR_MUST_USE int kr_file_replace(int dirfd, const char *path, struct kr_str content, unsigned mode,
				struct kr_fault *reterr);
/* Write all bytes, whatever the kernel takes at once. */
KR_MUST_USE int kr_write_all(int fd, const void *p, size_t n, struct kr_fault *reterr);
/* Make a directory and its parents, each durable when this returns; existing ones are fine. */
KR_MUST_USE int kr_mkdir_all(int dirfd, const char *path, unsigned mode, struct kr_fault *reterr);
/* fsync of the directory itself, so that names in it are durable. */
KR_MUST_USE int kr_sync_dir(int dirfd, const char *path, struct kr_fault *reterr);
/* Is there nothing in a directory? 1: nothing; 0: something; -errno. */
int kr_dir_empty(int fd);
/* Remove all that is in a directory, as far as that works; not the directory itself, and nothing
 * behind symbolic links. */
void kr_dir_clear(int fd);

/* A file mapped read-only. */
struct kr_map_file {
	const char *p;
	size_t n;
};
KR_MUST_USE int kr_map_open(int dirfd, const char *path, struct kr_map_file *ret,
			    struct kr_fault *reterr);
void kr_map_close(struct kr_map_file *m);
