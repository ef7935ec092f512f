/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which route answers? Mounts in their order, routes in theirs; some dozens, so a walk over all of
 * them costs less than what any of them does.
 */
#include <string.h>

#include "http/private.h"
#include "http/url.h"

static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

static bool answers(const struct kr_http_route *route, const char *method)
{
	return !strcmp(route->method, method) ||
	       (!strcmp(method, "HEAD") && !strcmp(route->method, "GET"));
}

static void belongs(struct kr_http__request *q, const struct kr_http_mount *m)
{
	q->mount = m;
	q->r.ctx = m->ctx;
}

/* Nobody has such a page: who says so? */
static void whose_error(struct kr_http__request *q)
{
	size_t best = 0;

	for (size_t i = 0; i < q->h->o.n_mounts; i++) {
		const struct kr_http_mount *m = &q->h->o.mounts[i];
		struct kr_str under = kr_str_c(m->under ? m->under : "/");

		if (kr_str_starts(q->r.path, under) && under.n > best) {
			belongs(q, m);
			best = under.n;
		}
	}
}

static const char *allow_text(struct kr_http__request *q, const bool *has)
{
	KR_AUTO_BUF b = KR_BUF(100);

	for (size_t i = 0; i < KR_ARRAY_LEN(methods); i++)
		if (has[i])
			kr_buf_printf(&b, "%s%s%s", b.n ? ", " : "", methods[i], i ? "" : ", HEAD");
	return kr_arena_dup(q->r.arena, kr_buf_str(&b)).p;
}

/* 200, 405 (allow is set), 404, 400. */
static unsigned find(struct kr_http__request *q)
{
	bool has[KR_ARRAY_LEN(methods)] = {false}, fits = false;
	const struct kr_http_mount *m = q->h->o.mounts;

	for (const struct kr_http_mount *end = m + q->h->o.n_mounts; m < end; m++)
		for (size_t i = 0; i < m->n_routes; i++) {
			const struct kr_http_route *route = &m->routes[i];
			int got = kr_http_match(route->pattern, q->r.path, q->r.arena, q->r.param,
						&q->r.n_params);

			if (got < 0)
				return MHD_HTTP_BAD_REQUEST;
			if (!got)
				continue;
			belongs(q, m);
			if (answers(route, q->r.method)) {
				q->r.route = route;
				return MHD_HTTP_OK;
			}
			fits = true;
			for (size_t j = 0; j < KR_ARRAY_LEN(methods); j++)
				has[j] |= !strcmp(route->method, methods[j]);
		}
	q->r.n_params = 0;
	if (!fits)
		return MHD_HTTP_NOT_FOUND;
	q->allow = allow_text(q, has);
	return MHD_HTTP_METHOD_NOT_ALLOWED;
}

unsigned kr_http__route(struct kr_http__request *q)
{
	unsigned status;

	whose_error(q);
	status = find(q);
	if (status == MHD_HTTP_NOT_FOUND)
		kr_fault_set(&q->fault, -KR_ENOENT, "there is no such page");
	else if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		kr_fault_set(&q->fault, -KR_EINVAL, "this address does not answer that method");
	else if (status == MHD_HTTP_BAD_REQUEST)
		kr_fault_set(&q->fault, -KR_EINVAL,
			     "the address of the page is not valid percent-encoded UTF-8");
	if (status == MHD_HTTP_NOT_FOUND)
		kr_fault_remedy(&q->fault, "start from the overview");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED && q->allow)
		kr_fault_remedy(&q->fault, "use one of: %s", q->allow);
	return status;
}

static bool known(const char *method)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(methods); i++)
		if (!strcmp(methods[i], method))
			return true;
	return false;
}

int kr_http__routes_check(const struct kr_http *h, struct kr_fault *reterr)
{
	for (size_t m = 0; m < h->o.n_mounts; m++)
		for (size_t i = 0; i < h->o.mounts[m].n_routes; i++) {
			const struct kr_http_route *route = &h->o.mounts[m].routes[i];

			if (!known(route->method))
				return kr_fault_set(reterr, -KR_ECONF,
						    "%s %s: no route can have this method",
						    route->method, route->pattern);
			if (route->body_max && !strcmp(route->method, "GET"))
				return kr_fault_set(reterr, -KR_ECONF, "GET %s: GET has no body",
						    route->pattern);
		}
	return 0;
}
