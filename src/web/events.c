/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /events: the search box and a page of what it finds, newest arrival first. A cursor, not a number
 * of a page: the next page costs the same wherever it is, and nothing moves under the reader when
 * new events come in.
 */
#include "web/events.h"

#include "web/examples.h"
#include "web/pages.h"

static const unsigned limits[] = {50, 100, 200, 500};

int kr_web__search_parse(struct kr_page *p, struct kr_web_search *s, struct kr_fault *reterr)
{
	struct kr_expr_opts opts = {.now = p->now, .may_name = kr_scope_may_name, .ctx = &p->scope};

	s->text = kr_http_query(p->r, "q");
	s->cursor = kr_http_query(p->r, "cursor");
	s->limit = (uint32_t)kr_web__number(p, "limit", 1, KR_WEB_LIST_MAX, KR_WEB_LIST_DEFAULT);
	if (s->text.n > KR_WEB_QUERY_TEXT_MAX)
		return kr_fault_set(reterr, -KR_ELIMIT,
				    "an expression in the search box has at most %d bytes",
				    KR_WEB_QUERY_TEXT_MAX);
	return kr_expr_parse(s->text, &opts, p->a, &s->expr, reterr);
}

static void box(struct kr_page *p, const struct kr_web_search *s, bool wrong)
{
	struct kr_html *h = &p->h;

	kr_html_void(h, "input");
	kr_html_attr_c(h, "type", "search");
	kr_html_attr_c(h, "id", "q");
	kr_html_attr_c(h, "name", "q");
	kr_html_attr(h, "value", s->text);
	kr_html_attr_c(h, "autocomplete", "off");
	kr_html_attr_c(h, "autocapitalize", "off");
	kr_html_attr_c(h, "spellcheck", "false");
	kr_html_attr_u64(h, "maxlength", KR_WEB_QUERY_TEXT_MAX);
	kr_html_attr_c(h, "aria-describedby", wrong ? "q-wrong q-hint" : "q-hint");
	if (wrong)
		kr_html_attr_c(h, "aria-invalid", "true");
	kr_web__keep_lang(p);
	if (s->limit != KR_WEB_LIST_DEFAULT) {
		kr_html_void(h, "input");
		kr_html_attr_c(h, "type", "hidden");
		kr_html_attr_c(h, "name", "limit");
		kr_html_attr_u64(h, "value", s->limit);
	}
}

static void form(struct kr_page *p, const struct kr_web_search *s, bool wrong)
{
	struct kr_html *h = &p->h;

	kr_html_open(h, "form");
	kr_html_attr_c(h, "class", "search");
	kr_html_attr_c(h, "role", "search");
	kr_html_attr_c(h, "method", "get");
	kr_html_url(h, KR_HTML_ACTION, kr_str_c(p->events));
	kr_html_open(h, "label");
	kr_html_attr_c(h, "for", "q");
	kr_html_c(h, T(p, "Expression"));
	kr_html_close(h, "label");
	kr_html_open(h, "div");
	kr_html_attr_c(h, "class", "search-row");
	box(p, s, wrong);
	kr_html_open(h, "button");
	kr_html_c(h, T(p, "Search"));
	kr_html_close(h, "button");
	kr_html_close(h, "div");
	kr_html_open(h, "p");
	kr_html_attr_c(h, "id", "q-hint");
	kr_html_attr_c(h, "class", "muted");
	kr_html_c(h, T(p, "Terms like field:value; an empty box finds everything."));
	kr_html_c(h, " ");
	kr_web__link(p, KR_URL0(p, "/help", KR_STR("")), kr_str_c(T(p, "How to ask")));
	kr_html_close(h, "p");
	kr_html_close(h, "form");
}

