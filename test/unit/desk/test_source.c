/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "desk/source.h"
#include "store.h"

static struct kr_store *store;
static struct kr_arena *arena;

#define S(text) KR_STR(text)

static void test_change(void)
{
	struct kr_desk_source_change c = {.format = S("IDF"),
					  .retention = S("short"),
					  .tlp = S("green"),
					  .pap = S("amber"),
					  .provider = S("Example"),
					  .note = S("a note")};
	struct kr_source src = {0};
	struct kr_fault f = {0};

	IS(kr_desk_source_add(store, KR_BY_LOCAL, S("feed"), &c, KR_TLP_AMBER, arena, &src, &f), 0,
	   "a source is added");
	OK(src.id && kr_str_eqc(src.format, "idf") && src.retention == KR_RETAIN_SHORT &&
		   src.tlp == KR_TLP_GREEN && src.pap == KR_PAP_AMBER &&
		   kr_str_eqc(src.note, "a note"),
	   "with what was said, in canonical spelling");
	IS(kr_desk_source_add(store, KR_BY_LOCAL, S("feed"), &c, KR_TLP_AMBER, arena, &src, &f),
	   -KR_EEXIST, "not twice");
	c = (struct kr_desk_source_change){
		.note = S(""), .tlp = S(""), .pap = S(""), .retention = S(""), .format = S("")};
	IS(kr_desk_source_edit(store, KR_BY_LOCAL, S("feed"), &c, KR_TLP_AMBER_STRICT, arena, &src,
			       &f),
	   0, "it is changed");
	OK(!src.note.n && !src.format.n && src.tlp == KR_TLP_AMBER_STRICT &&
		   src.pap == KR_PAP_NONE && src.retention == KR_RETAIN_STANDARD,
	   "an empty text is the default again");
	IS_STR(src.provider, S("Example"), "what is not named stays");
	c = (struct kr_desk_source_change){0};
	IS(kr_desk_source_edit(store, KR_BY_LOCAL, S("none"), &c, KR_TLP_AMBER, arena, &src, &f),
	   -KR_ENOENT, "a source that is none");
	IS(kr_desk_source_add(store, KR_BY_LOCAL, S("plain"), &c, KR_TLP_GREEN, arena, &src, &f), 0,
	   "a source without any option");
	OK(src.tlp == KR_TLP_GREEN && src.retention == KR_RETAIN_STANDARD, "has the defaults");
}

static void test_refused(void)
{
	static const struct {
		struct kr_desk_source_change c;
		const char *message, *remedy;
	} cases[] = {
		{{.format = {"nope", 4}}, "'nope' is no format", "idf, shadowserver"},
		{{.format = {"json", 4}}, "no format that can be read", "formats are"},
		{{.mapping = {"nope", 4}}, "'nope' is no mapping", "mapping list"},
		{{.retention = {"week", 4}},
		 "'week' is no retention class",
		 "short, standard or long"},
		{{.tlp = {"pink", 4}}, "'pink' is no TLP", "AMBER+STRICT"},
		{{.tlp = {"red", 3}}, "RED is for named persons", "AMBER+STRICT"},
		{{.pap = {"pink", 4}}, "'pink' is no PAP", "CLEAR"},
		{{.note = {"a\nb", 3}}, "is no note", "one line"},
		{{.provider = {"\xff", 1}}, "is no provider", "UTF-8"},
	};
	struct kr_source src;

	for (size_t i = 0; i < KR_ARRAY_LEN(cases); i++) {
		struct kr_fault f = {0};
		int err = kr_desk_source_edit(store, KR_BY_LOCAL, S("plain"), &cases[i].c,
					      KR_TLP_AMBER, arena, &src, &f);

		OK(err == -KR_EINVAL && strstr(f.message, cases[i].message) &&
			   strstr(f.remedy, cases[i].remedy),
		   "refused: %s (%s)", f.message, f.remedy);
	}
}

/* ---- trying a sample ---- */

static unsigned n_events, n_refused, stop_after;

static bool event(void *ctx, const struct kr_event *e)
{
	(void)ctx;
	(void)e;
	return ++n_events != stop_after;
}

static bool refused(void *ctx, const struct kr_refusal *r)
{
	(void)ctx;
	n_refused += r->reason.n > 0;
	return true;
}

static struct kr_desk_mappings *mappings;

static struct kr_desk_sample sample(const char *source, const char *report)
{
	n_events = n_refused = stop_after = 0;
	return (struct kr_desk_sample){.source = kr_str_c(source),
				       .fd = -1,
				       .report = kr_str_c(report),
				       .limits = kr_codec_opts_default(),
				       .bytes_max = 1 << 24,
				       .event = event,
				       .refused = refused};
}

static int try(struct kr_desk_sample s, struct kr_str text, struct kr_desk_tested *ret,
	       struct kr_fault *f)
{
	int err;

	if (text.p)
		s.fd = store_file(text);
	err = kr_desk_source_test(store, mappings, &s, arena, ret, f);
	if (s.fd >= 0)
		close(s.fd);
	return err;
}

#define LINE "{\"source.ip\":\"192.0.2.1\",\"classification.type\":\"scanner\"}\n"

static const char mapping_doc[] = "{\"x\":{\"feed_name\":\"X\",\"file_name\":\"test_report\","
				  "\"constant_fields\":{\"classification.type\":\"scanner\","
				  "\"classification.taxonomy\":\"information-gathering\"},"
				  "\"required_fields\":[[\"time.source\",\"timestamp\",\"add_UTC_"
				  "to_timestamp\"],[\"source.ip\",\"ip\",\"validate_ip\"]],"
				  "\"optional_fields\":[[\"source.port\",\"port\",\"convert_int\"],"
				  "[\"source.asn\",\"asn\"]]}}";

