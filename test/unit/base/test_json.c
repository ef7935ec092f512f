/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/time.h"
#include "tap.h"

/* All tokens as text: names, decoded values, brackets; or the error. */
static const char *walk(struct kr_str in, unsigned flags)
{
	static char text[100000];
	KR_AUTO(kr_arena) *a = kr_arena_new(1 << 20);
	struct kr_fault f = {0};
	struct kr_json_token t;
	struct kr_json j;
	size_t n = 0;

	text[0] = '\0';
	kr_json_init(&j, in, a, 20, flags, &f);
	do {
		if (kr_json_next(&j, &t)) {
			n = (size_t)snprintf(text, sizeof(text), "%s ", kr_err_name(j.err));
			kr_fault_text(&f, text + n, sizeof(text) - n);
			return text;
		}
		if (t.has_key)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
					      "%.*s=", KR_STR_ARG(t.key));
		if (t.type == KR_JSON_STRING)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "<%.*s> ",
					      KR_STR_ARG(t.text));
		else if (t.type != KR_JSON_END)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s ",
					      KR_STR_ARG(t.text));
	} while (t.type != KR_JSON_END);
	return text;
}

#define WALK(in, want) IS_CSTR(walk(KR_STR(in), 0), want, #in)

static void test_values(void)
{
	WALK("null", "null ");
	WALK(" true\r\n\t", "true ");
	WALK("-0.5e+10", "-0.5e+10 ");
	WALK("0", "0 ");
	WALK("\"\"", "<> ");
	WALK("{}", "{ } ");
	WALK("[]", "[ ] ");
	WALK("{\"a\":[1,{\"b\":\"x\"},[]],\"c\":null}", "{ a=[ 1 { b=<x> } [ ] ] c=null } ");
	WALK("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "<\"\\/\b\f\n\r\t> ");
	WALK("\"\\u0041\\u010d\\u20ac\\ud83d\\ude00\"", "<A\xc4\x8d\xe2\x82\xac\xf0\x9f\x98\x80> ");
	WALK("{\"\\u0061b\":\"long text before the \\\" escape\"}",
	     "{ ab=<long text before the \" escape> } ");
	WALK("\"\xc4\x8d\x7f\"", "<\xc4\x8d\x7f> ");
}

static void test_errors(void)
{
	WALK("", "SYNTAX line 1:1: expected a value, found the end of the input");
	WALK("  \n x", "SYNTAX line 2:2: expected a value, found 'x'");
	WALK("nul", "SYNTAX line 1:1: expected a value, found 'n'");
	WALK("1 2", "SYNTAX line 1:3: expected the end of the document, found '2'");
	WALK("01", "SYNTAX line 1:1: a number must not begin with 0");
	WALK("-", "SYNTAX line 1:2: expected a digit, found the end of the input");
	WALK("1.", "SYNTAX line 1:3: expected a digit after the decimal point, found the end of "
		   "the input");
	WALK("1.x", "SYNTAX line 1:3: expected a digit after the decimal point, found 'x'");
	WALK("1e+",
	     "SYNTAX line 1:4: expected a digit of the exponent, found the end of the input");
	WALK("+1", "SYNTAX line 1:1: expected a value, found '+'");
	WALK("NaN", "SYNTAX line 1:1: expected a value, found 'N'");
	WALK("[1,]", "SYNTAX line 1:4: expected a value, found ']'");
	WALK("[,1]", "SYNTAX line 1:2: expected a value, found ','");
	WALK("[1 2]", "SYNTAX line 1:4: expected ',' or ']', found '2'");
	WALK("[1}", "SYNTAX line 1:3: expected ',' or ']', found '}'");
	WALK("[1", "SYNTAX line 1:3: expected ',' or ']', found the end of the input");
	WALK("{\"a\" 1}", "SYNTAX line 1:6: expected ':' after the name, found '1'");
	WALK("{\"a\":1,}",
	     "SYNTAX line 1:8: expected a name in double quotes after ',', found '}'");
	WALK("{a:1}", "SYNTAX line 1:2: expected a name in double quotes or '}', found 'a'");
	WALK("{\"a\":1]", "SYNTAX line 1:7: expected ',' or '}', found ']'");
	WALK("{\"a\":}", "SYNTAX line 1:6: expected a value, found '}'");
	WALK("\"abc", "SYNTAX line 1:1: the string is not closed");
	WALK("\"abcdefghijk\\", "SYNTAX line 1:14: the string is not closed");
	WALK("\"a\nb\"",
	     "SYNTAX line 1:3: control character 0x0a in a string must be written as \\u000a");
	WALK("\"abcdefghijkl\x1f\"",
	     "SYNTAX line 1:14: control character 0x1f in a string must be written as \\u001f");
	WALK("\"\\x\"",
	     "SYNTAX line 1:3: expected one of \" \\ / b f n r t u after '\\', found 'x'");
	WALK("\"\\u12g4\"", "SYNTAX line 1:2: expected four hexadecimal digits after \\u");
	WALK("\"\\ud800\"",
	     "SYNTAX line 1:2: \\ud800 is half of a surrogate pair without the other half");
	WALK("\"\\ud800\\u0041\"",
	     "SYNTAX line 1:2: \\ud800 is half of a surrogate pair without the other half");
	WALK("\"\\udc00\"",
	     "SYNTAX line 1:2: \\udc00 is half of a surrogate pair without the other half");
	WALK("\"abc\xff\"", "SYNTAX line 1:5: byte 0xff is not UTF-8");
	WALK("\"\xc3\xa9\xc3\xa9\", x",
	     "SYNTAX line 1:5: expected the end of the document, found ','");
	WALK("\"\xed\xa0\x80\"", "SYNTAX line 1:2: byte 0xed is not UTF-8");
	WALK("\xef\xbb\xbf{}", "SYNTAX line 1:1: expected a value, found byte 0xef");
	WALK("[1]\0", "SYNTAX line 1:4: expected the end of the document, found byte 0x00");
	WALK("[[[[[[[[[[[[[[[[[[[[[1]", "LIMIT line 1:21: nested deeper than 20 levels");
}

