/* SPDX-License-Identifier: Apache-2.0 */
/* Reports in main.db: what came, when, under which identity, and what became of it. */
#include "store/sqlite/report.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "store/sqlite/db.h"
#include "store/sqlite/scope.h"

/* A report of this source with these bytes; of this day if both are snapshots. 0: none. */
static int find_same(struct kr_store *s, const struct kr_report_new *r, const struct kr_spooled *sp,
		     uint64_t *ret, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int err = kr_db_prepare(s->main,
				"SELECT id FROM report WHERE hash=?1 AND source=?2 AND state<>5 "
				"AND (?3=0 OR day=?4)"
				" ORDER BY id LIMIT 1",
				&st, reterr);

	*ret = 0;
	if (err)
		return err;
	sqlite3_bind_blob(st, 1, &sp->hash, sizeof(sp->hash), SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, r->source);
	sqlite3_bind_int(st, 3, r->snapshot);
	sqlite3_bind_int(st, 4, sp->day);
	err = kr_db_step(st, reterr);
	if (err == 1) {
		*ret = (uint64_t)sqlite3_column_int64(st, 0);
		sqlite3_reset(st);
	}
	return err < 0 ? err : 0;
}

/* Does any report refer to the file of this class, day and hash? */
static bool file_is_used(struct kr_store *s, const struct kr_spooled *sp)
{
	KR_AUTO_STMT st = NULL;
	bool used = true;

	if (!kr_db_prepare(
		    s->main,
		    "SELECT 1 FROM report WHERE hash=?1 AND class=?2 AND day=?3 AND state<>5", &st,
		    NULL)) {
		sqlite3_bind_blob(st, 1, &sp->hash, sizeof(sp->hash), SQLITE_STATIC);
		sqlite3_bind_int(st, 2, (int)sp->class_);
		sqlite3_bind_int(st, 3, sp->day);
		used = kr_db_step(st, NULL) != 0;
		sqlite3_reset(st);
	}
	return used;
}

int kr_store_report_add(struct kr_store *s, const struct kr_report_new *n,
			const struct kr_spooled *sp, uint64_t *ret_id, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	uint64_t same = 0;
	char path[192], hex[KR_HASH_SIZE * 2 + 1], day[KR_TIME_TEXT_MAX];
	bool drop = false;
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = find_same(s, n, sp, &same, reterr);
	snprintf(path, sizeof(path), "spool/%s/%s/%s.zst", kr_retention_text(sp->class_),
		 kr_day_text_compact(sp->day, day), kr_hash_text(&sp->hash, hex));
	if (!r && same) {
		drop = !file_is_used(s, sp);
	} else if (!r && faccessat(s->dirfd, path, F_OK, 0)) {
		/* The same bytes, taken at the same moment as a known report, were dropped as a
		 * copy. */
		r = kr_fault_set(reterr, -KR_EBUSY, "the spooled report was removed meanwhile");
		kr_fault_remedy(reterr, "take it again");
	} else if (!r) {
		r = kr_db_prepare(s->main,
				  "INSERT INTO "
				  "report(source,hash,class,day,snapshot,name,format,mapping,state,"
				  "generation,"
				  "observed,spooled,bytes,stored,frames) "
				  "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,1,1,?9,?10,?11,?12,?13)",
				  &st, reterr);
	}
	if (st) {
		sqlite3_bind_int64(st, 1, n->source);
		sqlite3_bind_blob(st, 2, &sp->hash, sizeof(sp->hash), SQLITE_STATIC);
		sqlite3_bind_int(st, 3, (int)sp->class_);
		sqlite3_bind_int(st, 4, sp->day);
		sqlite3_bind_int(st, 5, n->snapshot);
		kr_db_bind_str(st, 6, n->name.p ? n->name : KR_STR(""));
		kr_db_bind_str(st, 7, n->format);
		sqlite3_bind_int64(st, 8, n->mapping);
		if (n->observed != KR_TIME_NONE)
			sqlite3_bind_int64(st, 9, n->observed);
		sqlite3_bind_int64(st, 10, kr_store_now(s));
		sqlite3_bind_int64(st, 11, (int64_t)sp->bytes);
		sqlite3_bind_int64(st, 12, (int64_t)sp->stored);
		sqlite3_bind_int64(st, 13, sp->frames);
		r = kr_db_run(st, reterr);
		same = (uint64_t)sqlite3_last_insert_rowid(s->main);
	}
	if (!r && drop)
		unlinkat(s->dirfd, path, 0);
	r = kr_store__main_end(s, r, reterr);
	if (r)
		return r;
	*ret_id = same;
	return st == NULL;
}

