/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: a header value is cleaned first, then cut into a plain beginning, a middle that
 * must be encoded, and a plain end, at blanks. The middle goes out as encoded words in base64 of at
 * most 75 characters, each of whole characters (RFC 2047 section 5); blanks inside of it are
 * encoded too, since those between encoded words do not count. A word that no line can hold is
 * encoded as well: encoded words can be folded, plain ones cannot.
 */
#include "render/mime_text.h"

#include "base/base64.h"
#include "render/mime.h"

#define LINE_MAX     76
#define WORD_MAX     200 /* a longer word is encoded, so that it can be folded */
#define ENCODED_MAX  45	 /* bytes in one encoded word: 60 characters of base64, 72 with frame */
#define ENCODED_CHAR 4
#define SECTION_MAX  54 /* characters of a parameter in one line */

static const char replacement[] = "\xef\xbf\xbd";

/* Marks that turn the direction of text, or are not seen: U+200E, 200F, 202A to 202E, 2066 to 2069
 */
static bool is_turning(const char *p, size_t left)
{
	unsigned char c;

	if (left < 3 || (unsigned char)p[0] != 0xe2)
		return false;
	c = (unsigned char)p[2];
	if ((unsigned char)p[1] == 0x80)
		return c == 0x8e || c == 0x8f || (c >= 0xa8 && c <= 0xae);
	return (unsigned char)p[1] == 0x81 && c >= 0xa6 && c <= 0xa9;
}

static size_t char_length(unsigned char c)
{
	return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

void kr_render__header_text(struct kr_buf *b, struct kr_str text)
{
	while (text.n) {
		size_t good = kr_utf8_valid(text);

		for (size_t i = 0, n; i < good; i += n) {
			unsigned char c = (unsigned char)text.p[i];

			n = char_length(c);
			if (c < ' ' || c == 127)
				kr_buf_ch(b, ' ');
			else if (c == 0xc2 && (unsigned char)text.p[i + 1] < 0xa0)
				kr_buf_ch(b, ' '); /* controls of C1 */
			else if (is_turning(text.p + i, good - i))
				kr_buf_c(b, replacement);
			else
				kr_buf_add(b, text.p + i, n);
		}
		text = kr_str_from(text, good);
		if (text.n) {
			kr_buf_c(b, replacement);
			text = kr_str_from(text, 1);
		}
	}
}

/* ---- encoded words ---- */

static bool needs_encoding(struct kr_str word)
{
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] & 0x80)
			return true;
	return word.n > WORD_MAX || kr_str_find(word, KR_STR("=?")) >= 0;
}

static struct kr_str next_word(struct kr_str rest)
{
	size_t n = 0;

	while (n < rest.n && rest.p[n] != ' ')
		n++;
	return kr_str_first(rest, n);
}

/* Where the middle that is encoded begins and ends; equal: nothing is. */
static void find_middle(struct kr_str text, size_t *from, size_t *to)
{
	*from = *to = 0;
	for (size_t i = 0; i < text.n;) {
		struct kr_str word = next_word(kr_str_from(text, i));

		if (word.n && needs_encoding(word)) {
			if (!*to)
				*from = i;
			*to = i + word.n;
		}
		i += word.n + 1;
	}
}

static void fold(struct kr_buf *b, size_t *column)
{
	kr_buf_add(b, "\r\n ", 3);
	*column = 1;
}

/* One word; `gap` blanks were before it. */
static void put_word(struct kr_buf *b, struct kr_str word, size_t gap, size_t *column)
{
	if (gap && *column + gap + word.n > LINE_MAX) {
		kr_buf_add(b, "\r\n", 2);
		*column = 0;
	}
	for (; gap; gap--, (*column)++)
		kr_buf_ch(b, ' ');
	kr_buf_str_add(b, word);
	*column += word.n;
}

static void put_plain(struct kr_buf *b, struct kr_str text, size_t *column)
{
	size_t gap = 0;

	while (text.n) {
		struct kr_str word = next_word(text);

		if (word.n)
			put_word(b, word, gap, column);
		/* Runs of blanks become one: no line of blanks alone can come of them. */
		if (word.n)
			gap = 0;
		text = kr_str_from(text, word.n);
		if (text.n) {
			gap = 1;
			text = kr_str_from(text, 1);
		}
	}
}

static size_t take_chars(struct kr_str s, size_t max)
{
	size_t n = 0;

	while (n < s.n) {
		size_t c = char_length((unsigned char)s.p[n]);

		if (n + c > max)
			break;
		n += c;
	}
	return n;
}

static void put_encoded(struct kr_buf *b, struct kr_str text, size_t *column)
{
	while (text.n) {
		/* "=?utf-8?B?" and "?=" are 12; base64 takes 4 for 3. */
		size_t room = *column + 12 < LINE_MAX ? (LINE_MAX - *column - 12) / 4 * 3 : 0, n;

		if (room < ENCODED_CHAR && *column > 1) {
			fold(b, column);
			continue;
		}
		n = take_chars(text, KR_MIN(room, (size_t)ENCODED_MAX));
		kr_buf_c(b, "=?utf-8?B?");
		kr_base64_write(b, kr_str_first(text, n), 0);
		kr_buf_c(b, "?=");
		*column += 12 + (n + 2) / 3 * 4;
		text = kr_str_from(text, n);
		if (text.n)
			fold(b, column);
	}
}

