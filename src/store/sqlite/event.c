/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of events, one event, and where it came from. */
#include <stdio.h>

#include "store/sqlite/db.h"
#include "store/sqlite/partition.h"
#include "store/sqlite/row.h"
#include "store/sqlite/scan.h"

/* A row as it is handed out; texts live in the arena. */
static int hand_out(struct kr_names *names, const struct kr_part_info *p, sqlite3_stmt *st,
		    struct kr_arena *a, struct kr_stored_event *ret, struct kr_fault *reterr)
{
	struct kr_str *owners;
	struct kr_row row;
	int r = kr_row_read(st, 0, a, &row, reterr);

	if (r)
		return r;
	owners = kr_arena_calloc(a, row.e->n_owners, sizeof(*owners));
	if (!owners)
		return kr_fault_set(reterr, -KR_ELIMIT, "no room for the row");
	for (uint32_t i = 0; i < row.e->n_owners; i++)
		owners[i] = kr_names_constituent(names, row.e->owners[i].constituent);
	*ret = (struct kr_stored_event){
		.id = {p->class_, p->day, p->part, row.id},
		.e = row.e,
		.source = kr_names_source(names, row.source),
		.report = row.report,
		.constituents = owners,
		.n_constituents = row.e->n_owners,
	};
	return 0;
}

struct listing {
	bool (*each)(void *ctx, const struct kr_stored_event *ev);
	void *ctx;
	struct kr_arena *row; /* rewound for each row */
	struct kr_event_id last;
	uint64_t rows;
};

static int list_row(struct kr_scan *scan, struct listing *l, const struct kr_part_info *p,
		    sqlite3_stmt *st, struct kr_fault *reterr)
{
	struct kr_stored_event ev;
	int r;

	kr_arena_clear(l->row);
	r = hand_out(scan->names, p, st, l->row, &ev, reterr);
	if (r)
		return r;
	l->last = ev.id;
	l->rows++;
	return !l->each(l->ctx, &ev) || l->rows == scan->q->limit;
}

/* Has the query looked at as many rows as it may? Then the cursor is put behind the last one. */
static bool enough(struct kr_scan *scan, struct listing *l, const struct kr_part_info *p,
		   uint64_t at)
{
	if (!scan->q->scan_max || scan->scanned < scan->q->scan_max)
		return false;
	l->last = (struct kr_event_id){p->class_, p->day, p->part, at};
	return true;
}

static int list_ids(struct kr_scan *scan, struct listing *l, sqlite3_stmt *st,
		    const struct kr_part_info *p, const struct kr_bits *ids, uint64_t below,
		    struct kr_fault *reterr)
{
	uint64_t done = 0;
	int r = 0;

	for (uint64_t id = below; !r && (id = kr_bits_before(ids, id));) {
		sqlite3_bind_int64(st, 1, (int64_t)id);
		sqlite3_bind_int64(st, 2, (int64_t)id);
		r = kr_db_step(st, reterr);
		if (r == 1) {
			r = list_row(scan, l, p, st, reterr);
			sqlite3_reset(st);
		}
		if (!r && ++done % 4096 == 0) {
			r = kr_scan_progress(scan, 4096, reterr);
			if (!r && enough(scan, l, p, id))
				r = 1;
		}
	}
	return r;
}

static int list_all(struct kr_scan *scan, struct listing *l, sqlite3_stmt *st,
		    const struct kr_part_info *p, uint64_t below, struct kr_fault *reterr)
{
	/* Small steps first: a page is mostly full after a few. */
	uint64_t step = 1000;
	int r = 0;

	for (uint64_t to = below; !r && to > 1;) {
		uint64_t from = to > step ? to - step : 1;

		sqlite3_bind_int64(st, 1, (int64_t)from);
		sqlite3_bind_int64(st, 2, (int64_t)to - 1);
		while (!r && (r = kr_db_step(st, reterr)) == 1)
			r = list_row(scan, l, p, st, reterr);
		sqlite3_reset(st);
		if (!r)
			r = kr_scan_progress(scan, to - from, reterr);
		if (!r && enough(scan, l, p, from))
			r = 1;
		to = from;
		step = KR_MIN(step * 4, (uint64_t)KR_SCAN_STEP);
	}
	return r;
}

static int list_part(struct kr_scan *scan, void *ctx, sqlite3 *db, const struct kr_part_info *p,
		     const struct kr_bits *ids, uint64_t below, struct kr_fault *reterr)
{
	KR_AUTO_BUF sql = KR_BUF(1 << 20);
	KR_AUTO_STMT st = NULL;
	struct kr_event_id part = {p->class_, p->day, p->part, 0};
	int r;

	kr_buf_printf(&sql,
		      "SELECT %s FROM event WHERE id BETWEEN ?1 AND ?2 AND %s ORDER BY id DESC",
		      kr_row_columns(), scan->filter ? kr_filter_sql(scan->filter) : "1");
	if (sql.err)
		return kr_fault_set(reterr, -KR_ELIMIT, "the expression is too long");
	r = kr_db_prepare(db, kr_buf_cstr(&sql), &st, reterr);
	if (!r && scan->filter)
		r = kr_filter_bind(scan->filter, st, &part, reterr);
	if (r)
		return r;
	return ids ? list_ids(scan, ctx, st, p, ids, below, reterr)
		   : list_all(scan, ctx, st, p, below, reterr);
}

