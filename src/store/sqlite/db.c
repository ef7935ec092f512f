/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/db.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int kr_db_fault(sqlite3 *db, struct kr_fault *reterr, const char *what)
{
	int rc = sqlite3_errcode(db), code = -KR_ESTORE;

	switch (rc & 0xff) {
	case SQLITE_FULL: code = -KR_EFULL; break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: code = -KR_EBUSY; break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: code = -KR_ECORRUPT; break;
	case SQLITE_INTERRUPT: code = -KR_ECANCEL; break;
	case SQLITE_IOERR:
		/* An index of a WAL that cannot grow leaves no errno, and has no other cause. */
		code = sqlite3_system_errno(db) == ENOSPC || rc == SQLITE_IOERR_SHMSIZE ? -KR_EFULL
											: -KR_EIO;
		break;
	case SQLITE_CANTOPEN: code = -KR_EIO; break;
	case SQLITE_CONSTRAINT: code = -KR_EEXIST; break;
	}
	if (code == -KR_EIO)
		kr_fault_set(reterr, code, "%s: %s (number %d)", what, sqlite3_errmsg(db), rc);
	else
		kr_fault_set(reterr, code, "%s: %s", what, sqlite3_errmsg(db));
	kr_fault_where(reterr, "%s", sqlite3_db_filename(db, "main") ?: "");
	if (code == -KR_EFULL)
		kr_fault_remedy(reterr, "make room on the disk; nothing acknowledged is lost");
	else if (code == -KR_ECORRUPT)
		kr_fault_remedy(reterr,
				"restore the file from a backup, or take its reports again");
	return code;
}

/* SQLite's memory statistics cost a lock for each allocation, and nobody reads them. */
static void configure(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

void kr_db_make_private(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);

	/* It is there, or cannot be made: SQLite says which. */
	if (fd >= 0)
		close(fd);
}

int kr_db_open(const char *path, const struct kr_db_opts *o, sqlite3 **ret, struct kr_fault *reterr)
{
	int flags = SQLITE_OPEN_EXRESCODE;
	char sql[512];
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	sqlite3 *db = NULL;
	int r;

	pthread_once(&once, configure);
	flags |= o->flags & KR_DB_SHARED ? SQLITE_OPEN_FULLMUTEX : SQLITE_OPEN_NOMUTEX;
	if (o->flags & KR_DB_READ)
		flags |= SQLITE_OPEN_READONLY;
	else
		flags |= SQLITE_OPEN_READWRITE | (o->flags & KR_DB_CREATE ? SQLITE_OPEN_CREATE : 0);
	if ((flags & SQLITE_OPEN_CREATE) && strcmp(path, ":memory:") != 0)
		kr_db_make_private(path);
	if (sqlite3_open_v2(path, &db, flags, NULL)) {
		r = kr_db_fault(db, reterr, "cannot open database");
		kr_fault_where(reterr, "%s", path);
		if (sqlite3_errcode(db) == SQLITE_CANTOPEN && access(path, F_OK) != 0)
			kr_fault_remedy(reterr, "the file is missing: bring it back from a backup "
						"(karaula restore), or take the reports of that "
						"day again");
		sqlite3_close(db);
		return r;
	}
	sqlite3_busy_timeout(db, 10000);
	snprintf(sql, sizeof(sql),
		 "PRAGMA cache_size=-%u;PRAGMA temp_store=MEMORY;PRAGMA trusted_schema=OFF;PRAGMA "
		 "mmap_size=0;PRAGMA journal_size_limit=67108864;%s"
		 "PRAGMA synchronous=%s;",
		 o->cache_kib ? o->cache_kib : 2048,
		 o->flags & KR_DB_READ ? "" : "PRAGMA journal_mode=WAL;",
		 o->flags & KR_DB_NORMAL ? "NORMAL" : "FULL");
	r = kr_db_exec(db, sql, reterr);
	if (!r && o->checkpoint_pages)
		sqlite3_wal_autocheckpoint(db, (int)o->checkpoint_pages);
	if (r) {
		sqlite3_close(db);
		return r;
	}
	*ret = db;
	return 0;
}

void kr_db_close(sqlite3 *db)
{
	if (db)
		sqlite3_close_v2(db);
}

int kr_db_exec(sqlite3 *db, const char *sql, struct kr_fault *reterr)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) ? kr_db_fault(db, reterr, "statement failed")
						       : 0;
}

int kr_db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret, struct kr_fault *reterr)
{
	return sqlite3_prepare_v3(db, sql, -1, 0, ret, NULL)
		       ? kr_db_fault(db, reterr, "cannot prepare statement")
		       : 0;
}

int kr_db_step(sqlite3_stmt *st, struct kr_fault *reterr)
{
	int rc = sqlite3_step(st), r;

	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE) {
		sqlite3_reset(st);
		return 0;
	}
	r = kr_db_fault(sqlite3_db_handle(st), reterr, "statement failed");
	sqlite3_reset(st);
	return r;
}

int kr_db_run(sqlite3_stmt *st, struct kr_fault *reterr)
{
	int r = kr_db_step(st, reterr);

	if (r == 1) {
		sqlite3_reset(st);
		return 0;
	}
	return r;
}

void kr_db_bind_str(sqlite3_stmt *st, int i, struct kr_str s)
{
	if (s.p)
		sqlite3_bind_text64(st, i, s.p, s.n, SQLITE_STATIC, SQLITE_UTF8);
	else
		sqlite3_bind_null(st, i);
}

void kr_db_bind_ip(sqlite3_stmt *st, int i, const struct kr_ip *ip)
{
	if (ip->family == 4)
		sqlite3_bind_int64(st, i, kr_ip_u32(ip));
	else
		sqlite3_bind_blob(st, i, ip->b, 16, SQLITE_TRANSIENT);
}

struct kr_str kr_db_text(sqlite3_stmt *st, int i)
{
	const void *p = sqlite3_column_type(st, i) == SQLITE_BLOB ? sqlite3_column_blob(st, i)
								  : sqlite3_column_text(st, i);

	return kr_str_n(p ? p : "", (size_t)sqlite3_column_bytes(st, i));
}

struct kr_str kr_db_dup(sqlite3_stmt *st, int i, struct kr_arena *a)
{
	return kr_arena_dup(a, kr_db_text(st, i));
}

struct kr_ip kr_db_ip(sqlite3_stmt *st, int i)
{
	struct kr_ip ip = {0};
	int type = sqlite3_column_type(st, i);

	if (type == SQLITE_INTEGER)
		return kr_ip_from_u32((uint32_t)sqlite3_column_int64(st, i));
	if (type == SQLITE_BLOB && sqlite3_column_bytes(st, i) == 16) {
		ip.family = 6;
		ip.plen = 128;
		memcpy(ip.b, sqlite3_column_blob(st, i), 16);
	}
	return ip;
}
