/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time: microseconds since 1970-01-01T00:00:00Z, UTC, years 1 to 9999. No time zones
 * inside. */
#pragma once

#include "base/base.h"
#include "base/str.h"

typedef int64_t kr_time;

#define KR_TIME_NONE ((kr_time)INT64_MIN)
#define KR_SECOND    ((kr_time)1000000)
#define KR_MINUTE    (60 * KR_SECOND)
#define KR_HOUR	     (60 * KR_MINUTE)
#define KR_DAY	     (24 * KR_HOUR)

/* Room for the longest text kr_time_text() writes, with NUL. */
#define KR_TIME_TEXT_MAX 40

/* The wall clock. Codecs never call it; they get times through their options. */
kr_time kr_time_now(void);
/* A clock that never goes back, for measuring: microseconds from an arbitrary start. */
int64_t kr_clock_us(void);
/* CPU time of this process in microseconds. */
int64_t kr_cpu_us(void);

/*
 * Read ISO 8601 / RFC 3339 and the variants seen in feeds.
 *
 * s  "2026-11-21T14:05:22.123456+01:00", "2026-11-21 14:05:22", "...Z", "... UTC", "...+0100",
 *    "20261121T140522Z", "2026-11-21" (midnight), "2026-11-21T14:05"; no zone is UTC;
 *    fractions beyond microseconds are cut; second 60 is read as 59.999999
 *
 * Returns 0 or -KR_EINVAL (impossible dates included).
 */
KR_MUST_USE int kr_time_parse(struct kr_str s, kr_time *ret);
/*
 * Read by a pattern: %Y %m %d %H %M %S %f (1-9 digits) %z %Z (UTC, GMT, Z) %b %B %y %e %j %I %p %s
 * %T %F %D %%; a blank matches any run of blanks. English month names, independent of the locale.
 * Numbers may have fewer digits than usual, but %Y has four and %y two (69 is 1969, 68 is 2068).
 * Month and day are 1 where the pattern names none; the year is a must. A pattern is wrong or right
 * whatever the text.
 *
 * Returns 0; -KR_EINVAL (text does not match); -KR_ESYNTAX (pattern is wrong).
 */
KR_MUST_USE int kr_time_parse_format(struct kr_str s, const char *format, kr_time *ret);
/*
 * Seconds (below 10^11), milliseconds (below 10^14) or microseconds since 1970 by size, or with a
 * decimal point: seconds. Returns 0 or -KR_EINVAL.
 */
KR_MUST_USE int kr_time_parse_epoch(struct kr_str s, kr_time *ret);

/*
 * "2026-11-21T14:05:22Z", with ".123456" only when there are microseconds. A time outside of the
 * years 1 to 9999 (KR_TIME_NONE too) is written as the nearest one inside. Returns buf.
 */
char *kr_time_text(kr_time t, char buf[KR_TIME_TEXT_MAX]);
/* "2026-11-21T14:05:22+00:00", IDF's spelling, microseconds as above. Returns its length. */
size_t kr_time_text_idf(kr_time t, char buf[KR_TIME_TEXT_MAX]);

/* Days since 1970-01-01, rounded down. */
int32_t kr_time_day(kr_time t);
static inline kr_time kr_day_time(int32_t day)
{
	return (kr_time)day * KR_DAY;
}
/* "2026-11-21". Returns buf. */
char *kr_day_text(int32_t day, char buf[KR_TIME_TEXT_MAX]);
/* "20261121", as in file names. Returns buf. */
char *kr_day_text_compact(int32_t day, char buf[KR_TIME_TEXT_MAX]);
/* "2026-11-21" or "20261121"; 0 or -KR_EINVAL. */
KR_MUST_USE int kr_day_parse(struct kr_str s, int32_t *ret);
/* Days of a proleptic Gregorian date; month 1-12, day 1-31 must be valid. */
int32_t kr_day_of(int year, int month, int day);
void kr_day_date(int32_t day, int *ret_year, int *ret_month, int *ret_day);

/*
 * Read a span: a number and us, ms, s, m (min), h, d, w, or y (365 d); "90s", "1h30m" too. Whole
 * numbers only; a unit is a must but for "0".
 *
 * Returns 0 with microseconds; -KR_EINVAL.
 */
KR_MUST_USE int kr_span_parse(struct kr_str s, int64_t *ret_us);
/*
 * Exact text that kr_span_parse() reads back (if not negative), in the largest unit that divides
 * it: "90s", "2w", "400d". Returns buf.
 */
char *kr_span_text(int64_t us, char buf[KR_TIME_TEXT_MAX]);
