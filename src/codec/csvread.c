/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * A record is looked for in a window: the input itself, or, where a record began in an earlier
 * call, the carry to which input is added in doubling steps, so that no byte is looked at more than
 * a few times. scan() cuts the window into cells, eight bytes at a time. Cells are slices of the
 * window; a record from the carry is copied to the arena first, and only cells with doubled quotes
 * are rewritten.
 *
 * Recovery: a quote that is never closed would swallow all that follows. So a broken record always
 * ends at the end of its first line, whatever was scanned behind it, and that is given back. A line
 * with an odd number of quotes is scanned at most to the next such line, or to record_max: the work
 * stays linear. What is reported never depends on how the input was cut: a CR ends a line at once,
 * and a LF right behind it is dropped when it is seen.
 */
#include "codec/csvread.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"

enum scan { SCAN_MORE, SCAN_DONE, SCAN_BROKEN };

#define ONES  0x0101010101010101u
#define HIGHS 0x8080808080808080u

void kr_csv_init(struct kr_csv *c, const struct kr_csv_opts *opts)
{
	*c = (struct kr_csv){.opts = *opts, .line = 1};
	c->carry.max = opts->record_max + 1;
	if (opts->skip_lines)
		c->passing = c->silent = true;
}

void kr_csv_done(struct kr_csv *c)
{
	kr_buf_done(&c->carry);
	free(c->cells);
	free(c->escaped);
	c->cells = NULL;
	c->escaped = NULL;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* High bit set in each byte of w that equals the pattern's; the lowest one is exact. */
static inline uint64_t equal(uint64_t w, uint64_t pattern)
{
	uint64_t x = w ^ pattern;

	return (x - ONES) & ~x & HIGHS;
}
#endif

/* First of delimiter, quote, CR or LF at or after p. */
static inline const char *find_special(const char *p, const char *end, char delimiter, char quote)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	const uint64_t d = ONES * (uint8_t)delimiter, q = ONES * (uint8_t)quote;

	while (end - p >= 8) {
		uint64_t w, hit;

		memcpy(&w, p, 8);
		hit = equal(w, d) | equal(w, q) | equal(w, ONES * '\n') | equal(w, ONES * '\r');
		if (hit)
			return p + (__builtin_ctzll(hit) >> 3);
		p += 8;
	}
#endif
	while (p < end && *p != delimiter && *p != quote && *p != '\n' && *p != '\r')
		p++;
	return p;
}

static inline const char *find_quote(const char *p, const char *end, char quote)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	const uint64_t q = ONES * (uint8_t)quote;

	while (end - p >= 8) {
		uint64_t w, hit;

		memcpy(&w, p, 8);
		hit = equal(w, q);
		if (hit)
			return p + (__builtin_ctzll(hit) >> 3);
		p += 8;
	}
#endif
	while (p < end && *p != quote)
		p++;
	return p;
}

static const char *find_line_end(const char *p, const char *end)
{
	const char *lf = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
	const char *cr = p < end ? memchr(p, '\r', (size_t)((lf ? lf : end) - p)) : NULL;

	return cr ? cr : lf ? lf : end;
}

static enum scan broken(struct kr_csv *c, struct kr_str w, const char *at, int err,
			const char *reason)
{
	uint64_t line = c->line;
	const char *start = w.p;

	for (const char *lf = w.p; (lf = at > lf ? memchr(lf, '\n', (size_t)(at - lf)) : NULL);
	     lf++) {
		line++;
		start = lf + 1;
	}
	c->fault = (struct kr_csv_record){
		.offset = c->offset,
		.line = line,
		.column = (uint64_t)(at - start) + 1,
		.err = err,
	};
	snprintf(c->fault.reason, sizeof(c->fault.reason), "%s", reason);
	return SCAN_BROKEN;
}

static bool more_cells(struct kr_csv *c)
{
	if (c->cap >= c->opts.columns_max)
		return false;
	c->cap = KR_MIN(KR_MAX(64u, c->cap * 2), c->opts.columns_max);
	c->cells = kr_xrealloc(c->cells, c->cap * sizeof(*c->cells));
	c->escaped = kr_xrealloc(c->escaped, c->cap);
	return true;
}

/*
 * A quoted value whose content starts at p.
 *
 * ret_after  the byte behind its closing quote
 */
