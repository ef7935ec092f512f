/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: libmicrohttpd runs a pool of threads, each with its own epoll set; this file is
 * the only one that knows it. A request begins with on_target(), which keeps the target as it was
 * sent (the library's own decoding is switched off: it works on C strings and guesses).
 * on_request() is called with the headers, and once more when the request is complete; the answer
 * is queued there. on_done() is called in every case, also when the client went away, and frees the
 * request.
 *
 *     method → Host → path length → decode query → route → authenticate → handler → headers → queue
 *
 * Any step may fail; then the error hook makes the page, with the same headers as every other
 * answer. A refused method or a request with a body closes its connection, so that what follows on
 * it is never taken for another request.
 */
#include "http/http.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/time.h"
#include "http/listen.h"
#include "http/url.h"

#define THREADS_MAX 64
#define TARGET_MAX  (KR_HTTP_PATH_BYTES + KR_HTTP_QUERY_BYTES + 1)

struct kr_http {
	struct kr_http_opts o;
	struct MHD_Daemon *daemon;
	int fd;
	uint16_t port;
	uint64_t id_base;
	atomic_uint_fast64_t id_next;
	atomic_uint running;
	atomic_bool draining;
	char url[80];
};

/* One request from its first line to its last byte. */
struct request {
	struct kr_http *h;
	struct kr_http_request r;
	char *target; /* as sent, cut */
	size_t target_n;
	bool overlong, seen, close;
	unsigned status;
	int64_t start_us;
};

static const struct {
	const char *name, *value;
} common_headers[] = {
	{"Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; "
				    "form-action 'self'; base-uri 'none'; "
				    "frame-ancestors 'none'"},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"X-Frame-Options", "DENY"},
};

/* ---- what handlers call ---- */

struct kr_str kr_http_header(const struct kr_http_request *r, const char *name)
{
	return kr_str_c(MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name));
}

void kr_http_reply_header(struct kr_http_reply *p, const char *name, const char *value)
{
	assert(p->n_headers < KR_HTTP_HEADERS_MAX);
	p->header[p->n_headers].name = name;
	p->header[p->n_headers++].value = value;
}

uint16_t kr_http_port(const struct kr_http *h)
{
	return h->port;
}

const char *kr_http_url(const struct kr_http *h)
{
	return h->url;
}

bool kr_http_draining(const struct kr_http *h)
{
	return atomic_load(&h->draining);
}

/* ---- answers ---- */

struct stream {
	int (*next)(void *ctx, struct kr_buf *piece);
	void (*free)(void *ctx);
	void *ctx;
	struct kr_buf piece;
	size_t at; /* bytes of the piece that were sent */
	bool last;
};

static ssize_t stream_read(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct stream *s = cls;
	size_t n;

	(void)pos;
	if (s->at == s->piece.n && !s->last) {
		int got;

		kr_buf_clear(&s->piece);
		s->at = 0;
		got = s->next(s->ctx, &s->piece);
		if (got < 0 || s->piece.err || (got > 0 && !s->piece.n))
			return MHD_CONTENT_READER_END_WITH_ERROR;
		s->last = got == 0;
	}
	n = KR_MIN(s->piece.n - s->at, max);
	if (!n)
		return MHD_CONTENT_READER_END_OF_STREAM;
	memcpy(buf, s->piece.p + s->at, n);
	s->at += n;
	return (ssize_t)n;
}

static void stream_done(void *cls)
{
	struct stream *s = cls;

	if (s->free)
		s->free(s->ctx);
	kr_buf_done(&s->piece);
	free(s);
}

static void reply_drop(struct kr_http_reply *p)
{
	kr_buf_done(&p->body);
	if (p->stream && p->stream_free)
		p->stream_free(p->stream_ctx);
	*p = (struct kr_http_reply){0};
}

/* The body moves into the library's response; p holds none after this. */
static struct MHD_Response *response_new(struct kr_http_reply *p)
{
	struct MHD_Response *resp;

