/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to the counters. Labels are kept with every counter, so a limit of labels is one more
 * condition. By constituent only all and classes are kept: what else a scope asks that is bound to
 * one is counted from its rows (counters_rows.c). A dimension that a scope hides is as little there
 * as a pair that is not kept.
 */
#include "store/sqlite/counters.h"

#include "store/sqlite/db.h"
#include "store/sqlite/scope.h"

static const struct {
	enum kr_dim a, b;
} pairs[] = {
#define D(number, a, b) [number] = {KR_DIM_##a, KR_DIM_##b},
#include "store/counters.def"
#undef D
};

static const char *const dim_names[] = {
	[KR_DIM_NONE] = "",
	[KR_DIM_CLASS] = "class",
	[KR_DIM_AS] = "asn",
	[KR_DIM_COUNTRY] = "country",
	[KR_DIM_CONSTITUENT] = "constituent",
	[KR_DIM_SOURCE] = "source",
	[KR_DIM_TYPE] = "type",
};

const char *kr_dim_text(enum kr_dim d)
{
	return d < KR_ARRAY_LEN(dim_names) ? dim_names[d] : "";
}

enum kr_dim kr_dim_parse(struct kr_str s)
{
	for (size_t i = 1; i < KR_ARRAY_LEN(dim_names); i++)
		if (kr_str_eqc(s, dim_names[i]))
			return (enum kr_dim)i;
	return KR_DIM_NONE;
}

/* Name of the table that a dimension's ids live in; NULL: the value is its own text. */
static const char *dim_table(enum kr_dim d)
{
	return d == KR_DIM_CONSTITUENT ? "constituent" : d == KR_DIM_SOURCE ? "source" : NULL;
}

static void dim_sql(struct kr_buf *b, enum kr_dim d, const char *column)
{
	if (d == KR_DIM_NONE)
		kr_buf_c(b, "''");
	else if (dim_table(d))
		kr_buf_printf(b, "coalesce((SELECT name FROM main_db.%s WHERE id=%s),'')",
			      dim_table(d), column);
	else if (d == KR_DIM_AS)
		kr_buf_printf(b, "nullif(%s,0)", column);
	else
		kr_buf_c(b, column);
}

int kr_counters_pair(enum kr_dim a, enum kr_dim b, bool *ret_swapped)
{
	for (int i = 0; i < (int)KR_ARRAY_LEN(pairs); i++) {
		*ret_swapped = pairs[i].a == b && pairs[i].b == a && a != b;
		if ((pairs[i].a == a && pairs[i].b == b) || *ret_swapped)
			return i;
	}
	return -1;
}

/* What a dimension is to the gate. */
static bool dim_shown(const struct kr_scope *scope, enum kr_dim d)
{
	switch (d) {
	case KR_DIM_NONE: return true;
	case KR_DIM_CLASS: return kr_scope_field(scope, KR_F_CLASS_TAXONOMY);
	case KR_DIM_TYPE: return kr_scope_field(scope, KR_F_CLASS_TYPE);
	case KR_DIM_AS: return kr_scope_field(scope, KR_F_SRC_ASN);
	case KR_DIM_COUNTRY: return kr_scope_field(scope, KR_F_SRC_CC);
	case KR_DIM_CONSTITUENT: return kr_scope_subject(scope, KR_SUBJ_CONSTITUENT);
	case KR_DIM_SOURCE: return kr_scope_subject(scope, KR_SUBJ_SOURCE);
	}
	return false;
}

/* The stored pair that is asked, and which of its sides is fixed to the constituent. */
struct asked {
	int pair;
	const char *a, *b; /* columns of the two dimensions */
	const char *bound; /* column of the constituent; NULL: not bound */
};

/* False: it must be counted from rows. */
static bool bind_pair(const struct kr_counter_query *q, struct asked *k)
{
	bool swapped;

	if (q->b != KR_DIM_NONE || (q->a != KR_DIM_NONE && q->a != KR_DIM_CLASS))
		return false;
	k->pair = kr_counters_pair(q->a == KR_DIM_NONE ? KR_DIM_CONSTITUENT : KR_DIM_CLASS,
				   q->a == KR_DIM_NONE ? KR_DIM_NONE : KR_DIM_CONSTITUENT,
				   &swapped);
	k->bound = q->a == KR_DIM_NONE ? "a" : "b";
	k->a = q->a == KR_DIM_NONE ? "''" : "a";
	k->b = "''";
	return true;
}

