/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /stream: notices of what is new, as server-sent events (HTML, 9.2).
 *
 * How this works: an open stream is some hundred bytes and no thread; the server asks next() when
 * the topic is woken (a report came or was taken), and twice a minute for what came by other ways.
 * Then the viewer is looked up again, since he may have another role by now, and the newest of what
 * he may see is compared with where he is: the time up to which reports were told, and the newest
 * event. Both stand in each notice's id, so a client that comes back with Last-Event-ID goes on
 * there. A notice says how much is new, not what: that is asked for with GET /events, through the
 * same gate as ever.
 */
#include "api/rest/encode.h"

#include <stdlib.h>

#include "api/rest/handlers.h"
#include "desk/account.h"
#include "gate/gate.h"

#define REPORTS_MAX 50	 /* notices of reports at a time */
#define NEW_MAX	    1000 /* new events that are counted; more are "more" */
#define ID_MAX	    (24 + KR_EVENT_ID_TEXT_MAX)

struct listener {
	struct kr_rest *rest;
	struct kr_scope scope;
	struct kr_viewer viewer;	  /* as he came in; kind, id, session and door */
	kr_time reports;		  /* those taken up to here were told */
	char event[KR_EVENT_ID_TEXT_MAX]; /* the newest one that was told; empty: none */
	bool begun, resumed;
};

/* ---- is he still who he was? ---- */

static bool same_scope(const struct kr_scope *x, const struct kr_scope *y)
{
	return x->all == y->all && x->tlp_max == y->tlp_max && x->constituent == y->constituent &&
	       x->fields == y->fields && x->rights == y->rights;
}

/* Who may see more or less than when he came has to come again: what he was told, and the ids he
 * was given, are those of somebody else. */
static bool holds(const struct listener *l, struct kr_arena *a)
{
	struct kr_viewer now;
	struct kr_scope scope;

	if (!l->rest->o.accounts ||
	    kr_account_again(l->rest->o.accounts, &l->viewer, a, &now, NULL))
		return false;
	scope = kr_gate_scope(&now);
	return same_scope(&scope, &l->scope);
}

/* ---- notices ---- */

static void notice_head(const struct listener *l, struct kr_buf *b, const char *name)
{
	kr_buf_printf(b, "event: %s\nid: %lld.%s\ndata: ", name, (long long)l->reports, l->event);
}

static int tell_reports(struct listener *l, struct kr_arena *a, struct kr_buf *b)
{
	const struct kr_report_query q = {.limit = REPORTS_MAX};
	struct kr_json_out o = KR_JSON_OUT(b);
	struct kr_report *rows;
	kr_time newest = l->reports;
	size_t n;
	int err = kr_store_report_list(l->rest->o.store, &l->scope, &q, a, &rows, &n, NULL);

	for (size_t i = n; !err && i-- > 0;) { /* oldest first */
		if (rows[i].state == KR_REPORT_SPOOLED || rows[i].taken <= l->reports)
			continue;
		newest = KR_MAX(newest, rows[i].taken);
		if (!l->begun)
			continue;
		kr_buf_printf(b, "event: report\nid: %lld.%s\ndata: ", (long long)newest, l->event);
		kr_rest__report(&o, &rows[i]);
		o = KR_JSON_OUT(b);
		kr_buf_c(b, "\n\n");
	}
	l->reports = newest;
	return err;
}

struct counting {
	const struct listener *l;
	char newest[KR_EVENT_ID_TEXT_MAX];
	uint64_t n;
	bool met; /* the one that was told last */
};

static bool count_event(void *ctx, const struct kr_stored_event *ev)
{
	struct counting *x = ctx;
	char text[KR_EVENT_ID_TEXT_MAX];

	kr_stored_event_id(ev, text);
	x->met = !strcmp(text, x->l->event);
	if (x->met)
		return false;
	if (!x->n++)
		memcpy(x->newest, text, sizeof(text));
	return x->l->begun || x->l->resumed;
}

static int tell_events(struct listener *l, struct kr_arena *a, struct kr_buf *b)
{
	struct kr_rest_patience patience = kr_rest__patience(l->rest);
	const struct kr_event_query q = {.limit = NEW_MAX,
					 .scan_max = l->rest->o.limits.scan_max,
					 .progress = kr_rest__patient,
					 .ctx = &patience};
	struct counting x = {.l = l};
	struct kr_event_page page = {0};
	int err = kr_store_event_list(l->rest->o.store, &l->scope, &q, count_event, &x, a, &page,
				      NULL);

	if (err < 0 || !x.n)
		return KR_MIN(err, 0);
	memcpy(l->event, x.newest, sizeof(l->event));
	if (!l->begun && !l->resumed)
		return 0;
	notice_head(l, b, "events");
	kr_buf_printf(b, "{\"new\":%llu,\"more\":%s,\"newest\":\"%s\"}\n\n",
		      (unsigned long long)x.n, x.met || x.n < NEW_MAX ? "false" : "true", l->event);
	return 0;
}

/* Where he is: what is there at the beginning is not news, unless he comes back. */
static int tell(struct listener *l, struct kr_arena *a, struct kr_buf *b)
{
	bool reports = (l->scope.rights & KR_RIGHT_REPORTS) != 0, first = !l->begun;
	int err = 0;

	if (first && l->resumed)
		l->begun = true;
	if (reports)
		err = tell_reports(l, a, b);
	if (!err)
		err = tell_events(l, a, b);
	if (first) {
		kr_buf_c(b, "retry: 10000\n");
		notice_head(l, b, "ready");
		kr_buf_c(b, "{}\n\n");
	}
	l->begun = true;
	return err;
}

static int next(void *ctx, struct kr_buf *piece)
{
	KR_AUTO(kr_arena) *a = kr_arena_new((size_t)8 << 20);
	struct listener *l = ctx;
	int err;

	if (!holds(l, a))
		return 0;
	err = tell(l, a, piece);
	return err < 0 ? err : piece->n ? 1 : KR_HTTP_LATER;
}

/* "MICROSECONDS.EVENT", as we wrote it; anything else begins anew. */
static void resume(struct listener *l, struct kr_str id)
{
	ptrdiff_t dot = id.n < ID_MAX ? kr_str_chr(id, '.') : -1;
	int64_t at;

	if (dot <= 0 || kr_str_i64(kr_str_first(id, (size_t)dot), &at) ||
	    id.n - (size_t)dot > KR_EVENT_ID_TEXT_MAX)
		return;
	id = kr_str_from(id, (size_t)dot + 1);
	for (size_t i = 0; i < id.n; i++)
		if (!kr_is_alnum(id.p[i]) && id.p[i] != '-')
			return;
	l->reports = at;
	memcpy(l->event, id.p, id.n);
	l->event[id.n] = 0;
	l->resumed = true;
}

int kr_rest__stream_get(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_str last = kr_http_header(c->r, "Last-Event-ID");
	struct listener *l;

	(void)f;
	l = kr_xcalloc(1, sizeof(*l));
	*l = (struct listener){
		.rest = c->rest,
		.scope = c->scope,
		.viewer = {.kind = c->viewer.kind,
			   .id = c->viewer.id,
			   .session = c->viewer.session,
			   .door = c->viewer.door},
	};
	if (last.p)
		resume(l, last);
	c->reply->type = "text/event-stream";
	c->reply->stream = next;
	c->reply->stream_free = free;
	c->reply->stream_ctx = l;
	c->reply->topic = KR_REST_TOPIC;
	return 0;
}