	if (p->stream) {
		struct stream *s = kr_xcalloc(1, sizeof(*s));

		*s = (struct stream){
			p->stream, p->stream_free, p->stream_ctx, KR_BUF(KR_HTTP_PIECE_MAX),
			0,	   false};
		resp = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 32768, stream_read, s,
							 stream_done);
		if (!resp)
			stream_done(s);
		p->stream = NULL;
		return resp;
	}
	if (p->fixed.p)
		return MHD_create_response_from_buffer(p->fixed.n, (void *)(uintptr_t)p->fixed.p,
						       MHD_RESPMEM_PERSISTENT);
	if (!p->body.n)
		return MHD_create_response_from_buffer(0, (void *)(uintptr_t)"",
						       MHD_RESPMEM_PERSISTENT);
	resp = MHD_create_response_from_buffer(p->body.n, p->body.p, MHD_RESPMEM_MUST_FREE);
	if (resp)
		p->body = KR_BUF(0);
	return resp;
}

static void add_headers(struct request *q, const struct kr_http_reply *p, struct MHD_Response *resp)
{
	char etag[80];

	for (size_t i = 0; i < KR_ARRAY_LEN(common_headers); i++)
		MHD_add_response_header(resp, common_headers[i].name, common_headers[i].value);
	if (p->type)
		MHD_add_response_header(resp, "Content-Type", p->type);
	MHD_add_response_header(resp, "X-Request-Id", q->r.id);
	MHD_add_response_header(resp, "Cache-Control",
				p->cache == KR_HTTP_IMMUTABLE
					? "public, max-age=31536000, immutable"
				: p->cache == KR_HTTP_REVALIDATE ? "no-cache"
								 : "no-store");
	if (p->etag) {
		snprintf(etag, sizeof(etag), "\"%s\"", p->etag);
		MHD_add_response_header(resp, "ETag", etag);
	}
	for (size_t i = 0; i < p->n_headers; i++)
		MHD_add_response_header(resp, p->header[i].name, p->header[i].value);
	if (q->close || atomic_load(&q->h->draining))
		MHD_add_response_header(resp, "Connection", "close");
}

static enum MHD_Result send_reply(struct request *q, struct kr_http_reply *p)
{
	struct MHD_Response *resp;
	enum MHD_Result ok;
	bool streamed;

	if (!p->status)
		p->status = MHD_HTTP_OK;
	if (p->etag && p->status == MHD_HTTP_OK &&
	    kr_http_etag_listed(kr_http_header(&q->r, "If-None-Match"), p->etag)) {
		kr_buf_done(&p->body);
		p->fixed = KR_STR("");
		p->status = MHD_HTTP_NOT_MODIFIED;
	}
	streamed = p->stream != NULL;
	resp = response_new(p);
	if (!resp) {
		reply_drop(p);
		return MHD_NO;
	}
	/* The library ends a chunked body that HEAD does not have: without chunks it cannot. */
	if (streamed && !strcmp(q->r.method, "HEAD"))
		MHD_set_response_options(resp, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
	add_headers(q, p, resp);
	q->status = p->status;
	ok = MHD_queue_response(q->r.connection, p->status, resp);
	MHD_destroy_response(resp);
	return ok;
}

static enum MHD_Result send_error(struct request *q, unsigned status, const struct kr_fault *f)
{
	struct kr_http_reply p = {.status = status};
	char text[700];

