/* SPDX-License-Identifier: Apache-2.0 */
/* xarf, n6 and idea: their tables hold together, what is written has what others demand, and input
 * made to hurt does not. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "codec/idea.h"
#include "codec/n6.h"
#include "codec/plan.h"
#include "codec/xarf.h"
#include "codec_run.h"
#include "model/taxonomy.h"
#include "tap.h"

/* ---- tables ---- */

static bool is_type(const char *s)
{
	const struct kr_type_info *t = kr_type_find(kr_str_c(s));

	/* The canonical spelling, not one that is merely understood. */
	return t && kr_str_eqc(t->type, s);
}

static void tables(void)
{
	unsigned n6 = 0, pairs = 0;

#define N(name, type, malware)                                                                     \
	OK(is_type(type), "n6 %s is a type", name);                                                \
	n6++;
#include "codec/n6_categories.def"
#undef N
	IS(n6, 27, "n6 has 27 categories");
#define I(category, type) OK(is_type(type), "idea %s is a type", category);
#include "codec/idea_categories.def"
#undef I
#define T(category, tag, type) OK(is_type(type), "idea %s with %s is a type", category, tag);
#include "codec/idea_categories.def"
#undef T
#define O(type, category, tag)                                                                     \
	OK(is_type(type) && kr_idea__type_of(KR_STR(category)).p, "idea writes %s", type);
#include "codec/idea_categories.def"
#undef O
#define P(category, type, rsit, form)                                                              \
	OK(is_type(rsit), "xarf %s/%s is a type", category, type);                                 \
	pairs++;
#include "codec/xarf_pairs.def"
#undef P
	IS(pairs, 32, "XARF has 32 pairs");
#define X(rsit, category, type)                                                                    \
	OK(is_type(rsit) && kr_xarf__pair(KR_STR(category), KR_STR(type)), "xarf writes %s", rsit);
#include "codec/xarf_pairs.def"
#undef X
	for (size_t i = 0; i < kr_type_count(); i++) {
		struct kr_str type = kr_type_at(i)->type, category, tag;
		unsigned n = 0;

		OK(kr_idea__category_of(type, &category, &tag), "idea has a category for %.*s",
		   KR_STR_ARG(type));
		while (kr_xarf__pair_of(type, n) && n < 10)
			n++;
		OK(n > 0 && n < 10, "xarf has pairs for %.*s", KR_STR_ARG(type));
	}
}

/* ---- what is written ---- */

/* What the schemas demand of a pair, told once more and in another way than the codec knows it. */
static const struct {
	const char *pair, *members;
} demanded[] = {
	{"messaging/spam", "protocol"},
	{"content/phishing", "url"},
	{"content/malware", "url"},
	{"content/fraud", "url fraud_type"},
	{"content/exposed_data", "url data_types exposure_method"},
	{"content/remote_compromise", "url compromise_type"},
	{"copyright/copyright", "infringing_url"},
	{"connection/login_attack", "protocol first_seen"},
	{"connection/port_scan", "protocol first_seen"},
	{"connection/ddos", "protocol first_seen"},
	{"connection/sql_injection", "protocol first_seen"},
	{"connection/vulnerability_scan", "protocol first_seen scan_type"},
	{"vulnerability/cve", "service service_port cve_id"},
	{"vulnerability/misconfiguration", "service"},
	{"vulnerability/open_service", "service"},
	{"infrastructure/botnet", "compromise_evidence"},
	{"infrastructure/compromised_server", "compromise_method compromise_type"},
	{"reputation/blocklist", "threat_type"},
	{"reputation/threat_intelligence", "threat_type"},
};

static const char core[] =
	"xarf_version report_id timestamp reporter sender source_identifier category type";

/* The text of a member at the top; false: it is not there. */
static bool member(struct kr_str doc, struct kr_arena *a, struct kr_str name, struct kr_str *ret)
{
	struct kr_json_token t;
	struct kr_json j;
	bool found = false;

	kr_json_init(&j, doc, a, 64, 0, NULL);
	if (kr_json_next(&j, &t))
		return false;
	while (!kr_json_next(&j, &t) && t.type != KR_JSON_OBJECT_END) {
		if (kr_json_skip(&j, &t))
			return false;
		if (!kr_str_eq(t.key, name))
			continue;
		found = true;
		*ret = t.text;
	}
	return found;
}

