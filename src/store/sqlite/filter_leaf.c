/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: one leaf as SQL. A test of a column that may be NULL is wrapped in coalesce(...,
 * 0); addr, first, last, n, report, source and id never are NULL and stay bare, so that SQLite may
 * use its index on addr.
 *
 * Addresses: IPv4 is INTEGER, IPv6 is BLOB, none is '' or NULL. A range always has both ends within
 * its family, so the other types never fall into it.
 */
#include "store/sqlite/filter_int.h"

#include "base/json.h"
#include "store/sqlite/row.h"

/* kr_leaf(leaf, what): all that plain SQL does not say. */
static void call(struct kr_store__filter *m, const struct kr_expr_leaf *leaf,
		 enum kr_filter_look look, enum kr_field f, const char *what)
{
	struct kr_filter_leaf *l = kr_arena_calloc(m->a, 1, sizeof(*l));
	KR_AUTO_BUF needle = KR_BUF((size_t)1 << 20);

	if (!l) {
		kr_store__filter_fail(m, -KR_ELIMIT);
		return;
	}
	l->leaf = leaf;
	l->look = look;
	l->field[0] = (uint8_t)f;
	if (look == KR_LOOK_EXTRA) {
		kr_buf_ch(&needle, '"');
		kr_json_escape(&needle, leaf->key);
		kr_buf_c(&needle, "\":");
		l->needle = kr_arena_dup(m->a, kr_buf_str(&needle));
		if (needle.err || !l->needle.p)
			kr_store__filter_fail(m, -KR_ELIMIT);
	}
	kr_buf_c(&m->sql, "kr_leaf(");
	kr_store__param(m, P_LEAF)->leaf = l;
	kr_buf_printf(&m->sql, ",%s)", what);
}

/* ---- tests of one column in plain SQL ---- */

static const char *operator(enum kr_expr_test t)
{
	switch (t) {
	case KR_TEST_LT: return "<";
	case KR_TEST_LE: return "<=";
	case KR_TEST_GT: return ">";
	case KR_TEST_GE: return ">=";
	default: return "=";
	}
}

/* INT, REAL and TIME. */
static void number(struct kr_store__filter *m, const struct kr_expr_leaf *leaf, enum kr_rep rep,
		   const char *col)
{
	const union kr_value *v[2] = {&leaf->value, &leaf->upper};
	int n = leaf->test == KR_TEST_RANGE ? 2 : 1;

	kr_buf_printf(&m->sql, "%s %s ", col, n == 2 ? "BETWEEN" : operator(leaf->test));
	for (int i = 0; i < n; i++) {
		if (i)
			kr_buf_c(&m->sql, " AND ");
		if (rep == KR_REP_REAL)
			kr_store__param(m, P_REAL)->d = v[i]->d;
		else
			kr_store__param_int(m, rep == KR_REP_TIME ? v[i]->t : v[i]->i);
	}
}

static void address_range(struct kr_store__filter *m, const struct kr_ip *lo,
			  const struct kr_ip *hi, const char *col)
{
	struct kr_ip *copy = kr_arena_alloc(m->a, 2 * sizeof(*copy));

	if (!copy) {
		kr_store__filter_fail(m, -KR_ELIMIT);
		return;
	}
	copy[0] = *lo;
	copy[1] = *hi;
	kr_buf_printf(&m->sql, "%s BETWEEN ", col);
	kr_store__param_ip(m, &copy[0]);
	kr_buf_c(&m->sql, " AND ");
	kr_store__param_ip(m, &copy[1]);
}

