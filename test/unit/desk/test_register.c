/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns it: the compiled register against a scan of all rules that follows the text of the
 * decision. */
#include "tap.h"
#include "prop.h"

#include "base/file.h"
#include "desk/register.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/karaula-test-XXXXXX";
static int dir;

static struct kr_event *event_of(struct kr_arena *a, const char *ip, const char *name, int64_t asn,
				 const char *cc)
{
	struct kr_event *e = kr_event_new(a);
	union kr_value v;
	int err = 0;

	if (ip && strchr(ip, '/'))
		err |= kr_event_set(e, a, KR_F_SRC_NETWORK, kr_str_c(ip));
	else if (ip)
		err |= kr_event_set(e, a, KR_F_SRC_IP, kr_str_c(ip));
	if (name && strstr(name, "://"))
		err |= kr_event_set(e, a, KR_F_SRC_URL, kr_str_c(name));
	else if (name && strchr(name, '@'))
		err |= kr_event_set(e, a, KR_F_SRC_ACCOUNT, kr_str_c(name));
	else if (name)
		err |= kr_event_set(e, a, KR_F_SRC_FQDN, kr_str_c(name));
	v.i = asn;
	if (asn)
		err |= kr_event_put(e, a, KR_F_SRC_ASN, v);
	if (cc)
		err |= kr_event_set(e, a, KR_F_SRC_CC, kr_str_c(cc));
	return err ? NULL : e;
}

static struct kr_register *compiled(const struct kr_rule *rules, size_t n)
{
	struct kr_register *r = NULL;
	struct kr_fault fault = {0};
	char text[600];

	if (kr_register_compile(dir, rules, n, 42, &fault) || kr_register_open(dir, &r, &fault))
		printf("# %s\n", kr_fault_text(&fault, text, sizeof(text)));
	return r;
}

#define RULE(c, k, v)                                                                              \
	{.id = __COUNTER__ + 1, .constituent = c, .kind = KR_RULE_##k, .value = KR_STR(v)}

static const struct kr_rule sample[] = {
	RULE(1, PREFIX, "198.51.100.0/24"),
	RULE(2, PREFIX, "198.51.100.128/25"),
	RULE(3, PREFIX, "198.51.100.128/25"),
	RULE(4, PREFIX, "2001:db8::/32"),
	RULE(5, PREFIX, "2001:db8:1::/48"),
	RULE(6, DOMAIN, "example.org"),
	RULE(7, DOMAIN, "shop.example.org"),
	RULE(8, ASN, "64500"),
	RULE(9, ASN, "4200000000"),
	RULE(10, COUNTRY, "RS"),
	RULE(11, COUNTRY, "XK"),
	RULE(10, PREFIX, "192.0.2.0/24"),
	{.id = 900,
	 .constituent = 12,
	 .kind = KR_RULE_COUNTRY,
	 .value = KR_STR("AL"),
	 .retired = true},
};

/* Owners as text, "2 3". */
static const char *route(struct kr_register *r, struct kr_arena *a, struct kr_event *e,
			 char buf[64])
{
	size_t n = 0;

	buf[0] = 0;
	if (!e || kr_register_route(r, e, a) != (int)e->n_owners)
		return "error";
	for (uint32_t i = 0; i < e->n_owners; i++)
		n += (size_t)snprintf(buf + n, 64 - n, "%s%u", i ? " " : "",
				      e->owners[i].constituent);
	return buf;
}

static void decisions(void)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	KR_AUTO(kr_register) *r = compiled(sample, KR_ARRAY_LEN(sample));
	char b[64];
	struct kr_fault fault = {0};
	static const struct {
		const char *ip, *name, *cc, *want, *why;
		int64_t asn;
	} t[] = {
		{"198.51.100.1", NULL, NULL, "1", "a prefix", 0},
		{"198.51.100.200", NULL, NULL, "2 3", "the most specific one, all who have it", 0},
		{"198.51.100.200", "example.org", "RS", "2 3", "a prefix decides before all else",
		 64500},
		{"203.0.113.9", "www.example.org", "RS", "6", "a domain before AS and country",
		 64500},
		{"203.0.113.9", "a.b.shop.example.org", NULL, "7", "the longest suffix", 0},
		{"203.0.113.9", "shop.example.org", NULL, "7", "the name itself", 0},
		{"203.0.113.9", "notexample.org", "RS", "8",
		 "a suffix ends at a dot; AS before country", 64500},
		{NULL, NULL, "RS", "9", "an AS of 32 bits", 4200000000},
		{NULL, NULL, "RS", "10", "a country", 64501},
		{NULL, NULL, "XK", "11", "a country outside of ISO", 0},
		{NULL, NULL, "AL", "", "a retired rule decides nothing", 0},
		{"203.0.113.9", "example.com", "HR", "", "nobody", 65000},
		{"2001:db8:1::1", NULL, NULL, "5", "IPv6, most specific", 0},
		{"2001:db8:2::1", NULL, NULL, "4", "IPv6", 0},
		{"2001:db9::", NULL, NULL, "", "IPv6, nobody", 0},
		{"198.51.100.128/26", NULL, NULL, "2 3", "a network within a prefix", 0},
		{"198.51.100.128/25", NULL, NULL, "2 3", "a network equal to a prefix", 0},
		{"198.51.100.0/24", NULL, NULL, "1",
		 "a network that holds a narrower prefix is not its", 0},
		{"198.51.100.0/23", NULL, NULL, "", "a network wider than all", 0},
		{NULL, "https://user@WWW.Example.org:8443/a?b", NULL, "6", "the host of a URL", 0},
		{NULL, "http://shop.example.org", NULL, "7", "a URL without a path", 0},
		{NULL, "http://example.com/example.org", NULL, "", "not the path of a URL", 0},
		{NULL, "http://198.51.100.200:8080/x", NULL, "2 3", "a URL on an address", 0},
		{NULL, "https://[2001:db8:1::1]:8443/", NULL, "5", "a URL on an IPv6 address", 0},
		{NULL, "somebody@mail.Example.ORG", NULL, "6", "the domain of an account", 0},
	};

	if (!r)
		return;
	IS(kr_register_version(r), 42, "the version is kept");
	IS(kr_register_count(r), KR_ARRAY_LEN(sample) - 1, "retired rules are left out");
	IS(kr_register_check(r, &fault), 0, "the checksum is right");
	for (size_t i = 0; i < KR_ARRAY_LEN(t); i++) {
		struct kr_event *e = event_of(a, t[i].ip, t[i].name, t[i].asn, t[i].cc);

		IS_CSTR(route(r, a, e, b), t[i].want, t[i].why);
	}
}

