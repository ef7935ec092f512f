/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/source_kind.h"

#include "base/time.h"
#include "tap.h"

int main(void)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(1 << 20);
	const struct kr_source_kind *http = kr_source_kind_find(KR_STR("http"));
	struct kr_source src = {.kind = KR_STR("http")};
	struct kr_str o = KR_STR_NULL;
	struct kr_fault f;
	char text[700];

	OK(http && !kr_source_kind_find(KR_STR("")) && !kr_source_kind_find(KR_STR("htt")),
	   "kinds");
	IS_STR(kr_source_option(&src, "auth"), KR_STR("bearer"), "a default");
	IS(kr_source_option_set(http, o, KR_STR("name=a=b"), a, &o, &f), 0, "an option");
	IS(kr_source_option_set(http, o, KR_STR("auth=basic"), a, &o, &f), 0, "another");
	IS_STR(o, KR_STR("auth=basic\nname=a=b\n"), "in the order of the table");
	src.options = o;
	IS_STR(kr_source_option(&src, "name"), KR_STR("a=b"), "a value with an equals sign");
	IS(kr_source_option_set(http, o, KR_STR("auth="), a, &o, &f), 0, "back to the default");
	IS_STR(o, KR_STR("name=a=b\n"), "is not kept");
	IS(kr_source_option_set(http, o, KR_STR("name=a\nauth=field"), a, &o, &f), -KR_EINVAL,
	   "no option comes in by a line of its own");
	IS(kr_source_option_set(http, o, KR_STR("name"), a, &o, &f), -KR_EINVAL, "no value");
	IS(kr_source_option_set(http, o, KR_STR("nmae=x"), a, &o, &f), -KR_EINVAL,
	   "no such option");
	OK(strstr(kr_fault_text(&f, text, sizeof(text)), "did you mean name"), "%s", text);
	IS(kr_source_option_set(http, o, KR_STR("key=../x"), a, &o, &f), -KR_EINVAL,
	   "a secret that leads elsewhere");
	IS(kr_source_interval(&src), KR_HOUR, "the interval of the kind");
	src.interval_us = KR_MINUTE;
	IS(kr_source_interval(&src), KR_MINUTE, "its own");
	IS(kr_source_silent_after(&src, 7), 7, "the silence of the node");
	src.silent_after_us = KR_SOURCE_NEVER;
	IS(kr_source_silent_after(&src, 7), 0, "never");
	src = (struct kr_source){.kind = KR_STR("shadowserver")};
	OK(kr_str_starts(kr_source_url(&src), KR_STR("https://")), "the address of the kind");
	for (size_t i = 0; kr_source_option_at(i); i++) {
		const struct kr_source_option *x = kr_source_option_at(i);
		const struct kr_source_kind *k = kr_source_kind_find(kr_str_c(x->kind));
		struct kr_str set = kr_arena_printf(a, "%s=%s", x->name, x->standard);

		OK(k && !kr_source_option_set(k, KR_STR_NULL, set, a, &o, &f),
		   "the default of %s of %s is valid", x->name, x->kind);
	}
	return tap_end();
}
