/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: kr_json_next() looks at the one byte that decides what comes, with no recursion
 * and no stack but one bit a level (object or array), so depth costs nothing and is bounded. Each
 * byte of a string is looked at once, eight at a time, for what ends a plain run; UTF-8 is checked
 * over the string afterwards, and only if a byte above 127 was in it. A string without escapes is a
 * slice of the input; others are decoded into the arena. Positions are worked out only when there
 * is an error.
 *
 * Stricter than RFC 8259 has to be, since no text could hold the value: an escaped surrogate
 * without its partner is refused.
 */
#include "base/json.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/json_keys.h"
#include "base/swar.h"

/* Private flag: strings are checked but not decoded. */
#define NO_DECODE 0x80000000u

/* Line and column (in characters, not bytes) of a byte of the input. */
static void set_position(struct kr_json *j, const char *at)
{
	uint64_t line = 1, column = 1;

	for (const char *p = j->start; p < at; p++) {
		if (*p == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)*p & 0xc0) != 0x80) {
			column++;
		}
	}
	kr_fault_at(j->fault, line, column, (uint64_t)(at - j->start));
}

KR_PRINTF(4, 5)
static int fail(struct kr_json *j, int code, const char *at, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	j->err = code;
	j->p = at;
	if (!j->fault)
		return code;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	kr_fault_set(j->fault, code, "%s", text);
	set_position(j, at);
	return code;
}

/* "expected X, found Y" at a byte. */
static int unexpected(struct kr_json *j, const char *at, const char *expected)
{
	unsigned char c;

	if (at >= j->end)
		return fail(j, -KR_ESYNTAX, at, "expected %s, found the end of the input",
			    expected);
	c = (unsigned char)*at;
	if (c > ' ' && c < 0x7f)
		return fail(j, -KR_ESYNTAX, at, "expected %s, found '%c'", expected, c);
	return fail(j, -KR_ESYNTAX, at, "expected %s, found byte 0x%02x", expected, c);
}

void kr_json_init(struct kr_json *j, struct kr_str in, struct kr_arena *arena, unsigned depth_max,
		  unsigned flags, struct kr_fault *reterr)
{
	memset(j, 0, sizeof(*j));
	j->start = j->p = in.p;
	j->end = in.p + in.n;
	j->arena = arena;
	j->depth_max = KR_MIN(depth_max, (unsigned)KR_JSON_DEPTH_MAX);
	j->flags = flags;
	j->fault = reterr;
}

static inline const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

/* Value of four hexadecimal digits, -1 if they are not there. */
static int hex4(const char *p, const char *end)
{
	int v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int d = kr_hex_value(p[i]);

		if (d < 0)
			return -1;
		v = v << 4 | d;
	}
	return v;
}

/* Check the escape whose backslash is at p. Returns the byte behind it, NULL after an error. */
static const char *check_escape(struct kr_json *j, const char *p)
{
	int v, low;

	if (p + 1 >= j->end) {
		fail(j, -KR_ESYNTAX, j->end, "the string is not closed");
		return NULL;
	}
	if (p[1] != 'u') {
		if (p[1] && strchr("\"\\/bfnrt", p[1]))
			return p + 2;
		unexpected(j, p + 1, "one of \" \\ / b f n r t u after '\\'");
		return NULL;
	}
	v = hex4(p + 2, j->end);
	if (v < 0) {
		fail(j, -KR_ESYNTAX, p, "expected four hexadecimal digits after \\u");
		return NULL;
	}
	if (v < 0xd800 || v > 0xdfff)
		return p + 6;
	low = j->end - p >= 12 && p[6] == '\\' && p[7] == 'u' ? hex4(p + 8, j->end) : -1;
	if (v > 0xdbff || low < 0xdc00 || low > 0xdfff) {
		fail(j, -KR_ESYNTAX, p,
		     "\\u%04x is half of a surrogate pair without the other half", (unsigned)v);
		return NULL;
	}
	return p + 12;
}

