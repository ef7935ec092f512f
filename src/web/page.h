/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One page while it is being made, and the parts that pages are built of: frame, addresses, tables,
 * labels, times, numbers. Everything here is private to the room.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/metrics.h"
#include "base/text.h"
#include "base/time.h"
#include "http/http.h"
#include "model/label.h"
#include "model/scope.h"
#include "model/viewer.h"
#include "store/read.h"
#include "store/store.h"
#include "web/assets.h"
#include "web/html.h"
#include "web/web.h"

#define KR_WEB_PAGE_MAX	    ((size_t)4 << 20) /* bytes of a page */
#define KR_WEB_LIST_MAX	    500		      /* rows of a list on a page */
#define KR_WEB_LIST_DEFAULT 50
#define KR_WEB_CELL_MAX	    200 /* bytes of a value in a list */
#define KR_WEB_RAW_PASS_MAX                                                                        \
	((uint64_t)256 << 20) /* bytes of a raw report that a page reads through */
/* A list of events takes an arena of its own, which it rewinds: rows allocate from the page's. */
#define KR_WEB_SCAN_ARENA     ((size_t)32 << 20)
#define KR_WEB_QUERY_TEXT_MAX 4096 /* bytes of an expression */

struct kr_web {
	struct kr_store *store;
	struct kr_web_opts o; /* texts owned */
	struct kr_arena *arena;
	struct kr_web_assets assets;
	struct kr_metrics *own_metrics;		    /* where the caller gave none */
	struct kr_metric *requests[6], *request_us; /* by the first digit of the status; 0: cut */
};

struct kr_page {
	struct kr_web *w;
	struct kr_http_request *r;
	struct kr_arena *a;
	const struct kr_viewer *v;   /* never NULL: nobody is a viewer too, who sees nothing */
	struct kr_scope scope;	     /* of the viewer: the only one that reaches the store */
	const struct kr_viewer *who; /* is logged in; v is another one only in a view */
	struct kr_str view; /* not empty: what an operator of this constituent sees (view.c) */
	const char *lang;   /* as kr_text() knows it */
	bool lang_asked;    /* by ?lang=: links keep it */
	kr_time now;
	int64_t until_us; /* questions to the store end by then, by kr_web__patient() */
	struct kr_html h;
	bool own_search; /* the page has a search box of its own: none in the banner */
	/* Where lists of events are, and behind a '/' single ones: "/events", or the view of a
	 * constituent. Encoded; in the arena or static. */
	const char *events;
	struct kr_fault *fault;
};

/* Which entry of the navigation is current. */
enum kr_web_nav {
	KR_NAV_NONE,
	KR_NAV_OVERVIEW,
	KR_NAV_EVENTS,
	KR_NAV_UNROUTED,
	KR_NAV_REPORTS,
	KR_NAV_QUARANTINE,
	KR_NAV_CONSTITUENTS,
	KR_NAV_DELIVERIES,
	KR_NAV_SOURCES,
	KR_NAV_USERS,
	KR_NAV_HELP,
	KR_NAV_ACCOUNT,
};

#define T(page, text) kr_text((page)->lang, text)

/* ---- language ---- */

/*
 * Which of the languages that there are: the asked one, else the best of Accept-Language, else
 * NULL.
 *
 * there  besides English, ended by NULL: kr_text_langs()
 */
const char *kr_web__lang_pick(const char *const *there, struct kr_str asked, struct kr_str accept);
/* "sr-Latn" for "sr@latin": what HTML and HTTP call it (BCP 47). */
const char *kr_web__lang_tag(const char *lang);

/* ---- frame ---- */

void kr_web__page_init(struct kr_page *p, struct kr_http_request *r, struct kr_fault *fault);
/* For kr_event_query.progress, with the page's until_us as ctx. A page that takes longer is none:
 * kr_web__too_long() turns -KR_ECANCEL into that error, and leaves others as they are. */
bool kr_web__patient(void *until_us, uint64_t scanned, uint64_t total);
int kr_web__too_long(int err, struct kr_fault *fault);
/*
 * The same for who has a right.
 *
 * Returns 0; -KR_EAUTH; -KR_EDENIED.
 */
KR_MUST_USE int kr_web__page_for(struct kr_page *p, struct kr_http_request *r, enum kr_right right,
				 struct kr_fault *fault);
static inline bool kr_web__can(const struct kr_page *p, enum kr_right right)
{
	return kr_viewer_can(p->v, right);
}
/* Head, navigation and the heading; title is plain text. */
void kr_web__page_begin(struct kr_page *p, enum kr_web_nav nav, struct kr_str title);
/* Footer; the bytes move to the reply. */
void kr_web__page_end(struct kr_page *p, struct kr_http_reply *reply);
/* The error hook of the server. */
void kr_web__error(struct kr_http_request *r, struct kr_http_reply *reply, unsigned status,
		   const struct kr_fault *f);

/* The end of a handler: the page if err is 0, else its buffer is dropped. Returns err. */
int kr_web__page_finish(struct kr_page *p, int err, struct kr_http_reply *reply);

/*
 * The settings as they are now; the caller ends its reference with kr_conf_unref().
 *
 * Returns 0; -KR_EUNAVAIL where the pages were made without settings.
 */
