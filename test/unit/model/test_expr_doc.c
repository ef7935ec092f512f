/* SPDX-License-Identifier: Apache-2.0 */
/* Each line in the blocks of doc/expressions.md is run: "expression # what it means". */
#include "tap.h"

#include <fcntl.h>

#include "base/arena.h"
#include "base/file.h"
#include "model/expr.h"

/* The part before the first " #". */
static struct kr_str cut(struct kr_str line, struct kr_str *ret_comment)
{
	ptrdiff_t hash = kr_str_find(line, KR_STR(" # "));

	*ret_comment = hash < 0 ? KR_STR("") : kr_str_trim(kr_str_from(line, (size_t)hash + 3));
	return kr_str_trim(hash < 0 ? line : kr_str_first(line, (size_t)hash));
}

static void accepted(struct kr_str text, struct kr_arena *a)
{
	struct kr_expr_opts opts = {.now = (kr_time)1795262400 * KR_SECOND};
	KR_AUTO_BUF b = KR_BUF(65536);
	struct kr_fault fault = {0};
	struct kr_expr *x;
	char message[600];

	if (kr_expr_parse(text, &opts, a, &x, &fault) < 0) {
		OK(false, "%.*s: %s", KR_STR_ARG(text),
		   kr_fault_text(&fault, message, sizeof(message)));
		return;
	}
	kr_expr_text(x, &b);
	OK(kr_expr_parse(kr_buf_str(&b), &opts, a, &x, NULL) == 0, "%.*s", KR_STR_ARG(text));
}

static void refused(struct kr_str text, struct kr_str says, struct kr_arena *a)
{
	struct kr_fault fault = {0};
	struct kr_expr *x;
	char message[600] = "";
	bool ok = kr_expr_parse(text, NULL, a, &x, &fault) < 0 && says.n &&
		  kr_str_find(kr_str_c(kr_fault_text(&fault, message, sizeof(message))), says) >= 0;

	OK(ok, "%.*s gives: %s", KR_STR_ARG(text), message);
}

int main(void)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	KR_AUTO_BUF doc = KR_BUF(1 << 20);
	struct kr_str rest, line, comment;
	int block = 0, n[3] = {0};
	char path[1000];

	snprintf(path, sizeof(path), "%s/doc/expressions.md", getenv("KARAULA_SOURCE") ?: ".");
	if (kr_file_read(AT_FDCWD, path, 1 << 20, &doc, NULL) < 0) {
		OK(false, "%s can be read", path);
		return tap_end();
	}
	rest = kr_buf_str(&doc);
	while (kr_str_split(&rest, '\n', &line)) {
		if (kr_str_starts(line, KR_STR("```"))) {
			block = kr_str_eqc(line, "```expression") ? 1
				: kr_str_eqc(line, "```refused")  ? 2
								  : 0;
			continue;
		}
		n[block]++;
		line = cut(line, &comment);
		if (block == 1)
			accepted(line, a);
		else if (block == 2)
			refused(line, comment, a);
	}
	OK(n[1] > 40 && n[2] > 5, "%d examples and %d mistakes", n[1], n[2]);
	return tap_end();
}
