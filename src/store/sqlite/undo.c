/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The postings of a report name every row it ever touched in a partition. For each such row its
 * contributions are taken away: with none left the row goes; if the row's own content came from
 * this report, the earliest remaining record is made again from the spool and takes its place; else
 * only count, times and label change. What remains is what would be there had the report never been
 * taken.
 */
#include "store/sqlite/undo.h"

#include <stdlib.h>

#include "store/sqlite/db.h"
#include "store/sqlite/group.h"
#include "store/sqlite/row.h"
#include "store/sqlite/scope.h"

struct contribution {
	uint64_t report, offset;
	uint32_t part, length;
	kr_time time;
	uint8_t label;
};

/* A row whose content must come from another record. */
struct remake {
	struct contribution from;
	uint64_t id, n;
	kr_time first, last;
	uint8_t label;
};

struct undo {
	struct kr_store *s;
	struct kr_taking *t;
	struct kr_partition *w;
	struct kr_tally *tally;
	struct kr_arena *arena;
	sqlite3_stmt *row, *list, *drop_one, *drop_report;
	struct remake *remakes;
	size_t n_remakes, cap_remakes;
};

static int id_cmp(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int kr_store__posting_ids(sqlite3 *db, int kind, int64_t value, struct kr_arena *a, uint64_t **ret,
			  size_t *ret_n, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	uint64_t *ids = NULL;
	size_t n = 0, cap = 0, unique = 0;
	int r = kr_db_prepare(db, "SELECT ids FROM posting WHERE kind=?1 AND value=?2", &st,
			      reterr);

	if (r)
		return r;
	sqlite3_bind_int(st, 1, kind);
	sqlite3_bind_int64(st, 2, value);
	while ((r = kr_db_step(st, reterr)) == 1) {
		struct kr_str list = kr_db_text(st, 0);
		uint64_t id = 0, v;

		while (kr_varint_read(&list, &v)) {
			id += (v >> 1) ^ (0 - (v & 1));
			if (n == cap) {
				cap = cap ? cap * 2 : 1024;
				ids = kr_xrealloc(ids, cap * sizeof(*ids));
			}
			ids[n++] = id;
		}
	}
	if (r == 0) {
		if (n)
			qsort(ids, n, sizeof(*ids), id_cmp);
		for (size_t i = 0; i < n; i++)
			if (i == 0 || ids[i] != ids[i - 1])
				ids[unique++] = ids[i];
		*ret = kr_arena_alloc(a, unique * sizeof(*ids));
		*ret_n = unique;
		if (*ret && unique)
			memcpy(*ret, ids, unique * sizeof(*ids));
		else if (!*ret)
			r = kr_fault_set(reterr, -KR_ELIMIT, "too many rows");
	}
	free(ids);
	return r;
}

static int prepare(struct undo *u, struct kr_fault *reterr)
{
	KR_AUTO_BUF b = KR_BUF(8192);
	int r;

	kr_buf_printf(
		&b,
		"SELECT id,first,last,n,label,report,offset,length,part,owners,%s,%s,%s,%s,source"
		" FROM event WHERE id=?1",
		kr_row_column(KR_F_CLASS_TAXONOMY), kr_row_column(KR_F_CLASS_TYPE),
		kr_row_column(KR_F_SRC_ASN), kr_row_column(KR_F_SRC_CC));
	r = kr_db_prepare(u->w->db, kr_buf_cstr(&b), &u->row, reterr);
	if (!r)
		r = kr_db_prepare(u->w->db,
				  "SELECT report,offset,part,length,time,label FROM contribution "
				  "WHERE event=?1"
				  " ORDER BY report,offset,part",
				  &u->list, reterr);
	if (!r)
		r = kr_db_prepare(u->w->db, "DELETE FROM contribution WHERE event=?1", &u->drop_one,
				  reterr);
	if (!r)
		r = kr_db_prepare(u->w->db, "DELETE FROM contribution WHERE event=?1 AND report=?2",
				  &u->drop_report, reterr);
	return r;
}

static int run_for(sqlite3_stmt *st, uint64_t id, uint64_t report, struct kr_fault *reterr)
{
	sqlite3_bind_int64(st, 1, (int64_t)id);
	if (sqlite3_bind_parameter_count(st) > 1)
		sqlite3_bind_int64(st, 2, (int64_t)report);
	return kr_db_run(st, reterr);
}

/* What stays of a row's contributions. */
struct rest {
	struct contribution earliest;
	uint64_t n, gone;
	kr_time first, last;
	uint8_t label;
};

static int rest_of(struct undo *u, uint64_t id, struct rest *ret, struct kr_fault *reterr)
{
	int r;

	*ret = (struct rest){.first = INT64_MAX, .last = INT64_MIN, .label = KR_TLP_CLEAR};
	sqlite3_bind_int64(u->list, 1, (int64_t)id);
	while ((r = kr_db_step(u->list, reterr)) == 1) {
		struct contribution c = {
			.report = (uint64_t)sqlite3_column_int64(u->list, 0),
			.offset = (uint64_t)sqlite3_column_int64(u->list, 1),
			.part = (uint32_t)sqlite3_column_int64(u->list, 2),
			.length = (uint32_t)sqlite3_column_int64(u->list, 3),
			.time = sqlite3_column_int64(u->list, 4),
			.label = (uint8_t)sqlite3_column_int(u->list, 5),
		};

		if (c.report == u->t->report) {
			ret->gone++;
			continue;
		}
		if (!ret->n++)
			ret->earliest = c;
		ret->first = KR_MIN(ret->first, c.time);
		ret->last = KR_MAX(ret->last, c.time);
		ret->label = kr_store__label_tighter(c.label, ret->label);
	}
	return r;
}

static int drop_row(struct undo *u, const struct kr_found *row, struct kr_fault *reterr)
{
	int r = run_for(u->drop_one, row->id, 0, reterr);

	kr_tally_count(u->tally, &row->dims, -1, -(int64_t)row->n);
	u->w->info.rows--;
	u->w->info.events -= row->n;
	return r ? r : run_for(u->w->st[KR_PS_DELETE], row->id, 0, reterr);
}

static int touch_row(struct undo *u, struct kr_found *row, const struct rest *rest,
		     struct kr_fault *reterr)
{
	sqlite3_stmt *st = u->w->st[KR_PS_TOUCH];

	sqlite3_bind_int64(st, 1, (int64_t)row->id);
	sqlite3_bind_int64(st, 2, (int64_t)rest->n);
	sqlite3_bind_int64(st, 3, rest->first);
	sqlite3_bind_int64(st, 4, rest->last);
	sqlite3_bind_int(st, 5, rest->label);
	kr_tally_post_times(u->tally, rest->first, rest->last, row->id);
	kr_tally_count(u->tally, &row->dims, -1, -(int64_t)row->n);
	row->dims.label = rest->label;
	u->w->info.events -= row->n - rest->n;
	kr_tally_count(u->tally, &row->dims, 1, (int64_t)rest->n);
	return kr_db_run(st, reterr);
}

static int undo_row(struct undo *u, uint64_t id, struct kr_fault *reterr)
{
	struct kr_found row;
	struct rest rest;
	int r;

	sqlite3_bind_int64(u->row, 1, (int64_t)id);
	r = kr_db_step(u->row, reterr);
	if (r != 1)
		return r; /* the row is gone: its posting is stale */
	kr_store__found_read(u->row, (uint32_t)sqlite3_column_int64(u->row, 14), u->tally, &row);
	sqlite3_reset(u->row);
	r = rest_of(u, id, &rest, reterr);
	if (r)
		return r;
	if (!rest.n && !rest.gone)
		return row.report == u->t->report ? drop_row(u, &row, reterr) : 0;
	if (!rest.gone)
		return 0;
	if (!rest.n)
		return drop_row(u, &row, reterr);
	r = rest.n == 1 ? run_for(u->drop_one, id, 0, reterr)
			: run_for(u->drop_report, id, u->t->report, reterr);
	if (r)
		return r;
	if (row.report != u->t->report)
		return touch_row(u, &row, &rest, reterr);
	kr_tally_count(u->tally, &row.dims, -1, -(int64_t)row.n);
	u->w->info.events -= row.n - rest.n;
	if (u->n_remakes == u->cap_remakes) {
		u->cap_remakes = u->cap_remakes ? u->cap_remakes * 2 : 64;
		u->remakes = kr_xrealloc(u->remakes, u->cap_remakes * sizeof(*u->remakes));
	}
	u->remakes[u->n_remakes++] = (struct remake){rest.earliest, id,	       rest.n,
						     rest.first,    rest.last, rest.label};
	return 0;
}

static int remake_cmp(const void *a, const void *b)
{
	const struct contribution *x = &((const struct remake *)a)->from,
				  *y = &((const struct remake *)b)->from;

	if (x->report != y->report)
		return x->report < y->report ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return (x->part > y->part) - (x->part < y->part);
}

static int remake_row(struct undo *u, const struct remake *m, uint32_t source,
		      const struct kr_reparse *reparse, struct kr_buf *packed,
		      struct kr_fault *reterr)
{
	sqlite3_stmt *st = u->w->st[KR_PS_INSERT];
	const struct kr_event *e;
	struct kr_dims dims;
	int r = reparse->event(reparse->ctx, m->from.report, m->from.offset, m->from.part, &e,
			       reterr);

	if (!r)
		r = run_for(u->w->st[KR_PS_DELETE], m->id, 0, reterr);
	if (r)
		return r;
	kr_buf_clear(packed);
	kr_row_pack(packed, source, m->from.report, e);
	kr_row_bind(st, kr_buf_str(packed), m->id);
	sqlite3_bind_int64(st, KR_ROW_FIRST + 1, m->first);
	sqlite3_bind_int64(st, KR_ROW_LAST + 1, m->last);
	sqlite3_bind_int64(st, KR_ROW_N + 1, (int64_t)m->n);
	sqlite3_bind_int(st, KR_ROW_LABEL + 1, m->label);
	r = kr_db_run(st, reterr);
	if (!r && sqlite3_changes(u->w->db) != 1)
		r = kr_fault_set(reterr, -KR_ECORRUPT,
				 "report %llu gives another event at byte %llu than before",
				 (unsigned long long)m->from.report,
				 (unsigned long long)m->from.offset);
	kr_store__dims(u->tally, source, e, &dims);
	dims.label = m->label;
	kr_tally_count(u->tally, &dims, 1, (int64_t)m->n);
	kr_tally_post_dims(u->tally, &dims, m->id);
	kr_tally_post_times(u->tally, m->first, m->last, m->id);
	return r;
}

static int remake_all(struct undo *u, const struct kr_reparse *reparse, struct kr_fault *reterr)
{
	KR_AUTO_BUF packed = KR_BUF((size_t)64 << 20);
	int r = 0;

	if (u->n_remakes && !reparse)
		return kr_fault_set(reterr, -KR_EINVAL,
				    "the report shares rows with others and cannot be undone here");
	if (u->n_remakes)
		qsort(u->remakes, u->n_remakes, sizeof(*u->remakes), remake_cmp);
	for (size_t i = 0; !r && i < u->n_remakes; i++)
		r = remake_row(u, &u->remakes[i], u->t->source, reparse, &packed, reterr);
	return r;
}

static int forget_ledger(struct undo *u, struct kr_fault *reterr)
{
	KR_AUTO_STMT ledger = NULL;
	KR_AUTO_STMT refused = NULL;
	int r = kr_db_prepare(u->w->db, "DELETE FROM ledger WHERE report=?1 AND generation<?2",
			      &ledger, reterr);

	if (!r)
		r = kr_db_prepare(u->w->db, "DELETE FROM refused WHERE report=?1", &refused,
				  reterr);
	if (r)
		return r;
	sqlite3_bind_int64(ledger, 1, (int64_t)u->t->report);
	sqlite3_bind_int64(ledger, 2, u->t->generation);
	sqlite3_bind_int64(refused, 1, (int64_t)u->t->report);
	r = kr_db_run(ledger, reterr);
	return r ? r : kr_db_run(refused, reterr);
}

static int undo_part(struct undo *u, const struct kr_reparse *reparse, struct kr_fault *reterr)
{
	uint64_t *ids = NULL, id_from = u->w->info.next_id;
	size_t n = 0;
	int r = kr_db_exec(u->w->db, "BEGIN IMMEDIATE", reterr);

	if (r)
		return r;
	r = kr_store__posting_ids(u->w->db, KR_POST_REPORT, (int64_t)u->t->report, u->arena, &ids,
				  &n, reterr);
	if (!r)
		r = prepare(u, reterr);
	for (size_t i = 0; !r && i < n; i++)
		r = undo_row(u, ids[i], reterr);
	if (!r)
		r = remake_all(u, reparse, reterr);
	if (!r)
		r = forget_ledger(u, reterr);
	sqlite3_finalize(u->row);
	sqlite3_finalize(u->list);
	sqlite3_finalize(u->drop_one);
	sqlite3_finalize(u->drop_report);
	u->row = u->list = u->drop_one = u->drop_report = NULL;
	return kr_store__segment_end(u->s, u->w, u->tally, id_from, r, reterr);
}

/* Does this part hold an earlier generation of the report? 1, 0, -KR_E*. */
static int has_earlier(struct kr_taking *t, const struct kr_part_info *part,
		       struct kr_fault *reterr)
{
	char path[KR_PATH_MAX];
	sqlite3_stmt *st = NULL;
	sqlite3 *db;
	int r = kr_store__reader(
		t->s, kr_store__part_path(t->s, part->class_, part->day, part->part, path), &db,
		reterr);

	if (r)
		return r;
	r = kr_db_prepare(db, "SELECT 1 FROM ledger WHERE report=?1 AND generation<?2 LIMIT 1", &st,
			  reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, (int64_t)t->report);
		sqlite3_bind_int64(st, 2, t->generation);
		r = kr_db_step(st, reterr);
	}
	sqlite3_finalize(st);
	kr_store__reader_put(t->s, db);
	return r;
}

int kr_store__undo_locked(struct kr_taking *t, const struct kr_reparse *reparse,
			  struct kr_fault *reterr)
{
	struct undo u = {.s = t->s, .t = t, .arena = kr_arena_new(0), .tally = kr_tally_new()};
	struct kr_part_info *parts;
	size_t n = kr_store__catalogue_copy(t->s, u.arena, &parts);
	/* What other reports have in the open group must be in the file first. */
	int r = kr_store__group_flush_locked(t->s, reterr);

	for (size_t i = 0; r >= 0 && i < n; i++) {
		if (parts[i].class_ != t->class_ || parts[i].day != t->day)
			continue;
		r = has_earlier(t, &parts[i], reterr);
		if (r != 1)
			continue;
		r = kr_store__writer_part_locked(t->s, t->class_, t->day, parts[i].part, reterr);
		if (r)
			break;
		u.w = t->s->writer;
		u.n_remakes = 0;
		kr_tally_clear(u.tally);
		r = undo_part(&u, reparse, reterr);
	}
	free(u.remakes);
	kr_tally_free(u.tally);
	kr_arena_free(u.arena);
	return r < 0 ? r : 0;
}
