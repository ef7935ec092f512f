/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much a scope shows, from counters. stats.db knows for each day how many rows there are by
 * label, and by constituent and label; the catalogue knows how many rows there are at all. Where
 * the two agree for a day, the sums of stats.db hold. Where they do not - rows are newer than the
 * sums, a retention class of the day was dropped, or there are rows of the class test, which no
 * counter counts - each partition of the day is asked for its own counters, which commit with its
 * rows.
 */
#include "store/sqlite/counters.h"

#include <stdio.h>

#include "store/sqlite/db.h"
#include "store/sqlite/partition.h"
#include "store/sqlite/scope.h"

/* Sums of counters: of all rows, and of those that the scope shows. */
struct sums {
	struct kr_count all, shown;
};

struct asking {
	sqlite3_stmt *all, *shown;
};

static void asking_done(struct asking *k)
{
	sqlite3_finalize(k->all);
	sqlite3_finalize(k->shown);
}

/* from: the table and a condition; ?1 and ?2 are labels, ?3 is a day. */
static int asking_new(sqlite3 *db, const char *from, const struct kr_scope *scope,
		      struct asking *ret, struct kr_fault *reterr)
{
	static const char sql[] =
		"SELECT coalesce(sum(rows),0),coalesce(sum(events),0) FROM %s AND "
		"pair=%d AND a=%u AND b=0 AND tlp BETWEEN ?1 AND ?2";
	uint32_t bound = kr_store__bound(scope);
	char text[320];
	bool swapped;
	int r, none = kr_counters_pair(KR_DIM_NONE, KR_DIM_NONE, &swapped),
	       constituent = kr_counters_pair(KR_DIM_CONSTITUENT, KR_DIM_NONE, &swapped);

	*ret = (struct asking){0};
	snprintf(text, sizeof(text), sql, from, none, 0u);
	r = kr_db_prepare(db, text, &ret->all, reterr);
	snprintf(text, sizeof(text), sql, from, bound ? constituent : none, bound);
	return r ? r : kr_db_prepare(db, text, &ret->shown, reterr);
}

static int ask_one(sqlite3_stmt *st, struct kr_labels labels, int32_t day, struct kr_count *ret,
		   struct kr_fault *reterr)
{
	int r;

	sqlite3_bind_int(st, 1, labels.lo);
	sqlite3_bind_int(st, 2, labels.hi);
	sqlite3_bind_int(st, 3, day);
	r = kr_db_step(st, reterr);
	if (r == 1)
		*ret = (struct kr_count){(uint64_t)sqlite3_column_int64(st, 0),
					 (uint64_t)sqlite3_column_int64(st, 1)};
	sqlite3_reset(st);
	return KR_MIN(r, 0);
}

static int ask(const struct asking *k, const struct kr_scope *scope, int32_t day, struct sums *ret,
	       struct kr_fault *reterr)
{
	int r = ask_one(k->all, kr_store__labels(&KR_SCOPE_ALL), day, &ret->all, reterr);

	return r ? r : ask_one(k->shown, kr_store__labels(scope), day, &ret->shown, reterr);
}

/* Ask the partition itself; ret_tests: it holds rows that no counter counts. */
static int ask_part(struct kr_store *s, const struct kr_scope *scope, const struct kr_part_info *p,
		    struct sums *ret, bool *ret_tests, struct kr_fault *reterr)
{
	struct kr_part_info now = *p;
	char path[KR_PATH_MAX];
	struct asking k = {0};
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__part_path(s, p->class_, p->day, p->part, path), &db,
				 reterr);

	if (r)
		return r;
	r = kr_db_exec(db, "BEGIN", reterr);
	if (!r)
		r = kr_partition_state(db, &now, reterr);
	if (!r)
		r = asking_new(db, "counter WHERE seg IN (SELECT seg FROM seg) AND ?3 IS NOT NULL",
			       scope, &k, reterr);
	if (!r)
		r = ask(&k, scope, p->day, ret, reterr);
	asking_done(&k);
	sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	kr_store__reader_put(s, db);
	*ret_tests = now.rows != ret->all.rows;
	return r;
}

static void add(struct kr_count *sum, const struct kr_count *c)
{
	sum->rows += c->rows;
	sum->events += c->events;
}

/* The partitions of one day. */
static int ask_day(struct kr_store *s, const struct kr_scope *scope, const struct asking *days,
		   const struct kr_part_info *parts, size_t n, struct kr_count *ret,
		   struct kr_part_info *tests, size_t *n_tests, struct kr_fault *reterr)
{
	struct kr_count there = {0};
	struct sums sums = {0};
	bool has_tests;
	int r = ask(days, scope, parts[0].day, &sums, reterr);

	for (size_t i = 0; i < n; i++)
		add(&there, &(struct kr_count){parts[i].rows, parts[i].events});
	if (!r && there.rows == sums.all.rows && there.events == sums.all.events) {
		add(ret, &sums.shown);
		return 0;
	}
	for (size_t i = 0; !r && i < n; i++) {
		r = ask_part(s, scope, &parts[i], &sums, &has_tests, reterr);
		if (!r)
			add(ret, &sums.shown);
		if (!r && has_tests)
			tests[(*n_tests)++] = parts[i];
	}
	return r;
}

int kr_counters_known(struct kr_store *s, const struct kr_scope *scope, struct kr_arena *a,
		      struct kr_count *ret, struct kr_part_info **ret_tests, size_t *ret_n,
		      struct kr_fault *reterr)
{
	struct kr_labels labels = kr_store__labels(scope);
	struct asking days = {0};
	struct kr_part_info *parts;
	char path[KR_PATH_MAX];
	sqlite3 *stats;
	size_t n = labels.lo <= labels.hi ? kr_store__catalogue_copy(s, a, &parts) : 0, end;
	int r;

	*ret = (struct kr_count){0};
	*ret_n = 0;
	*ret_tests = kr_arena_calloc(a, n, sizeof(**ret_tests));
	if (!*ret_tests)
		return kr_fault_set(reterr, -KR_ELIMIT, "no room for the list of partitions");
	r = kr_store__reader(s, kr_store__path(s, "stats.db", path), &stats, reterr);
	if (r)
		return r;
	r = asking_new(stats, "total WHERE day=?3", scope, &days, reterr);
	/* The catalogue is in the order of days. */
	for (size_t i = 0; !r && i < n; i = end) {
		for (end = i + 1; end < n && parts[end].day == parts[i].day;)
			end++;
		r = ask_day(s, scope, &days, parts + i, end - i, ret, *ret_tests, ret_n, reterr);
	}
	asking_done(&days);
	kr_store__reader_put(s, stats);
	return r;
}
