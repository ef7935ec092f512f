/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats.db: totals by day, derived from the segments of partitions by a cursor that moves in the
 * same transaction, so deriving again adds nothing. It outlives the partitions.
 */
#include <stdio.h>

#include "store/sqlite/db.h"
#include "store/sqlite/state.h"
#include "store/sqlite/tally.h"
#include "store/sqlite/valuefilter.h"

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS total(pair INTEGER, a, b, day INTEGER, tlp INTEGER, rows "
	"INTEGER NOT NULL,"
	" events INTEGER NOT NULL, PRIMARY KEY(pair,a,b,day,tlp)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS total_day ON total(pair,day);"
	"CREATE TABLE IF NOT EXISTS partition(class INTEGER, day INTEGER, part INTEGER, rows "
	"INTEGER, next_id INTEGER,"
	" seg INTEGER, derived INTEGER, sealed INTEGER, first_min INTEGER, first_max INTEGER, "
	"last_min INTEGER,"
	" last_max INTEGER, events INTEGER, filter BLOB, PRIMARY KEY(class,day,part)) WITHOUT "
	"ROWID;"
	/* Partitions whose retention has ended: their counters stay in total. */
	"CREATE TABLE IF NOT EXISTS dropped(class INTEGER, day INTEGER, part INTEGER, rows "
	"INTEGER, "
	"events INTEGER, at INTEGER NOT NULL,"
	" PRIMARY KEY(class,day,part)) WITHOUT ROWID;";

int kr_store__stats_open(struct kr_store *s, bool make, struct kr_fault *reterr)
{
	struct kr_db_opts o = {.flags = KR_DB_SHARED | KR_DB_NORMAL | (make ? KR_DB_CREATE : 0),
			       .cache_kib = 4096};
	char path[KR_PATH_MAX], sql[64];
	int r = kr_db_open(kr_store__path(s, "stats.db", path), &o, &s->stats, reterr);

	if (!r)
		r = kr_db_exec(s->stats, schema, reterr);
	snprintf(sql, sizeof(sql), "PRAGMA user_version=%d", KR_SCHEMA_STATS);
	return r ? r : kr_db_exec(s->stats, sql, reterr);
}

int kr_store__stats_unseal(struct kr_store *s, const struct kr_part_info *p,
			   struct kr_fault *reterr)
{
	sqlite3_stmt *st = NULL;
	int r;

	pthread_mutex_lock(&s->stats_lock);
	r = kr_db_exec(s->stats, "PRAGMA synchronous=FULL", reterr);
	if (!r)
		r = kr_db_prepare(
			s->stats,
			"UPDATE partition SET sealed=0 WHERE class=?1 AND day=?2 AND part=?3", &st,
			reterr);
	if (!r) {
		sqlite3_bind_int(st, 1, (int)p->class_);
		sqlite3_bind_int(st, 2, p->day);
		sqlite3_bind_int64(st, 3, p->part);
		r = kr_db_run(st, reterr);
	}
	sqlite3_finalize(st);
	sqlite3_exec(s->stats, "PRAGMA synchronous=NORMAL", NULL, NULL, NULL);
	pthread_mutex_unlock(&s->stats_lock);
	return r;
}

static int add_counters(struct kr_store *s, sqlite3 *part, const struct kr_part_info *info,
			uint64_t seg, struct kr_fault *reterr)
{
	KR_AUTO_STMT from = NULL;
	KR_AUTO_STMT to = NULL;
	int r = kr_db_prepare(
		part,
		"SELECT pair,a,b,tlp,sum(rows),sum(events) FROM counter WHERE seg>?1 AND seg<=?2"
		" GROUP BY pair,a,b,tlp",
		&from, reterr);

	if (!r)
		r = kr_db_prepare(
			s->stats,
			"INSERT INTO total VALUES(?1,?2,?3,?4,?5,?6,?7) ON CONFLICT DO UPDATE SET"
			" rows=rows+excluded.rows,events=events+excluded.events",
			&to, reterr);
	if (r)
		return r;
	sqlite3_bind_int64(from, 1, (int64_t)info->derived);
	sqlite3_bind_int64(from, 2, (int64_t)seg);
	while ((r = kr_db_step(from, reterr)) == 1) {
		sqlite3_bind_value(to, 1, sqlite3_column_value(from, 0));
		sqlite3_bind_value(to, 2, sqlite3_column_value(from, 1));
		sqlite3_bind_value(to, 3, sqlite3_column_value(from, 2));
		sqlite3_bind_int(to, 4, info->day);
		sqlite3_bind_value(to, 5, sqlite3_column_value(from, 3));
		sqlite3_bind_value(to, 6, sqlite3_column_value(from, 4));
		sqlite3_bind_value(to, 7, sqlite3_column_value(from, 5));
		r = kr_db_run(to, reterr);
		if (r)
			break;
	}
	return r < 0 ? r : 0;
}

static void bind_span(sqlite3_stmt *st, int i, kr_time t)
{
	if (t != KR_TIME_NONE)
		sqlite3_bind_int64(st, i, t);
}

static int save_cursor(struct kr_store *s, const struct kr_part_info *p, struct kr_str filter,
		       struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->stats,
			      "INSERT OR REPLACE INTO partition "
			      "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)",
			      &st, reterr);

	if (r)
		return r;
	sqlite3_bind_int(st, 1, (int)p->class_);
	sqlite3_bind_int(st, 2, p->day);
	sqlite3_bind_int64(st, 3, p->part);
	sqlite3_bind_int64(st, 4, (int64_t)p->rows);
	sqlite3_bind_int64(st, 5, (int64_t)p->next_id);
	sqlite3_bind_int64(st, 6, (int64_t)p->seg);
	sqlite3_bind_int64(st, 7, (int64_t)p->seg);
	sqlite3_bind_int(st, 8, p->sealed);
	bind_span(st, 9, p->first_min);
	bind_span(st, 10, p->first_max);
	bind_span(st, 11, p->last_min);
	bind_span(st, 12, p->last_max);
	sqlite3_bind_int64(st, 13, (int64_t)p->events);
	if (filter.n)
		sqlite3_bind_blob64(st, 14, filter.p, filter.n, SQLITE_STATIC);
	return kr_db_run(st, reterr);
}

