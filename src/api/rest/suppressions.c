/* SPDX-License-Identifier: Apache-2.0 */
/* Rules by which something is not told. */
#include "api/rest/encode.h"
#include "api/rest/handlers.h"
#include "store/outbox.h"

static void encode(struct kr_json_out *o, const struct kr_suppression *x)
{
	kr_json_object(o);
	kr_rest__kuint(o, "id", x->id);
	kr_json_kstr(o, "expression", x->expr);
	kr_rest__knull(o, "constituent", x->constituent_name);
	kr_json_kstr(o, "reason", x->reason);
	kr_json_kstr(o, "by", x->by);
	kr_rest__ktime(o, "created", x->created);
	kr_rest__ktime(o, "expires", x->expires);
	kr_json_object_end(o);
}

static int read_all(struct kr_rest_call *c, struct kr_suppression **ret, size_t *ret_n,
		    struct kr_fault *f)
{
	return kr_store_suppression_list(c->rest->o.store, c->a, ret, ret_n, f);
}

int kr_rest__suppression_list(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_suppression *rows;
	size_t n;
	int err = read_all(c, &rows, &n, f);

	if (err)
		return err;
	kr_rest__begin(c);
	kr_json_object(&c->o);
	kr_json_key(&c->o, KR_STR("suppressions"));
	kr_json_array(&c->o);
	for (size_t i = 0; i < n; i++)
		encode(&c->o, &rows[i]);
	kr_json_array_end(&c->o);
	kr_json_object_end(&c->o);
	return 0;
}

/* Is it an expression? It is kept as it was written: since:7d means seven days whenever. */
static int expression(struct kr_rest_call *c, struct kr_str text, struct kr_fault *f)
{
	const struct kr_expr_opts opts = {.now = c->now,
					  .depth_max = c->rest->o.limits.expression_depth,
					  .nodes_max = c->rest->o.limits.expression_nodes};
	struct kr_expr *x;
	int err = kr_expr_parse(text, &opts, c->a, &x, f);

	if (err) {
		c->status = 422;
		c->pointer = KR_STR("/expression");
	}
	return err;
}

static int wrong(struct kr_rest_call *c, const char *pointer, int err)
{
	if (err == -KR_EINVAL) {
		c->status = 422;
		c->pointer = kr_str_c(pointer);
	}
	return err;
}

int kr_rest__suppression_add(struct kr_rest_call *c, struct kr_fault *f)
{
	const struct kr_rest_value *who = kr_rest__member(c, "constituent"),
				   *expires = kr_rest__member(c, "expires");
	struct kr_suppression x = {
		.expr = kr_str_trim(kr_rest__member(c, "expression")->text),
		.reason = kr_str_trim(kr_rest__member(c, "reason")->text),
		.expires = expires->set && !expires->null ? expires->i : KR_TIME_NONE,
	};
	const struct kr_by by = kr_rest__by(c);
	struct kr_suppression *rows;
	uint32_t id;
	size_t n;
	int err = expression(c, x.expr, f);

	if (!err && who->set && !who->null)
		err = wrong(c, "/constituent",
			    kr_rest__constituent_id(c, who->text, &x.constituent, f));
	if (!err)
		err = wrong(c, "/expression",
			    kr_store_suppression_put(c->rest->o.store, &by, &x, &id, f));
	if (!err)
		err = read_all(c, &rows, &n, f);
	if (err)
		return err;
	kr_rest__begin(c);
	for (size_t i = 0; i < n; i++)
		if (rows[i].id == id)
			encode(&c->o, &rows[i]);
	kr_rest__location(c, "/suppressions", kr_arena_printf(c->a, "%u", id));
	return 0;
}

int kr_rest__suppression_remove(struct kr_rest_call *c, struct kr_fault *f)
{
	const struct kr_by by = kr_rest__by(c);

	return kr_store_suppression_remove(c->rest->o.store, &by,
					   (uint32_t)kr_rest__param(c, "id")->i, f);
}
