/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: a tree is walked with short circuits. Chains lean to the left, so the walk takes
 * the right side first and goes on with the left one in a loop: only parentheses and `not` recurse.
 * A leaf on an absent field is false. The store calls the two leaf functions at the end of this
 * file for what it keeps packed, and so agrees with the walk by construction.
 *
 * Text compares with ASCII case ignored where a field keeps the case of its input, exactly where
 * the field is made canonical anyway: both give the same answer, the exact one is faster.
 */
#include "model/expr_int.h"

#include <string.h>

/* ---- text ---- */

/* Where what follows a star may begin, from `at` on: at its first character, if that is a plain
 * one. */
static size_t next_start(struct kr_str pattern, size_t star, struct kr_str s, size_t at)
{
	char c = star < pattern.n ? pattern.p[star] : '*', lower = kr_lower(c), upper = kr_upper(c);

	if (c != '*' && c != '?' && c != '\\')
		while (at < s.n && s.p[at] != lower && s.p[at] != upper)
			at++;
	return at;
}

/*
 * Whole text against a pattern of * and ?, with a backslash before what is literal. A star is
 * retried only until the next one (the last star alone decides), so the cost is at most the product
 * of the lengths.
 */
static bool wildcard(struct kr_str pattern, struct kr_str s)
{
	size_t i = 0, k = 0, star = SIZE_MAX, mark = 0;

	while (k < s.n) {
		bool literal = i + 1 < pattern.n && pattern.p[i] == '\\';
		char c = i < pattern.n ? pattern.p[i + literal] : '\0';

		if (i < pattern.n && !literal && c == '*') {
			star = ++i;
			mark = k;
		} else if (i < pattern.n && !literal && c == '?') {
			/* One character, not one byte. */
			i++;
			for (k++; k < s.n && ((unsigned char)s.p[k] & 0xc0) == 0x80; k++)
				;
		} else if (i < pattern.n && kr_lower(c) == kr_lower(s.p[k])) {
			i += 1 + (size_t)literal;
			k++;
		} else if (star != SIZE_MAX) {
			i = star;
			k = mark = next_start(pattern, star, s, mark + 1);
		} else {
			return false;
		}
	}
	while (i < pattern.n && pattern.p[i] == '*')
		i++;
	return i == pattern.n;
}

/* Is the name this domain or below it? */
static bool below(struct kr_str name, struct kr_str domain)
{
	if (name.n == domain.n)
		return kr_str_ieq(name, domain);
	return name.n > domain.n && name.p[name.n - domain.n - 1] == '.' &&
	       kr_str_ieq(kr_str_from(name, name.n - domain.n), domain);
}

/* The host of a URL, without user, port and the brackets of an IPv6 address. */
static struct kr_str url_host(struct kr_str url)
{
	ptrdiff_t at = kr_str_find(url, KR_STR("://"));
	struct kr_str host = at < 0 ? KR_STR("") : kr_str_from(url, (size_t)at + 3);
	size_t n = 0;

	while (n < host.n && host.p[n] != '/' && host.p[n] != '?' && host.p[n] != '#')
		n++;
	host.n = n;
	for (n = host.n; n > 0; n--)
		if (host.p[n - 1] == '@')
			break;
	host = kr_str_from(host, n);
	if (host.n && host.p[0] == '[') {
		at = kr_str_chr(host, ']');
		return at < 0 ? KR_STR("") : kr_str_n(host.p + 1, (size_t)at - 1);
	}
	at = kr_str_chr(host, ':');
	return at < 0 ? host : kr_str_first(host, (size_t)at);
}

static bool keeps_case(enum kr_field_kind kind)
{
	return kind == KR_K_STRING || kind == KR_K_ASCII || kind == KR_K_URL || kind == KR_K_JSON;
}

static bool text_equal(enum kr_field_kind kind, struct kr_str a, struct kr_str b)
{
	return keeps_case(kind) ? kr_str_ieq(a, b) : kr_str_eq(a, b);
}

/* ---- order ---- */

