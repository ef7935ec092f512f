/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/thread.h"
#include "tap.h"

static int fd;

/* What was logged since the last call, the time left out. */
static const char *logged(void)
{
	static char text[1 << 20];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	char *time;

	text[n < 0 ? 0 : n] = '\0';
	if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET))
		abort();
	time = strstr(text, "time=2");
	if (time)
		memmove(time, strchr(time, ' ') + 1, strlen(strchr(time, ' ')));
	return text;
}

static void test_forms(void)
{
	struct kr_log_options o = {.level = KR_LOG_INFO, .fd = fd};
	struct kr_fault f = {0};
	char stream[64];
	struct stat st;
	struct kr_json_token t;
	struct kr_json j;
	KR_AUTO(kr_arena) *a = kr_arena_new(0);

	kr_log_setup(&o);
	kr_log(KR_LOG_WARNING, "peer is late", KR_S("peer", "example.org"), KR_I("seconds", -3),
	       KR_B("known", true), KR_U("bytes", UINT64_MAX), KR_F("share", 0.5));
	IS_CSTR(logged(),
		"<4>level=warning msg=\"peer is late\" peer=example.org seconds=-3 known=true "
		"bytes=18446744073709551615 share=0.5\n",
		"logfmt");
	kr_log(KR_LOG_DEBUG, "unseen");
	IS_CSTR(logged(), "", "below the level");
	kr_fault_set(&f, -KR_EFULL, "cannot write");
	kr_fault_remedy(&f, "make room");
	kr_log(KR_LOG_ERROR, "stopped", KR_FAULT(&f));
	IS_CSTR(logged(),
		"<3>level=error msg=stopped error=\"cannot write (make room)\" code=FULL\n",
		"a fault");

	fstat(fd, &st);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	kr_log_setup(&o);
	kr_log(KR_LOG_NOTICE, "started");
	IS_CSTR(logged(), "<5>level=notice msg=started\n", "in the journal without time");
	setenv("JOURNAL_STREAM", "1:1", 1);
	o.json = true;
	kr_log_setup(&o);
	kr_log(KR_LOG_NOTICE, "started", KR_S("a", KR_STR("x\ny\xff\xc2\x85")), KR_I("n", 1),
	       KR_FAULT(&f));
	kr_json_init(&j, kr_str_c(logged()), a, 4, KR_JSON_UNIQUE_KEYS, &f);
	IS(kr_json_next(&j, &t), 0, "JSON");
	IS(kr_json_next(&j, &t), 0, "time");
	IS(kr_json_next(&j, &t), 0, "level");
	IS_STR(t.text, KR_STR("notice"), "its value");
	IS(kr_json_next(&j, &t), 0, "message");
	IS(kr_json_next(&j, &t), 0, "value");
	IS_STR(t.raw, KR_STR("\"x\\ny\xef\xbf\xbd\\u0085\""), "as it was, but for a bad byte");
	IS(kr_json_next(&j, &t), 0, "number");
	IS(kr_json_next(&j, &t), 0, "fault");
	IS(kr_json_next(&j, &t), 0, "code");
	IS(kr_json_next(&j, &t), 0, "close");
	IS(kr_json_next(&j, &t), 0, "end");
	o.json = false;
	kr_log_setup(&o);
}

static void hostile(struct kr_str value, const char *want)
{
	char line[5000];

	snprintf(line, sizeof(line), "<6>level=info msg=x v=%s end=1\n", want);
	kr_log(KR_LOG_INFO, "x", KR_S("v", value), KR_I("end", 1));
	IS_CSTR(logged(), line, want);
}

static void test_hostile(void)
{
	char much[3000], want[1100];

	hostile(KR_STR(""), "\"\"");
	hostile(KR_STR("<3>"), "\"<3>\"");
	hostile(KR_STR("a b=c"), "\"a b=c\"");
	hostile(KR_STR("a\n<3>level=error msg=forged"), "\"a\\n<3>level=error msg=forged\"");
	hostile(KR_STR("\"quoted\" \\"), "\"\\\"quoted\\\" \\\\\"");
	hostile(KR_STR("\x1b[31mred"), "\"\\u001b[31mred\"");
	hostile(KR_STR("nul\0in it"), "\"nul\\u0000in it\"");
	hostile(KR_STR("\xc2\x9b"
		       "31m"),
		"\"\\u009b31m\"");
	hostile(KR_STR("\xe2\x80\xae"
		       "gpj.exe"),
		"\"\\u202egpj.exe\"");
	hostile(KR_STR("\xf3\xa0\x81\x81"), "\"\\udb40\\udc41\"");
	hostile(KR_STR("\xc4\x8d\xe2\x82\xac\xf0\x9f\x98\x80"),
		"\"\xc4\x8d\xe2\x82\xac\xf0\x9f\x98\x80\"");
	hostile(KR_STR("\xc4"), "\"\xef\xbf\xbd\"");
	hostile(KR_STR("\x7f\xff"), "\"\\u007f\xef\xbf\xbd\"");
	memset(much, 'x', sizeof(much));
	snprintf(want, sizeof(want), "\"%.1024s...\"", much);
	hostile(kr_str_n(much, 1024), strndupa(much, 1024));
	hostile(kr_str_n(much, sizeof(much)), want);
}

static void log_much(void *arg)
{
	char text[900];

	(void)arg;
	memset(text, 'y', sizeof(text));
	for (int i = 0; i < 100; i++)
		kr_log(KR_LOG_INFO, "much", KR_S("v", kr_str_n(text, sizeof(text))));
}

static void test_threads(void)
{
	struct kr_thread t[4];
	unsigned lines = 0, wrong = 0;
	struct kr_str rest, line;

	for (int i = 0; i < 4; i++)
		if (kr_thread_start(&t[i], "log", log_much, NULL, NULL))
			abort();
	for (int i = 0; i < 4; i++)
		kr_thread_join(&t[i]);
	rest = kr_str_c(logged());
	while (kr_str_split(&rest, '\n', &line)) {
		lines += line.n > 0;
		wrong += line.n && (line.n < 900 || !kr_str_starts(line, KR_STR("<6>")));
	}
	IS(lines, 400, "all lines of all threads");
	IS(wrong, 0, "are whole");
}

int main(void)
{
	char path[] = "/tmp/karaula-log-XXXXXX";
	enum kr_log_level level = KR_LOG_DEBUG;

	fd = mkstemp(path);
	unlink(path);
	/* As stderr in a file that is appended to. */
	fcntl(fd, F_SETFL, O_APPEND);
	test_forms();
	test_hostile();
	test_threads();
	IS(kr_log_level_parse(KR_STR("warning"), &level), 0, "level by name");
	IS(level, KR_LOG_WARNING, "its number");
	IS(kr_log_level_parse(KR_STR("loud"), &level), -KR_EINVAL, "no level");
	OK(kr_log_on(KR_LOG_INFO) && !kr_log_on(KR_LOG_DEBUG), "asked before");
	return tap_end();
}
