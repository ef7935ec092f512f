/* SPDX-License-Identifier: Apache-2.0 */
/* Groups and counters of test_gate.c, against sums over the rows that the gate lets through. */
#pragma once

#include "gate_sight.h"

/* ---- groups ---- */

struct sum {
	char key[200];
	uint64_t rows, events;
};

struct sums {
	struct sum s[ROWS * 2];
	size_t n;
};

static void sums_add(struct sums *t, struct kr_str key, uint64_t events)
{
	size_t i = 0;

	while (i < t->n && !kr_str_eqc(key, t->s[i].key))
		i++;
	if (i == t->n) {
		t->n++;
		snprintf(t->s[i].key, sizeof(t->s[i].key), "%.*s", KR_STR_ARG(key));
		t->s[i].rows = t->s[i].events = 0;
	}
	t->s[i].rows++;
	t->s[i].events += events;
}

static bool sums_take(struct sums *t, struct kr_str key, uint64_t rows, uint64_t events)
{
	for (size_t i = 0; i < t->n; i++)
		if (kr_str_eqc(key, t->s[i].key)) {
			bool same = t->s[i].rows == rows && t->s[i].events == events;

			t->s[i] = t->s[--t->n];
			return same;
		}
	return false;
}

static void group_of(const struct known *k, const struct kr_expr_leaf *by, struct sums *t)
{
	KR_AUTO_BUF b = KR_BUF(1 << 20);
	const struct kr_extra *x;
	const union kr_value *v;
	char day[KR_TIME_TEXT_MAX];

	switch (by->subject) {
	case KR_SUBJ_FIELD:
		v = kr_event_get(k->e, by->field);
		if (v && by->field == KR_F_TIME_SOURCE)
			kr_buf_c(&b, kr_day_text(kr_time_day(v->t), day));
		else if (v)
			kr_field_text(by->field, v, &b);
		break;
	case KR_SUBJ_EXTRA:
		x = kr_event_extra(k->e, by->key);
		kr_buf_str_add(&b, x ? x->value : KR_STR(""));
		break;
	case KR_SUBJ_SOURCE: kr_buf_str_add(&b, k->source); break;
	case KR_SUBJ_REPORT: kr_buf_u64(&b, k->report); break;
	case KR_SUBJ_COUNT: kr_buf_u64(&b, k->count); break;
	case KR_SUBJ_FIRST: kr_buf_c(&b, kr_day_text(kr_time_day(k->e->first), day)); break;
	case KR_SUBJ_LAST: kr_buf_c(&b, kr_day_text(kr_time_day(k->e->last), day)); break;
	case KR_SUBJ_ROUTED: kr_buf_c(&b, k->n_owners ? "yes" : "no"); break;
	default:
		for (size_t i = 0; i < k->n_owners; i++)
			for (size_t c = 0; c < KR_ARRAY_LEN(gen_names); c++)
				if (world_constituent[c] == k->owners[i].constituent)
					sums_add(t, kr_str_c(gen_names[c]), k->count);
		if (k->n_owners)
			return;
	}
	sums_add(t, kr_buf_str(&b), k->count);
}

static void check_by(struct sight *s, const struct kr_expr_leaf *by, bool shown, const char *name)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_event_query q = {0};
	struct kr_group_row *g;
	struct kr_fault f = {0};
	struct kr_count count;
	struct sums t = {.n = 0};
	char want[100];
	size_t n;
	int r = kr_store_event_count(w.s, &s->scope, &q, by, 0, a, &count, &g, &n, &f);

	snprintf(want, sizeof(want), "there is no field \"%s\"", name);
	if (!shown) {
		if (r != -KR_EINVAL || strcmp(f.message, want) != 0)
			wrong(s, "by %s: %d %s", name, r, f.message);
		return;
	}
	for (size_t i = 0; i < ROWS; i++)
		if (s->row[i])
			group_of(&w.row[i], by, &t);
	for (size_t i = 0; !r && i < n; i++)
		if (!sums_take(&t, g[i].value, g[i].rows, g[i].events) ||
		    (i && g[i].rows > g[i - 1].rows))
			wrong(s, "by %s: '%.*s'", name, KR_STR_ARG(g[i].value));
	if (r || t.n)
		wrong(s, "by %s: %zu missing, %s", name, t.n, f.message);
}

