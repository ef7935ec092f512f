/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/csvread.h"

#include "base/err.h"
#include "prop.h"
#include "tap.h"

/* All records as one text: "line|cell|cell;" or "line:column!reason;". */
static void read_all(struct kr_str in, const struct kr_csv_opts *opts, unsigned columns,
		     size_t (*cut)(size_t left), struct kr_buf *out)
{
	struct kr_arena *arena = kr_arena_new(0);
	struct kr_csv_record r;
	struct kr_csv c;
	uint64_t before = 0;
	bool eof = false;

	kr_csv_init(&c, opts);
	c.columns = columns;
	while (!eof) {
		size_t n = cut(in.n);
		/* Each piece in its own block, so that ASan sees a slice that outlives it. */
		char *copy = malloc(n + 1);
		struct kr_str piece = kr_str_n(copy, n);

		eof = in.n == 0;
		memcpy(copy, in.p, n);
		in = kr_str_from(in, n);
		while (kr_csv_next(&c, arena, &piece, eof, &r)) {
			if (r.offset < before)
				kr_buf_c(out, "OFFSET GOES BACK;");
			before = r.offset;
			if (r.err) {
				kr_buf_printf(out, "%llu:%llu!%s(%llu);",
					      (unsigned long long)r.line,
					      (unsigned long long)r.column, r.reason,
					      (unsigned long long)r.length);
				continue;
			}
			kr_buf_printf(out, "%llu", (unsigned long long)r.line);
			for (unsigned i = 0; i < r.n; i++)
				kr_buf_printf(out, "|%.*s", KR_STR_ARG(r.cells[i]));
			kr_buf_ch(out, ';');
		}
		free(copy);
	}
	kr_csv_done(&c);
	kr_arena_free(arena);
}

static size_t whole(size_t left)
{
	return left;
}

static size_t byte(size_t left)
{
	return left ? 1 : 0;
}

static size_t some(size_t left)
{
	return left ? (size_t)prop_below(left < 12 ? left : 12) + 1 : 0;
}

static const struct kr_csv_opts plain = {
	.delimiter = ',', .quote = '"', .record_max = 60, .columns_max = 8};

static void check_opts(const struct kr_csv_opts *opts, unsigned columns, struct kr_str in,
		       const char *want, const char *what)
{
	size_t (*const cuts[])(size_t) = {whole, byte, some, some};

	for (size_t i = 0; i < KR_ARRAY_LEN(cuts); i++) {
		struct kr_buf got = KR_BUF(1 << 20);

		read_all(in, opts, columns, cuts[i], &got);
		IS_STR(kr_buf_str(&got), kr_str_c(want), what);
		kr_buf_done(&got);
	}
}

static void check(const char *in, const char *want, const char *what)
{
	check_opts(&plain, 0, kr_str_c(in), want, what);
}

static void rfc4180(void)
{
	check("a,b\nc,d\n", "1|a|b;2|c|d;", "LF");
	check("a,b\r\nc,d\r\n", "1|a|b;2|c|d;", "CRLF");
	check("a,b\rc,d\r", "1|a|b;2|c|d;", "CR");
	check("a,b", "1|a|b;", "no line end at the end");
	check(",\n\"\",\n", "1||;2||;", "empty values");
	check("\"a,b\",\"c\"\"d\"\n", "1|a,b|c\"d;", "quoted delimiter, doubled quote");
	check("\"a\nb\",c\nd,e\n", "1|a\nb|c;3|d|e;", "quoted newline counts as a line");
	check("\"a\r\nb\",c\r\nd,e", "1|a\r\nb|c;3|d|e;", "quoted CRLF");
	check("\xef\xbb\xbf"
	      "a,b\nc,d",
	      "1|a|b;2|c|d;", "byte order mark");
	check("\n\na,b\n\r\n\nc,d\n\n", "3|a|b;6|c|d;", "empty lines");
	check("", "", "nothing");
	check("\"\"\"\",\"\"\"a\"\"\"", "1|\"|\"a\";", "quotes only");
}

