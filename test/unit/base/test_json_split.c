/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/time.h"
#include "prop.h"
#include "tap.h"

#define RECORD_MAX 60

/* All records of a stream given in chunks of at most `step` bytes, as text: "offset:bytes|" or
 * "offset!ERR:bytes|". */
static void split(struct kr_str in, size_t step, struct kr_buf *out)
{
	struct kr_json_record r;
	struct kr_json_split s;
	uint64_t end = 0;

	kr_json_split_init(&s, RECORD_MAX, 8);
	do {
		/* A copy of its own size, so that reading over the chunk is seen. */
		size_t n = KR_MIN(step, in.n);
		char *copy = kr_xmalloc(n);
		struct kr_str chunk = kr_str_n(copy, n);

		if (n)
			memcpy(copy, in.p, n);
		in = kr_str_from(in, n);
		while (kr_json_split_next(&s, &chunk, !in.n, &r)) {
			kr_buf_printf(out, "%llu", (unsigned long long)r.offset);
			if (r.err)
				kr_buf_printf(out, "!%s", kr_err_name(r.err));
			kr_buf_printf(out, ":%.*s|", KR_STR_ARG(r.bytes));
			if (r.offset < end || r.bytes.n > r.length)
				kr_buf_c(out, "OVERLAP");
			end = r.offset + r.length;
		}
		if (chunk.n)
			kr_buf_c(out, "LEFT");
		free(copy);
	} while (in.n);
	kr_json_split_done(&s);
}

static void splits(struct kr_str in, const char *want)
{
	KR_AUTO_BUF whole = KR_BUF(1 << 16);

	split(in, SIZE_MAX, &whole);
	IS_STR(kr_buf_str(&whole), kr_str_c(want), "in one piece");
	for (size_t step = 1; step < 20; step += 3) {
		KR_AUTO_BUF pieces = KR_BUF(1 << 16);

		split(in, step, &pieces);
		if (!kr_str_eq(kr_buf_str(&pieces), kr_buf_str(&whole))) {
			OK(false, "in pieces of %zu: %.*s", step, KR_STR_ARG(pieces));
			return;
		}
	}
}

#define SPLITS(in, want) splits(KR_STR(in), want)

static void test_good(void)
{
	SPLITS("", "");
	SPLITS(" \n ", "");
	SPLITS("{}", "0:{}|");
	SPLITS("{\"a\":1}\n{\"b\":\"}\\\"{\"}\n", "0:{\"a\":1}|8:{\"b\":\"}\\\"{\"}|");
	SPLITS("{}{} {}", "0:{}|2:{}|5:{}|");
	SPLITS("[{\"a\":[1,2]}, 5,\n\"x,]\", null,[[]]]",
	       "1:{\"a\":[1,2]}|14:5|17:\"x,]\"|24:null|29:[[]]|");
	SPLITS("[]", "");
	SPLITS("[1][2]\n3 \"four\"", "1:1|4:2|7:3|9:\"four\"|");
	SPLITS("{\n \"a\": {\n  \"b\": [\n   {\n   },\n   \"c\"\n ]\n }\n}\n{}",
	       "0:{\n \"a\": {\n  \"b\": [\n   {\n   },\n   \"c\"\n ]\n }\n}|45:{}|");
	SPLITS("\xef\xbb\xbf{}", "3:{}|");
	SPLITS("tru", "0:tru|");
}

