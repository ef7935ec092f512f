/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the unit is a retention class and a UTC day of spooling. Its reports are marked
 * as dropped (with the audit log, in main.db), then its raw bytes go, then the partitions are
 * written off in stats.db, durably, and their files go. A crash leaves a later step undone: a
 * preview finds the day again, and files of partitions that were written off are removed at the
 * next start. Counters by day stay in stats.db; the recount of `doctor` passes over such days.
 */
#include "store/retention.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "store/sqlite/db.h"
#include "store/sqlite/group_internal.h"
#include "store/sqlite/partition.h"
#include "store/sqlite/state.h"

/* ---- what is old ---- */

static uint64_t blocks_of(int dirfd, const char *path)
{
	struct stat st;

	return fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) ? 0 : (uint64_t)st.st_blocks * 512;
}

static void spool_path(const struct kr_retention_row *row, char buf[80])
{
	char day[KR_TIME_TEXT_MAX];

	snprintf(buf, 80, "spool/%s/%s", kr_retention_text(row->class_),
		 kr_day_text_compact(row->day, day));
}

static uint64_t spool_bytes(struct kr_store *s, const struct kr_retention_row *row)
{
	char path[80];
	uint64_t sum = 0;
	DIR *dir;
	int fd;

	spool_path(row, path);
	fd = openat(s->dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	for (struct dirent *d; dir && (d = readdir(dir));)
		if (d->d_name[0] != '.')
			sum += blocks_of(fd, d->d_name);
	if (dir)
		closedir(dir);
	return sum;
}

struct rows {
	struct kr_retention_row *list;
	size_t n, cap;
	struct kr_arena *a;
};

/* The row of a class and day, made if it is not there. NULL when the arena is full. */
static struct kr_retention_row *row_of(struct rows *r, enum kr_retention class_, int32_t day)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->list[i].class_ == class_ && r->list[i].day == day)
			return &r->list[i];
	r->list = kr_arena_more(r->a, r->list, r->n, &r->cap, sizeof(*r->list));
	if (!r->list)
		return NULL;
	r->list[r->n] = (struct kr_retention_row){.class_ = class_, .day = day};
	return &r->list[r->n++];
}

static bool is_old(const struct kr_store *s, const struct kr_retention_days *keep,
		   enum kr_retention class_, int32_t day)
{
	return class_ > 0 && class_ < KR_RETENTIONS && keep->days[class_] &&
	       day < kr_time_day(kr_store_now(s)) - (int32_t)keep->days[class_];
}

static int add_partitions(struct kr_store *s, const struct kr_retention_days *keep, struct rows *r)
{
	struct kr_part_info *parts;
	size_t n = kr_store__catalogue_copy(s, r->a, &parts);

	for (size_t i = 0; i < n; i++) {
		const struct kr_part_info *p = &parts[i];
		struct kr_retention_row *row;
		char path[KR_PATH_MAX];

		if (!is_old(s, keep, p->class_, p->day))
			continue;
		row = row_of(r, p->class_, p->day);
		if (!row)
			return -KR_ELIMIT;
		row->partitions++;
		row->rows += p->rows;
		row->bytes_events += blocks_of(
			AT_FDCWD, kr_store__part_path(s, p->class_, p->day, p->part, path));
		if (p->derived < p->seg)
			row->waits = N_("its rows are not counted yet");
	}
	return 0;
}

static int add_reports(struct kr_store *s, sqlite3 *db, const struct kr_retention_days *keep,
		       struct rows *r, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int err = kr_db_prepare(db,
				"SELECT class,day,count(*),count(*) FILTER (WHERE state=1) FROM "
				"report WHERE state<>5 GROUP BY class,day",
				&st, reterr);

	(void)s;
	while (!err && (err = kr_db_step(st, reterr)) == 1) {
		enum kr_retention class_ = (enum kr_retention)sqlite3_column_int(st, 0);
		int32_t day = sqlite3_column_int(st, 1);
		struct kr_retention_row *row;

		err = 0;
		if (!is_old(s, keep, class_, day))
			continue;
		row = row_of(r, class_, day);
		if (!row)
			return -KR_ELIMIT;
		row->reports = (uint32_t)sqlite3_column_int64(st, 2);
		if (sqlite3_column_int64(st, 3))
			row->waits = N_("a report of that day is not taken yet");
	}
	return err;
}

static int row_cmp(const void *a, const void *b)
{
	const struct kr_retention_row *x = a, *y = b;

	return x->day != y->day ? (x->day < y->day ? -1 : 1) : (int)x->class_ - (int)y->class_;
}

int kr_store_retention_preview(struct kr_store *s, const struct kr_retention_days *keep,
			       struct kr_arena *a, struct kr_retention_row **ret, size_t *ret_n,
			       struct kr_fault *reterr)
{
	struct rows r = {.a = a};
	char path[KR_PATH_MAX];
	sqlite3 *db;
	int err = add_partitions(s, keep, &r);

	if (!err)
		err = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);
	if (!err) {
		err = add_reports(s, db, keep, &r, reterr);
		kr_store__reader_put(s, db);
	}
	if (err == -KR_ELIMIT)
		kr_fault_set(reterr, err, "too many days to drop at once");
	if (err)
		return err;
	for (size_t i = 0; i < r.n; i++)
		r.list[i].bytes_spool = spool_bytes(s, &r.list[i]);
	if (r.n)
		qsort(r.list, r.n, sizeof(*r.list), row_cmp);
	*ret = r.list;
	*ret_n = r.n;
	return 0;
}

/* ---- dropping ---- */

