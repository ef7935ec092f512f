/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the pipe keeps between reports: the register, the tables and compiled mappings as snapshots
 * that are exchanged whole, and the limits from the configuration. One for a node, shared by all
 * threads.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/metrics.h"
#include "base/str.h"
#include "base/time.h"
#include "codec/codec.h"
#include "conf/conf.h"
#include "desk/intake.h"
#include "desk/mapping.h"
#include "desk/register.h"
#include "pipe/enrich.h"
#include "store/store.h"

struct kr_pipe;

/*
 * Open what events pass through. The register is compiled again if its file is missing or old.
 *
 * s     open store; borrowed as long as the pipe
 * conf  read during the call only
 *
 * Returns 0; 1 if a table is damaged: it is left out and reterr says which; -KR_E* of the store.
 */
KR_MUST_USE int kr_pipe_open(struct kr_store *s, const struct kr_conf *conf, struct kr_pipe **ret,
			     struct kr_fault *reterr);
void kr_pipe_close(struct kr_pipe *p);
/* Take the limits of a new configuration; reports that are being taken keep the old ones. */
void kr_pipe_configure(struct kr_pipe *p, const struct kr_conf *conf);
/* Put register and tables in place as they are on disk now, after an import. As kr_pipe_open(). */
KR_MUST_USE int kr_pipe_reload(struct kr_pipe *p, struct kr_fault *reterr);

/* The snapshots as they are now; the caller gives them back (kr_register_unref(),
 * kr_tables_unref()). */
struct kr_register *kr_pipe_register(struct kr_pipe *p);
struct kr_tables *kr_pipe_tables(struct kr_pipe *p);
/* Rules for events on their way in, as they are now: read again after a change. kr_intake_unref().
 */
struct kr_intake *kr_pipe_intake(struct kr_pipe *p);
struct kr_store *kr_pipe_store(struct kr_pipe *p);

/* Limits and switches, a copy. */
struct kr_pipe_limits {
	size_t record_max;
	unsigned depth_max, columns_max;
	uint64_t input_max, ratio_max;
	uint32_t members_max;
	bool enrich_force;
	enum kr_tlp tlp_default; /* of a new source */
};
struct kr_pipe_limits kr_pipe_limits(struct kr_pipe *p);

/* Count what is taken, by source, from now on. m outlives the pipe's use; NULL: no more. */
void kr_pipe_count_in(struct kr_pipe *p, struct kr_metrics *m);
/* A report of a source was taken. */
struct kr_taken;
void kr_pipe__count(struct kr_pipe *p, struct kr_str source, const struct kr_taken *t);

/* Compiled mappings, kept as long as the pipe. */
struct kr_desk_mappings *kr_pipe_mappings(struct kr_pipe *p);
