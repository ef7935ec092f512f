/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ip.h"

#include <arpa/inet.h>

#include "base/err.h"
#include "base/time.h"
#include "prop.h"
#include "tap.h"

static void reads(const char *text, const char *want)
{
	char buf[KR_IP_TEXT_MAX] = "refused";
	struct kr_ip ip;

	if (!kr_ip_parse(kr_str_c(text), &ip))
		kr_ip_text(&ip, buf);
	IS_CSTR(buf, want, text);
}

static void reads_net(const char *text, int want_r, const char *want)
{
	char buf[KR_IP_TEXT_MAX] = "refused";
	struct kr_ip ip;
	int r = kr_net_parse(kr_str_c(text), &ip);

	if (r >= 0)
		kr_net_text(&ip, buf);
	IS(r, want_r, text);
	IS_CSTR(buf, want, "its text");
}

static struct kr_ip net(const char *text)
{
	struct kr_ip ip = {0};

	OK(kr_net_parse(kr_str_c(text), &ip) >= 0, "%s", text);
	return ip;
}

static void test_addresses(void)
{
	reads("192.0.2.1", "192.0.2.1");
	reads("0.0.0.0", "0.0.0.0");
	reads("255.255.255.255", "255.255.255.255");
	reads("256.0.0.1", "refused");
	reads("192.0.2", "refused");
	reads("192.0.2.1.", "refused");
	reads("192.0.2.1.5", "refused");
	reads("192.0.2.01", "refused");
	reads("192.0.2.0001", "refused");
	reads(" 192.0.2.1", "refused");
	reads("192.0.2.1%eth0", "refused");
	reads("192.0.2.+1", "refused");
	reads("", "refused");
	reads(":", "refused");
	reads(":::", "refused");
	reads("::", "::");
	reads("::1", "::1");
	reads("1::", "1::");
	reads("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1");
	reads("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1");
	reads("2001:0db8:0000:0000:0000:0000:0000:0000", "2001:db8::");
	reads("0:0:0:0:0:0:0:2", "::2");
	reads("2001:0:0:1:0:0:0:1", "2001:0:0:1::1");
	reads("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0");
	reads("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8");
	reads("fe80::1%eth0", "fe80::1");
	reads("fe80::1%", "refused");
	reads("fe80::1% x", "refused");
	reads("fe80::1%eth0/64", "refused");
	reads("::ffff:192.0.2.1", "192.0.2.1");
	reads("::ffff:c000:201", "192.0.2.1");
	reads("64:ff9b::192.0.2.33", "64:ff9b::c000:221");
	reads("1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201");
	reads("1:2:3:4:5:6:7:192.0.2.1", "refused");
	reads("1:2:3:4:5:6:7:8:9", "refused");
	reads("1:2:3:4:5:6:7", "refused");
	reads("1:2:3:4:5:6:7::8", "refused");
	reads("1::2::3", "refused");
	reads("12345::", "refused");
	reads("1:", "refused");
	reads(":1", "refused");
	reads("1:::2", "refused");
	reads("g::", "refused");
	reads("::192.0.2.1:1", "refused");
	reads("::192.0.2", "refused");
}

static void test_networks(void)
{
	struct kr_ip first, last, a;
	char buf[KR_IP_TEXT_MAX];

	reads_net("10.0.0.0/8", 0, "10.0.0.0/8");
	reads_net("10.1.2.3/8", 1, "10.0.0.0/8");
	reads_net("0.0.0.0/0", 0, "0.0.0.0/0");
	reads_net("1.2.3.4/0", 1, "0.0.0.0/0");
	reads_net("192.0.2.1", 0, "192.0.2.1/32");
	reads_net("192.0.2.129/25", 1, "192.0.2.128/25");
	reads_net("192.0.2.1/33", -KR_EINVAL, "refused");
	reads_net("192.0.2.1/", -KR_EINVAL, "refused");
	reads_net("192.0.2.1/08", -KR_EINVAL, "refused");
	reads_net("192.0.2.1/+8", -KR_EINVAL, "refused");
	reads_net("192.0.2.1/8/8", -KR_EINVAL, "refused");
	reads_net("/8", -KR_EINVAL, "refused");
	reads_net("2001:db8::/32", 0, "2001:db8::/32");
	reads_net("2001:db8::1/33", 1, "2001:db8::/33");
	reads_net("::/0", 0, "::/0");
	reads_net("2001:db8::/129", -KR_EINVAL, "refused");
	reads_net("::ffff:192.0.2.0/120", 0, "192.0.2.0/24");
	reads_net("::ffff:0:0/96", 0, "0.0.0.0/0");
	reads_net("::ffff:0:0/90", 1, "::ffc0:0:0/90");

	a = net("192.0.2.0/26");
	kr_net_range(&a, &first, &last);
	kr_net_text(&first, buf);
	IS_CSTR(buf, "192.0.2.0/32", "first of a network");
	kr_net_text(&last, buf);
	IS_CSTR(buf, "192.0.2.63/32", "last of a network");
	a = net("2001:db8::/29");
	kr_net_range(&a, &first, &last);
	kr_ip_text(&last, buf);
	IS_CSTR(buf, "2001:dbf:ffff:ffff:ffff:ffff:ffff:ffff", "last of an IPv6 network");
	OK(kr_net_contains(&a, &first) && kr_net_contains(&a, &last) && kr_net_contains(&a, &a),
	   "contains");
	a = net("10.0.0.0/8");
	first = net("10.0.0.0/7");
	OK(!kr_net_contains(&a, &first) && kr_net_contains(&first, &a),
	   "the wider contains the narrower");
	last = net("::/0");
	OK(!kr_net_contains(&last, &a), "families are apart");
	OK(kr_ip_cmp(&a, &last) < 0 && kr_ip_cmp(&first, &a) < 0 && kr_ip_cmp(&a, &a) == 0,
	   "order");
	first = kr_ip_from_u32(0xc0000201);
	IS(kr_ip_u32(&first), 0xc0000201, "as a number and back");
	first = kr_ip_net(&first, 200);
	IS(first.plen, 32, "prefix length is capped");
}

