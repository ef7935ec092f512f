/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refanging works like a machine with a stack: bytes are appended to the result, and whenever its
 * end is one of the patterns, the pattern is replaced by what it stands for and the end is looked
 * at again. So nested forms ("[[.]]") come apart in one pass, time is linear, and nothing is left
 * for a second pass.
 *
 * Detection tries the kinds from the narrowest to the widest: what has "://" can only be a URL,
 * what has "@" an address of mail, and so on; the checks themselves are those of the fields.
 */
#include "model/observable.h"

#include <idn2.h>

#include "base/buf.h"
#include "model/field_parts.h"
#include "model/scan.h"

struct pattern {
	struct kr_str text, stands_for;
};
#define PATTERN(text, stands_for) {{text, sizeof(text) - 1}, {stands_for, sizeof(stands_for) - 1}}

static const struct pattern patterns[] = {
	PATTERN("[.]", "."),   PATTERN("(.)", "."),   PATTERN("{.}", "."),
	PATTERN("[dot]", "."), PATTERN("(dot)", "."), PATTERN("{dot}", "."),
	PATTERN(" dot ", "."), PATTERN("[:]", ":"),   PATTERN("[://]", "://"),
	PATTERN("[/]", "/"),   PATTERN("[@]", "@"),   PATTERN("(@)", "@"),
	PATTERN("[at]", "@"),  PATTERN("(at)", "@"),  PATTERN("{at}", "@"),
};

static bool may_end(char c)
{
	return c == ']' || c == ')' || c == '}' || c == ' ';
}

/* Replace a pattern at the end of the n bytes at p; returns the new length. */
static size_t reduce(char *p, size_t n)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(patterns); i++) {
		const struct pattern *x = &patterns[i];

		if (n >= x->text.n && kr_str_ieq(kr_str_n(p + n - x->text.n, x->text.n), x->text)) {
			memcpy(p + n - x->text.n, x->stands_for.p, x->stands_for.n);
			return n - x->text.n + x->stands_for.n;
		}
	}
	return n;
}

static bool is_hxxp(struct kr_str s)
{
	return kr_str_istarts(s, KR_STR("hxxp:")) || kr_str_istarts(s, KR_STR("hxxps:"));
}

int kr_model__refang(struct kr_str text, bool scheme, struct kr_arena *arena, struct kr_str *ret)
{
	bool any = scheme && is_hxxp(text);
	size_t n = 0;
	char *p;

	for (size_t i = 0; i < text.n && !any; i++)
		any = may_end(text.p[i]);
	if (KR_LIKELY(!any)) {
		*ret = text;
		return 0;
	}
	p = kr_arena_bytes(arena, text.n);
	if (!p)
		return -KR_ELIMIT;
	for (size_t i = 0; i < text.n; i++) {
		p[n++] = text.p[i];
		if (may_end(text.p[i]))
			n = reduce(p, n);
	}
	if (scheme && is_hxxp(kr_str_n(p, n)))
		p[1] = p[2] = 't';
	/* Nothing undone: the caller keeps its own bytes. */
	*ret = n == text.n && memcmp(p, text.p, n) == 0 ? text : kr_str_n(p, n);
	return 0;
}

int kr_observable_refang(struct kr_str text, struct kr_arena *arena, struct kr_str *ret)
{
	return kr_model__refang(kr_str_trim(text), true, arena, ret);
}

static enum kr_observable_kind digest_of(struct kr_str s)
{
	enum kr_observable_kind kind;

	switch (s.n) {
	case 32: kind = KR_OBS_MD5; break;
	case 40: kind = KR_OBS_SHA1; break;
	case 64: kind = KR_OBS_SHA256; break;
	case 128: kind = KR_OBS_SHA512; break;
	default: return KR_OBS_NONE;
	}
	for (size_t i = 0; i < s.n; i++)
		if (kr_hex_value(s.p[i]) < 0)
			return KR_OBS_NONE;
	return kind;
}

