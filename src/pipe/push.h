/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report that arrives in pieces, from whoever brings it: each piece goes on into the spool, so
 * memory does not grow with the report. At the end it is durable and acknowledged; taking it into
 * the store is another's work (pipe/taker.h).
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"
#include "pipe/pipe.h"
#include "pipe/take.h"

struct kr_push;

/* What was kept. Texts live as long as the push. */
struct kr_pushed {
	uint64_t report;
	bool known; /* these bytes were handed in before: nothing was changed */
	bool source_made;
	struct kr_str source, format; /* format empty: not known, it will be quarantined */
	struct kr_hash hash;
	uint64_t bytes;
};

/*
 * Begin.
 *
 * p, opts  opts.source, format, report (its name), observed, by and known_source count; texts are
 * borrowed until the end
 */
struct kr_push *kr_push_new(struct kr_pipe *p, const struct kr_take_opts *opts);
/*
 * The next bytes, unpacked.
 *
 * Returns 0; as kr_take_file() where the source or format is wrong, or the spool fails: the push is
 * good for nothing then but kr_push_free().
 */
KR_MUST_USE int kr_push_add(struct kr_push *u, struct kr_str bytes, struct kr_fault *reterr);
/* It is complete: durable when this returns. */
KR_MUST_USE int kr_push_end(struct kr_push *u, struct kr_pushed *ret, struct kr_fault *reterr);
/* Ended or not; what was not ended leaves nothing behind. NULL is fine. */
void kr_push_free(struct kr_push *u);
KR_AUTO_DEFINE(kr_push)
