/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codecs: what one writes it reads back, whatever the event; every field is carried or listed as
 * unmapped; bytes that were damaged at random give the same events and refusals in any cut.
 */
#include "codec/plan.h"

#include "codec_run.h"
#include "prop.h"
#include "tap.h"

#include "base/json.h"

static size_t random_size(void)
{
	return 1 + (size_t)prop_below(prop_chance(30) ? 8 : 300);
}

/* Texts of which each kind takes some. */
static const char *const texts[] = {
	"plain",
	"with blank",
	"comma, quote \" and ; more",
	"=1+1",
	"+x",
	"-x",
	"@x",
	"'=x",
	"''",
	"\xc4\x8d\xe2\x82\xac\xf0\x9f\x98\x80",
	"192.0.2.1",
	"2001:db8::1",
	"198.51.100.0/24",
	"2001:db8::/32",
	"1",
	"0",
	"65535",
	"4294967295",
	"12",
	"-7",
	"true",
	"no",
	"42.4411",
	"-19.25",
	"1e-7",
	"100",
	"2026-11-20T01:02:03Z",
	"1999-12-31 23:59:59.999999",
	"0001-01-01",
	"example.org",
	"b\xc3\xbc"
	"cher.example",
	"xn--bcher-kva.example",
	"http://example.org/a?b=c#d",
	"hxxps://x.example.net:8443/,\"",
	"RS",
	"RIPE",
	"tcp",
	"17",
	"critical",
	"malicious-code",
	"infected-system",
	"unauthorised-use-of-resources",
	"phishing",
	"aGVsbG8=",
	"{\"a\": [1, \"x\"]}",
	"clear",
	"TLP:AMBER+STRICT",
	"red",
	"0123456789ABCDEF./",
	"cve-2026-1;cve-2026-2",
	"d41d8cd98f00b204e9800998ecf8427e",
};

/* A text that this field takes. */
static const char *sample(enum kr_field f)
{
	struct kr_arena *arena = kr_arena_new(0);
	const char *found = NULL;
	union kr_value v;
	size_t from = (size_t)prop_below(KR_ARRAY_LEN(texts));

	for (size_t i = 0; i < KR_ARRAY_LEN(texts) && !found; i++) {
		const char *t = texts[(from + i) % KR_ARRAY_LEN(texts)];

		if (kr_field_parse(f, kr_str_c(t), arena, &v, NULL) == 0)
			found = t;
	}
	kr_arena_free(arena);
	return found;
}

static void add_random_extra(struct kr_event *e, struct kr_arena *arena)
{
	static const char *const literals[] = {
		"1", "-1.50", "true", "false", "[1,\"a b\",{\"c\":null}]", "1e400"};
	static const char bytes[] = "ab=+-@'\",;\n\r\t\\/{}[] \x01\x7f";
	struct kr_str key = kr_arena_printf(arena, "k%u%s", (unsigned)prop_below(30),
					    prop_chance(20) ? ".x\"y" : "");
	char value[40];
	size_t n = 1 + (size_t)prop_below(sizeof(value) - 3);

	if (prop_chance(30)) {
		if (kr_event_add_extra(e, arena, key,
				       kr_str_c(literals[prop_below(KR_ARRAY_LEN(literals))]),
				       true))
			abort();
		return;
	}
	for (size_t i = 0; i < n; i++)
		value[i] = bytes[prop_below(sizeof(bytes) - 1)];
	if (prop_chance(30))
		memcpy(value + n - 1, "\xc4\x8d", 2), n++;
	if (kr_field_is_nothing(kr_str_n(value, n)))
		return;
	if (kr_event_add_extra(e, arena, key, kr_arena_dup(arena, kr_str_n(value, n)), false))
		abort();
}

static struct kr_event *random_event(struct kr_arena *arena)
{
	struct kr_event *e = kr_event_new(arena);
	unsigned percent = (unsigned)prop_below(80);

