/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include "base/err.h"
#include "tap.h"

static size_t pieces(const char *text)
{
	struct kr_str rest = kr_str_c(text), piece;
	size_t n = 0;

	while (kr_str_split(&rest, ',', &piece))
		n++;
	return n;
}

int main(void)
{
	int64_t i = 0;
	uint64_t u = 0;
	double d = 0;

	OK(kr_str_ieq(KR_STR("AbC"), KR_STR("aBc")), "case ignored");
	OK(!kr_str_ieq(KR_STR("\xc4"), KR_STR("\xe4")), "only for ASCII");
	IS(kr_str_cmp(KR_STR("ab"), KR_STR("abc")) < 0, true, "prefix is less");
	OK(kr_str_starts(KR_STR("abc"), KR_STR("ab")) && !kr_str_starts(KR_STR("a"), KR_STR("ab")),
	   "starts");
	OK(kr_str_ends(KR_STR("abc"), KR_STR("bc")) && !kr_str_ends(KR_STR("c"), KR_STR("bc")),
	   "ends");
	IS(kr_str_find(KR_STR("abcabc"), KR_STR("ca")), 2, "find");
	IS(kr_str_ifind(KR_STR("abCAbc"), KR_STR("ca")), 2, "find without case");
	IS(kr_str_find(KR_STR("abc"), KR_STR("abcd")), -1, "not found");
	IS_STR(kr_str_trim(KR_STR(" \ta b\r\n")), KR_STR("a b"), "trim");
	IS(pieces("a,,b"), 3, "split");
	IS(pieces(""), 1, "split of nothing");
	IS(pieces("a,"), 2, "split with an empty end");

	IS(kr_str_i64(KR_STR("-9223372036854775808"), &i), 0, "smallest");
	OK(i == INT64_MIN, "its value");
	IS(kr_str_i64(KR_STR("9223372036854775808"), &i), -KR_EINVAL, "over the largest");
	IS(kr_str_u64(KR_STR("18446744073709551616"), &u), -KR_EINVAL, "over 64 bits");
	IS(kr_str_u64(KR_STR("1 "), &u), -KR_EINVAL, "other bytes");
	IS(kr_str_i64(KR_STR(""), &i), -KR_EINVAL, "nothing");
	IS(kr_str_i64(KR_STR("-"), &i), -KR_EINVAL, "sign alone");
	IS(kr_str_double(KR_STR("-1.5e3"), &d), 0, "decimal number");
	OK(d == -1500, "its value");
	IS(kr_str_double(KR_STR("nan"), &d), -KR_EINVAL, "not finite");
	IS(kr_str_double(KR_STR("0x10"), &d), -KR_EINVAL, "hexadecimal");
	IS(kr_str_double(KR_STR("1e999"), &d), -KR_EINVAL, "over the range");

	IS(kr_utf8_valid(KR_STR("abc \xc4\x8d \xe2\x82\xac \xf0\x9f\x98\x80")), 15, "valid UTF-8");
	IS(kr_utf8_valid(KR_STR("abcdefgh\xc0\xaf")), 8, "overlong");
	IS(kr_utf8_valid(KR_STR("\xed\xa0\x80")), 0, "surrogate");
	IS(kr_utf8_valid(KR_STR("a\xf4\x90\x80\x80")), 1, "over U+10FFFF");
	IS(kr_utf8_valid(KR_STR("ab\xe2\x82")), 2, "cut off");
	IS(kr_hex_value('F'), 15, "hexadecimal digit");
	IS(kr_hex_value('g'), -1, "no digit");
	return tap_end();
}
