/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passwords and keys of other services: one file each below DIR/secrets/, mode 0600, named by a
 * setting or a row of the store, which never hold the secret itself.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define KR_SECRET_MAX ((size_t)64 << 10) /* bytes of a file */
#define KR_SECRETS    "secrets"		 /* the folder, below the data directory */

/* Is it a name that a file below DIR/secrets/ may have? Letters, digits, '-', '_' and '.', not
 * beginning with '.'. */
bool kr_secret_name_valid(struct kr_str name);
/*
 * Read a secret.
 *
 * dirfd  of the data directory
 * name   of the file
 * ret    replaced by its content without blanks around it; give it back with kr_secret_done()
 *
 * Returns 0; -KR_EINVAL (name); -KR_ENOENT; -KR_EDENIED (others may read it, or it is no plain
 * file); -KR_EIO, -KR_ELIMIT. The fault says how to mend it.
 */
KR_MUST_USE int kr_secret_read(int dirfd, struct kr_str name, struct kr_buf *ret,
			       struct kr_fault *reterr);
/* Overwrite it and free it. */
void kr_secret_done(struct kr_buf *b);
/*
 * A value of a secret with lines "name = value"; blank lines, lines that begin with '#' or ';', and
 * section heads in brackets are passed over. Borrowed from content; p NULL if it is not there.
 */
struct kr_str kr_secret_value(struct kr_str content, const char *name);
