/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own form of mapping, for any table (doc/mapping.md). It is written by hand, so everything
 * that is not understood is an error with its path: a member with a typing error must not be passed
 * over.
 */
#include "base/near.h"
#include "codec/mapdoc.h"

static int unknown_member(struct kr_mapdoc *d, const struct kr_json_token *t)
{
	static const char *const members[] = {
		"codec",      "columns",  "column",    "comment",  "constants",
		"convert",    "defaults", "delimiter", "doc",	   "field",
		"filters",    "header",	  "ignore",    "is",	   "name",
		"other",      "quote",	  "reports",   "required", "separator",
		"skip_lines", "then",	  "time",      "unmapped", "values",
	};
	struct kr_near near = KR_NEAR(t->key);

	for (size_t i = 0; i < KR_ARRAY_LEN(members); i++)
		kr_near_offer(&near, kr_str_c(members[i]));
	return kr_mapdoc__unknown(d, t, "member", t->key, near.best, "doc/mapping.md lists them");
}

static int read_bool(struct kr_mapdoc *d, const struct kr_json_token *t, bool *ret)
{
	if (t->type != KR_JSON_TRUE && t->type != KR_JSON_FALSE)
		return kr_mapdoc__fail(d, t, "", "true or false is expected here");
	*ret = t->type == KR_JSON_TRUE;
	return 0;
}

static int read_number(struct kr_mapdoc *d, const struct kr_json_token *t, int64_t min, int64_t max,
		       unsigned *ret)
{
	int64_t v;

	if (t->type != KR_JSON_NUMBER || kr_json_i64(t, &v) || v < min || v > max)
		return kr_mapdoc__fail(d, t, "", "a number from %lld to %lld is expected here",
				       (long long)min, (long long)max);
	*ret = (unsigned)v;
	return 0;
}

/* One ASCII character, "tab" or "blank"; "" for none where that is allowed. */
static int read_char(struct kr_mapdoc *d, const struct kr_json_token *t, bool may_be_none,
		     char *ret)
{
	struct kr_str s;
	int err = kr_mapdoc__string(d, t, &s);

	if (err)
		return err;
	if (kr_str_eqc(s, "tab"))
		*ret = '\t';
	else if (kr_str_eqc(s, "blank"))
		*ret = ' ';
	else if (!s.n && may_be_none)
		*ret = '\0';
	else if (s.n == 1 && (unsigned char)s.p[0] < 0x80 && s.p[0] != '\n' && s.p[0] != '\r' &&
		 s.p[0])
		*ret = s.p[0];
	else
		return kr_mapdoc__fail(
			d, t, "", "one ASCII character, \"tab\" or \"blank\" is expected here");
	return 0;
}

/* A text, or an array of texts. */
static int read_texts(struct kr_mapdoc *d, const struct kr_json_token *opening,
		      struct kr_str **list, unsigned *n)
{
	struct kr_json_token t = *opening;
	bool array = t.type == KR_JSON_ARRAY;
	int err = array ? kr_mapdoc__next(d, &t) : 0;

	while (!err && t.type != KR_JSON_ARRAY_END) {
		size_t up = array ? kr_mapdoc__enter(d, KR_STR_NULL, (int)*n) : d->path_n;
		struct kr_str *grown = kr_mapdoc__grow(d, *list, *n, sizeof(**list));

		if (!grown)
			return -KR_ELIMIT;
		*list = grown;
		err = kr_mapdoc__string(d, &t, &grown[*n]);
		if (err)
			return err;
		(*n)++;
		kr_mapdoc__leave(d, up);
		if (!array)
			return 0;
		err = kr_mapdoc__next(d, &t);
	}
	return err;
}

/* Patterns are tried once on nothing, so that a wrong one is told here and not by every row. */
static int read_times(struct kr_mapdoc *d, const struct kr_json_token *t, struct kr_map_entry *e)
{
	struct kr_str *texts = NULL;
	const char **times;
	int err = read_texts(d, t, &texts, &e->n_times);
	kr_time unused;

	if (err)
		return err;
	times = kr_arena_calloc(d->arena, e->n_times + 1, sizeof(*times));
	if (!times)
		return kr_fault_set(d->fault, -KR_ELIMIT, "the mapping needs too much memory");
	for (unsigned i = 0; i < e->n_times; i++) {
		times[i] = kr_arena_dup(d->arena, texts[i]).p;
		if (!times[i])
			return kr_fault_set(d->fault, -KR_ELIMIT,
					    "the mapping needs too much memory");
		if (strcmp(times[i], "iso") == 0 || strcmp(times[i], "epoch") == 0)
			continue;
		if (!texts[i].n || memchr(texts[i].p, '\0', texts[i].n) ||
		    kr_time_parse_format(KR_STR(""), times[i], &unused) == -KR_ESYNTAX)
			return kr_mapdoc__fail(
				d, t, "\"iso\", \"epoch\", or a pattern such as %d.%m.%Y %H:%M",
				"\"%.60s\" is no pattern for a time", times[i]);
	}
	e->times = times;
	return 0;
}