static void address(struct kr_store__filter *m, const struct kr_expr_leaf *leaf, const char *col)
{
	const struct kr_ip *ip = &leaf->value.ip;
	struct kr_ip all = kr_ip_net(ip, 0), lo, hi;

	kr_net_range(leaf->test == KR_TEST_NET ? ip : &all, &lo, &hi);
	switch (leaf->test) {
	case KR_TEST_EQ:
		kr_buf_printf(&m->sql, "%s=", col);
		kr_store__param_ip(m, ip);
		return;
	case KR_TEST_RANGE:
		lo = *ip;
		hi = leaf->upper.ip;
		break;
	case KR_TEST_LE: hi = *ip; break;
	case KR_TEST_GE: lo = *ip; break;
	case KR_TEST_LT:
	case KR_TEST_GT:
		kr_buf_printf(&m->sql, "(%s<>", col);
		kr_store__param_ip(m, ip);
		kr_buf_c(&m->sql, " AND ");
		*(leaf->test == KR_TEST_LT ? &hi : &lo) = *ip;
		address_range(m, &lo, &hi, col);
		kr_buf_ch(&m->sql, ')');
		return;
	default: break;
	}
	address_range(m, &lo, &hi, col);
}

/* Does kr_expr_leaf_value() ignore the case of this text? A word always does. */
bool kr_store__filter_any_case(const struct kr_expr_leaf *leaf, enum kr_field_kind kind)
{
	return leaf->subject == KR_SUBJ_WORD || kind == KR_K_STRING || kind == KR_K_ASCII ||
	       kind == KR_K_URL || kind == KR_K_JSON;
}

static void text_equal(struct kr_store__filter *m, const struct kr_expr_leaf *leaf,
		       enum kr_field_kind kind, const char *col)
{
	kr_buf_printf(&m->sql, "%s%s=", col,
		      kr_store__filter_any_case(leaf, kind) ? " COLLATE NOCASE" : "");
	kr_store__param(m, P_TEXT)->s = leaf->value.text;
}

/* ---- fields ---- */

bool kr_store__filter_never_null(const char *col)
{
	return kr_str_eqc(KR_STR("addr"), col) || kr_str_eqc(KR_STR("first"), col);
}

static void has(struct kr_store__filter *m, enum kr_field f, const char *col)
{
	if (f == KR_F_SRC_IP)
		kr_buf_c(&m->sql, "addr<>''");
	else if (kr_store__filter_never_null(col))
		kr_buf_c(&m->sql, "1");
	else
		kr_buf_printf(&m->sql, "%s IS NOT NULL", col);
}

/* Can plain SQL say it? */
bool kr_store__filter_native(const struct kr_expr_leaf *leaf, const struct kr_field_info *info)
{
	if (leaf->test == KR_TEST_WILDCARD || leaf->test == KR_TEST_SUFFIX)
		return false;
	return info->kind != KR_K_NET;
}

/* A test of a column; NULL where the column is. */
static void column(struct kr_store__filter *m, const struct kr_expr_leaf *leaf, enum kr_field f,
		   const char *col)
{
	const struct kr_field_info *info = kr_field_info(f);

	if (leaf->test == KR_TEST_HAS)
		has(m, f, col);
	else if (!kr_store__filter_native(leaf, info))
		call(m, leaf, KR_LOOK_COLUMN, f, col);
	else if (info->rep == KR_REP_TEXT)
		text_equal(m, leaf, info->kind, col);
	else if (info->rep == KR_REP_IP)
		address(m, leaf, col);
	else
		number(m, leaf, info->rep, col);
}

static void field(struct kr_store__filter *m, const struct kr_expr_leaf *leaf)
{
	const char *col = kr_row_column(leaf->field);
	bool bare;

	if (!col) {
		call(m, leaf, KR_LOOK_REST, leaf->field, "rest");
		return;
	}
	bare = kr_store__filter_never_null(col) || leaf->test == KR_TEST_HAS ||
	       !kr_store__filter_native(leaf, kr_field_info(leaf->field));
	kr_buf_c(&m->sql, bare ? "" : "coalesce(");
	column(m, leaf, leaf->field, col);
	kr_buf_c(&m->sql, bare ? "" : ",0)");
}

/* Can a word of this kind be found in this field? As kr_expr_leaf_value() has it. */
static bool word_fits(const struct kr_store__filter *m, const struct kr_expr_leaf *leaf,
		      enum kr_field f)
{
	const struct kr_field_info *info = kr_field_info(f);
	const struct kr_scope *scope = m->f->names.scope;

