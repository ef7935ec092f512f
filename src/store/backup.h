/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backup and restore of a data directory (doc/backup.md). A backup is a tar archive in zstd frames,
 * made while the node works: all databases as of one moment, the spool files they name, the
 * configuration and the tables; MANIFEST comes last and lists every file with size and BLAKE2b-256.
 * Secrets are never in it.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/time.h"
#include "store/audit.h"
#include "store/store.h"

struct kr_backup_opts {
	/* Takes the bytes of the archive; an error stops the backup. */
	int (*write)(void *ctx, const void *p, size_t n, struct kr_fault *reterr);
	/* After each file; false stops with -KR_ECANCEL. May be NULL. */
	bool (*progress)(void *ctx, uint64_t files, uint64_t files_all, uint64_t bytes);
	void *ctx;
	struct kr_str node; /* name of the node, for MANIFEST */
	const struct kr_by *by;
};
struct kr_backup_result {
	uint64_t files, bytes; /* in the archive, before compression */
	uint64_t packed;       /* bytes written */
};
/*
 * Write a backup.
 *
 * Returns 0; -KR_EBUSY (another backup or retention runs); -KR_ECANCEL; -KR_EFULL (the temporary
 * copy of a database needs room below DIR/run); what write returns.
 */
KR_MUST_USE int kr_store_backup(struct kr_store *s, const struct kr_backup_opts *o,
				struct kr_backup_result *ret, struct kr_fault *reterr);

struct kr_restore_opts {
	/* False stops with -KR_ECANCEL. May be NULL. */
	bool (*progress)(void *ctx, uint64_t files, uint64_t bytes);
	void *ctx;
	/* Directory for the copies of databases that a check looks into; NULL: TMPDIR, /var/tmp. */
	const char *temp;
	kr_time now;
	const struct kr_by *by;
};
struct kr_restored {
	char node[65], version[33];
	kr_time created;
	uint64_t files, bytes, databases, reports;
};
/*
 * Read a whole archive and check it: every file against MANIFEST, every database for damage, every
 * report that should have its raw bytes.
 *
 * fd   borrowed
 * dir  NULL: only check. Else a directory that is missing or empty: it becomes a data directory, in
 *      recover mode (kr_store_recovering())
 *
 * Returns 0; -KR_ECORRUPT, -KR_EFORMAT, -KR_EVERSION (made by a newer program), -KR_EEXIST (dir is
 * not empty), -KR_EFULL. What was written is removed again when it fails.
 */
KR_MUST_USE int kr_store_restore(int fd, const char *dir, const struct kr_restore_opts *o,
				 struct kr_restored *ret, struct kr_fault *reterr);

/*
 * When was this directory restored from a backup, without anybody having said yet that it may go
 * on? KR_TIME_NONE: it was not. In recover mode reports are taken and pages shown, but nothing is
 * delivered: what the lost node told after the backup is not known here.
 */
kr_time kr_store_recovering(struct kr_store *s);
/*
 * Leave recover mode: deliveries that were under way go into doubt, and what was due before `since`
 * is withheld (KR_WHY_RESTORED) rather than told twice.
 *
 * since         KR_TIME_NONE: the time of the restore
 * ret_withheld  rows of the outbox
 * ret_doubt     deliveries
 */
KR_MUST_USE int kr_store_recover_finish(struct kr_store *s, const struct kr_by *by, kr_time since,
					uint64_t *ret_withheld, uint64_t *ret_doubt,
					struct kr_fault *reterr);
