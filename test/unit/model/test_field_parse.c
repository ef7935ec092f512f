/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind: what is accepted, with its canonical text, and what is refused. */
#include "model/field.h"

#include "tap.h"

static struct kr_arena *arena;

struct example {
	enum kr_field field;
	const char *in;
	const char *want; /* NULL: refused */
};

static const struct example examples[] = {
	/* STRING */
	{KR_F_COMMENT, " a text ", "a text"},
	{KR_F_COMMENT, "\xc4\x8d\xc4\x87 \xe2\x82\xac \xf0\x9f\x98\x80",
	 "\xc4\x8d\xc4\x87 \xe2\x82\xac \xf0\x9f\x98\x80"},
	{KR_F_COMMENT, "a\tb", NULL},
	{KR_F_COMMENT, "a\nb", NULL},
	{KR_F_COMMENT, "a long enough text with a bell\a in it", NULL},
	{KR_F_COMMENT, "delete\x7f", NULL},
	{KR_F_COMMENT, "next line \xc2\x85", NULL},
	{KR_F_COMMENT, "no-break\xc2\xa0space", "no-break\xc2\xa0space"},
	{KR_F_COMMENT, "latin1 \xe9t\xe9", NULL},
	{KR_F_COMMENT, "overlong \xc0\xaf", NULL},
	{KR_F_COMMENT, "\xed\xa0\x80", NULL},
	{KR_F_COMMENT, "   ", NULL},
	/* LOWER, ASCII, LOWERASCII, HASH, EVENTHASH */
	{KR_F_SRC_ABUSE_CONTACT, "Abuse@Example.ORG,cert@example.net",
	 "abuse@example.org,cert@example.net"},
	{KR_F_SRC_ABUSE_CONTACT,
	 "\xc4\x8c"
	 "ABC",
	 "\xc4\x8c"
	 "abc"},
	{KR_F_MALWARE_VERSION, "V 1.2~", "V 1.2~"},
	{KR_F_MALWARE_VERSION, "v\xc4\x8d", NULL},
	{KR_F_MALWARE_NAME, "Ranbyus v2", "ranbyus v2"},
	{KR_F_MALWARE_NAME, "caf\xc3\xa9", NULL},
	{KR_F_MALWARE_NAME, "a\tb", NULL},
	{KR_F_MALWARE_MD5, "D41D8CD98F00B204E9800998ECF8427E", "d41d8cd98f00b204e9800998ecf8427e"},
	{KR_F_MALWARE_MD5, "$1$abc", "$1$abc"},
	{KR_F_MALWARE_MD5, "d41d 8cd9", NULL},
	{KR_F_EVENT_HASH, "0af/.9", "0AF/.9"},
	{KR_F_EVENT_HASH, "0AF", "0AF"},
	{KR_F_EVENT_HASH, "0AG", NULL},
	{KR_F_EVENT_HASH, "00000000000000000000000000000000000000000", NULL},
	/* FQDN */
	{KR_F_SRC_FQDN, "WWW.Example.ORG.", "www.example.org"},
	{KR_F_SRC_FQDN, "_dmarc.example.org", "_dmarc.example.org"},
	{KR_F_SRC_FQDN, "r3---sn-.example.org", "r3---sn-.example.org"},
	{KR_F_SRC_FQDN, "localhost", "localhost"},
	{KR_F_SRC_FQDN, "\xc4\x8d\x61\xc5\xa1.example.org", "xn--a-cia7w.example.org"},
	{KR_F_SRC_FQDN,
	 "B\xc3\x9c"
	 "CHER.example",
	 "xn--bcher-kva.example"},
	{KR_F_SRC_FQDN, "\xd1\x82\xd0\xb5\xd1\x81\xd1\x82.\xd1\x81\xd1\x80\xd0\xb1",
	 "xn--e1aybc.xn--90a3ac"},
	{KR_F_SRC_FQDN, "example\xe3\x80\x82org", "example.org"},
	{KR_F_SRC_FQDN, "example..org", NULL},
	{KR_F_SRC_FQDN, ".example.org", NULL},
	{KR_F_SRC_FQDN, "example.org..", NULL},
	{KR_F_SRC_FQDN, ".", NULL},
	{KR_F_SRC_FQDN, "192.0.2.1", NULL},
	{KR_F_SRC_FQDN, "999.1.1.1", NULL},
	{KR_F_SRC_FQDN, "12345", NULL},
	{KR_F_SRC_FQDN, "1.2.0.192.in-addr.arpa", "1.2.0.192.in-addr.arpa"},
	{KR_F_SRC_FQDN, "2001:db8::1", NULL},
	{KR_F_SRC_FQDN, "example.org:80", NULL},
	{KR_F_SRC_FQDN, "example.org/x", NULL},
	{KR_F_SRC_FQDN, "exa mple.org", NULL},
	{KR_F_SRC_FQDN, "*.example.org", NULL},
	{KR_F_SRC_FQDN, "ex\xff.org", NULL},
	{KR_F_SRC_FQDN, "a123456789012345678901234567890123456789012345678901234567890123.org",
	 NULL},
	{KR_F_SRC_FQDN, "a12345678901234567890123456789012345678901234567890123456789012.org",
	 "a12345678901234567890123456789012345678901234567890123456789012.org"},
	/* URL */
	{KR_F_SRC_URL, "http://example.org", "http://example.org"},
	{KR_F_SRC_URL, "HTTPS://Example.ORG:8443/A?b=c#d", "HTTPS://Example.ORG:8443/A?b=c#d"},
	{KR_F_SRC_URL, "hxxp://example[.]org/a[.]b", "http://example.org/a[.]b"},
	{KR_F_SRC_URL, "hXXps://user@example(dot)org:1/x", "https://user@example.org:1/x"},
	{KR_F_SRC_URL, "hxxp[:]//example[.]org/p", "http://example.org/p"},
	{KR_F_SRC_URL, "hxxps[://]example.org/p[:]q", "https://example.org/p[:]q"},
	{KR_F_SRC_URL, "  http://example.org/  ", "http://example.org/"},
	{KR_F_SRC_URL, "http://[2001:db8::1]:80/", "http://[2001:db8::1]:80/"},
	{KR_F_SRC_URL, "ftp://192.0.2.1/x", "ftp://192.0.2.1/x"},
	{KR_F_SRC_URL, "file:///etc/passwd", "file://localhost/etc/passwd"},
	{KR_F_SRC_URL, "file:/etc/passwd", "file://localhost/etc/passwd"},
	{KR_F_SRC_URL, "file://host/x", "file://host/x"},
	{KR_F_SRC_URL, "http://example.org/\xc4\x8d", "http://example.org/\xc4\x8d"},
	{KR_F_SRC_URL, "http://hxxp:80/", "http://hxxp:80/"},
	{KR_F_SRC_URL, "http://example.org/a b", NULL},
	{KR_F_SRC_URL, "http://example.org/a\nb", NULL},
	{KR_F_SRC_URL, "http://example.org/\xff", NULL},
	{KR_F_SRC_URL, "http://", NULL},
	{KR_F_SRC_URL, "http:///path", NULL},
	{KR_F_SRC_URL, "http://user@/path", NULL},
	{KR_F_SRC_URL, "http://:80/", NULL},
	{KR_F_SRC_URL, "http://example.org:port/", NULL},
	{KR_F_SRC_URL, "http://example.org:65536/", NULL},
	{KR_F_SRC_URL, "http://[2001:db8::1/", NULL},
	{KR_F_SRC_URL, "http://[]/", NULL},
	{KR_F_SRC_URL, "http://[2001:db8::1]x/", NULL},
	{KR_F_SRC_URL, "example.org/path", NULL},
	{KR_F_SRC_URL, "//example.org/path", NULL},
	{KR_F_SRC_URL, "mailto:a@example.org", NULL},
	{KR_F_SRC_URL, "1http://example.org", NULL},
	{KR_F_SRC_URL, "hxxp[:]example.org", NULL},
	/* CC, REGISTRY, TRANSPORT, SEVERITY, TAXONOMY, TYPE */
	{KR_F_SRC_CC, "rs", "RS"},
	{KR_F_SRC_CC, "A1", "A1"},
	{KR_F_SRC_CC, "SRB", NULL},
	{KR_F_SRC_CC, "R-", NULL},
	{KR_F_SRC_REGISTRY, "ripencc", "RIPE"},
	{KR_F_SRC_REGISTRY, "RIPE-NCC", "RIPE"},
	{KR_F_SRC_REGISTRY, "Arin", "ARIN"},
	{KR_F_SRC_REGISTRY, "internic", NULL},
	{KR_F_PROTO_TRANSPORT, "TCP", "tcp"},
	{KR_F_PROTO_TRANSPORT, "17", "udp"},
	{KR_F_PROTO_TRANSPORT, "IPv6-ICMP", "ipv6-icmp"},
	{KR_F_PROTO_TRANSPORT, "4", "ipv4"},
	{KR_F_PROTO_TRANSPORT, "ipencap", "ipencap"},
	{KR_F_PROTO_TRANSPORT, "254", NULL},
	{KR_F_PROTO_TRANSPORT, "1000", NULL},
	{KR_F_PROTO_TRANSPORT, "http", NULL},
	{KR_F_SEVERITY, "HIGH", "high"},
	{KR_F_SEVERITY, "urgent", NULL},
	{KR_F_CLASS_TAXONOMY, "Malicious Code", "malicious-code"},
	{KR_F_CLASS_TAXONOMY, "phishing", NULL},
	{KR_F_CLASS_TYPE, "botnet drone", "infected-system"},
	{KR_F_CLASS_TYPE, "no-such-type", NULL},
	/* BASE64, JSON */
	{KR_F_RAW, "aGVsbG8=", "aGVsbG8="},
	{KR_F_RAW, "aGVsbA==", "aGVsbA=="},
	{KR_F_RAW, "aGVsbG8", NULL},
	{KR_F_RAW, "aGVs!G8=", NULL},
	{KR_F_RAW, "a===", NULL},
	{KR_F_RAW, "aG=sbG8=", NULL},
	{KR_F_OUTPUT, "{\"a\": [1, 2]}", "{\"a\": [1, 2]}"},
	{KR_F_OUTPUT, "{\"a\": }", NULL},
	{KR_F_OUTPUT, "{} {}", NULL},
	/* TLP, PORT, ASN, INT, BOOL */
	{KR_F_TLP, "TLP:white", "CLEAR"},
	{KR_F_TLP, "amber+strict", "AMBER+STRICT"},
	{KR_F_TLP, "blue", NULL},
	{KR_F_SRC_PORT, "0", "0"},
	{KR_F_SRC_PORT, "0443", "443"},
	{KR_F_SRC_PORT, "65535", "65535"},
	{KR_F_SRC_PORT, "65536", NULL},
	{KR_F_SRC_PORT, "-1", NULL},
	{KR_F_SRC_PORT, "80.0", NULL},
	{KR_F_SRC_ASN, "AS64500", "64500"},
	{KR_F_SRC_ASN, "as 64500", "64500"},
	{KR_F_SRC_ASN, "4294967295", "4294967295"},
	{KR_F_SRC_ASN, "0", NULL},
	{KR_F_SRC_ASN, "4294967296", NULL},
	{KR_F_SRC_ASN, "AS", NULL},
	{KR_F_RTIR_ID, "-9223372036854775808", "-9223372036854775808"},
	{KR_F_RTIR_ID, "9223372036854775808", NULL},
	{KR_F_SRC_TOR_NODE, "True", "true"},
	{KR_F_SRC_TOR_NODE, "1", "true"},
	{KR_F_SRC_TOR_NODE, "n", "false"},
	{KR_F_SRC_TOR_NODE, "Disabled", "false"},
	{KR_F_SRC_TOR_NODE, "maybe", NULL},
	/* ACCURACY, FLOAT */
	{KR_F_FEED_ACCURACY, "100", "100"},
	{KR_F_FEED_ACCURACY, "99.5", "99.5"},
	{KR_F_FEED_ACCURACY, "true", "100"},
	{KR_F_FEED_ACCURACY, "1", "1"},
	{KR_F_FEED_ACCURACY, "no", "0"},
	{KR_F_FEED_ACCURACY, "100.1", NULL},
	{KR_F_FEED_ACCURACY, "-1", NULL},
	{KR_F_SRC_LATITUDE, "44.8176", "44.8176"},
	{KR_F_SRC_LATITUDE, "-0", "0"},
	{KR_F_SRC_LATITUDE, "nan", NULL},
	{KR_F_SRC_LATITUDE, "44,8", NULL},
	/* TIME */
	{KR_F_TIME_SOURCE, "2026-11-20T10:11:12+01:00", "2026-11-20T09:11:12Z"},
	{KR_F_TIME_SOURCE, "2026-11-20 10:11:12", "2026-11-20T10:11:12Z"},
	{KR_F_TIME_SOURCE, "2026-11-20T10:11:12.5+00:00", "2026-11-20T10:11:12.500000Z"},
	{KR_F_TIME_SOURCE, "2026-11-20", "2026-11-20T00:00:00Z"},
	{KR_F_TIME_SOURCE, "Fri, 20 Nov 2026 10:11:12 +0100", "2026-11-20T09:11:12Z"},
	{KR_F_TIME_SOURCE, "20 Nov 2026 10:11:12 GMT", "2026-11-20T10:11:12Z"},
	{KR_F_TIME_SOURCE, "2026/11/20 10:11:12", "2026-11-20T10:11:12Z"},
	{KR_F_TIME_SOURCE, "2026-02-30T00:00:00Z", NULL},
	{KR_F_TIME_SOURCE, "11/12/2026", NULL},
	{KR_F_TIME_SOURCE, "yesterday", NULL},
	/* IP */
	{KR_F_SRC_IP, "192.0.2.1", "192.0.2.1"},
	{KR_F_SRC_IP, "192.0.2.1/32", "192.0.2.1"},
	{KR_F_SRC_IP, "2001:DB8:0::1", "2001:db8::1"},
	{KR_F_SRC_IP, "2001:db8::1/128", "2001:db8::1"},
	{KR_F_SRC_IP, "fe80::1%eth0", "fe80::1"},
	{KR_F_SRC_IP, "::ffff:192.0.2.1", "192.0.2.1"},
	{KR_F_SRC_IP, "3221225985", "192.0.2.1"},
	{KR_F_SRC_IP, "42540766411282592856903984951653826561", "2001:db8::1"},
	{KR_F_SRC_IP, "340282366920938463463374607431768211456", NULL},
	{KR_F_SRC_IP, "443", NULL},
	{KR_F_SRC_IP, "0.0.0.0", NULL},
	{KR_F_SRC_IP, "0.0.0.0/32", NULL},
	{KR_F_SRC_IP, "::", NULL},
	{KR_F_SRC_IP, "192.0.2.0/24", NULL},
	{KR_F_SRC_IP, "192.0.2.1/24", NULL},
	{KR_F_SRC_IP, "2001:db8::/64", NULL},
	{KR_F_SRC_IP, "192.0.2", NULL},
	{KR_F_SRC_IP, "192.0.2.256", NULL},
	{KR_F_SRC_IP, "192.0.02.1", NULL},
	{KR_F_SRC_IP, "example.org", NULL},
	/* NET */
	{KR_F_SRC_NETWORK, "192.0.2.1/24", "192.0.2.0/24"},
	{KR_F_SRC_NETWORK, "192.0.2.1", "192.0.2.1/32"},
	{KR_F_SRC_NETWORK, "2001:db8:1:2::3/32", "2001:db8::/32"},
	{KR_F_SRC_NETWORK, "192.0.2.0/33", NULL},
	{KR_F_SRC_NETWORK, "192.0.2.0/", NULL},
};

