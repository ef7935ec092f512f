/* SPDX-License-Identifier: Apache-2.0 */
/* Sources that run, with all their threads: a folder that is filled while runs are asked for. */
#include "pipe/schedule.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "desk/source.h"
#include "desk/tables.h"
#include "store/intake.h"
#include "store/read.h"
#include "tap.h"

#define FILES 40

static char base[] = "/tmp/karaula-test-XXXXXX";
static char box[100];
static struct kr_store *store;
static struct kr_pipe *pipe_;
static struct kr_net *net;
static const struct kr_conf *conf;

static void must(int err, const struct kr_fault *f, const char *what)
{
	char text[700];

	if (err >= 0)
		return;
	printf("Bail out! %s: %s\n", what, kr_fault_text(f, text, sizeof(text)));
	exit(1);
}

static void nap(int ms)
{
	const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	nanosleep(&t, NULL);
}

static void open_all(void)
{
	static const char text[] = "sources {\n\tsettle = \"50ms\"\n\tfetches_max = \"3\"\n}\n";
	struct kr_fault f = {0};
	char dir[100], path[120];
	int dirfd;

	if (!mkdtemp(base))
		exit(1);
	snprintf(dir, sizeof(dir), "%s/node", base);
	snprintf(box, sizeof(box), "%s/box", base);
	must(mkdir(box, 0700) ? -KR_EIO : 0, &f, "folder");
	must(kr_store_init(dir, &f), &f, "init");
	snprintf(path, sizeof(path), "%s/karaula.conf", dir);
	must(kr_file_replace(AT_FDCWD, path, kr_str_c(text), 0600, &f), &f, "configuration");
	must(kr_conf_load(AT_FDCWD, path, &conf, &f), &f, "configuration");
	dirfd = open(dir, O_RDONLY | O_DIRECTORY);
	must(kr_desk_tables_load(dirfd, &f), &f, "tables");
	close(dirfd);
	must(kr_store_open(dir, NULL, &store, &f), &f, "open");
	must(kr_pipe_open(store, conf, &pipe_, &f), &f, "pipe");
	net = kr_net_new(conf, dir);
}

static void add_source(const char *name, const char *folder)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(1 << 20);
	const struct kr_desk_source_change c = {
		.kind = KR_STR("directory"), .format = KR_STR("idf"), .url = kr_str_c(folder)};
	struct kr_source src;
	struct kr_fault f = {0};

	must(kr_desk_source_add(store, KR_BY_LOCAL, kr_str_c(name), &c, KR_TLP_AMBER, a, &src, &f),
	     &f, "source");
}

static void put(int i)
{
	char path[160];
	KR_AUTO_BUF b = KR_BUF(4096);
	struct kr_fault f = {0};

	for (int k = 0; k < 5; k++)
		kr_buf_printf(&b,
			      "{\"source.ip\":\"192.0.2.%d\",\"source.port\":%d,"
			      "\"time.source\":\"2026-11-20T10:00:00Z\","
			      "\"classification.type\":\"phishing\"}\n",
			      k + 1, 1000 + i);
	snprintf(path, sizeof(path), "%s/file-%02d.jsonl", box, i);
	must(kr_file_replace(AT_FDCWD, path, kr_buf_str(&b), 0600, &f), &f, "file");
}

static uint64_t rows(void)
{
	struct kr_store_totals t;
	struct kr_fault f = {0};

	must(kr_store_totals(store, &KR_SCOPE_ALL, &t, &f), &f, "totals");
	return t.rows;
}

static bool wait_rows(uint64_t want)
{
	for (int i = 0; i < 1200 && rows() < want; i++)
		nap(50);
	return rows() == want;
}

static void test_threads(struct kr_sources *s, struct kr_metrics *m)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(1 << 22);
	KR_AUTO_BUF text = KR_BUF(1 << 20);
	struct kr_sources_result r;
	struct kr_fault f = {0};
	int runs = 0;

	for (int i = 0; i < FILES; i++) {
		put(i);
		/* Beside the clock and its workers; busy is an answer as well. */
		if (i % 4 == 0) {
			int err = kr_sources_run(s, KR_STR("box"), NULL, NULL, a, &r, &f);

			runs += err == 0 || err == -KR_EBUSY;
		}
	}
	IS(runs, FILES / 4, "runs on command while others run");
	OK(wait_rows(FILES * 5), "every record is there once");
	IS(kr_sources_run(s, KR_STR("none"), NULL, NULL, a, &r, &f), -KR_ENOENT, "no such source");
	kr_metrics_text(m, &text);
	OK(kr_str_find(kr_buf_str(&text), KR_STR("karaula_rows_total{source=\"box\"} 200")) >= 0,
	   "rows are counted by source");
}

static void test_missing(void)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(1 << 20);
	struct kr_source_state st = {0};
	struct kr_source src;
	struct kr_fault f = {0};

	must(kr_store_source_get(store, KR_STR("away"), a, &src, &f), &f, "source");
	for (int i = 0; i < 200 && !st.failures; i++) {
		must(kr_store_source_state(store, src.id, a, &st, &f), &f, "state");
		nap(50);
	}
	IS(st.failures, 1, "a folder that is not there is a failure");
	OK(st.next > st.tried + 30 * KR_SECOND, "and is tried again later");
	OK(st.error.n > 0, "%.*s", KR_STR_ARG(st.error));
}

int main(void)
{
	const struct kr_log_options quiet = {.level = KR_LOG_ERROR, .fd = 2};
	struct kr_metrics *m = kr_metrics_new(100);
	struct kr_sources *s;
	struct kr_fault f = {0};
	char command[100];

	kr_log_setup(&quiet);
	open_all();
	add_source("box", box);
	add_source("away", "/nonexistent/folder");
	s = kr_sources_new(pipe_, net);
	kr_pipe_count_in(pipe_, m);
	must(kr_sources_start(s, m, &f), &f, "start");
	test_threads(s, m);
	test_missing();
	kr_net_stop(net);
	OK(kr_sources_stop(s, 20000), "all threads end");
	kr_sources_free(s);
	kr_net_free(net);
	kr_pipe_close(pipe_);
	kr_store_close(store);
	kr_conf_unref(conf);
	kr_metrics_free(m);
	snprintf(command, sizeof(command), "rm -rf %s", base);
	OK(!system(command), "tidy");
	return tap_end();
}