static void check_groups(struct sight *s)
{
	static const enum kr_expr_subject inner[] = {KR_SUBJ_SOURCE, KR_SUBJ_CONSTITUENT,
						     KR_SUBJ_REPORT, KR_SUBJ_ROUTED};
	static const char *const names[] = {"source", "constituent", "report", "routed"};
	static const enum kr_expr_subject open[] = {KR_SUBJ_COUNT, KR_SUBJ_FIRST, KR_SUBJ_LAST};
	/* Whoever sees no events at all may name what his set of fields has: it holds nothing. */
	bool none = s->scope.tlp_max == KR_TLP_NONE;

	for (int f = 1; f < KR_FIELD_MAX; f++) {
		const struct kr_field_info *info = kr_field_info((enum kr_field)f);
		struct kr_expr_leaf by = {.subject = KR_SUBJ_FIELD, .field = (enum kr_field)f};

		if (info)
			check_by(s, &by,
				 none ? kr_scope_field(&s->scope, (enum kr_field)f) : s->field[f],
				 info->name);
	}
	for (size_t i = 0; i < KR_ARRAY_LEN(inner); i++)
		check_by(s, &(struct kr_expr_leaf){.subject = inner[i]},
			 none ? kr_scope_subject(&s->scope, inner[i]) : s->staff, names[i]);
	for (size_t i = 0; i < KR_ARRAY_LEN(open); i++)
		check_by(s, &(struct kr_expr_leaf){.subject = open[i]}, true, "");
	for (size_t i = 0; i < KR_ARRAY_LEN(gen_keys); i++)
		check_by(s,
			 &(struct kr_expr_leaf){.subject = KR_SUBJ_EXTRA,
						.key = kr_str_c(gen_keys[i])},
			 none ? kr_scope_subject(&s->scope, KR_SUBJ_EXTRA) : !s->community,
			 "extra");
}

/* ---- counters ---- */

static const struct {
	enum kr_dim a, b;
} stored[] = {
#define D(number, a, b) {KR_DIM_##a, KR_DIM_##b},
#include "store/counters.def"
#undef D
};

static size_t dim_values(const struct known *k, enum kr_dim d, struct kr_arena *a,
			 struct kr_str ret[2])
{
	static const enum kr_field fields[] = {[KR_DIM_CLASS] = KR_F_CLASS_TAXONOMY,
					       [KR_DIM_TYPE] = KR_F_CLASS_TYPE,
					       [KR_DIM_AS] = KR_F_SRC_ASN,
					       [KR_DIM_COUNTRY] = KR_F_SRC_CC};
	KR_AUTO_BUF b = KR_BUF(1 << 16);
	const union kr_value *v;

	ret[0] = KR_STR("");
	if (d == KR_DIM_NONE)
		return 1;
	if (d == KR_DIM_SOURCE) {
		ret[0] = k->source;
		return 1;
	}
	if (d == KR_DIM_CONSTITUENT) {
		for (size_t i = 0; i < k->n_owners; i++)
			for (size_t c = 0; c < KR_ARRAY_LEN(gen_names); c++)
				if (world_constituent[c] == k->owners[i].constituent)
					ret[i] = kr_str_c(gen_names[c]);
		return k->n_owners ? k->n_owners : 1;
	}
	v = kr_event_get(k->e, fields[d]);
	if (v)
		kr_field_text(fields[d], v, &b);
	/* Number 0 is no AS. */
	ret[0] = d == KR_DIM_AS && kr_str_eqc(kr_buf_str(&b), "0")
			 ? KR_STR("")
			 : kr_arena_dup(a, kr_buf_str(&b));
	return 1;
}

