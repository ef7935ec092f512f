/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables keep their meaning on narrow screens: there the style sheet turns rows into blocks, which
 * makes browsers forget that it was a table, so the roles are written out, and each cell carries
 * its column's title for the style sheet to show.
 */
#include "web/page.h"

static void head(struct kr_web_table *t)
{
	struct kr_html *h = &t->p->h;

	kr_html_open(h, "thead");
	kr_html_attr_c(h, "role", "rowgroup");
	kr_html_open(h, "tr");
	kr_html_attr_c(h, "role", "row");
	for (size_t i = 0; i < t->n; i++) {
		kr_html_open(h, "th");
		kr_html_attr_c(h, "role", "columnheader");
		kr_html_attr_c(h, "scope", "col");
		if (t->cols[i].class)
			kr_html_attr_c(h, "class", t->cols[i].class);
		kr_html_c(h, t->cols[i].title);
		kr_html_close(h, "th");
	}
	kr_html_close(h, "tr");
	kr_html_close(h, "thead");
}

void kr_web__table(struct kr_page *p, struct kr_web_table *t, const char *caption,
		   const struct kr_web_col *cols, size_t n)
{
	*t = (struct kr_web_table){.p = p, .cols = cols, .n = n};
	kr_html_open(&p->h, "table");
	kr_html_attr_c(&p->h, "role", "table");
	kr_html_el_c(&p->h, "caption", caption);
	head(t);
	kr_html_open(&p->h, "tbody");
	kr_html_attr_c(&p->h, "role", "rowgroup");
}

void kr_web__table_end(struct kr_web_table *t)
{
	kr_html_close(&t->p->h, "tbody");
	kr_html_close(&t->p->h, "table");
}

void kr_web__row(struct kr_web_table *t)
{
	t->at = 0;
	kr_html_open(&t->p->h, "tr");
	kr_html_attr_c(&t->p->h, "role", "row");
}

void kr_web__row_end(struct kr_web_table *t)
{
	assert(t->at == t->n);
	kr_html_close(&t->p->h, "tr");
}

void kr_web__cell(struct kr_web_table *t)
{
	struct kr_html *h = &t->p->h;

	assert(t->at < t->n);
	if (t->at == 0) {
		kr_html_open(h, "th");
		kr_html_attr_c(h, "role", "rowheader");
		kr_html_attr_c(h, "scope", "row");
	} else {
		kr_html_open(h, "td");
		kr_html_attr_c(h, "role", "cell");
	}
	kr_html_attr_c(h, "data-label", t->cols[t->at].title);
	if (t->cols[t->at].class)
		kr_html_attr_c(h, "class", t->cols[t->at].class);
}

void kr_web__cell_end(struct kr_web_table *t)
{
	if (t->at++ == 0)
		kr_html_close(&t->p->h, "th");
	else
		kr_html_close(&t->p->h, "td");
}

void kr_web__cell_str(struct kr_web_table *t, struct kr_str s)
{
	kr_web__cell(t);
	if (s.n)
		kr_html_cut(&t->p->h, s, KR_WEB_CELL_MAX);
	else
		kr_html_c(&t->p->h, "\xe2\x80\x93");
	kr_web__cell_end(t);
}

void kr_web__cell_count(struct kr_web_table *t, uint64_t v)
{
	kr_web__cell(t);
	kr_web__count(t->p, v);
	kr_web__cell_end(t);
}

void kr_web__cell_bar(struct kr_web_table *t, uint64_t v, uint64_t max)
{
	struct kr_html *h = &t->p->h;
	uint64_t share = max ? (uint64_t)((double)v / (double)max * 1000) : 0;

	kr_web__cell(t);
	kr_web__count(t->p, v);
	kr_html_open(h, "svg");
	kr_html_attr_c(h, "class", "meter");
	kr_html_attr_c(h, "viewBox", "0 0 1000 10");
	kr_html_attr_c(h, "preserveAspectRatio", "none");
	kr_html_attr_c(h, "aria-hidden", "true");
	kr_html_open(h, "rect");
	kr_html_attr_c(h, "class", "bar");
	kr_html_attr_u64(h, "width", share || !v ? share : 1);
	kr_html_attr_u64(h, "height", 10);
	kr_html_close(h, "rect");
	kr_html_close(h, "svg");
	kr_web__cell_end(t);
}
