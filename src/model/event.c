/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event is one block of its arena: the struct, then its first values. A field's slot holds the
 * index of its value plus one, so an event costs memory for the fields it has, and reading a field
 * costs two loads. When the values are full they move to a list of twice the size; the old one
 * stays in the arena until the batch is emptied.
 *
 * Extra pairs are a list in the order of the input. A key may come twice, so each new key must be
 * looked up; a filter of 256 bits says for nearly all keys at once that they are new.
 */
#include "model/event.h"

#include "base/err.h"

#define VALUES_FIRST 24

struct block {
	struct kr_event event;
	union kr_value values[VALUES_FIRST];
};

struct kr_event *kr_event_new(struct kr_arena *arena)
{
	struct block *b = kr_arena_alloc(arena, sizeof(*b));
	struct kr_event *e;

	if (!b)
		return NULL;
	e = &b->event;
	memset(e, 0, sizeof(*e));
	e->size = VALUES_FIRST;
	e->value = b->values;
	e->extra_end = &e->extra;
	e->first = e->last = KR_TIME_NONE;
	e->count = 1;
	return e;
}

static int grow(struct kr_event *e, struct kr_arena *arena)
{
	size_t size = KR_MIN((size_t)e->size * 2, (size_t)KR_EVENT_VALUES_MAX);
	union kr_value *v;

	if (e->n >= KR_EVENT_VALUES_MAX)
		return -KR_ELIMIT;
	v = kr_arena_alloc(arena, size * sizeof(*v));
	if (!v)
		return -KR_ELIMIT;
	memcpy(v, e->value, e->n * sizeof(*v));
	e->value = v;
	e->size = (uint8_t)size;
	return 0;
}

struct kr_event *kr_event_clone(const struct kr_event *from, struct kr_arena *arena)
{
	struct kr_event *e = kr_event_new(arena);
	union kr_value *values;

	if (!e)
		return NULL;
	values = e->value;
	if (from->n > VALUES_FIRST) {
		values = kr_arena_alloc(arena, from->size * sizeof(*values));
		if (!values)
			return NULL;
	}
	*e = *from;
	e->value = values;
	e->size = from->n > VALUES_FIRST ? from->size : VALUES_FIRST;
	memcpy(values, from->value, from->n * sizeof(*values));
	e->owners = NULL;
	e->n_owners = 0;
	e->extra = NULL;
	e->extra_end = &e->extra;
	for (const struct kr_extra *x = from->extra; x; x = x->next) {
		struct kr_extra *copy = kr_arena_alloc(arena, sizeof(*copy));

		if (!copy)
			return NULL;
		*copy = *x;
		copy->next = NULL;
		*e->extra_end = copy;
		e->extra_end = &copy->next;
	}
	return e;
}

int kr_event_put(struct kr_event *e, struct kr_arena *arena, enum kr_field f, union kr_value v)
{
	assert(f > KR_F_NONE && f < KR_FIELD_MAX);
	if (!e->slot[f]) {
		if (KR_UNLIKELY(e->n >= e->size)) {
			int err = grow(e, arena);

			if (err < 0)
				return err;
		}
		e->slot[f] = ++e->n;
	}
	e->value[e->slot[f] - 1] = v;
	return 0;
}

void kr_event_unset(struct kr_event *e, enum kr_field f)
{
	uint8_t hole = e->slot[f];

	if (!hole)
		return;
	/* The last value moves into the hole. */
	for (unsigned i = 0; i < KR_FIELD_MAX && hole != e->n; i++) {
		if (e->slot[i] == e->n) {
			e->value[hole - 1] = e->value[e->n - 1];
			e->slot[i] = hole;
			break;
		}
	}
	e->slot[f] = 0;
	e->n--;
}

int kr_event_set(struct kr_event *e, struct kr_arena *arena, enum kr_field f, struct kr_str text)
{
	union kr_value v;
	int err;

	if (kr_field_is_nothing(text))
		return 0;
	if (KR_LIKELY(kr_field_parse(f, text, arena, &v, NULL) == 0))
		return kr_event_put(e, arena, f, v);
	/* A value over the limit of its field is as invalid as any other; only a full arena ends
	 * it. */
	if (kr_arena_full(arena))
		return -KR_ELIMIT;
	err = kr_event_add_extra(e, arena, kr_field_info(f)->name_str, text, false);
	return err < 0 ? err : 1;
}

/* Which bit of the filter a key has: of its length and both ends. */
static unsigned filter_bit(struct kr_str key)
{
	uint64_t head = 0, tail = 0;

	if (key.n) {
		size_t n = KR_MIN(key.n, sizeof(head));

		memcpy(&head, key.p, n);
		memcpy(&tail, key.p + key.n - n, n);
	}
	return (unsigned)(((head * 31 + tail + key.n) * 0x9e3779b97f4a7c15u) >> 56);
}

static struct kr_extra *find_extra(const struct kr_event *e, struct kr_str key)
{
	for (struct kr_extra *x = e->extra; x; x = x->next)
		if (kr_str_eq(x->key, key))
			return x;
	return NULL;
}

int kr_event_add_extra(struct kr_event *e, struct kr_arena *arena, struct kr_str key,
		       struct kr_str value, bool literal)
{
	unsigned bit = filter_bit(key);
	uint64_t mask = (uint64_t)1 << (bit & 63);
	struct kr_extra *x = NULL;

	if (value.n == 0)
		return 0;
	if (KR_UNLIKELY(e->extra_filter[bit >> 6] & mask))
		x = find_extra(e, key);
	if (!x) {
		if (e->n_extra >= KR_EVENT_EXTRA_MAX)
			return -KR_ELIMIT;
		x = kr_arena_alloc(arena, sizeof(*x));
		if (!x)
			return -KR_ELIMIT;
		x->next = NULL;
		x->key = key;
		*e->extra_end = x;
		e->extra_end = &x->next;
		e->n_extra++;
		e->extra_filter[bit >> 6] |= mask;
	}
	x->value = value;
	x->literal = literal;
	return 0;
}

const struct kr_extra *kr_event_extra(const struct kr_event *e, struct kr_str key)
{
	return find_extra(e, key);
}
