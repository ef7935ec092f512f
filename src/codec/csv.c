/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of any kind. With a mapping of our own form, its columns say what becomes of each; without
 * one, a table whose header has our field names describes itself: that is what csv_write.c writes.
 */
#include <stdlib.h>

#include "codec/codec.h"
#include "codec/csv_self.h"
#include "codec/table.h"

struct kr_codec_state {
	struct kr_table_state table;
	const struct kr_mapping *mapping; /* NULL: the header says it all */
	struct kr_map_filter *filters;	  /* with positions bound */
	struct kr_csv_self *self;
};

/* A first line that has our field names. A table that needs a mapping looks like any text. */
static int sniff(struct kr_str head, struct kr_str name)
{
	ptrdiff_t end = kr_str_chr(head, '\n');
	struct kr_str rest = kr_str_trim(end < 0 ? head : kr_str_first(head, (size_t)end)), piece;
	size_t known = 0, all = 0;

	(void)name;
	if (kr_str_starts(rest, KR_STR("\xef\xbb\xbf")))
		rest = kr_str_from(rest, 3);
	while (kr_str_split(&rest, ',', &piece)) {
		if (piece.n >= 2 && piece.p[0] == '"' && piece.p[piece.n - 1] == '"')
			piece = kr_str_n(piece.p + 1, piece.n - 2);
		known += kr_field_by_name(piece) != KR_F_NONE;
		all++;
	}
	return all > 1 && known > 1 && known * 2 >= all ? 90 : 0;
}

static int bind_filters(struct kr_codec_state *s, struct kr_fault *reterr)
{
	struct kr_table_state *t = &s->table;
	const struct kr_mapping *m = s->mapping;

	s->filters = kr_arena_calloc(t->arena, m->n_filters + 1, sizeof(*s->filters));
	if (!s->filters)
		return kr_fault_set(reterr, -KR_ELIMIT, "the header needs too much memory");
	for (unsigned i = 0; i < m->n_filters; i++) {
		unsigned k = m->filters[i].position;

		s->filters[i] = m->filters[i];
		for (k = m->header ? 0 : k; m->header && k < t->n_names; k++)
			if (kr_str_eq(t->names[k], m->filters[i].column))
				break;
		if (k >= t->n_names)
			return kr_fault_set(reterr, -KR_EREFUSED,
					    "column \"%.*s\", which a filter looks at, is missing",
					    KR_STR_ARG(kr_str_first(m->filters[i].column, 60)));
		s->filters[i].position = k;
	}
	return 0;
}

/* The names of the columns are known: bind the mapping to them. */
static int bind(struct kr_codec_state *s, struct kr_fault *reterr)
{
	struct kr_table_state *t = &s->table;
	const struct kr_mapping *m = s->mapping;
	const struct kr_plan_opts plan = {
		.report = &m->reports[0],
		.names = t->names,
		.n_names = t->n_names,
		.keep_unmapped = m->keep_unmapped,
		.where = m->name,
	};
	int err = kr_codec__plan(&plan, t->arena, &t->plan, reterr);

	if (!err)
		err = bind_filters(s, reterr);
	t->begun = !err;
	return err;
}

/* Without a header, columns are those that the mapping lists. */
static int begin_without_header(struct kr_codec_state *s, struct kr_fault *reterr)
{
	const struct kr_map_report *report = &s->mapping->reports[0];
	struct kr_table_state *t = &s->table;

	t->names = kr_arena_calloc(t->arena, report->n_entries, sizeof(*t->names));
	if (!t->names)
		return kr_fault_set(reterr, -KR_ELIMIT, "the columns need too much memory");
	for (unsigned i = 0; i < report->n_entries; i++)
		t->names[i] = report->entries[i].column;
	t->n_names = t->csv.columns = report->n_entries;
	return bind(s, reterr);
}

/* The first record is the header. */
static int begin(struct kr_codec_state *s, const struct kr_csv_record *r, struct kr_batch *out,
		 struct kr_fault *reterr)
{
	struct kr_table_state *t = &s->table;
	int err;

	if (r->err)
		return kr_table__bad_header(r, reterr);
	err = kr_table__names(t, r->cells, r->n, reterr);
	if (!err && s->mapping)
		err = bind(s, reterr);
	else if (!err)
		err = kr_csv_self__begin(t, &s->self, reterr);
	if (err)
		return kr_table__at(r, err, reterr);
	kr_codec__note_missing(&t->plan, out);
	t->begun = true;
	return 0;
}

