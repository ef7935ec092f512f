/* SPDX-License-Identifier: Apache-2.0 */
/* State of sources that run, in main.db. */
#include "store/intake.h"

#include "store/sqlite/db.h"
#include "store/sqlite/state.h"

#define STATE_TEXT_MAX ((size_t)1 << 20) /* a cursor may list some thousand reports */

static kr_time time_of(sqlite3_stmt *st, int i)
{
	return sqlite3_column_type(st, i) == SQLITE_NULL ? KR_TIME_NONE
							 : sqlite3_column_int64(st, i);
}

static void bind_time(sqlite3_stmt *st, int i, kr_time t)
{
	if (t == KR_TIME_NONE)
		sqlite3_bind_null(st, i);
	else
		sqlite3_bind_int64(st, i, t);
}

int kr_store_source_state(struct kr_store *s, uint32_t source, struct kr_arena *a,
			  struct kr_source_state *ret, struct kr_fault *reterr)
{
	char path[KR_PATH_MAX];
	sqlite3 *db;
	sqlite3_stmt *st = NULL;
	struct kr_source_state state = {.source = source,
					.tried = KR_TIME_NONE,
					.ok = KR_TIME_NONE,
					.next = KR_TIME_NONE,
					.silent = KR_TIME_NONE};
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(db,
			  "SELECT tried,ok,next,failures,error,etag,modified,cursor,silent FROM "
			  "source_state WHERE source=?1",
			  &st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, source);
		r = kr_db_step(st, reterr);
	}
	if (r == 1) {
		state.tried = time_of(st, 0);
		state.ok = time_of(st, 1);
		state.next = time_of(st, 2);
		state.failures = (uint32_t)sqlite3_column_int64(st, 3);
		state.error = kr_db_dup(st, 4, a);
		state.etag = kr_db_dup(st, 5, a);
		state.modified = kr_db_dup(st, 6, a);
		state.cursor = kr_db_dup(st, 7, a);
		state.silent = time_of(st, 8);
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	if (r >= 0 && kr_arena_full(a))
		r = kr_fault_set(reterr, -KR_ELIMIT, "the state of a source is too large");
	if (r < 0)
		return r;
	*ret = state;
	return 0;
}

int kr_store_source_state_put(struct kr_store *s, const struct kr_source_state *state,
			      struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r;

	if (state->cursor.n > STATE_TEXT_MAX || state->error.n > STATE_TEXT_MAX)
		return kr_fault_set(reterr, -KR_ELIMIT, "the state of a source is too large");
	r = kr_store__main_begin(s, reterr);
	if (r)
		return r;
	r = kr_db_prepare(s->main,
			  "INSERT OR REPLACE INTO source_state(source,tried,ok,next,failures,error,"
			  "etag,modified,cursor,silent) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
			  &st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, state->source);
		bind_time(st, 2, state->tried);
		bind_time(st, 3, state->ok);
		bind_time(st, 4, state->next);
		sqlite3_bind_int64(st, 5, state->failures);
		kr_db_bind_str(st, 6, state->error);
		kr_db_bind_str(st, 7, state->etag);
		kr_db_bind_str(st, 8, state->modified);
		kr_db_bind_str(st, 9, state->cursor);
		bind_time(st, 10, state->silent);
		r = kr_db_run(st, reterr);
	}
	return kr_store__main_end(s, r, reterr);
}
