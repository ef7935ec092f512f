/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting rows, by a field or another subject. A field with a column is grouped by SQLite, step by
 * step, and the steps are added up here; anything else is read row by row.
 */
#include "store/sqlite/counters.h"
#include "store/sqlite/db.h"
#include "store/sqlite/row.h"
#include "store/sqlite/scan.h"
#include "store/sqlite/sums.h"

struct counting {
	struct kr_count total;
	const struct kr_expr_leaf *by;
	struct kr_sums g;
	struct kr_arena *row;
};

/* SQL of what is grouped by, NULL where rows must be read. */
static const char *by_column(const struct kr_expr_leaf *by)
{
	switch (by->subject) {
	case KR_SUBJ_FIELD: return kr_row_column(by->field);
	case KR_SUBJ_SOURCE: return "source";
	case KR_SUBJ_REPORT: return "report";
	case KR_SUBJ_COUNT: return "n";
	case KR_SUBJ_FIRST: return "first";
	case KR_SUBJ_LAST: return "last";
	case KR_SUBJ_ROUTED: return "owners IS NOT NULL";
	default: return NULL;
	}
}

static bool by_day(const struct kr_expr_leaf *by)
{
	return by->subject == KR_SUBJ_FIRST || by->subject == KR_SUBJ_LAST ||
	       (by->subject == KR_SUBJ_FIELD && kr_field_info(by->field)->rep == KR_REP_TIME);
}

/* Text of a group's value; column 0 of st. */
static struct kr_str by_text(struct kr_scan *scan, const struct kr_expr_leaf *by, sqlite3_stmt *st,
			     struct kr_buf *b)
{
	union kr_value v = {0};
	char day[KR_TIME_TEXT_MAX];

	kr_buf_clear(b);
	if (sqlite3_column_type(st, 0) == SQLITE_NULL)
		return KR_STR("");
	if (by_day(by)) {
		kr_buf_c(b, kr_day_text(sqlite3_column_int(st, 0), day));
		return kr_buf_str(b);
	}
	switch (by->subject) {
	case KR_SUBJ_SOURCE:
		return kr_names_source(scan->names, (uint32_t)sqlite3_column_int64(st, 0));
	case KR_SUBJ_ROUTED: return sqlite3_column_int(st, 0) ? KR_STR("yes") : KR_STR("no");
	case KR_SUBJ_FIELD: break;
	default: kr_buf_i64(b, sqlite3_column_int64(st, 0)); return kr_buf_str(b);
	}
	switch (kr_field_info(by->field)->rep) {
	case KR_REP_INT: v.i = sqlite3_column_int64(st, 0); break;
	case KR_REP_REAL: v.d = sqlite3_column_double(st, 0); break;
	case KR_REP_IP:
		if (kr_field_info(by->field)->kind == KR_K_NET)
			return kr_db_text(st, 0);
		v.ip = kr_db_ip(st, 0);
		if (!v.ip.family)
			return KR_STR("");
		break;
	default: return kr_db_text(st, 0);
	}
	kr_field_text(by->field, &v, b);
	return kr_buf_str(b);
}

/* Add one row read whole to the groups of its values. */
static int group_row(struct kr_scan *scan, struct counting *c, sqlite3_stmt *st,
		     struct kr_fault *reterr)
{
	KR_AUTO_BUF b = KR_BUF(1 << 20);
	struct kr_row row;
	const union kr_value *v;
	int r;

	kr_arena_clear(c->row);
	r = kr_row_read(st, 0, c->row, &row, reterr);
	if (r)
		return r;
	c->total.rows++;
	c->total.events += row.e->count;
	if (c->by->subject == KR_SUBJ_CONSTITUENT) {
		if (!row.e->n_owners)
			return kr_sums_add(&c->g, KR_STR(""), 1, row.e->count, reterr);
		for (uint32_t i = 0; !r && i < row.e->n_owners; i++)
			r = kr_sums_add(
				&c->g,
				kr_names_constituent(scan->names, row.e->owners[i].constituent), 1,
				row.e->count, reterr);
		return r;
	}
	if (c->by->subject == KR_SUBJ_EXTRA) {
		const struct kr_extra *x = kr_event_extra(row.e, c->by->key);

		return kr_sums_add(&c->g, x ? x->value : KR_STR(""), 1, row.e->count, reterr);
	}
	v = kr_event_get(row.e, c->by->field);
	if (v)
		kr_field_text(c->by->field, v, &b);
	return kr_sums_add(&c->g, kr_buf_str(&b), 1, row.e->count, reterr);
}