KR_MUST_USE int kr_web__conf(struct kr_page *p, const struct kr_conf **ret);

/* Go to another page of ours; path is as kr_web__url() makes it. */
void kr_web__see_other(struct kr_page *p, struct kr_http_reply *reply, struct kr_str path);

/* In a form: the language, if the reader chose one. */
void kr_web__keep_lang(struct kr_page *p);

/* A section with a heading; id names it for links ("by-class"). */
void kr_web__section(struct kr_page *p, const char *id, const char *title);
void kr_web__section_end(struct kr_page *p);
/* What to do when there is nothing: one sentence and, if not NULL, a command line. */
void kr_web__empty(struct kr_page *p, const char *sentence, const char *command);
/* A box that must be seen: "error", "warning" or "note". Closed by kr_web__box_end(). */
void kr_web__box(struct kr_page *p, const char *kind, const char *title);
void kr_web__box_end(struct kr_page *p);

/* ---- addresses ---- */

/*
 * The address of a page: base, a path segment if not empty, and those pairs whose value is not
 * empty. The language is kept if the reader chose one.
 */
struct kr_str kr_web__url(struct kr_page *p, const char *base, struct kr_str segment,
			  const struct kr_http_pair *pairs, size_t n);
#define KR_URL(page, base, segment, ...)                                                           \
	kr_web__url(page, base, segment, (const struct kr_http_pair[]){__VA_ARGS__},               \
		    sizeof((const struct kr_http_pair[]){__VA_ARGS__}) /                           \
			    sizeof(struct kr_http_pair))
#define KR_URL0(page, base, segment) kr_web__url(page, base, segment, NULL, 0)
void kr_web__link(struct kr_page *p, struct kr_str url, struct kr_str text);
/* A link to the events that match an expression. */
void kr_web__link_events(struct kr_page *p, struct kr_str expr, struct kr_str text);
/* "/base/SEGMENT/below", encoded, without query: a base for addresses below one thing. */
const char *kr_web__below(struct kr_page *p, const char *base, struct kr_str segment,
			  const char *below);
/* "field:value" in the spelling of the expression language, quoted where it must be. */
struct kr_str kr_web__expr(struct kr_page *p, enum kr_expr_subject subject, enum kr_field field,
			   struct kr_str value);
/* A link of its own below a list. */
void kr_web__more(struct kr_page *p, struct kr_str url, const char *text);
/* A number from the query within limits; anything else gives the fallback. */
uint64_t kr_web__number(const struct kr_page *p, const char *name, uint64_t min, uint64_t max,
			uint64_t fallback);
struct kr_str kr_web__str_u64(struct kr_page *p, uint64_t v);

/* ---- values ---- */

/* With separators of thousands, as the language writes them. */
void kr_web__count(struct kr_page *p, uint64_t v);
struct kr_str kr_web__count_str(struct kr_page *p, uint64_t v);
/* "2026-11-21 14:05:22 UTC" as <time>; a dash for KR_TIME_NONE. */
void kr_web__time(struct kr_page *p, kr_time t);
/* "3 hours ago" as <time>, with the whole time as its title. */
void kr_web__ago(struct kr_page *p, kr_time t);
/* "TLP:AMBER" in its colour. */
void kr_web__tlp(struct kr_page *p, enum kr_tlp tlp);
/* A label as text in a box: kind is "ok", "warn", "bad" or "plain". */
void kr_web__tag(struct kr_page *p, const char *kind, const char *text);
/* A text with one "%s" in it, which the value takes; both are escaped. */
void kr_web__textf(struct kr_page *p, const char *text, struct kr_str value);
/* The same as a text of the arena. */
const char *kr_web__format(struct kr_page *p, const char *text, struct kr_str value);
/* "1.5 MB" */
void kr_web__bytes(struct kr_page *p, uint64_t n);

/* A list of name and value: begin, then a pair at a time. */
void kr_web__facts(struct kr_page *p);
void kr_web__fact(struct kr_page *p, const char *name); /* then write the value, then fact_end */
void kr_web__fact_end(struct kr_page *p);
void kr_web__fact_str(struct kr_page *p, const char *name,
		      struct kr_str value); /* left out if empty */
void kr_web__facts_end(struct kr_page *p);

/* ---- tables ---- */

struct kr_web_col {
	const char *title;
	const char *class; /* "num", "time", "wide" ...; NULL */
};

struct kr_web_table {
	struct kr_page *p;
	const struct kr_web_col *cols;
	size_t n, at;
};

/* On narrow screens each row becomes a block and each cell carries its column's title. */
void kr_web__table(struct kr_page *p, struct kr_web_table *t, const char *caption,
		   const struct kr_web_col *cols, size_t n);
void kr_web__table_end(struct kr_web_table *t);
void kr_web__row(struct kr_web_table *t);
void kr_web__row_end(struct kr_web_table *t);
/* Begin the next cell; the first of a row is its heading. Write the content, then cell_end. */
void kr_web__cell(struct kr_web_table *t);
void kr_web__cell_end(struct kr_web_table *t);
void kr_web__cell_str(struct kr_web_table *t, struct kr_str s);
void kr_web__cell_count(struct kr_web_table *t, uint64_t v);
/* A count with a bar of its share of max. */
void kr_web__cell_bar(struct kr_web_table *t, uint64_t v, uint64_t max);
