/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions, and the failures before them, in main.db. */
#include "store/sqlite/account.h"

#include <stdio.h>

#include "base/buf.h"

#define SESSION_COLUMNS	  "s.id,s.user,s.csrf,s.created,s.seen,s.expires,s.address,s.agent"
#define SESSION_N_COLUMNS 8

static void read_session(sqlite3_stmt *st, struct kr_arena *a, struct kr_session *ret)
{
	struct kr_str csrf = kr_db_text(st, 2);

	*ret = (struct kr_session){
		.id = (uint64_t)sqlite3_column_int64(st, 0),
		.user = (uint32_t)sqlite3_column_int64(st, 1),
		.created = sqlite3_column_int64(st, 3),
		.seen = sqlite3_column_int64(st, 4),
		.expires = sqlite3_column_int64(st, 5),
		.address = kr_db_dup(st, 6, a),
		.agent = kr_db_dup(st, 7, a),
	};
	memcpy(ret->csrf, csrf.p, KR_MIN(csrf.n, sizeof(ret->csrf) - 1));
}

/* ---- begin ---- */

static int insert_session(struct kr_store *s, const struct kr_session *x,
			  const struct kr_hash *hash, uint64_t *ret_id, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->main,
			      "INSERT INTO session(hash,user,csrf,created,seen,expires,address,"
			      "agent) SELECT ?1,id,?3,?4,?5,?6,?7,?8 FROM user WHERE id=?2 AND "
			      "disabled=0 RETURNING id",
			      &st, reterr);

	if (r)
		return r;
	sqlite3_bind_blob(st, 1, hash, sizeof(*hash), SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, x->user);
	sqlite3_bind_blob(st, 3, x->csrf, (int)strnlen(x->csrf, sizeof(x->csrf)), SQLITE_STATIC);
	sqlite3_bind_int64(st, 4, x->created);
	sqlite3_bind_int64(st, 5, x->seen);
	sqlite3_bind_int64(st, 6, x->expires);
	kr_db_bind_str(st, 7, x->address);
	kr_db_bind_str(st, 8, x->agent);
	r = kr_db_step(st, reterr);
	if (r == 1)
		*ret_id = (uint64_t)sqlite3_column_int64(st, 0);
	if (!r)
		return kr_fault_set(reterr, -KR_EDENIED, "the user is not there any more");
	return KR_MIN(r, 0);
}

static int forget_failures(struct kr_store *s, struct kr_str name, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->main, "DELETE FROM login_failure WHERE name=?1 AND address=''",
			      &st, reterr);

	if (r)
		return r;
	kr_db_bind_str(st, 1, name);
	return kr_db_run(st, reterr);
}

int kr_store_session_add(struct kr_store *s, const struct kr_by *by,
			 const struct kr_session *session, const struct kr_hash *hash,
			 uint32_t session_max, uint64_t *ret_id, struct kr_fault *reterr)
{
	char name[KR_USER_NAME_MAX + 1];
	uint64_t id = 0;
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = kr_store__user_name(s, session->user, name, reterr);
	if (!r)
		r = insert_session(s, session, hash, &id, reterr);
	if (!r)
		r = kr_store__change(
			s,
			"DELETE FROM session WHERE id IN (SELECT id FROM session WHERE user=?1 "
			"ORDER BY id DESC LIMIT -1 OFFSET ?2)",
			session->user, session_max, reterr);
	if (r >= 0)
		r = forget_failures(s, kr_str_c(name), reterr);
	if (!r)
		r = kr_store__audit(s, by, "login", kr_str_c(name), session->agent, reterr);
	r = kr_store__main_end(s, r, reterr);
	if (!r)
		*ret_id = id;
	return r;
}

/* ---- look up ---- */

static int find(sqlite3 *db, const struct kr_hash *hash, struct kr_arena *a, struct kr_session *ret,
		struct kr_user *ret_user, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(db,
			      "SELECT " SESSION_COLUMNS "," KR_USER_COLUMNS
			      " FROM session s JOIN user u ON u.id=s.user" KR_USER_JOIN
			      "WHERE s.hash=?1",
			      &st, reterr);

	if (r)
		return r;
	sqlite3_bind_blob(st, 1, hash, sizeof(*hash), SQLITE_STATIC);
	r = kr_db_step(st, reterr);
	if (r == 1) {
		read_session(st, a, ret);
		kr_store__user_row(st, SESSION_N_COLUMNS, a, ret_user);
		ret->user_name = ret_user->name;
	}
	return r;
}

