/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * For each member of a file the first bytes tell the format, if nobody said it. That names the
 * source if nobody named one, and the source has the retention class under which the bytes are
 * spooled. When they are synced the report is acknowledged in the store; from there on a crash
 * loses nothing, and resuming is the same as taking. What cannot be read (no format, no mapping) is
 * kept as well, in quarantine.
 */
#include "pipe/take_internal.h"

#include "base/input.h"

#include <stdio.h>
#include <stdlib.h>

#define HEAD_MIN KR_TAKE__HEAD
#define CHUNK	 ((size_t)256 << 10)

/* One file that is being taken. */
struct taking {
	struct kr_pipe *p;
	const struct kr_take_opts *opts;
	struct kr_arena *arena; /* of one report */
	struct kr_input *in;
	char *chunk;
	size_t n; /* bytes in chunk: the head of the report */
	struct kr_str name;
	struct kr_take__choice choice;
	struct kr_take_result result;
};

static bool cancelled(const struct kr_take_opts *o)
{
	return o->cancelled && o->cancelled(o->ctx);
}

/* Mapping, or the reason why there is none. Errors of the store only. */
static int mapping_find(struct kr_take__job *job, struct kr_str asked, struct kr_arena *arena,
			struct kr_fault *reterr)
{
	struct kr_fault fault = {0};
	char text[700];
	int err;

	if (!job->codec) {
		job->quarantine = KR_STR("the format is not known (give it: karaula take --again "
					 "REPORT --format NAME)");
		return 0;
	}
	if (!(job->codec->caps & KR_CODEC_MAPPING))
		return 0;
	/* What was begun under a mapping is finished under it, or its batches would not fit
	 * together. */
	job->mapping_id = job->again ? 0 : job->report.mapping;
	err = job->mapping_id ? kr_desk_mapping_get(kr_pipe_mappings(job->p), job->mapping_id,
						    &job->mapping, &fault)
			      : kr_desk_mapping_for(kr_pipe_mappings(job->p), job->codec, asked,
						    job->report.name, &job->mapping,
						    &job->mapping_id, &fault);
	if (err == -KR_EMAPPING && !asked.n && (job->codec->caps & KR_CODEC_OWN_NAMES))
		return 0;
	if (err == -KR_EMAPPING) {
		kr_fault_text(&fault, text, sizeof(text));
		job->quarantine = kr_arena_dup(arena, kr_str_c(text));
		return 0;
	}
	if (err && reterr)
		*reterr = fault;
	return err;
}

static int decide(struct taking *t, struct kr_fault *reterr)
{
	struct kr_str head = kr_str_n(t->chunk, KR_MIN(t->n, HEAD_MIN));
	int err = kr_take__choose(t->p, t->opts, head, t->name, t->arena, &t->choice, reterr);

	if (err)
		return err;
	t->result.source = t->choice.source.name;
	t->result.format = t->choice.codec ? kr_str_c(t->choice.codec->name) : KR_STR("");
	t->result.source_made = t->choice.source_made;
	t->result.source_assumed = t->choice.source_assumed;
	return 0;
}

/* Fill the head of the report; more may follow in the input. */
static int head_read(struct taking *t, struct kr_fault *reterr)
{
	t->n = 0;
	while (t->n < HEAD_MIN) {
		ptrdiff_t n = kr_input_read(t->in, t->chunk + t->n, CHUNK - t->n, reterr);

		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		t->n += (size_t)n;
	}
	return 0;
}

/* All bytes of the member into the spool: on disk when this returns. */
static int spool(struct taking *t, struct kr_spooled *ret, struct kr_fault *reterr)
{
	struct kr_spool_writer *w;
	ptrdiff_t n = (ptrdiff_t)t->n;
	int err = kr_spool_begin(kr_pipe_store(t->p), t->choice.source.retention, &w, reterr);

	if (err)
		return err;
	while (!err && n > 0) {
		err = kr_spool_add(w, t->chunk, (size_t)n, reterr);
		if (!err) {
			n = kr_input_read(t->in, t->chunk, CHUNK, reterr);
			err = n < 0 ? (int)n : 0;
		}
		/* Asked after the end too: whoever hung up has not sent all of it. */
		if (!err && cancelled(t->opts))
			err = kr_fault_set(reterr, -KR_ECANCEL,
					   "stopped before the report was kept");
	}
	if (err) {
		kr_spool_abort(w);
		return err;
	}
	return kr_spool_end(w, ret, reterr);
}

static void tell(const struct kr_take_opts *o, const struct kr_take_result *r)
{
	if (o->done)
		o->done(o->ctx, r);
}

/* Take a report that is in the store; what the result says of the source is there already. */
static int job_run(struct kr_take__job *job, struct kr_str mapping, struct kr_arena *arena,
		   struct kr_take_result *r, struct kr_fault *reterr)
{
	int err = mapping_find(job, mapping, arena, reterr);