	if (status >= 500)
		kr_log(KR_LOG_ERROR, "request failed", KR_S("id", q->r.id),
		       KR_S("why", kr_fault_text(f, text, sizeof(text))));
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		kr_http_reply_header(&p, "Allow", "GET, HEAD");
	if (q->h->o.error)
		q->h->o.error(&q->r, &p, status, f);
	if (!p.type || p.body.err) {
		kr_buf_done(&p.body);
		p.body = KR_BUF(4096);
		p.type = "text/plain; charset=utf-8";
		kr_buf_printf(&p.body, "%u %s\nrequest %s\n", status,
			      kr_fault_text(f, text, sizeof(text)), q->r.id);
	}
	return send_reply(q, &p);
}

static enum MHD_Result refuse(struct request *q, unsigned status, const char *message,
			      const char *remedy)
{
	struct kr_fault f;

	kr_fault_set(&f, status == MHD_HTTP_NOT_FOUND ? -KR_ENOENT : -KR_EINVAL, "%s", message);
	kr_fault_remedy(&f, "%s", remedy);
	return send_error(q, status, &f);
}

/* ---- requests ---- */

static enum MHD_Result run_handler(struct request *q)
{
	const struct kr_http_route *route = q->r.route;
	struct kr_http_reply p = {0};
	struct kr_fault f = {0};
	int err = 0;

	if (q->h->o.authenticate && !route->quiet)
		err = q->h->o.authenticate(&q->r, &f);
	if (!err)
		err = route->handler(&q->r, &p, &f);
	if (!err && p.body.err)
		err = kr_fault_set(&f, p.body.err, "the page is too large");
	if (err < 0) {
		reply_drop(&p);
		if (!f.code)
			kr_fault_set(&f, err, "%s", kr_err_text(err));
		return send_error(q, (unsigned)kr_err_http(err), &f);
	}
	return send_reply(q, &p);
}

/* 1: q->r.route is set; 0: no such page; -KR_E*. */
static int find_route(struct request *q)
{
	for (size_t i = 0; i < q->h->o.n_routes; i++) {
		const struct kr_http_route *route = &q->h->o.routes[i];
		int got = kr_http_match(route->pattern, q->r.path, q->r.arena, q->r.param,
					&q->r.n_params);

		if (got > 0)
			q->r.route = route;
		if (got)
			return got;
	}
	q->r.n_params = 0;
	return 0;
}

static enum MHD_Result serve(struct request *q)
{
	struct kr_str target = kr_str_n(q->target, q->target_n), query = KR_STR_NULL;
	ptrdiff_t mark = kr_str_chr(target, '?');
	struct kr_fault f = {0};
	int got;

