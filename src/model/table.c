/* SPDX-License-Identifier: Apache-2.0 */
#include "model/table.h"

static int syntax(struct kr_table *t, uint32_t line, const char *what, struct kr_fault *reterr)
{
	kr_fault_set(reterr, -KR_ESYNTAX, "%s", what);
	kr_fault_where(reterr, "%s", t->name);
	kr_fault_at(reterr, line, 0, 0);
	return -KR_ESYNTAX;
}

/* A cell in quotes, the first already passed. Returns bytes used up to and with the last quote, 0
 * if there is none. */
static size_t quoted(struct kr_table *t, struct kr_str s, struct kr_str *ret)
{
	size_t n = 0, doubled = 0;
	char *p;

	for (;; n++) {
		if (n >= s.n)
			return 0;
		if (s.p[n] == '\n')
			t->next_line++;
		if (s.p[n] != '"')
			continue;
		if (n + 1 >= s.n || s.p[n + 1] != '"')
			break;
		doubled++;
		n++;
	}
	*ret = kr_str_first(s, n);
	if (doubled) {
		p = kr_arena_bytes(t->arena, n);
		if (!p)
			return 0;
		*ret = kr_str_n(p, n - doubled);
		for (size_t i = 0; i < n; i++) {
			*p++ = s.p[i];
			i += s.p[i] == '"';
		}
	}
	return n + 1;
}

/* One cell and what ends it; *ret_last: that was the end of the row. */
static int cell(struct kr_table *t, struct kr_str *ret, bool *ret_last, struct kr_fault *reterr)
{
	struct kr_str s = t->rest;
	size_t n = 0;

	if (s.n && s.p[0] == '"') {
		n = quoted(t, kr_str_from(s, 1), ret);
		if (n == 0)
			return syntax(t, t->line, "the quotes do not end", reterr);
		n++;
	} else {
		while (n < s.n && s.p[n] != ',' && s.p[n] != '\n' && s.p[n] != '\r')
			n++;
		*ret = kr_str_first(s, n);
	}
	s = kr_str_from(s, n);
	*ret_last = s.n == 0 || s.p[0] != ',';
	if (s.n && s.p[0] == '\r')
		s = kr_str_from(s, 1);
	if (s.n && s.p[0] != ',' && s.p[0] != '\n')
		return syntax(t, t->line, "a comma or the end of the line must follow a value",
			      reterr);
	t->rest = kr_str_from(s, 1);
	t->next_line += *ret_last;
	return 0;
}

/* Read one row to t->all; 1, 0 at the end. */
static int row(struct kr_table *t, struct kr_fault *reterr)
{
	bool last = false;

	while (t->rest.n && (t->rest.p[0] == '#' || t->rest.p[0] == '\n' || t->rest.p[0] == '\r')) {
		ptrdiff_t end = kr_str_chr(t->rest, '\n');

		t->rest = end < 0 ? kr_str_from(t->rest, t->rest.n)
				  : kr_str_from(t->rest, (size_t)end + 1);
		t->next_line++;
	}
	if (t->rest.n == 0)
		return 0;
	t->line = t->next_line;
	for (t->n_all = 0; !last; t->n_all++) {
		int err;

		if (t->n_all >= KR_TABLE_COLUMNS_MAX)
			return syntax(t, t->line, "too many columns", reterr);
		err = cell(t, &t->all[t->n_all], &last, reterr);
		if (err < 0)
			return err;
	}
	return 1;
}

int kr_table_open(struct kr_table *t, const char *name, struct kr_str bytes, struct kr_arena *arena,
		  const char *const *columns, size_t n, struct kr_fault *reterr)
{
	int err;

	assert(n <= KR_TABLE_COLUMNS_MAX);
	*t = (struct kr_table){
		.rest = bytes, .arena = arena, .name = name, .next_line = 1, .n_wanted = n};
	if (kr_str_starts(bytes, KR_STR("\xef\xbb\xbf"))) /* byte order mark */
		t->rest = kr_str_from(bytes, 3);
	err = row(t, reterr);
	if (err < 0)
		return err;
	if (err == 0)
		return syntax(t, 0, "the table is empty; its first row must name the columns",
			      reterr);
	for (size_t i = 0; i < n; i++) {
		size_t at = 0;

		while (at < t->n_all && !kr_str_eqc(kr_str_trim(t->all[at]), columns[i]))
			at++;
		if (at == t->n_all) {
			kr_fault_set(reterr, -KR_EINVAL, "column '%s' is missing", columns[i]);
			kr_fault_where(reterr, "%s", name);
			kr_fault_at(reterr, t->line, 0, 0);
			kr_fault_remedy(reterr, "name it in the first row");
			return -KR_EINVAL;
		}
		t->wanted[i] = (uint8_t)at;
	}
	t->n_all = 0;
	return 0;
}

int kr_table_next(struct kr_table *t, struct kr_fault *reterr)
{
	int got = row(t, reterr);

	if (got <= 0)
		return got;
	for (size_t i = 0; i < t->n_wanted; i++) {
		if (t->wanted[i] >= t->n_all)
			return syntax(t, t->line,
				      "the row has fewer values than the first row names", reterr);
		t->cell[i] = kr_str_trim(t->all[t->wanted[i]]);
	}
	return 1;
}
