/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/types.h"

#include <stdio.h>
#include <string.h>

#include "base/ip.h"
#include "base/near.h"
#include "base/time.h"
#include "base/zone.h"

static const struct {
	const char *text, *doc;
} types[] = {
#define T(type, c_type, doc) {#type, doc},
#include "conf/types.def"
#undef T
};

const char *kr_conf_type_text(enum kr_conf_type t)
{
	return types[t].text;
}

const char *kr_conf_type_doc(enum kr_conf_type t)
{
	return types[t].doc;
}

static int wrong(enum kr_conf_type t, struct kr_str v, struct kr_fault *reterr)
{
	return kr_fault_set(reterr, -KR_ECONF, "'%.*s' is not %s", (int)KR_MIN(v.n, (size_t)60),
			    v.p, types[t].doc);
}

static int size_parse(struct kr_str s, uint64_t *ret)
{
	static const struct {
		const char *unit;
		unsigned shift;
	} units[] = {{"", 0},	{"B", 0},    {"KiB", 10}, {"K", 10},   {"MiB", 20},
		     {"M", 20}, {"GiB", 30}, {"G", 30},	  {"TiB", 40}, {"T", 40}};
	size_t digits = 0;
	struct kr_str unit;
	uint64_t v;

	while (digits < s.n && kr_is_digit(s.p[digits]))
		digits++;
	if (kr_str_u64(kr_str_first(s, digits), &v))
		return -KR_EINVAL;
	unit = kr_str_trim(kr_str_from(s, digits));
	for (size_t i = 0; i < KR_ARRAY_LEN(units); i++) {
		if (!kr_str_ieq(unit, kr_str_c(units[i].unit)))
			continue;
		if (v > UINT64_MAX >> units[i].shift)
			return -KR_EINVAL;
		*ret = v << units[i].shift;
		return 0;
	}
	return -KR_EINVAL;
}

/* Spans, sizes and counts are compared as one kind of number; none is above INT64_MAX. */
static int number_parse(enum kr_conf_type t, struct kr_str s, uint64_t *ret)
{
	int64_t span;
	int err;

	if (t == KR_CONF_SPAN) {
		err = kr_span_parse(s, &span);
		if (!err && span < 0)
			err = -KR_EINVAL;
		if (!err)
			*ret = (uint64_t)span;
		return err;
	}
	err = t == KR_CONF_SIZE ? size_parse(s, ret) : kr_str_u64(s, ret);
	return err || *ret > INT64_MAX ? -KR_EINVAL : 0;
}

static int parse_number(enum kr_conf_type t, struct kr_str v, const char *least, const char *most,
			void *ret, struct kr_fault *reterr)
{
	uint64_t n, limit;

	if (number_parse(t, v, &n))
		return wrong(t, v, reterr);
	if (*least && !number_parse(t, kr_str_c(least), &limit) && n < limit)
		return kr_fault_set(reterr, -KR_ECONF, "%.*s is below %s, the least allowed",
				    (int)KR_MIN(v.n, (size_t)60), v.p, least);
	if (*most && !number_parse(t, kr_str_c(most), &limit) && n > limit)
		return kr_fault_set(reterr, -KR_ECONF, "%.*s is above %s, the most allowed",
				    (int)KR_MIN(v.n, (size_t)60), v.p, most);
	if (t == KR_CONF_SPAN)
		*(int64_t *)ret = (int64_t)n;
	else
		*(uint64_t *)ret = n;
	return 0;
}

static int parse_bool(struct kr_str v, void *ret, struct kr_fault *reterr)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

	for (size_t i = 0; i < KR_ARRAY_LEN(words); i++) {
		if (!kr_str_ieq(v, kr_str_c(words[i])))
			continue;
		*(bool *)ret = i % 2;
		return 0;
	}
	return wrong(KR_CONF_BOOL, v, reterr);
}

static int parse_enum(struct kr_str v, const char *words, struct kr_arena *arena, void *ret,
		      struct kr_fault *reterr)
{
	struct kr_str rest = kr_str_c(words), word;
	struct kr_near near = KR_NEAR(v);
	int err;

