/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: a start tag stays open until content or another tag follows, so that attributes
 * can be added one by one. The stack of open tags is checked on closing; a mismatch is our mistake
 * and stops the program in the first test that reaches it. Errors of size are sticky in the buffer
 * and turn into an error page.
 */
#include "web/html.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void tag_end(struct kr_html *h)
{
	if (h->in_tag)
		kr_buf_ch(&h->b, '>');
	h->in_tag = false;
}

void kr_html_doctype(struct kr_html *h)
{
	kr_buf_c(&h->b, "<!DOCTYPE html>\n");
}

void kr_html__open(struct kr_html *h, const char *tag)
{
	assert(h->depth < KR_HTML_DEPTH);
	tag_end(h);
	kr_buf_ch(&h->b, '<');
	kr_buf_c(&h->b, tag);
	h->stack[h->depth++] = tag;
	h->in_tag = true;
}

void kr_html__void(struct kr_html *h, const char *tag)
{
	tag_end(h);
	kr_buf_ch(&h->b, '<');
	kr_buf_c(&h->b, tag);
	h->in_tag = true;
}

/* A line break behind elements that stand on their own keeps the source readable. */
static bool is_block(const char *tag)
{
	static const char *const block[] = {"p",   "tr",  "table", "section", "div",  "ul",
					    "li",  "dl",  "h1",	   "h2",      "head", "header",
					    "nav", "svg", "form",  "title"};

	for (size_t i = 0; i < KR_ARRAY_LEN(block); i++)
		if (!strcmp(block[i], tag))
			return true;
	return false;
}

void kr_html__close(struct kr_html *h, const char *tag)
{
	assert(h->depth && !strcmp(h->stack[h->depth - 1], tag));
	tag_end(h);
	h->depth--;
	kr_buf_c(&h->b, "</");
	kr_buf_c(&h->b, tag);
	kr_buf_ch(&h->b, '>');
	if (is_block(tag))
		kr_buf_ch(&h->b, '\n');
}

static void attr(struct kr_html *h, const char *name, struct kr_str value)
{
	assert(h->in_tag);
	kr_buf_ch(&h->b, ' ');
	kr_buf_c(&h->b, name);
	kr_buf_c(&h->b, "=\"");
	kr_html_escape(&h->b, value);
	kr_buf_ch(&h->b, '"');
}

void kr_html__attr(struct kr_html *h, const char *name, struct kr_str value)
{
	assert(strncmp(name, "on", 2) && strcmp(name, "style") && strcmp(name, "href") &&
	       strcmp(name, "src") && strcmp(name, "action"));
	attr(h, name, value);
}

void kr_html__attr_u64(struct kr_html *h, const char *name, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	kr_html__attr(h, name, kr_str_c(text));
}

void kr_html__el(struct kr_html *h, const char *tag, struct kr_str text)
{
	kr_html__open(h, tag);
	kr_html_text(h, text);
	kr_html__close(h, tag);
}

void kr_html_url(struct kr_html *h, enum kr_html_url which, struct kr_str url)
{
	static const char *const name[] = {"href", "src", "action"};
	bool ours = url.n &&
		    (url.p[0] == '#' || url.p[0] == '?' ||
		     (url.p[0] == '/' && (url.n == 1 || (url.p[1] != '/' && url.p[1] != '\\'))));

	attr(h, name[which], ours ? url : KR_STR("#"));
}

/* The code point at p, which is valid UTF-8, and its length. */
static unsigned code_point(const unsigned char *p, unsigned *ret_n)
{
	if (p[0] < 0x80) {
		*ret_n = 1;
		return p[0];
	}
	if (p[0] < 0xe0) {
		*ret_n = 2;
		return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
	}
	if (p[0] < 0xf0) {
		*ret_n = 3;
		return (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
	}
	*ret_n = 4;
	return (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
}

/* Characters that reorder text or take no room (Unicode 15: Bidi_Control, and default ignorable
 * ones in use). */
static bool is_hidden(unsigned c)
{
	return c == 0xad || c == 0x61c || c == 0x180e || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

static void escape_char(struct kr_buf *b, const char *p, unsigned n, unsigned c)
{
	switch (c) {
	case '&': kr_buf_c(b, "&amp;"); return;
	case '<': kr_buf_c(b, "&lt;"); return;
	case '>': kr_buf_c(b, "&gt;"); return;
	case '"': kr_buf_c(b, "&quot;"); return;
	case '\'': kr_buf_c(b, "&#39;"); return;
	default: break;
	}
	if ((c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0))
		kr_buf_c(b, "\xef\xbf\xbd");
	else if (is_hidden(c))
		kr_buf_printf(b, "[U+%04X]", c);
	else
		kr_buf_add(b, p, n);
}

static bool is_plain(char c)
{
	return (c >= ' ' && c < 0x7f && c != '&' && c != '<' && c != '>' && c != '"' &&
		c != '\'') ||
	       c == '\n' || c == '\t';
}

void kr_html_escape(struct kr_buf *b, struct kr_str s)
{
	while (s.n) {
		size_t valid = kr_utf8_valid(s), i = 0;

		while (i < valid) {
			size_t run = i;
			unsigned n, c;

			while (run < valid && is_plain(s.p[run]))
				run++;
			kr_buf_add(b, s.p + i, run - i);
			i = run;
			if (i == valid)
				break;
			c = code_point((const unsigned char *)s.p + i, &n);
			escape_char(b, s.p + i, n, c);
			i += n;
		}
		s = kr_str_from(s, valid);
		if (s.n) {
			kr_buf_c(b, "\xef\xbf\xbd");
			s = kr_str_from(s, 1);
		}
	}
}

void kr_html_text(struct kr_html *h, struct kr_str s)
{
	tag_end(h);
	kr_html_escape(&h->b, s);
}

void kr_html_cut(struct kr_html *h, struct kr_str s, size_t max)
{
	size_t n = max;

	if (s.n <= max) {
		kr_html_text(h, s);
		return;
	}
	while (n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	kr_html_text(h, kr_str_first(s, n));
	kr_html_c(h, "\xe2\x80\xa6");
}

void kr_html_c(struct kr_html *h, const char *s)
{
	kr_html_text(h, kr_str_c(s));
}

void kr_html_u64(struct kr_html *h, uint64_t v)
{
	kr_html_printf(h, "%llu", (unsigned long long)v);
}

void kr_html_printf(struct kr_html *h, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	kr_html_c(h, text);
}
