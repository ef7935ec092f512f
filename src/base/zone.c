/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TZif file holds transitions (moment, type) and, in its last line, a rule for all times behind
 * the last transition in the notation of POSIX ("CET-1CEST,M3.5.0,M10.5.0/3"). The first block of
 * 32-bit times is passed over where there is a second one. Everything is checked once, at opening;
 * files are small, and bounded.
 */
#include "base/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/file.h"

#define FILE_MAX_  65536
#define COUNT_MAX  4000 /* transitions of one zone; the longest has some 240 */
#define TYPES_MAX  256
#define OFFSET_MAX (26 * 3600) /* RFC 8536 section 3.2 */

enum rule_kind { RULE_NONE, RULE_MONTH, RULE_JULIAN, RULE_DAY };

/* One change of a year. */
struct rule {
	enum rule_kind kind;
	int month, week, day; /* day: of the week, or of the year */
	int32_t at;	      /* seconds of local time */
};

struct kr_zone {
	size_t n;
	int64_t *at;	 /* seconds since 1970, rising */
	uint8_t *type;	 /* after it */
	int32_t *offset; /* by type */
	int32_t before;	 /* offset before the first transition */
	bool has_rule;
	int32_t standard, summer;
	struct rule to_summer, to_standard;
};

/* ---- the rule of the last line ---- */

static bool take_number(const char **p, int max, int *ret)
{
	int v = 0;

	if (!kr_is_digit(**p))
		return false;
	for (; kr_is_digit(**p); (*p)++) {
		v = v * 10 + (**p - '0');
		if (v > max)
			return false;
	}
	*ret = v;
	return true;
}

/* "[+-]hh[:mm[:ss]]" */
static bool take_span(const char **p, int hours_max, int32_t *ret)
{
	int sign = 1, h = 0, m = 0, s = 0;

	if (**p == '-' || **p == '+')
		sign = *(*p)++ == '-' ? -1 : 1;
	if (!take_number(p, hours_max, &h))
		return false;
	if (**p == ':' && (++*p, !take_number(p, 59, &m)))
		return false;
	if (**p == ':' && (++*p, !take_number(p, 59, &s)))
		return false;
	*ret = sign * (h * 3600 + m * 60 + s);
	return true;
}

/* "CET" or "<+03>" */
static bool take_name(const char **p)
{
	const char *start = *p;

	if (**p == '<') {
		*p += strcspn(*p, ">");
		return *(*p) == '>' && (++*p, true);
	}
	while (kr_is_alpha(**p))
		++*p;
	return *p - start >= 3;
}

static bool take_rule(const char **p, struct rule *ret)
{
	*ret = (struct rule){.at = 2 * 3600};
	if (*(*p)++ != ',')
		return false;
	if (**p == 'M') {
		++*p;
		ret->kind = RULE_MONTH;
		if (!take_number(p, 12, &ret->month) || ret->month < 1 || *(*p)++ != '.' ||
		    !take_number(p, 5, &ret->week) || ret->week < 1 || *(*p)++ != '.' ||
		    !take_number(p, 6, &ret->day))
			return false;
	} else {
		ret->kind = **p == 'J' ? RULE_JULIAN : RULE_DAY;
		*p += **p == 'J';
		if (!take_number(p, 365, &ret->day) || (ret->kind == RULE_JULIAN && ret->day < 1))
			return false;
	}
	return **p != '/' || (++*p, take_span(p, 167, &ret->at));
}

static bool read_footer(struct kr_zone *z, const char *p)
{
	int32_t west;

	if (!*p)
		return true;
	if (!take_name(&p) || !take_span(&p, 24, &west))
		return false;
	z->standard = z->summer = -west;
	z->has_rule = true;
	if (!*p)
		return true;
	if (!take_name(&p))
		return false;
	z->summer = z->standard + 3600;
	if (*p && *p != ',') {
		if (!take_span(&p, 24, &west))
			return false;
		z->summer = -west;
	}
	return take_rule(&p, &z->to_summer) && take_rule(&p, &z->to_standard) && !*p;
}

