/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the tree is written as SQL with numbered parameters. NOT goes down to the leaves;
 * a chain of AND or OR becomes one pair of parentheses, in which equal tests of one column become
 * IN (...) and plain SQL comes before calls of kr_leaf(). SQLite's parser has a small stack and a
 * limit of depth: deep operands are written first, long chains in groups, and what still does not
 * fit is refused.
 */
#include "store/sqlite/filter.h"

#include <stdlib.h>
#include <string.h>

#include "store/event_id.h"
#include "store/sqlite/db.h"
#include "store/sqlite/filter_int.h"
#include "store/sqlite/row.h"
#include "store/sqlite/scope.h"

#define SQL_MAX	   900000 /* below SQLITE_LIMIT_SQL_LENGTH (1,000,000 as shipped) */
#define PARAMS_MAX 30000  /* below SQLITE_LIMIT_VARIABLE_NUMBER (32766 as shipped) */
#define GROUP	   100	  /* SQLITE_LIMIT_EXPR_DEPTH is 1000, and chains nest */
#define DEEP	   4
/* Entries of SQLite's parser stack (100 as shipped): an operand in front, one behind others, all
 * but leaves. */
#define STACK_LEFT  1
#define STACK_RIGHT 3
#define STACK_MAX   76

static void condition(struct kr_store__filter *m, const struct kr_expr *x, bool negated);

void kr_store__filter_fail(struct kr_store__filter *m, int err)
{
	if (m->err)
		return;
	m->err = err;
	kr_fault_set(m->fault, err, "the expression is too large for one query");
	kr_fault_remedy(m->fault, "ask in several steps");
}

/* Add a parameter and write its number. */
struct kr_store__param *kr_store__param(struct kr_store__filter *m, enum kr_store__param_kind kind)
{
	struct kr_store__param *p = m->f->n < PARAMS_MAX ? kr_arena_calloc(m->a, 1, sizeof(*p))
							 : NULL;

	if (!p) {
		kr_store__filter_fail(m, -KR_ELIMIT);
		m->none = (struct kr_store__param){0};
		return &m->none;
	}
	p->kind = kind;
	*m->end = p;
	m->end = &p->next;
	kr_buf_printf(&m->sql, "?%d", m->f->first + m->f->n++);
	return p;
}

void kr_store__param_int(struct kr_store__filter *m, int64_t i)
{
	kr_store__param(m, P_INT)->i = i;
}

void kr_store__param_ip(struct kr_store__filter *m, const struct kr_ip *ip)
{
	if (ip->family == 4)
		kr_store__param_int(m, kr_ip_u32(ip));
	else
		kr_store__param(m, P_BLOB)->s = kr_str_n((const char *)ip->b, 16);
}

/* ---- the tree ---- */

/* One operand of a chain: an expression that is wanted to be true, or false. */
struct operand {
	const struct kr_expr *x;
	bool negated;
	bool gathers; /* an equal test that IN can take */
	unsigned depth;
	size_t at; /* its place among the operands as written */
};

static bool is_chain(const struct kr_expr *x)
{
	return x->op == KR_EXPR_AND || x->op == KR_EXPR_OR;
}

/* Levels of parentheses that SQL will need: a chain within a chain of the same operator needs none.
 */
static unsigned depth_of(const struct kr_expr *x)
{
	enum kr_expr_op op = x->op;
	unsigned depth = 0, d;

	if (op == KR_EXPR_NOT)
		return depth_of(x->a);
	if (!is_chain(x))
		return 0;
	for (; x->op == op; x = x->a) {
		d = depth_of(x->b) + (x->b->op != op);
		depth = KR_MAX(depth, d);
	}
	d = depth_of(x) + 1;
	return KR_MAX(depth, d);
}

