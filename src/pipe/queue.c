/* SPDX-License-Identifier: Apache-2.0 */
#include "pipe/queue.h"

void kr_pipe__queue_init(struct kr_pipe__queue *q)
{
	*q = (struct kr_pipe__queue){0};
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->filled, NULL);
}

void kr_pipe__queue_done(struct kr_pipe__queue *q)
{
	pthread_cond_destroy(&q->filled);
	pthread_mutex_destroy(&q->lock);
}

void kr_pipe__queue_push(struct kr_pipe__queue *q, void *item)
{
	pthread_mutex_lock(&q->lock);
	assert(q->n < KR_QUEUE_MAX);
	q->items[(q->head + q->n++) % KR_QUEUE_MAX] = item;
	pthread_cond_signal(&q->filled);
	pthread_mutex_unlock(&q->lock);
}

void *kr_pipe__queue_pop(struct kr_pipe__queue *q)
{
	void *item = NULL;

	pthread_mutex_lock(&q->lock);
	while (!q->n && !q->closed)
		pthread_cond_wait(&q->filled, &q->lock);
	if (q->n) {
		item = q->items[q->head];
		q->head = (q->head + 1) % KR_QUEUE_MAX;
		q->n--;
	}
	pthread_mutex_unlock(&q->lock);
	return item;
}

void kr_pipe__queue_close(struct kr_pipe__queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_cond_broadcast(&q->filled);
	pthread_mutex_unlock(&q->lock);
}
