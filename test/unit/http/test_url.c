/* SPDX-License-Identifier: Apache-2.0 */
#include "http/url.h"

#include "prop.h"
#include "tap.h"

static void test_decode(void)
{
	static const struct {
		const char *in, *out; /* out NULL: refused */
		bool plus;
	} t[] = {
		{"", "", true},
		{"a+b", "a b", true},
		{"a+b", "a+b", false},
		{"%41%62", "Ab", true},
		{"%e2%82%ac", "\xe2\x82\xac", true},
		{"%2f", "/", false},
		{"%", NULL, true},
		{"%4", NULL, true},
		{"%4g", NULL, true},
		{"%g4", NULL, true},
		{"a%00b", NULL, true},
		{"%ff", NULL, true},
		{"%c0%af", NULL, true},	   /* an overlong '/' */
		{"%ed%a0%80", NULL, true}, /* a surrogate */
	};
	KR_AUTO(kr_arena) *a = kr_arena_new(0);

	for (size_t i = 0; i < KR_ARRAY_LEN(t); i++) {
		struct kr_str got = KR_STR_NULL;
		int err = kr_http_decode(kr_str_c(t[i].in), t[i].plus, a, &got);

		if (t[i].out)
			IS_STR(got, kr_str_c(t[i].out), t[i].in);
		else
			OK(err == -KR_EINVAL && !got.p, "'%s' is refused", t[i].in);
	}
}

static void test_round_trip(void)
{
	unsigned runs = prop_begin(2000), bad = 0;

	for (unsigned i = 0; i < runs; i++) {
		KR_AUTO(kr_arena) *a = kr_arena_new(0);
		KR_AUTO_BUF b = KR_BUF(4096);
		struct kr_str got = KR_STR_NULL;
		char raw[64];
		size_t n = prop_below(sizeof(raw));

		for (size_t j = 0; j < n; j++)
			raw[j] = (char)(1 + prop_below(127));
		kr_http_encode(&b, kr_str_n(raw, n));
		if (kr_http_decode(kr_buf_str(&b), prop_chance(50), a, &got) ||
		    !kr_str_eq(got, kr_str_n(raw, n)))
			bad++;
		for (size_t j = 0; j < b.n; j++)
			if (strchr("&=?#/+ \"<>'", b.p[j]))
				bad++;
	}
	IS(bad, 0, "what is encoded decodes to the same, and holds no delimiter");
}

static void test_query(void)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_http_request r = {.arena = a};
	struct kr_fault f;
	KR_AUTO_BUF b = KR_BUF(20000);

	IS(kr_http_query_parse(KR_STR("q=type%3Aphishing+asn:8400&&limit=5&flag&q=second&e="), a,
			       &r.query, &r.n_query, &f),
	   0, "a query");
	IS(r.n_query, 5, "empty pieces are passed over");
	IS_STR(kr_http_query(&r, "q"), KR_STR("type:phishing asn:8400"),
	       "the first of a name counts");
	IS_STR(kr_http_query(&r, "flag"), KR_STR(""), "a name without a value");
	OK(kr_http_query(&r, "flag").p && !kr_http_query(&r, "none").p, "there, and not there");
	IS(kr_http_query_parse(KR_STR_NULL, a, &r.query, &r.n_query, &f), 0, "no query");
	IS(r.n_query, 0, "... has no parameter");
	IS(kr_http_query_parse(KR_STR("a=1&b=%zz"), a, &r.query, &r.n_query, &f), -KR_EINVAL,
	   "bad encoding");
	OK(strstr(f.message, "parameter 2"), "the message says which: %s", f.message);
	for (int i = 0; i < KR_HTTP_QUERY_MAX; i++)
		kr_buf_c(&b, "a=1&");
	IS(kr_http_query_parse(kr_buf_str(&b), a, &r.query, &r.n_query, &f), 0,
	   "as many as allowed");
	kr_buf_c(&b, "a=1");
	IS(kr_http_query_parse(kr_buf_str(&b), a, &r.query, &r.n_query, &f), -KR_ELIMIT,
	   "one too many");
	kr_buf_clear(&b);
	for (int i = 0; i <= KR_HTTP_QUERY_BYTES; i++)
		kr_buf_ch(&b, 'a');
	IS(kr_http_query_parse(kr_buf_str(&b), a, &r.query, &r.n_query, &f), -KR_ELIMIT,
	   "too long");
	IS(kr_http_query_parse(kr_str_first(kr_buf_str(&b), KR_HTTP_QUERY_BYTES), a, &r.query,
			       &r.n_query, &f),
	   0, "just not too long");
}

