/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include "base/catalogues.h"
#include "base/mo.h"
#include "tap.h"

static void finds(const char *lang, const char *want)
{
	static const struct kr_base__catalogue list[] = {{"sq", NULL, 0},  {"hr", NULL, 0},
							 {"sr", NULL, 0},  {"sr@latin", NULL, 0},
							 {"cnr", NULL, 0}, {NULL, NULL, 0}};
	int i = kr_base__lang_find(list, lang);

	IS_CSTR(i < 0 ? "none" : list[i].lang, want, lang);
}

/* The forms of numbers, of each language as its people use them. */
static void test_forms(void)
{
	static const struct {
		const char *lang, *one;
	} want[] = {
		{"sq", "ngjarje"},
		{"bs", "doga\xc4\x91"
		       "aj"},
		{"mk", "\xd0\xbd\xd0\xb0\xd1\x81\xd1\x82\xd0\xb0\xd0\xbd"},
	};
	static const struct {
		uint64_t n;
		int form;
	} slavic[] = {{0, 2},  {1, 0},	{2, 1},	 {5, 2},   {11, 2},
		      {12, 2}, {21, 0}, {22, 1}, {101, 0}, {111, 2}};
	static const char *const red[] = {"red je ", "reda su ", "redova je "};

	for (size_t i = 0; i < KR_ARRAY_LEN(want); i++) {
		const char *one = kr_message_n(want[i].lang, "%llu event for %s",
					       "%llu events for %s", 1);

		OK(kr_message_langs()[0] == NULL || strstr(one, want[i].one), "one in %s",
		   want[i].lang);
	}
	for (size_t i = 0; kr_message_langs()[0] && i < KR_ARRAY_LEN(slavic); i++) {
		const char *text = kr_message_n(
			"bs", "%llu row was left out, since it was withdrawn.",
			"%llu rows were left out, since they were withdrawn.", slavic[i].n);

		OK(strstr(text, red[slavic[i].form]), "form of %u in Bosnian",
		   (unsigned)slavic[i].n);
	}
}

int main(void)
{
	finds("hr", "hr");
	finds("HR", "hr");
	finds("hr_HR.UTF-8", "hr");
	finds("sr", "sr");
	finds("sr-Cyrl", "sr");
	finds("sr@latin", "sr@latin");
	finds("sr_RS@latin", "sr@latin");
	finds("sr-Latn-RS", "sr@latin");
	finds("cnr-Latn", "cnr");
	finds("en", "none");
	finds("s", "none");
	finds("", "none");
	finds("C", "none");

	IS_CSTR(kr_text(NULL, "plain"), "plain", "no language is English");
	IS_CSTR(kr_text("xx", "plain"), "plain", "an unknown one too");
	IS_CSTR(kr_text_n(NULL, "row", "rows", 1), "row", "one");
	IS_CSTR(kr_text_n("en", "row", "rows", 0), "rows", "none");
	for (size_t i = 0; kr_base__catalogues[i].lang; i++) {
		const struct kr_base__catalogue *c = &kr_base__catalogues[i];
		struct kr_base__mo m;

		IS(kr_base__mo_open(kr_str_n((const char *)c->p, c->n), &m, NULL), 0, c->lang);
		IS_CSTR(kr_text_langs()[i], c->lang, "is listed");
		IS_CSTR(kr_text(c->lang, "no such message"), "no such message", "and falls back");
	}
	for (size_t i = 0; kr_base__messages[i].lang; i++) {
		const struct kr_base__catalogue *c = &kr_base__messages[i];
		struct kr_base__mo m;

		IS(kr_base__mo_open(kr_str_n((const char *)c->p, c->n), &m, NULL), 0, c->lang);
		IS_CSTR(kr_message_langs()[i], c->lang, "is listed");
		OK(strcmp(kr_message(c->lang, "Your answer"), "Your answer") != 0, "has messages");
		IS_CSTR(kr_text(c->lang, "Your answer"), "Your answer", "which pages do not use");
	}
	test_forms();
	return tap_end();
}
