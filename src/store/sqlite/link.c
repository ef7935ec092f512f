/* SPDX-License-Identifier: Apache-2.0 */
/* One-time links in main.db. Using one is a single UPDATE that looks whether it is unused: of two
 * at once, one changes no row. */
#include "store/sqlite/account.h"

int kr_store_link_add(struct kr_store *s, const struct kr_by *by, uint32_t user,
		      const struct kr_hash *hash, kr_time expires, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	char name[KR_USER_NAME_MAX + 1];
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = kr_store__user_name(s, user, name, reterr);
	if (!r)
		r = kr_store__change(s, "DELETE FROM login_link WHERE user=?1", user, 0, reterr);
	if (r >= 0)
		r = kr_db_prepare(
			s->main,
			"INSERT INTO login_link(hash,user,created,expires) VALUES(?1,?2,?3,?4)",
			&st, reterr);
	if (r >= 0) {
		sqlite3_bind_blob(st, 1, hash, sizeof(*hash), SQLITE_STATIC);
		sqlite3_bind_int64(st, 2, user);
		sqlite3_bind_int64(st, 3, kr_store_now(s));
		sqlite3_bind_int64(st, 4, expires);
		r = kr_db_run(st, reterr);
	}
	if (r >= 0)
		r = kr_store__audit(s, by, "user.link", kr_str_c(name), KR_STR_NULL, reterr);
	return kr_store__main_end(s, r, reterr);
}

static int gone(struct kr_fault *reterr)
{
	kr_fault_set(reterr, -KR_ENOENT, "this link does not work (any more)");
	kr_fault_remedy(reterr, "links work once and for a limited time: ask an administrator for "
				"a new one");
	return -KR_ENOENT;
}

static int find(sqlite3 *db, const struct kr_hash *hash, kr_time now, struct kr_arena *a,
		struct kr_user *ret_user, kr_time *ret_expires, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(
		db,
		"SELECT " KR_USER_COLUMNS
		",l.expires FROM login_link l JOIN user u ON u.id=l.user" KR_USER_JOIN
		"WHERE l.hash=?1 AND l.used IS NULL AND l.expires>?2 AND u.disabled=0",
		&st, reterr);

	if (r)
		return r;
	sqlite3_bind_blob(st, 1, hash, sizeof(*hash), SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, now);
	r = kr_db_step(st, reterr);
	if (r == 1) {
		kr_store__user_row(st, 0, a, ret_user);
		*ret_expires = sqlite3_column_int64(st, KR_USER_N_COLUMNS);
	}
	return r;
}

int kr_store_link_find(struct kr_store *s, const struct kr_hash *hash, kr_time now,
		       struct kr_arena *a, struct kr_user *ret_user, kr_time *ret_expires,
		       struct kr_fault *reterr)
{
	struct kr_user user;
	kr_time expires;
	char path[KR_PATH_MAX];
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = find(db, hash, now, a, &user, &expires, reterr);
	kr_store__reader_put(s, db);
	if (r <= 0)
		return r < 0 ? r : gone(reterr);
	if (kr_arena_full(a))
		return kr_fault_set(reterr, -KR_ELIMIT, "no room for the user");
	*ret_user = user;
	*ret_expires = expires;
	return 0;
}

static int mark_used(struct kr_store *s, const struct kr_hash *hash, kr_time now,
		     uint32_t *ret_user, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->main,
			      "UPDATE login_link SET used=?2 WHERE hash=?1 AND used IS NULL AND "
			      "expires>?2 AND (SELECT disabled FROM user WHERE id=user)=0 "
			      "RETURNING user",
			      &st, reterr);

	if (r)
		return r;
	sqlite3_bind_blob(st, 1, hash, sizeof(*hash), SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, now);
	r = kr_db_step(st, reterr);
	if (r == 1)
		*ret_user = (uint32_t)sqlite3_column_int64(st, 0);
	return r ? KR_MIN(r, 0) : gone(reterr);
}

int kr_store_link_use(struct kr_store *s, const struct kr_by *by, const struct kr_hash *hash,
		      kr_time now, struct kr_str stored, struct kr_fault *reterr)
{
	char name[KR_USER_NAME_MAX + 1];
	uint32_t user = 0;
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = mark_used(s, hash, now, &user, reterr);
	if (!r)
		r = kr_store__user_name(s, user, name, reterr);
	if (!r)
		r = kr_store__user_set_password(s, user, stored, 0, reterr);
	if (r >= 0)
		r = kr_store__audit(s, by, "user.link_used", kr_str_c(name), KR_STR_NULL, reterr);
	return kr_store__main_end(s, r, reterr);
}