	if (!err && job->quarantine.n && job->again && job->report.state == KR_REPORT_TAKEN) {
		/* Its rows are better than none. */
		err = kr_fault_set(reterr, -KR_EMAPPING, "report %llu stays as it is: %.*s",
				   (unsigned long long)job->report.id, KR_STR_ARG(job->quarantine));
	}
	if (!err)
		err = kr_take__run(job, arena, r, reterr);
	kr_mapping_unref(job->mapping);
	if (err)
		return err;
	kr_pipe__count(job->p, job->report.source, &r->taken);
	r->report = job->report.id;
	r->name = job->report.name;
	r->bytes = job->report.bytes;
	tell(job->opts, r);
	return 0;
}

static int report_take(struct taking *t, const struct kr_spooled *spooled, struct kr_fault *reterr)
{
	const struct kr_report_new fresh = {
		.source = t->choice.source.id,
		.name = t->name,
		.format = t->choice.codec ? kr_str_c(t->choice.codec->name) : KR_STR(""),
		.snapshot = t->choice.codec && (t->choice.codec->caps & KR_CODEC_SNAPSHOT),
		.observed = t->opts->observed,
	};
	struct kr_store *s = kr_pipe_store(t->p);
	struct kr_take__job job = {
		.p = t->p, .opts = t->opts, .codec = t->choice.codec, .tlp = t->choice.source.tlp};
	uint64_t id;
	int known = kr_store_report_add(s, &fresh, spooled, &id, reterr), err;

	if (known < 0)
		return known;
	err = kr_store_report_get(s, &KR_SCOPE_ALL, id, t->arena, &job.report, reterr);
	if (err)
		return err;
	if (known && job.report.state == KR_REPORT_TAKEN) {
		t->result.known = true;
		t->result.report = id;
		t->result.name = job.report.name;
		t->result.state = job.report.state;
		t->result.bytes = job.report.bytes;
		tell(t->opts, &t->result);
		return 0;
	}
	job.again = known && job.report.state == KR_REPORT_REFUSED;
	return job_run(&job, t->opts->mapping.n ? t->opts->mapping : t->choice.source.mapping,
		       t->arena, &t->result, reterr);
}

static int member_take(struct taking *t, struct kr_str member, struct kr_fault *reterr)
{
	struct kr_spooled spooled;
	int err;

	kr_arena_clear(t->arena);
	t->result = (struct kr_take_result){0};
	t->name = kr_arena_dup(t->arena, t->opts->report.n ? t->opts->report : member);
	err = head_read(t, reterr);
	if (!err)
		err = decide(t, reterr);
	if (!err)
		err = spool(t, &spooled, reterr);
	return err ? err : report_take(t, &spooled, reterr);
}

int kr_take_file(struct kr_pipe *p, int fd, const char *name, const struct kr_take_opts *opts,
		 struct kr_fault *reterr)
{
	struct kr_pipe_limits l = kr_pipe_limits(p);
	const struct kr_input_limits limits = {
		.bytes_max = l.input_max, .ratio_max = l.ratio_max, .members_max = l.members_max};
	struct taking t = {.p = p, .opts = opts};
	struct kr_str member;
	int err = kr_input_open(fd, name, &limits, &t.in, reterr), more;

	if (err)
		return err;
	t.arena = kr_arena_new((size_t)64 << 20);
	t.chunk = kr_xmalloc(CHUNK);
	while (!err && (more = kr_input_member(t.in, &member, reterr)) != 0) {
		err = more < 0 ? more : member_take(&t, member, reterr);
		if (err && reterr && !reterr->where[0])
			kr_fault_where(reterr, "%s", name);
	}
	free(t.chunk);
	kr_arena_free(t.arena);
	kr_input_free(t.in);
	return err;
}

/* The source of a report, by its name; a removed one still labels its events. */
static int source_of(struct kr_pipe *p, const struct kr_report *r, struct kr_arena *a,
		     struct kr_source *ret, struct kr_fault *reterr)
{
	int err = kr_store_source_get(kr_pipe_store(p), r->source, a, ret, reterr);

	if (err == -KR_ENOENT) {
		*ret = (struct kr_source){.name = r->source, .tlp = KR_TLP_AMBER};
		err = 0;
	}
	return err;
}

/* Format of a stored report: as asked; again, as its source says; as it was taken; else by its
 * first bytes. */
static int codec_again(struct kr_pipe *p, const struct kr_report *r, const struct kr_source *src,
		       struct kr_str asked, bool again, const struct kr_codec **ret,
		       struct kr_fault *reterr)
{
	struct kr_str said = again && src->format.n ? src->format : r->format;
	struct kr_str name = asked.n ? asked : said;
	KR_AUTO_BUF frame = KR_BUF(2 * KR_FRAME_BYTES);
	struct kr_spool_reader *reader;
	int err;

