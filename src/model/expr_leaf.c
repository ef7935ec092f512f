/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: a value becomes a test by the kind of its subject.
 *
 * - text: equal; * and ? unquoted make a wildcard; a domain name matches itself and all below it
 * - number: equal, compared, a..b; its text by wildcard
 * - time: the same; a date is the whole day, 7d is that long ago
 * - address: equal, compared and a..b within its family; a/b is a network
 *
 * ":=" always means exactly this value: no wildcard, no names below. Values go through
 * kr_field_parse(), so that they are spelled as stored ones are.
 */
#include "model/expr_int.h"

#include <stdio.h>
#include <string.h>

#define SHOWN 60 /* bytes of a value in a message */

static int shown(struct kr_str s)
{
	return (int)KR_MIN(s.n, (size_t)SHOWN);
}

/* ---- texts ---- */

static bool has_wildcard(const struct kr_model__piece *piece)
{
	if (piece->quoted || piece->has_op)
		return false;
	for (size_t i = 0; i < piece->raw.n; i++) {
		if (piece->raw.p[i] == '\\')
			i++;
		else if (piece->raw.p[i] == '*' || piece->raw.p[i] == '?')
			return true;
	}
	return false;
}

static int wildcard(struct kr_model__parser *p, const struct kr_model__piece *piece,
		    struct kr_expr_leaf *leaf)
{
	leaf->test = KR_TEST_WILDCARD;
	leaf->rep = KR_REP_TEXT;
	return kr_model__expr_unescape(p, piece->raw, piece->at, true, &leaf->value.text);
}

static int refuse_order(struct kr_model__parser *p, const struct kr_model__piece *piece,
			const char *what)
{
	if ((!piece->has_op || piece->op == KR_TEST_EQ) && !piece->ranged)
		return 0;
	return kr_model__expr_fault(p, -KR_EINVAL, piece->at,
				    "write field:value, with * and ? if needed", "%s has no order",
				    what);
}

/* ---- by subject ---- */

static int network(struct kr_model__parser *p, struct kr_expr_leaf *leaf,
		   const struct kr_model__piece *piece)
{
	struct kr_str text;
	int r = refuse_order(p, piece, "a network");

	if (r < 0 || (r = kr_model__expr_unescape(p, piece->raw, piece->at, false, &text)) < 0)
		return r;
	leaf->test = piece->has_op ? KR_TEST_EQ : KR_TEST_NET;
	if (kr_net_parse(text, &leaf->value.ip) >= 0)
		return 0;
	return kr_model__expr_fault(p, -KR_EINVAL, piece->at,
				    "write 198.51.100.0/24 or 2001:db8::/32",
				    "\"%.*s\" is not a network", shown(text), text.p);
}

static int text_field(struct kr_model__parser *p, struct kr_expr_leaf *leaf,
		      const struct kr_model__piece *piece)
{
	bool domain = kr_field_info(leaf->field)->kind == KR_K_FQDN && !piece->has_op;
	struct kr_str text;
	int r = refuse_order(p, piece, kr_field_info(leaf->field)->name);

	if (r < 0 || (r = kr_model__expr_unescape(p, piece->raw, piece->at, false, &text)) < 0)
		return r;
	leaf->test = domain ? KR_TEST_SUFFIX : KR_TEST_EQ;
	return kr_model__expr_field_value(p, leaf->field, text, piece->at, &leaf->value);
}

static int plain_text(struct kr_model__parser *p, struct kr_expr_leaf *leaf,
		      const struct kr_model__piece *piece, const char *what)
{
	int r = refuse_order(p, piece, what);

	if (r < 0 ||
	    (r = kr_model__expr_unescape(p, piece->raw, piece->at, false, &leaf->value.text)) < 0)
		return r;
	leaf->test = KR_TEST_EQ;
	if (!leaf->value.text.n)
		return kr_model__expr_fault(p, -KR_EINVAL, piece->at,
					    "write -has:field for absent values",
					    "an empty text matches nothing");
	return 0;
}

static int extra(struct kr_model__parser *p, struct kr_expr_leaf *leaf,
		 const struct kr_model__piece *piece)
{
	struct kr_fault *fault = p->fault;
	struct kr_model__piece lo, hi;

	if ((piece->has_op && piece->op != KR_TEST_EQ) || piece->ranged)
		return kr_model__expr_ordered(p, leaf, piece);
	if (!piece->has_op && kr_model__expr_range_ends(piece, &lo, &hi)) {
		int r;

		/* "a..b" is a range where both ends have an order, and a text where not. */
		p->fault = NULL;
		r = kr_model__expr_range(p, leaf, &lo, &hi);
		p->fault = fault;
		if (r == 0)
			return 0;
		leaf->rep = KR_REP_TEXT;
	}
	return plain_text(p, leaf, piece, "this text");
}

