/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries: what was sent, is waiting, or failed. */
#include "api/rest/encode.h"
#include "api/rest/handlers.h"
#include "store/outbox.h"

static void encode(struct kr_json_out *o, const struct kr_delivery *d)
{
	kr_json_object(o);
	kr_rest__kuint(o, "id", d->id);
	kr_rest__kuint(o, "recipient", d->recipient);
	kr_json_kstr(o, "constituent", d->constituent);
	kr_json_kstr(o, "sink", d->sink);
	kr_rest__knull(o, "address", d->address);
	kr_json_kstr(o, "state", kr_str_c(kr_delivery_state_text(d->state)));
	kr_rest__knull(o, "reason", d->reason);
	kr_rest__ktime(o, "created", d->created);
	kr_rest__ktime(o, "due", d->due);
	kr_rest__ktime(o, "sent", d->sent);
	kr_rest__ktime(o, "bounced", d->bounced);
	kr_rest__kuint(o, "attempts", d->attempts);
	kr_rest__kuint(o, "rows", d->rows);
	kr_rest__kuint(o, "size", d->size);
	kr_rest__knull(o, "tlp", kr_str_c(kr_tlp_text(d->tlp)));
	kr_rest__knull(o, "subject", d->subject);
	kr_rest__knull(o, "message_id", d->message_id);
	kr_json_object_end(o);
}

static int query(struct kr_rest_call *c, struct kr_delivery_query *q, struct kr_fault *f)
{
	const struct kr_rest_value *state = kr_rest__param(c, "state");
	int err = kr_rest__cursor_number(c, &q->before, f);

	q->recipient = (uint32_t)kr_rest__param(c, "recipient")->i;
	if (!err)
		err = kr_rest__constituent_param(c, &q->constituent, f);
	if (!err && state->set)
		err = kr_delivery_state_parse(state->text, &q->state);
	return err;
}

int kr_rest__delivery_list(struct kr_rest_call *c, struct kr_fault *f)
{
	uint32_t limit = (uint32_t)kr_rest__param(c, "limit")->i;
	struct kr_delivery_query q = {.limit = limit + 1};
	struct kr_str cursor = KR_STR("");
	struct kr_delivery *rows;
	size_t n;
	int err = query(c, &q, f);

	if (!err)
		err = kr_store_delivery_list(c->rest->o.store, &c->scope, &q, c->a, &rows, &n, f);
	if (err)
		return err;
	if (n > limit) {
		n = limit;
		cursor = kr_arena_printf(c->a, "%llu", (unsigned long long)rows[n - 1].id);
	}
	kr_rest__begin(c);
	kr_json_object(&c->o);
	kr_json_key(&c->o, KR_STR("deliveries"));
	kr_json_array(&c->o);
	for (size_t i = 0; i < n; i++)
		encode(&c->o, &rows[i]);
	kr_json_array_end(&c->o);
	kr_rest__cursor(c, cursor);
	kr_json_object_end(&c->o);
	return 0;
}

int kr_rest__delivery_get(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_delivery row;
	int err = kr_store_delivery_get(c->rest->o.store, &c->scope,
					(uint64_t)kr_rest__param(c, "id")->i, c->a, &row, f);

	if (err)
		return err;
	kr_rest__begin(c);
	encode(&c->o, &row);
	return 0;
}

static int decide(struct kr_rest_call *c, enum kr_delivery_state to, struct kr_fault *f)
{
	uint64_t id = (uint64_t)kr_rest__param(c, "id")->i;
	const struct kr_rest_value *reason = kr_rest__member(c, "reason");
	const struct kr_by by = kr_rest__by(c);
	struct kr_delivery row;
	/* Only what the viewer sees can be decided about. */
	int err = kr_store_delivery_get(c->rest->o.store, &c->scope, id, c->a, &row, f);

	if (err)
		return err;
	err = kr_store_delivery_decide(c->rest->o.store, &by, id, to,
				       reason->set ? reason->text : KR_STR(""), f);
	if (err == -KR_EINVAL)
		c->status = 409;
	return err ? err : kr_rest__delivery_get(c, f);
}

int kr_rest__delivery_retry(struct kr_rest_call *c, struct kr_fault *f)
{
	return decide(c, KR_DELIVERY_QUEUED, f);
}

int kr_rest__delivery_drop(struct kr_rest_call *c, struct kr_fault *f)
{
	return decide(c, KR_DELIVERY_DROPPED, f);
}