static void test_keys(void)
{
	KR_AUTO_BUF b = KR_BUF(1 << 20);

	IS_CSTR(walk(KR_STR("{\"a\":1,\"a\":2}"), 0), "{ a=1 a=2 } ", "twice, allowed");
	IS_CSTR(walk(KR_STR("{\"a\":1,\"\\u0061\":2}"), KR_JSON_UNIQUE_KEYS),
		"SYNTAX line 1:8: the name \"a\" is in the object twice", "twice, escaped");
	IS_CSTR(walk(KR_STR("{\"a\":{\"a\":1,\"b\":[{\"a\":1},{\"a\":1}]},\"b\":1}"),
		     KR_JSON_UNIQUE_KEYS),
		"{ a={ a=1 b=[ { a=1 } { a=1 } ] } b=1 } ", "in different objects");
	IS_CSTR(walk(KR_STR("{\"a\":{\"b\":1},\"a\":1}"), KR_JSON_UNIQUE_KEYS),
		"SYNTAX line 1:14: the name \"a\" is in the object twice",
		"twice around an object");
	/* Over the first size of the table, with an inner object each time. */
	kr_buf_ch(&b, '{');
	for (int i = 0; i < 2000; i++)
		kr_buf_printf(&b, "\"k%d\":{\"x\":1,\"y\":2},", i);
	kr_buf_c(&b, "\"k77\":1}");
	IS_CSTR(walk(kr_buf_str(&b), 0) ? "walked" : "", "walked", "many names");
	OK(strstr(walk(kr_buf_str(&b), KR_JSON_UNIQUE_KEYS),
		  "the name \"k77\" is in the object twice") != NULL,
	   "twice among many");
}

static void test_skip(void)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(1 << 16);
	struct kr_str in = KR_STR("{\"a\":{\"x\":[1,\"]}\\u0041\"],\"y\":{}},\"b\":[3,4],\"c\":5}");
	struct kr_json_token t;
	struct kr_json j;
	int64_t v = 0;

	kr_json_init(&j, in, a, 20, 0, NULL);
	IS(kr_json_next(&j, &t), 0, "open");
	IS(kr_json_next(&j, &t), 0, "a");
	IS(kr_json_skip(&j, &t), 0, "skip an object");
	IS_STR(t.raw, KR_STR("{\"x\":[1,\"]}\\u0041\"],\"y\":{}}"), "its raw text");
	IS(kr_arena_used(a), 0, "nothing was decoded");
	IS(kr_json_next(&j, &t), 0, "b");
	IS(kr_json_next(&j, &t), 0, "3");
	IS(kr_json_skip(&j, &t), 0, "nothing to skip in a number");
	IS_STR(t.raw, KR_STR("3"), "it stays");
	t = (struct kr_json_token){.type = KR_JSON_ARRAY, .raw = {in.p, 0}};
	IS(kr_json_skip(&j, &t), 0, "skip the rest of an array");
	IS(kr_json_next(&j, &t), 0, "c");
	IS_STR(t.key, KR_STR("c"), "its name");
	IS(kr_json_i64(&t, &v), 0, "number");
	IS(v, 5, "its value");
	IS(kr_json_next(&j, &t), 0, "close");
	IS(kr_json_next(&j, &t), 0, "end");
	IS(kr_json_next(&j, &t), 0, "end again");
	IS(t.type, KR_JSON_END, "is the end");

	kr_json_init(&j, KR_STR("[[1,}]"), a, 20, 0, NULL);
	IS(kr_json_next(&j, &t), 0, "open");
	IS(kr_json_skip(&j, &t), -KR_ESYNTAX, "errors in what is skipped");
	IS(kr_json_next(&j, &t), -KR_ESYNTAX, "stay");
}

