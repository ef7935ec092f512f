/* SPDX-License-Identifier: Apache-2.0 */
/* API keys in main.db: hashes of their secrets, and what each may do. */
#include "store/sqlite/account.h"

#include <stdio.h>

#define KEY_COLUMNS                                                                                \
	"k.id,k.name,k.hash,k.owner,k.role,k.rights,k.constituent,kc.name,coalesce(kc.retired,1)," \
	"k.tlp,k.created,k.expires,k.used,k.revoked"
#define KEY_N_COLUMNS 14
#define KEY_FROM                                                                                   \
	" FROM apikey k LEFT JOIN constituent kc ON kc.id=k.constituent LEFT JOIN user u ON "      \
	"u.id=k.owner"

static void read_key(sqlite3_stmt *st, struct kr_arena *a, struct kr_apikey *ret)
{
	*ret = (struct kr_apikey){
		.id = (uint64_t)sqlite3_column_int64(st, 0),
		.name = kr_db_dup(st, 1, a),
		.owner = (uint32_t)sqlite3_column_int64(st, 3),
		.role = (enum kr_role)sqlite3_column_int(st, 4),
		.rights = (uint32_t)sqlite3_column_int64(st, 5),
		.constituent = (uint32_t)sqlite3_column_int64(st, 6),
		.constituent_name = kr_db_dup(st, 7, a),
		.tlp = (enum kr_tlp)sqlite3_column_int(st, 9),
		.created = sqlite3_column_int64(st, 10),
		.expires = kr_store__time(st, 11),
		.used = kr_store__time(st, 12),
		.revoked = kr_store__time(st, 13),
	};
	ret->constituent_retired = ret->constituent && sqlite3_column_int(st, 8);
	if (sqlite3_column_bytes(st, 2) == KR_HASH_SIZE)
		memcpy(&ret->hash, sqlite3_column_blob(st, 2), KR_HASH_SIZE);
}

static int insert(struct kr_store *s, const struct kr_apikey *k, uint64_t *ret_id,
		  struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->main,
			      "INSERT INTO apikey(name,hash,owner,role,rights,constituent,tlp,"
			      "created,expires) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9) RETURNING id",
			      &st, reterr);

	if (r)
		return r;
	kr_db_bind_str(st, 1, k->name);
	sqlite3_bind_blob(st, 2, &k->hash, KR_HASH_SIZE, SQLITE_STATIC);
	sqlite3_bind_int64(st, 3, k->owner);
	sqlite3_bind_int(st, 4, (int)k->role);
	sqlite3_bind_int64(st, 5, k->rights);
	sqlite3_bind_int64(st, 6, k->constituent);
	sqlite3_bind_int(st, 7, (int)k->tlp);
	sqlite3_bind_int64(st, 8, kr_store_now(s));
	kr_store__bind_time(st, 9, k->expires);
	r = kr_db_step(st, reterr);
	if (r == 1)
		*ret_id = (uint64_t)sqlite3_column_int64(st, 0);
	return KR_MIN(r, 0);
}

/* "12 feed of example.org": how the audit log names a key. */
static struct kr_str object_of(char buf[200], uint64_t id, struct kr_str name)
{
	snprintf(buf, 200, "%llu %.*s", (unsigned long long)id, (int)KR_MIN(name.n, (size_t)150),
		 name.p ? name.p : "");
	return kr_str_c(buf);
}

int kr_store_apikey_add(struct kr_store *s, const struct kr_by *by, const struct kr_apikey *k,
			struct kr_str detail, uint64_t *ret_id, struct kr_fault *reterr)
{
	char object[200];
	uint64_t id = 0;
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = insert(s, k, &id, reterr);
	if (!r)
		r = kr_store__audit(s, by, "apikey.create", object_of(object, id, k->name), detail,
				    reterr);
	r = kr_store__main_end(s, r, reterr);
	if (!r)
		*ret_id = id;
	return r;
}

