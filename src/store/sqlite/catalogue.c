/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue: what is in events/, in memory, with each partition's spans, so that queries open
 * only what they need. It is read from stats.db; only partitions that may have changed since (not
 * sealed there, or not known there) are opened at start.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/sqlite/db.h"
#include "store/sqlite/partition.h"
#include "store/sqlite/state.h"

/* Newest first: by day, then part, then class. */
static int info_cmp(const void *a, const void *b)
{
	const struct kr_part_info *x = a, *y = b;

	if (x->day != y->day)
		return x->day > y->day ? -1 : 1;
	if (x->part != y->part)
		return x->part > y->part ? -1 : 1;
	return (int)y->class_ - (int)x->class_;
}

static struct kr_part_info *find(struct kr_catalogue *c, const struct kr_part_info *key)
{
	return c->n ? bsearch(key, c->parts, c->n, sizeof(*c->parts), info_cmp) : NULL;
}

void kr_store__catalogue_put(struct kr_store *s, const struct kr_part_info *p)
{
	struct kr_catalogue *c = &s->catalogue;
	struct kr_part_info *old;

	pthread_rwlock_wrlock(&c->lock);
	old = find(c, p);
	if (old) {
		uint64_t derived = KR_MAX(old->derived, p->derived);

		*old = *p;
		old->derived = derived;
	} else {
		if (c->n == c->cap) {
			c->cap = c->cap ? c->cap * 2 : 64;
			c->parts = kr_xrealloc(c->parts, c->cap * sizeof(*c->parts));
		}
		c->parts[c->n++] = *p;
		qsort(c->parts, c->n, sizeof(*c->parts), info_cmp);
	}
	pthread_rwlock_unlock(&c->lock);
}

void kr_store__catalogue_drop(struct kr_store *s, enum kr_retention class_, int32_t day)
{
	struct kr_catalogue *c = &s->catalogue;
	size_t n = 0;

	pthread_rwlock_wrlock(&c->lock);
	for (size_t i = 0; i < c->n; i++)
		if (c->parts[i].class_ != class_ || c->parts[i].day != day)
			c->parts[n++] = c->parts[i];
	c->n = n;
	pthread_rwlock_unlock(&c->lock);
}

size_t kr_store__catalogue_copy(struct kr_store *s, struct kr_arena *a, struct kr_part_info **ret)
{
	struct kr_catalogue *c = &s->catalogue;
	size_t n;

	pthread_rwlock_rdlock(&c->lock);
	n = c->n;
	*ret = kr_arena_alloc(a, n * sizeof(**ret));
	if (*ret && n)
		memcpy(*ret, c->parts, n * sizeof(**ret));
	else if (!*ret)
		n = 0;
	pthread_rwlock_unlock(&c->lock);
	return n;
}

bool kr_store__catalogue_find(struct kr_store *s, enum kr_retention class_, int32_t day,
			      uint32_t part, struct kr_part_info *ret)
{
	struct kr_part_info key = {.class_ = class_, .day = day, .part = part};
	struct kr_part_info *p;

	pthread_rwlock_rdlock(&s->catalogue.lock);
	p = find(&s->catalogue, &key);
	if (p)
		*ret = *p;
	pthread_rwlock_unlock(&s->catalogue.lock);
	return p != NULL;
}

/* "20261121-3.db" */
static bool parse_name(const char *name, int32_t *ret_day, uint32_t *ret_part)
{
	struct kr_str s = kr_str_c(name);
	uint64_t part;

	if (!kr_str_ends(s, KR_STR(".db")) || s.n < 13 || s.p[8] != '-')
		return false;
	s.n -= 3;
	if (kr_day_parse(kr_str_first(s, 8), ret_day) || kr_str_u64(kr_str_from(s, 9), &part) ||
	    part == 0 || part > 1000000)
		return false;
	*ret_part = (uint32_t)part;
	return true;
}

static int load_stats(struct kr_store *s, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->stats,
			      "SELECT "
			      "class,day,part,rows,next_id,seg,derived,sealed,first_min,first_max,"
			      "last_min,last_max,"
			      "events FROM partition",
			      &st, reterr);

	while (!r && (r = kr_db_step(st, reterr)) == 1) {
		struct kr_part_info p = {
			.class_ = (enum kr_retention)sqlite3_column_int(st, 0),
			.day = sqlite3_column_int(st, 1),
			.part = (uint32_t)sqlite3_column_int(st, 2),
			.rows = (uint64_t)sqlite3_column_int64(st, 3),
			.next_id = (uint64_t)sqlite3_column_int64(st, 4),
			.seg = (uint64_t)sqlite3_column_int64(st, 5),
			.derived = (uint64_t)sqlite3_column_int64(st, 6),
			.sealed = sqlite3_column_int(st, 7) != 0,
			.first_min = sqlite3_column_int64(st, 8),
			.first_max = sqlite3_column_int64(st, 9),
			.last_min = sqlite3_column_int64(st, 10),
			.last_max = sqlite3_column_int64(st, 11),
			.events = (uint64_t)sqlite3_column_int64(st, 12),
		};

		if (sqlite3_column_type(st, 8) == SQLITE_NULL)
			p.first_min = p.first_max = p.last_min = p.last_max = KR_TIME_NONE;
		kr_store__catalogue_put(s, &p);
		r = 0;
	}
	return r;
}

/* Read the state of one partition file into the catalogue. */
static int refresh(struct kr_store *s, struct kr_part_info *p, struct kr_fault *reterr)
{
	struct kr_partition *part;
	int r = kr_partition_open(s, p->class_, p->day, p->part, false, &part, reterr);

	if (r)
		return r;
	part->info.derived = p->derived;
	kr_store__catalogue_put(s, &part->info);
	kr_partition_close(part);
	return 0;
}

static int load_folder(struct kr_store *s, enum kr_retention class_, struct kr_fault *reterr)
{
	char path[64];
	DIR *dir;
	int fd, r = 0;

	snprintf(path, sizeof(path), "events/%s", kr_retention_text(class_));
	fd = openat(s->dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : kr_fault_errno(reterr, errno, "cannot read %s", path);
	dir = fdopendir(fd);
	for (struct dirent *d; !r && (d = readdir(dir));) {
		struct kr_part_info known = {.class_ = class_};

		if (!parse_name(d->d_name, &known.day, &known.part))
			continue;
		if (!kr_store__catalogue_find(s, class_, known.day, known.part, &known) ||
		    !known.sealed)
			r = refresh(s, &known, reterr);
	}
	closedir(dir);
	return r;
}

int kr_store__catalogue_load(struct kr_store *s, struct kr_fault *reterr)
{
	int r = kr_store__dropped_sweep(s, reterr);

	if (!r)
		r = load_stats(s, reterr);
	for (int c = KR_RETAIN_SHORT; !r && c < KR_RETENTIONS; c++)
		r = load_folder(s, (enum kr_retention)c, reterr);
	return r;
}