static bool dim_shown(const struct sight *s, enum kr_dim d)
{
	return (d != KR_DIM_SOURCE && d != KR_DIM_CONSTITUENT) ||
	       kr_scope_subject(&s->scope, KR_SUBJ_SOURCE);
}

static void sum_key(char *buf, size_t size, int32_t day, struct kr_str a, struct kr_str b)
{
	snprintf(buf, size, "%d|%.*s|%.*s", day, KR_STR_ARG(a), KR_STR_ARG(b));
}

static void want_counters(struct sight *s, const struct kr_counter_query *q, struct sums *t,
			  struct kr_arena *a)
{
	char key[200];

	for (size_t i = 0; i < ROWS; i++) {
		const struct known *k = &w.row[i];
		struct kr_str va[2], vb[2];
		size_t na = dim_values(k, q->a, a, va), nb = dim_values(k, q->b, a, vb);

		if (!s->row[i] || k->test || k->id.day < q->from || k->id.day > q->to)
			continue;
		for (size_t x = 0; x < na; x++)
			for (size_t y = 0; y < nb; y++) {
				if (q->value_a.n && !kr_str_eq(q->value_a, va[x]))
					continue;
				sum_key(key, sizeof(key), q->by_day ? k->id.day : 0, va[x], vb[y]);
				sums_add(t, kr_str_c(key), k->count);
			}
	}
}

static void check_counters(struct sight *s, const struct kr_counter_query *q)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_counter_row *rows = NULL;
	struct kr_fault f = {0};
	struct sums t = {.n = 0};
	bool kept = false;
	char key[200];
	size_t n = 0;
	int r = kr_store_counters(w.s, &s->scope, q, a, &rows, &n, &f);

	for (size_t i = 0; i < KR_ARRAY_LEN(stored); i++)
		kept |= (stored[i].a == q->a && stored[i].b == q->b) ||
			(stored[i].a == q->b && stored[i].b == q->a);
	if (!kept || !dim_shown(s, q->a) || !dim_shown(s, q->b)) {
		if (r != -KR_EINVAL || !strstr(f.message, "no counter by"))
			wrong(s, "counter by %s, %s: %d", kr_dim_text(q->a), kr_dim_text(q->b), r);
		return;
	}
	want_counters(s, q, &t, a);
	for (size_t i = 0; !r && i < n; i++) {
		sum_key(key, sizeof(key), q->by_day ? rows[i].day : 0, rows[i].value_a,
			rows[i].value_b);
		if (!sums_take(&t, kr_str_c(key), rows[i].rows, rows[i].events))
			wrong(s, "counter by %s, %s: '%s' %llu", kr_dim_text(q->a),
			      kr_dim_text(q->b), key, (unsigned long long)rows[i].rows);
		if (i && rows[i].day == rows[i - 1].day && rows[i].events > rows[i - 1].events)
			wrong(s, "counters are not in their order");
	}
	if (r || t.n)
		wrong(s, "counter by %s, %s: %zu missing, %s", kr_dim_text(q->a), kr_dim_text(q->b),
		      t.n, f.message);
}

static void check_all_counters(struct sight *s)
{
	int32_t first = kr_time_day(GEN_NOW);

	for (int a = 0; a <= KR_DIM_TYPE; a++)
		for (int b = 0; b <= KR_DIM_TYPE; b++) {
			struct kr_counter_query q = {.a = (enum kr_dim)a,
						     .b = (enum kr_dim)b,
						     .from = INT32_MIN,
						     .to = INT32_MAX};
			struct kr_str v[2];
			KR_AUTO(kr_arena) *t = kr_arena_new(0);

			check_counters(s, &q);
			q.by_day = true;
			check_counters(s, &q);
			q.from = q.to = first + (int32_t)prop_below(WORLD_DAYS);
			check_counters(s, &q);
			q.from = INT32_MIN;
			q.to = INT32_MAX;
			dim_values(&w.row[prop_below(ROWS)], q.a, t, v);
			q.value_a = v[0];
			check_counters(s, &q);
		}
}
