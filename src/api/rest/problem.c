/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as application/problem+json (RFC 9457). */
#include "api/rest/call.h"

#include <stdio.h>

int kr_rest__refuse(struct kr_rest_call *c, unsigned status, struct kr_fault *f, int code,
		    const char *message, const char *remedy)
{
	c->status = status;
	kr_fault_set(f, code, "%s", message);
	if (remedy)
		kr_fault_remedy(f, "%s", remedy);
	return code;
}

/* Title by status where the status says more than the code (RFC 9110, 15.5 and RFC 6585). */
static const char *title(unsigned status, int code)
{
	switch (status) {
	case 405: return "method not allowed";
	case 406: return "no such representation";
	case 411: return "length required";
	case 412: return "changed meanwhile";
	case 414: return "address too long";
	case 421: return "not this host";
	case 428: return "If-Match is needed";
	case 431: return "headers too large";
	default: return kr_err_text(code);
	}
}

static void members(struct kr_json_out *o, const struct kr_rest_call *c, const struct kr_fault *f)
{
	bool syntax = c && c->r->body.n && f->code == -KR_ESYNTAX;

	if (c && c->parameter.n)
		kr_json_kstr(o, "parameter", c->parameter);
	if (c && c->pointer.p)
		kr_json_kstr(o, "pointer", c->pointer);
	if (f->line && syntax)
		kr_json_kint(o, "line", (int64_t)f->line);
	if (f->column)
		kr_json_kint(o, "column", (int64_t)f->column);
}

void kr_rest__problem(struct kr_http_request *r, struct kr_http_reply *p, unsigned status,
		      const struct kr_rest_call *c, const struct kr_fault *f)
{
	struct kr_json_out o;

	kr_buf_done(&p->body);
	p->status = status;
	p->type = KR_REST_PROBLEM;
	p->body = KR_BUF(16384);
	p->etag = NULL;
	o = KR_JSON_OUT(&p->body);
	kr_json_object(&o);
	kr_json_kstr(&o, "type", KR_STR("about:blank"));
	kr_json_kstr(&o, "title", kr_str_c(title(status, f->code)));
	kr_json_kint(&o, "status", status);
	kr_json_kstr(&o, "code", kr_str_c(kr_err_name(f->code)));
	/* What broke inside of the node is for its log, under the number of the request. */
	if (status >= 500 && status != 503 && status != 507)
		kr_json_kstr(&o, "detail", KR_STR("the node could not do it; its log says why"));
	else
		kr_json_kstr(&o, "detail", kr_str_c(f->message));
	if (f->remedy[0] && status < 500)
		kr_json_kstr(&o, "remedy", kr_str_c(f->remedy));
	kr_json_kstr(&o, "instance", kr_str_c(r->id));
	members(&o, c, f);
	kr_json_object_end(&o);
	kr_buf_ch(&p->body, '\n');
	if (status == 401)
		kr_http_reply_header(p, "WWW-Authenticate", "Bearer realm=\"karaula\"");
	if (status == 429 || status == 503)
		kr_http_reply_header(p, "Retry-After", "30");
}
