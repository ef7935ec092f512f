/* SPDX-License-Identifier: Apache-2.0 */
#include "web/page.h"

#include "tap.h"

int main(void)
{
	static const char *const there[] = {"hr", "sr", "sr@latin", NULL}, *const none[] = {NULL};
	static const struct {
		const char *asked, *accept, *want;
	} t[] = {
		{"hr", "", "hr"},
		{"HR", "", "hr"},
		{"sr-Latn", "", "sr@latin"},
		{"sr-Latn-RS", "", "sr@latin"},
		{"sr-RS", "", "sr"},
		{"sr-Cyrl", "", "sr"},
		{"xx", "", NULL},
		{"xx", "hr", "hr"},
		{"", "hr-HR,hr;q=0.9,en;q=0.8", "hr"},
		{"", "en;q=0.5, sr-Latn;q=0.6", "sr@latin"},
		{"", "de,fr;q=0.9", NULL},
		{"", "hr;q=0", NULL},
		{"", "hr;q=0, en", "en"},
		{"", "en-GB", "en"},
		{"", "hrx", NULL},
		{"", "", NULL},
		{"", ",,;;q=,;q=9", NULL},
		{"en", "hr", "en"},
	};

	for (size_t i = 0; i < KR_ARRAY_LEN(t); i++) {
		const char *got = kr_web__lang_pick(there, kr_str_c(t[i].asked),
						    kr_str_c(t[i].accept));

		OK(got && t[i].want ? !strcmp(got, t[i].want) : got == t[i].want,
		   "asked '%s', accepted '%s': %s", t[i].asked, t[i].accept, got ? got : "none");
	}
	OK(!kr_web__lang_pick(none, KR_STR("hr"), KR_STR("hr")), "where there is only English");
	IS_CSTR(kr_web__lang_tag("sr@latin"), "sr-Latn", "as HTML calls it");
	IS_CSTR(kr_web__lang_tag("mk"), "mk", "the same");
	return tap_end();
}
