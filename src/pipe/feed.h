/* SPDX-License-Identifier: Apache-2.0 */
/* A spooled report as batches of events: frame by frame through its codec and the stages. */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/batch.h"
#include "pipe/pipe.h"
#include "pipe/stage.h"
#include "store/read.h"

#define KR_PORTION_ARENA_MAX ((size_t)64 << 20)

/* A frame and what became of it: moved between threads, never shared. */
struct kr_portion {
	struct kr_batch *batch;
	struct kr_buf frame; /* events are slices of it */
	uint32_t n; /* number of the frame in the report; what the end brings forth has the number
		       behind the last one */
	bool done;  /* in the store already, from before a crash */
};
void kr_portion_init(struct kr_portion *p);
void kr_portion_done(struct kr_portion *p);

struct kr_feed;

/*
 * Begin to read a report of the spool.
 *
 * r        row of the report; texts are copied
 * mapping  NULL if the codec needs none; counted
 * source   texts are not used beyond the call
 *
 * Returns 0; -KR_ENOENT (its retention has ended); -KR_EMAPPING, -KR_EINVAL (codec).
 */
KR_MUST_USE int kr_feed_open(struct kr_pipe *p, const struct kr_report *r,
			     const struct kr_codec *codec, struct kr_mapping *mapping,
			     enum kr_tlp source_tlp, struct kr_feed **ret, struct kr_fault *reterr);
void kr_feed_free(struct kr_feed *f);
KR_AUTO_DEFINE(kr_feed)
/*
 * Decode the next frame.
 *
 * out  emptied first; decoded events, not passed through the stages yet
 *
 * Returns 1; 0 at the end; -KR_EREFUSED, -KR_EMAPPING, -KR_ELIMIT (the report is wrong as a whole;
 * out may hold events from before that); -KR_EIO, -KR_ECORRUPT (the spool).
 */
KR_MUST_USE int kr_feed_next(struct kr_feed *f, struct kr_portion *out, struct kr_fault *reterr);
/* From now on intake rules drop nothing: rows that are there are made again. */
void kr_feed_keep(struct kr_feed *f);
/* Pass a decoded portion through the stages. 0 or -KR_ELIMIT. */
KR_MUST_USE int kr_feed_stages(struct kr_feed *f, struct kr_portion *out, struct kr_fault *reterr);