/*
 * Find the end of a string.
 *
 * p            behind the opening quote
 * ret_escapes  set when there are any
 *
 * Returns the closing quote; NULL after an error.
 */
static inline const char *scan_string(struct kr_json *j, const char *p, bool *ret_escapes)
{
	const char *start = p, *end = j->end;
	uint64_t seen = 0;

	for (;;) {
		uint64_t mask = 0;

		while (end - p >= 8) {
			uint64_t w = kr_swar_load(p);

			seen |= w;
			mask = kr_swar_json(w);
			if (mask) {
				p += kr_swar_first(mask);
				break;
			}
			p += 8;
		}
		if (!mask) {
			while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
				seen |= (uint64_t)(unsigned char)*p++;
			if (p == end) {
				fail(j, -KR_ESYNTAX, start - 1, "the string is not closed");
				return NULL;
			}
		}
		if (*p == '"')
			break;
		if (*p != '\\') {
			fail(j, -KR_ESYNTAX, p,
			     "control character 0x%02x in a string must be written as \\u%04x", *p,
			     *p);
			return NULL;
		}
		*ret_escapes = true;
		p = check_escape(j, p);
		if (!p)
			return NULL;
	}
	if (seen & KR_SWAR_HIGH) {
		size_t valid = kr_utf8_valid(kr_str_n(start, (size_t)(p - start)));

		if (valid != (size_t)(p - start)) {
			fail(j, -KR_ESYNTAX, start + valid, "byte 0x%02x is not UTF-8",
			     (unsigned char)start[valid]);
			return NULL;
		}
	}
	return p;
}

static char *put_utf8(char *o, unsigned v)
{
	if (v < 0x80) {
		*o++ = (char)v;
	} else if (v < 0x800) {
		*o++ = (char)(0xc0 | v >> 6);
		*o++ = (char)(0x80 | (v & 0x3f));
	} else if (v < 0x10000) {
		*o++ = (char)(0xe0 | v >> 12);
		*o++ = (char)(0x80 | (v >> 6 & 0x3f));
		*o++ = (char)(0x80 | (v & 0x3f));
	} else {
		*o++ = (char)(0xf0 | v >> 18);
		*o++ = (char)(0x80 | (v >> 12 & 0x3f));
		*o++ = (char)(0x80 | (v >> 6 & 0x3f));
		*o++ = (char)(0x80 | (v & 0x3f));
	}
	return o;
}

/* Decode checked text with escapes; the result is never longer. p is NULL when the arena is full.
 */
static struct kr_str decode(struct kr_arena *arena, struct kr_str in)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	char *out = kr_arena_bytes(arena, in.n), *o = out;
	const char *p = in.p, *end = in.p + in.n;

	if (!out)
		return KR_STR_NULL;
	while (p < end) {
		const char *slash = memchr(p, '\\', (size_t)(end - p)), *plain;
		size_t run = (size_t)((slash ? slash : end) - p);

		memcpy(o, p, run);
		o += run;
		if (!slash)
			break;
		p = slash + 2;
		if (slash[1] == 'u') {
			unsigned v = (unsigned)hex4(p, end);

			p += 4;
			if (v >= 0xd800 && v <= 0xdbff) {
				v = 0x10000 +
				    ((v & 0x3ff) << 10 | ((unsigned)hex4(p + 2, end) & 0x3ff));
				p += 6;
			}
			o = put_utf8(o, v);
		} else {
			plain = strchr(from, slash[1]);
			*o++ = plain ? to[plain - from] : slash[1];
		}
	}
	return kr_str_n(out, (size_t)(o - out));
}

/* A string whose opening quote is at p. Returns the byte behind the closing one, NULL after an
 * error. */
static inline const char *read_string(struct kr_json *j, const char *p, bool wanted,
				      struct kr_str *ret)
{
	bool escapes = false;
	const char *close = scan_string(j, p + 1, &escapes);

