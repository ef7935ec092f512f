/* SPDX-License-Identifier: Apache-2.0 */
/* The names seen in the objects that are open, for KR_JSON_UNIQUE_KEYS; used by json.c only. */
#pragma once

#include "base/arena.h"

struct kr_base__keys;

/* NULL when the arena is full. */
struct kr_base__keys *kr_base__keys_new(struct kr_arena *arena);
/*
 * Remember a name of the object at this depth; it must stay until the object is left.
 *
 * Returns 0; 1 when the object has it already; -KR_ELIMIT when the arena is full.
 */
int kr_base__keys_add(struct kr_base__keys *k, unsigned depth, struct kr_str key);
/* Forget the names of the object at this depth, the innermost one. */
void kr_base__keys_leave(struct kr_base__keys *k, unsigned depth);
