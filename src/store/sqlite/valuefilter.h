/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which values a sealed partition can hold (class, type, AS, country, constituent, source): a Bloom
 * filter beside its entry in stats.db, so that a question about one AS over a year opens only the
 * days that have it. 10 bits a value and 7 probes: about one wrong "maybe" in a hundred.
 */
#pragma once

#include <sqlite3.h>

#include "base/buf.h"
#include "store/sqlite/plan.h"
#include "store/sqlite/tally.h"

/* Build the filter of a partition from its postings. ret is appended to. */
KR_MUST_USE int kr_valuefilter_build(sqlite3 *part, struct kr_buf *ret, struct kr_fault *reterr);
/* Does the expression ask for a value that filters know? If not, there is no use in reading them.
 */
bool kr_valuefilter_helps(const struct kr_expr *x);
/* Can a row of the partition hold this number? An empty filter says yes. */
bool kr_valuefilter_holds(struct kr_str filter, enum kr_posting kind, int64_t value);
/* Can a row of the partition match? An empty filter says yes. */
KR_MUST_USE int kr_valuefilter_may(struct kr_str filter, const struct kr_expr *x,
				   const struct kr_filter_names *names, struct kr_arena *a,
				   bool *ret, struct kr_fault *reterr);
