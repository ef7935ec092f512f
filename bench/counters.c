/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long the questions of a chart take, from stats.db alone: counters by day over the year that
 * ends today.
 *
 *     counters DIR [CONSTITUENT]
 *
 * One line a question: name, rows of the answer, milliseconds (the median of nine).
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/time.h"
#include "store/read.h"

#define ROUNDS 9

static int by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int ask(struct kr_store *s, const char *name, struct kr_counter_query q)
{
	const struct kr_scope all = KR_SCOPE_ALL;
	struct kr_fault fault = {0};
	double ms[ROUNDS];
	size_t n = 0;

	q.to = (int32_t)(kr_store_now(s) / KR_DAY);
	q.from = q.to - 364;
	for (int i = 0; i < ROUNDS; i++) {
		struct kr_arena *a = kr_arena_new((size_t)1 << 30);
		struct kr_counter_row *rows;
		double began = now_ms();
		int r = kr_store_counters(s, &all, &q, a, &rows, &n, &fault);

		ms[i] = now_ms() - began;
		kr_arena_free(a);
		if (r < 0) {
			fprintf(stderr, "%s: %s\n", name, fault.message);
			return 1;
		}
	}
	qsort(ms, ROUNDS, sizeof(ms[0]), by_number);
	printf("%s\t%zu\t%.3f\n", name, n, ms[ROUNDS / 2]);
	return 0;
}

int main(int argc, char **argv)
{
	struct kr_fault fault = {0};
	struct kr_store *s;
	int bad = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: counters DIR [CONSTITUENT]\n");
		return 2;
	}
	if (kr_store_open(argv[1], NULL, &s, &fault) < 0) {
		fprintf(stderr, "%s\n", fault.message);
		return 1;
	}
	bad |= ask(s, "all, by day", (struct kr_counter_query){.by_day = true});
	bad |= ask(s, "class, by day",
		   (struct kr_counter_query){.a = KR_DIM_CLASS, .by_day = true});
	bad |= ask(s, "country, by day",
		   (struct kr_counter_query){.a = KR_DIM_COUNTRY, .by_day = true});
	bad |= ask(s, "source, by day",
		   (struct kr_counter_query){.a = KR_DIM_SOURCE, .by_day = true});
	bad |= ask(
		s, "class and country, by day",
		(struct kr_counter_query){.a = KR_DIM_CLASS, .b = KR_DIM_COUNTRY, .by_day = true});
	if (argc > 2)
		bad |= ask(s, "one constituent, by day",
			   (struct kr_counter_query){.a = KR_DIM_CONSTITUENT,
						     .value_a = kr_str_c(argv[2]),
						     .by_day = true});
	bad |= ask(s, "ten constituents with most, summed",
		   (struct kr_counter_query){.a = KR_DIM_CONSTITUENT, .limit = 10});
	bad |= ask(s, "ten AS with most, summed",
		   (struct kr_counter_query){.a = KR_DIM_AS, .limit = 10});
	kr_store_close(s);
	return bad;
}