static bool leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Day of a rule in a year, as days since 1970. */
static int32_t rule_day(const struct rule *r, int year)
{
	int32_t first, day;
	int next;

	if (r->kind == RULE_DAY)
		return kr_day_of(year, 1, 1) + r->day;
	if (r->kind == RULE_JULIAN)
		return kr_day_of(year, 1, 1) + r->day - 1 + (leap(year) && r->day >= 60);
	first = kr_day_of(year, r->month, 1);
	/* 1970-01-01 was a Thursday, 4. */
	next = (r->day - (int)((first + 4) % 7 + 7) % 7 + 7) % 7;
	day = first + next + 7 * (r->week - 1);
	/* Week 5 is the last one. */
	while (day >=
	       (r->month == 12 ? kr_day_of(year + 1, 1, 1) : kr_day_of(year, r->month + 1, 1)))
		day -= 7;
	return day;
}

static int32_t rule_offset(const struct kr_zone *z, int64_t t)
{
	int64_t on, off;
	int year, month, day;

	if (z->to_summer.kind == RULE_NONE)
		return z->standard;
	kr_day_date((int32_t)((t + z->standard) / 86400), &year, &month, &day);
	on = (int64_t)rule_day(&z->to_summer, year) * 86400 + z->to_summer.at - z->standard;
	off = (int64_t)rule_day(&z->to_standard, year) * 86400 + z->to_standard.at - z->summer;
	if (on < off)
		return t >= on && t < off ? z->summer : z->standard;
	/* South of the equator summer goes over the turn of the year. */
	return t >= on || t < off ? z->summer : z->standard;
}

/* ---- the file ---- */

struct header {
	uint32_t isut, isstd, leap, times, types, chars;
};

static uint32_t be32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return __builtin_bswap32(v);
}

static int64_t be64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return (int64_t)__builtin_bswap64(v);
}

static bool read_header(struct kr_str s, struct header *h)
{
	if (s.n < 44 || memcmp(s.p, "TZif", 4) != 0)
		return false;
	*h = (struct header){be32(s.p + 20), be32(s.p + 24), be32(s.p + 28),
			     be32(s.p + 32), be32(s.p + 36), be32(s.p + 40)};
	return h->times <= COUNT_MAX && h->types >= 1 && h->types <= TYPES_MAX &&
	       h->chars <= 1024 && h->leap <= 1024 && h->isut <= TYPES_MAX && h->isstd <= TYPES_MAX;
}

static size_t block_size(const struct header *h, size_t width)
{
	return h->times * (width + 1) + h->types * 6 + h->chars + h->leap * (width + 4) + h->isstd +
	       h->isut;
}

static bool read_block(struct kr_zone *z, const char *p, const struct header *h, size_t width)
{
	const char *types = p + h->times * width, *infos = types + h->times;

	z->n = h->times;
	z->at = kr_xcalloc(h->times + 1, sizeof(*z->at));
	z->type = kr_xcalloc(h->times + 1, 1);
	z->offset = kr_xcalloc(h->types, sizeof(*z->offset));
	for (size_t i = 0; i < h->times; i++) {
		z->at[i] = width == 8 ? be64(p + i * 8) : (int32_t)be32(p + i * 4);
		z->type[i] = (uint8_t)types[i];
		if (z->type[i] >= h->types || (i && z->at[i] <= z->at[i - 1]))
			return false;
	}
	for (size_t i = 0; i < h->types; i++) {
		z->offset[i] = (int32_t)be32(infos + i * 6);
		if (z->offset[i] < -OFFSET_MAX || z->offset[i] > OFFSET_MAX)
			return false;
	}
	z->before = z->offset[0];
	return true;
}

static bool read_all(struct kr_zone *z, struct kr_str s)
{
	struct header h;
	size_t size;
	char footer[128];
	ptrdiff_t end;

	if (!read_header(s, &h))
		return false;
	size = block_size(&h, 4);
	if (s.n - 44 < size)
		return false;
	if (s.p[4] < '2')
		return read_block(z, s.p + 44, &h, 4);
	s = kr_str_from(s, 44 + size);
	if (!read_header(s, &h))
		return false;
	size = block_size(&h, 8);
	if (s.n - 44 < size || !read_block(z, s.p + 44, &h, 8))
		return false;
	s = kr_str_from(s, 44 + size);
	if (s.n < 2 || s.p[0] != '\n')
		return false;
	s = kr_str_from(s, 1);
	end = kr_str_chr(s, '\n');
	if (end < 0 || (size_t)end >= sizeof(footer) || memchr(s.p, 0, (size_t)end))
		return false;
	memcpy(footer, s.p, (size_t)end);
	footer[end] = '\0';
	return read_footer(z, footer);
}

