/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: a rule is compiled into a tree and a value that is checked and parsed once, so an
 * event costs the walk through the tree and nothing else. What is not known yet when an event comes
 * in (owner, id, report) cannot be asked for, and what identifies its row (address, time) cannot be
 * set: rows must stay the same when rules change between a report and its repetition.
 */
#include "desk/intake_internal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "model/taxonomy.h"

#define TAG_MAX	  64
#define TAGS_MAX  1000 /* bytes of all tags of an event */
#define EXTRA_MAX 1000 /* bytes of a value set in extra */
#define EXPR_MAX  4096 /* bytes of an expression */
#define ARENA_MAX ((size_t)64 << 20)

struct kr_intake {
	atomic_uint refs;
	struct kr_arena *arena;
	struct kr_intake__rule *rules;
	size_t n;
	uint64_t version;
};

/* ---- compiling ---- */

static bool is_tag(struct kr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!kr_is_alnum(s.p[i]) && (!s.p[i] || !strchr("-_.:", s.p[i])))
			return false;
	return s.n && s.n <= TAG_MAX;
}

/* Subjects that an event on its way in does not have yet. */
static const char *unknown_yet(const struct kr_expr *x)
{
	const char *what;

	switch (x->op) {
	case KR_EXPR_ALL: return NULL;
	case KR_EXPR_NOT: return unknown_yet(x->a);
	case KR_EXPR_AND:
	case KR_EXPR_OR: what = unknown_yet(x->a); return what ? what : unknown_yet(x->b);
	case KR_EXPR_LEAF: break;
	}
	switch (x->leaf.subject) {
	case KR_SUBJ_CONSTITUENT:
	case KR_SUBJ_ROUTED: return "its owner";
	case KR_SUBJ_REPORT: return "its report";
	case KR_SUBJ_ID: return "its id";
	case KR_SUBJ_COUNT: return "how often it is seen";
	case KR_SUBJ_FIRST:
	case KR_SUBJ_LAST: return "when it is seen";
	default: return NULL;
	}
}

static int compile_expr(struct kr_str text, struct kr_arena *a, struct kr_expr **ret,
			struct kr_fault *reterr)
{
	const struct kr_expr_opts opts = {.now = 0};
	const char *what;
	int err;

	if (text.n > EXPR_MAX)
		return kr_fault_set(reterr, -KR_ELIMIT, "the expression is longer than %d bytes",
				    EXPR_MAX);
	err = kr_expr_parse(text, &opts, a, ret, reterr);
	if (err)
		return err;
	if ((*ret)->op == KR_EXPR_ALL) {
		err = kr_fault_set(reterr, -KR_EINVAL,
				   "the expression is empty: it means all events");
		kr_fault_remedy(reterr, "say which ones, e.g. type:scanner");
		return err;
	}
	what = unknown_yet(*ret);
	if (what) {
		err = kr_fault_set(
			reterr, -KR_EINVAL,
			"a rule cannot ask for %s: that is not known when an event comes in", what);
		kr_fault_remedy(reterr, "ask for fields of the event, or for the source");
	}
	return err;
}

/* Fields that identify the row of an event. */
static bool is_fixed(enum kr_field f)
{
	return f == KR_F_SRC_IP || f == KR_F_TIME_SOURCE;
}

static int compile_set(struct kr_str argument, struct kr_arena *a, struct kr_intake__rule *ret,
		       struct kr_fault *reterr)
{
	ptrdiff_t eq = kr_str_chr(argument, '=');
	struct kr_str name = kr_str_trim(kr_str_first(argument, eq < 0 ? 0 : (size_t)eq));
	struct kr_str value =
		kr_str_trim(kr_str_from(argument, eq < 0 ? argument.n : (size_t)eq + 1));