static void has_members(struct kr_str doc, struct kr_arena *a, const char *names, const char *what)
{
	struct kr_str rest = kr_str_c(names), name, value;

	while (kr_str_split(&rest, ' ', &name))
		OK(member(doc, a, name, &value), "%s has %.*s", what, KR_STR_ARG(name));
}

static struct kr_event *event_of(struct kr_arena *a, struct kr_str type, bool much)
{
	struct kr_event *e = kr_event_new(a);
	int err = kr_event_set(e, a, KR_F_CLASS_TYPE, type) |
		  kr_event_set(e, a, KR_F_SRC_IP, KR_STR("192.0.2.1"));

	if (much)
		err |= kr_event_set(e, a, KR_F_SRC_URL, KR_STR("http://bad.example.org/")) |
		       kr_event_set(e, a, KR_F_SRC_PORT, KR_STR("22")) |
		       kr_event_set(e, a, KR_F_PRODUCT_CVE, KR_STR("cve-2026-1;cve-2026-11")) |
		       kr_event_set(e, a, KR_F_TIME_SOURCE, KR_STR("2026-11-20")) |
		       kr_event_set(e, a, KR_F_SRC_ACCOUNT, KR_STR("x@example.org"));
	OK(!err && !kr_codec__finish_event(e, a, KR_TIME_NONE), "an event");
	return e;
}

static void xarf_valid(struct kr_str type, bool much)
{
	struct kr_arena *a = kr_arena_new(0);
	struct kr_buf b = KR_BUF(1 << 16);
	struct kr_event *e = event_of(a, type, much);
	struct kr_str category = KR_STR_NULL, kind = KR_STR_NULL, id;
	char pair[100];
	bool known = false;

	IS(kr_xarf_document(&b, e, &codec_writing), 0, "a document");
	OK(kr_json_check(kr_buf_str(&b), 16, NULL) == 0, "%.*s: it is JSON", KR_STR_ARG(type));
	has_members(kr_buf_str(&b), a, core, "the core");
	member(kr_buf_str(&b), a, KR_STR("category"), &category);
	member(kr_buf_str(&b), a, KR_STR("type"), &kind);
	snprintf(pair, sizeof(pair), "%.*s/%.*s", KR_STR_ARG(category), KR_STR_ARG(kind));
	for (size_t i = 0; i < KR_ARRAY_LEN(demanded); i++) {
		if (strcmp(demanded[i].pair, pair) != 0)
			continue;
		known = true;
		has_members(kr_buf_str(&b), a, demanded[i].members, pair);
	}
	OK(known, "%.*s: %s is a pair that can be written", KR_STR_ARG(type), pair);
	member(kr_buf_str(&b), a, KR_STR("report_id"), &id);
	OK(id.n == 36 && id.p[14] == '4' && strchr("89ab", id.p[19]), "a UUID of version 4");
	kr_buf_done(&b);
	kr_arena_free(a);
}

static struct kr_str id_of(struct kr_arena *a, const struct kr_event *e,
			   const struct kr_codec_write_opts *w)
{
	struct kr_buf b = KR_BUF(1 << 16);
	struct kr_str id = KR_STR_NULL;

	IS(kr_xarf_document(&b, e, w), 0, "written");
	member(kr_arena_dup(a, kr_buf_str(&b)), a, KR_STR("report_id"), &id);
	kr_buf_done(&b);
	return id;
}

