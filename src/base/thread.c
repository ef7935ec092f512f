/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct start {
	void (*run)(void *arg);
	void *arg;
	char name[16];
};

static void *run_thread(void *arg)
{
	struct start s = *(struct start *)arg;

	free(arg);
	pthread_setname_np(pthread_self(), s.name);
	s.run(s.arg);
	return NULL;
}

int kr_thread_start(struct kr_thread *t, const char *name, void (*run)(void *arg), void *arg,
		    struct kr_fault *reterr)
{
	struct start *s = kr_xcalloc(1, sizeof(*s));
	sigset_t all, before;
	int r;

	s->run = run;
	s->arg = arg;
	snprintf(s->name, sizeof(s->name), "%s", name);
	/* The mask is inherited, so the thread never runs without it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&t->id, NULL, run_thread, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	t->running = r == 0;
	if (!r)
		return 0;
	free(s);
	kr_fault_set(reterr, -KR_EUNAVAIL, "cannot start the thread %s: %s", name, strerror(r));
	kr_fault_remedy(reterr, "look at the limits of processes and memory (ulimit -u -v)");
	return -KR_EUNAVAIL;
}

void kr_thread_join(struct kr_thread *t)
{
	if (t->running)
		pthread_join(t->id, NULL);
	t->running = false;
}

struct kr_queue {
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t not_empty, not_full;
	size_t count, count_max, head;
	bool closed, cancelled;
	void *items[]; /* a ring */
};

struct kr_queue *kr_queue_new(size_t count_max)
{
	struct kr_queue *q;
	pthread_condattr_t attr;
	size_t n;

	assert(count_max > 0);
	if (__builtin_mul_overflow(count_max, sizeof(void *), &n) ||
	    __builtin_add_overflow(n, sizeof(*q), &n))
		n = SIZE_MAX;
	q = kr_xcalloc(1, n);
	q->count_max = count_max;
	pthread_mutex_init(&q->lock, NULL);
	/* Waiting must not depend on somebody setting the clock. */
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&q->not_empty, &attr);
	pthread_cond_init(&q->not_full, &attr);
	pthread_condattr_destroy(&attr);
	return q;
}

void kr_queue_free(struct kr_queue *q)
{
	if (!q)
		return;
	pthread_cond_destroy(&q->not_full);
	pthread_cond_destroy(&q->not_empty);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

int kr_queue_push(struct kr_queue *q, void *item)
{
	int r = 0;

	pthread_mutex_lock(&q->lock);
	while (q->count == q->count_max && !q->closed && !q->cancelled)
		pthread_cond_wait(&q->not_full, &q->lock);
	if (q->closed || q->cancelled) {
		r = -KR_ECANCEL;
	} else {
		q->items[(q->head + q->count++) % q->count_max] = item;
		pthread_cond_signal(&q->not_empty);
	}
	pthread_mutex_unlock(&q->lock);
	return r;
}

static void *take_locked(struct kr_queue *q)
{
	void *item = q->items[q->head];

	q->head = (q->head + 1) % q->count_max;
	q->count--;
	pthread_cond_signal(&q->not_full);
	return item;
}

static struct timespec deadline_of(int timeout_ms)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += timeout_ms / 1000;
	ts.tv_nsec += timeout_ms % 1000 * 1000000L;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	return ts;
}

int kr_queue_pop(struct kr_queue *q, int timeout_ms, void **ret_item)
{
	struct timespec deadline = {0};
	int r = 0, waited = 0;

	if (timeout_ms >= 0)
		deadline = deadline_of(timeout_ms);
	pthread_mutex_lock(&q->lock);
	while (!q->count && !q->closed && !q->cancelled && waited != ETIMEDOUT) {
		if (timeout_ms < 0)
			pthread_cond_wait(&q->not_empty, &q->lock);
		else
			waited = pthread_cond_timedwait(&q->not_empty, &q->lock, &deadline);
	}
	if (q->cancelled) {
		r = -KR_ECANCEL;
	} else if (q->count) {
		*ret_item = take_locked(q);
		r = 1;
	} else if (!q->closed) {
		r = -KR_EBUSY;
	}
	pthread_mutex_unlock(&q->lock);
	return r;
}

static void end(struct kr_queue *q, bool *flag)
{
	pthread_mutex_lock(&q->lock);
	*flag = true;
	pthread_cond_broadcast(&q->not_empty);
	pthread_cond_broadcast(&q->not_full);
	pthread_mutex_unlock(&q->lock);
}

void kr_queue_close(struct kr_queue *q)
{
	end(q, &q->closed);
}

void kr_queue_cancel(struct kr_queue *q)
{
	end(q, &q->cancelled);
}

void *kr_queue_drain(struct kr_queue *q)
{
	void *item;

	pthread_mutex_lock(&q->lock);
	item = q->count ? take_locked(q) : NULL;
	pthread_mutex_unlock(&q->lock);
	return item;
}

size_t kr_queue_count(struct kr_queue *q)
{
	size_t n;

	pthread_mutex_lock(&q->lock);
	n = q->count;
	pthread_mutex_unlock(&q->lock);
	return n;
}
