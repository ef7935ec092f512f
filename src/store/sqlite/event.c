/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of events, one event, and where it came from. The filter leaves out the rows that a scope
 * does not show; kr_store__stored_event() takes out of a row what it does not show. To whom ids are
 * sealed, a list never ends early for having looked at many rows: where it ended would tell how
 * many there are in between.
 */
#include <stdio.h>

#include "store/event_id.h"
#include "store/sqlite/db.h"
#include "store/sqlite/partition.h"
#include "store/sqlite/row.h"
#include "store/sqlite/scan.h"

/* A row as it is handed out; texts live in the arena. */
static int hand_out(struct kr_names *names, const struct kr_part_info *p, sqlite3_stmt *st,
		    struct kr_arena *a, struct kr_stored_event *ret, struct kr_fault *reterr)
{
	struct kr_row row;
	int r = kr_row_read(st, 0, a, &row, reterr);

	return r ? r : kr_store__stored_event(names, p, &row, a, ret, reterr);
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
	if (!scan->open || !scan->q->scan_max || scan->scanned < scan->q->scan_max)
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

	if (q->cursor.n && kr_store_event_id_parse(s, scope, q->cursor, &after)) {
		kr_fault_set(reterr, -KR_EINVAL, "this is no cursor");
		kr_fault_remedy(reterr, "use the cursor that the last page ended with");
		return -KR_EINVAL;
	}
	l.row = kr_arena_new((size_t)64 << 20);
	r = kr_scan_run(s, scope, q, q->cursor.n ? &after : NULL, NULL, list_part, &l, &scan, a,
			reterr);
	kr_names_done(scan.names);
	kr_arena_free(l.row);
	if (r < 0)
		return r;
	*ret = (struct kr_event_page){.rows = l.rows, .scanned = scan.scanned};
	if (r == 1)
		ret->cursor =
			kr_arena_dup(a, kr_str_c(kr_store_event_id_text(s, scope, &l.last, text)));
	return 0;
}

/* The same words, whether there is none, it is gone, or it is not for this viewer. */
static int no_event(struct kr_store *s, const struct kr_scope *scope, const struct kr_event_id *id,
		    struct kr_fault *reterr)
{
	char text[KR_EVENT_ID_TEXT_MAX];

	kr_fault_set(reterr, -KR_ENOENT, "there is no event %s",
		     kr_store_event_id_text(s, scope, id, text));
	kr_fault_remedy(reterr, "its retention may have ended");
	return -KR_ENOENT;
}

/* One event that a scope shows, in one snapshot of its partition. */
struct one {
	struct kr_part_info p;
	struct kr_names *names;
	sqlite3 *db;
	sqlite3_stmt *st; /* stands on the row, columns as in kr_row_columns() */
};

static void one_close(struct kr_store *s, struct one *o)
{
	sqlite3_finalize(o->st);
	kr_names_done(o->names);
	if (!o->db)
		return;
	sqlite3_exec(o->db, "COMMIT", NULL, NULL, NULL);
	kr_store__reader_put(s, o->db);
}

/* Find the row among those that the scope shows. */
static int one_find(struct one *o, const struct kr_event_id *id, struct kr_arena *a,
		    struct kr_fault *reterr)
{
	struct kr_filter_names names = kr_names_filter(o->names);
	KR_AUTO_BUF sql = KR_BUF(8192);
	const struct kr_filter *filter;
	int r = kr_filter_make(NULL, &names, 2, a, &filter, reterr);

	if (r)
		return r;
	kr_buf_printf(&sql, "SELECT %s FROM event WHERE id=?1 AND %s", kr_row_columns(),
		      kr_filter_sql(filter));
	r = kr_filter_register(o->db, reterr);
	if (!r)
		r = kr_db_exec(o->db, "BEGIN", reterr);
	if (!r)
		r = kr_db_prepare(o->db, kr_buf_cstr(&sql), &o->st, reterr);
	if (!r)
		r = kr_filter_bind(filter, o->st, id, reterr);
	if (r)
		return r;
	sqlite3_bind_int64(o->st, 1, (int64_t)id->row);
	return kr_db_step(o->st, reterr);
}

