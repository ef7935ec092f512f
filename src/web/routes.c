/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of the pages, and the small answers for machines. */
#include "web/routes.h"

#include "desk/access.h"
#include "web/form.h"
#include "web/pages.h"

#define FORM .body_max = KR_WEB_FORM_MAX

static const struct kr_http_route routes[] = {
	{"GET", "/", kr_web__overview, "what came in, whose it is, what was refused", false},
	{"GET", "/events", kr_web__events, "events that match an expression, newest first", false},
	{"GET", "/events.csv", kr_web__events_csv, "the same as CSV", false},
	{"GET", "/events.json", kr_web__events_json, "the same as JSON lines", false},
	{"GET", "/events/:id", kr_web__event, "one event with its raw line, owners and rules",
	 false},
	{"POST", "/events/:id/feedback", kr_web__event_feedback, "note what an owner says", FORM},
	{"GET", "/unrouted", kr_web__unrouted, "events that nobody owns, or hears of"},
	{"GET", "/reports", kr_web__reports, "what came, when, and how many rows", false},
	{"GET", "/reports/:id", kr_web__report, "one report and what was refused of it", false},
	{"GET", "/quarantine", kr_web__quarantine, "reports that were not understood, or refused"},
	{"GET", "/constituents", kr_web__constituents, "who owns addresses", false},
	{"GET", "/constituents/:name", kr_web__constituent, "one of them, its rules and hits",
	 false},
	{"GET", "/constituents/:name/view", kr_web__view, "what its operator sees"},
	{"GET", "/constituents/:name/view/:id", kr_web__view_event, "one event as it sees it"},
	{"GET", "/recipients/:id", kr_web__recipient, "whom we tell, how and when"},
	{"POST", "/recipients/:id", kr_web__recipient_edit, "change it", FORM},
	{"POST", "/recipients/:id/again", kr_web__recipient_again, "ask it again", FORM},
	{"GET", "/suppressions", kr_web__suppressions, "what is not told, and why"},
	{"POST", "/suppressions", kr_web__suppression_add, "do not tell something", FORM},
	{"POST", "/suppressions/:id/remove", kr_web__suppression_remove, "end a rule", FORM},
	{"GET", "/rules", kr_web__intake, "what is done to events on their way in"},
	{"GET", "/deliveries", kr_web__deliveries, "messages to owners, and what waits"},
	{"GET", "/deliveries/:id", kr_web__delivery, "one of them as it was or would be sent"},
	{"GET", "/deliveries/:id/table.csv", kr_web__delivery_table, "its table"},
	{"POST", "/deliveries/:id/retry", kr_web__delivery_retry, "send it again", FORM},
	{"POST", "/deliveries/:id/drop", kr_web__delivery_drop, "do not send it", FORM},
	{"GET", "/sources", kr_web__sources, "where input comes from", false},
	{"GET", "/sources/:name", kr_web__source, "one of them and its reports", false},
	{"GET", "/feedback/:token", kr_web__feedback, "what a link in a message is for: answers",
	 .open = true},
	{"POST", "/feedback/:token", kr_web__feedback_post, "notes the answers", .open = true,
	 .body_max = 65536},
	{"GET", "/help", kr_web__help, "the expression language", false},
	{"GET", "/login", kr_web__login, "name and password", .open = true},
	{"POST", "/login", kr_web__login_post, "log in", .open = true, .body_max = KR_WEB_FORM_MAX},
	{"GET", KR_WEB_LINK_PAGE "/:token", kr_web__one_time, "a one-time link: the form",
	 .open = true},
	{"POST", KR_WEB_LINK_PAGE "/:token", kr_web__one_time_post, "set a password with it",
	 .open = true, .body_max = KR_WEB_FORM_MAX},
	{"POST", "/logout", kr_web__logout, "log out", FORM},
	{"GET", "/account", kr_web__account, "one's own password, sessions and keys"},
	{"POST", "/account/password", kr_web__account_password, "change the password", FORM},
	{"POST", "/account/sessions", kr_web__account_sessions, "end one or all others", FORM},
	{"POST", "/account/keys", kr_web__account_keys, "make a key, which is shown once", FORM},
	{"POST", "/account/keys/revoke", kr_web__account_revoke, "revoke a key", FORM},
	{"GET", "/users", kr_web__users, "who may log in"},
	{"POST", "/users", kr_web__users_add, "add a user with a one-time link", FORM},
	{"GET", "/users/:name", kr_web__user, "one of them, and its sessions"},
	{"POST", "/users/:name", kr_web__user_edit, "change a user", FORM},
	{"POST", "/users/:name/link", kr_web__user_link, "make a one-time link", FORM},
	{"POST", "/users/:name/enable", kr_web__user_enable, "enable or disable a user", FORM},
	{"POST", "/users/:name/sessions", kr_web__user_sessions, "end one or all", FORM},
	{"GET", "/assets/:name", kr_web__asset_page, "style sheet and icon", true, true},
	{"GET", "/healthz", kr_web__healthz, "the process answers", true, true},
	{"GET", "/readyz", kr_web__readyz, "the node can do its work", true, true},
	{"GET", "/metrics", kr_web__metrics, "OpenMetrics", true},
};