static void broken(void)
{
	check("a,b\"c\nd,e\n", "1:4!a quote inside an unquoted value(5);2|d|e;", "quote inside");
	check("\"a\"b,c\nd,e\n", "1:4!text behind a closing quote(6);2|d|e;",
	      "text behind a quote");
	check("a,\"b\nc,d\ne,f\n", "1:3!a quote is never closed(4);2|c|d;3|e|f;", "never closed");
	check("a,\"b\nc,d\ne,\"f\n",
	      "1:3!a quote is not closed on its line(4);2|c|d;3:3!a quote is never closed(4);",
	      "a stray quote costs its own line only");
	check("ab\x01,b\nx\xff,y\nd,e\n", "1|ab\x01|b;2:2!text that is not UTF-8(4);3|d|e;",
	      "not UTF-8");
	check_opts(&plain, 0, KR_STR("a\0b,c\nd,e\n"), "1:2!a NUL byte(5);2|d|e;", "NUL");
	check_opts(&plain, 2, KR_STR("a,b,c\nd,e\nf\n"),
		   "1:1!3 columns where the table has 2(5);2|d|e;3:1!1 columns where the table has "
		   "2(1);",
		   "wrong number of columns");
	check("1,2,3,4,5,6,7,8,9\na\n", "1:17!too many columns(17);2|a;",
	      "more columns than the limit");
}

static void limits(void)
{
	char in[512], want[256];

	/* record_max is 60: 60 bytes pass, 61 do not. */
	memset(in, 'x', sizeof(in));
	memcpy(in + 60, "\nab\n", 5);
	snprintf(want, sizeof(want), "1|%.60s;2|ab;", in);
	check(in, want, "a record of just the limit");
	memset(in, 'x', sizeof(in));
	memcpy(in + 61, "\nab\n", 5);
	check(in, "1:1!a record longer than the limit(61);2|ab;", "one byte over the limit");
	memset(in, 'x', sizeof(in));
	memcpy(in + 400, "\nab\n", 5);
	check(in, "1:1!a record longer than the limit(400);2|ab;", "far over the limit");
	memset(in, 'x', sizeof(in));
	in[0] = '"';
	in[10] = in[20] = '\n';
	memcpy(in + 400, "\nab\n", 5);
	check(in,
	      "1:1!a record longer than the limit(10);2|xxxxxxxxx;3:1!a record longer than the "
	      "limit(379);4|ab;",
	      "an endless quote is given up after the limit");
}

static void options(void)
{
	struct kr_csv_opts o = plain;

	o.delimiter = ';';
	check_opts(&o, 0, KR_STR("a,b;c\n"), "1|a,b|c;", "other delimiter");
	o.quote = 0;
	check_opts(&o, 0, KR_STR("\"a;b\"c\n"), "1|\"a|b\"c;", "no quotes");
	o.comment = KR_STR("##");
	check_opts(&o, 0, KR_STR("##x\na\n#b\n##"), "2|a;3|#b;", "comment lines");
	o.skip_lines = 2;
	check_opts(&o, 0, KR_STR("\"x\r\ny\"\r\na\r\n"), "3|a;", "lines passed over");
	check_opts(&o, 0, KR_STR("only one"), "", "fewer lines than are passed over");
}

/* Random text of troublesome bytes: any cut gives the same, and nothing is read twice. */
static void any_cut(void)
{
	static const char bytes[] = "\"\"\",,\n\r\nab\xc4\x8d\xff#";
	unsigned runs = prop_begin(3000), bad = 0;

	for (unsigned run = 0; run < runs && !bad; run++) {
		struct kr_csv_opts o = plain;
		struct kr_buf one = KR_BUF(1 << 20), two = KR_BUF(1 << 20);
		size_t n = (size_t)prop_below(200);
		unsigned columns = (unsigned)prop_below(4);
		char in[200];

		o.record_max = 5 + (size_t)prop_below(60);
		o.skip_lines = prop_chance(20) ? 1 : 0;
		if (prop_chance(30))
			o.comment = KR_STR("#");
		for (size_t i = 0; i < n; i++)
			in[i] = bytes[prop_below(sizeof(bytes) - 1)];
		read_all(kr_str_n(in, n), &o, columns, whole, &one);
		read_all(kr_str_n(in, n), &o, columns, prop_chance(30) ? byte : some, &two);
		if (!kr_str_eq(kr_buf_str(&one), kr_buf_str(&two)) ||
		    kr_str_find(kr_buf_str(&one), KR_STR("OFFSET")) >= 0) {
			bad++;
			IS_STR(kr_buf_str(&two), kr_buf_str(&one), "same records in any cut");
			printf("# %zu bytes, record_max %zu, columns %u\n", n, o.record_max,
			       columns);
		}
		kr_buf_done(&one);
		kr_buf_done(&two);
	}
	OK(!bad, "the same records in any cut");
}

int main(void)
{
	rfc4180();
	broken();
	limits();
	options();
	any_cut();
	return tap_end();
}
