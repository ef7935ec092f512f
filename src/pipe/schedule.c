/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 *     clock thread:  who is due? ──▶ queue ──▶ workers: run, write the state
 *                    folders: what is new?     (at most sources.fetches_max)
 *                    who is silent?
 *
 * What is due stands in the state of each source, in the store, so a restart changes nothing: the
 * clock reads sources and states every TICK_MS, or at once when a watched folder has something or
 * a run ended. A source that runs is in the list `running`, whoever runs it; nobody else touches
 * its state then. Edits of a source drop what it remembered (desk/source.c); a run that began
 * before an edit does not write that back.
 */
#include "pipe/schedule_internal.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "store/read.h"

#define TICK_MS	    2000
#define SILENCE_US  (60 * KR_SECOND) /* between looks who is silent */
#define ARENA_MAX   ((size_t)64 << 20)
#define WAITING_MAX 1000 /* reports that are counted as waiting */

/* A source that is in `running` already. */
struct job {
	uint32_t source;
	char name[72];
};

static void wake(struct kr_sources *s)
{
	const uint64_t one = 1;

	(void)!write(s->wake, &one, sizeof(one));
}

struct kr_sources *kr_sources_new(struct kr_pipe *p, struct kr_net *net)
{
	struct kr_sources *s = kr_xcalloc(1, sizeof(*s));

	s->pipe = p;
	s->net = net;
	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void kr_sources_free(struct kr_sources *s)
{
	if (!s)
		return;
	kr_queue_free(s->due);
	kr_watch_free(s->watch);
	pthread_mutex_destroy(&s->lock);
	if (s->wake >= 0)
		close(s->wake);
	free(s);
}

/* ---- who runs ---- */

static bool is_running_locked(struct kr_sources *s, uint32_t source)
{
	for (size_t i = 0; i < s->n_running; i++)
		if (s->running[i] == source)
			return true;
	return false;
}

void kr_sources__drop_hit(struct kr_sources *s, uint32_t source)
{
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n_hit; i++) {
		if (s->hit[i] == source) {
			s->hit[i] = s->hit[--s->n_hit];
			break;
		}
	}
	pthread_mutex_unlock(&s->lock);
}

bool kr_sources__enter(struct kr_sources *s, uint32_t source)
{
	bool may;

	pthread_mutex_lock(&s->lock);
	may = !is_running_locked(s, source) && s->n_running < KR_RUNNING_MAX;
	if (may)
		s->running[s->n_running++] = source;
	pthread_mutex_unlock(&s->lock);
	return may;
}

void kr_sources__leave(struct kr_sources *s, uint32_t source)
{
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n_running; i++) {
		if (s->running[i] == source) {
			s->running[i] = s->running[--s->n_running];
			break;
		}
	}
	pthread_mutex_unlock(&s->lock);
	wake(s);
}

static bool is_hit(struct kr_sources *s, uint32_t source)
{
	bool found = false;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n_hit; i++)
		found |= s->hit[i] == source;
	pthread_mutex_unlock(&s->lock);
	return found;
}

/* ---- workers ---- */

static bool stopping(void *ctx)
{
	struct kr_sources *s = ctx;

	return atomic_load(&s->stopping);
}

static void work_one(struct kr_sources *s, const char *name)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(ARENA_MAX);
	struct kr_fetch f = {.arena = a, .cancelled = stopping, .ctx = s};
	struct kr_fault fault = {0};
	struct kr_source src;
	int err = kr_store_source_get(kr_pipe_store(s->pipe), kr_str_c(name), a, &src, &fault);

	if (err || src.disabled || !kr_source_runner_find(src.kind))
		return;
	err = kr_sources__run(s, &src, &f, true, &fault);
	if (err == -KR_ESTORE || err == -KR_EFULL)
		kr_log(KR_LOG_ERROR, "a source cannot be kept", KR_S("source", name),
		       KR_FAULT(&fault));
}

static void work(void *ctx)
{
	struct kr_sources *s = ctx;
	void *item;

	while (kr_queue_pop(s->due, -1, &item) > 0) {
		struct job *j = item;

		if (!atomic_load(&s->stopping))
			work_one(s, j->name);
		kr_sources__leave(s, j->source);
		free(j);
	}
}

/* ---- the clock ---- */

static bool give(struct kr_sources *s, const struct kr_source *src)
{
	struct job *j;

	if (!kr_sources__enter(s, src->id))
		return true;
	j = kr_xcalloc(1, sizeof(*j));
	j->source = src->id;
	snprintf(j->name, sizeof(j->name), "%.*s", KR_STR_ARG(src->name));
	if (kr_queue_push(s->due, j) == 0)
		return true;
	kr_sources__leave(s, src->id);
	free(j);
	return false;
}

struct look {
	struct kr_source *list;
	struct kr_source_state *states;
	bool *given; /* nothing is to be done for it now */
	size_t n;
	kr_time now;
};

