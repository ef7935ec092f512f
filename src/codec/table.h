/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the room: what both codecs of tables share: reading records, the header, refusals. */
#pragma once

#include "codec/csvread.h"
#include "codec/plan.h"

/* A table being read. */
struct kr_table_state {
	struct kr_csv csv;
	struct kr_plan plan;
	struct kr_arena *arena; /* header and plan; lives as long as the state */
	struct kr_str *names;
	unsigned n_names;
	kr_time observed;
	bool begun; /* the plan is there */
};

void kr_table__open(struct kr_table_state *t, const struct kr_csv_opts *csv, kr_time observed);
void kr_table__close(struct kr_table_state *t);
/* Keep the header's names: blanks around them are dropped. -KR_EREFUSED (nothing in it),
 * -KR_ELIMIT. */
KR_MUST_USE int kr_table__names(struct kr_table_state *t, const struct kr_str *cells, unsigned n,
				struct kr_fault *reterr);
/* The record that should be the header is broken: refuse the report. */
KR_MUST_USE int kr_table__bad_header(const struct kr_csv_record *r, struct kr_fault *reterr);
/* Note a broken record. */
void kr_table__refuse(const struct kr_csv_record *r, struct kr_batch *out);
/* Fill a fault's place from a record and return err. */
int kr_table__at(const struct kr_csv_record *r, int err, struct kr_fault *reterr);
