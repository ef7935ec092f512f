/* SPDX-License-Identifier: Apache-2.0 */
/* Adding, changing and trying rules for events on their way in. */
#include "desk/intake_internal.h"

#include <string.h>

#include "base/near.h"

#define NOTE_MAX     1000
#define POSITION_MAX 1000000
#define SCAN_ARENA   ((size_t)32 << 20)

static int wrong(const char *what, struct kr_str given, const char *remedy, struct kr_fault *reterr)
{
	kr_fault_set(reterr, -KR_EINVAL, "'%.*s' is no %s", KR_STR_ARG(kr_str_first(given, 60)),
		     what);
	kr_fault_remedy(reterr, "%s", remedy);
	return -KR_EINVAL;
}

int kr_intake__action(struct kr_str text, struct kr_intake_rule *ret, struct kr_fault *reterr)
{
	static const struct {
		const char *word;
		enum kr_intake_action action;
	} list[] = {{"drop", KR_INTAKE_DROP}, {"tag", KR_INTAKE_TAG}, {"set", KR_INTAKE_SET}};
	struct kr_str s = kr_str_trim(text), word;
	ptrdiff_t blank = kr_str_chr(s, ' ');

	word = kr_str_first(s, blank < 0 ? s.n : (size_t)blank);
	for (size_t i = 0; i < KR_ARRAY_LEN(list); i++) {
		if (!kr_str_eqc(word, list[i].word))
			continue;
		ret->action = list[i].action;
		ret->argument = kr_str_trim(kr_str_from(s, word.n));
		if ((ret->action == KR_INTAKE_DROP) == (ret->argument.n == 0))
			return 0;
	}
	return wrong("action", text, "write: drop, or: tag WORD, or: set FIELD=VALUE", reterr);
}

struct kr_str kr_desk_intake_action(const struct kr_intake_rule *r, struct kr_arena *a)
{
	switch (r->action) {
	case KR_INTAKE_TAG: return kr_arena_printf(a, "tag %.*s", KR_STR_ARG(r->argument));
	case KR_INTAKE_SET: return kr_arena_printf(a, "set %.*s", KR_STR_ARG(r->argument));
	default: return KR_STR("drop");
	}
}

/* ---- changing ---- */

static int set_source(struct kr_store *s, struct kr_str name, struct kr_arena *a,
		      struct kr_intake_rule *r, struct kr_fault *reterr)
{
	struct kr_source src;
	int err;

	if (!name.p)
		return 0;
	r->source = 0;
	r->source_name = name;
	if (!name.n)
		return 0;
	err = kr_store_source_get(s, name, a, &src, reterr);
	if (!err)
		r->source = src.id;
	return err;
}

static int set_rest(const struct kr_desk_intake_change *c, struct kr_intake_rule *r,
		    struct kr_fault *reterr)
{
	uint64_t position = 0;

	if (c->note.n > NOTE_MAX || kr_utf8_valid(c->note) != c->note.n)
		return wrong("note", c->note, "write at most 1,000 bytes of text", reterr);
	for (size_t i = 0; i < c->note.n; i++)
		if ((unsigned char)c->note.p[i] < ' ' || c->note.p[i] == 127)
			return wrong("note", KR_STR("(control character)"), "write it on one line",
				     reterr);
	if (c->note.p)
		r->note = c->note;
	if (c->enabled.n && !kr_str_eqc(c->enabled, "yes") && !kr_str_eqc(c->enabled, "no"))
		return wrong("yes or no", c->enabled, "write yes or no", reterr);
	if (c->enabled.p)
		r->enabled = !kr_str_eqc(c->enabled, "no");
	if (c->position.n &&
	    (kr_str_u64(c->position, &position) || !position || position > POSITION_MAX))
		return wrong("position", c->position, "write a number from 1 to 1000000", reterr);
	if (c->position.n)
		r->position = (uint32_t)position;
	return 0;
}

static int apply(struct kr_store *s, const struct kr_desk_intake_change *c, struct kr_arena *a,
		 struct kr_intake_rule *r, struct kr_fault *reterr)
{
	struct kr_intake__rule compiled;
	int err = set_source(s, c->source, a, r, reterr);

	if (c->expr.p)
		r->expr = kr_str_trim(c->expr);
	if (!err && c->action.p)
		err = kr_intake__action(c->action, r, reterr);
	if (!err)
		err = set_rest(c, r, reterr);
	return err ? err : kr_intake__compile(r, a, &compiled, reterr);
}

/* The row with this id; NULL if there is none. */
static struct kr_intake_rule *find(struct kr_intake_rule *rows, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].id == id)
			return &rows[i];
	return NULL;
}

static int put(struct kr_store *s, const struct kr_by *by, struct kr_intake_rule *r,
	       struct kr_arena *a, struct kr_intake_rule *ret, struct kr_fault *reterr)
{
	struct kr_intake_rule *rows, *row;
	uint32_t id;
	size_t n;
	int err = kr_store_intake_put(s, by, r, &id, reterr);

