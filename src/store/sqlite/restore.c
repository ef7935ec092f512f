/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the archive is read once, front to back. Each file is hashed while it is written
 * (or, when only checking, thrown away; databases go to a nameless file so that SQLite can look
 * into them), and one line of it is kept. MANIFEST, the last file, must hold exactly these lines.
 * main.db gets its name only when everything is right, so a restore that fails leaves no data
 * directory behind.
 */
#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/input.h"
#include "base/tar.h"
#include "store/sqlite/archive.h"
#include "store/sqlite/db.h"
#include "store/sqlite/state.h"

#define PIECE	     ((size_t)256 << 10)
#define MANIFEST_MAX (KR_ARCHIVE_FILES * 200)
#define MAIN_PART    "main.db.part"

struct restore {
	const struct kr_restore_opts *o;
	struct kr_restored *total;
	struct kr_input *in;
	struct kr_buf lines, manifest;
	uint64_t *names; /* keyed hashes, sorted at the end */
	size_t n_names, cap_names;
	struct kr_hash_key key;
	int dirfd; /* -1: only check */
	char main_copy[PATH_MAX];
	char *piece;
};

static struct kr_str last_part(struct kr_str s)
{
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == '/')
			return kr_str_from(s, i);
	return s;
}

static bool plain_name(struct kr_str s)
{
	if (!s.n || s.p[0] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!kr_is_alnum(s.p[i]) && !strchr("-_.", s.p[i]))
			return false;
	return true;
}

bool kr_archive_name_ok(struct kr_str name)
{
	static const char *const folders[] = {"data/", "tables/", "events/", "spool/"};
	unsigned depth = 0;

	if (name.n > 200)
		return false;
	if (kr_str_eq(name, KR_STR("karaula.conf")) || kr_str_eq(name, KR_STR("main.db")) ||
	    kr_str_eq(name, KR_STR("stats.db")))
		return true;
	for (size_t i = 0; i < KR_ARRAY_LEN(folders); i++)
		if (kr_str_starts(name, kr_str_c(folders[i]))) {
			struct kr_str part, rest = name;

			while (kr_str_split(&rest, '/', &part)) {
				depth++;
				if (!plain_name(part))
					return false;
			}
			return depth == (i < 2 ? 2u : i == 2 ? 3u : 4u);
		}
	return false;
}

/* ---- reading the archive ---- */

static int read_exactly(struct restore *x, char *p, size_t n, struct kr_fault *reterr)
{
	while (n) {
		ptrdiff_t got = kr_input_read(x->in, p, n, reterr);

		if (got < 0)
			return (int)got;
		if (got == 0) {
			kr_fault_set(reterr, -KR_ECORRUPT, "the archive is cut off");
			kr_fault_remedy(reterr, "copy it again, or use an older backup");
			return -KR_ECORRUPT;
		}
		p += got;
		n -= (size_t)got;
	}
	return 0;
}

static int remember(struct restore *x, const char *name, uint64_t size, const struct kr_hash *hash,
		    struct kr_fault *reterr)
{
	char text[KR_HASH_SIZE * 2 + 1];

	if (x->n_names == x->cap_names) {
		x->cap_names = x->cap_names ? x->cap_names * 2 : 1024;
		x->names = kr_xrealloc(x->names, x->cap_names * sizeof(*x->names));
	}
	x->names[x->n_names++] = kr_keyed_hash(&x->key, name, strlen(name));
	kr_buf_printf(&x->lines, "%s %llu %s\n", kr_hash_text(hash, text), (unsigned long long)size,
		      name);
	x->total->files++;
	x->total->bytes += size;
	x->total->databases += kr_archive_is_db(kr_str_c(name));
	if (x->lines.err || x->n_names > KR_ARCHIVE_FILES)
		return kr_fault_set(reterr, -KR_ELIMIT, "the archive has too many files");
	if (x->o->progress && !x->o->progress(x->o->ctx, x->total->files, x->total->bytes))
		return kr_fault_set(reterr, -KR_ECANCEL, "cancelled");
	return 0;
}

/* Content to fd (-1: nowhere) and through the hash. */
static int content(struct restore *x, const struct kr_tar_entry *e, int fd, struct kr_fault *reterr)
{
	char skip[KR_TAR_BLOCK];
	struct kr_hasher h;
	struct kr_hash hash;
	int r = 0;

	kr_hasher_init(&h);
	for (uint64_t left = e->size; !r && left;) {
		size_t n = left < PIECE ? (size_t)left : PIECE;

		r = read_exactly(x, x->piece, n, reterr);
		if (!r && fd >= 0)
			r = kr_write_all(fd, x->piece, n, reterr);
		if (!r)
			kr_hasher_add(&h, x->piece, n);
		left -= n;
	}
	kr_hasher_end(&h, &hash);
	if (!r)
		r = read_exactly(x, skip, kr_tar_padding(e->size), reterr);
	return r ? r : remember(x, e->name, e->size, &hash, reterr);
}