/* Equal tests of one column by plain SQL. */
static bool gathers(const struct kr_expr *x)
{
	const struct kr_field_info *info;

	if (x->op != KR_EXPR_LEAF || x->leaf.subject != KR_SUBJ_FIELD || x->leaf.test != KR_TEST_EQ)
		return false;
	info = kr_field_info(x->leaf.field);
	return kr_row_column(x->leaf.field) && kr_store__filter_native(&x->leaf, info) &&
	       info->rep != KR_REP_REAL;
}

static bool is_cheap(const struct kr_expr *x)
{
	if (x->op == KR_EXPR_NOT)
		return is_cheap(x->a);
	if (x->op != KR_EXPR_LEAF)
		return false;
	if (x->leaf.subject == KR_SUBJ_FIELD)
		return kr_row_column(x->leaf.field) &&
		       kr_store__filter_native(&x->leaf, kr_field_info(x->leaf.field));
	return x->leaf.subject != KR_SUBJ_EXTRA && x->leaf.subject != KR_SUBJ_WORD &&
	       x->leaf.subject != KR_SUBJ_CONSTITUENT;
}

static size_t count_operands(const struct kr_expr *x, enum kr_expr_op op)
{
	size_t n = 1;

	for (; x->op == op; x = x->a)
		n += count_operands(x->b, op);
	return n;
}

/* Fill from the end, since chains lean to the left. Returns where the next one goes. */
static struct operand *operands(const struct kr_expr *x, enum kr_expr_op op, bool negated,
				struct operand *end)
{
	for (; x->op == op; x = x->a)
		end = operands(x->b, op, negated, end);
	*--end = (struct operand){.x = x, .negated = negated, .depth = depth_of(x)};
	end->gathers = op == KR_EXPR_OR && gathers(x);
	return end;
}

/*
 * Deep ones first, deepest of all in front: what comes before an operand stays on the parser's
 * stack while it is read, and an operand in front has nothing before it. Then lists by field, then
 * what is plain SQL, then calls. The order within each is kept.
 */
static int compare(const void *l, const void *r)
{
	const struct operand *a = l, *b = r;
	unsigned deep_a = a->depth > DEEP ? a->depth : 0, deep_b = b->depth > DEEP ? b->depth : 0;

	if (deep_a != deep_b)
		return deep_a > deep_b ? -1 : 1;
	if (a->gathers != b->gathers)
		return a->gathers ? -1 : 1;
	if (a->gathers && a->x->leaf.field != b->x->leaf.field)
		return a->x->leaf.field < b->x->leaf.field ? -1 : 1;
	if (is_cheap(a->x) != is_cheap(b->x))
		return is_cheap(a->x) ? -1 : 1;
	return (a->at > b->at) - (a->at < b->at);
}

/* n equal tests of one column. */
static void list(struct kr_store__filter *m, const struct operand *o, size_t n)
{
	const struct kr_expr_leaf *leaf = &o->x->leaf;
	const struct kr_field_info *info = kr_field_info(leaf->field);
	const char *col = kr_row_column(leaf->field);
	bool bare = kr_store__filter_never_null(col);
	bool nocase = info->rep == KR_REP_TEXT && kr_store__filter_any_case(leaf, info->kind);

	kr_buf_printf(&m->sql, "%s%s%s%s IN (", o->negated ? "NOT " : "", bare ? "" : "coalesce(",
		      col, nocase ? " COLLATE NOCASE" : "");
	for (size_t i = 0; i < n; i++) {
		leaf = &o[i].x->leaf;
		kr_buf_c(&m->sql, i ? "," : "");
		if (info->rep == KR_REP_TEXT)
			kr_store__param(m, P_TEXT)->s = leaf->value.text;
		else if (info->rep == KR_REP_IP)
			kr_store__param_ip(m, &leaf->value.ip);
		else
			kr_store__param_int(m, info->rep == KR_REP_TIME ? leaf->value.t
									: leaf->value.i);
	}
	kr_buf_c(&m->sql, bare ? ")" : "),0)");
}

