/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the label must reach the audience that the viewer's role is (model/audience.h),
 * pass the door, and be within the key's own limit; who is bound to a constituent must own the
 * event. kr_gate_may() asks these one by one, in words; kr_gate_scope() folds them into one limit.
 * They are written apart on purpose, so that the test which compares them can fail.
 */
#include "gate/gate.h"

#include "base/text.h"

static bool owns(const struct kr_viewer *v, const struct kr_item *item)
{
	for (size_t i = 0; i < item->n_owners; i++)
		if (item->owners[i].constituent == v->constituent)
			return true;
	return false;
}

/* Who is bound to a constituent is its client's, whatever his role. */
static enum kr_audience audience_of(const struct kr_viewer *v, const struct kr_role_info *role)
{
	return v->constituent && role->audience == KR_AUDIENCE_STAFF ? KR_AUDIENCE_OWNERS
								     : role->audience;
}

const char *kr_gate_reason(const struct kr_viewer *v, const struct kr_item *item)
{
	const struct kr_role_info *role = kr_role_info(v->role);
	enum kr_tlp label = kr_tlp_effective(item->label);

	if (v->kind == KR_VIEWER_ANONYMOUS || !role)
		return N_("nobody is logged in");
	if (!kr_viewer_can(v, KR_RIGHT_EVENTS))
		return N_("the key does not include events");
	if (label == KR_TLP_RED)
		return N_("RED is for named persons only");
	if (label > kr_audience_tlp(audience_of(v, role)))
		return N_("the label does not reach this role");
	if (label > kr_door_tlp(v->door))
		return N_("the label may not leave by this way");
	if (v->tlp_max != KR_TLP_NONE && label > v->tlp_max)
		return N_("the label is tighter than the key allows");
	if (role->bound && !v->constituent)
		return N_("the account belongs to no constituent");
	if (v->constituent && !owns(v, item))
		return N_("another constituent owns it");
	return NULL;
}

bool kr_gate_may(const struct kr_viewer *v, const struct kr_item *item)
{
	return !kr_gate_reason(v, item);
}

struct kr_scope kr_gate_scope(const struct kr_viewer *v)
{
	const struct kr_role_info *role = kr_role_info(v->role);
	struct kr_scope s = {.fields = KR_FIELDS_COMMUNITY};

	if (v->kind == KR_VIEWER_ANONYMOUS || !role || (role->bound && !v->constituent))
		return s;
	s.rights = v->rights & (v->kind == KR_VIEWER_LOCAL ? KR_RIGHTS_ALL : role->rights);
	s.fields = role->fields;
	s.constituent = v->constituent;
	if (v->constituent) {
		s.rights &= KR_RIGHT_EVENTS | KR_RIGHT_DELIVERIES | KR_RIGHT_FEEDBACK;
		if (s.fields == KR_FIELDS_STAFF)
			s.fields = KR_FIELDS_OWNER;
	}
	if (!(v->rights & KR_RIGHT_EVENTS))
		return s;
	s.tlp_max = KR_MIN(kr_audience_tlp(audience_of(v, role)), kr_door_tlp(v->door));
	if (v->tlp_max != KR_TLP_NONE)
		s.tlp_max = KR_MIN(s.tlp_max, v->tlp_max);
	return s;
}

bool kr_gate_field(const struct kr_viewer *v, enum kr_field f)
{
	struct kr_scope s = kr_gate_scope(v);

	return s.tlp_max != KR_TLP_NONE && kr_scope_field(&s, f);
}
