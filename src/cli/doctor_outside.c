/* SPDX-License-Identifier: Apache-2.0 */
/* What can be seen of a data directory without its lock. */
#include "cli/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/time.h"
#include "pipe/lookup.h"

#define SPACE_FAIL ((uint64_t)200 << 20)
#define SPACE_WARN ((uint64_t)1 << 30)
#define STALE_S	   3600 /* a temporary file that is older was left by a crash */
#define TABLE_DAYS 180	/* a table that is older is stale */
#define WALK_DEPTH 5
#define WALK_MAX   200000 /* entries */

static void rights(struct kr_doctor *d)
{
	struct stat st, secrets;

	if (fstat(d->dirfd, &st) != 0)
		return;
	if (st.st_mode & 022)
		kr_doctor_say(d, KR_HEALTH_FAIL, "rights", "chmod go-w on the directory",
			      "%s may be written by others (mode %04o)", d->dir,
			      (unsigned)st.st_mode & 07777);
	else if (geteuid() != 0 && geteuid() != st.st_uid)
		kr_doctor_say(d, KR_HEALTH_WARN, "rights", "run karaula as its owner",
			      "%s belongs to user %u, you are user %u", d->dir, (unsigned)st.st_uid,
			      (unsigned)geteuid());
	else
		kr_doctor_say(d, KR_HEALTH_OK, "rights", NULL, "%s belongs to user %u, mode %04o",
			      d->dir, (unsigned)st.st_uid, (unsigned)st.st_mode & 07777);
	if (!fstatat(d->dirfd, "main.db", &st, AT_SYMLINK_NOFOLLOW) && (st.st_mode & 07))
		kr_doctor_say(d, KR_HEALTH_FAIL, "rights", "chmod o= on it",
			      "main.db is open to others (mode %04o)",
			      (unsigned)st.st_mode & 07777);
	if (fstatat(d->dirfd, "secrets", &secrets, 0) != 0)
		kr_doctor_say(d, KR_HEALTH_FAIL, "secrets", "mkdir -m 700 secrets in the directory",
			      "the folder secrets: %s", strerror(errno));
	else if (secrets.st_mode & 077)
		kr_doctor_say(d, KR_HEALTH_FAIL, "secrets", "chmod 700 on it",
			      "the folder secrets is open to others (mode %04o)",
			      (unsigned)secrets.st_mode & 07777);
	else
		kr_doctor_say(d, KR_HEALTH_OK, "secrets", NULL, "closed to others");
}

static void space(struct kr_doctor *d)
{
	struct statvfs v;
	uint64_t free_bytes, inodes;
	enum kr_health h;

	if (fstatvfs(d->dirfd, &v) != 0) {
		kr_doctor_say(d, KR_HEALTH_WARN, "space", NULL, "cannot be seen: %s",
			      strerror(errno));
		return;
	}
	free_bytes = (uint64_t)v.f_bavail * v.f_frsize;
	inodes = v.f_files ? v.f_favail : UINT64_MAX;
	h = free_bytes < SPACE_FAIL || inodes < 1000		      ? KR_HEALTH_FAIL
	    : free_bytes < SPACE_WARN || v.f_bavail < v.f_blocks / 20 ? KR_HEALTH_WARN
								      : KR_HEALTH_OK;
	kr_doctor_say(d, h, "space",
		      h == KR_HEALTH_OK ? NULL
					: "free some, or move the directory to a larger disk",
		      "%llu MiB free of %llu MiB", (unsigned long long)(free_bytes >> 20),
		      (unsigned long long)((uint64_t)v.f_blocks * v.f_frsize >> 20));
}

static void configuration(struct kr_doctor *d)
{
	const struct kr_conf *c;
	struct kr_fault f = {0};

	if (kr_conf_load(d->dirfd, KR_CONF_FILE, &c, &f)) {
		kr_doctor_fault(d, KR_HEALTH_FAIL, "configuration", &f);
		return;
	}
	if (!c->node_name[0] || !c->node_country[0])
		kr_doctor_say(d, KR_HEALTH_WARN, "configuration",
			      "set name and country in section node", "the node has no %s",
			      c->node_name[0] ? "country" : "name");
	else
		kr_doctor_say(d, KR_HEALTH_OK, "configuration", NULL, "node %s in %s, pages on %s",
			      c->node_name, c->node_country, c->http_listen);
	kr_doctor_ways(d, c);
	kr_conf_unref(c);
}

