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

/*
 * Segments hold a counter many times, and a day may have half a million of them: summed here by
 * the tally, since SQLite would sort them all in memory first.
 */
static int add_counters(struct kr_store *s, sqlite3 *part, const struct kr_part_info *info,
			uint64_t seg, struct kr_fault *reterr)
{
	KR_AUTO_STMT from = NULL;
	KR_AUTO_STMT to = NULL;
	KR_AUTO(kr_tally) *sums = kr_tally_new();
	int r = kr_db_prepare(
		part, "SELECT pair,a,b,tlp,rows,events FROM counter WHERE seg>?1 AND seg<=?2",
		&from, reterr);

	if (!r)
		r = kr_db_prepare(
			s->stats,
			"INSERT INTO total VALUES(?2,?3,?4,?1,?5,?6,?7) ON CONFLICT DO UPDATE SET"
			" rows=rows+excluded.rows,events=events+excluded.events",
			&to, reterr);
	if (r)
		return r;
	sqlite3_bind_int64(from, 1, (int64_t)info->derived);
	sqlite3_bind_int64(from, 2, (int64_t)seg);
	while ((r = kr_db_step(from, reterr)) == 1) {
		r = kr_tally_add(sums, from);
		if (r)
			return kr_fault_set(reterr, r, "the partition has a counter of no kind");
	}
	if (r < 0)
		return r;
	return kr_tally_store(sums, (uint64_t)(int64_t)info->day, to, NULL, reterr);
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