static int find(sqlite3 *db, uint64_t id, struct kr_arena *a, struct kr_apikey *ret,
		struct kr_user *ret_owner, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(
		db, "SELECT " KEY_COLUMNS "," KR_USER_COLUMNS KEY_FROM KR_USER_JOIN "WHERE k.id=?1",
		&st, reterr);

	if (r)
		return r;
	sqlite3_bind_int64(st, 1, (int64_t)id);
	r = kr_db_step(st, reterr);
	if (r == 1) {
		read_key(st, a, ret);
		kr_store__user_row(st, KEY_N_COLUMNS, a, ret_owner);
		ret->owner_name = ret_owner->name;
	}
	return r;
}

static int unknown(uint64_t id, struct kr_fault *reterr)
{
	kr_fault_set(reterr, -KR_ENOENT, "there is no API key %llu in use", (unsigned long long)id);
	kr_fault_remedy(reterr, "karaula apikey list shows all");
	return -KR_ENOENT;
}

int kr_store_apikey_get(struct kr_store *s, uint64_t id, struct kr_arena *a, struct kr_apikey *ret,
			struct kr_user *ret_owner, struct kr_fault *reterr)
{
	struct kr_apikey key;
	struct kr_user owner;
	char path[KR_PATH_MAX];
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = find(db, id, a, &key, &owner, reterr);
	kr_store__reader_put(s, db);
	if (r <= 0)
		return r < 0 ? r : unknown(id, reterr);
	if (kr_arena_full(a))
		return kr_fault_set(reterr, -KR_ELIMIT, "no room for the key");
	*ret = key;
	if (ret_owner)
		*ret_owner = owner;
	return 0;
}

static int list(sqlite3 *db, uint32_t owner, struct kr_arena *a, struct kr_apikey **ret,
		size_t *ret_n, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	struct kr_apikey *rows = NULL;
	size_t n = 0, cap = 0;
	int r = kr_db_prepare(db,
			      "SELECT " KEY_COLUMNS ",u.name" KEY_FROM
			      " WHERE ?1=0 OR k.owner=?1 ORDER BY k.id DESC",
			      &st, reterr);

	if (r)
		return r;
	sqlite3_bind_int64(st, 1, owner);
	while ((r = kr_db_step(st, reterr)) == 1) {
		rows = kr_arena_more(a, rows, n, &cap, sizeof(*rows));
		if (!rows)
			break;
		read_key(st, a, &rows[n]);
		rows[n++].owner_name = kr_db_dup(st, KEY_N_COLUMNS, a);
	}
	*ret = rows;
	*ret_n = n;
	return KR_MIN(r, 0);
}

int kr_store_apikey_list(struct kr_store *s, uint32_t owner, struct kr_arena *a,
			 struct kr_apikey **ret, size_t *ret_n, struct kr_fault *reterr)
{
	char path[KR_PATH_MAX];
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = list(db, owner, a, ret, ret_n, reterr);
	kr_store__reader_put(s, db);
	if (!r && kr_arena_full(a))
		return kr_fault_set(reterr, -KR_ELIMIT, "too many API keys");
	return r;
}

int kr_store_apikey_used(struct kr_store *s, uint64_t id, kr_time at, struct kr_fault *reterr)
{
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = kr_store__change(s, "UPDATE apikey SET used=?2 WHERE id=?1 AND coalesce(used,0)<?2",
			     (int64_t)id, at, reterr);
	return KR_MIN(kr_store__main_end(s, r, reterr), 0);
}

static int revoke(struct kr_store *s, uint64_t id, char object[200], struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(
		s->main,
		"UPDATE apikey SET revoked=?2 WHERE id=?1 AND revoked IS NULL RETURNING name", &st,
		reterr);

	if (r)
		return r;
	sqlite3_bind_int64(st, 1, (int64_t)id);
	sqlite3_bind_int64(st, 2, kr_store_now(s));
	r = kr_db_step(st, reterr);
	if (r == 1)
		object_of(object, id, kr_db_text(st, 0));
	return r ? KR_MIN(r, 0) : unknown(id, reterr);
}

int kr_store_apikey_revoke(struct kr_store *s, const struct kr_by *by, uint64_t id,
			   struct kr_fault *reterr)
{
	char object[200];
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = revoke(s, id, object, reterr);
	if (!r)
		r = kr_store__audit(s, by, "apikey.revoke", kr_str_c(object), KR_STR_NULL, reterr);
	return kr_store__main_end(s, r, reterr);
}