/* The expression with a caret under the column, which counts characters from 1. */
static void pointer(struct kr_page *p, struct kr_str text, uint64_t column)
{
	KR_AUTO_BUF b = KR_BUF(KR_WEB_QUERY_TEXT_MAX * 3);

	for (size_t i = 0; i < text.n; i++)
		kr_buf_ch(&b, kr_is_blank(text.p[i]) ? ' ' : text.p[i]);
	kr_buf_ch(&b, '\n');
	for (uint64_t i = 1; i < column && i < KR_WEB_QUERY_TEXT_MAX; i++)
		kr_buf_ch(&b, ' ');
	kr_buf_ch(&b, '^');
	kr_html_open(&p->h, "pre");
	kr_html_attr_c(&p->h, "class", "pointer");
	kr_html_attr_c(&p->h, "tabindex", "0");
	kr_html_attr_c(&p->h, "role", "region");
	kr_html_attr_c(&p->h, "aria-label", T(p, "Where the expression is wrong"));
	kr_html_text(&p->h, kr_buf_str(&b));
	kr_html_close(&p->h, "pre");
}

static void wrong(struct kr_page *p, const struct kr_web_search *s, const struct kr_fault *f)
{
	kr_web__box(p, "error", T(p, "The expression is not understood"));
	kr_html_open(&p->h, "p");
	kr_html_attr_c(&p->h, "id", "q-wrong");
	if (f->column) {
		kr_web__textf(p, T(p, "Column %s:"), kr_web__count_str(p, f->column));
		kr_html_c(&p->h, " ");
	}
	kr_html_c(&p->h, f->message);
	kr_html_c(&p->h, ".");
	kr_html_close(&p->h, "p");
	if (f->column)
		pointer(p, s->text, f->column);
	if (f->remedy[0])
		kr_html_el_c(&p->h, "p", f->remedy);
	kr_web__box_end(p);
}

static void example_list(struct kr_page *p)
{
	size_t n;
	const struct kr_web_example *e = kr_web__examples(&n);

	kr_web__example_table(p, T(p, "Questions to begin with"), e, n);
}

static struct kr_str url_with(struct kr_page *p, const char *base, const struct kr_web_search *s,
			      uint32_t limit, struct kr_str cursor)
{
	return KR_URL(p, base, KR_STR(""), {KR_STR("q"), s->text},
		      {KR_STR("limit"),
		       limit == KR_WEB_LIST_DEFAULT ? KR_STR("") : kr_web__str_u64(p, limit)},
		      {KR_STR("cursor"), cursor});
}

static void limit_choice(struct kr_page *p, const struct kr_web_search *s)
{
	struct kr_html *h = &p->h;

	kr_html_open(h, "nav");
	kr_html_attr_c(h, "class", "choice");
	kr_html_attr_c(h, "aria-label", T(p, "Events on a page"));
	kr_html_open(h, "ul");
	for (size_t i = 0; i < KR_ARRAY_LEN(limits); i++) {
		kr_html_open(h, "li");
		kr_html_open(h, "a");
		kr_html_url(h, KR_HTML_HREF, url_with(p, p->events, s, limits[i], s->cursor));
		if (limits[i] == s->limit)
			kr_html_attr_c(h, "aria-current", "true");
		kr_web__textf(p, T(p, "%s a page"), kr_web__str_u64(p, limits[i]));
		kr_html_close(h, "a");
		kr_html_close(h, "li");
	}
	kr_html_close(h, "ul");
	kr_html_close(h, "nav");
}

/* Where to go from here: older, newest, downloads. */
static void paging(struct kr_page *p, const struct kr_web_search *s,
		   const struct kr_event_page *page)
{
	struct kr_html *h = &p->h;

	kr_html_open(h, "nav");
	kr_html_attr_c(h, "class", "paging");
	kr_html_attr_c(h, "aria-label", T(p, "Pages and downloads"));
	kr_html_open(h, "ul");
	if (page->cursor.n) {
		kr_html_open(h, "li");
		kr_web__link(p, url_with(p, p->events, s, s->limit, page->cursor),
			     kr_str_c(page->rows < s->limit ? T(p, "Go on looking")
							    : T(p, "Older events")));
		kr_html_close(h, "li");
	}
	if (s->cursor.n) {
		kr_html_open(h, "li");
		kr_web__link(p, url_with(p, p->events, s, s->limit, KR_STR("")),
			     kr_str_c(T(p, "Back to the newest")));
		kr_html_close(h, "li");
	}
	/* Downloads are of who is logged in, not of whom he looks as. */
	if (page->rows && !p->view.n) {
		kr_html_open(h, "li");
		kr_web__link(p, url_with(p, "/events.csv", s, KR_WEB_LIST_DEFAULT, s->cursor),
			     kr_str_c(T(p, "Download as CSV")));
		kr_html_close(h, "li");
		kr_html_open(h, "li");
		kr_web__link(p, url_with(p, "/events.json", s, KR_WEB_LIST_DEFAULT, s->cursor),
			     kr_str_c(T(p, "Download as JSON")));
		kr_html_close(h, "li");
	}
	kr_html_close(h, "ul");
	kr_html_close(h, "nav");
}