#define REPORT_COLUMNS                                                                             \
	"r.id,s.name,r.name,r.format,r.reason,r.source,r.mapping,r.generation,r.state,r.hash,r."   \
	"class,r.day,"                                                                             \
	"r.spooled,r.taken,r.observed,r.bytes,r.stored,r.read,r.fresh,r.aggregated,r.refused,r."   \
	"warnings,"                                                                                \
	"r.unrouted,r.ms,r.dropped"

static kr_time time_or_none(sqlite3_stmt *st, int i)
{
	return sqlite3_column_type(st, i) == SQLITE_NULL ? KR_TIME_NONE
							 : sqlite3_column_int64(st, i);
}

static void read_report(sqlite3_stmt *st, struct kr_arena *a, struct kr_report *ret)
{
	*ret = (struct kr_report){
		.id = (uint64_t)sqlite3_column_int64(st, 0),
		.source = kr_db_dup(st, 1, a),
		.name = kr_db_dup(st, 2, a),
		.format = kr_db_dup(st, 3, a),
		.reason = kr_db_dup(st, 4, a),
		.source_id = (uint32_t)sqlite3_column_int64(st, 5),
		.mapping = (uint32_t)sqlite3_column_int64(st, 6),
		.generation = (uint32_t)sqlite3_column_int64(st, 7),
		.state = (enum kr_report_state)sqlite3_column_int(st, 8),
		.class_ = (enum kr_retention)sqlite3_column_int(st, 10),
		.day = sqlite3_column_int(st, 11),
		.spooled = sqlite3_column_int64(st, 12),
		.taken = time_or_none(st, 13),
		.observed = time_or_none(st, 14),
		.bytes = (uint64_t)sqlite3_column_int64(st, 15),
		.stored = (uint64_t)sqlite3_column_int64(st, 16),
		.total = {.read = (uint64_t)sqlite3_column_int64(st, 17),
			  .fresh = (uint64_t)sqlite3_column_int64(st, 18),
			  .aggregated = (uint64_t)sqlite3_column_int64(st, 19),
			  .refused = (uint64_t)sqlite3_column_int64(st, 20),
			  .warnings = (uint64_t)sqlite3_column_int64(st, 21),
			  .unrouted = (uint64_t)sqlite3_column_int64(st, 22),
			  .dropped = (uint64_t)sqlite3_column_int64(st, 24)},
		.ms = (uint64_t)sqlite3_column_int64(st, 23),
	};
	if (sqlite3_column_bytes(st, 9) == KR_HASH_SIZE)
		memcpy(&ret->hash, sqlite3_column_blob(st, 9), KR_HASH_SIZE);
}

