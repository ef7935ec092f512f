/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a scope costs: the same questions by the node itself, by staff, by the constituent that owns
 * most rows, and by a partner.
 *
 *     scope DIR
 *
 * One line a question: who, what, rows of the answer, CPU milliseconds (the median of five).
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/time.h"
#include "gate/gate.h"
#include "store/read.h"

#define ROUNDS 5

struct asking {
	struct kr_store *s;
	const char *who;
	struct kr_scope scope;
	struct kr_fault fault;
	uint64_t n;
};

static int by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static bool each(void *ctx, const struct kr_stored_event *ev)
{
	struct asking *k = ctx;
	char id[KR_EVENT_ID_TEXT_MAX];

	k->n += kr_stored_event_id(ev, id) != NULL;
	return true;
}

static const struct kr_expr *parse(struct asking *k, const char *text, struct kr_arena *a)
{
	struct kr_expr_opts o = {.now = kr_store_now(k->s)};
	struct kr_expr *x = NULL;

	return kr_expr_parse(kr_str_c(text), &o, a, &x, &k->fault) ? NULL : x;
}

static int page(struct asking *k, struct kr_arena *a, const char *text)
{
	struct kr_event_query q = {.expr = parse(k, text, a), .limit = 50};
	struct kr_event_page page;

	return kr_store_event_list(k->s, &k->scope, &q, each, k, a, &page, &k->fault);
}

static int count(struct asking *k, struct kr_arena *a, const char *text)
{
	struct kr_event_query q = {.expr = *text ? parse(k, text, a) : NULL};
	struct kr_count n = {0};
	int r = kr_store_event_count(k->s, &k->scope, &q, NULL, 0, a, &n, NULL, NULL, &k->fault);

	k->n = n.rows;
	return r;
}

static int group(struct asking *k, struct kr_arena *a, const char *text)
{
	struct kr_event_query q = {.expr = NULL};
	struct kr_expr_leaf by;
	struct kr_group_row *g;
	struct kr_count n;
	size_t groups = 0;
	int r = kr_expr_subject(kr_str_c(text), NULL, a, &by, &k->fault);

	if (!r)
		r = kr_store_event_count(k->s, &k->scope, &q, &by, 0, a, &n, &g, &groups,
					 &k->fault);
	k->n = groups;
	return r;
}

static int counters(struct asking *k, struct kr_arena *a, const char *text)
{
	struct kr_counter_query q = {
		.a = kr_dim_parse(kr_str_c(text)), .from = INT32_MIN, .to = INT32_MAX, .by_day = 1};
	struct kr_counter_row *rows;
	size_t n = 0;
	int r = kr_store_counters(k->s, &k->scope, &q, a, &rows, &n, &k->fault);

	k->n = n;
	return r;
}

static void ask(struct asking *k, const char *what,
		int (*run)(struct asking *k, struct kr_arena *a, const char *text),
		const char *text)
{
	double ms[ROUNDS];
	int r = 0;

	for (int i = 0; !r && i < ROUNDS; i++) {
		struct kr_arena *a = kr_arena_new((size_t)1 << 30);
		double began = now_ms();

		k->n = 0;
		r = run(k, a, text);
		ms[i] = now_ms() - began;
		kr_arena_free(a);
	}
	if (r) {
		printf("%s\t%s %s\t-\t%s\n", k->who, what, text, k->fault.message);
		return;
	}
	qsort(ms, ROUNDS, sizeof(ms[0]), by_number);
	printf("%s\t%s %s\t%llu\t%.3f\n", k->who, what, text, (unsigned long long)k->n,
	       ms[ROUNDS / 2]);
}

static void ask_all(struct asking *k)
{
	static const char *const texts[] = {"",
					    "type:infected-system",
					    "since:7d",
					    "port:>60000 -cc:rs",
					    "extra.tag:nowhere",
					    "nowhere-at-all",
					    "asn:4200000000"};
	static const char *const dims[] = {"", "class", "type", "asn", "country"};

	for (size_t i = 0; i < KR_ARRAY_LEN(texts); i++)
		ask(k, "first page", page, texts[i]);
	for (size_t i = 0; i < KR_ARRAY_LEN(texts); i++)
		ask(k, "count", count, texts[i]);
	ask(k, "count by", group, "cc");
	for (size_t i = 0; i < KR_ARRAY_LEN(dims); i++)
		ask(k, "counters by day and", counters, dims[i]);
}

/* The constituent with most rows. */
static uint32_t largest(struct kr_store *s)
{
	struct kr_counter_query q = {
		.a = KR_DIM_CONSTITUENT, .from = INT32_MIN, .to = INT32_MAX, .limit = 2};
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_constituent c = {0};
	struct kr_counter_row *rows;
	struct kr_fault f;
	struct kr_rule *rules;
	size_t n, n_rules;

	if (kr_store_counters(s, &KR_SCOPE_ALL, &q, a, &rows, &n, &f))
		return 0;
	for (size_t i = 0; i < n && !c.id; i++)
		if (rows[i].value_a.n && kr_store_constituent_get(s, &KR_SCOPE_ALL, rows[i].value_a,
								  1, a, &c, &rules, &n_rules, &f))
			return 0;
	return c.id;
}

int main(int argc, char **argv)
{
	struct kr_viewer v = kr_viewer_local();
	struct asking k = {.who = "node", .scope = KR_SCOPE_ALL};

	if (argc < 2 || kr_store_open(argv[1], NULL, &k.s, &k.fault) < 0) {
		fprintf(stderr, "usage: scope DIR\n%s\n", k.fault.message);
		return 2;
	}
	ask_all(&k);
	k.who = "staff";
	k.scope = kr_gate_scope(&v);
	ask_all(&k);
	k.who = "constituent";
	v.kind = KR_VIEWER_USER;
	v.role = KR_ROLE_OPERATOR;
	v.door = KR_DOOR_PAGE;
	v.constituent = largest(k.s);
	k.scope = kr_gate_scope(&v);
	ask_all(&k);
	k.who = "partner";
	v.role = KR_ROLE_PARTNER;
	v.constituent = 0;
	k.scope = kr_gate_scope(&v);
	ask_all(&k);
	kr_store_close(k.s);
	return 0;
}
