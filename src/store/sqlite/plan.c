/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Candidates are built from the leaves up: a leaf that postings or the identity index know gives
 * its row ids, AND cuts, OR joins, and whatever is not known is "all rows". A leaf that would name
 * too many rows is "all rows" too: then going through the rows newest first finds a page sooner
 * than collecting them.
 */
#include "store/sqlite/plan.h"

#include "store/sqlite/counters.h"
#include "store/sqlite/db.h"
#include "store/sqlite/scope.h"
#include "store/sqlite/tally.h"

#define ADDRESS_ROWS_MAX 100000 /* rows of an address range worth collecting */
#define HOURS_MAX	 72	/* hours of a time range worth collecting */

static struct kr_bits *bits_new(struct kr_arena *a, uint64_t n)
{
	struct kr_bits *b = kr_arena_calloc(a, 1, sizeof(*b));

	if (b)
		b->w = kr_arena_calloc(a, (n + 63) / 64 + 1, 8);
	if (!b || !b->w)
		return NULL;
	b->n = n;
	return b;
}

static void bits_add(struct kr_bits *b, uint64_t id)
{
	if (id >= b->n || b->w[id / 64] >> (id % 64) & 1)
		return;
	b->w[id / 64] |= 1ull << (id % 64);
	b->set++;
}

static void bits_and(struct kr_bits *x, const struct kr_bits *y)
{
	x->set = 0;
	for (uint64_t i = 0; i <= x->n / 64; i++) {
		x->w[i] &= y->w[i];
		x->set += (uint64_t)__builtin_popcountll(x->w[i]);
	}
}

static void bits_or(struct kr_bits *x, const struct kr_bits *y)
{
	x->set = 0;
	for (uint64_t i = 0; i <= x->n / 64; i++) {
		x->w[i] |= y->w[i];
		x->set += (uint64_t)__builtin_popcountll(x->w[i]);
	}
}

uint64_t kr_bits_before(const struct kr_bits *b, uint64_t below)
{
	uint64_t i, w;

	if (below > b->n)
		below = b->n;
	if (below <= 1)
		return 0;
	i = (below - 1) / 64;
	w = b->w[i] & (~0ull >> (63 - (below - 1) % 64));
	while (!w && i)
		w = b->w[--i];
	return w ? i * 64 + 63 - (uint64_t)__builtin_clzll(w) : 0;
}

struct plan {
	sqlite3 *db;
	const struct kr_filter_names *names;
	const struct kr_part_info *p;
	struct kr_arena *a;
	struct kr_fault *reterr;
};

static int add_posting(struct plan *p, struct kr_bits *b, sqlite3_stmt *st)
{
	int r;

	while ((r = kr_db_step(st, p->reterr)) == 1) {
		struct kr_str list = kr_db_text(st, 0);
		uint64_t id = 0, v;

		while (kr_varint_read(&list, &v)) {
			id += (v >> 1) ^ (0 - (v & 1));
			bits_add(b, id);
		}
	}
	return r;
}

static int post_text(struct plan *p, struct kr_bits *b, enum kr_posting kind, struct kr_str value)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(p->db, "SELECT ids FROM posting WHERE kind=?1 AND value=?2", &st,
			      p->reterr);

	if (r)
		return r;
	sqlite3_bind_int(st, 1, (int)kind);
	kr_db_bind_str(st, 2, value);
	return add_posting(p, b, st);
}

static int post_range(struct plan *p, struct kr_bits *b, enum kr_posting kind, int64_t from,
		      int64_t to)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(p->db,
			      "SELECT ids FROM posting WHERE kind=?1 AND value BETWEEN ?2 AND ?3",
			      &st, p->reterr);

	if (r)
		return r;
	sqlite3_bind_int(st, 1, (int)kind);
	sqlite3_bind_int64(st, 2, from);
	sqlite3_bind_int64(st, 3, to);
	return add_posting(p, b, st);
}

static int post_names(struct plan *p, struct kr_bits *b, enum kr_posting kind,
		      const struct kr_expr_leaf *leaf)
{
	const uint32_t *ids;
	size_t n;
	int r = p->names->resolve(p->names->ctx, leaf, p->a, &ids, &n, p->reterr);

	for (size_t i = 0; !r && i < n; i++)
		r = post_range(p, b, kind, ids[i], ids[i]);
	return r;
}

/* 1: more rows than are worth collecting. */
static int add_addresses(struct plan *p, struct kr_bits *b, const struct kr_ip *from,
			 const struct kr_ip *to)
{
	KR_AUTO_STMT st = NULL;
	uint64_t n = 0;
	int r = kr_db_prepare(
		p->db,
		"SELECT id FROM event INDEXED BY event_identity WHERE addr BETWEEN ?1 AND ?2", &st,
		p->reterr);

	if (r)
		return r;
	kr_db_bind_ip(st, 1, from);
	kr_db_bind_ip(st, 2, to);
	while ((r = kr_db_step(st, p->reterr)) == 1) {
		bits_add(b, (uint64_t)sqlite3_column_int64(st, 0));
		if (++n > ADDRESS_ROWS_MAX)
			break;
	}
	return r;
}

