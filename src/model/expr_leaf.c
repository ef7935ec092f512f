/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: a value becomes a test by the kind of its subject.
 *
 *     text     equal; * and ? unquoted make a wildcard; a domain name matches itself and all below
 * it number   equal, compared, a..b; text of it by wildcard time     the same; a date is the whole
 * day, 7d is that long ago address  equal, compared and a..b within its family; a/b is a network
 *
 * ":=" always means exactly this value: no wildcard, no names below. Values go through
 * kr_field_parse(), so that they are spelled as stored ones are.
 */
#include "model/expr_int.h"

#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "model/taxonomy.h"

#define SHOWN 60 /* bytes of a value in a message */

/* What a value covers: a date covers a day, all others one point. */
struct point {
	union kr_value lo, hi;
};

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

/* ---- single values ---- */

/* The known type or class that is nearest to what was written. */
static void offer_types(struct kr_near *near, enum kr_field_kind kind)
{
	for (size_t i = 0; i < kr_type_count(); i++)
		kr_near_offer(near,
			      kind == KR_K_TYPE ? kr_type_at(i)->type : kr_type_at(i)->class_);
}

static int field_value(struct kr_model__parser *p, enum kr_field f, struct kr_str text, size_t at,
		       union kr_value *ret)
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

static int time_point(struct kr_model__parser *p, struct kr_str text, size_t at, struct point *ret)
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
static int point(struct kr_model__parser *p, struct kr_expr_leaf *leaf, struct kr_str raw,
		 size_t at, struct point *ret)
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
		r = field_value(p, leaf->field, text, at, &ret->lo);
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
static bool range_ends(const struct kr_model__piece *piece, struct kr_model__piece *lo,
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

static int range(struct kr_model__parser *p, struct kr_expr_leaf *leaf,
		 const struct kr_model__piece *lo, const struct kr_model__piece *hi)
{
	struct point a, b;
	int r;

	if (lo->has_op)
		return kr_model__expr_fault(p, -KR_ESYNTAX, lo->at,
					    "write field:a..b, or field:>=a",
					    "a range takes no comparison");
	if (!lo->raw.n && !hi->raw.n)
		return kr_model__expr_fault(p, -KR_ESYNTAX, lo->at, "write a..b, a.. or ..b",
					    "this range has no ends");
	if (lo->raw.n && (r = point(p, leaf, lo->raw, lo->at, &a)) < 0)
		return r;
	if (hi->raw.n && (r = point(p, leaf, hi->raw, hi->at, &b)) < 0)
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
	struct point at;
	int r = point(p, leaf, piece->raw, piece->at, &at);

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

static int ordered(struct kr_model__parser *p, struct kr_expr_leaf *leaf,
		   const struct kr_model__piece *piece)
{
	struct kr_model__piece lo, hi;

	if (range_ends(piece, &lo, &hi))
		return range(p, leaf, &lo, &hi);
	return compared(p, leaf, piece);
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
	return field_value(p, leaf->field, text, piece->at, &leaf->value);
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
		return ordered(p, leaf, piece);
	if (!piece->has_op && range_ends(piece, &lo, &hi)) {
		int r;

		/* "a..b" is a range where both ends have an order, and a text where not. */
		p->fault = NULL;
		r = range(p, leaf, &lo, &hi);
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
	struct point at;
	int r;

	if (piece->has_op || range_ends(piece, &lo, &hi))
		return kr_model__expr_fault(p, -KR_ESYNTAX, piece->at,
					    "write last:a..b, or last:>=a",
					    "since and until take one time");
	r = point(p, leaf, piece->raw, piece->at, &at);
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
	return ordered(p, leaf, piece);
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
	case KR_SUBJ_LAST: return ordered(p, leaf, piece);
	case KR_SUBJ_WORD: break;
	}
	return 0;
}
