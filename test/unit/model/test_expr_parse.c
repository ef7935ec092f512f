/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "base/arena.h"
#include "base/buf.h"
#include "model/expr.h"

#define NOW ((kr_time)1795262400 * KR_SECOND) /* 2026-11-21T12:00:00Z */

static struct kr_arena *arena;

/* What is accepted, and how it reads in canonical text: operators and values are seen there. */
static const struct {
	const char *in, *out;
} accepted[] = {
	{"", ""},
	{" \t\n", ""},
	{"type:phishing asn:8400 since:7d",
	 "classification.type:phishing and source.asn:8400 and last:>=2026-11-14T12:00:00Z"},
	{"(malware:ranbyus or port:1024..2048) and not cc:rs,me",
	 "(malware.name:ranbyus or source.port:1024..2048) and not source.geolocation.cc:RS,ME"},
	{"(a or b) c", "\"a\",\"b\" and \"c\""},
	{"a or b c", "\"a\" or \"b\" and \"c\""},
	{"IP:198.51.100.0/24", "source.ip:198.51.100.0/24"},
	{"ip:198.51.100.9/24", "source.ip:198.51.100.0/24"},
	{"ip:198.51.100.7", "source.ip:198.51.100.7"},
	{"ip:192.0.2.1..192.0.2.9", "source.ip:192.0.2.1..192.0.2.9"},
	{"ip:>=2001:DB8::1", "source.ip:>=2001:db8::1"},
	{"ip:192.0.2.*", "source.ip:192.0.2.*"},
	{"net:198.51.100.7", "source.network:198.51.100.7/32"},
	{"net:=198.51.100.0/24", "source.network:=198.51.100.0/24"},
	{"domain:Example.ORG", "source.fqdn:example.org"},
	{"domain:=Example.ORG", "source.fqdn:=example.org"},
	{"domain:*.example.org", "source.fqdn:*.example.org"},
	{"domain:rs", "source.fqdn:rs"},
	{"asn:AS64500", "source.asn:64500"},
	{"asn:64500..", "source.asn:>=64500"},
	{"asn:..64500", "source.asn:<=64500"},
	{"count:>=10", "count:>=10"},
	{"count:=3", "count:3"},
	{"tlp:<=amber", "tlp:<=AMBER"},
	{"tor:yes", "source.tor_node:true"},
	{"extra.naics:541", "extra.naics:541"},
	{"extra.naics:541..599", "extra.naics:541..599"},
	{"extra.naics:>=541.5", "extra.naics:>=541.5"},
	{"extra.note:a..b", "extra.note:\"a..b\""},
	{"extra.seen:>=2026-11-20", "extra.seen:>=2026-11-20T00:00:00Z"},
	{"extra.\"odd key\":\"x\\\"y\"", "extra.\"odd key\":\"x\\\"y\""},
	{"has:url", "has:source.url"},
	{"has:url,ip", "has:source.url,source.ip"},
	{"has:extra.tag", "has:extra.tag"},
	{"has:\"extra.odd key\"", "has:\"extra.odd key\""},
	{"has:owner", "routed:yes"},
	{"-has:url", "not has:source.url"},
	{"owner:telco", "constituent:telco"},
	{"routed:no", "routed:no"},
	{"id:20261121-standard-1-48213", "id:20261121-standard-1-48213"},
	{"report:7", "report:7"},
	{"source:sensor.*", "source:sensor.*"},
	{"time:2026-11-20", "time.source:2026-11-20T00:00:00Z..2026-11-20T23:59:59.999999Z"},
	{"time:>2026-11-20", "time.source:>2026-11-20T23:59:59.999999Z"},
	{"time:<=2026-11-20", "time.source:<=2026-11-20T23:59:59.999999Z"},
	{"time:<2026-11-20", "time.source:<2026-11-20T00:00:00Z"},
	{"time:2026-11-18..2026-11-20",
	 "time.source:2026-11-18T00:00:00Z..2026-11-20T23:59:59.999999Z"},
	{"first:\"2026-11-20 10:00\"..\"2026-11-20 11:00\"",
	 "first:2026-11-20T10:00:00Z..2026-11-20T11:00:00Z"},
	{"since:2026-11-01 until:2026-11-02",
	 "last:>=2026-11-01T00:00:00Z and last:<=2026-11-02T23:59:59.999999Z"},
	{"first:>=7d", "first:>=2026-11-14T12:00:00Z"},
	{"url:http://example.org/a?b=c", "source.url:http\\://example.org/a?b\\=c"},
	{"url:=http://example.org/a?b=c", "source.url:\"http://example.org/a?b=c\""},
	{"http://example.org/", "\"http://example.org/\""},
	{"198.51.100.7", "198.51.100.7"},
	{"2001:db8::1", "2001:db8::1"},
	{"2001:db8::/32", "2001:db8::/32"},
	{"as64500", "AS64500"},
	{"\"as64500\"", "\"as64500\""},
	{"www.Example.org", "www.example.org"},
	{"*mirai*", "*mirai*"},
	{"\"and\" AND \"or\"", "\"and\" and \"or\""},
	{"notable", "\"notable\""},
	{"not not a", "not not \"a\""},
	{"-(a b)", "not (\"a\" and \"b\")"},
	{"a and (b and c)", "\"a\" and (\"b\" and \"c\")"},
	{"cc:rs or cc:me", "source.geolocation.cc:RS,ME"},
	{"asname:\"Example Net\"", "source.as_name:\"Example Net\""},
	{"asname:50\\%\\*", "source.as_name:\"50%*\""},
	{"asname:a\\*b*", "source.as_name:a\\*b*"},
	{"city:\"\\x41\\\\b\"", "source.geolocation.city:\"A\\\\b\""},
	{"not(a)", "not \"a\""},
	{"extra.\"y\"://", "extra.y:\"//\""},
	{"city:\\//*", "source.geolocation.city:\\//*"},
};

