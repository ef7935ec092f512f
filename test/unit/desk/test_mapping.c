/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "desk/mapping.h"
#include "store.h"

#define DOC(name, files, field)                                                                    \
	"{\"codec\":\"csv\",\"name\":\"" name "\",\"reports\":[\"" files                           \
	"\"],\"columns\":[{\"name\":\"address\",\"field\":\"" field "\"}]}"

static struct kr_store *store;
static struct kr_arena *arena;

static const char *doc_a1, *doc_a2;

static int import(const char *doc, struct kr_desk_mapping_imported *ret, struct kr_fault *f)
{
	return kr_desk_mapping_import(store, KR_BY_LOCAL, kr_str_c(doc), arena, ret, f);
}

static void test_import(void)
{
	struct kr_desk_mapping_imported m = {0};
	struct kr_mapping_row *rows;
	struct kr_fault f = {0};
	size_t n;

	IS(import(doc_a1, &m, &f), 0, "a mapping is imported");
	OK(m.version == 1 && !m.known && m.id && !strcmp(m.codec, "csv"),
	   "as version 1 of its name");
	IS_STR(m.name, KR_STR("log-a"), "which is in the document");
	IS(import(doc_a1, &m, &f), 0, "the same again");
	OK(m.version == 1 && m.known, "changes nothing");
	IS(import(doc_a2, &m, &f), 0, "another document of that name");
	OK(m.version == 2 && !m.known, "is version 2");
	OK(import(DOC("x", "x", "source.nonsense"), &m, &f) < 0, "an unknown field is refused: %s",
	   f.message);
	OK(import("{", &m, &f) < 0, "so is what is no JSON: %s", f.message);
	IS(m.version, 2, "and what was returned before stays untouched");
	IS(kr_store_mapping_list(store, arena, &rows, &n, &f), 0, "the list");
	IS(n, 2, "holds the two versions only");
}

static void test_choose(void)
{
	KR_AUTO(kr_desk_mappings) *cache = kr_desk_mappings_new(store);
	const struct kr_codec *csv = kr_codec_find(KR_STR("csv")),
			      *ss = kr_codec_find(KR_STR("shadowserver"));
	struct kr_desk_mapping_imported b;
	struct kr_mapping *m = NULL, *same = NULL;
	struct kr_fault f = {0};
	uint32_t id = 0;

	IS(import(DOC("log-b", "b-*.csv", "source.ip"), &b, &f), 0, "a second mapping");
	IS(kr_desk_mapping_for(cache, csv, KR_STR(""), KR_STR("b-2026.csv"), &m, &id, &f), 0,
	   "the name of a report");
	OK(id == b.id && kr_str_eqc(kr_mapping_name(m), "log-b"),
	   "chooses the mapping that knows it");
	IS(kr_desk_mapping_get(cache, id, &same, &f), 0, "the same by id");
	OK(same == m, "is compiled once");
	kr_mapping_unref(m);
	kr_mapping_unref(same);
	IS(kr_desk_mapping_for(cache, csv, KR_STR("log-a"), KR_STR("b-2026.csv"), &m, &id, &f), 0,
	   "a mapping by its name");
	OK(id != b.id && kr_str_eqc(kr_mapping_name(m), "log-a"), "wins over the report's name");
	kr_mapping_unref(m);
	IS(kr_desk_mapping_for(cache, csv, KR_STR("log-x"), KR_STR("b-2026.csv"), &m, &id, &f),
	   -KR_EMAPPING, "an unknown name");
	OK(strstr(f.message, "'log-x'") && f.remedy[0], "is told: %s (%s)", f.message, f.remedy);
	IS(kr_desk_mapping_for(cache, csv, KR_STR(""), KR_STR("z.csv"), &m, &id, &f), -KR_EMAPPING,
	   "a report nobody knows");
	OK(strstr(f.message, "'z.csv'") && f.remedy[0], "is told: %s (%s)", f.message, f.remedy);
	IS(kr_desk_mapping_for(cache, ss, KR_STR(""), KR_STR("b-2026.csv"), &m, &id, NULL),
	   -KR_EMAPPING, "a mapping is for one format");
	IS(kr_desk_mapping_get(cache, 999, &m, &f), -KR_ENOENT, "an id that is none");
	OK(kr_desk_mapping_codec(cache, KR_STR("b-1.csv")) == csv,
	   "a name that a mapping knows tells the format");
	OK(!kr_desk_mapping_codec(cache, KR_STR("z.csv")), "others do not");
}

/* The newest version is chosen; more mappings than the cache keeps are no matter. */
static void test_many(void)
{
	KR_AUTO(kr_desk_mappings) *cache = kr_desk_mappings_new(store);
	const struct kr_codec *csv = kr_codec_find(KR_STR("csv"));
	struct kr_mapping *first = NULL, *m;
	uint32_t first_id = 0, id = 0, last = 0;
	struct kr_fault f = {0};
	bool ok = true;

	for (int i = 0; i < 80; i++) {
		struct kr_desk_mapping_imported done;
		char doc[300];

		snprintf(
			doc, sizeof(doc),
			"{\"codec\":\"csv\",\"name\":\"many\",\"reports\":[\"many-*\"],\"columns\":"
			"[{\"name\":\"ip%d\",\"field\":\"source.ip\"}]}",
			i);
		ok = ok && import(doc, &done, &f) == 0;
		ok = ok && kr_desk_mapping_for(cache, csv, KR_STR(""), KR_STR("many-1"), &m, &id,
					       &f) == 0;
		if (!ok)
			break;
		ok = id == done.id;
		last = id;
		if (!first) {
			first = m;
			first_id = id;
		} else {
			kr_mapping_unref(m);
		}
	}
	OK(ok && last > first_id, "each import is in force at once: %s", f.message);
	OK(first && kr_str_eqc(kr_mapping_name(first), "many"),
	   "one that is in use outlives its place in the cache");
	kr_mapping_unref(first);
	IS(kr_desk_mapping_get(cache, first_id, &m, &f), 0,
	   "and is compiled again when it is asked for");
	kr_mapping_unref(m);
}

int main(void)
{
	doc_a1 = DOC("log-a", "a-*.csv", "source.ip");
	doc_a2 = DOC("log-a", "a-*.csv", "destination.ip");
	store = store_make();
	arena = kr_arena_new(0);
	test_import();
	test_choose();
	test_many();
	kr_arena_free(arena);
	store_drop(store);
	return tap_end();
}
