/* SPDX-License-Identifier: Apache-2.0 */
/* Request targets: percent-encoding (RFC 3986), queries as forms send them, hosts, route patterns.
 */
#pragma once

#include "base/buf.h"
#include "http/http.h"

/*
 * Decode %XX, strictly.
 *
 * s     as sent
 * plus  '+' is a blank, as forms send it
 *
 * Returns 0 with valid UTF-8 without NUL; -KR_EINVAL; -KR_ELIMIT (arena).
 */
KR_MUST_USE int kr_http_decode(struct kr_str s, bool plus, struct kr_arena *a, struct kr_str *ret);
/* Append s with all but unreserved characters as %XX: fit for a path segment and a query value. */
void kr_http_encode(struct kr_buf *b, struct kr_str s);
/*
 * Read "a=1&b=2".
 *
 * Returns 0; -KR_EINVAL (bad encoding); -KR_ELIMIT (too long, or too many parameters).
 */
KR_MUST_USE int kr_http_query_parse(struct kr_str query, struct kr_arena *a,
				    struct kr_http_pair **ret, size_t *ret_n,
				    struct kr_fault *reterr);
/*
 * Does a path fit a pattern?
 *
 * path     as sent: it is split at '/' first and decoded after, so %2F stays within its segment
 * ret      KR_HTTP_PARAMS_MAX of them
 *
 * Returns 1; 0 (no); -KR_EINVAL (a part that cannot be decoded); -KR_ELIMIT.
 */
KR_MUST_USE int kr_http_match(const char *pattern, struct kr_str path, struct kr_arena *a,
			      struct kr_http_pair *ret, size_t *ret_n);
/* Is a Host header this machine's: 127.0.0.1, localhost or [::1] with the port (which may be left
 * out if it is 80)? */
bool kr_http_host_ok(struct kr_str host, uint16_t port);
/*
 * Is a Host header one of the names of a list separated by blanks? "node.example.org" takes it with
 * the port of the listener, 443 or none; "node.example.org:8443" only so.
 */
bool kr_http_host_listed(struct kr_str host, struct kr_str names, uint16_t port);
/* Value of a cookie in a Cookie header (RFC 6265); p NULL if it is not there, or there twice with
 * different values. */
struct kr_str kr_http_cookie_find(struct kr_str header, struct kr_str name);
/*
 * Read a form "a=1&b=2" of any length with at most max fields.
 *
 * what  in messages: "query" or "form"
 *
 * Returns 0; -KR_EINVAL; -KR_ELIMIT.
 */
KR_MUST_USE int kr_http_pairs_parse(struct kr_str text, size_t max, const char *what,
				    struct kr_arena *a, struct kr_http_pair **ret, size_t *ret_n,
				    struct kr_fault *reterr);
/* Is an etag listed in If-None-Match (RFC 9110, 13.1.2: weak comparison, "*")? */
bool kr_http_etag_listed(struct kr_str list, const char *etag);
