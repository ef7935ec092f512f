/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a request before anything is sent, and the few parts of an answer that have a
 * grammar of their own. URLs are taken apart by libcurl's parser, the one that connects later, so
 * that the two can never disagree about the host.
 */
#include <stdlib.h>
#include <string.h>

#include "net/http_internal.h"

static bool has_control(struct kr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 127)
			return true;
	return false;
}

static int url_fault(struct kr_fault *reterr, const char *what)
{
	kr_fault_set(reterr, -KR_EINVAL, "the address %s", what);
	kr_fault_remedy(reterr, "write it like https://feeds.example.org/list.csv");
	return -KR_EINVAL;
}

/* A part of a parsed URL; "" if it has none. */
static int part(CURLU *u, CURLUPart which, unsigned flags, char *buf, size_t size)
{
	char *p = NULL;
	int err = 0;

	buf[0] = '\0';
	if (curl_url_get(u, which, &p, flags) == CURLUE_OK && p) {
		if (strlen(p) >= size)
			err = -KR_ELIMIT;
		else
			memcpy(buf, p, strlen(p) + 1);
	}
	curl_free(p);
	return err;
}

static int literal_check(const char *host, struct kr_fault *reterr)
{
	struct kr_str s = kr_str_c(host);
	struct kr_ip ip;
	const char *why;

	if (s.n > 2 && s.p[0] == '[')
		s = kr_str_n(s.p + 1, s.n - 2);
	if (kr_ip_parse(s, &ip))
		return 0;
	why = kr_net_blocked(&ip);
	if (!why)
		return 0;
	kr_fault_set(reterr, -KR_EDENIED, "%s is never asked: it belongs to %s", host, why);
	kr_fault_remedy(reterr, "no feed and no webhook lives there; look at the address");
	return -KR_EDENIED;
}

static int take_apart(CURLU *u, const char *url, struct kr_net__origin *ret,
		      struct kr_fault *reterr)
{
	char scheme[16], port[8], secret[2];
	uint64_t number;

	if (curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    part(u, CURLUPART_SCHEME, 0, scheme, sizeof(scheme)))
		return url_fault(reterr, "cannot be read");
	ret->https = strcmp(scheme, "https") == 0;
	if (!ret->https && strcmp(scheme, "http") != 0)
		return url_fault(reterr, "begins with neither http:// nor https://");
	if (part(u, CURLUPART_USER, 0, secret, sizeof(secret)) || secret[0] ||
	    part(u, CURLUPART_PASSWORD, 0, secret, sizeof(secret)) || secret[0]) {
		kr_fault_set(reterr, -KR_EINVAL, "the address holds a user or a password");
		kr_fault_remedy(reterr, "put them into a file of mode 0600 below DIR/secrets/");
		return -KR_EINVAL;
	}
	if (part(u, CURLUPART_HOST, 0, ret->host, sizeof(ret->host)) || !ret->host[0])
		return url_fault(reterr, "names no host, or one that is too long");
	if (part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT, port, sizeof(port)) ||
	    kr_str_u64(kr_str_c(port), &number) || !number || number > 65535)
		return url_fault(reterr, "has a port that does not exist");
	ret->port = (unsigned)number;
	return literal_check(ret->host, reterr);
}

int kr_net__origin(struct kr_str url, struct kr_net__origin *ret, struct kr_fault *reterr)
{
	char text[KR_NET_URL_MAX + 1];
	CURLU *u;
	int err;

	if (!url.n || url.n > KR_NET_URL_MAX)
		return url_fault(reterr, url.n ? "is too long" : "is empty");
	if (has_control(url) || kr_str_chr(url, ' ') >= 0 || kr_utf8_valid(url) != url.n)
		return url_fault(reterr, "holds blanks or control characters");
	memcpy(text, url.p, url.n);
	text[url.n] = '\0';
	u = curl_url();
	if (!u)
		return kr_fault_set(reterr, -KR_EUNAVAIL, "no memory to read the address");
	err = take_apart(u, text, ret, reterr);
	curl_url_cleanup(u);
	return err;
}

int kr_net_url_check(struct kr_str url, struct kr_fault *reterr)
{
	struct kr_net__origin o;

	return kr_net__origin(url, &o, reterr);
}

bool kr_net__origin_same(const struct kr_net__origin *a, const struct kr_net__origin *b)
{
	return a->https == b->https && a->port == b->port &&
	       kr_str_ieq(kr_str_c(a->host), kr_str_c(b->host));
}

