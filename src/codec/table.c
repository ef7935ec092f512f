/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/table.h"

#include "base/err.h"

/* Names of columns and steps of at most 1,024 columns fit many times. */
#define HEADER_ARENA_MAX ((size_t)16 << 20)

void kr_table__open(struct kr_table_state *t, const struct kr_csv_opts *csv, kr_time observed)
{
	kr_csv_init(&t->csv, csv);
	t->arena = kr_arena_new(HEADER_ARENA_MAX);
	t->observed = observed;
}

void kr_table__close(struct kr_table_state *t)
{
	kr_csv_done(&t->csv);
	kr_arena_free(t->arena);
}

int kr_table__names(struct kr_table_state *t, const struct kr_str *cells, unsigned n,
		    struct kr_fault *reterr)
{
	bool any = false;

	t->names = kr_arena_calloc(t->arena, n, sizeof(*t->names));
	if (!t->names)
		return kr_fault_set(reterr, -KR_ELIMIT, "the header needs too much memory");
	for (unsigned i = 0; i < n; i++) {
		t->names[i] = kr_arena_dup(t->arena, kr_str_trim(cells[i]));
		if (!t->names[i].p)
			return kr_fault_set(reterr, -KR_ELIMIT, "the header needs too much memory");
		any |= t->names[i].n > 0;
	}
	t->n_names = n;
	t->csv.columns = n;
	if (!any)
		return kr_fault_set(reterr, -KR_EREFUSED, "the header names no column");
	return 0;
}

int kr_table__at(const struct kr_csv_record *r, int err, struct kr_fault *reterr)
{
	kr_fault_at(reterr, r->line, r->column ? r->column : 1, r->offset);
	return err;
}

int kr_table__bad_header(const struct kr_csv_record *r, struct kr_fault *reterr)
{
	kr_fault_set(reterr, -KR_EREFUSED, "the header cannot be read: %s", r->reason);
	kr_fault_remedy(reterr, "is it a table of this kind?");
	return kr_table__at(r, -KR_EREFUSED, reterr);
}

void kr_table__refuse(const struct kr_csv_record *r, struct kr_batch *out)
{
	kr_batch_refuse(out, r->offset, r->length, (uint32_t)KR_MIN(r->line, UINT32_MAX),
			(uint32_t)KR_MIN(r->column, UINT32_MAX), "%s", r->reason);
}
