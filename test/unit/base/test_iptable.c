/* SPDX-License-Identifier: Apache-2.0 */
/* The address table against a scan of all its entries, and against damaged bytes. */
#include "tap.h"
#include "prop.h"

#include "base/iptable.h"

typedef unsigned __int128 wide;

struct entry {
	uint8_t family;
	wide first, last;
	uint32_t value;
};

static struct kr_ip ip_of(uint8_t family, wide v)
{
	struct kr_ip ip = {.family = 6, .plen = 128};

	if (family == 4)
		return kr_ip_from_u32((uint32_t)v);
	for (int i = 15; i >= 0; i--, v >>= 8)
		ip.b[i] = (uint8_t)v;
	return ip;
}

/* The oracle: the smallest entry that covers the address, of equal ones the last. */
static uint32_t scan(const struct entry *e, size_t n, uint8_t family, wide at)
{
	const struct entry *best = NULL;

	for (size_t i = 0; i < n; i++) {
		if (e[i].family != family || at < e[i].first || at > e[i].last)
			continue;
		if (!best || e[i].last - e[i].first <= best->last - best->first)
			best = &e[i];
	}
	return best ? best->value : KR_IPTABLE_NONE;
}

static wide random_wide(uint8_t family)
{
	wide top = family == 4 ? UINT32_MAX : ~(wide)0;
	wide v = (wide)prop_u64() << 64 | prop_u64();

	/* Mostly crowded into few addresses, so that entries nest, touch and repeat. */
	switch (prop_below(4)) {
	case 0: return v & top;
	case 1: return (v & 0xff) & top;
	case 2: return top - (v & 0xff);
	default: return ((v & 0x3ff) << (family == 4 ? 14 : 110)) & top;
	}
}

static struct entry random_entry(uint32_t value)
{
	struct entry e = {.family = prop_chance(50) ? 4 : 6, .value = value};
	unsigned bits = e.family == 4 ? 32 : 128;
	wide top = e.family == 4 ? UINT32_MAX : ~(wide)0;

	e.first = random_wide(e.family);
	if (prop_chance(60)) { /* a prefix */
		unsigned host = (unsigned)prop_below(bits + 1);
		wide mask = host == 128 ? ~(wide)0 : ((wide)1 << host) - 1;

		e.first &= ~mask & top;
		e.last = (e.first | mask) & top;
	} else {
		e.last = random_wide(e.family);
		if (e.last < e.first) {
			wide swap = e.first;

			e.first = e.last;
			e.last = swap;
		}
	}
	return e;
}

static bool same_at(const struct kr_iptable *t, const struct entry *e, size_t n, uint8_t family,
		    wide at)
{
	struct kr_ip ip = ip_of(family, at);
	uint32_t got = kr_iptable_get(t, &ip), want = scan(e, n, family, at);

	if (got != want) {
		char text[KR_IP_TEXT_MAX];

		kr_ip_text(&ip, text);
		printf("# %s: got %u, wanted %u\n", text, got, want);
	}
	return got == want;
}

static bool one_case(void)
{
	struct entry e[60];
	size_t n = prop_below(KR_ARRAY_LEN(e) + 1);
	KR_AUTO(kr_iptable_build) *b = kr_iptable_build_new();
	KR_AUTO_BUF bytes = KR_BUF(64 << 20);
	struct kr_iptable t;
	bool ok = true;

	for (size_t i = 0; i < n; i++) {
		struct kr_ip first, last;

		e[i] = random_entry((uint32_t)prop_below(8));
		first = ip_of(e[i].family, e[i].first);
		last = ip_of(e[i].family, e[i].last);
		ok &= !kr_iptable_add_range(b, &first, &last, e[i].value);
	}
	ok &= !kr_iptable_build_end(b, &bytes) && !kr_iptable_view(kr_buf_str(&bytes), &t);
	for (size_t i = 0; ok && i < n; i++) {
		wide top = e[i].family == 4 ? UINT32_MAX : ~(wide)0;

		ok &= same_at(&t, e, n, e[i].family, e[i].first);
		ok &= same_at(&t, e, n, e[i].family, e[i].last);
		ok &= same_at(&t, e, n, e[i].family, (e[i].first - 1) & top);
		ok &= same_at(&t, e, n, e[i].family, (e[i].last + 1) & top);
	}
	for (int i = 0; ok && i < 20; i++) {
		uint8_t family = prop_chance(50) ? 4 : 6;

		ok &= same_at(&t, e, n, family, random_wide(family));
	}
	return ok;
}

static uint32_t ask(const struct kr_iptable *t, const char *text)
{
	struct kr_ip ip;

	return kr_ip_parse(kr_str_c(text), &ip) ? 9999 : kr_iptable_get(t, &ip);
}

static int add(struct kr_iptable_build *b, const char *net, uint32_t value)
{
	struct kr_ip ip;

	return kr_net_parse(kr_str_c(net), &ip) < 0 ? -1 : kr_iptable_add_net(b, &ip, value);
}

