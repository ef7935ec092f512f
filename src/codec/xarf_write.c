/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * One event is one report. Its type names the pairs of category and type that may say it, in order
 * of preference; the first whose required members the event can fill is taken, else
 * reputation/threat_intelligence, which needs nothing. What a schema demands and the event does not
 * know (a transport, the method of a fraud) is given the schema's own neutral word, and "_karaula"
 * says that it is not the event's.
 */
#include "codec/xarf.h"

#include "base/err.h"
#include "codec/eventjson.h"
#include "codec/rest.h"

#define XARF_VERSION	"4.2.0"
#define DESCRIPTION_MAX 1000
#define ORG_MAX		200
#define SERVICE_MAX	200
#define CVES_MAX	10

struct writing {
	struct kr_writing w;
	const struct kr_xarf_pair *pair;
	struct kr_str type;	  /* of the event; empty: it has none */
	enum kr_field identifier; /* what source_identifier says; NONE: nothing */
	struct kr_str type_back;  /* what a reader will take it for */
};

static struct kr_str text_of(const struct kr_event *e, enum kr_field f)
{
	const union kr_value *v = kr_event_get(e, f);

	return v ? v->text : KR_STR_NULL;
}

/* Cut to whole characters. */
static struct kr_str cut(struct kr_str s, size_t max)
{
	size_t n = KR_MIN(s.n, max);

	while (n && n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	return kr_str_first(s, n);
}

/* ---- identifier and pair ---- */

/* Does a field say who it is, in a form that is not mistaken for another? */
static bool identifies(const struct kr_event *e, enum kr_field f)
{
	struct kr_str s;
	struct kr_ip ip;

	if (!kr_event_has(e, f))
		return false;
	if (f == KR_F_SRC_IP || f == KR_F_SRC_ASN)
		return true;
	if (f == KR_F_SRC_NETWORK)
		return kr_event_get(e, f)->ip.plen < kr_ip_bits(&kr_event_get(e, f)->ip);
	s = text_of(e, f);
	if (f == KR_F_SRC_URL)
		return kr_str_find(s, KR_STR("://")) > 0;
	if (f == KR_F_SRC_ACCOUNT)
		return kr_str_chr(s, '@') > 0 && kr_str_chr(s, '/') < 0;
	return kr_str_chr(s, '.') > 0 && kr_ip_parse(s, &ip);
}

static enum kr_field find_identifier(const struct kr_event *e)
{
	static const enum kr_field fields[] = {KR_F_SRC_IP,	 KR_F_SRC_FQDN,	   KR_F_SRC_URL,
					       KR_F_SRC_NETWORK, KR_F_SRC_ACCOUNT, KR_F_SRC_ASN};

	for (size_t i = 0; i < KR_ARRAY_LEN(fields); i++)
		if (identifies(e, fields[i]))
			return fields[i];
	return KR_F_NONE;
}

static void say_identifier(struct writing *x, const char *name)
{
	struct kr_writing *w = &x->w;

	if (x->identifier == KR_F_SRC_ASN) {
		kr_codec__say_key(w, name);
		kr_buf_printf(w->b, "\"AS%lld\"", (long long)kr_event_get(w->e, KR_F_SRC_ASN)->i);
		w->rest.said[KR_F_SRC_ASN] = true;
	} else if (x->identifier) {
		kr_codec__say(w, name, x->identifier);
	} else {
		kr_codec__say_text(w, name, KR_STR("unknown"));
		w->rest.filled[KR_F_SRC_FQDN] = true;
	}
}

/* "cve-2026-1": nothing else has the form that the schema demands. */
static bool is_cve(struct kr_str s)
{
	if (!kr_str_starts(s, KR_STR("cve-")) || s.n < 10 || s.p[8] != '-')
		return false;
	for (size_t i = 4; i < s.n; i++)
		if (i != 8 && !kr_is_digit(s.p[i]))
			return false;
	return true;
}

static struct kr_str first_cve(const struct kr_event *e)
{
	struct kr_str rest = text_of(e, KR_F_PRODUCT_CVE), piece;

