/* SPDX-License-Identifier: Apache-2.0 */
/* What owners answer: fixed, false positive, not mine. */
#include "desk/feedback.h"

#include "api/rest/encode.h"
#include "api/rest/handlers.h"

/* The event as this viewer may name it; the row holds its plain id. */
static void event_name(struct kr_rest_call *c, struct kr_json_out *o, const struct kr_feedback *x)
{
	char text[KR_EVENT_ID_TEXT_MAX] = "";
	struct kr_event_id id;

	if (!kr_event_id_parse(x->event, &id))
		kr_store_event_id_text(c->rest->o.store, &c->scope, &id, text);
	kr_rest__knull(o, "event", kr_str_c(text));
}

static void encode(struct kr_rest_call *c, const struct kr_feedback *x)
{
	struct kr_json_out *o = &c->o;

	kr_json_object(o);
	kr_rest__kuint(o, "id", x->id);
	event_name(c, o, x);
	kr_json_kstr(o, "constituent", x->constituent_name);
	kr_json_kstr(o, "verdict", kr_str_c(kr_verdict_text(x->verdict)));
	kr_rest__knull(o, "note", x->note);
	if (kr_scope_is_staff(&c->scope))
		kr_json_kstr(o, "by", x->by);
	kr_rest__ktime(o, "at", x->at);
	kr_rest__ktime(o, "expires", x->expires);
	kr_json_kbool(o, "revoked", x->revoked);
	kr_json_object_end(o);
}

int kr_rest__feedback_list(struct kr_rest_call *c, struct kr_fault *f)
{
	uint32_t limit = (uint32_t)kr_rest__param(c, "limit")->i;
	struct kr_feedback_query q = {.limit = limit + 1};
	struct kr_str cursor = KR_STR("");
	struct kr_feedback *rows;
	size_t n;
	int err = kr_rest__cursor_number(c, &q.before, f);

	if (!err)
		err = kr_rest__constituent_param(c, &q.constituent, f);
	if (!err)
		err = kr_store_feedback_list(c->rest->o.store, &c->scope, &q, c->a, &rows, &n, f);
	if (err)
		return err;
	if (n > limit) {
		n = limit;
		cursor = kr_arena_printf(c->a, "%llu", (unsigned long long)rows[n - 1].id);
	}
	kr_rest__begin(c);
	kr_json_object(&c->o);
	kr_json_key(&c->o, KR_STR("feedback"));
	kr_json_array(&c->o);
	for (size_t i = 0; i < n; i++)
		encode(c, &rows[i]);
	kr_json_array_end(&c->o);
	kr_rest__cursor(c, cursor);
	kr_json_object_end(&c->o);
	return 0;
}

/* One answer, if the viewer sees it. */
static int get(struct kr_rest_call *c, uint64_t id, struct kr_feedback *ret, struct kr_fault *f)
{
	const struct kr_feedback_query q = {.before = id + 1, .limit = 1};
	struct kr_feedback *rows;
	size_t n;
	int err = kr_store_feedback_list(c->rest->o.store, &c->scope, &q, c->a, &rows, &n, f);

	if (!err && (!n || rows[0].id != id))
		err = kr_fault_set(f, -KR_ENOENT, "there is no such answer");
	if (!err)
		*ret = rows[0];
	return err;
}

static int wrong(struct kr_rest_call *c, const char *pointer, const char *message,
		 const char *remedy, struct kr_fault *f)
{
	c->pointer = kr_str_c(pointer);
	return kr_rest__refuse(c, 422, f, -KR_EINVAL, message, remedy);
}

/* Who answers: the viewer's own constituent, the one that is named, or the only owner. */
static int answerer(struct kr_rest_call *c, const struct kr_event_id *id, uint32_t *ret,
		    struct kr_fault *f)
{
	const struct kr_rest_value *who = kr_rest__member(c, "constituent");
	struct kr_stored_event ev;
	int err;

	if (who->set && !who->null) {
		err = kr_rest__constituent_id(c, who->text, ret, f);
		if (err == -KR_EINVAL) {
			c->status = 422;
			c->pointer = KR_STR("/constituent");
		}
		return err;
	}
	*ret = c->scope.constituent;
	if (*ret)
		return 0;
	err = kr_store_event_get(c->rest->o.store, &c->scope, id, c->a, &ev, f);
	if (err)
		return err;
	if (ev.e->n_owners != 1)
		return wrong(c, "/constituent",
			     ev.e->n_owners ? "several constituents own this event"
					    : "no constituent owns this event",
			     "say who answers", f);
	*ret = ev.e->owners[0].constituent;
	return 0;
}

static int add(struct kr_rest_call *c, const struct kr_event_id *id, uint32_t constituent,
	       uint64_t *ret, struct kr_fault *f)
{
	const struct kr_conf *conf = kr_rest__conf(c);
	const struct kr_by by = kr_rest__by(c);
	enum kr_verdict verdict = 0;
	struct kr_str note = kr_rest__text(c, "note");
	int err = kr_verdict_parse(kr_rest__member(c, "verdict")->text, &verdict);

	if (!err)
		err = kr_desk_feedback_add(c->rest->o.store, conf, &by, &c->scope, id, constituent,
					   verdict, note.p ? note : KR_STR(""), KR_TIME_NONE, ret,
					   f);
	kr_conf_unref(conf);
	return err;
}

int kr_rest__feedback_add(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_feedback row;
	struct kr_event_id event;
	uint32_t constituent;
	uint64_t id;
	int err = kr_store_event_id_parse(c->rest->o.store, &c->scope,
					  kr_rest__member(c, "event")->text, &event);

	if (err)
		return wrong(c, "/event", "there is no such event",
			     "take the id from a list of events", f);
	err = answerer(c, &event, &constituent, f);
	if (!err)
		err = add(c, &event, constituent, &id, f);
	if (err == -KR_ENOENT)
		return wrong(c, "/event", "there is no such event",
			     "take the id from a list of events", f);
	if (err == -KR_EDENIED)
		c->status = 422;
	if (!err)
		err = get(c, id, &row, f);
	if (err)
		return err;
	kr_rest__begin(c);
	encode(c, &row);
	kr_rest__location(c, "/feedback", kr_arena_printf(c->a, "%llu", (unsigned long long)id));
	return 0;
}

int kr_rest__feedback_revoke(struct kr_rest_call *c, struct kr_fault *f)
{
	uint64_t id = (uint64_t)kr_rest__param(c, "id")->i;
	const struct kr_by by = kr_rest__by(c);
	struct kr_feedback row;
	int err = id == INT64_MAX ? kr_fault_set(f, -KR_ENOENT, "there is no such answer")
				  : get(c, id, &row, f);

	return err ? err : kr_store_feedback_revoke(c->rest->o.store, &by, id, f);
}
