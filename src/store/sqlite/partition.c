/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/partition.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "store/sqlite/db.h"
#include "store/sqlite/row.h"

static const char tables[] =
	"CREATE TABLE contribution(event INTEGER, report INTEGER, offset INTEGER, part INTEGER, "
	"length INTEGER NOT NULL,"
	" time INTEGER NOT NULL, label INTEGER NOT NULL, PRIMARY KEY(event,report,offset,part)) "
	"WITHOUT ROWID;"
	"CREATE TABLE ledger(report INTEGER, generation INTEGER, batch INTEGER, seg INTEGER NOT "
	"NULL,"
	" read INTEGER NOT NULL, fresh INTEGER NOT NULL, aggregated INTEGER NOT NULL, refused "
	"INTEGER NOT NULL,"
	" warnings INTEGER NOT NULL, unrouted INTEGER NOT NULL, dropped INTEGER NOT NULL DEFAULT "
	"0, drops TEXT, PRIMARY KEY(report,generation,batch)) WITHOUT ROWID;"
	"CREATE TABLE refused(report INTEGER, batch INTEGER, n INTEGER, offset INTEGER NOT NULL, "
	"length INTEGER NOT NULL,"
	" col INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY(report,batch,n)) WITHOUT ROWID;"
	"CREATE TABLE posting(kind INTEGER, value, seg INTEGER, ids BLOB NOT NULL, PRIMARY "
	"KEY(kind,value,seg)) WITHOUT ROWID;"
	"CREATE TABLE counter(seg INTEGER, pair INTEGER, a, b, tlp INTEGER, rows INTEGER NOT NULL, "
	"events INTEGER NOT NULL,"
	" PRIMARY KEY(seg,pair,a,b,tlp)) WITHOUT ROWID;"
	"CREATE TABLE seg(seg INTEGER PRIMARY KEY, id_from INTEGER NOT NULL, id_to INTEGER NOT "
	"NULL, at INTEGER NOT NULL);"
	"CREATE TABLE state(one INTEGER PRIMARY KEY CHECK(one=1), rows INTEGER NOT NULL, events "
	"INTEGER NOT NULL, next_id INTEGER NOT NULL,"
	" seg INTEGER NOT NULL, first_min INTEGER, first_max INTEGER, last_min INTEGER, last_max "
	"INTEGER);"
	"INSERT INTO state VALUES(1,0,0,1,0,NULL,NULL,NULL,NULL);";

static int create(sqlite3 *db, struct kr_fault *reterr)
{
	KR_AUTO_BUF sql = KR_BUF(64 << 10);

	kr_buf_c(&sql, "BEGIN IMMEDIATE;");
	kr_row_ddl(&sql);
	kr_buf_c(&sql, tables);
	kr_buf_printf(&sql, "PRAGMA user_version=%d;COMMIT;", KR_SCHEMA_PARTITION);
	return kr_db_exec(db, kr_buf_cstr(&sql), reterr);
}

