/* SPDX-License-Identifier: Apache-2.0 */
/* Recipients: who is told, when, and in which form. */
#include "desk/recipient.h"

#include <stdio.h>

#include "api/rest/encode.h"
#include "api/rest/handlers.h"

static void quiet(struct kr_json_out *o, const struct kr_recipient *r)
{
	char text[24] = "";

	if (r->quiet_from >= 0 && r->quiet_to >= 0)
		snprintf(text, sizeof(text), "%02d:%02d-%02d:%02d", r->quiet_from / 60 % 24,
			 r->quiet_from % 60, r->quiet_to / 60 % 24, r->quiet_to % 60);
	kr_rest__knull(o, "quiet", kr_str_c(text));
}

static void encode(struct kr_json_out *o, const struct kr_recipient *r)
{
	kr_json_object(o);
	kr_rest__kuint(o, "id", r->id);
	kr_json_kstr(o, "constituent", r->constituent_name);
	kr_json_kstr(o, "sink", r->sink);
	kr_rest__knull(o, "address", r->address);
	kr_rest__knull(o, "language", r->language);
	kr_rest__knull(o, "zone", r->zone);
	kr_rest__knull(o, "classes", r->classes);
	kr_rest__knull(o, "format", r->format);
	kr_rest__knull(o, "secret", r->secret);
	kr_rest__kuint(o, "hour", r->hour);
	quiet(o, r);
	kr_rest__ktime(o, "muted_until", r->muted_until);
	kr_rest__kuint(o, "repeat_days", r->repeat_days);
	kr_json_kint(o, "health", r->health);
	kr_rest__ktime(o, "bounced", r->bounced);
	kr_json_kbool(o, "enabled", r->enabled);
	kr_json_kbool(o, "of_register", r->of_register);
	kr_rest__ktime(o, "created", r->created);
	kr_rest__ktime(o, "changed", r->changed);
	kr_rest__kuint(o, "revision", r->revision);
	kr_json_object_end(o);
}

int kr_rest__recipient_list(struct kr_rest_call *c, struct kr_fault *f)
{
	uint32_t limit = (uint32_t)kr_rest__param(c, "limit")->i;
	struct kr_recipient_query q = {.limit = limit + 1};
	struct kr_str cursor = KR_STR("");
	struct kr_recipient *rows;
	uint64_t after = 0;
	size_t n;
	int err = kr_rest__cursor_number(c, &after, f);

	q.after = (uint32_t)KR_MIN(after, (uint64_t)UINT32_MAX);
	if (!err)
		err = kr_rest__constituent_param(c, &q.constituent, f);
	if (!err)
		err = kr_store_recipient_list(c->rest->o.store, &c->scope, &q, c->a, &rows, &n, f);
	if (err)
		return err;
	if (n > limit) {
		n = limit;
		cursor = kr_arena_printf(c->a, "%u", rows[n - 1].id);
	}
	kr_rest__begin(c);
	kr_json_object(&c->o);
	kr_json_key(&c->o, KR_STR("recipients"));
	kr_json_array(&c->o);
	for (size_t i = 0; i < n; i++)
		encode(&c->o, &rows[i]);
	kr_json_array_end(&c->o);
	kr_rest__cursor(c, cursor);
	kr_json_object_end(&c->o);
	return 0;
}

static int get(struct kr_rest_call *c, struct kr_recipient *ret, struct kr_fault *f)
{
	int err = kr_store_recipient_get(c->rest->o.store, &c->scope,
					 (uint32_t)kr_rest__param(c, "id")->i, c->a, ret, f);

	if (!err && ret->removed)
		err = kr_fault_set(f, -KR_ENOENT, "the recipient was removed");
	return err;
}

static void answer(struct kr_rest_call *c, const struct kr_recipient *row)
{
	kr_rest__begin(c);
	encode(&c->o, row);
	kr_buf_ch(&c->reply->body, '\n');
	c->reply->etag = kr_rest__etag(c, kr_buf_str(&c->reply->body));
}

int kr_rest__recipient_get(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_recipient row;
	int err = get(c, &row, f);

	if (!err)
		answer(c, &row);
	return err;
}

static struct kr_str number(const struct kr_rest_call *c, const char *name)
{
	const struct kr_rest_value *v = kr_rest__member(c, name);

	return v->set ? kr_arena_printf(c->a, "%lld", (long long)v->i) : KR_STR_NULL;
}

static struct kr_desk_recipient_change change_of(const struct kr_rest_call *c)
{
	const struct kr_rest_value *enabled = kr_rest__member(c, "enabled");

	return (struct kr_desk_recipient_change){
		.address = kr_rest__text(c, "address"),
		.language = kr_rest__text(c, "language"),
		.zone = kr_rest__text(c, "zone"),
		.classes = kr_rest__text(c, "classes"),
		.format = kr_rest__text(c, "format"),
		.secret = kr_rest__text(c, "secret"),
		.hour = number(c, "hour"),
		.quiet = kr_rest__text(c, "quiet"),
		.muted = kr_rest__text(c, "muted_until"),
		.repeat = number(c, "repeat_days"),
		.enabled = !enabled->set ? KR_STR_NULL
			   : enabled->b	 ? KR_STR("yes")
					 : KR_STR("no"),
	};
}

static int put(struct kr_rest_call *c, uint32_t id, struct kr_str constituent,
	       const struct kr_desk_recipient_change *change, struct kr_recipient *ret,
	       struct kr_fault *f)
{
	const struct kr_conf *conf = kr_rest__conf(c);
	const struct kr_by by = kr_rest__by(c);
	int err = kr_desk_recipient_put(c->rest->o.store, conf, &by, id, constituent, change, c->a,
					ret, f);

	kr_conf_unref(conf);
	if (err == -KR_EINVAL)
		c->status = 422;
	return err;
}

int kr_rest__recipient_add(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_desk_recipient_change change = change_of(c);
	struct kr_str who = kr_rest__member(c, "constituent")->text;
	struct kr_recipient row;
	int err;

	change.sink = kr_rest__member(c, "sink")->text;
	err = put(c, 0, who, &change, &row, f);
	if (err) {
		if (err == -KR_ENOENT)
			c->status = 422;
		return err;
	}
	answer(c, &row);
	kr_rest__location(c, "/recipients", kr_arena_printf(c->a, "%u", row.id));
	return 0;
}

/* Under If-Match. */
static int matched(struct kr_rest_call *c, struct kr_recipient *ret, struct kr_fault *f)
{
	KR_AUTO_BUF b = KR_BUF(65536);
	struct kr_json_out o = KR_JSON_OUT(&b);
	int err = get(c, ret, f);

	if (err)
		return err;
	encode(&o, ret);
	kr_buf_ch(&b, '\n');
	return kr_rest__match(c, kr_buf_str(&b), f);
}

int kr_rest__recipient_edit(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_desk_recipient_change change = change_of(c);
	struct kr_recipient row;
	int err = matched(c, &row, f);

	if (err)
		return err;
	change.revision = row.revision;
	err = kr_rest__raced(c, put(c, row.id, KR_STR(""), &change, &row, f));
	if (!err)
		answer(c, &row);
	return err;
}

int kr_rest__recipient_remove(struct kr_rest_call *c, struct kr_fault *f)
{
	const struct kr_by by = kr_rest__by(c);
	struct kr_recipient row;
	int err;

	pthread_mutex_lock(&c->rest->edit);
	err = matched(c, &row, f);
	if (!err)
		err = kr_store_recipient_remove(c->rest->o.store, &by, row.id, f);
	pthread_mutex_unlock(&c->rest->edit);
	return err;
}