static void xarf_written(void)
{
	struct kr_arena *a = kr_arena_new(0);
	struct kr_codec_write_opts other = codec_writing, plain = codec_writing,
				   none = kr_codec_write_opts_default();
	struct kr_event *e = event_of(a, KR_STR("scanner"), true);
	struct kr_event *f = event_of(a, KR_STR("scanner"), false);
	struct kr_buf b = KR_BUF(1 << 16), full = KR_BUF(100);

	for (size_t i = 0; i < kr_type_count(); i++) {
		xarf_valid(kr_type_at(i)->type, false);
		xarf_valid(kr_type_at(i)->type, true);
	}
	OK(kr_str_eq(id_of(a, e, &codec_writing), id_of(a, e, &codec_writing)),
	   "the same event has the same report_id");
	OK(!kr_str_eq(id_of(a, e, &codec_writing), id_of(a, f, &codec_writing)),
	   "another event has another");
	other.reporter.domain = KR_STR("example.net");
	OK(!kr_str_eq(id_of(a, e, &codec_writing), id_of(a, e, &other)), "so has another reporter");
	IS(kr_xarf_document(&b, e, NULL), -KR_EINVAL, "no options: no report");
	IS(kr_xarf_document(&b, e, &none), -KR_EINVAL, "no reporter: no report");
	kr_codec_find(KR_STR("xarf"))->item(&b, e, true, &none);
	IS(b.n, 0, "nothing is written then");
	IS(kr_xarf_document(&full, e, &codec_writing), -KR_ELIMIT, "a full buffer is told");
	plain.plain = true;
	plain.sender = other.reporter;
	IS(kr_xarf_document(&b, e, &plain), 0, "plain");
	OK(kr_str_find(kr_buf_str(&b), KR_STR("_karaula")) < 0, "nothing of our own is in it");
	OK(kr_str_find(kr_buf_str(&b),
		       KR_STR("\"sender\":{\"org\":\"Example CSIRT\",\"contact\":"
			      "\"csirt@example.org\",\"domain\":\"example.net\"}")) >= 0,
	   "the sender is another");
	kr_buf_done(&b);
	kr_buf_done(&full);
	kr_arena_free(a);
}

/* Events that came in several parts do not go out under one identifier. */
static void parts(void)
{
	struct codec_result r = codec_result_new();
	struct kr_codec_opts opts = kr_codec_opts_default();
	const struct kr_codec *n6 = kr_codec_find(KR_STR("n6"));
	struct kr_str in = KR_STR("{\"id\":\"abc\",\"category\":\"bots\",\"time\":\"2026-11-20\","
				  "\"address\":[{\"ip\":\"192.0.2.1\"},{\"ip\":\"192.0.2.2\"}]}");
	ptrdiff_t first;

	codec_run(n6, &opts, in, NULL, n6, &r);
	IS(r.n, 2, "two events");
	first = kr_str_find(kr_buf_str(&r.events), KR_STR("\"id\":\"abc\""));
	OK(first >= 0 && kr_str_find(kr_str_from(kr_buf_str(&r.events), (size_t)first + 5),
				     KR_STR("\"id\":\"abc\"")) < 0,
	   "one of them keeps the id");
	codec_result_done(&r);
}

/* ---- input that is made to hurt ---- */

static void read_as(const char *codec, struct kr_str in, struct codec_result *r)
{
	struct kr_codec_opts opts = kr_codec_opts_default();

	codec_run(kr_codec_find(kr_str_c(codec)), &opts, in, NULL, kr_codec_find(KR_STR("json")),
		  r);
}

static void refused(const char *codec, const struct kr_buf *in, const char *reason)
{
	struct codec_result r = codec_result_new();

	read_as(codec, kr_buf_str(in), &r);
	IS(r.n, 0, "no event");
	OK(kr_str_find(kr_buf_str(&r.refused), kr_str_c(reason)) >= 0, "%s refuses: %s", codec,
	   reason);
	if (kr_str_find(kr_buf_str(&r.refused), kr_str_c(reason)) < 0)
		printf("# %.*s\n", KR_STR_ARG(kr_str_first(kr_buf_str(&r.refused), 200)));
	codec_result_done(&r);
}

#define N6_HEAD	  "{\"category\":\"bots\",\"time\":\"2026-11-20\",\"address\":["
#define IDEA_HEAD "{\"Format\":\"IDEA0\",\"DetectTime\":\"2026-11-20\",\"Category\":[\"Other\"],"