static void test_broken(void)
{
	SPLITS("{\"a\":1\n{\"b\":2}\n{\"c\":3}", "0!SYNTAX:{\"a\":1|7:{\"b\":2}|15:{\"c\":3}|");
	SPLITS("{\"a\":\n{\"b\":2}\n{\"c\":3}", "0!SYNTAX:{\"a\":|6:{\"b\":2}|14:{\"c\":3}|");
	SPLITS("{\"a\":\"x\n{\"b\":2}\n", "0!SYNTAX:{\"a\":\"x|8:{\"b\":2}|");
	SPLITS("{\"a\":\"x\\\n{\"b\":2}\n", "0!SYNTAX:{\"a\":\"x\\|9:{\"b\":2}|");
	SPLITS("{\"a\":[1}\n{\"b\":2}\n", "0!SYNTAX:{\"a\":[1}|9:{\"b\":2}|");
	SPLITS("{\"a\":1}}\n{\"b\":2}\n", "0:{\"a\":1}|7!SYNTAX:}|9:{\"b\":2}|");
	SPLITS("{\"a\":1},\n{\"b\":2}\n", "0:{\"a\":1}|7!SYNTAX:,|9:{\"b\":2}|");
	SPLITS("# no JSON\n{\"b\":2}", "0:#|2:no|5:JSON|10:{\"b\":2}|");
	SPLITS("{\"a\":1", "0!SYNTAX:{\"a\":1|");
	SPLITS("{\"a\":1\n{\"b\":2}", "0!SYNTAX:{\"a\":1|7:{\"b\":2}|");
	SPLITS("{\"a\":{\n{\"b\":2}", "0!SYNTAX:{\"a\":{|7:{\"b\":2}|");
	SPLITS("{\n  \"a\": 1,\n  \"b\":", "0!SYNTAX:{\n  \"a\": 1,\n  \"b\":|");
	SPLITS("\"abc", "0!SYNTAX:\"abc|");
	SPLITS("[{} {}]", "1:{}|4!SYNTAX:|4:{}|");
	SPLITS("[{},]", "1:{}|5!SYNTAX:|");
	SPLITS("[,{}]", "2!SYNTAX:|2:{}|");
	SPLITS("[{},,{}]", "1:{}|5!SYNTAX:|5:{}|");
	SPLITS("[{}", "1:{}|3!SYNTAX:|");
	SPLITS("[{\"a\":1\n,{\"b\":2}\n]", "1!SYNTAX:{\"a\":1\n,{\"b\":2}\n]|18!SYNTAX:|");
	SPLITS("[{\"a\":\"x\n,{\"b\":2}\n]", "1!SYNTAX:{\"a\":\"x|10:{\"b\":2}|");
	SPLITS("[[[[[[[[[[1]]]]]]]]]]\n{}", "1!LIMIT:[[[[[[[[[1]]]]]]]]]]|22:{}|24!SYNTAX:|");
}

static void test_overlong(void)
{
	SPLITS("{\"a\":\"1234567890123456789012345678901234567890123456789012\"}{}",
	       "0:{\"a\":\"1234567890123456789012345678901234567890123456789012\"}|60:{}|");
	SPLITS("{\"a\":\"12345678901234567890123456789012345678901234567890123\"}{}",
	       "0!LIMIT:{\"a\":\"12345678901234567890123456789012345678901234567890123\"|61:{}|");
	SPLITS("{\"a\":\"12345678901234567890123456789012345678901234567890123456\"}\n{\"b\":1}",
	       "0!LIMIT:{\"a\":\"123456789012345678901234567890123456789012345678901234|65:{\"b\":"
	       "1}|");
	SPLITS("[{\"a\":\"12345678901234567890123456789012345678901234567890123456\"},{\"b\":1}]",
	       "1!LIMIT:{\"a\":\"123456789012345678901234567890123456789012345678901234|66:{\"b\":"
	       "1}|");
	SPLITS("\"1234567890123456789012345678901234567890123456789012345678901234567890\n2",
	       "0!LIMIT:\"12345678901234567890123456789012345678901234567890123456789|72:2|");
}