/* {"text in the column": "text instead"} */
static int read_values(struct kr_mapdoc *d, const struct kr_json_token *opening,
		       struct kr_map_entry *e)
{
	struct kr_map_pair *pairs = NULL;
	struct kr_json_token t;
	int err = kr_mapdoc__opens(d, opening, KR_JSON_OBJECT);

	while (!err && !(err = kr_mapdoc__next(d, &t)) && t.type != KR_JSON_OBJECT_END) {
		size_t up = kr_mapdoc__enter(d, t.key, 0);

		pairs = kr_mapdoc__grow(d, pairs, e->n_values, sizeof(*pairs));
		if (!pairs)
			return -KR_ELIMIT;
		pairs[e->n_values].from = t.key;
		err = kr_mapdoc__string(d, &t, &pairs[e->n_values].to);
		if (err)
			return err;
		e->n_values++;
		kr_mapdoc__leave(d, up);
	}
	e->values = pairs;
	return err;
}

static int read_convert(struct kr_mapdoc *d, const struct kr_json_token *t, struct kr_map_entry *e)
{
	struct kr_str name;
	int err = kr_mapdoc__string(d, t, &name);

	if (err)
		return err;
	e->convert = kr_conversion_find(name);
	if (!e->convert)
		return kr_mapdoc__unknown(d, t, "conversion", name, kr_conversion_near(name),
					  "doc/mapping.md lists them");
	e->passes_row = kr_str_eqc(name, "category_or_detail") ||
			kr_str_eqc(name, "convert_http_host_and_url");
	return 0;
}

static int entry_member(struct kr_mapdoc *d, const struct kr_json_token *t, struct kr_map_entry *e,
			struct kr_str *field)
{
	if (kr_str_eqc(t->key, "name"))
		return kr_mapdoc__string(d, t, &e->column);
	if (kr_str_eqc(t->key, "field"))
		return kr_mapdoc__string(d, t, field);
	if (kr_str_eqc(t->key, "time"))
		return read_times(d, t, e);
	if (kr_str_eqc(t->key, "separator"))
		return read_char(d, t, false, &e->separator);
	if (kr_str_eqc(t->key, "values"))
		return read_values(d, t, e);
	if (kr_str_eqc(t->key, "other"))
		return kr_mapdoc__string(d, t, &e->other);
	if (kr_str_eqc(t->key, "convert"))
		return read_convert(d, t, e);
	if (kr_str_eqc(t->key, "required"))
		return read_bool(d, t, &e->required);
	if (kr_str_eqc(t->key, "ignore"))
		return read_bool(d, t, &e->ignore);
	return unknown_member(d, t);
}

/* An entry makes sense: it has a place to come from and one to go to. */
static int check_entry(struct kr_mapdoc *d, struct kr_str field, struct kr_map_entry *e)
{
	int err;

	if (d->m->header && !e->column.n)
		return kr_mapdoc__fail(d, NULL, "\"name\" is what the header line calls it",
				       "the column has no name");
	if (!field.n && !e->ignore)
		return kr_mapdoc__fail(d, NULL, "give a \"field\", or \"ignore\": true",
				       "the column goes nowhere");
	if (e->n_times && e->convert)
		return kr_mapdoc__fail(d, NULL, "", "\"time\" and \"convert\" cannot go together");
	if (e->ignore)
		return 0;
	err = kr_mapdoc__target(d, field, e->column, true, &e->field, &e->key);
	if (!err && !e->field && !e->key.n)
		return kr_mapdoc__fail(d, NULL, "extra.NAME", "the value has no name in extra");
	if (!err && e->n_times && e->field && kr_field_info(e->field)->kind != KR_K_TIME)
		return kr_mapdoc__fail(d, NULL, "", "%s is no time", kr_field_info(e->field)->name);
	return err;
}

