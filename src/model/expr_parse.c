/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: a recursive descent over the text itself, one function a level of the grammar.
 *
 *     or    = and { "or" and }
 *     and   = unary { [ "and" ] unary }
 *     unary = { "not" | "-" } ( "(" or ")" | term )
 *     term  = [ name ":" ] value { "," value }
 *     value = [ "=" | "<" | "<=" | ">" | ">=" ] ( bare | quoted ) [ ".." ( bare | quoted ) ]
 *
 * Only parentheses and `not` recurse, and both count towards depth_max, so the stack is bounded. A
 * term gives one leaf for each value, joined by OR. Chains of AND and OR lean to the left. What a
 * name means and what a value is, is in expr_leaf.c.
 */
#include "model/expr_int.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"

#define TEXT_MAX ((size_t)64 << 10)
#define DEPTH_MAX                                                                                  \
	256 /* as in conf/settings.def: frames of this file and of expr_match.c are small */
#define NODES_MAX 4000

static int parse_or(struct kr_model__parser *p, struct kr_expr **ret);

int kr_model__expr_fault(struct kr_model__parser *p, int code, size_t at, const char *remedy,
			 const char *fmt, ...)
{
	char message[sizeof(p->fault->message)];
	uint64_t column = 1;
	va_list ap;

	if (!p->fault)
		return code;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	/* A column is a character: bytes that continue one do not count. */
	for (size_t i = 0; i < at && i < p->text.n; i++)
		column += ((unsigned char)p->text.p[i] & 0xc0) != 0x80;
	kr_fault_set(p->fault, code, "%s", message);
	kr_fault_where(p->fault, "expression");
	kr_fault_at(p->fault, 1, column, at);
	if (remedy)
		kr_fault_remedy(p->fault, "%s", remedy);
	return code;
}

struct kr_expr *kr_model__expr_node(struct kr_model__parser *p, enum kr_expr_op op,
				    struct kr_expr *a, struct kr_expr *b)
{
	struct kr_expr *x = NULL;

	if (p->nodes >= p->opts.nodes_max) {
		kr_model__expr_fault(p, -KR_ELIMIT, p->at, "ask in several steps",
				     "more than %u terms and operators", p->opts.nodes_max);
		return NULL;
	}
	p->nodes++;
	x = kr_arena_calloc(p->arena, 1, sizeof(*x));
	if (!x) {
		kr_model__expr_fault(p, -KR_ELIMIT, p->at, "shorten the expression",
				     "the expression needs too much memory");
		return NULL;
	}
	x->op = op;
	x->a = a;
	x->b = b;
	return x;
}

static void skip_blanks(struct kr_model__parser *p)
{
	while (p->at < p->text.n && kr_is_blank(p->text.p[p->at]))
		p->at++;
}

static char peek(const struct kr_model__parser *p)
{
	return p->at < p->text.n ? p->text.p[p->at] : '\0';
}

static bool is_end_of_bare(char c)
{
	return kr_is_blank(c) || c == ',' || c == '(' || c == ')' || c == '"';
}

/* Is the next bare word this keyword? Steps over it if so. */
static bool keyword(struct kr_model__parser *p, const char *word)
{
	struct kr_str rest = kr_str_from(p->text, p->at);
	size_t n = strlen(word);

	if (!kr_str_istarts(rest, kr_str_c(word)))
		return false;
	if (rest.n > n && !kr_is_blank(rest.p[n]) && rest.p[n] != '(' && rest.p[n] != ')')
		return false;
	p->at += n;
	return true;
}

static bool at_keyword(const struct kr_model__parser *p, const char *word)
{
	struct kr_model__parser look = *p;

	return keyword(&look, word);
}

/* ---- values ---- */

static int quoted(struct kr_model__parser *p, struct kr_str *ret, size_t *ret_at)
{
	size_t start = p->at++;

	for (; p->at < p->text.n && p->text.p[p->at] != '"'; p->at++)
		if (p->text.p[p->at] == '\\')
			p->at++;
	if (p->at >= p->text.n) {
		p->at = p->text.n;
		return kr_model__expr_fault(p, -KR_ESYNTAX, start, "add a \" at its end",
					    "this quoted text has no end");
	}
	*ret = kr_str_n(p->text.p + start + 1, p->at - start - 1);
	*ret_at = start + 1;
	p->at++;
	return 0;
}

