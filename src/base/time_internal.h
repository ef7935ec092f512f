/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by time.c and time_format.c: readers that eat from the left of *s, true on success. */
#pragma once

#include "base/time.h"

bool kr_base__date_valid(int year, int month, int day);
/* Store t when years 1 to 9999 hold it: 0 or -KR_EINVAL. */
int kr_base__time_in_range(kr_time t, kr_time *ret);
/* Exactly count digits. */
bool kr_base__digits(struct kr_str *s, size_t count, int *ret);
/* All digits that follow, at least one, as a fraction of a second; beyond microseconds is cut. */
bool kr_base__fraction(struct kr_str *s, int64_t *ret_us);
/* "Z", "UTC", "GMT" in any case, or an offset "+01:00", "+0100", "+01". */
bool kr_base__zone(struct kr_str *s, int64_t *ret_us);
