/* SPDX-License-Identifier: Apache-2.0 */
/* What backup and restore share about the archive. */
#pragma once

#include "base/buf.h"
#include "base/hash.h"
#include "base/str.h"

#define KR_ARCHIVE_MANIFEST "MANIFEST"
#define KR_ARCHIVE_MAGIC    "karaula backup 1\n"
#define KR_ARCHIVE_FILES    ((size_t)4000000) /* files of one archive */
#define KR_ARCHIVE_LINE_MAX 512		      /* bytes of a line of MANIFEST */

/* May a file of this name be in an archive? Only what a data directory consists of. */
bool kr_archive_name_ok(struct kr_str name);
/* Is it a database? */
static inline bool kr_archive_is_db(struct kr_str name)
{
	return kr_str_ends(name, KR_STR(".db"));
}
