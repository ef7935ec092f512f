/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * Files of hundreds of thousands of rows are read as a stream, decompressed on the way, and each
 * row goes straight into the builder. A first row that does not begin with an address is a header.
 * Any other row that cannot be read ends the import: half a table would give wrong answers without
 * saying so.
 */
#include "pipe/lookup_internal.h"

#include "base/input.h"
#include "codec/csvread.h"

#include <stdlib.h>

#define CHUNK ((size_t)256 << 10)

struct row_fault {
	const char *what;
	struct kr_str cell;
};

static int value_of(struct kr_lookup_build *b, const struct kr_csv_record *row, unsigned at,
		    uint32_t *ret, struct row_fault *f)
{
	struct kr_str s = kr_str_trim(row->cells[at]);
	uint64_t asn;
	int err;

	f->cell = s;
	if (b->kind == KR_LOOKUP_COUNTRY) {
		f->what = "is not a country code";
		return kr_lookup__cc(s, ret);
	}
	f->what = "is not an AS number";
	if (kr_str_istarts(s, KR_STR("AS")))
		s = kr_str_from(s, 2);
	if (!s.n || kr_str_eqc(s, "-"))
		return 1;
	err = kr_str_u64(s, &asn);
	if (err)
		return err;
	return kr_lookup__as(b, asn, at + 1 < row->n ? kr_str_trim(row->cells[at + 1]) : KR_STR(""),
			     ret);
}

static int row_add(struct kr_lookup_build *b, const struct kr_csv_record *row, struct row_fault *f)
{
	struct kr_str first = row->n ? kr_str_trim(row->cells[0]) : KR_STR("");
	bool prefix = kr_str_chr(first, '/') >= 0;
	struct kr_ip from, to;
	uint32_t value;
	int err;

	*f = (struct row_fault){"is not an address or network", first};
	if (prefix ? kr_net_parse(first, &from) < 0 : kr_ip_parse(first, &from) < 0)
		return -KR_EINVAL;
	f->what = "is followed by too few values";
	if (row->n < (prefix ? 2u : 3u))
		return -KR_EINVAL;
	if (!prefix) {
		*f = (struct row_fault){"is not an address", kr_str_trim(row->cells[1])};
		if (kr_ip_parse(f->cell, &to) < 0)
			return -KR_EINVAL;
	}
	err = value_of(b, row, prefix ? 1 : 2, &value, f);
	if (err)
		return err < 0 ? err : 0;
	*f = (struct row_fault){"begins a range that ends before it", first};
	return prefix ? kr_iptable_add_net(b->table, &from, value)
		      : kr_iptable_add_range(b->table, &from, &to, value);
}

static int row_wrong(const struct kr_lookup_build *b, const struct kr_csv_record *row,
		     const struct row_fault *f, int err, const char *name, struct kr_fault *reterr)
{
	const char *value = b->kind == KR_LOOKUP_ASN ? "ASN,NAME" : "COUNTRY";

	kr_fault_set(reterr, err, "%.*s%s%s", (int)KR_MIN(f->cell.n, (size_t)60),
		     f->cell.p ? f->cell.p : "", f->cell.n ? " " : "", f->what);
	kr_fault_where(reterr, "%s", name);
	kr_fault_remedy(reterr, "rows are START,END,%s or PREFIX,%s", value, value);
	kr_fault_at(reterr, row->line, row->err ? row->column : 0, row->offset);
	return err;
}

static int rows_add(struct kr_lookup_build *b, struct kr_csv *csv, struct kr_str *in, bool eof,
		    const char *name, struct kr_fault *reterr)
{
	struct kr_csv_record row;

	while (kr_csv_next(csv, b->arena, in, eof, &row) > 0) {
		struct row_fault f = {row.reason, KR_STR("")};
		int err = row.err ? row.err : row_add(b, &row, &f);
		bool header = !row.err && row.line == 1 && !kr_iptable_build_count(b->table);

		if (err && !header)
			return row_wrong(b, &row, &f, err, name, reterr);
		kr_arena_clear(b->arena);
	}
	return 0;
}

static int stream_add(struct kr_lookup_build *b, struct kr_input *in, const char *name,
		      struct kr_fault *reterr)
{
	const struct kr_csv_opts opts = {.delimiter = ',',
					 .quote = '"',
					 .record_max = (size_t)64 << 10,
					 .columns_max = 64,
					 .comment = KR_STR("#")};
	char *chunk = kr_xmalloc(CHUNK);
	struct kr_str member, bytes;
	struct kr_csv csv;
	ptrdiff_t n;
	int err = 0, more = 0;

	while (!err && (more = kr_input_member(in, &member, reterr)) > 0) {
		kr_csv_init(&csv, &opts);
		do {
			n = kr_input_read(in, chunk, CHUNK, reterr);
			bytes = kr_str_n(chunk, n > 0 ? (size_t)n : 0);
			err = n < 0 ? (int)n : rows_add(b, &csv, &bytes, n == 0, name, reterr);
		} while (!err && n > 0);
		kr_csv_done(&csv);
	}
	free(chunk);
	return err ? err : more;
}

int kr_lookup__csv(struct kr_lookup_build *b, int fd, const char *name, struct kr_fault *reterr)
{
	const struct kr_input_limits limits = {
		.bytes_max = KR_LOOKUP__FILE_MAX, .ratio_max = 1000, .members_max = 16};
	KR_AUTO(kr_input) *in = NULL;
	int err = kr_input_open(fd, name, &limits, &in, reterr);

	return err ? err : stream_add(b, in, name, reterr);
}
