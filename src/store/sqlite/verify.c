/* SPDX-License-Identifier: Apache-2.0 */
/* Totals of the node, refused records, and the proof that counters equal a recount. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite/db.h"
#include "store/sqlite/group.h"
#include "store/sqlite/partition.h"
#include "store/sqlite/row.h"
#include "store/sqlite/scan.h"
#include "store/sqlite/scope.h"
#include "store/sqlite/tally.h"

int kr_store_refused_list(struct kr_store *s, const struct kr_scope *scope, uint64_t report,
			  uint32_t limit, struct kr_arena *a, struct kr_refused_row **ret,
			  size_t *ret_n, struct kr_fault *reterr)
{
	struct kr_report r;
	struct kr_part_info *parts;
	struct kr_refused_row *list;
	size_t n = 0, n_parts;
	int err = kr_store_report_get(s, scope, report, a, &r, reterr);

	if (err)
		return err;
	limit = limit ? KR_MIN(limit, 100000u) : 1000;
	list = kr_arena_calloc(a, limit, sizeof(*list));
	n_parts = kr_store__catalogue_copy(s, a, &parts);
	if (!list)
		return kr_fault_set(reterr, -KR_ELIMIT, "no room for the refused records");
	/* Parts are newest first, batches of a report rise with parts. */
	for (size_t i = n_parts; !err && i-- > 0;) {
		char path[KR_PATH_MAX];
		sqlite3_stmt *st = NULL;
		sqlite3 *db;

		if (parts[i].class_ != r.class_ || parts[i].day != r.day)
			continue;
		err = kr_store__reader(s,
				       kr_store__part_path(s, r.class_, r.day, parts[i].part, path),
				       &db, reterr);
		if (err)
			break;
		err = kr_db_prepare(db,
				    "SELECT offset,length,col,reason FROM refused WHERE report=?1 "
				    "ORDER BY batch,n",
				    &st, reterr);
		if (!err)
			sqlite3_bind_int64(st, 1, (int64_t)report);
		while (!err && n < limit && (err = kr_db_step(st, reterr)) == 1) {
			list[n++] = (struct kr_refused_row){
				.offset = (uint64_t)sqlite3_column_int64(st, 0),
				.length = (uint64_t)sqlite3_column_int64(st, 1),
				.column = (uint32_t)sqlite3_column_int64(st, 2),
				.reason = kr_db_dup(st, 3, a),
			};
			err = 0;
		}
		sqlite3_finalize(st);
		kr_store__reader_put(s, db);
	}
	if (err < 0)
		return err;
	*ret = list;
	*ret_n = n;
	return 0;
}

