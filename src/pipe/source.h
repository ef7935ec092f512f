/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources that run by themselves: each kind is a row in sources.def and a file source_NAME.c with
 * two functions. A run fetches what is new and takes it, report by report; what it must remember is
 * in the state. It may end at any moment, by a signal or a kill: what was acknowledged is taken
 * once, whatever is fetched again.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/str.h"
#include "desk/source_kind.h"
#include "net/net.h"
#include "pipe/pipe.h"
#include "pipe/take.h"
#include "store/intake.h"

/* One run of one source, in one thread. */
struct kr_fetch {
	struct kr_pipe *pipe;
	struct kr_net *net;
	const struct kr_source *source;
	struct kr_source_state *state; /* etag, modified and cursor are the kind's */
	struct kr_arena *arena;	       /* of the run; texts of the state live in it */
	bool (*cancelled)(void *ctx);
	void *ctx;
	/* What came of it. */
	uint32_t reports, known, failed; /* taken, taken before, kept but not taken */
	uint64_t records;
	int64_t again_us;	/* there is more: come back that soon; 0: after the interval */
	int64_t retry_after_us; /* the other side wants to be left alone that long; 0: not said */
	struct kr_str problem;	/* of the first report that was kept but not taken */
	/* Of the last file: what its reports became. */
	struct kr_fetch_file {
		uint64_t report;
		uint32_t reports, not_taken;
		enum kr_report_state state; /* of the last that was not taken */
		struct kr_str reason;
	} file;
};

struct kr_source_runner {
	const char *name;
	bool watched;
	/*
	 * Fetch and take what is new. 0, also where nothing is; -KR_E* with the fault. Reports that
	 * were quarantined or refused are no error: they are kept.
	 */
	int (*run)(struct kr_fetch *f, struct kr_fault *reterr);
	/*
	 * Fetch one sample without taking or remembering anything.
	 *
	 * ret_fd    owned by the caller; -1: there is nothing at the moment
	 * ret_name  of the report; in the arena
	 */
	int (*sample)(struct kr_fetch *f, int *ret_fd, struct kr_str *ret_name,
		      struct kr_fault *reterr);
};

/* NULL if there is no such kind. */
const struct kr_source_runner *kr_source_runner_find(struct kr_str kind);

/* ---- for the kinds ---- */

bool kr_fetch__cancelled(struct kr_fetch *f);
/*
 * Take a file.
 *
 * fd        borrowed
 * observed  when it was collected; KR_TIME_NONE
 */
KR_MUST_USE int kr_fetch__take(struct kr_fetch *f, int fd, struct kr_str name, kr_time observed,
			       struct kr_fault *reterr);
/* An unlinked file for what is fetched, in the data directory. A descriptor or -KR_E*. */
KR_MUST_USE int kr_fetch__temp(struct kr_fetch *f, struct kr_fault *reterr);
/* Write the state to the store, so that a kill from now on remembers it. */
KR_MUST_USE int kr_fetch__remember(struct kr_fetch *f, struct kr_fault *reterr);
/*
 * Send a request and write the body of an answer with status 2xx to a descriptor.
 *
 * q   .data, .cancelled and .ctx are set here
 * fd  -1: the body is not wanted
 */
struct kr_net_request;
struct kr_net_response;
KR_MUST_USE int kr_fetch__http(struct kr_fetch *f, struct kr_net_request *q, int fd,
			       struct kr_net_response *ret, struct kr_fault *reterr);
