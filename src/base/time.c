/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: a date is a number of days since 1970-01-01, a time of day is added to it, and no
 * C library function that knows locales or zones is ever asked. kr_time_parse() first tries the
 * form that nearly all feeds use, "YYYY-MM-DD HH:MM:SS" of exactly 19 bytes, without branches on
 * single digits; all other forms go through a small reader that eats the text from left to right.
 *
 * Patterns of kr_time_parse_format() are in time_format.c.
 */
#include "base/time.h"

#include <stdio.h>
#include <time.h>

#include "base/err.h"
#include "base/time_internal.h"

/* Days from 0001-01-01 to 1970-01-01. */
#define EPOCH_DAYS 719162
/* The first and the last microsecond that years 1 to 9999 hold. */
#define TIME_FIRST (-(kr_time)EPOCH_DAYS * KR_DAY)
#define TIME_LAST  ((kr_time)(3652059 - EPOCH_DAYS) * KR_DAY - 1)

static const uint16_t days_before[2][13] = {
	{0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365},
	{0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366},
};

static inline bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static kr_time clock_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (kr_time)ts.tv_sec * KR_SECOND + ts.tv_nsec / 1000;
}

kr_time kr_time_now(void)
{
	return clock_us(CLOCK_REALTIME);
}

int64_t kr_clock_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

int64_t kr_cpu_us(void)
{
	return clock_us(CLOCK_PROCESS_CPUTIME_ID);
}

int32_t kr_day_of(int year, int month, int day)
{
	int y = year - 1;

	return 365 * y + y / 4 - y / 100 + y / 400 + days_before[is_leap(year)][month - 1] + day -
	       1 - EPOCH_DAYS;
}

void kr_day_date(int32_t day, int *ret_year, int *ret_month, int *ret_day)
{
	/* Cycles of 400, 100, 4 and 1 years; the last day of the longer ones belongs to them. */
	int64_t d = (int64_t)day + EPOCH_DAYS, n400 = d / 146097, n100, n4, n1;
	int year, month;

	d %= 146097;
	if (d < 0) {
		d += 146097;
		n400--;
	}
	n100 = KR_MIN(d / 36524, (int64_t)3);
	d -= n100 * 36524;
	n4 = d / 1461;
	d %= 1461;
	n1 = KR_MIN(d / 365, (int64_t)3);
	d -= n1 * 365;
	year = (int)(n400 * 400 + n100 * 100 + n4 * 4 + n1 + 1);
	/* No month is longer than 32 days: the guess is right or one too small. */
	month = (int)(d / 32);
	if (d >= days_before[is_leap(year)][month + 1])
		month++;
	*ret_year = year;
	*ret_month = month + 1;
	*ret_day = (int)d - days_before[is_leap(year)][month] + 1;
}

int32_t kr_time_day(kr_time t)
{
	int64_t day = t / KR_DAY;

	if (t % KR_DAY < 0)
		day--;
	return (int32_t)day;
}

bool kr_base__date_valid(int year, int month, int day)
{
	if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1)
		return false;
	return day <= days_before[is_leap(year)][month] - days_before[is_leap(year)][month - 1];
}

int kr_base__time_in_range(kr_time t, kr_time *ret)
{
	if (t < TIME_FIRST || t > TIME_LAST)
		return -KR_EINVAL;
	*ret = t;
	return 0;
}

bool kr_base__digits(struct kr_str *s, size_t count, int *ret)
{
	int v = 0;

	if (s->n < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		unsigned d = (unsigned)(unsigned char)s->p[i] - '0';

		if (d > 9)
			return false;
		v = v * 10 + (int)d;
	}
	*ret = v;
	*s = kr_str_from(*s, count);
	return true;
}

bool kr_base__fraction(struct kr_str *s, int64_t *ret_us)
{
	int64_t us = 0;
	size_t i;

	for (i = 0; i < s->n && kr_is_digit(s->p[i]); i++)
		if (i < 6)
			us = us * 10 + (s->p[i] - '0');
	if (i == 0)
		return false;
	for (size_t k = i; k < 6; k++)
		us *= 10;
	*ret_us = us;
	*s = kr_str_from(*s, i);
	return true;
}

static bool eat(struct kr_str *s, char c)
{
	if (!s->n || s->p[0] != c)
		return false;
	*s = kr_str_from(*s, 1);
	return true;
}

bool kr_base__zone(struct kr_str *s, int64_t *ret_us)
{
	bool minus = s->n && s->p[0] == '-';
	int hours, minutes = 0;

	if (!s->n)
		return false;
	if (s->p[0] != '+' && !minus) {
		size_t n = kr_str_istarts(*s, KR_STR("UTC")) || kr_str_istarts(*s, KR_STR("GMT"))
				   ? 3
			   : kr_lower(s->p[0]) == 'z' ? 1
						      : 0;

		*ret_us = 0;
		*s = kr_str_from(*s, n);
		return n > 0;
	}
	*s = kr_str_from(*s, 1);
	if (!kr_base__digits(s, 2, &hours))
		return false;
	if (s->n && (s->p[0] == ':' || kr_is_digit(s->p[0]))) {
		eat(s, ':');
		if (!kr_base__digits(s, 2, &minutes))
			return false;
	}
	if (hours > 23 || minutes > 59)
		return false;
	*ret_us = (hours * KR_HOUR + minutes * KR_MINUTE) * (minus ? -1 : 1);
	return true;
}