/* One statement's rows into the counts. */
static int add_rows(struct kr_scan *scan, struct counting *c, sqlite3_stmt *st, bool whole,
		    struct kr_buf *text, struct kr_fault *reterr)
{
	int r;

	while ((r = kr_db_step(st, reterr)) == 1) {
		if (whole) {
			r = group_row(scan, c, st, reterr);
		} else {
			uint64_t rows = (uint64_t)sqlite3_column_int64(st, 1),
				 events = (uint64_t)sqlite3_column_int64(st, 2);

			c->total.rows += rows;
			c->total.events += events;
			r = c->by && rows ? kr_sums_add(&c->g, by_text(scan, c->by, st, text), rows,
							events, reterr)
					  : 0;
		}
		if (r)
			break;
	}
	sqlite3_reset(st);
	return r;
}

static int count_part(struct kr_scan *scan, void *ctx, sqlite3 *db, const struct kr_part_info *p,
		      const struct kr_bits *ids, uint64_t below, struct kr_fault *reterr)
{
	struct counting *c = ctx;
	const char *column = c->by ? by_column(c->by) : "0";
	KR_AUTO_BUF sql = KR_BUF(1 << 20);
	KR_AUTO_BUF text = KR_BUF(1 << 16);
	KR_AUTO_STMT st = NULL;
	struct kr_event_id part = {p->class_, p->day, p->part, 0};
	uint64_t done = 0;
	int r;

	if (!column)
		kr_buf_printf(&sql, "SELECT %s", kr_row_columns());
	else
		kr_buf_printf(
			&sql,
			c->by && by_day(c->by)
				? "SELECT "
				  "(%s-((%s%%86400000000)+86400000000)%%86400000000)/86400000000"
				: "SELECT %s",
			column, column);
	if (column)
		kr_buf_c(&sql, ",count(*),sum(n)");
	kr_buf_printf(&sql, " FROM event WHERE id BETWEEN ?1 AND ?2 AND %s%s",
		      scan->filter ? kr_filter_sql(scan->filter) : "1",
		      column && c->by ? " GROUP BY 1" : "");
	if (sql.err)
		return kr_fault_set(reterr, -KR_ELIMIT, "the expression is too long");
	r = kr_db_prepare(db, kr_buf_cstr(&sql), &st, reterr);
	if (!r && scan->filter)
		r = kr_filter_bind(scan->filter, st, &part, reterr);
	/* Few candidates: row by row. Many: going through all is cheaper than seeking each. */
	if (!r && ids && ids->set < below / 8) {
		for (uint64_t id = below; !r && (id = kr_bits_before(ids, id));) {
			sqlite3_bind_int64(st, 1, (int64_t)id);
			sqlite3_bind_int64(st, 2, (int64_t)id);
			r = add_rows(scan, c, st, !column, &text, reterr);
			if (!r && ++done % 4096 == 0)
				r = kr_scan_progress(scan, 4096, reterr);
		}
		return r;
	}
	for (uint64_t to = below; !r && to > 1;) {
		uint64_t from = to > KR_SCAN_STEP ? to - KR_SCAN_STEP : 1;

		sqlite3_bind_int64(st, 1, (int64_t)from);
		sqlite3_bind_int64(st, 2, (int64_t)to - 1);
		r = add_rows(scan, c, st, !column, &text, reterr);
		if (!r)
			r = kr_scan_progress(scan, to - from, reterr);
		to = from;
	}
	return r;
}