static int bare(struct kr_model__parser *p, struct kr_str *ret, size_t *ret_at)
{
	size_t start = p->at;

	for (; p->at < p->text.n && !is_end_of_bare(p->text.p[p->at]); p->at++)
		if (p->text.p[p->at] == '\\' && p->at + 1 < p->text.n)
			p->at++;
	*ret = kr_str_n(p->text.p + start, p->at - start);
	*ret_at = start;
	return 0;
}

static void operator(struct kr_model__parser *p, struct kr_model__piece *piece)
{
	static const struct {
		const char *text;
		enum kr_expr_test test;
	} ops[] = {{">=", KR_TEST_GE},
		   {"<=", KR_TEST_LE},
		   {">", KR_TEST_GT},
		   {"<", KR_TEST_LT},
		   {"=", KR_TEST_EQ}};
	struct kr_str rest = kr_str_from(p->text, p->at);

	for (size_t i = 0; i < KR_ARRAY_LEN(ops); i++) {
		if (!kr_str_starts(rest, kr_str_c(ops[i].text)))
			continue;
		piece->op = ops[i].test;
		piece->has_op = true;
		p->at += strlen(ops[i].text);
		return;
	}
}

/* One value; after it must come a blank, a comma, a parenthesis or the end. */
static int value(struct kr_model__parser *p, const char *after, struct kr_model__piece *piece)
{
	int r;

	*piece = (struct kr_model__piece){.op = KR_TEST_EQ};
	operator(p, piece);
	piece->quoted = peek(p) == '"' && p->at < p->text.n;
	r = piece->quoted ? quoted(p, &piece->raw, &piece->at) : bare(p, &piece->raw, &piece->at);
	if (r < 0)
		return r;
	if (!piece->quoted && !piece->raw.n && peek(p) == '(')
		return kr_model__expr_fault(p, -KR_ESYNTAX, p->at, "write a list as field:a,b",
					    "a parenthesis cannot stand in a value");
	if (!piece->quoted && !piece->raw.n)
		return kr_model__expr_fault(
			p, -KR_ESYNTAX, p->at,
			"write a value, or has:field to ask whether there is one",
			"a value is missing after %s", after);
	if (piece->quoted && kr_str_starts(kr_str_from(p->text, p->at), KR_STR(".."))) {
		piece->ranged = true;
		p->at += 2;
	} else if (!piece->quoted && kr_str_ends(piece->raw, KR_STR("..")) && peek(p) == '"') {
		piece->ranged = true;
		piece->raw.n -= 2;
	}
	if (piece->ranged) {
		piece->upper_quoted = peek(p) == '"';
		r = piece->upper_quoted ? quoted(p, &piece->upper, &piece->upper_at)
					: bare(p, &piece->upper, &piece->upper_at);
		if (r < 0)
			return r;
	}
	if (p->at < p->text.n && (p->text.p[p->at] == '"' || p->text.p[p->at] == '(' ||
				  !is_end_of_bare(p->text.p[p->at])))
		return kr_model__expr_fault(p, -KR_ESYNTAX, p->at, "put the whole value in quotes",
					    "'%c' cannot follow here", p->text.p[p->at]);
	return 0;
}

/* ---- terms ---- */

/* The run of bytes that a bare term covers, commas included: to see whether it is an address or
 * URL. */
static bool is_word_with_colon(const struct kr_model__parser *p, size_t colon)
{
	struct kr_str run = kr_str_from(p->text, p->at), after;
	struct kr_ip ip;
	size_t n = 0;

	while (n < run.n && !is_end_of_bare(run.p[n]))
		n++;
	run.n = n;
	after = kr_str_from(run, colon + 1);
	if (kr_str_starts(after, KR_STR("//")))
		return true;
	return kr_net_parse(run, &ip) >= 0;
}

/*
 * Cut "name:" off, if the term starts with one.
 *
 * Returns 1 with the name (quoted part of extra."a b" still raw), 0 if it is a word, or a fault.
 */
static int name(struct kr_model__parser *p, struct kr_str *ret)
{
	struct kr_str rest = kr_str_from(p->text, p->at);
	size_t n = 0;

	while (n < rest.n &&
	       (kr_is_alnum(rest.p[n]) || rest.p[n] == '.' || rest.p[n] == '_' || rest.p[n] == '-'))
		n++;
	if (n == 6 && kr_str_istarts(rest, KR_STR("extra.")) && n < rest.n && rest.p[n] == '"') {
		for (n++; n < rest.n && rest.p[n] != '"'; n++)
			if (rest.p[n] == '\\')
				n++;
		n++;
	}
	if (n >= rest.n || rest.p[n] != ':' || !n || is_word_with_colon(p, n))
		return 0;
	*ret = kr_str_first(rest, n);
	return 1;
}

