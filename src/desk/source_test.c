/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the sample's bytes come from a file, decompressed on the way (of an archive its
 * first member), or frame by frame from the spool. Source, format and mapping are chosen as taking
 * chooses them, the codec is fed, and what it hands out goes to the caller: nothing is enriched,
 * keyed or stored.
 */
#include "desk/source.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/read.h"
#include "store/spool.h"

#define HEAD  ((size_t)4 << 10) /* bytes a format is recognised by */
#define CHUNK ((size_t)256 << 10)
#define ARENA ((size_t)64 << 20)

struct test {
	struct kr_store *s;
	struct kr_desk_mappings *mappings;
	const struct kr_desk_sample *sample;
	struct kr_arena *a;
	struct kr_desk_tested *ret;
	struct kr_source source;
	struct kr_input *in; /* one of these two */
	struct kr_spool_reader *spool;
	struct kr_buf chunk; /* bytes read last */
	bool stop;	     /* the caller has seen enough */
	const struct kr_codec *codec;
	struct kr_mapping *mapping;
};

/* ---- bytes ---- */

static int open_newest(struct test *t, struct kr_fault *reterr)
{
	struct kr_report_query q = {.source = t->sample->source, .limit = 1};
	struct kr_report *r;
	size_t n;
	int err = kr_store_report_list(t->s, &KR_SCOPE_ALL, &q, t->a, &r, &n, reterr);

	if (err)
		return err;
	if (!n) {
		kr_fault_set(reterr, -KR_ENOENT, "source '%.*s' has no report yet",
			     KR_STR_ARG(q.source));
		kr_fault_remedy(reterr, "name a sample: karaula source test %.*s FILE",
				KR_STR_ARG(q.source));
		return -KR_ENOENT;
	}
	if (!t->ret->report.n)
		t->ret->report = r->name;
	return kr_spool_open(t->s, r->class_, r->day, &r->hash, &t->spool, reterr);
}

static int open_file(struct test *t, struct kr_fault *reterr)
{
	char name[256];
	struct kr_str member;
	int err;

	snprintf(name, sizeof(name), "%.*s", KR_STR_ARG(t->sample->report));
	err = kr_input_open(t->sample->fd, name, &t->sample->input, &t->in, reterr);
	if (err)
		return err;
	err = kr_input_member(t->in, &member, reterr);
	if (err == 0)
		return kr_fault_set(reterr, -KR_EFORMAT, "there is no file in this archive");
	if (err > 0)
		t->ret->report = kr_arena_dup(t->a, member);
	return err > 0 ? 0 : err;
}

/* Read more into the chunk. Returns 1, 0 at the end, or an error. */
static int more(struct test *t, struct kr_fault *reterr)
{
	ptrdiff_t n;

	if (t->ret->bytes >= t->sample->bytes_max) {
		t->ret->cut = true;
		return 0;
	}
	if (t->spool) {
		n = kr_spool_frame(t->spool, &t->chunk, reterr);
	} else {
		kr_buf_clear(&t->chunk);
		if (!kr_buf_room(&t->chunk, CHUNK))
			return kr_fault_set(reterr, -KR_ELIMIT, "no memory for the sample");
		/* The first piece must hold enough to recognise a format. */
		do {
			n = kr_input_read(t->in, t->chunk.p + t->chunk.n, CHUNK - t->chunk.n,
					  reterr);
			if (n > 0)
				t->chunk.n += (size_t)n;
		} while (n > 0 && t->chunk.n < HEAD);
		if (n == 0)
			n = t->chunk.n > 0;
	}
	t->ret->bytes += n > 0 ? t->chunk.n : 0;
	return n < 0 ? (int)n : n > 0;
}

/* ---- choosing ---- */

/* Errors that taking answers with quarantine or refusal are the result of the test. */
static int problem(struct test *t, int err, struct kr_fault *f)
{
	switch (err) {
	case -KR_EMAPPING:
	case -KR_EFORMAT:
	case -KR_EREFUSED:
	case -KR_ELIMIT: t->ret->problem = *f; return 0;
	default: return err;
	}
}

static void choose_format(struct test *t)
{
	struct kr_str asked = t->sample->format.n ? t->sample->format : t->source.format;
	struct kr_fault *f = &t->ret->problem;

	if (asked.n) {
		t->codec = kr_codec_find(asked);
		if (!t->codec || !(t->codec->caps & KR_CODEC_READ)) {
			t->codec = NULL;
			kr_fault_set(f, -KR_EFORMAT, "format '%.*s' cannot be read",
				     KR_STR_ARG(asked));
		}
	} else {
		t->codec = kr_codec_sniff(kr_str_first(kr_buf_str(&t->chunk), HEAD),
					  t->ret->report);
		if (!t->codec)
			t->codec = kr_desk_mapping_codec(t->mappings, t->ret->report);
		t->ret->detected = t->codec != NULL;
		if (!t->codec) {
			kr_fault_set(f, -KR_EFORMAT,
				     "the format is known neither by content nor by a mapping for "
				     "this name");
			kr_fault_remedy(f, "name it: --format NAME");
		}
	}
	if (t->codec)
		t->ret->format = kr_str_c(t->codec->name);
}

