/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/sums.h"

#include <stdlib.h>

static uint64_t text_hash(struct kr_str s)
{
	uint64_t h = 0xcbf29ce484222325u ^ s.n;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
	return h ^ h >> 29;
}

static size_t probe(const struct kr_sums *s, struct kr_str value)
{
	size_t i = (size_t)text_hash(value) & s->mask;

	while (s->used[i] && !kr_str_eq(s->slots[i].value, value))
		i = (i + 1) & s->mask;
	return i;
}

static void grow(struct kr_sums *s)
{
	struct kr_sums bigger = *s;

	bigger.mask = s->mask ? s->mask * 2 + 1 : 255;
	bigger.slots = kr_xcalloc(bigger.mask + 1, sizeof(*bigger.slots));
	bigger.used = kr_xcalloc(bigger.mask + 1, 1);
	for (size_t i = 0; s->mask && i <= s->mask; i++)
		if (s->used[i]) {
			size_t at = probe(&bigger, s->slots[i].value);

			bigger.slots[at] = s->slots[i];
			bigger.used[at] = 1;
		}
	free(s->slots);
	free(s->used);
	*s = bigger;
}

void kr_sums_init(struct kr_sums *s, uint32_t max)
{
	*s = (struct kr_sums){.max = max, .texts = kr_arena_new(0)};
}

void kr_sums_done(struct kr_sums *s)
{
	free(s->slots);
	free(s->used);
	kr_arena_free(s->texts);
}

int kr_sums_add(struct kr_sums *s, struct kr_str value, uint64_t rows, uint64_t events,
		struct kr_fault *reterr)
{
	size_t at;

	if (s->n * 3 >= s->mask * 2)
		grow(s);
	at = probe(s, value);
	if (!s->used[at]) {
		if (s->n == s->max) {
			kr_fault_set(reterr, -KR_ELIMIT, "more than %u different values", s->max);
			kr_fault_remedy(reterr,
					"narrow the expression, or raise limits.groups_max");
			return -KR_ELIMIT;
		}
		s->n++;
		s->used[at] = 1;
		s->slots[at] = (struct kr_group_row){.value = kr_arena_dup(s->texts, value)};
	}
	s->slots[at].rows += rows;
	s->slots[at].events += events;
	return 0;
}

static int most_first(const void *a, const void *b)
{
	const struct kr_group_row *x = a, *y = b;

	if (x->rows != y->rows)
		return x->rows < y->rows ? 1 : -1;
	return kr_str_cmp(x->value, y->value);
}

int kr_sums_list(const struct kr_sums *s, struct kr_arena *a, struct kr_group_row **ret,
		 size_t *ret_n, struct kr_fault *reterr)
{
	struct kr_group_row *list = kr_arena_alloc(a, s->n * sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; list && s->mask && i <= s->mask; i++)
		if (s->used[i]) {
			list[n] = s->slots[i];
			list[n++].value = kr_arena_dup(a, s->slots[i].value);
		}
	if (!list || kr_arena_full(a))
		return kr_fault_set(reterr, -KR_ELIMIT, "too many groups");
	qsort(list, n, sizeof(*list), most_first);
	*ret = list;
	*ret_n = n;
	return 0;
}