static int routed(struct kr_model__parser *p, struct kr_expr_leaf *leaf,
		  const struct kr_model__piece *piece)
{
	static const struct kr_str yes[] = {KR_STR("yes"), KR_STR("true"), KR_STR("1")};
	static const struct kr_str no[] = {KR_STR("no"), KR_STR("false"), KR_STR("0")};
	int r = refuse_order(p, piece, "routed");

	if (r < 0)
		return r;
	leaf->test = KR_TEST_EQ;
	for (size_t i = 0; i < KR_ARRAY_LEN(yes); i++) {
		leaf->value.i = kr_str_ieq(piece->raw, yes[i]);
		if (leaf->value.i || kr_str_ieq(piece->raw, no[i]))
			return 0;
	}
	return kr_model__expr_fault(p, -KR_EINVAL, piece->at, "write routed:yes or routed:no",
				    "\"%.*s\" is not yes or no", shown(piece->raw), piece->raw.p);
}

static int bound(struct kr_model__parser *p, struct kr_expr_leaf *leaf, enum kr_model__bound which,
		 const struct kr_model__piece *piece)
{
	struct kr_model__piece lo, hi;
	struct kr_model__point at;
	int r;

	if (piece->has_op || kr_model__expr_range_ends(piece, &lo, &hi))
		return kr_model__expr_fault(p, -KR_ESYNTAX, piece->at,
					    "write last:a..b, or last:>=a",
					    "since and until take one time");
	r = kr_model__expr_point(p, leaf, piece->raw, piece->at, &at);
	if (r < 0)
		return r;
	leaf->test = which == KR_BOUND_SINCE ? KR_TEST_GE : KR_TEST_LE;
	leaf->value = which == KR_BOUND_SINCE ? at.lo : at.hi;
	return 0;
}

static int has(struct kr_model__parser *p, struct kr_expr_leaf *leaf,
	       const struct kr_model__piece *piece)
{
	struct kr_model__subject s;
	struct kr_str name;
	int r = refuse_order(p, piece, "a name");

	if (r < 0 || (r = kr_model__expr_unescape(p, piece->raw, piece->at, false, &name)) < 0)
		return r;
	if (kr_str_istarts(name, KR_STR("extra.")) && name.n > 6) {
		/* Asked for its permission under a key that needs no quotes; then the key as it is.
		 */
		r = kr_model__expr_subject(p, KR_STR("extra.k"), piece->at, &s);
		s.key = kr_str_from(name, 6);
	} else {
		r = kr_model__expr_subject(p, name, piece->at, &s);
	}
	if (r < 0)
		return r;
	leaf->subject = s.subject;
	leaf->field = s.field;
	leaf->key = s.key;
	leaf->test = KR_TEST_HAS;
	if (s.subject == KR_SUBJ_CONSTITUENT) {
		leaf->subject = KR_SUBJ_ROUTED;
		leaf->test = KR_TEST_EQ;
		leaf->rep = KR_REP_INT;
		leaf->value.i = 1;
	} else if (s.has || (s.subject != KR_SUBJ_FIELD && s.subject != KR_SUBJ_EXTRA)) {
		return kr_model__expr_fault(p, -KR_EINVAL, piece->at,
					    "write has:url or has:extra.key",
					    "every event has \"%.*s\"", shown(name), name.p);
	}
	return 0;
}

