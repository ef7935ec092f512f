/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: every answer, also that of an error, gets the same headers here. Normally the
 * library sends it. While a body is still coming the library takes no answer, so one that must be
 * given then is written on the socket here, with the connection to be closed after it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/time.h"
#include "http/private.h"
#include "http/tls.h"
#include "http/url.h"

#define NOW_MAX 16384 /* bytes of an answer that is written past the library */

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

void kr_http_reply_header(struct kr_http_reply *p, const char *name, const char *value)
{
	assert(p->n_headers < KR_HTTP_HEADERS_MAX);
	p->header[p->n_headers].name = name;
	p->header[p->n_headers++].value = value;
}

static bool cookie_text(struct kr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!kr_is_alnum(s.p[i]) && !strchr("-_.", s.p[i]))
			return false;
	return s.n <= KR_HTTP_COOKIE_MAX;
}

void kr_http_reply_cookie(const struct kr_http_request *r, struct kr_http_reply *p,
			  const char *name, struct kr_str value, int64_t max_age_s)
{
	struct kr_str text;

	assert(cookie_text(value));
	text = kr_arena_printf(r->arena,
			       "%s%s=%.*s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Lax%s",
			       r->secure ? "__Host-" : "", name, KR_STR_ARG(value),
			       (long long)max_age_s, r->secure ? "; Secure" : "");
	if (text.p)
		kr_http_reply_header(p, "Set-Cookie", text.p);
}

struct kr_str kr_http_cookie(const struct kr_http_request *r, const char *name)
{
	struct kr_str full = kr_arena_printf(r->arena, "%s%s", r->secure ? "__Host-" : "", name);
	struct kr_str value = KR_STR_NULL;

	if (full.p)
		value = kr_http_cookie_find(kr_http_header(r, "Cookie"), full);
	return value.n <= KR_HTTP_COOKIE_MAX ? value : KR_STR_NULL;
}

void kr_http__reply_drop(struct kr_http_reply *p)
{
	kr_buf_done(&p->body);
	if (p->stream && p->stream_free)
		p->stream_free(p->stream_ctx);
	*p = (struct kr_http_reply){0};
}

/* The body moves into the library's response; p holds none after this. */
static struct MHD_Response *response_new(struct kr_http__request *q, struct kr_http_reply *p)
{
	struct MHD_Response *resp;

	if (p->stream)
		return kr_http__stream_response(q, p);
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

/* All headers but those of the framing, one call each. */
static void each_header(struct kr_http__request *q, const struct kr_http_reply *p,
			void (*add)(void *ctx, const char *name, const char *value), void *ctx)
{
	char etag[80];

	for (size_t i = 0; i < KR_ARRAY_LEN(common_headers); i++)
		add(ctx, common_headers[i].name, common_headers[i].value);
	if (p->type)
		add(ctx, "Content-Type", p->type);
	add(ctx, "X-Request-Id", q->r.id);
	add(ctx, "Cache-Control",
	    p->cache == KR_HTTP_IMMUTABLE    ? "public, max-age=31536000, immutable"
	    : p->cache == KR_HTTP_REVALIDATE ? "no-cache"
					     : "no-store");
	if (p->etag) {
		snprintf(etag, sizeof(etag), "\"%s\"", p->etag);
		add(ctx, "ETag", etag);
	}
	for (size_t i = 0; i < p->n_headers; i++)
		add(ctx, p->header[i].name, p->header[i].value);
	if (q->close || atomic_load(&q->h->draining))
		add(ctx, "Connection", "close");
}

static void add_to_response(void *ctx, const char *name, const char *value)
{
	MHD_add_response_header(ctx, name, value);
}

static void add_to_text(void *ctx, const char *name, const char *value)
{
	kr_buf_printf(ctx, "%s: ", name);
	kr_buf_c(ctx, value);
	kr_buf_c(ctx, "\r\n");
}

static bool is_fresh(struct kr_http__request *q, const struct kr_http_reply *p)
{
	bool reads = !strcmp(q->r.method, "GET") || !strcmp(q->r.method, "HEAD");

	return reads && p->etag && p->status == MHD_HTTP_OK &&
	       kr_http_etag_listed(kr_http_header(&q->r, "If-None-Match"), p->etag);
}

/* How long may the client take to read it? */
static void set_deadline(struct kr_http__request *q, const struct kr_http_reply *p)
{
	if (p->topic)
		atomic_store(&q->conn->deadline_us, KR_HTTP__NEVER);
	else
		kr_http__conn_deadline(q->conn, kr_clock_us(), q->h->o.limits.body_time_s,
				       p->body.n + p->fixed.n);
}

/* A stream of events lives for hours and needs nothing of its request any more. */
static void forget(struct kr_http__request *q)
{
	kr_http__body_done(q);
	kr_arena_free(q->r.arena);
	q->r.arena = NULL;
	q->r.user = NULL;
	q->r.query = q->r.form = NULL;
	q->r.n_query = q->r.n_form = q->r.n_params = 0;
}

enum MHD_Result kr_http__reply(struct kr_http__request *q, struct kr_http_reply *p)
{
	struct MHD_Response *resp;
	enum MHD_Result ok;
	bool streamed;

