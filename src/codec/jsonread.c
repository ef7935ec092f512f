/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/jsonread.h"

#define EXTRA_DEPTH_MAX 16

/* prefix and key in one; dot: with a dot behind, as the prefix of what is nested there. */
static struct kr_str join(struct kr_arena *arena, struct kr_str prefix, struct kr_str key, bool dot)
{
	char *to;

	if (!prefix.n && !dot)
		return key;
	to = kr_arena_bytes(arena, prefix.n + key.n + dot);
	if (!to)
		return KR_STR_NULL;
	if (prefix.n)
		memcpy(to, prefix.p, prefix.n);
	if (key.n)
		memcpy(to + prefix.n, key.p, key.n);
	if (dot)
		to[prefix.n + key.n] = '.';
	return kr_str_n(to, prefix.n + key.n + dot);
}

/* JSON without the blanks between its tokens: a literal must fit on a line. */
static struct kr_str compact(struct kr_arena *arena, struct kr_str raw)
{
	bool in_string = false, any = false;
	size_t n = 0;
	char *to;

	for (size_t i = 0; i < raw.n && !any; i++)
		any = kr_is_blank(raw.p[i]);
	if (!any)
		return raw;
	to = kr_arena_bytes(arena, raw.n);
	if (!to)
		return KR_STR_NULL;
	for (size_t i = 0; i < raw.n; i++) {
		if (in_string && raw.p[i] == '\\') {
			to[n++] = raw.p[i++];
		} else if (raw.p[i] == '"') {
			in_string = !in_string;
		} else if (!in_string && kr_is_blank(raw.p[i])) {
			continue;
		}
		to[n++] = raw.p[i];
	}
	return kr_str_n(to, n);
}

int kr_codec__array_literal(struct kr_json *j, struct kr_json_token *t, struct kr_str *ret)
{
	int err = kr_json_skip(j, t);

	if (err)
		return err;
	*ret = compact(j->arena, t->raw);
	return ret->p ? 0 : -KR_ELIMIT;
}

int kr_codec__pairs(struct kr_json *j, struct kr_str prefix, kr_json_pair *pair, void *ctx)
{
	struct kr_json_token t;
	int err;

	while (!(err = kr_json_next(j, &t)) && t.type != KR_JSON_OBJECT_END) {
		struct kr_str key, value = t.text;

		if (t.type == KR_JSON_NULL)
			continue;
		if (t.type == KR_JSON_OBJECT) {
			key = join(j->arena, prefix, t.key, true);
			err = key.p ? kr_codec__pairs(j, key, pair, ctx) : -KR_ELIMIT;
			if (err)
				return err;
			continue;
		}
		if (t.type == KR_JSON_ARRAY) {
			err = kr_codec__array_literal(j, &t, &value);
			if (err)
				return err;
		}
		key = join(j->arena, prefix, t.key, false);
		if (!key.p)
			return -KR_ELIMIT;
		err = pair(ctx, key, value, t.type != KR_JSON_STRING);
		if (err)
			return err;
	}
	return err;
}

struct target {
	struct kr_event *e;
	struct kr_arena *arena;
};

static int add_pair(void *ctx, struct kr_str key, struct kr_str value, bool literal)
{
	struct target *t = ctx;

	if (!literal && kr_field_is_nothing(value))
		return 0;
	return kr_event_add_extra(t->e, t->arena, key, value, literal);
}

int kr_codec__extra_object(struct kr_event *e, struct kr_arena *arena, struct kr_str text)
{
	struct target target = {.e = e, .arena = arena};
	struct kr_json_token t;
	struct kr_json j;
	int err = kr_json_check(text, EXTRA_DEPTH_MAX, NULL);

	if (err)
		return err;
	kr_json_init(&j, text, arena, EXTRA_DEPTH_MAX, 0, NULL);
	err = kr_json_next(&j, &t);
	if (!err && t.type != KR_JSON_OBJECT)
		return -KR_EINVAL;
	return err ? err : kr_codec__pairs(&j, KR_STR(""), add_pair, &target);
}