	return kr_str_split(&rest, ';', &piece) && is_cve(piece) ? piece : KR_STR_NULL;
}

static int64_t port_of(const struct kr_event *e, enum kr_field f)
{
	const union kr_value *v = kr_event_get(e, f);

	return v ? v->i : 0;
}

/* Has the event what the form demands and nobody can fill in? */
static bool fills(const struct kr_event *e, const struct kr_xarf_pair *pair)
{
	switch (pair->form) {
	case KR_XARF_NONE: return false;
	case KR_XARF_URL:
	case KR_XARF_FRAUD:
	case KR_XARF_EXPOSED:
	case KR_XARF_COMPROMISE:
	case KR_XARF_COPYRIGHT: return kr_event_has(e, KR_F_SRC_URL);
	case KR_XARF_CVE: return first_cve(e).p && port_of(e, KR_F_SRC_PORT) > 0;
	default: return true;
	}
}

/* The pair that the report came with, if it says this event still; else the first that can. */
static const struct kr_xarf_pair *choose(const struct kr_event *e, struct kr_str type)
{
	const struct kr_xarf_pair *p = kr_xarf__pair(kr_codec__extra_text(e, "xarf.category", 32),
						     kr_codec__extra_text(e, "xarf.type", 32));

	if (p && kr_str_eq(p->rsit, type) && fills(e, p))
		return p;
	for (unsigned i = 0; (p = kr_xarf__pair_of(type, i)); i++)
		if (fills(e, p))
			return p;
	return kr_xarf__pair(KR_STR("reputation"), KR_STR("threat_intelligence"));
}

/* ---- core ---- */

static void say_org(struct kr_writing *w, const char *name, const struct kr_codec_org *org)
{
	kr_codec__say_key(w, name);
	kr_buf_ch(w->b, '{');
	w->comma = false;
	kr_codec__say_text(w, "org", cut(org->name, ORG_MAX));
	kr_codec__say_text(w, "contact", org->contact);
	kr_codec__say_text(w, "domain", org->domain);
	kr_buf_ch(w->b, '}');
	w->comma = true;
}

static void say_core(struct writing *x)
{
	struct kr_writing *w = &x->w;
	const struct kr_event *e = w->e;
	bool has = kr_event_has(e, KR_F_TIME_SOURCE);

	kr_codec__say_text(w, "xarf_version", KR_STR(XARF_VERSION));
	kr_codec__say_key(w, "report_id");
	kr_codec__event_uuid(w->b, e, w->w);
	kr_codec__say_time(w, "timestamp", kr_codec__event_time(e, w->w));
	w->rest.said[KR_F_TIME_SOURCE] = has;
	w->rest.filled[KR_F_TIME_SOURCE] = !has;
	say_org(w, "reporter", &w->w->reporter);
	say_org(w, "sender", w->w->sender.name.n ? &w->w->sender : &w->w->reporter);
	/* Read back, the reporter is who provides the feed. */
	w->rest.filled[KR_F_FEED_PROVIDER] = true;
	say_identifier(x, "source_identifier");
	if (port_of(e, KR_F_SRC_PORT) > 0)
		kr_codec__say(w, "source_port", KR_F_SRC_PORT);
	kr_codec__say_text(w, "category", x->pair->category);
	kr_codec__say_text(w, "type", x->pair->type);
	kr_codec__say_fraction(w, "confidence", KR_F_FEED_ACCURACY);
}

static void say_description(struct kr_writing *w)
{
	struct kr_str s = text_of(w->e, KR_F_DESCRIPTION_TEXT);

	if (s.n <= DESCRIPTION_MAX) {
		kr_codec__say(w, "description", KR_F_DESCRIPTION_TEXT);
		return;
	}
	kr_codec__say_text(w, "description", cut(s, DESCRIPTION_MAX));
	w->rest.filled[KR_F_DESCRIPTION_TEXT] = true;
}

static void say_label(struct kr_writing *w)
{
	const union kr_value *v = kr_event_get(w->e, KR_F_TLP);

	if (!v || v->i == KR_TLP_NONE)
		return;
	kr_codec__say_key(w, "tags");
	kr_buf_c(w->b, "[\"tlp:");
	for (const char *p = kr_tlp_text((enum kr_tlp)v->i); *p; p++)
		kr_buf_ch(w->b, kr_lower(*p));
	kr_buf_c(w->b, "\"]");
	w->rest.said[KR_F_TLP] = true;
}

/* ---- what a pair has besides ---- */

static void say_times(struct kr_writing *w, bool must)
{
	const struct kr_event *e = w->e;
	bool both = e->first != KR_TIME_NONE && e->last != KR_TIME_NONE;
	bool none = e->first == KR_TIME_NONE && e->last == KR_TIME_NONE;

	if (must || both)
		kr_codec__say_time(w, "first_seen",
				   e->first != KR_TIME_NONE ? e->first
							    : kr_codec__event_time(e, w->w));
	if (e->last != KR_TIME_NONE && (must || both))
		kr_codec__say_time(w, "last_seen", e->last);
	w->rest.times_said = e->count == 1 && (both || none);
}

/* tcp is the schemas' default; a scan may be of several. */
static void say_protocol(struct kr_writing *w, bool scan)
{
	static const char *const words[] = {"tcp", "udp", "icmp", "sctp"};
	struct kr_str s = text_of(w->e, KR_F_PROTO_TRANSPORT);

	for (size_t i = 0; i < KR_ARRAY_LEN(words) - scan; i++) {
		if (!kr_str_eqc(s, words[i]))
			continue;
		kr_codec__say(w, "protocol", KR_F_PROTO_TRANSPORT);
		return;
	}
	kr_codec__say_text(w, "protocol", scan && s.n ? KR_STR("mixed") : KR_STR("tcp"));
	w->rest.filled[KR_F_PROTO_TRANSPORT] = true;
}

static void say_connection(struct writing *x)
{
	struct kr_writing *w = &x->w;
	bool scan = x->pair->form == KR_XARF_SCAN;

	kr_codec__say(w, "destination_ip", KR_F_DST_IP);
	if (port_of(w->e, KR_F_DST_PORT) > 0)
		kr_codec__say(w, "destination_port", KR_F_DST_PORT);
	say_protocol(w, scan);
	if (scan)
		kr_codec__say_text(w, "scan_type", KR_STR("vulnerability_scan"));
}

static bool is_hex(struct kr_str s, size_t digits)
{
	for (size_t i = 0; i < s.n; i++)
		if (kr_hex_value(s.p[i]) < 0)
			return false;
	return s.n == digits;
}

static void say_hashes(struct kr_writing *w)
{
	static const struct {
		const char *name;
		enum kr_field field;
		size_t digits;
	} kinds[] = {{"md5", KR_F_MALWARE_MD5, 32},
		     {"sha1", KR_F_MALWARE_SHA1, 40},
		     {"sha256", KR_F_MALWARE_SHA256, 64}};
	bool any = false;

	for (size_t i = 0; i < KR_ARRAY_LEN(kinds); i++) {
		if (!is_hex(text_of(w->e, kinds[i].field), kinds[i].digits))
			continue;
		if (!any) {
			kr_codec__say_key(w, "file_hashes");
			kr_buf_ch(w->b, '{');
			w->comma = false;
		}
		any = true;
		kr_codec__say(w, kinds[i].name, kinds[i].field);
	}
	if (any)
		kr_buf_ch(w->b, '}');
}

static void say_content(struct writing *x)
{
	struct kr_writing *w = &x->w;
	struct kr_str cc = text_of(w->e, KR_F_SRC_CC);

	kr_codec__say(w, "url", KR_F_SRC_URL);
	kr_codec__say(w, "domain", KR_F_SRC_FQDN);
	kr_codec__say(w, "asn", KR_F_SRC_ASN);
	if (cc.n == 2 && kr_is_alpha(cc.p[0]) && kr_is_alpha(cc.p[1]))
		kr_codec__say(w, "country_code", KR_F_SRC_CC);
	kr_codec__say(w, "screenshot_url", KR_F_SCREENSHOT_URL);
	kr_codec__say(w, "target_brand", KR_F_DESCRIPTION_TARGET);
	if (kr_str_eqc(x->pair->type, "malware")) {
		kr_codec__say(w, "malware_family", KR_F_MALWARE_NAME);
		say_hashes(w);
	} else if (x->pair->form == KR_XARF_FRAUD) {
		kr_codec__say_text(w, "fraud_type", KR_STR("other"));
	} else if (x->pair->form == KR_XARF_EXPOSED) {
		kr_codec__say_key(w, "data_types");
		kr_buf_c(w->b, "[\"other\"]");
		kr_codec__say_text(w, "exposure_method", KR_STR("other"));
	} else if (x->pair->form == KR_XARF_COMPROMISE) {
		bool defaced = kr_str_eqc(x->type, "unauthorised-information-modification");

		kr_codec__say_text(w, "compromise_type",
				   defaced ? KR_STR("defacement") : KR_STR("other"));
	}
}

static bool is_word(struct kr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !kr_is_digit(s.p[i]) && s.p[i] != '-')
			return false;
	return s.n > 0;
}

