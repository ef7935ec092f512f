/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "tap.h"

static struct kr_cli c;
static char *out, *err;
static size_t out_n, err_n;

static const struct kr_column columns[] = {
	{"name", "Name", KR_LEFT, false},
	{"rows", "Rows", KR_RIGHT, true},
	{"note", "Note", KR_LEFT, false},
};

static void begin(bool json, bool csv, int width)
{
	c = (struct kr_cli){.json = json, .csv = csv, .width = width};
	c.out = open_memstream(&out, &out_n);
	c.err = open_memstream(&err, &err_n);
}

static void end(const char *want, const char *what)
{
	fclose(c.out);
	fclose(c.err);
	IS_CSTR(out, want, what);
	free(out);
	free(err);
}

static void row(struct kr_table *t, const char *a, const char *b, const char *d)
{
	kr_table_row(t, (struct kr_str[]){kr_str_c(a), kr_str_c(b), kr_str_c(d)});
}

static void text(void)
{
	struct kr_table *t;

	begin(false, false, 0);
	t = kr_table_new(&c, columns, 3);
	row(t, "a", "1", "x");
	row(t, "čač", "1000", "");
	row(t, "日本", "22", "wide");
	IS(kr_table_end(t), 3, "three rows");
	end("Name  Rows  Note\na        1  x\nčač   1000  \n日本    22  wide\n",
	    "aligned by what is seen, not by bytes");

	begin(false, false, 0);
	t = kr_table_new(&c, columns, 3);
	IS(kr_table_end(t), 0, "no rows");
	end("", "an empty table prints nothing");

	begin(false, false, 0);
	t = kr_table_new(&c, columns, 3);
	row(t, "\033[2Jx", "1", "a\nb\xff\xe2\x80\xae");
	kr_table_end(t);
	end("Name      Rows  Note\n\\x1b[2Jx     1  a\\x0ab\\xff\\u202e\n",
	    "nothing steers the terminal: escapes, line breaks, broken text, changes of direction");

	begin(false, false, 30);
	t = kr_table_new(&c, columns, 3);
	row(t, "short", "1", "a note that is far too long for thirty cells");
	kr_table_end(t);
	end("Name   Rows  Note\nshort     1  a note that is f…\n", "cut to the terminal");
}

static void streamed(void)
{
	struct kr_table *t;
	char want[20000] = "Name  Rows  Note\n";

	begin(false, false, 0);
	t = kr_table_new(&c, columns, 3);
	for (int i = 0; i < 250; i++)
		row(t, "x", "1", "y");
	row(t, "longer than before", "1", "y");
	for (int i = 0; i < 250; i++)
		strcat(want, "x        1  y\n");
	strcat(want, "longer than before     1  y\n");
	IS(kr_table_end(t), 251, "all rows count");
	end(want, "after 200 rows widths are fixed and nothing is cut where it is no terminal");
}

static void csv(void)
{
	struct kr_table *t;

	begin(false, true, 0);
	t = kr_table_new(&c, columns, 3);
	row(t, "plain", "-5", "");
	row(t, "a,b", "1", "say \"x\"");
	row(t, "=1+1", "+1", "-x");
	row(t, "@SUM(A1)", "1", "line\nbreak");
	row(t, " blank", "", "\tx");
	kr_table_end(t);
	end("name,rows,note\r\nplain,-5,\r\n\"a,b\",1,\"say \"\"x\"\"\"\r\n"
	    "\"'=1+1\",\"'+1\",\"'-x\"\r\n\"'@SUM(A1)\",1,\"line\nbreak\"\r\n\" "
	    "blank\",,\"'\tx\"\r\n",
	    "RFC 4180, and no formula");
}

static void json(void)
{
	struct kr_table *t;

	begin(true, false, 0);
	t = kr_table_new(&c, columns, 3);
	row(t, "a\"b\\c\001", "12", "\xff");
	row(t, "", "", NULL);
	row(t, "x", "007", "");
	row(t, "x", "1e5x", "");
	kr_table_end(t);
	end("{\"name\":\"a\\\"b\\\\c\\u0001\",\"rows\":12,\"note\":\"\xef\xbf\xbd\"}\n"
	    "{\"name\":\"\",\"rows\":null,\"note\":null}\n"
	    "{\"name\":\"x\",\"rows\":\"007\",\"note\":\"\"}\n"
	    "{\"name\":\"x\",\"rows\":\"1e5x\",\"note\":\"\"}\n",
	    "one object a line; only numbers are numbers");
}

int main(void)
{
	text();
	streamed();
	csv();
	json();
	return tap_end();
}