static void test_numbers(void)
{
	static const struct {
		const char *text;
		int err;
		int64_t v;
	} cases[] = {
		{"0", 0, 0},
		{"-0", 0, 0},
		{"9223372036854775807", 0, INT64_MAX},
		{"-9223372036854775808", 0, INT64_MIN},
		{"9223372036854775808", -KR_EINVAL, 0},
		{"1.0", -KR_EINVAL, 0},
		{"1e3", -KR_EINVAL, 0},
		{"\"1\"", -KR_EINVAL, 0},
	};

	for (size_t i = 0; i < KR_ARRAY_LEN(cases); i++) {
		KR_AUTO(kr_arena) *a = kr_arena_new(0);
		struct kr_json_token t;
		struct kr_json j;
		int64_t v = 0;

		kr_json_init(&j, kr_str_c(cases[i].text), a, 1, 0, NULL);
		OK(!kr_json_next(&j, &t) && kr_json_i64(&t, &v) == cases[i].err && v == cases[i].v,
		   "int64 of %s", cases[i].text);
	}
}

static void test_limits(void)
{
	KR_AUTO(kr_arena) *small = kr_arena_new(100);
	KR_AUTO_BUF b = KR_BUF(4 << 20);
	struct kr_fault f = {0};
	struct kr_json_token t;
	struct kr_json j;

	for (int i = 0; i < 1000000; i++)
		kr_buf_ch(&b, '[');
	IS(kr_json_check(kr_buf_str(&b), 100000, &f), -KR_ELIMIT, "a million levels");
	IS(f.byte, KR_JSON_DEPTH_MAX, "stopped at the hard limit");
	kr_buf_clear(&b);
	for (int i = 0; i < KR_JSON_DEPTH_MAX; i++)
		kr_buf_c(&b, i % 2 ? "{\"a\":" : "[");
	for (int i = KR_JSON_DEPTH_MAX; i-- > 0;)
		kr_buf_c(&b, i % 2 ? (i == KR_JSON_DEPTH_MAX - 1 ? "null}" : "}") : "]");
	IS(kr_json_check(kr_buf_str(&b), KR_JSON_DEPTH_MAX, &f), 0, "all levels that there are");
	IS(kr_json_check(KR_STR("[1,2,]"), 10, &f), -KR_ESYNTAX, "check of a broken document");
	IS(f.column, 6, "its column");

	kr_buf_clear(&b);
	kr_buf_c(&b, "[\"");
	for (int i = 0; i < 100; i++)
		kr_buf_c(&b, "\\n");
	kr_buf_c(&b, "\"]");
	kr_json_init(&j, kr_buf_str(&b), small, 10, 0, &f);
	IS(kr_json_next(&j, &t), 0, "array");
	IS(kr_json_next(&j, &t), -KR_ELIMIT, "the arena is full");
	OK(strstr(f.message, "used up") != NULL, "and the message says so");
}

static void test_speed(void)
{
	static const char text[] = "{\"classification.type\":\"infected-system\",\"classification."
				   "taxonomy\":\"malicious-code\","
				   "\"classification.identifier\":\"example-bot\",\"feed.name\":"
				   "\"Example feed\",\"feed.provider\":\"Example\","
				   "\"feed.accuracy\":100.0,\"time.source\":\"2026-11-21T14:05:22+"
				   "00:00\",\"time.observation\":"
				   "\"2026-11-21T14:10:00+00:00\",\"source.ip\":\"192.0.2.17\","
				   "\"source.port\":49152,\"source.asn\":64500,"
				   "\"source.geolocation.cc\":\"XX\",\"source.reverse_dns\":"
				   "\"host17.example.org\",\"destination.ip\":"
				   "\"203.0.113.99\",\"destination.port\":443,\"protocol."
				   "transport\":\"tcp\",\"protocol.application\":\"https\","
				   "\"malware.name\":\"example\",\"event_description.text\":"
				   "\"connection to a sinkhole with \\\"quotes\\\"\","
				   "\"extra\":{\"tag\":\"example\",\"naics\":517311,\"sector\":"
				   "\"Communications\"},\"raw\":\"bGluZQ==\"}";
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	int64_t start = kr_cpu_us();
	const int runs = 100000;
	struct kr_json_token t;
	struct kr_json j;
	size_t tokens = 0;

	for (int i = 0; i < runs; i++) {
		kr_arena_clear(a);
		kr_json_init(&j, kr_str_n(text, sizeof(text) - 1), a, 20, 0, NULL);
		do
			tokens++;
		while (!kr_json_next(&j, &t) && t.type != KR_JSON_END);
	}
	printf("# kr_json_next: %.0f ns for a record of %zu bytes\n",
	       (double)(kr_cpu_us() - start) * 1000 / runs, sizeof(text) - 1);
	IS(tokens, 28 * runs, "all tokens read");
}

int main(void)
{
	test_values();
	test_errors();
	test_keys();
	test_skip();
	test_numbers();
	test_limits();
	test_speed();
	return tap_end();
}
