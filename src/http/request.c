/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the library calls on_target() with the first line of a request, which keeps the
 * target as it was sent (the library's own decoding is switched off: it works on C strings and
 * guesses), then on_request() with the headers, with each part of a body, and once more when the
 * request is complete. on_done() is called in every case, also when the client went away.
 *
 *     headers:  target → query → Host → route → method → framing → origin → who asks → body_begin
 *     body:     kept or handed on
 *     complete: handler → headers → answer
 *
 * Any step may refuse. A request that was refused is answered when it is complete if its body is
 * short, and at once if it is long or somebody waits for "100 Continue". Where a body was refused
 * the connection is closed, so that what follows on it is never taken for another request.
 */
#include "http/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/time.h"
#include "http/private.h"
#include "http/url.h"

#define TARGET_MAX  (KR_HTTP_PATH_BYTES + KR_HTTP_QUERY_BYTES + 1)
#define DISCARD_MAX 65536 /* bytes of a refused body that are read before the answer */

struct kr_str kr_http_header(const struct kr_http_request *r, const char *name)
{
	return kr_str_c(MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name));
}

/* ---- the headers are there ---- */

static bool refuse(struct kr_http__request *q, unsigned status, int code, const char *message,
		   const char *remedy)
{
	kr_fault_set(&q->fault, code, "%s", message);
	kr_fault_remedy(&q->fault, "%s", remedy);
	q->refused = status;
	return false;
}

static bool read_target(struct kr_http__request *q)
{
	struct kr_str target = kr_str_n(q->target, q->target_n), query = KR_STR_NULL;
	ptrdiff_t mark = kr_str_chr(target, '?');

	q->r.path = mark < 0 ? target : kr_str_first(target, (size_t)mark);
	if (mark >= 0)
		query = kr_str_from(target, (size_t)mark + 1);
	if (q->overlong || q->r.path.n > KR_HTTP_PATH_BYTES || query.n > KR_HTTP_QUERY_BYTES)
		return refuse(q, MHD_HTTP_URI_TOO_LONG, -KR_EINVAL,
			      "the address of the page is too long", "use a shorter expression");
	if (!q->r.path.n || q->r.path.p[0] != '/')
		return refuse(q, MHD_HTTP_BAD_REQUEST, -KR_EINVAL,
			      "the address of the page must begin with '/'", "");
	if (kr_http_query_parse(query, q->r.arena, &q->r.query, &q->r.n_query, &q->fault)) {
		q->r.query = NULL;
		q->r.n_query = 0;
		q->refused = MHD_HTTP_BAD_REQUEST;
	}
	return !q->refused;
}

/* Who asks, and may he? */
static bool admit(struct kr_http__request *q)
{
	const struct kr_http_route *route = q->r.route;
	const struct kr_http_opts *o = &q->h->o;
	struct kr_fault f = {0};
	int err;

	if (!o->authenticate || (route->open && route->quiet))
		return true;
	err = o->authenticate(o->ctx, &q->r, &f);
	if (err < 0)
		q->r.user = NULL;
	if (route->open || q->r.user)
		return true;
	if (err >= 0)
		return refuse(q, MHD_HTTP_UNAUTHORIZED, -KR_EAUTH, "this needs a login",
			      "log in, or send a key");
	if (!f.code)
		kr_fault_set(&f, err, "%s", kr_err_text(err));
	q->fault = f;
	q->refused = (unsigned)kr_err_http(err);
	return false;
}

/* For the page of an error, which looks as others do to who is logged in. */
static void recognise(struct kr_http__request *q)
{
	const struct kr_http_opts *o = &q->h->o;

	if (o->authenticate && o->authenticate(o->ctx, &q->r, NULL) < 0)
		q->r.user = NULL;
}

static bool is_unsafe(const char *method)
{
	return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
}

static bool check_body(struct kr_http__request *q, const char *version)
{
	unsigned status = kr_http__body_check(q, version);

	if (status && !q->refused)
		q->refused = status;
	return !status;
}

/* All that can be said from the headers alone. */
static bool check(struct kr_http__request *q, const char *version)
{
	struct kr_fault f = {0};
	unsigned status;
	int err;

	if (!read_target(q))
		return false;
	if (!kr_http__host_ok(q))
		return refuse(q, MHD_HTTP_MISDIRECTED_REQUEST, -KR_EINVAL,
			      "the Host header does not name this node",
			      "open it under its own name; http.host lists those it has beside "
			      "127.0.0.1 and localhost");
	status = kr_http__route(q);
	if (status != MHD_HTTP_OK) {
		q->refused = status;
		recognise(q);
		return false;
	}
	if (!check_body(q, version))
		return false;
	if (is_unsafe(q->r.method) && !kr_http__origin_ok(q))
		return refuse(q, MHD_HTTP_FORBIDDEN, -KR_EDENIED,
			      "the request was made by a page of another site",
			      "do it from this node's own pages");
	if (!admit(q))
		return false;
	err = kr_http__body_begin(q, &f);
	if (err < 0) {
		if (!f.code)
			kr_fault_set(&f, err, "%s", kr_err_text(err));
		q->fault = f;
		q->refused = (unsigned)kr_err_http(err);
	}
	return !q->refused;
}

static const char *method_name(const char *method)
{
	static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};

	for (size_t i = 0; i < KR_ARRAY_LEN(known); i++)
		if (!strcmp(method, known[i]))
			return known[i];
	return "other";
}

