/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * Where the target is a field, its own kind checks the value, so that the conversions for
 * addresses, names and times have nothing to do; they check only what goes to extra. A value that
 * does not fit is never dropped: KR_CONV_INVALID keeps its text.
 */
#include "codec/conversions.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/ip.h"
#include "base/near.h"
#include "base/time.h"

const char *const kr_row_column_names[KR_ROW_COLUMNS] = {
	[KR_COL_CC_DNS] = "cc_dns",
	[KR_COL_HTTP_HOST] = "http_host",
	[KR_COL_URL] = "url",
	[KR_COL_HTTP_URL] = "http_url",
	[KR_COL_APPLICATION] = "application",
	[KR_COL_DETAIL] = "detail",
};

#define CV(name, doc) static kr_conversion name;
#include "codec/conversions.def"
#undef CV

static const struct {
	const char *name;
	kr_conversion *convert;
} conversions[] = {
#define CV(name, doc) {#name, name},
#include "codec/conversions.def"
#undef CV
};

kr_conversion *kr_conversion_find(struct kr_str name)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(conversions); i++)
		if (kr_str_eqc(name, conversions[i].name))
			return conversions[i].convert;
	return NULL;
}

struct kr_str kr_conversion_near(struct kr_str name)
{
	struct kr_near near = KR_NEAR(name);

	for (size_t i = 0; i < KR_ARRAY_LEN(conversions); i++)
		kr_near_offer(&near, kr_str_c(conversions[i].name));
	return near.best;
}

static struct kr_str column(const struct kr_row *row, enum kr_row_column c)
{
	return row->columns[c] >= 0 ? row->cells[row->columns[c]] : KR_STR("");
}

static bool is_canonical_int(struct kr_str s)
{
	size_t sign = s.n && s.p[0] == '-';

	if (s.n == sign || s.n > 18)
		return false;
	if (s.p[sign] == '0')
		return s.n == 1;
	for (size_t i = sign; i < s.n; i++)
		if (!kr_is_digit(s.p[i]))
			return false;
	return true;
}

static enum kr_converted convert_int(const struct kr_row *row, enum kr_field f, struct kr_str in,
				     struct kr_str *ret)
{
	int64_t v;

	(void)f;
	*ret = in;
	if (is_canonical_int(in))
		return KR_CONV_LITERAL;
	if (kr_str_i64(kr_str_trim(in), &v))
		return KR_CONV_INVALID;
	*ret = kr_arena_printf(row->arena, "%lld", (long long)v);
	return ret->p ? KR_CONV_LITERAL : KR_CONV_LIMIT;
}

static enum kr_converted invalidate_zero(const struct kr_row *row, enum kr_field f,
					 struct kr_str in, struct kr_str *ret)
{
	enum kr_converted r = convert_int(row, f, in, ret);

	return r == KR_CONV_LITERAL && kr_str_eqc(*ret, "0") ? KR_CONV_ABSENT : r;
}

/* The number grammar of RFC 8259. */
static bool is_json_number(struct kr_str s)
{
	size_t i = s.n && s.p[0] == '-', start = i;

	while (i < s.n && kr_is_digit(s.p[i]))
		i++;
	if (i == start || (s.p[start] == '0' && i - start > 1))
		return false;
	if (i < s.n && s.p[i] == '.') {
		start = ++i;
		while (i < s.n && kr_is_digit(s.p[i]))
			i++;
		if (i == start)
			return false;
	}
	return i == s.n;
}

static enum kr_converted convert_float(const struct kr_row *row, enum kr_field f, struct kr_str in,
				       struct kr_str *ret)
{
	KR_AUTO_BUF b = KR_BUF(64);
	double v;

	(void)f;
	*ret = in;
	if (kr_str_double(kr_str_trim(in), &v))
		return KR_CONV_INVALID;
	if (is_json_number(in))
		return KR_CONV_LITERAL;
	kr_buf_double(&b, v);
	*ret = kr_arena_dup(row->arena, kr_buf_str(&b));
	return ret->p ? KR_CONV_LITERAL : KR_CONV_LIMIT;
}

static enum kr_converted convert_bool(const struct kr_row *row, enum kr_field f, struct kr_str in,
				      struct kr_str *ret)
{
	static const char *const yes[] = {"y", "yes", "true", "enabled", "1"};
	static const char *const no[] = {"n", "no", "false", "disabled", "0"};

	(void)row;
	(void)f;
	*ret = in;
	for (size_t i = 0; i < KR_ARRAY_LEN(yes); i++) {
		if (kr_str_ieq(in, kr_str_c(yes[i]))) {
			*ret = KR_STR("true");
			return KR_CONV_LITERAL;
		}
		if (kr_str_ieq(in, kr_str_c(no[i]))) {
			*ret = KR_STR("false");
			return KR_CONV_LITERAL;
		}
	}
	return KR_CONV_INVALID;
}

static enum kr_converted validate_to_none(const struct kr_row *row, enum kr_field f,
					  struct kr_str in, struct kr_str *ret)
{
	(void)row;
	(void)f;
	*ret = in;
	if (kr_str_eqc(in, "0") || kr_str_eqc(in, "unknown"))
		return KR_CONV_ABSENT;
	return KR_CONV_TEXT;
}

