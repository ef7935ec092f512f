/* SPDX-License-Identifier: Apache-2.0 */
/* Taking one report whose bytes are in the spool; what starts it is in take.c. */
#pragma once

#include "pipe/feed.h"
#include "pipe/take.h"

#define KR_TAKE__HEAD ((size_t)4 << 10) /* bytes that a codec is recognised by */

/* Source and format of a report: a source that is named may say the format, a format that is found
 * may name the source. */
struct kr_take__choice {
	struct kr_source source;      /* texts in the arena, or of the options */
	const struct kr_codec *codec; /* NULL: not known */
	bool source_made, source_assumed;
};
/*
 * Choose by what was asked for and the first bytes. A source that does not exist is made.
 *
 * head  at most KR_TAKE__HEAD bytes
 * name  of the report
 *
 * Returns 0; -KR_EFORMAT; -KR_EEXIST (the source has other labels); -KR_ENOENT (no such source, and
 * none may be made); errors of the store.
 */
KR_MUST_USE int kr_take__choose(struct kr_pipe *p, const struct kr_take_opts *o, struct kr_str head,
				struct kr_str name, struct kr_arena *arena,
				struct kr_take__choice *ret, struct kr_fault *reterr);
/* A codec that can read, by its name; -KR_EFORMAT with those that there are. */
KR_MUST_USE int kr_take__codec(struct kr_str name, const struct kr_codec **ret,
			       struct kr_fault *reterr);

/* A report and all that decides how it is taken. */
struct kr_take__job {
	struct kr_pipe *p;
	const struct kr_take_opts *opts;
	struct kr_report report;      /* its row; texts in an arena of the caller */
	const struct kr_codec *codec; /* NULL: not known */
	struct kr_mapping *mapping;   /* NULL: none needed; borrowed */
	uint32_t mapping_id;
	enum kr_tlp tlp; /* of the source */
	bool again;
	struct kr_str quarantine; /* not empty: why it cannot be taken */
};

/*
 * Carry it into the store and set its state.
 *
 * ret  .state, .taken and .reason are set; reason is in arena
 */
KR_MUST_USE int kr_take__run(const struct kr_take__job *job, struct kr_arena *arena,
			     struct kr_take_result *ret, struct kr_fault *reterr);

/* Makes single events anew for the store (struct kr_reparse). */
struct kr_take__reparser;
struct kr_take__reparser *kr_take__reparser_new(struct kr_pipe *p, enum kr_tlp tlp);
void kr_take__reparser_free(struct kr_take__reparser *r);
int kr_take__reparse(void *ctx, uint64_t report, uint64_t offset, uint32_t part,
		     const struct kr_event **ret, struct kr_fault *reterr);
