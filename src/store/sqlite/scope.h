/* SPDX-License-Identifier: Apache-2.0 */
/* Inside this room: what a scope means for tables. */
#pragma once

#include "model/audience.h"
#include "model/register.h"
#include "model/scope.h"
#include "model/viewer.h"

/* The labels that a scope shows, as the range of numbers that rows and counters hold. A row without
 * a label (0) counts as AMBER, so a tighter limit leaves it out. Empty: lo > hi. */
struct kr_labels {
	int lo, hi;
};
static inline struct kr_labels kr_store__labels(const struct kr_scope *s)
{
	if (s->all)
		return (struct kr_labels){KR_TLP_NONE, KR_TLP_RED};
	if (s->tlp_max < kr_tlp_effective(KR_TLP_NONE))
		return (struct kr_labels){KR_TLP_CLEAR, (int)s->tlp_max};
	return (struct kr_labels){KR_TLP_NONE, (int)s->tlp_max};
}

/* The tighter of two labels of rows; CLEAR is the loosest. */
static inline uint8_t kr_store__label_tighter(uint8_t a, uint8_t b)
{
	enum kr_tlp x = kr_tlp_effective((enum kr_tlp)a), y = kr_tlp_effective((enum kr_tlp)b);

	if (x != y)
		return x < y ? b : a;
	return KR_MAX(a, b);
}

/* The only constituent that a scope shows; 0: all. */
static inline uint32_t kr_store__bound(const struct kr_scope *s)
{
	return s->all ? 0 : s->constituent;
}

/*
 * Reports and sources. A report's lines carry whatever labels they carry, and its numbers count
 * all of them: so it takes a scope of staff that reaches as far as labels of staff do.
 */
static inline bool kr_store__shows_reports(const struct kr_scope *s)
{
	return s->all || (kr_scope_is_staff(s) && (s->rights & KR_RIGHT_REPORTS) &&
			  s->tlp_max >= kr_audience_tlp(KR_AUDIENCE_STAFF));
}

/* Numbers of rows that wait to be told: for a scope that reaches as far as what owners are told, or
 * that shows no events at all, so that no number is of rows which it hides. */
static inline bool kr_store__counts_told(const struct kr_scope *s)
{
	return s->all || s->tlp_max == KR_TLP_NONE ||
	       s->tlp_max >= kr_audience_tlp(KR_AUDIENCE_OWNERS);
}

/* And of rows whose label is too tight for their owner: for the team. */
static inline bool kr_store__counts_untold(const struct kr_scope *s)
{
	return s->all || (kr_scope_is_staff(s) && s->tlp_max >= kr_audience_tlp(KR_AUDIENCE_STAFF));
}

/* The register: all of it by right; whoever is bound sees his own entry. */
static inline bool kr_store__shows_register(const struct kr_scope *s)
{
	return s->all || (s->constituent ? s->rights != 0 : (s->rights & KR_RIGHT_REGISTER) != 0);
}

/* Notes are ours, not the constituent's. */
static inline void kr_store__constituent_redact(const struct kr_scope *s, struct kr_constituent *c)
{
	if (!kr_scope_is_staff(s))
		c->note = KR_STR("");
}