/* "port=80" is never what was meant. */
static int refuse_assignment(struct kr_model__parser *p)
{
	struct kr_str rest = kr_str_from(p->text, p->at);
	char remedy[128];
	size_t n = 0;

	while (n < rest.n && (kr_is_alnum(rest.p[n]) || rest.p[n] == '.' || rest.p[n] == '_'))
		n++;
	if (!n && rest.n && strchr("<>=", rest.p[0]))
		return kr_model__expr_fault(p, -KR_ESYNTAX, p->at, "write field:>=value",
					    "a field is missing before '%c'", rest.p[0]);
	if (!n || n >= rest.n || !strchr("<>=", rest.p[n]) ||
	    !kr_field_by_word(kr_str_first(rest, n)))
		return 0;
	snprintf(remedy, sizeof(remedy), "write %.*s:%s", (int)KR_MIN(n, (size_t)60), rest.p,
		 rest.p[n] == '='   ? "value"
		 : rest.p[n] == '<' ? "<value"
				    : ">value");
	return kr_model__expr_fault(p, -KR_ESYNTAX, p->at + n, remedy,
				    "a ':' is missing before '%c'", rest.p[n]);
}

static int term(struct kr_model__parser *p, struct kr_expr **ret)
{
	struct kr_model__subject subject;
	struct kr_model__piece piece;
	struct kr_str left = KR_STR("");
	struct kr_expr *x = NULL, *leaf;
	char after[80] = "the term's start";
	int named = name(p, &left), r;

	if (!named && (r = refuse_assignment(p)) < 0)
		return r;
	if (named) {
		r = kr_model__expr_subject(p, left, p->at, &subject);
		if (r < 0)
			return r;
		p->at += left.n + 1;
		snprintf(after, sizeof(after), "%.*s:", (int)KR_MIN(left.n, (size_t)60), left.p);
	}
	for (;;) {
		r = value(p, after, &piece);
		if (r < 0)
			return r;
		r = kr_model__expr_leaf(p, named ? &subject : NULL, &piece, &leaf);
		if (r < 0)
			return r;
		x = x ? kr_model__expr_node(p, KR_EXPR_OR, x, leaf) : leaf;
		if (!x)
			return -KR_ELIMIT;
		if (peek(p) != ',')
			break;
		p->at++;
		snprintf(after, sizeof(after), "the comma");
	}
	*ret = x;
	return 0;
}

/* ---- operators ---- */

static int deeper(struct kr_model__parser *p, size_t at)
{
	if (p->depth >= p->opts.depth_max)
		return kr_model__expr_fault(p, -KR_ELIMIT, at, "write it with fewer parentheses",
					    "more than %u levels of parentheses and 'not'",
					    p->opts.depth_max);
	p->depth++;
	return 0;
}

static int group(struct kr_model__parser *p, struct kr_expr **ret)
{
	size_t start = p->at;
	int r = deeper(p, start);

	if (r < 0)
		return r;
	p->at++;
	r = parse_or(p, ret);
	if (r < 0)
		return r;
	if (peek(p) != ')')
		return kr_model__expr_fault(p, -KR_ESYNTAX, start, "add a ) at its end",
					    "this parenthesis has no end");
	p->at++;
	p->depth--;
	return 0;
}

static int unary(struct kr_model__parser *p, struct kr_expr **ret)
{
	unsigned nots = 0;
	struct kr_expr *x;
	int r;

	for (;; nots++) {
		size_t start = p->at;

		if (peek(p) == '-') {
			p->at++;
			if (p->at >= p->text.n || kr_is_blank(p->text.p[p->at]))
				return kr_model__expr_fault(
					p, -KR_ESYNTAX, start,
					"write -term without a blank, or not term",
					"'-' stands alone");
		} else if (!keyword(p, "not")) {
			break;
		}
		r = deeper(p, start);
		if (r < 0)
			return r;
		skip_blanks(p);
	}
	if (p->at >= p->text.n || peek(p) == ')' || peek(p) == ',' || at_keyword(p, "and") ||
	    at_keyword(p, "or"))
		return kr_model__expr_fault(
			p, -KR_ESYNTAX, p->at,
			"write a term such as type:phishing; put the words and, or, "
			"not in quotes to search for them",
			"a term is missing here");
	r = peek(p) == '(' ? group(p, &x) : term(p, &x);
	if (r < 0)
		return r;
	p->depth -= nots;
	for (; nots; nots--)
		if (!(x = kr_model__expr_node(p, KR_EXPR_NOT, x, NULL)))
			return -KR_ELIMIT;
	*ret = x;
	return 0;
}