/*
 * Operands side by side. SQLite reads "a OR b OR c" as a tree as deep as it is long: a long chain
 * is cut into groups.
 */
static void join(struct kr_store__filter *m, const struct operand *o, size_t n, const char *op)
{
	size_t k;

	kr_buf_ch(&m->sql, '(');
	for (size_t i = 0, done = 0; i < n; i += k, done++) {
		if (done)
			kr_buf_printf(&m->sql, done % GROUP ? "%s" : ")%s(", op);
		for (k = 1; o[i].gathers && i + k < n && o[i + k].gathers &&
			    o[i + k].x->leaf.field == o[i].x->leaf.field;)
			k++;
		m->stack += i ? STACK_RIGHT : STACK_LEFT;
		if (k > 1)
			list(m, o + i, k);
		else
			condition(m, o[i].x, o[i].negated);
		m->stack -= i ? STACK_RIGHT : STACK_LEFT;
	}
	kr_buf_ch(&m->sql, ')');
}

static void chain(struct kr_store__filter *m, const struct kr_expr *x, bool negated)
{
	size_t n = count_operands(x, x->op);
	struct operand *list = kr_arena_calloc(m->a, n, sizeof(*list));

	if (!list) {
		kr_store__filter_fail(m, -KR_ELIMIT);
		return;
	}
	operands(x, x->op, negated, list + n);
	for (size_t i = 0; i < n; i++)
		list[i].at = i;
	qsort(list, n, sizeof(*list), compare);
	/* One more pair of parentheses around the groups of a long chain. */
	kr_buf_c(&m->sql, n > GROUP ? "(" : "");
	join(m, list, n, (x->op == KR_EXPR_AND) != negated ? " AND " : " OR ");
	kr_buf_c(&m->sql, n > GROUP ? ")" : "");
}

/* x, or its complement: leaves are 0 or 1, so De Morgan's laws hold and NOT goes down to the
 * leaves. */
static void condition(struct kr_store__filter *m, const struct kr_expr *x, bool negated)
{
	for (; x->op == KR_EXPR_NOT; x = x->a)
		negated = !negated;
	if (m->stack > STACK_MAX)
		kr_store__filter_fail(m, -KR_ELIMIT);
	if (m->err)
		return;
	if (is_chain(x)) {
		chain(m, x, negated);
	} else if (x->op == KR_EXPR_ALL) {
		kr_buf_ch(&m->sql, negated ? '0' : '1');
	} else {
		kr_buf_c(&m->sql, negated ? "NOT " : "");
		kr_store__filter_leaf(m, &x->leaf);
	}
}

static void label_condition(struct kr_store__filter *m, const struct kr_scope *scope)
{
	struct kr_labels l = kr_store__labels(scope);

	if (l.lo > KR_TLP_NONE)
		kr_buf_printf(&m->sql, "label BETWEEN %d AND %d", l.lo, l.hi);
	else
		kr_buf_printf(&m->sql, "label<=%d", l.hi);
}

static void owner_condition(struct kr_store__filter *m, uint32_t constituent)
{
	struct kr_filter_leaf *l = kr_arena_calloc(m->a, 1, sizeof(*l));

	if (!l) {
		kr_store__filter_fail(m, -KR_ELIMIT);
		return;
	}
	*l = (struct kr_filter_leaf){.look = KR_LOOK_OWNERS, .one = constituent, .n_ids = 1};
	l->ids = &l->one;
	kr_buf_c(&m->sql, " AND kr_leaf(");
	kr_store__param(m, P_LEAF)->leaf = l;
	kr_buf_c(&m->sql, ",owners)");
}

/* What is cheap comes first: most rows that are not shown end there. */
static void scoped(struct kr_store__filter *m, const struct kr_expr *x)
{
	const struct kr_scope *scope = m->f->names.scope;

	if (scope && !scope->all) {
		label_condition(m, scope);
		if (kr_store__bound(scope))
			owner_condition(m, kr_store__bound(scope));
		kr_buf_c(&m->sql, x ? " AND " : "");
		m->stack += STACK_RIGHT;
	} else if (!x) {
		kr_buf_ch(&m->sql, '1');
	}
	if (x)
		condition(m, x, false);
}

