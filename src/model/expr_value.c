/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the values of a term as stored ones are spelled, and the tests that need an
 * order: a date covers a day, so "after" a date is after its end; a range takes both of its ends
 * whole.
 */
#include "model/expr_int.h"

#include <stdio.h>

#include "base/near.h"
#include "model/taxonomy.h"

#define SHOWN 60 /* bytes of a value in a message */

static int shown(struct kr_str s)
{
	return (int)KR_MIN(s.n, (size_t)SHOWN);
}

/* ---- escapes ---- */

static bool unescape_one(struct kr_str raw, size_t *i, char *ret)
{
	char c = ++*i < raw.n ? raw.p[*i] : '\0';

	if (c == 'x' && *i + 2 < raw.n && kr_hex_value(raw.p[*i + 1]) >= 0 &&
	    kr_hex_value(raw.p[*i + 2]) >= 0) {
		*ret = (char)(kr_hex_value(raw.p[*i + 1]) << 4 | kr_hex_value(raw.p[*i + 2]));
		*i += 2;
		return *ret > 0;
	}
	*ret = c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
	return *ret != c || (c && !kr_is_alnum(c));
}

int kr_model__expr_unescape(struct kr_model__parser *p, struct kr_str raw, size_t at, bool pattern,
			    struct kr_str *ret)
{
	char *out = kr_arena_bytes(p->arena, raw.n + 1);
	size_t n = 0;

	if (!out)
		return kr_model__expr_fault(p, -KR_ELIMIT, at, "shorten the expression",
					    "the expression needs too much memory");
	for (size_t i = 0; i < raw.n; i++) {
		size_t start = i;
		char c = raw.p[i];

		if (c == '\\') {
			if (!unescape_one(raw, &i, &c))
				return kr_model__expr_fault(p, -KR_ESYNTAX, at + start,
							    "write \\\\ for a backslash",
							    "this escape is not known");
			if (pattern && (c == '*' || c == '?' || c == '\\'))
				out[n++] = '\\';
		}
		out[n++] = c;
	}
	*ret = kr_str_n(out, n);
	return 0;
}

/* ---- single values ---- */

/* The known type or class that is nearest to what was written. */
static void offer_types(struct kr_near *near, enum kr_field_kind kind)
{
	for (size_t i = 0; i < kr_type_count(); i++)
		kr_near_offer(near,
			      kind == KR_K_TYPE ? kr_type_at(i)->type : kr_type_at(i)->class_);
}

int kr_model__expr_field_value(struct kr_model__parser *p, enum kr_field f, struct kr_str text,
			       size_t at, union kr_value *ret)
{
	const struct kr_field_info *info = kr_field_info(f);
	struct kr_near near = KR_NEAR(text);
	struct kr_fault inner = {0};
	int r;

	if (!text.n)
		return kr_model__expr_fault(p, -KR_EINVAL, at, "write -has:field for absent values",
					    "an empty text matches nothing");
	r = kr_field_parse(f, text, p->arena, ret, &inner);
	if (r == 0)
		return 0;
	if (info->kind == KR_K_TYPE || info->kind == KR_K_TAXONOMY)
		offer_types(&near, info->kind);
	if (near.best.p)
		snprintf(inner.remedy, sizeof(inner.remedy), "did you mean %.*s?",
			 KR_STR_ARG(near.best));
	return kr_model__expr_fault(p, r, at, inner.remedy, "%s: %s", info->name, inner.message);
}

static int time_point(struct kr_model__parser *p, struct kr_str text, size_t at,
		      struct kr_model__point *ret)
{
	int32_t day;
	int64_t span;
	kr_time t;

	if (kr_day_parse(text, &day) == 0) {
		ret->lo.t = kr_day_time(day);
		ret->hi.t = ret->lo.t + KR_DAY - 1;
		return 0;
	}
	if (kr_time_parse(text, &t) == 0) {
		ret->lo.t = ret->hi.t = t;
		return 0;
	}
	if (kr_span_parse(text, &span) == 0 && span >= 0 &&
	    !__builtin_sub_overflow(p->opts.now, span, &t) &&
	    t >= kr_day_time(kr_day_of(1, 1, 1))) {
		ret->lo.t = ret->hi.t = t;
		return 0;
	}
	return kr_model__expr_fault(p, -KR_EINVAL, at,
				    "write 2026-11-20, 2026-11-20T14:05:00Z, or 7d for 7 days ago",
				    "\"%.*s\" is not a time", shown(text), text.p);
}

static int number(struct kr_model__parser *p, struct kr_str text, size_t at, union kr_value *ret)
{
	if (kr_str_i64(text, &ret->i) == 0 && ret->i >= 0)
		return 0;
	return kr_model__expr_fault(p, -KR_EINVAL, at, "write a whole number, e.g. 10",
				    "\"%.*s\" is not a number", shown(text), text.p);
}

static int address(struct kr_model__parser *p, struct kr_str text, size_t at, union kr_value *ret)
{
	if (kr_ip_parse(text, &ret->ip) == 0)
		return 0;
	return kr_model__expr_fault(p, -KR_EINVAL, at,
				    "write 198.51.100.7, 198.51.100.0/24, 2001:db8::/32 or a..b",
				    "\"%.*s\" is not an address", shown(text), text.p);
}

