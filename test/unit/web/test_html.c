/* SPDX-License-Identifier: Apache-2.0 */
#include "web/html.h"

#include "base/err.h"
#include "prop.h"
#include "tap.h"

static void test_shape(void)
{
	struct kr_html h = KR_HTML(10000);

	kr_html_open(&h, "p");
	kr_html_attr_c(&h, "class", "a b");
	kr_html_c(&h, "x");
	kr_html_void(&h, "br");
	kr_html_c(&h, "y");
	kr_html_open(&h, "a");
	kr_html_url(&h, KR_HTML_HREF, KR_STR("/events?q=a&b=c"));
	kr_html_close(&h, "a");
	kr_html_el_c(&h, "b", "<i>");
	kr_html_close(&h, "p");
	IS_STR(kr_buf_str(&h.b),
	       KR_STR("<p class=\"a b\">x<br>y<a "
		      "href=\"/events?q=a&amp;b=c\"></a><b>&lt;i&gt;</b></p>\n"),
	       "elements, attributes, text");
	kr_buf_done(&h.b);
}

static void test_text(void)
{
	static const struct {
		struct kr_str in;
		const char *out;
	} t[] = {
		{KR_STR("a&b<c>d\"e'f"), "a&amp;b&lt;c&gt;d&quot;e&#39;f"},
		{KR_STR("\xe2\x82\xac\n\tx"), "\xe2\x82\xac\n\tx"},
		{KR_STR("a\0b\x01\x1b\x7f"), "a\xef\xbf\xbd"
					     "b\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{KR_STR("\xff\xfe<"), "\xef\xbf\xbd\xef\xbf\xbd&lt;"},
		{KR_STR("\xc0\xbcscript"), "\xef\xbf\xbd\xef\xbf\xbdscript"}, /* an overlong '<' */
		{KR_STR("\xc2\x85"), "\xef\xbf\xbd"},
		{KR_STR("exe.\xe2\x80\xaetxt"), "exe.[U+202E]txt"},
		{KR_STR("a\xe2\x80\x8b"
			"b\xef\xbb\xbf"),
		 "a[U+200B]b[U+FEFF]"},
		{KR_STR("\xf3\xa0\x81\x81"), "[U+E0041]"},
		{KR_STR("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80"},
		{KR_STR("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd"},
	};

	for (size_t i = 0; i < KR_ARRAY_LEN(t); i++) {
		KR_AUTO_BUF b = KR_BUF(1000);

		kr_html_escape(&b, t[i].in);
		IS_STR(kr_buf_str(&b), kr_str_c(t[i].out), "a hostile text is inert");
	}
}

static void test_urls(void)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{"/", "/"},
		{"/a?b=c", "/a?b=c"},
		{"#main", "#main"},
		{"?q=x", "?q=x"},
		{"//example.org/", "#"},
		{"/\\example.org", "#"},
		{"javascript:alert(1)", "#"},
		{"http://example.org/", "#"},
		{"data:text/html,x", "#"},
		{" /x", "#"},
		{"", "#"},
		{"\tjavascript:x", "#"},
	};

	for (size_t i = 0; i < KR_ARRAY_LEN(t); i++) {
		struct kr_html h = KR_HTML(1000);
		char want[100];

		kr_html_void(&h, "link");
		kr_html_url(&h, KR_HTML_HREF, kr_str_c(t[i].in));
		snprintf(want, sizeof(want), "<link href=\"%s\"", t[i].out);
		IS_STR(kr_buf_str(&h.b), kr_str_c(want), t[i].in);
		kr_buf_done(&h.b);
	}
}

static void test_cut(void)
{
	struct kr_html h = KR_HTML(1000);

	kr_html_cut(&h,
		    KR_STR("ab\xe2\x82\xac"
			   "cd"),
		    4);
	IS_STR(kr_buf_str(&h.b), KR_STR("ab\xe2\x80\xa6"), "cut between characters");
	kr_buf_clear(&h.b);
	kr_html_cut(&h, KR_STR("ab\xe2\x82\xac"), 5);
	IS_STR(kr_buf_str(&h.b), KR_STR("ab\xe2\x82\xac"), "not cut where it fits");
	kr_buf_done(&h.b);
}

static void test_full(void)
{
	struct kr_html h = KR_HTML(16);

	kr_html_open(&h, "p");
	kr_html_c(&h, "a text that is too long for it");
	kr_html_close(&h, "p");
	IS(h.b.err, -KR_ELIMIT, "a page over its limit says so");
	OK(h.b.n <= 16, "and does not grow");
	kr_buf_done(&h.b);
}

/* The text an HTML parser would see: an independent reader of the five entities we write. */
static void unescape(struct kr_str s, struct kr_buf *b)
{
	static const struct {
		struct kr_str entity;
		char c;
	} t[] = {{KR_STR("&amp;"), '&'},
		 {KR_STR("&lt;"), '<'},
		 {KR_STR("&gt;"), '>'},
		 {KR_STR("&quot;"), '"'},
		 {KR_STR("&#39;"), '\''}};

	while (s.n) {
		size_t i = 0;

		while (i < KR_ARRAY_LEN(t) && !kr_str_starts(s, t[i].entity))
			i++;
		kr_buf_ch(b, i < KR_ARRAY_LEN(t) ? t[i].c : s.p[0]);
		s = kr_str_from(s, i < KR_ARRAY_LEN(t) ? t[i].entity.n : 1);
	}
}

static size_t hostile(char *p, size_t max)
{
	static const char *const parts[] = {
		"<",   ">", "\"", "'", "&",	      "&lt;",	  "<script>", "</p>", "-->", "<!--",
		"]]>", "x", " ",  "=", "javascript:", "\xc3\xa9", "&#0;",     "`",    "\\"};
	size_t n = 0, count = prop_below(12);

	for (size_t i = 0; i < count; i++) {
		const char *s = parts[prop_below(KR_ARRAY_LEN(parts))];

		if (n + strlen(s) >= max)
			break;
		memcpy(p + n, s, strlen(s));
		n += strlen(s);
	}
	return n;
}

/* Whatever the values, the page keeps its shape and gives back exactly those values. */
static void test_property(void)
{
	unsigned runs = prop_begin(20000), bad = 0;

	for (unsigned i = 0; i < runs; i++) {
		struct kr_html h = KR_HTML(100000);
		char attr[200], text[200];
		size_t n_attr = hostile(attr, sizeof(attr)), n_text = hostile(text, sizeof(text));
		KR_AUTO_BUF got = KR_BUF(10000);
		struct kr_str s;
		ptrdiff_t quote;

		kr_html_open(&h, "p");
		kr_html_attr(&h, "title", kr_str_n(attr, n_attr));
		kr_html_text(&h, kr_str_n(text, n_text));
		kr_html_close(&h, "p");
		s = kr_str_from(kr_buf_str(&h.b), strlen("<p title=\""));
		quote = kr_str_chr(s, '"');
		unescape(kr_str_first(s, (size_t)quote), &got);
		bad += !kr_str_eq(kr_buf_str(&got), kr_str_n(attr, n_attr));
		s = kr_str_from(s, (size_t)quote + 1);
		bad += s.p[0] != '>';
		s = kr_str_n(s.p + 1, s.n - 1 - strlen("</p>\n"));
		bad += kr_str_chr(s, '<') >= 0 || kr_str_chr(s, '>') >= 0 ||
		       kr_str_chr(s, '"') >= 0;
		kr_buf_clear(&got);
		unescape(s, &got);
		bad += !kr_str_eq(kr_buf_str(&got), kr_str_n(text, n_text));
		kr_buf_done(&h.b);
	}
	IS(bad, 0, "no value changes the shape of a page, and none is lost");
}

/* Any bytes: what comes out is UTF-8 without markup. */
static void test_bytes(void)
{
	unsigned runs = prop_begin(5000), bad = 0;

	for (unsigned i = 0; i < runs; i++) {
		KR_AUTO_BUF b = KR_BUF(100000);
		char raw[100];
		size_t n = prop_below(sizeof(raw));

		for (size_t j = 0; j < n; j++)
			raw[j] = (char)prop_u64();
		kr_html_escape(&b, kr_str_n(raw, n));
		bad += kr_utf8_valid(kr_buf_str(&b)) != b.n;
		for (size_t j = 0; j < b.n; j++)
			bad += strchr("<>\"'", b.p[j]) != NULL || !b.p[j];
	}
	IS(bad, 0, "any bytes give valid UTF-8 without markup");
}

int main(void)
{
	test_shape();
	test_text();
	test_urls();
	test_cut();
	test_full();
	test_property();
	test_bytes();
	return tap_end();
}
