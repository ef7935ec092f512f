/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: each node writes itself with as few parentheses as give the same tree back: a
 * right side of the same or a weaker operator needs them. A chain of OR whose values belong to one
 * subject is written as a list. Field names are the full ones, times are absolute, values that hold
 * anything but plain characters are quoted.
 */
#include "model/expr_int.h"

#include <math.h>
#include <stdio.h>

#include "base/buf.h"

static bool is_plain(char c)
{
	return kr_is_alnum(c) || c == '_' || c == '-' || c == '/' || c == '@' || c == '+' ||
	       c == '.' || ((unsigned char)c & 0x80);
}

static void escaped(struct kr_buf *b, char c)
{
	if ((unsigned char)c < ' ' || c == 0x7f)
		kr_buf_printf(b, "\\x%02x", (unsigned)(unsigned char)c);
	else
		kr_buf_printf(b, "\\%c", c);
}

static void quoted(struct kr_buf *b, struct kr_str s)
{
	kr_buf_ch(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\' || (unsigned char)s.p[i] < ' ' ||
		    s.p[i] == 0x7f)
			escaped(b, s.p[i]);
		else
			kr_buf_ch(b, s.p[i]);
	}
	kr_buf_ch(b, '"');
}

/* A pattern has its own backslashes; what would end a bare value gets one more. */
static void pattern(struct kr_buf *b, struct kr_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '\\' && i + 1 < s.n) {
			kr_buf_ch(b, c);
			kr_buf_ch(b, s.p[++i]);
		} else if (c == '*' || c == '?' ||
			   (is_plain(c) && !(i == 0 && (c == '-' || c == '/')))) {
			kr_buf_ch(b, c);
		} else {
			escaped(b, c);
		}
	}
}

static void text_value(struct kr_buf *b, struct kr_str s)
{
	/* After a colon "//" makes a URL of what is before it. */
	bool plain = s.n > 0 && s.p[0] != '-' && s.p[0] != '/' && kr_str_find(s, KR_STR("..")) < 0;

	for (size_t i = 0; plain && i < s.n; i++)
		plain = is_plain(s.p[i]);
	if (plain)
		kr_buf_str_add(b, s);
	else
		quoted(b, s);
}

static void value(struct kr_buf *b, const struct kr_expr_leaf *leaf, const union kr_value *v)
{
	char text[KR_TIME_TEXT_MAX > KR_IP_TEXT_MAX ? KR_TIME_TEXT_MAX : KR_IP_TEXT_MAX];

	switch (leaf->rep) {
	case KR_REP_TEXT: text_value(b, v->text); break;
	case KR_REP_INT:
		if (leaf->subject == KR_SUBJ_FIELD)
			kr_field_text(leaf->field, v, b);
		else if (leaf->subject == KR_SUBJ_ROUTED)
			kr_buf_c(b, v->i ? "yes" : "no");
		else
			kr_buf_i64(b, v->i);
		break;
	case KR_REP_REAL: kr_buf_double(b, v->d); break;
	case KR_REP_TIME: kr_buf_c(b, kr_time_text(v->t, text)); break;
	case KR_REP_IP:
		if (v->ip.plen < kr_ip_bits(&v->ip) ||
		    (leaf->subject == KR_SUBJ_FIELD && leaf->test == KR_TEST_NET))
			kr_net_text(&v->ip, text);
		else
			kr_ip_text(&v->ip, text);
		kr_buf_c(b, text);
		break;
	}
}

static void word(struct kr_buf *b, const struct kr_expr_leaf *leaf)
{
	if (leaf->test == KR_TEST_WILDCARD) {
		pattern(b, leaf->value.text);
	} else if (leaf->rep == KR_REP_IP) {
		value(b, leaf, &leaf->value);
	} else if (leaf->rep == KR_REP_INT) {
		kr_buf_c(b, "AS");
		value(b, leaf, &leaf->value);
	} else if (leaf->test == KR_TEST_SUFFIX) {
		pattern(b, leaf->value.text);
	} else {
		/* Bare it might be read as something else: a keyword, a name, an AS number. */
		quoted(b, leaf->value.text);
	}
}

/* ":=" where the plain value would mean more than this value. */
static bool needs_equals(const struct kr_expr_leaf *leaf)
{
	const struct kr_field_info *info;

	if (leaf->subject != KR_SUBJ_FIELD || leaf->test != KR_TEST_EQ)
		return false;
	info = kr_field_info(leaf->field);
	return info->kind == KR_K_FQDN || info->kind == KR_K_NET;
}

static void leaf_value(struct kr_buf *b, const struct kr_expr_leaf *leaf)
{
	if (leaf->subject == KR_SUBJ_WORD) {
		word(b, leaf);
		return;
	}
	switch (leaf->test) {
	case KR_TEST_WILDCARD: pattern(b, leaf->value.text); return;
	case KR_TEST_LT: kr_buf_ch(b, '<'); break;
	case KR_TEST_LE: kr_buf_c(b, "<="); break;
	case KR_TEST_GT: kr_buf_ch(b, '>'); break;
	case KR_TEST_GE: kr_buf_c(b, ">="); break;
	case KR_TEST_EQ:
		if (needs_equals(leaf))
			kr_buf_ch(b, '=');
		break;
	case KR_TEST_RANGE:
	case KR_TEST_NET:
	case KR_TEST_SUFFIX:
	case KR_TEST_HAS: break;
	}
	value(b, leaf, &leaf->value);
	if (leaf->test == KR_TEST_RANGE) {
		kr_buf_c(b, "..");
		value(b, leaf, &leaf->upper);
	}
}

