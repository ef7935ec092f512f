/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/mapping.h"

#include "codec/plan.h"
#include "tap.h"

static struct kr_mapping *compile(const char *doc)
{
	struct kr_fault f = {0};
	struct kr_mapping *m = NULL;

	if (kr_mapping_compile(kr_str_c(doc), &m, &f))
		printf("# %s: %s\n", f.where, f.message);
	return m;
}

static void names(void)
{
	struct kr_mapping *m = compile(
		"{\"_meta\":{},\"a\":{\"file_name\":\"event4_sinkhole\",\"required_fields\":[]},"
		"\"b\":{\"file_name\":\"event4_sinkhole_http\",\"required_fields\":[]},"
		"\"c\":{\"file_name\":\"blocklist\",\"required_fields\":[]},"
		"\"d\":{\"required_fields\":[]}}");
	static const struct {
		const char *report, *type;
	} cases[] = {
		{"2026-11-20-event4_sinkhole_http-x-asn.csv", "event4_sinkhole_http"},
		{"2026-11-20-event4_sinkhole-x.csv", "event4_sinkhole"},
		{"2026-11-20-event4_sinkhole.csv", "event4_sinkhole"},
		{"/var/in/2026-11-20-event4_sinkhole-x.csv.gz", "event4_sinkhole"},
		{"C:\\in\\2026-11-20-EVENT4_SINKHOLE-x.csv.zip", "event4_sinkhole"},
		{"123456-2026-11-20-event4_sinkhole-x.csv", "event4_sinkhole"},
		{"123456_2026-11-20-event4_sinkhole-x.csv", "event4_sinkhole"},
		{"event4_sinkhole-x.csv", "event4_sinkhole"},
		{"event4_sinkhole", "event4_sinkhole"},
		{"2026-11-20-blacklist-x.csv", "blocklist"},
		{"2026-11-20-blocklist-x.csv", "blocklist"},
		{"2026-11-20-d-x.csv", "d"},
		{"2026-11-20-event4_sinkholes-x.csv", NULL},
		{"2026-11-20-event4-x.csv", NULL},
		{"2026-11-20", NULL},
		{"", NULL},
	};

	OK(m != NULL, "compiles");
	IS(kr_mapping_reports(m), 4, "four types");
	IS_CSTR(kr_mapping_codec(m), "shadowserver", "its codec");
	IS_STR(kr_mapping_name(m), KR_STR("shadowserver"), "its name");
	for (size_t i = 0; i < KR_ARRAY_LEN(cases); i++) {
		const struct kr_map_report *r = kr_codec__report_find(m, kr_str_c(cases[i].report));

		IS_STR(r ? r->file_name : KR_STR("none"),
		       kr_str_c(cases[i].type ? cases[i].type : "none"), cases[i].report);
		IS(kr_mapping_knows(m, kr_str_c(cases[i].report)), cases[i].type != NULL,
		   "and it is known or not");
	}
	kr_mapping_unref(m);
}

static void ours(void)
{
	const char *doc = "{\"columns\":[{\"name\":\"a\",\"field\":\"ip\"}],\"codec\":\"csv\","
			  "\"name\":\"n\",\"reports\":[\"x-*.csv\",\"y?\"]}";
	struct kr_mapping *m = compile(doc), *again = compile(doc);

	IS_CSTR(kr_mapping_codec(m), "csv", "its codec");
	IS_STR(kr_mapping_name(m), KR_STR("n"), "its name");
	OK(kr_mapping_knows(m, KR_STR("x-1.csv")) && kr_mapping_knows(m, KR_STR("/in/X-.CSV")) &&
		   kr_mapping_knows(m, KR_STR("y1")),
	   "names it is for");
	OK(!kr_mapping_knows(m, KR_STR("x.csv")) && !kr_mapping_knows(m, KR_STR("y12")),
	   "others are not");
	OK(memcmp(kr_mapping_hash(m), kr_mapping_hash(again), sizeof(struct kr_hash)) == 0,
	   "the same document has the same version");
	IS(kr_mapping_ref(m) == m, true, "one more reference");
	kr_mapping_unref(m);
	IS_STR(kr_mapping_name(m), KR_STR("n"), "it lives on");
	kr_mapping_unref(m);
	kr_mapping_unref(again);
	kr_mapping_unref(NULL);
}

static void warnings(void)
{
	struct kr_mapping *m = compile("{\"a\":{\"required_fields\":[],\"optional_fields\":[[\"new."
				       "field\",\"x\"]],\"new_member\":[1]}}");
	const struct kr_str *list = NULL;

	IS(kr_mapping_warnings(m, &list), 1, "a field that is not known is a warning");
	IS_STR(list[0],
	       KR_STR("$.a.optional_fields[0]: field \"new.field\" is not known here and is kept "
		      "in extra"),
	       "with its path");
	kr_mapping_unref(m);
	OK(!compile("{\"a\":{\"required_fields\":[[\"new.field\",\"x\"]]}}"),
	   "where it is required, an error");
	OK(!compile("{\"a\":{\"file_name\":\"x\"}}"), "no required_fields: an error");
	OK(!compile("[]") && !compile("") && !compile("null") && !compile("{"),
	   "no object: an error");
}

static void wildcards(void)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} cases[] = {
		{"", "", true},	       {"*", "", true},
		{"?", "", false},      {"a*", "ABC", true},
		{"*c", "abc", true},   {"a*c", "abbc", true},
		{"a*c", "abb", false}, {"*b*", "abc", true},
		{"a?c", "abc", true},  {"a?c", "ac", false},
		{"**", "x", true},     {"*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
	};

	for (size_t i = 0; i < KR_ARRAY_LEN(cases); i++)
		IS(kr_codec__wildcard(kr_str_c(cases[i].pattern), kr_str_c(cases[i].text)),
		   cases[i].match, cases[i].pattern);
}

int main(void)
{
	names();
	ours();
	warnings();
	wildcards();
	return tap_end();
}
