/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the first KR_TAKE__HEAD bytes are kept until they tell the format, and with it
 * the source and its retention class, under which the spool file is begun. From then on bytes go
 * straight to the spool.
 */
#include "pipe/push.h"

#include <stdlib.h>

#include "pipe/take_internal.h"
#include "store/spool.h"

struct kr_push {
	struct kr_pipe *p;
	struct kr_take_opts opts;
	struct kr_arena *arena;
	struct kr_buf head;
	struct kr_take__choice choice;
	struct kr_spool_writer *w; /* NULL: not begun, or ended */
	bool chosen;
};

struct kr_push *kr_push_new(struct kr_pipe *p, const struct kr_take_opts *opts)
{
	struct kr_push *u = kr_xcalloc(1, sizeof(*u));

	u->p = p;
	u->opts = *opts;
	u->arena = kr_arena_new((size_t)4 << 20);
	u->head = KR_BUF(KR_TAKE__HEAD);
	return u;
}

void kr_push_free(struct kr_push *u)
{
	if (!u)
		return;
	if (u->w)
		kr_spool_abort(u->w);
	kr_buf_done(&u->head);
	kr_arena_free(u->arena);
	free(u);
}

/* The head is there, or all there is: source, format, and the file in the spool. */
static int choose(struct kr_push *u, struct kr_fault *reterr)
{
	struct kr_str head = kr_buf_str(&u->head);
	int err = kr_take__choose(u->p, &u->opts, head, u->opts.report, u->arena, &u->choice,
				  reterr);

	if (!err)
		err = kr_spool_begin(kr_pipe_store(u->p), u->choice.source.retention, &u->w,
				     reterr);
	if (!err)
		err = kr_spool_add(u->w, head.p, head.n, reterr);
	u->chosen = !err;
	return err;
}

int kr_push_add(struct kr_push *u, struct kr_str bytes, struct kr_fault *reterr)
{
	if (!u->chosen) {
		size_t n = KR_MIN(bytes.n, KR_TAKE__HEAD - u->head.n);
		int err;

		kr_buf_add(&u->head, bytes.p, n);
		if (u->head.n < KR_TAKE__HEAD)
			return 0;
		err = choose(u, reterr);
		if (err)
			return err;
		bytes = kr_str_from(bytes, n);
	}
	return bytes.n ? kr_spool_add(u->w, bytes.p, bytes.n, reterr) : 0;
}

static int acknowledge(struct kr_push *u, const struct kr_spooled *spooled, struct kr_pushed *ret,
		       struct kr_fault *reterr)
{
	const struct kr_codec *codec = u->choice.codec;
	const struct kr_report_new fresh = {
		.source = u->choice.source.id,
		.name = u->opts.report,
		.format = codec ? kr_str_c(codec->name) : KR_STR(""),
		.snapshot = codec && (codec->caps & KR_CODEC_SNAPSHOT),
		.observed = u->opts.observed,
	};
	int known = kr_store_report_add(kr_pipe_store(u->p), &fresh, spooled, &ret->report, reterr);

	if (known < 0)
		return known;
	ret->known = known > 0;
	ret->source_made = u->choice.source_made;
	ret->source = u->choice.source.name;
	ret->format = fresh.format;
	ret->hash = spooled->hash;
	ret->bytes = spooled->bytes;
	return 0;
}

int kr_push_end(struct kr_push *u, struct kr_pushed *ret, struct kr_fault *reterr)
{
	struct kr_spool_writer *w;
	struct kr_spooled spooled;
	int err = u->chosen ? 0 : choose(u, reterr);

	if (err)
		return err;
	w = u->w;
	u->w = NULL;
	err = kr_spool_end(w, &spooled, reterr);
	return err ? err : acknowledge(u, &spooled, ret, reterr);
}