static enum scan scan_quoted(struct kr_csv *c, struct kr_str w, const char *p, bool eof,
			     const char **ret_after)
{
	const char *end = w.p + w.n, *start = p;
	const char quote = c->opts.quote;
	bool escaped = false;

	for (;;) {
		p = find_quote(p, end, quote);
		if (p == end)
			return eof ? broken(c, w, start - 1, -KR_ESYNTAX, "a quote is never closed")
				   : SCAN_MORE;
		if (p + 1 == end && !eof)
			return SCAN_MORE;
		if (p + 1 == end || p[1] != quote)
			break;
		escaped = true;
		p += 2;
	}
	c->cells[c->n] = kr_str_n(start, (size_t)(p - start));
	c->escaped[c->n++] = escaped;
	c->any_escaped |= escaped;
	*ret_after = p + 1;
	return SCAN_DONE;
}

/* Where a quote closes, neither a delimiter nor the end of the line follows. */
static enum scan bad_quote(struct kr_csv *c, struct kr_str w, const char *opening,
			   const char *after)
{
	if (find_line_end(opening, after) < after)
		return broken(c, w, opening, -KR_ESYNTAX, "a quote is not closed on its line");
	return broken(c, w, after, -KR_ESYNTAX, "text behind a closing quote");
}

/*
 * Cut one record into cells.
 *
 * w        what there is from the start of the record
 * eof      nothing comes behind it
 * ret_len  bytes of the record; the byte behind it, if any, ends the line
 */
static enum scan scan(struct kr_csv *c, struct kr_str w, bool eof, size_t *ret_len)
{
	const char *p = w.p, *end = w.p + w.n;
	const char delimiter = c->opts.delimiter, quote = c->opts.quote ? c->opts.quote : delimiter;
	enum scan r;

	c->n = 0;
	c->any_escaped = false;
	for (;;) {
		if (KR_UNLIKELY(c->n == c->cap) && !more_cells(c))
			return broken(c, w, p, -KR_ELIMIT, "too many columns");
		if (p < end && *p == quote && c->opts.quote) {
			const char *opening = p;

			r = scan_quoted(c, w, p + 1, eof, &p);
			if (r != SCAN_DONE)
				return r;
			if (p < end && *p != delimiter && *p != '\n' && *p != '\r')
				return bad_quote(c, w, opening, p);
		} else {
			const char *start = p;

			if (p < end && *p != delimiter)
				p = find_special(p, end, delimiter, quote);
			if (p < end && *p == quote && c->opts.quote)
				return broken(c, w, p, -KR_ESYNTAX,
					      "a quote inside an unquoted value");
			c->cells[c->n] = kr_str_n(start, (size_t)(p - start));
			c->escaped[c->n++] = 0;
		}
		if (p == end) {
			*ret_len = w.n;
			return eof ? SCAN_DONE : SCAN_MORE;
		}
		if (*p != delimiter) {
			*ret_len = (size_t)(p - w.p);
			return SCAN_DONE;
		}
		p++;
	}
}

/* NUL bytes and text that is not UTF-8; ASCII is passed eight bytes at a time. */
static enum scan check_bytes(struct kr_csv *c, struct kr_str w)
{
	uint64_t seen = 0;
	size_t i = 0, valid;
	const char *nul;

	for (; i + 8 <= w.n; i += 8) {
		uint64_t v;

		memcpy(&v, w.p + i, 8);
		seen |= v | ((v - ONES) & ~v);
	}
	for (; i < w.n; i++)
		seen |= w.p[i] ? (uint8_t)w.p[i] : 0x80u;
	if (KR_LIKELY(!(seen & HIGHS)))
		return SCAN_DONE;
	nul = memchr(w.p, '\0', w.n);
	if (nul)
		return broken(c, w, nul, -KR_ESYNTAX, "a NUL byte");
	valid = kr_utf8_valid(w);
	if (valid < w.n)
		return broken(c, w, w.p + valid, -KR_ESYNTAX, "text that is not UTF-8");
	return SCAN_DONE;
}

static enum scan check_columns(struct kr_csv *c, struct kr_str w)
{
	char reason[64];

	if (!c->columns || c->n == c->columns)
		return SCAN_DONE;
	snprintf(reason, sizeof(reason), "%u columns where the table has %u", c->n, c->columns);
	return broken(c, w, w.p, -KR_ESYNTAX, reason);
}

