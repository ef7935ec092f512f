/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * Taking a report, taking it again and making one event anew all read the spool in the same frames,
 * so a codec sees the same cuts and gives the same events with the same offsets. A feed holds what
 * it began with (register, tables, mapping) until it is freed, since events borrow texts from it.
 */
#include "pipe/feed.h"

#include "store/spool.h"

#include <stdlib.h>

struct kr_feed {
	struct kr_spool_reader *reader;
	const struct kr_codec *codec;
	struct kr_codec_state *state;
	struct kr_mapping *mapping;
	struct kr_register *reg;
	struct kr_tables *tables;
	struct kr_intake *intake;
	struct kr_stage_env env;
	char *name, *source; /* of the report, for the codec and for rules */
	uint32_t next;
	bool finished;
};

void kr_portion_init(struct kr_portion *p)
{
	*p = (struct kr_portion){.batch = kr_batch_new(KR_PORTION_ARENA_MAX),
				 .frame = KR_BUF(2 * KR_FRAME_BYTES)};
}

void kr_portion_done(struct kr_portion *p)
{
	kr_batch_free(p->batch);
	kr_buf_done(&p->frame);
}

static int codec_open(struct kr_feed *f, const struct kr_report *r,
		      const struct kr_pipe_limits *limits, struct kr_fault *reterr)
{
	struct kr_codec_opts opts = kr_codec_opts_default();

	f->name = kr_xmalloc(r->name.n + 1);
	if (r->name.n)
		memcpy(f->name, r->name.p, r->name.n);
	opts.mapping = f->mapping;
	opts.report = kr_str_n(f->name, r->name.n);
	opts.observed = r->observed;
	opts.record_max = limits->record_max;
	opts.depth_max = limits->depth_max;
	opts.columns_max = limits->columns_max;
	return f->codec->open(&opts, &f->state, reterr);
}

int kr_feed_open(struct kr_pipe *p, const struct kr_report *r, const struct kr_codec *codec,
		 struct kr_mapping *mapping, enum kr_tlp source_tlp, struct kr_feed **ret,
		 struct kr_fault *reterr)
{
	struct kr_pipe_limits limits = kr_pipe_limits(p);
	struct kr_feed *f = kr_xcalloc(1, sizeof(*f));
	int err;

	f->codec = codec;
	f->mapping = mapping ? kr_mapping_ref(mapping) : NULL;
	f->reg = kr_pipe_register(p);
	f->tables = kr_pipe_tables(p);
	f->intake = kr_pipe_intake(p);
	f->source = kr_xmalloc(r->source.n + 1);
	memcpy(f->source, r->source.n ? r->source.p : "", r->source.n);
	f->env = (struct kr_stage_env){
		.reg = f->reg,
		.tables = f->tables,
		.key = kr_store_hash_key(kr_pipe_store(p)),
		.time = r->observed != KR_TIME_NONE ? r->observed : r->spooled,
		.tlp = source_tlp,
		.force = limits.enrich_force,
		.intake = kr_intake_count(f->intake, r->source_id) ? f->intake : NULL,
		.source = r->source_id,
		.source_name = kr_str_n(f->source, r->source.n),
	};
	err = kr_spool_open(kr_pipe_store(p), r->class_, r->day, &r->hash, &f->reader, reterr);
	if (!err)
		err = codec_open(f, r, &limits, reterr);
	if (err) {
		kr_feed_free(f);
		return err;
	}
	*ret = f;
	return 0;
}

void kr_feed_free(struct kr_feed *f)
{
	if (!f)
		return;
	if (f->state)
		f->codec->close(f->state);
	if (f->reader)
		kr_spool_reader_free(f->reader);
	kr_mapping_unref(f->mapping);
	kr_register_unref(f->reg);
	kr_tables_unref(f->tables);
	kr_intake_unref(f->intake);
	free(f->source);
	free(f->name);
	free(f);
}

void kr_feed_keep(struct kr_feed *f)
{
	f->env.keep = true;
}

int kr_feed_next(struct kr_feed *f, struct kr_portion *out, struct kr_fault *reterr)
{
	int more, err;

	kr_batch_clear(out->batch);
	out->done = false;
	if (f->finished)
		return 0;
	more = kr_spool_frame(f->reader, &out->frame, reterr);
	if (more < 0)
		return more;
	out->n = f->next++;
	if (more) {
		err = f->codec->feed(f->state, kr_buf_str(&out->frame), out->batch, reterr);
		return err ? err : 1;
	}
	f->finished = true;
	err = f->codec->finish(f->state, out->batch, reterr);
	if (err)
		return err;
	return out->batch->n || out->batch->refused || out->batch->warnings;
}

int kr_feed_stages(struct kr_feed *f, struct kr_portion *out, struct kr_fault *reterr)
{
	return kr_stages_run(&f->env, out->batch, reterr);
}
