/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of pages: every state of a view is one, so they are built in one place and always
 * encoded. */
#include "web/page.h"

#include <stdio.h>

#include "http/url.h"
#include "model/expr.h"

#define URL_MAX ((size_t)64 << 10)

struct kr_str kr_web__url(struct kr_page *p, const char *base, struct kr_str segment,
			  const struct kr_http_pair *pairs, size_t n)
{
	KR_AUTO_BUF b = KR_BUF(URL_MAX);
	char sep = '?';

	kr_buf_c(&b, base);
	if (segment.n) {
		kr_buf_ch(&b, '/');
		kr_http_encode(&b, segment);
	}
	for (size_t i = 0; i < n; i++) {
		if (!pairs[i].value.n)
			continue;
		kr_buf_ch(&b, sep);
		kr_http_encode(&b, pairs[i].name);
		kr_buf_ch(&b, '=');
		kr_http_encode(&b, pairs[i].value);
		sep = '&';
	}
	if (p->lang_asked) {
		kr_buf_ch(&b, sep);
		kr_buf_c(&b, "lang=");
		kr_http_encode(&b, kr_str_c(kr_web__lang_tag(p->lang)));
	}
	return kr_arena_dup(p->a, kr_buf_str(&b));
}

void kr_web__link(struct kr_page *p, struct kr_str url, struct kr_str text)
{
	kr_html_open(&p->h, "a");
	kr_html_url(&p->h, KR_HTML_HREF, url);
	kr_html_cut(&p->h, text, KR_WEB_CELL_MAX);
	kr_html_close(&p->h, "a");
}

void kr_web__link_events(struct kr_page *p, struct kr_str expr, struct kr_str text)
{
	kr_web__link(p, KR_URL(p, p->events, KR_STR(""), {KR_STR("q"), expr}), text);
}

const char *kr_web__below(struct kr_page *p, const char *base, struct kr_str segment,
			  const char *below)
{
	KR_AUTO_BUF b = KR_BUF(URL_MAX);

	kr_buf_printf(&b, "%s/", base);
	kr_http_encode(&b, segment);
	kr_buf_c(&b, below);
	return kr_arena_dup(p->a, kr_buf_str(&b)).p ?: base;
}

void kr_web__more(struct kr_page *p, struct kr_str url, const char *text)
{
	kr_html_open(&p->h, "p");
	kr_html_attr_c(&p->h, "class", "more");
	kr_web__link(p, url, kr_str_c(text));
	kr_html_close(&p->h, "p");
}

struct kr_str kr_web__expr(struct kr_page *p, enum kr_expr_subject subject, enum kr_field field,
			   struct kr_str value)
{
	struct kr_expr x = {.op = KR_EXPR_LEAF};
	KR_AUTO_BUF b = KR_BUF(URL_MAX);

	x.leaf.subject = subject;
	x.leaf.field = field;
	x.leaf.test = KR_TEST_EQ;
	x.leaf.rep = KR_REP_TEXT;
	x.leaf.value.text = value;
	if (subject == KR_SUBJ_FIELD) {
		x.leaf.rep = kr_field_info(field)->rep;
		if (kr_field_parse(field, value, p->a, &x.leaf.value, NULL))
			return KR_STR("");
	}
	kr_expr_text(&x, &b);
	return kr_arena_dup(p->a, kr_buf_str(&b));
}

uint64_t kr_web__number(const struct kr_page *p, const char *name, uint64_t min, uint64_t max,
			uint64_t fallback)
{
	struct kr_str s = kr_http_query(p->r, name);
	uint64_t v;

	if (!s.n || kr_str_u64(s, &v) || v < min || v > max)
		return fallback;
	return v;
}

struct kr_str kr_web__str_u64(struct kr_page *p, uint64_t v)
{
	return kr_arena_printf(p->a, "%llu", (unsigned long long)v);
}