	if (!err)
		err = kr_store_intake_list(s, a, &rows, &n, reterr);
	if (err)
		return err;
	row = find(rows, n, id);
	if (!row)
		return kr_fault_set(reterr, -KR_ENOENT, "there is no rule %u any more", id);
	*ret = *row;
	return 0;
}

int kr_desk_intake_add(struct kr_store *s, const struct kr_by *by,
		       const struct kr_desk_intake_change *c, struct kr_arena *a,
		       struct kr_intake_rule *ret, struct kr_fault *reterr)
{
	struct kr_intake_rule r = {.enabled = true}, *rows;
	size_t n;
	int err = kr_store_intake_list(s, a, &rows, &n, reterr);

	if (!err && n >= KR_INTAKE_RULES_MAX)
		err = kr_fault_set(reterr, -KR_ELIMIT, "there are %d rules already",
				   KR_INTAKE_RULES_MAX);
	if (!err && !c->action.n)
		err = wrong("action", KR_STR(""), "write: drop, or: tag WORD, or: set FIELD=VALUE",
			    reterr);
	if (err)
		return err;
	r.position = n ? rows[n - 1].position + 10 : 10;
	err = apply(s, c, a, &r, reterr);
	return err ? err : put(s, by, &r, a, ret, reterr);
}

int kr_desk_intake_edit(struct kr_store *s, const struct kr_by *by, uint32_t id,
			const struct kr_desk_intake_change *c, struct kr_arena *a,
			struct kr_intake_rule *ret, struct kr_fault *reterr)
{
	struct kr_intake_rule *rows, *r;
	size_t n;
	int err = kr_store_intake_list(s, a, &rows, &n, reterr);

	if (err)
		return err;
	r = find(rows, n, id);
	if (!r) {
		err = kr_fault_set(reterr, -KR_ENOENT, "there is no rule %u", id);
		kr_fault_remedy(reterr, "karaula rule list shows all");
		return err;
	}
	err = apply(s, c, a, r, reterr);
	return err ? err : put(s, by, r, a, ret, reterr);
}

/* ---- trying ---- */

struct trying {
	const struct kr_desk_intake_test *t;
	struct kr_intake__rule rule;
	struct kr_desk_intake_tested *ret;
	struct kr_arena *arena; /* of one event */
	uint32_t shown;
	int err;
};

static bool try_one(void *ctx, const struct kr_stored_event *ev)
{
	struct trying *y = ctx;
	bool drop = y->rule.action == KR_INTAKE_DROP, different = drop, more = true;
	struct kr_event *after = NULL;
	int r;

	kr_arena_clear(y->arena);
	y->ret->rows++;
	y->ret->events += ev->e->count;
	if (!drop) {
		after = kr_event_clone(ev->e, y->arena);
		r = after ? kr_intake__act(&y->rule, after, y->arena) : -KR_ELIMIT;
		if (r < 0) {
			y->err = r;
			return false;
		}
		different = r == 1;
	}
	y->ret->changed += different;
	if (different && y->shown < y->t->examples && y->t->example) {
		y->shown++;
		more = y->t->example(y->t->ctx, ev, after);
	}
	return more;
}

int kr_desk_intake_try(struct kr_store *s, const struct kr_scope *scope,
		       const struct kr_desk_intake_test *t, struct kr_arena *a,
		       struct kr_desk_intake_tested *ret, struct kr_fault *reterr)
{
	const struct kr_expr_opts opts = {.now = kr_store_now(s)};
	struct kr_event_query q = {.progress = t->progress, .ctx = t->ctx};
	struct kr_desk_intake_tested tested = {0};
	struct trying y = {.t = t, .ret = &tested};
	struct kr_intake_rule r = {0};
	struct kr_event_page page;
	struct kr_expr *x;
	struct kr_str text;
	int err = apply(s, &t->rule, a, &r, reterr);

	if (!err)
		err = kr_intake__compile(&r, a, &y.rule, reterr);
	if (err)
		return err;
	text = kr_arena_printf(a, "(%.*s)%s%.*s%s%.*s", KR_STR_ARG(r.expr),
			       t->since.n ? " since:" : "", KR_STR_ARG(t->since),
			       r.source ? " source:" : "",
			       KR_STR_ARG(r.source ? r.source_name : KR_STR("")));
	err = kr_expr_parse(text, &opts, a, &x, reterr);
	if (err)
		return err;
	q.expr = x;
	y.arena = kr_arena_new(SCAN_ARENA);
	{
		KR_AUTO(kr_arena) *scan = kr_arena_new(SCAN_ARENA);

		err = kr_store_event_list(s, scope, &q, try_one, &y, scan, &page, reterr);
	}
	kr_arena_free(y.arena);
	if (!err && y.err)
		err = kr_fault_set(reterr, y.err, "an event does not fit into memory");
	if (err)
		return err;
	tested.looked = page.scanned;
	*ret = tested;
	return 0;
}
