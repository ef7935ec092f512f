/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All of this works on what the client sent, so every function refuses what it does not understand
 * instead of guessing: a NUL or a broken %XX in a path is an error, not an empty string.
 */
#include "http/url.h"

#include <string.h>

int kr_http_decode(struct kr_str s, bool plus, struct kr_arena *a, struct kr_str *ret)
{
	char *out = kr_arena_bytes(a, s.n + 1);
	size_t n = 0;

	if (!out)
		return -KR_ELIMIT;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '%') {
			int hi = i + 2 < s.n ? kr_hex_value(s.p[i + 1]) : -1;
			int lo = hi >= 0 ? kr_hex_value(s.p[i + 2]) : -1;

			if (lo < 0)
				return -KR_EINVAL;
			c = (char)(hi << 4 | lo);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (!c)
			return -KR_EINVAL;
		out[n++] = c;
	}
	out[n] = 0;
	if (kr_utf8_valid(kr_str_n(out, n)) != n)
		return -KR_EINVAL;
	*ret = kr_str_n(out, n);
	return 0;
}

void kr_http_encode(struct kr_buf *b, struct kr_str s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (kr_is_alnum((char)c) || c == '-' || c == '.' || c == '_' || c == '~') {
			kr_buf_ch(b, (char)c);
		} else {
			char x[3] = {'%', hex[c >> 4], hex[c & 15]};

			kr_buf_add(b, x, 3);
		}
	}
}

static int query_pair(struct kr_str piece, struct kr_arena *a, struct kr_http_pair *ret)
{
	ptrdiff_t eq = kr_str_chr(piece, '=');
	struct kr_str name = eq < 0 ? piece : kr_str_first(piece, (size_t)eq);
	struct kr_str value = eq < 0 ? KR_STR("") : kr_str_from(piece, (size_t)eq + 1);
	int err = kr_http_decode(name, true, a, &ret->name);

	return err ? err : kr_http_decode(value, true, a, &ret->value);
}

int kr_http_pairs_parse(struct kr_str text, size_t max, const char *what, struct kr_arena *a,
			struct kr_http_pair **ret, size_t *ret_n, struct kr_fault *reterr)
{
	struct kr_http_pair *pairs = NULL;
	struct kr_str piece;
	size_t n = 0, cap = 0;

	while (text.p && kr_str_split(&text, '&', &piece)) {
		int err;

		if (!piece.n)
			continue;
		if (n == max)
			return kr_fault_set(reterr, -KR_ELIMIT,
					    "more than %zu parameters in the %s", max, what);
		pairs = kr_arena_more(a, pairs, n, &cap, sizeof(*pairs));
		if (!pairs)
			return kr_fault_set(reterr, -KR_ELIMIT,
					    "the request needs too much memory");
		err = query_pair(piece, a, &pairs[n]);
		if (err)
			return kr_fault_set(reterr, err,
					    "parameter %zu of the %s is not valid "
					    "percent-encoded UTF-8",
					    n + 1, what);
		n++;
	}
	*ret = pairs;
	*ret_n = n;
	return 0;
}

int kr_http_query_parse(struct kr_str query, struct kr_arena *a, struct kr_http_pair **ret,
			size_t *ret_n, struct kr_fault *reterr)
{
	if (query.n > KR_HTTP_QUERY_BYTES) {
		kr_fault_set(reterr, -KR_ELIMIT, "the query has %zu bytes, %d are allowed", query.n,
			     KR_HTTP_QUERY_BYTES);
		kr_fault_remedy(reterr, "use a shorter expression");
		return -KR_ELIMIT;
	}
	return kr_http_pairs_parse(query, KR_HTTP_QUERY_MAX, "query", a, ret, ret_n, reterr);
}

static struct kr_str pair_value(const struct kr_http_pair *pairs, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (kr_str_eqc(pairs[i].name, name))
			return pairs[i].value;
	return KR_STR_NULL;
}

