/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random expressions and random events over the same few values, so that leaves are often true.
 * Values include the awkward ones: quotes, backslashes, stars, dots, both address families, limits
 * of ranges.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "model/event.h"
#include "model/expr.h"
#include "prop.h"

#define PICK(list) (list)[prop_below(KR_ARRAY_LEN(list))]

/* A fixed "now": 2026-11-21T12:00:00Z. */
#define GEN_NOW ((kr_time)1795262400 * KR_SECOND)

static const char *const gen_ips[] = {
	"192.0.2.1",   "192.0.2.2",   "192.0.2.130", "198.51.100.7",  "198.51.100.255",
	"203.0.113.9", "2001:db8::1", "2001:db8::2", "2001:db8:1::1", "255.255.255.255"};
static const char *const gen_nets[] = {"192.0.2.0/24",	"192.0.2.128/25", "198.51.100.0/25",
				       "0.0.0.0/0",	"::/0",		  "2001:db8::/64",
				       "2001:db8::/32", "192.0.2.1/32",	  "128.0.0.0/1"};
static const char *const gen_domains[] = {"example.org", "www.example.org",	 "ns1.example.net",
					  "example.com", "xn--e1afmkfd.example", "badexample.org",
					  "org"};
static const char *const gen_urls[] = {"http://example.org/a?b=c",
				       "https://www.example.org:8443/x(y)", "http://192.0.2.1/",
				       "http://user@[2001:db8::1]:81/p,q", "ftp://EXAMPLE.net/A"};
static const char *const gen_ccs[] = {"RS", "ME", "AL", "XK", "BA"};
static const char *const gen_types[] = {"phishing", "c2-server", "infected-system", "scanner",
					"test"};
static const char *const gen_classes[] = {"malicious-code", "fraud", "vulnerable",
					  "information-gathering"};
static const char *const gen_words[] = {
	"avalanche", "Mirai",	   "mirai",	  "two words", "star*ed",  "what?", "a\\b",
	"quo\"te",   "com,ma",	   "and",	  "AS64500",   "-dash",	   "a..b",  "443",
	"p(a)r",     "\xc5\xa1ta", "example.org", "co:lon",    "192.0.2.1"};
static const char *const gen_numbers[] = {"0", "1", "80", "443", "1024", "64500", "64501", "65535"};
static const char *const gen_times[] = {
	"2026-11-20",		"2026-11-20T00:00:00Z",	  "2026-11-20T23:59:59.999999Z",
	"2026-11-21T00:00:00Z", "2026-11-18T07:30:00.5Z", "2025-02-28"};
static const char *const gen_spans[] = {"1d", "7d", "36h", "0s", "1y"};
static const char *const gen_keys[] = {"naics", "tag", "Tag", "source.ip", "odd key", "k\"q"};
static const char *const gen_tlps[] = {"CLEAR", "GREEN", "AMBER", "AMBER+STRICT"};
static const char *const gen_sources[] = {"drop-list", "sensor.a", "sensor.b"};
static const char *const gen_names[] = {"bank-one", "telco", "uni", "Telco-2"};
static const char *const gen_ops[] = {"", ">=", "<=", ">", "<", "="};

static void gen_quoted(struct kr_buf *b, const char *s)
{
	kr_buf_ch(b, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			kr_buf_ch(b, '\\');
		kr_buf_ch(b, *s);
	}
	kr_buf_ch(b, '"');
}

/* A value in which some characters became wildcards. */
static void gen_pattern(struct kr_buf *b, const char *s)
{
	bool star = false;

	for (; *s; s++) {
		if (prop_chance(15) && !star) {
			kr_buf_ch(b, '*');
			star = true;
		} else if (prop_chance(10) && !((unsigned char)*s & 0x80)) {
			kr_buf_ch(b, '?');
		} else {
			if (!kr_is_alnum(*s) && !((unsigned char)*s & 0x80))
				kr_buf_ch(b, '\\');
			kr_buf_ch(b, *s);
		}
	}
	if (!star)
		kr_buf_ch(b, '*');
}

static void gen_text_value(struct kr_buf *b, const char *s)
{
	if (prop_chance(25))
		gen_pattern(b, s);
	else
		gen_quoted(b, s);
}

static void gen_ordered(struct kr_buf *b, const char *const *list, size_t n)
{
	const char *v = list[prop_below(n)], *w = list[prop_below(n)];

	if (prop_chance(25))
		kr_buf_printf(b, "%s..%s", prop_chance(80) ? v : "", w);
	else
		kr_buf_printf(b, "%s%s", PICK(gen_ops), v);
}

#define GEN_ORDERED(b, list) gen_ordered(b, list, KR_ARRAY_LEN(list))