/* Does the name have a dot, and end in letters or an international label? */
static bool plausible_domain(struct kr_str name)
{
	const char *dot = name.n ? memrchr(name.p, '.', name.n) : NULL;
	struct kr_str last;

	if (!dot)
		return false;
	last = kr_str_from(name, (size_t)(dot - name.p) + 1);
	if (kr_str_starts(last, KR_STR("xn--")))
		return last.n > 4;
	for (size_t i = 0; i < last.n; i++)
		if (!kr_is_alpha(last.p[i]))
			return false;
	return last.n >= 2;
}

static int detect_domain(struct kr_str s, struct kr_arena *arena, struct kr_observable *ret)
{
	struct kr_str name;
	int err = kr_model__fqdn(s, arena, &name);

	if (err < 0)
		return err;
	if (!plausible_domain(name))
		return -KR_EINVAL;
	ret->kind = KR_OBS_DOMAIN;
	ret->value.text = name;
	return 0;
}

/* RFC 5321 section 4.5.3.1: 64 bytes before the @. RFC 6531 allows other letters there. */
static int detect_email(struct kr_str s, size_t at, struct kr_arena *arena,
			struct kr_observable *ret)
{
	struct kr_str local = kr_str_first(s, at), domain;
	struct kr_observable d;
	char *p;
	int err;

	if (local.n == 0 || local.n > 64 || !kr_model__is_text(local) || local.p[0] == '.' ||
	    local.p[local.n - 1] == '.')
		return -KR_EINVAL;
	for (size_t i = 0; i < local.n; i++)
		if (strchr(" \"(),:;<>[\\]@", local.p[i]))
			return -KR_EINVAL;
	err = detect_domain(kr_str_from(s, at + 1), arena, &d);
	if (err < 0)
		return err;
	domain = d.value.text;
	ret->kind = KR_OBS_EMAIL;
	if (domain.p == s.p + at + 1) {
		ret->value.text = kr_str_n(s.p, at + 1 + domain.n);
		return 0;
	}
	p = kr_arena_bytes(arena, at + 1 + domain.n);
	if (!p)
		return -KR_ELIMIT;
	memcpy(p, s.p, at + 1);
	memcpy(p + at + 1, domain.p, domain.n);
	ret->value.text = kr_str_n(p, at + 1 + domain.n);
	return 0;
}

static int detect_digest(struct kr_str s, enum kr_observable_kind kind, struct kr_arena *arena,
			 struct kr_observable *ret)
{
	ret->kind = kind;
	ret->value.text = s;
	return kr_model__scan(s) & KR_SCAN_UPPER ? kr_model__fold(s, false, arena, &ret->value.text)
						 : 0;
}

/* An address, a network of several addresses, or -KR_EINVAL. */
static int detect_ip(struct kr_str s, struct kr_observable *ret)
{
	struct kr_ip ip;

	if (kr_str_chr(s, '/') < 0 ? kr_ip_parse(s, &ip) < 0 : kr_net_parse(s, &ip) < 0)
		return -KR_EINVAL;
	ret->kind = ip.plen == kr_ip_bits(&ip) ? KR_OBS_IP : KR_OBS_NET;
	ret->value.ip = ip;
	return 0;
}

static int detect(struct kr_str s, struct kr_arena *arena, struct kr_observable *ret)
{
	enum kr_observable_kind digest;
	const char *at;
	uint64_t asn;

	if (s.n == 0)
		return -KR_EINVAL;
	if (kr_str_find(s, KR_STR("://")) >= 0) {
		ret->kind = KR_OBS_URL;
		return kr_model__url(s, arena, &ret->value.text);
	}
	digest = digest_of(s);
	if (digest != KR_OBS_NONE)
		return detect_digest(s, digest, arena, ret);
	if (detect_ip(s, ret) == 0)
		return 0;
	if (s.n > 2 && kr_str_istarts(s, KR_STR("as")) &&
	    kr_str_u64(kr_str_from(s, 2), &asn) == 0) {
		if (asn == 0 || asn > UINT32_MAX)
			return -KR_EINVAL;
		ret->kind = KR_OBS_ASN;
		ret->value.i = (int64_t)asn;
		return 0;
	}
	at = memrchr(s.p, '@', s.n);
	return at ? detect_email(s, (size_t)(at - s.p), arena, ret) : detect_domain(s, arena, ret);
}