static void test_sample_idf(void)
{
	struct kr_desk_tested t;
	struct kr_fault f = {0};
	struct kr_desk_sample s = sample("new", "a.jsonl");

	IS(try(s, S(LINE LINE "{broken\n" LINE), &t, &f), 0, "a sample of IDF");
	OK(t.detected && kr_str_eqc(t.format, "idf") && !t.source_known,
	   "is known by content; the source is not");
	OK(t.events == 3 && n_events == 3 && t.refused == 1 && n_refused == 1,
	   "three events, one refused");
	OK(!t.problem.code && !t.cut, "nothing wrong as a whole");
	s = sample("new", "a.jsonl");
	stop_after = 2;
	IS(try(s, S(LINE LINE LINE), &t, &f), 0, "a caller that has seen enough");
	OK(n_events == 2 && t.cut, "is not asked again");
	s = sample("new", "a.bin");
	IS(try(s, S("\x01\x02\x03 what is this\n"), &t, &f), 0, "bytes that are nothing");
	OK(t.problem.code == -KR_EFORMAT, "are a problem: %s", t.problem.message);
	s = sample("new", "a.bin");
	IS(try(s, S(""), &t, &f), 0, "nothing at all");
	OK(t.problem.code == -KR_EFORMAT && t.events == 0, "too");
	s = sample("new", "a.jsonl");
	s.format = S("nope");
	IS(try(s, S(LINE), &t, &f), 0, "a format that is none");
	OK(t.problem.code == -KR_EFORMAT && strstr(t.problem.message, "nope"), "is named: %s",
	   t.problem.message);
}

static void test_sample_mapping(void)
{
	const struct kr_str csv =
		S("\"timestamp\",\"ip\",\"port\"\n\"2026-11-20 10:00:00\",\"192.0.2.7\",\"80\"\n");
	struct kr_desk_mapping_imported m;
	struct kr_desk_tested t;
	struct kr_fault f = {0};
	struct kr_desk_sample s = sample("new", "2026-11-20-test_report-x.csv");

	s.format = S("shadowserver");
	IS(try(s, csv, &t, &f), 0, "a report before its mapping");
	OK(t.problem.code == -KR_EMAPPING && strstr(t.problem.remedy, "mapping import"),
	   "lacks one: %s (%s)", t.problem.message, t.problem.remedy);
	IS(kr_desk_mapping_import(store, KR_BY_LOCAL, kr_str_c(mapping_doc), arena, &m, &f), 0,
	   "the mapping");
	n_events = 0;
	IS(try(s, csv, &t, &f), 0, "the same report with it");
	OK(t.events == 1 && n_events == 1 && kr_str_eqc(t.mapping, "shadowserver") &&
		   t.mapping_version == 1,
	   "is read by it");
	OK(t.n_notes == 1 && kr_str_find(t.notes[0], S("\"asn\"")) >= 0,
	   "the missing optional column is named: %.*s", t.n_notes ? (int)t.notes[0].n : 0,
	   t.n_notes ? t.notes[0].p : "");
	IS(try(s, S("\"timestamp\",\"port\"\n\"2026-11-20 10:00:00\",\"80\"\n"), &t, &f), 0,
	   "without a required column");
	OK(t.problem.code == -KR_EREFUSED && strstr(t.problem.message, "\"ip\""),
	   "it would be refused: %s", t.problem.message);
	s.mapping = S("other");
	IS(try(s, csv, &t, &f), 0, "a mapping that is none");
	OK(t.problem.code == -KR_EMAPPING && strstr(t.problem.message, "'other'"), "is told: %s",
	   t.problem.message);
	s = sample("new", "own.csv");
	IS(try(s, S("source.ip,classification.type\n192.0.2.9,scanner\n"), &t, &f), 0,
	   "a CSV with our own names");
	OK(t.events == 1 && !t.problem.code && !t.mapping.n, "needs no mapping: %s",
	   t.problem.message);
}

static void test_sample_archive(void)
{
	struct kr_desk_source_change none = {0};
	struct kr_desk_tested t;
	struct kr_source src;
	struct kr_fault f = {0};

	IS(try(sample("nobody", ""), KR_STR_NULL, &t, &f), -KR_ENOENT, "no file, no source");
	IS(kr_desk_source_add(store, KR_BY_LOCAL, S("kept"), &none, KR_TLP_AMBER, arena, &src, &f),
	   0, "a source");
	IS(try(sample("kept", ""), KR_STR_NULL, &t, &f), -KR_ENOENT,
	   "without a report has nothing to test");
	OK(strstr(f.remedy, "karaula source test kept FILE"), "and the remedy says how: %s",
	   f.remedy);
	store_report(store, src.id, "one.jsonl", S(LINE));
	store_report(store, src.id, "two.jsonl", S(LINE LINE));
	IS(try(sample("kept", ""), KR_STR_NULL, &t, &f), 0,
	   "its newest report is taken from the archive");
	OK(t.events == 2 && kr_str_eqc(t.report, "two.jsonl") && t.source_known, "and read");
}

static void test_nothing_stored(void)
{
	struct kr_store_totals totals;
	struct kr_fault f = {0};

	IS(kr_store_totals(store, &KR_SCOPE_ALL, &totals, &f), 0, "totals");
	OK(totals.rows == 0 && totals.reports == 2, "no test stored anything");
}

int main(void)
{
	store = store_make();
	arena = kr_arena_new(0);
	mappings = kr_desk_mappings_new(store);
	test_change();
	test_refused();
	test_sample_idf();
	test_sample_mapping();
	test_sample_archive();
	test_nothing_stored();
	kr_desk_mappings_free(mappings);
	kr_arena_free(arena);
	store_drop(store);
	return tap_end();
}
