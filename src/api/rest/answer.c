/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces that many answers share. */
#include "api/rest/call.h"

#include "http/url.h"
#include "store/read.h"

#define BODY_MAX ((size_t)64 << 20)

struct kr_rest_patience kr_rest__patience(const struct kr_rest *rest)
{
	return (struct kr_rest_patience){kr_clock_us() + rest->o.limits.query_us};
}

bool kr_rest__patient(void *patience, uint64_t scanned, uint64_t total)
{
	const struct kr_rest_patience *p = patience;

	(void)scanned;
	(void)total;
	return kr_clock_us() < p->until_us;
}

void kr_rest__begin(struct kr_rest_call *c)
{
	c->reply->type = KR_REST_JSON;
	c->reply->body = KR_BUF(BODY_MAX);
	c->o = KR_JSON_OUT(&c->reply->body);
}

void kr_rest__ktime(struct kr_json_out *o, const char *key, kr_time t)
{
	char text[KR_TIME_TEXT_MAX];

	kr_json_key(o, kr_str_c(key));
	if (t == KR_TIME_NONE)
		kr_json_null(o);
	else
		kr_json_str(o, kr_str_c(kr_time_text(t, text)));
}

void kr_rest__kday(struct kr_json_out *o, const char *key, int32_t day)
{
	char text[KR_TIME_TEXT_MAX];

	kr_json_kstr(o, key, kr_str_c(kr_day_text(day, text)));
}

void kr_rest__knull(struct kr_json_out *o, const char *key, struct kr_str s)
{
	kr_json_key(o, kr_str_c(key));
	if (s.n)
		kr_json_str(o, s);
	else
		kr_json_null(o);
}

void kr_rest__kuint(struct kr_json_out *o, const char *key, uint64_t v)
{
	kr_json_key(o, kr_str_c(key));
	kr_json_uint(o, v);
}

void kr_rest__link_next(struct kr_rest_call *c, struct kr_str cursor)
{
	KR_AUTO_BUF b = KR_BUF(16384);
	struct kr_str link;

	if (!cursor.n)
		return;
	kr_buf_ch(&b, '<');
	kr_buf_str_add(&b, c->r->path);
	kr_buf_c(&b, "?cursor=");
	kr_http_encode(&b, cursor);
	for (size_t i = 0; i < c->r->n_query; i++) {
		if (kr_str_eqc(c->r->query[i].name, "cursor"))
			continue;
		kr_buf_ch(&b, '&');
		kr_http_encode(&b, c->r->query[i].name);
		kr_buf_ch(&b, '=');
		kr_http_encode(&b, c->r->query[i].value);
	}
	kr_buf_c(&b, ">; rel=\"next\"");
	link = b.err ? KR_STR_NULL : kr_arena_dup(c->a, kr_buf_str(&b));
	if (link.p)
		kr_http_reply_header(c->reply, "Link", link.p);
}

void kr_rest__cursor(struct kr_rest_call *c, struct kr_str cursor)
{
	kr_rest__knull(&c->o, "cursor", cursor);
	kr_rest__link_next(c, cursor);
}

void kr_rest__location(struct kr_rest_call *c, const char *folder, struct kr_str name)
{
	KR_AUTO_BUF b = KR_BUF(2048);
	struct kr_str where;

	kr_buf_c(&b, KR_REST_BASE);
	kr_buf_c(&b, folder);
	kr_buf_ch(&b, '/');
	kr_http_encode(&b, name);
	where = b.err ? KR_STR_NULL : kr_arena_dup(c->a, kr_buf_str(&b));
	if (where.p)
		kr_http_reply_header(c->reply, "Location", where.p);
}

int kr_rest__cursor_number(struct kr_rest_call *c, uint64_t *ret, struct kr_fault *f)
{
	const struct kr_rest_value *v = kr_rest__param(c, "cursor");
	uint64_t n;

	if (!v->set)
		return 0;
	if (kr_str_u64(v->text, &n) || !n || n > INT64_MAX) {
		c->parameter = KR_STR("cursor");
		kr_fault_set(f, -KR_EINVAL, "the parameter 'cursor' is none of this list");
		kr_fault_remedy(f, "take it from the page before");
		return -KR_EINVAL;
	}
	*ret = n;
	return 0;
}

struct kr_by kr_rest__by(const struct kr_rest_call *c)
{
	return kr_by_viewer(&c->viewer, c->a);
}

int kr_rest__expr(struct kr_rest_call *c, const char *name, struct kr_expr **ret,
		  struct kr_fault *f)
{
	const struct kr_rest_value *v = kr_rest__param(c, name);
	const struct kr_expr_opts opts = {
		.now = c->now,
		.depth_max = c->rest->o.limits.expression_depth,
		.nodes_max = c->rest->o.limits.expression_nodes,
		.may_name = kr_scope_may_name,
		.ctx = &c->scope,
	};
	int err = kr_expr_parse(v->set ? v->text : KR_STR(""), &opts, c->a, ret, f);

	if (!err)
		return 0;
	c->parameter = kr_str_c(name);
	c->status = 400;
	return err;
}

const struct kr_conf *kr_rest__conf(const struct kr_rest_call *c)
{
	return c->rest->o.conf(c->rest->o.ctx);
}

int kr_rest__constituent_id(struct kr_rest_call *c, struct kr_str name, uint32_t *ret,
			    struct kr_fault *f)
{
	/* Who is bound sees itself only, and has no right to the register. */
	bool bound = c->scope.constituent != 0, own = kr_str_eq(name, c->viewer.constituent_name);
	struct kr_constituent row = {.id = c->scope.constituent};
	struct kr_rule *rules;
	size_t n;
	int err = 0;

	if (bound && !own)
		err = -KR_ENOENT;
	else if (!bound)
		err = kr_store_constituent_get(c->rest->o.store, &c->scope, name, 0, c->a, &row,
					       &rules, &n, f);
	if (err == -KR_ENOENT) {
		kr_fault_set(f, -KR_EINVAL, "there is no constituent '%.*s'",
			     KR_STR_ARG(kr_str_first(name, 60)));
		kr_fault_remedy(f, "GET /api/v1/constituents lists them");
		return -KR_EINVAL;
	}
	if (!err)
		*ret = row.id;
	return err;
}

int kr_rest__constituent_param(struct kr_rest_call *c, uint32_t *ret, struct kr_fault *f)
{
	const struct kr_rest_value *v = kr_rest__param(c, "constituent");
	int err = v->set ? kr_rest__constituent_id(c, v->text, ret, f) : 0;

	if (err == -KR_EINVAL)
		c->parameter = KR_STR("constituent");
	return err;
}