/* A text (field by position), null (ignored), or an object. */
static int read_column(struct kr_mapdoc *d, const struct kr_json_token *opening,
		       struct kr_map_entry *e)
{
	struct kr_str field = KR_STR("");
	struct kr_json_token t;
	int err = 0;

	if (opening->type == KR_JSON_NULL) {
		e->ignore = true;
	} else if (opening->type == KR_JSON_STRING) {
		field = opening->text;
		if (d->m->header)
			e->column = opening->text;
	} else {
		err = kr_mapdoc__opens(d, opening, KR_JSON_OBJECT);
		while (!err && !(err = kr_mapdoc__next(d, &t)) && t.type != KR_JSON_OBJECT_END) {
			size_t up = kr_mapdoc__enter(d, t.key, 0);

			err = entry_member(d, &t, e, &field);
			if (err)
				return err;
			kr_mapdoc__leave(d, up);
		}
	}
	return err ? err : check_entry(d, field, e);
}

static int read_columns(struct kr_mapdoc *d, const struct kr_json_token *opening,
			struct kr_map_report *r)
{
	struct kr_map_entry *list = NULL;
	struct kr_json_token t;
	bool split = false;
	int err = kr_mapdoc__opens(d, opening, KR_JSON_ARRAY);

	while (!err && !(err = kr_mapdoc__next(d, &t)) && t.type != KR_JSON_ARRAY_END) {
		size_t up = kr_mapdoc__enter(d, KR_STR_NULL, (int)r->n_entries);
		struct kr_map_entry e = {.position = r->n_entries};

		list = kr_mapdoc__grow(d, list, r->n_entries, sizeof(e));
		if (!list)
			return -KR_ELIMIT;
		err = read_column(d, &t, &e);
		if (!err && e.separator && split)
			err = kr_mapdoc__fail(d, NULL, "", "only one column may have a separator");
		if (err)
			return err;
		split |= e.separator != 0;
		/* Without a header the place counts; a name is then only for filters and people. */
		list[r->n_entries++] = e;
		kr_mapdoc__leave(d, up);
	}
	r->entries = list;
	return err;
}

/* {"column": NAME, "is": wildcard or list, "then": "drop" or "keep"} */
static int read_filter(struct kr_mapdoc *d, struct kr_map_filter *f)
{
	struct kr_str *patterns = NULL, then = KR_STR("drop");
	struct kr_json_token t;
	int err;

	while (!(err = kr_mapdoc__next(d, &t)) && t.type != KR_JSON_OBJECT_END) {
		size_t up = kr_mapdoc__enter(d, t.key, 0);

		if (kr_str_eqc(t.key, "column"))
			err = kr_mapdoc__string(d, &t, &f->column);
		else if (kr_str_eqc(t.key, "is"))
			err = read_texts(d, &t, &patterns, &f->n_patterns);
		else if (kr_str_eqc(t.key, "then"))
			err = kr_mapdoc__string(d, &t, &then);
		else
			err = unknown_member(d, &t);
		if (err)
			return err;
		kr_mapdoc__leave(d, up);
	}
	if (err)
		return err;
	f->keep = kr_str_eqc(then, "keep");
	f->patterns = patterns;
	if (!f->keep && !kr_str_eqc(then, "drop"))
		return kr_mapdoc__fail(d, NULL, "", "\"then\" is \"drop\" or \"keep\"");
	if (!f->column.n || !f->n_patterns)
		return kr_mapdoc__fail(d, NULL, "", "a filter needs \"column\" and \"is\"");
	return 0;
}

static int read_filters(struct kr_mapdoc *d, const struct kr_json_token *opening)
{
	struct kr_map_filter *list = NULL;
	struct kr_json_token t;
	int err = kr_mapdoc__opens(d, opening, KR_JSON_ARRAY);

	while (!err && !(err = kr_mapdoc__next(d, &t)) && t.type != KR_JSON_ARRAY_END) {
		size_t up = kr_mapdoc__enter(d, KR_STR_NULL, (int)d->m->n_filters);
		struct kr_map_filter f = {0};

		list = kr_mapdoc__grow(d, list, d->m->n_filters, sizeof(f));
		if (!list)
			return -KR_ELIMIT;
		err = kr_mapdoc__opens(d, &t, KR_JSON_OBJECT);
		if (!err)
			err = read_filter(d, &f);
		if (err)
			return err;
		list[d->m->n_filters++] = f;
		kr_mapdoc__leave(d, up);
	}
	d->m->filters = list;
	return err;
}

