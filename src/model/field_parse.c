/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values: clean first, then check, as IDF does it.
 *
 * kr_field_parse() takes the blanks off, hands the text to the parser of its kind, and holds the
 * result against the size of the field. A text that is clean already is returned as the slice of
 * the input it is: one pass over its bytes, eight at a time, decides that. Only what must be
 * rewritten (upper-case names, defanged URLs, international domain names) is copied to the arena.
 * Faults are worded only when the caller asks, since a codec puts a refused value into extra and
 * goes on.
 */
#include "model/field.h"

#include "base/json.h"
#include "model/field_parts.h"
#include "model/label.h"
#include "model/scan.h"
#include "model/taxonomy.h"

#define JSON_DEPTH 64

typedef int (*parse_fn)(struct kr_str s, struct kr_arena *arena, union kr_value *ret);

bool kr_model__is_text(struct kr_str s)
{
	unsigned has = kr_model__scan(s);

	if (KR_LIKELY(!(has & KR_SCAN_HIGH)))
		return !(has & KR_SCAN_CONTROL);
	if (kr_utf8_valid(s) != s.n)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c == 0x7f)
			return false;
		/* U+0080 to U+009F: C2 80 to C2 9F. */
		if (c == 0xc2 && (unsigned char)s.p[i + 1] < 0xa0)
			return false;
	}
	return true;
}

int kr_model__fold(struct kr_str s, bool upper, struct kr_arena *arena, struct kr_str *ret)
{
	char *p = kr_arena_bytes(arena, s.n);

	if (!p)
		return -KR_ELIMIT;
	for (size_t i = 0; i < s.n; i++)
		p[i] = upper ? kr_upper(s.p[i]) : kr_lower(s.p[i]);
	*ret = kr_str_n(p, s.n);
	return 0;
}

static int parse_string(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	(void)arena;
	if (!kr_model__is_text(s))
		return -KR_EINVAL;
	ret->text = s;
	return 0;
}

/* Make lower-case only where a letter is upper-case. */
static int lower(struct kr_str s, unsigned has, struct kr_arena *arena, union kr_value *ret)
{
	if (has & (KR_SCAN_UPPER | KR_SCAN_HIGH))
		return kr_model__fold(s, false, arena, &ret->text);
	ret->text = s;
	return 0;
}

static int parse_lower(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	return kr_model__is_text(s) ? lower(s, kr_model__scan(s), arena, ret) : -KR_EINVAL;
}

static int parse_ascii(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	(void)arena;
	if (kr_model__scan(s) & (KR_SCAN_HIGH | KR_SCAN_CONTROL))
		return -KR_EINVAL;
	ret->text = s;
	return 0;
}

static int parse_lower_ascii(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	unsigned has = kr_model__scan(s);

	return has & (KR_SCAN_HIGH | KR_SCAN_CONTROL) ? -KR_EINVAL : lower(s, has, arena, ret);
}

static int parse_hash(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	unsigned has = kr_model__scan(s);

	return has & (KR_SCAN_HIGH | KR_SCAN_CONTROL | KR_SCAN_BLANK) ? -KR_EINVAL
								      : lower(s, has, arena, ret);
}

static int parse_event_hash(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	bool small = false;

	for (size_t i = 0; i < s.n; i++) {
		if (kr_hex_value(s.p[i]) < 0 && s.p[i] != '.' && s.p[i] != '/')
			return -KR_EINVAL;
		small |= s.p[i] >= 'a';
	}
	if (small)
		return kr_model__fold(s, true, arena, &ret->text);
	ret->text = s;
	return 0;
}

static int parse_fqdn(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	return kr_model__fqdn(s, arena, &ret->text);
}

static int parse_url(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	return kr_model__url(s, arena, &ret->text);
}

static int parse_cc(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	if (s.n != 2 || !kr_is_alnum(s.p[0]) || !kr_is_alnum(s.p[1]))
		return -KR_EINVAL;
	if (s.p[0] >= 'a' || s.p[1] >= 'a')
		return kr_model__fold(s, true, arena, &ret->text);
	ret->text = s;
	return 0;
}

static int parse_registry(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	(void)arena;
	return kr_model__registry(s, &ret->text);
}

static int parse_transport(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	(void)arena;
	return kr_model__transport(s, &ret->text);
}

static int parse_severity(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	(void)arena;
	return kr_model__severity(s, &ret->text);
}

static int parse_taxonomy(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	struct kr_str found = kr_class_find(s);

	(void)arena;
	if (!found.p)
		return -KR_EINVAL;
	ret->text = found;
	return 0;
}

