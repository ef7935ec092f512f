/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: `Authorization: Bearer KEY` is an API key, and is the only thing that counts
 * then; else the cookie of a session. A key that is not valid is an error, which programs must see;
 * a cookie that is not valid any more is nobody, who is led to the login.
 */
#include "cli/serve_login.h"

static enum kr_door door_of(const struct kr_http_request *r)
{
	return kr_str_starts(r->path, KR_STR("/api/")) ? KR_DOOR_API : KR_DOOR_PAGE;
}

static int by_key(struct kr_serve_login *l, struct kr_http_request *r, struct kr_str text,
		  struct kr_viewer *v, struct kr_fault *reterr)
{
	struct kr_origin from = {.door = KR_DOOR_API,
				 .address = kr_http_client(r),
				 .agent = kr_http_header(r, "User-Agent")};

	if (!kr_str_istarts(text, KR_STR("Bearer "))) {
		kr_fault_set(reterr, -KR_EAUTH, "this kind of authorization is not known");
		kr_fault_remedy(reterr, "send Authorization: Bearer KEY");
		return -KR_EAUTH;
	}
	return kr_account_key(l->accounts, kr_str_trim(kr_str_from(text, 7)), &from, r->arena, v,
			      reterr);
}

int kr_serve_authenticate(void *ctx, struct kr_http_request *r, struct kr_fault *reterr)
{
	struct kr_str key = kr_http_header(r, "Authorization"), token = kr_web_session_token(r);
	struct kr_serve_login *l = ctx;
	struct kr_origin from = {.door = door_of(r),
				 .address = kr_http_client(r),
				 .agent = kr_http_header(r, "User-Agent")};
	struct kr_viewer *v = kr_arena_calloc(r->arena, 1, sizeof(*v));
	int err;

	if (!v)
		return kr_fault_set(reterr, -KR_ELIMIT, "the request needs too much memory");
	if (!key.p && !token.n)
		return 0;
	err = key.p ? by_key(l, r, key, v, reterr)
		    : kr_account_session(l->accounts, token, &from, r->arena, v, reterr);
	if (!err)
		r->user = v;
	return err == -KR_EAUTH && !key.p ? 0 : err;
}

void kr_serve_done(void *ctx, const struct kr_http_route *route, unsigned status, int64_t us)
{
	struct kr_serve_login *l = ctx;

	kr_web_count_request(l->web, route, status, us);
}