/* Records with any text in any chunks; some lines are cut, and only these are lost. */
static void test_lines(void)
{
	static const char *const good[] = {"{}", "{\"a\":[1,2,{\"b\":\"]\"}]}", "[[1],\"\\\"\"]",
					   "{\"x\":\"\\\\\"}", "{\"t\":\"text, {text}\"}"};
	unsigned runs = prop_begin(5000), wrong = 0;

	for (unsigned i = 0; i < runs; i++) {
		KR_AUTO_BUF in = KR_BUF(1 << 16);
		KR_AUTO_BUF whole = KR_BUF(1 << 16);
		KR_AUTO_BUF pieces = KR_BUF(1 << 16);
		unsigned lines = 1 + (unsigned)prop_below(8), kept = 0, found = 0;

		for (unsigned k = 0; k < lines; k++) {
			struct kr_str line = kr_str_c(good[prop_below(KR_ARRAY_LEN(good))]);
			bool cut = prop_chance(20);

			/* An array is a list of records, so it is not used here as one. */
			if (line.p[0] == '[')
				line = KR_STR("{\"k\":0}");
			kept += !cut;
			kr_buf_str_add(&in,
				       cut ? kr_str_first(line, 1 + prop_below(line.n - 1)) : line);
			kr_buf_ch(&in, '\n');
		}
		split(kr_buf_str(&in), SIZE_MAX, &whole);
		split(kr_buf_str(&in), 1 + prop_below(30), &pieces);
		for (struct kr_str rest = kr_buf_str(&whole), piece;
		     kr_str_split(&rest, '|', &piece);)
			found += piece.n && kr_str_chr(piece, '!') < 0;
		if (found != kept || !kr_str_eq(kr_buf_str(&whole), kr_buf_str(&pieces))) {
			wrong++;
			printf("# %u of %u found in %.*s: %.*s, in pieces %.*s\n", found, kept,
			       KR_STR_ARG(in), KR_STR_ARG(whole), KR_STR_ARG(pieces));
		}
	}
	IS(wrong, 0, "a cut line costs only itself, however the input is cut");
}

/* Whatever the bytes: no crash, the same in pieces, and valid records are valid. */
static void test_noise(void)
{
	static const char bytes[] = "{}[],:\"\\1a \n";
	unsigned runs = prop_begin(20000), wrong = 0;

	for (unsigned i = 0; i < runs; i++) {
		KR_AUTO_BUF in = KR_BUF(1 << 16);
		KR_AUTO_BUF whole = KR_BUF(1 << 16);
		KR_AUTO_BUF pieces = KR_BUF(1 << 16);

		for (uint64_t n = prop_below(150); n > 0; n--)
			kr_buf_ch(&in, bytes[prop_below(sizeof(bytes) - 1)]);
		split(kr_buf_str(&in), SIZE_MAX, &whole);
		split(kr_buf_str(&in), 1 + prop_below(30), &pieces);
		if (!kr_str_eq(kr_buf_str(&whole), kr_buf_str(&pieces)) ||
		    kr_str_find(kr_buf_str(&whole), KR_STR("OVERLAP")) >= 0 ||
		    kr_str_find(kr_buf_str(&whole), KR_STR("LEFT")) >= 0) {
			wrong++;
			printf("# %.*s\n#   %.*s\n#   %.*s\n", KR_STR_ARG(in), KR_STR_ARG(whole),
			       KR_STR_ARG(pieces));
		}
	}
	IS(wrong, 0, "noise is cut the same way in any pieces");
}

static void test_speed(void)
{
	KR_AUTO_BUF in = KR_BUF(16 << 20);
	struct kr_json_split s;
	struct kr_json_record r;
	struct kr_str rest;
	size_t records = 0;
	int64_t start;

	while (in.n < (4u << 20))
		kr_buf_c(&in, "{\"source.ip\":\"192.0.2.17\",\"source.port\":49152,\"source."
			      "reverse_dns\":\"host17.example.org\","
			      "\"classification.type\":\"infected-system\",\"extra\":{\"tag\":"
			      "\"example\",\"sector\":\"none\"}}\n");
	kr_json_split_init(&s, 1 << 20, 64);
	start = kr_cpu_us();
	rest = kr_buf_str(&in);
	while (rest.n) {
		struct kr_str chunk = kr_str_first(rest, 65536);

		rest = kr_str_from(rest, chunk.n);
		while (kr_json_split_next(&s, &chunk, !rest.n, &r))
			records += !r.err;
	}
	printf("# kr_json_split_next: %.2f ns a byte\n",
	       (double)(kr_cpu_us() - start) * 1000 / (double)in.n);
	OK(records > 20000, "%zu records", records);
	kr_json_split_done(&s);
}

int main(void)
{
	test_good();
	test_broken();
	test_overlong();
	test_lines();
	test_noise();
	test_speed();
	return tap_end();
}
