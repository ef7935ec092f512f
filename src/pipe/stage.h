/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stages: what happens to every event between decoding and storing. A stage is a row in stages.def
 * and a function; it sees a run of events that fits into the cache and passes on to the next one.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/time.h"
#include "desk/intake.h"
#include "desk/register.h"
#include "model/batch.h"
#include "pipe/enrich.h"

/* What the stages of one report know. */
struct kr_stage_env {
	const struct kr_register *reg; /* NULL: nobody owns anything */
	const struct kr_tables *tables;
	const struct kr_hash_key *key;
	const struct kr_intake *intake; /* rules; NULL: none */
	uint32_t source;		/* of the report */
	struct kr_str source_name;
	bool keep;	 /* rules drop nothing: rows that are there are made again */
	kr_time time;	 /* of events that have none: when collected, else when spooled */
	enum kr_tlp tlp; /* of the source */
	bool force;	 /* setting take.enrich_force */
};

struct kr_stage {
	const char *name, *doc;
	/* Returns 0 or -KR_ELIMIT. */
	int (*run)(const struct kr_stage_env *env, struct kr_event **events, size_t n,
		   struct kr_arena *arena);
};

#define KR_STAGE_RUN 64 /* events that pass all stages together */

/* Rows of stages.def; NULL beyond the last. */
const struct kr_stage *kr_stage_at(size_t i);
/*
 * Pass all events of a batch through all stages. Events labelled RED become refusals.
 *
 * Returns 0 or -KR_ELIMIT (the batch's arena is full).
 */
KR_MUST_USE int kr_stages_run(const struct kr_stage_env *env, struct kr_batch *b,
			      struct kr_fault *reterr);