static void gen_value(struct kr_buf *b, enum kr_field f)
{
	switch (kr_field_info(f)->kind) {
	case KR_K_IP:
		if (prop_chance(40))
			kr_buf_c(b, PICK(gen_nets));
		else if (prop_chance(20))
			gen_pattern(b, PICK(gen_ips));
		else
			GEN_ORDERED(b, gen_ips);
		break;
	case KR_K_NET: kr_buf_printf(b, "%s%s", prop_chance(20) ? "=" : "", PICK(gen_nets)); break;
	case KR_K_FQDN:
		kr_buf_printf(b, "%s%s", prop_chance(30) ? "=" : "", PICK(gen_domains));
		break;
	case KR_K_URL: gen_text_value(b, PICK(gen_urls)); break;
	case KR_K_CC: kr_buf_c(b, PICK(gen_ccs)); break;
	case KR_K_TYPE: kr_buf_c(b, PICK(gen_types)); break;
	case KR_K_TAXONOMY: kr_buf_c(b, PICK(gen_classes)); break;
	case KR_K_PORT:
	case KR_K_ASN:
	case KR_K_INT: GEN_ORDERED(b, gen_numbers); break;
	case KR_K_FLOAT:
	case KR_K_ACCURACY: GEN_ORDERED(b, gen_numbers); break;
	case KR_K_TIME: GEN_ORDERED(b, gen_times); break;
	case KR_K_TLP: GEN_ORDERED(b, gen_tlps); break;
	case KR_K_BOOL: kr_buf_c(b, prop_chance(50) ? "yes" : "no"); break;
	default: gen_text_value(b, PICK(gen_words)); break;
	}
}

/* Fields that random events set: hot columns, packed ones, each kind. */
static const enum kr_field gen_fields[] = {
	KR_F_SRC_IP,	    KR_F_SRC_ASN,	   KR_F_SRC_CC,
	KR_F_SRC_FQDN,	    KR_F_SRC_URL,	   KR_F_SRC_PORT,
	KR_F_SRC_NETWORK,   KR_F_CLASS_TYPE,	   KR_F_CLASS_TAXONOMY,
	KR_F_MALWARE_NAME,  KR_F_DST_IP,	   KR_F_DST_PORT,
	KR_F_DST_FQDN,	    KR_F_COMMENT,	   KR_F_STATUS,
	KR_F_SRC_CITY,	    KR_F_TIME_SOURCE,	   KR_F_TLP,
	KR_F_SRC_TOR_NODE,  KR_F_SRC_LATITUDE,	   KR_F_SRC_LOCAL_IP,
	KR_F_DST_NETWORK,   KR_F_SRC_ALLOCATED,	   KR_F_RTIR_ID,
	KR_F_SRC_ACCOUNT,   KR_F_CLASS_IDENTIFIER, KR_F_DST_URL,
	KR_F_FEED_ACCURACY, KR_F_SRC_REVERSE_DNS,
};

static void gen_term(struct kr_buf *b)
{
	enum kr_field f = PICK(gen_fields);
	unsigned n = prop_chance(25) ? 1 + (unsigned)prop_below(4) : 1;

	switch (prop_below(16)) {
	case 0:
		kr_buf_c(b, "extra.");
		gen_quoted(b, PICK(gen_keys));
		kr_buf_ch(b, ':');
		if (prop_chance(30))
			GEN_ORDERED(b, gen_numbers);
		else if (prop_chance(20))
			GEN_ORDERED(b, gen_times);
		else
			gen_text_value(b, PICK(gen_words));
		break;
	case 1: gen_text_value(b, PICK(gen_words)); break;
	case 2: kr_buf_c(b, prop_chance(50) ? PICK(gen_ips) : PICK(gen_domains)); break;
	case 3: kr_buf_c(b, prop_chance(50) ? PICK(gen_nets) : "AS64500"); break;
	case 4:
		kr_buf_printf(b, "source:%s", prop_chance(60) ? PICK(gen_sources) : "sensor.*");
		break;
	case 5:
		kr_buf_printf(b, "constituent:%s", prop_chance(60) ? PICK(gen_names) : "tel*");
		break;
	case 6: kr_buf_printf(b, "report:%s%d", PICK(gen_ops), (int)prop_below(5)); break;
	case 7: kr_buf_printf(b, "count:%s%d", PICK(gen_ops), (int)prop_below(5)); break;
	case 8:
		kr_buf_c(b, prop_chance(50) ? "first:" : "last:");
		GEN_ORDERED(b, gen_times);
		break;
	case 9:
		kr_buf_printf(b, "%s:%s", prop_chance(50) ? "since" : "until", PICK(gen_spans));
		break;
	case 10: kr_buf_printf(b, "routed:%s", prop_chance(50) ? "yes" : "no"); break;
	case 11:
		if (prop_chance(70))
			kr_buf_printf(b, "has:%s", kr_field_info(f)->name);
		else
			kr_buf_c(b, "has:extra.tag");
		break;
	default:
		kr_buf_printf(b, "%s:", kr_field_info(f)->name);
		while (n--) {
			gen_value(b, f);
			if (n)
				kr_buf_ch(b, ',');
		}
	}
}

