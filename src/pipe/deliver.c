/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * Each sink has some workers. The first of them looks for due deliveries every POLL_MS; as long as
 * there are some, each worker that got one wakes another. A worker claims a delivery (durable),
 * composes it anew through the gate, gives it to the sink, and records what became of it; if that
 * cannot be recorded, say because the disk is full, it tries until it can or the node ends.
 *
 * Addresses and answers of other servers are personal data: they are in the delivery's row, where
 * people with the right see them, and never in the log.
 */
#include "pipe/deliver.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/thread.h"
#include "pipe/sink.h"

#define POLL_MS	  2000
#define STEP_MS	  500
#define KEEP_US	  INT64_C(1000000) /* a shorter wait for one's turn keeps the connection */
#define ARENA_MAX ((size_t)512 << 20)
#define LONGEST	  KR_HOUR
#define TRIES_MIN 3 /* attempts before a delivery may be given up for its age */

enum {
#define SINK(name, workers) SINK_##name,
#include "pipe/sinks.def"
#undef SINK
	SINKS,
};
enum {
	WORKERS_MAX = 0
#define SINK(name, workers) +(workers)
#include "pipe/sinks.def"
#undef SINK
};

/* The workers of one sink. */
struct crew {
	pthread_cond_t wake;
};

struct worker {
	struct kr_deliver *d;
	struct crew *crew;
	const struct kr_sink *sink;
	void *state;
	struct kr_arena *a;
	bool first; /* of its sink: the one that polls */
	bool told;  /* that nothing can be taken; said once */
	struct kr_thread thread;
};

struct kr_deliver {
	struct kr_store *s;
	struct kr_metrics *metrics;
	struct kr_sink_shared shared;
	struct worker workers[WORKERS_MAX];
	size_t n_workers;
	atomic_bool stopping;
	pthread_mutex_t lock; /* guards running and goes with the conditions */
	struct crew crews[SINKS];
	pthread_cond_t ended;
	size_t running;
};

kr_time kr_deliver_again(kr_time now, uint32_t attempts, int64_t first_us, uint16_t spread)
{
	int64_t wait = first_us;

	for (uint32_t i = 1; i < attempts && wait < LONGEST; i++)
		wait *= 2;
	wait = KR_MIN(wait, KR_MAX((int64_t)LONGEST, first_us));
	/* At most a day, and 16 bits: no overflow. */
	return now + wait - wait / 5 + wait / 5 * 2 * spread / 65536;
}

/* ---- one delivery ---- */

static void count(const struct worker *w, const char *result)
{
	const char *labels[] = {"sink", w->sink->name, "result", result, NULL};

	if (w->d->metrics)
		kr_metric_add(kr_metric_get(w->d->metrics, KR_METRIC_COUNTER, "karaula_deliveries",
					    "Attempts to deliver, by sink and result.", labels),
			      1);
}

/* Lower or raise the health of the recipient, or switch it off. */
static void tell_recipient(const struct worker *w, const struct kr_recipient *to,
			   const struct kr_sink_result *res, kr_time now)
{
	struct kr_recipient off = *to;
	struct kr_fault f = {0};
	uint32_t id;
	int err = 0;

	if (res->health < 0 || (res->health > 0 && to->health < 100))
		err = kr_store_recipient_health(w->d->s, to->id, res->health,
						res->health < 0 ? now : KR_TIME_NONE, &f);
	if (!err && res->unwanted) {
		off.enabled = false;
		err = kr_store_recipient_put(w->d->s, KR_BY_NODE, &off, &id, &f);
	}
	if (err)
		kr_log(KR_LOG_WARNING, "a recipient could not be changed",
		       KR_U("recipient", to->id), KR_FAULT(&f));
}

/* What a failed attempt leads to: another one, or the end. */
static void schedule(const struct kr_sink_job *job, struct kr_delivery *d,
		     struct kr_sink_result *res)
{
	const struct kr_conf *c = job->conf;
	uint16_t spread;

	d->due = job->now;
	if (res->state != KR_DELIVERY_RETRY)
		return;
	if (res->after == KR_TIME_NONE && d->attempts >= TRIES_MIN &&
	    job->now - d->created >= c->delivery_give_up) {
		res->state = KR_DELIVERY_FAILED;
		res->health = KR_HEALTH_GAVE_UP;
		return;
	}
	kr_random(&spread, sizeof(spread));
	d->due = res->after != KR_TIME_NONE
			 ? res->after
			 : kr_deliver_again(job->now, d->attempts, c->delivery_retry, spread);
}

