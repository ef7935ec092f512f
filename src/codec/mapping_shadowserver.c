/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form in which Shadowserver publishes how its columns map to the IntelMQ data format: an
 * object with one member a report type. Members and report types nobody here knows are passed over,
 * since the document grows; fields that are not known degrade to extra with a warning; a conversion
 * that is not known is an error, since dropping it would change what values mean.
 */
#include "codec/mapdoc.h"

static int entry_target(struct kr_mapdoc *d, const struct kr_json_token *t, struct kr_str *ret)
{
	int err = kr_mapdoc__string(d, t, ret);

	if (!err && !ret->n)
		err = kr_mapdoc__fail(d, t, "", "the field has no name");
	return err;
}

static int entry_conversion(struct kr_mapdoc *d, const struct kr_json_token *t,
			    struct kr_map_entry *e)
{
	if (t->type == KR_JSON_NULL)
		return 0;
	if (t->type != KR_JSON_STRING)
		return kr_mapdoc__fail(d, t, "put it in quotes",
				       "the name of a conversion is expected here");
	e->convert = kr_conversion_find(t->text);
	if (!e->convert)
		return kr_mapdoc__unknown(d, t, "conversion", t->text, kr_conversion_near(t->text),
					  "doc/mapping.md lists them; a newer karaula may know it");
	return 0;
}

/* [field, column, conversion?, pass-row?]; the array is open. */
static int read_entry(struct kr_mapdoc *d, struct kr_map_entry *e)
{
	struct kr_str target = KR_STR_NULL;
	struct kr_json_token t;
	int err, i = 0;

	for (; !(err = kr_mapdoc__next(d, &t)) && t.type != KR_JSON_ARRAY_END; i++) {
		size_t up = kr_mapdoc__enter(d, KR_STR_NULL, i);

		switch (i) {
		case 0: err = entry_target(d, &t, &target); break;
		case 1: err = entry_target(d, &t, &e->column); break;
		case 2: err = entry_conversion(d, &t, e); break;
		case 3: e->passes_row = t.type == KR_JSON_TRUE; break;
		default: err = kr_mapdoc__fail(d, &t, "", "an entry has at most four parts");
		}
		if (err)
			return err;
		kr_mapdoc__leave(d, up);
	}
	if (!err && i < 2)
		err = kr_mapdoc__fail(d, &t, "", "an entry is [field, column, conversion]");
	/* What a report cannot do without must have a place; the rest degrades to extra. */
	if (!err && e->required && !kr_field_by_name(target) &&
	    !kr_str_starts(target, KR_STR("extra.")))
		err = kr_mapdoc__no_field(d, target);
	if (!err)
		err = kr_mapdoc__target(d, target, e->column, false, &e->field, &e->key);
	return err;
}

/* required_fields or optional_fields, appended to the report's entries; the value is t. */
static int read_entries(struct kr_mapdoc *d, const struct kr_json_token *opening, bool required,
			struct kr_map_entry **list, unsigned *n)
{
	struct kr_json_token t;
	int err = kr_mapdoc__opens(d, opening, KR_JSON_ARRAY);

	for (int i = 0; !err && !(err = kr_mapdoc__next(d, &t)) && t.type != KR_JSON_ARRAY_END;
	     i++) {
		size_t up = kr_mapdoc__enter(d, KR_STR_NULL, i);
		struct kr_map_entry e = {.required = required};
		struct kr_map_entry *grown = kr_mapdoc__grow(d, *list, *n, sizeof(e));

		if (!grown)
			return -KR_ELIMIT;
		*list = grown;
		err = kr_mapdoc__opens(d, &t, KR_JSON_ARRAY);
		if (!err)
			err = read_entry(d, &e);
		if (err)
			return err;
		grown[(*n)++] = e;
		kr_mapdoc__leave(d, up);
	}
	return err;
}