	if (eq <= 0 || !name.n || !value.n) {
		kr_fault_set(reterr, -KR_EINVAL, "'set' wants a field and a value");
		kr_fault_remedy(reterr, "write: set type=scanner, or: set extra.note=seen");
		return -KR_EINVAL;
	}
	if (kr_str_starts(name, KR_STR("extra."))) {
		ret->key = kr_arena_dup(a, kr_str_from(name, 6));
		ret->text = kr_arena_dup(a, value);
		if (ret->key.n && ret->key.n <= TAG_MAX && value.n <= EXTRA_MAX &&
		    kr_utf8_valid(argument) == argument.n)
			return 0;
		return kr_fault_set(reterr, -KR_EINVAL,
				    "a value in extra is at most %d bytes of text", EXTRA_MAX);
	}
	ret->field = kr_field_by_word(name);
	if (ret->field == KR_F_NONE) {
		kr_fault_set(reterr, -KR_EINVAL, "there is no field '%.*s'",
			     KR_STR_ARG(kr_str_first(name, 60)));
		kr_fault_remedy(reterr, "doc/fields.md lists them; extra.NAME takes anything");
		return -KR_EINVAL;
	}
	if (is_fixed(ret->field)) {
		kr_fault_set(reterr, -KR_EINVAL,
			     "the field %s identifies the event and cannot be set",
			     kr_field_info(ret->field)->name);
		kr_fault_remedy(reterr, "keep what you want to say in extra.NAME");
		return -KR_EINVAL;
	}
	return kr_field_parse(ret->field, kr_arena_dup(a, value), a, &ret->value, reterr);
}

int kr_intake__compile(const struct kr_intake_rule *r, struct kr_arena *a,
		       struct kr_intake__rule *ret, struct kr_fault *reterr)
{
	int err;

	*ret = (struct kr_intake__rule){.id = r->id, .source = r->source, .action = r->action};
	err = compile_expr(r->expr, a, &ret->expr, reterr);
	if (err)
		return err;
	switch (r->action) {
	case KR_INTAKE_DROP: break;
	case KR_INTAKE_TAG:
		if (!is_tag(r->argument)) {
			err = kr_fault_set(reterr, -KR_EINVAL, "'%.*s' is no word for a tag",
					   KR_STR_ARG(kr_str_first(r->argument, 60)));
			kr_fault_remedy(reterr,
					"use letters, digits, '-', '_', '.' and ':', at most %d",
					TAG_MAX);
		}
		ret->text = kr_arena_dup(a, r->argument);
		break;
	case KR_INTAKE_SET: err = compile_set(r->argument, a, ret, reterr); break;
	default: return kr_fault_set(reterr, -KR_EVERSION, "the action is not known");
	}
	if (!err && kr_arena_full(a))
		err = kr_fault_set(reterr, -KR_ELIMIT, "the rules need too much memory");
	return err;
}

int kr_intake_load(struct kr_store *s, struct kr_intake **ret, struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *scratch = kr_arena_new(ARENA_MAX);
	struct kr_intake *i = kr_xcalloc(1, sizeof(*i));
	struct kr_intake_rule *rows;
	struct kr_fault fault;
	size_t n;
	int err, bad = 0;

	i->refs = 1;
	i->arena = kr_arena_new(ARENA_MAX);
	/* Asked first: a change in between is seen the next time. */
	i->version = kr_store_intake_version(s);
	err = kr_store_intake_list(s, scratch, &rows, &n, reterr);
	if (!err && n)
		i->rules = kr_arena_calloc(i->arena, n, sizeof(*i->rules));
	if (!err && n && !i->rules)
		err = kr_fault_set(reterr, -KR_ELIMIT, "too many rules");
	for (size_t k = 0; !err && k < n; k++) {
		if (!rows[k].enabled)
			continue;
		if (!kr_intake__compile(&rows[k], i->arena, &i->rules[i->n], &fault)) {
			i->n++;
		} else if (!bad) {
			bad = 1;
			if (reterr)
				*reterr = fault;
			kr_fault_where(reterr, "rule %u", rows[k].id);
		}
	}
	if (err) {
		kr_intake_unref(i);
		return err;
	}
	*ret = i;
	return bad;
}

struct kr_intake *kr_intake_ref(struct kr_intake *i)
{
	if (i)
		atomic_fetch_add(&i->refs, 1);
	return i;
}