static void test_accepted(void)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(accepted); i++) {
		struct kr_expr_opts opts = {.now = NOW};
		KR_AUTO_BUF b = KR_BUF(4096);
		struct kr_fault fault = {0};
		struct kr_expr *x;
		int r = kr_expr_parse(kr_str_c(accepted[i].in), &opts, arena, &x, &fault);

		if (r == 0)
			kr_expr_text(x, &b);
		else
			kr_buf_printf(&b, "%llu: %s (%s)", (unsigned long long)fault.column,
				      fault.message, fault.remedy);
		IS_STR(kr_buf_str(&b), kr_str_c(accepted[i].out), accepted[i].in);
	}
}

/* What is refused: where the fault points, and what it says. */
static const struct {
	const char *in;
	int code;
	unsigned column;
	const char *message, *remedy;
} refused[] = {
	{"type:", -KR_ESYNTAX, 6, "a value is missing after type:", "has:field"},
	{"cc:rs,", -KR_ESYNTAX, 7, "a value is missing after the comma", ""},
	{"cc:rs,,me", -KR_ESYNTAX, 7, "a value is missing after the comma", ""},
	{"malwear:x", -KR_EINVAL, 1, "no field \"malwear\"", "did you mean malware"},
	{"a asm:8400", -KR_EINVAL, 3, "no field \"asm\"", "asn"},
	{"source.geo:x", -KR_EINVAL, 1, "no field", "did you mean source.geolocation."},
	{"qqqqqqqq:x", -KR_EINVAL, 1, "no field", "extra.qqqqqqqq:value"},
	{"type:phising", -KR_EINVAL, 6, "\"phising\" is not valid", "did you mean phishing?"},
	{"\xc5\xa1 port:70000", -KR_EINVAL, 8, "source.port: \"70000\" is not valid", "0 to 65535"},
	{"port:80..", 0, 0, NULL, NULL},
	{"port:..", -KR_ESYNTAX, 6, "no ends", "a..b"},
	{"port:90..80", -KR_EINVAL, 6, "ends before it begins", "smaller"},
	{"port:>80..90", -KR_ESYNTAX, 7, "takes no comparison", ""},
	{"port:>=", -KR_ESYNTAX, 8, "a value is missing", ""},
	{"port:\"\"", -KR_EINVAL, 7, "empty text", "-has:field"},
	{"city:\"\"", -KR_EINVAL, 7, "empty text", ""},
	{"ip:192.0.2.1..2001:db8::1", -KR_EINVAL, 4, "one family to the other", "two addresses"},
	{"ip:192.0.2", -KR_EINVAL, 4, "\"192.0.2\" is not an address", "198.51.100.0/24"},
	{"ip:192.0.2.0/33", -KR_EINVAL, 4, "not a network", ""},
	{"net:>=192.0.2.0/24", -KR_EINVAL, 7, "has no order", ""},
	{"city:>a", -KR_EINVAL, 7, "has no order", "field:value"},
	{"tor:>yes", -KR_EINVAL, 6, "has no order", ""},
	{"time:2026-02-30", -KR_EINVAL, 6, "\"2026-02-30\" is not a time", "7d for 7 days ago"},
	{"since:9999y", -KR_EINVAL, 7, "is not a time", ""},
	{"since:>7d", -KR_ESYNTAX, 8, "take one time", ""},
	{"since:7d..1d", -KR_ESYNTAX, 7, "take one time", ""},
	{"count:-1", -KR_EINVAL, 7, "\"-1\" is not a number", ""},
	{"count:1*", -KR_EINVAL, 7, "is not a number", ""},
	{"routed:maybe", -KR_EINVAL, 8, "is not yes or no", "routed:yes"},
	{"has:count", -KR_EINVAL, 5, "every event has \"count\"", ""},
	{"has:nix", -KR_EINVAL, 5, "no field \"nix\"", ""},
	{"extra.:x", -KR_ESYNTAX, 7, "a key is missing", ""},
	{"extra.k:>=x", -KR_EINVAL, 11, "is not a time", ""},
	{"extra.k:>541..x", -KR_ESYNTAX, 10, "takes no comparison", ""},
	{"extra.k:\"1\"..\"x\"", -KR_EINVAL, 15, "is not a number", ""},
	{"(a or b", -KR_ESYNTAX, 1, "this parenthesis has no end", "add a )"},
	{"a)", -KR_ESYNTAX, 2, "has no beginning", ""},
	{"()", -KR_ESYNTAX, 2, "a term is missing", ""},
	{"a or", -KR_ESYNTAX, 5, "a term is missing", ""},
	{"or a", -KR_ESYNTAX, 1, "a term is missing", "quotes"},
	{"a and or b", -KR_ESYNTAX, 7, "a term is missing", ""},
	{"not", -KR_ESYNTAX, 4, "a term is missing", ""},
	{"a - b", -KR_ESYNTAX, 3, "'-' stands alone", ""},
	{"\"abc", -KR_ESYNTAX, 1, "has no end", ""},
	{"\"abc\\\"", -KR_ESYNTAX, 1, "has no end", ""},
	{"ab\"c\"", -KR_ESYNTAX, 3, "cannot follow", "quotes"},
	{"\"a\"b", -KR_ESYNTAX, 4, "'b' cannot follow", ""},
	{"cc:(rs)", -KR_ESYNTAX, 4, "parenthesis cannot stand in a value", "field:a,b"},
	{"city:a\\qb", -KR_ESYNTAX, 7, "escape is not known", "\\\\"},
	{"city:a\\", -KR_ESYNTAX, 7, "escape is not known", ""},
	{"city:\"\\x00\"", -KR_ESYNTAX, 7, "escape is not known", ""},
	{"city:\"\\xff\"", -KR_ESYNTAX, 7, "escape is not known", ""},
	{"port=80", -KR_ESYNTAX, 5, "a ':' is missing before '='", "write port:value"},
	{"asn>5", -KR_ESYNTAX, 4, "a ':' is missing", "asn:>value"},
	{">=5", -KR_ESYNTAX, 1, "a field is missing", ""},
	{"a,b:c", -KR_ESYNTAX, 3, "no field with a value", "quotes"},
	{"a,>5", -KR_EINVAL, 4, "a comparison needs a field", ""},
	{"a\x01", -KR_ESYNTAX, 2, "control character", ""},
	{"ab\xff", -KR_ESYNTAX, 3, "not UTF-8", ""},
	{"-", -KR_ESYNTAX, 1, "stands alone", ""},
	{",a", -KR_ESYNTAX, 1, "a term is missing", ""},
};

