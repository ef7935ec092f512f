/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: text output has to know the widths of its columns before the first line, so the
 * first ALIGN_ROWS rows are held back in an arena; then widths are fixed and all later rows stream.
 * JSON and CSV stream from the first row. What comes from outside never reaches a terminal raw:
 * control characters, broken UTF-8 and marks that turn the direction of text are shown as escapes,
 * since they could rewrite the screen.
 */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

#define ALIGN_ROWS   200
#define HELD_MAX     ((size_t)8 << 20) /* bytes of rows held back */
#define COLUMNS_MAX  64
#define LINE_MAX_    ((size_t)16 << 20)
#define SHRUNK_WIDTH 12

enum format { TEXT, CSV, JSON };

struct kr_table {
	struct kr_cli *c;
	const struct kr_column *columns;
	size_t n, rows, held;
	enum format format;
	bool streaming;
	size_t width[COLUMNS_MAX];
	struct kr_arena *arena;
	struct kr_str *cells[ALIGN_ROWS];
	struct kr_buf line, cell;
};

/* ---- characters ---- */

/* The next code point; U+FFFFFFFF for a byte that is not UTF-8. */
static uint32_t next_char(struct kr_str *s)
{
	unsigned char b = (unsigned char)s->p[0];
	size_t n = b < 0x80 ? 1 : b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : 2;
	uint32_t v = b;

	if (b >= 0x80) {
		if (n > s->n || kr_utf8_valid(kr_str_n(s->p, n)) != n) {
			*s = kr_str_from(*s, 1);
			return UINT32_MAX;
		}
		v = b & (0xffu >> (n + 1));
		for (size_t i = 1; i < n; i++)
			v = v << 6 | ((unsigned char)s->p[i] & 0x3f);
	}
	*s = kr_str_from(*s, n);
	return v;
}

struct range {
	uint32_t from, to;
};

static bool within(const struct range *r, size_t n, uint32_t v)
{
	for (size_t i = 0; i < n; i++)
		if (v >= r[i].from && v <= r[i].to)
			return true;
	return false;
}

/* Cells on a terminal: 0 for marks that combine with the letter before, 2 for wide East Asian
 * letters and emoji. */