	if (!close)
		return NULL;
	*ret = kr_str_n(p + 1, (size_t)(close - p - 1));
	if (KR_UNLIKELY(escapes && wanted)) {
		*ret = decode(j->arena, *ret);
		if (!ret->p) {
			fail(j, -KR_ELIMIT, p, "the memory for this document's texts is used up");
			return NULL;
		}
	}
	return close + 1;
}

static inline const char *skip_digits(const char *p, const char *end)
{
	while (p < end && kr_is_digit(*p))
		p++;
	return p;
}

static inline const char *read_number(struct kr_json *j, const char *p)
{
	const char *end = j->end, *digits;

	if (*p == '-')
		p++;
	digits = p;
	p = skip_digits(p, end);
	if (p == digits) {
		unexpected(j, p, "a digit");
		return NULL;
	}
	if (*digits == '0' && p - digits > 1) {
		fail(j, -KR_ESYNTAX, digits, "a number must not begin with 0");
		return NULL;
	}
	if (p < end && *p == '.') {
		digits = ++p;
		p = skip_digits(p, end);
		if (p == digits) {
			unexpected(j, p, "a digit after the decimal point");
			return NULL;
		}
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		digits = p;
		p = skip_digits(p, end);
		if (p == digits) {
			unexpected(j, p, "a digit of the exponent");
			return NULL;
		}
	}
	return p;
}

static const char *read_word(struct kr_json *j, const char *p, struct kr_json_token *t)
{
	static const struct {
		struct kr_str text;
		enum kr_json_type type;
	} words[] = {
		{{"true", 4}, KR_JSON_TRUE},
		{{"false", 5}, KR_JSON_FALSE},
		{{"null", 4}, KR_JSON_NULL},
	};

	for (size_t i = 0; i < KR_ARRAY_LEN(words); i++) {
		if (kr_str_starts(kr_str_n(p, (size_t)(j->end - p)), words[i].text)) {
			t->type = words[i].type;
			return p + words[i].text.n;
		}
	}
	unexpected(j, p, "a value");
	return NULL;
}

static int open_container(struct kr_json *j, const char *p, struct kr_json_token *t)
{
	uint64_t *word = &j->object_bits[j->depth / 64], bit = (uint64_t)1 << j->depth % 64;

	if (j->depth >= j->depth_max)
		return fail(j, -KR_ELIMIT, p, "nested deeper than %u levels", j->depth_max);
	t->type = *p == '{' ? KR_JSON_OBJECT : KR_JSON_ARRAY;
	*word = *p == '{' ? *word | bit : *word & ~bit;
	j->depth++;
	j->after_value = false;
	t->raw = t->text = kr_str_n(p, 1);
	j->p = p + 1;
	return 0;
}

static inline int read_value(struct kr_json *j, const char *p, struct kr_json_token *t)
{
	const char *start = p;

	if (KR_UNLIKELY(p == j->end))
		return unexpected(j, p, "a value");
	switch (*p) {
	case '"':
		t->type = KR_JSON_STRING;
		p = read_string(j, p, !(j->flags & NO_DECODE), &t->text);
		break;
	case '{':
	case '[': return open_container(j, p, t);
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		t->type = KR_JSON_NUMBER;
		p = read_number(j, p);
		break;
	default: p = read_word(j, p, t);
	}
	if (KR_UNLIKELY(!p))
		return j->err;
	t->raw = kr_str_n(start, (size_t)(p - start));
	if (t->type != KR_JSON_STRING)
		t->text = t->raw;
	j->after_value = true;
	j->p = p;
	return 0;
}

static int check_key(struct kr_json *j, const char *at, struct kr_str key)
{
	int r;

	if (!j->keys)
		j->keys = kr_base__keys_new(j->arena);
	r = j->keys ? kr_base__keys_add(j->keys, j->depth, key) : -KR_ELIMIT;
	if (r < 0)
		return fail(j, r, at, "the memory for this document's names is used up");
	if (r > 0)
		return fail(j, -KR_ESYNTAX, at, "the name \"%.*s\" is in the object twice",
			    (int)KR_MIN(key.n, (size_t)100), key.p);
	return 0;
}

