/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a viewer may see, as a predicate that the store applies to lists, counts, facets, counters
 * and pages. Made by kr_gate_scope() alone; a plain value without pointers.
 */
#pragma once

#include "base/base.h"
#include "model/event.h"
#include "model/expr.h"
#include "model/field.h"
#include "model/label.h"

/* Which fields and subjects a viewer sees; all others do not exist for him. */
enum kr_fieldset {
	KR_FIELDS_STAFF = 0, /* all */
	KR_FIELDS_OWNER, /* not where it came from (source, report, feed.*), nor who else was told
			  */
	KR_FIELDS_COMMUNITY, /* as OWNER, and no personal data, no free text and no extra */
};

struct kr_scope {
	bool all;	      /* everything: the node itself. No other member counts then */
	enum kr_tlp tlp_max;  /* rows labelled tighter do not exist; NONE: none does */
	uint32_t constituent; /* only rows that this one owns; 0: whoever owns them */
	enum kr_fieldset fields;
	uint32_t rights; /* KR_RIGHT_*: which kinds of things may be listed at all */
};

#define KR_SCOPE_ALL ((const struct kr_scope){.all = true})

/* Our own team: sees all fields, and everything that its label lets pass. Ids are not sealed for
 * it.
 */
static inline bool kr_scope_is_staff(const struct kr_scope *s)
{
	return s->all || (s->fields == KR_FIELDS_STAFF && !s->constituent);
}
/* Does a row pass? The same answer as the store's SQL. */
bool kr_scope_has(const struct kr_scope *s, enum kr_tlp label, const struct kr_owner *owners,
		  size_t n_owners);
/* Is there this field, or this subject of expressions (KR_SUBJ_FIELD: the field decides)? */
bool kr_scope_field(const struct kr_scope *s, enum kr_field f);
bool kr_scope_subject(const struct kr_scope *s, enum kr_expr_subject subject);
/* For kr_expr_opts.may_name; ctx is the scope. */
bool kr_scope_may_name(void *ctx, enum kr_expr_subject subject, enum kr_field field);
/*
 * Take out of an event what the scope does not show: fields, extra, other owners.
 *
 * e  changed in place; its arena is not needed
 */
void kr_scope_redact(const struct kr_scope *s, struct kr_event *e);