/* The protocol, else the product, else what is wrong with it. */
static void say_service(struct writing *x)
{
	struct kr_writing *w = &x->w;
	struct kr_str name = text_of(w->e, KR_F_PRODUCT_NAME);

	if (is_word(text_of(w->e, KR_F_PROTO_APPLICATION))) {
		kr_codec__say(w, "service", KR_F_PROTO_APPLICATION);
	} else if (name.n && name.n <= SERVICE_MAX && !is_word(name)) {
		kr_codec__say(w, "service", KR_F_PRODUCT_NAME);
	} else {
		kr_codec__say_text(w, "service",
				   name.n && name.n <= SERVICE_MAX ? name : KR_STR("unknown"));
		w->rest.filled[KR_F_PROTO_APPLICATION] = true;
	}
	if (port_of(w->e, KR_F_SRC_PORT) > 0)
		kr_codec__say(w, "service_port", KR_F_SRC_PORT);
	if (text_of(w->e, KR_F_PRODUCT_VERSION).n <= 100)
		kr_codec__say(w, "service_version", KR_F_PRODUCT_VERSION);
	if (kr_str_eqc(text_of(w->e, KR_F_SEVERITY), "info")) {
		kr_codec__say_text(w, "severity", KR_STR("informational"));
		w->rest.said[KR_F_SEVERITY] = true;
	} else {
		kr_codec__say(w, "severity", KR_F_SEVERITY);
	}
}

