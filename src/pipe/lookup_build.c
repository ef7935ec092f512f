/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * Every (AS number, name) that occurs becomes one row, found again through a hash table; the
 * address table maps an address to the number of its row. A country needs no rows: its two letters
 * are the number. What people must know about the data (files, licence, attribution) lies in the
 * same file, so that it can never be told of other data.
 */
#include "pipe/lookup_internal.h"

#include "model/field.h"

#include <stdlib.h>

#define PART_MAX ((size_t)2 << 30)

struct kr_lookup_build *kr_lookup_build_new(enum kr_lookup_kind kind)
{
	struct kr_lookup_build *b = kr_xcalloc(1, sizeof(*b));

	b->kind = kind;
	b->table = kr_iptable_build_new();
	b->arena = kr_arena_new((size_t)64 << 20);
	b->rows = KR_BUF(PART_MAX);
	b->text = KR_BUF(PART_MAX);
	return b;
}

void kr_lookup_build_free(struct kr_lookup_build *b)
{
	if (!b)
		return;
	kr_iptable_build_free(b->table);
	kr_arena_free(b->arena);
	kr_buf_done(&b->rows);
	kr_buf_done(&b->text);
	free(b->seen);
	free(b);
}

int kr_lookup_add(struct kr_lookup_build *b, int fd, const char *name, struct kr_fault *reterr)
{
	if (kr_lookup__is_mmdb(fd))
		return kr_lookup__mmdb(b, fd, name, reterr);
	return kr_lookup__csv(b, fd, name, reterr);
}

static uint32_t hash(uint32_t asn, struct kr_str name)
{
	uint32_t h = (0x811c9dc5u ^ asn) * 0x9e3779b1u;

	for (size_t i = 0; i < name.n; i++)
		h = (h ^ (uint8_t)name.p[i]) * 0x01000193u;
	return h ^ h >> 15;
}

static struct kr_lookup__as row_at(const struct kr_lookup_build *b, uint32_t i)
{
	struct kr_lookup__as row;

	memcpy(&row, b->rows.p + (size_t)i * sizeof(row), sizeof(row));
	return row;
}

static struct kr_str name_at(const struct kr_lookup_build *b, const struct kr_lookup__as *row)
{
	return row->size ? kr_str_n(b->text.p + row->offset, row->size) : KR_STR("");
}

static uint32_t *place_of(struct kr_lookup_build *b, uint32_t asn, struct kr_str name)
{
	uint32_t at = hash(asn, name) & (b->seen_size - 1);

	for (; b->seen[at]; at = (at + 1) & (b->seen_size - 1)) {
		struct kr_lookup__as row = row_at(b, b->seen[at] - 1);

		if (row.asn == asn && kr_str_eq(name_at(b, &row), name))
			break;
	}
	return &b->seen[at];
}

static void seen_grow(struct kr_lookup_build *b)
{
	if (b->n_rows * 2 < b->seen_size)
		return;
	b->seen_size = b->seen_size ? b->seen_size * 2 : 4096;
	free(b->seen);
	b->seen = kr_xcalloc(b->seen_size, sizeof(*b->seen));
	for (uint32_t i = 0; i < b->n_rows; i++) {
		struct kr_lookup__as row = row_at(b, i);

		*place_of(b, row.asn, name_at(b, &row)) = i + 1;
	}
}

int kr_lookup__as(struct kr_lookup_build *b, uint64_t asn, struct kr_str name, uint32_t *ret)
{
	struct kr_lookup__as row;
	union kr_value clean;
	uint32_t *place;

	if (!asn)
		return 1;
	if (asn > UINT32_MAX)
		return -KR_EINVAL;
	/* A name that is not clean text is left out; the number is what counts. */
	if (!name.n || kr_field_parse(KR_F_SRC_AS_NAME, name, b->arena, &clean, NULL))
		clean.text = KR_STR("");
	seen_grow(b);
	place = place_of(b, (uint32_t)asn, clean.text);
	if (!*place) {
		row = (struct kr_lookup__as){(uint32_t)asn, (uint32_t)b->text.n,
					     (uint32_t)clean.text.n};
		kr_buf_str_add(&b->text, clean.text);
		kr_buf_add(&b->rows, &row, sizeof(row));
		if (b->rows.err || b->text.err)
			return -KR_ELIMIT;
		*place = ++b->n_rows;
	}
	*ret = *place - 1;
	return 0;
}

int kr_lookup__cc(struct kr_str code, uint32_t *ret)
{
	uint32_t v = 0;

	if (!code.n || kr_str_eqc(code, "-") || kr_str_eqc(code, "ZZ"))
		return 1;
	if (code.n != 2)
		return -KR_EINVAL;
	for (int i = 0; i < 2; i++) {
		char c = kr_upper(code.p[i]);

		if (c >= 'A' && c <= 'Z')
			v = v * 36 + (uint32_t)(c - 'A');
		else if (kr_is_digit(c))
			v = v * 36 + 26 + (uint32_t)(c - '0');
		else
			return -KR_EINVAL;
	}
	*ret = v;
	return 0;
}

static uint64_t count_rows(struct kr_str bytes)
{
	struct kr_iptable t;

	return kr_iptable_view(bytes, &t) ? 0 : kr_iptable_count(&t);
}

int kr_lookup_write(struct kr_lookup_build *b, int dirfd, struct kr_lookup_about *about,
		    struct kr_fault *reterr)
{
	KR_AUTO_BUF bytes = KR_BUF(PART_MAX);
	uint64_t rows;
	int err;

	if (!kr_iptable_build_count(b->table))
		return kr_fault_set(reterr, -KR_EINVAL, "the files hold no row");
	err = kr_iptable_build_end(b->table, &bytes);
	if (err)
		return kr_fault_set(reterr, err, "the table is too large");
	rows = about->rows = count_rows(kr_buf_str(&bytes));
	const struct kr_krt_part parts[] = {
		{"ranges", kr_buf_str(&bytes)},
		{"rows", kr_buf_str(&b->rows)},
		{"text", kr_buf_str(&b->text)},
		{"files", about->files},
		{"licence", about->licence},
		{"attrib", about->attribution},
		{"count", kr_str_n((const char *)&rows, sizeof(rows))},
	};

	err = kr_mkdir_all(dirfd, "tables", 0750, reterr);
	if (err)
		return err;
	return kr_krt_write(dirfd, kr_lookup__path(b->kind), kr_lookup_text(b->kind),
			    (uint64_t)about->imported, parts, KR_ARRAY_LEN(parts), reterr);
}