int kr_observable_detect(struct kr_str text, struct kr_arena *arena, struct kr_observable *ret,
			 struct kr_fault *reterr)
{
	struct kr_observable found = {0};
	struct kr_str s;
	int err;

	if (text.n > KR_OBSERVABLE_MAX)
		return kr_fault_set(reterr, -KR_ELIMIT, "%zu bytes are too long for an observable",
				    text.n);
	err = kr_observable_refang(text, arena, &s);
	if (err == 0)
		err = detect(s, arena, &found);
	if (err == -KR_ELIMIT)
		return kr_fault_set(reterr, err, "no memory is left for this batch");
	if (err < 0) {
		kr_fault_set(reterr, err, "no kind of observable is known that looks like this");
		kr_fault_remedy(reterr, "known: address, network, domain, URL, mail address, "
					"MD5, SHA-1, SHA-256, SHA-512, AS number with AS");
		return err;
	}
	*ret = found;
	return 0;
}

static const struct {
	const char *text;
	enum kr_field field;
} kinds[KR_OBSERVABLES] = {
	[KR_OBS_NONE] = {"", KR_F_NONE},
	[KR_OBS_IP] = {"ip", KR_F_SRC_IP},
	[KR_OBS_NET] = {"net", KR_F_SRC_NETWORK},
	[KR_OBS_DOMAIN] = {"domain", KR_F_SRC_FQDN},
	[KR_OBS_URL] = {"url", KR_F_SRC_URL},
	[KR_OBS_EMAIL] = {"email", KR_F_SRC_ACCOUNT},
	[KR_OBS_MD5] = {"md5", KR_F_MALWARE_MD5},
	[KR_OBS_SHA1] = {"sha1", KR_F_MALWARE_SHA1},
	[KR_OBS_SHA256] = {"sha256", KR_F_MALWARE_SHA256},
	[KR_OBS_SHA512] = {"sha512", KR_F_NONE},
	[KR_OBS_ASN] = {"asn", KR_F_SRC_ASN},
};

const char *kr_observable_kind_text(enum kr_observable_kind kind)
{
	assert((unsigned)kind < KR_OBSERVABLES);
	return kinds[kind].text;
}

enum kr_observable_kind kr_observable_kind_find(struct kr_str text)
{
	for (unsigned i = 1; i < KR_OBSERVABLES; i++)
		if (kr_str_eqc(text, kinds[i].text))
			return (enum kr_observable_kind)i;
	return KR_OBS_NONE;
}

enum kr_field kr_observable_field(enum kr_observable_kind kind)
{
	assert((unsigned)kind < KR_OBSERVABLES);
	return kinds[kind].field;
}

void kr_observable_text(const struct kr_observable *o, struct kr_buf *b)
{
	char text[KR_IP_TEXT_MAX];

	switch (o->kind) {
	case KR_OBS_NONE: break;
	case KR_OBS_IP: kr_buf_add(b, text, kr_ip_text(&o->value.ip, text)); break;
	case KR_OBS_NET: kr_buf_add(b, text, kr_net_text(&o->value.ip, text)); break;
	case KR_OBS_ASN:
		kr_buf_c(b, "AS");
		kr_buf_i64(b, o->value.i);
		break;
	default: kr_buf_str_add(b, o->value.text); break;
	}
}

struct kr_str kr_domain_display(struct kr_str ascii, struct kr_arena *arena)
{
	char in[256], *out = NULL;
	struct kr_str shown, back;

	if (ascii.n >= sizeof(in) || kr_str_find(ascii, KR_STR("xn--")) < 0)
		return ascii;
	memcpy(in, ascii.p, ascii.n);
	in[ascii.n] = '\0';
	if (idn2_to_unicode_8z8z(in, &out, 0) != IDN2_OK)
		return ascii;
	shown = kr_arena_dup(arena, kr_str_c(out));
	idn2_free(out);
	if (!shown.p || kr_model__fqdn(shown, arena, &back) < 0 || !kr_str_eq(back, ascii))
		return ascii;
	return shown;
}
