/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening is: lock, main.db and stats.db, remove what a crash left unfinished, read the catalogue,
 * and derive what stats.db is behind. The lock is an open file description lock on DIR/lock, so it
 * ends with the process whatever kills it; the file holds the process id for messages only.
 */
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "store/sqlite/db.h"
#include "store/sqlite/group.h"
#include "store/sqlite/state.h"

static const char *const folders[] = {"run", "secrets", "tables", "data", "events", "spool"};

char *kr_store__path(const struct kr_store *s, const char *name, char buf[KR_PATH_MAX])
{
	snprintf(buf, KR_PATH_MAX, "%s/%s", s->dir, name);
	return buf;
}

char *kr_store__part_path(const struct kr_store *s, enum kr_retention class_, int32_t day,
			  uint32_t part, char buf[KR_PATH_MAX])
{
	char text[KR_TIME_TEXT_MAX];

	snprintf(buf, KR_PATH_MAX, "%s/events/%s/%s-%u.db", s->dir, kr_retention_text(class_),
		 kr_day_text_compact(day, text), part);
	return buf;
}

int kr_store_dirfd(const struct kr_store *s)
{
	return s->dirfd;
}

const struct kr_hash_key *kr_store_hash_key(const struct kr_store *s)
{
	return &s->hash_key;
}

kr_time kr_store_now(const struct kr_store *s)
{
	return s->o.now ? s->o.now() : kr_time_now();
}

/* Take the lock; -KR_EBUSY if another process has it. */
static int lock_dir(int dirfd, bool keep, int *ret_fd, struct kr_fault *reterr)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char holder[32] = "";
	int fd = openat(dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return kr_fault_errno(reterr, errno, "cannot open the lock");
	if (fcntl(fd, F_OFD_SETLK, &fl)) {
		ssize_t n = pread(fd, holder, sizeof(holder) - 1, 0);

		holder[n > 0 ? n : 0] = '\0';
		holder[strcspn(holder, "\n")] = '\0';
		close(fd);
		kr_fault_set(reterr, -KR_EBUSY, "the data directory is in use by process %s",
			     holder[0] ? holder : "(unknown)");
		kr_fault_remedy(reterr,
				"stop that process, or let it do the work: karaula serve does");
		return -KR_EBUSY;
	}
	if (!keep) {
		close(fd);
		return 0;
	}
	snprintf(holder, sizeof(holder), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) || pwrite(fd, holder, strlen(holder), 0) < 0) {
		int code = kr_fault_errno(reterr, errno, "cannot write the lock");

		close(fd);
		return code;
	}
	*ret_fd = fd;
	return 0;
}

static int open_dir(const char *dir, int *ret_fd, struct kr_fault *reterr)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && faccessat(fd, "main.db", F_OK, 0) == 0) {
		*ret_fd = fd;
		return 0;
	}
	if (fd >= 0)
		close(fd);
	kr_fault_set(reterr, -KR_ENOENT, "%s is not a data directory", dir);
	kr_fault_remedy(
		reterr,
		"make one with: karaula init DIR --name NAME --country CC, or name it with -C DIR");
	return -KR_ENOENT;
}

int kr_store_probe(const char *dir, struct kr_fault *reterr)
{
	int fd, lock, r = open_dir(dir, &fd, reterr);

	if (r)
		return r;
	r = lock_dir(fd, false, &lock, reterr);
	close(fd);
	return r;
}

static struct kr_store *store_new(const char *dir, int dirfd, const struct kr_store_opts *opts)
{
	struct kr_store *s = kr_xcalloc(1, sizeof(*s));
	char *full = realpath(dir, NULL);

