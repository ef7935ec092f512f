/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include <time.h>

#include "base/err.h"
#include "prop.h"
#include "tap.h"

static void reads(const char *text, const char *want)
{
	char buf[KR_TIME_TEXT_MAX], what[100];
	kr_time t = 42;
	int r = kr_time_parse(kr_str_c(text), &t);

	snprintf(what, sizeof(what), "read \"%s\"", text);
	IS_CSTR(r ? "refused" : kr_time_text(t, buf), want, what);
	if (r)
		IS(t, 42, "the output is untouched");
}

static void reads_as(const char *format, const char *text, const char *want)
{
	char buf[KR_TIME_TEXT_MAX], what[120];
	kr_time t = 42;
	int r = kr_time_parse_format(kr_str_c(text), format, &t);

	snprintf(what, sizeof(what), "read \"%s\" by \"%s\"", text, format);
	IS_CSTR(r == -KR_ESYNTAX ? "wrong pattern"
		: r		 ? "no match"
				 : kr_time_text(t, buf),
		want, what);
}

static void epoch(const char *text, const char *want)
{
	char buf[KR_TIME_TEXT_MAX], what[100];
	kr_time t = 42;
	int r = kr_time_parse_epoch(kr_str_c(text), &t);

	snprintf(what, sizeof(what), "epoch \"%s\"", text);
	IS_CSTR(r ? "refused" : kr_time_text(t, buf), want, what);
}

static void span(const char *text, int64_t want, const char *back)
{
	char buf[KR_TIME_TEXT_MAX], what[100];
	int64_t us = -42;
	int r = kr_span_parse(kr_str_c(text), &us);

	snprintf(what, sizeof(what), "span \"%s\"", text);
	IS(r ? -1 : us, want, what);
	if (!r)
		IS_CSTR(kr_span_text(us, buf), back, "and its text");
}

static void test_parse(void)
{
	reads("2026-11-21 14:05:22", "2026-11-21T14:05:22Z");
	reads("2026-11-21T14:05:22", "2026-11-21T14:05:22Z");
	reads("2026-11-21T14:05:22.123456+01:00", "2026-11-21T13:05:22.123456Z");
	reads("2026-11-21T14:05:22,5", "2026-11-21T14:05:22.500000Z");
	reads("2026-11-21t14:05:22.1234569z", "2026-11-21T14:05:22.123456Z");
	reads("2026-11-21 14:05:22 UTC", "2026-11-21T14:05:22Z");
	reads("2026-11-21 14:05:22 GMT", "2026-11-21T14:05:22Z");
	reads("2026-11-21 14:05:22+0100", "2026-11-21T13:05:22Z");
	reads("2026-11-21 14:05:22-01", "2026-11-21T15:05:22Z");
	reads("20261121T140522Z", "2026-11-21T14:05:22Z");
	reads("2026-11-21", "2026-11-21T00:00:00Z");
	reads("20261121", "2026-11-21T00:00:00Z");
	reads("2026-11-21T14:05", "2026-11-21T14:05:00Z");
	reads("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z");
	reads("2016-12-31 23:59:60", "2016-12-31T23:59:59.999999Z");
	reads("2024-02-29 00:00:00", "2024-02-29T00:00:00Z");
	reads("2000-02-29", "2000-02-29T00:00:00Z");
	reads("0001-01-01 00:00:00", "0001-01-01T00:00:00Z");
	reads("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z");
	reads("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z");

	reads("", "refused");
	reads("2023-02-29 00:00:00", "refused");
	reads("1900-02-29", "refused");
	reads("2026-13-01 00:00:00", "refused");
	reads("2026-00-01 00:00:00", "refused");
	reads("2026-04-31 00:00:00", "refused");
	reads("2026-04-00 00:00:00", "refused");
	reads("2026-11-21 24:00:00", "refused");
	reads("2026-11-21 14:60:22", "refused");
	reads("2026-11-21 14:05:61", "refused");
	reads("0000-01-01 00:00:00", "refused");
	reads("0001-01-01T00:00:00+01:00", "refused");
	reads("9999-12-31T23:59:59-01:00", "refused");
	reads("2026-11-21 14:05:22 CET", "refused");
	reads("2026-11-21 14:05:22.", "refused");
	reads("2026-11-21 14:05:22.5.5", "refused");
	reads("2026-11-21 14:05:2x", "refused");
	reads("2026-11-21x14:05:22", "refused");
	reads("2026-1121", "refused");
	reads("2026-11-21 14:05:22 ", "refused");
	reads("2026-11-21 14:05:22+24:00", "refused");
	reads("2026-11-21 14:05:22+01:60", "refused");
	reads("2026-11-21T", "refused");
}

