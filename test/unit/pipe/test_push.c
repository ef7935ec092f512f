/* SPDX-License-Identifier: Apache-2.0 */
/* Reports that arrive in pieces are kept as files are, and the taker takes them. */
#include "pipe/push.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "pipe/taker.h"
#include "store/read.h"
#include "tap.h"

static char folder[] = "/tmp/karaula-test-XXXXXX";
static struct kr_store *store;
static struct kr_pipe *pipe_;
static atomic_int done_;

static const char csv[] = "source.ip,classification.type,time.source\n"
			  "192.0.2.1,phishing,2026-11-20T10:00:00Z\n"
			  "192.0.2.2,scanner,2026-11-20T11:00:00Z\n";

static int push(struct kr_take_opts o, struct kr_str text, size_t step, struct kr_pushed *ret,
		struct kr_fault *f)
{
	KR_AUTO(kr_push) *u = kr_push_new(pipe_, &o);
	int err = 0;

	for (size_t at = 0; !err && at < text.n; at += step)
		err = kr_push_add(u, kr_str_first(kr_str_from(text, at), step), f);
	if (!err)
		err = kr_push_end(u, ret, f);
	ret->source = ret->format = KR_STR_NULL; /* lived in u */
	return err;
}

static enum kr_report_state state_of(uint64_t id, uint64_t *ret_new)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_report r = {0};

	if (kr_store_report_get(store, &KR_SCOPE_ALL, id, a, &r, NULL))
		return 0;
	*ret_new = r.total.fresh;
	return r.state;
}

static void test_push(void)
{
	struct kr_take_opts o = {
		.source = KR_STR("s"), .report = KR_STR("a.csv"), .observed = KR_TIME_NONE};
	struct kr_str text = kr_str_n(csv, sizeof(csv) - 1);
	struct kr_pushed got = {0}, again = {0};
	struct kr_fault f = {0};
	uint64_t fresh = 0;

	IS(push(o, text, 7, &got, &f), 0, "kept");
	OK(got.report && !got.known && got.source_made, "as a new report of a new source");
	IS(got.bytes, text.n, "all of it");
	IS(state_of(got.report, &fresh), KR_REPORT_SPOOLED, "not taken yet");
	IS(push(o, text, 1000, &again, &f), 0, "the same again");
	OK(again.known && again.report == got.report, "is known, however it was cut");
	o.source = KR_STR("other");
	o.known_source = true;
	IS(push(o, text, 1000, &again, &f), -KR_ENOENT, "a source that must exist");
	o.source = KR_STR("s");
	o.format = KR_STR("nonsense");
	IS(push(o, text, 1000, &again, &f), -KR_EFORMAT, "a format that does not");
	kr_push_free(kr_push_new(pipe_, &o));
	OK(true, "one that never began leaves nothing");
}

static void test_large(void)
{
	struct kr_take_opts o = {
		.source = KR_STR("s"), .report = KR_STR("large.csv"), .observed = KR_TIME_NONE};
	KR_AUTO_BUF b = KR_BUF(8 << 20);
	struct kr_pushed got = {0};
	struct kr_fault f = {0};

	kr_buf_c(&b, "source.ip,classification.type\n");
	for (int i = 0; i < 100000; i++)
		kr_buf_printf(&b, "198.51.%d.%d,scanner\n", i / 256 % 256, i % 256);
	IS(push(o, kr_buf_str(&b), 4097, &got, &f), 0, "a large one");
	IS(got.bytes, b.n, "all of it");
}

static void taken(void *ctx, const struct kr_take_result *r)
{
	(void)ctx;
	(void)r;
	done_++;
}

static void test_taker(void)
{
	const struct kr_taker_opts o = {.done = taken};
	const struct timespec nap = {.tv_nsec = 10000000};
	struct kr_take_opts late = {
		.source = KR_STR("s"), .report = KR_STR("b.csv"), .observed = KR_TIME_NONE};
	struct kr_taker *t = NULL;
	struct kr_fault f = {0};
	struct kr_pushed got;
	uint64_t fresh = 0;

	IS(kr_taker_start(pipe_, &o, &t, &f), 0, "a taker");
	for (int i = 0; i < 3000 && done_ < 2; i++)
		nanosleep(&nap, NULL);
	IS(done_, 2, "takes what was there");
	IS(state_of(1, &fresh), KR_REPORT_TAKEN, "wholly");
	IS(fresh, 2, "two events");
	IS(push(late, KR_STR("source.ip\n203.0.113.9\n"), 10, &got, &f), 0, "one more");
	kr_taker_wake(t);
	for (int i = 0; i < 3000 && done_ < 3; i++)
		nanosleep(&nap, NULL);
	IS(done_, 3, "is taken when it is woken");
	OK(kr_taker_stop(t, 10000), "it ends");
	OK(kr_taker_stop(NULL, 0), "none ends too");
}

int main(void)
{
	const struct kr_conf *conf;
	struct kr_fault f = {0};
	char command[100];

	if (!mkdtemp(folder) || rmdir(folder) || kr_store_init(folder, &f) ||
	    kr_store_open(folder, NULL, &store, &f) || kr_conf_load(AT_FDCWD, NULL, &conf, &f) ||
	    kr_pipe_open(store, conf, &pipe_, &f)) {
		OK(false, "a store: %s", f.message);
		return tap_end();
	}
	test_push();
	test_large();
	test_taker();
	kr_pipe_close(pipe_);
	kr_store_close(store);
	kr_conf_unref(conf);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) ? 1 : tap_end();
}
