/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domain names and URLs.
 *
 * A domain name is kept in its ASCII form (RFC 5890), lower-case, without the dot of the root.
 * Labels hold letters, digits, hyphens anywhere and underscores: what resolvers answer for, which
 * is more than host names may hold (RFC 1123). A last label of digits alone would be read as an
 * IPv4 address by browsers and resolvers, so such a name is refused. Names with other letters go
 * through IDNA 2008 with the mapping of UTS 46.
 *
 * A URL keeps its bytes but for the defanging of its scheme and authority: hxxp and hxxps, "[.]"
 * and its kin. It must have a scheme and a host; file URLs without a host get localhost, as IDF has
 * it.
 */
#include "model/field_parts.h"

#include <idn2.h>
#include <stdlib.h>

#include "base/ip.h"
#include "model/scan.h"

#define FQDN_MAX  253
#define LABEL_MAX 63

enum { BAD, PLAIN, DIGIT, BIG, DOT };

static int class_of(char c)
{
	if (c >= 'a' && c <= 'z')
		return PLAIN;
	if (kr_is_digit(c))
		return DIGIT;
	if (c >= 'A' && c <= 'Z')
		return BIG;
	if (c == '-' || c == '_')
		return PLAIN;
	return c == '.' ? DOT : BAD;
}

/* Check an ASCII name; *ret_big: it holds upper-case letters. */
static bool check_ascii(struct kr_str s, bool *ret_big)
{
	size_t label = 0;
	bool digits = true, big = false;

	if (s.n == 0 || s.n > FQDN_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		switch (class_of(s.p[i])) {
		case DOT:
			if (label == 0)
				return false;
			label = 0;
			digits = true;
			continue;
		case BAD: return false;
		case BIG:
			big = true;
			digits = false;
			break;
		case PLAIN: digits = false; break;
		default: break;
		}
		if (++label > LABEL_MAX)
			return false;
	}
	*ret_big = big;
	return label > 0 && !digits;
}

/* The ASCII form of a name with other letters. */
static int to_ascii(struct kr_str s, struct kr_arena *arena, struct kr_str *ret)
{
	char in[4 * (FQDN_MAX + 1) + 1];
	uint8_t *out = NULL;
	int err;

	if (s.n >= sizeof(in) || memchr(s.p, '\0', s.n) || kr_utf8_valid(s) != s.n)
		return -KR_EINVAL;
	memcpy(in, s.p, s.n);
	in[s.n] = '\0';
	if (idn2_lookup_u8((const uint8_t *)in, &out, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) !=
	    IDN2_OK)
		return -KR_EINVAL;
	*ret = kr_arena_dup(arena, kr_str_c((const char *)out));
	err = ret->p ? 0 : -KR_ELIMIT;
	idn2_free(out);
	return err;
}

int kr_model__fqdn(struct kr_str s, struct kr_arena *arena, struct kr_str *ret)
{
	bool big;

	if (KR_UNLIKELY(kr_model__scan(s) & KR_SCAN_HIGH)) {
		int err = to_ascii(s, arena, &s);

		if (err < 0)
			return err;
	}
	if (s.n > 1 && s.p[s.n - 1] == '.')
		s.n--;
	if (!check_ascii(s, &big))
		return -KR_EINVAL;
	if (KR_UNLIKELY(big))
		return kr_model__fold(s, false, arena, ret);
	*ret = s;
	return 0;
}

/* Length of the scheme (RFC 3986 section 3.1) that a colon ends, 0 if there is none. */
static size_t scheme_length(struct kr_str s)
{
	size_t n = 0;

	if (s.n == 0 || !kr_is_alpha(s.p[0]))
		return 0;
	while (n < s.n && (kr_is_alnum(s.p[n]) || s.p[n] == '+' || s.p[n] == '-' || s.p[n] == '.'))
		n++;
	return n < s.n && s.p[n] == ':' ? n : 0;
}

/* Where path, query or fragment begins. */
static size_t authority_end(struct kr_str s, size_t from)
{
	while (from < s.n && s.p[from] != '/' && s.p[from] != '?' && s.p[from] != '#')
		from++;
	return from;
}

