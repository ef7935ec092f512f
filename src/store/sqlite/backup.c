/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: at the barrier (no group can commit) a read transaction is opened on every
 * database; from then on each connection sees that moment, however long copying takes, and the node
 * works on. stats.db is pinned first, since it may be behind the partitions but never before them;
 * main.db last, so that every report it calls taken has its rows. Each database is copied page by
 * page into a file without a name, which goes into the archive. Spool files never change; those
 * that main.db names are copied as they are, while retention waits.
 */
#include "store/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/frame.h"
#include "base/tar.h"
#include "store/sqlite/archive.h"
#include "store/sqlite/db.h"
#include "store/sqlite/state.h"

#define PIECE	   ((size_t)1 << 20)
#define COPY_PAGES 2000

struct pinned {
	char name[80]; /* in the archive */
	sqlite3 *db;
};

struct backup {
	struct kr_store *s;
	const struct kr_backup_opts *o;
	struct kr_backup_result total;
	uint64_t files_all;
	struct kr_frame_packer *packer;
	struct kr_buf plain, packed, manifest;
	struct pinned *pins;
	size_t n_pins, cap_pins;
	char *piece;
};

/* ---- the archive ---- */

static int flush(struct backup *b, struct kr_fault *reterr)
{
	int r;

	if (!b->plain.n)
		return 0;
	r = kr_frame_pack(b->packer, b->plain.p, b->plain.n, &b->packed, reterr);
	if (!r)
		r = b->o->write(b->o->ctx, b->packed.p, b->packed.n, reterr);
	b->total.packed += b->packed.n;
	kr_buf_clear(&b->plain);
	return r;
}

static int put(struct backup *b, const void *p, size_t n, struct kr_fault *reterr)
{
	int r = b->plain.n + n > PIECE ? flush(b, reterr) : 0;

	kr_buf_add(&b->plain, p, n);
	return r ? r : b->plain.err ? kr_fault_set(reterr, -KR_ELIMIT, "no memory") : 0;
}

static int pad(struct backup *b, uint64_t size, struct kr_fault *reterr)
{
	static const char zeros[2 * KR_TAR_BLOCK];

	return put(b, zeros, kr_tar_padding(size), reterr);
}

static int head(struct backup *b, const char *name, uint64_t size, kr_time mtime,
		struct kr_fault *reterr)
{
	struct kr_tar_entry e = {.size = size, .mtime = mtime};
	char block[KR_TAR_BLOCK];
	int r;

	snprintf(e.name, sizeof(e.name), "%s", name);
	r = kr_tar_header(&e, block, reterr);
	return r ? r : put(b, block, sizeof(block), reterr);
}

static int note(struct backup *b, const char *name, const struct kr_hash *hash, uint64_t size,
		struct kr_fault *reterr)
{
	char text[KR_HASH_SIZE * 2 + 1];

	kr_buf_printf(&b->manifest, "%s %llu %s\n", kr_hash_text(hash, text),
		      (unsigned long long)size, name);
	b->total.files++;
	b->total.bytes += size;
	if (b->manifest.err)
		return kr_fault_set(reterr, -KR_ELIMIT, "too many files for one backup");
	if (b->o->progress &&
	    !b->o->progress(b->o->ctx, b->total.files, b->files_all, b->total.bytes))
		return kr_fault_set(reterr, -KR_ECANCEL, "the backup was cancelled");
	return 0;
}

/* A file, as long as it is now; one that gets shorter while it is read is a failure. */
static int add_fd(struct backup *b, int fd, const char *name, struct kr_fault *reterr)
{
	struct kr_hasher h;
	struct kr_hash hash;
	struct stat st;
	uint64_t left;
	int r;

	if (fstat(fd, &st))
		return kr_fault_errno(reterr, errno, "cannot read %s", name);
	r = head(b, name, (uint64_t)st.st_size, (kr_time)st.st_mtime * KR_SECOND, reterr);
	kr_hasher_init(&h);
	for (left = (uint64_t)st.st_size; !r && left;) {
		ssize_t n = read(fd, b->piece, KR_MIN(left, (uint64_t)PIECE / 2));

		if (n <= 0)
			return kr_fault_errno(reterr, n ? errno : EIO, "cannot read %s", name);
		kr_hasher_add(&h, b->piece, (size_t)n);
		r = put(b, b->piece, (size_t)n, reterr);
		left -= (uint64_t)n;
	}
	kr_hasher_end(&h, &hash);
	if (!r)
		r = pad(b, (uint64_t)st.st_size, reterr);
	return r ? r : note(b, name, &hash, (uint64_t)st.st_size, reterr);
}

/* Returns 1 if there is no such file. */
static int add_path(struct backup *b, const char *name, struct kr_fault *reterr)
{
	int fd = openat(b->s->dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), r;

	if (fd < 0 && errno == ENOENT)
		return 1;
	if (fd < 0)
		return kr_fault_errno(reterr, errno, "cannot read %s", name);
	r = add_fd(b, fd, name, reterr);
	close(fd);
	return r;
}

