/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: from the headers it is decided whether there may be a body and how long it is;
 * what is ambiguous (two lengths, a length and chunks) is refused, since a proxy in front may have
 * understood it otherwise. Bytes are then kept up to body_max, or handed to the route as they come.
 */
#include <string.h>

#include "http/private.h"
#include "http/url.h"

#define BODY_FIRST 4096

static unsigned refuse(struct kr_http__request *q, unsigned status, int code, const char *message,
		       const char *remedy)
{
	kr_fault_set(&q->fault, code, "%s", message);
	kr_fault_remedy(&q->fault, "%s", remedy);
	return status;
}

static unsigned framing(struct kr_http__request *q, const char *version)
{
	struct kr_str length = kr_http_header(&q->r, "Content-Length"),
		      coding = kr_http_header(&q->r, "Transfer-Encoding");
	bool whole = length.n > 0;

	q->framing = KR_HTTP__CHUNKED; /* until it is clear: then nobody waits for its end */
	for (size_t i = 0; i < length.n; i++)
		whole = whole && kr_is_digit(length.p[i]);
	if (kr_http__header_count(q, "Content-Length") +
			    kr_http__header_count(q, "Transfer-Encoding") >
		    1 ||
	    (length.p && (!whole || kr_str_u64(length, &q->length))))
		return refuse(q, MHD_HTTP_BAD_REQUEST, -KR_EINVAL,
			      "the length of the request's body is not clear",
			      "send one Content-Length, or Transfer-Encoding: chunked");
	if (coding.p &&
	    (!kr_str_ieq(coding, KR_STR("chunked")) || strcmp(version, MHD_HTTP_VERSION_1_1)))
		return refuse(q, MHD_HTTP_BAD_REQUEST, -KR_EINVAL,
			      "the request's body has a transfer coding that is not known",
			      "send it with a Content-Length");
	q->framing = coding.p ? KR_HTTP__CHUNKED : q->length ? KR_HTTP__LENGTH : KR_HTTP__NO_BODY;
	return 0;
}

static unsigned too_long(struct kr_http__request *q)
{
	kr_fault_set(&q->fault, -KR_ELIMIT, "the request's body has more than %llu bytes",
		     (unsigned long long)q->r.route->body_max);
	kr_fault_remedy(&q->fault, "send it in smaller parts");
	return MHD_HTTP_CONTENT_TOO_LARGE;
}

unsigned kr_http__body_check(struct kr_http__request *q, const char *version)
{
	const struct kr_http_route *route = q->r.route;
	unsigned status = framing(q, version);

	if (status || !route)
		return status;
	if (!route->body_max)
		return q->framing == KR_HTTP__NO_BODY
			       ? 0
			       : refuse(q, MHD_HTTP_BAD_REQUEST, -KR_EINVAL,
					"the request has a body, none is expected", "");
	if (q->length > route->body_max)
		return too_long(q);
	if (q->framing == KR_HTTP__NO_BODY && !kr_http_header(&q->r, "Content-Length").p)
		return refuse(q, MHD_HTTP_LENGTH_REQUIRED, -KR_EINVAL,
			      "the request says nothing about its body",
			      "send Content-Length, 0 if there is none");
	return 0;
}

int kr_http__body_begin(struct kr_http__request *q, struct kr_fault *reterr)
{
	const struct kr_http_route *route = q->r.route;

	q->body = KR_BUF(route->body_max);
	if (!route->body_data && !route->body_begin)
		return 0;
	q->begun = true;
	return route->body_begin ? route->body_begin(&q->r, reterr) : 0;
}

int kr_http__body_add(struct kr_http__request *q, struct kr_str bytes, struct kr_fault *reterr)
{
	const struct kr_http_route *route = q->r.route;

	if (q->r.body_n + bytes.n > route->body_max) {
		too_long(q);
		if (reterr)
			*reterr = q->fault;
		return -KR_ELIMIT;
	}
	q->r.body_n += bytes.n;
	if (route->body_data)
		return route->body_data(&q->r, bytes, reterr);
	if (!q->body.n && q->length)
		(void)kr_buf_room(&q->body, KR_MIN(q->length, (uint64_t)BODY_FIRST));
	kr_buf_str_add(&q->body, bytes);
	return q->body.err;
}

void kr_http__body_done(struct kr_http__request *q)
{
	if (q->begun && q->r.route->body_free)
		q->r.route->body_free(&q->r);
	q->begun = false;
	if (q->body.p) /* it may hold a password */
		explicit_bzero(q->body.p, q->body.n);
	kr_buf_done(&q->body);
}

int kr_http_content_type(const struct kr_http_request *r, const char *type, struct kr_fault *reterr)
{
	struct kr_str have = kr_http_header(r, "Content-Type"), main = have;
	ptrdiff_t end = kr_str_chr(have, ';');

	if (end >= 0)
		main = kr_str_first(have, (size_t)end);
	if (kr_str_ieq(kr_str_trim(main), kr_str_c(type)))
		return 0;
	kr_fault_set(reterr, -KR_EFORMAT, "the request's body is of another type than %s", type);
	kr_fault_remedy(reterr, "send Content-Type: %s", type);
	return -KR_EFORMAT;
}

int kr_http_form(struct kr_http_request *r, struct kr_fault *reterr)
{
	int err = kr_http_content_type(r, "application/x-www-form-urlencoded", reterr);

	if (err)
		return err;
	return kr_http_pairs_parse(r->body, KR_HTTP_FORM_MAX, "form", r->arena, &r->form,
				   &r->n_form, reterr);
}