	for (unsigned f = 1; f < KR_FIELD_MAX; f++) {
		if (!kr_field_info((enum kr_field)f) || !prop_chance(percent))
			continue;
		if (kr_event_set(e, arena, (enum kr_field)f, kr_str_c(sample((enum kr_field)f))) <
		    0)
			break;
	}
	for (unsigned n = (unsigned)prop_below(20); n; n--)
		add_random_extra(e, arena);
	if (prop_chance(30)) {
		e->count = 1 + prop_below(1000);
		e->first = (kr_time)prop_below(1u << 30) * KR_SECOND;
		e->last = e->first + KR_HOUR;
	}
	if (!e->n && !e->n_extra && kr_event_set(e, arena, KR_F_COMMENT, KR_STR("x")))
		abort();
	if (kr_codec__finish_event(e, arena, KR_TIME_NONE))
		abort();
	return e;
}

static void round_trip(unsigned runs)
{
	const struct kr_codec *json = kr_codec_find(KR_STR("json"));
	struct kr_codec_opts opts = kr_codec_opts_default();
	unsigned bad = 0, done = 0;

	for (unsigned run = 0; run < runs && !bad; run++) {
		struct kr_arena *arena = kr_arena_new(0);
		struct kr_buf want = KR_BUF(CODEC_RUN_MAX);
		struct kr_event *e = random_event(arena);

		json->item(&want, e, true, NULL);
		bad += kr_json_check(kr_str_first(kr_buf_str(&want), want.n - 1), 64, NULL) != 0;
		for (size_t i = 0; kr_codec_at(i) && !bad; i++) {
			const struct kr_codec *via = kr_codec_at(i);
			struct kr_buf there = KR_BUF(CODEC_RUN_MAX);
			struct codec_result back = codec_result_new();

			if (via->caps & KR_CODEC_READ && via->caps & KR_CODEC_WRITE &&
			    codec_carries(via, kr_buf_str(&want))) {
				via->begin(&there);
				via->item(&there, e, true, &codec_writing);
				via->end(&there, false);
				codec_run(via, &opts, kr_buf_str(&there), random_size, json, &back);
				done++;
				if (!kr_str_eq(kr_buf_str(&want), kr_buf_str(&back.events))) {
					bad++;
					IS_STR(kr_buf_str(&back.events), kr_buf_str(&want),
					       via->name);
					printf("# written: %.*s\n", KR_STR_ARG(kr_buf_str(&there)));
					printf("# refused: %.*s%.*s\n",
					       KR_STR_ARG(kr_buf_str(&back.refused)),
					       KR_STR_ARG(kr_buf_str(&back.error)));
				}
			}
			kr_buf_done(&there);
			codec_result_done(&back);
		}
		kr_buf_done(&want);
		kr_arena_free(arena);
	}
	OK(!bad && done > runs, "%u events came back through every codec that reads and writes",
	   done);
}

/* Is a name among a codec's unmapped fields? */
static bool unmapped(const struct kr_codec *c, const char *name)
{
	for (const char *const *u = c->unmapped; u && *u; u++)
		if (strcmp(*u, name) == 0)
			return true;
	return false;
}

static void every_field_is_written(void)
{
	for (size_t i = 0; kr_codec_at(i); i++) {
		const struct kr_codec *c = kr_codec_at(i);

		if (!(c->caps & KR_CODEC_WRITE))
			continue;
		for (unsigned f = 1; f < KR_FIELD_MAX; f++) {
			const struct kr_field_info *info = kr_field_info((enum kr_field)f);
			struct kr_arena *arena = kr_arena_new(0);
			struct kr_event *with = kr_event_new(arena), *without = kr_event_new(arena);
			struct kr_buf a = KR_BUF(CODEC_RUN_MAX), b = KR_BUF(CODEC_RUN_MAX);

			if (info) {
				const char *text = sample((enum kr_field)f);

				if (!text ||
				    kr_event_set(with, arena, (enum kr_field)f, kr_str_c(text)))
					OK(false, "%s has a sample", info->name);
				c->item(&a, with, true, &codec_writing);
				c->item(&b, without, true, &codec_writing);
				OK(kr_str_eq(kr_buf_str(&a), kr_buf_str(&b)) ==
					   unmapped(c, info->name),
				   "%s writes %s, or lists it as unmapped", c->name, info->name);
			}
			kr_buf_done(&a);
			kr_buf_done(&b);
			kr_arena_free(arena);
		}
	}
}

