/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A short queue of pointers between two threads. There are never more pointers than were made, so
 * it cannot overflow; whoever finds it empty waits.
 */
#pragma once

#include "base/base.h"

#include <pthread.h>

#define KR_QUEUE_MAX 8

struct kr_pipe__queue {
	pthread_mutex_t lock; /* guards all that follows */
	pthread_cond_t filled;
	void *items[KR_QUEUE_MAX];
	size_t head, n;
	bool closed;
};

void kr_pipe__queue_init(struct kr_pipe__queue *q);
void kr_pipe__queue_done(struct kr_pipe__queue *q);
/* Add an item; at most KR_QUEUE_MAX may be in it. */
void kr_pipe__queue_push(struct kr_pipe__queue *q, void *item);
/* The oldest item; waits for one. NULL when the queue is closed and empty. */
void *kr_pipe__queue_pop(struct kr_pipe__queue *q);
/* No item comes any more: wakes whoever waits. */
void kr_pipe__queue_close(struct kr_pipe__queue *q);
