/* SPDX-License-Identifier: Apache-2.0 */
/* Threads with names, and the bounded queue between them: the only way data moves from one to
 * another. */
#pragma once

#include <pthread.h>

#include "base/base.h"
#include "base/err.h"

struct kr_thread {
	pthread_t id;
	bool running;
};

/*
 * Start a thread. It takes no signals: these belong to the main thread.
 *
 * name  at most 15 bytes, for ps and debuggers
 * run   called with arg; the thread ends when it returns
 *
 * Returns 0 or -KR_EUNAVAIL. End it with kr_thread_join().
 */
KR_MUST_USE int kr_thread_start(struct kr_thread *t, const char *name, void (*run)(void *arg),
				void *arg, struct kr_fault *reterr);
/* Wait for its end; nothing happens if it was never started or was joined before. */
void kr_thread_join(struct kr_thread *t);

/*
 * A bounded queue of pointers. A full queue makes the producer wait, so a slow consumer slows its
 * source and memory stays bounded. What a pointer points to belongs to whoever holds it: it is
 * moved, never shared. Any number of threads on both sides.
 */
struct kr_queue;

/* count_max  pointers it holds at most, at least 1 */
struct kr_queue *kr_queue_new(size_t count_max);
/* No thread may use it any more; what it still holds is not touched. NULL is fine. */
void kr_queue_free(struct kr_queue *q);
KR_AUTO_DEFINE(kr_queue)

/* Put an item in; waits while the queue is full. Returns 0; -KR_ECANCEL when it was closed or
 * cancelled. */
KR_MUST_USE int kr_queue_push(struct kr_queue *q, void *item);
/*
 * Take the oldest item; waits while the queue is empty.
 *
 * timeout_ms  how long to wait; -1: for ever
 *
 * Returns 1 with the item; 0 when the queue is closed and empty; -KR_EBUSY after the timeout;
 * -KR_ECANCEL when it was cancelled.
 */
KR_MUST_USE int kr_queue_pop(struct kr_queue *q, int timeout_ms, void **ret_item);
/* No more items will come: what is in it can still be taken. */
void kr_queue_close(struct kr_queue *q);
/* Wake everybody up with -KR_ECANCEL, now and later; what is in it stays for kr_queue_drain(). */
void kr_queue_cancel(struct kr_queue *q);
/* Take what a closed or cancelled queue still holds, without waiting; NULL when nothing is left. */
void *kr_queue_drain(struct kr_queue *q);
/* Items in it at this moment, for metrics. */
size_t kr_queue_count(struct kr_queue *q);