static void counter_sql(struct kr_buf *b, const struct kr_counter_query *q, const struct asked *k)
{
	bool by_key = k->bound || (q->value_a.n && *k->a == 'a');

	kr_buf_printf(b, "SELECT %s,", q->by_day ? "day" : "0");
	dim_sql(b, q->a, k->a);
	kr_buf_ch(b, ',');
	dim_sql(b, q->b, k->b);
	kr_buf_c(b, ",rows,events FROM (SELECT ");
	/*
	 * One value of the first column is found by the primary key: "+day" keeps the index by day
	 * away, "+(SELECT" drops the affinity of the id, for which no index of a column without one
	 * is used.
	 */
	kr_buf_printf(b,
		      "%s a,b,sum(rows) rows,sum(events) events FROM total WHERE pair=?1 AND %sday "
		      "BETWEEN ?2 AND ?3 AND tlp BETWEEN ?6 AND ?7",
		      q->by_day ? "day," : "", by_key ? "+" : "");
	if (k->bound)
		kr_buf_printf(b, " AND %s=?8", k->bound);
	/* The few classes one by one, so that the key finds the constituent behind each. */
	if (k->bound && *k->bound == 'b')
		kr_buf_c(b, " AND a IN (SELECT DISTINCT a FROM total WHERE pair=9)");
	if (q->value_a.n && dim_table(q->a))
		kr_buf_printf(b, " AND %s=+(SELECT id FROM main_db.%s WHERE name=?4)", k->a,
			      dim_table(q->a));
	else if (q->value_a.n)
		kr_buf_printf(b, " AND %s=?4", k->a);
	kr_buf_printf(b,
		      " GROUP BY %sa,b HAVING sum(rows)<>0 OR sum(events)<>0) ORDER BY %s LIMIT ?5",
		      q->by_day ? "day," : "", q->by_day ? "1,events DESC,2,3" : "events DESC,2,3");
}

static void bind(sqlite3_stmt *st, const struct kr_scope *scope, const struct kr_counter_query *q,
		 const struct asked *k)
{
	struct kr_labels labels = kr_store__labels(scope);
	int64_t asn;

	sqlite3_bind_int(st, 1, k->pair);
	sqlite3_bind_int(st, 2, q->from);
	sqlite3_bind_int(st, 3, q->to);
	if (q->value_a.n && q->a == KR_DIM_AS && !kr_str_i64(q->value_a, &asn))
		sqlite3_bind_int64(st, 4, asn);
	else if (q->value_a.n)
		kr_db_bind_str(st, 4, q->value_a);
	sqlite3_bind_int64(st, 5, q->limit ? (int64_t)q->limit : -1);
	sqlite3_bind_int(st, 6, labels.lo);
	sqlite3_bind_int(st, 7, labels.hi);
	sqlite3_bind_int64(st, 8, kr_store__bound(scope));
}

static int read_rows(sqlite3_stmt *st, struct kr_arena *a, struct kr_counter_row **ret,
		     size_t *ret_n, struct kr_fault *reterr)
{
	struct kr_counter_row *list = NULL;
	size_t n = 0, cap = 0;
	int r;

	while ((r = kr_db_step(st, reterr)) == 1) {
		list = kr_arena_more(a, list, n, &cap, sizeof(*list));
		if (!list)
			break;
		list[n++] = (struct kr_counter_row){
			.day = sqlite3_column_int(st, 0),
			.value_a = kr_db_dup(st, 1, a),
			.value_b = kr_db_dup(st, 2, a),
			.rows = (uint64_t)sqlite3_column_int64(st, 3),
			.events = (uint64_t)sqlite3_column_int64(st, 4),
		};
	}
	if (r < 0)
		return r;
	if (kr_arena_full(a))
		return kr_fault_set(reterr, -KR_ELIMIT,
				    "too many counters; ask for a shorter span");
	*ret = list;
	*ret_n = n;
	return 0;
}

/* stats.db with main.db beside it, for the names of ids. */
static int open_stats(struct kr_store *s, sqlite3 **ret, struct kr_fault *reterr)
{
	char path[KR_PATH_MAX], main_path[KR_PATH_MAX], *attach;
	int r = kr_store__reader(s, kr_store__path(s, "stats.db", path), ret, reterr);

	if (r || sqlite3_db_filename(*ret, "main_db"))
		return r;
	attach = sqlite3_mprintf("ATTACH %Q AS main_db", kr_store__path(s, "main.db", main_path));
	r = kr_db_exec(*ret, attach, reterr);
	sqlite3_free(attach);
	if (r)
		kr_store__reader_put(s, *ret);
	return r;
}

int kr_store_counters(struct kr_store *s, const struct kr_scope *scope,
		      const struct kr_counter_query *q, struct kr_arena *a,
		      struct kr_counter_row **ret, size_t *ret_n, struct kr_fault *reterr)
{
	KR_AUTO_BUF sql = KR_BUF(4096);
	sqlite3_stmt *st = NULL;
	struct asked k = {0};
	bool swapped;
	sqlite3 *db;
	int r;

	k.pair = kr_counters_pair(q->a, q->b, &swapped);
	if (k.pair < 0 || !dim_shown(scope, q->a) || !dim_shown(scope, q->b))
		return kr_fault_set(reterr, -KR_EINVAL, "no counter by %s and %s is kept",
				    kr_dim_text(q->a), kr_dim_text(q->b));
	k.a = swapped ? "b" : "a";
	k.b = swapped ? "a" : "b";
	if (kr_store__bound(scope) && !bind_pair(q, &k))
		return kr_counters_from_rows(s, scope, q, a, ret, ret_n, reterr);
	r = open_stats(s, &db, reterr);
	if (r)
		return r;
	counter_sql(&sql, q, &k);
	r = kr_db_prepare(db, kr_buf_cstr(&sql), &st, reterr);
	if (!r) {
		bind(st, scope, q, &k);
		r = read_rows(st, a, ret, ret_n, reterr);
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	return r;
}