	s->dir = full ? full : kr_xstrdup(dir);
	s->dirfd = dirfd;
	s->lock_fd = -1;
	if (opts)
		s->o = *opts;
	if (!s->o.partition_rows_max)
		s->o.partition_rows_max = 1000000;
	if (!s->o.group_rows_max)
		s->o.group_rows_max = 65536;
	if (!s->o.cache_kib)
		s->o.cache_kib = 8 << 10;
	pthread_mutex_init(&s->main_lock, NULL);
	pthread_mutex_init(&s->stats_lock, NULL);
	pthread_mutex_init(&s->events_lock, NULL);
	pthread_mutex_init(&s->pool_lock, NULL);
	pthread_mutex_init(&s->outbox_lock, NULL);
	pthread_mutex_init(&s->cursors_lock, NULL);
	pthread_mutex_init(&s->files_lock, NULL);
	s->recovering = KR_TIME_NONE;
	pthread_rwlock_init(&s->catalogue.lock, NULL);
	return s;
}

void kr_store_close(struct kr_store *s)
{
	if (!s)
		return;
	kr_store__group_close(s);
	kr_store__readers_close(s);
	kr_db_close(s->main);
	kr_db_close(s->stats);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	if (s->dirfd >= 0)
		close(s->dirfd);
	free(s->catalogue.parts);
	free(s->cursors);
	pthread_rwlock_destroy(&s->catalogue.lock);
	pthread_mutex_destroy(&s->main_lock);
	pthread_mutex_destroy(&s->stats_lock);
	pthread_mutex_destroy(&s->events_lock);
	pthread_mutex_destroy(&s->pool_lock);
	pthread_mutex_destroy(&s->outbox_lock);
	pthread_mutex_destroy(&s->cursors_lock);
	pthread_mutex_destroy(&s->files_lock);
	free(s->dir);
	free(s);
}

int kr_store_init(const char *dir, struct kr_fault *reterr)
{
	struct kr_store *s;
	int fd, r = kr_mkdir_all(AT_FDCWD, dir, 0700, reterr);

	if (r)
		return r;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return kr_fault_errno(reterr, errno, "cannot open %s", dir);
	if (faccessat(fd, "main.db", F_OK, 0) == 0) {
		close(fd);
		return kr_fault_set(reterr, -KR_EEXIST, "%s is a data directory already", dir);
	}
	for (size_t i = 0; !r && i < KR_ARRAY_LEN(folders); i++)
		r = kr_mkdir_all(fd, folders[i], 0700, reterr);
	if (r) {
		close(fd);
		return r;
	}
	s = store_new(dir, fd, NULL);
	r = lock_dir(fd, true, &s->lock_fd, reterr);
	/* main.db last: its presence is what makes the folder a data directory. */
	if (!r)
		r = kr_store__stats_open(s, true, reterr);
	if (!r)
		r = kr_store__main_open(s, true, reterr);
	if (!r)
		r = kr_sync_dir(fd, ".", reterr);
	kr_store_close(s);
	return r;
}

/* The folder may be open to others, as one that was there before `init`: these are not. Older
 * versions left them to the umask. */
static void close_to_others(struct kr_store *s)
{
	static const char *const files[] = {"main.db",	"main.db-wal",	"main.db-shm",
					    "stats.db", "stats.db-wal", "stats.db-shm"};
	struct stat st;

	/* Not through a descriptor: closing it would drop the locks that SQLite holds. */
	for (size_t i = 0; i < KR_ARRAY_LEN(files); i++)
		if (!fstatat(s->dirfd, files[i], &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode) &&
		    (st.st_mode & 07) && fchmodat(s->dirfd, files[i], st.st_mode & 0770, 0))
			return; /* somebody else's: karaula doctor says so */
}

