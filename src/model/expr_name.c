/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the left side of a colon is a subject of the table below, a field by its full or
 * short name, or extra.KEY. A name that is none of these, or that this viewer may not use, gets the
 * same answer, with the nearest names that he may use: within two edits, or beginning with what was
 * written.
 */
#include "model/expr_int.h"

#include <stdio.h>

#include "base/near.h"

#define SUGGESTIONS 3

static const struct {
	struct kr_str name;
	enum kr_expr_subject subject;
	enum kr_model__bound bound;
} subjects[] = {
	{KR_STR("source"), KR_SUBJ_SOURCE, KR_BOUND_NONE},
	{KR_STR("constituent"), KR_SUBJ_CONSTITUENT, KR_BOUND_NONE},
	{KR_STR("owner"), KR_SUBJ_CONSTITUENT, KR_BOUND_NONE},
	{KR_STR("report"), KR_SUBJ_REPORT, KR_BOUND_NONE},
	{KR_STR("id"), KR_SUBJ_ID, KR_BOUND_NONE},
	{KR_STR("count"), KR_SUBJ_COUNT, KR_BOUND_NONE},
	{KR_STR("first"), KR_SUBJ_FIRST, KR_BOUND_NONE},
	{KR_STR("last"), KR_SUBJ_LAST, KR_BOUND_NONE},
	{KR_STR("routed"), KR_SUBJ_ROUTED, KR_BOUND_NONE},
	{KR_STR("since"), KR_SUBJ_LAST, KR_BOUND_SINCE},
	{KR_STR("until"), KR_SUBJ_LAST, KR_BOUND_UNTIL},
};

const char *kr_model__expr_subject_name(enum kr_expr_subject s)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(subjects); i++)
		if (subjects[i].subject == s)
			return subjects[i].name.p;
	return NULL;
}

enum kr_rep kr_model__expr_rep(enum kr_expr_subject subject, enum kr_field field)
{
	switch (subject) {
	case KR_SUBJ_FIELD: return kr_field_info(field)->rep;
	case KR_SUBJ_REPORT:
	case KR_SUBJ_COUNT:
	case KR_SUBJ_ROUTED: return KR_REP_INT;
	case KR_SUBJ_FIRST:
	case KR_SUBJ_LAST: return KR_REP_TIME;
	case KR_SUBJ_EXTRA:
	case KR_SUBJ_WORD:
	case KR_SUBJ_SOURCE:
	case KR_SUBJ_CONSTITUENT:
	case KR_SUBJ_ID: break;
	}
	return KR_REP_TEXT;
}

static bool may_name(const struct kr_model__parser *p, enum kr_expr_subject s, enum kr_field f)
{
	return !p->opts.may_name || p->opts.may_name(p->opts.ctx, s, f);
}

/* ---- suggestions ---- */

struct nearest {
	struct kr_str wanted;
	struct {
		struct kr_str name;
		size_t distance;
	} best[SUGGESTIONS];
	size_t n;
};

static void consider(struct nearest *near, struct kr_str name)
{
	size_t d, far = near->wanted.n < 4 ? 1 : 2, at;

	if (!name.n)
		return;
	d = kr_near_distance(near->wanted, name);
	if (d >= name.n)
		return;
	if (d > far && !(near->wanted.n >= 3 && kr_str_istarts(name, near->wanted)))
		return;
	for (at = near->n; at > 0 && near->best[at - 1].distance > d; at--)
		;
	if (at == SUGGESTIONS)
		return;
	if (near->n < SUGGESTIONS)
		near->n++;
	for (size_t i = near->n - 1; i > at; i--)
		near->best[i] = near->best[i - 1];
	near->best[at].name = name;
	near->best[at].distance = d;
}

static void consider_field(struct nearest *near, enum kr_field f)
{
	const struct kr_field_info *info = kr_field_info(f);
	struct kr_str words = kr_str_c(info->words), word;

	consider(near, info->name_str);
	while (words.n && kr_str_split(&words, ',', &word))
		consider(near, word);
}