/* Is a piece there twice? */
static bool has_before(struct kr_str list, const char *piece, struct kr_str s)
{
	struct kr_str rest = list, other;

	while (kr_str_split(&rest, ';', &other) && other.p < piece)
		if (kr_str_eq(other, s))
			return true;
	return false;
}

static void say_cves(struct writing *x)
{
	struct kr_writing *w = &x->w;
	struct kr_str list = text_of(w->e, KR_F_PRODUCT_CVE), rest = list, piece;
	bool exact = true;
	unsigned n = 0;

	kr_codec__say_key(w, "cve_id");
	kr_buf_printf(w->b, "\"CVE-%.*s\"", KR_STR_ARG(kr_str_from(first_cve(w->e), 4)));
	kr_codec__say_key(w, "cve_ids");
	kr_buf_ch(w->b, '[');
	while (kr_str_split(&rest, ';', &piece)) {
		if (!is_cve(piece) || n == CVES_MAX || has_before(list, piece.p, piece)) {
			exact = false;
			continue;
		}
		kr_buf_printf(w->b, "%s\"CVE-%.*s\"", n++ ? "," : "",
			      KR_STR_ARG(kr_str_from(piece, 4)));
	}
	kr_buf_ch(w->b, ']');
	w->rest.said[KR_F_PRODUCT_CVE] = exact;
	w->rest.filled[KR_F_PRODUCT_CVE] = !exact;
}

/* The server that the bot talked to, unless it would be taken for the bot itself. */
static void say_c2(struct writing *x)
{
	struct kr_writing *w = &x->w;
	struct kr_str fqdn = text_of(w->e, KR_F_DST_FQDN);
	const union kr_value *dst = kr_event_get(w->e, KR_F_DST_IP);
	const union kr_value *src = kr_event_get(w->e, KR_F_SRC_IP);
	struct kr_ip ip;

	if (kr_str_eqc(x->type, "c2-server")) {
		say_identifier(x, "c2_server");
		x->type_back = x->type;
	} else if (fqdn.n && kr_ip_parse(fqdn, &ip) &&
		   !kr_str_eq(fqdn, text_of(w->e, KR_F_SRC_FQDN)) && x->identifier) {
		kr_codec__say(w, "c2_server", KR_F_DST_FQDN);
	} else if (!fqdn.n && dst && !(src && kr_ip_cmp(&src->ip, &dst->ip) == 0)) {
		kr_codec__say(w, "c2_server", KR_F_DST_IP);
	}
}

