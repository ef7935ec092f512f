/* SPDX-License-Identifier: Apache-2.0 */
/* PUT /register: the whole register as CSV, all or nothing, as `karaula constituent import` does.
 */
#include "desk/register.h"

#include "api/rest/encode.h"
#include "api/rest/handlers.h"
#include "desk/recipient.h"

/* In place for what comes in from now on, and its contacts are recipients. */
static int put_in_place(struct kr_rest_call *c, const struct kr_by *by, struct kr_fault *f)
{
	const struct kr_conf *conf = kr_rest__conf(c);
	struct kr_register_recipients recipients;
	uint32_t bad;
	int err = KR_MIN(kr_pipe_reload(c->rest->o.pipe, f), 0);

	if (!err)
		err = kr_desk_recipient_sync(c->rest->o.store, conf, by, &recipients, &bad, f);
	kr_conf_unref(conf);
	return err;
}

static void answer(struct kr_rest_call *c, const struct kr_register_draft *d,
		   const struct kr_register_change *change)
{
	struct kr_json_out *o = &c->o;

	kr_rest__begin(c);
	kr_json_object(o);
	kr_rest__kuint(o, "constituents", d->n_c);
	kr_rest__kuint(o, "added", change->added);
	kr_rest__kuint(o, "changed", change->changed);
	kr_rest__kuint(o, "retired", change->retired);
	kr_rest__kuint(o, "rules_added", change->rules_added);
	kr_rest__kuint(o, "rules_retired", change->rules_retired);
	kr_json_object_end(o);
}

int kr_rest__register_put(struct kr_rest_call *c, struct kr_fault *f)
{
	/* As many rules as a large body can hold: not bound by the arena of a request. */
	KR_AUTO(kr_arena) *a = kr_arena_new((size_t)1 << 30);
	struct kr_fault faults[KR_REGISTER_FAULTS_MAX];
	const struct kr_by by = kr_rest__by(c);
	struct kr_register_change change;
	struct kr_register *r = NULL;
	struct kr_register_draft d;
	size_t n = 0;
	int err = kr_http_content_type(c->r, KR_REST_CSV, f);

	if (err)
		return err;
	err = kr_register_read(c->r->body, "body", a, &d, faults, &n);
	if (err) {
		if (n)
			*f = faults[0];
		c->status = err == -KR_EINVAL ? 422 : 0;
		return err;
	}
	pthread_mutex_lock(&c->rest->edit);
	err = kr_register_replace(c->rest->o.store, &by, &d, &r, &change, f);
	kr_register_unref(r);
	if (!err)
		err = put_in_place(c, &by, f);
	pthread_mutex_unlock(&c->rest->edit);
	if (!err)
		answer(c, &d, &change);
	return err;
}
