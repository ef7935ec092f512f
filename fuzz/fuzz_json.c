/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader: what it takes, kr_json_check() takes; tokens lie inside; skipping reads like walking;
 * and what is written from the tokens is read again to the same.
 */
#include "base/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEPTH 100

static void need(bool condition)
{
	if (!condition)
		abort();
}

static void check_token(const struct kr_json_token *t, struct kr_str in)
{
	need(t->raw.p >= in.p && t->raw.p + t->raw.n <= in.p + in.n);
	if (t->has_key)
		need(kr_utf8_valid(t->key) == t->key.n);
	if (t->type == KR_JSON_STRING)
		need(kr_utf8_valid(t->text) == t->text.n && t->text.n <= t->raw.n - 2);
}

static void put(struct kr_json_out *o, const struct kr_json_token *t)
{
	if (t->has_key)
		kr_json_key(o, t->key);
	switch (t->type) {
	case KR_JSON_STRING: kr_json_str(o, t->text); break;
	case KR_JSON_OBJECT: kr_json_object(o); break;
	case KR_JSON_ARRAY: kr_json_array(o); break;
	case KR_JSON_OBJECT_END: kr_json_object_end(o); break;
	case KR_JSON_ARRAY_END: kr_json_array_end(o); break;
	case KR_JSON_END: break;
	default: kr_json_raw(o, t->raw);
	}
}

/* Walk and write again. Returns the reader's result. */
static int rewrite(struct kr_str in, struct kr_arena *a, unsigned flags, struct kr_buf *out)
{
	struct kr_json_out o = KR_JSON_OUT(out);
	struct kr_json_token t = {.type = KR_JSON_NULL};
	struct kr_fault f = {0};
	struct kr_json j;
	int r;

	kr_json_init(&j, in, a, DEPTH, flags, &f);
	while (!(r = kr_json_next(&j, &t))) {
		check_token(&t, in);
		put(&o, &t);
		if (t.type == KR_JSON_END)
			break;
	}
	if (r)
		need(f.code == r && f.line && f.column && f.byte <= in.n && f.message[0] &&
		     kr_json_next(&j, &t) == r);
	return r;
}

static void skip_all(struct kr_str in, struct kr_arena *a, int want)
{
	struct kr_json_token t;
	struct kr_json j;
	int r;

	kr_json_init(&j, in, a, DEPTH, 0, NULL);
	r = kr_json_next(&j, &t);
	if (!r)
		r = kr_json_skip(&j, &t);
	if (!r) {
		need(!kr_json_check(t.raw, DEPTH, NULL));
		r = kr_json_next(&j, &t);
	}
	need(r == want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kr_str in = kr_str_n((const char *)data, size);
	KR_AUTO(kr_arena) *a = kr_arena_new((size_t)64 << 20);
	KR_AUTO_BUF once = KR_BUF((size_t)64 << 20);
	KR_AUTO_BUF twice = KR_BUF((size_t)64 << 20);
	int r = rewrite(in, a, 0, &once), unique;

	need(kr_json_check(in, DEPTH, NULL) == r);
	skip_all(in, a, r);
	kr_buf_clear(&twice);
	unique = rewrite(in, a, KR_JSON_UNIQUE_KEYS, &twice);
	need(unique == r || unique == -KR_ESYNTAX);
	if (r)
		return 0;
	kr_buf_clear(&twice);
	need(!rewrite(kr_buf_str(&once), a, 0, &twice) &&
	     kr_str_eq(kr_buf_str(&once), kr_buf_str(&twice)));
	return 0;
}
