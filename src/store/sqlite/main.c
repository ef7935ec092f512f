/* SPDX-License-Identifier: Apache-2.0 */
/* main.db: everything small that must survive power loss at once (synchronous FULL). */
#include "base/file.h"
#include "store/sqlite/db.h"
#include "store/sqlite/state.h"

#include <stdio.h>
#include <unistd.h>

static int meta_blob(sqlite3 *db, const char *key, void *ret, size_t n, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(db, "SELECT value FROM meta WHERE key=?1", &st, reterr);

	if (r)
		return r;
	sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
	r = kr_db_step(st, reterr);
	if (r < 0)
		return r;
	if (r == 0 || sqlite3_column_bytes(st, 0) != (int)n)
		return kr_fault_set(reterr, -KR_ECORRUPT, "main.db holds no '%s'", key);
	memcpy(ret, sqlite3_column_blob(st, 0), n);
	return 0;
}

static int create(struct kr_store *s, struct kr_fault *reterr)
{
	struct kr_hash_key key;
	KR_AUTO_STMT st = NULL;
	int r = kr_db_exec(s->main, "BEGIN IMMEDIATE", reterr);

	if (!r)
		r = kr_store__schema_main(s->main, 0, reterr);
	if (!r)
		r = kr_db_prepare(s->main, "INSERT INTO meta VALUES('hash_key',?1),('register',0)",
				  &st, reterr);
	if (!r) {
		kr_random(&key, sizeof(key));
		sqlite3_bind_blob(st, 1, &key, sizeof(key), SQLITE_STATIC);
		r = kr_db_run(st, reterr);
	}
	return r ? r : kr_db_exec(s->main, "COMMIT", reterr);
}

/* A copy of main.db as the older program left it, so that going back is possible. */
static int keep_copy(struct kr_store *s, int version, struct kr_fault *reterr)
{
	char path[KR_PATH_MAX], name[32];
	char *sql;
	int r;

	snprintf(name, sizeof(name), "main.db.schema-%d", version);
	unlinkat(s->dirfd, name, 0);
	kr_db_make_private(kr_store__path(s, name, path));
	sql = sqlite3_mprintf("VACUUM INTO %Q", path);
	r = kr_db_exec(s->main, sql, reterr);
	sqlite3_free(sql);
	return r ? r : kr_sync_dir(s->dirfd, ".", reterr);
}

static int read_versions(struct kr_store *s, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->main,
			      "SELECT (SELECT value FROM meta WHERE key='register'),(SELECT value "
			      "FROM meta WHERE key='intake')",
			      &st, reterr);

	if (!r)
		r = kr_db_step(st, reterr);
	if (r == 1) {
		s->register_version = (uint64_t)sqlite3_column_int64(st, 0);
		s->intake_version = (uint64_t)sqlite3_column_int64(st, 1);
	}
	return r < 0 ? r : 0;
}

int kr_store__main_open(struct kr_store *s, bool make, struct kr_fault *reterr)
{
	struct kr_db_opts o = {.flags = KR_DB_SHARED | (make ? KR_DB_CREATE : 0),
			       .cache_kib = 2048};
	char path[KR_PATH_MAX];
	int version = 0;
	int r = kr_db_open(kr_store__path(s, "main.db", path), &o, &s->main, reterr);

	if (!r && make)
		r = create(s, reterr);
	if (!r)
		r = kr_store__schema_version(s->main, &version, reterr);
	if (!r && version < KR_SCHEMA_MAIN)
		r = keep_copy(s, version, reterr);
	if (!r)
		r = kr_store__main_upgrade(s->main, reterr);
	if (!r)
		r = kr_store__recover_load(s, reterr);
	if (!r)
		r = meta_blob(s->main, "hash_key", &s->hash_key, sizeof(s->hash_key), reterr);
	return r ? r : read_versions(s, reterr);
}

int kr_store__main_begin(struct kr_store *s, struct kr_fault *reterr)
{
	int r;

	pthread_mutex_lock(&s->main_lock);
	r = kr_db_exec(s->main, "BEGIN IMMEDIATE", reterr);
	if (r)
		pthread_mutex_unlock(&s->main_lock);
	return r;
}

int kr_store__main_end(struct kr_store *s, int err, struct kr_fault *reterr)
{
	int r = err < 0 ? err : kr_db_exec(s->main, "COMMIT", reterr);

	if (r < 0)
		sqlite3_exec(s->main, "ROLLBACK", NULL, NULL, NULL);
	pthread_mutex_unlock(&s->main_lock);
	return r < 0 ? r : err;
}