/* Doubled quotes become single ones. */
static int unescape(struct kr_csv *c, struct kr_arena *arena)
{
	for (unsigned i = 0; i < c->n; i++) {
		struct kr_str s = c->cells[i];
		size_t n = 0;
		char *to;

		if (!c->escaped[i])
			continue;
		to = kr_arena_bytes(arena, s.n);
		if (!to)
			return -KR_ELIMIT;
		for (size_t k = 0; k < s.n; k++) {
			to[n++] = s.p[k];
			if (s.p[k] == c->opts.quote)
				k++;
		}
		c->cells[i] = kr_str_n(to, n);
	}
	return 0;
}

/* Hand out the record of len bytes that scan() found at the start of w. */
static enum scan take_record(struct kr_csv *c, struct kr_arena *arena, struct kr_str w, size_t len,
			     bool copy, struct kr_csv_record *ret)
{
	struct kr_str bytes = kr_str_first(w, len);

	if (check_bytes(c, bytes) != SCAN_DONE || check_columns(c, bytes) != SCAN_DONE)
		return SCAN_BROKEN;
	if (copy) {
		struct kr_str kept = kr_arena_dup(arena, bytes);

		if (!kept.p)
			return broken(c, w, w.p, -KR_ELIMIT, "no memory left in the batch");
		for (unsigned i = 0; i < c->n; i++)
			c->cells[i].p = kept.p + (c->cells[i].p - bytes.p);
		bytes = kept;
	}
	if (c->any_escaped && unescape(c, arena))
		return broken(c, w, w.p, -KR_ELIMIT, "no memory left in the batch");
	ret->bytes = bytes;
	ret->cells = c->cells;
	ret->n = c->n;
	ret->offset = c->offset;
	ret->length = len;
	ret->line = c->line;
	ret->column = 0;
	ret->err = 0;
	return SCAN_DONE;
}

