/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a source: what it brought goes to its state, to the metrics and to the log. */
#include "pipe/schedule_internal.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/log.h"
#include "pipe/backoff.h"
#include "store/read.h"

#define BUSY_US (2 * KR_SECOND)

struct kr_metric *kr_sources__metric(struct kr_sources *s, enum kr_metric_type type,
				     const char *name, const char *help, struct kr_str source)
{
	char text[72];
	const char *labels[] = {"source", text, NULL};

	snprintf(text, sizeof(text), "%.*s", KR_STR_ARG(source));
	return kr_metric_get(s->metrics, type, name, help, labels);
}

void kr_sources__count_failure(struct kr_sources *s, struct kr_str source, int64_t n)
{
	if (s->metrics)
		kr_metric_add(kr_sources__metric(s, KR_METRIC_COUNTER, "karaula_source_failures",
						 "Runs of a source that failed.", source),
			      n);
}

void kr_sources__show_success(struct kr_sources *s, struct kr_str source, kr_time ok)
{
	if (s->metrics && ok != KR_TIME_NONE)
		kr_metric_set(kr_sources__metric(s, KR_METRIC_GAUGE,
						 "karaula_source_last_success_timestamp_seconds",
						 "When a source ran without an error last.",
						 source),
			      ok / KR_SECOND);
}

static uint64_t dice(void)
{
	uint64_t r;

	kr_random(&r, sizeof(r));
	return r;
}

static void note_success(struct kr_sources *s, struct kr_fetch *f, bool tell)
{
	struct kr_source_state *st = f->state;

	if (st->failures && tell)
		kr_log(KR_LOG_NOTICE, "a source works again", KR_S("source", f->source->name),
		       KR_U("failures", st->failures));
	if ((f->reports || f->failed) && tell)
		kr_log(KR_LOG_INFO, "a source was run", KR_S("source", f->source->name),
		       KR_U("reports", f->reports), KR_U("records", f->records),
		       KR_U("not_taken", f->failed));
	st->ok = kr_time_now();
	st->failures = 0;
	st->error = KR_STR_NULL;
	if (f->reports)
		st->silent = KR_TIME_NONE;
	st->next = st->ok + (f->again_us
				     ? f->again_us
				     : kr_backoff_regular(kr_source_interval(f->source), dice()));
	kr_sources__show_success(s, f->source->name, st->ok);
}

static void note_failure(struct kr_sources *s, struct kr_fetch *f, const struct kr_fault *fault,
			 bool tell)
{
	const struct kr_conf *conf = kr_net_conf(s->net);
	struct kr_source_state *st = f->state;
	int64_t interval = kr_source_interval(f->source);
	char text[700];
	struct kr_str error;

	kr_fault_text(fault, text, sizeof(text));
	error = kr_arena_dup(f->arena, kr_str_c(text));
	/* The same trouble again is in the state and in the metrics. */
	if (tell && !kr_str_eq(error, st->error))
		kr_log(KR_LOG_WARNING, "a source failed", KR_S("source", f->source->name),
		       KR_FAULT(fault));
	st->error = error;
	if (st->failures < UINT32_MAX)
		st->failures++;
	st->next = kr_time_now() + kr_backoff_failed(interval, st->failures,
						     KR_MAX(interval, conf->sources_backoff_max),
						     f->retry_after_us, dice());
	kr_conf_unref(conf);
	kr_sources__count_failure(s, f->source->name, 1);
}

/* Was the source changed while it ran? Then what the run remembers is about another one. */
static bool was_changed(struct kr_sources *s, const struct kr_source *src, struct kr_arena *a)
{
	struct kr_source now;

	return kr_store_source_get(kr_pipe_store(s->pipe), src->name, a, &now, NULL) ||
	       now.revision != src->revision;
}

