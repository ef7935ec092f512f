/* SPDX-License-Identifier: Apache-2.0 */
#include "model/scope.h"

#include "model/audience.h"

bool kr_scope_has(const struct kr_scope *s, enum kr_tlp label, const struct kr_owner *owners,
		  size_t n_owners)
{
	if (s->all)
		return true;
	if (kr_tlp_effective(label) > s->tlp_max)
		return false;
	for (size_t i = 0; s->constituent && i < n_owners; i++)
		if (owners[i].constituent == s->constituent)
			return true;
	return !s->constituent;
}

/* Ours, not the recipient's: how it came, and what other programs of ours made of it. */
static bool inner_field(enum kr_field f)
{
	switch (f) {
	case KR_F_RAW:
	case KR_F_OUTPUT:
	case KR_F_RTIR_ID:
	case KR_F_EVENT_HASH:
	case KR_F_MISP_ATTRIBUTE:
	case KR_F_MISP_EVENT: return true;
	default: return false;
	}
}

/* Free text may hold anything, a person's name too. */
static bool free_text(enum kr_field f)
{
	return f == KR_F_COMMENT || f == KR_F_DESCRIPTION_TEXT || f == KR_F_DESCRIPTION_TARGET ||
	       f == KR_F_SCREENSHOT_URL;
}

bool kr_scope_field(const struct kr_scope *s, enum kr_field f)
{
	const struct kr_field_info *info = kr_field_info(f);

	if (!info)
		return false;
	if (s->all || s->fields == KR_FIELDS_STAFF)
		return true;
	if (info->flags & KR_FIELD_FEED || inner_field(f))
		return false;
	return s->fields == KR_FIELDS_OWNER || !(info->flags & KR_FIELD_PII || free_text(f));
}

bool kr_scope_subject(const struct kr_scope *s, enum kr_expr_subject subject)
{
	if (s->all || s->fields == KR_FIELDS_STAFF)
		return true;
	switch (subject) {
	case KR_SUBJ_SOURCE:
	case KR_SUBJ_CONSTITUENT:
	case KR_SUBJ_REPORT:
	case KR_SUBJ_ROUTED: return false;
	case KR_SUBJ_EXTRA: return s->fields == KR_FIELDS_OWNER;
	default: return true;
	}
}

bool kr_scope_may_name(void *ctx, enum kr_expr_subject subject, enum kr_field field)
{
	const struct kr_scope *s = ctx;

	return subject == KR_SUBJ_FIELD ? kr_scope_field(s, field) : kr_scope_subject(s, subject);
}

void kr_scope_redact(const struct kr_scope *s, struct kr_event *e)
{
	uint32_t n = 0;

	if (s->all || s->fields == KR_FIELDS_STAFF)
		return;
	for (int f = 1; f < KR_FIELD_MAX; f++)
		if (kr_event_has(e, (enum kr_field)f) && !kr_scope_field(s, (enum kr_field)f))
			kr_event_unset(e, (enum kr_field)f);
	if (!kr_scope_subject(s, KR_SUBJ_EXTRA)) {
		e->extra = NULL;
		e->extra_end = &e->extra;
		e->n_extra = 0;
		memset(e->extra_filter, 0, sizeof(e->extra_filter));
	}
	for (uint32_t i = 0; i < e->n_owners; i++)
		if (s->constituent && e->owners[i].constituent == s->constituent)
			e->owners[n++] = e->owners[i];
	e->n_owners = n;
}
