/* SPDX-License-Identifier: Apache-2.0 */
#include "net/rate.h"

#include <stdio.h>

#include "tap.h"

static int64_t take(struct kr_rate *r, const char *key, uint64_t rate, int64_t s)
{
	int64_t wait = kr_rate_wait(r, kr_str_c(key), rate, s * 1000000);

	return wait ? wait : kr_rate_turn(r, kr_str_c(key), rate, s * 1000000);
}

int main(void)
{
	KR_AUTO(kr_rate) *r = kr_rate_new();
	unsigned taken = 0;
	char key[20];

	IS(take(r, "a", 0, 0), 0, "no limit");
	for (int64_t ms = 0; ms < 600000; ms += 10)
		if (!kr_rate_wait(r, KR_STR("a"), 60, ms * 1000))
			taken += kr_rate_turn(r, KR_STR("a"), 60, ms * 1000) == 0;
	OK(taken >= 600 && taken <= 611, "ten minutes of 60 a minute: %u", taken);
	for (int i = 0; i < 10; i++)
		IS(take(r, "b", 60, 1000), 0, "ten seconds' worth may go at once");
	OK(take(r, "b", 60, 1000) > 0, "and no more");
	IS(take(r, "c", 60, 1000), 0, "another key has its own");
	IS(take(r, "d", 1, 1000), 0, "one a minute");
	IS(take(r, "d", 1, 1000), 60 * 1000000, "says how long it will be");
	IS(take(r, "d", 1, 1059), 1000000, "and counts down");
	IS(take(r, "d", 1, 1060), 0, "then it is its turn");
	for (int i = 0; i < 100000; i++) {
		snprintf(key, sizeof(key), "%d.example", i);
		if (kr_rate_turn(r, kr_str_c(key), 1, 2000 * (int64_t)1000000))
			break;
	}
	for (int64_t i = 0; i < 5; i++)
		IS(kr_rate_turn(r, KR_STR("e"), 6, 3000 * (int64_t)1000000), i * 10 * 1000000,
		   "turns are given out for later too");
	IS(take(r, "new", 1, 2000), 0, "any number of keys finds room");
	return tap_end();
}
