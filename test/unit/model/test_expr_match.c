/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "base/arena.h"
#include "model/expr.h"

#define NOW ((kr_time)1795262400 * KR_SECOND) /* 2026-11-21T12:00:00Z */

static struct kr_arena *arena;

static void set(struct kr_event *e, const char *name, const char *value)
{
	if (kr_event_set(e, arena, kr_field_by_name(kr_str_c(name)), kr_str_c(value)) != 0)
		printf("# %s=%s was not taken\n", name, value);
}

static struct kr_event *make_event(void)
{
	struct kr_event *e = kr_event_new(arena);
	static struct kr_owner owner = {3, 9};

	set(e, "source.ip", "198.51.100.7");
	set(e, "source.asn", "64500");
	set(e, "source.fqdn", "www.example.org");
	set(e, "source.url", "http://user@sub.example.net:8080/Path?q=1");
	set(e, "source.network", "198.51.100.0/25");
	set(e, "source.geolocation.cc", "RS");
	set(e, "source.geolocation.city", "Novi Sad");
	set(e, "source.as_name", "Two  Words, \"quoted\"");
	set(e, "source.port", "443");
	set(e, "source.geolocation.latitude", "45.25");
	set(e, "destination.ip", "2001:db8::9");
	set(e, "destination.url", "http://[2001:db8::7]/x");
	set(e, "classification.type", "c2-server");
	set(e, "malware.name", "ranbyus");
	set(e, "source.tor_node", "yes");
	set(e, "tlp", "amber");
	set(e, "time.source", "2026-11-20T10:30:00Z");
	set(e, "comment",
	    "\xc5\xa0"
	    "ta je 5* tu?");
	if (kr_event_add_extra(e, arena, KR_STR("naics"), KR_STR("541"), true) ||
	    kr_event_add_extra(e, arena, KR_STR("seen"), KR_STR("2026-11-19T00:00:00Z"), false) ||
	    kr_event_add_extra(e, arena, KR_STR("tag"), KR_STR("Botnet"), false))
		abort();
	e->first = NOW - 26 * KR_HOUR;
	e->last = NOW - KR_HOUR;
	e->count = 12;
	e->owners = &owner;
	e->n_owners = 1;
	return e;
}

static const char *const matching[] = {
	"",
	"ip:198.51.100.7",
	"ip:198.51.100.0/24",
	"ip:0.0.0.0/0",
	"ip:198.51.100.7..198.51.100.7",
	"ip:198.51.100.*",
	"ip:>198.51.100.6",
	"dst.ip:2001:db8::/32",
	"ip:192.0.2.1,198.51.100.7",
	"asn:64500",
	"asn:>=64500",
	"asn:64400..64600",
	"asn:645*",
	"port:443",
	"dst.port:1 or port:440..",
	"domain:example.org",
	"domain:www.example.org",
	"domain:org",
	"domain:=www.example.org",
	"domain:*.example.org",
	"domain:W??.example.org",
	"net:198.51.100.0/24",
	"net:198.51.100.0/25",
	"net:=198.51.100.0/25",
	"cc:rs",
	"cc:me,rs",
	"city:\"novi sad\"",
	"city:novi*",
	"city:N?vi\\ Sad",
	"asname:\"two  words, \\\"QUOTED\\\"\"",
	"type:c2-server",
	"type:\"c2 server\"",
	"malware:RANBYUS",
	"tor:yes",
	"tlp:amber",
	"tlp:>=green",
	"tlp:<red",
	"time:2026-11-20",
	"time:<2026-11-21",
	"time:2026-11-19..2026-11-20",
	"time:2026-11-20T10:30Z",
	"since:2h",
	"since:2026-11-21",
	"until:2026-11-21",
	"first:<1d",
	"first:>=2d",
	"count:12",
	"count:>11",
	"has:url",
	"has:dst.ip",
	"has:extra.naics",
	"extra.naics:541",
	"extra.naics:540..542",
	"extra.naics:>=541",
	"extra.tag:botnet",
	"extra.tag:bot*",
	"extra.seen:2026-11-19*",
	"extra.seen:<=2026-11-19",
	"extra.seen:>2026-11-18",
	"source:drop-list",
	"source:DROP*",
	"constituent:telco",
	"owner:tel?o",
	"routed:yes",
	"has:owner",
	"report:7",
	"report:>=7",
	"id:20261121-standard-1-5",
	"id:*-5",
	"ranbyus",
	"198.51.100.7",
	"198.51.100.0/24",
	"2001:db8::9",
	"2001:db8::7",
	"AS64500",
	"example.org",
	"www.example.org",
	"example.net",
	"sub.example.net",
	"*.example.net*",
	"c2-server",
	"*banks* or *byus",
	"comment:?ta*",
	"comment:*5\\*\\ tu\\?",
	"not cc:me",
	"-has:status",
	"dst.port:1 or not dst.port:1",
	"source.geolocation.latitude:45.25",
	"source.geolocation.latitude:45..46",
	"*198.51.100*",
	"url:*path*",
	"not not cc:rs",
	"(cc:me or cc:rs) -asn:1",
};

