/* SPDX-License-Identifier: Apache-2.0 */
/* Counters and gauges, counted by any thread without locks, written as OpenMetrics 1.0 text. */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/str.h"

struct kr_metrics;
struct kr_metric {
	int64_t value; /* atomic */
};

/* series_max  different (name, labels) that are kept; more are counted together, unseen */
struct kr_metrics *kr_metrics_new(size_t series_max);
void kr_metrics_free(struct kr_metrics *m);
KR_AUTO_DEFINE(kr_metrics)

enum kr_metric_type { KR_METRIC_COUNTER, KR_METRIC_GAUGE };

/*
 * Find or make a series. Keep the pointer: looking it up takes a lock.
 *
 * name    [a-z_][a-z0-9_]*, with unit, without "_total": "karaula_rows_read",
 * "karaula_take_seconds" help    one sentence; that of the first caller is shown labels  name and
 * value in turn, ended by NULL; NULL: none. Values may be any text; they must come from a small
 * set.
 *
 * Returns it; it lives as long as m. Never NULL: over series_max all get one that is not written.
 */
struct kr_metric *kr_metric_get(struct kr_metrics *m, enum kr_metric_type type, const char *name,
				const char *help, const char *const *labels);

static inline void kr_metric_add(struct kr_metric *m, int64_t n)
{
	__atomic_fetch_add(&m->value, n, __ATOMIC_RELAXED);
}

/* Only gauges. */
static inline void kr_metric_set(struct kr_metric *m, int64_t v)
{
	__atomic_store_n(&m->value, v, __ATOMIC_RELAXED);
}

static inline int64_t kr_metric_value(const struct kr_metric *m)
{
	return __atomic_load_n(&m->value, __ATOMIC_RELAXED);
}

/* All series, those of one name together, in the order in which they were made. */
void kr_metrics_text(struct kr_metrics *m, struct kr_buf *b);