int kr_store_report_list(struct kr_store *s, const struct kr_scope *scope,
			 const struct kr_report_query *q, struct kr_arena *a,
			 struct kr_report **ret, size_t *ret_n, struct kr_fault *reterr)
{
	uint32_t limit = q->limit ? KR_MIN(q->limit, 100000u) : 1000;
	char path[KR_PATH_MAX];
	sqlite3 *db;
	sqlite3_stmt *st = NULL;
	struct kr_report *list = NULL;
	size_t n = 0, cap = 0;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(
		db,
		q->source.n
			? "SELECT " REPORT_COLUMNS " FROM source s JOIN report r ON r.source=s.id "
			  "WHERE s.name=?1 AND (?2=0 OR r.state=?2)"
			  " AND (?3=0 OR r.id<?3) AND ?5 ORDER BY r.id DESC LIMIT ?4"
			: "SELECT " REPORT_COLUMNS
			  " FROM report r JOIN source s ON r.source=s.id WHERE (?2=0 OR r.state=?2)"
			  " AND (?3=0 OR r.id<?3) AND ?5 ORDER BY r.id DESC LIMIT ?4",
		&st, reterr);
	if (!r) {
		if (q->source.n)
			kr_db_bind_str(st, 1, q->source);
		sqlite3_bind_int(st, 2, (int)q->state);
		sqlite3_bind_int64(st, 3, (int64_t)q->before);
		sqlite3_bind_int64(st, 4, limit);
		sqlite3_bind_int(st, 5, kr_store__shows_reports(scope));
		while ((r = kr_db_step(st, reterr)) == 1) {
			list = kr_arena_more(a, list, n, &cap, sizeof(*list));
			if (!list)
				break;
			read_report(st, a, &list[n++]);
		}
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	if (r < 0 || kr_arena_full(a))
		return r < 0 ? r
			     : kr_fault_set(reterr, -KR_ELIMIT, "too many reports; ask for fewer");
	*ret = list;
	*ret_n = n;
	return 0;
}

int kr_store_report_get(struct kr_store *s, const struct kr_scope *scope, uint64_t id,
			struct kr_arena *a, struct kr_report *ret, struct kr_fault *reterr)
{
	char path[KR_PATH_MAX];
	sqlite3 *db;
	sqlite3_stmt *st = NULL;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(db,
			  "SELECT " REPORT_COLUMNS
			  " FROM report r JOIN source s ON r.source=s.id WHERE r.id=?1 AND ?2",
			  &st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, (int64_t)id);
		sqlite3_bind_int(st, 2, kr_store__shows_reports(scope));
		r = kr_db_step(st, reterr);
	}
	if (r == 1) {
		read_report(st, a, ret);
		r = 0;
	} else if (r == 0) {
		r = kr_fault_set(reterr, -KR_ENOENT, "there is no report %llu",
				 (unsigned long long)id);
		kr_fault_remedy(reterr, "karaula report list shows the newest");
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	return r;
}

int kr_store__report_begin(struct kr_store *s, struct kr_taking *t, bool again,
			   struct kr_str format, uint32_t mapping, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	/* A report that was not finished keeps its generation: its batches in the ledger count. */
	r = kr_db_prepare(
		s->main,
		"UPDATE report SET "
		"generation=generation+?2,state=1,reason=NULL,format=coalesce(?3,format),"
		"mapping=?4 WHERE id=?1 AND state<>5 RETURNING source,generation,class,day",
		&st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, (int64_t)t->report);
		sqlite3_bind_int(st, 2, again);
		kr_db_bind_str(st, 3, format.n ? format : KR_STR_NULL);
		sqlite3_bind_int64(st, 4, mapping);
		r = kr_db_step(st, reterr);
	}
	if (r == 1) {
		t->source = (uint32_t)sqlite3_column_int64(st, 0);
		t->generation = (uint32_t)sqlite3_column_int64(st, 1);
		t->class_ = (enum kr_retention)sqlite3_column_int(st, 2);
		t->day = sqlite3_column_int(st, 3);
		sqlite3_reset(st);
		r = 0;
	} else if (r == 0) {
		r = kr_fault_set(reterr, -KR_ENOENT,
				 "there is no report %llu whose raw data is kept",
				 (unsigned long long)t->report);
	}
	return kr_store__main_end(s, r, reterr);
}

int kr_store__report_end(struct kr_store *s, const struct kr_taking *t, enum kr_report_state state,
			 struct kr_str reason, const struct kr_taken *total,
			 struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = kr_db_prepare(
		s->main,
		"UPDATE report SET "
		"state=?2,reason=?3,taken=?4,ms=?5,read=?6,fresh=?7,aggregated=?8,refused=?9,"
		"warnings=?10,unrouted=?11,dropped=?12 WHERE id=?1",
		&st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, (int64_t)t->report);
		sqlite3_bind_int(st, 2, (int)state);
		kr_db_bind_str(st, 3, reason);
		sqlite3_bind_int64(st, 4, kr_store_now(s));
		sqlite3_bind_int64(st, 5, (kr_clock_us() - t->start_us) / 1000);
		sqlite3_bind_int64(st, 6, (int64_t)total->read);
		sqlite3_bind_int64(st, 7, (int64_t)total->fresh);
		sqlite3_bind_int64(st, 8, (int64_t)total->aggregated);
		sqlite3_bind_int64(st, 9, (int64_t)total->refused);
		sqlite3_bind_int64(st, 10, (int64_t)total->warnings);
		sqlite3_bind_int64(st, 11, (int64_t)total->unrouted);
		sqlite3_bind_int64(st, 12, (int64_t)total->dropped);
		r = kr_db_run(st, reterr);
	}
	return kr_store__main_end(s, r, reterr);
}