/* Until it is durable, or the node ends: then the delivery is in doubt. */
static void record(const struct worker *w, const struct kr_delivery *d)
{
	struct timespec pause = {.tv_nsec = STEP_MS * 1000000L};
	struct kr_fault f = {0};
	bool told = false;
	int err;

	while ((err = kr_store_delivery_done(w->d->s, d, &f)) != 0) {
		if (!told)
			kr_log(KR_LOG_ERROR, "what became of a delivery cannot be recorded",
			       KR_U("delivery", d->id), KR_FAULT(&f));
		told = true;
		if (!kr_err_retry(err) || atomic_load(&w->d->stopping))
			return;
		nanosleep(&pause, NULL);
	}
}

static void finish(const struct worker *w, const struct kr_sink_job *job, struct kr_delivery *d,
		   struct kr_sink_result *res, int err, const struct kr_fault *f)
{
	char reason[700] = "";

	schedule(job, d, res);
	d->state = res->state;
	d->message_id = res->message_id;
	d->hash = res->hash;
	d->size = res->size;
	d->sent = res->state == KR_DELIVERY_SENT ? job->now : KR_TIME_NONE;
	if (err)
		kr_fault_text(f, reason, sizeof(reason));
	d->reason = kr_str_c(reason);
	record(w, d);
	if (job->recipient)
		tell_recipient(w, job->recipient, res, job->now);
	count(w, kr_delivery_state_text(d->state));
	kr_log(d->state == KR_DELIVERY_SENT || d->state == KR_DELIVERY_EMPTY ? KR_LOG_INFO
									     : KR_LOG_WARNING,
	       "delivery", KR_U("delivery", d->id), KR_S("sink", w->sink->name),
	       KR_S("state", kr_delivery_state_text(d->state)), KR_U("attempt", d->attempts),
	       KR_S("error", err ? kr_err_name(err) : ""));
}

static int carry(struct worker *w, struct kr_sink_job *job, struct kr_delivery *d,
		 struct kr_sink_result *res, struct kr_fault *reterr)
{
	struct kr_recipient *to = kr_arena_calloc(w->a, 1, sizeof(*to));
	struct kr_letter letter;
	int err;

	if (!to)
		return -KR_ELIMIT;
	err = kr_store_recipient_get(w->d->s, &KR_SCOPE_ALL, d->recipient, w->a, to, reterr);
	if (err)
		return err;
	job->recipient = to;
	err = kr_letter_make(w->d->s, job->conf, d->id, w->sink->json, w->a, &letter, reterr);
	if (err == 1) {
		res->state = KR_DELIVERY_EMPTY;
		err = 0;
	} else if (!err) {
		job->letter = &letter;
		d->tlp = letter.digest.tlp;
		d->subject = kr_arena_dup(w->a, kr_buf_str(&letter.digest.subject));
		err = w->sink->send(w->state, job, res, reterr);
	}
	kr_letter_done(&letter);
	return err;
}

/* Returns true if there was one. */
static bool one(struct worker *w, const struct kr_conf *conf)
{
	struct kr_sink_result res = {.state = KR_DELIVERY_RETRY, .after = KR_TIME_NONE};
	struct kr_sink_job job = {.shared = &w->d->shared, .conf = conf, .a = w->a};
	struct kr_fault f = {0};
	struct kr_delivery d;
	int err;

	kr_arena_clear(w->a);
	err = kr_store_delivery_claim(w->d->s, kr_str_c(w->sink->name), kr_store_now(w->d->s), w->a,
				      &d, &f);
	if (err < 0 && !w->told)
		kr_log(KR_LOG_ERROR, "no delivery can be taken", KR_S("sink", w->sink->name),
		       KR_FAULT(&f));
	w->told = err < 0;
	if (err)
		return false;
	job.delivery = &d;
	job.now = kr_store_now(w->d->s);
	f = (struct kr_fault){0};
	err = carry(w, &job, &d, &res, &f);
	job.now = kr_store_now(w->d->s);
	finish(w, &job, &d, &res, err, &f);
	return true;
}

/* ---- workers ---- */

static struct timespec after(int64_t us)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	us = KR_MAX(us, INT64_C(0)) + t.tv_nsec / 1000;
	t.tv_sec += us / 1000000;
	t.tv_nsec = us % 1000000 * 1000;
	return t;
}

static void pause_worker(struct worker *w, int64_t us)
{
	struct timespec until = after(us);

	pthread_mutex_lock(&w->d->lock);
	if (!atomic_load(&w->d->stopping)) {
		if (us < 0)
			pthread_cond_wait(&w->crew->wake, &w->d->lock);
		else
			pthread_cond_timedwait(&w->crew->wake, &w->d->lock, &until);
	}
	pthread_mutex_unlock(&w->d->lock);
}