/* The closed range of times that a leaf asks for; false if it is no range. */
static bool time_range(const struct kr_expr_leaf *l, kr_time *from, kr_time *to)
{
	*from = INT64_MIN;
	*to = INT64_MAX;
	switch (l->test) {
	case KR_TEST_EQ: *from = *to = l->value.t; return true;
	case KR_TEST_LT:
	case KR_TEST_LE: *to = l->value.t; return true;
	case KR_TEST_GT:
	case KR_TEST_GE: *from = l->value.t; return true;
	case KR_TEST_RANGE:
		*from = l->value.t;
		*to = l->upper.t;
		return true;
	default: return false;
	}
}

static int64_t hour_of(kr_time t)
{
	return t >= 0 ? t / KR_HOUR : -((KR_HOUR - 1 - t) / KR_HOUR);
}

static bool asks_first(const struct kr_expr_leaf *l)
{
	return l->subject == KR_SUBJ_FIRST ||
	       (l->subject == KR_SUBJ_FIELD && l->field == KR_F_TIME_SOURCE);
}

/* 1: not worth it. */
static int add_times(struct plan *p, struct kr_bits *b, const struct kr_expr_leaf *l)
{
	bool first = asks_first(l);
	kr_time from, to, lo = first ? p->p->first_min : p->p->last_min,
			  hi = first ? p->p->first_max : p->p->last_max;

	if (!time_range(l, &from, &to) || lo == KR_TIME_NONE)
		return 1;
	from = KR_MAX(from, lo);
	to = KR_MIN(to, hi);
	if (from > to)
		return 0;
	if (hour_of(to) - hour_of(from) > HOURS_MAX)
		return 1;
	return post_range(p, b, KR_POST_HOUR, hour_of(from), hour_of(to));
}

static int add_field(struct plan *p, struct kr_bits *b, const struct kr_expr_leaf *l)
{
	struct kr_ip from, to;

	if (l->field == KR_F_TIME_SOURCE)
		return add_times(p, b, l);
	if (l->field == KR_F_SRC_IP) {
		switch (l->test) {
		case KR_TEST_EQ: return add_addresses(p, b, &l->value.ip, &l->value.ip);
		case KR_TEST_NET:
			kr_net_range(&l->value.ip, &from, &to);
			return add_addresses(p, b, &from, &to);
		case KR_TEST_RANGE: return add_addresses(p, b, &l->value.ip, &l->upper.ip);
		default: return 1;
		}
	}
	if (l->test != KR_TEST_EQ)
		return 1;
	switch (l->field) {
	case KR_F_CLASS_TAXONOMY: return post_text(p, b, KR_POST_CLASS, l->value.text);
	case KR_F_CLASS_TYPE: return post_text(p, b, KR_POST_TYPE, l->value.text);
	case KR_F_SRC_CC: return post_text(p, b, KR_POST_COUNTRY, l->value.text);
	case KR_F_SRC_ASN: return post_range(p, b, KR_POST_AS, l->value.i, l->value.i);
	default: return 1;
	}
}

/* Rows of a leaf into b; 1: all rows. */
static int add_leaf(struct plan *p, struct kr_bits *b, const struct kr_expr_leaf *l)
{
	switch (l->subject) {
	case KR_SUBJ_FIELD: return add_field(p, b, l);
	case KR_SUBJ_SOURCE: return post_names(p, b, KR_POST_SOURCE, l);
	case KR_SUBJ_CONSTITUENT:
		return l->test == KR_TEST_HAS ? 1 : post_names(p, b, KR_POST_CONSTITUENT, l);
	case KR_SUBJ_FIRST:
	case KR_SUBJ_LAST: return add_times(p, b, l);
	case KR_SUBJ_ROUTED:
		return l->test == KR_TEST_EQ && !l->value.i
			       ? post_range(p, b, KR_POST_CONSTITUENT, 0, 0)
			       : 1;
	case KR_SUBJ_REPORT:
		/* Only rows whose first contribution is of the report match; the filter sees to
		 * that. */
		return l->test == KR_TEST_EQ
			       ? post_range(p, b, KR_POST_REPORT, l->value.i, l->value.i)
			       : 1;
	default: return 1;
	}
}

