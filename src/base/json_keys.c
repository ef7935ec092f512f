/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: names lie on a stack, since an inner object is always left before the outer one
 * goes on, and a hash table with linear probing points into the stack. Removing in the reverse
 * order of adding needs no tombstones: the slot of the newest name is just emptied. The hash is
 * keyed with random bytes, so that names cannot be chosen to collide.
 */
#include "base/json_keys.h"

#include "base/err.h"
#include "base/hash.h"

#define SLOTS_FIRST 64

struct name {
	struct kr_str key;
	uint32_t hash, depth;
};

struct kr_base__keys {
	struct kr_arena *arena;
	struct kr_hash_key secret;
	struct name *names;
	uint32_t *slots; /* index in names + 1; 0: empty */
	uint32_t count, slot_count;
};

/* Tables with slot_count slots and names for half of them. */
static bool make_tables(struct kr_base__keys *k, uint32_t slot_count)
{
	struct name *names = kr_arena_calloc(k->arena, slot_count / 2, sizeof(*names));
	uint32_t *slots = kr_arena_calloc(k->arena, slot_count, sizeof(*slots));

	if (!names || !slots)
		return false;
	if (k->count)
		memcpy(names, k->names, k->count * sizeof(*names));
	k->names = names;
	k->slots = slots;
	k->slot_count = slot_count;
	/* Oldest first, or removing in reverse order would not work any more. */
	for (uint32_t i = 0; i < k->count; i++) {
		uint32_t at = names[i].hash & (slot_count - 1);

		while (slots[at])
			at = (at + 1) & (slot_count - 1);
		slots[at] = i + 1;
	}
	return true;
}

struct kr_base__keys *kr_base__keys_new(struct kr_arena *arena)
{
	struct kr_base__keys *k = kr_arena_calloc(arena, 1, sizeof(*k));

	if (!k)
		return NULL;
	k->arena = arena;
	kr_random(&k->secret, sizeof(k->secret));
	return make_tables(k, SLOTS_FIRST) ? k : NULL;
}

int kr_base__keys_add(struct kr_base__keys *k, unsigned depth, struct kr_str key)
{
	uint32_t hash = (uint32_t)kr_keyed_hash(&k->secret, key.p, key.n), at;

	if (k->count == k->slot_count / 2) {
		if (k->slot_count > UINT32_MAX / 2 || !make_tables(k, k->slot_count * 2))
			return -KR_ELIMIT;
	}
	for (at = hash & (k->slot_count - 1); k->slots[at]; at = (at + 1) & (k->slot_count - 1)) {
		const struct name *n = &k->names[k->slots[at] - 1];

		if (n->hash == hash && n->depth == depth && kr_str_eq(n->key, key))
			return 1;
	}
	k->names[k->count] = (struct name){key, hash, depth};
	k->slots[at] = ++k->count;
	return 0;
}

void kr_base__keys_leave(struct kr_base__keys *k, unsigned depth)
{
	while (k->count && k->names[k->count - 1].depth == depth) {
		uint32_t at = k->names[k->count - 1].hash & (k->slot_count - 1);

		while (k->slots[at] != k->count)
			at = (at + 1) & (k->slot_count - 1);
		k->slots[at] = 0;
		k->count--;
	}
}