static size_t char_width(uint32_t v)
{
	static const struct range none[] = {{0x300, 0x36f},   {0x483, 0x489},	{0x591, 0x5bd},
					    {0x610, 0x61a},   {0x64b, 0x65f},	{0x200b, 0x200d},
					    {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};
	static const struct range wide[] = {
		{0x1100, 0x115f},   {0x2e80, 0x303e},	{0x3041, 0xa4cf},   {0xac00, 0xd7a3},
		{0xf900, 0xfaff},   {0xfe30, 0xfe6f},	{0xff00, 0xff60},   {0xffe0, 0xffe6},
		{0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

	if (v < 0x300)
		return 1;
	if (within(none, KR_ARRAY_LEN(none), v))
		return 0;
	return within(wide, KR_ARRAY_LEN(wide), v) ? 2 : 1;
}

static bool harmful(uint32_t v)
{
	return v < 0x20 || (v >= 0x7f && v < 0xa0) || v == UINT32_MAX || v == 0x61c ||
	       (v >= 0x200e && v <= 0x200f) || (v >= 0x2028 && v <= 0x202e) ||
	       (v >= 0x2066 && v <= 0x2069) || v == 0xfeff;
}

/* Text as it may be shown. Returns its width. width_max: cut there, with an ellipsis. */
static size_t shown(struct kr_buf *b, struct kr_str s, size_t width_max)
{
	size_t width = 0, last_n = b->n, last_width = 0;

	while (s.n) {
		const char *start = s.p;
		uint32_t v = next_char(&s);
		char escape[12];
		size_t w;

		if (harmful(v)) {
			if (v == UINT32_MAX || v < 0x100)
				snprintf(escape, sizeof(escape), "\\x%02x",
					 (unsigned char)start[0]);
			else
				snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)v);
			w = strlen(escape);
		} else {
			w = char_width(v);
		}
		if (width + w > width_max) {
			b->n = last_n;
			kr_buf_c(b, "…");
			return last_width + 1;
		}
		if (harmful(v))
			kr_buf_add(b, escape, w);
		else
			kr_buf_add(b, start, (size_t)(s.p - start));
		width += w;
		if (width < width_max) {
			last_n = b->n;
			last_width = width;
		}
	}
	return width;
}

void kr_cli_shown(struct kr_buf *b, struct kr_str s)
{
	shown(b, s, SIZE_MAX);
}

/* ---- formats ---- */

static bool is_number(struct kr_str s)
{
	size_t i = s.n && s.p[0] == '-';
	size_t digits = 0, points = 0;

	if (s.n > i + 1 && s.p[i] == '0' && s.p[i + 1] != '.')
		return false;
	for (; i < s.n; i++) {
		if (kr_is_digit(s.p[i]))
			digits++;
		else if (s.p[i] != '.' || !digits || points++ || i + 1 == s.n)
			return false;
	}
	return digits > 0;
}

static void csv_cell(struct kr_buf *b, struct kr_str s, bool number)
{
	/* A spreadsheet runs what begins with these as a formula: an apostrophe makes it text. */
	bool formula = s.n && strchr("=+-@\t\r", s.p[0]) && s.p[0] && !(number && is_number(s));
	bool quote = formula;

	for (size_t i = 0; i < s.n && !quote; i++)
		quote = s.p[i] == '"' || s.p[i] == ',' || s.p[i] == '\r' || s.p[i] == '\n';
	if (s.n && (s.p[0] == ' ' || s.p[s.n - 1] == ' '))
		quote = true;
	if (!quote) {
		kr_buf_str_add(b, s);
		return;
	}
	kr_buf_c(b, formula ? "\"'" : "\"");
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			kr_buf_ch(b, '"');
		kr_buf_ch(b, s.p[i]);
	}
	kr_buf_ch(b, '"');
}

static void put_line(struct kr_table *t)
{
	if (t->line.err)
		fputs("(a row of more than 16 MiB is left out)\n", t->c->err);
	else if (t->line.n)
		fwrite(t->line.p, 1, t->line.n, t->c->out);
	kr_buf_clear(&t->line);
}

static void csv_row(struct kr_table *t, const struct kr_str *values)
{
	for (size_t i = 0; i < t->n; i++) {
		if (i)
			kr_buf_ch(&t->line, ',');
		csv_cell(&t->line, values[i], t->columns[i].number);
	}
	kr_buf_c(&t->line, "\r\n");
	put_line(t);
}

static void json_row(struct kr_table *t, const struct kr_str *values)
{
	struct kr_json_out o = KR_JSON_OUT(&t->line);

	kr_json_object(&o);
	for (size_t i = 0; i < t->n; i++) {
		kr_json_key(&o, kr_str_c(t->columns[i].name));
		if (!values[i].p || (t->columns[i].number && !values[i].n))
			kr_json_null(&o);
		else if (t->columns[i].number && is_number(values[i]))
			kr_json_raw(&o, values[i]);
		else
			kr_json_str(&o, values[i]);
	}
	kr_json_object_end(&o);
	kr_buf_ch(&t->line, '\n');
	put_line(t);
}

static void pad(struct kr_buf *b, size_t n)
{
	while (n--)
		kr_buf_ch(b, ' ');
}

