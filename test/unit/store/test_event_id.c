/* SPDX-License-Identifier: Apache-2.0 */
#include "store/event_id.h"

#include <string.h>

#include "tap.h"

static const struct kr_hash_key key = {.b = {7}}, other = {.b = {8}};
static const struct kr_scope staff = {.tlp_max = KR_TLP_AMBER_STRICT},
			     limited = {.tlp_max = KR_TLP_GREEN},
			     one = {.constituent = 1, .fields = KR_FIELDS_OWNER},
			     one_limited = {.constituent = 1,
					    .fields = KR_FIELDS_OWNER,
					    .tlp_max = KR_TLP_GREEN},
			     two = {.constituent = 2, .fields = KR_FIELDS_OWNER},
			     partner = {.fields = KR_FIELDS_COMMUNITY};

static bool same(const struct kr_event_id *a, const struct kr_event_id *b)
{
	return a->class_ == b->class_ && a->day == b->day && a->part == b->part && a->row == b->row;
}

static void test_sealed(void)
{
	const struct kr_event_id ids[] = {{KR_RETAIN_STANDARD, 20778, 1, 48213},
					  {KR_RETAIN_STANDARD, 20778, 1, 48214},
					  {KR_RETAIN_LONG, -1, UINT32_MAX, INT64_MAX}};
	char a[KR_EVENT_ID_TEXT_MAX], b[KR_EVENT_ID_TEXT_MAX];
	struct kr_event_id back;

	for (size_t i = 0; i < KR_ARRAY_LEN(ids); i++) {
		kr_event_id_for(&key, &one, &ids[i], a);
		IS(strlen(a), 53, "53 characters");
		OK(!kr_event_id_from(&key, &one, kr_str_c(a), &back) && same(&back, &ids[i]),
		   "a sealed id reads back");
		OK(!kr_event_id_from(&key, &one_limited, kr_str_c(a), &back),
		   "by a viewer of the same kind with another limit too");
		IS_CSTR(kr_event_id_for(&key, &one_limited, &ids[i], b), a, "to whom it is equal");
		IS(kr_event_id_from(&key, &two, kr_str_c(a), &back), -KR_EINVAL,
		   "not by another constituent");
		IS(kr_event_id_from(&key, &partner, kr_str_c(a), &back), -KR_EINVAL,
		   "not with another set of fields");
		IS(kr_event_id_from(&key, &staff, kr_str_c(a), &back), -KR_EINVAL, "not by staff");
		IS(kr_event_id_from(&other, &one, kr_str_c(a), &back), -KR_EINVAL,
		   "not in another directory");
		OK(strcmp(a, kr_event_id_for(&key, &two, &ids[i], b)) != 0,
		   "another constituent has another id");
		kr_event_id_text(&ids[i], b);
		IS(kr_event_id_from(&key, &one, kr_str_c(b), &back), -KR_EINVAL,
		   "a plain id is none for him");
	}
	kr_event_id_for(&key, &one, &ids[0], a);
	for (char *p = a; *p; p++)
		if (*p >= 'a')
			*p = (char)(*p - 32);
	OK(!kr_event_id_from(&key, &one, kr_str_c(a), &back) && same(&back, &ids[0]),
	   "in capital letters");
	kr_event_id_for(&key, &one, &ids[0], a);
	kr_event_id_for(&key, &one, &ids[1], b);
	OK(strncmp(a, b, 8) != 0, "neighbours have nothing in common");
}

static void test_plain(void)
{
	const struct kr_event_id id = {KR_RETAIN_STANDARD, 20778, 1, 48213};
	struct kr_stored_event ev = {.id = id};
	char a[KR_EVENT_ID_TEXT_MAX];
	struct kr_event_id back;

	IS_CSTR(kr_event_id_for(&key, &staff, &id, a), "20261121-standard-1-48213", "for staff");
	IS_CSTR(kr_event_id_for(&key, &limited, &id, a), "20261121-standard-1-48213",
		"with a limit too");
	IS_CSTR(kr_event_id_for(NULL, &KR_SCOPE_ALL, &id, a), "20261121-standard-1-48213",
		"for the node");
	OK(!kr_event_id_from(&key, &staff, kr_str_c(a), &back) && same(&back, &id), "and back");
	IS_CSTR(kr_stored_event_id(&ev, a), "20261121-standard-1-48213", "of an event of nobody");
}

int main(void)
{
	test_sealed();
	test_plain();
	return tap_end();
}
