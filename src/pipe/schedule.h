/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources that run by themselves, when it is their time: one thread looks who is due, some workers
 * run them, at most one run of a source at a time. The same object runs a source on command, with
 * or without the threads.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/metrics.h"
#include "net/net.h"
#include "pipe/pipe.h"

struct kr_sources;

/* p and net are borrowed as long as it lives. */
struct kr_sources *kr_sources_new(struct kr_pipe *p, struct kr_net *net);
/* No thread may run any more. NULL is fine. */
void kr_sources_free(struct kr_sources *s);
/*
 * Begin to run sources.
 *
 * metrics  takes their counters; NULL: none
 */
KR_MUST_USE int kr_sources_start(struct kr_sources *s, struct kr_metrics *metrics,
				 struct kr_fault *reterr);
/*
 * Stop: no run begins, running ones end at the next batch or byte.
 *
 * Returns false if some did not end in time.
 */
bool kr_sources_stop(struct kr_sources *s, int timeout_ms);

/* What a run brought. */
struct kr_sources_result {
	uint32_t reports, known, failed; /* taken, taken before, kept but not taken */
	uint64_t records;
	struct kr_str problem; /* of the first report that was not taken; in the arena */
	kr_time next;	       /* when it runs again; KR_TIME_NONE: it does not */
};
/*
 * Run a source now, in this thread, and plan its next run.
 *
 * Returns 0; -KR_ENOENT; -KR_EINVAL (it does not run by itself); -KR_EBUSY (it is running);
 * -KR_ECANCEL; what its run returned, which is kept in its state too.
 */
KR_MUST_USE int kr_sources_run(struct kr_sources *s, struct kr_str name,
			       bool (*cancelled)(void *ctx), void *ctx, struct kr_arena *a,
			       struct kr_sources_result *ret, struct kr_fault *reterr);
/*
 * Fetch a sample of a source without taking or remembering anything: tries its connection.
 *
 * ret_fd    owned by the caller; -1: there is nothing at the moment
 * ret_name  of the report; in the arena
 */
KR_MUST_USE int kr_sources_sample(struct kr_sources *s, const struct kr_source *src,
				  bool (*cancelled)(void *ctx), void *ctx, struct kr_arena *a,
				  int *ret_fd, struct kr_str *ret_name, struct kr_fault *reterr);