static const char *const not_matching[] = {
	"ip:198.51.100.8",
	"ip:198.51.100.8..198.51.100.99",
	"ip:::/0",
	"ip:>=::",
	"ip:192.0.2.0/24",
	"asn:1",
	"asn:<64500",
	"domain:example.net",
	"domain:w.example.org",
	"domain:=example.org",
	"domain:ample.org",
	"domain:*.org.example",
	"domain:?.example.org",
	"net:198.51.100.0/26",
	"net:=198.51.100.0/24",
	"cc:me",
	"city:novi",
	"type:scanner",
	"malware:ranby",
	"tor:no",
	"tlp:red",
	"tlp:>amber",
	"time:2026-11-19",
	"time:>2026-11-20",
	"since:30m",
	"until:2026-11-20",
	"count:<12",
	"has:status",
	"has:extra.NAICS",
	"extra.naics:54",
	"extra.tag:>=5",
	"extra.none:*",
	"extra.tag:1..9",
	"source:drop",
	"constituent:bank",
	"routed:no",
	"report:8",
	"id:*-6",
	"ranbyu",
	"198.51.100.8",
	"AS1",
	"example.com",
	"\"example.org\"",
	"\"AS64500\"",
	"443",
	"not cc:rs",
	"not has:url",
	"status:*",
	"dst.port:<=65535",
	"dst.port:>=0",
	"comment:*5\\?*",
};

static void test_cases(void)
{
	static const struct kr_str names[] = {{"uni", 3}, {"telco", 5}};
	struct kr_expr_event ev = {.e = make_event(),
				   .source = KR_STR("drop-list"),
				   .id = KR_STR("20261121-standard-1-5"),
				   .report = 7,
				   .constituents = names,
				   .n_constituents = 2};
	size_t n = KR_ARRAY_LEN(matching);

	for (size_t i = 0; i < n + KR_ARRAY_LEN(not_matching); i++) {
		const char *text = i < n ? matching[i] : not_matching[i - n];
		struct kr_expr_opts opts = {.now = NOW};
		struct kr_fault fault = {0};
		struct kr_expr *x;

		if (kr_expr_parse(kr_str_c(text), &opts, arena, &x, &fault) < 0) {
			OK(false, "%s: %s", text, fault.message);
			continue;
		}
		OK(kr_expr_match(x, &ev) == (i < n), "%s %s",
		   i < n ? "matches:" : "does not match:", text);
	}
}

/* A pattern of many stars must not take exponential time. */
static void test_wildcard_cost(void)
{
	struct kr_expr_opts opts = {.now = NOW};
	char text[4001], pattern[400];
	struct kr_expr *x;
	size_t n = 0;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	n = (size_t)snprintf(pattern, sizeof(pattern), "comment:");
	for (int i = 0; i < 100; i++)
		n += (size_t)snprintf(pattern + n, sizeof(pattern) - n, "a*");
	snprintf(pattern + n, sizeof(pattern) - n, "b");
	IS(kr_expr_parse(kr_str_c(pattern), &opts, arena, &x, NULL), 0, "a hundred stars");
	OK(!kr_expr_leaf_text(&x->leaf, kr_str_c(text)), "end in time");
}

int main(void)
{
	arena = kr_arena_new(0);
	test_cases();
	test_wildcard_cost();
	kr_arena_free(arena);
	return tap_end();
}