void kr_intake_unref(struct kr_intake *i)
{
	if (!i || atomic_fetch_sub(&i->refs, 1) != 1)
		return;
	kr_arena_free(i->arena);
	free(i);
}

uint64_t kr_intake_version(const struct kr_intake *i)
{
	return i->version;
}

size_t kr_intake_count(const struct kr_intake *i, uint32_t source)
{
	size_t n = 0;

	for (size_t k = 0; i && k < i->n; k++)
		n += !i->rules[k].source || i->rules[k].source == source;
	return n;
}

/* ---- applying ---- */

bool kr_intake__match(const struct kr_intake__rule *r, struct kr_str source,
		      const struct kr_event *e)
{
	const struct kr_expr_event ev = {.e = e, .source = source};

	return kr_expr_match(r->expr, &ev);
}

static bool has_tag(struct kr_str tags, struct kr_str word)
{
	struct kr_str rest = tags, one;

	while (tags.n && kr_str_split(&rest, ',', &one))
		if (kr_str_eq(kr_str_trim(one), word))
			return true;
	return false;
}

static int act_tag(const struct kr_intake__rule *r, struct kr_event *e, struct kr_arena *arena)
{
	const struct kr_extra *x = kr_event_extra(e, KR_STR(KR_INTAKE_TAG_KEY));
	struct kr_str tags = r->text;

	if (x && has_tag(x->value, r->text))
		return 0;
	/* What the report says under this name stays, if it is no list of ours too. */
	if (x && x->value.n + 1 + r->text.n > TAGS_MAX)
		return 0;
	if (x)
		tags = kr_arena_printf(arena, "%.*s,%.*s", KR_STR_ARG(x->value),
				       KR_STR_ARG(r->text));
	if (!tags.p)
		return -KR_ELIMIT;
	return kr_event_add_extra(e, arena, KR_STR(KR_INTAKE_TAG_KEY), tags, false) ? -KR_ELIMIT
										    : 1;
}

static int set_extra(const struct kr_intake__rule *r, struct kr_event *e, struct kr_arena *arena)
{
	const struct kr_extra *x = kr_event_extra(e, r->key);

	if (x && !x->literal && kr_str_eq(x->value, r->text))
		return 0;
	return kr_event_add_extra(e, arena, r->key, r->text, false) ? -KR_ELIMIT : 1;
}

/* The class follows from the type, as when the report had said it. */
static int follow_type(struct kr_event *e, struct kr_arena *arena)
{
	const struct kr_type_info *info = kr_type_find(kr_event_get(e, KR_F_CLASS_TYPE)->text);

	return info ? kr_event_put(e, arena, KR_F_CLASS_TAXONOMY,
				   (union kr_value){.text = info->class_})
		    : 0;
}

static int act_set(const struct kr_intake__rule *r, struct kr_event *e, struct kr_arena *arena)
{
	const union kr_value *v;
	int err;

	if (r->field == KR_F_NONE)
		return set_extra(r, e, arena);
	v = kr_event_get(e, r->field);
	if (v && kr_field_cmp(r->field, v, &r->value) == 0)
		return 0;
	err = kr_event_put(e, arena, r->field, r->value);
	if (!err && r->field == KR_F_CLASS_TYPE)
		err = follow_type(e, arena);
	return err ? err : 1;
}

int kr_intake__act(const struct kr_intake__rule *r, struct kr_event *e, struct kr_arena *arena)
{
	return r->action == KR_INTAKE_TAG ? act_tag(r, e, arena) : act_set(r, e, arena);
}

int kr_intake_apply(const struct kr_intake *i, uint32_t source, struct kr_str name, bool keep,
		    struct kr_event *e, struct kr_arena *arena)
{
	for (size_t k = 0; k < i->n; k++) {
		const struct kr_intake__rule *r = &i->rules[k];

		if ((r->source && r->source != source) || !kr_intake__match(r, name, e))
			continue;
		if (r->action != KR_INTAKE_DROP) {
			int err = kr_intake__act(r, e, arena);

			if (err < 0)
				return err;
		} else if (!keep) {
			e->dropped = r->id;
			return 0;
		}
	}
	return 0;
}