int kr_zone_read(struct kr_str tzif, struct kr_zone **ret, struct kr_fault *reterr)
{
	struct kr_zone *z = kr_xcalloc(1, sizeof(*z));

	if (!read_all(z, tzif)) {
		kr_zone_free(z);
		return kr_fault_set(reterr, -KR_ECORRUPT, "this is no time zone file (RFC 8536)");
	}
	*ret = z;
	return 0;
}

static bool name_is_good(struct kr_str name)
{
	if (name.n > KR_ZONE_NAME_MAX || !kr_is_alpha(name.p[0]))
		return false;
	for (size_t i = 0; i < name.n; i++) {
		if (!kr_is_alnum(name.p[i]) && !strchr("_+-/", name.p[i]))
			return false;
		if (name.p[i] == '/' && (i + 1 == name.n || !kr_is_alpha(name.p[i + 1])))
			return false;
	}
	return true;
}

int kr_zone_open(struct kr_str name, struct kr_zone **ret, struct kr_fault *reterr)
{
	KR_AUTO_BUF file = KR_BUF(FILE_MAX_);
	char path[KR_ZONE_NAME_MAX + 32];
	int r;

	if (name.n == 0 || kr_str_eqc(name, "UTC") || kr_str_eqc(name, "Etc/UTC") ||
	    kr_str_eqc(name, "GMT")) {
		*ret = kr_xcalloc(1, sizeof(**ret));
		return 0;
	}
	r = name_is_good(name) ? 0 : -KR_EINVAL;
	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%.*s",
		 (int)KR_MIN(name.n, (size_t)KR_ZONE_NAME_MAX), name.p);
	if (!r)
		r = kr_file_read(AT_FDCWD, path, FILE_MAX_, &file, reterr);
	if (!r)
		r = kr_zone_read(kr_buf_str(&file), ret, reterr);
	if (!r)
		return 0;
	if (r == -KR_EINVAL || r == -KR_ENOENT || r == -KR_EIO) {
		kr_fault_set(reterr, r == -KR_EINVAL ? r : -KR_ENOENT,
			     "there is no time zone '%.*s'",
			     (int)KR_MIN(name.n, (size_t)KR_ZONE_NAME_MAX), name.p);
		kr_fault_remedy(reterr, "write it as Europe/Skopje; the names are those below "
					"/usr/share/zoneinfo (package tzdata)");
		return r == -KR_EINVAL ? r : -KR_ENOENT;
	}
	kr_fault_where(reterr, "%s", path);
	return r;
}

void kr_zone_free(struct kr_zone *z)
{
	if (!z)
		return;
	free(z->at);
	free(z->type);
	free(z->offset);
	free(z);
}

/* ---- questions ---- */

static int64_t seconds(kr_time t)
{
	int64_t s = t / KR_SECOND;

	return s - (t % KR_SECOND < 0);
}

int32_t kr_zone_offset(const struct kr_zone *z, kr_time t)
{
	int64_t s = seconds(t);
	size_t lo = 0, hi = z ? z->n : 0;

	if (!z)
		return 0;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (z->at[mid] <= s)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* lo: transitions up to now. Behind the last one the rule holds. */
	if (lo == z->n && z->has_rule)
		return rule_offset(z, s);
	return lo ? z->offset[z->type[lo - 1]] : z->before;
}

kr_time kr_zone_utc(const struct kr_zone *z, kr_time local)
{
	/* Offsets a day before and after bracket any one change. */
	kr_time early = local - kr_zone_offset(z, local - KR_DAY) * KR_SECOND;
	kr_time late = local - kr_zone_offset(z, local + KR_DAY) * KR_SECOND;
	kr_time a = KR_MIN(early, late), b = KR_MAX(early, late);

	if (kr_zone_local(z, a) == local)
		return a;
	if (kr_zone_local(z, b) == local)
		return b;
	/* The clocks jump over it between a and b: find the moment. */
	while (b - a > KR_SECOND) {
		kr_time mid = a + (b - a) / 2;

		if (kr_zone_local(z, mid) < local)
			a = mid;
		else
			b = mid;
	}
	return seconds(b) * KR_SECOND;
}

char *kr_zone_text(const struct kr_zone *z, kr_time t, char buf[KR_TIME_TEXT_MAX])
{
	int32_t offset = kr_zone_offset(z, t), minutes = abs(offset) / 60;
	char text[KR_TIME_TEXT_MAX];

	kr_time_text(kr_zone_local(z, t), text);
	snprintf(buf, KR_TIME_TEXT_MAX, "%.10s %.5s %c%02d:%02d", text, text + 11,
		 offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
	return buf;
}
