/* SPDX-License-Identifier: Apache-2.0 */
/* A bar a day, and its twin as a table. */
#pragma once

#include "web/page.h"

struct kr_web_day {
	int32_t day;
	uint64_t rows, events;
};

/*
 * Counters by day, every day of the span in it: days without a counter are zero.
 *
 * q  by_day is set here
 */
KR_MUST_USE int kr_web__days(struct kr_page *p, struct kr_counter_query *q, struct kr_web_day **ret,
			     size_t *ret_n);
/* Chart and table; title says what is counted. Days in their order; the last is today and not over.
 */
void kr_web__chart(struct kr_page *p, const char *title, const struct kr_web_day *days, size_t n);
/* The top of the scale: a round number that is not below v, and less than twice it. */
uint64_t kr_web__scale(uint64_t v);
