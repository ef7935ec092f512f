/* SPDX-License-Identifier: Apache-2.0 */
/* Roles, rights and doors: lookups in the three tables. */
#include "model/viewer.h"

#include "base/buf.h"

#define EVENTS	     KR_RIGHT_EVENTS
#define REPORTS	     KR_RIGHT_REPORTS
#define REGISTER     KR_RIGHT_REGISTER
#define DELIVERIES   KR_RIGHT_DELIVERIES
#define FEEDBACK     KR_RIGHT_FEEDBACK
#define TAKE	     KR_RIGHT_TAKE
#define SOURCES	     KR_RIGHT_SOURCES
#define CONSTITUENTS KR_RIGHT_CONSTITUENTS
#define DELIVER	     KR_RIGHT_DELIVER
#define AUDIT	     KR_RIGHT_AUDIT
#define USERS	     KR_RIGHT_USERS
#define NODE	     KR_RIGHT_NODE

static const struct kr_role_info roles[KR_ROLES] = {
#define R(id, number, name, audience, fields, bound, rights, doc)                                  \
	[number] = {name, doc, KR_AUDIENCE_##audience, KR_FIELDS_##fields, bound, rights},
#include "model/roles.def"
#undef R
};

static const struct {
	const char *name;
	enum kr_tlp tlp;
} doors[KR_DOORS] = {
#define D(id, number, name, tlp, doc) [number] = {name, KR_TLP_##tlp},
#include "model/doors.def"
#undef D
};

static const struct {
	const char *name;
	uint32_t bit;
} rights[] = {
#define X(id, bit, name, doc) {name, 1u << (bit)},
#include "model/rights.def"
#undef X
};

enum kr_tlp kr_audience_tlp(enum kr_audience a)
{
	static const enum kr_tlp reach[] = {
		[KR_AUDIENCE_NOBODY] = KR_TLP_NONE,  [KR_AUDIENCE_STAFF] = KR_TLP_AMBER_STRICT,
		[KR_AUDIENCE_OWNERS] = KR_TLP_AMBER, [KR_AUDIENCE_COMMUNITY] = KR_TLP_GREEN,
		[KR_AUDIENCE_PUBLIC] = KR_TLP_CLEAR,
	};

	return (size_t)a < KR_ARRAY_LEN(reach) ? reach[a] : KR_TLP_NONE;
}

const struct kr_role_info *kr_role_info(enum kr_role r)
{
	return (unsigned)r < KR_ROLES && roles[r].name ? &roles[r] : NULL;
}

int kr_role_parse(struct kr_str s, enum kr_role *ret)
{
	for (int i = 1; i < KR_ROLES; i++)
		if (roles[i].name && kr_str_ieq(s, kr_str_c(roles[i].name))) {
			*ret = (enum kr_role)i;
			return 0;
		}
	return -KR_EINVAL;
}

const char *kr_door_text(enum kr_door d)
{
	return (unsigned)d < KR_DOORS && doors[d].name ? doors[d].name : "";
}

enum kr_tlp kr_door_tlp(enum kr_door d)
{
	return (unsigned)d < KR_DOORS ? doors[d].tlp : KR_TLP_NONE;
}

void kr_rights_text(uint32_t r, struct kr_buf *b)
{
	const char *comma = "";

	for (size_t i = 0; i < KR_ARRAY_LEN(rights); i++)
		if (r & rights[i].bit) {
			kr_buf_printf(b, "%s%s", comma, rights[i].name);
			comma = ",";
		}
}

static uint32_t right_of(struct kr_str word)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(rights); i++)
		if (kr_str_ieq(word, kr_str_c(rights[i].name)))
			return rights[i].bit;
	return 0;
}

int kr_rights_parse(struct kr_str s, uint32_t *ret, struct kr_fault *reterr)
{
	uint32_t all = 0;

	while (s.n) {
		ptrdiff_t comma = kr_str_chr(s, ',');
		struct kr_str word = comma < 0 ? s : kr_str_first(s, (size_t)comma);
		uint32_t bit = right_of(word);

		if (!bit) {
			kr_fault_set(reterr, -KR_EINVAL, "'%.*s' is no right",
				     (int)(word.n > 60 ? 60 : word.n), word.p);
			kr_fault_remedy(reterr, "use events, reports, register, deliveries, "
						"feedback, take, sources, constituents, deliver, "
						"audit, users, node, separated by commas");
			return -KR_EINVAL;
		}
		all |= bit;
		s = comma < 0 ? KR_STR("") : kr_str_from(s, (size_t)comma + 1);
	}
	*ret = all;
	return 0;
}

struct kr_viewer kr_viewer_local(void)
{
	return (struct kr_viewer){
		.kind = KR_VIEWER_LOCAL,
		.name = KR_STR("local"),
		.role = KR_ROLE_ADMIN,
		.door = KR_DOOR_LOCAL,
		.rights = KR_RIGHTS_ALL,
	};
}
