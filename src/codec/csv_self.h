/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the room: CSV that describes itself, as we write it, and reading it back. */
#pragma once

#include "codec/table.h"

struct kr_csv_self; /* lives in the arena of the table */

/* Bind the names of a header. -KR_EMAPPING if none of them is a field. */
KR_MUST_USE int kr_csv_self__begin(struct kr_table_state *t, struct kr_csv_self **ret,
				   struct kr_fault *reterr);
void kr_csv_self__row(const struct kr_csv_self *self, struct kr_table_state *t,
		      const struct kr_str *cells, const struct kr_place *at, struct kr_batch *out);

void kr_csv_self__write_begin(struct kr_buf *b);
void kr_csv_self__write_item(struct kr_buf *b, const struct kr_event *e, bool first,
			     const struct kr_codec_write_opts *w);
void kr_csv_self__write_end(struct kr_buf *b, bool empty);
extern const char *const kr_csv_self__unmapped[];
