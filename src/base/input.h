/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes from a file descriptor, decompressed on the way: plain, gzip (with several members), zstd
 * (with several frames), and the members of a zip archive one after the other. What it is, is seen
 * from the first bytes, never from the name. Limits stop decompression bombs.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/str.h"

struct kr_input_limits {
	uint64_t bytes_max;   /* decompressed, of one member; 0: none */
	uint64_t ratio_max;   /* decompressed : compressed beyond the first 16 MiB; 0: none */
	uint32_t members_max; /* of a zip; 0: none */
};

struct kr_input;

/*
 * Start reading.
 *
 * fd    borrowed, read from its position on, which is then undefined; need not be seekable (a zip
 * that is not is copied to an unlinked temporary file in TMPDIR or /var/tmp, at most bytes_max)
 * name  for messages and as the name of the only member of a plain, gz or zst file (a ".gz" or
 *       ".zst" at its end is dropped)
 * limits  may be NULL: none
 *
 * Returns 0; -KR_EIO; -KR_EFORMAT (split zip; xz, bzip2, RAR...); -KR_ECORRUPT (zip without a whole
 * directory); -KR_ELIMIT (members_max; window of zstd above 32 MiB comes later, from reading).
 */
KR_MUST_USE int kr_input_open(int fd, const char *name, const struct kr_input_limits *limits,
			      struct kr_input **ret, struct kr_fault *reterr);
void kr_input_free(struct kr_input *in);
KR_AUTO_DEFINE(kr_input)

/*
 * Go to the next member: once for plain, gz and zst. Directories in a zip are passed over. Must be
 * called before the first read; unread bytes of the member before are passed over.
 *
 * ret_name  base name without folders, at most 255 bytes, control characters replaced; valid until
 * the next call
 *
 * Returns 1; 0 when there is none left; -KR_EFORMAT (encrypted, packed by an unknown method),
 * -KR_ECORRUPT: this member cannot be read, calling again goes on behind it if that is possible.
 */
KR_MUST_USE int kr_input_member(struct kr_input *in, struct kr_str *ret_name,
				struct kr_fault *reterr);
/*
 * Read decompressed bytes of the member.
 *
 * Returns the number of bytes, 0 at its end; -KR_EIO; -KR_ELIMIT (a limit, with the remedy);
 * -KR_ECORRUPT (cut or damaged; all bytes before the damage have been returned by earlier calls).
 */
KR_MUST_USE ptrdiff_t kr_input_read(struct kr_input *in, void *buf, size_t size,
				    struct kr_fault *reterr);
