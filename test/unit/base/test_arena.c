/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "prop.h"
#include "tap.h"

int main(void)
{
	struct kr_arena *a = kr_arena_new(0);
	struct kr_arena *capped = kr_arena_new(1000);
	struct kr_arena_mark m;
	unsigned runs = prop_begin(2000);
	char *p, *q;
	bool good = true;

	p = kr_arena_alloc(a, 10);
	q = kr_arena_alloc(a, 10);
	OK(((uintptr_t)p & 15) == 0 && ((uintptr_t)q & 15) == 0, "aligned to 16");
	OK(q >= p + 10, "no overlap");
	m = kr_arena_mark(a);
	memset(kr_arena_bytes(a, 5000000), 1, 5000000);
	OK(kr_arena_used(a) > 5000000, "large request");
	kr_arena_rewind(a, m);
	IS(kr_arena_used(a), 20, "rewound");
	OK(kr_arena_bytes(a, 1) != NULL, "used after rewind");
	IS_STR(kr_arena_printf(a, "%d-%s", 7, "x"), KR_STR("7-x"), "printf");
	IS_STR(kr_arena_dup(a, KR_STR("abc")), KR_STR("abc"), "dup");

	OK(kr_arena_alloc(capped, 900) != NULL && !kr_arena_full(capped), "below the cap");
	OK(kr_arena_alloc(capped, 101) == NULL && kr_arena_full(capped), "over the cap");
	OK(kr_arena_calloc(capped, SIZE_MAX, 2) == NULL, "overflow of a product");
	kr_arena_clear(capped);
	OK(!kr_arena_full(capped) && kr_arena_alloc(capped, 1000) != NULL, "cleared");

	/* Random allocations, marks and rewinds never overlap: each block keeps its pattern. */
	kr_arena_clear(a);
	for (unsigned r = 0; r < runs && good; r++) {
		struct {
			unsigned char *p;
			size_t n;
		} block[40];
		unsigned n = 0;
		struct kr_arena_mark start = kr_arena_mark(a);

		while (n < 40) {
			size_t size = prop_chance(3) ? prop_below(200000) : prop_below(300);

			block[n].p = prop_chance(50) ? kr_arena_alloc(a, size)
						     : (void *)kr_arena_bytes(a, size);
			block[n].n = size;
			memset(block[n].p, (int)n, size);
			n++;
		}
		for (unsigned i = 0; i < n; i++)
			for (size_t k = 0; k < block[i].n; k++)
				good &= block[i].p[k] == i;
		if (prop_chance(70))
			kr_arena_rewind(a, start);
		if (prop_chance(10))
			kr_arena_clear(a);
	}
	OK(good, "blocks never overlap");
	{
		size_t n = 0, cap = 0;
		uint64_t *list = NULL;

		kr_arena_clear(a);
		good = true;
		for (; good && n < 1000; n++) {
			list = kr_arena_more(a, list, n, &cap, sizeof(*list));
			good = list && cap > n;
			if (good)
				list[n] = n * 3;
		}
		for (size_t i = 0; good && i < n; i++)
			good = list[i] == i * 3;
		OK(good, "an array grows and keeps its elements");
		cap = n = 2;
		OK(!kr_arena_more(capped, capped, n, &cap, SIZE_MAX), "overflow of an array");
	}
	kr_arena_free(a);
	kr_arena_free(capped);
	kr_arena_free(NULL);
	return tap_end();
}
