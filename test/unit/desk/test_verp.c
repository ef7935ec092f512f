/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/verp.h"

#include "tap.h"

int main(void)
{
	static const uint8_t key[KR_VERP_KEY] = "0123456789abcdef0123456789abcdef",
			     other[KR_VERP_KEY] = "x";
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_str s = kr_verp_sender(key, 17, KR_STR("bounces@example.org"), a), t;
	uint64_t id = 0;
	char text[200];

	OK(kr_str_starts(s, KR_STR("bounces+17.")) && kr_str_ends(s, KR_STR("@example.org")), "%s",
	   s.p);
	OK(s.n - 12 <= 64, "its local part is short enough");
	IS(kr_verp_read(key, s, &id), 0, "is known again");
	IS(id, 17, "as 17");
	for (size_t i = 0; i <= s.n; i++)
		text[i] = i < s.n ? kr_upper(s.p[i]) : '\0';
	IS(kr_verp_read(key, kr_str_c(text), &id), 0, "in capitals too");
	snprintf(text, sizeof(text), " <%s> ", s.p);
	IS(kr_verp_read(key, kr_str_c(text), &id), 0, "and in angles");
	t = kr_verp_sender(key, UINT64_MAX / 2, KR_STR("a@b"), a);
	IS(kr_verp_read(key, t, &id), 0, "the largest number");
	OK(id == UINT64_MAX / 2, "is itself");

	IS(kr_verp_read(other, s, &id), -KR_EDENIED, "another node's key");
	memcpy(text, s.p, s.n + 1);
	text[9]++;
	IS(kr_verp_read(key, kr_str_c(text), &id), -KR_EDENIED, "another delivery with this check");
	IS(kr_verp_read(key, KR_STR("bounces@example.org"), &id), -KR_ENOENT, "without one");
	IS(kr_verp_read(key, KR_STR("a+17.xyz@example.org"), &id), -KR_ENOENT, "too short");
	IS(kr_verp_read(key, KR_STR("+@"), &id), -KR_ENOENT, "nothing");
	IS(kr_verp_read(key, KR_STR(""), &id), -KR_ENOENT, "empty");
	IS(kr_verp_read(key, KR_STR("<>"), &id), -KR_ENOENT, "the null sender");

	t = kr_verp_message_id(key, 17, KR_STR("example.org"), a);
	IS(kr_verp_read_id(key, t, &id), 0, "a message id");
	IS(id, 17, "is of 17");
	IS(kr_verp_read_id(other, t, &id), -KR_EDENIED, "forged");
	snprintf(text, sizeof(text), "kr%s", s.p + 7);
	text[2] = '.';
	IS(kr_verp_read_id(key, kr_str_c(text), &id), -KR_EDENIED,
	   "the check of a sender is none of an id");
	IS(kr_verp_read_id(key, KR_STR("<kr.@>"), &id), -KR_ENOENT, "nothing in it");
	return tap_end();
}