/* All rows: the catalogue knows. */
static void count_all(struct kr_store *s, struct kr_arena *a, struct kr_count *ret)
{
	struct kr_part_info *parts;
	size_t n = kr_store__catalogue_copy(s, a, &parts);

	*ret = (struct kr_count){0};
	for (size_t i = 0; i < n; i++) {
		ret->rows += parts[i].rows;
		ret->events += parts[i].events;
	}
}

static int run(struct kr_store *s, const struct kr_scope *scope, const struct kr_event_query *q,
	       const struct kr_scan_only *only, struct counting *c, struct kr_arena *a,
	       struct kr_fault *reterr)
{
	struct kr_scan scan;
	int r;

	c->row = kr_arena_new((size_t)64 << 20);
	r = kr_scan_run(s, scope, q, NULL, only, count_part, c, &scan, a, reterr);
	kr_names_done(scan.names);
	kr_arena_free(c->row);
	return KR_MIN(r, 0);
}

struct some {
	const struct kr_part_info *parts;
	size_t n;
};

static bool is_one(void *ctx, const struct kr_part_info *p)
{
	const struct some *some = ctx;

	for (size_t i = 0; i < some->n; i++)
		if (some->parts[i].class_ == p->class_ && some->parts[i].day == p->day &&
		    some->parts[i].part == p->part)
			return true;
	return false;
}

/* All rows that a scope shows: counters know them, but for those of the class test. */
static int count_shown(struct kr_store *s, const struct kr_scope *scope,
		       const struct kr_event_query *q, struct kr_arena *a, struct kr_count *ret,
		       struct kr_fault *reterr)
{
	struct kr_expr test = {.op = KR_EXPR_LEAF,
			       .leaf = {.subject = KR_SUBJ_FIELD,
					.field = KR_F_CLASS_TAXONOMY,
					.test = KR_TEST_EQ,
					.rep = KR_REP_TEXT,
					.value.text = KR_STR("test")}};
	struct kr_event_query tests = {.expr = &test, .progress = q->progress, .ctx = q->ctx};
	struct kr_part_info *parts;
	struct counting c = {0};
	struct some some;
	int r = kr_counters_known(s, scope, a, ret, &parts, &some.n, reterr);

	some.parts = parts;
	if (!r && some.n)
		r = run(s, scope, &tests, &(struct kr_scan_only){is_one, &some}, &c, a, reterr);
	ret->rows += c.total.rows;
	ret->events += c.total.events;
	return r;
}

/* May rows be grouped by this, by this viewer? */
static int check_by(const struct kr_scope *scope, const struct kr_expr_leaf *by,
		    struct kr_fault *reterr)
{
	struct kr_scope copy = *scope;
	struct kr_expr_opts opts = {.may_name = kr_scope_may_name, .ctx = &copy};

	if (by->subject == KR_SUBJ_ID || by->subject == KR_SUBJ_WORD)
		return kr_fault_set(reterr, -KR_EINVAL, "events cannot be grouped by this");
	return kr_expr_check_leaf(by, &opts, reterr);
}

int kr_store_event_count(struct kr_store *s, const struct kr_scope *scope,
			 const struct kr_event_query *q, const struct kr_expr_leaf *by,
			 uint32_t groups_max, struct kr_arena *a, struct kr_count *ret,
			 struct kr_group_row **ret_groups, size_t *ret_n, struct kr_fault *reterr)
{
	struct counting c = {.by = by};
	int r = by ? check_by(scope, by, reterr) : 0;

	if (r)
		return r;
	if (!by && (!q->expr || q->expr->op == KR_EXPR_ALL)) {
		if (!scope->all)
			return count_shown(s, scope, q, a, ret, reterr);
		count_all(s, a, ret);
		return 0;
	}
	kr_sums_init(&c.g, groups_max ? groups_max : 100000);
	r = run(s, scope, q, NULL, &c, a, reterr);
	if (!r && by)
		r = kr_sums_list(&c.g, a, ret_groups, ret_n, reterr);
	if (!r)
		*ret = c.total;
	kr_sums_done(&c.g);
	return r;
}