static enum MHD_Result on_headers(struct kr_http__request *q, struct MHD_Connection *c,
				  const char *method, const char *version)
{
	bool fine, late;

	q->seen = true;
	q->r.connection = c;
	q->r.method = method_name(method);
	q->r.arena = kr_arena_new(q->h->o.limits.arena_max);
	q->body_us = kr_clock_us();
	kr_http__client(q);
	fine = check(q, version);
	if (!fine && q->framing == KR_HTTP__NO_BODY) {
		struct kr_fault first = q->fault;
		unsigned refused = q->refused;

		check_body(q, version); /* the route was not known: is there a body? */
		q->fault = first;
		q->refused = refused;
	}
	kr_http__conn_deadline(q->conn, q->body_us, q->h->o.limits.body_time_s, 0);
	if (fine || q->framing == KR_HTTP__NO_BODY) {
		q->close = !fine && strcmp(q->r.method, "other") == 0;
		return MHD_YES;
	}
	q->close = true;
	late = q->framing == KR_HTTP__LENGTH && q->length <= DISCARD_MAX &&
	       !kr_http_header(&q->r, "Expect").p;
	return late ? MHD_YES : kr_http__error(q, q->refused, &q->fault);
}

/* ---- its body comes ---- */

static enum MHD_Result on_body(struct kr_http__request *q, struct kr_str bytes)
{
	struct kr_fault f = {0};
	int err;

	kr_http__conn_deadline(q->conn, q->body_us, q->h->o.limits.body_time_s,
			       q->r.body_n + bytes.n);
	if (q->refused) {
		q->r.body_n += bytes.n;
		return q->r.body_n <= DISCARD_MAX ? MHD_YES : MHD_NO;
	}
	err = kr_http__body_add(q, bytes, &f);
	if (err >= 0)
		return MHD_YES;
	if (!f.code)
		kr_fault_set(&f, err, "%s", kr_err_text(err));
	kr_http__error_now(q, (unsigned)kr_err_http(err), &f);
	return MHD_NO;
}

/* ---- it is complete ---- */

static enum MHD_Result run_handler(struct kr_http__request *q)
{
	struct kr_http_reply p = {0};
	struct kr_fault f = {0};
	int err;

	q->r.body = kr_buf_str(&q->body);
	err = q->r.route->handler(&q->r, &p, &f);
	if (!err && p.body.err)
		err = kr_fault_set(&f, p.body.err, "the page is too large");
	if (err >= 0)
		return kr_http__reply(q, &p);
	kr_http__reply_drop(&p);
	if (!f.code)
		kr_fault_set(&f, err, "%s", kr_err_text(err));
	return kr_http__error(q, (unsigned)kr_err_http(err), &f);
}

enum MHD_Result kr_http__on_request(void *cls, struct MHD_Connection *c, const char *url,
				    const char *method, const char *version, const char *data,
				    size_t *data_n, void **con_cls)
{
	struct kr_http__request *q = *con_cls;

	(void)cls;
	(void)url;
	if (!q || !q->conn)
		return MHD_NO;
	if (!q->seen)
		return on_headers(q, c, method, version);
	if (*data_n) {
		struct kr_str bytes = kr_str_n(data, *data_n);

		*data_n = 0;
		return on_body(q, bytes);
	}
	/* While it is worked on nobody cuts the connection. */
	atomic_store(&q->conn->deadline_us, KR_HTTP__NEVER);
	return q->refused ? kr_http__error(q, q->refused, &q->fault) : run_handler(q);
}

/* ---- its beginning and its end ---- */

void *kr_http__on_target(void *cls, const char *uri, struct MHD_Connection *c)
{
	struct kr_http *h = cls;
	struct kr_http__request *q = kr_xcalloc(1, sizeof(*q));
	size_t n = strlen(uri);

	q->h = h;
	q->conn = kr_http__conn_of(c);
	q->overlong = n > TARGET_MAX;
	q->target_n = KR_MIN(n, TARGET_MAX);
	q->target = kr_xmalloc(q->target_n + 1);
	memcpy(q->target, uri, q->target_n);
	q->target[q->target_n] = 0;
	q->r.http = h;
	q->start_us = kr_clock_us();
	snprintf(q->r.id, sizeof(q->r.id), "%016llx",
		 (unsigned long long)(h->id_base + atomic_fetch_add(&h->id_next, 1)));
	atomic_fetch_add(&h->running, 1);
	return q;
}

/* The query is not logged: it holds what people looked for. */
static void log_request(const struct kr_http__request *q, int64_t us, bool complete)
{
	if (q->r.route && q->r.route->quiet && q->status < 400)
		return;
	kr_log(KR_LOG_INFO, "request", KR_S("id", q->r.id),
	       KR_S("method", q->r.method ? q->r.method : "unreadable"),
	       KR_S("page", q->r.route ? q->r.route->pattern : "none"), KR_I("status", q->status),
	       KR_I("us", us), KR_S("end", complete ? "complete" : "cut"));
}

void kr_http__on_done(void *cls, struct MHD_Connection *c, void **con_cls,
		      enum MHD_RequestTerminationCode how)
{
	struct kr_http *h = cls;
	struct kr_http__request *q = *con_cls;
	int64_t now = kr_clock_us(), us;

	(void)c;
	if (!q)
		return;
	us = now - q->start_us;
	if (h->o.done)
		h->o.done(h->o.ctx, q->r.route, q->status, us);
	log_request(q, us, how == MHD_REQUEST_TERMINATED_COMPLETED_OK);
	/* The next request on it: the wait for its first byte, and then its headers. */
	if (q->conn)
		kr_http__conn_deadline(q->conn, now,
				       h->o.limits.timeout_s + h->o.limits.header_time_s, 0);
	kr_http__body_done(q);
	kr_arena_free(q->r.arena);
	free(q->target);
	free(q);
	*con_cls = NULL;
	atomic_fetch_sub(&h->running, 1);
}