/* Lines inside a record that is handed out. */
static uint64_t count_lines(struct kr_str s)
{
	uint64_t n = 0;

	for (const char *p = s.p, *end = s.p + s.n;
	     p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
		n++;
	return n;
}

/* Go past n bytes of the window, whose next line then begins. */
static void advance(struct kr_csv *c, struct kr_str *w, size_t n)
{
	*w = kr_str_from(*w, n);
	c->offset += n;
}

/* Go past the byte that ends a line, if it is there. */
static void advance_line_end(struct kr_csv *c, struct kr_str *w)
{
	if (w->n) {
		c->after_cr = w->p[0] == '\r';
		advance(c, w, 1);
	}
	c->line++;
}

/*
 * Pass over the rest of a line.
 *
 * Returns true when its end is reached.
 */
static bool pass(struct kr_csv *c, struct kr_str *w, bool eof)
{
	const char *at = find_line_end(w->p, w->p + w->n);
	bool found = at < w->p + w->n;

	advance(c, w, (size_t)(at - w->p));
	if (!found && !eof)
		return false;
	c->fault.length = c->offset - c->pass_offset;
	advance_line_end(c, w);
	c->passing = false;
	return true;
}

/* The window starts a broken record: report it when its line ends. */
static void pass_begin(struct kr_csv *c, bool silent)
{
	c->passing = true;
	c->silent = silent;
	c->pass_offset = c->offset;
}

/* What may stand before a record: byte order mark, LF of a CRLF, empty and comment lines. */
static enum scan prologue(struct kr_csv *c, struct kr_str *w, bool eof)
{
	static const char bom[3] = "\xef\xbb\xbf";
	struct kr_str comment = c->opts.comment;

	if (c->after_cr && w->n) {
		if (w->p[0] == '\n')
			advance(c, w, 1);
		c->after_cr = false;
	}
	if (!c->begun && w->n) {
		size_t n = KR_MIN(w->n, sizeof(bom));

		if (memcmp(w->p, bom, n) == 0) {
			if (n < sizeof(bom) && !eof)
				return SCAN_MORE;
			if (n == sizeof(bom))
				advance(c, w, n);
		}
		c->begun = true;
	}
	if (c->passing)
		return SCAN_DONE;
	while (w->n && (w->p[0] == '\n' || w->p[0] == '\r')) {
		advance_line_end(c, w);
		if (c->after_cr && w->n) {
			if (w->p[0] == '\n')
				advance(c, w, 1);
			c->after_cr = false;
		}
	}
	if (w->n && comment.n) {
		size_t n = KR_MIN(w->n, comment.n);

		if (memcmp(w->p, comment.p, n) == 0) {
			if (n < comment.n && !eof)
				return SCAN_MORE;
			if (n == comment.n)
				pass_begin(c, true);
		}
	}
	return w->n ? SCAN_DONE : SCAN_MORE;
}

/*
 * Read one record, or pass over lines, from the start of the window.
 *
 * w     advanced past what was read
 * copy  the window does not stay: what is handed out goes to the arena
 *
 * Returns 1 with a record; 0: something was passed over, call again; -1: more input is needed.
 */
static int step(struct kr_csv *c, struct kr_arena *arena, struct kr_str *w, bool eof, bool copy,
		struct kr_csv_record *ret)
{
	struct kr_str window;
	size_t len = 0;
	bool full;
	enum scan r;

	if (prologue(c, w, eof) == SCAN_MORE)
		return -1;
	if (c->passing) {
		if (!pass(c, w, eof))
			return -1;
		if (c->silent) {
			if (c->opts.skip_lines && --c->opts.skip_lines)
				pass_begin(c, true);
			return 0;
		}
		*ret = c->fault;
		return 1;
	}
	full = w->n > c->opts.record_max;
	window = full ? kr_str_first(*w, c->opts.record_max + 1) : *w;
	r = scan(c, window, eof && !full, &len);
	if (r == SCAN_MORE && !full)
		return -1;
	if (r == SCAN_MORE)
		r = broken(c, window, w->p, -KR_ELIMIT, "a record longer than the limit");
	if (r == SCAN_DONE)
		r = take_record(c, arena, window, len, copy, ret);
	if (r == SCAN_BROKEN) {
		pass_begin(c, false);
		return 0;
	}
	c->line += count_lines(kr_str_first(window, len));
	advance(c, w, len);
	advance_line_end(c, w);
	return 1;
}

/*
 * Add input to the carry, which is not a whole record yet: at least up to the next line end, and as
 * much again as there is, so that the work stays linear. The window never grows over record_max
 * + 1.
 */
static void carry_more(struct kr_csv *c, struct kr_str *in)
{
	const char *end = find_line_end(in->p, in->p + in->n);
	size_t have = c->carry.n - c->carry_at, want = (size_t)(end - in->p) + 1;

	if (c->carry_at) {
		memmove(c->carry.p, c->carry.p + c->carry_at, have);
		c->carry.n = have;
		c->carry_at = 0;
	}
	want = KR_MIN(KR_MIN(KR_MAX(want, have), in->n), c->carry.max - have);
	kr_buf_add(&c->carry, in->p, want);
	*in = kr_str_from(*in, want);
}

/*
 * Read from the carry. As soon as a record starts in the input, what was copied of it goes back
 * there. Returns as step().
 */
static int next_carried(struct kr_csv *c, struct kr_arena *arena, struct kr_str *in, bool eof,
			struct kr_csv_record *ret)
{
	const char *first = in->p;

	for (;;) {
		struct kr_str w = kr_str_n(c->carry.p + c->carry_at, c->carry.n - c->carry_at);
		int r = step(c, arena, &w, eof && !in->n, true, ret);
		size_t added = (size_t)(in->p - first);

		c->carry_at = c->carry.n - w.n;
		if (w.n <= added) {
			*in = kr_str_n(in->p - w.n, in->n + w.n);
			kr_buf_clear(&c->carry);
			c->carry_at = 0;
			return r > 0;
		}
		if (r >= 0)
			return r;
		if (!in->n)
			return -1;
		carry_more(c, in);
	}
}

int kr_csv_next(struct kr_csv *c, struct kr_arena *arena, struct kr_str *in, bool eof,
		struct kr_csv_record *ret)
{
	for (;;) {
		int r;

		if (c->carry.n > c->carry_at) {
			r = next_carried(c, arena, in, eof, ret);
			if (r > 0)
				return 1;
			if (r < 0)
				return 0;
			continue;
		}
		if (!in->n && !(eof && c->passing && !c->silent))
			return 0;
		r = step(c, arena, in, eof, false, ret);
		if (r > 0)
			return 1;
		if (r < 0) {
			/* Less than a record, so it fits. */
			kr_buf_clear(&c->carry);
			c->carry_at = 0;
			if (!eof)
				kr_buf_add(&c->carry, in->p, in->n);
			*in = kr_str_from(*in, in->n);
			return 0;
		}
	}
}