	q->r.path = mark < 0 ? target : kr_str_first(target, (size_t)mark);
	if (mark >= 0)
		query = kr_str_from(target, (size_t)mark + 1);
	if (q->overlong || q->r.path.n > KR_HTTP_PATH_BYTES || query.n > KR_HTTP_QUERY_BYTES)
		return refuse(q, MHD_HTTP_URI_TOO_LONG, "the address of the page is too long",
			      "use a shorter expression");
	if (!q->r.path.n || q->r.path.p[0] != '/')
		return refuse(q, MHD_HTTP_BAD_REQUEST,
			      "the address of the page must begin with '/'", "");
	got = kr_http_query_parse(query, q->r.arena, &q->r.query, &q->r.n_query, &f);
	if (got)
		return send_error(q, MHD_HTTP_BAD_REQUEST, &f);
	got = find_route(q);
	if (got < 0)
		return refuse(q, MHD_HTTP_BAD_REQUEST,
			      "the address of the page is not valid percent-encoded UTF-8", "");
	if (!got)
		return refuse(q, MHD_HTTP_NOT_FOUND, "there is no such page",
			      "start from the overview");
	return run_handler(q);
}

static enum MHD_Result count_host(void *cls, enum MHD_ValueKind kind, const char *key,
				  const char *value)
{
	(void)kind;
	(void)value;
	if (kr_str_ieq(kr_str_c(key), KR_STR("Host")))
		++*(unsigned *)cls;
	return MHD_YES;
}

static bool host_is_ours(struct request *q)
{
	unsigned hosts = 0;

	MHD_get_connection_values(q->r.connection, MHD_HEADER_KIND, count_host, &hosts);
	return hosts == 1 && kr_http_host_ok(kr_http_header(&q->r, "Host"), q->h->port);
}

static bool has_body(struct request *q)
{
	struct kr_str n = kr_http_header(&q->r, "Content-Length");

	return (n.p && !kr_str_eq(n, KR_STR("0"))) || kr_http_header(&q->r, "Transfer-Encoding").p;
}

/* What can be refused from the headers alone, before a body is waited for. */
static bool refused_early(struct request *q, const char *method, enum MHD_Result *ret)
{
	bool get = !strcmp(method, "GET") || !strcmp(method, "HEAD");

	q->close = true;
	if (!get)
		*ret = refuse(q, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD are answered",
			      "change things with the command line");
	else if (has_body(q))
		*ret = refuse(q, MHD_HTTP_BAD_REQUEST, "the request has a body, none is expected",
			      "");
	else if (!host_is_ours(q))
		*ret = refuse(
			q, MHD_HTTP_MISDIRECTED_REQUEST,
			"the Host header does not name this machine",
			"open the page as http://127.0.0.1 or http://localhost with its port");
	else
		q->close = false;
	return q->close;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *data_n, void **con_cls)
{
	struct request *q = *con_cls;

	(void)cls;
	(void)url;
	(void)version;
	(void)data;
	if (!q)
		return MHD_NO;
	if (!q->seen) {
		enum MHD_Result ret;

		q->seen = true;
		q->r.connection = c;
		q->r.method = !strcmp(method, "HEAD")  ? "HEAD"
			      : !strcmp(method, "GET") ? "GET"
						       : "other";
		q->r.arena = kr_arena_new(q->h->o.limits.arena_max);
		return refused_early(q, method, &ret) ? ret : MHD_YES;
	}
	if (*data_n) { /* a body in spite of the headers: pass over it, never use it */
		*data_n = 0;
		return MHD_YES;
	}
	return serve(q);
}

static void *on_target(void *cls, const char *uri, struct MHD_Connection *c)
{
	struct kr_http *h = cls;
	struct request *q = kr_xcalloc(1, sizeof(*q));
	size_t n = strlen(uri);

	(void)c;
	q->h = h;
	q->overlong = n > TARGET_MAX;
	q->target_n = KR_MIN(n, TARGET_MAX);
	q->target = kr_xmalloc(q->target_n + 1);
	memcpy(q->target, uri, q->target_n);
	q->target[q->target_n] = 0;
	q->r.ctx = h->o.ctx;
	q->r.http = h;
	q->start_us = kr_clock_us();
	snprintf(q->r.id, sizeof(q->r.id), "%016llx",
		 (unsigned long long)(h->id_base + atomic_fetch_add(&h->id_next, 1)));
	atomic_fetch_add(&h->running, 1);
	return q;
}

/* The query is not logged: it holds what people looked for. */
static void on_done(void *cls, struct MHD_Connection *c, void **con_cls,
		    enum MHD_RequestTerminationCode how)
{
	struct kr_http *h = cls;
	struct request *q = *con_cls;
	int64_t us;