/* Codecs with a mapping: a table with one column a field, once in the published form, once in ours.
 */
static void every_field_is_mapped(const char *codec)
{
	const struct kr_codec *c = kr_codec_find(kr_str_c(codec)),
			      *json = kr_codec_find(KR_STR("json"));
	bool ours = strcmp(codec, "csv") == 0;

	for (unsigned f = 1; f < KR_FIELD_MAX; f++) {
		const struct kr_field_info *info = kr_field_info((enum kr_field)f);
		struct kr_codec_opts opts = kr_codec_opts_default();
		struct kr_buf doc = KR_BUF(4096), want = KR_BUF(4096), in = KR_BUF(65536);
		struct codec_result r = codec_result_new();
		struct kr_mapping *m = NULL;
		struct kr_fault fault = {0};
		const char *text;

		if (!info)
			continue;
		kr_buf_printf(
			&doc,
			ours ? "{\"codec\":\"csv\",\"columns\":[{\"name\":\"c\",\"field\":\"%s\"}]}"
			     : "{\"x\":{\"file_name\":\"x\",\"required_fields\":[[\"%s\",\"c\"]]}}",
			info->name);
		if (kr_mapping_compile(kr_buf_str(&doc), &m, &fault))
			OK(false, "%s: %s", info->name, fault.message);
		opts.mapping = m;
		opts.report = KR_STR("x.csv");
		do
			text = sample((enum kr_field)f);
		while (strchr(text, '"') && kr_field_info((enum kr_field)f)->kind != KR_K_JSON);
		kr_buf_c(&in, "c,d\n\"");
		for (const char *p = text; *p; p++)
			kr_buf_printf(&in, *p == '"' ? "\"\"" : "%c", *p);
		kr_buf_c(&in, "\",\n");
		codec_run(c, &opts, kr_buf_str(&in), random_size, json, &r);
		kr_buf_printf(&want, "\"%s\":", info->name);
		OK(kr_str_find(kr_buf_str(&r.events), kr_buf_str(&want)) >= 0,
		   "%s maps a column to %s", codec, info->name);
		kr_mapping_unref(m);
		codec_result_done(&r);
		kr_buf_done(&doc);
		kr_buf_done(&want);
		kr_buf_done(&in);
	}
}

static const char shadowserver_doc[] =
	"{\"x\":{\"file_name\":\"x\",\"constant_fields\":{\"classification.type\":\"scanner\"},"
	"\"required_fields\":[[\"time.source\",\"timestamp\",\"add_UTC_to_timestamp\"],"
	"[\"source.ip\",\"ip\",\"validate_ip\"]],\"optional_fields\":[[\"source.network\",\"ip\","
	"\"validate_network\"],[\"source.url\",\"url\",\"convert_http_host_and_url\",true],"
	"[\"extra.\",\"n\",\"convert_int\"],[\"extra.\",\"f\",\"convert_float\"],[\"product."
	"vulnerabilities\",\"tag\",\"extract_cve_from_tag\"],[\"extra.b\",\"tag\",\"force_base64\"]"
	"]}}";
static const char csv_doc[] =
	"{\"codec\":\"csv\",\"delimiter\":\";\",\"comment\":\"#\",\"columns\":[{\"name\":\"t\","
	"\"field\":\"time\",\"time\":[\"%d.%m.%Y\",\"epoch\"]},{\"name\":\"ip\",\"field\":\"ip\"},"
	"{\"name\":\"p\",\"field\":\"port\",\"separator\":\",\"},{\"name\":\"k\",\"field\":"
	"\"type\",\"values\":{\"a\":\"phishing\"},\"other\":\"undetermined\"}],"
	"\"filters\":[{\"column\":\"ip\",\"is\":\"10.*\"}]}";

