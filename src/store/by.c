/* SPDX-License-Identifier: Apache-2.0 */
#include "store/audit.h"

#include "base/buf.h"

const struct kr_by kr_by_node = {.who = KR_STR("node"), .door = KR_DOOR_LOCAL};
const struct kr_by kr_by_local = {.who = KR_STR("local"), .door = KR_DOOR_LOCAL};

struct kr_by kr_by_viewer(const struct kr_viewer *v, struct kr_arena *a)
{
	static const char *const kinds[] = {
		[KR_VIEWER_ANONYMOUS] = "anonymous", [KR_VIEWER_LOCAL] = "local",
		[KR_VIEWER_USER] = "user",	     [KR_VIEWER_KEY] = "key",
		[KR_VIEWER_RECIPIENT] = "recipient",
	};
	struct kr_by by = {.door = v->door, .address = v->address, .who = kr_str_c(kinds[v->kind])};
	char *text;

	if (v->kind == KR_VIEWER_ANONYMOUS || v->kind == KR_VIEWER_LOCAL)
		return by;
	text = kr_arena_alloc(a, by.who.n + 1 + v->name.n);
	if (!text)
		return by;
	memcpy(text, by.who.p, by.who.n);
	text[by.who.n] = ':';
	if (v->name.n)
		memcpy(text + by.who.n + 1, v->name.p, v->name.n);
	by.who = kr_str_n(text, by.who.n + 1 + v->name.n);
	return by;
}