static int finish(struct kr_sources *s, struct kr_fetch *f, int err, struct kr_fault *fault,
		  bool tell, struct kr_fault *reterr)
{
	struct kr_source_state *st = f->state;
	int bad;

	if (err == -KR_ECANCEL)
		return err;
	/* Another thread finishes the report, from before a crash say: soon it is known. */
	if (err == -KR_EBUSY)
		st->next = kr_time_now() + BUSY_US;
	else if (err)
		note_failure(s, f, fault, tell);
	else
		note_success(s, f, tell);
	if (was_changed(s, f->source, f->arena)) {
		st->etag = st->modified = st->cursor = KR_STR_NULL;
		st->next = KR_TIME_NONE;
	}
	bad = kr_fetch__remember(f, err ? NULL : reterr);
	return err ? err : bad;
}

int kr_sources__run(struct kr_sources *s, const struct kr_source *src, struct kr_fetch *f,
		    bool tell, struct kr_fault *reterr)
{
	const struct kr_source_runner *runner = kr_source_runner_find(src->kind);
	struct kr_source_state *state = kr_arena_alloc(f->arena, sizeof(*state));
	struct kr_fault fault = {0};
	int err = state ? kr_store_source_state(kr_pipe_store(s->pipe), src->id, f->arena, state,
						reterr)
			: kr_fault_set(reterr, -KR_ELIMIT, "the state of a source is too large");

	if (err)
		return err;
	f->pipe = s->pipe;
	f->net = s->net;
	f->source = src;
	f->state = state;
	state->tried = kr_time_now();
	kr_sources__drop_hit(s, src->id);
	err = runner->run(f, &fault);
	if (err && reterr)
		*reterr = fault;
	return finish(s, f, err, &fault, tell, reterr);
}

static int no_runner(const struct kr_source *src, struct kr_fault *reterr)
{
	if (kr_source_runner_find(src->kind))
		return 0;
	kr_fault_set(reterr, -KR_EINVAL, "the source '%.*s' does not run by itself",
		     KR_STR_ARG(src->name));
	kr_fault_remedy(reterr, "give it a kind: karaula source edit %.*s --kind http --url ...",
			KR_STR_ARG(src->name));
	return -KR_EINVAL;
}

int kr_sources_run(struct kr_sources *s, struct kr_str name, bool (*cancelled)(void *ctx),
		   void *ctx, struct kr_arena *a, struct kr_sources_result *ret,
		   struct kr_fault *reterr)
{
	struct kr_fetch f = {.arena = a, .cancelled = cancelled, .ctx = ctx};
	struct kr_source src;
	int err = kr_store_source_get(kr_pipe_store(s->pipe), name, a, &src, reterr);

	if (!err)
		err = no_runner(&src, reterr);
	if (err)
		return err;
	if (!kr_sources__enter(s, src.id))
		return kr_fault_set(reterr, -KR_EBUSY, "the source '%.*s' is running just now",
				    KR_STR_ARG(name));
	err = kr_sources__run(s, &src, &f, false, reterr);
	kr_sources__leave(s, src.id);
	*ret = (struct kr_sources_result){.reports = f.reports,
					  .known = f.known,
					  .failed = f.failed,
					  .records = f.records,
					  .problem = f.problem,
					  .next = src.disabled || !f.state ? KR_TIME_NONE
									   : f.state->next};
	return err;
}

int kr_sources_sample(struct kr_sources *s, const struct kr_source *src,
		      bool (*cancelled)(void *ctx), void *ctx, struct kr_arena *a, int *ret_fd,
		      struct kr_str *ret_name, struct kr_fault *reterr)
{
	struct kr_source_state state;
	struct kr_fetch f = {.pipe = s->pipe,
			     .net = s->net,
			     .source = src,
			     .state = &state,
			     .arena = a,
			     .cancelled = cancelled,
			     .ctx = ctx};
	int err = no_runner(src, reterr);

	if (!err)
		err = kr_store_source_state(kr_pipe_store(s->pipe), src->id, a, &state, reterr);
	return err ? err : kr_source_runner_find(src->kind)->sample(&f, ret_fd, ret_name, reterr);
}
