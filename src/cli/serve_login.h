/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks `karaula serve`: a session's cookie or an API key becomes a viewer. Private to cli. */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "desk/account.h"
#include "http/http.h"
#include "web/web.h"

/* ctx of the two hooks; outlives the server. */
struct kr_serve_login {
	struct kr_accounts *accounts;
	struct kr_web *web;
};

/* For kr_http_opts.authenticate: sets r->user to a struct kr_viewer of the request's arena. */
KR_MUST_USE int kr_serve_authenticate(void *ctx, struct kr_http_request *r,
				      struct kr_fault *reterr);
/* For kr_http_opts.done. */
void kr_serve_done(void *ctx, const struct kr_http_route *route, unsigned status, int64_t us);
