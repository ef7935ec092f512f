/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What owners answered, in main.db: kept by (source, key) without a day, so that it holds for the
 * same thing on later days too, and beside the events, which it outlives.
 */
#include "store/outbox.h"

#include <stdio.h>

#include "model/viewer.h"
#include "store/sqlite/db.h"
#include "store/sqlite/outbox_internal.h"
#include "store/sqlite/state.h"

static const char *const verdicts[] = {
	[KR_VERDICT_FIXED] = "fixed",
	[KR_VERDICT_FALSE_POSITIVE] = "false-positive",
	[KR_VERDICT_NOT_MINE] = "not-mine",
};

const char *kr_verdict_text(enum kr_verdict v)
{
	return v >= KR_VERDICT_FIXED && v < KR_ARRAY_LEN(verdicts) ? verdicts[v] : "";
}

int kr_verdict_parse(struct kr_str s, enum kr_verdict *ret)
{
	for (size_t i = KR_VERDICT_FIXED; i < KR_ARRAY_LEN(verdicts); i++)
		if (kr_str_eqc(s, verdicts[i])) {
			*ret = (enum kr_verdict)i;
			return 0;
		}
	return -KR_EINVAL;
}

static void bind(sqlite3_stmt *st, const struct kr_by *by, const struct kr_feedback *f, kr_time now)
{
	sqlite3_bind_int64(st, 1, f->source);
	sqlite3_bind_int64(st, 2, (int64_t)f->key);
	sqlite3_bind_int64(st, 3, f->constituent);
	sqlite3_bind_int(st, 4, (int)f->verdict);
	kr_db_bind_str(st, 5, f->note);
	kr_db_bind_str(st, 6, by->who);
	sqlite3_bind_int(st, 7, (int)by->door);
	sqlite3_bind_int64(st, 8, now);
	kr_store__bind_time(st, 9, f->expires);
	kr_db_bind_str(st, 10, f->event.p ? f->event : KR_STR(""));
}

#define COLUMNS "source,key,constituent,verdict,note,who,door,at,expires,event"

static int add(struct kr_store *s, const struct kr_by *by, const struct kr_feedback *f,
	       uint64_t *ret_id, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->main,
			      "INSERT INTO feedback(" COLUMNS
			      ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10) RETURNING id",
			      &st, reterr);

	if (r)
		return r;
	bind(st, by, f, kr_store_now(s));
	r = kr_db_step(st, reterr);
	if (r == 1)
		*ret_id = (uint64_t)sqlite3_column_int64(st, 0);
	return KR_MIN(r, 0);
}

int kr_store_feedback_add(struct kr_store *s, const struct kr_by *by, const struct kr_feedback *f,
			  uint64_t *ret_id, struct kr_fault *reterr)
{
	int r;

	if (!*kr_verdict_text(f->verdict))
		return kr_fault_set(reterr, -KR_EINVAL, "the answer has no verdict");
	r = kr_store__main_begin(s, reterr);
	if (r)
		return r;
	r = add(s, by, f, ret_id, reterr);
	if (!r)
		r = kr_store__audit(s, by, "feedback.add", f->event,
				    kr_str_c(kr_verdict_text(f->verdict)), reterr);
	return kr_store__main_end(s, r, reterr);
}

/* "Fixed" said again counts from then on, but not if the form was only sent twice. */
#define SAME_US "60000000"

static int add_new(struct kr_store *s, const struct kr_by *by, const struct kr_feedback *list,
		   size_t n, uint64_t *ret, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(
		s->main,
		"INSERT INTO feedback(" COLUMNS
		") SELECT ?1,?2,?3,?4,?5,?6,?7,?8,?9,?10 WHERE NOT EXISTS(SELECT 1 "
		"FROM feedback WHERE source=?1 AND key=?2 AND constituent=?3 AND "
		"verdict=?4 AND coalesce(note,'')=coalesce(?5,'') AND revoked IS NULL "
		"AND (expires IS NULL OR expires>?8) AND (verdict<>1 OR at>?8-" SAME_US "))",
		&st, reterr);

	for (size_t i = 0; !r && i < n; i++) {
		bind(st, by, &list[i], kr_store_now(s));
		r = kr_db_run(st, reterr);
		if (!r)
			*ret += (uint64_t)sqlite3_changes(s->main);
	}
	return r;
}

