/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking reports: raw bytes are spooled, acknowledged, and then carried through codec and stages
 * into the store. One report after the other; several threads may take different reports at the
 * same time.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/str.h"
#include "base/time.h"
#include "model/register.h"
#include "pipe/pipe.h"
#include "store/write.h"

struct kr_take_result;

struct kr_take_opts {
	struct kr_str source;  /* empty: the name of the format */
	struct kr_str format;  /* empty: the source's, else detected */
	struct kr_str report;  /* name of the report; empty: the file's */
	struct kr_str mapping; /* empty: the source's, else the newest that knows the report */
	enum kr_retention retention;  /* of a source that is made; 0: standard */
	enum kr_tlp tlp;	      /* of a source that is made; NONE: the configured default */
	kr_time observed;	      /* when it was collected; KR_TIME_NONE: not known */
	bool known_source;	      /* a source that does not exist is not made: -KR_ENOENT */
	const struct kr_by *by;	      /* for the audit log; NULL: the node itself */
	bool (*cancelled)(void *ctx); /* NULL: never */
	void *ctx;		      /* of cancelled and done */
	/* Called after each report. */
	void (*done)(void *ctx, const struct kr_take_result *r);
};

/* What became of one report. */
struct kr_take_result {
	uint64_t report; /* 0: nothing was kept */
	struct kr_str name, source, format;
	enum kr_report_state state;
	bool known;	     /* it had been taken before: nothing was changed */
	bool source_made;    /* the source is new */
	bool source_assumed; /* nobody named a source: it has the format's name */
	struct kr_taken taken;
	uint64_t bytes, ms;
	struct kr_str reason; /* QUARANTINED, REFUSED: why, and what to do */
	struct kr_str
		*notes; /* what is odd about the report, e.g. optional columns that are missing */
	size_t n_notes;
};

/*
 * Take a file: each member of a zip is a report of its own.
 *
 * fd    borrowed; need not be seekable
 * name  of the file
 *
 * Returns 0, also for reports that were quarantined or refused; -KR_ECANCEL (stopped behind a
 * batch; the rest is taken by kr_take_resume()); -KR_ECORRUPT, -KR_ELIMIT (the file is cut or a
 * bomb: nothing of this member is kept); -KR_EIO, -KR_EFULL, -KR_ESTORE.
 */
KR_MUST_USE int kr_take_file(struct kr_pipe *p, int fd, const char *name,
			     const struct kr_take_opts *opts, struct kr_fault *reterr);
/*
 * Take a stored report again from the archive under the mapping that fits now, replacing exactly
 * what it contributed.
 *
 * opts  .format and .mapping override; source, report, retention and tlp are not used
 */
KR_MUST_USE int kr_take_again(struct kr_pipe *p, uint64_t report, const struct kr_take_opts *opts,
			      struct kr_fault *reterr);
/* All reports of a source, oldest first. -KR_ENOENT if there is no such source. */
KR_MUST_USE int kr_take_source_again(struct kr_pipe *p, struct kr_str source,
				     const struct kr_take_opts *opts, struct kr_fault *reterr);
/*
 * Finish the reports that were acknowledged but not finished, after a crash or a cancel.
 *
 * Returns the number of reports; -KR_ECANCEL and errors as kr_take_file().
 */
KR_MUST_USE int kr_take_resume(struct kr_pipe *p, const struct kr_take_opts *opts,
			       struct kr_fault *reterr);
