/* SPDX-License-Identifier: Apache-2.0 */
/* So many a minute and no more, for each of any number of keys, in a fixed amount of memory. */
#pragma once

#include "base/base.h"
#include "base/str.h"

struct kr_rate;

struct kr_rate *kr_rate_new(void);
void kr_rate_free(struct kr_rate *r);
KR_AUTO_DEFINE(kr_rate)
/*
 * Take one, if it is allowed now. Any thread.
 *
 * per_minute  evenly spread, but ten seconds' worth may go at once; 0: no limit
 * now_us      of kr_clock_us()
 *
 * Returns 0: taken; else the microseconds after which it would be.
 */
int64_t kr_rate_take(struct kr_rate *r, struct kr_str key, uint64_t per_minute, int64_t now_us);
