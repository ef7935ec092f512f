/* SPDX-License-Identifier: Apache-2.0 */
#include "model/field.h"

#include "base/ip.h"
#include "model/label.h"
#include "model/taxonomy.h"
#include "tap.h"

static void table(void)
{
	unsigned n = 0;
	bool found = true, words = true;

	for (unsigned f = 0; f < KR_FIELD_MAX; f++) {
		const struct kr_field_info *info = kr_field_info((enum kr_field)f);
		struct kr_str rest, word;

		if (!info)
			continue;
		n++;
		found &= kr_field_by_name(info->name_str) == (enum kr_field)f;
		found &= kr_field_by_word(info->name_str) == (enum kr_field)f;
		rest = kr_str_c(info->words);
		while (kr_str_split(&rest, ',', &word))
			words &= word.n == 0 || kr_field_by_word(word) == (enum kr_field)f;
	}
	IS(n, 87, "number of fields");
	OK(found, "every field is found by its name");
	OK(words, "every short name leads to one field");
	OK(!kr_field_info(KR_F_NONE) && !kr_field_info(KR_FIELD_MAX), "numbers that no field has");
	IS(kr_field_by_name(KR_STR("source.IP")), KR_F_NONE, "names are exact");
	IS(kr_field_by_name(KR_STR("")), KR_F_NONE, "an empty name");
	IS(kr_field_by_name(KR_STR("source.i")), KR_F_NONE, "a prefix of a name");
	IS(kr_field_by_name(KR_STR("source.ipx")), KR_F_NONE, "more than a name");
	IS(kr_field_by_word(KR_STR("ASN")), KR_F_SRC_ASN, "a short name in any case");
	IS(kr_field_by_word(KR_STR("Source.IP")), KR_F_SRC_IP, "a full name in any case");
	IS(kr_field_by_word(KR_STR("")), KR_F_NONE,
	   "fields without short names are not found by nothing");
	OK(kr_field_info(KR_F_SRC_IP)->flags == (KR_FIELD_COL | KR_FIELD_WORD | KR_FIELD_PII),
	   "flags");
	OK(kr_field_info(KR_F_TLP)->rep == KR_REP_INT &&
		   kr_field_info(KR_F_SRC_NETWORK)->rep == KR_REP_IP,
	   "representation by kind");
}

static void compare(void)
{
	union kr_value a = {.i = -1}, b = {.i = 1};

	OK(kr_field_cmp(KR_F_SRC_PORT, &a, &b) < 0 && kr_field_cmp(KR_F_SRC_PORT, &b, &a) > 0 &&
		   kr_field_cmp(KR_F_SRC_PORT, &a, &a) == 0,
	   "numbers are compared with their sign");
	a.text = KR_STR("abc");
	b.text = KR_STR("abcd");
	OK(kr_field_cmp(KR_F_COMMENT, &a, &b) < 0, "texts by bytes");
	a.d = -0.5;
	b.d = 0.25;
	OK(kr_field_cmp(KR_F_SRC_LATITUDE, &a, &b) < 0, "real numbers");
	a.ip = kr_ip_from_u32(0xc0000201);
	b.ip = kr_ip_from_u32(0xc0000202);
	OK(kr_field_cmp(KR_F_SRC_IP, &a, &b) < 0, "addresses");
}

static void nothing(void)
{
	OK(kr_field_is_nothing(KR_STR("")) && kr_field_is_nothing(KR_STR("-")) &&
		   kr_field_is_nothing(KR_STR("N/A")) && kr_field_is_nothing(KR_STR("n/a")) &&
		   kr_field_is_nothing(KR_STR("   ")) && kr_field_is_nothing(KR_STR(" - ")),
	   "input that means nothing");
	OK(!kr_field_is_nothing(KR_STR("0")) && !kr_field_is_nothing(KR_STR("--")) &&
		   !kr_field_is_nothing(KR_STR("none")) && !kr_field_is_nothing(KR_STR("NA")),
	   "input that means something");
}

int main(void)
{
	table();
	compare();
	nothing();
	return tap_end();
}