static void test_refused(void)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(refused); i++) {
		struct kr_expr_opts opts = {.now = NOW};
		struct kr_fault fault = {0};
		struct kr_expr *x;
		int r = kr_expr_parse(kr_str_c(refused[i].in), &opts, arena, &x, &fault);
		bool ok = r == refused[i].code;

		if (ok && r < 0)
			ok = fault.code == r && fault.column == refused[i].column &&
			     fault.line == 1 && strstr(fault.message, refused[i].message) &&
			     strstr(fault.remedy, refused[i].remedy);
		OK(ok, "refused: %s", refused[i].in);
		if (!ok)
			printf("#   got %d, column %llu: %s (%s)\n", r,
			       (unsigned long long)fault.column, fault.message, fault.remedy);
		if (r < 0)
			IS(kr_expr_parse(kr_str_c(refused[i].in), &opts, arena, &x, NULL), r,
			   "the same without a fault");
	}
}

static void repeat(struct kr_buf *b, const char *s, unsigned n)
{
	while (n--)
		kr_buf_c(b, s);
}

static void test_limits(void)
{
	struct kr_expr_opts opts = {.now = NOW};
	KR_AUTO_BUF b = KR_BUF(1 << 20);
	struct kr_fault fault;
	struct kr_expr *x;

	repeat(&b, "(", 64);
	repeat(&b, "a", 1);
	repeat(&b, ")", 64);
	IS(kr_expr_parse(kr_buf_str(&b), &opts, arena, &x, NULL), 0, "64 levels are fine");
	kr_buf_clear(&b);
	repeat(&b, "(not ", 33);
	IS(kr_expr_parse(kr_buf_str(&b), &opts, arena, &x, &fault), -KR_ELIMIT,
	   "66 levels are not");
	OK(strstr(fault.message, "more than 64 levels") && fault.column == 161,
	   "and the fault says where");
	kr_buf_clear(&b);
	repeat(&b, "(", 60000);
	opts.depth_max = 1000000;
	IS(kr_expr_parse(kr_buf_str(&b), &opts, arena, &x, NULL), -KR_ELIMIT,
	   "a huge depth_max is cut");
	opts.depth_max = 0;
	kr_buf_clear(&b);
	repeat(&b, "-", 60000);
	IS(kr_expr_parse(kr_buf_str(&b), &opts, arena, &x, NULL), -KR_ELIMIT, "a row of '-' too");
	kr_buf_clear(&b);
	repeat(&b, "a ", 500);
	IS(kr_expr_parse(kr_buf_str(&b), &opts, arena, &x, NULL), 0, "999 nodes are fine");
	repeat(&b, "a ", 1);
	IS(kr_expr_parse(kr_buf_str(&b), &opts, arena, &x, &fault), -KR_ELIMIT, "1001 are not");
	OK(strstr(fault.message, "more than 1000 terms"), "and the fault says so");
	kr_buf_clear(&b);
	repeat(&b, " ", 65 * 1024);
	IS(kr_expr_parse(kr_buf_str(&b), &opts, arena, &x, NULL), -KR_ELIMIT,
	   "64 KiB of text at most");
	{
		KR_AUTO(kr_arena) *small = kr_arena_new(1000);

		kr_buf_clear(&b);
		repeat(&b, "a ", 100);
		IS(kr_expr_parse(kr_buf_str(&b), &opts, small, &x, &fault), -KR_ELIMIT,
		   "a full arena");
	}
}

