/* SPDX-License-Identifier: Apache-2.0 */
#include "pipe/backoff.h"

/* From -width to +width. */
static int64_t jitter(int64_t width, uint64_t dice)
{
	return width > 0 ? (int64_t)(dice % (2 * (uint64_t)width + 1)) - width : 0;
}

int64_t kr_backoff_regular(int64_t interval_us, uint64_t dice)
{
	return interval_us + jitter(KR_MIN(interval_us / 20, 5 * KR_MINUTE), dice);
}

int64_t kr_backoff_failed(int64_t interval_us, uint32_t failures, int64_t ceiling_us,
			  int64_t least_us, uint64_t dice)
{
	int64_t us = KR_MIN(interval_us, KR_BACKOFF_FIRST);

	for (uint32_t i = 1; i < failures && us < ceiling_us; i++)
		us *= 2;
	us = KR_MIN(us, ceiling_us);
	us += jitter(us / 4, dice);
	return KR_MAX(us, least_us);
}
