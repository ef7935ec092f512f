/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recipient that comes by itself: GET /pull.
 *
 * How this works: what a recipient with the sink `pull` is told is decided and packed like that of
 * any other, and waits as a delivery. An answer holds the events of one delivery and its number as
 * cursor. Asking with a cursor says that everything up to there has arrived: only then it counts as
 * sent, so a client that fails between two requests gets the same again and loses nothing. Whoever
 * looks at another's deliveries (the team) confirms nothing; nor does a session, since a link on a
 * page of somebody else makes a browser ask with its cookie.
 */
#include "api/rest/encode.h"
#include "api/rest/handlers.h"
#include "desk/delivery.h"
#include "desk/recipient.h"
#include "gate/gate.h"
#include "store/outbox.h"

/* The recipient that is asked for: one that pulls, and that the viewer sees. */
static int recipient_find(struct kr_rest_call *c, struct kr_recipient *ret, struct kr_fault *f)
{
	const struct kr_rest_value *asked = kr_rest__param(c, "recipient");
	const struct kr_recipient_query q = {.constituent = c->scope.constituent};
	struct kr_recipient *rows, *found = NULL;
	size_t n;
	int err;

	if (!asked->set && !c->scope.constituent) {
		c->parameter = KR_STR("recipient");
		return kr_rest__refuse(c, 400, f, -KR_EINVAL,
				       "the parameter 'recipient' is missing",
				       "only a constituent's own key needs none");
	}
	err = kr_store_recipient_list(c->rest->o.store, &c->scope, &q, c->a, &rows, &n, f);
	for (size_t i = 0; !err && i < n; i++) {
		if (!kr_str_eqc(rows[i].sink, "pull") ||
		    (asked->set && rows[i].id != (uint32_t)asked->i))
			continue;
		if (found) {
			c->parameter = KR_STR("recipient");
			return kr_rest__refuse(c, 400, f, -KR_EINVAL, "several recipients pull",
					       "name one with the parameter 'recipient'");
		}
		found = &rows[i];
	}
	if (!err && !found) {
		kr_fault_set(f, -KR_ENOENT, "there is no recipient that pulls");
		kr_fault_remedy(f, "ask the team to make one with the sink 'pull'");
		return -KR_ENOENT;
	}
	if (!err)
		*ret = *found;
	return err;
}

/* A key that is told less would fetch, and confirm, what it never saw. */
static int reaches(struct kr_rest_call *c, const struct kr_recipient *to, struct kr_fault *f)
{
	const struct kr_viewer viewer = kr_recipient_viewer(to);

	if (c->scope.tlp_max >= kr_gate_scope(&viewer).tlp_max)
		return 0;
	return kr_rest__refuse(c, 403, f, -KR_EDENIED,
			       "this key is told less than the recipient that pulls",
			       "pull with a key that has the right 'events' and no tighter label");
}

/* Does who asks say that it has arrived? */
static bool confirms(const struct kr_rest_call *c, const struct kr_recipient *to)
{
	return c->viewer.kind == KR_VIEWER_KEY && c->scope.constituent == to->constituent;
}

struct filling {
	struct kr_rest_call *c;
	const struct kr_scope *scope;
	uint64_t n;
};

static bool add_event(void *ctx, struct kr_outbox_row *row, const struct kr_stored_event *ev)
{
	struct filling *p = ctx;
	struct kr_buf *b = &p->c->reply->body;

	(void)row;
	if (!ev) /* gone, or may not be told any more */
		return true;
	if (p->n++)
		kr_buf_ch(b, ',');
	kr_rest__event(p->c->rest, b, p->scope, ev, false);
	return !b->err;
}

static int events(struct kr_rest_call *c, uint64_t delivery, struct kr_fault *f)
{
	const struct kr_conf *conf = kr_rest__conf(c);
	struct kr_desk_mailing m;
	struct filling p = {.c = c};
	int err = kr_desk_mailing_of(c->rest->o.store, conf, &c->scope, delivery, c->a, &m, f);

	kr_conf_unref(conf);
	if (err)
		return err;
	p.scope = &m.scope;
	err = kr_desk_mailing_each(c->rest->o.store, &m, add_event, &p, f);
	if (err >= 0 && c->scope.constituent == m.to.constituent)
		err = kr_desk_mailing_release(c->rest->o.store, &m, f);
	kr_desk_mailing_done(&m);
	return KR_MIN(err, 0);
}

static int answer(struct kr_rest_call *c, const struct kr_delivery *d, uint64_t after,
		  struct kr_fault *f)
{
	uint64_t cursor = d ? d->id : after;
	struct kr_json_out *o = &c->o;
	int err = 0;

	kr_rest__begin(c);
	kr_json_object(o);
	kr_json_key(o, KR_STR("delivery"));
	if (d)
		kr_json_uint(o, d->id);
	else
		kr_json_null(o);
	kr_rest__ktime(o, "at", d ? d->created : KR_TIME_NONE);
	kr_json_key(o, KR_STR("events"));
	kr_json_array(o);
	if (d)
		err = events(c, d->id, f);
	kr_json_array_end(o);
	kr_rest__knull(o, "cursor",
		       cursor ? kr_arena_printf(c->a, "%llu", (unsigned long long)cursor)
			      : KR_STR(""));
	kr_json_object_end(o);
	return err;
}

int kr_rest__pull_get(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_store *s = c->rest->o.store;
	struct kr_recipient to = {0};
	struct kr_delivery d;
	uint64_t after = 0;
	int err = kr_rest__cursor_number(c, &after, f);

	if (!err)
		err = recipient_find(c, &to, f);
	if (!err)
		err = reaches(c, &to, f);
	if (!err && after && confirms(c, &to))
		err = kr_store_delivery_arrived(s, to.id, after, c->now, f);
	if (!err)
		err = kr_store_delivery_next(s, to.id, after, c->a, &d, f);
	return err < 0 ? err : answer(c, err ? NULL : &d, after, f);
}