static void test_match(void)
{
	static const struct {
		const char *pattern, *path;
		int want;
		const char *value;
	} t[] = {
		{"/", "/", 1, NULL},
		{"/", "", 0, NULL},
		{"/", "//", 0, NULL},
		{"/events", "/events", 1, NULL},
		{"/events", "/events/", 0, NULL},
		{"/events", "/Events", 0, NULL},
		{"/events/:id", "/events/20261121-standard-1-5", 1, "20261121-standard-1-5"},
		{"/events/:id", "/events/", 0, NULL},
		{"/events/:id", "/events", 0, NULL},
		{"/events/:id", "/events/a/b", 0, NULL},
		{"/events/:id", "/events/a%2Fb", 1, "a/b"},
		{"/events/:id", "/events/a%20b+c", 1, "a b+c"},
		{"/events/:id", "/events/%", -KR_EINVAL, NULL},
		{"/events/:id", "/other/%", 0, NULL},
		{"/events/:id", "/events/..", 1, ".."},
	};
	KR_AUTO(kr_arena) *a = kr_arena_new(0);

	for (size_t i = 0; i < KR_ARRAY_LEN(t); i++) {
		struct kr_http_pair p[KR_HTTP_PARAMS_MAX];
		size_t n = 0;

		OK(kr_http_match(t[i].pattern, kr_str_c(t[i].path), a, p, &n) == t[i].want,
		   "'%s' against '%s'", t[i].path, t[i].pattern);
		if (t[i].value)
			OK(n == 1 && kr_str_eqc(p[0].name, "id") &&
				   kr_str_eqc(p[0].value, t[i].value),
			   "... its value is '%s'", t[i].value);
	}
}

static void test_host(void)
{
	static const char *const good[] = {"127.0.0.1:8440", "localhost:8440", "LocalHost:8440",
					   "[::1]:8440"};
	static const char *const bad[] = {"",
					  "127.0.0.1",
					  "localhost",
					  "127.0.0.1:8441",
					  "127.0.0.1:08440x",
					  "127.0.0.1:",
					  "127.0.0.2:8440",
					  "example.org:8440",
					  "localhost.example.org:8440",
					  "localhost8440",
					  "::1:8440",
					  "[::1]8440",
					  "127.0.0.1:8440 ",
					  "127.0.0.1:8440,example.org",
					  "127.0.0.1:+8440",
					  "127.0.0.1:18446744073709560056"};

	for (size_t i = 0; i < KR_ARRAY_LEN(good); i++)
		OK(kr_http_host_ok(kr_str_c(good[i]), 8440), "host '%s' is ours", good[i]);
	for (size_t i = 0; i < KR_ARRAY_LEN(bad); i++)
		OK(!kr_http_host_ok(kr_str_c(bad[i]), 8440), "host '%s' is not", bad[i]);
	OK(kr_http_host_ok(KR_STR("localhost"), 80), "port 80 may be left out");
	OK(!kr_http_host_ok(KR_STR_NULL, 8440), "no host at all");
}

static void test_cookie(void)
{
	static const struct {
		const char *header, *value; /* value NULL: none */
	} t[] = {
		{"s=1", "1"},	   {"a=0; s=1;b=2", "1"}, {" s=1 ", "1"}, {"s=", ""},
		{"s=1; s=1", "1"}, {"s=1; s=2", NULL},	  {"ss=1", NULL}, {"S=1", NULL},
		{"s", NULL},	   {"s =1", NULL},	  {"xs=1", NULL}, {"a=s=1", NULL},
		{"s=a=b", "a=b"},  {";;;", NULL},	  {"", NULL},
	};

	for (size_t i = 0; i < KR_ARRAY_LEN(t); i++) {
		struct kr_str got = kr_http_cookie_find(kr_str_c(t[i].header), KR_STR("s"));

		OK(t[i].value ? got.p && kr_str_eqc(got, t[i].value) : !got.p, "cookie in '%s'",
		   t[i].header);
	}
	OK(!kr_http_cookie_find(KR_STR_NULL, KR_STR("s")).p, "no header");
}

static void test_names(void)
{
	struct kr_str names = KR_STR(" node.example.org  other.example.org:8443 [2001:db8::1]:1 ");

	OK(kr_http_host_listed(KR_STR("node.example.org"), names, 8440), "without a port");
	OK(kr_http_host_listed(KR_STR("Node.Example.ORG:8440"), names, 8440), "with ours");
	OK(kr_http_host_listed(KR_STR("node.example.org:443"), names, 8440),
	   "with that of a proxy");
	OK(!kr_http_host_listed(KR_STR("node.example.org:80"), names, 8440), "with another");
	OK(!kr_http_host_listed(KR_STR("node.example.org:8440x"), names, 8440), "with nonsense");
	OK(kr_http_host_listed(KR_STR("other.example.org:8443"), names, 8440), "a listed port");
	OK(!kr_http_host_listed(KR_STR("other.example.org:8443:443"), names, 8440), "two ports");
	OK(!kr_http_host_listed(KR_STR("other.example.org"), names, 8440), "which must be there");
	OK(kr_http_host_listed(KR_STR("[2001:db8::1]:1"), names, 8440), "an address");
	OK(!kr_http_host_listed(KR_STR(""), names, 8440), "nothing");
	OK(!kr_http_host_listed(KR_STR("a"), KR_STR(""), 8440), "no names");
}

static void test_etag(void)
{
	OK(kr_http_etag_listed(KR_STR("\"abc\""), "abc"), "the only one");
	OK(kr_http_etag_listed(KR_STR("\"x\" , W/\"abc\""), "abc"), "a weak one in a list");
	OK(kr_http_etag_listed(KR_STR("*"), "abc"), "any");
	OK(!kr_http_etag_listed(KR_STR("abc"), "abc"), "without quotes it is none");
	OK(!kr_http_etag_listed(KR_STR("\""), "abc"), "half a quote");
	OK(!kr_http_etag_listed(KR_STR_NULL, "abc"), "no header");
}

int main(void)
{
	test_decode();
	test_round_trip();
	test_query();
	test_match();
	test_host();
	test_cookie();
	test_names();
	test_etag();
	return tap_end();
}