/* Is it a network of more than one address, or at least written as if? */
static bool is_network(struct kr_str in)
{
	struct kr_ip net;

	return kr_str_chr(in, '/') >= 0 &&
	       !(kr_net_parse(in, &net) >= 0 && net.plen == kr_ip_bits(&net));
}

static enum kr_converted validate_ip(const struct kr_row *row, enum kr_field f, struct kr_str in,
				     struct kr_str *ret)
{
	struct kr_ip ip;

	(void)row;
	*ret = in;
	if (is_network(in))
		return kr_net_parse(in, &ip) >= 0 ? KR_CONV_ABSENT : KR_CONV_INVALID;
	if (f)
		return KR_CONV_TEXT;
	return kr_net_parse(in, &ip) < 0 ? KR_CONV_INVALID : KR_CONV_TEXT;
}

static enum kr_converted validate_network(const struct kr_row *row, enum kr_field f,
					  struct kr_str in, struct kr_str *ret)
{
	struct kr_ip net;

	(void)row;
	(void)f;
	*ret = in;
	if (!is_network(in))
		return KR_CONV_ABSENT;
	return kr_net_parse(in, &net) < 0 ? KR_CONV_INVALID : KR_CONV_TEXT;
}

static enum kr_converted validate_fqdn(const struct kr_row *row, enum kr_field f, struct kr_str in,
				       struct kr_str *ret)
{
	union kr_value v;

	*ret = in;
	if (f)
		return KR_CONV_TEXT;
	if (kr_field_parse(KR_F_SRC_FQDN, in, row->arena, &v, NULL))
		return KR_CONV_INVALID;
	*ret = v.text;
	return KR_CONV_TEXT;
}

static enum kr_converted convert_date(const struct kr_row *row, enum kr_field f, struct kr_str in,
				      struct kr_str *ret)
{
	char text[KR_TIME_TEXT_MAX];
	kr_time t;

	*ret = in;
	if (f)
		return KR_CONV_TEXT;
	if (kr_time_parse(kr_str_trim(in), &t))
		return KR_CONV_INVALID;
	*ret = kr_arena_dup(row->arena, kr_str_c(kr_time_text(t, text)));
	return ret->p ? KR_CONV_TEXT : KR_CONV_LIMIT;
}

static enum kr_converted convert_date_utc(const struct kr_row *row, enum kr_field f,
					  struct kr_str in, struct kr_str *ret)
{
	return convert_date(row, f, in, ret);
}

static enum kr_converted add_UTC_to_timestamp(const struct kr_row *row, enum kr_field f,
					      struct kr_str in, struct kr_str *ret)
{
	return convert_date(row, f, in, ret);
}

static enum kr_converted category_or_detail(const struct kr_row *row, enum kr_field f,
					    struct kr_str in, struct kr_str *ret)
{
	if (in.n && validate_to_none(row, f, in, ret) == KR_CONV_TEXT)
		return KR_CONV_TEXT;
	*ret = column(row, KR_COL_DETAIL);
	return ret->n ? KR_CONV_TEXT : KR_CONV_ABSENT;
}

static struct kr_str concat(struct kr_arena *arena, const struct kr_str *parts, size_t n_parts)
{
	size_t n = 0;
	char *to;

	for (size_t i = 0; i < n_parts; i++)
		n += parts[i].n;
	to = kr_arena_bytes(arena, n);
	if (!to)
		return KR_STR_NULL;
	n = 0;
	for (size_t i = 0; i < n_parts; n += parts[i++].n)
		if (parts[i].n)
			memcpy(to + n, parts[i].p, parts[i].n);
	return kr_str_n(to, n);
}

/* "/path" of "GET /path HTTP/1.1" or of a bare path; empty if there is none. */
static struct kr_str request_path(struct kr_str in)
{
	ptrdiff_t at = kr_str_chr(in, '/');
	struct kr_str path = at < 0 ? KR_STR("") : kr_str_from(in, (size_t)at);

	for (size_t i = 0; i < path.n; i++)
		if (kr_is_blank(path.p[i]))
			return kr_str_first(path, i);
	return path;
}

static enum kr_converted convert_http_host_and_url(const struct kr_row *row, enum kr_field f,
						   struct kr_str in, struct kr_str *ret)
{
	struct kr_str host = column(row, KR_COL_CC_DNS), path = column(row, KR_COL_URL);
	struct kr_str scheme = column(row, KR_COL_APPLICATION);

	(void)f;
	if (row->columns[KR_COL_CC_DNS] < 0)
		host = column(row, KR_COL_HTTP_HOST);
	if (row->columns[KR_COL_URL] < 0)
		path = column(row, KR_COL_HTTP_URL);
	*ret = in;
	if (!host.n || !path.n || kr_str_istarts(path, KR_STR("http://")) ||
	    kr_str_istarts(path, KR_STR("https://")))
		return KR_CONV_TEXT;
	if (!kr_str_eqc(scheme, "https"))
		scheme = KR_STR("http");
	path = request_path(path);
	*ret = concat(row->arena, (struct kr_str[]){scheme, KR_STR("://"), host, path}, 4);
	return ret->p ? KR_CONV_TEXT : KR_CONV_LIMIT;
}

