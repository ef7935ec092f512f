/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP and HTTPS as a client (RFC 9110): one request at a time in the calling thread, with limits
 * on everything that the other side decides. Sources, webhooks and whatever else leaves the node by
 * HTTP go through here.
 *
 * Where it may go, one rule: the address of a URL is written by an administrator, so private
 * networks and this machine are allowed, but never what lies in net/blocked.def (link-local
 * networks and the services of cloud machines that hand out credentials), whatever name or redirect
 * leads there: the address is checked after it was resolved and before anything is sent.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/str.h"
#include "net/net.h"

#define KR_NET_REDIRECTS_MAX   5
#define KR_NET_HEADERS_MAX     ((size_t)64 << 10) /* bytes of the answer's header fields */
#define KR_NET_FIELDS_MAX      32		  /* header fields of a request */
#define KR_NET_URL_MAX	       2048		  /* bytes */
#define KR_NET_SNIPPET_MAX     600		  /* bytes kept of an answer that is no success */
#define KR_NET_RETRY_AFTER_MAX ((int64_t)86400)	  /* seconds; more is cut to it */

struct kr_net_field {
	struct kr_str name, value; /* no control bytes; else -KR_EINVAL */
	bool secret;		   /* sent to the scheme, host and port of the request's URL only */
};

struct kr_net_request {
	struct kr_str method;		   /* empty: GET, or POST if there is a body */
	struct kr_str url;		   /* http or https; no user and password in it */
	const struct kr_net_field *fields; /* Authorization, HMAC2...: made by the caller */
	size_t n_fields;
	struct kr_str body;		   /* p NULL: none. Borrowed */
	struct kr_str etag, last_modified; /* of the copy we have: then 304 is an answer */
	const char *cert_file, *key_file;  /* client certificate and key, PEM; NULL: none */
	uint64_t size_max;		   /* bytes of the answer's body; 0: net.response_max */
	int64_t timeout_us;		   /* for all of it, redirects too; 0: net.timeout */
	int64_t silence_us;		   /* without a byte in either direction; 0: net.silence */
	/*
	 * The body of an answer with status 2xx, piece by piece; NULL: not wanted. An error stops
	 * the request and is returned with its fault.
	 */
	int (*data)(void *ctx, const void *p, size_t n, struct kr_fault *reterr);
	bool (*cancelled)(void *ctx); /* asked several times a second; NULL: never */
	void *ctx;		      /* of data and cancelled */
};

/* Texts live in the arena of the call; empty where the answer has none. */
struct kr_net_response {
	unsigned status;
	struct kr_str url;			       /* that gave the answer, behind redirects */
	struct kr_str etag, last_modified, type, name; /* name: of Content-Disposition, no path */
	int64_t retry_after_s;			       /* -1: not said */
	uint64_t bytes;				       /* of the body */
	struct kr_str snippet; /* first bytes of the body of an answer that is no 2xx */
};

/*
 * Send a request and read the answer. Redirects of GET and HEAD are followed, at most
 * KR_NET_REDIRECTS_MAX, to http and https, never from https to http.
 *
 * a    takes the texts of ret
 * ret  set when there is an answer, whatever its status
 *
 * Returns 0 for an answer, also with status 304, 4xx and 5xx: kr_net_status() makes a fault of it;
 * -KR_EINVAL (URL, field); -KR_EUNAVAIL (name not found, refused, silent, cut: later may help);
 * -KR_EDENIED (address not allowed, certificate not valid); -KR_ELIMIT (size, header fields,
 * redirects); -KR_ECANCEL; what data returned. The fault names the host, never the whole URL, which
 * may hold a token.
 */
KR_MUST_USE int kr_net_http(struct kr_net *net, const struct kr_net_request *q, struct kr_arena *a,
			    struct kr_net_response *ret, struct kr_fault *reterr);
/*
 * 0 for 2xx (and 304 where a copy was named), else an error with status and what to do: -KR_EDENIED
 * (401, 403, 407), -KR_ENOENT (404, 410), -KR_EUNAVAIL (408, 429, 5xx: later may help),
 * -KR_EREFUSED (any other).
 */
KR_MUST_USE int kr_net_status(const struct kr_net_request *q, const struct kr_net_response *r,
			      struct kr_fault *reterr);
/* May this URL be asked at all? Checks what kr_net_http() checks before it connects. */
KR_MUST_USE int kr_net_url_check(struct kr_str url, struct kr_fault *reterr);
/* "Basic ..." (RFC 7617) for a field Authorization; in the arena. */
struct kr_str kr_net_basic(struct kr_arena *a, struct kr_str user, struct kr_str password);