/* ---- pinning ---- */

/* Thousands of partitions need three descriptors each. */
static void raise_files_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max;
		(void)!setrlimit(RLIMIT_NOFILE, &l);
	}
}

static int pin(struct backup *b, const char *name, struct kr_fault *reterr)
{
	struct kr_db_opts o = {.flags = KR_DB_READ | KR_DB_NORMAL, .cache_kib = 256};
	char path[KR_PATH_MAX];
	struct pinned *p;
	int r;

	if (b->n_pins == b->cap_pins) {
		b->cap_pins = b->cap_pins ? b->cap_pins * 2 : 64;
		b->pins = kr_xrealloc(b->pins, b->cap_pins * sizeof(*b->pins));
	}
	p = &b->pins[b->n_pins];
	snprintf(p->name, sizeof(p->name), "%s", name);
	r = kr_db_open(kr_store__path(b->s, name, path), &o, &p->db, reterr);
	if (r) {
		kr_fault_remedy(reterr, "raise the limit of open files (ulimit -n)");
		return r;
	}
	b->n_pins++;
	return kr_db_exec(p->db, "BEGIN;SELECT count(*) FROM sqlite_schema", reterr);
}

static int pin_partitions(struct backup *b, struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_part_info *parts;
	size_t n = kr_store__catalogue_copy(b->s, a, &parts);
	char day[KR_TIME_TEXT_MAX], name[80];
	int r = 0;

	for (size_t i = 0; !r && i < n; i++) {
		snprintf(name, sizeof(name), "events/%s/%s-%u.db",
			 kr_retention_text(parts[i].class_), kr_day_text_compact(parts[i].day, day),
			 parts[i].part);
		r = pin(b, name, reterr);
	}
	return r;
}

static int pin_all(struct backup *b, struct kr_fault *reterr)
{
	int r = pin(b, "stats.db", reterr);

	if (r)
		return r;
	pthread_mutex_lock(&b->s->events_lock);
	r = pin_partitions(b, reterr);
	if (!r)
		r = pin(b, "main.db", reterr);
	pthread_mutex_unlock(&b->s->events_lock);
	return r;
}

/* ---- copying ---- */

/* Descriptor of a nameless file below DIR/run, and a name by which SQLite can open it. */
static int temp_file(struct kr_store *s, char path[KR_PATH_MAX], struct kr_fault *reterr)
{
	int fd;

	snprintf(path, KR_PATH_MAX, "%s/run/.backup-XXXXXX", s->dir);
	fd = mkostemp(path, O_CLOEXEC);
	return fd >= 0 ? fd : kr_fault_errno(reterr, errno, "cannot write below %s/run", s->dir);
}

static int copy_db(struct backup *b, sqlite3 *from, const char *path, struct kr_fault *reterr)
{
	sqlite3_backup *copy;
	sqlite3 *to = NULL;
	int rc = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(to, "PRAGMA synchronous=OFF;PRAGMA journal_mode=OFF;", NULL, NULL,
				  NULL);
	copy = rc == SQLITE_OK ? sqlite3_backup_init(to, "main", from, "main") : NULL;
	while (copy && (rc = sqlite3_backup_step(copy, COPY_PAGES)) == SQLITE_OK)
		if (b->o->progress &&
		    !b->o->progress(b->o->ctx, b->total.files, b->files_all, b->total.bytes)) {
			rc = SQLITE_INTERRUPT;
			break;
		}
	if (copy)
		sqlite3_backup_finish(copy);
	if (rc == SQLITE_INTERRUPT)
		rc = kr_fault_set(reterr, -KR_ECANCEL, "the backup was cancelled");
	else if (rc != SQLITE_DONE)
		rc = kr_db_fault(to, reterr, "cannot copy a database");
	else
		rc = 0;
	sqlite3_close(to);
	return rc;
}

static int add_db(struct backup *b, struct pinned *p, struct kr_fault *reterr)
{
	char path[KR_PATH_MAX];
	int fd = temp_file(b->s, path, reterr), r;

	if (fd < 0)
		return fd;
	r = copy_db(b, p->db, path, reterr);
	unlink(path);
	if (!r)
		r = add_fd(b, fd, p->name, reterr);
	close(fd);
	kr_db_close(p->db);
	p->db = NULL;
	return r;
}

static sqlite3 *pinned_main(const struct backup *b)
{
	return b->pins[b->n_pins - 1].db;
}

static int count_reports(struct backup *b, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(pinned_main(b), "SELECT count(*) FROM report WHERE state<>5", &st,
			      reterr);

	if (!r)
		r = kr_db_step(st, reterr);
	if (r == 1)
		b->files_all = (uint64_t)sqlite3_column_int64(st, 0) + b->n_pins;
	return r < 0 ? r : 0;
}

