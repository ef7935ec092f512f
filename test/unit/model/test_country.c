/* SPDX-License-Identifier: Apache-2.0 */
#include "model/country.h"

#include "tap.h"

int main(void)
{
	struct kr_fault f;
	char text[400];

	IS(kr_countries_load(KR_STR("code2,label_en\nRS,Serbia\nrs,Again\n"), &f), -KR_EINVAL,
	   "a code twice");
	IS_CSTR(kr_fault_text(&f, text, sizeof(text)),
		"countries.csv:3: 'rs' must be a code of two letters, given once, with a name",
		"its fault");
	IS(kr_countries_load(KR_STR("code2\nRS\n"), &f), -KR_EINVAL, "a column is missing");
	IS_CSTR(kr_fault_text(&f, text, sizeof(text)),
		"countries.csv:1: column 'label_en' is missing (name it in the first row)",
		"its fault");
	IS_STR(kr_country_name(KR_STR("me")), KR_STR("Montenegro"), "the embedded table is read");
	OK(!kr_country_name(KR_STR("ZZ")).p && !kr_country_name(KR_STR("1A")).p &&
		   !kr_country_name(KR_STR("")).p,
	   "codes that are not there");
	IS_STR(kr_country_at(0), KR_STR("AL"), "the first row");
	OK(!kr_country_at(1000).p, "beyond the last");
	IS(kr_countries_load(KR_STR("code2,label_en\n"), &f), -KR_EEXIST, "not while it is in use");
	return tap_end();
}