	if (!p->status)
		p->status = MHD_HTTP_OK;
	if (is_fresh(q, p)) {
		kr_buf_done(&p->body);
		p->fixed = KR_STR("");
		p->status = MHD_HTTP_NOT_MODIFIED;
	}
	streamed = p->stream != NULL;
	set_deadline(q, p);
	resp = response_new(q, p);
	if (!resp) {
		bool crowded = p->topic != NULL;

		kr_http__reply_drop(p);
		if (!crowded)
			return MHD_NO;
		kr_fault_set(&q->fault, -KR_EUNAVAIL, "too many streams of events are open");
		kr_fault_remedy(&q->fault, "ask again later, or raise http.streams_max");
		return kr_http__error(q, MHD_HTTP_SERVICE_UNAVAILABLE, &q->fault);
	}
	/* The library ends a chunked body that HEAD does not have: without chunks it cannot. */
	if (streamed && !strcmp(q->r.method, "HEAD"))
		MHD_set_response_options(resp, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
	each_header(q, p, add_to_response, resp);
	q->status = p->status;
	if (q->close)
		q->conn->linger = q->framing != KR_HTTP__NO_BODY;
	ok = MHD_queue_response(q->r.connection, p->status, resp);
	MHD_destroy_response(resp);
	if (p->topic && ok == MHD_YES)
		forget(q);
	return ok;
}

static void error_page(struct kr_http__request *q, unsigned status, const struct kr_fault *f,
		       struct kr_http_reply *p)
{
	char text[700];

	*p = (struct kr_http_reply){.status = status};
	if (status >= 500)
		kr_log(KR_LOG_ERROR, "request failed", KR_S("id", q->r.id),
		       KR_S("why", kr_fault_text(f, text, sizeof(text))));
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED && q->allow)
		kr_http_reply_header(p, "Allow", q->allow);
	if (status == MHD_HTTP_TOO_MANY_REQUESTS || status == MHD_HTTP_SERVICE_UNAVAILABLE)
		kr_http_reply_header(p, "Retry-After", "30");
	if (q->mount && q->mount->error)
		q->mount->error(&q->r, p, status, f);
	if (!p->type || p->body.err) {
		kr_buf_done(&p->body);
		p->body = KR_BUF(4096);
		p->type = "text/plain; charset=utf-8";
		kr_buf_printf(&p->body, "%u %s\nrequest %s\n", status,
			      kr_fault_text(f, text, sizeof(text)), q->r.id);
	}
}

enum MHD_Result kr_http__error(struct kr_http__request *q, unsigned status,
			       const struct kr_fault *f)
{
	struct kr_fault copy = *f; /* f may be q's, which a failing answer fills */
	struct kr_http_reply p;

	error_page(q, status, &copy, &p);
	return kr_http__reply(q, &p);
}

void kr_http__error_now(struct kr_http__request *q, unsigned status, const struct kr_fault *f)
{
	KR_AUTO_BUF b = KR_BUF(NOW_MAX);
	struct kr_http_reply p;

	q->close = true;
	q->conn->linger = true;
	error_page(q, status, f, &p);
	q->status = p.status;
	kr_buf_printf(&b, "HTTP/1.1 %u %s\r\n", p.status, MHD_get_reason_phrase_for(p.status));
	each_header(q, &p, add_to_text, &b);
	kr_buf_printf(&b, "Content-Length: %zu\r\n\r\n", p.body.n);
	kr_buf_str_add(&b, kr_buf_str(&p.body));
	if (q->h->tls)
		kr_http__tls_write(q->r.connection, kr_buf_str(&b));
	else
		(void)send(q->conn->fd, b.p, b.n, MSG_DONTWAIT | MSG_NOSIGNAL);
	kr_http__reply_drop(&p);
}
