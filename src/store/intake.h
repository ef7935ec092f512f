/* SPDX-License-Identifier: Apache-2.0 */
/* Sources that run by themselves: their state; and the rules for events on their way in. */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/str.h"
#include "model/scope.h"
#include "store/audit.h"
#include "store/store.h"

struct kr_source_state {
	uint32_t source;
	kr_time tried, ok, next; /* KR_TIME_NONE: never, not planned */
	uint32_t failures;	 /* since the last success */
	struct kr_str error;
	struct kr_str etag, modified, cursor; /* what the kind of source remembers */
	kr_time silent; /* since when it counts as silent; KR_TIME_NONE: it does not */
};
/* State of a source; all absent if it never ran. Texts in the arena. */
KR_MUST_USE int kr_store_source_state(struct kr_store *s, uint32_t source, struct kr_arena *a,
				      struct kr_source_state *ret, struct kr_fault *reterr);
KR_MUST_USE int kr_store_source_state_put(struct kr_store *s, const struct kr_source_state *st,
					  struct kr_fault *reterr);

enum kr_intake_action { KR_INTAKE_DROP = 1, KR_INTAKE_TAG = 2, KR_INTAKE_SET = 3 };

struct kr_intake_rule {
	uint32_t id, position; /* applied in the order of position, then id */
	uint32_t source;       /* 0: all */
	struct kr_str source_name, expr, argument, note;
	enum kr_intake_action action;
	bool enabled;
	kr_time created, changed;
	uint32_t revision;
};
/* Add (id 0) or change (revision must match, else -KR_EEXIST). */
KR_MUST_USE int kr_store_intake_put(struct kr_store *s, const struct kr_by *by,
				    const struct kr_intake_rule *r, uint32_t *ret_id,
				    struct kr_fault *reterr);
KR_MUST_USE int kr_store_intake_remove(struct kr_store *s, const struct kr_by *by, uint32_t id,
				       struct kr_fault *reterr);
/* All that are not removed, in their order. */
KR_MUST_USE int kr_store_intake_list(struct kr_store *s, struct kr_arena *a,
				     struct kr_intake_rule **ret, size_t *ret_n,
				     struct kr_fault *reterr);
/* What rules dropped from a report, by rule, most first; rules that are gone too. */
struct kr_report_drop {
	uint32_t rule;
	uint64_t n;
	struct kr_str expr; /* of the rule as it is now */
};
KR_MUST_USE int kr_store_report_drops(struct kr_store *s, uint64_t report, struct kr_arena *a,
				      struct kr_report_drop **ret, size_t *ret_n,
				      struct kr_fault *reterr);
/* Changes with every change of a rule. */
uint64_t kr_store_intake_version(struct kr_store *s);