static int unknown(struct kr_model__parser *p, struct kr_str name, size_t at)
{
	struct nearest near = {.wanted = name};
	char remedy[200];
	size_t n;

	if (name.n <= KR_NEAR_MAX) {
		for (size_t i = 0; i < KR_ARRAY_LEN(subjects); i++)
			if (may_name(p, subjects[i].subject, KR_F_NONE))
				consider(&near, subjects[i].name);
		for (unsigned f = 1; f < KR_FIELD_MAX; f++)
			if (kr_field_info(f) && may_name(p, KR_SUBJ_FIELD, f))
				consider_field(&near, f);
	}
	n = (size_t)snprintf(remedy, sizeof(remedy),
			     near.n ? "did you mean"
				    : "put the text in quotes to search for it; extra.%.*s:value "
				      "looks into extra",
			     (int)KR_MIN(name.n, (size_t)60), name.p);
	for (size_t i = 0; i < near.n; i++)
		n += (size_t)snprintf(remedy + n, sizeof(remedy) - n, "%s %.*s",
				      !i	       ? ""
				      : i + 1 < near.n ? ","
						       : " or",
				      KR_STR_ARG(near.best[i].name));
	if (near.n)
		snprintf(remedy + n, sizeof(remedy) - n, "?");
	return kr_model__expr_fault(p, -KR_EINVAL, at, remedy, "there is no field \"%.*s\"",
				    (int)KR_MIN(name.n, (size_t)60), name.p);
}

/* ---- names ---- */

static int extra_key(struct kr_model__parser *p, struct kr_str key, size_t at,
		     struct kr_model__subject *ret)
{
	int r;

	if (!may_name(p, KR_SUBJ_EXTRA, KR_F_NONE))
		return unknown(p, KR_STR("extra"), at);
	if (key.n >= 2 && key.p[0] == '"')
		key = kr_str_n(key.p + 1, key.n - 2);
	r = kr_model__expr_unescape(p, key, at, false, &ret->key);
	if (r < 0)
		return r;
	if (!ret->key.n)
		return kr_model__expr_fault(p, -KR_ESYNTAX, at, "write extra.key:value",
					    "a key is missing after extra.");
	ret->subject = KR_SUBJ_EXTRA;
	return 0;
}

int kr_model__expr_subject(struct kr_model__parser *p, struct kr_str name, size_t at,
			   struct kr_model__subject *ret)
{
	*ret = (struct kr_model__subject){0};
	if (kr_str_ieq(name, KR_STR("has"))) {
		ret->has = true;
		return 0;
	}
	if (kr_str_istarts(name, KR_STR("extra.")))
		return extra_key(p, kr_str_from(name, 6), at + 6, ret);
	for (size_t i = 0; i < KR_ARRAY_LEN(subjects); i++) {
		if (!kr_str_ieq(name, subjects[i].name))
			continue;
		if (!may_name(p, subjects[i].subject, KR_F_NONE))
			return unknown(p, name, at);
		ret->subject = subjects[i].subject;
		ret->bound = subjects[i].bound;
		return 0;
	}
	ret->subject = KR_SUBJ_FIELD;
	ret->field = kr_field_by_word(name);
	if (!ret->field || !may_name(p, KR_SUBJ_FIELD, ret->field))
		return unknown(p, name, at);
	return 0;
}

/* ---- trees that others made ---- */

int kr_expr_check_leaf(const struct kr_expr_leaf *leaf, const struct kr_expr_opts *opts,
		       struct kr_fault *reterr)
{
	struct kr_model__parser p = {.opts = *opts, .fault = reterr};
	struct kr_str name = KR_STR("extra");
	int r;

	if (leaf->subject == KR_SUBJ_WORD || may_name(&p, leaf->subject, leaf->field))
		return 0;
	if (leaf->subject == KR_SUBJ_FIELD)
		name = kr_field_info(leaf->field) ? kr_field_info(leaf->field)->name_str : name;
	else if (leaf->subject != KR_SUBJ_EXTRA)
		name = kr_str_c(kr_model__expr_subject_name(leaf->subject));
	r = unknown(&p, name, 0);
	if (leaf->column)
		kr_fault_at(reterr, 1, leaf->column, leaf->column - 1);
	return r;
}

/* Chains lean to the left; what is on the right is as deep as the parser allows. */
int kr_expr_check(const struct kr_expr *x, const struct kr_expr_opts *opts, struct kr_fault *reterr)
{
	for (;;) {
		int r = 0;

		switch (x->op) {
		case KR_EXPR_ALL: return 0;
		case KR_EXPR_LEAF: return kr_expr_check_leaf(&x->leaf, opts, reterr);
		case KR_EXPR_AND:
		case KR_EXPR_OR: r = kr_expr_check(x->b, opts, reterr); break;
		case KR_EXPR_NOT: break;
		}
		if (r)
			return r;
		x = x->a;
	}
}