	*ret = NULL;
	if (name.n)
		return kr_take__codec(name, ret, reterr);
	err = kr_spool_open(kr_pipe_store(p), r->class_, r->day, &r->hash, &reader, reterr);
	if (err)
		return err;
	err = kr_spool_frame(reader, &frame, reterr);
	kr_spool_reader_free(reader);
	if (err > 0)
		*ret = kr_codec_sniff(kr_str_first(kr_buf_str(&frame), HEAD_MIN), r->name);
	if (err >= 0 && !*ret)
		*ret = kr_desk_mapping_codec(kr_pipe_mappings(p), r->name);
	return err < 0 ? err : 0;
}

/* Rows of a report that is taken again may become others: that is told. */
static int note_again(struct kr_pipe *p, const struct kr_take__job *job, struct kr_fault *reterr)
{
	char id[24];

	snprintf(id, sizeof(id), "%llu", (unsigned long long)job->report.id);
	return kr_store_audit_add(kr_pipe_store(p), job->opts->by ? job->opts->by : KR_BY_NODE,
				  "report.again", kr_str_c(id), job->report.name, reterr);
}

static int stored_take(struct kr_pipe *p, uint64_t id, bool again, const struct kr_take_opts *opts,
		       struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_take__job job = {.p = p, .opts = opts};
	struct kr_take_result r = {0};
	struct kr_source src;
	int err = kr_store_report_get(kr_pipe_store(p), &KR_SCOPE_ALL, id, a, &job.report, reterr);

	if (!err)
		err = source_of(p, &job.report, a, &src, reterr);
	if (!err)
		err = codec_again(p, &job.report, &src, opts->format, again, &job.codec, reterr);
	if (err)
		return err;
	/* A report that was never finished has its batches in the ledger: those are kept. */
	job.again = again && job.report.state != KR_REPORT_SPOOLED;
	job.tlp = src.tlp;
	if (job.again)
		err = note_again(p, &job, reterr);
	if (err)
		return err;
	r.source = src.name;
	r.format = job.codec ? kr_str_c(job.codec->name) : KR_STR("");
	return job_run(&job, opts->mapping.n ? opts->mapping : src.mapping, a, &r, reterr);
}

int kr_take_again(struct kr_pipe *p, uint64_t report, const struct kr_take_opts *opts,
		  struct kr_fault *reterr)
{
	return stored_take(p, report, true, opts, reterr);
}

/* Ids of reports, oldest first: all of a source, or all in a state. Freed by the caller. */
static int ids_list(struct kr_pipe *p, struct kr_str source, enum kr_report_state state,
		    uint64_t **ret, size_t *ret_n, struct kr_fault *reterr)
{
	struct kr_report_query q = {.source = source, .state = state, .limit = 1000};
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	uint64_t *ids = NULL;
	size_t n = 0, got = 0;
	int err;

	do {
		struct kr_report *rows;

		kr_arena_clear(a);
		err = kr_store_report_list(kr_pipe_store(p), &KR_SCOPE_ALL, &q, a, &rows, &got,
					   reterr);
		if (err) {
			free(ids);
			return err;
		}
		ids = kr_xrealloc(ids, (n + got + 1) * sizeof(*ids));
		for (size_t i = 0; i < got; i++)
			if (rows[i].state != KR_REPORT_DROPPED)
				ids[n++] = rows[i].id;
		q.before = got ? rows[got - 1].id : 0;
	} while (got == q.limit);
	for (size_t i = 0; i < n / 2; i++) {
		uint64_t swap = ids[i];

		ids[i] = ids[n - 1 - i];
		ids[n - 1 - i] = swap;
	}
	*ret = ids;
	*ret_n = n;
	return 0;
}

int kr_take_source_again(struct kr_pipe *p, struct kr_str source, const struct kr_take_opts *opts,
			 struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_source src;
	uint64_t *ids = NULL;
	size_t n = 0;
	int err = kr_store_source_get(kr_pipe_store(p), source, a, &src, reterr);

	if (!err)
		err = ids_list(p, source, 0, &ids, &n, reterr);
	for (size_t i = 0; !err && i < n; i++)
		err = stored_take(p, ids[i], true, opts, reterr);
	free(ids);
	return err;
}

int kr_take_resume(struct kr_pipe *p, const struct kr_take_opts *opts, struct kr_fault *reterr)
{
	uint64_t *ids = NULL;
	size_t n = 0;
	int err = ids_list(p, KR_STR(""), KR_REPORT_SPOOLED, &ids, &n, reterr);

	for (size_t i = 0; !err && i < n; i++) {
		err = stored_take(p, ids[i], false, opts, reterr);
		/* Another thread is at it: then it needs no resuming. */
		if (err == -KR_EBUSY)
			err = 0;
	}
	free(ids);
	return err ? err : (int)KR_MIN(n, (size_t)INT32_MAX);
}
