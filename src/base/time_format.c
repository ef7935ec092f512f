/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times by a pattern, as strptime() reads them but without its locale. The pattern is looked
 * through before any text is read, so that a wrong one is always told from a text that does not
 * match. Numbers may have fewer digits than their field ("7/4/2026"), except that %Y wants four and
 * %y two.
 */
#include "base/time_internal.h"

#include "base/err.h"

/* What was read so far; -1: not given. */
struct parts {
	int year, month, day, yday, hour, hour12, minute, second, pm;
	int64_t us, zone, epoch;
	bool has_epoch;
};

static const char months[12][10] = {"january",	 "february", "march",	 "april",
				    "may",	 "june",     "july",	 "august",
				    "september", "october",  "november", "december"};

static bool pattern_ok(const char *f)
{
	bool year = false;

	for (; *f; f++) {
		if (*f != '%')
			continue;
		f++;
		if (!*f || !strchr("YmdHMSfzZbByejIpsTFD%", *f))
			return false;
		year |= strchr("YysFD", *f) != NULL;
	}
	return year;
}

static bool number(struct kr_str *s, size_t digits_max, int lo, int hi, int *ret)
{
	size_t n = 0;

	while (n < digits_max && n < s->n && kr_is_digit(s->p[n]))
		n++;
	return n && kr_base__digits(s, n, ret) && *ret >= lo && *ret <= hi;
}

static bool month_name(struct kr_str *s, int *ret)
{
	for (int i = 0; i < 12; i++) {
		struct kr_str whole = kr_str_c(months[i]);
		size_t n = kr_str_istarts(*s, whole)			? whole.n
			   : kr_str_istarts(*s, kr_str_first(whole, 3)) ? 3
									: 0;

		if (n) {
			*s = kr_str_from(*s, n);
			*ret = i + 1;
			return true;
		}
	}
	return false;
}

static bool half_day(struct kr_str *s, int *ret_pm)
{
	if (kr_str_istarts(*s, KR_STR("am")))
		*ret_pm = 0;
	else if (kr_str_istarts(*s, KR_STR("pm")))
		*ret_pm = 1;
	else
		return false;
	*s = kr_str_from(*s, 2);
	return true;
}

static bool epoch(struct kr_str *s, struct parts *p)
{
	size_t n = s->n && s->p[0] == '-';

	while (n < s->n && n < 12 && kr_is_digit(s->p[n]))
		n++;
	if (kr_str_i64(kr_str_first(*s, n), &p->epoch))
		return false;
	*s = kr_str_from(*s, n);
	p->has_epoch = true;
	return true;
}

static void skip_blanks(struct kr_str *s)
{
	while (s->n && kr_is_blank(s->p[0]))
		*s = kr_str_from(*s, 1);
}

static bool fraction(struct kr_str *s, int64_t *ret_us)
{
	size_t before = s->n;

	return kr_base__fraction(s, ret_us) && before - s->n <= 9;
}

static bool zone_name(struct kr_str *s, int64_t *ret_us)
{
	return s->n && kr_is_alpha(s->p[0]) && kr_base__zone(s, ret_us);
}

static bool match(struct kr_str *s, const char *f, struct parts *p);

static bool match_one(struct kr_str *s, char c, struct parts *p)
{
	switch (c) {
	case 'Y': return kr_base__digits(s, 4, &p->year);
	case 'y':
		if (!kr_base__digits(s, 2, &p->year))
			return false;
		p->year += p->year < 69 ? 2000 : 1900; /* POSIX's turn of the century */
		return true;
	case 'm': return number(s, 2, 1, 12, &p->month);
	case 'b':
	case 'B': return month_name(s, &p->month);
	case 'e': skip_blanks(s); __attribute__((fallthrough));
	case 'd': return number(s, 2, 1, 31, &p->day);
	case 'j': return number(s, 3, 1, 366, &p->yday);
	case 'H': return number(s, 2, 0, 23, &p->hour);
	case 'I': return number(s, 2, 1, 12, &p->hour12);
	case 'p': return half_day(s, &p->pm);
	case 'M': return number(s, 2, 0, 59, &p->minute);
	case 'S': return number(s, 2, 0, 60, &p->second);
	case 'f': return fraction(s, &p->us);
	case 'z': return kr_base__zone(s, &p->zone);
	case 'Z': return zone_name(s, &p->zone);
	case 's': return epoch(s, p);
	case 'T': return match(s, "%H:%M:%S", p);
	case 'F': return match(s, "%Y-%m-%d", p);
	case 'D': return match(s, "%m/%d/%y", p);
	default:
		if (!s->n || s->p[0] != '%')
			return false;
		*s = kr_str_from(*s, 1);
		return true;
	}
}

/* Only %T, %F and %D come back here, so the nesting is one deep. */
static bool match(struct kr_str *s, const char *f, struct parts *p)
{
	for (; *f; f++) {
		if (*f == '%') {
			if (!match_one(s, *++f, p))
				return false;
		} else if (kr_is_blank(*f)) {
			if (!s->n || !kr_is_blank(s->p[0]))
				return false;
			skip_blanks(s);
			while (kr_is_blank(f[1]))
				f++;
		} else {
			if (!s->n || s->p[0] != *f)
				return false;
			*s = kr_str_from(*s, 1);
		}
	}
	return true;
}

static int assemble(struct parts *p, kr_time *ret)
{
	int32_t day;

	if (p->has_epoch)
		return kr_base__time_in_range(p->epoch * KR_SECOND + p->us, ret);
	if (p->hour12 >= 0)
		p->hour = p->hour12 % 12 + (p->pm > 0 ? 12 : 0);
	if (p->second == 60) {
		p->second = 59;
		p->us = 999999;
	}
	if (p->yday > 0) {
		if (!kr_base__date_valid(p->year, 1, 1))
			return -KR_EINVAL;
		day = kr_day_of(p->year, 1, 1) + p->yday - 1;
		if (p->yday == 366 && !kr_base__date_valid(p->year, 2, 29))
			return -KR_EINVAL;
	} else {
		if (!kr_base__date_valid(p->year, p->month, p->day))
			return -KR_EINVAL;
		day = kr_day_of(p->year, p->month, p->day);
	}
	return kr_base__time_in_range(kr_day_time(day) + p->hour * KR_HOUR + p->minute * KR_MINUTE +
					      p->second * KR_SECOND + p->us - p->zone,
				      ret);
}

int kr_time_parse_format(struct kr_str s, const char *format, kr_time *ret)
{
	struct parts p = {.month = 1, .day = 1, .yday = -1, .hour12 = -1, .pm = -1};

	if (!pattern_ok(format))
		return -KR_ESYNTAX;
	if (!match(&s, format, &p) || s.n)
		return -KR_EINVAL;
	return assemble(&p, ret);
}