static int compare(enum kr_rep rep, const union kr_value *a, const union kr_value *b)
{
	switch (rep) {
	case KR_REP_INT: return (a->i > b->i) - (a->i < b->i);
	case KR_REP_REAL: return (a->d > b->d) - (a->d < b->d);
	case KR_REP_TIME: return (a->t > b->t) - (a->t < b->t);
	case KR_REP_IP: return kr_ip_cmp(&a->ip, &b->ip);
	case KR_REP_TEXT: break;
	}
	return kr_str_cmp(a->text, b->text);
}

static bool ordered(const struct kr_expr_leaf *leaf, enum kr_rep rep, const union kr_value *v)
{
	int c;

	/* Addresses of the other family are neither below nor above. */
	if (rep == KR_REP_IP && v->ip.family != leaf->value.ip.family)
		return false;
	c = compare(rep, v, &leaf->value);
	switch (leaf->test) {
	case KR_TEST_EQ: return c == 0;
	case KR_TEST_LT: return c < 0;
	case KR_TEST_LE: return c <= 0;
	case KR_TEST_GT: return c > 0;
	case KR_TEST_GE: return c >= 0;
	case KR_TEST_RANGE: return c >= 0 && compare(rep, v, &leaf->upper) <= 0;
	case KR_TEST_NET:
	case KR_TEST_WILDCARD:
	case KR_TEST_SUFFIX:
	case KR_TEST_HAS: break;
	}
	return false;
}

static bool int_matches(const struct kr_expr_leaf *leaf, int64_t i)
{
	union kr_value v = {.i = i};

	return ordered(leaf, KR_REP_INT, &v);
}

static bool time_matches(const struct kr_expr_leaf *leaf, kr_time t)
{
	union kr_value v = {.t = t};

	return t != KR_TIME_NONE && ordered(leaf, KR_REP_TIME, &v);
}

/* ---- one leaf against one value ---- */

/* Could a number or an address have this pattern? */
static bool may_be_numeric(struct kr_str pattern)
{
	for (size_t i = 0; i < pattern.n; i++)
		if (!memchr("0123456789abcdefABCDEF.:*?\\", pattern.p[i], 27))
			return false;
	return true;
}

static bool wildcard_value(const struct kr_expr_leaf *leaf, enum kr_field f, enum kr_rep rep,
			   const union kr_value *v)
{
	char text[96];
	/* As long as the longest number, time or network; never grows, since cap is max. */
	struct kr_buf b = {.p = text, .cap = sizeof(text), .max = sizeof(text)};

	if (rep == KR_REP_TEXT)
		return wildcard(leaf->value.text, v->text);
	/* A word is tried on every address: most cannot be one, and that is cheaper seen than
	 * written. */
	if (leaf->subject == KR_SUBJ_WORD && !may_be_numeric(leaf->value.text))
		return false;
	kr_field_text(f, v, &b);
	return wildcard(leaf->value.text, kr_buf_str(&b));
}

static bool word_value(const struct kr_expr_leaf *leaf, const struct kr_field_info *info,
		       const union kr_value *v)
{
	struct kr_ip ip;

	switch (leaf->rep) {
	case KR_REP_IP:
		if (info->kind == KR_K_IP)
			return kr_net_contains(&leaf->value.ip, &v->ip);
		return info->kind == KR_K_URL && kr_ip_parse(url_host(v->text), &ip) == 0 &&
		       kr_net_contains(&leaf->value.ip, &ip);
	case KR_REP_INT: return info->kind == KR_K_ASN && v->i == leaf->value.i;
	case KR_REP_TEXT: break;
	case KR_REP_REAL:
	case KR_REP_TIME: return false;
	}
	if (info->rep != KR_REP_TEXT)
		return false;
	if (leaf->test == KR_TEST_SUFFIX && info->kind == KR_K_FQDN)
		return below(v->text, leaf->value.text);
	if (leaf->test == KR_TEST_SUFFIX && info->kind == KR_K_URL)
		return below(url_host(v->text), leaf->value.text);
	return kr_str_ieq(v->text, leaf->value.text);
}