static int parse_type(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	const struct kr_type_info *found = kr_type_find(s);

	(void)arena;
	if (!found)
		return -KR_EINVAL;
	ret->text = found->type;
	return 0;
}

static int parse_base64(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	size_t n = s.n;

	(void)arena;
	if (n % 4)
		return -KR_EINVAL;
	for (int pad = 0; pad < 2 && s.p[n - 1] == '='; pad++)
		n--;
	for (size_t i = 0; i < n; i++)
		if (!kr_is_alnum(s.p[i]) && s.p[i] != '+' && s.p[i] != '/')
			return -KR_EINVAL;
	ret->text = s;
	return 0;
}

static int parse_json(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	(void)arena;
	if (kr_json_check(s, JSON_DEPTH, NULL) < 0)
		return -KR_EINVAL;
	ret->text = s;
	return 0;
}

static int parse_tlp(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	enum kr_tlp tlp;

	(void)arena;
	if (kr_tlp_parse(s, &tlp) < 0)
		return -KR_EINVAL;
	ret->i = tlp;
	return 0;
}

static int whole_number(struct kr_str s, uint64_t min, uint64_t max, union kr_value *ret)
{
	uint64_t v;

	if (kr_str_u64(s, &v) < 0 || v < min || v > max)
		return -KR_EINVAL;
	ret->i = (int64_t)v;
	return 0;
}

static int parse_port(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	(void)arena;
	return whole_number(s, 0, UINT16_MAX, ret);
}

static int parse_asn(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	(void)arena;
	if (kr_str_istarts(s, KR_STR("as")))
		s = kr_str_trim(kr_str_from(s, 2));
	return whole_number(s, 1, UINT32_MAX, ret);
}

static int parse_int(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	(void)arena;
	return kr_str_i64(s, &ret->i);
}

static int parse_bool(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	(void)arena;
	return kr_model__bool(s, &ret->i);
}

static int parse_float(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	double v;

	(void)arena;
	if (kr_str_double(s, &v) < 0)
		return -KR_EINVAL;
	ret->d = v == 0 ? 0 : v; /* no negative zero: equal values have one text */
	return 0;
}

static int parse_accuracy(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	union kr_value v;

	/* A number first: "1" is one percent, not the truth. */
	if (parse_float(s, arena, &v) == 0) {
		if (v.d < 0 || v.d > 100)
			return -KR_EINVAL;
	} else if (kr_model__bool(s, &v.i) == 0) {
		v.d = v.i ? 100 : 0;
	} else {
		return -KR_EINVAL;
	}
	*ret = v;
	return 0;
}

static int parse_time(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	/* Not ISO 8601, but unambiguous, and seen in feeds: RFC 2822 and slashes with the year
	 * first. */
	static const char *const others[] = {"%d %b %Y %H:%M:%S %z", "%d %b %Y %H:%M:%S %Z",
					     "%d %b %Y %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d"};

	(void)arena;
	if (KR_LIKELY(kr_time_parse(s, &ret->t) == 0))
		return 0;
	if (s.n > 5 && s.p[3] == ',' && s.p[4] == ' ') /* name of the day */
		s = kr_str_from(s, 5);
	for (size_t i = 0; i < KR_ARRAY_LEN(others); i++)
		if (kr_time_parse_format(s, others[i], &ret->t) == 0)
			return 0;
	return -KR_EINVAL;
}

/* An address written as one decimal number, IPv4 up to 2^32 - 1, IPv6 above. */
static int ip_number(struct kr_str s, struct kr_ip *ret)
{
	unsigned __int128 v = 0;
	struct kr_ip ip = {.family = 6, .plen = 128};

	for (size_t i = 0; i < s.n; i++) {
		if (!kr_is_digit(s.p[i]) || __builtin_mul_overflow(v, (unsigned)10, &v) ||
		    __builtin_add_overflow(v, (unsigned)(s.p[i] - '0'), &v))
			return -KR_EINVAL;
	}
	/* Below 1.0.0.0 it is more likely another number in the wrong place. */
	if (v < (1u << 24))
		return -KR_EINVAL;
	if (v <= UINT32_MAX) {
		*ret = kr_ip_from_u32((uint32_t)v);
		return 0;
	}
	for (int i = 15; i >= 0; i--, v >>= 8)
		ip.b[i] = (uint8_t)v;
	*ret = ip;
	return 0;
}