/* No report of the day may be under way; the writer lets go of its partition. */
static int let_go(struct kr_store *s, const struct kr_retention_row *row, struct kr_fault *reterr)
{
	int r = 0;

	pthread_mutex_lock(&s->events_lock);
	for (struct kr_taking *t = s->takings; t; t = t->next)
		if (t->class_ == row->class_ && t->day == row->day)
			r = kr_fault_set(reterr, -KR_EBUSY, "a report of that day is being taken");
	if (!r && s->writer && s->writer->info.class_ == row->class_ &&
	    s->writer->info.day == row->day) {
		r = kr_store__group_flush_locked(s, reterr);
		if (!r) {
			kr_partition_close(s->writer);
			s->writer = NULL;
		}
	}
	if (!r)
		kr_store__catalogue_drop(s, row->class_, row->day);
	pthread_mutex_unlock(&s->events_lock);
	return r;
}

static int mark_reports(struct kr_store *s, const struct kr_by *by,
			const struct kr_retention_row *row, struct kr_fault *reterr)
{
	static const char *const sql[] = {
		"UPDATE report SET state=5 WHERE class=?1 AND day=?2 AND state<>5",
		"UPDATE outbox SET state=3,why=7 WHERE class=?1 AND day=?2 AND state=1",
		"DELETE FROM outbox_cursor WHERE class=?1 AND day=?2",
	};
	char object[100], detail[200], day[KR_TIME_TEXT_MAX];
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	for (size_t i = 0; !r && i < KR_ARRAY_LEN(sql); i++) {
		KR_AUTO_STMT st = NULL;

		r = kr_db_prepare(s->main, sql[i], &st, reterr);
		if (r)
			break;
		sqlite3_bind_int(st, 1, (int)row->class_);
		sqlite3_bind_int(st, 2, row->day);
		r = kr_db_run(st, reterr);
	}
	snprintf(object, sizeof(object), "%s %s", kr_retention_text(row->class_),
		 kr_day_text_compact(row->day, day));
	snprintf(detail, sizeof(detail), "%u reports, %llu rows in %u partitions", row->reports,
		 (unsigned long long)row->rows, row->partitions);
	if (!r)
		r = kr_store__audit(s, by, "retention.drop", kr_str_c(object), kr_str_c(detail),
				    reterr);
	return kr_store__main_end(s, r, reterr);
}

static void drop_spool(struct kr_store *s, const struct kr_retention_row *row)
{
	char path[80];
	int fd;

	spool_path(row, path);
	fd = openat(s->dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	kr_dir_clear(fd);
	close(fd);
	unlinkat(s->dirfd, path, AT_REMOVEDIR);
}

/* Durable before a file goes: else a crash would bring the partition back without its file. */
static int write_off(struct kr_store *s, const struct kr_retention_row *row,
		     struct kr_fault *reterr)
{
	char sql[400];
	int r;

	snprintf(sql, sizeof(sql),
		 "BEGIN IMMEDIATE;INSERT OR IGNORE INTO dropped SELECT class,day,part,rows,events,"
		 "%lld FROM partition WHERE class=%d AND day=%d;"
		 "DELETE FROM partition WHERE class=%d AND day=%d;COMMIT;",
		 (long long)kr_store_now(s), (int)row->class_, row->day, (int)row->class_,
		 row->day);
	pthread_mutex_lock(&s->stats_lock);
	r = kr_db_exec(s->stats, "PRAGMA synchronous=FULL", reterr);
	if (!r)
		r = kr_db_exec(s->stats, sql, reterr);
	if (r)
		sqlite3_exec(s->stats, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_exec(s->stats, "PRAGMA synchronous=NORMAL", NULL, NULL, NULL);
	pthread_mutex_unlock(&s->stats_lock);
	return r;
}

void kr_store__part_unlink(struct kr_store *s, enum kr_retention class_, int32_t day, uint32_t part)
{
	static const char *const ends[] = {"-wal", "-shm", ""};
	char path[KR_PATH_MAX], name[KR_PATH_MAX + 8];

	kr_store__part_path(s, class_, day, part, path);
	for (size_t i = 0; i < KR_ARRAY_LEN(ends); i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
}

int kr_store__dropped_sweep(struct kr_store *s, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->stats, "SELECT class,day,part FROM dropped", &st, reterr);

	while (!r && (r = kr_db_step(st, reterr)) == 1) {
		kr_store__part_unlink(s, (enum kr_retention)sqlite3_column_int(st, 0),
				      sqlite3_column_int(st, 1),
				      (uint32_t)sqlite3_column_int64(st, 2));
		r = 0;
	}
	return r;
}

static int drop(struct kr_store *s, const struct kr_by *by, const struct kr_retention_row *row,
		struct kr_fault *reterr)
{
	int r = let_go(s, row, reterr);

	if (!r)
		r = mark_reports(s, by, row, reterr);
	if (r)
		return r;
	drop_spool(s, row);
	r = write_off(s, row, reterr);
	if (r)
		return r;
	kr_store__readers_close(s);
	return kr_store__dropped_sweep(s, reterr);
}

int kr_store_retention_drop(struct kr_store *s, const struct kr_by *by,
			    const struct kr_retention_row *row, struct kr_fault *reterr)
{
	int r;

	if (row->waits)
		return kr_fault_set(reterr, -KR_EBUSY, "%s", row->waits);
	if (pthread_mutex_trylock(&s->files_lock)) {
		kr_fault_set(reterr, -KR_EBUSY, "a backup runs");
		kr_fault_remedy(reterr, "wait until it has ended");
		return -KR_EBUSY;
	}
	r = drop(s, by, row, reterr);
	pthread_mutex_unlock(&s->files_lock);
	return r;
}