/* token of RFC 9110. */
static bool is_token(struct kr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!kr_is_alnum(s.p[i]) && (!s.p[i] || !strchr("!#$%&'*+-.^_`|~", s.p[i])))
			return false;
	return s.n > 0;
}

int kr_net__request_check(const struct kr_net_request *q, struct kr_fault *reterr)
{
	if (q->method.n && (!is_token(q->method) || q->method.n > 16))
		return kr_fault_set(reterr, -KR_EINVAL, "'%.*s' is no method of HTTP",
				    KR_STR_ARG(kr_str_first(q->method, 20)));
	if (q->n_fields > KR_NET_FIELDS_MAX)
		return kr_fault_set(reterr, -KR_EINVAL, "more than %d header fields",
				    KR_NET_FIELDS_MAX);
	for (size_t i = 0; i < q->n_fields; i++) {
		const struct kr_net_field *f = &q->fields[i];

		/* The value may be a secret: it is not told. */
		if (!is_token(f->name) || has_control(f->value) || f->name.n > 100 ||
		    f->value.n > 8192)
			return kr_fault_set(reterr, -KR_EINVAL,
					    "the header field '%.*s' cannot be sent",
					    KR_STR_ARG(kr_str_first(f->name, 40)));
	}
	if (has_control(q->etag) || has_control(q->last_modified))
		return kr_fault_set(reterr, -KR_EINVAL, "the ETag cannot be sent");
	return 0;
}

/* ---- Content-Disposition ---- */

/* The value of a parameter that begins at s: quoted, or up to a semicolon. */
static struct kr_str parameter(struct kr_str s, struct kr_arena *a)
{
	char *out;
	size_t n = 0;

	if (!s.n || s.p[0] != '"') {
		ptrdiff_t end = kr_str_chr(s, ';');

		return kr_str_trim(end < 0 ? s : kr_str_first(s, (size_t)end));
	}
	out = kr_arena_bytes(a, s.n);
	if (!out)
		return KR_STR("");
	for (size_t i = 1; i < s.n && s.p[i] != '"'; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n)
			i++;
		out[n++] = s.p[i];
	}
	return kr_str_n(out, n);
}

/* UTF-8''percent%20text (RFC 8187); other character sets are not read. */
static struct kr_str extended(struct kr_str s, struct kr_arena *a)
{
	struct kr_str v = parameter(s, a);
	ptrdiff_t quote;
	char *out;
	size_t n = 0;

	if (!kr_str_istarts(v, KR_STR("utf-8'")))
		return KR_STR("");
	v = kr_str_from(v, 6);
	quote = kr_str_chr(v, '\'');
	if (quote < 0)
		return KR_STR("");
	v = kr_str_from(v, (size_t)quote + 1);
	out = kr_arena_bytes(a, v.n + 1);
	for (size_t i = 0; out && i < v.n; i++) {
		int hi = i + 2 < v.n ? kr_hex_value(v.p[i + 1]) : -1;
		int lo = i + 2 < v.n ? kr_hex_value(v.p[i + 2]) : -1;

		if (v.p[i] == '%' && hi >= 0 && lo >= 0) {
			out[n++] = (char)(hi << 4 | lo);
			i += 2;
		} else {
			out[n++] = v.p[i];
		}
	}
	return kr_str_n(out ? out : "", n);
}

/* A name that is safe to show and to keep; empty if nothing of it is. */
static struct kr_str clean_name(struct kr_str s)
{
	for (size_t i = s.n; i > 0; i--) {
		if (s.p[i - 1] == '/' || s.p[i - 1] == '\\') {
			s = kr_str_from(s, i);
			break;
		}
	}
	s = kr_str_trim(s);
	if (s.n > 255 || has_control(s) || kr_utf8_valid(s) != s.n || kr_str_eqc(s, ".") ||
	    kr_str_eqc(s, ".."))
		return KR_STR("");
	return s;
}

struct kr_str kr_net__disposition_name(struct kr_str value, struct kr_arena *a)
{
	struct kr_str plain = KR_STR(""), rest = value;
	bool quoted = false;

	/* Parameters begin behind a semicolon that is not inside quotes. */
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '"')
			quoted = !quoted;
		if (value.p[i] != ';' || quoted)
			continue;
		rest = kr_str_trim(kr_str_from(value, i + 1));
		if (kr_str_istarts(rest, KR_STR("filename*="))) {
			struct kr_str v = clean_name(extended(kr_str_from(rest, 10), a));

			if (v.n)
				return v;
		} else if (kr_str_istarts(rest, KR_STR("filename="))) {
			plain = clean_name(parameter(kr_str_from(rest, 9), a));
		}
	}
	return plain;
}