int kr_store_session_find(struct kr_store *s, const struct kr_hash *hash, struct kr_arena *a,
			  struct kr_session *ret, struct kr_user *ret_user, struct kr_fault *reterr)
{
	struct kr_session found;
	struct kr_user user;
	char path[KR_PATH_MAX];
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = find(db, hash, a, &found, &user, reterr);
	kr_store__reader_put(s, db);
	if (r < 0)
		return r;
	if (!r)
		return kr_fault_set(reterr, -KR_ENOENT, "there is no such session");
	if (kr_arena_full(a))
		return kr_fault_set(reterr, -KR_ELIMIT, "no room for the session");
	*ret = found;
	*ret_user = user;
	return 0;
}

static int list(sqlite3 *db, uint32_t user, struct kr_arena *a, struct kr_session **ret,
		size_t *ret_n, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	struct kr_session *rows = NULL;
	size_t n = 0, cap = 0;
	int r = kr_db_prepare(db,
			      "SELECT " SESSION_COLUMNS
			      ",u.name FROM session s JOIN user u ON u.id=s.user WHERE "
			      "?1=0 OR s.user=?1 ORDER BY s.id DESC",
			      &st, reterr);

	if (r)
		return r;
	sqlite3_bind_int64(st, 1, user);
	while ((r = kr_db_step(st, reterr)) == 1) {
		rows = kr_arena_more(a, rows, n, &cap, sizeof(*rows));
		if (!rows)
			break;
		read_session(st, a, &rows[n]);
		rows[n++].user_name = kr_db_dup(st, SESSION_N_COLUMNS, a);
	}
	*ret = rows;
	*ret_n = n;
	return KR_MIN(r, 0);
}

int kr_store_session_list(struct kr_store *s, uint32_t user, struct kr_arena *a,
			  struct kr_session **ret, size_t *ret_n, struct kr_fault *reterr)
{
	char path[KR_PATH_MAX];
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = list(db, user, a, ret, ret_n, reterr);
	kr_store__reader_put(s, db);
	if (!r && kr_arena_full(a))
		return kr_fault_set(reterr, -KR_ELIMIT, "too many sessions");
	return r;
}

/* ---- while it lasts, and its end ---- */

int kr_store_session_seen(struct kr_store *s, uint64_t id, kr_time at, struct kr_fault *reterr)
{
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = kr_store__change(s, "UPDATE session SET seen=?2 WHERE id=?1 AND seen<?2", (int64_t)id,
			     at, reterr);
	return KR_MIN(kr_store__main_end(s, r, reterr), 0);
}

static int owner_of(struct kr_store *s, uint64_t id, uint32_t *ret, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->main, "SELECT user FROM session WHERE id=?1", &st, reterr);

	if (r)
		return r;
	sqlite3_bind_int64(st, 1, (int64_t)id);
	r = kr_db_step(st, reterr);
	if (r == 1)
		*ret = (uint32_t)sqlite3_column_int64(st, 0);
	return r;
}

int kr_store_session_end(struct kr_store *s, const struct kr_by *by, const char *action,
			 uint32_t user, uint64_t id, struct kr_fault *reterr)
{
	char name[KR_USER_NAME_MAX + 1], detail[40];
	uint32_t owner = 0;
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = owner_of(s, id, &owner, reterr);
	/* A session of another is none for who may end only his own. */
	if (r == 0 || (r == 1 && user && owner != user)) {
		r = kr_fault_set(reterr, -KR_ENOENT, "there is no session %llu",
				 (unsigned long long)id);
		kr_fault_remedy(reterr, "karaula user sessions shows all");
	}
	if (r >= 0)
		r = kr_store__user_name(s, owner, name, reterr);
	if (r >= 0)
		r = kr_store__change(s, "DELETE FROM session WHERE id=?1", (int64_t)id, 0, reterr);
	snprintf(detail, sizeof(detail), "session %llu", (unsigned long long)id);
	if (r >= 0)
		r = kr_store__audit(s, by, action, kr_str_c(name), kr_str_c(detail), reterr);
	return kr_store__main_end(s, r, reterr);
}