/* ---- checking only ---- */

static int quick_check(const char *path, const char *name, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	sqlite3 *db = NULL;
	int r = 0;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL))
		r = kr_db_fault(db, reterr, "cannot open a database");
	/* The copy is in WAL mode, but has no WAL: with a journal it needs no second file. */
	if (!r)
		r = kr_db_exec(db, "PRAGMA journal_mode=MEMORY", reterr);
	if (!r)
		r = kr_db_prepare(db, "PRAGMA quick_check(1)", &st, reterr);
	if (!r)
		r = kr_db_step(st, reterr);
	if (r == 1 && !kr_str_eq(kr_db_text(st, 0), KR_STR("ok")))
		r = kr_fault_set(reterr, -KR_ECORRUPT, "%s is damaged: %.*s", name,
				 KR_STR_ARG(kr_db_text(st, 0)));
	sqlite3_finalize(st);
	st = NULL;
	sqlite3_close(db);
	return r > 0 ? 0 : r;
}

static int temp_file(const struct restore *x, char path[PATH_MAX], struct kr_fault *reterr)
{
	const char *dir = x->o->temp ? x->o->temp : getenv("TMPDIR");
	int fd;

	snprintf(path, PATH_MAX, "%s/karaula-check-XXXXXX", dir && *dir ? dir : "/var/tmp");
	fd = mkostemp(path, O_CLOEXEC);
	return fd >= 0 ? fd : kr_fault_errno(reterr, errno, "cannot write %s", path);
}

static int check_db(struct restore *x, const struct kr_tar_entry *e, struct kr_fault *reterr)
{
	bool is_main = !strcmp(e->name, "main.db");
	char path[PATH_MAX];
	int fd = temp_file(x, path, reterr), r;

	if (fd < 0)
		return fd;
	r = content(x, e, fd, reterr);
	close(fd);
	if (!r)
		r = quick_check(path, e->name, reterr);
	if (!r && is_main)
		snprintf(x->main_copy, sizeof(x->main_copy), "%s", path);
	else
		unlink(path);
	return r;
}

/* ---- writing ---- */

static int make_parents(struct restore *x, const char *name, struct kr_fault *reterr)
{
	struct kr_str s = kr_str_c(name), last = last_part(s);
	char folder[KR_TAR_NAME_MAX + 1];

	if (last.n == s.n)
		return 0;
	snprintf(folder, sizeof(folder), "%.*s", (int)(s.n - last.n - 1), name);
	return kr_mkdir_all(x->dirfd, folder, 0700, reterr);
}

