/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters of one constituent, from its rows: postings name them, the filter of the scope decides,
 * and each row adds to the sum of (day, value, value). A day is the partition's, and rows of the
 * class test do not count, as in tally.c.
 */
#include <stdlib.h>

#include "store/sqlite/counters.h"
#include "store/sqlite/db.h"
#include "store/sqlite/row.h"
#include "store/sqlite/scan.h"
#include "store/sqlite/sums.h"

#define SUMS_MAX 1000000 /* distinct (day, value, value) of one answer */

struct counting {
	const struct kr_counter_query *q;
	char value[24]; /* the one AS asked for, as written here */
	struct kr_str value_a;
	struct kr_sums sums;
};

static const char *dim_column(enum kr_dim d)
{
	switch (d) {
	case KR_DIM_CLASS: return kr_row_column(KR_F_CLASS_TAXONOMY);
	case KR_DIM_TYPE: return kr_row_column(KR_F_CLASS_TYPE);
	case KR_DIM_AS: return kr_row_column(KR_F_SRC_ASN);
	case KR_DIM_COUNTRY: return kr_row_column(KR_F_SRC_CC);
	default: return "''";
	}
}

/* The key of a sum: day, first and second value, with a byte between that no value holds. */
static int add(struct counting *c, int32_t day, sqlite3_stmt *st, struct kr_fault *reterr)
{
	KR_AUTO_BUF key = KR_BUF((size_t)1 << 16);
	struct kr_str a = kr_db_text(st, 0);

	if (c->value_a.n && !kr_str_eq(a, c->value_a))
		return 0;
	kr_buf_i64(&key, c->q->by_day ? day : 0);
	kr_buf_ch(&key, '\n');
	kr_buf_str_add(&key, a);
	kr_buf_ch(&key, '\n');
	kr_buf_str_add(&key, kr_db_text(st, 1));
	return kr_sums_add(&c->sums, kr_buf_str(&key), 1, (uint64_t)sqlite3_column_int64(st, 2),
			   reterr);
}

static int count_part(struct kr_scan *scan, void *ctx, sqlite3 *db, const struct kr_part_info *p,
		      const struct kr_bits *ids, uint64_t below, struct kr_fault *reterr)
{
	struct kr_event_id part = {p->class_, p->day, p->part, 0};
	KR_AUTO_BUF sql = KR_BUF(1 << 16);
	struct counting *c = ctx;
	KR_AUTO_STMT st = NULL;
	uint64_t done = 0;
	int r;

	kr_buf_printf(&sql,
		      "SELECT %s,%s,n FROM event WHERE id=?1 AND %s AND coalesce(%s,'')<>'test'",
		      dim_column(c->q->a), dim_column(c->q->b), kr_filter_sql(scan->filter),
		      kr_row_column(KR_F_CLASS_TAXONOMY));
	r = kr_db_prepare(db, kr_buf_cstr(&sql), &st, reterr);
	if (!r)
		r = kr_filter_bind(scan->filter, st, &part, reterr);
	for (uint64_t id = below; !r && ids && (id = kr_bits_before(ids, id));) {
		sqlite3_bind_int64(st, 1, (int64_t)id);
		r = kr_db_step(st, reterr);
		if (r == 1) {
			r = add(c, p->day, st, reterr);
			sqlite3_reset(st);
		}
		if (!r && ++done % 4096 == 0)
			r = kr_scan_progress(scan, 4096, reterr);
	}
	return r;
}

static bool within(void *ctx, const struct kr_part_info *p)
{
	const struct kr_counter_query *q = ctx;

	return p->day >= q->from && p->day <= q->to;
}

static struct kr_counter_row read_sum(const struct kr_group_row *g)
{
	struct kr_counter_row row = {.rows = g->rows, .events = g->events};
	struct kr_str rest = g->value, day;
	int64_t n = 0;

	kr_str_split(&rest, '\n', &day);
	kr_str_split(&rest, '\n', &row.value_a);
	row.value_b = rest;
	if (kr_str_i64(day, &n) == 0)
		row.day = (int32_t)n;
	return row;
}

static int row_cmp(const void *x, const void *y)
{
	const struct kr_counter_row *a = x, *b = y;
	int c;

	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	if (a->events != b->events)
		return a->events < b->events ? 1 : -1;
	c = kr_str_cmp(a->value_a, b->value_a);
	return c ? c : kr_str_cmp(a->value_b, b->value_b);
}

static int hand_out(const struct counting *c, struct kr_arena *a, struct kr_counter_row **ret,
		    size_t *ret_n, struct kr_fault *reterr)
{
	struct kr_counter_row *list;
	struct kr_group_row *sums;
	size_t n;
	int r = kr_sums_list(&c->sums, a, &sums, &n, reterr);

	list = r ? NULL : kr_arena_calloc(a, n, sizeof(*list));
	if (!list)
		return r ? r : kr_fault_set(reterr, -KR_ELIMIT, "too many counters");
	for (size_t i = 0; i < n; i++)
		list[i] = read_sum(&sums[i]);
	qsort(list, n, sizeof(*list), row_cmp);
	*ret = list;
	*ret_n = c->q->limit ? KR_MIN(n, (size_t)c->q->limit) : n;
	return 0;
}

int kr_counters_from_rows(struct kr_store *s, const struct kr_scope *scope,
			  const struct kr_counter_query *q, struct kr_arena *a,
			  struct kr_counter_row **ret, size_t *ret_n, struct kr_fault *reterr)
{
	struct counting c = {.q = q, .value_a = q->value_a};
	struct kr_buf number = {.p = c.value, .cap = sizeof(c.value), .max = sizeof(c.value)};
	struct kr_counter_query days = *q;
	struct kr_event_query all = {0};
	struct kr_scan scan;
	int64_t asn;
	int r;

	if (q->value_a.n && q->a == KR_DIM_AS && !kr_str_i64(q->value_a, &asn)) {
		kr_buf_i64(&number, asn);
		c.value_a = kr_buf_str(&number);
	}
	kr_sums_init(&c.sums, SUMS_MAX);
	r = kr_scan_run(s, scope, &all, NULL, &(struct kr_scan_only){within, &days}, count_part, &c,
			&scan, a, reterr);
	kr_names_done(scan.names);
	if (r >= 0)
		r = hand_out(&c, a, ret, ret_n, reterr);
	kr_sums_done(&c.sums);
	return r;
}
