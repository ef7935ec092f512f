/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server: listens, limits, decodes, routes, answers. Knows no records and no viewers.
 * Requests run on a small pool of threads, so handlers must be bounded in work; long answers are
 * streamed in pieces, and a stream that has nothing to say yet holds no thread.
 *
 * Several rooms give it their routes, each as a mount. Without TLS and without a proxy in front
 * only loopback addresses are listened on. The Host header must name this node, against DNS
 * rebinding; what changes something must come from our own pages, against forged requests.
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
#define KR_HTTP_CLIENT_MAX  52	/* an address as text */
#define KR_HTTP_FORM_MAX    200 /* fields of a form */
#define KR_HTTP_COOKIE_MAX  512 /* bytes of a cookie's value */

struct kr_http_pair {
	struct kr_str name, value;
};

struct kr_http;

/* A request while its handler runs; everything lives in its arena. */
struct kr_http_request {
	const char *method; /* "GET" "HEAD" "POST" "PUT" "PATCH" "DELETE", else "other"; the handler
			       of a GET need not tell HEAD apart */
	struct kr_str path; /* as sent, without the query */
	const struct kr_http_route *route;
	struct kr_http_pair param[KR_HTTP_PARAMS_MAX]; /* of the pattern, decoded */
	size_t n_params;
	struct kr_http_pair *query; /* decoded, in their order */
	size_t n_query;
	struct kr_arena *arena;
	char id[KR_HTTP_ID_MAX];    /* in the log, the X-Request-Id header and error pages */
	void *ctx;		    /* of the mount */
	const struct kr_http *http; /* the server */
	void *user; /* set by the authenticate hook, in the arena; NULL: nobody is logged in */
	char client[KR_HTTP_CLIENT_MAX]; /* address of who asks; that behind a proxy we trust */
	bool secure;			 /* over TLS, ours or that of a proxy we trust */

	struct kr_str body;	   /* all of it, where the route has no body_data */
	uint64_t body_n;	   /* bytes that came */
	void *body_ctx;		   /* of the route's body_begin, body_data and body_free */
	struct kr_http_pair *form; /* by kr_http_form() */
	size_t n_form;
	void *connection; /* private */
};

/* First value of a query parameter; p NULL if it is not there. */
struct kr_str kr_http_query(const struct kr_http_request *r, const char *name);
/* Value of a ":name" of the pattern; p NULL if it has none. */
struct kr_str kr_http_param(const struct kr_http_request *r, const char *name);
/* Value of a header, name without regard to case; p NULL if it is not there. Borrowed. */
struct kr_str kr_http_header(const struct kr_http_request *r, const char *name);
/* Address of who asks as text, without port; the same as r->client. */
struct kr_str kr_http_client(const struct kr_http_request *r);
/*
 * Value of a cookie that kr_http_reply_cookie() set; p NULL if it is not there, or is sent twice
 * with different values. Over TLS only the form with "__Host-" counts, which no other host and no
 * page without TLS can set.
 */
struct kr_str kr_http_cookie(const struct kr_http_request *r, const char *name);
/*
 * Is the body of this media type ("application/json"), whatever its parameters?
 *
 * Returns 0; -KR_EFORMAT (415), with what is expected in the fault.
 */
KR_MUST_USE int kr_http_content_type(const struct kr_http_request *r, const char *type,
				     struct kr_fault *reterr);
/*
 * Read the body as a form: application/x-www-form-urlencoded, at most KR_HTTP_FORM_MAX fields.
 * Fills r->form.
 *
 * Returns 0; -KR_EFORMAT (415); -KR_EINVAL; -KR_ELIMIT.
 */
KR_MUST_USE int kr_http_form(struct kr_http_request *r, struct kr_fault *reterr);
/* First value of a field of the form; p NULL if it is not there. */
struct kr_str kr_http_field(const struct kr_http_request *r, const char *name);

enum kr_http_cache {
	KR_HTTP_NO_STORE,   /* default: pages may hold personal data */
	KR_HTTP_REVALIDATE, /* with an etag */
	KR_HTTP_IMMUTABLE,  /* the name holds a hash of the content */
};

/* A stream returns this when it has nothing to say yet. Only where the reply has a topic. */
#define KR_HTTP_LATER 2

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
	/*
	 * Not NULL: this is a stream of events (text/event-stream), which may return KR_HTTP_LATER:
	 * then it sleeps, without a thread, until kr_http_wake() with this topic, or 25 seconds
	 * have gone; if it has nothing to say then, a line of comment keeps the connection alive.
	 * So it is asked twice a minute at least, and can look whether its viewer is still one.
	 * Static text.
	 */
	const char *topic;
};
#define KR_HTTP_PIECE_MAX ((size_t)4 << 20)

void kr_http_reply_header(struct kr_http_reply *p, const char *name, const char *value);
/*
 * Set a cookie: HttpOnly, SameSite=Lax, for all paths; over TLS Secure and named "__Host-NAME".
 *
 * value      letters, digits, '-', '_' and '.'
 * max_age_s  0: delete it
 */
void kr_http_reply_cookie(const struct kr_http_request *r, struct kr_http_reply *p,
			  const char *name, struct kr_str value, int64_t max_age_s);