	(void)c;
	if (!q)
		return;
	us = kr_clock_us() - q->start_us;
	if (h->o.done)
		h->o.done(h->o.ctx, q->r.route, q->status, us);
	if (!q->r.route || !q->r.route->quiet || q->status >= 400)
		kr_log(KR_LOG_INFO, "request", KR_S("id", q->r.id),
		       KR_S("method", q->r.method ? q->r.method : "unreadable"),
		       KR_S("page", q->r.route ? q->r.route->pattern : "none"),
		       KR_I("status", q->status), KR_I("us", us),
		       KR_S("end",
			    how == MHD_REQUEST_TERMINATED_COMPLETED_OK ? "complete" : "cut"));
	kr_arena_free(q->r.arena);
	free(q->target);
	free(q);
	*con_cls = NULL;
	atomic_fetch_sub(&h->running, 1);
}

/* Targets are decoded by http/url.c. */
static size_t keep_encoded(void *cls, struct MHD_Connection *c, char *s)
{
	(void)cls;
	(void)c;
	return strlen(s);
}

KR_PRINTF(2, 0)
static void on_library_log(void *cls, const char *fmt, va_list ap)
{
	char text[300];

	(void)cls;
	vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\r\n")] = 0;
	kr_log(KR_LOG_DEBUG, "http library", KR_S("says", text));
}

/* ---- start and stop ---- */

static int check_opts(struct kr_http_opts *o, struct kr_fault *reterr)
{
	struct kr_http_limits *l = &o->limits;

	for (size_t i = 0; i < o->n_routes; i++)
		if (strcmp(o->routes[i].method, "GET"))
			return kr_fault_set(
				reterr, -KR_ECONF,
				"%s %s: a writing route needs accounts, which do not exist yet",
				o->routes[i].method, o->routes[i].pattern);
	if (!o->threads)
		o->threads = 2;
	if (o->threads > THREADS_MAX)
		return kr_fault_set(reterr, -KR_ECONF, "%u threads for HTTP, at most %d",
				    o->threads, THREADS_MAX);
	if (!l->connections_max)
		l->connections_max = 256;
	if (!l->connections_address_max)
		l->connections_address_max = 128;
	if (!l->timeout_s)
		l->timeout_s = 20;
	if (!l->drain_ms)
		l->drain_ms = 5000;
	if (!l->memory_max)
		l->memory_max = (size_t)32 << 10;
	if (!l->arena_max)
		l->arena_max = (size_t)32 << 20;
	if (l->connections_max < o->threads)
		l->connections_max = o->threads;
	return 0;
}

static struct MHD_Daemon *daemon_start(struct kr_http *h)
{
	const struct kr_http_limits *l = &h->o.limits;
	unsigned flags = MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC |
			 MHD_USE_ERROR_LOG;

	return MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER, on_library_log,
		NULL, MHD_OPTION_LISTEN_SOCKET, h->fd, MHD_OPTION_THREAD_POOL_SIZE, h->o.threads,
		MHD_OPTION_CONNECTION_LIMIT, l->connections_max, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		l->connections_address_max, MHD_OPTION_CONNECTION_TIMEOUT, l->timeout_s,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, l->memory_max, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_URI_LOG_CALLBACK, on_target, h, MHD_OPTION_UNESCAPE_CALLBACK,
		keep_encoded, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_done, h, MHD_OPTION_END);
}

int kr_http_start(const struct kr_http_opts *o, struct kr_http **ret, struct kr_fault *reterr)
{
	struct kr_http *h = kr_xcalloc(1, sizeof(*h));
	bool six = o->listen[0] == '[';
	int err;

	h->o = *o;
	h->fd = -1;
	err = check_opts(&h->o, reterr);
	if (!err) {
		h->fd = kr_http__listen(o->listen, &h->port, reterr);
		err = h->fd < 0 ? h->fd : 0;
	}
	if (err)
		goto out;
	snprintf(h->url, sizeof(h->url), "http://%s:%u/", six ? "[::1]" : "127.0.0.1", h->port);
	kr_random(&h->id_base, sizeof(h->id_base));
	h->daemon = daemon_start(h);
	if (!h->daemon) {
		err = kr_fault_set(reterr, -KR_EIO, "the HTTP server does not start on %s",
				   o->listen);
		kr_fault_remedy(reterr,
				"raise the limits of open files and threads (ulimit -n -u)");
		goto out;
	}
	*ret = h;
	return 0;
out:
	if (h->fd >= 0)
		close(h->fd);
	free(h);
	return err;
}

void kr_http_stop(struct kr_http *h)
{
	const struct timespec nap = {.tv_nsec = 5000000};
	int64_t until;

	if (!h)
		return;
	atomic_store(&h->draining, true);
	MHD_quiesce_daemon(h->daemon);
	until = kr_clock_us() + (int64_t)h->o.limits.drain_ms * 1000;
	while (atomic_load(&h->running) && kr_clock_us() < until)
		nanosleep(&nap, NULL);
	MHD_stop_daemon(h->daemon);
	close(h->fd);
	free(h);
}
