/* SPDX-License-Identifier: Apache-2.0 */
/* Beginning and end of taking a report, as main.db records them. */
#pragma once

#include "store/sqlite/state.h"

/* Set the report's state to SPOOLED, its generation (one more when it is taken again), and fill the
 * taking. */
KR_MUST_USE int kr_store__report_begin(struct kr_store *s, struct kr_taking *t, bool again,
				       struct kr_str format, uint32_t mapping,
				       struct kr_fault *reterr);
KR_MUST_USE int kr_store__report_end(struct kr_store *s, const struct kr_taking *t,
				     enum kr_report_state state, struct kr_str reason,
				     const struct kr_taken *total, struct kr_fault *reterr);
