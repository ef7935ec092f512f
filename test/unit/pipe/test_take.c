/* SPDX-License-Identifier: Apache-2.0 */
/* Reports on their way into a real store: sources, formats, mappings, owners, labels; again, known,
 * resumed. */
#include "tap.h"

#include "pipe/take.h"
#include "store/read.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/karaula-test-XXXXXX";
static struct kr_store *store;
static struct kr_pipe *pipe_;
static struct kr_take_result results[16];
static char reasons[16][300];
static size_t n_results;
static int cancel_after = -1; /* calls of cancelled() */
static bool cancel_taking;    /* only calls when a report is acknowledged count */

static void note(void *ctx, const struct kr_take_result *r)
{
	(void)ctx;
	if (n_results == KR_ARRAY_LEN(results))
		return;
	results[n_results] = *r;
	snprintf(reasons[n_results++], sizeof(reasons[0]), "%.*s", (int)r->reason.n,
		 r->reason.p ? r->reason.p : "");
}

static bool stop(void *ctx)
{
	struct kr_report_query q = {.state = KR_REPORT_SPOOLED};
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_report *rows;
	struct kr_fault f;
	size_t n;

	(void)ctx;
	if (cancel_taking &&
	    (kr_store_report_list(store, &KR_SCOPE_ALL, &q, a, &rows, &n, &f) || !n))
		return false;
	return cancel_after >= 0 && cancel_after-- == 0;
}

static struct kr_take_opts opts(const char *source)
{
	return (struct kr_take_opts){.source = kr_str_c(source),
				     .observed = KR_TIME_NONE,
				     .cancelled = stop,
				     .done = note};
}

/* Take a text as a file. */
static int take(const char *name, struct kr_str text, const struct kr_take_opts *o)
{
	struct kr_fault f = {0};
	int fd = memfd_create("report", MFD_CLOEXEC), err = 0;
	char line[600];

	n_results = 0;
	if (write(fd, text.p, text.n) != (ssize_t)text.n || lseek(fd, 0, SEEK_SET))
		return -1;
	err = kr_take_file(pipe_, fd, name, o, &f);
	if (err)
		printf("# %s\n", kr_fault_text(&f, line, sizeof(line)));
	close(fd);
	return err;
}

static uint64_t count(const char *text)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_expr_opts eo = {.now = kr_time_now()};
	struct kr_event_query q = {0};
	struct kr_expr *x;
	struct kr_count n = {0};
	struct kr_fault f = {0};

	if (kr_expr_parse(kr_str_c(text), &eo, a, &x, &f)) {
		printf("# %s\n", f.message);
		return 999999;
	}
	q.expr = x;
	if (kr_store_event_count(store, &KR_SCOPE_ALL, &q, NULL, 0, a, &n, NULL, NULL, &f)) {
		printf("# %s\n", f.message);
		return 999999;
	}
	return n.rows;
}

#define IDF(ip, more)                                                                              \
	"{\"source.ip\":\"" ip "\",\"classification.type\":\"scanner\","                           \
	"\"time.source\":\"2026-11-20T10:00:00+00:00\"" more "}\n"

static void first_way(void)
{
	struct kr_take_opts o = opts("feed-a");
	const struct kr_str text = KR_STR(
		IDF("198.51.100.7", "") IDF("192.0.2.1", "") IDF("198.51.100.7", "")
			IDF("203.0.113.9",
			    ",\"tlp\":\"RED\"") "{broken\n" IDF("192.0.2.2", ",\"tlp\":\"CLEAR\""));

	IS(take("a.jsonl", text, &o), 0, "a report of IDF lines");
	IS(n_results, 1, "is one report");
	IS(results[0].state, KR_REPORT_TAKEN, "and is taken");
	OK(results[0].source_made && !results[0].source_assumed, "its source was made");
	IS(results[0].taken.read, 6, "six records read");
	IS(results[0].taken.fresh, 3, "three rows are new");
	IS(results[0].taken.aggregated, 1, "one was seen twice");
	IS(results[0].taken.refused, 2, "a broken one and a RED one are refused");
	IS(results[0].taken.unrouted, 2, "two belong to nobody");
	IS(count(""), 3, "three rows are in the store");
	IS(count("constituent:bank"), 1, "one has an owner");
	IS(count("class:information-gathering"), 3, "the class follows from the type");
	IS(count("tlp:amber"), 0, "the label of the source is not a field of the event");
	IS(take("a.jsonl", text, &o), 0, "the same report again");
	OK(results[0].known && results[0].report == 1, "is known");
	IS(count(""), 3, "and changes nothing");
	o = opts("feed-b");
	o.retention = KR_RETAIN_SHORT;
	o.tlp = KR_TLP_GREEN;
	IS(take("a.jsonl", text, &o), 0, "the same bytes of another source");
	OK(!results[0].known, "are another report");
	o.tlp = KR_TLP_AMBER;
	IS(take("b.jsonl", text, &o), -KR_EEXIST,
	   "an existing source is not relabelled by accident");
	o = opts("");
	IS(take("c.jsonl", KR_STR(IDF("192.0.2.50", "")), &o), 0, "without a source");
	OK(results[0].source_assumed, "the format's name is taken");
	IS_STR(results[0].source, KR_STR("idf"), "and said");
	o.format = KR_STR("nonsense");
	IS(take("c.jsonl", text, &o), -KR_EFORMAT, "a format that is none");
}