static void many_addresses(void)
{
	struct kr_buf n6 = KR_BUF(8 << 20), idea = KR_BUF(8 << 20);
	struct codec_result r = codec_result_new();

	kr_buf_c(&n6, N6_HEAD);
	kr_buf_c(&idea, IDEA_HEAD "\"Source\":[{\"IP4\":[");
	for (unsigned i = 0; i < 100000; i++) {
		const char *comma = i ? "," : "";

		kr_buf_printf(&n6, "%s{\"asn\":1}", comma);
		kr_buf_printf(&idea, "%s\"1.1.1.1\"", comma);
	}
	kr_buf_c(&n6, "]}\n");
	kr_buf_c(&idea, "]}]}\n");
	refused("n6", &n6, "1:1: more than 10000 addresses in one record");
	refused("idea", &idea, "1:1: more than 10000 addresses in one record");
	kr_buf_clear(&n6);
	kr_buf_c(&n6, N6_HEAD);
	for (unsigned i = 0; i < 10000; i++)
		kr_buf_printf(&n6, "%s{\"asn\":1}", i ? "," : "");
	kr_buf_c(&n6, "]}\n");
	read_as("n6", kr_buf_str(&n6), &r);
	IS(r.n, 10000, "10000 are taken");
	codec_result_done(&r);
	kr_buf_done(&n6);
	kr_buf_done(&idea);
}

static void deep(void)
{
	static const char *const codecs[] = {"xarf", "n6", "idea"};

	for (size_t i = 0; i < KR_ARRAY_LEN(codecs); i++) {
		struct kr_buf b = KR_BUF(4 << 20);

		kr_buf_c(&b, "{\"x\":");
		for (unsigned d = 0; d < 100000; d++)
			kr_buf_c(&b, d % 2 ? "[" : "{\"a\":");
		refused(codecs[i], &b, "nested deeper than 64 levels");
		kr_buf_done(&b);
	}
}

static void many_members(void)
{
	struct kr_buf b = KR_BUF(4 << 20);

	kr_buf_c(&b, IDEA_HEAD);
	for (unsigned i = 0; i < 30000; i++)
		kr_buf_printf(&b, "\"m%u\":1,", i);
	kr_buf_c(&b, "\"z\":1}\n");
	refused("idea", &b, "more fields or memory than one event or batch can hold");
	kr_buf_clear(&b);
	kr_buf_c(&b, "{\"xarf_version\":\"4.2.0\",\"cve_ids\":[");
	for (unsigned i = 0; i < 30000; i++)
		kr_buf_printf(&b, "%s\"CVE-2026-%u\"", i ? "," : "", i);
	kr_buf_c(&b, "]}\n");
	refused("xarf", &b, "cve_ids: too many");
	kr_buf_done(&b);
}

#define XARF_HEAD                                                                                  \
	"{\"xarf_version\":\"4.2.0\",\"report_id\":\"a\",\"timestamp\":\"2026-11-20\","            \
	"\"reporter\":{\"org\":\"o\",\"contact\":\"c\",\"domain\":\"d\"},\"sender\":{\"org\":"     \
	"\"o\",\"contact\":\"c\",\"domain\":\"d\"},\"source_identifier\":\"192.0.2.1\","           \
	"\"category\":\"content\",\"type\":\"phishing\","

static void add_payload(struct kr_buf *b, size_t bytes, bool first)
{
	kr_buf_printf(b, "%s{\"content_type\":\"t\",\"payload\":\"", first ? "" : ",");
	for (size_t i = 0; i < bytes / 3; i++)
		kr_buf_add(b, "AAAA", 4);
	kr_buf_c(b, "\"}");
}

