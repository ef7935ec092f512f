/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: each row's hash is over the hash before it, its number, time, way and action, and
 * over a digest of the texts (who, address, object, detail) under a salt of the row. So a text can
 * be erased where the law says so: its digest stays, and the chain still verifies. Rows are written
 * in the transaction of the change that they tell of.
 */
#include "store/audit.h"

#include "base/hash.h"
#include "store/sqlite/db.h"
#include "store/sqlite/state.h"

#define SALT_SIZE    16
#define LIST_MAX     1000
#define DETAIL_MAX   ((size_t)4096)
#define AUDIT_FIELDS "seq,at,door,action,who,address,object,detail,hash"

struct chain {
	uint64_t seq;
	struct kr_hash hash;
};

static void add_text(struct kr_hasher *h, struct kr_str s)
{
	uint64_t n = s.n;

	kr_hasher_add(h, &n, sizeof(n));
	if (s.n)
		kr_hasher_add(h, s.p, s.n);
}

static void digest_of(const uint8_t salt[SALT_SIZE], const struct kr_audit_row *row,
		      struct kr_hash *ret)
{
	struct kr_hasher h;

	kr_hasher_init(&h);
	kr_hasher_add(&h, salt, SALT_SIZE);
	add_text(&h, row->who);
	add_text(&h, row->address);
	add_text(&h, row->object);
	add_text(&h, row->detail);
	kr_hasher_end(&h, ret);
}

static void link_of(const struct kr_hash *before, const struct kr_audit_row *row,
		    const struct kr_hash *digest, struct kr_hash *ret)
{
	int64_t door = row->door;
	struct kr_hasher h;

	kr_hasher_init(&h);
	kr_hasher_add(&h, before, sizeof(*before));
	kr_hasher_add(&h, &row->seq, sizeof(row->seq));
	kr_hasher_add(&h, &row->at, sizeof(row->at));
	kr_hasher_add(&h, &door, sizeof(door));
	add_text(&h, row->action);
	kr_hasher_add(&h, digest, sizeof(*digest));
	kr_hasher_end(&h, ret);
}

static int read_hash(sqlite3_stmt *st, int i, struct kr_hash *ret, struct kr_fault *reterr)
{
	if (sqlite3_column_bytes(st, i) != KR_HASH_SIZE)
		return kr_fault_set(reterr, -KR_ECORRUPT, "a hash of the audit log is damaged");
	memcpy(ret, sqlite3_column_blob(st, i), KR_HASH_SIZE);
	return 0;
}

static int last_link(sqlite3 *db, struct chain *ret, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(db, "SELECT seq,hash FROM audit ORDER BY seq DESC LIMIT 1", &st,
			      reterr);

	*ret = (struct chain){0};
	if (!r)
		r = kr_db_step(st, reterr);
	if (r != 1)
		return r;
	ret->seq = (uint64_t)sqlite3_column_int64(st, 0);
	return read_hash(st, 1, &ret->hash, reterr);
}

static int insert(sqlite3 *db, const struct kr_audit_row *row, const uint8_t salt[SALT_SIZE],
		  const struct kr_hash *digest, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(db,
			      "INSERT INTO audit(" AUDIT_FIELDS ",salt,digest) "
			      "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
			      &st, reterr);

	if (r)
		return r;
	sqlite3_bind_int64(st, 1, (int64_t)row->seq);
	sqlite3_bind_int64(st, 2, row->at);
	sqlite3_bind_int(st, 3, (int)row->door);
	kr_db_bind_str(st, 4, row->action);
	kr_db_bind_str(st, 5, row->who);
	kr_db_bind_str(st, 6, row->address);
	kr_db_bind_str(st, 7, row->object);
	kr_db_bind_str(st, 8, row->detail);
	sqlite3_bind_blob(st, 9, &row->hash, KR_HASH_SIZE, SQLITE_STATIC);
	sqlite3_bind_blob(st, 10, salt, SALT_SIZE, SQLITE_STATIC);
	sqlite3_bind_blob(st, 11, digest, KR_HASH_SIZE, SQLITE_STATIC);
	return kr_db_run(st, reterr);
}

/* Cut between characters. */
static struct kr_str cut(struct kr_str s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max && ((unsigned char)s.p[max] & 0xc0) == 0x80)
		max--;
	return kr_str_first(s, max);
}

int kr_store__audit_at(sqlite3 *db, kr_time at, const struct kr_by *by, const char *action,
		       struct kr_str object, struct kr_str detail, struct kr_fault *reterr)
{
	struct kr_audit_row row = {
		.at = at,
		.door = by->door,
		.action = kr_str_c(action),
		.who = cut(by->who, 256),
		.address = cut(by->address, 256),
		.object = cut(object, 512),
		.detail = cut(detail, DETAIL_MAX),
	};
	uint8_t salt[SALT_SIZE];
	struct kr_hash digest;
	struct chain last;
	int r = last_link(db, &last, reterr);

	if (r < 0)
		return r;
	row.seq = last.seq + 1;
	kr_random(salt, sizeof(salt));
	digest_of(salt, &row, &digest);
	link_of(&last.hash, &row, &digest, &row.hash);
	return insert(db, &row, salt, &digest, reterr);
}

int kr_store__audit(struct kr_store *s, const struct kr_by *by, const char *action,
		    struct kr_str object, struct kr_str detail, struct kr_fault *reterr)
{
	return kr_store__audit_at(s->main, kr_store_now(s), by, action, object, detail, reterr);
}

int kr_store_audit_add(struct kr_store *s, const struct kr_by *by, const char *action,
		       struct kr_str object, struct kr_str detail, struct kr_fault *reterr)
{
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = kr_store__audit(s, by, action, object, detail, reterr);
	return kr_store__main_end(s, r, reterr);
}

