/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A short queue of pointers between two threads. There are never more pointers than were made, so
 * it cannot overflow; whoever finds it empty waits.
 */
#pragma once

#include "base/base.h"

#include <pthread.h>

#define KR_QUEUE_MAX 8

struct kr_queue {
	pthread_mutex_t lock; /* guards all that follows */
	pthread_cond_t filled;
	void *items[KR_QUEUE_MAX];
	size_t head, n;
	bool closed;
};

void kr_queue_init(struct kr_queue *q);
void kr_queue_done(struct kr_queue *q);
/* Add an item; at most KR_QUEUE_MAX may be in it. */
void kr_queue_push(struct kr_queue *q, void *item);
/* The oldest item; waits for one. NULL when the queue is closed and empty. */
void *kr_queue_pop(struct kr_queue *q);
/* No item comes any more: wakes whoever waits. */
void kr_queue_close(struct kr_queue *q);
