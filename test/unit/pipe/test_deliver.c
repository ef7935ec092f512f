/* SPDX-License-Identifier: Apache-2.0 */
/* When a failed delivery is tried again. What workers do is tested end to end:
 * test/e2e/test_mail.py */
#include "pipe/deliver.h"

#include "desk/bounce.h"
#include "tap.h"

static int64_t wait_of(uint32_t attempts, int64_t first, uint16_t spread)
{
	return kr_deliver_again(0, attempts, first, spread) / KR_SECOND;
}

int main(void)
{
	static const unsigned gone[3] = {5, 1, 1}, moved[3] = {5, 1, 6}, off[3] = {5, 2, 1},
			      full[3] = {5, 2, 2}, late[3] = {4, 4, 1}, spam[3] = {5, 7, 1},
			      none[3] = {0, 0, 0};
	int64_t least, most;

	IS(wait_of(1, KR_MINUTE, 32768), 60, "the first time after what the setting says");
	IS(wait_of(2, KR_MINUTE, 32768), 120, "then twice as long");
	IS(wait_of(4, KR_MINUTE, 32768), 480, "and so on");
	IS(wait_of(7, KR_MINUTE, 32768), 3600, "up to an hour");
	IS(wait_of(UINT32_MAX, KR_MINUTE, 32768), 3600, "for ever");
	IS(wait_of(1, KR_DAY, 32768), 86400, "or what the setting says, if that is more");
	IS(wait_of(9, KR_DAY, 32768), 86400, "always");
	for (uint32_t n = 1; n < 12; n++) {
		least = wait_of(n, KR_MINUTE, 0);
		most = wait_of(n, KR_MINUTE, UINT16_MAX);
		OK(least * 10 == wait_of(n, KR_MINUTE, 32768) * 8 && most > least &&
			   most <= least * 3 / 2,
		   "attempt %u: between %lld and %lld s", n, (long long)least, (long long)most);
	}

	IS(kr_bounce_health(gone), -40, "no such address");
	IS(kr_bounce_health(moved), -40, "moved");
	IS(kr_bounce_health(off), -40, "mail box off");
	IS(kr_bounce_health(full), -20, "mail box full");
	IS(kr_bounce_health(late), -20, "not delivered in time");
	IS(kr_bounce_health(spam), -10, "they do not like it");
	IS(kr_bounce_health(none), -20, "not said");
	return tap_end();
}