/* The raw bytes of every report that has not been dropped. */
static int add_spool(struct backup *b, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(
		pinned_main(b),
		"SELECT DISTINCT class,day,hash FROM report WHERE state<>5 ORDER BY 1,2,3", &st,
		reterr);

	while (!r && (r = kr_db_step(st, reterr)) == 1) {
		char name[200], day[KR_TIME_TEXT_MAX], id[KR_HASH_SIZE * 2 + 1];
		struct kr_hash hash;

		if (sqlite3_column_bytes(st, 2) != KR_HASH_SIZE)
			return kr_fault_set(reterr, -KR_ECORRUPT, "a report has no hash");
		memcpy(&hash, sqlite3_column_blob(st, 2), KR_HASH_SIZE);
		snprintf(name, sizeof(name), "spool/%s/%s/%s.zst",
			 kr_retention_text((enum kr_retention)sqlite3_column_int(st, 0)),
			 kr_day_text_compact(sqlite3_column_int(st, 1), day),
			 kr_hash_text(&hash, id));
		r = add_path(b, name, reterr);
		if (r == 1) {
			r = kr_fault_set(reterr, -KR_ECORRUPT, "%s is missing", name);
			kr_fault_remedy(reterr, "karaula doctor says which reports have lost their "
						"raw bytes");
		}
	}
	return r;
}

static int add_folder(struct backup *b, const char *folder, struct kr_fault *reterr)
{
	int fd = openat(b->s->dirfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	for (struct dirent *d; dir && !r && (d = readdir(dir));) {
		char name[300];

		snprintf(name, sizeof(name), "%s/%s", folder, d->d_name);
		if (d->d_name[0] != '.' && kr_archive_name_ok(kr_str_c(name)))
			r = add_path(b, name, reterr);
		r = r > 0 ? 0 : r;
	}
	if (dir)
		closedir(dir);
	return r;
}

static int add_manifest(struct backup *b, struct kr_fault *reterr)
{
	static const char zeros[2 * KR_TAR_BLOCK];
	size_t n = b->manifest.n;
	int r = head(b, KR_ARCHIVE_MANIFEST, n, kr_store_now(b->s), reterr);

	for (size_t at = 0; !r && at < n; at += PIECE / 2)
		r = put(b, b->manifest.p + at, KR_MIN(n - at, PIECE / 2), reterr);
	if (!r)
		r = pad(b, n, reterr);
	if (!r)
		r = put(b, zeros, sizeof(zeros), reterr);
	return r ? r : flush(b, reterr);
}

static int run(struct backup *b, struct kr_fault *reterr)
{
	char now[KR_TIME_TEXT_MAX];
	int r = pin_all(b, reterr);

	if (!r)
		r = count_reports(b, reterr);
	kr_buf_printf(&b->manifest,
		      KR_ARCHIVE_MAGIC "node %.*s\nversion %s\nschema %d\ncreated %s\n\n",
		      KR_STR_ARG(b->o->node), KR_VERSION, KR_SCHEMA_MAIN,
		      kr_time_text(kr_store_now(b->s), now));
	if (!r)
		r = add_path(b, "karaula.conf", reterr);
	if (r >= 0)
		r = add_folder(b, "data", reterr);
	if (!r)
		r = add_folder(b, "tables", reterr);
	if (!r)
		r = add_spool(b, reterr);
	for (size_t i = 0; !r && i < b->n_pins; i++)
		r = add_db(b, &b->pins[i], reterr);
	return r ? r : add_manifest(b, reterr);
}

static int note_backup(struct backup *b, struct kr_fault *reterr)
{
	char text[100];

	snprintf(text, sizeof(text), "%llu files, %llu bytes", (unsigned long long)b->total.files,
		 (unsigned long long)b->total.bytes);
	return kr_store_audit_add(b->s, b->o->by, "node.backup", b->o->node, kr_str_c(text),
				  reterr);
}

int kr_store_backup(struct kr_store *s, const struct kr_backup_opts *o,
		    struct kr_backup_result *ret, struct kr_fault *reterr)
{
	struct backup b = {
		.s = s,
		.o = o,
		.plain = KR_BUF(4 * PIECE),
		.packed = KR_BUF(8 * PIECE),
		.manifest = KR_BUF(KR_ARCHIVE_FILES * 200),
	};
	int r;

	if (pthread_mutex_trylock(&s->files_lock)) {
		kr_fault_set(reterr, -KR_EBUSY, "another backup or the retention job runs");
		kr_fault_remedy(reterr, "wait until it has ended");
		return -KR_EBUSY;
	}
	raise_files_limit();
	b.packer = kr_frame_packer_new();
	b.piece = kr_xcalloc(1, PIECE / 2);
	r = run(&b, reterr);
	for (size_t i = 0; i < b.n_pins; i++)
		kr_db_close(b.pins[i].db);
	pthread_mutex_unlock(&s->files_lock);
	if (!r)
		r = note_backup(&b, reterr);
	kr_frame_packer_free(b.packer);
	kr_buf_done(&b.plain);
	kr_buf_done(&b.packed);
	kr_buf_done(&b.manifest);
	free(b.pins);
	free(b.piece);
	*ret = b.total;
	return r;
}
