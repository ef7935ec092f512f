/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: every route of the table is one route of the server, and all have the same
 * handler, serve(). Who asks comes from the server's hook; here, and nowhere else, the viewer goes
 * through the gate, the right of the route is asked for, what was sent is checked by the table, and
 * the operation is called with a scope. So an operation cannot forget any of it. An answer to GET
 * gets a tag made of its bytes and the scope.
 */
#include "api/rest/serve.h"

#include "api/rest/handlers.h"
#include "base/hash.h"
#include "gate/gate.h"

#include <stdio.h>
#include <stdlib.h>

#define CSV_MAX ((uint64_t)64 << 20) /* of a register */

static const struct kr_rest_route *route_of(const struct kr_rest *rest,
					    const struct kr_http_request *r)
{
	size_t n;

	return &kr_rest__routes(&n)[r->route - rest->http];
}

/* ---- authorisation ---- */

static int authorise(struct kr_rest_call *c, struct kr_fault *f)
{
	const struct kr_viewer *who = c->r->user;
	KR_AUTO_BUF b = KR_BUF(100);

	if (!who && (c->route->flags & KR_REST_PUBLIC))
		return 0;
	if (!who)
		return kr_fault_set(f, -KR_EAUTH, "nobody is logged in");
	c->viewer = *who;
	c->viewer.door = KR_DOOR_API;
	c->scope = kr_gate_scope(&c->viewer);
	if (!c->route->right || (c->scope.rights & c->route->right))
		return 0;
	kr_rights_text(c->route->right, &b);
	kr_fault_set(f, -KR_EDENIED, "this needs the right '%s'", kr_buf_cstr(&b));
	kr_fault_remedy(f, "ask an administrator for a key or a role that has it");
	return -KR_EDENIED;
}

int kr_rest__prepare(struct kr_rest_call *c, struct kr_http_request *r, struct kr_http_reply *p,
		     struct kr_fault *f)
{
	int err;

	*c = (struct kr_rest_call){.rest = r->ctx, .r = r, .reply = p, .a = r->arena};
	c->route = route_of(c->rest, r);
	c->now = kr_store_now(c->rest->o.store);
	err = authorise(c, f);
	if (!err)
		err = kr_rest__accept(c, kr_rest__types(c->route), &c->type, f);
	return err ? err : kr_rest__params_read(c, f);
}

/* Before a body comes: who may not use the route is told so without it. */
static int body_begin(struct kr_http_request *r, struct kr_fault *reterr)
{
	struct kr_rest_call c = {.rest = r->ctx, .r = r, .a = r->arena};

	c.route = route_of(c.rest, r);
	return authorise(&c, reterr);
}

/* ---- one request ---- */

/* What an operation left in the arena may have met its cap. */
static int checked(struct kr_rest_call *c, int err, struct kr_fault *f)
{
	if (err)
		return err;
	if (c->reply->body.err || (!c->reply->stream && kr_arena_full(c->a)))
		return kr_fault_set(f, -KR_ELIMIT, "the answer is too large");
	return 0;
}

static void finish(struct kr_rest_call *c)
{
	struct kr_http_reply *p = c->reply;

	if (!p->status)
		p->status = c->route->status;
	if (p->type && !strcmp(p->type, KR_REST_JSON) && p->body.n &&
	    p->body.p[p->body.n - 1] != '\n')
		kr_buf_ch(&p->body, '\n');
	if (strcmp(c->route->method, "GET") != 0 || p->stream || p->status != 200 || p->etag)
		return;
	p->etag = kr_rest__etag(c, kr_buf_str(&p->body));
	p->cache = KR_HTTP_REVALIDATE;
	/* One address, several representations. */
	if (c->route->flags & KR_REST_TABLE)
		kr_http_reply_header(p, "Vary", "Accept, Authorization, Cookie");
	else
		kr_http_reply_header(p, "Vary", "Authorization, Cookie");
}

/* Errors of ours are answered by the server's hook, which tells the log too. */
static int fail(struct kr_rest_call *c, int err, struct kr_fault *f)
{
	struct kr_http_reply *p = c->reply;
	unsigned status = c->status ? c->status : (unsigned)kr_err_http(err);

	if (!f->code)
		kr_fault_set(f, err, "%s", kr_err_text(err));
	if (status >= 500)
		return err;
	if (p->stream && p->stream_free)
		p->stream_free(p->stream_ctx);
	kr_buf_done(&p->body);
	*p = (struct kr_http_reply){0};
	kr_rest__problem(c->r, p, status, c, f);
	return 0;
}