static int parse_ip(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	static const uint8_t zero[16];
	struct kr_ip ip;

	(void)arena;
	if (KR_UNLIKELY(kr_ip_parse(s, &ip) < 0)) {
		if (kr_str_chr(s, '/') >= 0) {
			if (kr_net_parse(s, &ip) < 0 || ip.plen != kr_ip_bits(&ip))
				return -KR_EINVAL;
		} else if (ip_number(s, &ip) < 0) {
			return -KR_EINVAL;
		}
	}
	if (memcmp(ip.b, zero, sizeof(zero)) == 0)
		return -KR_EINVAL;
	ret->ip = ip;
	return 0;
}

static int parse_net(struct kr_str s, struct kr_arena *arena, union kr_value *ret)
{
	(void)arena;
	return KR_MIN(kr_net_parse(s, &ret->ip), 0);
}

static const parse_fn parsers[KR_FIELD_KINDS] = {
	[KR_K_STRING] = parse_string,
	[KR_K_LOWER] = parse_lower,
	[KR_K_ASCII] = parse_ascii,
	[KR_K_LOWERASCII] = parse_lower_ascii,
	[KR_K_HASH] = parse_hash,
	[KR_K_EVENTHASH] = parse_event_hash,
	[KR_K_FQDN] = parse_fqdn,
	[KR_K_URL] = parse_url,
	[KR_K_CC] = parse_cc,
	[KR_K_REGISTRY] = parse_registry,
	[KR_K_TRANSPORT] = parse_transport,
	[KR_K_SEVERITY] = parse_severity,
	[KR_K_TAXONOMY] = parse_taxonomy,
	[KR_K_TYPE] = parse_type,
	[KR_K_BASE64] = parse_base64,
	[KR_K_JSON] = parse_json,
	[KR_K_TLP] = parse_tlp,
	[KR_K_PORT] = parse_port,
	[KR_K_ASN] = parse_asn,
	[KR_K_INT] = parse_int,
	[KR_K_BOOL] = parse_bool,
	[KR_K_ACCURACY] = parse_accuracy,
	[KR_K_FLOAT] = parse_float,
	[KR_K_TIME] = parse_time,
	[KR_K_IP] = parse_ip,
	[KR_K_NET] = parse_net,
};

size_t kr_model__cut(struct kr_str s, size_t max)
{
	size_t n = max;

	if (s.n <= max)
		return s.n;
	while (n > 0 && max - n < 4 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	return n;
}

void kr_model__printable(char *p, size_t n)
{
	size_t valid;

	while ((valid = kr_utf8_valid(kr_str_n(p, n))) < n)
		p[valid] = '?';
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c < 0x20 || c == 0x7f)
			p[i] = '?';
	}
}

/* The beginning of a value, for a message. */
static const char *shown(struct kr_str s, char buf[64])
{
	size_t n = kr_model__cut(s, 60);

	memcpy(buf, s.p, n);
	kr_model__printable(buf, n);
	memcpy(buf + n, "...", 4);
	if (n == s.n)
		buf[n] = '\0';
	return buf;
}

static int complain(const struct kr_field_info *info, struct kr_str s, int err,
		    struct kr_fault *reterr)
{
	char buf[64];

	if (!reterr)
		return err;
	if (err == -KR_ELIMIT)
		kr_fault_set(reterr, err, "%zu bytes are too long", s.n);
	else
		kr_fault_set(reterr, err, "\"%s\" is not valid", shown(s, buf));
	kr_fault_where(reterr, "%s", info->name);
	if (err == -KR_ELIMIT)
		kr_fault_remedy(reterr, "at most %u bytes", info->size_max);
	else
		kr_fault_remedy(reterr, "valid: %s", kr_field_kind_doc(info->kind));
	return err;
}

int kr_field_parse(enum kr_field f, struct kr_str text, struct kr_arena *arena, union kr_value *ret,
		   struct kr_fault *reterr)
{
	const struct kr_field_info *info = kr_field_info(f);
	union kr_value v;
	int err;

	assert(info);
	if (text.n && KR_UNLIKELY(kr_is_blank(text.p[0]) || kr_is_blank(text.p[text.n - 1])))
		text = kr_str_trim(text);
	if (text.n == 0)
		return complain(info, text, -KR_EINVAL, reterr);
	err = parsers[info->kind](text, arena, &v);
	if (KR_UNLIKELY(err < 0)) {
		if (err == -KR_ELIMIT)
			return kr_fault_set(reterr, err, "no memory is left for this batch");
		return complain(info, text, err, reterr);
	}
	if (info->rep == KR_REP_TEXT && info->size_max && v.text.n > info->size_max)
		return complain(info, text, -KR_ELIMIT, reterr);
	*ret = v;
	return 0;
}