static int parse_and(struct kr_model__parser *p, struct kr_expr **ret)
{
	struct kr_expr *x, *b;
	int r = unary(p, &x);

	for (;;) {
		if (r < 0)
			return r;
		skip_blanks(p);
		if (p->at >= p->text.n || peek(p) == ')' || at_keyword(p, "or"))
			break;
		if (keyword(p, "and"))
			skip_blanks(p);
		r = unary(p, &b);
		if (r < 0)
			return r;
		x = kr_model__expr_node(p, KR_EXPR_AND, x, b);
		r = x ? 0 : -KR_ELIMIT;
	}
	*ret = x;
	return 0;
}

static int parse_or(struct kr_model__parser *p, struct kr_expr **ret)
{
	struct kr_expr *x, *b;
	int r;

	skip_blanks(p);
	r = parse_and(p, &x);
	while (r >= 0 && keyword(p, "or")) {
		skip_blanks(p);
		r = parse_and(p, &b);
		if (r < 0)
			return r;
		x = kr_model__expr_node(p, KR_EXPR_OR, x, b);
		r = x ? 0 : -KR_ELIMIT;
	}
	if (r >= 0)
		*ret = x;
	return r;
}

static int check_text(struct kr_model__parser *p)
{
	size_t valid;

	if (p->text.n > TEXT_MAX)
		return kr_model__expr_fault(p, -KR_ELIMIT, 0, "ask in several steps",
					    "an expression has at most %zu KiB", TEXT_MAX >> 10);
	valid = kr_utf8_valid(p->text);
	if (valid < p->text.n)
		return kr_model__expr_fault(p, -KR_ESYNTAX, valid, "write it in UTF-8",
					    "this byte is not UTF-8");
	for (size_t i = 0; i < p->text.n; i++)
		if ((unsigned char)p->text.p[i] < ' ' && !kr_is_blank(p->text.p[i]))
			return kr_model__expr_fault(p, -KR_ESYNTAX, i,
						    "write it as \\xHH in quotes",
						    "a control character cannot stand here");
	return 0;
}

int kr_expr_parse(struct kr_str text, const struct kr_expr_opts *opts, struct kr_arena *arena,
		  struct kr_expr **ret, struct kr_fault *reterr)
{
	struct kr_model__parser p = {.text = text, .arena = arena, .fault = reterr};
	struct kr_expr *x = NULL;
	int r;

	if (opts)
		p.opts = *opts;
	p.opts.depth_max = KR_MIN(p.opts.depth_max ? p.opts.depth_max : 64, DEPTH_MAX);
	p.opts.nodes_max = KR_MIN(p.opts.nodes_max ? p.opts.nodes_max : 1000, NODES_MAX);
	r = check_text(&p);
	if (r < 0)
		return r;
	skip_blanks(&p);
	if (p.at == text.n)
		x = kr_model__expr_node(&p, KR_EXPR_ALL, NULL, NULL);
	else if ((r = parse_or(&p, &x)) < 0)
		return r;
	if (!x)
		return -KR_ELIMIT;
	if (p.at < text.n)
		return kr_model__expr_fault(&p, -KR_ESYNTAX, p.at, "remove it, or add a ( before",
					    "this ) has no beginning");
	*ret = x;
	return 0;
}

int kr_expr_subject(struct kr_str name, const struct kr_expr_opts *opts, struct kr_arena *arena,
		    struct kr_expr_leaf *ret, struct kr_fault *reterr)
{
	struct kr_model__parser p = {.text = name, .arena = arena, .fault = reterr};
	struct kr_model__subject s;
	int r;

	if (opts)
		p.opts = *opts;
	r = check_text(&p);
	if (r < 0)
		return r;
	r = kr_model__expr_subject(&p, name, 0, &s);
	if (r < 0)
		return r;
	if (s.has || s.bound || s.subject == KR_SUBJ_ID)
		return kr_model__expr_fault(
			&p, -KR_EINVAL, 0, "name a field, e.g. type, asn or source",
			"\"%.*s\" is no field with values to sort by", KR_STR_ARG(name));
	*ret = (struct kr_expr_leaf){
		.subject = s.subject, .field = s.field, .key = s.key, .column = 1};
	ret->rep = kr_model__expr_rep(s.subject, s.field);
	return 0;
}
