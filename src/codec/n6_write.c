/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * An event as n6 has it: six members that must be there, then what fits the form that n6 demands of
 * each. A value that does not fit (an IPv6 target, a digest of another length) is left to
 * "_karaula".
 */
#include "codec/n6.h"

#include "codec/eventjson.h"
#include "codec/rest.h"

#define ID_MAX	   64
#define SOURCE_MAX 32
#define COUNT_MAX  32767

static const struct kr_member members[] = {
#define M(name, how, field) {{name, sizeof(name) - 1}, 0, KR_F_##field},
#include "codec/n6_members.def"
#undef M
};

static struct kr_str text_of(const struct kr_event *e, enum kr_field f)
{
	const union kr_value *v = kr_event_get(e, f);

	return v ? v->text : KR_STR_NULL;
}

static void say_id(struct kr_writing *w)
{
	struct kr_str id = kr_codec__extra_text(w->e, "n6.id", ID_MAX);
	uint8_t made[16];

	/* Only one part of a record can have the record's own. */
	if (id.p && !w->e->part) {
		kr_codec__say_text(w, "id", id);
		return;
	}
	kr_codec__event_id(w->b, w->e, w->w, made);
	kr_codec__say_key(w, "id");
	kr_buf_ch(w->b, '"');
	kr_buf_hex(w->b, made, sizeof(made));
	kr_buf_ch(w->b, '"');
}

/* Two words of small letters, digits and hyphens with a dot between. */
static bool is_source(struct kr_str s)
{
	ptrdiff_t dot = kr_str_chr(s, '.');

	if (s.n > SOURCE_MAX || dot < 1 || (size_t)dot + 1 == s.n)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (i != (size_t)dot && !(s.p[i] >= 'a' && s.p[i] <= 'z') && !kr_is_digit(s.p[i]) &&
		    s.p[i] != '-')
			return false;
	return true;
}

/* The code of the feed if it has n6's form; else one made of the feed's name. */
static void say_source(struct kr_writing *w)
{
	struct kr_str s = text_of(w->e, KR_F_FEED_CODE);
	char made[SOURCE_MAX] = "karaula.";
	size_t n = 8;

	if (is_source(s)) {
		kr_codec__say(w, "source", KR_F_FEED_CODE);
		return;
	}
	if (!s.n)
		s = text_of(w->e, KR_F_FEED_NAME);
	for (size_t i = 0; i < s.n && n < sizeof(made); i++) {
		char c = kr_lower(s.p[i]);

		if (kr_is_alnum(c))
			made[n++] = c;
		else if (made[n - 1] != '-' && made[n - 1] != '.')
			made[n++] = '-';
	}
	if (n == 8) {
		memcpy(made + n, "events", 6);
		n += 6;
	}
	kr_codec__say_text(w, "source", kr_str_n(made, n));
	w->rest.filled[KR_F_FEED_CODE] = true;
}

static void say_restriction(struct kr_writing *w)
{
	const union kr_value *v = kr_event_get(w->e, KR_F_TLP);
	enum kr_tlp tlp = v ? (enum kr_tlp)v->i : KR_TLP_NONE;
	const char *text = "need-to-know";

	if (tlp == KR_TLP_CLEAR)
		text = "public";
	else if (tlp >= KR_TLP_AMBER_STRICT)
		text = "internal";
	kr_codec__say_text(w, "restriction", kr_str_c(text));
	if (tlp == KR_TLP_CLEAR || tlp == KR_TLP_AMBER || tlp == KR_TLP_AMBER_STRICT)
		w->rest.said[KR_F_TLP] = true;
	else
		w->rest.filled[KR_F_TLP] = true;
}

static void say_confidence(struct kr_writing *w)
{
	struct kr_str s = kr_codec__extra_text(w->e, "n6.confidence", 6);
	const union kr_value *v = kr_event_get(w->e, KR_F_FEED_ACCURACY);
	const char *text = "medium";

	if (v)
		text = v->d >= 75 ? "high" : v->d >= 50 ? "medium" : "low";
	if (kr_str_eqc(s, "low") || kr_str_eqc(s, "medium") || kr_str_eqc(s, "high"))
		kr_codec__say_text(w, "confidence", s);
	else
		kr_codec__say_text(w, "confidence", kr_str_c(text));
}

static void say_category(struct kr_writing *w)
{
	struct kr_str type = text_of(w->e, KR_F_CLASS_TYPE), name;
	const struct kr_n6_category *c, *own;

	c = kr_n6__category_of(type);
	own = kr_n6__category_find(kr_codec__extra_text(w->e, "n6.category", 32));
	if (own && kr_str_eq(own->type, type))
		c = own;
	w->rest.said[KR_F_CLASS_TYPE] = c != NULL;
	w->rest.filled[KR_F_CLASS_TYPE] = !c;
	/* The class follows from the type. */
	w->rest.said[KR_F_CLASS_TAXONOMY] = type.n > 0;
	if (!c)
		c = kr_n6__category_find(KR_STR("other"));
	kr_codec__say_text(w, "category", c->name);
	name = text_of(w->e, c->malware ? KR_F_MALWARE_NAME : KR_F_CLASS_IDENTIFIER);
	if (name.n && name.n <= 255)
		kr_codec__say(w, "name", c->malware ? KR_F_MALWARE_NAME : KR_F_CLASS_IDENTIFIER);
}