static void times(void)
{
	struct kr_take_opts o = opts("times");

	o.observed = 1700000000 * KR_SECOND;
	IS(take("t.jsonl",
		KR_STR("{\"source.ip\":\"192.0.2.99\",\"classification.type\":\"scanner\"}\n"), &o),
	   0, "an event without a time");
	IS(count("time:2023-11-14T22:13:20Z source:times"), 1, "has the time of collecting");
	IS(take("u.jsonl", KR_STR("{\"source.ip\":\"192.0.2.98\"}\n"),
		&(struct kr_take_opts){.source = KR_STR("times"),
				       .format = KR_STR("idf"),
				       .observed = KR_TIME_NONE}),
	   0, "without a type and a clock");
	IS(count("source:times since:1h type:undetermined class:other"), 1,
	   "has the time of arrival, and is undetermined");
}

static const char mapping[] = "{\"test_scan\":{\"feed_name\":\"Scan\",\"file_name\":\"scan_test\","
			      "\"constant_fields\":{\"classification.type\":\"%s\","
			      "\"classification.identifier\":\"open-test\"},"
			      "\"required_fields\":[[\"source.ip\",\"ip\"],[\"time.source\","
			      "\"timestamp\",\"add_UTC_to_timestamp\"]],"
			      "\"optional_fields\":[[\"source.port\",\"port\"]]}}";

static void mapping_put(const char *type)
{
	KR_AUTO_BUF doc = KR_BUF(4096);
	struct kr_mapping *m = NULL;
	struct kr_fault f = {0};
	uint32_t id;

	/* The pattern is this file's own text. */
	for (const char *p = mapping; *p; p++) {
		if (p[0] == '%' && p[1] == 's') {
			kr_buf_c(&doc, type);
			p++;
		} else {
			kr_buf_ch(&doc, *p);
		}
	}
	if (kr_mapping_compile(kr_buf_str(&doc), &m, &f) ||
	    kr_store_mapping_put(store, KR_BY_LOCAL, KR_STR("shadowserver"), KR_STR("shadowserver"),
				 kr_buf_str(&doc), kr_mapping_hash(m), &id, &f))
		printf("# %s\n", f.message);
	kr_mapping_unref(m);
}

#define SCAN "\"timestamp\",\"ip\",\"port\",\"asn\",\"geo\"\n"

static void mapped(void)
{
	struct kr_take_opts o = opts("sink");
	struct kr_fault f = {0};
	uint64_t first, second;
	const char *name = "2026-11-20-scan_test-example.csv";

	IS(take(name, KR_STR(SCAN "\"2026-11-20 00:00:01\",\"192.0.2.10\",80,64500,AL\n"), &o), 0,
	   "a report without a mapping");
	IS(results[0].state, KR_REPORT_QUARANTINED, "is kept in quarantine");
	OK(strstr(reasons[0], "mapping"), "and says why: %s", reasons[0]);
	first = results[0].report;
	mapping_put("vulnerable-system");
	n_results = 0;
	IS(kr_take_again(pipe_, first, &o, &f), 0, "with a mapping it is taken from the archive");
	IS(results[0].state, KR_REPORT_TAKEN, "now");
	IS(results[0].taken.fresh, 1, "with its row");
	IS(take(name,
		KR_STR(SCAN "\"2026-11-20 00:00:01\",\"192.0.2.10\",80,64500,AL\n"
			    "\"2026-11-20 00:00:02\",\"192.0.2.11\",80,64500,AL\n"),
		&o),
	   0, "another report that shares a row");
	IS(results[0].taken.aggregated, 1, "raises its count");
	second = results[0].report;
	IS(count("source:sink type:vulnerable-system"), 2, "two rows");
	mapping_put("ddos-amplifier");
	IS(kr_take_again(pipe_, first, &o, &f), 0, "the first is taken again under a new mapping");
	IS(count("source:sink type:ddos-amplifier"), 1, "its row is of the new type");
	IS(count("source:sink type:vulnerable-system"), 2,
	   "what the second contributed stays under its mapping");
	n_results = 0;
	IS(kr_take_source_again(pipe_, KR_STR("sink"), &o, &f), 0, "all of the source");
	IS(n_results, 2, "are two reports");
	IS(results[1].report, second, "oldest first");
	IS(count("source:sink type:ddos-amplifier"), 2, "now all is of the new type");
	IS(count("source:sink"), 2, "and nothing else is left");
	IS(kr_store_verify(store, &f), 0, "counters equal a recount");
	IS(kr_take_source_again(pipe_, KR_STR("nobody"), &o, &f), -KR_ENOENT,
	   "a source that is not there");
	IS(kr_take_again(pipe_, 9999, &o, &f), -KR_ENOENT, "a report that is not there");
	IS(take("2026-11-21-scan_test-example.csv",
		KR_STR("\"timestamp\",\"port\",\"asn\",\"geo\",\"severity\"\n1,2,3,4,5\n"), &o),
	   0, "a required column is missing");
	IS(results[0].state, KR_REPORT_REFUSED, "the report is refused as a whole");
	OK(strstr(reasons[0], "ip"), "and the column is named: %s", reasons[0]);
	IS(take("2026-11-21-other-example.csv", KR_STR(SCAN "1,2,3,4,5\n"), &o), 0,
	   "a report the mapping does not know");
	IS(results[0].state, KR_REPORT_QUARANTINED, "is kept in quarantine");
	IS(take("x.bin", KR_STR("\1\2\3\4 nothing that anybody knows\n"), &o), 0,
	   "bytes of no format");
	IS(results[0].state, KR_REPORT_QUARANTINED, "as well");
	OK(strstr(reasons[0], "format"), "and says so: %s", reasons[0]);
}