/* Schema 1 had no rules. Files that nobody writes any more stay as they are. */
static int migrate(sqlite3 *db, struct kr_fault *reterr)
{
	int r = kr_db_exec(db,
			   "BEGIN IMMEDIATE;"
			   "ALTER TABLE ledger ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;"
			   "ALTER TABLE ledger ADD COLUMN drops TEXT;"
			   "PRAGMA user_version=2;"
			   "COMMIT;",
			   reterr);

	if (r)
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

int kr_partition_has_drops(sqlite3 *db, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(db, "PRAGMA user_version", &st, reterr);

	if (!r)
		r = kr_db_step(st, reterr);
	return r < 0 ? r : r == 1 && sqlite3_column_int64(st, 0) >= 2;
}

static int prepare(struct kr_partition *p, struct kr_fault *reterr)
{
	KR_AUTO_BUF b = KR_BUF(64 << 10);
	static const struct {
		enum kr_part_stmt st;
		const char *sql;
	} list[] = {
		{KR_PS_TOUCH, "UPDATE event SET n=?2,first=?3,last=?4,label=?5 WHERE id=?1"},
		{KR_PS_DELETE, "DELETE FROM event WHERE id=?1"},
		{KR_PS_CONTRIBUTE,
		 "INSERT OR IGNORE INTO contribution VALUES(?1,?2,?3,?4,?5,?6,?7)"},
		{KR_PS_LEDGER, "INSERT INTO "
			       "ledger(report,generation,batch,seg,read,fresh,aggregated,refused,"
			       "warnings,unrouted,dropped,drops) "
			       "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)"},
		{KR_PS_REFUSED, "INSERT INTO refused VALUES(?1,?2,?3,?4,?5,?6,?7)"},
		{KR_PS_POSTING, "INSERT INTO posting VALUES(?1,?2,?3,?4)"},
		{KR_PS_COUNTER, "INSERT INTO counter VALUES(?1,?2,?3,?4,?5,?6,?7)"},
		{KR_PS_SEG, "INSERT INTO seg VALUES(?1,?2,?3,?4)"},
		{KR_PS_STATE,
		 "UPDATE state SET "
		 "rows=?1,next_id=?2,seg=?3,first_min=?4,first_max=?5,last_min=?6,last_max=?7,"
		 "events=?8"},
	};
	int r = 0;

	for (size_t i = 0; !r && i < KR_ARRAY_LEN(list); i++)
		r = kr_db_prepare(p->db, list[i].sql, &p->st[list[i].st], reterr);
	kr_buf_printf(&b, "INSERT OR IGNORE INTO event(%s) VALUES(?1", kr_row_columns());
	for (int c = 1; c < kr_row_width(); c++)
		kr_buf_printf(&b, ",?%d", c + 1);
	kr_buf_ch(&b, ')');
	if (!r)
		r = kr_db_prepare(p->db, kr_buf_cstr(&b), &p->st[KR_PS_INSERT], reterr);
	kr_buf_clear(&b);
	kr_buf_printf(&b,
		      "SELECT id,first,last,n,label,report,offset,length,part,owners,%s,%s,%s,%s"
		      " FROM event WHERE addr=?1 AND key=?2 AND source=?3",
		      kr_row_column(KR_F_CLASS_TAXONOMY), kr_row_column(KR_F_CLASS_TYPE),
		      kr_row_column(KR_F_SRC_ASN), kr_row_column(KR_F_SRC_CC));
	if (!r)
		r = kr_db_prepare(p->db, kr_buf_cstr(&b), &p->st[KR_PS_FIND], reterr);
	return r;
}

int kr_partition_state(sqlite3 *db, struct kr_part_info *ret, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(
		db,
		"SELECT rows,next_id,seg,first_min,first_max,last_min,last_max,events FROM state",
		&st, reterr);

	if (!r)
		r = kr_db_step(st, reterr);
	if (r < 0)
		return r;
	if (r == 0)
		return kr_fault_set(reterr, -KR_ECORRUPT, "the partition has no state");
	ret->rows = (uint64_t)sqlite3_column_int64(st, 0);
	ret->next_id = (uint64_t)sqlite3_column_int64(st, 1);
	ret->seg = (uint64_t)sqlite3_column_int64(st, 2);
	ret->events = (uint64_t)sqlite3_column_int64(st, 7);
	ret->first_min = ret->first_max = ret->last_min = ret->last_max = KR_TIME_NONE;
	if (sqlite3_column_type(st, 3) != SQLITE_NULL) {
		ret->first_min = sqlite3_column_int64(st, 3);
		ret->first_max = sqlite3_column_int64(st, 4);
		ret->last_min = sqlite3_column_int64(st, 5);
		ret->last_max = sqlite3_column_int64(st, 6);
	}
	return 0;
}

static void bind_time(sqlite3_stmt *st, int i, kr_time t)
{
	if (t == KR_TIME_NONE)
		sqlite3_bind_null(st, i);
	else
		sqlite3_bind_int64(st, i, t);
}

int kr_partition_save(struct kr_partition *p, struct kr_fault *reterr)
{
	sqlite3_stmt *st = p->st[KR_PS_STATE];

	sqlite3_bind_int64(st, 1, (int64_t)p->info.rows);
	sqlite3_bind_int64(st, 2, (int64_t)p->info.next_id);
	sqlite3_bind_int64(st, 3, (int64_t)p->info.seg);
	bind_time(st, 4, p->info.first_min);
	bind_time(st, 5, p->info.first_max);
	bind_time(st, 6, p->info.last_min);
	bind_time(st, 7, p->info.last_max);
	sqlite3_bind_int64(st, 8, (int64_t)p->info.events);
	return kr_db_run(st, reterr);
}

void kr_partition_span(struct kr_part_info *info, kr_time first, kr_time last)
{
	if (info->first_min == KR_TIME_NONE) {
		info->first_min = info->first_max = first;
		info->last_min = info->last_max = last;
		return;
	}
	info->first_min = KR_MIN(info->first_min, first);
	info->first_max = KR_MAX(info->first_max, first);
	info->last_min = KR_MIN(info->last_min, last);
	info->last_max = KR_MAX(info->last_max, last);
}

int kr_partition_open(struct kr_store *s, enum kr_retention class_, int32_t day, uint32_t part,
		      bool make, struct kr_partition **ret, struct kr_fault *reterr)
{
	/* A checkpoint copies each page that changed once, however often it changed: rare ones are
	 * cheap. */
	struct kr_db_opts o = {.flags = make ? KR_DB_CREATE : 0,
			       .cache_kib = s->o.cache_kib,
			       .checkpoint_pages = 65536};
	struct kr_partition *p = kr_xcalloc(1, sizeof(*p));
	char path[KR_PATH_MAX], folder[64];
	int64_t version = 0;
	int r = 0;

	snprintf(folder, sizeof(folder), "events/%s", kr_retention_text(class_));
	if (make)
		r = kr_mkdir_all(s->dirfd, folder, 0700, reterr);
	if (!r)
		r = kr_db_open(kr_store__part_path(s, class_, day, part, path), &o, &p->db, reterr);
	if (!r) {
		KR_AUTO_STMT st = NULL;

		r = kr_db_prepare(p->db, "PRAGMA user_version", &st, reterr);
		if (!r && (r = kr_db_step(st, reterr)) == 1) {
			version = sqlite3_column_int64(st, 0);
			r = 0;
		}
	}
	if (!r && version == 0)
		r = create(p->db, reterr);
	else if (!r && version > KR_SCHEMA_PARTITION)
		r = kr_fault_set(reterr, -KR_EVERSION, "the partition was made by a newer karaula");
	else if (!r && version == 1)
		r = migrate(p->db, reterr);
	if (!r)
		r = prepare(p, reterr);
	p->info = (struct kr_part_info){.class_ = class_, .day = day, .part = part};
	if (!r)
		r = kr_partition_state(p->db, &p->info, reterr);
	if (!r && make)
		r = kr_sync_dir(s->dirfd, folder, reterr);
	if (r) {
		kr_partition_close(p);
		return r;
	}
	*ret = p;
	return 0;
}

void kr_partition_close(struct kr_partition *p)
{
	if (!p)
		return;
	for (int i = 0; i < KR_PART_STMTS; i++)
		sqlite3_finalize(p->st[i]);
	kr_db_close(p->db);
	free(p);
}
