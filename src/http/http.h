/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server: listens, limits, decodes, routes, answers. Knows no records. Requests run on a
 * small pool of threads, so handlers must be bounded in work; long answers are streamed in pieces.
 *
 * Until accounts exist only loopback addresses are listened on, only GET and HEAD are answered, and
 * the Host header must name this machine, against DNS rebinding.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define KR_HTTP_PARAMS_MAX  4	 /* ":name" parts of a pattern */
#define KR_HTTP_QUERY_MAX   32	 /* query parameters */
#define KR_HTTP_QUERY_BYTES 8192 /* of the query as sent */
#define KR_HTTP_PATH_BYTES  2048 /* of the path as sent */
#define KR_HTTP_HEADERS_MAX 8	 /* extra headers of a reply */
#define KR_HTTP_ID_MAX	    20

struct kr_http_pair {
	struct kr_str name, value;
};

struct kr_http;

/* A request while its handler runs; everything lives in its arena. */
struct kr_http_request {
	const char *method; /* "GET" or "HEAD"; a handler need not tell them apart */
	struct kr_str path; /* as sent, without the query */
	const struct kr_http_route *route;
	struct kr_http_pair param[KR_HTTP_PARAMS_MAX]; /* of the pattern, decoded */
	size_t n_params;
	struct kr_http_pair *query; /* decoded, in their order */
	size_t n_query;
	struct kr_arena *arena;
	char id[KR_HTTP_ID_MAX];    /* in the log, the X-Request-Id header and error pages */
	void *ctx;		    /* kr_http_opts.ctx */
	const struct kr_http *http; /* the server */
	void *user;		    /* set by the authenticate hook; NULL without one */
	void *connection;	    /* private */
};

/* First value of a query parameter; p NULL if it is not there. */
struct kr_str kr_http_query(const struct kr_http_request *r, const char *name);
/* Value of a ":name" of the pattern; p NULL if it has none. */
struct kr_str kr_http_param(const struct kr_http_request *r, const char *name);
/* Value of a header, name without regard to case; p NULL if it is not there. Borrowed. */
struct kr_str kr_http_header(const struct kr_http_request *r, const char *name);

enum kr_http_cache {
	KR_HTTP_NO_STORE,   /* default: pages may hold personal data */
	KR_HTTP_REVALIDATE, /* with an etag */
	KR_HTTP_IMMUTABLE,  /* the name holds a hash of the content */
};

/*
 * The answer; zeroed before the handler runs. Exactly one kind of body: `body` (its bytes move to
 * the server), `fixed` (bytes that outlive the server), or `stream`.
 */
struct kr_http_reply {
	unsigned status;  /* 0: 200 */
	const char *type; /* Content-Type; static text */
	enum kr_http_cache cache;
	const char *etag; /* without quotes; NULL: none. If-None-Match is answered with 304 */
	struct {
		const char *name,
			*value; /* value: static, or in the request's arena; no line breaks */
	} header[KR_HTTP_HEADERS_MAX];
	size_t n_headers;
	struct kr_buf body;
	struct kr_str fixed;
	/*
	 * The next piece of the body.
	 *
	 * piece  cleared; at least one byte must be added, and its maximum is KR_HTTP_PIECE_MAX
	 *
	 * Returns 1 (more to come), 0 (this was the last, which may be empty), -KR_E* (the
	 * connection is cut, so that nobody takes half an answer for a whole one). stream_ctx must
	 * not use the request's arena.
	 */
	int (*stream)(void *stream_ctx, struct kr_buf *piece);
	void (*stream_free)(void *stream_ctx);
	void *stream_ctx;
};
#define KR_HTTP_PIECE_MAX ((size_t)4 << 20)

void kr_http_reply_header(struct kr_http_reply *p, const char *name, const char *value);

struct kr_http_route {
	const char *method;  /* "GET" */
	const char *pattern; /* "/events/:id"; a ":name" takes one path segment that is not empty */
	/* Returns 0, or -KR_E* with the fault filled: then the error hook answers. */
	int (*handler)(struct kr_http_request *r, struct kr_http_reply *p, struct kr_fault *reterr);
	const char *doc;
	bool quiet; /* asked for by machines all the time: not logged when it is fine */
};

/* Limits; 0 takes the default. */
struct kr_http_limits {
	unsigned connections_max;	  /* 256 */
	unsigned connections_address_max; /* 128, from one address */
	unsigned timeout_s;		  /* 20, without a byte either way */
	unsigned drain_ms; /* 5000: how long kr_http_stop() waits for running requests */
	size_t memory_max; /* 32 KiB a connection: request line and headers must fit */
	size_t arena_max;  /* 32 MiB a request */
};

struct kr_http_opts {
	const char *listen; /* "127.0.0.1:8440", "[::1]:8440"; port 0: any that is free */
	unsigned threads;   /* 0: 2; at most 64 */
	struct kr_http_limits limits;
	const struct kr_http_route *routes; /* outlive the server */
	size_t n_routes;
	void *ctx;
	/*
	 * Who asks? Called before every handler but those of quiet routes; may be NULL.
	 *
	 * Returns 0 (r->user may be set); -KR_EDENIED, answered by the error hook.
	 */
	int (*authenticate)(struct kr_http_request *r, struct kr_fault *reterr);
	/*
	 * Make the page of an error. May be NULL: then it is plain text.
	 *
	 * r       its route is NULL when none was found, its query empty when that was the error
	 * status  404, 405, ...; set in p already
	 */
	void (*error)(struct kr_http_request *r, struct kr_http_reply *p, unsigned status,
		      const struct kr_fault *f);
	/* Called once a request is over: for counters. May be NULL. */
	void (*done)(void *ctx, const struct kr_http_route *route, unsigned status, int64_t us);
};

/*
 * Listen and answer.
 *
 * Returns 0; -KR_ECONF (address not loopback, or wrong; a writing route); -KR_EBUSY (port taken);
 * -KR_EDENIED; -KR_EIO. The fault has the remedy.
 */
KR_MUST_USE int kr_http_start(const struct kr_http_opts *o, struct kr_http **ret,
			      struct kr_fault *reterr);
/* Stop listening, let running requests end (at most drain_ms), close, free. NULL is fine. */
void kr_http_stop(struct kr_http *h);
/* The port listened on. */
uint16_t kr_http_port(const struct kr_http *h);
/* "http://127.0.0.1:8440/": what to type into a browser. */
const char *kr_http_url(const struct kr_http *h);
/* Is it stopping? For readiness. */
bool kr_http_draining(const struct kr_http *h);