static void evidence_sizes(void)
{
	struct kr_buf b = KR_BUF((size_t)64 << 20);
	struct codec_result r = codec_result_new();
	const size_t five = (size_t)5 << 20;

	kr_buf_c(&b, XARF_HEAD "\"evidence\":[");
	for (int i = 0; i < 3; i++)
		add_payload(&b, five, i == 0);
	kr_buf_c(&b, "]}\n");
	read_as("xarf", kr_buf_str(&b), &r);
	IS(r.n, 1, "15 MiB of evidence are taken, though a record is 1 MiB");
	OK(kr_str_find(kr_buf_str(&r.events), KR_STR("\"size\":5242878")) > 0 && r.events.n < 2000,
	   "but not kept");
	kr_buf_clear(&b);
	kr_buf_c(&b, XARF_HEAD "\"evidence\":[");
	add_payload(&b, five + 6, true);
	kr_buf_c(&b, "]}\n");
	refused("xarf", &b, "evidence[0]: more than 5242880 bytes");
	kr_buf_clear(&b);
	kr_buf_c(&b, XARF_HEAD "\"evidence\":[");
	for (int i = 0; i < 4; i++)
		add_payload(&b, (size_t)4 << 20, i == 0);
	kr_buf_c(&b, "]}\n");
	refused("xarf", &b, "evidence: more than 15728640 bytes");
	kr_buf_clear(&b);
	kr_buf_c(&b, XARF_HEAD "\"description\":\"");
	for (int i = 0; i < 300000; i++)
		kr_buf_c(&b, "AAAA");
	kr_buf_c(&b, "\"}\n");
	refused("xarf", &b, "a record longer than the limit");
	codec_result_done(&r);
	kr_buf_done(&b);
}

/* A member of ours from outside says no more than any sender may say. */
static void forged_rest(void)
{
	struct codec_result r = codec_result_new();

	read_as("n6",
		KR_STR("{\"_karaula\":{\"tlp\":\"CLEAR\",\"extra.a\":\"b\",\"source.ip\":\"x\","
		       "\"count\":18446744073709551615,\"raw\":\"?\"},\"restriction\":"
		       "\"internal\",\"category\":\"bots\",\"time\":\"2026-11-20\",\"lost\":1}\n"),
		&r);
	IS(r.n, 1, "it is read, wherever it stands");
	OK(kr_str_find(kr_buf_str(&r.events), KR_STR("\"extra.source.ip\":\"x\"")) > 0,
	   "values are checked as always");
	OK(kr_str_find(kr_buf_str(&r.events), KR_STR("lost")) < 0, "it says all of extra");
	codec_result_done(&r);
}

static const char *sniffed(const char *head)
{
	const struct kr_codec *c = kr_codec_sniff(kr_str_c(head), KR_STR(""));

	return c ? c->name : "none";
}

static void sniffing(void)
{
	struct kr_arena *a = kr_arena_new(0);
	struct kr_event *e = event_of(a, KR_STR("phishing"), true);
	static const char *const codecs[] = {"xarf", "n6", "idea", "idf"};

	IS_CSTR(sniffed(XARF_HEAD), "xarf", "XARF v4");
	IS_CSTR(sniffed("{\"Version\":\"3\",\"ReporterInfo\":{"), "xarf", "XARF v3");
	IS_CSTR(sniffed("[{\"Format\": \"IDEA0\""), "idea", "IDEA");
	IS_CSTR(sniffed("{\"id\":\"a\",\"source\":\"a.b\",\"restriction\":\"public\","
			"\"confidence\":\"low\",\"category\":\"bots\",\"time\":\"2026\"}"),
		"n6", "n6");
	IS_CSTR(sniffed("{\"category\":\"bots\",\"time\":\"2026\"}"), "none", "any JSON");
	for (size_t i = 0; i < KR_ARRAY_LEN(codecs); i++) {
		const struct kr_codec *c = kr_codec_find(kr_str_c(codecs[i]));
		struct kr_buf b = KR_BUF(1 << 16);

		c->item(&b, e, true, &codec_writing);
		IS_CSTR(sniffed(kr_buf_cstr(&b)), codecs[i], "what it wrote itself");
		kr_buf_done(&b);
	}
	kr_arena_free(a);
}

int main(void)
{
	tables();
	xarf_written();
	parts();
	many_addresses();
	deep();
	many_members();
	evidence_sizes();
	forged_rest();
	sniffing();
	return tap_end();
}