bool kr_expr_leaf_value(const struct kr_expr_leaf *leaf, enum kr_field f, const union kr_value *v)
{
	const struct kr_field_info *info = kr_field_info(f);

	if (leaf->test == KR_TEST_HAS)
		return true;
	if (leaf->test == KR_TEST_WILDCARD)
		return wildcard_value(leaf, f, info->rep, v);
	if (leaf->subject == KR_SUBJ_WORD)
		return word_value(leaf, info, v);
	if (leaf->test == KR_TEST_NET)
		return kr_net_contains(&leaf->value.ip, &v->ip);
	if (leaf->test == KR_TEST_SUFFIX)
		return below(v->text, leaf->value.text);
	if (info->rep == KR_REP_TEXT)
		return leaf->test == KR_TEST_EQ &&
		       text_equal(info->kind, v->text, leaf->value.text);
	return ordered(leaf, info->rep, v);
}

bool kr_expr_leaf_text(const struct kr_expr_leaf *leaf, struct kr_str text)
{
	union kr_value v;

	switch (leaf->test) {
	case KR_TEST_HAS: return true;
	case KR_TEST_WILDCARD: return wildcard(leaf->value.text, text);
	case KR_TEST_SUFFIX: return below(text, leaf->value.text);
	default: break;
	}
	switch (leaf->rep) {
	case KR_REP_TEXT: return leaf->test == KR_TEST_EQ && kr_str_ieq(text, leaf->value.text);
	case KR_REP_REAL: return kr_str_double(text, &v.d) == 0 && ordered(leaf, KR_REP_REAL, &v);
	case KR_REP_TIME: return kr_time_parse(text, &v.t) == 0 && ordered(leaf, KR_REP_TIME, &v);
	case KR_REP_INT:
	case KR_REP_IP: break;
	}
	return false;
}

/* ---- one leaf against an event ---- */

static bool match_word(const struct kr_expr_leaf *leaf, const struct kr_event *e)
{
	for (unsigned f = 1; f < KR_FIELD_MAX; f++)
		if (e->slot[f] && (kr_field_info(f)->flags & KR_FIELD_WORD) &&
		    kr_expr_leaf_value(leaf, f, kr_event_get(e, f)))
			return true;
	return false;
}

static bool match_extra(const struct kr_expr_leaf *leaf, const struct kr_event *e)
{
	const struct kr_extra *x = kr_event_extra(e, leaf->key);

	return x && kr_expr_leaf_text(leaf, x->value);
}

static bool match_constituents(const struct kr_expr_leaf *leaf, const struct kr_expr_event *ev)
{
	for (size_t i = 0; i < ev->n_constituents; i++)
		if (kr_expr_leaf_text(leaf, ev->constituents[i]))
			return true;
	return false;
}

static bool match_leaf(const struct kr_expr_leaf *leaf, const struct kr_expr_event *ev)
{
	const struct kr_event *e = ev->e;
	const union kr_value *v;

	switch (leaf->subject) {
	case KR_SUBJ_FIELD:
		v = kr_event_get(e, leaf->field);
		return v && kr_expr_leaf_value(leaf, leaf->field, v);
	case KR_SUBJ_EXTRA: return match_extra(leaf, e);
	case KR_SUBJ_WORD: return match_word(leaf, e);
	case KR_SUBJ_SOURCE: return ev->source.n && kr_expr_leaf_text(leaf, ev->source);
	case KR_SUBJ_CONSTITUENT: return match_constituents(leaf, ev);
	case KR_SUBJ_REPORT: return ev->report && int_matches(leaf, (int64_t)ev->report);
	case KR_SUBJ_ID: return ev->id.n && kr_expr_leaf_text(leaf, ev->id);
	case KR_SUBJ_COUNT: return int_matches(leaf, (int64_t)e->count);
	case KR_SUBJ_FIRST: return time_matches(leaf, e->first);
	case KR_SUBJ_LAST: return time_matches(leaf, e->last);
	case KR_SUBJ_ROUTED: return (e->n_owners > 0) == (leaf->value.i != 0);
	}
	return false;
}

bool kr_expr_match(const struct kr_expr *x, const struct kr_expr_event *ev)
{
	for (;;) {
		switch (x->op) {
		case KR_EXPR_ALL: return true;
		case KR_EXPR_NOT: return !kr_expr_match(x->a, ev);
		case KR_EXPR_LEAF: return match_leaf(&x->leaf, ev);
		case KR_EXPR_AND:
			if (!kr_expr_match(x->b, ev))
				return false;
			break;
		case KR_EXPR_OR:
			if (kr_expr_match(x->b, ev))
				return true;
			break;
		}
		x = x->a;
	}
}