/* Name and colon at p; sets *ret_p to the value. */
static inline int read_key(struct kr_json *j, const char *p, struct kr_json_token *t,
			   const char **ret_p)
{
	const char *start = p;
	bool unique = j->flags & KR_JSON_UNIQUE_KEYS;

	if (KR_UNLIKELY(p == j->end || *p != '"'))
		return unexpected(j, p,
				  j->after_value ? "a name in double quotes after ','"
						 : "a name in double quotes or '}'");
	p = read_string(j, p, unique || !(j->flags & NO_DECODE), &t->key);
	if (KR_UNLIKELY(!p))
		return j->err;
	if (unique && check_key(j, start, t->key))
		return j->err;
	p = skip_blanks(p, j->end);
	if (KR_UNLIKELY(p == j->end || *p != ':'))
		return unexpected(j, p, "':' after the name");
	t->has_key = true;
	*ret_p = skip_blanks(p + 1, j->end);
	return 0;
}

static inline bool in_object(const struct kr_json *j)
{
	return j->object_bits[(j->depth - 1) / 64] >> (j->depth - 1) % 64 & 1;
}

static int close_container(struct kr_json *j, const char *p, struct kr_json_token *t)
{
	t->type = *p == '}' ? KR_JSON_OBJECT_END : KR_JSON_ARRAY_END;
	t->raw = t->text = kr_str_n(p, 1);
	if (j->keys)
		kr_base__keys_leave(j->keys, j->depth);
	j->depth--;
	j->after_value = true;
	j->p = p + 1;
	return 0;
}

int kr_json_next(struct kr_json *j, struct kr_json_token *t)
{
	const char *p;
	bool object;

	if (KR_UNLIKELY(j->err))
		return j->err;
	p = skip_blanks(j->p, j->end);
	t->has_key = false;
	t->key = KR_STR_NULL;
	if (!j->depth) {
		if (!j->after_value)
			return read_value(j, p, t);
		if (p < j->end)
			return unexpected(j, p, "the end of the document");
		t->type = KR_JSON_END;
		t->raw = t->text = kr_str_n(p, 0);
		j->p = p;
		j->done = true;
		return 0;
	}
	object = in_object(j);
	if (p < j->end && *p == (object ? '}' : ']'))
		return close_container(j, p, t);
	if (j->after_value) {
		if (KR_UNLIKELY(p == j->end || *p != ','))
			return unexpected(j, p, object ? "',' or '}'" : "',' or ']'");
		p = skip_blanks(p + 1, j->end);
	}
	if (object && read_key(j, p, t, &p))
		return j->err;
	return read_value(j, p, t);
}

int kr_json_skip(struct kr_json *j, struct kr_json_token *t)
{
	unsigned depth = j->depth, flags = j->flags;
	struct kr_json_token inner;
	int r = j->err;

	if (t->type != KR_JSON_OBJECT && t->type != KR_JSON_ARRAY)
		return r;
	j->flags |= NO_DECODE;
	while (!r && j->depth >= depth)
		r = kr_json_next(j, &inner);
	j->flags = flags;
	if (!r)
		t->raw.n = (size_t)(j->p - t->raw.p);
	return r;
}

int kr_json_i64(const struct kr_json_token *t, int64_t *ret)
{
	return t->type == KR_JSON_NUMBER ? kr_str_i64(t->text, ret) : -KR_EINVAL;
}

int kr_json_check(struct kr_str in, unsigned depth_max, struct kr_fault *reterr)
{
	struct kr_json_token t = {.type = KR_JSON_NULL};
	struct kr_json j;
	int r;

	kr_json_init(&j, in, NULL, depth_max, NO_DECODE, reterr);
	do
		r = kr_json_next(&j, &t);
	while (!r && t.type != KR_JSON_END);
	return r;
}