/* "YYYY-MM-DD HH:MM:SS" or with 'T', 19 bytes; false: another form or not a time. */
static inline bool parse_usual(const char *p, kr_time *ret)
{
	unsigned d[14], bad = 0;
	static const uint8_t at[14] = {0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18};
	int year, month, day, hour, minute, second;

	for (int i = 0; i < 14; i++) {
		d[i] = (unsigned)(unsigned char)p[at[i]] - '0';
		bad |= d[i] > 9;
	}
	bad |= (unsigned)((p[4] ^ '-') | (p[7] ^ '-') | (p[13] ^ ':') | (p[16] ^ ':'));
	bad |= p[10] != ' ' && p[10] != 'T';
	if (KR_UNLIKELY(bad))
		return false;
	year = (int)(d[0] * 1000 + d[1] * 100 + d[2] * 10 + d[3]);
	month = (int)(d[4] * 10 + d[5]);
	day = (int)(d[6] * 10 + d[7]);
	hour = (int)(d[8] * 10 + d[9]);
	minute = (int)(d[10] * 10 + d[11]);
	second = (int)(d[12] * 10 + d[13]);
	if (!kr_base__date_valid(year, month, day) || hour > 23 || minute > 59 || second > 59)
		return false;
	*ret = kr_day_time(kr_day_of(year, month, day)) +
	       (kr_time)(hour * 3600 + minute * 60 + second) * KR_SECOND;
	return true;
}

static bool parse_date(struct kr_str *s, int32_t *ret)
{
	int year, month, day;
	bool dashes;

	if (!kr_base__digits(s, 4, &year))
		return false;
	dashes = eat(s, '-');
	if (!kr_base__digits(s, 2, &month) || (dashes && !eat(s, '-')) ||
	    !kr_base__digits(s, 2, &day) || !kr_base__date_valid(year, month, day))
		return false;
	*ret = kr_day_of(year, month, day);
	return true;
}

/* Time of day with optional seconds and fraction. */
static bool parse_clock(struct kr_str *s, int64_t *ret_us)
{
	int hour, minute, second = 0;
	int64_t us = 0;
	bool colons;

	if (!kr_base__digits(s, 2, &hour))
		return false;
	colons = eat(s, ':');
	if (!kr_base__digits(s, 2, &minute))
		return false;
	if (colons ? eat(s, ':') : s->n && kr_is_digit(s->p[0])) {
		if (!kr_base__digits(s, 2, &second))
			return false;
		if ((eat(s, '.') || eat(s, ',')) && !kr_base__fraction(s, &us))
			return false;
	}
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	if (second == 60) {
		second = 59;
		us = 999999;
	}
	*ret_us = hour * KR_HOUR + minute * KR_MINUTE + second * KR_SECOND + us;
	return true;
}

int kr_time_parse(struct kr_str s, kr_time *ret)
{
	int64_t clock = 0, zone = 0;
	int32_t day;

	if (KR_LIKELY(s.n == 19) && parse_usual(s.p, ret))
		return 0;
	if (!parse_date(&s, &day))
		return -KR_EINVAL;
	if (s.n) {
		if (!eat(&s, 'T') && !eat(&s, ' ') && !eat(&s, 't'))
			return -KR_EINVAL;
		if (!parse_clock(&s, &clock))
			return -KR_EINVAL;
		if (s.n) {
			while (eat(&s, ' '))
				;
			if (!kr_base__zone(&s, &zone) || s.n)
				return -KR_EINVAL;
		}
	}
	return kr_base__time_in_range(kr_day_time(day) + clock - zone, ret);
}

int kr_time_parse_epoch(struct kr_str s, kr_time *ret)
{
	bool minus = s.n && s.p[0] == '-', fraction = false;
	int64_t v = 0, us = 0;
	size_t digits = 0;

	s = kr_str_from(s, minus);
	while (digits < s.n && kr_is_digit(s.p[digits])) {
		if (digits >= 17)
			return -KR_EINVAL;
		v = v * 10 + (s.p[digits++] - '0');
	}
	if (!digits)
		return -KR_EINVAL;
	s = kr_str_from(s, digits);
	if (eat(&s, '.')) {
		fraction = true;
		if (!kr_base__fraction(&s, &us))
			return -KR_EINVAL;
	}
	if (s.n)
		return -KR_EINVAL;
	/* Seconds reach year 5138 below 10^11; the same span is below 10^14 in milliseconds. */
	if (fraction || v < 100000000000) {
		if (v > 1000000000000)
			return -KR_EINVAL;
		v *= KR_SECOND;
	} else if (v < 100000000000000) {
		v *= 1000;
	}
	v += us;
	return kr_base__time_in_range(minus ? -v : v, ret);
}