/* Is the time believable? A clock that is behind what was written already has been set back. */
static void clock_sane(struct kr_doctor *d)
{
	struct timex t = {0};
	struct stat st;
	kr_time now = kr_time_now();
	char text[KR_TIME_TEXT_MAX];

	kr_time_text(now / KR_SECOND * KR_SECOND, text);
	if (fstatat(d->dirfd, "main.db", &st, 0) == 0 &&
	    (kr_time)st.st_mtim.tv_sec * KR_SECOND > now + KR_HOUR)
		kr_doctor_say(d, KR_HEALTH_FAIL, "clock", "set the clock, then restart",
			      "it is %s, but main.db was written later", text);
	else if (now < kr_day_time(kr_day_of(2026, 1, 1)))
		kr_doctor_say(d, KR_HEALTH_FAIL, "clock", "set the clock, then restart",
			      "it says %s, which is in the past", text);
	else if (adjtimex(&t) == TIME_ERROR)
		kr_doctor_say(d, KR_HEALTH_WARN, "clock", "switch on systemd-timesyncd or chrony",
			      "%s, not synchronised with a time server", text);
	else
		kr_doctor_say(d, KR_HEALTH_OK, "clock", NULL, "%s, synchronised", text);
}

struct walk {
	kr_time now;
	unsigned entries, stale;
	char first[256];
};

static void walk_dir(struct walk *w, int fd, unsigned depth);

static void walk_entry(struct walk *w, int fd, const char *name, unsigned depth)
{
	struct stat st;
	int sub;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	if (S_ISDIR(st.st_mode) && depth < WALK_DEPTH) {
		sub = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (sub >= 0)
			walk_dir(w, sub, depth + 1);
		return;
	}
	if (!S_ISREG(st.st_mode) || !kr_str_ends(kr_str_c(name), KR_STR(".tmp")) ||
	    w->now / KR_SECOND - st.st_mtim.tv_sec < STALE_S)
		return;
	if (!w->stale++)
		snprintf(w->first, sizeof(w->first), "%s", name);
}

/* Takes fd. */
static void walk_dir(struct walk *w, int fd, unsigned depth)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		close(fd);
		return;
	}
	while (w->entries < WALK_MAX && (e = readdir(dir))) {
		w->entries++;
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			walk_entry(w, fd, e->d_name, depth);
	}
	closedir(dir);
}

static void stale_files(struct kr_doctor *d)
{
	struct walk w = {.now = kr_time_now()};
	int fd = openat(d->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		walk_dir(&w, fd, 0);
	if (w.stale)
		kr_doctor_say(d, KR_HEALTH_WARN, "temporary files",
			      "a crash left them; remove them while no node runs",
			      "%u older than an hour, the first is %s", w.stale, w.first);
	else
		kr_doctor_say(d, KR_HEALTH_OK, "temporary files", NULL, "none left behind");
}

/* Tables go stale: addresses move between countries and networks. */
static void table(struct kr_doctor *d, enum kr_lookup_kind kind)
{
	struct kr_fault f = {0};
	struct kr_lookup_about about;
	struct kr_lookup *l = NULL;
	char check[40], day[KR_TIME_TEXT_MAX];
	int64_t age;
	int err = kr_lookup_open(d->dirfd, kind, &l, &f);

	snprintf(check, sizeof(check), "table %s", kr_lookup_text(kind));
	if (err == -KR_ENOENT) {
		kr_doctor_say(d, KR_HEALTH_WARN, check, "karaula table import",
			      "none: events are not given what the report leaves out");
		return;
	}
	if (!err) {
		err = kr_lookup_check(l, &f);
		kr_lookup_about(l, &about);
	}
	if (err) {
		kr_doctor_fault(d, KR_HEALTH_FAIL, check, &f);
		kr_lookup_free(l);
		return;
	}
	age = (kr_time_now() - about.imported) / KR_DAY;
	kr_doctor_say(d, age > TABLE_DAYS ? KR_HEALTH_WARN : KR_HEALTH_OK, check,
		      age > TABLE_DAYS ? "import a newer one" : NULL,
		      "%llu ranges of %s, %lld days old. %.*s%s%.*s",
		      (unsigned long long)about.rows, kr_day_text(kr_time_day(about.imported), day),
		      (long long)age, KR_STR_ARG(about.attribution), about.attribution.n ? " " : "",
		      KR_STR_ARG(about.licence));
	kr_lookup_free(l);
}

void kr_doctor_outside(struct kr_doctor *d)
{
	rights(d);
	space(d);
	configuration(d);
	clock_sane(d);
	stale_files(d);
	for (int kind = 1; kind < KR_LOOKUPS; kind++)
		table(d, (enum kr_lookup_kind)kind);
}
