/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers of tar archives (POSIX.1-1988 ustar; sizes of 8 GiB and more in base 256, as GNU and BSD
 * tar read them). Only regular files. An archive is header, content padded to KR_TAR_BLOCK, and so
 * on, ended by two blocks of zeros.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/str.h"
#include "base/time.h"

#define KR_TAR_BLOCK	512
#define KR_TAR_NAME_MAX 255

struct kr_tar_entry {
	char name[KR_TAR_NAME_MAX + 1];
	uint64_t size;
	kr_time mtime;
};

/* Bytes of zeros behind content of this size. */
static inline size_t kr_tar_padding(uint64_t size)
{
	return (size_t)(-size & (KR_TAR_BLOCK - 1));
}
/*
 * Make a header.
 *
 * Returns 0; -KR_ELIMIT (the name fits no header: over 100 bytes without a '/' at the right place).
 */
KR_MUST_USE int kr_tar_header(const struct kr_tar_entry *e, char block[KR_TAR_BLOCK],
			      struct kr_fault *reterr);
/*
 * Read a header.
 *
 * Returns 1; 0 (a block of zeros: the end); -KR_ECORRUPT (checksum); -KR_EFORMAT (not a regular
 * file).
 */
KR_MUST_USE int kr_tar_parse(const char block[KR_TAR_BLOCK], struct kr_tar_entry *ret,
			     struct kr_fault *reterr);
