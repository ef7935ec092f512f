/* SPDX-License-Identifier: Apache-2.0 */
/* When to try again. Pure: the clock and the dice are the caller's. */
#pragma once

#include "base/base.h"
#include "base/time.h"

#define KR_BACKOFF_FIRST                                                                           \
	KR_MINUTE /* after the first failure, or the interval if that is shorter                   \
		   */

/*
 * After a success: the interval, give or take a twentieth of it (at most five minutes), so that
 * nodes that were started together do not ask together.
 *
 * interval_us  more than 0
 * dice         any number
 */
int64_t kr_backoff_regular(int64_t interval_us, uint64_t dice);
/*
 * After failures in a row: KR_BACKOFF_FIRST, twice as long after each further one, up to
 * ceiling_us, then up to a quarter more or less; never less than least_us.
 *
 * failures  at least 1
 * least_us  what the other side asked for (Retry-After); 0: nothing
 */
int64_t kr_backoff_failed(int64_t interval_us, uint32_t failures, int64_t ceiling_us,
			  int64_t least_us, uint64_t dice);
