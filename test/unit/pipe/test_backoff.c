/* SPDX-License-Identifier: Apache-2.0 */
#include "pipe/backoff.h"

#include "tap.h"

int main(void)
{
	int64_t ceiling = 6 * KR_HOUR;
	bool within = true, grows = true, spread = false;

	for (uint64_t dice = 0; dice < 1000; dice++) {
		uint64_t d = dice * 0x9e3779b97f4a7c15u;
		int64_t regular = kr_backoff_regular(KR_HOUR, d);

		within &= regular >= KR_HOUR - 3 * KR_MINUTE && regular <= KR_HOUR + 3 * KR_MINUTE;
		spread |= regular != KR_HOUR;
	}
	OK(within, "an hour, give or take three minutes");
	OK(spread, "not always the same");
	OK(llabs(kr_backoff_regular(30 * KR_DAY, UINT64_MAX) - 30 * KR_DAY) <= 5 * KR_MINUTE,
	   "never more than five minutes off");
	OK(kr_backoff_regular(1, UINT64_MAX) == 1, "the shortest interval");
	for (uint32_t n = 1; n < 100; n++) {
		int64_t least = INT64_MAX, most = 0, want = KR_MINUTE;

		for (uint32_t i = 1; i < n && want < ceiling; i++)
			want *= 2;
		want = want < ceiling ? want : ceiling;
		for (uint64_t dice = 0; dice < 200; dice++) {
			int64_t us = kr_backoff_failed(KR_HOUR, n, ceiling, 0,
						       dice * 0x9e3779b97f4a7c15u);

			least = us < least ? us : least;
			most = us > most ? us : most;
		}
		grows &= least >= want - want / 4 && most <= want + want / 4;
	}
	OK(grows, "twice as long each time, up to the ceiling, a quarter more or less");
	OK(kr_backoff_failed(KR_HOUR, UINT32_MAX, ceiling, 0, 0) <= ceiling * 5 / 4,
	   "no overflow after many failures");
	OK(kr_backoff_failed(10 * KR_SECOND, 1, ceiling, 0, 12345) <= 12500000,
	   "a short interval is not made longer at once");
	IS(kr_backoff_failed(KR_HOUR, 1, ceiling, 5 * KR_HOUR, 1), 5 * KR_HOUR,
	   "what the other side asks for is kept");
	return tap_end();
}
