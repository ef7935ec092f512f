/* SPDX-License-Identifier: Apache-2.0 */
/* The open data directory, as the files of this room share it. */
#pragma once

#include <pthread.h>
#include <sqlite3.h>

#include "base/arena.h"
#include "base/buf.h"
#include "model/register.h"
#include "store/audit.h"
#include "store/read.h"
#include "store/spool.h"
#include "store/store.h"
#include "store/write.h"

#define KR_SCHEMA_MAIN	    2
#define KR_SCHEMA_STATS	    1
#define KR_SCHEMA_PARTITION 2 /* 2: the ledger counts what rules dropped */

/* One partition as the catalogue knows it; what queries need to pass it over without opening it. */
struct kr_part_info {
	enum kr_retention class_;
	int32_t day;
	uint32_t part;
	uint64_t rows, events, next_id; /* events: times seen, over all rows */
	kr_time first_min, first_max, last_min, last_max;
	uint64_t seg;	  /* last committed segment */
	uint64_t derived; /* last segment that stats.db holds */
	bool sealed;	  /* no more rows expected: its day has passed or it was cut */
};

/* All partitions, newest first (day, part, class descending). Guarded by its own lock. */
struct kr_catalogue {
	pthread_rwlock_t lock;
	struct kr_part_info *parts;
	size_t n, cap;
};

/* Read connections kept for reuse, by file. Guarded by pool_lock. */
#define KR_POOL_MAX 24
struct kr_reader {
	char *path;
	sqlite3 *db;
	bool in_use;
	uint64_t used_at;
};

struct kr_group;
struct kr_partition;

struct kr_store {
	char *dir; /* absolute */
	int dirfd, lock_fd;
	struct kr_store_opts o;
	struct kr_hash_key hash_key;

	pthread_mutex_t main_lock; /* guards main: the writer of small things */
	sqlite3 *main;
	uint64_t register_version, intake_version; /* atomic */
	kr_time recovering;			   /* atomic; KR_TIME_NONE: not in recover mode */

	pthread_mutex_t files_lock; /* backup and retention: one at a time */

	pthread_mutex_t stats_lock; /* guards stats: the writer of derived counters */
	sqlite3 *stats;

	pthread_mutex_t events_lock; /* guards all below: the writer of rows */
	struct kr_group *group;
	struct kr_partition *writer; /* of the open group */
	struct kr_taking *takings;   /* reports being taken */

	struct kr_catalogue catalogue;

	pthread_mutex_t outbox_lock; /* one derivation of the outbox at a time; guards outbox */
	struct kr_outbox_session *outbox;
	pthread_mutex_t cursors_lock; /* guards cursors: how far each partition was derived */
	struct kr_outbox_cursor *cursors;
	size_t n_cursors;
	bool cursors_loaded;
	uint64_t recipient_version; /* atomic */

	pthread_mutex_t pool_lock;
	struct kr_reader pool[KR_POOL_MAX];
	uint64_t pool_clock;
};

struct kr_taking {
	struct kr_taking *next;
	struct kr_store *s;
	uint64_t report;
	uint32_t source, generation;
	enum kr_retention class_;
	int32_t day;
	uint64_t *done; /* bits by batch: in the ledger of some part */
	uint32_t done_n;
	int64_t start_us;
	int failed; /* a group with batches of this report was rolled back */
	struct kr_fault fault;
};

/* "DIR/events/standard/20261121-1.db". Returns buf. */
#define KR_PATH_MAX 4200
char *kr_store__part_path(const struct kr_store *s, enum kr_retention class_, int32_t day,
			  uint32_t part, char buf[KR_PATH_MAX]);
char *kr_store__path(const struct kr_store *s, const char *name, char buf[KR_PATH_MAX]);

/* A read connection to a file; give it back with kr_store__reader_put(). */
KR_MUST_USE int kr_store__reader(struct kr_store *s, const char *path, sqlite3 **ret,
				 struct kr_fault *reterr);
