/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes HTML that is well-formed and inert by construction: tags and attribute names are literals
 * of this program, every value is escaped where it is written, and addresses only lead within this
 * site. There is no way to write raw markup.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/str.h"

#define KR_HTML_DEPTH 40

struct kr_html {
	struct kr_buf b;
	const char *stack[KR_HTML_DEPTH];
	unsigned depth;
	bool in_tag; /* a start tag is open: attributes may follow */
};

#define KR_HTML(size_max) ((struct kr_html){.b = KR_BUF(size_max)})

/* "" name "" makes sure that only literals name tags and attributes. */
#define kr_html_open(h, tag)	       kr_html__open(h, "" tag "")
#define kr_html_void(h, tag)	       kr_html__void(h, "" tag "")
#define kr_html_close(h, tag)	       kr_html__close(h, "" tag "")
#define kr_html_attr(h, name, value)   kr_html__attr(h, "" name "", value)
#define kr_html_attr_c(h, name, value) kr_html__attr(h, "" name "", kr_str_c(value))
#define kr_html_attr_u64(h, name, v)   kr_html__attr_u64(h, "" name "", v)
#define kr_html_flag(h, name)	       kr_html__attr(h, "" name "", KR_STR(""))
/* An element that holds just text. */
#define kr_html_el(h, tag, text)   kr_html__el(h, "" tag "", text)
#define kr_html_el_c(h, tag, text) kr_html__el(h, "" tag "", kr_str_c(text))

/* Begin the document: doctype. */
void kr_html_doctype(struct kr_html *h);
void kr_html__open(struct kr_html *h, const char *tag);
/* An element that has no content and no end tag: br, img, input, link, meta. */
void kr_html__void(struct kr_html *h, const char *tag);
/* The tag must be the one opened last: anything else is a mistake of ours. */
void kr_html__close(struct kr_html *h, const char *tag);
/* Right after open or void. Not for href, src and action (see kr_html_url), style and on...: those
 * stop the program. */
void kr_html__attr(struct kr_html *h, const char *name, struct kr_str value);
void kr_html__attr_u64(struct kr_html *h, const char *name, uint64_t v);
void kr_html__el(struct kr_html *h, const char *tag, struct kr_str text);

enum kr_html_url { KR_HTML_HREF, KR_HTML_SRC, KR_HTML_ACTION };
/* An address within this site: "/path", "?query" or "#anchor". Any other is written as "#". */
void kr_html_url(struct kr_html *h, enum kr_html_url which, struct kr_str url);

/*
 * Text. Bytes that are not UTF-8 and control characters are written as U+FFFD; characters that
 * change the direction of text or cannot be seen are written as [U+202E], so that a value cannot
 * pretend to be another.
 */
void kr_html_text(struct kr_html *h, struct kr_str s);
/* Text of at most max bytes, cut between characters, with an ellipsis if it was longer. */
void kr_html_cut(struct kr_html *h, struct kr_str s, size_t max);
void kr_html_c(struct kr_html *h, const char *s);
void kr_html_u64(struct kr_html *h, uint64_t v);
/* Formatted, then escaped; cut at 1 KiB. */
void kr_html_printf(struct kr_html *h, const char *fmt, ...) KR_PRINTF(2, 3);
/* Only the escaping, for a buffer of one's own. */
void kr_html_escape(struct kr_buf *b, struct kr_str s);
