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
 * How long until the next one is allowed? Takes nothing. Any thread; so the other function.
 *
 * per_minute  evenly spread, but ten seconds' worth may go at once; 0: no limit
 * now_us      of kr_clock_us()
 *
 * Returns 0: now; else microseconds.
 */
int64_t kr_rate_wait(struct kr_rate *r, struct kr_str key, uint64_t per_minute, int64_t now_us);
/*
 * Take the next free turn, whenever that is; whoever got it may go then without asking again.
 *
 * Returns 0: now; else the microseconds until then.
 */
int64_t kr_rate_turn(struct kr_rate *r, struct kr_str key, uint64_t per_minute, int64_t now_us);