/* Depth is bounded by the parser. */
static int collect(struct plan *p, const struct kr_expr *x, struct kr_bits **ret)
{
	struct kr_bits *a = NULL, *b = NULL;
	int r;

	*ret = NULL;
	switch (x->op) {
	case KR_EXPR_ALL:
	case KR_EXPR_NOT: return 0;
	case KR_EXPR_AND:
	case KR_EXPR_OR:
		r = collect(p, x->a, &a);
		if (r || (x->op == KR_EXPR_OR && !a))
			return r;
		r = collect(p, x->b, &b);
		if (r)
			return r;
		if (a && b && x->op == KR_EXPR_AND)
			bits_and(a, b);
		else if (a && b)
			bits_or(a, b);
		else if (x->op == KR_EXPR_OR)
			a = NULL;
		*ret = a ? a : x->op == KR_EXPR_AND ? b : NULL;
		return 0;
	case KR_EXPR_LEAF:
		a = bits_new(p->a, p->p->next_id);
		if (!a)
			return kr_fault_set(p->reterr, -KR_ELIMIT, "no room for the query");
		r = add_leaf(p, a, &x->leaf);
		if (r < 0)
			return r;
		*ret = r ? NULL : a;
		return 0;
	}
	return 0;
}

/* Rows of a constituent: postings know them. */
static int own_rows(struct plan *p, uint32_t constituent, struct kr_bits **ret)
{
	*ret = bits_new(p->a, p->p->next_id);
	if (!*ret)
		return kr_fault_set(p->reterr, -KR_ELIMIT, "no room for the query");
	return post_range(p, *ret, KR_POST_CONSTITUENT, constituent, constituent);
}

/*
 * Rows with loose labels are few and of few sources: whatever source has a counter under one of
 * these labels, and the class test, of which there are no counters. NULL: too many to be worth it.
 */
static int loose_rows(struct plan *p, struct kr_labels labels, struct kr_bits **ret)
{
	KR_AUTO_STMT st = NULL;
	uint64_t rows = 0;
	bool swapped;
	int r = kr_db_prepare(p->db,
			      "SELECT a,sum(rows) FROM counter WHERE seg IN (SELECT seg FROM seg) "
			      "AND pair=?1 AND tlp BETWEEN ?2 AND ?3 GROUP BY a HAVING sum(rows)>0",
			      &st, p->reterr);

	*ret = bits_new(p->a, p->p->next_id);
	if (!r && !*ret)
		r = kr_fault_set(p->reterr, -KR_ELIMIT, "no room for the query");
	if (r)
		return r;
	sqlite3_bind_int(st, 1, kr_counters_pair(KR_DIM_SOURCE, KR_DIM_NONE, &swapped));
	sqlite3_bind_int(st, 2, labels.lo);
	sqlite3_bind_int(st, 3, labels.hi);
	while (!r && (r = kr_db_step(st, p->reterr)) == 1) {
		int64_t source = sqlite3_column_int64(st, 0);

		rows += (uint64_t)sqlite3_column_int64(st, 1);
		r = post_range(p, *ret, KR_POST_SOURCE, source, source);
	}
	if (!r && rows > p->p->rows / 4) {
		*ret = NULL;
		return 0;
	}
	return r ? r : post_text(p, *ret, KR_POST_CLASS, KR_STR("test"));
}

int kr_plan_candidates(sqlite3 *db, const struct kr_expr *x, const struct kr_filter_names *names,
		       const struct kr_part_info *part, struct kr_arena *a, struct kr_bits **ret,
		       struct kr_fault *reterr)
{
	struct plan p = {db, names, part, a, reterr};
	const struct kr_scope *scope = names->scope ? names->scope : &KR_SCOPE_ALL;
	struct kr_labels labels = kr_store__labels(scope);
	struct kr_bits *shown = NULL;
	int r;

	*ret = NULL;
	r = x ? collect(&p, x, ret) : 0;
	if (!r && kr_store__bound(scope))
		r = own_rows(&p, kr_store__bound(scope), &shown);
	else if (!r && labels.lo > KR_TLP_NONE)
		r = loose_rows(&p, labels, &shown);
	if (shown && *ret)
		bits_and(shown, *ret);
	if (shown)
		*ret = shown;
	return r;
}

bool kr_plan_touches(const struct kr_expr *x, const struct kr_part_info *p)
{
	kr_time from, to;

	if (!p->rows)
		return false;
	if (!x || p->first_min == KR_TIME_NONE)
		return true;
	switch (x->op) {
	case KR_EXPR_AND: return kr_plan_touches(x->a, p) && kr_plan_touches(x->b, p);
	case KR_EXPR_OR: return kr_plan_touches(x->a, p) || kr_plan_touches(x->b, p);
	case KR_EXPR_LEAF:
		if (asks_first(&x->leaf) && time_range(&x->leaf, &from, &to))
			return from <= p->first_max && to >= p->first_min;
		if (x->leaf.subject == KR_SUBJ_LAST && time_range(&x->leaf, &from, &to))
			return from <= p->last_max && to >= p->last_min;
		return true;
	default: return true;
	}
}
