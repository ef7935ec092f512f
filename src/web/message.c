/* SPDX-License-Identifier: Apache-2.0 */
/* A message on a page: made by the function that the sinks use, so what is shown is what is sent.
 */
#include "web/told.h"

#include "render/digest.h"

#define TABLE_LINES 15 /* of the table that are shown */
#define TABLE_BYTES ((size_t)8 << 10)
#define TEXT_MAX    ((size_t)256 << 10)

static bool token_char(char c)
{
	return kr_is_alnum(c) || c == '-' || c == '_';
}

/* The text without the tokens of links for answers. Returns how many there were. */
static unsigned text_without_tokens(struct kr_page *p, struct kr_str text, const char *url)
{
	struct kr_str base = kr_str_c(url), link;
	unsigned n = 0;

	/* As in the message: the setting may end with a slash. */
	while (base.n && base.p[base.n - 1] == '/')
		base.n--;
	link = kr_arena_printf(p->a, "%.*s/feedback/", KR_STR_ARG(base));
	for (ptrdiff_t at; base.n && link.n && (at = kr_str_find(text, link)) >= 0; n++) {
		kr_html_text(&p->h, kr_str_first(text, (size_t)at + link.n));
		kr_html_c(&p->h, "\xe2\x80\xa6");
		text = kr_str_from(text, (size_t)at + link.n);
		while (text.n && token_char(*text.p))
			text = kr_str_from(text, 1);
	}
	kr_html_text(&p->h, text);
	return n;
}

/* lang: of what stands in it, where that is not the page's; NULL */
static void pre(struct kr_page *p, const char *name, const char *lang)
{
	kr_html_open(&p->h, "pre");
	kr_html_attr_c(&p->h, "class", "raw");
	kr_html_attr_c(&p->h, "tabindex", "0");
	kr_html_attr_c(&p->h, "role", "region");
	kr_html_attr_c(&p->h, "aria-label", name);
	if (lang)
		kr_html_attr_c(&p->h, "lang", kr_web__lang_tag(lang));
}

static void note(struct kr_page *p, const char *text)
{
	kr_html_open(&p->h, "p");
	kr_html_attr_c(&p->h, "class", "muted");
	kr_html_c(&p->h, text);
	kr_html_close(&p->h, "p");
}

static void head(struct kr_page *p, const struct kr_desk_mailing *m, const struct kr_digest *d)
{
	kr_web__facts(p);
	kr_web__fact(p, T(p, "To"));
	kr_web__recipient_name(p, m->to.id, m->to.sink, m->to.address);
	kr_web__fact_end(p);
	kr_web__fact_str(p, T(p, "Subject"), kr_buf_str(&d->subject));
	kr_web__fact(p, T(p, "Label"));
	kr_web__tlp(p, d->tlp);
	kr_web__fact_end(p);
	kr_web__fact(p, T(p, "Rows"));
	kr_web__count(p, d->rows);
	kr_web__fact_end(p);
	if (d->left_out) {
		kr_web__fact(p, T(p, "Rows that are gone or may not be told any more"));
		kr_web__count(p, d->left_out);
		kr_web__fact_end(p);
	}
	kr_web__fact_str(p, T(p, "Language"), kr_str_c(kr_web__lang_tag(d->lang)));
	kr_web__facts_end(p);
}

/* The beginning of the table, in whole lines. */
static void table_of(struct kr_page *p, const struct kr_digest *d, struct kr_str url)
{
	struct kr_str csv = kr_buf_str(&d->csv);
	unsigned lines = 0;
	size_t n = 0;

	for (size_t i = 0; i < KR_MIN(csv.n, TABLE_BYTES) && lines < TABLE_LINES; i++)
		if (csv.p[i] == '\n') {
			n = i + 1;
			lines++;
		}
	if (!n)
		n = KR_MIN(csv.n, TABLE_BYTES);
	note(p, n < csv.n ? kr_web__format(p, T(p, "The beginning of its table %s:"),
					   kr_str_c(d->csv_name))
			  : kr_web__format(p, T(p, "Its table %s:"), kr_str_c(d->csv_name)));
	pre(p, T(p, "Table of the message"), NULL);
	/* Lines end in CR LF, as in the file. */
	for (struct kr_str rest = kr_str_trim(kr_str_first(csv, n)), line;
	     kr_str_split(&rest, '\n', &line);) {
		kr_html_text(&p->h, kr_str_trim(line));
		kr_html_c(&p->h, "\n");
	}
	kr_html_close(&p->h, "pre");
	if (url.n)
		kr_web__more(p, url, T(p, "Download the table"));
}

static void show(struct kr_page *p, const struct kr_desk_mailing *m, const struct kr_digest *d,
		 const struct kr_digest_opts *o, struct kr_str url)
{
	struct kr_str text = kr_str_first(kr_buf_str(&d->text), TEXT_MAX);
	unsigned hidden;

	head(p, m, d);
	pre(p, T(p, "Text of the message"), d->lang);
	hidden = text_without_tokens(p, text, o->url);
	kr_html_close(&p->h, "pre");
	if (hidden)
		note(p, T(p, "The link for answers is shown without its secret: whoever has it "
			     "answers as the owner."));
	table_of(p, d, url);
}

int kr_web__message(struct kr_page *p, const struct kr_conf *conf, struct kr_desk_mailing *m,
		    struct kr_str table)
{
	struct kr_digest_opts o;
	struct kr_digest d = {0};
	int err = kr_digest_opts(p->w->store, conf, &o, p->fault);

	if (!err)
		err = kr_digest_make(p->w->store, m, &o, &d, p->fault);
	if (!err)
		show(p, m, &d, &o, table);
	else if (err > 0)
		kr_web__empty(p,
			      T(p, "Nothing is left to tell: its rows are gone or may not be told "
				   "any more."),
			      NULL);
	kr_digest_done(&d);
	return KR_MIN(err, 0);
}