static void say_times(struct kr_writing *w)
{
	const struct kr_event *e = w->e;
	kr_time t = kr_codec__event_time(e, w->w);
	bool has = kr_event_has(e, KR_F_TIME_SOURCE);

	kr_codec__say_time(w, "time", t);
	w->rest.said[KR_F_TIME_SOURCE] = has;
	w->rest.filled[KR_F_TIME_SOURCE] = !has;
	if (!has || e->first != t || e->last == KR_TIME_NONE || !e->count || e->count > COUNT_MAX)
		return;
	kr_codec__say_time(w, "until", e->last);
	kr_codec__say_key(w, "count");
	kr_buf_u64(w->b, e->count);
	w->rest.times_said = true;
}

static void say_address(struct kr_writing *w)
{
	const union kr_value *ip = kr_event_get(w->e, KR_F_SRC_IP);

	if (!ip)
		return;
	kr_codec__say_key(w, "address");
	kr_buf_c(w->b, "[{");
	w->comma = false;
	kr_codec__say(w, ip->ip.family == 4 ? "ip" : "ipv6", KR_F_SRC_IP);
	kr_codec__say(w, "cc", KR_F_SRC_CC);
	kr_codec__say(w, "asn", KR_F_SRC_ASN);
	kr_codec__say(w, "rdns", KR_F_SRC_REVERSE_DNS);
	kr_buf_c(w->b, "}]");
	w->comma = true;
}

static void say_digest(struct kr_writing *w, const char *name, enum kr_field f, size_t digits)
{
	struct kr_str s = text_of(w->e, f);

	if (s.n != digits)
		return;
	for (size_t i = 0; i < s.n; i++)
		if (kr_hex_value(s.p[i]) < 0)
			return;
	kr_codec__say(w, name, f);
}

static void say_limited(struct kr_writing *w, const char *name, enum kr_field f, size_t max)
{
	if (text_of(w->e, f).n <= max)
		kr_codec__say(w, name, f);
}

static void say_account(struct kr_writing *w)
{
	struct kr_str s = text_of(w->e, KR_F_SRC_ACCOUNT);
	ptrdiff_t at = kr_str_chr(s, '@');

	if (at > 0 && (size_t)at + 1 < s.n && s.n <= 254)
		kr_codec__say(w, "email", KR_F_SRC_ACCOUNT);
	else if (s.n && s.n <= 64)
		kr_codec__say(w, "username", KR_F_SRC_ACCOUNT);
}

/* What n6 takes only from a list of words. */
static void say_word(struct kr_writing *w, const char *name, enum kr_field f,
		     const char *const *words)
{
	struct kr_str s = text_of(w->e, f);

	for (; *words; words++)
		if (kr_str_eqc(s, *words))
			kr_codec__say(w, name, f);
}

static void say_rest(struct kr_writing *w)
{
	static const char *const protocols[] = {"tcp", "udp", "icmp", NULL};
	static const char *const states[] = {"active", "delisted", "expired", "replaced", NULL};
	const union kr_value *dip = kr_event_get(w->e, KR_F_DST_IP);

	kr_codec__say(w, "fqdn", KR_F_SRC_FQDN);
	say_limited(w, "url", KR_F_SRC_URL, 2048);
	say_word(w, "proto", KR_F_PROTO_TRANSPORT, protocols);
	kr_codec__say(w, "sport", KR_F_SRC_PORT);
	kr_codec__say(w, "dport", KR_F_DST_PORT);
	if (dip && dip->ip.family == 4)
		kr_codec__say(w, "dip", KR_F_DST_IP);
	say_limited(w, "target", KR_F_DESCRIPTION_TARGET, 100);
	say_digest(w, "md5", KR_F_MALWARE_MD5, 32);
	say_digest(w, "sha1", KR_F_MALWARE_SHA1, 40);
	say_digest(w, "sha256", KR_F_MALWARE_SHA256, 64);
	say_word(w, "status", KR_F_STATUS, states);
	say_account(w);
}

void kr_n6__item(struct kr_buf *b, const struct kr_event *e, bool first,
		 const struct kr_codec_write_opts *opts)
{
	struct kr_writing w = {.b = b, .e = e, .w = opts};

	(void)first;
	kr_buf_ch(b, '{');
	say_id(&w);
	say_source(&w);
	say_restriction(&w);
	say_confidence(&w);
	say_category(&w);
	say_times(&w);
	say_address(&w);
	say_rest(&w);
	kr_codec__say_extras(&w, KR_STR("n6."), members, KR_ARRAY_LEN(members));
	kr_codec__rest_write(&w);
	kr_buf_c(b, "}\n");
}