static void text_row(struct kr_table *t, const struct kr_str *values, const char *style)
{
	kr_buf_c(&t->line, style);
	for (size_t i = 0; i < t->n; i++) {
		size_t max = t->c->width ? t->width[i] : SIZE_MAX, w;

		kr_buf_clear(&t->cell);
		w = shown(&t->cell, values[i], max);
		w = w < t->width[i] ? t->width[i] - w : 0;
		if (t->columns[i].align == KR_RIGHT)
			pad(&t->line, w);
		kr_buf_str_add(&t->line, kr_buf_str(&t->cell));
		if (t->columns[i].align == KR_LEFT && i + 1 < t->n)
			pad(&t->line, w);
		if (i + 1 < t->n)
			kr_buf_c(&t->line, "  ");
	}
	kr_buf_c(&t->line, *style ? "\033[0m\n" : "\n");
	put_line(t);
}

/* On a terminal the widest columns give way until a row fits. */
static void shrink(struct kr_table *t)
{
	size_t sum = 2 * (t->n - 1), room = (size_t)t->c->width;

	for (size_t i = 0; i < t->n; i++)
		sum += t->width[i];
	while (sum > room) {
		size_t widest = 0;

		for (size_t i = 1; i < t->n; i++)
			if (t->width[i] > t->width[widest])
				widest = i;
		if (t->width[widest] <= SHRUNK_WIDTH)
			return;
		t->width[widest]--;
		sum--;
	}
}

static void start_text(struct kr_table *t)
{
	struct kr_str titles[COLUMNS_MAX];

	t->streaming = true;
	if (!t->held)
		return;
	for (size_t i = 0; i < t->n; i++) {
		titles[i] = kr_str_c(kr_text(t->c->lang, t->columns[i].title));
		kr_buf_clear(&t->cell);
		t->width[i] = KR_MAX(t->width[i], shown(&t->cell, titles[i], SIZE_MAX));
	}
	if (t->c->width > 0)
		shrink(t);
	text_row(t, titles, t->c->colour ? "\033[1m" : "");
	for (size_t r = 0; r < t->held; r++)
		text_row(t, t->cells[r], "");
	t->held = 0;
	kr_arena_clear(t->arena);
}

static void hold(struct kr_table *t, const struct kr_str *values)
{
	struct kr_str *row = kr_arena_alloc(t->arena, t->n * sizeof(*row));

	for (size_t i = 0; row && i < t->n; i++) {
		row[i] = kr_arena_dup(t->arena, values[i]);
		kr_buf_clear(&t->cell);
		t->width[i] = KR_MAX(t->width[i], shown(&t->cell, values[i], SIZE_MAX));
	}
	if (!row || kr_arena_full(t->arena)) {
		/* Too much to hold: what we have fixes the widths, this row is streamed. */
		start_text(t);
		text_row(t, values, "");
		return;
	}
	t->cells[t->held++] = row;
	if (t->held == ALIGN_ROWS)
		start_text(t);
}

struct kr_table *kr_table_new(struct kr_cli *c, const struct kr_column *columns, size_t n)
{
	struct kr_table *t = kr_xcalloc(1, sizeof(*t));

	assert(n && n <= COLUMNS_MAX);
	t->c = c;
	t->columns = columns;
	t->n = n;
	t->format = c->json ? JSON : c->csv ? CSV : TEXT;
	t->line = KR_BUF(LINE_MAX_);
	t->cell = KR_BUF(LINE_MAX_);
	t->arena = kr_arena_new(HELD_MAX);
	if (t->format == CSV) {
		struct kr_str names[COLUMNS_MAX];

		for (size_t i = 0; i < n; i++)
			names[i] = kr_str_c(columns[i].name);
		csv_row(t, names);
	}
	return t;
}

void kr_table_row(struct kr_table *t, const struct kr_str *values)
{
	t->rows++;
	if (t->format == JSON)
		json_row(t, values);
	else if (t->format == CSV)
		csv_row(t, values);
	else if (t->streaming)
		text_row(t, values, "");
	else
		hold(t, values);
}

size_t kr_table_end(struct kr_table *t)
{
	size_t rows = t->rows;

	if (t->format == TEXT && !t->streaming)
		start_text(t);
	kr_buf_done(&t->line);
	kr_buf_done(&t->cell);
	kr_arena_free(t->arena);
	free(t);
	return rows;
}