static void say_compromise(struct writing *x)
{
	struct kr_writing *w = &x->w;
	struct kr_str text = cut(text_of(w->e, KR_F_DESCRIPTION_TEXT), DESCRIPTION_MAX);
	struct kr_str malware = text_of(w->e, KR_F_MALWARE_NAME);

	if (!text.n)
		text = malware.n ? malware : x->type;
	if (!text.n)
		text = KR_STR("not known");
	if (x->pair->form == KR_XARF_SERVER) {
		kr_codec__say_text(w, "compromise_method", text);
		kr_codec__say_text(w, "compromise_type",
				   kr_str_eqc(x->type, "privileged-account-compromise")
					   ? KR_STR("privilege_escalation")
				   : kr_str_eqc(x->type, "unprivileged-account-compromise")
					   ? KR_STR("credential_theft")
					   : KR_STR("malware"));
		return;
	}
	kr_codec__say_text(w, "compromise_evidence", text);
	if (malware.n <= SERVICE_MAX)
		kr_codec__say(w, "malware_family", KR_F_MALWARE_NAME);
	say_c2(x);
}

/* A mail needs its sender and port; what has not both is a message of another kind. */
static void say_message(struct writing *x)
{
	struct kr_writing *w = &x->w;
	struct kr_str account = text_of(w->e, KR_F_SRC_ACCOUNT);

	if (kr_str_chr(account, '@') > 0 && port_of(w->e, KR_F_SRC_PORT) > 0) {
		kr_codec__say_text(w, "protocol", KR_STR("smtp"));
		w->rest.filled[KR_F_PROTO_APPLICATION] = true;
		kr_codec__say(w, "smtp_from", KR_F_SRC_ACCOUNT);
		return;
	}
	kr_codec__say_text(w, "protocol", KR_STR("other"));
}

static void say_form(struct writing *x)
{
	struct kr_writing *w = &x->w;

	switch (x->pair->form) {
	case KR_XARF_NONE: break;
	case KR_XARF_MESSAGE: say_message(x); break;
	case KR_XARF_URL:
	case KR_XARF_FRAUD:
	case KR_XARF_EXPOSED:
	case KR_XARF_COMPROMISE: say_content(x); break;
	case KR_XARF_COPYRIGHT: kr_codec__say(w, "infringing_url", KR_F_SRC_URL); break;
	case KR_XARF_CONNECTION:
	case KR_XARF_SCAN: say_connection(x); break;
	case KR_XARF_CVE: say_cves(x); __attribute__((fallthrough));
	case KR_XARF_SERVICE: say_service(x); break;
	case KR_XARF_BOTNET:
	case KR_XARF_SERVER: say_compromise(x); break;
	case KR_XARF_THREAT:
		kr_codec__say_text(w, "threat_type", x->type.n ? x->type : KR_STR("undetermined"));
		if (kr_str_eqc(x->pair->type, "threat_intelligence"))
			x->type_back = x->type;
		break;
	}
}

int kr_xarf_document(struct kr_buf *b, const struct kr_event *e,
		     const struct kr_codec_write_opts *opts)
{
	extern const struct kr_codec kr_codec_xarf;
	struct writing x = {.w = {.b = b, .e = e, .w = opts}};

	if (!kr_codec_can_write(&kr_codec_xarf, opts))
		return -KR_EINVAL;
	x.type = text_of(e, KR_F_CLASS_TYPE);
	x.pair = choose(e, x.type);
	x.type_back = x.pair->rsit;
	x.identifier = find_identifier(e);
	kr_buf_ch(b, '{');
	say_core(&x);
	say_description(&x.w);
	say_label(&x.w);
	say_form(&x);
	say_times(&x.w, x.pair->form == KR_XARF_CONNECTION || x.pair->form == KR_XARF_SCAN);
	x.w.rest.said[KR_F_CLASS_TYPE] = x.type.n && kr_str_eq(x.type_back, x.type);
	x.w.rest.filled[KR_F_CLASS_TYPE] = !x.w.rest.said[KR_F_CLASS_TYPE];
	/* The class follows from the type. */
	x.w.rest.said[KR_F_CLASS_TAXONOMY] = x.type.n > 0;
	kr_codec__rest_write(&x.w);
	kr_buf_ch(b, '}');
	return b->err;
}

void kr_xarf__item(struct kr_buf *b, const struct kr_event *e, bool first,
		   const struct kr_codec_write_opts *w)
{
	(void)first;
	if (kr_xarf_document(b, e, w) == 0)
		kr_buf_ch(b, '\n');
}
