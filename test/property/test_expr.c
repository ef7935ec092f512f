/* SPDX-License-Identifier: Apache-2.0 */
/* The expression language: text and tree are the same thing, and matching is boolean algebra. */
#include "tap.h"

#include "base/buf.h"
#include "expr_gen.h"

static bool same_value(enum kr_rep rep, const union kr_value *a, const union kr_value *b)
{
	switch (rep) {
	case KR_REP_TEXT: return kr_str_eq(a->text, b->text);
	case KR_REP_INT: return a->i == b->i;
	case KR_REP_REAL: return a->d == b->d;
	case KR_REP_TIME: return a->t == b->t;
	case KR_REP_IP: return kr_ip_cmp(&a->ip, &b->ip) == 0;
	}
	return false;
}

static bool same_leaf(const struct kr_expr_leaf *a, const struct kr_expr_leaf *b)
{
	if (a->subject != b->subject || a->field != b->field || !kr_str_eq(a->key, b->key) ||
	    a->test != b->test)
		return false;
	if (a->test == KR_TEST_HAS)
		return true;
	return a->rep == b->rep && same_value(a->rep, &a->value, &b->value) &&
	       (a->test != KR_TEST_RANGE || same_value(a->rep, &a->upper, &b->upper));
}

static bool same_tree(const struct kr_expr *a, const struct kr_expr *b)
{
	if (a->op != b->op)
		return false;
	switch (a->op) {
	case KR_EXPR_ALL: return true;
	case KR_EXPR_LEAF: return same_leaf(&a->leaf, &b->leaf);
	case KR_EXPR_NOT: return same_tree(a->a, b->a);
	case KR_EXPR_AND:
	case KR_EXPR_OR: break;
	}
	return same_tree(a->a, b->a) && same_tree(a->b, b->b);
}

static struct kr_expr *node(struct kr_arena *a, enum kr_expr_op op, struct kr_expr *l,
			    struct kr_expr *r)
{
	struct kr_expr *x = kr_arena_calloc(a, 1, sizeof(*x));

	x->op = op;
	x->a = l;
	x->b = r;
	return x;
}

/* Trees of any shape, also those that no text would be written for. */
static struct kr_expr *any_tree(struct kr_arena *a, unsigned depth)
{
	if (!depth || prop_chance(30))
		return gen_tree(a, 0);
	switch (prop_below(3)) {
	case 0: return node(a, KR_EXPR_NOT, any_tree(a, depth - 1), NULL);
	case 1: return node(a, KR_EXPR_AND, any_tree(a, depth - 1), any_tree(a, depth - 1));
	default: return node(a, KR_EXPR_OR, any_tree(a, depth - 1), any_tree(a, depth - 1));
	}
}

static void show(const char *what, const struct kr_expr *x)
{
	KR_AUTO_BUF b = KR_BUF(1 << 20);

	kr_expr_text(x, &b);
	printf("# %s: %s\n", what, kr_buf_cstr(&b));
}

static void test_text(unsigned runs)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	unsigned bad = 0;

	for (unsigned i = 0; i < runs && bad < 5; i++) {
		KR_AUTO_BUF b = KR_BUF(1 << 20);
		KR_AUTO_BUF again = KR_BUF(1 << 20);
		struct kr_expr *x, *y;

		kr_arena_clear(a);
		x = prop_chance(50) ? gen_tree(a, 3) : any_tree(a, 5);
		kr_expr_text(x, &b);
		y = gen_parse(a, kr_buf_str(&b));
		if (y)
			kr_expr_text(y, &again);
		if (y && same_tree(x, y) && kr_str_eq(kr_buf_str(&b), kr_buf_str(&again)))
			continue;
		bad++;
		show("text", x);
		if (y)
			show("comes back as", y);
	}
	IS(bad, 0, "the text of a tree parses to the same tree");
}

/* The meaning of the operators, written down a second time. */
static bool oracle(const struct kr_expr *x, const struct kr_expr_event *ev)
{
	bool a, b;

	if (x->op == KR_EXPR_ALL || x->op == KR_EXPR_LEAF)
		return kr_expr_match(x, ev);
	a = oracle(x->a, ev);
	b = x->b && oracle(x->b, ev);
	return x->op == KR_EXPR_NOT ? !a : x->op == KR_EXPR_AND ? a && b : a || b;
}

static struct kr_expr_event around(const struct kr_event *e, struct kr_str *names)
{
	struct kr_expr_event ev = {.e = e, .report = prop_below(5), .constituents = names};

	ev.source = kr_str_c(PICK(gen_sources));
	ev.id = KR_STR("20261121-standard-1-1");
	for (uint32_t i = 0; i < e->n_owners; i++)
		names[ev.n_constituents++] = kr_str_c(gen_names[e->owners[i].constituent - 1]);
	return ev;
}

static void test_algebra(unsigned runs)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	unsigned bad = 0, hits = 0;

	for (unsigned i = 0; i < runs && bad < 5; i++) {
		struct kr_expr *x, *y, *left, *right;
		struct kr_expr_event ev;
		struct kr_str names[4];
		bool mx, my;

		kr_arena_clear(a);
		x = gen_tree(a, 2);
		y = gen_tree(a, 2);
		ev = around(gen_event(a), names);
		mx = kr_expr_match(x, &ev);
		my = kr_expr_match(y, &ev);
		hits += mx;
		/* not (x and y) is not x or not y; not (x or y) is not x and not y */
		left = node(a, KR_EXPR_NOT, node(a, KR_EXPR_AND, x, y), NULL);
		right = node(a, KR_EXPR_OR, node(a, KR_EXPR_NOT, x, NULL),
			     node(a, KR_EXPR_NOT, y, NULL));
		bad += kr_expr_match(left, &ev) != kr_expr_match(right, &ev);
		left = node(a, KR_EXPR_NOT, node(a, KR_EXPR_OR, x, y), NULL);
		right = node(a, KR_EXPR_AND, node(a, KR_EXPR_NOT, x, NULL),
			     node(a, KR_EXPR_NOT, y, NULL));
		bad += kr_expr_match(left, &ev) != kr_expr_match(right, &ev);
		bad += kr_expr_match(node(a, KR_EXPR_NOT, x, NULL), &ev) == mx;
		bad += kr_expr_match(node(a, KR_EXPR_AND, x, y), &ev) != (mx && my);
		bad += oracle(x, &ev) != mx;
		if (bad)
			show("x", x);
	}
	IS(bad, 0,
	   "not is a true complement, De Morgan holds, order of evaluation does not matter");
	/* Of few runs it may be all or none. */
	OK(runs < 500 || (hits > runs / 20 && hits < runs - runs / 20),
	   "expressions match now and then (%u of %u)", hits, runs);
}

int main(void)
{
	unsigned runs = prop_begin(5000);

	test_text(runs);
	test_algebra(runs);
	return tap_end();
}
