/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the rule for plurals of a language is a C expression over n. It is turned into
 * postfix order once, by precedence climbing with a stack of operators instead of recursion, and
 * then evaluated on a small stack. Expressions have no side effects, so both branches of `?:` are
 * simply evaluated; division by zero gives 0.
 */
#include "base/mo.h"

#define FORMS_MAX 8
#define STACK_MAX 32

/* Longest first, so that "<=" is not read as "<". */
static const struct {
	const char *text;
	uint8_t op, rank; /* higher binds tighter */
} operators[] = {
	{"||", KR_PLURAL_OR, 2}, {"&&", KR_PLURAL_AND, 3}, {"==", KR_PLURAL_EQ, 4},
	{"!=", KR_PLURAL_NE, 4}, {"<=", KR_PLURAL_LE, 5},  {">=", KR_PLURAL_GE, 5},
	{"<", KR_PLURAL_LT, 5},	 {">", KR_PLURAL_GT, 5},   {"+", KR_PLURAL_ADD, 6},
	{"-", KR_PLURAL_SUB, 6}, {"*", KR_PLURAL_MUL, 7},  {"/", KR_PLURAL_DIV, 7},
	{"%", KR_PLURAL_MOD, 7},
};

#define RANK_CHOOSE 1
#define RANK_NOT    8

/* What waits on the stack besides operators. */
#define OPEN	 200 /* '(' */
#define QUESTION 201 /* '?' whose ':' has not come */

struct parser {
	struct kr_str rest;
	struct kr_base__plural *out;
	struct {
		uint8_t op, rank;
	} stack[STACK_MAX];
	unsigned waiting;
	unsigned depth, depth_max; /* of the evaluation */
	bool failed;
};

static void emit(struct parser *p, uint8_t op, uint32_t number)
{
	unsigned takes = op <= KR_PLURAL_N	  ? 0
			 : op == KR_PLURAL_NOT	  ? 1
			 : op == KR_PLURAL_CHOOSE ? 3
						  : 2;

	if (p->out->count == KR_PLURAL_OPS_MAX || p->depth < takes ||
	    p->depth - takes + 1 > STACK_MAX) {
		p->failed = true;
		return;
	}
	p->depth = p->depth - takes + 1;
	p->out->ops[p->out->count].op = op;
	p->out->ops[p->out->count++].number = number;
}

static void push(struct parser *p, uint8_t op, uint8_t rank)
{
	if (p->waiting == STACK_MAX) {
		p->failed = true;
		return;
	}
	p->stack[p->waiting].op = op;
	p->stack[p->waiting++].rank = rank;
}

/* Emit what waits and binds at least as tight; brackets and '?' stop it. */
static void reduce(struct parser *p, unsigned rank)
{
	while (p->waiting && p->stack[p->waiting - 1].op < OPEN &&
	       p->stack[p->waiting - 1].rank >= rank)
		emit(p, p->stack[--p->waiting].op, 0);
}

/* Close the innermost bracket or '?'. */
static void close(struct parser *p, uint8_t opener)
{
	reduce(p, 0);
	if (!p->waiting || p->stack[p->waiting - 1].op != opener)
		p->failed = true;
	else
		p->waiting--;
}

static bool eat(struct parser *p, const char *text)
{
	struct kr_str t = kr_str_c(text);

	if (!kr_str_starts(p->rest, t))
		return false;
	p->rest = kr_str_from(p->rest, t.n);
	return true;
}

/* Where a value may stand. Returns true once it is complete. */
static bool read_operand(struct parser *p)
{
	uint64_t v = 0;
	size_t n = 0;

	if (eat(p, "(")) {
		push(p, OPEN, 0);
		return false;
	}
	if (eat(p, "!")) {
		push(p, KR_PLURAL_NOT, RANK_NOT);
		return false;
	}
	if (eat(p, "n")) {
		emit(p, KR_PLURAL_N, 0);
		return true;
	}
	while (n < p->rest.n && kr_is_digit(p->rest.p[n]))
		n++;
	if (!n || kr_str_u64(kr_str_first(p->rest, n), &v) || v > UINT32_MAX)
		p->failed = true;
	p->rest = kr_str_from(p->rest, n);
	emit(p, KR_PLURAL_NUMBER, (uint32_t)v);
	return true;
}