static int choose_mapping(struct test *t, struct kr_fault *reterr)
{
	struct kr_str asked = t->sample->mapping.n ? t->sample->mapping : t->source.mapping;
	struct kr_mapping_row *rows;
	struct kr_fault f = {0};
	uint32_t id;
	size_t n;
	int err;

	if (!(t->codec->caps & KR_CODEC_MAPPING))
		return 0;
	err = kr_desk_mapping_for(t->mappings, t->codec, asked, t->ret->report, &t->mapping, &id,
				  &f);
	if (err == -KR_EMAPPING && !asked.n && (t->codec->caps & KR_CODEC_OWN_NAMES))
		return 0;
	if (err) {
		err = problem(t, err, &f);
		if (err && reterr)
			*reterr = f;
		return err;
	}
	err = kr_store_mapping_list(t->s, t->a, &rows, &n, reterr);
	for (size_t i = 0; !err && i < n; i++)
		if (rows[i].id == id) {
			t->ret->mapping = rows[i].name;
			t->ret->mapping_version = rows[i].version;
		}
	return err;
}

/* ---- running ---- */

static void add_notes(struct test *t, const struct kr_batch *b)
{
	for (size_t i = 0; i < b->n_notes && t->ret->n_notes < KR_BATCH_NOTES_MAX; i++)
		t->ret->notes[t->ret->n_notes++] = kr_arena_dup(t->a, b->notes[i]);
}

static void hand_out(struct test *t, struct kr_batch *b)
{
	const struct kr_desk_sample *o = t->sample;

	add_notes(t, b);
	t->ret->events += b->n;
	t->ret->refused += b->refused;
	t->ret->warnings += b->warnings;
	for (size_t i = 0; i < b->n && !t->stop && o->event; i++)
		t->stop = !o->event(o->ctx, b->events[i]);
	for (size_t i = 0; i < b->n_refusals && !t->stop && o->refused; i++)
		t->stop = !o->refused(o->ctx, &b->refusals[i]);
	kr_batch_clear(b);
}

static int run(struct test *t, struct kr_fault *reterr)
{
	struct kr_codec_opts opts = t->sample->limits;
	KR_AUTO(kr_batch) *b = kr_batch_new(ARENA);
	struct kr_codec_state *state;
	struct kr_fault f = {0};
	int err, left = 1;

	opts.mapping = t->mapping;
	opts.report = t->ret->report;
	err = t->codec->open(&opts, &state, &f);
	if (err) {
		err = problem(t, err, &f);
		if (err && reterr)
			*reterr = f;
		return err;
	}
	while (!err && left > 0 && !t->stop) {
		err = t->codec->feed(state, kr_buf_str(&t->chunk), b, &f);
		hand_out(t, b);
		if (err)
			break;
		left = more(t, &f);
		err = left < 0 ? left : 0;
	}
	if (!err && !t->stop && !t->ret->cut) {
		err = t->codec->finish(state, b, &f);
		hand_out(t, b);
	}
	t->codec->close(state);
	t->ret->cut |= t->stop;
	/* A limit of the input itself is met in reading, and would refuse the report as well. */
	if (err)
		err = problem(t, err, &f);
	if (err && reterr)
		*reterr = f;
	return err;
}

static int prepare(struct test *t, struct kr_fault *reterr)
{
	struct kr_fault f = {0};
	int err = t->sample->source.n
			  ? kr_store_source_get(t->s, t->sample->source, t->a, &t->source, &f)
			  : -KR_ENOENT;

	t->ret->source_known = err == 0;
	if (err && (err != -KR_ENOENT || t->sample->fd < 0)) {
		if (reterr)
			*reterr = f;
		return err;
	}
	t->ret->report = t->sample->report;
	t->ret->notes = kr_arena_calloc(t->a, KR_BATCH_NOTES_MAX, sizeof(*t->ret->notes));
	if (!t->ret->notes)
		return kr_fault_set(reterr, -KR_ELIMIT, "no memory for the test");
	err = t->sample->fd < 0 ? open_newest(t, reterr) : open_file(t, reterr);
	return err ? err : more(t, reterr);
}

int kr_desk_source_test(struct kr_store *s, struct kr_desk_mappings *mappings,
			const struct kr_desk_sample *sample, struct kr_arena *a,
			struct kr_desk_tested *ret, struct kr_fault *reterr)
{
	struct test t = {.s = s, .mappings = mappings, .sample = sample, .a = a, .ret = ret};
	int err;

	*ret = (struct kr_desk_tested){0};
	t.chunk = KR_BUF(2 * KR_MAX(CHUNK, KR_FRAME_BYTES));
	err = prepare(&t, reterr);
	if (err >= 0) {
		choose_format(&t);
		err = t.codec ? choose_mapping(&t, reterr) : 0;
	}
	if (!err && t.codec && !ret->problem.code)
		err = run(&t, reterr);
	kr_mapping_unref(t.mapping);
	kr_spool_reader_free(t.spool);
	kr_input_free(t.in);
	kr_buf_done(&t.chunk);
	return err;
}
