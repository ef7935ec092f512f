/* SPDX-License-Identifier: Apache-2.0 */
/* Roles, rights and doors: numbers are stored and may not move; names are what people type. */
#include "model/viewer.h"

#include "base/buf.h"
#include "tap.h"

static void test_roles(void)
{
	static const struct {
		const char *name;
		int number;
		enum kr_audience audience;
		bool bound;
		const char *rights;
	} want[] = {
#define STAFF KR_AUDIENCE_STAFF
		{"viewer", 1, STAFF, false, "events,reports,register,deliveries"},
		{"duty", 2, STAFF, false, "events,reports,register,deliveries,feedback,take"},
		{"analyst", 3, STAFF, false,
		 "events,reports,register,deliveries,feedback,take,sources"},
		{"lead", 4, STAFF, false,
		 "events,reports,register,deliveries,feedback,take,sources,constituents,deliver,"
		 "audit"},
		{"admin", 5, STAFF, false,
		 "events,reports,register,deliveries,feedback,take,sources,constituents,deliver,"
		 "audit,users,node"},
		{"operator", 6, KR_AUDIENCE_OWNERS, true, "events,deliveries,feedback"},
		{"partner", 7, KR_AUDIENCE_COMMUNITY, false, "events"},
		{"police", 8, KR_AUDIENCE_COMMUNITY, false, "events"},
#undef STAFF
	};
	enum kr_role role;

	IS(KR_ROLES, KR_ARRAY_LEN(want) + 1, "all roles are in this table");
	for (size_t i = 0; i < KR_ARRAY_LEN(want); i++) {
		const struct kr_role_info *info = kr_role_info((enum kr_role)want[i].number);
		KR_AUTO_BUF b = KR_BUF(400);

		kr_rights_text(info->rights, &b);
		OK(!strcmp(info->name, want[i].name) && info->audience == want[i].audience &&
			   info->bound == want[i].bound,
		   "role %d is %s", want[i].number, want[i].name);
		IS_STR(kr_buf_str(&b), kr_str_c(want[i].rights), "has its rights");
		OK(!kr_role_parse(kr_str_c(want[i].name), &role) && (int)role == want[i].number,
		   "and its name is read");
	}
	OK(!kr_role_parse(KR_STR("ADMIN"), &role) && role == KR_ROLE_ADMIN, "in capitals too");
	IS(kr_role_parse(KR_STR(""), &role), -KR_EINVAL, "nothing is no role");
	IS(kr_role_parse(KR_STR("administrator"), &role), -KR_EINVAL,
	   "what begins like one is none");
	OK(!kr_role_info(KR_ROLE_NONE) && !kr_role_info(KR_ROLES) &&
		   !kr_role_info((enum kr_role) - 1) && !kr_role_info((enum kr_role)1000),
	   "numbers that no role has");
}

static void test_rights(void)
{
	struct kr_fault f = {0};
	KR_AUTO_BUF b = KR_BUF(400);
	uint32_t rights, again;

	IS(kr_rights_parse(KR_STR("events,take"), &rights, &f), 0, "rights are read");
	IS(rights, KR_RIGHT_EVENTS | KR_RIGHT_TAKE, "as bits");
	IS(KR_RIGHT_EVENTS | KR_RIGHT_NODE << 1, 1 | 1 << 12, "that are stored");
	kr_rights_text(KR_RIGHTS_ALL, &b);
	IS(kr_rights_parse(kr_buf_str(&b), &again, &f), 0, "what is written is read back");
	IS(again, (1 << 12) - 1, "all of it");
	IS(kr_rights_parse(KR_STR(""), &rights, &f), 0, "no right at all");
	IS(rights, 0, "is none");
	IS(kr_rights_parse(KR_STR("events,"), &rights, &f), 0, "a comma at the end is nothing");
	IS(kr_rights_parse(KR_STR("events,root"), &rights, &f), -KR_EINVAL, "what is no right");
	OK(strstr(f.message, "'root'") && strstr(f.remedy, "deliveries"), "is told, with what is");
	IS(kr_rights_parse(KR_STR("events take"), &rights, &f), -KR_EINVAL,
	   "blanks do not separate");
	IS(kr_rights_parse(KR_STR(",events"), &rights, &f), -KR_EINVAL,
	   "an empty word is no right");
	OK(!kr_viewer_can(&(struct kr_viewer){0}, KR_RIGHT_EVENTS), "nobody may nothing");
}

static void test_reach(void)
{
	static const struct {
		const char *name;
		int number;
		enum kr_tlp tlp;
	} doors[] = {
		{"local", 1, KR_TLP_AMBER_STRICT}, {"page", 2, KR_TLP_AMBER_STRICT},
		{"api", 3, KR_TLP_AMBER_STRICT},   {"export", 4, KR_TLP_AMBER},
		{"mail", 5, KR_TLP_AMBER},	   {"webhook", 6, KR_TLP_AMBER},
		{"file", 7, KR_TLP_AMBER},	   {"link", 8, KR_TLP_AMBER},
	};
	struct kr_viewer local = kr_viewer_local();

	IS(KR_DOORS, KR_ARRAY_LEN(doors) + 1, "all doors are in this table");
	for (size_t i = 0; i < KR_ARRAY_LEN(doors); i++)
		OK(!strcmp(kr_door_text((enum kr_door)doors[i].number), doors[i].name) &&
			   kr_door_tlp((enum kr_door)doors[i].number) == doors[i].tlp,
		   "door %d is %s", doors[i].number, doors[i].name);
	OK(kr_door_tlp(KR_DOOR_NONE) == KR_TLP_NONE && kr_door_tlp(KR_DOORS) == KR_TLP_NONE &&
		   kr_door_tlp((enum kr_door) - 1) == KR_TLP_NONE && !*kr_door_text(KR_DOORS),
	   "nothing passes what is no door");
	OK(kr_audience_tlp(KR_AUDIENCE_STAFF) == KR_TLP_AMBER_STRICT &&
		   kr_audience_tlp(KR_AUDIENCE_OWNERS) == KR_TLP_AMBER &&
		   kr_audience_tlp(KR_AUDIENCE_COMMUNITY) == KR_TLP_GREEN &&
		   kr_audience_tlp(KR_AUDIENCE_PUBLIC) == KR_TLP_CLEAR,
	   "labels reach whom TLP 2.0 says");
	OK(kr_audience_tlp(KR_AUDIENCE_NOBODY) == KR_TLP_NONE &&
		   kr_audience_tlp((enum kr_audience)77) == KR_TLP_NONE,
	   "and nobody else");
	IS(kr_tlp_effective(KR_TLP_NONE), KR_TLP_AMBER, "what has no label counts as AMBER");
	OK(local.kind == KR_VIEWER_LOCAL && local.door == KR_DOOR_LOCAL && !local.constituent &&
		   local.rights == KR_RIGHTS_ALL,
	   "the owner of the directory may everything");
}

int main(void)
{
	test_roles();
	test_rights();
	test_reach();
	return tap_end();
}
