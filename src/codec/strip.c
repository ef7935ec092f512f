/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/strip.h"

#include "base/err.h"
#include "codec/jsonread.h"

static int strip_object(struct kr_reading *r, struct kr_json *j, unsigned index,
			kr_strip_member *member, void *ctx, struct kr_json_out *out)
{
	struct kr_json_token t;
	int err;

	kr_json_object(out);
	while (!(err = kr_json_next(j, &t)) && t.type != KR_JSON_OBJECT_END) {
		struct kr_str raw = t.raw;

		if (t.type == KR_JSON_OBJECT || t.type == KR_JSON_ARRAY) {
			err = kr_codec__array_literal(j, &t, &raw);
			if (err)
				return err;
			t.raw = raw;
		}
		err = member(ctx, index, &t, out);
		if (err < 0)
			return err;
		if (err)
			continue;
		kr_json_key(out, t.key);
		kr_json_raw(out, raw);
	}
	if (!err)
		err = member(ctx, index, NULL, out);
	kr_json_object_end(out);
	(void)r;
	return err;
}

int kr_codec__strip(struct kr_reading *r, struct kr_str raw, kr_strip_member *member, void *ctx,
		    struct kr_str *ret)
{
	/* Escapes may be longer than they were, and the callback adds some members. */
	KR_AUTO_BUF b = KR_BUF(raw.n * 6 + 65536);
	struct kr_json_out out = KR_JSON_OUT(&b);
	struct kr_json_token t;
	unsigned index = 0;
	struct kr_json j;
	int err;

	kr_json_init(&j, raw, r->arena, KR_JSON_DEPTH_MAX, 0, NULL);
	err = kr_json_next(&j, &t);
	kr_json_array(&out);
	while (!err && !(err = kr_json_next(&j, &t)) && t.type != KR_JSON_ARRAY_END) {
		if (t.type == KR_JSON_OBJECT)
			err = strip_object(r, &j, index, member, ctx, &out);
		else if (t.type == KR_JSON_ARRAY)
			err = kr_json_skip(&j, &t);
		index++;
	}
	kr_json_array_end(&out);
	if (err)
		return err;
	if (b.err)
		return b.err;
	*ret = kr_arena_dup(r->arena, kr_buf_str(&b));
	return ret->p ? 0 : -KR_ELIMIT;
}