int kr_store_feedback_add_all(struct kr_store *s, const struct kr_by *by,
			      const struct kr_feedback *list, size_t n, uint64_t *ret,
			      struct kr_fault *reterr)
{
	uint64_t fresh = 0;
	char detail[64];
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = add_new(s, by, list, n, &fresh, reterr);
	snprintf(detail, sizeof(detail), "%llu answers, the first %s", (unsigned long long)fresh,
		 kr_verdict_text(list[0].verdict));
	if (!r && fresh)
		r = kr_store__audit(s, by, "feedback.add", list[0].event, kr_str_c(detail), reterr);
	r = kr_store__main_end(s, r, reterr);
	if (!r)
		*ret = fresh;
	return r;
}

int kr_store_feedback_revoke(struct kr_store *s, const struct kr_by *by, uint64_t id,
			     struct kr_fault *reterr)
{
	sqlite3_stmt *st = NULL;
	char text[24];
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = kr_db_prepare(s->main, "UPDATE feedback SET revoked=?2 WHERE id=?1 AND revoked IS NULL",
			  &st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, (int64_t)id);
		sqlite3_bind_int64(st, 2, kr_store_now(s));
		r = kr_db_run(st, reterr);
	}
	snprintf(text, sizeof(text), "%llu", (unsigned long long)id);
	if (!r && sqlite3_changes(s->main) == 0) {
		r = kr_fault_set(reterr, -KR_ENOENT, "there is no answer %s that holds", text);
		kr_fault_remedy(reterr, "karaula feedback list shows all");
	}
	sqlite3_finalize(st);
	if (!r)
		r = kr_store__audit(s, by, "feedback.revoke", kr_str_c(text), KR_STR(""), reterr);
	return kr_store__main_end(s, r, reterr);
}

static void read_feedback(sqlite3_stmt *st, struct kr_arena *a, struct kr_feedback *ret)
{
	*ret = (struct kr_feedback){
		.id = (uint64_t)sqlite3_column_int64(st, 0),
		.source = (uint32_t)sqlite3_column_int64(st, 1),
		.key = (uint64_t)sqlite3_column_int64(st, 2),
		.constituent = (uint32_t)sqlite3_column_int64(st, 3),
		.verdict = (enum kr_verdict)sqlite3_column_int(st, 4),
		.note = kr_db_dup(st, 5, a),
		.by = kr_db_dup(st, 6, a),
		.door = (enum kr_door)sqlite3_column_int(st, 7),
		.at = sqlite3_column_int64(st, 8),
		.expires = kr_store__time(st, 9),
		.event = kr_db_dup(st, 10, a),
		.revoked = sqlite3_column_type(st, 11) != SQLITE_NULL,
		.constituent_name = kr_db_dup(st, 12, a),
	};
}

static void bind_query(sqlite3_stmt *st, const struct kr_scope *scope,
		       const struct kr_feedback_query *q)
{
	int64_t bound;
	bool may = kr_store__scope_clients(scope, KR_RIGHT_DELIVERIES, &bound);

	sqlite3_bind_int(st, 1, may);
	sqlite3_bind_int64(st, 2, bound);
	sqlite3_bind_int64(st, 3, q->constituent);
	sqlite3_bind_int64(st, 4, q->source);
	sqlite3_bind_int64(st, 5, (int64_t)q->key);
	sqlite3_bind_int64(st, 6, q->before ? (int64_t)q->before : INT64_MAX);
	sqlite3_bind_int64(st, 7, q->limit ? (int64_t)q->limit : -1);
}

