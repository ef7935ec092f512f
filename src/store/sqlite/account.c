/* SPDX-License-Identifier: Apache-2.0 */
/* Users in main.db. That an administrator is left is checked after the change, in its transaction:
 * so two who demote each other at once cannot both succeed. */
#include "store/sqlite/account.h"

#include <stdio.h>

bool kr_user_name_ok(struct kr_str name)
{
	if (!name.n || name.n > KR_USER_NAME_MAX || !kr_is_alnum(name.p[0]))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!kr_is_alnum(name.p[i]) && !memchr("-_.@", name.p[i], 4))
			return false;
	return true;
}

void kr_store__user_row(sqlite3_stmt *st, int at, struct kr_arena *a, struct kr_user *ret)
{
	*ret = (struct kr_user){
		.id = (uint32_t)sqlite3_column_int64(st, at),
		.name = kr_db_dup(st, at + 1, a),
		.title = kr_db_dup(st, at + 2, a),
		.language = kr_db_dup(st, at + 3, a),
		.role = (enum kr_role)sqlite3_column_int(st, at + 4),
		.constituent = (uint32_t)sqlite3_column_int64(st, at + 5),
		.constituent_name = kr_db_dup(st, at + 6, a),
		.password = kr_db_dup(st, at + 8, a),
		.created = sqlite3_column_int64(st, at + 9),
		.changed = sqlite3_column_int64(st, at + 10),
		.disabled = sqlite3_column_int(st, at + 11) != 0,
		.revision = (uint32_t)sqlite3_column_int64(st, at + 12),
		.seen = KR_TIME_NONE,
	};
	ret->constituent_retired = ret->constituent && sqlite3_column_int(st, at + 7);
}

int kr_store__change(struct kr_store *s, const char *sql, int64_t first, int64_t second,
		     struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->main, sql, &st, reterr);

	if (r)
		return r;
	sqlite3_bind_int64(st, 1, first);
	if (sqlite3_bind_parameter_count(st) > 1)
		sqlite3_bind_int64(st, 2, second);
	r = kr_db_run(st, reterr);
	return r ? r : sqlite3_changes(s->main);
}

int kr_store__user_name(struct kr_store *s, uint32_t id, char ret[KR_USER_NAME_MAX + 1],
			struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	struct kr_str name;
	int r = kr_db_prepare(s->main, "SELECT name FROM user WHERE id=?1", &st, reterr);

	if (r)
		return r;
	sqlite3_bind_int64(st, 1, id);
	r = kr_db_step(st, reterr);
	if (r < 0)
		return r;
	if (!r)
		return kr_fault_set(reterr, -KR_ENOENT, "there is no such user any more");
	name = kr_str_first(kr_db_text(st, 0), KR_USER_NAME_MAX);
	memcpy(ret, name.p, name.n);
	ret[name.n] = '\0';
	return 0;
}

/* ---- changing ---- */

static int admin_is_left(struct kr_store *s, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->main, "SELECT 1 FROM user WHERE role=?1 AND disabled=0 LIMIT 1",
			      &st, reterr);

	if (r)
		return r;
	sqlite3_bind_int(st, 1, KR_ROLE_ADMIN);
	r = kr_db_step(st, reterr);
	if (r < 0)
		return r;
	if (r == 1)
		return 0;
	kr_fault_set(reterr, -KR_EDENIED, "this is the last administrator");
	kr_fault_remedy(reterr, "make another one first: karaula user add NAME --role admin");
	return -KR_EDENIED;
}

/* Would the change take away an administrator? Only then one must be left: a node may begin with
 * other users. */
static int was_admin(struct kr_store *s, uint32_t id, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->main, "SELECT role=?2 AND disabled=0 FROM user WHERE id=?1", &st,
			      reterr);

	if (r)
		return r;
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int(st, 2, KR_ROLE_ADMIN);
	r = kr_db_step(st, reterr);
	return r == 1 ? sqlite3_column_int(st, 0) : r;
}

static int check_name(const struct kr_user *u, struct kr_fault *reterr)
{
	if (kr_user_name_ok(u->name))
		return 0;
	kr_fault_set(reterr, -KR_EINVAL, "'%.*s' is no name for a user",
		     (int)KR_MIN(u->name.n, (size_t)64), u->name.p ? u->name.p : "");
	kr_fault_remedy(reterr, "use letters, digits, '-', '_', '.' and '@', at most 64, starting "
				"with a letter or digit");
	return -KR_EINVAL;
}