static char *put(char *p, unsigned v, unsigned digits)
{
	for (unsigned i = digits; i-- > 0; v /= 10)
		p[i] = (char)('0' + v % 10);
	return p + digits;
}

static char *put_date(char *p, int32_t day, bool dashes)
{
	int year, month, d;

	kr_day_date(day, &year, &month, &d);
	p = put(p, (unsigned)year, 4);
	if (dashes)
		*p++ = '-';
	p = put(p, (unsigned)month, 2);
	if (dashes)
		*p++ = '-';
	return put(p, (unsigned)d, 2);
}

/* Date, time and fraction, without zone; what years 1 to 9999 do not hold becomes their edge. */
static char *put_time(char *p, kr_time t)
{
	int32_t day;
	int64_t rest;
	unsigned second;

	t = KR_MAX(KR_MIN(t, TIME_LAST), TIME_FIRST);
	day = kr_time_day(t);
	rest = t - kr_day_time(day);
	second = (unsigned)(rest / KR_SECOND);
	p = put_date(p, day, true);
	*p++ = 'T';
	p = put(p, second / 3600, 2);
	*p++ = ':';
	p = put(p, second / 60 % 60, 2);
	*p++ = ':';
	p = put(p, second % 60, 2);
	if (rest % KR_SECOND) {
		*p++ = '.';
		p = put(p, (unsigned)(rest % KR_SECOND), 6);
	}
	return p;
}

char *kr_time_text(kr_time t, char buf[KR_TIME_TEXT_MAX])
{
	char *p = put_time(buf, t);

	*p++ = 'Z';
	*p = '\0';
	return buf;
}

size_t kr_time_text_idf(kr_time t, char buf[KR_TIME_TEXT_MAX])
{
	char *p = put_time(buf, t);

	memcpy(p, "+00:00", 7);
	return (size_t)(p - buf) + 6;
}

static int32_t clamp_day(int32_t day)
{
	return KR_MAX(KR_MIN(day, 3652058 - EPOCH_DAYS), -EPOCH_DAYS);
}

char *kr_day_text(int32_t day, char buf[KR_TIME_TEXT_MAX])
{
	*put_date(buf, clamp_day(day), true) = '\0';
	return buf;
}

char *kr_day_text_compact(int32_t day, char buf[KR_TIME_TEXT_MAX])
{
	*put_date(buf, clamp_day(day), false) = '\0';
	return buf;
}

int kr_day_parse(struct kr_str s, int32_t *ret)
{
	int32_t day;

	if (!parse_date(&s, &day) || s.n)
		return -KR_EINVAL;
	*ret = day;
	return 0;
}

/* Longest units first, so that the largest that divides a span is found first. */
static const struct {
	const char *name;
	int64_t us;
} units[] = {
	{"y", 365 * KR_DAY}, {"w", 7 * KR_DAY}, {"d", KR_DAY}, {"h", KR_HOUR}, {"m", KR_MINUTE},
	{"min", KR_MINUTE},  {"s", KR_SECOND},	{"ms", 1000},  {"us", 1},
};

static bool eat_unit(struct kr_str *s, int64_t *ret_us)
{
	size_t n = 0;

	while (n < s->n && kr_is_alpha(s->p[n]))
		n++;
	for (size_t i = 0; i < KR_ARRAY_LEN(units); i++) {
		if (kr_str_eqc(kr_str_first(*s, n), units[i].name)) {
			*ret_us = units[i].us;
			*s = kr_str_from(*s, n);
			return true;
		}
	}
	return false;
}

int kr_span_parse(struct kr_str s, int64_t *ret_us)
{
	int64_t sum = 0, v, unit;

	s = kr_str_trim(s);
	if (kr_str_eqc(s, "0")) {
		*ret_us = 0;
		return 0;
	}
	do {
		size_t n = 0;

		while (n < s.n && kr_is_digit(s.p[n]))
			n++;
		if (kr_str_i64(kr_str_first(s, n), &v))
			return -KR_EINVAL;
		s = kr_str_trim(kr_str_from(s, n));
		if (!eat_unit(&s, &unit) || __builtin_mul_overflow(v, unit, &v) ||
		    __builtin_add_overflow(sum, v, &sum))
			return -KR_EINVAL;
		s = kr_str_trim(s);
	} while (s.n);
	*ret_us = sum;
	return 0;
}

char *kr_span_text(int64_t us, char buf[KR_TIME_TEXT_MAX])
{
	size_t i = 0;

	while (us % units[i].us)
		i++;
	if (us == 0)
		snprintf(buf, KR_TIME_TEXT_MAX, "0s");
	else
		snprintf(buf, KR_TIME_TEXT_MAX, "%lld%s", (long long)(us / units[i].us),
			 units[i].name);
	return buf;
}