static const struct {
	const char *codec, *mapping, *in;
} seeds[] = {
	{"shadowserver", shadowserver_doc,
	 "\"timestamp\",ip,http_host,url,application,n,f,tag,other\r\n\"2026-11-20 "
	 "00:00:01\",192.0.2.1,example.org,\"GET /a "
	 "HTTP/1.1\",https,12,1.5,\"iot;cve-2026-1;cve-2026-0\",x\r\n"
	 "\"2026-11-20 00:00:02\",198.51.100.0/24,,,,0,-1,\"a "
	 "\"\"b\"\"\",\"new\nline\"\r\n2026-02-30,0.0.0.0,h,/,,x,y,,\r\n"},
	{"csv", csv_doc,
	 "# "
	 "c\nt;ip;p;k\n20.11.2026;192.0.2.1;1,2,3;a\n1763600000;10.0.0.1;;b\n\"x;y\";\"192.0.2.2\";"
	 "\",\";\n"},
	{"csv", NULL,
	 "source.ip,comment,extra,count,first_seen\r\n192.0.2.1,'=1,\"{\"\"a\"\":[1]}\",3,2026-11-"
	 "20T00:00:00Z\r\nx,\"a\nb\",{,x,y\r\n"},
	{"idf", NULL,
	 "{\"source.ip\":\"192.0.2.1\",\"extra\":{\"a\":{\"b\":[1,2]}}}\n[{\"time.source\":\"2026-"
	 "11-20\"},{\"__type\":\"Report\"}]\n{\"a\":\"\\u0041\\n\"}{\"b\":1.5e3}\n"},
	{"xarf", NULL,
	 "{\"xarf_version\":\"4.2.0\",\"report_id\":\"a\",\"timestamp\":\"2026-11-20T05:00:00Z\","
	 "\"reporter\":{\"org\":\"o\",\"contact\":\"c\",\"domain\":\"d\"},\"sender\":{\"org\":"
	 "\"o\","
	 "\"contact\":\"c\",\"domain\":\"d\"},\"source_identifier\":\"192.0.2.1\",\"category\":"
	 "\"content\",\"type\":\"phishing\",\"url\":\"http://example.org/"
	 "\",\"evidence\":[{\"content_"
	 "type\":\"t\",\"payload\":\"aGk=\"}]}\n{\"Version\":\"3\",\"ReporterInfo\":{"
	 "\"ReporterOrg\":"
	 "\"o\"},\"Report\":{\"ReportType\":\"Spam\",\"Date\":\"2026-11-20T05:00:00Z\"}}\n"},
	{"n6", NULL,
	 "{\"id\":\"a\",\"category\":\"bots\",\"time\":\"2026-11-20T05:00:00Z\",\"address\":[{"
	 "\"ip\":"
	 "\"192.0.2.1\",\"cc\":\"RS\"},{\"ip\":\"192.0.2.2\"}],\"name\":\"x\",\"_karaula\":{"
	 "\"comment\":"
	 "null,\"count\":2,\"extra.a\":[1]}}\n[{\"category\":\"spam\",\"time\":\"2026-11-20\"}]\n"},
	{"idea", NULL,
	 "{\"Format\":\"IDEA0\",\"DetectTime\":\"2026-11-20T05:00:00Z\",\"Category\":[\"Recon."
	 "Scanning\"],\"Source\":[{\"IP4\":[\"192.0.2.1\",\"192.0.2.0/"
	 "24\"],\"Port\":[1,2],\"Proto\":"
	 "[\"tcp\",\"ssh\"]}],\"Target\":[{\"IP4\":[\"198.51.100.1\"]}],\"Attach\":[{\"Hash\":["
	 "\"md5:"
	 "x\"],\"Content\":\"y\"}],\"Ref\":[\"cve:CVE-2026-1\",5]}\n"},
	{"list", NULL,
	 "# c\n192.0.2.1\t5\nhxxp://a[.]example[.]org/x ; y\r\n0.0.0.0 "
	 "ads.example.org\nd41d8cd98f00b204e9800998ecf8427e,x\n198.51.100.0/24\nexample dot "
	 "org\nAS64500\n"},
};