static int write_file(struct restore *x, const struct kr_tar_entry *e, struct kr_fault *reterr)
{
	const char *name = strcmp(e->name, "main.db") == 0 ? MAIN_PART : e->name;
	int r = make_parents(x, e->name, reterr), fd;

	if (r)
		return r;
	fd = openat(x->dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return kr_fault_errno(reterr, errno, "cannot write %s", e->name);
	r = content(x, e, fd, reterr);
	if (!r && fsync(fd))
		r = kr_fault_errno(reterr, errno, "cannot write %s", e->name);
	close(fd);
	return r;
}

/* ---- MANIFEST ---- */

static int read_manifest(struct restore *x, const struct kr_tar_entry *e, struct kr_fault *reterr)
{
	int r = 0;

	if (e->size > MANIFEST_MAX)
		return kr_fault_set(reterr, -KR_ELIMIT, "MANIFEST is too large");
	for (uint64_t left = e->size; !r && left;) {
		size_t n = left < PIECE ? (size_t)left : PIECE;

		r = read_exactly(x, x->piece, n, reterr);
		if (!r)
			kr_buf_add(&x->manifest, x->piece, n);
		left -= n;
	}
	return r ? r : read_exactly(x, x->piece, kr_tar_padding(e->size), reterr);
}

static int first_difference(struct kr_str want, struct kr_str got, struct kr_fault *reterr)
{
	struct kr_str a, b;

	for (;;) {
		bool more_a = kr_str_split(&want, '\n', &a), more_b = kr_str_split(&got, '\n', &b);

		if (more_a && more_b && kr_str_eq(a, b))
			continue;
		if (!more_b || !b.n)
			return kr_fault_set(reterr, -KR_ECORRUPT,
					    "a file is missing in the archive: %.*s",
					    KR_STR_ARG(a));
		return kr_fault_set(reterr, -KR_ECORRUPT, "not as it was backed up: %.*s",
				    KR_STR_ARG(b));
	}
}

static void take_text(struct kr_str value, char *to, size_t size)
{
	snprintf(to, size, "%.*s", (int)KR_MIN(value.n, size - 1), value.p);
}

static int check_manifest(struct restore *x, struct kr_fault *reterr)
{
	struct kr_str m = kr_buf_str(&x->manifest), line, word;
	uint64_t schema = 0;

	if (!kr_str_starts(m, KR_STR(KR_ARCHIVE_MAGIC))) {
		kr_fault_set(reterr, -KR_EFORMAT, "this is no backup of karaula");
		kr_fault_remedy(reterr, "give a file that karaula backup wrote");
		return -KR_EFORMAT;
	}
	m = kr_str_from(m, strlen(KR_ARCHIVE_MAGIC));
	while (kr_str_split(&m, '\n', &line) && line.n && kr_str_split(&line, ' ', &word)) {
		if (kr_str_eq(word, KR_STR("node")))
			take_text(line, x->total->node, sizeof(x->total->node));
		else if (kr_str_eq(word, KR_STR("version")))
			take_text(line, x->total->version, sizeof(x->total->version));
		else if (kr_str_eq(word, KR_STR("created")))
			(void)!kr_time_parse(line, &x->total->created);
		else if (kr_str_eq(word, KR_STR("schema")))
			(void)!kr_str_u64(line, &schema);
	}
	if (schema > KR_SCHEMA_MAIN) {
		kr_fault_set(reterr, -KR_EVERSION, "the backup was made by karaula %s",
			     x->total->version);
		kr_fault_remedy(reterr, "restore it with that version, or a newer one");
		return -KR_EVERSION;
	}
	if (!kr_str_eq(m, kr_buf_str(&x->lines)))
		return first_difference(m, kr_buf_str(&x->lines), reterr);
	return 0;
}

/* ---- the reports ---- */

static int cmp_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool in_archive(const struct restore *x, const char *name)
{
	uint64_t key = kr_keyed_hash(&x->key, name, strlen(name));

	return x->n_names && bsearch(&key, x->names, x->n_names, sizeof(key), cmp_u64);
}

static int check_reports(struct restore *x, sqlite3 *db, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(db, "SELECT class,day,lower(hex(hash)) FROM report WHERE state<>5",
			      &st, reterr);

	if (x->n_names)
		qsort(x->names, x->n_names, sizeof(*x->names), cmp_u64);
	while (!r && (r = kr_db_step(st, reterr)) == 1) {
		char name[200], day[KR_TIME_TEXT_MAX];
		struct kr_str hash = kr_db_text(st, 2);

		snprintf(name, sizeof(name), "spool/%s/%s/%.*s.zst",
			 kr_retention_text((enum kr_retention)sqlite3_column_int(st, 0)),
			 kr_day_text_compact(sqlite3_column_int(st, 1), day), KR_STR_ARG(hash));
		if (!in_archive(x, name))
			return kr_fault_set(reterr, -KR_ECORRUPT,
					    "a report has no raw bytes in the archive: %s", name);
		x->total->reports++;
		r = 0;
	}
	return r;
}

/* The restored node must not go on as if nothing had happened. */
static int enter_recover(struct restore *x, sqlite3 *db, struct kr_fault *reterr)
{
	char sql[200], made[KR_TIME_TEXT_MAX];
	int r = kr_db_exec(db, "BEGIN IMMEDIATE", reterr);

	snprintf(sql, sizeof(sql),
		 "INSERT OR REPLACE INTO meta VALUES('recover',%lld);DELETE FROM session;"
		 "DELETE FROM login_link",
		 (long long)x->o->now);
	if (!r)
		r = kr_db_exec(db, sql, reterr);
	if (!r)
		r = kr_store__audit_at(db, x->o->now, x->o->by, "node.restore",
				       kr_str_c(x->total->node),
				       kr_str_c(kr_time_text(x->total->created, made)), reterr);
	return r ? r : kr_db_exec(db, "COMMIT", reterr);
}

static int finish_main(struct restore *x, const char *path, struct kr_fault *reterr)
{
	struct kr_db_opts o = {.cache_kib = 2048};
	sqlite3 *db;
	int r = kr_db_open(path, &o, &db, reterr);

	if (r)
		return r;
	r = check_reports(x, db, reterr);
	/* An older schema has no sessions yet: brought up to date before it is marked. */
	if (!r && x->dirfd >= 0)
		r = kr_store__main_upgrade(db, reterr);
	if (!r && x->dirfd >= 0)
		r = enter_recover(x, db, reterr);
	if (!r && x->dirfd >= 0)
		r = kr_db_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", reterr);
	kr_db_close(db);
	return r;
}

/* ---- all of it ---- */

static int each_file(struct restore *x, struct kr_fault *reterr)
{
	struct kr_tar_entry e;
	char block[KR_TAR_BLOCK];
	int r;

	for (;;) {
		r = read_exactly(x, block, sizeof(block), reterr);
		if (!r)
			r = kr_tar_parse(block, &e, reterr);
		if (r < 0)
			return r;
		if (r == 0)
			return kr_fault_set(reterr, -KR_EFORMAT, "the archive has no MANIFEST");
		if (!strcmp(e.name, KR_ARCHIVE_MANIFEST))
			return read_manifest(x, &e, reterr);
		if (!kr_archive_name_ok(kr_str_c(e.name)))
			return kr_fault_set(reterr, -KR_EFORMAT,
					    "'%.100s' does not belong into a backup", e.name);
		if (x->dirfd >= 0)
			r = write_file(x, &e, reterr);
		else
			r = kr_archive_is_db(kr_str_c(e.name)) ? check_db(x, &e, reterr)
							       : content(x, &e, -1, reterr);
		if (r)
			return r;
	}
}

static int run(struct restore *x, const char *dir, struct kr_fault *reterr)
{
	char path[PATH_MAX];
	struct kr_str name;
	int r = kr_input_member(x->in, &name, reterr);

	if (r == 1)
		r = each_file(x, reterr);
	else if (r == 0)
		r = kr_fault_set(reterr, -KR_EFORMAT, "the file is empty");
	if (!r)
		r = check_manifest(x, reterr);
	if (!r && !x->total->databases)
		r = kr_fault_set(reterr, -KR_EFORMAT, "the archive has no database");
	if (r)
		return r;
	if (x->dirfd < 0)
		return finish_main(x, x->main_copy, reterr);
	snprintf(path, sizeof(path), "%s/" MAIN_PART, dir);
	r = finish_main(x, path, reterr);
	if (!r && renameat(x->dirfd, MAIN_PART, x->dirfd, "main.db"))
		r = kr_fault_errno(reterr, errno, "cannot rename main.db");
	return r ? r : kr_sync_dir(x->dirfd, ".", reterr);
}

/* Open or make an empty directory. */
static int empty_dir(const char *dir, int *ret, struct kr_fault *reterr)
{
	int r = kr_mkdir_all(AT_FDCWD, dir, 0700, reterr), fd;

	if (r)
		return r;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return kr_fault_errno(reterr, errno, "cannot open %s", dir);
	if (kr_dir_empty(fd) != 1) {
		close(fd);
		kr_fault_set(reterr, -KR_EEXIST, "%s is not empty", dir);
		kr_fault_remedy(reterr, "give a directory that does not exist yet");
		return -KR_EEXIST;
	}
	*ret = fd;
	return 0;
}

int kr_store_restore(int fd, const char *dir, const struct kr_restore_opts *o,
		     struct kr_restored *ret, struct kr_fault *reterr)
{
	static const char *const folders[] = {"events", "spool", "tables",
					      "data",	"run",	 "secrets"};
	struct restore x = {.o = o,
			    .total = ret,
			    .dirfd = -1,
			    .lines = KR_BUF(MANIFEST_MAX),
			    .manifest = KR_BUF(MANIFEST_MAX)};
	int r;

	*ret = (struct kr_restored){.created = KR_TIME_NONE};
	r = dir ? empty_dir(dir, &x.dirfd, reterr) : 0;
	if (r)
		return r;
	kr_random(&x.key, sizeof(x.key));
	x.piece = kr_xcalloc(1, PIECE);
	r = kr_input_open(fd, "backup", NULL, &x.in, reterr);
	for (size_t i = 0; !r && dir && i < KR_ARRAY_LEN(folders); i++)
		r = kr_mkdir_all(x.dirfd, folders[i], 0700, reterr);
	if (!r)
		r = run(&x, dir, reterr);
	kr_input_free(x.in);
	if (x.main_copy[0])
		unlink(x.main_copy);
	if (r && x.dirfd >= 0)
		kr_dir_clear(x.dirfd);
	if (x.dirfd >= 0)
		close(x.dirfd);
	kr_buf_done(&x.lines);
	kr_buf_done(&x.manifest);
	free(x.names);
	free(x.piece);
	return r;
}
