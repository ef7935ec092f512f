/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/members.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "codec/jsonread.h"
#include "codec/parts.h"

/* Length, ends and middle tell the names of one format apart well enough. */
static unsigned slot_of(struct kr_str key, bool fold)
{
	unsigned char a, b, c;

	if (!key.n)
		return 0;
	a = (unsigned char)key.p[0];
	b = (unsigned char)key.p[key.n - 1];
	c = (unsigned char)key.p[key.n / 2];
	if (fold) {
		a |= 0x20;
		b |= 0x20;
		c |= 0x20;
	}
	return (unsigned)((key.n * 31 + a * 7u + b * 131u + c * 17u) & (KR_MEMBER_SLOTS - 1));
}

void kr_codec__member_index(struct kr_member_index *x, const struct kr_member *members, size_t n,
			    bool fold)
{
	assert(n <= KR_MEMBER_SLOTS / 2);
	memset(x, 0, sizeof(*x));
	x->members = members;
	x->fold = fold;
	for (size_t i = 0; i < n; i++) {
		unsigned slot = slot_of(members[i].key, fold);

		while (x->slots[slot])
			slot = (slot + 1) & (KR_MEMBER_SLOTS - 1);
		x->slots[slot] = (uint8_t)(i + 1);
	}
}

const struct kr_member *kr_codec__member_find(const struct kr_member_index *x, struct kr_str key)
{
	unsigned slot = slot_of(key, x->fold);

	for (; x->slots[slot]; slot = (slot + 1) & (KR_MEMBER_SLOTS - 1)) {
		const struct kr_member *m = &x->members[x->slots[slot] - 1];

		if (x->fold ? kr_str_ieq(m->key, key) : kr_str_eq(m->key, key))
			return m;
	}
	return NULL;
}

/* prefix and name in one; dot: what is nested in it comes behind. */
static struct kr_str join(struct kr_arena *arena, struct kr_str prefix, struct kr_str name,
			  bool dot)
{
	size_t n = prefix.n + name.n + dot;
	char *to = kr_arena_bytes(arena, n);

	if (!to)
		return KR_STR_NULL;
	memcpy(to, prefix.p, prefix.n);
	if (name.n)
		memcpy(to + prefix.n, name.p, name.n);
	if (dot)
		to[n - 1] = '.';
	return kr_str_n(to, n);
}

static int keep_pair(void *ctx, struct kr_str key, struct kr_str value, bool literal)
{
	struct kr_reading *r = ctx;

	if (!literal && kr_field_is_nothing(value))
		return 0;
	return kr_event_add_extra(r->e, r->arena, key, value, literal);
}

int kr_codec__keep_under(struct kr_reading *r, struct kr_str prefix, struct kr_json_token *t)
{
	struct kr_str key, value = t->text;
	bool object = t->type == KR_JSON_OBJECT;
	int err;

	if (t->type == KR_JSON_NULL)
		return 0;
	key = join(r->arena, prefix, t->key, object);
	if (!key.p)
		return -KR_ELIMIT;
	if (object)
		return kr_codec__pairs(r->j, key, keep_pair, r);
	if (t->type == KR_JSON_ARRAY) {
		err = kr_codec__array_literal(r->j, t, &value);
		if (err)
			return err;
	}
	return keep_pair(r, key, value, t->type != KR_JSON_STRING);
}

int kr_codec__keep(struct kr_reading *r, struct kr_json_token *t)
{
	return kr_codec__keep_under(r, r->ns, t);
}

int kr_codec__set_text(struct kr_reading *r, enum kr_field f, struct kr_str text)
{
	int err = kr_event_set(r->e, r->arena, f, text);

	r->warnings += err > 0;
	return KR_MIN(err, 0);
}

int kr_codec__set(struct kr_reading *r, enum kr_field f, struct kr_json_token *t)
{
	if (t->type == KR_JSON_NULL)
		return 0;
	if (t->type == KR_JSON_OBJECT || t->type == KR_JSON_ARRAY) {
		r->warnings++;
		return kr_codec__keep(r, t);
	}
	return kr_codec__set_text(r, f, t->text);
}

int kr_codec__count(struct kr_reading *r, struct kr_json_token *t)
{
	int64_t n;

	if (kr_json_i64(t, &n) == 0 && n > 0) {
		r->e->count = (uint64_t)n;
		return 0;
	}
	r->warnings += t->type != KR_JSON_NULL;
	return kr_codec__keep(r, t);
}

int kr_codec__keep_text(struct kr_reading *r, const char *name, struct kr_str text)
{
	return kr_field_is_nothing(text)
		       ? 0
		       : kr_event_add_extra(r->e, r->arena, kr_str_c(name), text, false);
}

int kr_codec__wrong(struct kr_reading *r, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return kr_fault_set(r->why, -KR_EINVAL, "%s", text);
}

int kr_codec__parts_add(struct kr_parts *p, struct kr_reading *r)
{
	if (p->n >= KR_PARTS_MAX)
		return kr_codec__wrong(r, "more than %u addresses in one record", KR_PARTS_MAX);
	p->out->warnings += r->warnings;
	r->warnings = 0;
	kr_codec__set_place(r->e, p->at, p->n++);
	kr_batch_add(p->out, r->e);
	return 0;
}
