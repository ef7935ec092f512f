/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader against jansson: random documents and random mutations of them are accepted or refused
 * alike, and what is read is equal. Differences that are meant: jansson refuses numbers over its
 * own range and U+0000 in a name; kr_json keeps numbers as text and takes any name.
 */
#include "base/json.h"

#include <jansson.h>

#include "prop.h"
#include "tap.h"

static void gen_string(struct kr_buf *b)
{
	static const char *const pieces[] = {
		"a",
		"key",
		" ",
		"\\n",
		"\\\"",
		"\\\\",
		"\\/",
		"\\u0041",
		"\\u0000",
		"\\u010d",
		"\\ud83d\\ude00",
		"\xc4\x8d",
		"\xe2\x82\xac",
		"\xf0\x9f\x98\x80",
		"plain text of some length",
		"]",
		"}",
		"{",
		",",
		":",
		"\x7f",
	};
	unsigned n = (unsigned)prop_below(6);

	kr_buf_ch(b, '"');
	while (n--)
		kr_buf_c(b, pieces[prop_below(KR_ARRAY_LEN(pieces))]);
	kr_buf_ch(b, '"');
}

static void gen_blank(struct kr_buf *b)
{
	if (prop_chance(15))
		kr_buf_ch(b, " \n\r\t"[prop_below(4)]);
}

static void gen_value(struct kr_buf *b, unsigned depth)
{
	static const char *const scalars[] = {
		"true", "false", "null", "0", "-0", "1.5", "-1e-3", "12E+2", "9223372036854775807"};
	unsigned n = (unsigned)prop_below(4), kind = (unsigned)prop_below(depth ? 6 : 3);

	gen_blank(b);
	if (kind == 0) {
		kr_buf_c(b, scalars[prop_below(KR_ARRAY_LEN(scalars))]);
	} else if (kind == 1) {
		kr_buf_i64(b, (int64_t)prop_u64() >> prop_below(64));
	} else if (kind == 2) {
		gen_string(b);
	} else {
		kr_buf_ch(b, kind == 3 ? '[' : '{');
		for (unsigned i = 0; i < n; i++) {
			if (i)
				kr_buf_ch(b, ',');
			if (kind != 3) {
				gen_blank(b);
				gen_string(b);
				gen_blank(b);
				kr_buf_ch(b, ':');
			}
			gen_value(b, depth - 1);
		}
		gen_blank(b);
		kr_buf_ch(b, kind == 3 ? ']' : '}');
	}
	gen_blank(b);
}

/* Change, drop, add or double some bytes. */
static void mutate(struct kr_buf *b)
{
	static const char bytes[] = "{}[],:\"\\0123456789.eE+-truefalsn ud8\xc3\xa9\xff\n\x01";
	size_t at = prop_below(b->n), n;
	char c = bytes[prop_below(sizeof(bytes))];

	if (!b->n)
		return;
	switch (prop_below(5)) {
	case 0: b->p[at] = c; break;
	case 1: b->p[at] = (char)prop_below(256); break;
	case 2:
		memmove(b->p + at, b->p + at + 1, b->n - at - 1);
		b->n--;
		break;
	case 3: b->n = at; break;
	default:
		n = 1 + prop_below(KR_MIN(b->n - at, (size_t)8));
		if (!kr_buf_room(b, n))
			return;
		memmove(b->p + at + n, b->p + at, b->n - at);
		if (n == 1)
			b->p[at] = c;
		b->n += n;
	}
}

/* What kr_json reads, written again; numbers as doubles so that both sides can be compared. */
static int rewrite(struct kr_str in, struct kr_buf *out)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(1 << 20);
	struct kr_json_out o = KR_JSON_OUT(out);
	struct kr_json_token t = {.type = KR_JSON_NULL};
	struct kr_json j;
	int64_t i;
	double d;
	int r;

	kr_json_init(&j, in, a, KR_JSON_DEPTH_MAX, KR_JSON_UNIQUE_KEYS, NULL);
	while (!(r = kr_json_next(&j, &t)) && t.type != KR_JSON_END) {
		if (t.has_key)
			kr_json_key(&o, t.key);
		switch (t.type) {
		case KR_JSON_NULL: kr_json_null(&o); break;
		case KR_JSON_FALSE: kr_json_bool(&o, false); break;
		case KR_JSON_TRUE: kr_json_bool(&o, true); break;
		case KR_JSON_NUMBER:
			/* An integer has no negative zero. */
			d = strtod(kr_arena_dup(a, t.text).p, NULL);
			kr_json_double(&o, kr_json_i64(&t, &i) ? d : (double)i);
			break;
		case KR_JSON_STRING: kr_json_str(&o, t.text); break;
		case KR_JSON_OBJECT: kr_json_object(&o); break;
		case KR_JSON_ARRAY: kr_json_array(&o); break;
		case KR_JSON_OBJECT_END: kr_json_object_end(&o); break;
		case KR_JSON_ARRAY_END: kr_json_array_end(&o); break;
		case KR_JSON_END: break;
		}
	}
	return r;
}