static void step(struct worker *w)
{
	const struct kr_conf *conf = kr_net_conf(w->d->shared.net);
	int64_t wait = 0;
	bool did = false;

	if (w->sink->on(conf)) {
		wait = w->sink->wait ? w->sink->wait(&w->d->shared, conf) : 0;
		did = !wait && one(w, conf);
	}
	kr_conf_unref(conf);
	if (did) {
		pthread_cond_signal(&w->crew->wake); /* there may be more */
		return;
	}
	if (w->sink->rest && (!wait || wait > KEEP_US))
		w->sink->rest(w->state);
	if (!wait)
		wait = w->first ? POLL_MS * 1000 : -1;
	pause_worker(w, wait);
}

static void run(void *arg)
{
	struct worker *w = arg;
	struct kr_deliver *d = w->d;

	while (!atomic_load(&d->stopping))
		step(w);
	if (w->sink->close)
		w->sink->close(w->state);
	kr_arena_free(w->a);
	pthread_mutex_lock(&d->lock);
	d->running--;
	pthread_cond_signal(&d->ended);
	pthread_mutex_unlock(&d->lock);
}

static int add_workers(struct kr_deliver *d, struct crew *crew, const struct kr_sink *sink,
		       unsigned n, struct kr_fault *reterr)
{
	int err = 0;

	for (unsigned i = 0; !err && i < n && d->n_workers < WORKERS_MAX; i++) {
		struct worker *w = &d->workers[d->n_workers];

		*w = (struct worker){.d = d, .crew = crew, .sink = sink, .first = i == 0};
		w->a = kr_arena_new(ARENA_MAX);
		w->state = sink->open ? sink->open(&d->shared) : NULL;
		pthread_mutex_lock(&d->lock);
		d->running++;
		pthread_mutex_unlock(&d->lock);
		err = kr_thread_start(&w->thread, sink->name, run, w, reterr);
		if (!err) {
			d->n_workers++;
			continue;
		}
		pthread_mutex_lock(&d->lock);
		d->running--;
		pthread_mutex_unlock(&d->lock);
		if (sink->close)
			sink->close(w->state);
		kr_arena_free(w->a);
	}
	return err;
}

static void release(struct kr_deliver *d)
{
	kr_rate_free(d->shared.rate);
	for (size_t i = 0; i < SINKS; i++)
		pthread_cond_destroy(&d->crews[i].wake);
	pthread_cond_destroy(&d->ended);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

static void conditions(struct kr_deliver *d)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&d->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	for (size_t i = 0; i < SINKS; i++)
		pthread_cond_init(&d->crews[i].wake, &attr);
	pthread_cond_init(&d->ended, &attr);
	pthread_condattr_destroy(&attr);
}

int kr_deliver_start(struct kr_store *s, struct kr_net *net, struct kr_metrics *metrics,
		     struct kr_deliver **ret, struct kr_fault *reterr)
{
	struct kr_deliver *d = kr_xcalloc(1, sizeof(*d));
	int n, err;

	d->s = s;
	d->metrics = metrics;
	d->shared.net = net;
	d->shared.dirfd = kr_store_dirfd(s);
	d->shared.rate = kr_rate_new();
	conditions(d);
	err = n = kr_store_delivery_recover(s, reterr);
	if (n > 0)
		kr_log(KR_LOG_WARNING, "the node stopped while these were sent: they are in doubt",
		       KR_I("deliveries", n));
	if (err >= 0)
		err = kr_store_link_key(s, d->shared.key, reterr);
#define SINK(name, workers)                                                                        \
	if (!err)                                                                                  \
		err = add_workers(d, &d->crews[SINK_##name], &kr_sink_##name, workers, reterr);
#include "pipe/sinks.def"
#undef SINK
	if (!err) {
		*ret = d;
		return 0;
	}
	/* Workers that cannot end so soon keep what they use: the process ends with this error. */
	(void)kr_deliver_stop(d, STEP_MS);
	return err;
}

void kr_deliver_wake(struct kr_deliver *d)
{
	for (size_t i = 0; i < SINKS; i++)
		pthread_cond_broadcast(&d->crews[i].wake);
}

bool kr_deliver_stop(struct kr_deliver *d, int wait_ms)
{
	struct timespec until = after((int64_t)wait_ms * 1000);
	bool all;

	if (!d)
		return true;
	pthread_mutex_lock(&d->lock);
	atomic_store(&d->stopping, true);
	kr_deliver_wake(d);
	while (d->running && !pthread_cond_timedwait(&d->ended, &d->lock, &until))
		;
	all = d->running == 0;
	pthread_mutex_unlock(&d->lock);
	if (!all)
		return false;
	for (size_t i = 0; i < d->n_workers; i++)
		kr_thread_join(&d->workers[i].thread);
	release(d);
	return true;
}