void kr_store__reader_put(struct kr_store *s, sqlite3 *db);
/* Close idle readers: before files go away. */
void kr_store__readers_close(struct kr_store *s);

/* ---- catalogue ---- */
KR_MUST_USE int kr_store__catalogue_load(struct kr_store *s, struct kr_fault *reterr);
/* Insert or replace an entry. */
void kr_store__catalogue_put(struct kr_store *s, const struct kr_part_info *p);
/* A copy of all entries, newest first, in the arena. */
size_t kr_store__catalogue_copy(struct kr_store *s, struct kr_arena *a, struct kr_part_info **ret);
bool kr_store__catalogue_find(struct kr_store *s, enum kr_retention class_, int32_t day,
			      uint32_t part, struct kr_part_info *ret);
/* Forget the partitions of a class and day. */
void kr_store__catalogue_drop(struct kr_store *s, enum kr_retention class_, int32_t day);
/* Remove the files of a partition. */
void kr_store__part_unlink(struct kr_store *s, enum kr_retention class_, int32_t day,
			   uint32_t part);
/* Remove what is left of partitions that were written off. */
KR_MUST_USE int kr_store__dropped_sweep(struct kr_store *s, struct kr_fault *reterr);

/* ---- main.db ---- */
/* The steps of the schema behind `version`, in the open transaction. */
KR_MUST_USE int kr_store__schema_main(sqlite3 *db, int version, struct kr_fault *reterr);
KR_MUST_USE int kr_store__main_open(struct kr_store *s, bool create, struct kr_fault *reterr);
KR_MUST_USE int kr_store__stats_open(struct kr_store *s, bool create, struct kr_fault *reterr);
/* Durably note that a sealed partition will change, so that a crash does not hide it from the
 * catalogue. */
KR_MUST_USE int kr_store__stats_unseal(struct kr_store *s, const struct kr_part_info *p,
				       struct kr_fault *reterr);
/* A row of constituent or rule, columns as in KR_CONSTITUENT_COLUMNS and KR_RULE_COLUMNS. */
#define KR_CONSTITUENT_COLUMNS "id,name,title,sector,country,contact,language,note,retired"
#define KR_RULE_COLUMNS	       "id,constituent,kind,value,retired"
void kr_store__constituent_row(sqlite3_stmt *st, struct kr_arena *a, struct kr_constituent *ret);
void kr_store__rule_row(sqlite3_stmt *st, struct kr_arena *a, struct kr_rule *ret);
/* Version of the schema; -KR_EVERSION if it is newer than this program. */
KR_MUST_USE int kr_store__schema_version(sqlite3 *db, int *ret, struct kr_fault *reterr);
/* Bring an opened main.db of an older schema up to date, in a transaction. */
KR_MUST_USE int kr_store__main_upgrade(sqlite3 *db, struct kr_fault *reterr);
KR_MUST_USE int kr_store__recover_load(struct kr_store *s, struct kr_fault *reterr);
/* Begin a write transaction on main under its lock; end with kr_store__main_end(), which unlocks.
 */
KR_MUST_USE int kr_store__main_begin(struct kr_store *s, struct kr_fault *reterr);
/* Commit if err is 0, else roll back. Returns err, or the failure of the commit. */
KR_MUST_USE int kr_store__main_end(struct kr_store *s, int err, struct kr_fault *reterr);
/* Write the audit log into a main.db, within its open transaction. */
KR_MUST_USE int kr_store__audit_at(sqlite3 *db, kr_time at, const struct kr_by *by,
				   const char *action, struct kr_str object, struct kr_str detail,
				   struct kr_fault *reterr);
/* Write the audit log, within the open transaction of main. */
KR_MUST_USE int kr_store__audit(struct kr_store *s, const struct kr_by *by, const char *action,
				struct kr_str object, struct kr_str detail,
				struct kr_fault *reterr);
