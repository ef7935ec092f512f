/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/janitor.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/thread.h"
#include "cli/retention.h"

#define FIRST_S 60
#define EVERY_S (6 * 3600)

struct kr_janitor {
	struct kr_node *node;
	struct kr_thread thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
};

static bool stopped(struct kr_janitor *j)
{
	bool stop;

	pthread_mutex_lock(&j->lock);
	stop = j->stop;
	pthread_mutex_unlock(&j->lock);
	return stop;
}

/* True if it is time to end. */
static bool wait_s(struct kr_janitor *j, int seconds)
{
	struct timespec until;
	bool stop;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&j->lock);
	while (!j->stop && pthread_cond_timedwait(&j->wake, &j->lock, &until) == 0)
		;
	stop = j->stop;
	pthread_mutex_unlock(&j->lock);
	return stop;
}

static void retention(struct kr_janitor *j)
{
	const struct kr_conf *c = kr_node_conf(j->node);
	struct kr_retention_days days = kr_cli__retention_days(c);
	bool wanted = c->retention_auto;
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_retention_row *rows = NULL;
	struct kr_fault f = {0};
	size_t n = 0, dropped = 0;
	int err = 0;

	kr_conf_unref(c);
	if (wanted)
		err = kr_store_retention_preview(j->node->store, &days, a, &rows, &n, &f);
	for (size_t i = 0; !err && i < n && !stopped(j); i++) {
		if (rows[i].waits)
			continue;
		err = kr_store_retention_drop(j->node->store, KR_BY_NODE, &rows[i], &f);
		dropped += !err;
	}
	if (err && err != -KR_EBUSY)
		kr_log(KR_LOG_ERROR, "retention stopped", KR_FAULT(&f));
	if (dropped)
		kr_log(KR_LOG_NOTICE, "old data dropped", KR_I("days", (int64_t)dropped));
}

static void run(void *arg)
{
	struct kr_janitor *j = arg;

	for (bool stop = wait_s(j, FIRST_S); !stop; stop = wait_s(j, EVERY_S))
		retention(j);
}

struct kr_janitor *kr_janitor_start(struct kr_node *n)
{
	struct kr_janitor *j = kr_xcalloc(1, sizeof(*j));
	pthread_condattr_t attr;
	struct kr_fault f;

	j->node = n;
	pthread_mutex_init(&j->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&j->wake, &attr);
	pthread_condattr_destroy(&attr);
	if (!kr_thread_start(&j->thread, "janitor", run, j, &f))
		return j;
	kr_log(KR_LOG_ERROR, "no thread for retention", KR_FAULT(&f));
	pthread_cond_destroy(&j->wake);
	pthread_mutex_destroy(&j->lock);
	free(j);
	return NULL;
}

void kr_janitor_stop(struct kr_janitor *j)
{
	if (!j)
		return;
	pthread_mutex_lock(&j->lock);
	j->stop = true;
	pthread_cond_broadcast(&j->wake);
	pthread_mutex_unlock(&j->lock);
	kr_thread_join(&j->thread);
	pthread_cond_destroy(&j->wake);
	pthread_mutex_destroy(&j->lock);
	free(j);
}
