/* SPDX-License-Identifier: Apache-2.0 */
/* What the pages and downloads of events share. */
#pragma once

#include "model/expr.h"
#include "web/page.h"

struct kr_web_search {
	struct kr_str text, cursor; /* ?q=, ?cursor= */
	uint32_t limit;		    /* ?limit= */
	struct kr_expr *expr;
};

/* Read ?q= ?cursor= ?limit=. The fault has the column. */
KR_MUST_USE int kr_web__search_parse(struct kr_page *p, struct kr_web_search *s,
				     struct kr_fault *reterr);

/*
 * The box with what is in it, and what it finds.
 *
 * bad, f  what kr_web__search_parse() said; a wrong expression is answered with 400
 */
KR_MUST_USE int kr_web__search_show(struct kr_page *p, const struct kr_web_search *s, int bad,
				    const struct kr_fault *f, struct kr_http_reply *reply);
/* One event by the id of the address, from the head to the foot of its page. */
KR_MUST_USE int kr_web__event_show(struct kr_page *p, struct kr_http_reply *reply);

/* What its owners answered, and a form for an answer; nothing where there is neither. */
KR_MUST_USE int kr_web__event_answers(struct kr_page *p, const struct kr_stored_event *ev);
/* On top of the page, after one was noted. */
void kr_web__event_answered(struct kr_page *p);

/* A table of events that begins with its first row. */
struct kr_web_event_table {
	struct kr_page *p;
	struct kr_web_table t;
	const struct kr_web_col *cols;
	uint64_t rows;
};
/* For kr_store_event_list(); ctx is a struct kr_web_event_table. */
bool kr_web__event_row(void *ctx, const struct kr_stored_event *ev);
void kr_web__event_table_end(struct kr_web_event_table *t);
/* The value that a field of an event has, as text in the arena; empty if absent. */
struct kr_str kr_web__field_text(struct kr_page *p, const struct kr_event *e, enum kr_field f);