static void test_special(void)
{
	static const char *const special[] = {"10.1.2.3",
					      "127.0.0.1",
					      "169.254.1.1",
					      "100.127.255.255",
					      "172.31.255.1",
					      "192.168.1.1",
					      "198.19.0.1",
					      "224.0.0.1",
					      "255.255.255.255",
					      "0.0.0.0",
					      "203.0.113.5",
					      "192.0.0.8",
					      "::",
					      "::1",
					      "fe80::1",
					      "fd00::1",
					      "ff02::1",
					      "2001:db8::1",
					      "100::1",
					      "3fff::1"};
	static const char *const routed[] = {"9.255.255.255", "11.0.0.0",    "100.128.0.0",
					     "172.32.0.0",    "192.0.0.9",   "223.255.255.255",
					     "198.20.0.0",    "2001:db9::1", "2a00::1",
					     "64:ff9b::1",    "::2"};
	struct kr_ip ip;

	for (size_t i = 0; i < KR_ARRAY_LEN(special); i++)
		OK(!kr_ip_parse(kr_str_c(special[i]), &ip) && kr_ip_special(&ip), "special: %s",
		   special[i]);
	for (size_t i = 0; i < KR_ARRAY_LEN(routed); i++)
		OK(!kr_ip_parse(kr_str_c(routed[i]), &ip) && !kr_ip_special(&ip), "routed: %s",
		   routed[i]);
}

/* Text from an alphabet that often makes addresses; inet_pton() decides. */
static void test_against_libc(void)
{
	static const char *const pieces[] = {":",   "::",  ".",	   "0",	  "1",	  "12",
					     "255", "256", "ffff", "db8", "0001", "192.0.2.1"};
	unsigned runs = prop_begin(100000), wrong = 0, accepted = 0;

	for (unsigned i = 0; i < runs; i++) {
		char text[128] = "", back[KR_IP_TEXT_MAX];
		unsigned n = 1 + (unsigned)prop_below(16);
		uint8_t want[16] = {0};
		struct kr_ip ip = {0}, again;
		bool v4, ok, got;

		for (unsigned k = 0; k < n; k++) {
			if (k % 2 && prop_chance(90))
				strcat(text, prop_chance(90) ? ":" : "::");
			else
				strcat(text, pieces[prop_below(KR_ARRAY_LEN(pieces))]);
		}
		v4 = inet_pton(AF_INET, text, want) == 1;
		ok = v4 || inet_pton(AF_INET6, text, want) == 1;
		if (!v4 && !memcmp(want, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12)) {
			memcpy(want, want + 12, 4);
			memset(want + 4, 0, 12);
		}
		got = !kr_ip_parse(kr_str_c(text), &ip);
		accepted += got;
		if (got != ok || (ok && memcmp(want, ip.b, 16) != 0)) {
			printf("# %s: %d, wanted %d\n", text, got, ok);
			wrong++;
		}
		if (got && (kr_ip_text(&ip, back),
			    kr_ip_parse(kr_str_c(back), &again) || kr_ip_cmp(&ip, &again)))
			wrong++;
	}
	/* Whether the generator is any good shows in many cases only (KARAULA_RUNS). */
	OK(runs < 1000 || accepted > runs / 100, "%u of %u texts are addresses", accepted, runs);
	IS(wrong, 0, "reading agrees with inet_pton()");
}

static void test_speed(void)
{
	static const char text[] = "203.0.113.217";
	int64_t start = kr_cpu_us();
	struct kr_ip ip;
	unsigned sum = 0;

	for (int i = 0; i < 1000000; i++)
		if (!kr_ip_parse(kr_str_n(text, 13), &ip))
			sum += ip.b[3];
	printf("# kr_ip_parse: %.1f ns\n", (double)(kr_cpu_us() - start) / 1000);
	OK(sum != 0, "a million times read");
}

int main(void)
{
	test_addresses();
	test_networks();
	test_special();
	test_against_libc();
	test_speed();
	return tap_end();
}
