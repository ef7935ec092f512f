/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The events of outbox rows: sorted by place, so that each partition is opened once and its rows
 * are met with rising ids, by one statement.
 */
#include "store/outbox.h"

#include <stdlib.h>

#include "store/sqlite/db.h"
#include "store/sqlite/outbox_internal.h"
#include "store/sqlite/plan.h"
#include "store/sqlite/row.h"
#include "store/sqlite/state.h"

struct reading {
	struct kr_store *s;
	const struct kr_scope *scope;
	struct kr_names *names;
	struct kr_arena *a; /* of one row */
	bool full;
	bool (*each)(void *ctx, struct kr_outbox_row *row, const struct kr_stored_event *ev);
	void *ctx;
};

static int place_cmp(const void *x, const void *y)
{
	const struct kr_event_id *a = &((const struct kr_outbox_row *)x)->event,
				 *b = &((const struct kr_outbox_row *)y)->event;

	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	if (a->class_ != b->class_)
		return a->class_ < b->class_ ? -1 : 1;
	if (a->part != b->part)
		return a->part < b->part ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

static bool same_part(const struct kr_event_id *a, const struct kr_event_id *b)
{
	return a->day == b->day && a->class_ == b->class_ && a->part == b->part;
}

static int read_lean(sqlite3_stmt *st, struct kr_arena *a, struct kr_row *ret)
{
	struct kr_event *e = kr_event_new(a);
	struct kr_str blob = kr_db_text(st, 7), rest = blob;
	struct kr_owner o;
	int r;

	if (!e)
		return -KR_ELIMIT;
	*ret = (struct kr_row){.id = (uint64_t)sqlite3_column_int64(st, 0),
			       .source = (uint32_t)sqlite3_column_int64(st, 2),
			       .e = e};
	e->key = (uint64_t)sqlite3_column_int64(st, 1);
	e->first = sqlite3_column_int64(st, 3);
	e->last = sqlite3_column_int64(st, 4);
	e->count = (uint64_t)sqlite3_column_int64(st, 5);
	e->label = (enum kr_tlp)sqlite3_column_int(st, 6);
	r = sqlite3_column_type(st, 8) == SQLITE_NULL
		    ? 0
		    : kr_event_put(e, a, KR_F_CLASS_TAXONOMY,
				   (union kr_value){.text = kr_db_dup(st, 8, a)});
	while (kr_row_owner_next(&rest, &o))
		e->n_owners++;
	e->owners = kr_arena_calloc(a, e->n_owners, sizeof(o));
	if (!e->owners)
		return -KR_ELIMIT;
	for (uint32_t i = 0; kr_row_owner_next(&blob, &o); i++)
		e->owners[i] = o;
	return r;
}

static int prepare(const struct reading *x, sqlite3 *db, sqlite3_stmt **ret,
		   struct kr_fault *reterr)
{
	KR_AUTO_BUF sql = KR_BUF(8192);

	if (x->full)
		kr_buf_printf(&sql, "SELECT %s FROM event WHERE id=?1", kr_row_columns());
	else
		kr_buf_printf(&sql,
			      "SELECT id,key,source,first,last,n,label,owners,%s FROM event WHERE "
			      "id=?1",
			      kr_row_column(KR_F_CLASS_TAXONOMY));
	return kr_db_prepare(db, kr_buf_cstr(&sql), ret, reterr);
}

/* 0, 1 to stop. */
static int hand_out(struct reading *x, sqlite3_stmt *st, const struct kr_part_info *p,
		    struct kr_outbox_row *at, struct kr_fault *reterr)
{
	struct kr_stored_event ev;
	struct kr_row row;
	int r;

	sqlite3_bind_int64(st, 1, (int64_t)at->event.row);
	r = kr_db_step(st, reterr);
	if (r <= 0)
		return r ? r : !x->each(x->ctx, at, NULL);
	kr_arena_clear(x->a);
	r = x->full ? kr_row_read(st, 0, x->a, &row, reterr) : read_lean(st, x->a, &row);
	/* The place may hold another row only after damage; it is not told as this one. */
	if (!r && (row.e->key != at->key || row.source != at->source ||
		   !kr_scope_has(x->scope, row.e->label, row.e->owners, row.e->n_owners))) {
		r = !x->each(x->ctx, at, NULL);
	} else if (!r) {
		r = kr_store__stored_event(x->names, p, &row, x->a, &ev, reterr);
		if (!r)
			r = !x->each(x->ctx, at, &ev);
	}
	sqlite3_reset(st);
	return r;
}

static int read_part(struct reading *x, struct kr_outbox_row *rows, size_t n,
		     struct kr_fault *reterr)
{
	const struct kr_event_id *id = &rows->event;
	char path[KR_PATH_MAX];
	sqlite3_stmt *st = NULL;
	struct kr_part_info p;
	sqlite3 *db;
	int r = 0;

	if (!kr_store__catalogue_find(x->s, id->class_, id->day, id->part, &p)) {
		for (size_t i = 0; !r && i < n; i++)
			r = !x->each(x->ctx, &rows[i], NULL);
		return r;
	}
	r = kr_store__reader(x->s, kr_store__part_path(x->s, id->class_, id->day, id->part, path),
			     &db, reterr);
	if (r)
		return r;
	r = kr_db_exec(db, "BEGIN", reterr);
	if (!r)
		r = prepare(x, db, &st, reterr);
	for (size_t i = 0; !r && i < n; i++)
		r = hand_out(x, st, &p, &rows[i], reterr);
	sqlite3_finalize(st);
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	kr_store__reader_put(x->s, db);
	return r;
}

int kr_store_outbox_events(struct kr_store *s, const struct kr_scope *scope,
			   struct kr_outbox_row *rows, size_t n, bool full,
			   bool (*each)(void *ctx, struct kr_outbox_row *row,
					const struct kr_stored_event *ev),
			   void *ctx, struct kr_fault *reterr)
{
	struct reading x = {.s = s, .scope = scope, .full = full, .each = each, .ctx = ctx};
	size_t from = 0;
	int r = 0;

	if (!n)
		return 0;
	qsort(rows, n, sizeof(*rows), place_cmp);
	x.names = kr_names_new(s, scope, NULL, reterr);
	if (!x.names)
		return reterr ? reterr->code : -KR_ESTORE;
	x.a = kr_arena_new((size_t)64 << 20);
	for (size_t i = 1; !r && i <= n; i++) {
		if (i < n && same_part(&rows[from].event, &rows[i].event))
			continue;
		r = read_part(&x, rows + from, i - from, reterr);
		from = i;
	}
	kr_arena_free(x.a);
	kr_names_done(x.names);
	return r;
}