/* A value that has an order; extra is read as a number if it is one, else as a time. */
int kr_model__expr_point(struct kr_model__parser *p, struct kr_expr_leaf *leaf, struct kr_str raw,
			 size_t at, struct kr_model__point *ret)
{
	struct kr_str text;
	int r = kr_model__expr_unescape(p, raw, at, false, &text);

	if (r < 0)
		return r;
	if (leaf->subject == KR_SUBJ_EXTRA) {
		bool is_number = kr_str_double(text, &ret->lo.d) == 0;

		if (leaf->rep == KR_REP_REAL && !is_number)
			return kr_model__expr_fault(
				p, -KR_EINVAL, at, "write two numbers or two times",
				"\"%.*s\" is not a number", shown(text), text.p);
		if (leaf->rep != KR_REP_TIME && is_number) {
			leaf->rep = KR_REP_REAL;
			ret->hi = ret->lo;
			return 0;
		}
		leaf->rep = KR_REP_TIME;
	}
	if (leaf->rep == KR_REP_TIME)
		return time_point(p, text, at, ret);
	if (leaf->rep == KR_REP_IP)
		r = address(p, text, at, &ret->lo);
	else if (leaf->subject == KR_SUBJ_FIELD)
		r = kr_model__expr_field_value(p, leaf->field, text, at, &ret->lo);
	else
		r = number(p, text, at, &ret->lo);
	ret->hi = ret->lo;
	return r;
}

/* ---- tests with an order ---- */

static int check_order(struct kr_model__parser *p, const struct kr_expr_leaf *leaf,
		       const struct kr_model__piece *piece)
{
	const union kr_value *a = &leaf->value, *b = &leaf->upper;
	bool wrong;

	switch (leaf->rep) {
	case KR_REP_INT: wrong = a->i > b->i; break;
	case KR_REP_REAL: wrong = a->d > b->d; break;
	case KR_REP_TIME: wrong = a->t > b->t; break;
	case KR_REP_IP:
		if (a->ip.family != b->ip.family)
			return kr_model__expr_fault(
				p, -KR_EINVAL, piece->at,
				"write two addresses of IPv4, or two of IPv6",
				"a range cannot go from one family to the other");
		wrong = kr_ip_cmp(&a->ip, &b->ip) > 0;
		break;
	case KR_REP_TEXT:
	default: wrong = false;
	}
	if (wrong)
		return kr_model__expr_fault(p, -KR_EINVAL, piece->at,
					    "write the smaller value first",
					    "this range ends before it begins");
	return 0;
}

/* Cut a range into its ends. False if it is not one. */
bool kr_model__expr_range_ends(const struct kr_model__piece *piece, struct kr_model__piece *lo,
			       struct kr_model__piece *hi)
{
	ptrdiff_t dots = piece->quoted ? -1 : kr_str_find(piece->raw, KR_STR(".."));

	*lo = *hi = *piece;
	if (piece->ranged) {
		hi->raw = piece->upper;
		hi->at = piece->upper_at;
		return true;
	}
	if (dots < 0)
		return false;
	lo->raw = kr_str_first(piece->raw, (size_t)dots);
	hi->raw = kr_str_from(piece->raw, (size_t)dots + 2);
	hi->at = piece->at + (size_t)dots + 2;
	return true;
}

int kr_model__expr_range(struct kr_model__parser *p, struct kr_expr_leaf *leaf,
			 const struct kr_model__piece *lo, const struct kr_model__piece *hi)
{
	struct kr_model__point a, b;
	int r;

	if (lo->has_op)
		return kr_model__expr_fault(p, -KR_ESYNTAX, lo->at,
					    "write field:a..b, or field:>=a",
					    "a range takes no comparison");
	if (!lo->raw.n && !hi->raw.n)
		return kr_model__expr_fault(p, -KR_ESYNTAX, lo->at, "write a..b, a.. or ..b",
					    "this range has no ends");
	if (lo->raw.n && (r = kr_model__expr_point(p, leaf, lo->raw, lo->at, &a)) < 0)
		return r;
	if (hi->raw.n && (r = kr_model__expr_point(p, leaf, hi->raw, hi->at, &b)) < 0)
		return r;
	leaf->test = !lo->raw.n ? KR_TEST_LE : !hi->raw.n ? KR_TEST_GE : KR_TEST_RANGE;
	leaf->value = lo->raw.n ? a.lo : b.hi;
	if (leaf->test != KR_TEST_RANGE)
		return 0;
	leaf->upper = b.hi;
	return check_order(p, leaf, lo);
}

static int compared(struct kr_model__parser *p, struct kr_expr_leaf *leaf,
		    const struct kr_model__piece *piece)
{
	bool above = piece->op == KR_TEST_GT || piece->op == KR_TEST_LE;
	struct kr_model__point at;
	int r = kr_model__expr_point(p, leaf, piece->raw, piece->at, &at);

	if (r < 0)
		return r;
	leaf->test = piece->op;
	leaf->value = above ? at.hi : at.lo;
	if (piece->op == KR_TEST_EQ && leaf->rep == KR_REP_TIME && at.lo.t != at.hi.t) {
		leaf->test = KR_TEST_RANGE;
		leaf->upper = at.hi;
	}
	return 0;
}

int kr_model__expr_ordered(struct kr_model__parser *p, struct kr_expr_leaf *leaf,
			   const struct kr_model__piece *piece)
{
	struct kr_model__piece lo, hi;

	if (kr_model__expr_range_ends(piece, &lo, &hi))
		return kr_model__expr_range(p, leaf, &lo, &hi);
	return compared(p, leaf, piece);
}