static int serve(struct kr_http_request *r, struct kr_http_reply *p, struct kr_fault *reterr)
{
	struct kr_fault own = {0}, *f = reterr ? reterr : &own;
	struct kr_rest_call c;
	int err = kr_rest__prepare(&c, r, p, f);

	if (!err && c.route->body)
		err = kr_rest__body_read(&c, f);
	if (!err)
		err = c.route->handler(&c, f);
	err = checked(&c, err, f);
	if (err)
		return fail(&c, err, f);
	finish(&c);
	return 0;
}

static void on_error(struct kr_http_request *r, struct kr_http_reply *p, unsigned status,
		     const struct kr_fault *f)
{
	const struct kr_rest_call *c = kr_rest__upload_call(r);

	kr_rest__problem(r, p, c && c->status ? c->status : status, c, f);
}

/* ---- the mount ---- */

static void limits_default(struct kr_rest_limits *l)
{
	if (!l->body_max)
		l->body_max = (size_t)1 << 20;
	if (!l->depth_max)
		l->depth_max = 16;
	if (!l->scan_max)
		l->scan_max = 500000;
	if (!l->groups_max)
		l->groups_max = 1000000;
	if (!l->input_max)
		l->input_max = (uint64_t)16 << 30;
	if (!l->ratio_max)
		l->ratio_max = 1000;
	if (!l->uploads_max)
		l->uploads_max = 16;
	if (!l->query_us)
		l->query_us = 20000000;
	if (!l->expression_depth)
		l->expression_depth = 64;
	if (!l->expression_nodes)
		l->expression_nodes = 1000;
}

/* "/api/v1/reports", or an absolute path as it is. */
static char *full_path(const char *path)
{
	bool absolute = !strncmp(path, "/api/", 5);
	size_t n = strlen(path) + sizeof(KR_REST_BASE);
	char *p = kr_xmalloc(n);

	snprintf(p, n, "%s%s", absolute ? "" : KR_REST_BASE, path);
	return p;
}

static void route_make(const struct kr_rest *rest, const struct kr_rest_route *r,
		       struct kr_http_route *ret)
{
	*ret = (struct kr_http_route){
		.method = r->method,
		.pattern = full_path(r->path),
		.handler = serve,
		.doc = r->summary,
		.open = r->flags & KR_REST_PUBLIC,
	};
	if (r->body)
		ret->body_max = rest->o.limits.body_max;
	if (r->flags & KR_REST_CSV_BODY)
		ret->body_max = CSV_MAX;
	if (ret->body_max)
		ret->body_begin = body_begin;
	if (r->flags & KR_REST_UPLOAD) {
		ret->body_max = rest->o.limits.input_max;
		ret->body_begin = kr_rest__upload_begin;
		ret->body_data = kr_rest__upload_data;
		ret->body_free = kr_rest__upload_free;
	}
}

struct kr_rest *kr_rest_new(const struct kr_rest_opts *o)
{
	struct kr_rest *rest = kr_xcalloc(1, sizeof(*rest));
	const struct kr_rest_route *routes = kr_rest__routes(&rest->n);

	rest->o = *o;
	limits_default(&rest->o.limits);
	pthread_mutex_init(&rest->edit, NULL);
	kr_random(&rest->etag_key, sizeof(rest->etag_key));
	rest->json = kr_codec_find(KR_STR("json"));
	rest->http = kr_xcalloc(rest->n, sizeof(*rest->http));
	for (size_t i = 0; i < rest->n; i++)
		route_make(rest, &routes[i], &rest->http[i]);
	rest->openapi = KR_BUF((size_t)4 << 20);
	kr_rest_openapi(&rest->openapi);
	return rest;
}

void kr_rest_free(struct kr_rest *rest)
{
	if (!rest)
		return;
	for (size_t i = 0; i < rest->n; i++)
		free((char *)(uintptr_t)rest->http[i].pattern);
	free(rest->http);
	kr_buf_done(&rest->openapi);
	pthread_mutex_destroy(&rest->edit);
	free(rest);
}

struct kr_http_mount kr_rest_mount(struct kr_rest *rest)
{
	return (struct kr_http_mount){
		.routes = rest->http,
		.n_routes = rest->n,
		.ctx = rest,
		.under = "/api/",
		.error = on_error,
	};
}