static int read_unmapped(struct kr_mapdoc *d, const struct kr_json_token *t)
{
	struct kr_str s;
	int err = kr_mapdoc__string(d, t, &s);

	if (err)
		return err;
	d->m->keep_unmapped = kr_str_eqc(s, "extra");
	if (!d->m->keep_unmapped && !kr_str_eqc(s, "ignore"))
		return kr_mapdoc__fail(d, t, "", "\"extra\" or \"ignore\" is expected here");
	return 0;
}

static int read_member(struct kr_mapdoc *d, struct kr_json_token *t, struct kr_map_report *r,
		       struct kr_map_constant **constants)
{
	struct kr_mapping *m = d->m;
	bool fallback = kr_str_eqc(t->key, "defaults");
	struct kr_str *files = NULL;
	int err;

	if (kr_str_eqc(t->key, "codec") || kr_str_eqc(t->key, "doc"))
		return kr_mapdoc__skip(d, t);
	if (kr_str_eqc(t->key, "header"))
		return read_bool(d, t, &m->header);
	if (kr_str_eqc(t->key, "name"))
		return kr_mapdoc__string(d, t, &m->name);
	if (kr_str_eqc(t->key, "reports")) {
		err = read_texts(d, t, &files, &m->n_files);
		m->files = files;
		return err;
	}
	if (kr_str_eqc(t->key, "delimiter"))
		return read_char(d, t, false, &m->delimiter);
	if (kr_str_eqc(t->key, "quote"))
		return read_char(d, t, true, &m->quote);
	if (kr_str_eqc(t->key, "comment"))
		return kr_mapdoc__string(d, t, &m->comment);
	if (kr_str_eqc(t->key, "skip_lines"))
		return read_number(d, t, 0, 1000, &m->skip_lines);
	if (kr_str_eqc(t->key, "columns"))
		return read_columns(d, t, r);
	if (kr_str_eqc(t->key, "unmapped"))
		return read_unmapped(d, t);
	if (kr_str_eqc(t->key, "filters"))
		return read_filters(d, t);
	if (!fallback && !kr_str_eqc(t->key, "constants"))
		return unknown_member(d, t);
	err = kr_mapdoc__opens(d, t, KR_JSON_OBJECT);
	return err ? err : kr_mapdoc__constants(d, fallback, true, constants, &r->n_constants);
}

/* The column of each filter, where the header does not tell. */
static int bind_filters(struct kr_mapdoc *d, const struct kr_map_report *r)
{
	struct kr_map_filter *filters = kr_arena_calloc(d->arena, d->m->n_filters + 1,
							sizeof(*filters));

	if (!filters)
		return kr_fault_set(d->fault, -KR_ELIMIT, "the mapping needs too much memory");
	for (unsigned i = 0; i < d->m->n_filters; i++) {
		unsigned k = 0;

		filters[i] = d->m->filters[i];
		if (d->m->header)
			continue;
		while (k < r->n_entries && !kr_str_eq(r->entries[k].column, filters[i].column))
			k++;
		if (k == r->n_entries)
			return kr_mapdoc__fail(d, NULL, "give the column this \"name\"",
					       "a filter names column \"%.*s\", which is not there",
					       KR_STR_ARG(kr_str_first(filters[i].column, 60)));
		filters[i].position = k;
	}
	d->m->filters = filters;
	return 0;
}

int kr_mapping__csv(struct kr_mapdoc *d)
{
	struct kr_mapping *m = d->m;
	struct kr_map_report *r = kr_arena_calloc(d->arena, 1, sizeof(*r));
	struct kr_map_constant *constants = NULL;
	struct kr_json_token t;
	int err;

	if (!r)
		return kr_fault_set(d->fault, -KR_ELIMIT, "the mapping needs too much memory");
	m->delimiter = ',';
	m->quote = '"';
	m->keep_unmapped = true;
	m->reports = r;
	m->n_reports = 1;
	while (!(err = kr_mapdoc__next(d, &t)) && t.type != KR_JSON_OBJECT_END) {
		size_t up = kr_mapdoc__enter(d, t.key, 0);

		err = read_member(d, &t, r, &constants);
		if (err)
			return err;
		kr_mapdoc__leave(d, up);
	}
	if (!err)
		err = kr_mapdoc__next(d, &t);
	r->name = m->name;
	r->constants = constants;
	if (!err && !r->n_entries)
		err = kr_mapdoc__fail(d, NULL, "doc/mapping.md has examples",
				      "the mapping has no \"columns\"");
	return err ? err : bind_filters(d, r);
}