struct kr_str kr_http_query(const struct kr_http_request *r, const char *name)
{
	return pair_value(r->query, r->n_query, name);
}

struct kr_str kr_http_field(const struct kr_http_request *r, const char *name)
{
	return pair_value(r->form, r->n_form, name);
}

struct kr_str kr_http_param(const struct kr_http_request *r, const char *name)
{
	return pair_value(r->param, r->n_params, name);
}

int kr_http_match(const char *pattern, struct kr_str path, struct kr_arena *a,
		  struct kr_http_pair *ret, size_t *ret_n)
{
	struct kr_str want = kr_str_c(pattern), w, have;
	struct kr_str raw[KR_HTTP_PARAMS_MAX];
	size_t n = 0;

	for (;;) {
		bool more_want = want.p && kr_str_split(&want, '/', &w);
		bool more_have = path.p && kr_str_split(&path, '/', &have);

		if (more_want != more_have)
			return 0;
		if (!more_want)
			break;
		if (w.n && w.p[0] == ':') {
			if (!have.n || n == KR_HTTP_PARAMS_MAX)
				return 0;
			raw[n] = have;
			ret[n++].name = kr_str_from(w, 1);
		} else if (!kr_str_eq(w, have)) {
			return 0;
		}
	}
	for (size_t i = 0; i < n; i++) {
		int err = kr_http_decode(raw[i], false, a, &ret[i].value);

		if (err)
			return err;
	}
	*ret_n = n;
	return 1;
}

bool kr_http_host_ok(struct kr_str host, uint16_t port)
{
	static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};

	for (size_t i = 0; i < KR_ARRAY_LEN(names); i++) {
		struct kr_str name = kr_str_c(names[i]), rest;
		uint64_t n;

		if (!kr_str_istarts(host, name))
			continue;
		rest = kr_str_from(host, name.n);
		if (!rest.n)
			return port == 80;
		return rest.p[0] == ':' && rest.n <= 6 && !kr_str_u64(kr_str_from(rest, 1), &n) &&
		       n == port;
	}
	return false;
}

static bool host_is(struct kr_str host, struct kr_str name, uint16_t port)
{
	struct kr_str rest;
	uint64_t n;

	if (!kr_str_istarts(host, name))
		return false;
	rest = kr_str_from(host, name.n);
	if (!rest.n)
		return true;
	return kr_str_chr(name, ':') < 0 && rest.p[0] == ':' && rest.n <= 6 &&
	       !kr_str_u64(kr_str_from(rest, 1), &n) && (n == port || n == 443);
}

bool kr_http_host_listed(struct kr_str host, struct kr_str names, uint16_t port)
{
	struct kr_str name;

	while (names.p && kr_str_split(&names, ' ', &name))
		if (name.n && host_is(host, name, port))
			return true;
	return false;
}

struct kr_str kr_http_cookie_find(struct kr_str header, struct kr_str name)
{
	struct kr_str found = KR_STR_NULL, piece;

	while (header.p && kr_str_split(&header, ';', &piece)) {
		struct kr_str value;

		piece = kr_str_trim(piece);
		if (!kr_str_starts(piece, name) || piece.n == name.n || piece.p[name.n] != '=')
			continue;
		value = kr_str_from(piece, name.n + 1);
		if (found.p && !kr_str_eq(found, value))
			return KR_STR_NULL;
		found = value;
	}
	return found;
}

bool kr_http_etag_listed(struct kr_str list, const char *etag)
{
	struct kr_str item;

	while (list.p && kr_str_split(&list, ',', &item)) {
		item = kr_str_trim(item);
		if (kr_str_eq(item, KR_STR("*")))
			return true;
		if (kr_str_starts(item, KR_STR("W/")))
			item = kr_str_from(item, 2);
		if (item.n >= 2 && item.p[0] == '"' && item.p[item.n - 1] == '"' &&
		    kr_str_eqc(kr_str_n(item.p + 1, item.n - 2), etag))
			return true;
	}
	return false;
}