int kr_filter_make(const struct kr_expr *x, const struct kr_filter_names *names, int first,
		   struct kr_arena *a, const struct kr_filter **ret, struct kr_fault *reterr)
{
	struct kr_store__filter m = {
		.sql = KR_BUF(SQL_MAX), .a = a, .names = names, .fault = reterr};
	struct kr_str sql;

	m.f = kr_arena_calloc(a, 1, sizeof(*m.f));
	if (!m.f)
		return kr_fault_set(reterr, -KR_ELIMIT, "no memory is left for this query");
	m.f->first = first;
	m.f->names = *names;
	m.end = &m.f->params;
	kr_buf_ch(&m.sql, '(');
	scoped(&m, x);
	kr_buf_ch(&m.sql, ')');
	sql = kr_arena_dup(a, kr_buf_str(&m.sql));
	if (m.sql.err || !sql.p)
		kr_store__filter_fail(&m, -KR_ELIMIT);
	kr_buf_done(&m.sql);
	m.f->sql = sql.p;
	if (!m.err)
		*ret = m.f;
	return m.err;
}

const char *kr_filter_sql(const struct kr_filter *f)
{
	return f->sql;
}

/* The row that an id names, if it is one of this partition; -1 if not. */
static int64_t row_of(const struct kr_filter *f, struct kr_str text,
		      const struct kr_event_id *partition)
{
	char canonical[KR_EVENT_ID_TEXT_MAX];
	struct kr_event_id id;

	if (kr_event_id_from(f->names.key, f->names.scope, text, &id) < 0 ||
	    id.class_ != partition->class_ || id.day != partition->day ||
	    id.part != partition->part)
		return -1;
	/* "007" is not how an id is written. */
	kr_event_id_for(f->names.key, f->names.scope, &id, canonical);
	return kr_str_ieq(kr_str_c(canonical), text) ? (int64_t)id.row : -1;
}

static int bind_prefix(sqlite3_stmt *st, int i, const struct kr_event_id *partition)
{
	struct kr_event_id id = *partition;
	char text[KR_EVENT_ID_TEXT_MAX];

	id.row = 0;
	kr_event_id_text(&id, text);
	return sqlite3_bind_text(st, i, text, (int)strlen(text) - 1, SQLITE_TRANSIENT);
}

int kr_filter_bind(const struct kr_filter *f, sqlite3_stmt *st, const struct kr_event_id *partition,
		   struct kr_fault *reterr)
{
	int i = f->first, rc = SQLITE_OK;

	for (const struct kr_store__param *p = f->params; p && rc == SQLITE_OK; p = p->next, i++) {
		switch (p->kind) {
		case P_INT: rc = sqlite3_bind_int64(st, i, p->i); break;
		case P_REAL: rc = sqlite3_bind_double(st, i, p->d); break;
		case P_TEXT:
			rc = sqlite3_bind_text64(st, i, p->s.p, p->s.n, SQLITE_STATIC, SQLITE_UTF8);
			break;
		case P_BLOB: rc = sqlite3_bind_blob64(st, i, p->s.p, p->s.n, SQLITE_STATIC); break;
		case P_LEAF:
			p->leaf->partition = *partition;
			rc = sqlite3_bind_pointer(st, i, p->leaf, KR_FILTER_POINTER, NULL);
			break;
		case P_ID: rc = sqlite3_bind_int64(st, i, row_of(f, p->s, partition)); break;
		case P_ID_PREFIX: rc = bind_prefix(st, i, partition); break;
		}
	}
	return rc == SQLITE_OK ? 0
			       : kr_db_fault(sqlite3_db_handle(st), reterr, "cannot bind a query");
}