/* Is there a host, and is what follows it a port? */
static bool check_authority(struct kr_str a)
{
	const char *at = a.n ? memrchr(a.p, '@', a.n) : NULL;
	struct kr_str host = at ? kr_str_from(a, (size_t)(at - a.p) + 1) : a, port = KR_STR_NULL;
	ptrdiff_t colon;
	uint64_t n;

	if (host.n && host.p[0] == '[') {
		struct kr_ip ip;
		ptrdiff_t close = kr_str_chr(host, ']');

		if (close < 0 || kr_ip_parse(kr_str_n(host.p + 1, (size_t)close - 1), &ip) < 0)
			return false;
		port = kr_str_from(host, (size_t)close + 1);
		if (port.n && port.p[0] != ':')
			return false;
		port = kr_str_from(port, 1);
	} else {
		colon = kr_str_chr(host, ':');
		if (colon >= 0) {
			port = kr_str_from(host, (size_t)colon + 1);
			host = kr_str_first(host, (size_t)colon);
		}
		if (host.n == 0 || kr_str_chr(host, '[') >= 0 || kr_str_chr(host, ']') >= 0)
			return false;
	}
	return port.n == 0 || (kr_str_u64(port, &n) == 0 && n <= UINT16_MAX);
}

/* "hxxp" in any case is a defanged http; the same for https. */
static const char *real_scheme(struct kr_str scheme)
{
	if (scheme.n == 4 && kr_str_ieq(scheme, KR_STR("hxxp")))
		return "http";
	if (scheme.n == 5 && kr_str_ieq(scheme, KR_STR("hxxps")))
		return "https";
	return NULL;
}

/* Put scheme, authority and rest together in the arena. */
static int rebuild(struct kr_arena *arena, struct kr_str scheme, struct kr_str authority,
		   struct kr_str rest, struct kr_str *ret)
{
	size_t n = scheme.n + 3 + authority.n + rest.n;
	char *p = kr_arena_bytes(arena, n), *at = p;

	if (!p)
		return -KR_ELIMIT;
	memcpy(at, scheme.p, scheme.n);
	at += scheme.n;
	memcpy(at, "://", 3);
	at += 3;
	if (authority.n)
		memcpy(at, authority.p, authority.n);
	at += authority.n;
	if (rest.n)
		memcpy(at, rest.p, rest.n);
	*ret = kr_str_n(p, n);
	return 0;
}

/* The colon of the scheme may be defanged itself: "hxxp[:]//", "http[://]". */
static int open_scheme(struct kr_str *s, struct kr_arena *arena)
{
	ptrdiff_t slashes;
	struct kr_str head, rest;
	char *p;
	int err;

	if (KR_LIKELY(kr_str_find(kr_str_first(*s, 16), KR_STR("[:")) < 0))
		return 0;
	slashes = kr_str_find(*s, KR_STR("//"));
	if (slashes < 0)
		return -KR_EINVAL;
	rest = kr_str_from(*s, authority_end(*s, (size_t)slashes + 2));
	err = kr_model__refang(kr_str_first(*s, s->n - rest.n), true, arena, &head);
	if (err < 0)
		return err;
	p = kr_arena_bytes(arena, head.n + rest.n);
	if (!p)
		return -KR_ELIMIT;
	memcpy(p, head.p, head.n);
	memcpy(p + head.n, rest.p, rest.n);
	*s = kr_str_n(p, head.n + rest.n);
	return 0;
}

int kr_model__url(struct kr_str s, struct kr_arena *arena, struct kr_str *ret)
{
	struct kr_str scheme, authority, rest, clean;
	const char *real;
	size_t n, end;
	int err;

	if (kr_str_chr(s, ' ') >= 0 || !kr_model__is_text(s))
		return -KR_EINVAL;
	err = open_scheme(&s, arena);
	if (err < 0)
		return err;
	n = scheme_length(s);
	if (n == 0)
		return -KR_EINVAL;
	scheme = kr_str_first(s, n);
	if (kr_str_ieq(scheme, KR_STR("file"))) {
		if (kr_str_starts(kr_str_from(s, n), KR_STR(":///")))
			return rebuild(arena, scheme, KR_STR("localhost"), kr_str_from(s, n + 3),
				       ret);
		if (kr_str_starts(kr_str_from(s, n), KR_STR(":/")) && s.n > n + 2 &&
		    s.p[n + 2] != '/')
			return rebuild(arena, scheme, KR_STR("localhost"), kr_str_from(s, n + 1),
				       ret);
	}
	if (!kr_str_starts(kr_str_from(s, n), KR_STR("://")))
		return -KR_EINVAL;
	end = authority_end(s, n + 3);
	authority = kr_str_n(s.p + n + 3, end - n - 3);
	rest = kr_str_from(s, end);
	real = real_scheme(scheme);
	err = kr_model__refang(authority, false, arena, &clean);
	if (err < 0)
		return err;
	if (!check_authority(clean))
		return -KR_EINVAL;
	if (KR_UNLIKELY(real || clean.p != authority.p || clean.n != authority.n))
		return rebuild(arena, real ? kr_str_c(real) : scheme, clean, rest, ret);
	*ret = s;
	return 0;
}