/* The input on one line of TAP. */
static const char *shown(const char *in)
{
	static char buf[200];
	size_t i;

	for (i = 0; in[i] && i < sizeof(buf) - 1; i++)
		buf[i] = (unsigned char)in[i] < ' ' ? '?' : in[i];
	buf[i] = '\0';
	return buf;
}

static void example(const struct example *x)
{
	KR_AUTO_BUF b = KR_BUF(8192);
	union kr_value v;
	int err = kr_field_parse(x->field, kr_str_c(x->in), arena, &v, NULL);

	if (!x->want) {
		OK(err < 0, "%s: refused \"%s\"", kr_field_info(x->field)->name, shown(x->in));
		return;
	}
	if (!OK(err == 0, "%s: accepted \"%s\"", kr_field_info(x->field)->name, x->in))
		return;
	kr_field_text(x->field, &v, &b);
	IS_STR(kr_buf_str(&b), kr_str_c(x->want), "its canonical text");
}

/* A clean value is the slice of the input itself. */
static void no_copies(void)
{
	static const struct example clean[] = {
		{KR_F_COMMENT, "text", NULL},
		{KR_F_MALWARE_NAME, "ranbyus", NULL},
		{KR_F_SRC_ABUSE_CONTACT, "abuse@example.org", NULL},
		{KR_F_MALWARE_MD5, "d41d8cd98f00b204e9800998ecf8427e", NULL},
		{KR_F_SRC_FQDN, "www.example.org", NULL},
		{KR_F_SRC_FQDN, "www.example.org.", NULL},
		{KR_F_SRC_URL, "http://example.org/path", NULL},
		{KR_F_SRC_CC, "RS", NULL},
		{KR_F_RAW, "aGVsbG8=", NULL},
		{KR_F_OUTPUT, "[1]", NULL},
	};

	for (size_t i = 0; i < KR_ARRAY_LEN(clean); i++) {
		union kr_value v = {0};
		size_t before = kr_arena_used(arena);
		struct kr_str in = kr_str_c(clean[i].in);

		OK(kr_field_parse(clean[i].field, in, arena, &v, NULL) == 0 && v.text.p == in.p &&
			   kr_arena_used(arena) == before,
		   "%s: a clean value is not copied", kr_field_info(clean[i].field)->name);
	}
}