static int word(struct kr_model__parser *p, struct kr_expr_leaf *leaf,
		const struct kr_model__piece *piece)
{
	union kr_value as;
	struct kr_str text;
	int r;

	leaf->subject = KR_SUBJ_WORD;
	if (p->opts.may_name && !p->opts.may_name(p->opts.ctx, KR_SUBJ_WORD, KR_F_NONE))
		return kr_model__expr_fault(p, -KR_EINVAL, piece->at, "write field:value",
					    "a word needs a field here");
	if (piece->has_op || piece->ranged)
		return kr_model__expr_fault(p, -KR_EINVAL, piece->at,
					    "write field:>=value or field:a..b",
					    "a comparison needs a field");
	if (has_wildcard(piece))
		return wildcard(p, piece, leaf);
	r = plain_text(p, leaf, piece, "a word");
	if (r < 0 || piece->quoted)
		return r;
	text = leaf->value.text;
	if (kr_net_parse(text, &as.ip) >= 0) {
		leaf->test = KR_TEST_NET;
		leaf->rep = KR_REP_IP;
		leaf->value = as;
	} else if (text.n > 2 && kr_str_istarts(text, KR_STR("as")) && kr_is_digit(text.p[2]) &&
		   kr_field_parse(KR_F_SRC_ASN, text, p->arena, &as, NULL) == 0) {
		leaf->rep = KR_REP_INT;
		leaf->value = as;
	} else if (kr_str_chr(text, '.') >= 0 && kr_str_chr(text, '@') < 0 &&
		   kr_str_chr(text, ':') < 0 &&
		   kr_field_parse(KR_F_SRC_FQDN, text, p->arena, &as, NULL) == 0 &&
		   kr_str_chr(as.text, '.') > 0) {
		leaf->test = KR_TEST_SUFFIX;
		leaf->value = as;
	} else if (kr_str_chr(piece->raw, ':') >= 0 && kr_str_find(text, KR_STR("://")) < 0) {
		return kr_model__expr_fault(
			p, -KR_ESYNTAX, piece->at, "put it in quotes, or separate terms by blanks",
			"\"%.*s\" is no field with a value", shown(text), text.p);
	}
	return 0;
}

static bool takes_wildcard(const struct kr_expr_leaf *leaf)
{
	switch (leaf->subject) {
	case KR_SUBJ_FIELD:
	case KR_SUBJ_EXTRA:
	case KR_SUBJ_WORD:
	case KR_SUBJ_SOURCE:
	case KR_SUBJ_CONSTITUENT:
	case KR_SUBJ_ID: return true;
	case KR_SUBJ_REPORT:
	case KR_SUBJ_COUNT:
	case KR_SUBJ_FIRST:
	case KR_SUBJ_LAST:
	case KR_SUBJ_ROUTED: break;
	}
	return false;
}

static int field(struct kr_model__parser *p, struct kr_expr_leaf *leaf,
		 const struct kr_model__piece *piece)
{
	const struct kr_field_info *info = kr_field_info(leaf->field);

	if (info->kind == KR_K_NET ||
	    (info->kind == KR_K_IP && kr_str_chr(piece->raw, '/') >= 0 && !piece->has_op))
		return network(p, leaf, piece);
	if (info->rep == KR_REP_TEXT)
		return text_field(p, leaf, piece);
	if (info->kind == KR_K_BOOL) {
		int r = refuse_order(p, piece, info->name);

		if (r < 0)
			return r;
	}
	return kr_model__expr_ordered(p, leaf, piece);
}

int kr_model__expr_leaf(struct kr_model__parser *p, const struct kr_model__subject *subject,
			const struct kr_model__piece *piece, struct kr_expr **ret)
{
	struct kr_expr *x = kr_model__expr_node(p, KR_EXPR_LEAF, NULL, NULL);
	struct kr_expr_leaf *leaf;

	if (!x)
		return -KR_ELIMIT;
	*ret = x;
	leaf = &x->leaf;
	for (; p->column_at < piece->at; p->column_at++)
		p->column += ((unsigned char)p->text.p[p->column_at] & 0xc0) != 0x80;
	leaf->column = p->column + 1;
	if (!subject)
		return word(p, leaf, piece);
	if (subject->has)
		return has(p, leaf, piece);
	leaf->subject = subject->subject;
	leaf->field = subject->field;
	leaf->key = subject->key;
	leaf->rep = kr_model__expr_rep(leaf->subject, leaf->field);
	if (subject->bound)
		return bound(p, leaf, subject->bound, piece);
	if (takes_wildcard(leaf) && has_wildcard(piece))
		return wildcard(p, piece, leaf);
	switch (leaf->subject) {
	case KR_SUBJ_FIELD: return field(p, leaf, piece);
	case KR_SUBJ_EXTRA: return extra(p, leaf, piece);
	case KR_SUBJ_ROUTED: return routed(p, leaf, piece);
	case KR_SUBJ_SOURCE: return plain_text(p, leaf, piece, "a source");
	case KR_SUBJ_CONSTITUENT: return plain_text(p, leaf, piece, "a constituent");
	case KR_SUBJ_ID: return plain_text(p, leaf, piece, "an id");
	case KR_SUBJ_REPORT:
	case KR_SUBJ_COUNT:
	case KR_SUBJ_FIRST:
	case KR_SUBJ_LAST: return kr_model__expr_ordered(p, leaf, piece);
	case KR_SUBJ_WORD: break;
	}
	return 0;
}