static int write_user(struct kr_store *s, const struct kr_user *u, uint32_t *ret_id,
		      struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(
		s->main,
		u->id ? "UPDATE user SET name=?1,title=?2,role=?3,constituent=?4,language=?5,"
			"disabled=?6,changed=?7,revision=revision+1 WHERE id=?8 AND revision=?9 "
			"RETURNING id"
		      : "INSERT INTO user(name,title,role,constituent,language,disabled,created,"
			"changed,revision) VALUES(?1,?2,?3,?4,?5,?6,?7,?7,1) ON CONFLICT DO "
			"NOTHING RETURNING id",
		&st, reterr);

	if (r)
		return r;
	kr_db_bind_str(st, 1, u->name);
	kr_db_bind_str(st, 2, u->title);
	sqlite3_bind_int(st, 3, (int)u->role);
	sqlite3_bind_int64(st, 4, u->constituent);
	kr_db_bind_str(st, 5, u->language);
	sqlite3_bind_int(st, 6, u->disabled);
	sqlite3_bind_int64(st, 7, kr_store_now(s));
	if (u->id) {
		sqlite3_bind_int64(st, 8, u->id);
		sqlite3_bind_int64(st, 9, u->revision);
	}
	r = kr_db_step(st, reterr);
	if (r == 1) {
		*ret_id = (uint32_t)sqlite3_column_int64(st, 0);
		return 0;
	}
	if (r < 0 && r != -KR_EEXIST)
		return r;
	kr_fault_set(reterr, -KR_EEXIST,
		     u->id ? "user '%.*s' was changed by somebody else, or its new name is taken"
			   : "user '%.*s' exists already",
		     KR_STR_ARG(u->name));
	kr_fault_remedy(reterr, u->id ? "look at it again and repeat the change"
				      : "change it with: karaula user edit");
	return -KR_EEXIST;
}

/* Sessions and links go. */
static int put_out(struct kr_store *s, uint32_t id, struct kr_fault *reterr)
{
	int r = kr_store__change(s, "DELETE FROM session WHERE user=?1", id, 0, reterr);

	return r < 0 ? r
		     : kr_store__change(s, "DELETE FROM login_link WHERE user=?1", id, 0, reterr);
}

int kr_store_user_put(struct kr_store *s, const struct kr_by *by, const char *action,
		      const struct kr_user *u, struct kr_str detail, uint32_t *ret_id,
		      struct kr_fault *reterr)
{
	uint32_t id = 0;
	int r = check_name(u, reterr), admin;

	if (!r)
		r = kr_store__main_begin(s, reterr);
	if (r)
		return r;
	r = admin = u->id ? was_admin(s, u->id, reterr) : 0;
	if (r >= 0)
		r = write_user(s, u, &id, reterr);
	if (!r && admin > 0)
		r = admin_is_left(s, reterr);
	if (!r && u->disabled)
		r = put_out(s, id, reterr);
	if (r >= 0)
		r = kr_store__audit(s, by, action, u->name, detail, reterr);
	r = kr_store__main_end(s, r, reterr);
	if (!r)
		*ret_id = id;
	return r;
}

int kr_store_user_remove(struct kr_store *s, const struct kr_by *by, uint32_t id,
			 struct kr_fault *reterr)
{
	char name[KR_USER_NAME_MAX + 1];
	int r = kr_store__main_begin(s, reterr), admin;

	if (r)
		return r;
	r = admin = was_admin(s, id, reterr);
	if (r >= 0)
		r = kr_store__user_name(s, id, name, reterr);
	if (r >= 0)
		r = put_out(s, id, reterr);
	/* Numbers of users may come again: nothing may still point here. */
	if (r >= 0)
		r = kr_store__change(s,
				     "UPDATE apikey SET revoked=coalesce(revoked,?2),owner=0 "
				     "WHERE owner=?1",
				     id, kr_store_now(s), reterr);
	if (r >= 0)
		r = kr_store__change(s, "DELETE FROM user WHERE id=?1", id, 0, reterr);
	if (r >= 0 && admin > 0)
		r = admin_is_left(s, reterr);
	if (r >= 0)
		r = kr_store__audit(s, by, "user.remove", kr_str_c(name), KR_STR_NULL, reterr);
	return kr_store__main_end(s, r, reterr);
}

