/* SPDX-License-Identifier: Apache-2.0 */
/* One request on its way, shared by the files of the HTTP client. */
#pragma once

#include <curl/curl.h>

#include "base/buf.h"
#include "net/http.h"

#define KR_NET__HOST_MAX 254 /* a name, or an address in brackets; longer ones are refused */

/* Where a URL leads. */
struct kr_net__origin {
	bool https;
	char host[KR_NET__HOST_MAX];
	unsigned port;
};

/* 0 or -KR_EINVAL, -KR_EDENIED (address that is never asked). */
KR_MUST_USE int kr_net__origin(struct kr_str url, struct kr_net__origin *ret,
			       struct kr_fault *reterr);
bool kr_net__origin_same(const struct kr_net__origin *a, const struct kr_net__origin *b);
/* Method and fields: 0 or -KR_EINVAL. */
KR_MUST_USE int kr_net__request_check(const struct kr_net_request *q, struct kr_fault *reterr);
/* The file name in a Content-Disposition (RFC 6266), without folders; empty if there is none. */
struct kr_str kr_net__disposition_name(struct kr_str value, struct kr_arena *a);

/* What libcurl could not do as a fault. detail: its own words, "" if it has none. */
int kr_net__curl_fault(CURLcode code, const struct kr_net__origin *o, const char *detail,
		       struct kr_fault *reterr);
/* An answer or a request over one of the limits of time. */
int kr_net__late_fault(const struct kr_net__origin *o, bool silent, int64_t us,
		       struct kr_fault *reterr);
