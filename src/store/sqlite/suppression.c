/* SPDX-License-Identifier: Apache-2.0 */
/* Suppression rules in main.db: what is not told, why, and until when. */
#include "store/outbox.h"

#include <stdio.h>

#include "store/sqlite/db.h"
#include "store/sqlite/outbox_internal.h"
#include "store/sqlite/state.h"

static int put(struct kr_store *s, const struct kr_suppression *x, uint32_t *ret_id,
	       struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(
		s->main,
		x->id ? "UPDATE suppression SET expr=?1,constituent=?2,reason=?3,who=?4,expires=?6,"
			"revision=revision+1 WHERE id=?7 AND revision=?8 AND removed=0 RETURNING id"
		      : "INSERT INTO suppression(expr,constituent,reason,who,created,expires,"
			"revision,removed) VALUES(?1,?2,?3,?4,?5,?6,1,0) RETURNING id",
		&st, reterr);

	if (r)
		return r;
	kr_db_bind_str(st, 1, x->expr);
	sqlite3_bind_int64(st, 2, x->constituent);
	kr_db_bind_str(st, 3, x->reason);
	kr_db_bind_str(st, 4, x->by);
	kr_store__bind_time(st, 6, x->expires);
	if (x->id) {
		sqlite3_bind_int64(st, 7, x->id);
		sqlite3_bind_int64(st, 8, x->revision);
	} else {
		sqlite3_bind_int64(st, 5, kr_store_now(s));
	}
	r = kr_db_step(st, reterr);
	if (r == 0) {
		kr_fault_set(reterr, -KR_EEXIST,
			     "suppression rule %u was changed by somebody else or removed", x->id);
		kr_fault_remedy(reterr, "look at it again: karaula suppression list");
		return -KR_EEXIST;
	}
	if (r == 1)
		*ret_id = (uint32_t)sqlite3_column_int64(st, 0);
	return KR_MIN(r, 0);
}

int kr_store_suppression_put(struct kr_store *s, const struct kr_by *by,
			     const struct kr_suppression *x, uint32_t *ret_id,
			     struct kr_fault *reterr)
{
	struct kr_suppression row = *x;
	KR_AUTO_BUF detail = KR_BUF(8192);
	char id[16];
	int r;

	if (!x->expr.n || !x->reason.n) {
		kr_fault_set(reterr, -KR_EINVAL,
			     x->expr.n ? "a suppression rule needs a reason"
				       : "an empty expression would suppress everything");
		kr_fault_remedy(reterr, "say why, for whoever asks in a year: --reason TEXT");
		return -KR_EINVAL;
	}
	r = kr_store__main_begin(s, reterr);
	if (r)
		return r;
	row.by = by->who;
	r = put(s, &row, ret_id, reterr);
	snprintf(id, sizeof(id), "%u", *ret_id);
	kr_buf_printf(&detail, "%.*s: %.*s", KR_STR_ARG(x->expr), KR_STR_ARG(x->reason));
	if (!r)
		r = kr_store__audit(s, by, x->id ? "suppression.edit" : "suppression.add",
				    kr_str_c(id), kr_buf_str(&detail), reterr);
	return kr_store__main_end(s, r, reterr);
}

int kr_store_suppression_remove(struct kr_store *s, const struct kr_by *by, uint32_t id,
				struct kr_fault *reterr)
{
	sqlite3_stmt *st = NULL;
	char text[16];
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = kr_db_prepare(s->main,
			  "UPDATE suppression SET removed=1,revision=revision+1 WHERE id=?1 AND "
			  "removed=0",
			  &st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, id);
		r = kr_db_run(st, reterr);
	}
	if (!r && sqlite3_changes(s->main) == 0) {
		r = kr_fault_set(reterr, -KR_ENOENT, "there is no suppression rule %u", id);
		kr_fault_remedy(reterr, "karaula suppression list shows all");
	}
	sqlite3_finalize(st);
	snprintf(text, sizeof(text), "%u", id);
	if (!r)
		r = kr_store__audit(s, by, "suppression.remove", kr_str_c(text), KR_STR(""),
				    reterr);
	return kr_store__main_end(s, r, reterr);
}

static void read_rule(sqlite3_stmt *st, struct kr_arena *a, struct kr_suppression *ret)
{
	*ret = (struct kr_suppression){
		.id = (uint32_t)sqlite3_column_int64(st, 0),
		.expr = kr_db_dup(st, 1, a),
		.constituent = (uint32_t)sqlite3_column_int64(st, 2),
		.constituent_name = kr_db_dup(st, 3, a),
		.reason = kr_db_dup(st, 4, a),
		.by = kr_db_dup(st, 5, a),
		.created = sqlite3_column_int64(st, 6),
		.expires = kr_store__time(st, 7),
		.revision = (uint32_t)sqlite3_column_int64(st, 8),
	};
}

int kr_store_suppression_list(struct kr_store *s, struct kr_arena *a, struct kr_suppression **ret,
			      size_t *ret_n, struct kr_fault *reterr)
{
	struct kr_suppression *list = NULL;
	size_t n = 0, cap = 0;
	sqlite3_stmt *st = NULL;
	char path[KR_PATH_MAX];
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(db,
			  "SELECT s.id,s.expr,s.constituent,c.name,s.reason,s.who,s.created,"
			  "s.expires,s.revision FROM suppression s LEFT JOIN constituent c ON "
			  "c.id=s.constituent WHERE s.removed=0 ORDER BY s.id",
			  &st, reterr);
	while (!r && (r = kr_db_step(st, reterr)) == 1) {
		list = kr_arena_more(a, list, n, &cap, sizeof(*list));
		if (!list)
			break;
		read_rule(st, a, &list[n++]);
		r = 0;
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	if (r < 0 || kr_arena_full(a))
		return r < 0 ? r : kr_fault_set(reterr, -KR_ELIMIT, "too many suppression rules");
	*ret = list;
	*ret_n = n;
	return 0;
}