/* Damage some bytes: change, drop, double, exchange with other troublesome ones. */
static void damage(struct kr_buf *b)
{
	static const char bytes[] = "\",;\n\r\\{}[]:\0\xff\xc4\x8d\t#'/.= 0aA";

	for (unsigned n = 1 + (unsigned)prop_below(6); n && b->n > 1; n--) {
		size_t at = (size_t)prop_below(b->n);

		if (prop_chance(50)) {
			b->p[at] = bytes[prop_below(sizeof(bytes) - 1)];
		} else if (prop_chance(50)) {
			memmove(b->p + at, b->p + at + 1, b->n - at - 1);
			b->n--;
		} else {
			size_t len = KR_MIN(b->n - at, (size_t)30);
			char copy[30];

			memcpy(copy, b->p + at, len);
			kr_buf_add(b, copy, len);
		}
	}
}

static void damaged(unsigned runs)
{
	const struct kr_codec *json = kr_codec_find(KR_STR("json"));
	unsigned bad = 0;

	for (unsigned run = 0; run < runs && !bad; run++) {
		size_t i = run % KR_ARRAY_LEN(seeds);
		const struct kr_codec *c = kr_codec_find(kr_str_c(seeds[i].codec));
		struct kr_codec_opts opts = kr_codec_opts_default();
		struct codec_result one = codec_result_new(), two = codec_result_new();
		struct kr_buf in = KR_BUF(1 << 20);
		struct kr_mapping *m = NULL;

		if (seeds[i].mapping && kr_mapping_compile(kr_str_c(seeds[i].mapping), &m, NULL))
			abort();
		opts.mapping = m;
		opts.report = KR_STR("x.csv");
		opts.record_max = 20 + (size_t)prop_below(prop_chance(50) ? 300 : 900);
		kr_buf_c(&in, seeds[i].in);
		damage(&in);
		codec_run(c, &opts, kr_buf_str(&in), NULL, json, &one);
		codec_run(c, &opts, kr_buf_str(&in), random_size, json, &two);
		if (!codec_result_same(&one, &two) || one.wrong || two.wrong) {
			bad++;
			IS_STR(kr_buf_str(&two.events), kr_buf_str(&one.events), "events");
			IS_STR(kr_buf_str(&two.refused), kr_buf_str(&one.refused), "refusals");
			IS_STR(kr_buf_str(&two.error), kr_buf_str(&one.error), "fault");
			IS_STR(kr_buf_str(&in), KR_STR(""), seeds[i].codec);
		}
		kr_mapping_unref(m);
		codec_result_done(&one);
		codec_result_done(&two);
		kr_buf_done(&in);
	}
	OK(!bad, "damaged bytes give the same in any cut");
}

/* A mapping document that was damaged compiles or says where it is wrong. */
static void damaged_mappings(unsigned runs)
{
	unsigned bad = 0, good = 0;

	for (unsigned run = 0; run < runs && !bad; run++) {
		struct kr_buf doc = KR_BUF(1 << 20);
		struct kr_fault f = {0};
		struct kr_mapping *m = NULL;

		kr_buf_c(&doc, run % 2 ? shadowserver_doc : csv_doc);
		damage(&doc);
		if (kr_mapping_compile(kr_buf_str(&doc), &m, &f) == 0)
			good++;
		else
			bad += !f.code || !f.message[0];
		kr_mapping_unref(m);
		kr_buf_done(&doc);
	}
	OK(!bad, "damaged mappings are refused with a message (%u of %u still compile)", good,
	   runs);
}

int main(void)
{
	unsigned runs = prop_begin(2000);

	round_trip(runs);
	every_field_is_written();
	every_field_is_mapped("shadowserver");
	every_field_is_mapped("csv");
	damaged(runs);
	damaged_mappings(runs);
	return tap_end();
}
