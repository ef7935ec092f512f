/* SPDX-License-Identifier: Apache-2.0 */
/* Run a codec over bytes in any cuts and keep what came out; for golden, property and fuzz tests.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "codec/mapping.h"

#define CODEC_RUN_MAX ((size_t)64 << 20)

/* What every writer gets. */
__attribute__((unused)) static const struct kr_codec_write_opts codec_writing = {
	.reporter = {.name = {"Example CSIRT", 13},
		     .contact = {"csirt@example.org", 17},
		     .domain = {"example.org", 11}},
	.written = KR_TIME_NONE,
};

struct codec_result {
	struct kr_buf events;  /* written by a codec */
	struct kr_buf refused; /* "line:column: reason" */
	struct kr_buf error;   /* "NAME: fault" */
	size_t n;	       /* events */
	bool wrong;	       /* an offset or line goes back, or lies outside */
};

__attribute__((unused)) static struct codec_result codec_result_new(void)
{
	return (struct codec_result){KR_BUF(CODEC_RUN_MAX), KR_BUF(CODEC_RUN_MAX),
				     KR_BUF(CODEC_RUN_MAX)};
}

__attribute__((unused)) static void codec_result_done(struct codec_result *r)
{
	kr_buf_done(&r->events);
	kr_buf_done(&r->refused);
	kr_buf_done(&r->error);
}

__attribute__((unused)) static bool codec_result_same(const struct codec_result *a,
						      const struct codec_result *b)
{
	return kr_str_eq(kr_buf_str(&a->events), kr_buf_str(&b->events)) &&
	       kr_str_eq(kr_buf_str(&a->refused), kr_buf_str(&b->refused)) &&
	       kr_str_eq(kr_buf_str(&a->error), kr_buf_str(&b->error));
}

__attribute__((unused)) static void codec_add_fault(struct codec_result *r,
						    const struct kr_fault *f)
{
	char text[800];

	kr_buf_printf(&r->error, "%s: %s\n", kr_err_name(f->code),
		      kr_fault_text(f, text, sizeof(text)));
}

static void codec_drain(struct kr_batch *b, const struct kr_codec *as, uint64_t size,
			uint64_t *last, struct codec_result *r)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct kr_event *e = b->events[i];

		r->wrong |= e->offset < *last || e->offset + e->length > size || e->line == 0;
		*last = e->offset;
		as->item(&r->events, e, r->n++ == 0, &codec_writing);
	}
	for (size_t i = 0; i < b->n_refusals; i++) {
		r->wrong |= b->refusals[i].offset + b->refusals[i].length > size;
		kr_buf_printf(&r->refused, "%u:%u: %.*s\n", b->refusals[i].line,
			      b->refusals[i].column, KR_STR_ARG(b->refusals[i].reason));
	}
	kr_batch_clear(b);
}

/*
 * Read all of in, in pieces whose size cut() chooses, and write the events as codec `as` does.
 *
 * cut  at least 1; NULL: one piece
 */
__attribute__((unused)) static void codec_run(const struct kr_codec *codec,
					      const struct kr_codec_opts *opts, struct kr_str in,
					      size_t (*cut)(void), const struct kr_codec *as,
					      struct codec_result *r)
{
	struct kr_batch *b = kr_batch_new(0);
	struct kr_codec_state *s = NULL;
	struct kr_fault f = {0};
	uint64_t size = in.n, last = 0;
	int err = codec->open(opts, &s, &f);

	as->begin(&r->events);
	while (!err && in.n) {
		size_t most = cut ? cut() : in.n, n = KR_MIN(in.n, most);
		/* A block of its own for each piece: a slice that outlives its batch is seen by
		 * ASan. */
		char *piece = malloc(n);

		memcpy(piece, in.p, n);
		err = codec->feed(s, kr_str_n(piece, n), b, &f);
		codec_drain(b, as, size, &last, r);
		free(piece);
		in = kr_str_from(in, n);
	}
	if (!err)
		err = codec->finish(s, b, &f);
	codec_drain(b, as, size, &last, r);
	as->end(&r->events, r->n == 0);
	if (err)
		codec_add_fault(r, &f);
	if (s)
		codec->close(s);
	kr_batch_free(b);
}

/* IDF has no AMBER+STRICT and does not count: such events come back changed. */
__attribute__((unused)) static bool codec_carries(const struct kr_codec *via, struct kr_str json)
{
	return strcmp(via->name, "idf") != 0 ||
	       (kr_str_find(json, KR_STR("\"AMBER+STRICT\"")) < 0 &&
		kr_str_find(json, KR_STR("\"count\":")) < 0 &&
		kr_str_find(json, KR_STR("_seen\":")) < 0);
}
