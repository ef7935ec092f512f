/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For random input of every field: what is accepted has a text that is accepted again, as the same
 * value, and is valid UTF-8. The byte scan is held against one that looks at each byte.
 */
#include "model/field.h"

#include "model/scan.h"
#include "prop.h"
#include "tap.h"

static const char *const seeds[] = {
	"192.0.2.1",
	"2001:db8::1",
	"198.51.100.0/24",
	"www.Example.org",
	"hxxps://example[.]org:80/a?b#c",
	"AS64500",
	"2026-11-20T10:11:12+01:00",
	"true",
	"99.5",
	"TLP:AMBER+STRICT",
	"infected system",
	"tcp",
	"17",
	"RIPE-NCC",
	"d41d8cd98f00b204e9800998ecf8427e",
	"aGVsbG8=",
	"{\"a\":[1,\"x\"]}",
	"high",
	"M\xc3\xbcnze.example",
	"rs",
	"65535",
	"file:///x",
	"CVE-2021-44228",
	"malicious code",
	"Fri, 20 Nov 2026 10:11:12 GMT",
	"3221225985",
	"1e5",
	"http://[2001:db8::1]/",
	"\xd1\x82\xd0\xb5\xd1\x81\xd1\x82.example",
	"-0.0",
	"+7",
	"fe80::1%2",
	"xn--e1aybc.example",
};

/* A seed with some bytes changed, dropped, doubled, or bytes from nowhere. */
static struct kr_str random_text(char *buf, size_t size)
{
	const char *seed = seeds[prop_below(KR_ARRAY_LEN(seeds))];
	static const char often[] = ".:/@[]()-_%+ \tAZaz09\x7f\xc2\x85\xe2\x82\xac";
	size_t n = KR_MIN(strlen(seed), size);

	memcpy(buf, seed, n);
	for (uint64_t changes = prop_below(4); changes; changes--) {
		size_t at = prop_below(n + 1);

		if (prop_chance(33) && at < n) {
			memmove(buf + at, buf + at + 1, n - at - 1);
			n--;
		} else if (n < size) {
			memmove(buf + at + 1, buf + at, n - at);
			buf[at] = prop_chance(80) ? often[prop_below(sizeof(often) - 1)]
						  : (char)prop_u64();
			n++;
		}
	}
	return kr_str_n(buf, n);
}

static bool read_back(enum kr_field f, const union kr_value *v, struct kr_arena *arena)
{
	KR_AUTO_BUF b = KR_BUF(65536), again = KR_BUF(65536);
	union kr_value w;

	kr_field_text(f, v, &b);
	if (kr_utf8_valid(kr_buf_str(&b)) != b.n ||
	    kr_field_parse(f, kr_buf_str(&b), arena, &w, NULL) < 0)
		return false;
	kr_field_text(f, &w, &again);
	return kr_field_cmp(f, v, &w) == 0 && kr_str_eq(kr_buf_str(&b), kr_buf_str(&again));
}

static void round_trips(unsigned runs, struct kr_arena *arena)
{
	unsigned accepted[KR_FIELD_KINDS] = {0}, failed = 0;
	char buf[64];

	for (unsigned i = 0; i < runs; i++) {
		struct kr_arena_mark m = kr_arena_mark(arena);
		struct kr_str text = random_text(buf, sizeof(buf));

		for (unsigned f = 1; f < KR_FIELD_MAX; f++) {
			const struct kr_field_info *info = kr_field_info((enum kr_field)f);
			union kr_value v;

			if (!info || kr_field_parse((enum kr_field)f, text, arena, &v, NULL) < 0)
				continue;
			accepted[info->kind]++;
			if (!read_back((enum kr_field)f, &v, arena) && failed++ < 5)
				printf("# %s: %.*s\n", info->name, KR_STR_ARG(text));
		}
		kr_arena_rewind(arena, m);
	}
	IS(failed, 0, "the text of a value is read back as the value");
	for (unsigned k = 0; k < KR_FIELD_KINDS && runs >= 1000; k++)
		OK(accepted[k] > 0, "%u values of kind %u were accepted", accepted[k], k);
}

static unsigned slow_scan(struct kr_str s)
{
	unsigned has = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		has |= (c >= 0x80 ? KR_SCAN_HIGH : 0) |
		       (c < 0x20 || c == 0x7f ? KR_SCAN_CONTROL : 0) |
		       (c >= 'A' && c <= 'Z' ? KR_SCAN_UPPER : 0) |
		       (c >= 'a' && c <= 'z' ? KR_SCAN_LOWER : 0) | (c == ' ' ? KR_SCAN_BLANK : 0);
	}
	return has;
}

static void scans(unsigned runs)
{
	unsigned wrong = 0;
	char buf[40];

	for (unsigned c = 0; c < 256; c++) {
		memset(buf, '.', 8);
		buf[c % 8] = (char)c;
		wrong += c < 0x80 &&
			 kr_model__scan(kr_str_n(buf, 8)) != slow_scan(kr_str_n(buf, 8));
	}
	for (unsigned i = 0; i < runs; i++) {
		size_t n = prop_below(sizeof(buf) + 1);
		unsigned fast, slow;

		for (size_t j = 0; j < n; j++)
			buf[j] = (char)(prop_chance(98)
						? prop_below(128) | (prop_chance(50) ? 0x20 : 0)
						: prop_u64());
		fast = kr_model__scan(kr_str_n(buf, n));
		slow = slow_scan(kr_str_n(buf, n));
		wrong += slow & KR_SCAN_HIGH ? !(fast & KR_SCAN_HIGH) : fast != slow;
	}
	IS(wrong, 0, "the scan by words says what a scan by bytes says");
}

int main(void)
{
	unsigned runs = prop_begin(20000);
	KR_AUTO(kr_arena) *arena = kr_arena_new(0);

	scans(runs);
	round_trips(runs, arena);
	return tap_end();
}