/*
 * Open the partition of an event and stand on its row; close in any case.
 *
 * a  takes the names and what the filter needs
 */
static int one_open(struct kr_store *s, const struct kr_scope *scope, const struct kr_event_id *id,
		    struct kr_arena *a, struct one *o, struct kr_fault *reterr)
{
	char path[KR_PATH_MAX];
	int r;

	*o = (struct one){0};
	if (!kr_store__catalogue_find(s, id->class_, id->day, id->part, &o->p))
		return no_event(s, scope, id, reterr);
	o->names = kr_names_new(s, scope, a, reterr);
	if (!o->names)
		return reterr ? reterr->code : -KR_ESTORE;
	r = kr_store__reader(s, kr_store__part_path(s, id->class_, id->day, id->part, path), &o->db,
			     reterr);
	if (!r)
		r = one_find(o, id, a, reterr);
	return r == 1 ? 0 : r ? r : no_event(s, scope, id, reterr);
}

int kr_store_event_get(struct kr_store *s, const struct kr_scope *scope,
		       const struct kr_event_id *id, struct kr_arena *a,
		       struct kr_stored_event *ret, struct kr_fault *reterr)
{
	struct one o;
	int r = one_open(s, scope, id, a, &o, reterr);

	if (!r)
		r = hand_out(o.names, &o.p, o.st, a, ret, reterr);
	one_close(s, &o);
	return r;
}

static void read_contribution(sqlite3_stmt *st, bool origin, struct kr_contribution *ret)
{
	*ret = (struct kr_contribution){.time = sqlite3_column_int64(st, 4)};
	if (!origin)
		return;
	ret->report = (uint64_t)sqlite3_column_int64(st, 0);
	ret->offset = (uint64_t)sqlite3_column_int64(st, 1);
	ret->length = (uint32_t)sqlite3_column_int64(st, 2);
	ret->part = (uint32_t)sqlite3_column_int64(st, 3);
}

/* A row that was seen once is its own and only contribution. */
#define CONTRIBUTIONS                                                                              \
	"SELECT report,offset,length,part,time FROM contribution WHERE event=?1 UNION ALL "        \
	"SELECT report,offset,length,part,first FROM event WHERE id=?1 AND NOT EXISTS"             \
	"(SELECT 1 FROM contribution WHERE event=?1) ORDER BY "

int kr_store_event_contributions(struct kr_store *s, const struct kr_scope *scope,
				 const struct kr_event_id *id, uint32_t limit, struct kr_arena *a,
				 struct kr_contribution **ret, size_t *ret_n,
				 struct kr_fault *reterr)
{
	bool origin = kr_scope_subject(scope, KR_SUBJ_REPORT);
	struct kr_contribution *list;
	KR_AUTO_STMT st = NULL;
	size_t n = 0;
	struct one o;
	int r;

	limit = limit ? KR_MIN(limit, 100000u) : 1000;
	list = kr_arena_calloc(a, limit, sizeof(*list));
	if (!list)
		return kr_fault_set(reterr, -KR_ELIMIT, "no room for the contributions");
	r = one_open(s, scope, id, a, &o, reterr);
	/* Whom the reports are hidden from sees the times in their own order. */
	if (!r)
		r = kr_db_prepare(
			o.db, origin ? CONTRIBUTIONS "1,2,4 LIMIT ?2" : CONTRIBUTIONS "5 LIMIT ?2",
			&st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, (int64_t)id->row);
		sqlite3_bind_int64(st, 2, limit);
		while ((r = kr_db_step(st, reterr)) == 1 && n < limit)
			read_contribution(st, origin, &list[n++]);
	}
	sqlite3_finalize(st);
	st = NULL;
	one_close(s, &o);
	if (r < 0)
		return r;
	*ret = list;
	*ret_n = n;
	return 0;
}