/* Temporary spool files of a crash: nobody was told that they were taken. */
static void sweep_spool(struct kr_store *s)
{
	for (int c = KR_RETAIN_SHORT; c < KR_RETENTIONS; c++) {
		char path[64];
		DIR *days, *files;
		int fd;

		snprintf(path, sizeof(path), "spool/%s", kr_retention_text((enum kr_retention)c));
		fd = openat(s->dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		days = fd >= 0 ? fdopendir(fd) : NULL;
		if (!days)
			continue;
		for (struct dirent *d; (d = readdir(days));) {
			int sub = d->d_name[0] == '.' ? -1
						      : openat(fd, d->d_name,
							       O_RDONLY | O_DIRECTORY | O_CLOEXEC);

			files = sub >= 0 ? fdopendir(sub) : NULL;
			for (struct dirent *f; files && (f = readdir(files));)
				if (strncmp(f->d_name, ".new-", 5) == 0)
					unlinkat(sub, f->d_name, 0);
			if (files)
				closedir(files);
		}
		closedir(days);
	}
}

/* Copies of databases that a backup which was killed left behind. */
static void sweep_run(struct kr_store *s)
{
	int fd = openat(s->dirfd, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	for (struct dirent *d; dir && (d = readdir(dir));)
		if (strncmp(d->d_name, ".backup-", 8) == 0)
			unlinkat(fd, d->d_name, 0);
	if (dir)
		closedir(dir);
}

int kr_store_open(const char *dir, const struct kr_store_opts *opts, struct kr_store **ret,
		  struct kr_fault *reterr)
{
	struct kr_store *s;
	int fd, r = open_dir(dir, &fd, reterr);

	if (r)
		return r;
	s = store_new(dir, fd, opts);
	r = lock_dir(fd, true, &s->lock_fd, reterr);
	if (!r)
		close_to_others(s);
	if (!r)
		r = kr_store__main_open(s, false, reterr);
	if (!r)
		r = kr_store__stats_open(s, true, reterr);
	if (!r) {
		sweep_run(s);
		sweep_spool(s);
		r = kr_store__catalogue_load(s, reterr);
	}
	if (!r)
		r = kr_store_derive(s, reterr);
	if (r) {
		kr_store_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

/* ---- read connections ---- */

static void reader_close(struct kr_reader *reader)
{
	kr_db_close(reader->db);
	free(reader->path);
	*reader = (struct kr_reader){0};
}

int kr_store__reader(struct kr_store *s, const char *path, sqlite3 **ret, struct kr_fault *reterr)
{
	struct kr_db_opts o = {.flags = KR_DB_READ | KR_DB_NORMAL, .cache_kib = 2048};
	struct kr_reader *slot = NULL;
	sqlite3 *db;
	int r;

	pthread_mutex_lock(&s->pool_lock);
	for (int i = 0; i < KR_POOL_MAX; i++) {
		struct kr_reader *reader = &s->pool[i];

		if (reader->db && !reader->in_use && strcmp(reader->path, path) == 0) {
			reader->in_use = true;
			*ret = reader->db;
			pthread_mutex_unlock(&s->pool_lock);
			return 0;
		}
	}
	pthread_mutex_unlock(&s->pool_lock);
	r = kr_db_open(path, &o, &db, reterr);
	if (r)
		return r;
	pthread_mutex_lock(&s->pool_lock);
	for (int i = 0; i < KR_POOL_MAX; i++) {
		struct kr_reader *reader = &s->pool[i];

		if (!reader->in_use &&
		    (!slot || !reader->db || (slot->db && reader->used_at < slot->used_at)))
			slot = reader;
	}
	if (slot) {
		reader_close(slot);
		*slot = (struct kr_reader){.path = kr_xstrdup(path), .db = db, .in_use = true};
	}
	pthread_mutex_unlock(&s->pool_lock);
	*ret = db;
	return 0;
}

void kr_store__reader_put(struct kr_store *s, sqlite3 *db)
{
	bool pooled = false;

	if (!db)
		return;
	pthread_mutex_lock(&s->pool_lock);
	for (int i = 0; i < KR_POOL_MAX; i++)
		if (s->pool[i].db == db) {
			s->pool[i].in_use = false;
			s->pool[i].used_at = ++s->pool_clock;
			pooled = true;
		}
	pthread_mutex_unlock(&s->pool_lock);
	if (!pooled)
		kr_db_close(db);
}

void kr_store__readers_close(struct kr_store *s)
{
	pthread_mutex_lock(&s->pool_lock);
	for (int i = 0; i < KR_POOL_MAX; i++)
		if (s->pool[i].db && !s->pool[i].in_use)
			reader_close(&s->pool[i]);
	pthread_mutex_unlock(&s->pool_lock);
}
