/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shadowserver reports: CSV whose columns a mapping turns into fields, one set of rules a report
 * type. The type is in the report's file name (2026-11-20-event4_sinkhole_http-example.csv).
 * Columns come in any order and new ones appear without notice: they are bound by the header, and
 * what nobody maps is kept in extra.
 */
#include <stdlib.h>

#include "codec/codec.h"
#include "codec/table.h"

struct kr_codec_state {
	struct kr_table_state table;
	const struct kr_map_report *report;
};

/* A quoted or bare first column "timestamp" and one of the columns that tell whose event it is. */
static int sniff(struct kr_str head, struct kr_str name)
{
	ptrdiff_t end = kr_str_chr(head, '\n');
	struct kr_str line = end < 0 ? head : kr_str_first(head, (size_t)end);
	int sure = 0;

	(void)name;
	if (kr_str_starts(line, KR_STR("\xef\xbb\xbf")))
		line = kr_str_from(line, 3);
	if (!kr_str_starts(line, KR_STR("\"timestamp\",")) &&
	    !kr_str_starts(line, KR_STR("timestamp,")))
		return 0;
	sure = 40;
	if (kr_str_find(line, KR_STR("asn")) >= 0 && kr_str_find(line, KR_STR("geo")) >= 0)
		sure += 40;
	if (kr_str_find(line, KR_STR("naics")) >= 0 || kr_str_find(line, KR_STR("severity")) >= 0)
		sure += 15;
	return sure;
}

static int open_state(const struct kr_codec_opts *opts, struct kr_codec_state **ret,
		      struct kr_fault *reterr)
{
	const struct kr_csv_opts csv = {
		.delimiter = ',',
		.quote = '"',
		.record_max = opts->record_max,
		.columns_max = opts->columns_max,
	};
	const struct kr_map_report *report;
	struct kr_codec_state *s;

	if (!opts->mapping || strcmp(kr_mapping_codec(opts->mapping), "shadowserver") != 0) {
		kr_fault_set(reterr, -KR_EMAPPING, "no Shadowserver mapping is given");
		kr_fault_remedy(reterr, "give --mapping FILE; doc/formats.md says where to get it");
		return -KR_EMAPPING;
	}
	report = kr_codec__report_find(opts->mapping, opts->report);
	if (!report) {
		kr_fault_set(reterr, -KR_EMAPPING, "the mapping knows no report type for \"%.*s\"",
			     KR_STR_ARG(kr_str_first(opts->report, 80)));
		kr_fault_remedy(reterr, "give the report's own name: --report "
					"2026-11-20-TYPE-x.csv; or update the mapping");
		return -KR_EMAPPING;
	}
	s = kr_xcalloc(1, sizeof(*s));
	s->report = report;
	kr_table__open(&s->table, &csv, opts->observed);
	*ret = s;
	return 0;
}

static int read_header(struct kr_codec_state *s, const struct kr_csv_record *r,
		       struct kr_batch *out, struct kr_fault *reterr)
{
	struct kr_table_state *t = &s->table;
	struct kr_plan_opts plan = {
		.report = s->report,
		.keep_unmapped = true,
		.where = s->report->file_name,
	};
	int err;

	if (r->err)
		return kr_table__bad_header(r, reterr);
	err = kr_table__names(t, r->cells, r->n, reterr);
	if (err)
		return kr_table__at(r, err, reterr);
	plan.names = t->names;
	plan.n_names = t->n_names;
	err = kr_codec__plan(&plan, t->arena, &t->plan, reterr);
	if (err)
		return kr_table__at(r, err, reterr);
	kr_codec__note_missing(&t->plan, out);
	t->begun = true;
	return 0;
}

static int feed_more(struct kr_codec_state *s, struct kr_str bytes, bool eof, struct kr_batch *out,
		     struct kr_fault *reterr)
{
	struct kr_table_state *t = &s->table;
	struct kr_csv_record r;

	while (kr_csv_next(&t->csv, out->arena, &bytes, eof, &r)) {
		if (KR_UNLIKELY(!t->begun)) {
			int err = read_header(s, &r, out, reterr);

			if (err)
				return err;
		} else if (KR_UNLIKELY(r.err)) {
			kr_table__refuse(&r, out);
		} else {
			struct kr_place at = {
				.offset = r.offset, .length = r.length, .line = r.line};

			kr_codec__row(&t->plan, r.cells, &at, t->observed, out);
		}
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
		err = kr_fault_set(reterr, -KR_EREFUSED, "the report has no header");
		kr_fault_remedy(reterr, "an empty report still has one: was the file cut off?");
	}
	return err;
}

static void close_state(struct kr_codec_state *s)
{
	if (!s)
		return;
	kr_table__close(&s->table);
	free(s);
}

const struct kr_codec kr_codec_shadowserver = {
	.name = "shadowserver",
	.media_type = "text/csv",
	.doc = "Shadowserver report, by the published mapping",
	.caps = KR_CODEC_READ | KR_CODEC_MAPPING,
	.sniff = sniff,
	.open = open_state,
	.feed = feed,
	.finish = finish,
	.close = close_state,
};