/* Where an operator may stand. Returns true if a value has to follow. */
static bool read_operator(struct parser *p)
{
	if (eat(p, ")")) {
		close(p, OPEN);
		return false;
	}
	if (eat(p, "?")) {
		/* `a ? b : c` groups to the right: a finished one that waits stays. */
		reduce(p, RANK_CHOOSE + 1);
		push(p, QUESTION, 0);
		return true;
	}
	if (eat(p, ":")) {
		close(p, QUESTION);
		push(p, KR_PLURAL_CHOOSE, RANK_CHOOSE);
		return true;
	}
	for (size_t i = 0; i < KR_ARRAY_LEN(operators); i++) {
		if (eat(p, operators[i].text)) {
			reduce(p, operators[i].rank);
			push(p, operators[i].op, operators[i].rank);
			return true;
		}
	}
	p->failed = true;
	return true;
}

static bool parse_expression(struct kr_str s, struct kr_base__plural *out)
{
	struct parser p = {.rest = s, .out = out};
	bool want_value = true;

	while (!p.failed) {
		p.rest = kr_str_trim(p.rest);
		if (!p.rest.n)
			break;
		want_value = want_value ? !read_operand(&p) : read_operator(&p);
	}
	reduce(&p, 0);
	return !p.failed && !want_value && !p.waiting && p.depth == 1;
}

/* "name=value", blanks around; false if the name is another one. */
static bool assigned(struct kr_str s, struct kr_str name, struct kr_str *ret)
{
	ptrdiff_t at = kr_str_chr(s, '=');

	if (at < 0 || !kr_str_eq(kr_str_trim(kr_str_first(s, (size_t)at)), name))
		return false;
	*ret = kr_str_trim(kr_str_from(s, (size_t)at + 1));
	return true;
}

int kr_base__plural_parse(struct kr_str s, struct kr_base__plural *ret)
{
	struct kr_base__plural plural = {0};
	struct kr_str part, value;
	uint64_t forms;

	if (!kr_str_split(&s, ';', &part) || !assigned(part, KR_STR("nplurals"), &value) ||
	    kr_str_u64(value, &forms) || forms < 1 || forms > FORMS_MAX)
		return -KR_ESYNTAX;
	plural.forms = (unsigned)forms;
	if (!kr_str_split(&s, ';', &part) || !assigned(part, KR_STR("plural"), &value) ||
	    !parse_expression(value, &plural) || kr_str_trim(s).n)
		return -KR_ESYNTAX;
	*ret = plural;
	return 0;
}

static uint64_t apply(uint8_t op, uint64_t a, uint64_t b)
{
	switch (op) {
	case KR_PLURAL_MUL: return a * b;
	case KR_PLURAL_DIV: return b ? a / b : 0;
	case KR_PLURAL_MOD: return b ? a % b : 0;
	case KR_PLURAL_ADD: return a + b;
	case KR_PLURAL_SUB: return a - b;
	case KR_PLURAL_LT: return a < b;
	case KR_PLURAL_GT: return a > b;
	case KR_PLURAL_LE: return a <= b;
	case KR_PLURAL_GE: return a >= b;
	case KR_PLURAL_EQ: return a == b;
	case KR_PLURAL_NE: return a != b;
	case KR_PLURAL_AND: return a && b;
	default: return a || b;
	}
}

unsigned kr_base__plural_form(const struct kr_base__plural *p, uint64_t n)
{
	uint64_t stack[STACK_MAX + 1];
	unsigned d = 0;

	for (unsigned i = 0; i < p->count; i++) {
		switch (p->ops[i].op) {
		case KR_PLURAL_NUMBER: stack[d++] = p->ops[i].number; break;
		case KR_PLURAL_N: stack[d++] = n; break;
		case KR_PLURAL_NOT: stack[d - 1] = !stack[d - 1]; break;
		case KR_PLURAL_CHOOSE:
			d -= 2;
			stack[d - 1] = stack[d - 1] ? stack[d] : stack[d + 1];
			break;
		default: d--; stack[d - 1] = apply(p->ops[i].op, stack[d - 1], stack[d]);
		}
	}
	return d == 1 && stack[0] < p->forms ? (unsigned)stack[0] : 0;
}
