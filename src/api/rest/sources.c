/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: lists, adding, changing, hiding. */
#include "api/rest/encode.h"
#include "api/rest/handlers.h"
#include "desk/source.h"
#include "store/intake.h"
#include "store/write.h"

int kr_rest__source_list(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_source *rows;
	size_t n;
	int err = kr_store_source_list(c->rest->o.store, &c->scope, c->a, &rows, &n, f);

	if (err)
		return err;
	kr_rest__begin(c);
	kr_json_object(&c->o);
	kr_json_key(&c->o, KR_STR("sources"));
	kr_json_array(&c->o);
	for (size_t i = 0; i < n; i++)
		kr_rest__source(&c->o, &rows[i]);
	kr_json_array_end(&c->o);
	kr_json_object_end(&c->o);
	return 0;
}

static void answer(struct kr_rest_call *c, const struct kr_source *row)
{
	kr_rest__begin(c);
	kr_rest__source(&c->o, row);
	kr_buf_ch(&c->reply->body, '\n');
	c->reply->etag = kr_rest__etag(c, kr_buf_str(&c->reply->body));
	c->reply->type = KR_REST_JSON;
}

/* The source that the path names; a removed one is none. */
static int get(struct kr_rest_call *c, struct kr_source *ret, struct kr_fault *f)
{
	struct kr_str name = kr_rest__param(c, "name")->text;
	int err = kr_store_source_get(c->rest->o.store, name, c->a, ret, f);

	if (!err && ret->removed)
		err = kr_fault_set(f, -KR_ENOENT, "the source is removed");
	return err;
}

int kr_rest__source_get(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_source row;
	int err = get(c, &row, f);

	if (!err)
		answer(c, &row);
	return err;
}

static struct kr_desk_source_change change_of(const struct kr_rest_call *c)
{
	return (struct kr_desk_source_change){
		.format = kr_rest__text(c, "format"),
		.mapping = kr_rest__text(c, "mapping"),
		.provider = kr_rest__text(c, "provider"),
		.url = kr_rest__text(c, "url"),
		.note = kr_rest__text(c, "note"),
		.retention = kr_rest__text(c, "retention"),
		.tlp = kr_rest__text(c, "tlp"),
		.pap = kr_rest__text(c, "pap"),
	};
}

/* A value that the table of members lets through, but the desk does not. */
static int judged(struct kr_rest_call *c, int err)
{
	if (err == -KR_EINVAL)
		c->status = 422;
	return err;
}

int kr_rest__source_add(struct kr_rest_call *c, struct kr_fault *f)
{
	const struct kr_desk_source_change change = change_of(c);
	const struct kr_by by = kr_rest__by(c);
	struct kr_str name = kr_rest__member(c, "name")->text;
	struct kr_source row;
	int err = kr_desk_source_add(c->rest->o.store, &by, name, &change,
				     kr_pipe_limits(c->rest->o.pipe).tlp_default, c->a, &row, f);

	if (err)
		return judged(c, err);
	answer(c, &row);
	kr_rest__location(c, "/sources", row.name);
	return 0;
}

/* Under If-Match: the source as it is, and the revision that a change must find. */
static int matched(struct kr_rest_call *c, struct kr_source *ret, struct kr_fault *f)
{
	KR_AUTO_BUF b = KR_BUF(65536);
	struct kr_json_out o = KR_JSON_OUT(&b);
	int err = get(c, ret, f);

	if (err)
		return err;
	kr_rest__source(&o, ret);
	kr_buf_ch(&b, '\n');
	return kr_rest__match(c, kr_buf_str(&b), f);
}

int kr_rest__source_state(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_json_out *o = &c->o;
	struct kr_source_state st;
	struct kr_source row;
	int err = get(c, &row, f);

	if (!err)
		err = kr_store_source_state(c->rest->o.store, row.id, c->a, &st, f);
	if (err)
		return err;
	kr_rest__begin(c);
	kr_json_object(o);
	kr_rest__ktime(o, "tried", st.tried);
	kr_rest__ktime(o, "ok", st.ok);
	kr_rest__ktime(o, "next", st.next);
	kr_rest__kuint(o, "failures", st.failures);
	kr_rest__knull(o, "error", st.error);
	kr_rest__ktime(o, "silent", st.silent);
	kr_json_object_end(o);
	return 0;
}

/*
 * Where a source that runs fetches from is not changed from outside: a folder would have the node
 * read its own files for a stranger, another address would be sent the secret.
 */
static int address_allowed(struct kr_rest_call *c, const struct kr_source *row,
			   const struct kr_desk_source_change *change, struct kr_fault *f)
{
	if (!change->url.p || !row->kind.n || kr_str_eq(change->url, row->url))
		return 0;
	c->pointer = KR_STR("/url");
	return kr_rest__refuse(c, 422, f, -KR_EINVAL,
			       "the address of a source that runs by itself is not changed here",
			       "on the node: karaula source edit NAME --url URL");
}

int kr_rest__source_edit(struct kr_rest_call *c, struct kr_fault *f)
{
	const struct kr_rest_value *enabled = kr_rest__member(c, "enabled");
	struct kr_desk_source_change change = change_of(c);
	const struct kr_by by = kr_rest__by(c);
	struct kr_source row;
	int err = matched(c, &row, f);

	if (!err)
		err = address_allowed(c, &row, &change, f);
	if (err)
		return err;
	change.revision = row.revision;
	change.interval = kr_rest__text(c, "interval");
	change.silent_after = kr_rest__text(c, "silent_after");
	if (enabled->set)
		change.enabled = enabled->b ? KR_STR("yes") : KR_STR("no");
	err = kr_desk_source_edit(c->rest->o.store, &by, row.name, &change,
				  kr_pipe_limits(c->rest->o.pipe).tlp_default, c->a, &row, f);
	if (err)
		return judged(c, kr_rest__raced(c, err));
	answer(c, &row);
	return 0;
}

int kr_rest__source_remove(struct kr_rest_call *c, struct kr_fault *f)
{
	const struct kr_by by = kr_rest__by(c);
	struct kr_source row;
	int err = matched(c, &row, f);

	return err ? err : kr_store_source_remove(c->rest->o.store, &by, row.name, f);
}
