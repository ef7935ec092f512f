/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 *     worker:  free ──▶ frame, codec, stages ──▶ full
 *     caller:  full ──▶ store ──▶ free
 *
 * Two portions go round, each owned by one thread at a time, so memory has the same bound for a
 * report of any size and a slow disk slows the decoding. Batches that the ledger has from before a
 * crash are decoded, since a codec must see every byte, and thrown away. When the caller stops
 * (cancel, or the store fails) it closes the queue of free portions, and the worker ends at the
 * next batch.
 */
#include "pipe/take_internal.h"

#include "base/thread.h"

#define PORTIONS 2

struct work {
	const struct kr_take__job *job;
	struct kr_arena *arena; /* takes the notes */
	struct kr_take_result *ret;
	struct kr_feed *feed;
	struct kr_taking *taking;
	struct kr_portion portions[PORTIONS];
	struct kr_queue *full, *empty;
	/* Set by the worker before it closes `full`, read by the caller after that. */
	int err;
	struct kr_fault fault;
};

static void work_thread(void *ctx)
{
	struct work *w = ctx;
	int more = 1, err = 0;
	void *item;

	while (more > 0 && kr_queue_pop(w->empty, -1, &item) > 0) {
		struct kr_portion *p = item;

		more = kr_feed_next(w->feed, p, &w->fault);
		if (more == 0 || (more < 0 && !p->batch->n && !p->batch->refused))
			break;
		p->done = kr_store_batch_done(w->taking, p->n);
		err = p->done ? 0 : kr_feed_stages(w->feed, p, more < 0 ? NULL : &w->fault);
		if (err)
			break;
		/* There is room for all portions that exist. */
		err = kr_queue_push(w->full, p);
		if (err)
			break;
	}
	w->err = more < 0 ? more : err;
	kr_queue_close(w->full);
}

static bool cancelled(const struct kr_take_opts *o)
{
	return o->cancelled && o->cancelled(o->ctx);
}

static void add_notes(struct work *w, const struct kr_batch *b)
{
	struct kr_take_result *r = w->ret;

	if (b->n_notes && !r->notes)
		r->notes = kr_arena_calloc(w->arena, KR_BATCH_NOTES_MAX, sizeof(*r->notes));
	for (size_t i = 0; r->notes && i < b->n_notes && r->n_notes < KR_BATCH_NOTES_MAX; i++) {
		r->notes[r->n_notes] = kr_arena_dup(w->arena, b->notes[i]);
		r->n_notes += r->notes[r->n_notes].p != NULL;
	}
}

/* Store what the worker hands over, until it ends. */
static int store_all(struct work *w, struct kr_fault *reterr)
{
	int err = 0;
	void *item;

	while (kr_queue_pop(w->full, -1, &item) > 0) {
		struct kr_portion *p = item;

		if (!err && cancelled(w->job->opts))
			err = kr_fault_set(
				reterr, -KR_ECANCEL,
				"stopped; the rest of the report is taken at the next start");
		add_notes(w, p->batch);
		if (!err && !p->done)
			err = kr_store_batch(w->taking, p->n, p->batch, reterr);
		if (!err)
			err = kr_queue_push(w->empty, p);
		if (err)
			kr_queue_cancel(w->empty);
	}
	return err;
}

/* An empty batch still counts as taken; returns 0, or the store's error. */
static int carry(struct work *w, struct kr_fault *reterr)
{
	struct kr_thread thread = {0};
	int err = 0;

	w->full = kr_queue_new(PORTIONS);
	w->empty = kr_queue_new(PORTIONS);
	for (int i = 0; i < PORTIONS; i++) {
		kr_portion_init(&w->portions[i]);
		if (!err)
			err = kr_queue_push(w->empty, &w->portions[i]);
	}
	if (!err)
		err = kr_thread_start(&thread, "take", work_thread, w, reterr);
	if (!err) {
		err = store_all(w, reterr);
		kr_thread_join(&thread);
	}
	for (int i = 0; i < PORTIONS; i++)
		kr_portion_done(&w->portions[i]);
	kr_queue_free(w->full);
	kr_queue_free(w->empty);
	return err;
}

static struct kr_str fault_reason(const struct kr_fault *f, struct kr_arena *arena)
{
	char text[700];

	return kr_arena_dup(arena, kr_str_c(kr_fault_text(f, text, sizeof(text))));
}

/* Errors that are about the report, not about us: it keeps its place and its reason. */
static bool about_report(int err, enum kr_report_state *ret)
{
	switch (err) {
	case -KR_EMAPPING:
	case -KR_EFORMAT: *ret = KR_REPORT_QUARANTINED; return true;
	case -KR_EREFUSED:
	case -KR_ELIMIT:
	case -KR_EINVAL:
	case -KR_ESYNTAX: *ret = KR_REPORT_REFUSED; return true;
	default: return false;
	}
}

static int end(struct work *w, struct kr_arena *arena, struct kr_take_result *ret,
	       struct kr_fault *reterr)
{
	ret->state = KR_REPORT_TAKEN;
	if (w->err && !about_report(w->err, &ret->state)) {
		kr_store_take_abort(w->taking);
		if (reterr)
			*reterr = w->fault;
		return w->err;
	}
	if (w->err)
		ret->reason = fault_reason(&w->fault, arena);
	return kr_store_take_end(w->taking, ret->state, ret->reason, &ret->taken, reterr);
}

static int quarantine(const struct kr_take__job *job, const struct kr_reparse *reparse,
		      struct kr_take_result *ret, struct kr_fault *reterr)
{
	struct kr_taking *taking;
	int err = kr_store_take_begin(kr_pipe_store(job->p), job->report.id, job->again,
				      job->codec ? kr_str_c(job->codec->name) : KR_STR_NULL, 0,
				      reparse, &taking, reterr);

	if (err)
		return err;
	ret->state = KR_REPORT_QUARANTINED;
	ret->reason = job->quarantine;
	return kr_store_take_end(taking, ret->state, ret->reason, &ret->taken, reterr);
}

static int begin(struct work *w, const struct kr_reparse *reparse, struct kr_fault *reterr)
{
	const struct kr_take__job *job = w->job;
	int err = kr_store_take_begin(kr_pipe_store(job->p), job->report.id, job->again,
				      kr_str_c(job->codec->name), job->mapping_id, reparse,
				      &w->taking, reterr);

	if (err)
		return err;
	w->err = kr_feed_open(job->p, &job->report, job->codec, job->mapping, job->tlp, &w->feed,
			      &w->fault);
	return 0;
}

int kr_take__run(const struct kr_take__job *job, struct kr_arena *arena, struct kr_take_result *ret,
		 struct kr_fault *reterr)
{
	struct work w = {.job = job, .arena = arena, .ret = ret};
	struct kr_reparse reparse = {.event = kr_take__reparse,
				     .ctx = kr_take__reparser_new(job->p, job->tlp)};
	int64_t start = kr_clock_us();
	int err;

	if (job->quarantine.n)
		err = quarantine(job, &reparse, ret, reterr);
	else
		err = begin(&w, &reparse, reterr);
	kr_take__reparser_free(reparse.ctx);
	if (!err && !job->quarantine.n) {
		err = w.feed ? carry(&w, reterr) : 0;
		if (err)
			kr_store_take_abort(w.taking);
		else
			err = end(&w, arena, ret, reterr);
	}
	kr_feed_free(w.feed);
	ret->ms = (uint64_t)(kr_clock_us() - start) / 1000;
	return err;
}
