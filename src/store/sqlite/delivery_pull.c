/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries that are fetched by their recipient: nobody claims them, they are read by number. */
#include "store/outbox.h"
#include "store/sqlite/db.h"
#include "store/sqlite/state.h"

/* The id of the next one; 0: none. */
static int next_id(struct kr_store *s, uint32_t recipient, uint64_t after, uint64_t *ret,
		   struct kr_fault *reterr)
{
	sqlite3_stmt *st = NULL;
	char path[KR_PATH_MAX];
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(db,
			  after ? "SELECT id FROM delivery WHERE recipient=?1 AND id>?2 AND state "
				  "IN (1,2,4) ORDER BY id LIMIT 1"
				: "SELECT id FROM delivery WHERE recipient=?1 AND id>?2 AND state "
				  "IN (1,2) ORDER BY id LIMIT 1",
			  &st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, recipient);
		sqlite3_bind_int64(st, 2, (int64_t)after);
		r = kr_db_step(st, reterr);
		*ret = r == 1 ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	return KR_MIN(r, 0);
}

int kr_store_delivery_next(struct kr_store *s, uint32_t recipient, uint64_t after,
			   struct kr_arena *a, struct kr_delivery *ret, struct kr_fault *reterr)
{
	uint64_t id = 0;
	int r = next_id(s, recipient, KR_MIN(after, (uint64_t)INT64_MAX), &id, reterr);

	if (r || !id)
		return r ? r : 1;
	return kr_store_delivery_get(s, &KR_SCOPE_ALL, id, a, ret, reterr);
}

int kr_store_delivery_arrived(struct kr_store *s, uint32_t recipient, uint64_t upto, kr_time now,
			      struct kr_fault *reterr)
{
	sqlite3_stmt *st = NULL;
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = kr_db_prepare(s->main,
			  "UPDATE delivery SET state=4,sent=?3 WHERE recipient=?1 AND id<=?2 AND "
			  "state IN (1,2)",
			  &st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, recipient);
		sqlite3_bind_int64(st, 2, (int64_t)KR_MIN(upto, (uint64_t)INT64_MAX));
		sqlite3_bind_int64(st, 3, now);
		r = kr_db_run(st, reterr);
	}
	sqlite3_finalize(st);
	return kr_store__main_end(s, r, reterr);
}
