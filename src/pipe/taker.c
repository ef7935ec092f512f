/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the store knows which reports are kept but not taken, so no queue of ours can
 * lose one or grow. The thread asks for them, takes them, and sleeps until it is woken. A wake that
 * comes while it works is not forgotten: it looks once more. If something fails (the disk is full),
 * it tries again after a minute.
 */
#include "pipe/taker.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/thread.h"

#define AGAIN_S 60

struct kr_taker {
	struct kr_pipe *p;
	struct kr_taker_opts o;
	struct kr_thread thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool due; /* guarded by lock */
	atomic_bool stop;
};

static bool stopping(void *ctx)
{
	struct kr_taker *t = ctx;

	return atomic_load(&t->stop);
}

static void report_done(void *ctx, const struct kr_take_result *r)
{
	struct kr_taker *t = ctx;

	if (t->o.done)
		t->o.done(t->o.ctx, r);
}

/* Returns whether all was taken. */
static bool take_all(struct kr_taker *t)
{
	const struct kr_take_opts opts = {
		.observed = KR_TIME_NONE, .cancelled = stopping, .done = report_done, .ctx = t};
	struct kr_fault f = {0};
	int n = kr_take_resume(t->p, &opts, &f);

	if (n >= 0 || n == -KR_ECANCEL)
		return true;
	if (t->o.failed)
		t->o.failed(t->o.ctx, &f);
	return false;
}

static void wait_wake(struct kr_taker *t, bool again)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += AGAIN_S;
	pthread_mutex_lock(&t->lock);
	while (!t->due && !atomic_load(&t->stop)) {
		if (!again)
			pthread_cond_wait(&t->wake, &t->lock);
		else if (pthread_cond_clockwait(&t->wake, &t->lock, CLOCK_MONOTONIC, &until))
			break;
	}
	t->due = false;
	pthread_mutex_unlock(&t->lock);
}

static void run(void *arg)
{
	struct kr_taker *t = arg;

	while (!atomic_load(&t->stop))
		wait_wake(t, !take_all(t));
}

static void taker_free(struct kr_taker *t)
{
	pthread_cond_destroy(&t->wake);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

int kr_taker_start(struct kr_pipe *p, const struct kr_taker_opts *o, struct kr_taker **ret,
		   struct kr_fault *reterr)
{
	struct kr_taker *t = kr_xcalloc(1, sizeof(*t));
	int err;

	t->p = p;
	t->o = *o;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->wake, NULL);
	err = kr_thread_start(&t->thread, "taker", run, t, reterr);
	if (err) {
		taker_free(t);
		return err;
	}
	*ret = t;
	return 0;
}

void kr_taker_wake(struct kr_taker *t)
{
	pthread_mutex_lock(&t->lock);
	t->due = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
}

void kr_taker_cancel(struct kr_taker *t)
{
	pthread_mutex_lock(&t->lock);
	atomic_store(&t->stop, true);
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
}

bool kr_taker_stop(struct kr_taker *t, int timeout_ms)
{
	struct timespec until;

	if (!t)
		return true;
	kr_taker_cancel(t);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += timeout_ms / 1000;
	if (pthread_timedjoin_np(t->thread.id, NULL, &until) != 0)
		return false;
	taker_free(t);
	return true;
}