	while (kr_str_split(&rest, ' ', &word)) {
		if (kr_str_ieq(word, v)) {
			*(const char **)ret = kr_arena_dup(arena, word).p;
			return 0;
		}
		kr_near_offer(&near, word);
	}
	err = kr_fault_set(reterr, -KR_ECONF, "'%.*s' is none of: %s", (int)KR_MIN(v.n, (size_t)60),
			   v.p, words);
	if (near.best.p)
		kr_fault_remedy(reterr, "did you mean '%.*s'?", KR_STR_ARG(near.best));
	return err;
}

static bool plain_text(struct kr_str v)
{
	if (kr_utf8_valid(v) != v.n)
		return false;
	for (size_t i = 0; i < v.n; i++)
		if ((unsigned char)v.p[i] < ' ' || v.p[i] == 127)
			return false;
	return true;
}

static bool is_name(struct kr_str v, const char *others, size_t max)
{
	for (size_t i = 0; i < v.n; i++)
		if (!kr_is_alnum(v.p[i]) && (!v.p[i] || !strchr(others, v.p[i])))
			return false;
	return v.n && v.n <= max && kr_is_alnum(v.p[0]);
}

static bool is_zone(struct kr_str v)
{
	KR_AUTO(kr_zone) *z = NULL;

	return kr_zone_open(v, &z, NULL) == 0;
}

static bool text_fits(enum kr_conf_type t, struct kr_str v)
{
	switch (t) {
	case KR_CONF_NAME: return is_name(v, "-_.", 64);
	case KR_CONF_ZONE: return is_zone(v);
	case KR_CONF_LANGUAGE: return is_name(v, "-", 16) && v.n >= 2;
	case KR_CONF_COUNTRY:
		return v.n == 2 && v.p[0] >= 'A' && v.p[0] <= 'Z' && v.p[1] >= 'A' && v.p[1] <= 'Z';
	default: return plain_text(v) && v.n < 4096;
	}
}

static int parse_text(enum kr_conf_type t, struct kr_str v, const char *least, const char *most,
		      struct kr_arena *arena, void *ret, struct kr_fault *reterr)
{
	uint64_t limit;

	if (!text_fits(t, v))
		return wrong(t, v, reterr);
	if (*least && !kr_str_u64(kr_str_c(least), &limit) && v.n < limit)
		return kr_fault_set(reterr, -KR_ECONF, "shorter than %s bytes", least);
	if (*most && !kr_str_u64(kr_str_c(most), &limit) && v.n > limit)
		return kr_fault_set(reterr, -KR_ECONF, "longer than %s bytes", most);
	*(const char **)ret = kr_arena_dup(arena, v).p;
	return 0;
}

static int parse_listen(struct kr_str v, struct kr_arena *arena, void *ret, struct kr_fault *reterr)
{
	bool bracket = v.n && v.p[0] == '[';
	ptrdiff_t colon = bracket ? kr_str_find(v, KR_STR("]:")) + 1 : kr_str_chr(v, ':');
	struct kr_str host;
	struct kr_ip ip;
	uint64_t port;

	if (colon <= 0 || kr_str_u64(kr_str_from(v, (size_t)colon + 1), &port) || port > 65535)
		return wrong(KR_CONF_LISTEN, v, reterr);
	host = kr_str_first(v, (size_t)colon);
	if (bracket)
		host = kr_str_n(host.p + 1, host.n - 2);
	if (kr_ip_parse(host, &ip) || (ip.family == 6) != bracket)
		return wrong(KR_CONF_LISTEN, v, reterr);
	*(const char **)ret = kr_arena_dup(arena, v).p;
	return 0;
}

int kr_conf__parse(enum kr_conf_type t, struct kr_str value, const char *least, const char *most,
		   struct kr_arena *arena, void *ret, struct kr_fault *reterr)
{
	switch (t) {
	case KR_CONF_SPAN:
	case KR_CONF_SIZE:
	case KR_CONF_COUNT: return parse_number(t, value, least, most, ret, reterr);
	case KR_CONF_BOOL: return parse_bool(value, ret, reterr);
	case KR_CONF_ENUM: return parse_enum(value, least, arena, ret, reterr);
	case KR_CONF_LISTEN: return parse_listen(value, arena, ret, reterr);
	default: return parse_text(t, value, least, most, arena, ret, reterr);
	}
}