int kr_store_event_list(struct kr_store *s, const struct kr_scope *scope,
			const struct kr_event_query *q,
			bool (*each)(void *ctx, const struct kr_stored_event *ev), void *ctx,
			struct kr_arena *a, struct kr_event_page *ret, struct kr_fault *reterr)
{
	struct listing l = {.each = each, .ctx = ctx};
	struct kr_event_id after;
	struct kr_scan scan;
	char text[KR_EVENT_ID_TEXT_MAX];
	int r;

	if (q->cursor.n && kr_event_id_parse(q->cursor, &after)) {
		kr_fault_set(reterr, -KR_EINVAL, "this is no cursor");
		kr_fault_remedy(reterr, "use the cursor that the last page ended with");
		return -KR_EINVAL;
	}
	l.row = kr_arena_new((size_t)64 << 20);
	r = kr_scan_run(s, scope, q, q->cursor.n ? &after : NULL, list_part, &l, &scan, a, reterr);
	kr_names_done(scan.names);
	kr_arena_free(l.row);
	if (r < 0)
		return r;
	*ret = (struct kr_event_page){.rows = l.rows, .scanned = scan.scanned};
	if (r == 1)
		ret->cursor = kr_arena_dup(a, kr_str_c(kr_event_id_text(&l.last, text)));
	return 0;
}

/* Open the partition of an event; -KR_ENOENT if it is gone. */
static int open_part(struct kr_store *s, const struct kr_scope *scope, const struct kr_event_id *id,
		     sqlite3 **ret, struct kr_fault *reterr)
{
	char path[KR_PATH_MAX], text[KR_EVENT_ID_TEXT_MAX];
	struct kr_part_info p;

	if (!scope->all || !kr_store__catalogue_find(s, id->class_, id->day, id->part, &p)) {
		kr_fault_set(reterr, -KR_ENOENT, "there is no event %s",
			     kr_event_id_text(id, text));
		kr_fault_remedy(reterr, "its retention may have ended");
		return -KR_ENOENT;
	}
	return kr_store__reader(s, kr_store__part_path(s, id->class_, id->day, id->part, path), ret,
				reterr);
}

int kr_store_event_get(struct kr_store *s, const struct kr_scope *scope,
		       const struct kr_event_id *id, struct kr_arena *a,
		       struct kr_stored_event *ret, struct kr_fault *reterr)
{
	struct kr_part_info p = {.class_ = id->class_, .day = id->day, .part = id->part};
	KR_AUTO_BUF sql = KR_BUF(8192);
	char text[KR_EVENT_ID_TEXT_MAX];
	sqlite3_stmt *st = NULL;
	struct kr_names *names;
	sqlite3 *db;
	int r = open_part(s, scope, id, &db, reterr);

	if (r)
		return r;
	kr_buf_printf(&sql, "SELECT %s FROM event WHERE id=?1", kr_row_columns());
	r = kr_db_prepare(db, kr_buf_cstr(&sql), &st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, (int64_t)id->row);
		r = kr_db_step(st, reterr);
	}
	if (r == 1) {
		names = kr_names_new(s, a, reterr);
		r = names ? hand_out(names, &p, st, a, ret, reterr) : -KR_ESTORE;
		kr_names_done(names);
	} else if (r == 0) {
		r = kr_fault_set(reterr, -KR_ENOENT, "there is no event %s",
				 kr_event_id_text(id, text));
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	return r;
}

static void read_contribution(sqlite3_stmt *st, struct kr_contribution *ret)
{
	*ret = (struct kr_contribution){
		.report = (uint64_t)sqlite3_column_int64(st, 0),
		.offset = (uint64_t)sqlite3_column_int64(st, 1),
		.length = (uint32_t)sqlite3_column_int64(st, 2),
		.part = (uint32_t)sqlite3_column_int64(st, 3),
		.time = sqlite3_column_int64(st, 4),
	};
}

int kr_store_event_contributions(struct kr_store *s, const struct kr_scope *scope,
				 const struct kr_event_id *id, uint32_t limit, struct kr_arena *a,
				 struct kr_contribution **ret, size_t *ret_n,
				 struct kr_fault *reterr)
{
	struct kr_contribution *list;
	sqlite3_stmt *st = NULL;
	size_t n = 0;
	sqlite3 *db;
	int r;

	limit = limit ? KR_MIN(limit, 100000u) : 1000;
	list = kr_arena_calloc(a, limit, sizeof(*list));
	if (!list)
		return kr_fault_set(reterr, -KR_ELIMIT, "no room for the contributions");
	r = open_part(s, scope, id, &db, reterr);
	if (r)
		return r;
	/* A row that was seen once is its own and only contribution. */
	r = kr_db_prepare(
		db,
		"SELECT report,offset,length,part,time FROM contribution WHERE event=?1 UNION ALL "
		"SELECT report,offset,length,part,first FROM event WHERE id=?1 AND NOT EXISTS"
		"(SELECT 1 FROM contribution WHERE event=?1) ORDER BY 1,2,4 LIMIT ?2",
		&st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, (int64_t)id->row);
		sqlite3_bind_int64(st, 2, limit);
		while ((r = kr_db_step(st, reterr)) == 1 && n < limit)
			read_contribution(st, &list[n++]);
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	if (r < 0)
		return r;
	*ret = list;
	*ret_n = n;
	return 0;
}
