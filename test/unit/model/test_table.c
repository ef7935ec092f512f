/* SPDX-License-Identifier: Apache-2.0 */
#include "model/table.h"

#include "tap.h"

static struct kr_table t;
static struct kr_fault f;

static int open_ab(struct kr_arena *arena, const char *text)
{
	static const char *const columns[] = {"b", "a"};

	return kr_table_open(&t, "x.csv", kr_str_c(text), arena, columns, 2, &f);
}

int main(void)
{
	KR_AUTO(kr_arena) *arena = kr_arena_new(0);

	IS(open_ab(arena, "\xef\xbb\xbf# note\na,x,b\r\n1,2,3\r\n\r\n\"a \"\"q\"\", "
			  "b\",,\"two\nlines\"\n# end\nlast,,z"),
	   0, "a table with comments, CRLF, quotes");
	IS(kr_table_next(&t, &f), 1, "first row");
	IS_STR(t.cell[0], KR_STR("3"), "columns in the wanted order");
	IS_STR(t.cell[1], KR_STR("1"), "the other");
	IS(t.line, 3, "its line");
	IS(kr_table_next(&t, &f), 1, "second row");
	IS_STR(t.cell[1], KR_STR("a \"q\", b"), "doubled quotes");
	IS_STR(t.cell[0], KR_STR("two\nlines"), "a line break in quotes");
	IS(kr_table_next(&t, &f), 1, "last row without a line end");
	IS(t.line, 8, "its line");
	IS(kr_table_next(&t, &f), 0, "the end");

	IS(open_ab(arena, "a,b\n1\n"), 0, "a row that is too short");
	IS(kr_table_next(&t, &f), -KR_ESYNTAX, "is refused");
	IS(f.line, 2, "with its line");
	IS(open_ab(arena, "a,b\n\"1,2\n"), 0, "quotes that do not end");
	IS(kr_table_next(&t, &f), -KR_ESYNTAX, "are refused");
	IS(open_ab(arena, "a,b\n\"1\"2,3\n"), 0, "text behind quotes");
	IS(kr_table_next(&t, &f), -KR_ESYNTAX, "is refused");
	IS(open_ab(arena, ""), -KR_ESYNTAX, "an empty table");
	IS(open_ab(arena, "a,c\n"), -KR_EINVAL, "a missing column");
	return tap_end();
}
