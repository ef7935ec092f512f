/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: a mapping is immutable under its id, so a compiled one never gets old; the cache
 * keeps those used last and counts references, so that one in use outlives its place in the cache.
 * Which mapping is current is asked of the store each time: an import is in force with the next
 * report.
 */
#include "desk/mapping.h"

#include <pthread.h>
#include <stdlib.h>

#include "store/read.h"
#include "store/write.h"

#define KEPT 32

struct kr_desk_mappings {
	struct kr_store *store;
	pthread_mutex_t lock; /* guards all below */
	size_t n;
	struct {
		uint32_t id;
		struct kr_mapping *mapping;
	} kept[KEPT]; /* used last first */
};

struct kr_desk_mappings *kr_desk_mappings_new(struct kr_store *s)
{
	struct kr_desk_mappings *c = kr_xcalloc(1, sizeof(*c));

	c->store = s;
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

void kr_desk_mappings_free(struct kr_desk_mappings *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		kr_mapping_unref(c->kept[i].mapping);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* Put at the front what is at `at`, or a new one in the place of the one used least lately. */
static void to_front(struct kr_desk_mappings *c, size_t at, uint32_t id, struct kr_mapping *m)
{
	for (; at > 0; at--)
		c->kept[at] = c->kept[at - 1];
	c->kept[0].id = id;
	c->kept[0].mapping = m;
}

static struct kr_mapping *find(struct kr_desk_mappings *c, uint32_t id)
{
	struct kr_mapping *m = NULL;

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->n && !m; i++) {
		if (c->kept[i].id != id)
			continue;
		m = c->kept[i].mapping;
		to_front(c, i, id, m);
		kr_mapping_ref(m);
	}
	pthread_mutex_unlock(&c->lock);
	return m;
}

static void keep(struct kr_desk_mappings *c, uint32_t id, struct kr_mapping *m)
{
	struct kr_mapping *out = NULL;

	pthread_mutex_lock(&c->lock);
	if (c->n == KEPT)
		out = c->kept[KEPT - 1].mapping;
	else
		c->n++;
	to_front(c, c->n - 1, id, kr_mapping_ref(m));
	pthread_mutex_unlock(&c->lock);
	kr_mapping_unref(out);
}

int kr_desk_mapping_get(struct kr_desk_mappings *c, uint32_t id, struct kr_mapping **ret,
			struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = NULL;
	struct kr_mapping *m = find(c, id);
	struct kr_str doc;
	int r;

	if (!m) {
		a = kr_arena_new(2 * KR_DESK_MAPPING_SIZE_MAX);
		r = kr_store_mapping_doc(c->store, id, a, &doc, reterr);
		if (!r)
			r = kr_mapping_compile(doc, &m, reterr);
		if (r)
			return r;
		keep(c, id, m);
	}
	*ret = m;
	return 0;
}

static int none_fits(const struct kr_codec *codec, struct kr_str name, struct kr_str report,
		     struct kr_fault *reterr)
{
	if (name.n) {
		kr_fault_set(reterr, -KR_EMAPPING, "there is no mapping '%.*s' for the format %s",
			     (int)KR_MIN(name.n, (size_t)64), name.p, codec->name);
		kr_fault_remedy(reterr, "karaula source mapping list shows all");
	} else {
		kr_fault_set(reterr, -KR_EMAPPING,
			     "no mapping for the format %s knows the report '%.*s'", codec->name,
			     (int)KR_MIN(report.n, (size_t)100), report.p ? report.p : "");
		kr_fault_remedy(reterr, "import one: karaula source mapping import FILE");
	}
	return -KR_EMAPPING;
}

int kr_desk_mapping_for(struct kr_desk_mappings *c, const struct kr_codec *codec,
			struct kr_str name, struct kr_str report, struct kr_mapping **ret,
			uint32_t *ret_id, struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new((size_t)16 << 20);
	struct kr_mapping *best = NULL, *m;
	struct kr_mapping_row *rows;
	kr_time newest = 0;
	uint32_t best_id = 0;
	size_t n;
	int r = kr_store_mapping_list(c->store, a, &rows, &n, reterr);

	for (size_t i = 0; !r && i < n; i++) {
		if (!rows[i].current || !kr_str_eqc(rows[i].codec, codec->name) ||
		    (name.n && !kr_str_eq(rows[i].name, name)) ||
		    (best && rows[i].imported <= newest))
			continue;
		r = kr_desk_mapping_get(c, rows[i].id, &m, reterr);
		if (r)
			break;
		if (!name.n && !kr_mapping_knows(m, report)) {
			kr_mapping_unref(m);
			continue;
		}
		kr_mapping_unref(best);
		best = m;
		best_id = rows[i].id;
		newest = rows[i].imported;
	}
	if (!r && !best)
		r = none_fits(codec, name, report, reterr);
	if (r) {
		kr_mapping_unref(best);
		return r;
	}
	*ret = best;
	*ret_id = best_id;
	return 0;
}

const struct kr_codec *kr_desk_mapping_codec(struct kr_desk_mappings *c, struct kr_str report)
{
	struct kr_mapping *m;
	uint32_t id;

	for (size_t i = 0; kr_codec_at(i); i++) {
		const struct kr_codec *codec = kr_codec_at(i);

		if (!(codec->caps & KR_CODEC_MAPPING) ||
		    kr_desk_mapping_for(c, codec, KR_STR(""), report, &m, &id, NULL) < 0)
			continue;
		kr_mapping_unref(m);
		return codec;
	}
	return NULL;
}

/* Version under which the store keeps an id. */
static int find_version(struct kr_store *s, struct kr_arena *a,
			struct kr_desk_mapping_imported *ret, struct kr_fault *reterr)
{
	struct kr_mapping_row *rows;
	size_t n;
	int r = kr_store_mapping_list(s, a, &rows, &n, reterr);

	for (size_t i = 0; !r && i < n; i++)
		if (rows[i].id == ret->id)
			ret->version = rows[i].version;
	return r;
}

int kr_desk_mapping_import(struct kr_store *s, const struct kr_by *by, struct kr_str doc,
			   struct kr_arena *a, struct kr_desk_mapping_imported *ret,
			   struct kr_fault *reterr)
{
	struct kr_desk_mapping_imported done = {0};
	const struct kr_str *warnings;
	struct kr_mapping *m;
	int r = kr_mapping_compile(doc, &m, reterr);

	if (r)
		return r;
	done.name = kr_arena_dup(a, kr_mapping_name(m));
	done.codec = kr_mapping_codec(m);
	done.reports = kr_mapping_reports(m);
	done.n_warnings = kr_mapping_warnings(m, &warnings);
	done.warnings = kr_arena_calloc(a, done.n_warnings + 1, sizeof(*done.warnings));
	for (size_t i = 0; done.warnings && i < done.n_warnings; i++)
		done.warnings[i] = kr_arena_dup(a, warnings[i]);
	if (kr_arena_full(a))
		r = kr_fault_set(reterr, -KR_ELIMIT, "the mapping has too many warnings");
	if (!r)
		r = kr_store_mapping_put(s, by, done.name, kr_str_c(done.codec), doc,
					 kr_mapping_hash(m), &done.id, reterr);
	kr_mapping_unref(m);
	if (r < 0)
		return r;
	done.known = r == 1;
	r = find_version(s, a, &done, reterr);
	if (!r)
		*ret = done;
	return r;
}