static void everything_that_matches(void)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	KR_AUTO(kr_register) *r = compiled(sample, KR_ARRAY_LEN(sample));
	struct kr_event *e = event_of(a, "198.51.100.200", "x.shop.example.org", 64500, "RS");
	static const char *want[] = {"198.51.100.128/25", "198.51.100.0/24", "shop.example.org",
				     "example.org",	  "64500",	     "RS"};
	struct kr_register_match *m;
	uint32_t counts[13][5] = {{0}};
	size_t n;

	if (!r)
		return;
	IS(kr_register_matches(r, e, a, &m, &n), 0, "all matches");
	IS(n, KR_ARRAY_LEN(want), "are six");
	for (size_t i = 0; i < n && i < KR_ARRAY_LEN(want); i++)
		IS_STR(m[i].value, kr_str_c(want[i]), "in the order of decision");
	IS(m[0].n_owners, 2, "with all owners of a value");
	kr_register_counts(r, 12, counts);
	IS(counts[10][KR_RULE_PREFIX], 1, "one prefix of constituent 10");
	IS(counts[10][KR_RULE_COUNTRY], 1, "and one country");
	IS(counts[12][KR_RULE_COUNTRY], 0, "none of the retired one");
}

static bool note_overlap(void *ctx, const struct kr_register_overlap *o)
{
	char **at = ctx;

	*at += sprintf(*at, "%.*s>%.*s %u>%u;", KR_STR_ARG(o->outer), KR_STR_ARG(o->inner),
		       o->outer_owner.constituent, o->inner_owner.constituent);
	return true;
}

static void overlaps(void)
{
	static const struct kr_rule rules[] = {
		RULE(1, PREFIX, "10.0.0.0/8"),
		RULE(1, PREFIX, "10.1.0.0/16"),
		RULE(2, PREFIX, "10.1.1.0/24"),
		RULE(3, PREFIX, "10.1.1.0/24"),
		RULE(2, PREFIX, "10.2.0.0/16"),
		RULE(4, PREFIX, "11.0.0.0/8"),
		RULE(1, DOMAIN, "example.org"),
		RULE(2, DOMAIN, "a.example.org"),
		RULE(1, DOMAIN, "b.example.org"),
		RULE(5, DOMAIN, "example.org"),
		RULE(1, ASN, "64500"),
		RULE(2, ASN, "64500"),
		RULE(1, COUNTRY, "AL"),
		RULE(2, COUNTRY, "MK"),
	};
	KR_AUTO(kr_register) *r = compiled(rules, KR_ARRAY_LEN(rules));
	char found[2000], *at = found;

	if (!r)
		return;
	found[0] = 0;
	kr_register_overlaps(r, note_overlap, &at);
	IS_CSTR(found,
		"10.1.0.0/16>10.1.1.0/24 1>2;10.1.1.0/24>10.1.1.0/24 2>3;10.0.0.0/8>10.2.0.0/16 "
		"1>2;"
		"example.org>a.example.org 1>2;example.org>b.example.org "
		"5>1;example.org>example.org 1>5;"
		"64500>64500 1>2;",
		"overlaps: the same value, or the nearest one around it, of different "
		"constituents");
}

