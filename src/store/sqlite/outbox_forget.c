/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Old rows of the outbox go away: one pass through the table by a reader, and a short transaction
 * for each piece of what it found.
 */
#include "store/outbox.h"

#include <stdlib.h>

#include "store/sqlite/db.h"
#include "store/sqlite/state.h"

#define PIECE 4096

struct key {
	int64_t v[4]; /* recipient, source, key, day */
};

static int delete_piece(struct kr_store *s, const struct key *keys, size_t n,
			struct kr_fault *reterr)
{
	sqlite3_stmt *st = NULL;
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = kr_db_prepare(
		s->main,
		"DELETE FROM outbox WHERE recipient=?1 AND source=?2 AND key=?3 AND day=?4", &st,
		reterr);
	for (size_t i = 0; !r && i < n; i++) {
		for (int k = 0; k < 4; k++)
			sqlite3_bind_int64(st, k + 1, keys[i].v[k]);
		r = kr_db_run(st, reterr);
	}
	sqlite3_finalize(st);
	return kr_store__main_end(s, r, reterr);
}

static int walk(struct kr_store *s, sqlite3_stmt *st, struct key *keys,
		bool (*cancelled)(void *ctx), void *ctx, int64_t *ret, struct kr_fault *reterr)
{
	size_t n = 0;
	int r;

	while ((r = kr_db_step(st, reterr)) == 1) {
		for (int k = 0; k < 4; k++)
			keys[n].v[k] = sqlite3_column_int64(st, k);
		if (++n < PIECE)
			continue;
		r = delete_piece(s, keys, n, reterr);
		if (r || (cancelled && cancelled(ctx)))
			return r ? r : kr_fault_set(reterr, -KR_ECANCEL, "stopped");
		*ret += (int64_t)n;
		n = 0;
	}
	if (!r && n)
		r = delete_piece(s, keys, n, reterr);
	*ret += (int64_t)n;
	return r;
}

int64_t kr_store_outbox_forget(struct kr_store *s, int32_t day, bool (*cancelled)(void *ctx),
			       void *ctx, struct kr_fault *reterr)
{
	struct key *keys = kr_xcalloc(PIECE, sizeof(*keys));
	sqlite3_stmt *st = NULL;
	char path[KR_PATH_MAX];
	int64_t gone = 0;
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (!r) {
		r = kr_db_prepare(db, "SELECT recipient,source,key,day FROM outbox WHERE day<?1",
				  &st, reterr);
		if (!r) {
			sqlite3_bind_int(st, 1, day);
			r = walk(s, st, keys, cancelled, ctx, &gone, reterr);
		}
		sqlite3_finalize(st);
		kr_store__reader_put(s, db);
	}
	free(keys);
	return r ? r : gone;
}