static bool hide_some(void *ctx, enum kr_expr_subject subject, enum kr_field field)
{
	(void)ctx;
	return !(subject == KR_SUBJ_FIELD && field == KR_F_SRC_ACCOUNT) &&
	       subject != KR_SUBJ_SOURCE;
}

static void test_hidden(void)
{
	struct kr_expr_opts opts = {.now = NOW, .may_name = hide_some};
	struct kr_fault hidden, none;
	struct kr_expr *x;

	IS(kr_expr_parse(KR_STR("accoun:x"), &opts, arena, &x, &none), -KR_EINVAL,
	   "nearest of a hidden name");
	OK(!strstr(none.remedy, "mean account") && !strstr(none.remedy, "source.account"),
	   "a hidden field is not suggested");
	IS(kr_expr_parse(KR_STR("account:x"), &opts, arena, &x, &hidden), -KR_EINVAL,
	   "a hidden field is unknown");
	OK(strstr(hidden.message, "there is no field \"account\""),
	   "in the words of an unknown one");
	IS(kr_expr_parse(KR_STR("has:account"), &opts, arena, &x, NULL), -KR_EINVAL, "in has: too");
	IS(kr_expr_parse(KR_STR("source:x"), &opts, arena, &x, NULL), -KR_EINVAL,
	   "a hidden subject too");
	IS(kr_expr_parse(KR_STR("asn:1"), &opts, arena, &x, NULL), 0, "others are not");
}