static void test_format(void)
{
	reads_as("%Y-%m-%d %H:%M:%S", "2026-11-21 14:05:22", "2026-11-21T14:05:22Z");
	reads_as("%m/%d/%Y %I:%M:%S %p", "7/4/2026 2:05:22 PM", "2026-07-04T14:05:22Z");
	reads_as("%m/%d/%Y %I:%M %p", "07/04/2026 12:05 am", "2026-07-04T00:05:00Z");
	reads_as("%d %b %Y", "4 Jul 2026", "2026-07-04T00:00:00Z");
	reads_as("%d %b %Y", "4 July   2026", "2026-07-04T00:00:00Z");
	reads_as("%B %e, %Y", "may  4, 2026", "2026-05-04T00:00:00Z");
	reads_as("%Y%j", "2024366", "2024-12-31T00:00:00Z");
	reads_as("%Y%j", "2023366", "no match");
	reads_as("%FT%T.%f%z", "2026-11-21T14:05:22.123456789+0100", "2026-11-21T13:05:22.123456Z");
	reads_as("%F %T.%f", "2026-11-21 14:05:22.1234567890", "no match");
	reads_as("%F %T %Z", "2026-11-21 14:05:22 utc", "2026-11-21T14:05:22Z");
	reads_as("%F %T %Z", "2026-11-21 14:05:22 +01", "no match");
	reads_as("%D", "11/21/68", "2068-11-21T00:00:00Z");
	reads_as("%y%m%d", "690101", "1969-01-01T00:00:00Z");
	reads_as("%s", "1700000000", "2023-11-14T22:13:20Z");
	reads_as("%s", "-1", "1969-12-31T23:59:59Z");
	reads_as("%s", "9999999999999", "no match");
	reads_as("100%% %Y", "100% 2026", "2026-01-01T00:00:00Z");
	reads_as("%Y-%m-%d", "2026-02-30", "no match");
	reads_as("%Y-%m-%d", "2026-02-03x", "no match");
	reads_as("%Y-%m-%d", "26-02-03", "no match");
	reads_as("%Y %q", "2026", "wrong pattern");
	reads_as("%Y %", "x", "wrong pattern");
	reads_as("%b %d %T", "Nov 21 14:05:22", "wrong pattern");
}

static void test_epoch(void)
{
	epoch("1700000000", "2023-11-14T22:13:20Z");
	epoch("1700000000123", "2023-11-14T22:13:20.123000Z");
	epoch("1700000000123456", "2023-11-14T22:13:20.123456Z");
	epoch("1700000000.5", "2023-11-14T22:13:20.500000Z");
	epoch("-1.5", "1969-12-31T23:59:58.500000Z");
	epoch("0", "1970-01-01T00:00:00Z");
	epoch("", "refused");
	epoch("-", "refused");
	epoch("1.", "refused");
	epoch("17e8", "refused");
	epoch("99999999999.0", "5138-11-16T09:46:39Z");
	epoch("999999999999.5", "refused");
	epoch("17000000001234567890", "refused");
	epoch("99999999999999999", "5138-11-16T09:46:39.999999Z");
}