static bool is_due(struct kr_sources *s, const struct kr_source *src,
		   const struct kr_source_state *st, kr_time now)
{
	bool running;

	if (src->disabled || !kr_source_runner_find(src->kind))
		return false;
	pthread_mutex_lock(&s->lock);
	running = is_running_locked(s, src->id);
	pthread_mutex_unlock(&s->lock);
	if (running)
		return false;
	/* A clock that was set back must not make it wait for long. */
	return is_hit(s, src->id) || st->next == KR_TIME_NONE || st->next <= now ||
	       st->next > now + 2 * KR_MAX(kr_source_interval(src), KR_DAY);
}

/* As many as there are workers; the longest due first. */
static void start_due(struct kr_sources *s, struct look *l)
{
	for (size_t i = 0; i < l->n; i++)
		l->given[i] = !is_due(s, &l->list[i], &l->states[i], l->now);
	while (kr_queue_count(s->due) < s->n_workers) {
		size_t best = l->n;

		for (size_t i = 0; i < l->n; i++)
			if (!l->given[i] &&
			    (best == l->n || l->states[i].next < l->states[best].next))
				best = i;
		if (best == l->n || !give(s, &l->list[best]))
			return;
		l->given[best] = true;
	}
}

/* Until the next source is due, at most a tick. */
static int wait_ms(const struct look *l)
{
	kr_time next = l->now + TICK_MS * 1000;

	for (size_t i = 0; i < l->n; i++)
		if (l->list[i].kind.n && !l->list[i].disabled && l->states[i].next > l->now)
			next = KR_MIN(next, l->states[i].next);
	return (int)((next - l->now) / 1000) + 1;
}

/* The newest report of a source; KR_TIME_NONE: there is none. */
static kr_time last_report(struct kr_sources *s, const struct kr_source *src, struct kr_arena *a)
{
	const struct kr_report_query q = {.source = src->name, .limit = 1};
	struct kr_report *r;
	size_t n;

	if (kr_store_report_list(kr_pipe_store(s->pipe), &KR_SCOPE_ALL, &q, a, &r, &n, NULL) || !n)
		return KR_TIME_NONE;
	return r->spooled;
}

/* The source is entered: nobody else writes its state. */
static void mark_silent(struct kr_sources *s, const struct kr_source *src, kr_time since,
			struct kr_arena *a)
{
	struct kr_store *store = kr_pipe_store(s->pipe);
	struct kr_source_state st;

	if (kr_store_source_state(store, src->id, a, &st, NULL))
		return;
	st.silent = since;
	if (!kr_store_source_state_put(store, &st, NULL) && since != KR_TIME_NONE)
		kr_log(KR_LOG_WARNING, "a source is silent", KR_S("source", src->name),
		       KR_I("hours", (kr_time_now() - since) / KR_HOUR));
}

static void look_silent(struct kr_sources *s, struct look *l, struct kr_arena *a)
{
	const struct kr_conf *conf = kr_net_conf(s->net);
	int64_t standard = conf->sources_silent_after;

	kr_conf_unref(conf);
	for (size_t i = 0; i < l->n; i++) {
		const struct kr_source *src = &l->list[i];
		const struct kr_source_state *st = &l->states[i];
		int64_t after = kr_source_silent_after(src, standard);
		kr_time last = last_report(s, src, a), since;
		bool silent;

		since = last == KR_TIME_NONE ? src->created : last;
		silent = after > 0 && !src->disabled && l->now - since > after;
		if (s->metrics)
			kr_metric_set(kr_sources__metric(
					      s, KR_METRIC_GAUGE, "karaula_source_silent",
					      "1 while nothing came from a source for too long.",
					      src->name),
				      silent);
		if (silent == (st->silent != KR_TIME_NONE) || !kr_sources__enter(s, src->id))
			continue;
		mark_silent(s, src, silent ? since : KR_TIME_NONE, a);
		kr_sources__leave(s, src->id);
	}
}

static void count_waiting(struct kr_sources *s, struct kr_arena *a)
{
	const struct kr_report_query q = {.state = KR_REPORT_SPOOLED, .limit = WAITING_MAX};
	struct kr_report *r;
	size_t n;

	if (!s->metrics ||
	    kr_store_report_list(kr_pipe_store(s->pipe), &KR_SCOPE_ALL, &q, a, &r, &n, NULL))
		return;
	kr_metric_set(kr_metric_get(s->metrics, KR_METRIC_GAUGE, "karaula_reports_waiting",
				    "Reports that are spooled and not taken yet.", NULL),
		      (int64_t)n);
}

static int look_read(struct kr_sources *s, struct look *l, struct kr_arena *a,
		     struct kr_fault *reterr)
{
	struct kr_store *store = kr_pipe_store(s->pipe);
	int err = kr_store_source_list(store, &KR_SCOPE_ALL, a, &l->list, &l->n, reterr);