/* The same from jansson's tree. */
static void rewrite_tree(const json_t *v, struct kr_json_out *o)
{
	const json_t *member;
	const char *key;
	size_t i, len;

	switch (json_typeof(v)) {
	case JSON_OBJECT:
		kr_json_object(o);
		json_object_keylen_foreach((json_t *)(uintptr_t)v, key, len, member)
		{
			kr_json_key(o, kr_str_n(key, len));
			rewrite_tree(member, o);
		}
		kr_json_object_end(o);
		break;
	case JSON_ARRAY:
		kr_json_array(o);
		json_array_foreach(v, i, member) rewrite_tree(member, o);
		kr_json_array_end(o);
		break;
	case JSON_STRING:
		kr_json_str(o, kr_str_n(json_string_value(v), json_string_length(v)));
		break;
	case JSON_INTEGER:
	case JSON_REAL: kr_json_double(o, json_number_value(v)); break;
	case JSON_TRUE: kr_json_bool(o, true); break;
	case JSON_FALSE: kr_json_bool(o, false); break;
	case JSON_NULL: kr_json_null(o); break;
	}
}

/* "" when both agree, or how they differ. */
static const char *compare(struct kr_str in, bool *ret_accepted)
{
	KR_AUTO_BUF ours = KR_BUF(1 << 20);
	KR_AUTO_BUF theirs = KR_BUF(1 << 20);
	struct kr_json_out o = KR_JSON_OUT(&theirs);
	int r = rewrite(in, &ours), again;
	json_error_t e = {.line = 0};
	json_t *v = json_loadb(in.n ? in.p : "", in.n,
			       JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &e);
	bool same;

	*ret_accepted = !r;
	if (kr_str_chr(in, '\0') >= 0) {
		json_decref(v);
		return r ? "" : "a NUL byte was accepted";
	}
	if (!v && !r) {
		enum json_error_code code = json_error_code(&e);

		return code == json_error_numeric_overflow || code == json_error_null_byte_in_key
			       ? ""
			       : "accepted, but jansson refuses";
	}
	if (!v)
		return "";
	if (r) {
		json_decref(v);
		return "refused, but jansson accepts";
	}
	rewrite_tree(v, &o);
	same = kr_str_eq(kr_buf_str(&ours), kr_buf_str(&theirs));
	json_decref(v);
	/* And what we wrote is a document for both. */
	again = kr_json_check(kr_buf_str(&ours), KR_JSON_DEPTH_MAX, NULL);
	v = json_loadb(ours.p, ours.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
	if (v)
		json_decref(v);
	return !same ? "read differently" : again || !v ? "what was written cannot be read" : "";
}

int main(void)
{
	unsigned runs = prop_begin(30000), wrong = 0, accepted = 0;

	for (unsigned i = 0; i < runs; i++) {
		KR_AUTO_BUF b = KR_BUF(1 << 16);
		const char *difference;
		bool ok;

		gen_value(&b, 5);
		for (uint64_t k = prop_below(3); k > 0 && prop_chance(80); k--)
			mutate(&b);
		difference = compare(kr_buf_str(&b), &ok);
		accepted += ok;
		if (*difference) {
			printf("# %s: %.*s\n", difference, KR_STR_ARG(b));
			wrong++;
		}
	}
	OK(accepted > runs / 10 && accepted < runs - runs / 10, "%u of %u documents are valid",
	   accepted, runs);
	IS(wrong, 0, "reading agrees with jansson");
	return tap_end();
}
