/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/serve_api.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "api/rest/rest.h"
#include "base/log.h"
#include "pipe/taker.h"

struct kr_serve_api {
	struct kr_node *node;
	struct kr_rest *rest;
	/* Made once the server listens; requests of the first moment may find none. */
	_Atomic(struct kr_taker *) taker;
	pthread_mutex_t lock;
	struct kr_http *http; /* guarded by lock: NULL once the server is about to stop */
};

static void set_http(struct kr_serve_api *a, struct kr_http *h)
{
	pthread_mutex_lock(&a->lock);
	a->http = h;
	pthread_mutex_unlock(&a->lock);
}

static void wake_streams(struct kr_serve_api *a)
{
	pthread_mutex_lock(&a->lock);
	if (a->http)
		kr_http_wake(a->http, KR_REST_TOPIC);
	pthread_mutex_unlock(&a->lock);
}

static void report_kept(void *ctx)
{
	struct kr_serve_api *a = ctx;
	struct kr_taker *t = atomic_load(&a->taker);

	if (t)
		kr_taker_wake(t);
	wake_streams(a);
}

static void report_taken(void *ctx, const struct kr_take_result *r)
{
	struct kr_serve_api *a = ctx;

	kr_log(KR_LOG_INFO, "report taken", KR_U("report", r->report), KR_U("new", r->taken.fresh),
	       KR_U("aggregated", r->taken.aggregated), KR_U("refused", r->taken.refused),
	       KR_U("ms", r->ms));
	wake_streams(a);
}

static void taking_failed(void *ctx, const struct kr_fault *f)
{
	(void)ctx;
	kr_log(KR_LOG_ERROR, "reports cannot be taken now", KR_FAULT(f));
}

static const struct kr_conf *settings(void *ctx)
{
	const struct kr_serve_api *a = ctx;

	return kr_node_conf(a->node);
}

struct kr_serve_api *kr_serve_api_new(struct kr_node *n, const struct kr_conf *c)
{
	struct kr_serve_api *a = kr_xcalloc(1, sizeof(*a));
	const struct kr_rest_opts o = {
		.store = n->store,
		.pipe = n->pipe,
		.accounts = n->accounts,
		.conf = settings,
		.limits =
			{
				.body_max = c->api_body_max,
				.scan_max = c->api_scan_rows,
				.groups_max = (uint32_t)c->limits_groups_max,
				.input_max = c->limits_input_max,
				.ratio_max = c->limits_ratio_max,
				.uploads_max = (unsigned)c->api_uploads_max,
				.query_us = c->api_query_time,
				.expression_depth = (unsigned)c->limits_expression_depth,
				.expression_nodes = (unsigned)c->limits_expression_nodes,
			},
		.kept = report_kept,
		.ctx = a,
	};

	pthread_mutex_init(&a->lock, NULL);
	a->node = n;
	a->rest = kr_rest_new(&o);
	return a;
}

struct kr_http_mount kr_serve_api_mount(struct kr_serve_api *a)
{
	return kr_rest_mount(a->rest);
}

int kr_serve_api_start(struct kr_serve_api *a, struct kr_http *http, struct kr_fault *reterr)
{
	const struct kr_taker_opts o = {.done = report_taken, .failed = taking_failed, .ctx = a};
	struct kr_taker *t;
	int err;

	set_http(a, http);
	err = kr_taker_start(a->node->pipe, &o, &t, reterr);
	if (!err)
		atomic_store(&a->taker, t);
	return err;
}

void kr_serve_api_cancel(struct kr_serve_api *a)
{
	struct kr_taker *t = a ? atomic_load(&a->taker) : NULL;

	if (!t)
		return;
	kr_taker_cancel(t);
	/* The server goes before what the taker would wake. */
	set_http(a, NULL);
}

bool kr_serve_api_stop(struct kr_serve_api *a, int timeout_ms)
{
	if (!a)
		return true;
	if (!kr_taker_stop(atomic_load(&a->taker), timeout_ms))
		return false;
	kr_rest_free(a->rest);
	pthread_mutex_destroy(&a->lock);
	free(a);
	return true;
}