/* Bring the totals up to one partition; stats_lock is held. */
static int derive_part(struct kr_store *s, struct kr_part_info *p, struct kr_fault *reterr)
{
	KR_AUTO_BUF filter = KR_BUF((size_t)2 << 20);
	struct kr_part_info now = *p;
	char path[KR_PATH_MAX];
	sqlite3 *part;
	int r = kr_store__reader(s, kr_store__part_path(s, p->class_, p->day, p->part, path), &part,
				 reterr);

	if (r)
		return r;
	r = kr_db_exec(part, "BEGIN", reterr);
	if (!r)
		r = kr_db_exec(s->stats, "BEGIN IMMEDIATE", reterr);
	if (!r) {
		r = add_counters(s, part, p, p->seg, reterr);
		/* A partition of an earlier day is done with, unless a report of it is taken again.
		 */
		now.sealed = p->day < kr_time_day(kr_store_now(s));
		now.derived = p->seg;
		if (!r && now.sealed)
			r = kr_valuefilter_build(part, &filter, reterr);
		if (!r)
			r = save_cursor(s, &now, kr_buf_str(&filter), reterr);
		if (!r)
			r = kr_db_exec(s->stats, "COMMIT", reterr);
		if (r)
			sqlite3_exec(s->stats, "ROLLBACK", NULL, NULL, NULL);
	}
	sqlite3_exec(part, "ROLLBACK", NULL, NULL, NULL);
	kr_store__reader_put(s, part);
	if (!r) {
		/* Only what was derived here: rows may have come meanwhile. */
		pthread_rwlock_wrlock(&s->catalogue.lock);
		for (size_t i = 0; i < s->catalogue.n; i++) {
			struct kr_part_info *c = &s->catalogue.parts[i];

			if (c->class_ == p->class_ && c->day == p->day && c->part == p->part) {
				c->derived = KR_MAX(c->derived, p->seg);
				c->sealed = now.sealed && c->seg == p->seg;
			}
		}
		pthread_rwlock_unlock(&s->catalogue.lock);
	}
	return r;
}

int kr_store_derive(struct kr_store *s, struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_part_info *parts;
	int32_t today = kr_time_day(kr_store_now(s));
	size_t n;
	int r = 0;

	pthread_mutex_lock(&s->stats_lock);
	n = kr_store__catalogue_copy(s, a, &parts);
	for (size_t i = 0; !r && i < n; i++)
		if (parts[i].seg > parts[i].derived || (!parts[i].sealed && parts[i].day < today))
			r = derive_part(s, &parts[i], reterr);
	pthread_mutex_unlock(&s->stats_lock);
	return r;
}