/* A random expression as text. Some are refused (ranges the wrong way round): the caller tries
 * again. */
static void gen_expr(struct kr_buf *b, unsigned depth)
{
	unsigned n = depth ? 1 + (unsigned)prop_below(3) : 1;

	for (unsigned i = 0; i < n; i++) {
		if (i)
			kr_buf_c(b, prop_chance(40) ? " or " : prop_chance(50) ? " and " : " ");
		if (prop_chance(20))
			kr_buf_c(b, prop_chance(50) ? "not " : "-");
		if (depth && prop_chance(30)) {
			kr_buf_ch(b, '(');
			gen_expr(b, depth - 1);
			kr_buf_ch(b, ')');
		} else {
			gen_term(b);
		}
	}
}

static struct kr_expr *gen_parse(struct kr_arena *a, struct kr_str text)
{
	struct kr_expr_opts opts = {.now = GEN_NOW};
	struct kr_expr *x = NULL;

	return kr_expr_parse(text, &opts, a, &x, NULL) == 0 ? x : NULL;
}

/* A random tree that parsed. */
__attribute__((unused)) static struct kr_expr *gen_tree(struct kr_arena *a, unsigned depth)
{
	for (;;) {
		KR_AUTO_BUF b = KR_BUF(1 << 20);
		struct kr_expr *x;

		gen_expr(&b, depth);
		x = gen_parse(a, kr_arena_dup(a, kr_buf_str(&b)));
		if (x)
			return x;
	}
}

static const char *gen_field_text(enum kr_field f)
{
	switch (kr_field_info(f)->kind) {
	case KR_K_IP: return PICK(gen_ips);
	case KR_K_NET: return PICK(gen_nets);
	case KR_K_FQDN: return PICK(gen_domains);
	case KR_K_URL: return PICK(gen_urls);
	case KR_K_CC: return PICK(gen_ccs);
	case KR_K_TYPE: return PICK(gen_types);
	case KR_K_TAXONOMY: return PICK(gen_classes);
	case KR_K_PORT:
	case KR_K_INT:
	case KR_K_FLOAT:
	case KR_K_ACCURACY:
	case KR_K_ASN: return PICK(gen_numbers);
	case KR_K_TIME: return PICK(gen_times);
	case KR_K_TLP: return PICK(gen_tlps);
	case KR_K_BOOL: return prop_chance(50) ? "yes" : "no";
	default: return PICK(gen_words);
	}
}

/* A random event with count, times, owners and extra. first equals time.source, as rows have it. */
static struct kr_event *gen_event(struct kr_arena *a)
{
	struct kr_event *e = kr_event_new(a);
	union kr_value v;
	kr_time t;

	for (size_t i = 0; i < KR_ARRAY_LEN(gen_fields); i++)
		if (prop_chance(55) &&
		    kr_field_parse(gen_fields[i], kr_str_c(gen_field_text(gen_fields[i])), a, &v,
				   NULL) == 0 &&
		    kr_event_put(e, a, gen_fields[i], v) < 0)
			abort();
	for (size_t i = 0; i < KR_ARRAY_LEN(gen_keys); i++) {
		static const char *const literals[] = {"80", "443", "true", "[1,\"x\"]", "1.5e3"};
		bool literal = prop_chance(30);

		if (prop_chance(40) &&
		    kr_event_add_extra(e, a, kr_str_c(gen_keys[i]),
				       kr_str_c(literal		  ? PICK(literals)
						: prop_chance(70) ? PICK(gen_words)
								  : PICK(gen_times)),
				       literal) < 0)
			abort();
	}
	if (kr_time_parse(kr_str_c(PICK(gen_times)), &t) < 0)
		abort();
	v.t = t;
	if (kr_event_put(e, a, KR_F_TIME_SOURCE, v) < 0)
		abort();
	e->first = t;
	e->last = t + (kr_time)prop_below(3) * KR_DAY;
	e->count = 1 + prop_below(4);
	e->key = prop_u64();
	e->n_owners = (uint32_t)prop_below(3);
	e->owners = kr_arena_calloc(a, 2, sizeof(*e->owners));
	for (uint32_t i = 0; i < e->n_owners; i++)
		e->owners[i] = (struct kr_owner){1 + (uint32_t)prop_below(KR_ARRAY_LEN(gen_names)),
						 7};
	return e;
}
