/* SPDX-License-Identifier: Apache-2.0 */
/* Every example that the pages show is an expression that is understood. */
#include "web/examples.h"

#include "base/arena.h"
#include "model/expr.h"
#include "tap.h"

static void test_list(const struct kr_web_example *(*list)(size_t *))
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_expr_opts opts = {.now = kr_time_now()};
	struct kr_expr *x;
	struct kr_fault f = {0};
	size_t n;
	const struct kr_web_example *e = list(&n);

	for (size_t i = 0; i < n; i++) {
		OK(!kr_expr_parse(kr_str_c(e[i].expr), &opts, a, &x, &f), "%s %s", e[i].expr,
		   f.message);
		OK(e[i].meaning[0] != 0, "has a meaning");
	}
}

int main(void)
{
	test_list(kr_web__examples);
	test_list(kr_web__forms);
	test_list(kr_web__around);
	return tap_end();
}