static bool is_name(struct kr_str key)
{
	for (size_t i = 0; i < key.n; i++)
		if (!kr_is_alnum(key.p[i]) && key.p[i] != '_' && key.p[i] != '-' && key.p[i] != '.')
			return false;
	return key.n > 0;
}

static void leaf_subject(struct kr_buf *b, const struct kr_expr_leaf *leaf)
{
	if (leaf->subject == KR_SUBJ_WORD)
		return;
	if (leaf->subject == KR_SUBJ_FIELD) {
		kr_buf_str_add(b, kr_field_info(leaf->field)->name_str);
	} else if (leaf->subject == KR_SUBJ_EXTRA) {
		kr_buf_c(b, "extra.");
		if (is_name(leaf->key))
			kr_buf_str_add(b, leaf->key);
		else
			quoted(b, leaf->key);
	} else {
		kr_buf_c(b, kr_model__expr_subject_name(leaf->subject));
	}
	kr_buf_ch(b, ':');
}

static void has(struct kr_buf *b, const struct kr_expr_leaf *leaf)
{
	kr_buf_c(b, "has:");
	if (leaf->subject == KR_SUBJ_FIELD) {
		kr_buf_str_add(b, kr_field_info(leaf->field)->name_str);
	} else if (is_name(leaf->key)) {
		kr_buf_c(b, "extra.");
		kr_buf_str_add(b, leaf->key);
	} else {
		struct kr_buf name = KR_BUF((size_t)1 << 20);

		kr_buf_c(&name, "extra.");
		kr_buf_str_add(&name, leaf->key);
		quoted(b, kr_buf_str(&name));
		kr_buf_done(&name);
	}
}

static bool same_subject(const struct kr_expr_leaf *a, const struct kr_expr_leaf *b)
{
	bool has_a = a->test == KR_TEST_HAS, has_b = b->test == KR_TEST_HAS;

	if (has_a || has_b)
		return has_a && has_b;
	return a->subject == b->subject && a->field == b->field && kr_str_eq(a->key, b->key);
}

/* A chain of OR over leaves of one subject: x is its top. */
static bool is_list(const struct kr_expr *x)
{
	const struct kr_expr_leaf *leaf;

	if (x->op != KR_EXPR_OR || x->b->op != KR_EXPR_LEAF)
		return false;
	leaf = &x->b->leaf;
	for (x = x->a; x->op == KR_EXPR_OR; x = x->a)
		if (x->b->op != KR_EXPR_LEAF || !same_subject(&x->b->leaf, leaf))
			return false;
	return x->op == KR_EXPR_LEAF && same_subject(&x->leaf, leaf);
}

/* The chain from the left; its depth is bounded by the nodes of a tree. */
static void list(const struct kr_expr *x, struct kr_buf *b)
{
	const struct kr_expr_leaf *leaf = x->op == KR_EXPR_LEAF ? &x->leaf : &x->b->leaf;

	if (x->op == KR_EXPR_OR) {
		list(x->a, b);
		kr_buf_ch(b, ',');
	} else if (leaf->test == KR_TEST_HAS) {
		has(b, leaf);
		return;
	} else {
		leaf_subject(b, leaf);
	}
	if (leaf->test == KR_TEST_HAS) {
		struct kr_buf one = KR_BUF((size_t)1 << 20);

		has(&one, leaf);
		kr_buf_str_add(b, kr_str_from(kr_buf_str(&one), 4));
		kr_buf_done(&one);
	} else {
		leaf_value(b, leaf);
	}
}

static bool is_one_term(const struct kr_expr *x)
{
	return x->op == KR_EXPR_LEAF || is_list(x);
}

static void side(const struct kr_expr *x, bool parentheses, struct kr_buf *b)
{
	if (parentheses)
		kr_buf_ch(b, '(');
	kr_expr_text(x, b);
	if (parentheses)
		kr_buf_ch(b, ')');
}

void kr_expr_text(const struct kr_expr *x, struct kr_buf *b)
{
	switch (x->op) {
	case KR_EXPR_ALL: break;
	case KR_EXPR_NOT:
		kr_buf_c(b, "not ");
		side(x->a, !is_one_term(x->a) && x->a->op != KR_EXPR_NOT, b);
		break;
	case KR_EXPR_AND:
		side(x->a, x->a->op == KR_EXPR_OR && !is_list(x->a), b);
		kr_buf_c(b, " and ");
		side(x->b, x->b->op == KR_EXPR_AND || (x->b->op == KR_EXPR_OR && !is_list(x->b)),
		     b);
		break;
	case KR_EXPR_OR:
		if (is_list(x)) {
			list(x, b);
			break;
		}
		side(x->a, false, b);
		kr_buf_c(b, " or ");
		side(x->b, x->b->op == KR_EXPR_OR && !is_list(x->b), b);
		break;
	case KR_EXPR_LEAF: list(x, b); break;
	}
}