static void test_tree(void)
{
	struct kr_expr_opts opts = {.now = NOW};
	struct kr_expr *x;

	IS(kr_expr_parse(KR_STR("a or b and -c"), &opts, arena, &x, NULL), 0, "a or b and -c");
	OK(x->op == KR_EXPR_OR && x->a->op == KR_EXPR_LEAF && x->b->op == KR_EXPR_AND &&
		   x->b->b->op == KR_EXPR_NOT,
	   "and binds tighter than or, not tightest");
	IS(kr_expr_parse(KR_STR("(a or b) c"), &opts, arena, &x, NULL), 0, "(a or b) c");
	OK(x->op == KR_EXPR_AND && x->a->op == KR_EXPR_OR, "parentheses group");
	IS(kr_expr_parse(KR_STR("type:C2\\ Server"), &opts, arena, &x, NULL), 0,
	   "an older spelling of a type");
	IS_STR(x->leaf.value.text, KR_STR("c2-server"), "is stored as the canonical one");
	IS(kr_expr_parse(KR_STR("a  port:1,22"), &opts, arena, &x, NULL), 0, "columns");
	OK(x->b->b->leaf.column == 11 && x->b->a->leaf.column == 9, "each leaf knows its column");
	IS(kr_expr_parse(KR_STR("domain:m\xc3\xbcnchen.example"), &opts, arena, &x, NULL), 0,
	   "IDN");
	IS_STR(x->leaf.value.text, KR_STR("xn--mnchen-3ya.example"), "in its ASCII form");
}

static void test_subject(void)
{
	struct kr_expr_leaf leaf;
	struct kr_fault fault;

	IS(kr_expr_subject(KR_STR("asn"), NULL, arena, &leaf, NULL), 0,
	   "a field by its short name");
	OK(leaf.subject == KR_SUBJ_FIELD && leaf.field == KR_F_SRC_ASN && leaf.rep == KR_REP_INT,
	   "is that field");
	IS(kr_expr_subject(KR_STR("Constituent"), NULL, arena, &leaf, NULL), 0, "constituent");
	OK(leaf.subject == KR_SUBJ_CONSTITUENT && leaf.rep == KR_REP_TEXT, "is a subject");
	IS(kr_expr_subject(KR_STR("extra.odd key"), NULL, arena, &leaf, NULL), 0, "extra.KEY");
	IS_STR(leaf.key, KR_STR("odd key"), "needs no quotes here");
	IS(kr_expr_subject(KR_STR("since"), NULL, arena, &leaf, NULL), -KR_EINVAL,
	   "since has no values");
	IS(kr_expr_subject(KR_STR("id"), NULL, arena, &leaf, NULL), -KR_EINVAL,
	   "nor has id any to sort by");
	IS(kr_expr_subject(KR_STR("typ"), NULL, arena, &leaf, &fault), -KR_EINVAL,
	   "an unknown name");
	OK(strstr(fault.remedy, "did you mean type"), "has a remedy: %s", fault.remedy);
	IS(kr_expr_subject(KR_STR(""), NULL, arena, &leaf, NULL), -KR_EINVAL, "nothing");
}

int main(void)
{
	arena = kr_arena_new(0);
	test_accepted();
	test_refused();
	test_limits();
	test_hidden();
	test_tree();
	test_subject();
	kr_arena_free(arena);
	return tap_end();
}