static bool count_overlap(void *ctx, const struct kr_register_overlap *o)
{
	size_t *n = ctx;

	*n += o->outer.n + o->inner.n;
	return *n < 1000000;
}

static void damaged(void)
{
	struct kr_register *r = NULL;
	struct kr_fault fault = {0};
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	KR_AUTO_BUF good = KR_BUF(16 << 20);
	const struct kr_rule bad = {.id = 7, .kind = KR_RULE_PREFIX, .value = KR_STR("10.0.0.1/8")};
	int opened = 0, failed = 0, found = 0;

	IS(kr_register_compile(dir, &bad, 1, 1, &fault), -KR_ECORRUPT,
	   "a rule that is not canonical");
	OK(strstr(fault.message, "10.0.0.1/8") && fault.remedy[0], "is named, with a remedy");
	r = compiled(sample, KR_ARRAY_LEN(sample));
	kr_register_unref(r);
	IS(kr_file_read(dir, KR_REGISTER_FILE, 16 << 20, &good, &fault), 0, "the compiled file");
	for (unsigned i = 0; i < 200; i++) {
		KR_AUTO_BUF bytes = KR_BUF(16 << 20);
		size_t last = good.n - 4000;
		struct kr_event *e = event_of(a, "198.51.100.200", "x.shop.example.org", 64500,
					      "RS");

		kr_buf_str_add(&bytes, kr_buf_str(&good));
		for (int k = 0; k < 2000; k++)
			bytes.p[prop_chance(50) ? prop_below(bytes.n) : last + prop_below(4000)] =
				(char)prop_u64();
		if (prop_chance(50)) /* so that the head is sound and the damage is met inside */
			memcpy(bytes.p, good.p, 104 + 8 * 24);
		if (kr_file_replace(dir, KR_REGISTER_FILE, kr_buf_str(&bytes), 0600, &fault))
			continue;
		if (kr_register_open(dir, &r, &fault) == 0) {
			struct kr_register_match *m;
			size_t n, told = 0;

			opened++;
			failed += kr_register_route(r, e, a) < 0 ||
				  kr_register_matches(r, e, a, &m, &n) < 0;
			kr_register_overlaps(r, count_overlap, &told);
			found += kr_register_check(r, &fault) == -KR_ECORRUPT;
			kr_register_unref(r);
		}
	}
	OK(opened > 20 && !failed, "asking a damaged register never reads outside of it (%d asked)",
	   opened);
	IS(found, opened, "and the checksum finds the damage each time");
	unlinkat(dir, KR_REGISTER_FILE, 0);
	IS(kr_register_open(dir, &r, &fault), -KR_ENOENT, "a missing file is said");
}

/* ---- the oracle ---- */

static bool below(struct kr_str name, struct kr_str domain)
{
	return kr_str_eq(name, domain) ||
	       (kr_str_ends(name, domain) && name.p[name.n - domain.n - 1] == '.');
}

/* How specific a rule is for an event: larger decides; 0: does not match. */
static int weight(const struct kr_rule *rule, const struct kr_ip *ip, struct kr_str name,
		  int64_t asn, struct kr_str cc)
{
	struct kr_ip net;
	int64_t number;

	switch (rule->kind) {
	case KR_RULE_PREFIX:
		if (ip->family && kr_net_parse(rule->value, &net) == 0 && net.plen <= ip->plen &&
		    kr_net_contains(&net, ip))
			return 4000 + net.plen;
		return 0;
	case KR_RULE_DOMAIN:
		return name.n && below(name, rule->value) ? 3000 + (int)rule->value.n : 0;
	case KR_RULE_ASN: return kr_str_i64(rule->value, &number) == 0 && number == asn ? 2000 : 0;
	default: return kr_str_eq(cc, rule->value) ? 1000 : 0;
	}
}

static struct kr_str random_value(struct kr_arena *a, enum kr_rule_kind kind)
{
	static const char *const labels[] = {"a", "b", "ab", "example", "org", "net"};
	static const char *const codes[] = {"AL", "BA", "HR", "ME"};
	struct kr_ip net = {.family = prop_chance(60) ? 4 : 6};
	char text[KR_IP_TEXT_MAX];
	struct kr_str s = KR_STR("");