/* A report of many frames. */
static void many_lines(struct kr_buf *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		kr_buf_printf(
			b, "{\"source.ip\":\"10.%u.%u.%u\",\"classification.type\":\"scanner\"}\n",
			i >> 16, i >> 8 & 255, i & 255);
}

static void resumed(void)
{
	KR_AUTO_BUF b = KR_BUF(16 << 20);
	struct kr_take_opts o = opts("big");
	struct kr_fault f = {0};
	struct kr_report_query q = {.state = KR_REPORT_SPOOLED};
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_report *rows;
	size_t n;

	many_lines(&b, 40000);
	cancel_after = 2;
	IS(take("big.jsonl", kr_buf_str(&b), &o), -KR_ECANCEL, "cancelled while it is spooled");
	IS(kr_store_report_list(store, &KR_SCOPE_ALL, &q, a, &rows, &n, &f), 0,
	   "unfinished reports");
	IS(n, 0, "none: nothing was acknowledged");
	cancel_after = 3;
	cancel_taking = true;
	IS(take("big.jsonl", kr_buf_str(&b), &o), -KR_ECANCEL, "cancelled behind a batch");
	cancel_after = -1;
	IS(kr_store_report_list(store, &KR_SCOPE_ALL, &q, a, &rows, &n, &f), 0,
	   "unfinished reports");
	IS(n, 1, "one");
	OK(count("source:big") < 40000, "with a part of its rows");
	n_results = 0;
	IS(kr_take_resume(pipe_, &o, &f), 1, "it is resumed");
	IS(results[0].taken.read, 40000, "and finished");
	IS(results[0].taken.fresh, 40000, "with every row once");
	IS(count("source:big"), 40000, "they are there");
	IS(kr_store_verify(store, &f), 0, "counters equal a recount");
	IS(kr_take_resume(pipe_, &o, &f), 0, "nothing is left to resume");
}

static bool open_all(void)
{
	const struct kr_conf *conf = NULL;
	struct kr_fault f = {0};
	struct kr_register_draft d;
	struct kr_register_change change;
	struct kr_register *r = NULL;
	struct kr_fault faults[KR_REGISTER_FAULTS_MAX];
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	size_t n;
	int err = kr_store_init(folder, &f);

	if (!err)
		err = kr_store_open(folder, NULL, &store, &f);
	if (!err)
		err = kr_conf_load(AT_FDCWD, NULL, &conf, &f);
	if (!err)
		err = kr_pipe_open(store, conf, &pipe_, &f);
	kr_conf_unref(conf);
	IS(err, 0, "an empty node is opened");
	if (!err)
		err = kr_register_read(KR_STR("name,prefixes\nbank,198.51.100.0/24\n"), "c.csv", a,
				       &d, faults, &n);
	if (!err)
		err = kr_register_replace(store, KR_BY_LOCAL, &d, &r, &change, &f);
	kr_register_unref(r);
	if (!err)
		err = kr_pipe_reload(pipe_, &f);
	IS(err, 0, "and has a register");
	IS(change.added, 1, "of one constituent");
	if (err)
		printf("# %s\n", f.message);
	return !err;
}

int main(void)
{
	char command[100];

	if (!mkdtemp(folder) || !open_all())
		return 1;
	first_way();
	times();
	mapped();
	resumed();
	kr_pipe_close(pipe_);
	kr_store_close(store);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) ? 1 : tap_end();
}