int kr_store_feedback_list(struct kr_store *s, const struct kr_scope *scope,
			   const struct kr_feedback_query *q, struct kr_arena *a,
			   struct kr_feedback **ret, size_t *ret_n, struct kr_fault *reterr)
{
	struct kr_feedback *list = NULL;
	size_t n = 0, cap = 0;
	sqlite3_stmt *st = NULL;
	char path[KR_PATH_MAX];
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(db,
			  "SELECT f.id,f.source,f.key,f.constituent,f.verdict,f.note,f.who,f.door,"
			  "f.at,f.expires,f.event,f.revoked,c.name FROM feedback f LEFT JOIN "
			  "constituent c ON c.id=f.constituent WHERE ?1 AND (?2=0 OR "
			  "f.constituent=?2) AND (?3=0 OR f.constituent=?3) AND (?4=0 OR "
			  "(f.source=?4 AND f.key=?5)) AND f.id<?6 ORDER BY f.id DESC LIMIT ?7",
			  &st, reterr);
	if (!r)
		bind_query(st, scope, q);
	while (!r && (r = kr_db_step(st, reterr)) == 1) {
		list = kr_arena_more(a, list, n, &cap, sizeof(*list));
		if (!list)
			break;
		read_feedback(st, a, &list[n++]);
		r = 0;
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	if (r < 0 || kr_arena_full(a))
		return r < 0 ? r : kr_fault_set(reterr, -KR_ELIMIT, "too many answers");
	*ret = list;
	*ret_n = n;
	return 0;
}

int kr_store_feedback_answers(struct kr_store *s, kr_time now, struct kr_arena *a,
			      struct kr_answer **ret, size_t *ret_n, struct kr_fault *reterr)
{
	struct kr_answer *list = NULL;
	size_t n = 0, cap = 0;
	sqlite3_stmt *st = NULL;
	char path[KR_PATH_MAX];
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	/* With max(id), SQLite gives the other columns of that row. */
	r = kr_db_prepare(db,
			  "SELECT max(id),key,source,constituent,verdict,at FROM feedback WHERE "
			  "revoked IS NULL AND (expires IS NULL OR expires>?1) GROUP BY "
			  "key,source,constituent ORDER BY key,source,constituent",
			  &st, reterr);
	if (!r)
		sqlite3_bind_int64(st, 1, now);
	while (!r && (r = kr_db_step(st, reterr)) == 1) {
		list = kr_arena_more(a, list, n, &cap, sizeof(*list));
		if (!list)
			break;
		list[n++] = (struct kr_answer){
			.id = (uint64_t)sqlite3_column_int64(st, 0),
			.key = (uint64_t)sqlite3_column_int64(st, 1),
			.source = (uint32_t)sqlite3_column_int64(st, 2),
			.constituent = (uint32_t)sqlite3_column_int64(st, 3),
			.verdict = (enum kr_verdict)sqlite3_column_int(st, 4),
			.at = sqlite3_column_int64(st, 5),
		};
		r = 0;
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	if (r < 0 || kr_arena_full(a))
		return r < 0 ? r : kr_fault_set(reterr, -KR_ELIMIT, "too many answers");
	*ret = list;
	*ret_n = n;
	return 0;
}

int kr_store_link_key(struct kr_store *s, uint8_t ret[32], struct kr_fault *reterr)
{
	sqlite3_stmt *st = NULL;
	char path[KR_PATH_MAX];
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(db, "SELECT value FROM meta WHERE key='link_key'", &st, reterr);
	if (!r)
		r = kr_db_step(st, reterr);
	if (r == 1 && sqlite3_column_bytes(st, 0) == 32) {
		memcpy(ret, sqlite3_column_blob(st, 0), 32);
		r = 0;
	} else if (r >= 0) {
		r = kr_fault_set(reterr, -KR_ECORRUPT, "main.db holds no key for links");
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	return r;
}