	if (!info || !(info->flags & KR_FIELD_WORD) || (scope && !kr_scope_field(scope, f)))
		return false;
	if (leaf->rep == KR_REP_IP)
		return info->kind == KR_K_IP || info->kind == KR_K_URL;
	if (leaf->rep == KR_REP_INT)
		return info->kind == KR_K_ASN;
	return leaf->test == KR_TEST_WILDCARD || info->rep == KR_REP_TEXT;
}

/* An equal text in any of several columns: one parameter, one IN. */
static void word_equal(struct kr_store__filter *m, const struct kr_expr_leaf *leaf)
{
	const char *comma = "";

	kr_buf_c(&m->sql, "coalesce(");
	kr_store__param(m, P_TEXT)->s = leaf->value.text;
	kr_buf_c(&m->sql, " COLLATE NOCASE IN (");
	for (unsigned f = 1; f < KR_FIELD_MAX; f++) {
		if (!word_fits(m, leaf, f) || !kr_row_column(f))
			continue;
		kr_buf_printf(&m->sql, "%s%s", comma, kr_row_column(f));
		comma = ",";
	}
	kr_buf_c(&m->sql, "),0)");
}

/* Does plain SQL say it of this column? The text of a number or address, and of a host, needs a
 * call. */
static bool word_is_native(const struct kr_expr_leaf *leaf, const struct kr_field_info *info)
{
	if (leaf->test == KR_TEST_WILDCARD || leaf->test == KR_TEST_SUFFIX)
		return false;
	return leaf->rep != KR_REP_IP || info->kind == KR_K_IP;
}

/* All columns that plain SQL cannot judge, in one call. */
static void word_call(struct kr_store__filter *m, const struct kr_expr_leaf *leaf)
{
	struct kr_filter_leaf *l = kr_arena_calloc(m->a, 1, sizeof(*l));
	size_t n = 0;

	if (!l) {
		kr_store__filter_fail(m, -KR_ELIMIT);
		return;
	}
	l->leaf = leaf;
	l->look = KR_LOOK_COLUMN;
	for (unsigned f = 1; f < KR_FIELD_MAX; f++) {
		const struct kr_field_info *info = kr_field_info(f);

		if (!word_fits(m, leaf, f) || !kr_row_column(f) || word_is_native(leaf, info))
			continue;
		if (!n) {
			kr_buf_c(&m->sql, " OR kr_leaf(");
			kr_store__param(m, P_LEAF)->leaf = l;
		}
		kr_buf_printf(&m->sql, ",%s", kr_row_column(f));
		l->field[n++] = (uint8_t)f;
	}
	kr_buf_c(&m->sql, n ? ")" : "");
}

static void word(struct kr_store__filter *m, const struct kr_expr_leaf *leaf)
{
	bool equal = leaf->rep == KR_REP_TEXT && leaf->test == KR_TEST_EQ;

	kr_buf_c(&m->sql, "(");
	if (equal)
		word_equal(m, leaf);
	else
		kr_buf_ch(&m->sql, '0');
	for (unsigned f = 1; f < KR_FIELD_MAX; f++) {
		const struct kr_field_info *info = kr_field_info(f);
		const char *col = kr_row_column(f);

		if (!word_fits(m, leaf, f))
			continue;
		if (!col) {
			kr_buf_c(&m->sql, " OR ");
			call(m, leaf, KR_LOOK_REST, f, "rest");
		} else if (!equal && word_is_native(leaf, info)) {
			kr_buf_c(&m->sql, " OR coalesce(");
			column(m, leaf, f, col);
			kr_buf_c(&m->sql, ",0)");
		}
	}
	word_call(m, leaf);
	kr_buf_ch(&m->sql, ')');
}

/* ---- what is around an event ---- */

