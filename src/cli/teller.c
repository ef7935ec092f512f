/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/teller.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/thread.h"
#include "desk/outbox.h"

struct kr_teller {
	struct kr_node *node;
	struct kr_deliver *deliver;
	struct kr_thread thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
	int32_t forgot; /* the day on which old rows were forgotten */
	char said[256]; /* the last failure that was logged: once is enough */
};

static bool stopped(void *ctx)
{
	struct kr_teller *t = ctx;
	bool stop;

	pthread_mutex_lock(&t->lock);
	stop = t->stop;
	pthread_mutex_unlock(&t->lock);
	return stop;
}

/* True if it is time to end. */
static bool wait_us(struct kr_teller *t, int64_t us)
{
	struct timespec until;
	bool stop;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += us / KR_SECOND;
	until.tv_nsec += us % KR_SECOND * 1000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&t->lock);
	while (!t->stop && pthread_cond_timedwait(&t->wake, &t->lock, &until) == 0)
		;
	stop = t->stop;
	pthread_mutex_unlock(&t->lock);
	return stop;
}

static int64_t tick(struct kr_teller *t)
{
	const struct kr_conf *c = kr_node_conf(t->node);
	struct kr_desk_ticked sum = {0};
	struct kr_fault f = {0};
	int64_t wait = c->delivery_tick;
	int err = kr_desk_outbox_tick(t->node->outbox, c, kr_store_now(t->node->store), stopped, t,
				      &sum, &f);

	kr_conf_unref(c);
	if (err && err != -KR_ECANCEL && strcmp(t->said, f.message) != 0) {
		kr_log(KR_LOG_ERROR, "owners cannot be told", KR_FAULT(&f));
		snprintf(t->said, sizeof(t->said), "%s", f.message);
	} else if (!err) {
		t->said[0] = '\0';
	}
	if (sum.deliveries)
		kr_deliver_wake(t->deliver);
	if (sum.rows || sum.deliveries)
		kr_log(KR_LOG_INFO, "owners", KR_U("rows", sum.rows), KR_U("waiting", sum.waiting),
		       KR_U("withheld", sum.withheld), KR_U("nobody", sum.nobody),
		       KR_U("deliveries", sum.deliveries));
	return wait;
}

/* Once a day what is old is forgotten. */
static void forget(struct kr_teller *t)
{
	const struct kr_conf *c = kr_node_conf(t->node);
	kr_time now = kr_store_now(t->node->store);
	struct kr_fault f = {0};
	int64_t n;

	if (kr_time_day(now) != t->forgot) {
		n = kr_store_outbox_forget(t->node->store, kr_time_day(now - c->delivery_keep),
					   stopped, t, &f);
		if (n < 0 && n != -KR_ECANCEL)
			kr_log(KR_LOG_ERROR, "the outbox cannot be tidied", KR_FAULT(&f));
		else if (n > 0)
			kr_log(KR_LOG_NOTICE, "old rows of the outbox are gone", KR_I("rows", n));
		t->forgot = kr_time_day(now);
	}
	kr_conf_unref(c);
}

static void run(void *arg)
{
	struct kr_teller *t = arg;

	while (!wait_us(t, tick(t)))
		forget(t);
}

struct kr_teller *kr_teller_start(struct kr_node *n, struct kr_deliver *deliver)
{
	struct kr_teller *t = kr_xcalloc(1, sizeof(*t));
	pthread_condattr_t attr;
	struct kr_fault f;

	t->node = n;
	t->deliver = deliver;
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->wake, &attr);
	pthread_condattr_destroy(&attr);
	if (!kr_thread_start(&t->thread, "teller", run, t, &f))
		return t;
	kr_log(KR_LOG_ERROR, "no thread that tells owners", KR_FAULT(&f));
	pthread_cond_destroy(&t->wake);
	pthread_mutex_destroy(&t->lock);
	free(t);
	return NULL;
}

void kr_teller_stop(struct kr_teller *t)
{
	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	t->stop = true;
	pthread_cond_broadcast(&t->wake);
	pthread_mutex_unlock(&t->lock);
	kr_thread_join(&t->thread);
	pthread_cond_destroy(&t->wake);
	pthread_mutex_destroy(&t->lock);
	free(t);
}
