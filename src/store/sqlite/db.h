/* SPDX-License-Identifier: Apache-2.0 */
/* One SQLite connection with the settings every file of the data directory has, and errors as
 * faults. */
#pragma once

#include <sqlite3.h>

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/str.h"

enum kr_db_flag {
	KR_DB_CREATE = 1, /* make the file if it is missing */
	KR_DB_READ = 2,	  /* only read */
	KR_DB_NORMAL = 4, /* synchronous NORMAL: the content can be derived again */
	KR_DB_SHARED = 8, /* used by several threads */
};

struct kr_db_opts {
	unsigned flags;
	uint32_t cache_kib;
	uint32_t checkpoint_pages; /* WAL pages before a checkpoint; 0: default of SQLite */
};

/* A new, empty file that is closed to others from its first moment, whatever the umask; what SQLite
 * puts beside it takes its mode. A file that is there stays as it is. */
void kr_db_make_private(const char *path);
/* Open; WAL, secure_delete as compiled, busy timeout 10 s. path as SQLite takes it. */
KR_MUST_USE int kr_db_open(const char *path, const struct kr_db_opts *o, sqlite3 **ret,
			   struct kr_fault *reterr);
void kr_db_close(sqlite3 *db);

/* Fill a fault from the last error of db; returns the -KR_E* code (FULL, BUSY, CORRUPT, CANCEL or
 * STORE). */
int kr_db_fault(sqlite3 *db, struct kr_fault *reterr, const char *what);
/* Run statements without results. */
KR_MUST_USE int kr_db_exec(sqlite3 *db, const char *sql, struct kr_fault *reterr);
KR_MUST_USE int kr_db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret,
			      struct kr_fault *reterr);
/*
 * Step a statement.
 *
 * Returns 1 with a row, 0 when it is done (and reset), -KR_E*.
 */
KR_MUST_USE int kr_db_step(sqlite3_stmt *st, struct kr_fault *reterr);
/* Step a statement that gives no rows, and reset it. */
KR_MUST_USE int kr_db_run(sqlite3_stmt *st, struct kr_fault *reterr);

static inline void kr_db_stmt__auto(sqlite3_stmt **st)
{
	sqlite3_finalize(*st);
}
#define KR_AUTO_STMT __attribute__((cleanup(kr_db_stmt__auto))) sqlite3_stmt *

void kr_db_bind_str(sqlite3_stmt *st, int i,
		    struct kr_str s); /* NULL when s.p is NULL; borrowed until reset */
void kr_db_bind_ip(sqlite3_stmt *st, int i, const struct kr_ip *ip);
/* Text or blob of a column, borrowed until the next step. */
struct kr_str kr_db_text(sqlite3_stmt *st, int i);
struct kr_str kr_db_dup(sqlite3_stmt *st, int i, struct kr_arena *a);
/* Address kept as INTEGER or BLOB; family 0 for anything else. */
struct kr_ip kr_db_ip(sqlite3_stmt *st, int i);