static void close_state(struct kr_codec_state *s)
{
	if (!s)
		return;
	kr_table__close(&s->table);
	free(s);
}

static int open_state(const struct kr_codec_opts *opts, struct kr_codec_state **ret,
		      struct kr_fault *reterr)
{
	struct kr_csv_opts csv = {
		.delimiter = ',',
		.quote = '"',
		.record_max = opts->record_max,
		.columns_max = opts->columns_max,
	};
	const struct kr_mapping *m = opts->mapping;
	struct kr_codec_state *s;

	if (m && strcmp(kr_mapping_codec(m), "csv") != 0) {
		kr_fault_set(reterr, -KR_EMAPPING, "mapping \"%.*s\" is for codec %s",
			     KR_STR_ARG(kr_str_first(m->name, 60)), kr_mapping_codec(m));
		return -KR_EMAPPING;
	}
	if (m) {
		csv.delimiter = m->delimiter;
		csv.quote = m->quote;
		csv.comment = m->comment;
		csv.skip_lines = m->skip_lines;
	}
	s = kr_xcalloc(1, sizeof(*s));
	s->mapping = m;
	kr_table__open(&s->table, &csv, opts->observed);
	if (m && !m->header) {
		int err = begin_without_header(s, reterr);

		if (err) {
			close_state(s);
			return err;
		}
	}
	*ret = s;
	return 0;
}

static bool filter_matches(const struct kr_map_filter *f, struct kr_str value)
{
	value = kr_str_trim(value);
	for (unsigned i = 0; i < f->n_patterns; i++)
		if (kr_codec__wildcard(f->patterns[i], value))
			return true;
	return false;
}

/* Filters are all asked: a row stays that no "drop" matches and every "keep" does. */
static bool passes(const struct kr_codec_state *s, const struct kr_str *cells)
{
	for (unsigned i = 0; i < s->mapping->n_filters; i++) {
		const struct kr_map_filter *f = &s->filters[i];

		if (filter_matches(f, cells[f->position]) != f->keep)
			return false;
	}
	return true;
}

static void read_row(struct kr_codec_state *s, const struct kr_csv_record *r, struct kr_batch *out)
{
	struct kr_table_state *t = &s->table;
	struct kr_place at = {.offset = r->offset, .length = r->length, .line = r->line};

	if (r->err)
		kr_table__refuse(r, out);
	else if (!s->mapping)
		kr_csv_self__row(s->self, t, r->cells, &at, out);
	else if (passes(s, r->cells))
		kr_codec__row(&t->plan, r->cells, &at, t->observed, out);
}

static int feed_more(struct kr_codec_state *s, struct kr_str bytes, bool eof, struct kr_batch *out,
		     struct kr_fault *reterr)
{
	struct kr_table_state *t = &s->table;
	struct kr_csv_record r;

	while (kr_csv_next(&t->csv, out->arena, &bytes, eof, &r)) {
		int err = 0;

		if (KR_LIKELY(t->begun))
			read_row(s, &r, out);
		else
			err = begin(s, &r, out, reterr);
		if (err)
			return err;
	}
	return 0;
}

static int feed(struct kr_codec_state *s, struct kr_str bytes, struct kr_batch *out,
		struct kr_fault *reterr)
{
	return feed_more(s, bytes, false, out, reterr);
}

static int finish(struct kr_codec_state *s, struct kr_batch *out, struct kr_fault *reterr)
{
	int err = feed_more(s, KR_STR(""), true, out, reterr);

	if (!err && !s->table.begun) {
		err = kr_fault_set(reterr, -KR_EREFUSED, "the table has no header");
		kr_fault_remedy(reterr, "was the file cut off?");
	}
	return err;
}

const struct kr_codec kr_codec_csv = {
	.name = "csv",
	.media_type = "text/csv",
	.doc = "any table by a mapping, or by our field names in its header; RFC 4180 out",
	.caps = KR_CODEC_READ | KR_CODEC_WRITE | KR_CODEC_MAPPING | KR_CODEC_OWN_NAMES,
	.sniff = sniff,
	.open = open_state,
	.feed = feed,
	.finish = finish,
	.close = close_state,
	.begin = kr_csv_self__write_begin,
	.item = kr_csv_self__write_item,
	.end = kr_csv_self__write_end,
	.unmapped = kr_csv_self__unmapped,
};