	if (!err) {
		l->states = kr_arena_calloc(a, l->n + 1, sizeof(*l->states));
		l->given = kr_arena_calloc(a, l->n + 1, sizeof(*l->given));
	}
	if (!err && (!l->states || !l->given))
		err = kr_fault_set(reterr, -KR_ELIMIT, "too many sources");
	for (size_t i = 0; !err && i < l->n; i++)
		err = kr_store_source_state(store, l->list[i].id, a, &l->states[i], reterr);
	l->now = kr_time_now();
	return err;
}

static void watch_folders(struct kr_sources *s, const struct look *l)
{
	kr_watch_begin(s->watch);
	for (size_t i = 0; i < l->n; i++) {
		const struct kr_source *src = &l->list[i];
		const struct kr_source_runner *r = kr_source_runner_find(src->kind);

		if (r && r->watched && !src->disabled)
			kr_watch_add(s->watch, src->id, kr_source_url(src));
	}
	kr_watch_end(s->watch);
}

/* Returns how long to wait until the next look. */
static int look(struct kr_sources *s, struct kr_arena *a)
{
	struct look l = {0};

	kr_arena_clear(a);
	/* A store that cannot be read is told by those who need it. */
	if (look_read(s, &l, a, NULL))
		return TICK_MS;
	watch_folders(s, &l);
	if (kr_clock_us() - s->silence_us > SILENCE_US) {
		s->silence_us = kr_clock_us();
		for (size_t i = 0; i < l.n; i++) {
			kr_sources__show_success(s, l.list[i].name, l.states[i].ok);
			if (l.list[i].kind.n)
				kr_sources__count_failure(s, l.list[i].name, 0);
		}
		look_silent(s, &l, a);
	}
	start_due(s, &l);
	count_waiting(s, a);
	return wait_ms(&l);
}

static void folder_hit(void *ctx, uint32_t source)
{
	struct kr_sources *s = ctx;
	bool known = false;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n_hit; i++)
		known |= s->hit[i] == source;
	if (!known && s->n_hit < KR_ARRAY_LEN(s->hit))
		s->hit[s->n_hit++] = source;
	pthread_mutex_unlock(&s->lock);
}

/* Nobody watched the folders before. */
static void first_look(struct kr_sources *s, struct kr_arena *a)
{
	struct look l = {0};

	if (look_read(s, &l, a, NULL))
		return;
	for (size_t i = 0; i < l.n; i++) {
		const struct kr_source_runner *r = kr_source_runner_find(l.list[i].kind);

		if (r && r->watched)
			folder_hit(s, l.list[i].id);
	}
}

static void clock_run(void *ctx)
{
	struct kr_sources *s = ctx;
	struct kr_arena *a = kr_arena_new(ARENA_MAX);
	struct pollfd fds[] = {{.fd = s->wake, .events = POLLIN},
			       {.fd = kr_watch_fd(s->watch), .events = POLLIN}};
	uint64_t n;

	first_look(s, a);
	while (!atomic_load(&s->stopping)) {
		(void)!poll(fds, KR_ARRAY_LEN(fds), look(s, a));
		(void)!read(s->wake, &n, sizeof(n));
		kr_watch_read(s->watch, folder_hit, s);
	}
	kr_arena_free(a);
}

int kr_sources_start(struct kr_sources *s, struct kr_metrics *metrics, struct kr_fault *reterr)
{
	const struct kr_conf *conf = kr_net_conf(s->net);
	unsigned want = (unsigned)KR_MIN(conf->sources_fetches_max, (uint64_t)KR_WORKERS_MAX);
	int err = 0;

	kr_conf_unref(conf);
	s->metrics = metrics;
	s->silence_us = kr_clock_us() - SILENCE_US - 1;
	s->watch = kr_watch_new();
	s->due = kr_queue_new(KR_WORKERS_MAX);
	while (!err && s->n_workers < want) {
		err = kr_thread_start(&s->workers[s->n_workers], "source", work, s, reterr);
		s->n_workers += !err;
	}
	return err ? err : kr_thread_start(&s->clock, "sources", clock_run, s, reterr);
}

static bool join(struct kr_thread *t, const struct timespec *until)
{
	if (!t->running)
		return true;
	if (pthread_timedjoin_np(t->id, NULL, until) != 0)
		return false;
	t->running = false;
	return true;
}

bool kr_sources_stop(struct kr_sources *s, int timeout_ms)
{
	struct timespec until;
	bool done;
	void *item;

	if (!s || !s->due)
		return true;
	atomic_store(&s->stopping, true);
	wake(s);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += timeout_ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	done = join(&s->clock, &until);
	kr_queue_cancel(s->due);
	for (unsigned i = 0; i < s->n_workers; i++)
		done &= join(&s->workers[i], &until);
	while (done && (item = kr_queue_drain(s->due)))
		free(item);
	return done;
}
