/* SPDX-License-Identifier: Apache-2.0 */
/* What is old is dropped, what is young stays, and counters outlive both; on a clock of our own. */
#include "store/retention.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "store/backup.h"
#include "store/read.h"
#include "store/write.h"
#include "tap.h"

static kr_time clock_now = 20000 * KR_DAY + KR_HOUR;

static kr_time now(void)
{
	return clock_now;
}

static const struct kr_store_opts opts = {.now = now};
static const struct kr_retention_days keep = {
	.days = {[KR_RETAIN_SHORT] = 30, [KR_RETAIN_STANDARD] = 400, [KR_RETAIN_LONG] = 1826}};
static uint32_t source_id;

static uint64_t take(struct kr_store *s, enum kr_retention class_, const char *text, bool finish)
{
	struct kr_report_new n = {.source = source_id,
				  .name = KR_STR("r"),
				  .format = KR_STR("test"),
				  .observed = KR_TIME_NONE};
	KR_AUTO(kr_batch) *b = kr_batch_new(0);
	struct kr_spool_writer *w;
	struct kr_spooled sp;
	struct kr_taking *t;
	struct kr_taken sum;
	struct kr_fault f = {0};
	struct kr_event *e;
	uint64_t id = 0;
	bool ok = !kr_spool_begin(s, class_, &w, &f) && !kr_spool_add(w, text, strlen(text), &f) &&
		  !kr_spool_end(w, &sp, &f) && kr_store_report_add(s, &n, &sp, &id, &f) == 0;

	if (!ok || !finish)
		return id;
	e = kr_event_new(b->arena);
	ok = !kr_event_put(e, b->arena, KR_F_CLASS_TAXONOMY,
			   (union kr_value){.text = KR_STR("vulnerable")});
	e->key = strlen(text);
	e->first = e->last = clock_now;
	e->count = 1;
	e->label = KR_TLP_AMBER;
	kr_batch_add(b, e);
	ok = ok && !kr_store_take_begin(s, id, false, KR_STR("test"), 0, NULL, &t, &f) &&
	     !kr_store_batch(t, 0, b, &f) &&
	     !kr_store_take_end(t, KR_REPORT_TAKEN, KR_STR(""), &sum, &f) &&
	     !kr_store_derive(s, &f);
	OK(ok, "a report is taken %s", f.message);
	return id;
}

static size_t preview(struct kr_store *s, struct kr_arena *a, struct kr_retention_row **ret)
{
	struct kr_fault f;
	size_t n = 99;

	IS(kr_store_retention_preview(s, &keep, a, ret, &n, &f), 0, "a preview");
	return n;
}

static uint64_t counted(struct kr_store *s)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_counter_query q = {.from = 0, .to = 40000};
	struct kr_counter_row *rows;
	struct kr_fault f;
	size_t n;

	if (kr_store_counters(s, &KR_SCOPE_ALL, &q, a, &rows, &n, &f) || n != 1)
		return 0;
	return rows[0].rows;
}

static uint64_t listed(struct kr_store *s)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_event_query q = {0};
	struct kr_count c = {0};
	struct kr_group_row *g;
	struct kr_fault f;
	size_t n;

	if (kr_store_event_count(s, &KR_SCOPE_ALL, &q, NULL, 0, a, &c, &g, &n, &f))
		return 99;
	return c.rows;
}

static struct kr_store *reopen(struct kr_store *s, const char *dir)
{
	struct kr_fault f = {0};

	kr_store_close(s);
	OK(!kr_store_open(dir, &opts, &s, &f), "the directory is opened again %s", f.message);
	return s;
}

static void test_young(struct kr_store *s)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_retention_row *rows;

	clock_now += 30 * KR_DAY;
	IS(preview(s, a, &rows), 0, "on the last day nothing is dropped");
	clock_now += KR_DAY;
	IS(preview(s, a, &rows), 1, "a day later the short class is");
	IS((int)rows[0].class_, KR_RETAIN_SHORT, "that class");
	IS(rows[0].reports, 1, "its report");
	IS(rows[0].rows, 1, "its row");
	IS(rows[0].partitions, 1, "its partition");
	OK(rows[0].bytes_spool > 0 && rows[0].bytes_events > 0, "with what they take");
}

static struct kr_store *test_drop(struct kr_store *s, const char *dir)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_retention_row *rows;
	struct kr_report r;
	struct kr_fault f = {0};

	preview(s, a, &rows);
	IS(kr_store_retention_drop(s, KR_BY_NODE, &rows[0], &f), 0, "it is dropped");
	IS(listed(s), 1, "one row is left");
	IS(counted(s), 2, "both are counted still");
	IS(kr_store_report_get(s, &KR_SCOPE_ALL, 1, a, &r, &f), 0, "the report is known");
	IS((int)r.state, KR_REPORT_DROPPED, "as dropped");
	IS(preview(s, a, &rows), 0, "nothing more to drop");
	IS(kr_store_verify(s, &f), 0, "a recount passes over the day");
	s = reopen(s, dir);
	IS(listed(s), 1, "after a start too");
	IS(counted(s), 2, "nothing is counted twice");
	return s;
}

/* A crash between writing off and removing the file. */
static struct kr_store *test_crash(struct kr_store *s, const char *dir)
{
	char from[200], to[200], cmd[500];

	snprintf(from, sizeof(from), "%s/events/standard", dir);
	snprintf(to, sizeof(to), "%s/events/short", dir);
	/* The file of another partition stands in the place of the one that should be gone. */
	snprintf(cmd, sizeof(cmd), "cp %s/*.db %s/", from, to);
	OK(system(cmd) == 0, "a file that was written off is there again");
	s = reopen(s, dir);
	IS(listed(s), 1, "it is not read");
	snprintf(cmd, sizeof(cmd), "test -z \"$(ls %s)\"", to);
	OK(system(cmd) == 0, "and removed");
	return s;
}

static void test_waiting(struct kr_store *s)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_retention_row *rows;
	struct kr_fault f = {0};

	take(s, KR_RETAIN_SHORT, "never taken", false);
	clock_now += 31 * KR_DAY;
	IS(preview(s, a, &rows), 1, "a report that was never taken");
	OK(rows[0].waits != NULL, "waits");
	IS(kr_store_retention_drop(s, KR_BY_NODE, &rows[0], &f), -KR_EBUSY, "and is not dropped");
}

int main(void)
{
	char base[] = "/tmp/karaula-test-XXXXXX", dir[100], cmd[200];
	struct kr_source src = {.name = KR_STR("feed")};
	struct kr_store *s = NULL;
	struct kr_fault f = {0};

	if (!mkdtemp(base))
		return 99;
	snprintf(dir, sizeof(dir), "%s/node", base);
	OK(!kr_store_init(dir, &f) && !kr_store_open(dir, &opts, &s, &f) &&
		   !kr_store_source_put(s, KR_BY_LOCAL, &src, &source_id, &f),
	   "a data directory %s", f.message);
	take(s, KR_RETAIN_SHORT, "first", true);
	take(s, KR_RETAIN_STANDARD, "second", true);
	test_young(s);
	s = test_drop(s, dir);
	s = test_crash(s, dir);
	test_waiting(s);
	kr_store_close(s);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", base);
	return system(cmd) ? 99 : tap_end();
}
