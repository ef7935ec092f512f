/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "base/err.h"

bool kr_str_ieq(struct kr_str a, struct kr_str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (kr_lower(a.p[i]) != kr_lower(b.p[i]))
			return false;
	return true;
}

int kr_str_cmp(struct kr_str a, struct kr_str b)
{
	size_t n = KR_MIN(a.n, b.n);
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

bool kr_str_starts(struct kr_str s, struct kr_str prefix)
{
	return s.n >= prefix.n && kr_str_eq(kr_str_first(s, prefix.n), prefix);
}

bool kr_str_istarts(struct kr_str s, struct kr_str prefix)
{
	return s.n >= prefix.n && kr_str_ieq(kr_str_first(s, prefix.n), prefix);
}

bool kr_str_ends(struct kr_str s, struct kr_str suffix)
{
	return s.n >= suffix.n && kr_str_eq(kr_str_from(s, s.n - suffix.n), suffix);
}

ptrdiff_t kr_str_find(struct kr_str s, struct kr_str needle)
{
	const char *at;

	if (needle.n == 0)
		return 0;
	at = s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
	return at ? at - s.p : -1;
}

ptrdiff_t kr_str_ifind(struct kr_str s, struct kr_str needle)
{
	if (needle.n == 0)
		return 0;
	for (size_t i = 0; i + needle.n <= s.n; i++)
		if (kr_lower(s.p[i]) == kr_lower(needle.p[0]) &&
		    kr_str_ieq((struct kr_str){s.p + i, needle.n}, needle))
			return (ptrdiff_t)i;
	return -1;
}

ptrdiff_t kr_str_chr(struct kr_str s, char c)
{
	const char *at = s.n ? memchr(s.p, c, s.n) : NULL;

	return at ? at - s.p : -1;
}

struct kr_str kr_str_trim(struct kr_str s)
{
	while (s.n && kr_is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && kr_is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool kr_str_split(struct kr_str *rest, char sep, struct kr_str *ret_piece)
{
	ptrdiff_t at;

	if (!rest->p)
		return false;
	at = kr_str_chr(*rest, sep);
	if (at < 0) {
		*ret_piece = *rest;
		*rest = KR_STR_NULL;
	} else {
		*ret_piece = kr_str_first(*rest, (size_t)at);
		*rest = kr_str_from(*rest, (size_t)at + 1);
	}
	return true;
}

int kr_str_u64(struct kr_str s, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.n == 0)
		return -KR_EINVAL;
	for (size_t i = 0; i < s.n; i++) {
		if (!kr_is_digit(s.p[i]) || __builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
			return -KR_EINVAL;
	}
	*ret = v;
	return 0;
}

int kr_str_i64(struct kr_str s, int64_t *ret)
{
	bool minus = s.n && s.p[0] == '-';
	uint64_t v;

	if (kr_str_u64(kr_str_from(s, minus || (s.n && s.p[0] == '+')), &v))
		return -KR_EINVAL;
	if (v > (uint64_t)INT64_MAX + minus)
		return -KR_EINVAL;
	*ret = minus ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

int kr_str_double(struct kr_str s, double *ret)
{
	static locale_t c_locale;
	locale_t l = __atomic_load_n(&c_locale, __ATOMIC_ACQUIRE);
	char text[64], *end;
	double v;

	if (s.n == 0 || s.n >= sizeof(text))
		return -KR_EINVAL;
	for (size_t i = 0; i < s.n; i++)
		if (!kr_is_digit(s.p[i]) && !strchr("+-.eE", s.p[i]))
			return -KR_EINVAL;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (!l) {
		locale_t none = (locale_t)0;

		l = newlocale(LC_ALL_MASK, "C", none);
		if (!__atomic_compare_exchange_n(&c_locale, &none, l, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE)) {
			freelocale(l);
			l = none;
		}
	}
	v = strtod_l(text, &end, l);
	if (end != text + s.n || !isfinite(v))
		return -KR_EINVAL;
	*ret = v;
	return 0;
}

int kr_hex_value(char c)
{
	if (kr_is_digit(c))
		return c - '0';
	c = kr_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Length of the well-formed sequence at p, 0 if there is none; table 3-7 of the Unicode standard.
 */
static size_t utf8_sequence(const unsigned char *p, size_t n)
{
	unsigned char lo = 0x80, hi = 0xBF;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xC2 && p[0] <= 0xDF) {
		len = 2;
	} else if (p[0] >= 0xE0 && p[0] <= 0xEF) {
		len = 3;
		if (p[0] == 0xE0)
			lo = 0xA0;
		else if (p[0] == 0xED)
			hi = 0x9F;
	} else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
		len = 4;
		if (p[0] == 0xF0)
			lo = 0x90;
		else if (p[0] == 0xF4)
			hi = 0x8F;
	} else {
		return 0;
	}
	if (n < len || p[1] < lo || p[1] > hi)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (p[i] < 0x80 || p[i] > 0xBF)
			return 0;
	return len;
}

size_t kr_utf8_valid(struct kr_str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t i = 0;

	while (i < s.n) {
		uint64_t w;
		size_t len;

		if (i + 8 <= s.n) {
			memcpy(&w, p + i, 8);
			if (!(w & 0x8080808080808080u)) {
				i += 8;
				continue;
			}
		}
		len = utf8_sequence(p + i, s.n - i);
		if (!len)
			return i;
		i += len;
	}
	return i;
}
