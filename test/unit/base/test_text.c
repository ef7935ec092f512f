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
	return tap_end();
}
