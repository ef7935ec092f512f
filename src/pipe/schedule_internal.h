/* SPDX-License-Identifier: Apache-2.0 */
/* The schedule, as its files share it. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/thread.h"
#include "pipe/schedule.h"
#include "pipe/source.h"
#include "pipe/watch.h"

#define KR_WORKERS_MAX 32
#define KR_RUNNING_MAX (KR_WORKERS_MAX + 64)

struct kr_sources {
	struct kr_pipe *pipe;
	struct kr_net *net;
	struct kr_metrics *metrics;
	struct kr_thread clock, workers[KR_WORKERS_MAX];
	unsigned n_workers;
	struct kr_queue *due; /* of struct job, owned by who holds it */
	int wake;	      /* eventfd: the clock looks at once */
	atomic_bool stopping;
	struct kr_watch *watch; /* of the clock thread */
	int64_t silence_us;	/* of the clock thread: when it looked last */
	pthread_mutex_t lock;	/* guards all below */
	uint32_t running[KR_RUNNING_MAX];
	size_t n_running;
	uint32_t hit[KR_WATCH_MAX]; /* sources whose folder has something */
	size_t n_hit;
};

/* Nobody else runs it or writes its state until it is left; false if somebody does already. */
bool kr_sources__enter(struct kr_sources *s, uint32_t source);
void kr_sources__leave(struct kr_sources *s, uint32_t source);
/* What its folder has is seen by the run that begins; what comes later is for the next one. */
void kr_sources__drop_hit(struct kr_sources *s, uint32_t source);
/*
 * Run a source that was entered, and write its state.
 *
 * f     arena, cancelled and ctx are the caller's
 * tell  to the log: nobody waits for the answer
 */
KR_MUST_USE int kr_sources__run(struct kr_sources *s, const struct kr_source *src,
				struct kr_fetch *f, bool tell, struct kr_fault *reterr);
/* Gauges and counters of a source. */
struct kr_metric *kr_sources__metric(struct kr_sources *s, enum kr_metric_type type,
				     const char *name, const char *help, struct kr_str source);
void kr_sources__count_failure(struct kr_sources *s, struct kr_str source, int64_t n);
void kr_sources__show_success(struct kr_sources *s, struct kr_str source, kr_time ok);
