/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * A table is mapped and asked where it lies: one look-up by address gives a number, which is a row
 * of AS number and name, or the two letters of a country. What the file says about places in itself
 * is checked at each use, so a damaged one gives a wrong answer at worst; `karaula doctor` finds
 * it.
 */
#include "pipe/lookup_internal.h"

#include <stdlib.h>

struct kr_lookup {
	enum kr_lookup_kind kind;
	struct kr_krt file;
	struct kr_iptable table;
	const struct kr_lookup__as *rows;
	size_t n_rows;
	struct kr_str text;
	char codes[KR_LOOKUP__COUNTRIES][2];
};

static const struct {
	const char *name, *path, *remedy;
} kinds[KR_LOOKUPS] = {
	[KR_LOOKUP_ASN] = {"asn", "tables/asn.krt",
			   "import it again: karaula table import asn FILE..."},
	[KR_LOOKUP_COUNTRY] = {"country", "tables/country.krt",
			       "import it again: karaula table import country FILE"},
};

const char *kr_lookup_text(enum kr_lookup_kind kind)
{
	return kinds[kind].name;
}

const char *kr_lookup__path(enum kr_lookup_kind kind)
{
	return kinds[kind].path;
}

const char *kr_lookup__remedy(enum kr_lookup_kind kind)
{
	return kinds[kind].remedy;
}

int kr_lookup_parse(struct kr_str s, enum kr_lookup_kind *ret)
{
	for (enum kr_lookup_kind k = KR_LOOKUP_ASN; k < KR_LOOKUPS; k++)
		if (kr_str_ieq(s, kr_str_c(kinds[k].name))) {
			*ret = k;
			return 0;
		}
	return -KR_EINVAL;
}

static int view(struct kr_lookup *l, struct kr_fault *reterr)
{
	l->rows = kr_krt_array(&l->file, "rows", sizeof(*l->rows), &l->n_rows);
	l->text = kr_krt_part(&l->file, "text");
	if (kr_iptable_view(kr_krt_part(&l->file, "ranges"), &l->table)) {
		kr_fault_set(reterr, -KR_ECORRUPT, "the compiled table is damaged");
		kr_fault_where(reterr, "%s", kinds[l->kind].path);
		kr_fault_remedy(reterr, "%s", kinds[l->kind].remedy);
		return -KR_ECORRUPT;
	}
	for (int i = 0; i < KR_LOOKUP__COUNTRIES; i++) {
		l->codes[i][0] = (char)(i / 36 < 26 ? 'A' + i / 36 : '0' + i / 36 - 26);
		l->codes[i][1] = (char)(i % 36 < 26 ? 'A' + i % 36 : '0' + i % 36 - 26);
	}
	return 0;
}

int kr_lookup_open(int dirfd, enum kr_lookup_kind kind, struct kr_lookup **ret,
		   struct kr_fault *reterr)
{
	struct kr_lookup *l = kr_xcalloc(1, sizeof(*l));
	int err = kr_krt_open(dirfd, kinds[kind].path, kinds[kind].name, kinds[kind].remedy,
			      &l->file, reterr);

	l->kind = kind;
	if (!err)
		err = view(l, reterr);
	if (err) {
		kr_lookup_free(l);
		return err;
	}
	*ret = l;
	return 0;
}

void kr_lookup_free(struct kr_lookup *l)
{
	if (!l)
		return;
	kr_krt_close(&l->file);
	free(l);
}

uint32_t kr_lookup_asn(const struct kr_lookup *l, const struct kr_ip *ip, struct kr_str *ret_name)
{
	uint32_t at = kr_iptable_get(&l->table, ip);
	const struct kr_lookup__as *row;

	*ret_name = KR_STR("");
	if (at >= l->n_rows)
		return 0;
	row = &l->rows[at];
	if (row->offset <= l->text.n && row->size <= l->text.n - row->offset)
		*ret_name = kr_str_n(l->text.p + row->offset, row->size);
	return row->asn;
}

struct kr_str kr_lookup_country(const struct kr_lookup *l, const struct kr_ip *ip)
{
	uint32_t at = kr_iptable_get(&l->table, ip);

	return at < KR_LOOKUP__COUNTRIES ? kr_str_n(l->codes[at], 2) : KR_STR("");
}

void kr_lookup_prefetch(const struct kr_lookup *l, const struct kr_ip *ip)
{
	kr_iptable_prefetch(&l->table, ip);
}

void kr_lookup_about(const struct kr_lookup *l, struct kr_lookup_about *ret)
{
	struct kr_str count = kr_krt_part(&l->file, "count");

	*ret = (struct kr_lookup_about){
		.files = kr_krt_part(&l->file, "files"),
		.licence = kr_krt_part(&l->file, "licence"),
		.attribution = kr_krt_part(&l->file, "attrib"),
		.imported = (kr_time)l->file.stamp,
		.bytes = l->file.map.n,
	};
	if (count.n == sizeof(ret->rows))
		memcpy(&ret->rows, count.p, sizeof(ret->rows));
}

int kr_lookup_check(const struct kr_lookup *l, struct kr_fault *reterr)
{
	int err = kr_krt_check(&l->file, reterr);

	if (err) {
		kr_fault_where(reterr, "%s", kinds[l->kind].path);
		kr_fault_remedy(reterr, "%s", kinds[l->kind].remedy);
	}
	return err;
}