const struct kr_http_route *kr_web__routes(size_t *ret_n)
{
	*ret_n = KR_ARRAY_LEN(routes);
	return routes;
}

static void plain(struct kr_http_reply *reply, unsigned status, const char *text)
{
	reply->status = status;
	reply->type = "text/plain; charset=utf-8";
	reply->body = KR_BUF(4096);
	kr_buf_c(&reply->body, text);
	kr_buf_ch(&reply->body, '\n');
}

int kr_web__healthz(struct kr_http_request *r, struct kr_http_reply *reply, struct kr_fault *reterr)
{
	(void)r;
	(void)reterr;
	plain(reply, 200, "ok");
	return 0;
}

int kr_web__readyz(struct kr_http_request *r, struct kr_http_reply *reply, struct kr_fault *reterr)
{
	struct kr_web *w = r->ctx;
	const struct kr_scope all = KR_SCOPE_ALL;
	struct kr_store_totals totals;
	struct kr_fault f = {0};
	int err = 0;

	(void)reterr;
	if (kr_http_draining(r->http))
		err = kr_fault_set(&f, -KR_EUNAVAIL, "the node is stopping");
	if (!err)
		err = kr_store_totals(w->store, &all, &totals, &f);
	if (!err && w->o.ready)
		err = w->o.ready(w->o.ready_ctx, &f);
	if (err < 0)
		plain(reply, 503, kr_err_text(f.code)); /* anybody may ask: no details */
	else
		plain(reply, 200, "ready");
	return 0;
}

int kr_web__metrics(struct kr_http_request *r, struct kr_http_reply *reply, struct kr_fault *reterr)
{
	struct kr_web *w = r->ctx;
	struct kr_page p;
	int err = kr_web__page_for(&p, r, KR_RIGHT_NODE, reterr);

	if (err)
		return err;
	reply->type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
	reply->body = KR_BUF((size_t)4 << 20);
	kr_metrics_text(w->o.metrics, &reply->body);
	return 0;
}

int kr_web__asset_page(struct kr_http_request *r, struct kr_http_reply *reply,
		       struct kr_fault *reterr)
{
	struct kr_web *w = r->ctx;
	const struct kr_web_asset *a = kr_web__asset(&w->assets, kr_http_param(r, "name"));

	if (!a)
		return kr_fault_set(reterr, -KR_ENOENT, "there is no such file");
	reply->type = a->type;
	reply->cache = KR_HTTP_IMMUTABLE;
	reply->etag = a->etag;
	reply->fixed = a->bytes;
	return 0;
}

void kr_web__metrics_init(struct kr_web *w)
{
	static const char *const status[] = {"cut", "1xx", "2xx", "3xx", "4xx", "5xx"};

	if (!w->o.metrics)
		w->o.metrics = w->own_metrics = kr_metrics_new(100);
	for (size_t i = 0; i < KR_ARRAY_LEN(status); i++)
		w->requests[i] = kr_metric_get(w->o.metrics, KR_METRIC_COUNTER,
					       "karaula_http_requests",
					       "Requests by the class of their status.",
					       (const char *const[]){"status", status[i], NULL});
	w->request_us = kr_metric_get(
		w->o.metrics, KR_METRIC_COUNTER, "karaula_http_request_microseconds",
		"Time from the first line of a request to the last byte of its answer.", NULL);
}

void kr_web_count_request(void *web, const struct kr_http_route *route, unsigned status, int64_t us)
{
	struct kr_web *w = web;

	(void)route;
	kr_metric_add(w->requests[status < 600 ? status / 100 : 0], 1);
	kr_metric_add(w->request_us, us);
}