void kr_render__encoded(struct kr_buf *b, struct kr_str text, size_t column)
{
	put_encoded(b, text, &column);
}

void kr_mime_words(struct kr_buf *b, struct kr_str text, size_t column)
{
	KR_AUTO_BUF clean = KR_BUF(text.n * 3 + 1);
	struct kr_str s, end;
	size_t from, to;

	kr_render__header_text(&clean, text);
	s = kr_str_trim(kr_buf_str(&clean));
	find_middle(s, &from, &to);
	if (to) {
		put_plain(b, kr_str_trim(kr_str_first(s, from)), &column);
		if (from)
			put_word(b, KR_STR_NULL, 1, &column);
		put_encoded(b, kr_str_n(s.p + from, to - from), &column);
	}
	end = to ? kr_str_from(s, to) : s;
	put_plain(b, end, &column);
}

/* ---- parameters ---- */

static bool is_token(struct kr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!kr_is_alnum(s.p[i]) && !strchr("-._", s.p[i]))
			return false;
	return s.n && s.n < 60 && !memchr(s.p, 0, s.n);
}

static bool is_attribute_char(char c)
{
	return kr_is_alnum(c) || c == '-' || c == '.' || c == '_';
}

static void put_section(struct kr_buf *b, struct kr_str *rest, size_t max)
{
	size_t column = 0, i;

	for (i = 0; i < rest->n && column < max; i++) {
		char c = rest->p[i];
		bool plain = is_attribute_char(c);

		if (plain)
			kr_buf_ch(b, c);
		else
			kr_buf_printf(b, "%%%02X", (unsigned)(unsigned char)c);
		column += plain ? 1 : 3;
	}
	*rest = kr_str_from(*rest, i);
}

void kr_render__parameter(struct kr_buf *b, const char *name, struct kr_str value)
{
	KR_AUTO_BUF clean = KR_BUF(value.n * 3 + 1);
	struct kr_str s;

	kr_render__header_text(&clean, value);
	s = kr_buf_str(&clean);
	if (is_token(s)) {
		kr_buf_printf(b, ";\r\n %s=\"%.*s\"", name, KR_STR_ARG(s));
	} else if (s.n < SECTION_MAX / 3) {
		kr_buf_printf(b, ";\r\n %s*=utf-8''", name);
		put_section(b, &s, SECTION_MAX);
	} else {
		for (size_t section = 0; s.n; section++) {
			kr_buf_printf(b, ";\r\n %s*%zu*=%s", name, section,
				      section ? "" : "utf-8''");
			put_section(b, &s, SECTION_MAX);
		}
	}
}

/* ---- bodies ---- */

enum kr_transfer kr_render__transfer(struct kr_str text)
{
	size_t odd = 0, column = 0;
	bool plain = true;

	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c == '\n') {
			plain = plain && !(i && text.p[i - 1] == ' ');
			column = 0;
			continue;
		}
		if (column == 0 &&
		    (c == '.' || kr_str_starts(kr_str_from(text, i), KR_STR("From ")) ||
		     kr_str_starts(kr_str_from(text, i), KR_STR("--"))))
			plain = false;
		if (c >= 127 || (c < ' ' && c != '\t'))
			odd++;
		if (++column > 78)
			plain = false;
	}
	if (!odd && plain)
		return KR_TRANSFER_7BIT;
	return odd > text.n / 6 ? KR_TRANSFER_BASE64 : KR_TRANSFER_QP;
}

void kr_render__lines(struct kr_buf *b, struct kr_str text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\r') {
			if (i + 1 < text.n && text.p[i + 1] == '\n')
				i++;
			kr_buf_add(b, "\r\n", 2);
		} else if (text.p[i] == '\n') {
			kr_buf_add(b, "\r\n", 2);
		} else {
			kr_buf_ch(b, text.p[i]);
		}
	}
}

static bool line_ends(struct kr_str text, size_t i)
{
	return i >= text.n || text.p[i] == '\n' || text.p[i] == '\r';
}

void kr_render__quoted(struct kr_buf *b, struct kr_str text)
{
	size_t column = 0;

	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		bool plain = c >= ' ' && c < 127 && c != '=';

		if (c == '\n' || c == '\r') {
			if (c == '\r' && i + 1 < text.n && text.p[i + 1] == '\n')
				i++;
			kr_buf_add(b, "\r\n", 2);
			column = 0;
			continue;
		}
		if ((c == ' ' || c == '\t') && line_ends(text, i + 1))
			plain = false;
		/* What some servers change or end a message with at the start of a line. */
		if (column == 0 && (c == '.' || c == '-' || c == 'F'))
			plain = false;
		if (column + (plain ? 1 : 3) > 75) {
			kr_buf_add(b, "=\r\n", 3);
			column = 0;
		}
		if (plain)
			kr_buf_ch(b, (char)c);
		else
			kr_buf_printf(b, "=%02X", (unsigned)c);
		column += plain ? 1 : 3;
	}
}
