/* SPDX-License-Identifier: Apache-2.0 */
/* Reports: what came, what became of it, and its raw bytes from the archive. */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/str.h"
#include "model/scope.h"
#include "store/intake.h"
#include "store/read.h"
#include "store/store.h"

/* A piece of a report's raw bytes. */
struct kr_desk_piece {
	uint64_t offset, length; /* what is asked for */
	struct kr_str bytes;	 /* its beginning; in the arena. Without the end of the line */
	uint64_t line;		 /* 1-based line on which it starts; 0: not found */
	bool cut;		 /* it is longer than what is here */
};
/*
 * Read pieces of a report, in one pass.
 *
 * pieces     offsets rise; bytes, line and cut are filled
 * size_max   bytes of each
 *
 * Returns 0; -KR_ENOENT (no such report, or its retention has ended); -KR_EIO, -KR_ECORRUPT.
 */
KR_MUST_USE int kr_desk_report_pieces(struct kr_store *s, const struct kr_scope *scope,
				      uint64_t report, struct kr_desk_piece *pieces, size_t n,
				      size_t size_max, struct kr_arena *a, struct kr_fault *reterr);
/*
 * All raw bytes of a report.
 *
 * write  takes them piece by piece; an error (-KR_E*) stops and is returned
 */
KR_MUST_USE int kr_desk_report_raw(struct kr_store *s, const struct kr_scope *scope,
				   uint64_t report, int (*write)(void *ctx, struct kr_str bytes),
				   void *ctx, struct kr_fault *reterr);

struct kr_desk_refused {
	struct kr_refused_row row;
	struct kr_desk_piece piece; /* line 0: the raw bytes are gone */
};
struct kr_desk_report {
	struct kr_report row;
	struct kr_str mapping; /* name; empty: none */
	uint32_t mapping_version;
	struct kr_desk_refused *refused;
	size_t n_refused;	      /* shown here; row.total.refused is their number */
	struct kr_report_drop *drops; /* what intake rules dropped, by rule */
	size_t n_drops;
	bool raw_gone; /* the archive does not hold it any more */
};
/*
 * All about a report.
 *
 * refused_max  refused records that are listed, with the first 200 bytes of each
 */
KR_MUST_USE int kr_desk_report_show(struct kr_store *s, const struct kr_scope *scope,
				    uint64_t report, uint32_t refused_max, struct kr_arena *a,
				    struct kr_desk_report *ret, struct kr_fault *reterr);
/* "spooled", "taken", "quarantined", "refused", "dropped" */
const char *kr_desk_report_state_text(enum kr_report_state state);
KR_MUST_USE int kr_desk_report_state_parse(struct kr_str s, enum kr_report_state *ret);