static void test_spans(void)
{
	span("90s", 90 * KR_SECOND, "90s");
	span("1h30m", 90 * KR_MINUTE, "90m");
	span("1h 30 min", 90 * KR_MINUTE, "90m");
	span("14d", 14 * KR_DAY, "2w");
	span("400d", 400 * KR_DAY, "400d");
	span("1y", 365 * KR_DAY, "1y");
	span("1500ms", 1500000, "1500ms");
	span("7us", 7, "7us");
	span("0", 0, "0s");
	span(" 3 w ", 21 * KR_DAY, "3w");
	span("", -1, "");
	span("5", -1, "");
	span("-5s", -1, "");
	span("1.5h", -1, "");
	span("5 parsecs", -1, "");
	span("300000y", -1, "");
	span("99999999999999999999s", -1, "");
}

static void test_days(void)
{
	char buf[KR_TIME_TEXT_MAX];
	int32_t day = 0;
	int y, m, d;

	IS(kr_day_of(1970, 1, 1), 0, "epoch");
	IS(kr_day_of(2000, 3, 1), 11017, "after a leap day of a century");
	IS(kr_time_day(-1), -1, "rounded down");
	IS(kr_time_day(KR_DAY), 1, "midnight belongs to its day");
	IS(kr_day_parse(KR_STR("20261121"), &day), 0, "compact day");
	IS_CSTR(kr_day_text(day, buf), "2026-11-21", "its text");
	IS_CSTR(kr_day_text_compact(day, buf), "20261121", "its compact text");
	IS(kr_day_parse(KR_STR("2026-11-21 "), &day), -KR_EINVAL, "bytes behind");
	kr_day_date(kr_day_of(2024, 12, 31), &y, &m, &d);
	OK(y == 2024 && m == 12 && d == 31, "last day of a leap year");
	IS_CSTR(kr_time_text(KR_TIME_NONE, buf), "0001-01-01T00:00:00Z", "no time is the edge");
	IS_CSTR(kr_time_text(INT64_MAX, buf), "9999-12-31T23:59:59.999999Z", "the other edge");
	IS(kr_time_text_idf(1500000, buf), 32, "length of the IDF form");
	IS_CSTR(buf, "1970-01-01T00:00:01.500000+00:00", "the IDF form");
	kr_day_text(INT32_MAX, buf);
	IS_CSTR(buf, "9999-12-31", "a day beyond all years");
}

/* The C library is the oracle for dates. */
static void test_against_libc(void)
{
	unsigned runs = prop_begin(20000), wrong = 0;

	for (unsigned i = 0; i < runs; i++) {
		time_t s = (time_t)prop_below(315537897600u) - 62135596800;
		char text[64], buf[KR_TIME_TEXT_MAX];
		struct tm tm;
		kr_time t = 0;
		int y, m, d;

		gmtime_r(&s, &tm);
		snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
			 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
		kr_day_date(kr_time_day(s * KR_SECOND), &y, &m, &d);
		if (kr_time_parse(kr_str_c(text), &t) || t != s * KR_SECOND ||
		    strcmp(text, kr_time_text(t, buf)) != 0 || y != tm.tm_year + 1900 ||
		    m != tm.tm_mon + 1 || d != tm.tm_mday) {
			printf("# %s\n", text);
			wrong++;
		}
	}
	IS(wrong, 0, "dates agree with the C library");
}

static void test_speed(void)
{
	static const char text[] = "2026-11-21 14:05:22";
	int64_t start = kr_cpu_us();
	kr_time t = 0;
	uint64_t sum = 0;

	for (int i = 0; i < 1000000; i++)
		if (!kr_time_parse(kr_str_n(text, 19), &t))
			sum += (uint64_t)t;
	printf("# kr_time_parse: %.1f ns\n", (double)(kr_cpu_us() - start) / 1000);
	OK(sum != 0, "a million times read");
	OK(kr_time_now() > 1600000000 * KR_SECOND && kr_clock_us() <= kr_clock_us(), "clocks");
}

int main(void)
{
	test_parse();
	test_format();
	test_epoch();
	test_spans();
	test_days();
	test_against_libc();
	test_speed();
	return tap_end();
}
