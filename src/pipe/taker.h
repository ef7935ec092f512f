/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that takes what was kept: reports that a crash left unfinished at first, and then
 * those that arrive in the spool by kr_push_end(), oldest first.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "pipe/pipe.h"
#include "pipe/take.h"

struct kr_taker;

struct kr_taker_opts {
	/* Called after each report, in the thread of the taker. May be NULL. */
	void (*done)(void *ctx, const struct kr_take_result *r);
	/* Called when reports cannot be taken now; it is tried again later. May be NULL. */
	void (*failed)(void *ctx, const struct kr_fault *f);
	void *ctx;
};

/* p  outlives it. Returns 0 or -KR_EUNAVAIL (no thread). End it with kr_taker_stop(). */
KR_MUST_USE int kr_taker_start(struct kr_pipe *p, const struct kr_taker_opts *o,
			       struct kr_taker **ret, struct kr_fault *reterr);
/* There may be something to take. From any thread, never waits. */
void kr_taker_wake(struct kr_taker *t);
/* It is to stop soon; does not wait. */
void kr_taker_cancel(struct kr_taker *t);
/*
 * Stop behind the batch that is being stored, and free. What is not finished stays for the next
 * start. NULL is fine.
 *
 * Returns false if it did not end within timeout_ms: then it lives on, and the process must end.
 */
bool kr_taker_stop(struct kr_taker *t, int timeout_ms);