static uint64_t bytes_under(int dirfd, const char *path, int depth)
{
	uint64_t sum = 0;
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (!dir)
		return 0;
	for (struct dirent *d; (d = readdir(dir));) {
		struct stat st;

		if (d->d_name[0] == '.' || fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (S_ISDIR(st.st_mode) && depth)
			sum += bytes_under(fd, d->d_name, depth - 1);
		else if (S_ISREG(st.st_mode))
			sum += (uint64_t)st.st_blocks * 512;
	}
	closedir(dir);
	return sum;
}

/* What is known of reports and files: for whoever may read reports. */
static int report_totals(struct kr_store *s, struct kr_store_totals *t, struct kr_fault *reterr)
{
	char path[KR_PATH_MAX];
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_part_info *parts;
	sqlite3_stmt *st = NULL;
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(db, "SELECT count(*),count(*) FILTER (WHERE state=3) FROM report", &st,
			  reterr);
	if (!r)
		r = kr_db_step(st, reterr);
	if (r == 1) {
		t->reports = (uint64_t)sqlite3_column_int64(st, 0);
		t->quarantined = (uint64_t)sqlite3_column_int64(st, 1);
		r = 0;
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	t->partitions = kr_store__catalogue_copy(s, a, &parts);
	t->bytes_events = bytes_under(s->dirfd, "events", 2);
	t->bytes_spool = bytes_under(s->dirfd, "spool", 2);
	return r;
}

int kr_store_totals(struct kr_store *s, const struct kr_scope *scope, struct kr_store_totals *ret,
		    struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_store_totals t = {0};
	struct kr_event_query all = {0};
	struct kr_count count = {0};
	int r = kr_store_event_count(s, scope, &all, NULL, 0, a, &count, NULL, NULL, reterr);

	t.rows = count.rows;
	t.events = count.events;
	if (!r && kr_store__shows_reports(scope))
		r = report_totals(s, &t, reterr);
	if (!r)
		*ret = t;
	return r;
}

/* ---- the recount ---- */

/* Count the rows of a partition into a tally, as if they had just been written. */
static int recount(sqlite3 *db, struct kr_tally *tally, uint64_t *ret_rows, uint64_t *ret_events,
		   struct kr_fault *reterr)
{
	KR_AUTO_BUF sql = KR_BUF(8192);
	KR_AUTO_STMT st = NULL;
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	int r;

	kr_buf_printf(&sql, "SELECT %s FROM event", kr_row_columns());
	r = kr_db_prepare(db, kr_buf_cstr(&sql), &st, reterr);
	*ret_rows = *ret_events = 0;
	while (!r && (r = kr_db_step(st, reterr)) == 1) {
		struct kr_row row;
		struct kr_dims dims;

		kr_arena_clear(a);
		r = kr_row_read(st, 0, a, &row, reterr);
		if (r)
			break;
		kr_store__dims(tally, row.source, row.e, &dims);
		kr_tally_count(tally, &dims, 1, (int64_t)row.e->count);
		++*ret_rows;
		*ret_events += row.e->count;
	}
	return r;
}

/* The recount as rows of a temporary table `recount`, shaped like counter. */
static int store_recount(sqlite3 *mem, struct kr_tally *tally, int32_t day, struct kr_fault *reterr)
{
	KR_AUTO_STMT counter = NULL;
	KR_AUTO_STMT posting = NULL;
	char sql[256];
	int r = kr_db_exec(mem, "DELETE FROM one", reterr);

	if (!r)
		r = kr_db_prepare(mem, "INSERT INTO one VALUES(?1,?2,?3,?4,?5,?6,?7)", &counter,
				  reterr);
	if (!r)
		r = kr_db_prepare(mem, "SELECT ?1,?2,?3,?4", &posting, reterr);
	if (!r)
		r = kr_tally_store(tally, 1, counter, posting, reterr);
	snprintf(sql, sizeof(sql),
		 "INSERT INTO recount SELECT pair,a,b,%d,tlp,rows,events FROM one WHERE 1"
		 " ON CONFLICT DO UPDATE SET rows=rows+excluded.rows,events=events+excluded.events",
		 day);
	return r ? r : kr_db_exec(mem, sql, reterr);
}

/* Name the first difference between two tables of totals, both attached to mem. */
static int compare(sqlite3 *mem, const char *what, struct kr_fault *reterr)
{
	static const char sql[] =
		"SELECT pair,a,b,day,tlp,max(r),max(e),max(r2),max(e2) FROM ("
		" SELECT pair,a,b,day,tlp,rows r,events e,0 r2,0 e2 FROM recount UNION ALL"
		" SELECT pair,a,b,day,tlp,0,0,rows,events FROM held WHERE rows<>0 OR events<>0)"
		" GROUP BY pair,a,b,day,tlp HAVING max(r)<>max(r2) OR max(e)<>max(e2) LIMIT 1";
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(mem, sql, &st, reterr);

	if (!r)
		r = kr_db_step(st, reterr);
	if (r != 1)
		return r;
	kr_fault_set(reterr, -KR_ECORRUPT,
		     "%s: counter %d of '%s' and '%s' on day %d holds %lld rows and %lld events, a "
		     "recount gives %lld and %lld",
		     what, sqlite3_column_int(st, 0), sqlite3_column_text(st, 1),
		     sqlite3_column_text(st, 2), sqlite3_column_int(st, 3),
		     (long long)sqlite3_column_int64(st, 7), (long long)sqlite3_column_int64(st, 8),
		     (long long)sqlite3_column_int64(st, 5),
		     (long long)sqlite3_column_int64(st, 6));
	return -KR_ECORRUPT;
}

static int verify_part(struct kr_store *s, sqlite3 *mem, const struct kr_part_info *p,
		       struct kr_fault *reterr)
{
	struct kr_tally *tally = kr_tally_new();
	struct kr_part_info state = *p;
	char path[KR_PATH_MAX];
	uint64_t rows, events;
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__part_path(s, p->class_, p->day, p->part, path), &db,
				 reterr);

	if (!r) {
		r = kr_db_exec(db, "BEGIN", reterr);
		if (!r)
			r = recount(db, tally, &rows, &events, reterr);
		if (!r)
			r = kr_partition_state(db, &state, reterr);
		if (!r && (rows != state.rows || events != state.events))
			r = kr_fault_set(reterr, -KR_ECORRUPT,
					 "%s: the state says %llu rows and %llu events, a recount "
					 "%llu and %llu",
					 path, (unsigned long long)state.rows,
					 (unsigned long long)state.events, (unsigned long long)rows,
					 (unsigned long long)events);
		sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
		kr_store__reader_put(s, db);
	}
	if (!r)
		r = store_recount(mem, tally, p->day, reterr);
	kr_tally_free(tally);
	return r;
}

int kr_store_verify(struct kr_store *s, struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_db_opts o = {.flags = KR_DB_CREATE | KR_DB_NORMAL, .cache_kib = 8192};
	struct kr_part_info *parts;
	char path[KR_PATH_MAX], *attach;
	sqlite3 *mem = NULL;
	size_t n;
	int r = kr_store_derive(s, reterr);

	if (!r)
		r = kr_db_open(":memory:", &o, &mem, reterr);
	if (!r)
		r = kr_db_exec(mem,
			       "CREATE TABLE one(seg,pair INTEGER,a,b,tlp INTEGER,rows "
			       "INTEGER,events INTEGER);"
			       "CREATE TABLE recount(pair INTEGER,a,b,day INTEGER,tlp INTEGER,rows "
			       "INTEGER,events INTEGER,"
			       " PRIMARY KEY(pair,a,b,day,tlp)) WITHOUT ROWID;",
			       reterr);
	n = kr_store__catalogue_copy(s, a, &parts);
	for (size_t i = 0; !r && i < n; i++)
		r = verify_part(s, mem, &parts[i], reterr);
	if (!r) {
		attach = sqlite3_mprintf(
			"ATTACH %Q AS stats;CREATE TEMP VIEW held AS SELECT * FROM stats.total "
			"WHERE day "
			"NOT IN (SELECT day FROM stats.dropped);"
			/* Of such days nothing is left that could be counted again. */
			"DELETE FROM recount WHERE day IN (SELECT day FROM stats.dropped)",
			kr_store__path(s, "stats.db", path));
		r = kr_db_exec(mem, attach, reterr);
		sqlite3_free(attach);
	}
	if (!r)
		r = compare(mem, "stats.db", reterr);
	kr_db_close(mem);
	return r;
}
