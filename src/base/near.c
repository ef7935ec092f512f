/* SPDX-License-Identifier: Apache-2.0 */
#include "base/near.h"

size_t kr_near_distance(struct kr_str a, struct kr_str b)
{
	/* Three rows of the table are enough: two before (for swaps), one before, this one. */
	size_t rows[3][KR_NEAR_MAX + 1];

	if (a.n > KR_NEAR_MAX || b.n > KR_NEAR_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= b.n; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t *now = rows[i % 3];
		const size_t *before = rows[(i + 2) % 3], *two = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			char x = kr_lower(a.p[i - 1]), y = kr_lower(b.p[j - 1]);
			size_t d = before[j - 1] + (x != y);

			d = KR_MIN(d, before[j] + 1);
			d = KR_MIN(d, now[j - 1] + 1);
			if (i > 1 && j > 1 && x == kr_lower(b.p[j - 2]) &&
			    kr_lower(a.p[i - 2]) == y)
				d = KR_MIN(d, two[j - 2] + 1);
			now[j] = d;
		}
	}
	return rows[a.n % 3][b.n];
}

void kr_near_offer(struct kr_near *n, struct kr_str candidate)
{
	size_t d = kr_near_distance(n->word, candidate);
	size_t enough = KR_MAX(n->word.n, candidate.n) / 3;

	if (d < n->distance && d <= KR_MAX(enough, (size_t)1) && d < candidate.n) {
		n->distance = d;
		n->best = candidate;
	}
}