struct kr_http_route {
	const char *method;  /* "GET" (HEAD too), "POST", "PUT", "PATCH", "DELETE" */
	const char *pattern; /* "/events/:id"; a ":name" takes one path segment that is not empty */
	/* Returns 0, or -KR_E* with the fault filled: then the error hook answers. */
	int (*handler)(struct kr_http_request *r, struct kr_http_reply *p, struct kr_fault *reterr);
	const char *doc;
	bool quiet;	   /* asked for by machines all the time: not logged when it is fine */
	bool open;	   /* answered without login; if quiet too, nobody asks who it is */
	uint64_t body_max; /* bytes of a body; 0: none is allowed. More is answered 413 */
	/*
	 * A body that is not kept in memory: body_begin before its first byte (may be NULL), then
	 * body_data with its bytes as they arrive, then the handler. body_free is called in every
	 * case once body_begin was, after the handler or when the client went away. A negative
	 * return ends the request with that error at once. body_begin without body_data: the body
	 * is kept, if that function lets it come.
	 */
	int (*body_begin)(struct kr_http_request *r, struct kr_fault *reterr);
	int (*body_data)(struct kr_http_request *r, struct kr_str bytes, struct kr_fault *reterr);
	void (*body_free)(struct kr_http_request *r);
};

/*
 * The routes of one room. Mounts are asked in their order, and the routes of a mount in theirs:
 * the first whose pattern fits the path and whose method is the request's answers. If only the
 * path fits, the answer is 405 with the methods of all routes that fit.
 */
struct kr_http_mount {
	const struct kr_http_route *routes; /* outlive the server */
	size_t n_routes;
	void *ctx; /* r->ctx of its handlers */
	/* Paths below it belong to this mount when no route fits, so that its error hook answers:
	 * "/api/". Of several the longest. NULL: "/" */
	const char *under;
	/*
	 * Make the page of an error. May be NULL: then it is plain text.
	 *
	 * r       its route is NULL when none was found, its query empty when that was the error
	 * status  404, 405, ...; set in p already, and may be changed there (401 into 303)
	 */
	void (*error)(struct kr_http_request *r, struct kr_http_reply *p, unsigned status,
		      const struct kr_fault *f);
};
#define KR_HTTP_MOUNTS_MAX 8

/* Limits; 0 takes the default. */
struct kr_http_limits {
	unsigned connections_max; /* 256 */
	/* 128, from one address; there is no such limit where a proxy is trusted */
	unsigned connections_address_max;
	unsigned timeout_s;	/* 20, without a byte either way */
	unsigned header_time_s; /* 15: from the connection, or the end of the wait for the next
				   request, to the last header */
	unsigned body_time_s;	/* 30: for a body or an answer, and more by body_rate */
	unsigned body_rate;	/* 1024: each so many bytes give it another second */
	unsigned streams_max;	/* 200 streams of events */
	unsigned beat_s;	/* 25: between two comments of a stream of events */
	unsigned drain_ms;	/* 5000: how long kr_http_stop() waits for running requests */
	size_t memory_max;	/* 32 KiB a connection: request line and headers must fit */
	size_t arena_max;	/* 32 MiB a request */
};

struct kr_http_opts {
	const char *listen; /* "127.0.0.1:8440", "[::1]:8440"; port 0: any that is free */
	unsigned threads;   /* 0: 2; at most 64 */
	struct kr_http_limits limits;
	const struct kr_http_mount *mounts; /* copied */
	size_t n_mounts;
	/* Files in PEM: with them the server speaks TLS 1.2 and 1.3. NULL or "": it does not. */
	const char *certificate, *key;
	/* Names that the Host header may have beside 127.0.0.1, localhost and [::1], separated by
	 * blanks: "node.example.org", which means our port, 443 or none, or
	 * "node.example.org:8443". NULL: none. */
	const char *hosts;
	/* Addresses or networks of proxies in front, separated by blanks. X-Forwarded-For and
	 * X-Forwarded-Proto of these are believed. NULL: none. */
	const char *proxies;
	void *ctx; /* of the two hooks */
	/*
	 * Who asks? Called before every handler but those of routes that are quiet and open; may be
	 * NULL: then everybody may. Called before the body is read, and for pages of errors.
	 *
	 * Returns 0 (r->user set, or left NULL for nobody: then a route that is not open is
	 * answered with -KR_EAUTH); -KR_E*, answered by the error hook but where the route is
	 * open.
	 */
	int (*authenticate)(void *ctx, struct kr_http_request *r, struct kr_fault *reterr);
	/* Called once a request is over: for counters. May be NULL. */
	void (*done)(void *ctx, const struct kr_http_route *route, unsigned status, int64_t us);
};

/*
 * Listen and answer. Texts of o are copied.
 *
 * Returns 0; -KR_ECONF (address, certificate, names, proxies); -KR_EBUSY (port taken);
 * -KR_EDENIED; -KR_EIO. The fault has the remedy.
 */
KR_MUST_USE int kr_http_start(const struct kr_http_opts *o, struct kr_http **ret,
			      struct kr_fault *reterr);
/*
 * Read certificate and key again: new connections get them. If they are wrong the old ones stay.
 *
 * Returns 0 (also without TLS); -KR_ECONF; -KR_EIO.
 */
KR_MUST_USE int kr_http_reload(struct kr_http *h, struct kr_fault *reterr);
/* Wake the streams of events of a topic; NULL: all. From any thread, cheap where none is open. */
void kr_http_wake(struct kr_http *h, const char *topic);
/* Stop listening, let running requests end (at most drain_ms), close, free. NULL is fine. */
void kr_http_stop(struct kr_http *h);
/* The port listened on. */
uint16_t kr_http_port(const struct kr_http *h);
/* "http://127.0.0.1:8440/": what to type into a browser. */
const char *kr_http_url(const struct kr_http *h);
/* Is it stopping? For readiness. */
bool kr_http_draining(const struct kr_http *h);
/* Streams of events that are open, for metrics. */
unsigned kr_http_streams(const struct kr_http *h);