/* ---- questions ---- */

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
	if (dim_table(d))
		kr_buf_printf(b, "coalesce((SELECT name FROM main_db.%s WHERE id=%s),'')",
			      dim_table(d), column);
	else if (d == KR_DIM_AS)
		kr_buf_printf(b, "nullif(%s,0)", column);
	else
		kr_buf_c(b, column);
}

/* Which stored pair answers the question, and whether its sides are swapped; -1: none. */
static int find_pair(enum kr_dim a, enum kr_dim b, bool *ret_swapped)
{
	for (int i = 0; i < (int)KR_ARRAY_LEN(pairs); i++) {
		*ret_swapped = pairs[i].a == b && pairs[i].b == a && a != b;
		if ((pairs[i].a == a && pairs[i].b == b) || *ret_swapped)
			return i;
	}
	return -1;
}

static void counter_sql(struct kr_buf *b, const struct kr_counter_query *q, bool swapped)
{
	const char *a = swapped ? "b" : "a", *other = swapped ? "a" : "b";

	kr_buf_printf(b, "SELECT %s,", q->by_day ? "day" : "0");
	dim_sql(b, q->a, a);
	kr_buf_ch(b, ',');
	dim_sql(b, q->b, other);
	kr_buf_c(b, ",rows,events FROM (SELECT ");
	/*
	 * One value of the first column is found by the primary key: "+day" keeps the index by day
	 * away, "+(SELECT" drops the affinity of the id, for which no index of a column without one
	 * is used.
	 */
	kr_buf_printf(b,
		      "%s a,b,sum(rows) rows,sum(events) events FROM total WHERE pair=?1 AND %sday "
		      "BETWEEN ?2 AND ?3",
		      q->by_day ? "day," : "", q->value_a.n && !swapped ? "+" : "");
	if (q->value_a.n && dim_table(q->a))
		kr_buf_printf(b, " AND %s=+(SELECT id FROM main_db.%s WHERE name=?4)", a,
			      dim_table(q->a));
	else if (q->value_a.n)
		kr_buf_printf(b, " AND %s=?4", a);
	kr_buf_printf(b,
		      " GROUP BY %sa,b HAVING sum(rows)<>0 OR sum(events)<>0) ORDER BY %s LIMIT ?5",
		      q->by_day ? "day," : "", q->by_day ? "day,events DESC" : "events DESC,1");
}

int kr_store_counters(struct kr_store *s, const struct kr_scope *scope,
		      const struct kr_counter_query *q, struct kr_arena *a,
		      struct kr_counter_row **ret, size_t *ret_n, struct kr_fault *reterr)
{
	KR_AUTO_BUF sql = KR_BUF(4096);
	char path[KR_PATH_MAX], main_path[KR_PATH_MAX];
	struct kr_counter_row *list = NULL;
	size_t n = 0, cap = 0;
	sqlite3_stmt *st = NULL;
	sqlite3 *db;
	bool swapped;
	int pair = find_pair(q->a, q->b, &swapped), r;

	if (pair < 0)
		return kr_fault_set(reterr, -KR_EINVAL, "no counter by %s and %s is kept",
				    kr_dim_text(q->a), kr_dim_text(q->b));
	r = kr_store__reader(s, kr_store__path(s, "stats.db", path), &db, reterr);
	if (r)
		return r;
	if (!sqlite3_db_filename(db, "main_db")) {
		char *attach = sqlite3_mprintf("ATTACH %Q AS main_db",
					       kr_store__path(s, "main.db", main_path));

		r = kr_db_exec(db, attach, reterr);
		sqlite3_free(attach);
	}
	counter_sql(&sql, q, swapped);
	if (!r)
		r = kr_db_prepare(db, kr_buf_cstr(&sql), &st, reterr);
	if (!r) {
		int64_t asn;

		sqlite3_bind_int(st, 1, scope->all ? pair : -1);
		sqlite3_bind_int(st, 2, q->from);
		sqlite3_bind_int(st, 3, q->to);
		if (q->value_a.n && q->a == KR_DIM_AS && !kr_str_i64(q->value_a, &asn))
			sqlite3_bind_int64(st, 4, asn);
		else if (q->value_a.n)
			kr_db_bind_str(st, 4, q->value_a);
		sqlite3_bind_int64(st, 5, q->limit ? (int64_t)q->limit : -1);
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
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	if (r < 0 || kr_arena_full(a))
		return r < 0 ? r
			     : kr_fault_set(reterr, -KR_ELIMIT,
					    "too many counters; ask for a shorter span");
	*ret = list;
	*ret_n = n;
	return 0;
}