static void read_row(sqlite3_stmt *st, struct kr_arena *a, struct kr_audit_row *ret)
{
	*ret = (struct kr_audit_row){
		.seq = (uint64_t)sqlite3_column_int64(st, 0),
		.at = sqlite3_column_int64(st, 1),
		.door = (enum kr_door)sqlite3_column_int(st, 2),
		.action = kr_db_dup(st, 3, a),
		.who = kr_db_dup(st, 4, a),
		.address = kr_db_dup(st, 5, a),
		.object = kr_db_dup(st, 6, a),
		.detail = kr_db_dup(st, 7, a),
	};
}

/* "login.*" as a GLOB without surprises: all else in it stands for itself. */
static void bind_match(sqlite3_stmt *st, int i, struct kr_str s)
{
	bool prefix = s.n && s.p[s.n - 1] == '*';

	sqlite3_bind_int64(st, i, prefix ? (int64_t)s.n - 1 : 0);
	kr_db_bind_str(st, i + 1, prefix ? kr_str_first(s, s.n - 1) : s);
}

static int list_rows(sqlite3 *db, const struct kr_audit_query *q, struct kr_arena *a,
		     struct kr_audit_row **ret, size_t *ret_n, struct kr_fault *reterr)
{
	uint32_t limit = q->limit && q->limit < LIST_MAX ? q->limit : LIST_MAX;
	struct kr_audit_row *list = kr_arena_calloc(a, limit, sizeof(*list));
	KR_AUTO_STMT st = NULL;
	size_t n = 0;
	int r;

	if (!list)
		return kr_fault_set(reterr, -KR_ELIMIT, "no room for the audit log");
	r = kr_db_prepare(db,
			  "SELECT " AUDIT_FIELDS " FROM audit WHERE (?1=0 OR seq<?1)"
			  " AND (?3 IS NULL OR ?3='' OR CASE WHEN ?2>0 THEN substr(who,1,?2)=?3 "
			  "ELSE who=?3 END)"
			  " AND (?5 IS NULL OR ?5='' OR CASE WHEN ?4>0 THEN substr(action,1,?4)=?5 "
			  "ELSE action=?5 END)"
			  " ORDER BY seq DESC LIMIT ?6",
			  &st, reterr);
	if (r)
		return r;
	sqlite3_bind_int64(st, 1, (int64_t)q->before);
	bind_match(st, 2, q->who);
	bind_match(st, 4, q->action);
	sqlite3_bind_int64(st, 6, limit);
	while (n < limit && (r = kr_db_step(st, reterr)) == 1) {
		read_row(st, a, &list[n]);
		r = read_hash(st, 8, &list[n++].hash, reterr);
		if (r)
			return r;
	}
	*ret = list;
	*ret_n = n;
	return r < 0 ? r : 0;
}

int kr_store_audit_list(struct kr_store *s, const struct kr_audit_query *q, struct kr_arena *a,
			struct kr_audit_row **ret, size_t *ret_n, struct kr_fault *reterr)
{
	char path[KR_PATH_MAX];
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = list_rows(db, q, a, ret, ret_n, reterr);
	kr_store__reader_put(s, db);
	if (!r && kr_arena_full(a))
		r = kr_fault_set(reterr, -KR_ELIMIT, "no room for the audit log");
	return r;
}

/* Does the row follow from the one before, and are its texts what was written? */
static int check_row(sqlite3_stmt *st, struct kr_arena *a, struct chain *at,
		     struct kr_fault *reterr)
{
	struct kr_hash digest, stored, want, got;
	struct kr_audit_row row;
	bool erased = sqlite3_column_type(st, 4) == SQLITE_NULL;
	int r = read_hash(st, 8, &stored, reterr);

	if (!r)
		r = read_hash(st, 10, &digest, reterr);
	if (!r && sqlite3_column_bytes(st, 9) != SALT_SIZE)
		r = -KR_ECORRUPT;
	if (r)
		return kr_fault_set(reterr, -KR_ECORRUPT, "row %lld of the audit log is damaged",
				    (long long)sqlite3_column_int64(st, 0));
	read_row(st, a, &row);
	digest_of(sqlite3_column_blob(st, 9), &row, &got);
	link_of(&at->hash, &row, &digest, &want);
	if (row.seq != at->seq + 1)
		return kr_fault_set(reterr, -KR_ECORRUPT, "the audit log lacks rows %llu to %llu",
				    (unsigned long long)at->seq + 1,
				    (unsigned long long)row.seq - 1);
	if (memcmp(&want, &stored, sizeof(want)) != 0 ||
	    (!erased && memcmp(&got, &digest, sizeof(got)) != 0))
		return kr_fault_set(reterr, -KR_ECORRUPT,
				    "row %llu of the audit log is not what was written",
				    (unsigned long long)row.seq);
	*at = (struct chain){row.seq, stored};
	return 0;
}

int kr_store_audit_verify(struct kr_store *s, uint64_t *ret_rows, struct kr_hash *ret_head,
			  struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new((size_t)1 << 20);
	struct chain at = {0};
	char path[KR_PATH_MAX];
	sqlite3_stmt *st = NULL;
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(db, "SELECT " AUDIT_FIELDS ",salt,digest FROM audit ORDER BY seq", &st,
			  reterr);
	while (!r && (r = kr_db_step(st, reterr)) == 1) {
		kr_arena_clear(a);
		r = check_row(st, a, &at, reterr);
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	*ret_rows = at.seq;
	*ret_head = at.hash;
	if (r == -KR_ECORRUPT)
		kr_fault_remedy(reterr, "compare with a backup: somebody changed main.db by other "
					"means than karaula");
	return r;
}