static void summary(struct kr_page *p, const struct kr_event_page *page,
		    const struct kr_web_search *s)
{
	struct kr_html *h = &p->h;

	kr_html_open(h, "p");
	kr_html_attr_c(h, "class", "muted");
	if (page->cursor.n && page->rows < s->limit) {
		kr_web__textf(p,
			      T(p, "Looked at %s events and stopped: this page is not complete."),
			      kr_web__count_str(p, page->scanned));
	} else if (!page->cursor.n && page->rows) {
		kr_html_c(h, T(p, "These are all; there are no older ones."));
	} else {
		kr_web__textf(p, T(p, "%s events on this page; there are older ones."),
			      kr_web__count_str(p, page->rows));
	}
	kr_html_close(h, "p");
}

static int found(struct kr_page *p, const struct kr_web_search *s)
{
	struct kr_web_event_table t = {.p = p};
	struct kr_event_query q = {.expr = s->expr,
				   .limit = s->limit,
				   .cursor = s->cursor,
				   .scan_max = p->w->o.scan_max,
				   .progress = kr_web__patient,
				   .ctx = &p->until_us};
	KR_AUTO(kr_arena) *scan = kr_arena_new(KR_WEB_SCAN_ARENA);
	struct kr_event_page page = {0};
	int err = kr_store_event_list(p->w->store, &p->scope, &q, kr_web__event_row, &t, scan,
				      &page, p->fault);

	if (err < 0)
		return kr_web__too_long(err, p->fault);
	kr_web__event_table_end(&t);
	if (!page.rows && !page.cursor.n) {
		kr_web__empty(p,
			      s->text.n ? T(p, "No event matches.")
					: T(p, "There are no events yet. Take in a report:"),
			      s->text.n || p->view.n ? NULL : "karaula take FILE");
	} else {
		summary(p, &page, s);
	}
	if (page.rows || page.cursor.n || s->cursor.n)
		paging(p, s, &page);
	if (page.rows)
		limit_choice(p, s);
	return 0;
}

int kr_web__search_show(struct kr_page *p, const struct kr_web_search *s, int bad,
			const struct kr_fault *f, struct kr_http_reply *reply)
{
	form(p, s, bad < 0);
	if (bad >= 0)
		return found(p, s);
	wrong(p, s, f);
	reply->status = 400;
	return 0;
}

int kr_web__events(struct kr_http_request *r, struct kr_http_reply *reply, struct kr_fault *reterr)
{
	struct kr_web_search s = {0};
	struct kr_fault f = {0};
	struct kr_page p;
	int bad, err = 0;

	err = kr_web__page_for(&p, r, KR_RIGHT_EVENTS, reterr);
	if (err)
		return err;
	p.own_search = true;
	bad = kr_web__search_parse(&p, &s, &f);
	kr_web__page_begin(
		&p, KR_NAV_EVENTS,
		s.text.n ? kr_arena_printf(p.a, "%s: %.*s", T(&p, "Events"), KR_STR_ARG(s.text))
			 : kr_str_c(T(&p, "Events")));
	err = kr_web__search_show(&p, &s, bad, &f, reply);
	if (!s.text.n || bad < 0) {
		kr_web__section(&p, "examples", T(&p, "Example questions"));
		example_list(&p);
		kr_web__section_end(&p);
	}
	return kr_web__page_finish(&p, err, reply);
}
