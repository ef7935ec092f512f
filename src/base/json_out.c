/* SPDX-License-Identifier: Apache-2.0 */
/* One bit a level says whether a comma is due; errors stay in the buffer. */
#include "base/json.h"

#include <math.h>

#include "base/swar.h"

#define DEPTH_MAX 128

static bool comma_due(struct kr_json_out *o)
{
	uint64_t bit = (uint64_t)1 << o->depth % 64;
	bool due;

	if (!o->depth)
		return false;
	due = o->comma[o->depth / 64] & bit;
	o->comma[o->depth / 64] |= bit;
	return due;
}

static void before_value(struct kr_json_out *o)
{
	if (o->keyed)
		o->keyed = false;
	else if (comma_due(o))
		kr_buf_ch(o->b, ',');
}

static void open_container(struct kr_json_out *o, char c)
{
	before_value(o);
	kr_buf_ch(o->b, c);
	assert(o->depth + 1 < DEPTH_MAX);
	o->depth++;
	o->comma[o->depth / 64] &= ~((uint64_t)1 << o->depth % 64);
}

static void close_container(struct kr_json_out *o, char c)
{
	assert(o->depth && !o->keyed);
	o->depth--;
	kr_buf_ch(o->b, c);
}

void kr_json_object(struct kr_json_out *o)
{
	open_container(o, '{');
}

void kr_json_object_end(struct kr_json_out *o)
{
	close_container(o, '}');
}

void kr_json_array(struct kr_json_out *o)
{
	open_container(o, '[');
}

void kr_json_array_end(struct kr_json_out *o)
{
	close_container(o, ']');
}

/* Bytes at the beginning that need no escape; bytes above 127 end the run too, they must be
 * checked. */
static size_t plain_run(struct kr_str s)
{
	size_t i = 0;

	for (; i + 8 <= s.n; i += 8) {
		uint64_t w = kr_swar_load(s.p + i), mask = kr_swar_json(w) | (w & KR_SWAR_HIGH);

		if (mask)
			return i + kr_swar_first(mask);
	}
	for (; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\' || c < 0x20 || c > 0x7f)
			break;
	}
	return i;
}

static void escape_one(struct kr_buf *b, char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *known = c ? strchr(from, c) : NULL;

	if (known) {
		kr_buf_ch(b, '\\');
		kr_buf_ch(b, to[known - from]);
	} else {
		kr_buf_c(b, "\\u00");
		kr_buf_hex(b, &c, 1);
	}
}

void kr_json_escape(struct kr_buf *b, struct kr_str s)
{
	size_t valid = 0; /* all before is known to be UTF-8 */

	for (size_t i = 0; i < s.n;) {
		size_t run = plain_run(kr_str_from(s, i));

		kr_buf_add(b, s.p + i, run);
		i += run;
		if (i == s.n)
			break;
		if ((unsigned char)s.p[i] < 0x80) {
			escape_one(b, s.p[i++]);
			continue;
		}
		if (i >= valid)
			valid = i + kr_utf8_valid(kr_str_from(s, i));
		if (i == valid) {
			kr_buf_c(b, "\xef\xbf\xbd"); /* U+FFFD */
			i++;
			continue;
		}
		for (run = i; run < valid && (unsigned char)s.p[run] >= 0x80; run++)
			;
		kr_buf_add(b, s.p + i, run - i);
		i = run;
	}
}

static void put_string(struct kr_buf *b, struct kr_str s)
{
	kr_buf_ch(b, '"');
	kr_json_escape(b, s);
	kr_buf_ch(b, '"');
}

void kr_json_key(struct kr_json_out *o, struct kr_str key)
{
	assert(!o->keyed);
	if (comma_due(o))
		kr_buf_ch(o->b, ',');
	put_string(o->b, key);
	kr_buf_ch(o->b, ':');
	o->keyed = true;
}

void kr_json_str(struct kr_json_out *o, struct kr_str s)
{
	before_value(o);
	put_string(o->b, s);
}

void kr_json_int(struct kr_json_out *o, int64_t v)
{
	before_value(o);
	kr_buf_i64(o->b, v);
}

void kr_json_uint(struct kr_json_out *o, uint64_t v)
{
	before_value(o);
	kr_buf_u64(o->b, v);
}

void kr_json_double(struct kr_json_out *o, double v)
{
	before_value(o);
	if (isfinite(v))
		kr_buf_double(o->b, v);
	else
		kr_buf_c(o->b, "null");
}

void kr_json_bool(struct kr_json_out *o, bool v)
{
	before_value(o);
	kr_buf_c(o->b, v ? "true" : "false");
}

void kr_json_null(struct kr_json_out *o)
{
	before_value(o);
	kr_buf_c(o->b, "null");
}

void kr_json_raw(struct kr_json_out *o, struct kr_str raw)
{
	before_value(o);
	kr_buf_str_add(o->b, raw);
}

void kr_json_kstr(struct kr_json_out *o, const char *key, struct kr_str s)
{
	kr_json_key(o, kr_str_c(key));
	kr_json_str(o, s);
}

void kr_json_kint(struct kr_json_out *o, const char *key, int64_t v)
{
	kr_json_key(o, kr_str_c(key));
	kr_json_int(o, v);
}

void kr_json_kbool(struct kr_json_out *o, const char *key, bool v)
{
	kr_json_key(o, kr_str_c(key));
	kr_json_bool(o, v);
}