/* feed_name becomes a constant, unless the document sets feed.name itself. */
static int add_feed_name(struct kr_mapdoc *d, const struct kr_map_report *r,
			 struct kr_map_constant **list, unsigned *n)
{
	struct kr_map_constant c = {.field = KR_F_FEED_NAME, .text = r->feed_name};
	struct kr_map_constant *grown;
	struct kr_fault why = {0};

	for (unsigned i = 0; i < *n; i++)
		if ((*list)[i].field == KR_F_FEED_NAME)
			return 0;
	if (!r->feed_name.n)
		return 0;
	if (kr_field_parse(c.field, c.text, d->arena, &c.value, &why))
		return kr_mapdoc__fail(d, NULL, "", "feed_name: %.200s", why.message);
	grown = kr_mapdoc__grow(d, *list, *n, sizeof(c));
	if (!grown)
		return -KR_ELIMIT;
	grown[(*n)++] = c;
	*list = grown;
	return 0;
}

/* One report type; its object is open. */
static int read_report(struct kr_mapdoc *d, struct kr_map_report *r)
{
	struct kr_map_entry *entries = NULL;
	struct kr_map_constant *constants = NULL;
	struct kr_json_token t;
	bool required = false;
	int err;

	while (!(err = kr_mapdoc__next(d, &t)) && t.type != KR_JSON_OBJECT_END) {
		size_t up = kr_mapdoc__enter(d, t.key, 0);

		required |= kr_str_eqc(t.key, "required_fields");
		if (kr_str_eqc(t.key, "feed_name"))
			err = kr_mapdoc__string(d, &t, &r->feed_name);
		else if (kr_str_eqc(t.key, "file_name"))
			err = kr_mapdoc__string(d, &t, &r->file_name);
		else if (kr_str_eqc(t.key, "required_fields"))
			err = read_entries(d, &t, true, &entries, &r->n_entries);
		else if (kr_str_eqc(t.key, "optional_fields"))
			err = read_entries(d, &t, false, &entries, &r->n_entries);
		else if (kr_str_eqc(t.key, "constant_fields"))
			err = kr_mapdoc__opens(d, &t, KR_JSON_OBJECT)
				      ?: kr_mapdoc__constants(d, false, false, &constants,
							      &r->n_constants);
		else
			err = kr_mapdoc__skip(d, &t);
		if (err)
			return err;
		kr_mapdoc__leave(d, up);
	}
	if (!err && !required)
		err = kr_mapdoc__fail(d, &t, "see doc/mapping.md",
				      "the report type has no required_fields");
	if (!err && !r->file_name.n)
		r->file_name = r->name;
	if (!err)
		err = add_feed_name(d, r, &constants, &r->n_constants);
	r->entries = entries;
	r->constants = constants;
	return err;
}

int kr_mapping__shadowserver(struct kr_mapdoc *d)
{
	struct kr_json_token t;
	int err;

	while (!(err = kr_mapdoc__next(d, &t)) && t.type != KR_JSON_OBJECT_END) {
		size_t up = kr_mapdoc__enter(d, t.key, 0);
		struct kr_map_report r = {.name = t.key}, *grown;

		if (kr_str_starts(t.key, KR_STR("_"))) {
			err = kr_mapdoc__skip(d, &t);
			if (err)
				return err;
			kr_mapdoc__leave(d, up);
			continue;
		}
		grown = kr_mapdoc__grow(d, d->m->reports, (unsigned)d->m->n_reports, sizeof(r));
		if (!grown)
			return -KR_ELIMIT;
		d->m->reports = grown;
		err = kr_mapdoc__opens(d, &t, KR_JSON_OBJECT);
		if (!err)
			err = read_report(d, &r);
		if (err)
			return err;
		grown[d->m->n_reports++] = r;
		kr_mapdoc__leave(d, up);
	}
	if (!err)
		err = kr_mapdoc__next(d, &t);
	if (!err && !d->m->n_reports)
		err = kr_mapdoc__fail(d, NULL, "see doc/mapping.md",
				      "the document has no report types");
	return err;
}