int kr_store__user_set_password(struct kr_store *s, uint32_t id, struct kr_str stored,
				uint64_t keep, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(
		s->main, "UPDATE user SET password=?2,changed=?3,revision=revision+1 WHERE id=?1",
		&st, reterr);

	if (r)
		return r;
	sqlite3_bind_int64(st, 1, id);
	kr_db_bind_str(st, 2, stored);
	sqlite3_bind_int64(st, 3, kr_store_now(s));
	r = kr_db_run(st, reterr);
	if (!r && !sqlite3_changes(s->main))
		r = kr_fault_set(reterr, -KR_ENOENT, "there is no such user any more");
	if (!r)
		r = kr_store__change(s, "DELETE FROM session WHERE user=?1 AND id<>?2", id,
				     (int64_t)keep, reterr);
	return r < 0 ? r
		     : kr_store__change(s, "DELETE FROM login_link WHERE user=?1", id, 0, reterr);
}

int kr_store_user_password(struct kr_store *s, const struct kr_by *by, uint32_t id,
			   struct kr_str stored, uint64_t keep, struct kr_fault *reterr)
{
	char name[KR_USER_NAME_MAX + 1];
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = kr_store__user_name(s, id, name, reterr);
	if (!r)
		r = kr_store__user_set_password(s, id, stored, keep, reterr);
	if (r >= 0)
		r = kr_store__audit(s, by, "user.password", kr_str_c(name), KR_STR_NULL, reterr);
	return kr_store__main_end(s, r, reterr);
}

int kr_store_user_rehash(struct kr_store *s, uint32_t id, struct kr_str old, struct kr_str stored,
			 struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = kr_db_prepare(s->main, "UPDATE user SET password=?3 WHERE id=?1 AND password=?2", &st,
			  reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, id);
		kr_db_bind_str(st, 2, old);
		kr_db_bind_str(st, 3, stored);
		r = kr_db_run(st, reterr);
	}
	return kr_store__main_end(s, r, reterr);
}

/* ---- reading ---- */

static int read_one(sqlite3 *db, struct kr_str name, uint32_t id, struct kr_arena *a,
		    struct kr_user *ret, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(
		db,
		"SELECT " KR_USER_COLUMNS
		",(SELECT max(seen) FROM session WHERE user=u.id) FROM user u" KR_USER_JOIN
		"WHERE CASE WHEN ?1='' THEN u.id=?2 ELSE u.name=?1 END",
		&st, reterr);

	if (r)
		return r;
	kr_db_bind_str(st, 1, name.n ? name : KR_STR(""));
	sqlite3_bind_int64(st, 2, id);
	r = kr_db_step(st, reterr);
	if (r != 1)
		return r;
	kr_store__user_row(st, 0, a, ret);
	ret->seen = kr_store__time(st, KR_USER_N_COLUMNS);
	return 1;
}

int kr_store_user_get(struct kr_store *s, struct kr_str name, uint32_t id, struct kr_arena *a,
		      struct kr_user *ret, struct kr_fault *reterr)
{
	char path[KR_PATH_MAX];
	struct kr_user u;
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = read_one(db, name, id, a, &u, reterr);
	kr_store__reader_put(s, db);
	if (r < 0)
		return r;
	if (!r) {
		kr_fault_set(reterr, -KR_ENOENT, "there is no user '%.*s'",
			     (int)KR_MIN(name.n, (size_t)64), name.p ? name.p : "");
		kr_fault_remedy(reterr, "karaula user list shows all");
		return -KR_ENOENT;
	}
	if (kr_arena_full(a))
		return kr_fault_set(reterr, -KR_ELIMIT, "no room for the user");
	*ret = u;
	return 0;
}

static int read_all(sqlite3 *db, struct kr_arena *a, struct kr_user **ret, size_t *ret_n,
		    struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	struct kr_user *list = NULL;
	size_t n = 0, cap = 0;
	int r = kr_db_prepare(
		db,
		"SELECT " KR_USER_COLUMNS
		",(SELECT max(seen) FROM session WHERE user=u.id) FROM user u" KR_USER_JOIN
		"ORDER BY u.name",
		&st, reterr);

	while (!r && (r = kr_db_step(st, reterr)) == 1) {
		list = kr_arena_more(a, list, n, &cap, sizeof(*list));
		if (!list)
			break;
		kr_store__user_row(st, 0, a, &list[n]);
		list[n++].seen = kr_store__time(st, KR_USER_N_COLUMNS);
		r = 0;
	}
	*ret = list;
	*ret_n = n;
	return KR_MIN(r, 0);
}

int kr_store_user_list(struct kr_store *s, struct kr_arena *a, struct kr_user **ret, size_t *ret_n,
		       struct kr_fault *reterr)
{
	char path[KR_PATH_MAX];
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = read_all(db, a, ret, ret_n, reterr);
	kr_store__reader_put(s, db);
	if (!r && kr_arena_full(a))
		return kr_fault_set(reterr, -KR_ELIMIT, "too many users");
	return r;
}