static void known(void)
{
	KR_AUTO(kr_iptable_build) *b = kr_iptable_build_new();
	KR_AUTO_BUF bytes = KR_BUF(64 << 20);
	struct kr_iptable t;
	struct kr_ip v4 = {.family = 4, .plen = 32}, v6 = {.family = 6, .plen = 128}, none = {0};

	IS(add(b, "198.51.100.0/25", 3), 0, "a nested prefix is added before its parent");
	IS(add(b, "198.51.100.0/24", 2), 0, "the parent");
	IS(add(b, "0.0.0.0/0", 1), 0, "everything");
	IS(add(b, "2001:db8::/32", 7), 0, "IPv6");
	IS(add(b, "2001:db8:1::/48", 8), 0, "nested IPv6");
	IS(add(b, "2001:db8::1/128", 9), 0, "one IPv6 address");
	IS(kr_iptable_build_count(b), 6, "six entries");
	IS(kr_iptable_add_range(b, &v6, &v4, 1), -KR_EINVAL, "two families are no range");
	IS(kr_iptable_add_net(b, &none, 1), -KR_EINVAL, "no address is no network");
	IS(add(b, "192.0.2.0/24", KR_IPTABLE_NONE), -KR_EINVAL,
	   "the value for none is not allowed");
	IS(kr_iptable_build_end(b, &bytes), 0, "the table is built");
	IS(kr_iptable_view(kr_buf_str(&bytes), &t), 0, "and can be read");
	IS(ask(&t, "198.51.100.127"), 3, "the most specific prefix wins");
	IS(ask(&t, "198.51.100.128"), 2, "behind it its parent holds again");
	IS(ask(&t, "198.51.101.0"), 1, "and behind that the widest");
	IS(ask(&t, "255.255.255.255"), 1, "to the last address");
	IS(ask(&t, "0.0.0.1"), 1, "from the first");
	IS(ask(&t, "2001:db8::1"), 9, "a single IPv6 address");
	IS(ask(&t, "2001:db8::2"), 7, "its neighbour");
	IS(ask(&t, "2001:db8:1:ffff:ffff:ffff:ffff:ffff"), 8, "the last address of a /48");
	IS(ask(&t, "2001:db9::"), KR_IPTABLE_NONE, "outside of all");
	IS(kr_iptable_get(&t, &none), KR_IPTABLE_NONE, "no address has no value");
	IS(kr_iptable_count(&t), 4 + 5, "nine stretches with a value");
}

static void damaged(void)
{
	KR_AUTO(kr_iptable_build) *b = kr_iptable_build_new();
	KR_AUTO_BUF bytes = KR_BUF(64 << 20);
	KR_AUTO_BUF small = KR_BUF(1000);
	struct kr_iptable t;
	bool same = true;

	IS(kr_iptable_view(KR_STR_NULL, &t), -KR_ECORRUPT, "no bytes are no table");
	IS(kr_iptable_build_end(b, &bytes), 0, "an empty table is built");
	IS(kr_iptable_view(kr_buf_str(&bytes), &t), 0, "and read");
	IS(ask(&t, "192.0.2.1"), KR_IPTABLE_NONE, "nothing is in it");
	IS(ask(&t, "2001:db8::1"), KR_IPTABLE_NONE, "nor for IPv6");
	kr_buf_clear(&bytes);
	IS(add(b, "192.0.2.0/24", 5), 0, "one prefix");
	IS(add(b, "2001:db8::/32", 6), 0, "and one of IPv6");
	IS(kr_iptable_build_end(b, &small), -KR_ELIMIT, "a buffer that is too small is an error");
	IS(add(b, "192.0.2.0/24", 5), 0, "the builder is empty again and takes more");
	IS(add(b, "2001:db8::/32", 6), 0, "of both families");
	IS(kr_iptable_build_end(b, &bytes), 0, "built");
	for (size_t cut = 0; cut < bytes.n; cut += 1 + bytes.n / 97)
		same &= kr_iptable_view(kr_str_n(bytes.p, cut), &t) == -KR_ECORRUPT;
	OK(same, "every cut is refused");
	/* Numbers inside are wrong: any answer will do, but no read outside (the sanitizer
	 * watches). */
	for (size_t i = 8; i < bytes.n; i += 4)
		memset(bytes.p + i, (int)prop_below(256), KR_MIN((size_t)4, bytes.n - i));
	IS(kr_iptable_view(kr_buf_str(&bytes), &t), 0, "damage inside is not seen by the view");
	for (int i = 0; i < 1000; i++) {
		struct kr_ip ip = ip_of(i % 2 ? 4 : 6, (wide)prop_u64() << 64 | prop_u64());

		(void)kr_iptable_get(&t, &ip);
	}
	OK(true, "and look-ups stay within the bytes");
}

int main(void)
{
	unsigned runs = prop_begin(400), good = 0;

	known();
	damaged();
	for (unsigned i = 0; i < runs; i++)
		good += one_case();
	IS(good, runs, "look-ups equal a scan of all entries");
	return tap_end();
}