	switch (kind) {
	case KR_RULE_PREFIX:
		net.plen = (uint8_t)(1 + prop_below(net.family == 4 ? 32 : 128));
		net.b[0] = (uint8_t)(prop_chance(80) ? 10 : prop_u64());
		for (int i = 1; i < (net.family == 4 ? 4 : 16); i++)
			net.b[i] = (uint8_t)prop_below(2);
		kr_net_text(&net, text);
		if (kr_net_parse(kr_str_c(text), &net) < 0)
			return s;
		return kr_arena_dup(a, kr_str_n(text, kr_net_text(&net, text)));
	case KR_RULE_DOMAIN:
		for (uint64_t i = 2 + prop_below(3); i > 0; i--)
			s = kr_arena_printf(a, "%.*s%s%s", KR_STR_ARG(s), s.n ? "." : "",
					    labels[prop_below(KR_ARRAY_LEN(labels))]);
		return s;
	case KR_RULE_ASN: return kr_arena_printf(a, "%u", (unsigned)(1 + prop_below(9)));
	default: return kr_str_c(codes[prop_below(KR_ARRAY_LEN(codes))]);
	}
}

static bool same_owners(const struct kr_event *e, const struct kr_rule *rules, size_t n,
			const struct kr_ip *ip, struct kr_str name, int64_t asn, struct kr_str cc)
{
	uint32_t want = 0;
	int best = 0;

	for (size_t i = 0; i < n; i++)
		best = KR_MAX(best, weight(&rules[i], ip, name, asn, cc));
	for (size_t i = 0; i < n; i++) {
		bool found = false;

		if (!best || weight(&rules[i], ip, name, asn, cc) != best)
			continue;
		want++;
		for (uint32_t k = 0; k < e->n_owners; k++)
			found |= e->owners[k].rule == rules[i].id &&
				 e->owners[k].constituent == rules[i].constituent;
		if (!found)
			return false;
	}
	return want == e->n_owners;
}

static bool one_case(void)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	KR_AUTO(kr_register) *r = NULL;
	struct kr_rule rules[200];
	size_t n = prop_below(KR_ARRAY_LEN(rules));
	bool ok = true;

	for (size_t i = 0; i < n; i++) {
		rules[i] = (struct kr_rule){.id = (uint32_t)i + 1,
					    .constituent = (uint32_t)i + 100,
					    .kind = 1 + (uint32_t)prop_below(4)};
		rules[i].value = random_value(a, rules[i].kind);
	}
	r = compiled(rules, n);
	for (int i = 0; r && ok && i < 200; i++) {
		struct kr_str at = prop_chance(70) ? random_value(a, KR_RULE_PREFIX) : KR_STR("");
		struct kr_str name = prop_chance(50) ? random_value(a, KR_RULE_DOMAIN) : KR_STR("");
		struct kr_str cc = prop_chance(50) ? random_value(a, KR_RULE_COUNTRY) : KR_STR("");
		int64_t asn = (int64_t)prop_below(10);
		struct kr_event *e = kr_event_new(a);
		struct kr_ip ip = {0};
		union kr_value v;
		int err = 0;

		if (at.n) {
			bool network = prop_chance(40);

			err |= kr_net_parse(at, &ip);
			if (!network)
				ip.plen = kr_ip_bits(&ip);
			v.ip = ip;
			err |= kr_event_put(e, a, network ? KR_F_SRC_NETWORK : KR_F_SRC_IP, v);
		}
		v.text = name;
		err |= name.n ? kr_event_put(e, a, KR_F_SRC_FQDN, v) : 0;
		v.text = cc;
		err |= cc.n ? kr_event_put(e, a, KR_F_SRC_CC, v) : 0;
		v.i = asn;
		err |= asn ? kr_event_put(e, a, KR_F_SRC_ASN, v) : 0;
		ok = !err && kr_register_route(r, e, a) >= 0 &&
		     same_owners(e, rules, n, &ip, name, asn, cc);
	}
	return r && ok;
}

int main(void)
{
	unsigned runs = prop_begin(60), good = 0;

	if (!mkdtemp(folder))
		return 1;
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(dir, "tables", 0700))
		return 1;
	decisions();
	everything_that_matches();
	overlaps();
	damaged();
	for (unsigned i = 0; i < runs; i++)
		good += one_case();
	IS(good, runs, "decisions equal a scan of all rules");
	unlinkat(dir, KR_REGISTER_FILE, 0);
	unlinkat(dir, "tables", AT_REMOVEDIR);
	close(dir);
	rmdir(folder);
	return tap_end();
}
