/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * A document is copied into the mapping's arena and read once; what is kept are slices of the copy.
 * Our own form says "codec": "csv" among its members; any other object is read as the published
 * Shadowserver form. The result is never changed again, so that threads share it by reference
 * count.
 */
#include "codec/mapping.h"

#include <stdlib.h>

#include "codec/mapdoc.h"

#define MAPPING_ARENA_MAX ((size_t)64 << 20)
#define MAPPING_DEPTH_MAX 16

struct kr_mapping *kr_mapping_ref(struct kr_mapping *m)
{
	__atomic_add_fetch(&m->refs, 1, __ATOMIC_RELAXED);
	return m;
}

void kr_mapping_unref(struct kr_mapping *m)
{
	if (!m || __atomic_sub_fetch(&m->refs, 1, __ATOMIC_ACQ_REL))
		return;
	kr_arena_free(m->arena);
	free(m);
}

const char *kr_mapping_codec(const struct kr_mapping *m)
{
	return m->codec;
}

struct kr_str kr_mapping_name(const struct kr_mapping *m)
{
	return m->name;
}

const struct kr_hash *kr_mapping_hash(const struct kr_mapping *m)
{
	return &m->hash;
}

size_t kr_mapping_reports(const struct kr_mapping *m)
{
	return m->n_reports;
}

size_t kr_mapping_warnings(const struct kr_mapping *m, const struct kr_str **ret)
{
	*ret = m->warnings;
	return m->n_warnings;
}

/*
 * The document begins an object; which form it is, is seen from its members. "header" is looked for
 * here too, since it decides how the columns before or after it are read.
 */
static int find_form(struct kr_mapdoc *d, bool *ret_csv)
{
	struct kr_json_token t;
	int err = kr_mapdoc__next(d, &t);

	*ret_csv = false;
	d->m->header = true;
	if (!err)
		err = kr_mapdoc__opens(d, &t, KR_JSON_OBJECT);
	while (!err && !(err = kr_mapdoc__next(d, &t)) && t.type != KR_JSON_OBJECT_END) {
		if (t.type == KR_JSON_STRING && kr_str_eqc(t.key, "codec")) {
			if (!kr_str_eqc(t.text, "csv"))
				return kr_mapdoc__fail(
					d, &t,
					"\"csv\" is the only codec with mappings of this form",
					"codec \"%.*s\" has no mappings",
					KR_STR_ARG(kr_str_first(t.text, 40)));
			*ret_csv = true;
		}
		if (t.type == KR_JSON_FALSE && kr_str_eqc(t.key, "header"))
			d->m->header = false;
		err = kr_mapdoc__skip(d, &t);
	}
	if (!err)
		err = kr_mapdoc__next(d, &t);
	return err;
}

static void read_again(struct kr_mapdoc *d)
{
	kr_json_init(&d->j, d->text, d->arena, MAPPING_DEPTH_MAX, KR_JSON_UNIQUE_KEYS, d->fault);
}

static int compile(struct kr_mapdoc *d)
{
	struct kr_json_token t;
	bool csv;
	int err;

	read_again(d);
	err = find_form(d, &csv);
	if (err)
		return err;
	read_again(d);
	err = kr_mapdoc__next(d, &t);
	if (err)
		return err;
	d->m->codec = csv ? "csv" : "shadowserver";
	d->m->name = kr_str_c(d->m->codec);
	return csv ? kr_mapping__csv(d) : kr_mapping__shadowserver(d);
}

int kr_mapping_compile(struct kr_str doc, struct kr_mapping **ret, struct kr_fault *reterr)
{
	struct kr_fault unused;
	struct kr_mapdoc d = {.fault = reterr ? reterr : &unused};
	struct kr_mapping *m = kr_xcalloc(1, sizeof(*m));
	int err;

	m->refs = 1;
	m->arena = kr_arena_new(MAPPING_ARENA_MAX);
	kr_hash_of(doc.p, doc.n, &m->hash);
	d.m = m;
	d.arena = m->arena;
	d.text = kr_arena_dup(m->arena, doc);
	err = d.text.p ? compile(&d)
		       : kr_fault_set(reterr, -KR_ELIMIT, "the mapping is larger than %zu bytes",
				      MAPPING_ARENA_MAX);
	if (err) {
		kr_mapping_unref(m);
		return err;
	}
	*ret = m;
	return 0;
}

/* "2026-11-20-" and other numbers in front of a report's name. */
static struct kr_str without_numbers(struct kr_str s)
{
	size_t i = 0, at = 0;

	while (i < s.n &&
	       (kr_is_digit(s.p[i]) || (i && (s.p[i] == '-' || s.p[i] == '_' || s.p[i] == '.')))) {
		if (!kr_is_digit(s.p[i]))
			at = i + 1;
		i++;
	}
	return kr_str_from(s, at);
}

static struct kr_str base_name(struct kr_str s)
{
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == '/' || s.p[i - 1] == '\\')
			return kr_str_from(s, i);
	return s;
}

/* Does the report's name go on with this file_name, as a whole word? */
static bool names(struct kr_str s, struct kr_str file_name)
{
	return file_name.n && kr_str_istarts(s, file_name) &&
	       (s.n == file_name.n || s.p[file_name.n] == '-' || s.p[file_name.n] == '.');
}

const struct kr_map_report *kr_codec__report_find(const struct kr_mapping *m, struct kr_str report)
{
	struct kr_str name = without_numbers(base_name(report));
	const struct kr_map_report *best = NULL;

	for (size_t i = 0; i < m->n_reports; i++) {
		struct kr_str file_name = m->reports[i].file_name;
		bool fits = names(name, file_name);

		if (kr_str_eqc(file_name, "blocklist") || kr_str_eqc(file_name, "blacklist"))
			fits = names(name, KR_STR("blocklist")) || names(name, KR_STR("blacklist"));
		if (fits && (!best || file_name.n > best->file_name.n))
			best = &m->reports[i];
	}
	return best;
}

bool kr_mapping_knows(const struct kr_mapping *m, struct kr_str report)
{
	if (strcmp(m->codec, "shadowserver") == 0)
		return kr_codec__report_find(m, report) != NULL;
	for (unsigned i = 0; i < m->n_files; i++)
		if (kr_codec__wildcard(m->files[i], base_name(report)))
			return true;
	return false;
}