static int resolve(struct kr_store__filter *m, const struct kr_expr_leaf *leaf,
		   const uint32_t **ids, size_t *n)
{
	*n = 0;
	if (!m->err && m->names)
		m->err = m->names->resolve(m->names->ctx, leaf, m->a, ids, n, m->fault);
	return m->err;
}

static void source(struct kr_store__filter *m, const struct kr_expr_leaf *leaf)
{
	const uint32_t *ids;
	size_t n;

	if (resolve(m, leaf, &ids, &n) < 0)
		return;
	/* Numbers, not parameters: they are ours. */
	kr_buf_c(&m->sql, "source IN (");
	for (size_t i = 0; i < n; i++)
		kr_buf_printf(&m->sql, "%s%u", i ? "," : "", ids[i]);
	kr_buf_ch(&m->sql, ')');
}

static void constituent(struct kr_store__filter *m, const struct kr_expr_leaf *leaf)
{
	struct kr_filter_leaf *l;
	const uint32_t *ids;
	size_t n;

	if (resolve(m, leaf, &ids, &n) < 0)
		return;
	if (!n) {
		kr_buf_ch(&m->sql, '0');
		return;
	}
	l = kr_arena_calloc(m->a, 1, sizeof(*l));
	if (!l) {
		kr_store__filter_fail(m, -KR_ELIMIT);
		return;
	}
	*l = (struct kr_filter_leaf){.leaf = leaf, .look = KR_LOOK_OWNERS, .ids = ids, .n_ids = n};
	kr_buf_c(&m->sql, "kr_leaf(");
	kr_store__param(m, P_LEAF)->leaf = l;
	kr_buf_c(&m->sql, ",owners)");
}

static void id(struct kr_store__filter *m, const struct kr_expr_leaf *leaf)
{
	const struct kr_scope *scope = m->f->names.scope;
	bool sealed = scope && !kr_scope_is_staff(scope);
	struct kr_filter_leaf *l;

	if (leaf->test == KR_TEST_EQ) {
		kr_buf_c(&m->sql, "id=");
		kr_store__param(m, P_ID)->s = leaf->value.text;
		return;
	}
	l = kr_arena_calloc(m->a, 1, sizeof(*l));
	if (!l) {
		kr_store__filter_fail(m, -KR_ELIMIT);
		return;
	}
	l->leaf = leaf;
	l->look = sealed ? KR_LOOK_SEALED : KR_LOOK_TEXT;
	l->names = &m->f->names;
	kr_buf_c(&m->sql, "kr_leaf(");
	kr_store__param(m, P_LEAF)->leaf = l;
	kr_buf_ch(&m->sql, ',');
	/* The prefix that all plain ids of a partition share is bound with the partition. */
	if (!sealed) {
		kr_store__param(m, P_ID_PREFIX);
		kr_buf_c(&m->sql, "||");
	}
	kr_buf_c(&m->sql, "id)");
}

void kr_store__filter_leaf(struct kr_store__filter *m, const struct kr_expr_leaf *leaf)
{
	switch (leaf->subject) {
	case KR_SUBJ_FIELD: field(m, leaf); break;
	case KR_SUBJ_EXTRA: call(m, leaf, KR_LOOK_EXTRA, KR_F_NONE, "extra"); break;
	case KR_SUBJ_WORD: word(m, leaf); break;
	case KR_SUBJ_SOURCE: source(m, leaf); break;
	case KR_SUBJ_CONSTITUENT: constituent(m, leaf); break;
	case KR_SUBJ_REPORT: number(m, leaf, KR_REP_INT, "report"); break;
	case KR_SUBJ_ID: id(m, leaf); break;
	case KR_SUBJ_COUNT: number(m, leaf, KR_REP_INT, "n"); break;
	case KR_SUBJ_FIRST: number(m, leaf, KR_REP_TIME, "first"); break;
	case KR_SUBJ_LAST: number(m, leaf, KR_REP_TIME, "last"); break;
	case KR_SUBJ_ROUTED:
		kr_buf_printf(&m->sql, "owners IS %sNULL", leaf->value.i ? "NOT " : "");
		break;
	}
}
