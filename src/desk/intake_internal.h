/* SPDX-License-Identifier: Apache-2.0 */
/* One compiled rule, as the files of the intake rules share it. */
#pragma once

#include "desk/intake.h"

struct kr_intake__rule {
	uint32_t id, source;
	enum kr_intake_action action;
	struct kr_expr *expr;
	enum kr_field field; /* SET: NONE is extra.KEY */
	struct kr_str key;   /* SET: of extra */
	struct kr_str text;  /* TAG: the word; SET of extra: the value */
	union kr_value value;
};

/*
 * Compile a rule: expression and action are checked.
 *
 * a  takes the tree and the value
 *
 * Returns 0; -KR_ESYNTAX, -KR_EINVAL, -KR_ELIMIT with what would be valid.
 */
KR_MUST_USE int kr_intake__compile(const struct kr_intake_rule *r, struct kr_arena *a,
				   struct kr_intake__rule *ret, struct kr_fault *reterr);
/* "drop", "tag WORD" or "set FIELD=VALUE" into action and argument, borrowed from text. */
KR_MUST_USE int kr_intake__action(struct kr_str text, struct kr_intake_rule *ret,
				  struct kr_fault *reterr);
/* Does it match this event? */
bool kr_intake__match(const struct kr_intake__rule *r, struct kr_str source,
		      const struct kr_event *e);
/*
 * Do to a matching event what the rule says; not for DROP.
 *
 * Returns 1 if the event is different now; 0; -KR_ELIMIT.
 */
KR_MUST_USE int kr_intake__act(const struct kr_intake__rule *r, struct kr_event *e,
			       struct kr_arena *arena);