static int by_text(const void *a, const void *b)
{
	return kr_str_cmp(*(const struct kr_str *)a, *(const struct kr_str *)b);
}

/* A tag in lower case, in the arena where it has to be changed. */
static bool lower_tag(struct kr_arena *arena, struct kr_str *tag)
{
	char *to;
	size_t i = 0;

	while (i < tag->n && kr_lower(tag->p[i]) == tag->p[i])
		i++;
	if (i == tag->n)
		return true;
	to = kr_arena_bytes(arena, tag->n);
	if (!to)
		return false;
	for (i = 0; i < tag->n; i++)
		to[i] = kr_lower(tag->p[i]);
	tag->p = to;
	return true;
}

static enum kr_converted extract_cve_from_tag(const struct kr_row *row, enum kr_field f,
					      struct kr_str in, struct kr_str *ret)
{
	struct kr_str cve[64], rest = in, tag;
	size_t n = 0, len = 0;
	char *to;

	(void)f;
	*ret = in;
	while (kr_str_split(&rest, ';', &tag)) {
		tag = kr_str_trim(tag);
		if (!kr_str_istarts(tag, KR_STR("cve-")))
			continue;
		if (n == KR_ARRAY_LEN(cve))
			return KR_CONV_INVALID;
		if (!lower_tag(row->arena, &tag))
			return KR_CONV_LIMIT;
		cve[n++] = tag;
	}
	if (!n)
		return KR_CONV_ABSENT;
	*ret = cve[0];
	if (n == 1)
		return KR_CONV_TEXT;
	qsort(cve, n, sizeof(cve[0]), by_text);
	to = kr_arena_bytes(row->arena, in.n);
	if (!to)
		return KR_CONV_LIMIT;
	for (size_t i = 0; i < n; i++) {
		if (i && kr_str_eq(cve[i], cve[i - 1]))
			continue;
		if (len)
			to[len++] = ';';
		memcpy(to + len, cve[i].p, cve[i].n);
		len += cve[i].n;
	}
	*ret = kr_str_n(to, len);
	return KR_CONV_TEXT;
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool is_base64(struct kr_str s)
{
	size_t n = s.n;

	if (n % 4)
		return false;
	while (n && s.n - n < 2 && s.p[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++)
		if (!kr_is_alnum(s.p[i]) && s.p[i] != '+' && s.p[i] != '/')
			return false;
	return true;
}

static enum kr_converted force_base64(const struct kr_row *row, enum kr_field f, struct kr_str in,
				      struct kr_str *ret)
{
	const unsigned char *p = (const unsigned char *)in.p;
	size_t n = 0;
	char *to;

	(void)f;
	*ret = in;
	if (is_base64(in))
		return KR_CONV_TEXT;
	to = kr_arena_bytes(row->arena, (in.n + 2) / 3 * 4);
	if (!to)
		return KR_CONV_LIMIT;
	for (size_t i = 0; i < in.n; i += 3) {
		size_t left = in.n - i;
		uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
			     (left > 2 ? p[i + 2] : 0);

		to[n++] = base64_digits[v >> 18];
		to[n++] = base64_digits[v >> 12 & 63];
		to[n++] = left > 1 ? base64_digits[v >> 6 & 63] : '=';
		to[n++] = left > 2 ? base64_digits[v & 63] : '=';
	}
	*ret = kr_str_n(to, n);
	return KR_CONV_TEXT;
}

static bool has_webshell(struct kr_str tags)
{
	struct kr_str tag;

	while (kr_str_split(&tags, ';', &tag))
		if (kr_str_ieq(kr_str_trim(tag), KR_STR("webshell")))
			return true;
	return false;
}

static enum kr_converted scan_exchange_taxonomy(const struct kr_row *row, enum kr_field f,
						struct kr_str in, struct kr_str *ret)
{
	(void)row;
	(void)f;
	*ret = has_webshell(in) ? KR_STR("intrusions") : KR_STR("vulnerable");
	return KR_CONV_TEXT;
}

/* vulnerable-system, where published code says infected-system: the class beside it is vulnerable.
 */
static enum kr_converted scan_exchange_type(const struct kr_row *row, enum kr_field f,
					    struct kr_str in, struct kr_str *ret)
{
	(void)row;
	(void)f;
	*ret = has_webshell(in) ? KR_STR("system-compromise") : KR_STR("vulnerable-system");
	return KR_CONV_TEXT;
}

static enum kr_converted scan_exchange_identifier(const struct kr_row *row, enum kr_field f,
						  struct kr_str in, struct kr_str *ret)
{
	(void)row;
	(void)f;
	*ret = has_webshell(in) ? KR_STR("exchange-server-webshell")
				: KR_STR("vulnerable-exchange-server");
	return KR_CONV_TEXT;
}
