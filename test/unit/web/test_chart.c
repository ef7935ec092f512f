/* SPDX-License-Identifier: Apache-2.0 */
#include "web/chart.h"

#include "prop.h"
#include "tap.h"

int main(void)
{
	static const struct {
		uint64_t v, top;
	} t[] = {{0, 1},   {1, 1},	{2, 2},	      {7, 8},	    {9, 10},	      {11, 12},
		 {13, 15}, {801, 1000}, {1001, 1200}, {1030, 1200}, {999999, 1000000}};
	unsigned runs = prop_begin(10000), bad = 0;

	for (size_t i = 0; i < KR_ARRAY_LEN(t); i++)
		OK(kr_web__scale(t[i].v) == t[i].top, "%llu is shown on a scale to %llu",
		   (unsigned long long)t[i].v, (unsigned long long)t[i].top);
	for (unsigned i = 0; i < runs; i++) {
		uint64_t v = prop_u64() >> prop_below(64), top = kr_web__scale(v);

		bad += top < v || (v && top - v >= v && v > 1);
	}
	IS(bad, 0, "a scale holds its value, and is not twice it");
	OK(kr_web__scale(UINT64_MAX) == UINT64_MAX, "the largest number");
	return tap_end();
}