static void fault_is(enum kr_field f, struct kr_str in, int code, const char *want)
{
	struct kr_fault fault = {0};
	union kr_value v;
	char text[600];

	IS(kr_field_parse(f, in, arena, &v, &fault), code, "refused");
	IS_CSTR(kr_fault_text(&fault, text, sizeof(text)), want, "with this fault");
}

static void faults(void)
{
	char x[300];
	KR_AUTO(kr_arena) *none = kr_arena_new(8);
	struct kr_fault fault;
	union kr_value v;

	memset(x, 'x', sizeof(x));
	fault_is(KR_F_SRC_PORT, KR_STR("http"), -KR_EINVAL,
		 "source.port: \"http\" is not valid (valid: 0 to 65535)");
	fault_is(KR_F_SRC_PORT, KR_STR("\x1b[31m\xff\0"), -KR_EINVAL,
		 "source.port: \"?[31m??\" is not valid (valid: 0 to 65535)");
	fault_is(KR_F_SRC_PORT, KR_STR(""), -KR_EINVAL,
		 "source.port: \"\" is not valid (valid: 0 to 65535)");
	fault_is(KR_F_MALWARE_NAME, kr_str_n(x, 300), -KR_ELIMIT,
		 "malware.name: 300 bytes are too long (at most 256 bytes)");
	memcpy(x + 58, "\xe2\x82\xac", 3);
	fault_is(KR_F_SRC_PORT, kr_str_n(x, 300), -KR_EINVAL,
		 "source.port: \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\" "
		 "is not valid "
		 "(valid: 0 to 65535)");
	IS(kr_field_parse(KR_F_MALWARE_NAME, KR_STR("TOO LONG FOR IT"), none, &v, &fault),
	   -KR_ELIMIT, "no memory");
	IS_CSTR(fault.message, "no memory is left for this batch", "its fault");
}

int main(void)
{
	arena = kr_arena_new(0);
	for (size_t i = 0; i < KR_ARRAY_LEN(examples); i++)
		example(&examples[i]);
	no_copies();
	faults();
	kr_arena_free(arena);
	return tap_end();
}