int kr_store_session_end_all(struct kr_store *s, const struct kr_by *by, uint32_t user,
			     uint64_t keep, struct kr_fault *reterr)
{
	char name[KR_USER_NAME_MAX + 1], detail[40];
	int r = kr_store__main_begin(s, reterr), n = 0;

	if (r)
		return r;
	r = kr_store__user_name(s, user, name, reterr);
	if (!r)
		r = n = kr_store__change(s, "DELETE FROM session WHERE user=?1 AND id<>?2", user,
					 (int64_t)keep, reterr);
	snprintf(detail, sizeof(detail), "%d sessions", n);
	if (r > 0)
		r = kr_store__audit(s, by, "session.end", kr_str_c(name), kr_str_c(detail), reterr);
	r = kr_store__main_end(s, r, reterr);
	return r < 0 ? r : n;
}

int kr_store_account_purge(struct kr_store *s, kr_time now, kr_time seen, kr_time failed,
			   struct kr_fault *reterr)
{
	int r = kr_store__main_begin(s, reterr), n = 0;

	if (r)
		return r;
	n = r = kr_store__change(s, "DELETE FROM session WHERE expires<=?1 OR seen<=?2", now, seen,
				 reterr);
	if (r >= 0)
		r = kr_store__change(s, "DELETE FROM login_link WHERE expires<=?1", now, 0, reterr);
	n += r;
	if (r >= 0)
		r = kr_store__change(s, "DELETE FROM login_failure WHERE last<=?1", failed, 0,
				     reterr);
	n += r;
	r = kr_store__main_end(s, r, reterr);
	return r < 0 ? r : n;
}

/* ---- failures: one row a name, one an address ---- */

static int read_failures(sqlite3 *db, struct kr_str name, struct kr_str address, kr_time since,
			 struct kr_failures *ret, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(
		db, "SELECT n,last FROM login_failure WHERE name=?1 AND address=?2 AND last>?3",
		&st, reterr);

	if (r)
		return r;
	kr_db_bind_str(st, 1, name);
	kr_db_bind_str(st, 2, address);
	sqlite3_bind_int64(st, 3, since);
	r = kr_db_step(st, reterr);
	*ret = (struct kr_failures){.last = KR_TIME_NONE};
	if (r == 1) {
		ret->n = (uint32_t)sqlite3_column_int64(st, 0);
		ret->last = sqlite3_column_int64(st, 1);
	}
	return KR_MIN(r, 0);
}

int kr_store_failures(struct kr_store *s, struct kr_str name, struct kr_str address, kr_time since,
		      struct kr_failures *ret_name, struct kr_failures *ret_address,
		      struct kr_fault *reterr)
{
	struct kr_failures none = {.last = KR_TIME_NONE};
	char path[KR_PATH_MAX];
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	*ret_name = *ret_address = none;
	if (name.n)
		r = read_failures(db, name, KR_STR(""), since, ret_name, reterr);
	if (!r && address.n)
		r = read_failures(db, KR_STR(""), address, since, ret_address, reterr);
	kr_store__reader_put(s, db);
	return r;
}

static int count_failure(struct kr_store *s, struct kr_str name, struct kr_str address,
			 kr_time since, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->main,
			      "INSERT INTO login_failure(name,address,n,last) VALUES(?1,?2,1,?3)"
			      " ON CONFLICT DO UPDATE SET n=CASE WHEN last>?4 THEN n+1 ELSE 1 END,"
			      "last=?3",
			      &st, reterr);

	if (r)
		return r;
	kr_db_bind_str(st, 1, name);
	kr_db_bind_str(st, 2, address);
	sqlite3_bind_int64(st, 3, kr_store_now(s));
	sqlite3_bind_int64(st, 4, since);
	return kr_db_run(st, reterr);
}

int kr_store_failure_add(struct kr_store *s, const struct kr_by *by, struct kr_str name,
			 struct kr_str address, kr_time since, struct kr_str detail,
			 struct kr_fault *reterr)
{
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	if (name.n)
		r = count_failure(s, name, KR_STR(""), since, reterr);
	if (!r && address.n)
		r = count_failure(s, KR_STR(""), address, since, reterr);
	if (!r)
		r = kr_store__audit(s, by, "login.failed", name.n ? name : KR_STR("(no name)"),
				    detail, reterr);
	return kr_store__main_end(s, r, reterr);
}
