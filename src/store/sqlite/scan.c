/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/scan.h"

#include "store/sqlite/db.h"
#include "store/sqlite/partition.h"
#include "store/sqlite/scope.h"
#include "store/sqlite/valuefilter.h"

int kr_scan_progress(struct kr_scan *scan, uint64_t ids, struct kr_fault *reterr)
{
	bool more = true;

	/* How much there is, is not for everyone. */
	if (scan->open)
		scan->scanned += ids;
	if (scan->q->progress)
		more = scan->q->progress(scan->q->ctx, scan->scanned, scan->open ? scan->total : 0);
	if (!more)
		return kr_fault_set(reterr, -KR_ECANCEL, "the query was stopped");
	return 0;
}

/* Is partition p older than, or the same as, the one the cursor is in? In the order of the
 * catalogue. */
static bool at_or_after(const struct kr_part_info *p, const struct kr_event_id *c, bool *ret_same)
{
	*ret_same = p->day == c->day && p->part == c->part && p->class_ == c->class_;
	if (p->day != c->day)
		return p->day < c->day;
	if (p->part != c->part)
		return p->part < c->part;
	return p->class_ <= c->class_;
}

static int run_part(struct kr_scan *scan, kr_scan_part part, void *ctx,
		    const struct kr_part_info *p, uint64_t below, struct kr_fault *reterr)
{
	struct kr_filter_names names = kr_names_filter(scan->names);
	struct kr_arena_mark mark = kr_arena_mark(scan->a);
	struct kr_part_info now = *p;
	struct kr_bits *ids = NULL;
	char path[KR_PATH_MAX];
	sqlite3 *db;
	int r = kr_store__reader(scan->s,
				 kr_store__part_path(scan->s, p->class_, p->day, p->part, path),
				 &db, reterr);

	/* Retention dropped it while we were on our way. */
	if (r && !kr_store__catalogue_find(scan->s, p->class_, p->day, p->part, &now))
		return 0;
	if (r)
		return r;
	r = kr_filter_register(db, reterr);
	/* One snapshot for postings and rows, and the state as it is in it. */
	if (!r)
		r = kr_db_exec(db, "BEGIN", reterr);
	if (!r)
		r = kr_partition_state(db, &now, reterr);
	below = KR_MIN(below, now.next_id);
	if (!r)
		r = kr_plan_candidates(db, scan->q->expr, &names, &now, scan->a, &ids, reterr);
	if (!r)
		r = part(scan, ctx, db, &now, ids, below, reterr);
	sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	kr_store__reader_put(scan->s, db);
	/* Bitmaps are large; what a page holds lives in arenas of its caller. */
	if (r == 0)
		kr_arena_rewind(scan->a, mark);
	return r;
}

/* Leave out sealed partitions whose value filter says that nothing in them can match. */
static int drop_by_values(struct kr_scan *scan, struct kr_fault *reterr)
{
	struct kr_filter_names names = kr_names_filter(scan->names);
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	char path[KR_PATH_MAX];
	sqlite3_stmt *st = NULL;
	sqlite3 *db;
	size_t kept = 0;
	int r = kr_store__reader(scan->s, kr_store__path(scan->s, "stats.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(db,
			  "SELECT filter FROM partition WHERE class=?1 AND day=?2 AND part=?3 AND "
			  "seg=?4 AND sealed=1",
			  &st, reterr);
	for (size_t i = 0; !r && i < scan->n; i++) {
		const struct kr_part_info *p = &scan->parts[i];
		uint32_t own = kr_store__bound(scan->scope);
		bool may = true;

		sqlite3_bind_int(st, 1, (int)p->class_);
		sqlite3_bind_int(st, 2, p->day);
		sqlite3_bind_int64(st, 3, p->part);
		sqlite3_bind_int64(st, 4, (int64_t)p->seg);
		r = p->sealed ? kr_db_step(st, reterr) : 0;
		if (r == 1) {
			struct kr_str filter = kr_db_text(st, 0);

			may = !own || kr_valuefilter_holds(filter, KR_POST_CONSTITUENT, own);
			r = may && scan->q->expr ? kr_valuefilter_may(filter, scan->q->expr, &names,
								      a, &may, reterr)
						 : 0;
			sqlite3_reset(st);
		}
		if (may)
			scan->parts[kept++] = *p;
		else
			scan->total -= p->next_id;
	}
	scan->n = kept;
	sqlite3_finalize(st);
	kr_store__reader_put(scan->s, db);
	return r;
}

/* Does the scope show any event at all? */
static bool shows(const struct kr_scope *scope)
{
	return scope->all || scope->tlp_max != KR_TLP_NONE;
}

static int check(const struct kr_scope *scope, const struct kr_expr *x, struct kr_fault *reterr)
{
	struct kr_scope copy = *scope;
	struct kr_expr_opts opts = {.may_name = kr_scope_may_name, .ctx = &copy};

	return x ? kr_expr_check(x, &opts, reterr) : 0;
}

int kr_scan_run(struct kr_store *s, const struct kr_scope *scope, const struct kr_event_query *q,
		const struct kr_event_id *after, const struct kr_scan_only *only, kr_scan_part part,
		void *ctx, struct kr_scan *scan, struct kr_arena *a, struct kr_fault *reterr)
{
	struct kr_filter_names names;
	struct kr_part_info *all;
	size_t n;
	int r;

	*scan = (struct kr_scan){
		.s = s, .scope = scope, .open = kr_scope_is_staff(scope), .q = q, .a = a};
	r = check(scope, q->expr, reterr);
	if (r)
		return r;
	scan->names = kr_names_new(s, scope, NULL, reterr);
	if (!scan->names)
		return reterr ? reterr->code : -KR_ESTORE;
	names = kr_names_filter(scan->names);
	if (q->expr || !scope->all)
		r = kr_filter_make(q->expr, &names, 3, a, &scan->filter, reterr);
	n = shows(scope) ? kr_store__catalogue_copy(s, a, &all) : 0;
	if (n)
		scan->parts = kr_arena_alloc(a, n * sizeof(*scan->parts));
	for (size_t i = 0; scan->parts && i < n; i++) {
		bool same = false;

		if ((after && !at_or_after(&all[i], after, &same)) ||
		    !kr_plan_touches(q->expr, &all[i]))
			continue;
		if (only && !only->part(only->ctx, &all[i]))
			continue;
		scan->total += same ? KR_MIN(after->row, all[i].next_id) : all[i].next_id;
		scan->parts[scan->n++] = all[i];
	}
	if (!r && scan->n > 2 &&
	    ((q->expr && kr_valuefilter_helps(q->expr)) || kr_store__bound(scope)))
		r = drop_by_values(scan, reterr);
	for (size_t i = 0; r == 0 && i < scan->n; i++) {
		bool same = false;

		/* Many small partitions take time as well as one large one. */
		r = kr_scan_progress(scan, 0, reterr);
		if (r)
			break;
		if (after)
			at_or_after(&scan->parts[i], after, &same);
		r = run_part(scan, part, ctx, &scan->parts[i], same ? after->row : UINT64_MAX,
			     reterr);
	}
	return r;
}
