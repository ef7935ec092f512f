/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data directory: every file in it belongs to this room. One process owns it (lock file). Reads
 * are in store/read.h, changes in store/write.h, raw input in store/spool.h.
 *
 *     karaula.conf lock main.db stats.db run/ secrets/ tables/ data/
 *     events/CLASS/DAY-N.db    partitions: rows of one retention class and UTC day of spooling
 *     spool/CLASS/DAY/ID.zst   raw reports, one zstd frame a batch
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/time.h"

struct kr_store;

struct kr_store_opts {
	uint64_t partition_rows_max; /* rows at which a partition is cut; default 1,000,000 */
	uint32_t group_rows_max;     /* rows of one durable commit; default 65,536 */
	uint32_t cache_kib;   /* page cache of the writer; default 8 MiB: the sweep of a group needs
				 little */
	kr_time (*now)(void); /* NULL: the wall clock; tests set the day of spooling */
};

/*
 * Make a data directory: folders, databases, secrets. The configuration file is the caller's.
 *
 * dir  made if it is missing; must hold no databases yet
 *
 * Returns 0; -KR_EEXIST (is a data directory already); -KR_EIO, -KR_EFULL, -KR_EDENIED.
 */
KR_MUST_USE int kr_store_init(const char *dir, struct kr_fault *reterr);
/*
 * Open and lock a data directory, recover what a crash left, migrate an older schema.
 *
 * opts  NULL: defaults
 *
 * Returns 0; -KR_EBUSY (another process holds the lock; the fault names it); -KR_ENOENT (not a data
 * directory); -KR_EVERSION (made by a newer version); -KR_ESTORE, -KR_ECORRUPT.
 */
KR_MUST_USE int kr_store_open(const char *dir, const struct kr_store_opts *opts,
			      struct kr_store **ret, struct kr_fault *reterr);
void kr_store_close(struct kr_store *s);
/* Only try the lock: 0 free, -KR_EBUSY held, -KR_ENOENT no data directory. */
KR_MUST_USE int kr_store_probe(const char *dir, struct kr_fault *reterr);

/* Descriptor of the directory, borrowed. */
int kr_store_dirfd(const struct kr_store *s);
/* Key for aggregation hashes, made by kr_store_init(). */
const struct kr_hash_key *kr_store_hash_key(const struct kr_store *s);
kr_time kr_store_now(const struct kr_store *s);
