/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes to the data directory. Two writers, each behind its own lock, so that a click never waits
 * for a batch of rows: main.db (everything small), and the partition being filled. All functions
 * may be called from any thread.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"
#include "model/batch.h"
#include "model/register.h"
#include "store/audit.h"
#include "store/spool.h"
#include "store/store.h"

/* ---- sources ---- */

/*
 * Add a source, or change one (src->id set; revision must match, else -KR_EEXIST).
 *
 * ret_id  set on success
 *
 * Returns 0; -KR_EEXIST; -KR_EINVAL (name, or TLP RED).
 */
KR_MUST_USE int kr_store_source_put(struct kr_store *s, const struct kr_by *by,
				    const struct kr_source *src, uint32_t *ret_id,
				    struct kr_fault *reterr);
/* Hide a source; its reports and events stay until their retention ends. */
KR_MUST_USE int kr_store_source_remove(struct kr_store *s, const struct kr_by *by,
				       struct kr_str name, struct kr_fault *reterr);

/* ---- mappings ---- */

/* Keep a mapping document that compiled; the same content again changes nothing (returns 1). */
KR_MUST_USE int kr_store_mapping_put(struct kr_store *s, const struct kr_by *by, struct kr_str name,
				     struct kr_str codec, struct kr_str doc,
				     const struct kr_hash *hash, uint32_t *ret_id,
				     struct kr_fault *reterr);

/* ---- constituents ---- */

struct kr_register_change {
	uint32_t added, changed, retired, rules_added, rules_retired;
};
/*
 * Replace the register by these constituents and rules, in one transaction. A name that was there
 * keeps its id, a (constituent, kind, value) that was there keeps its rule id; what is missing is
 * retired.
 *
 * c       id is set in each on success
 * rules   .constituent is an index into c; set to ids on success, .id too
 */
KR_MUST_USE int kr_store_register_replace(struct kr_store *s, const struct kr_by *by,
					  struct kr_constituent *c, size_t n_c,
					  struct kr_rule *rules, size_t n_rules,
					  struct kr_register_change *ret, struct kr_fault *reterr);

/* ---- reports ---- */

enum kr_report_state {
	KR_REPORT_SPOOLED = 1,	   /* acknowledged, being taken or to be taken */
	KR_REPORT_TAKEN = 2,	   /* every record is stored or refused */
	KR_REPORT_QUARANTINED = 3, /* kept, but not understood: no mapping, no format */
	KR_REPORT_REFUSED =
		4, /* understood, but wrong as a whole, e.g. a required column is missing */
	KR_REPORT_DROPPED = 5, /* its retention has ended */
};

struct kr_report_new {
	uint32_t source;
	struct kr_str name; /* file name */
	struct kr_str format;
	uint32_t mapping; /* id, 0: none */
	bool snapshot;	  /* identity holds the day too */
	kr_time observed; /* when collected; KR_TIME_NONE */
};
/*
 * Acknowledge a spooled report: durable when this returns.
 *
 * Returns 0 with its id; 1 if (source, hash) is known, with the id of that report (the spool file
 * of the newer one is dropped unless it is the same file).
 */
KR_MUST_USE int kr_store_report_add(struct kr_store *s, const struct kr_report_new *r,
				    const struct kr_spooled *spooled, uint64_t *ret_id,
				    struct kr_fault *reterr);

/*
 * Makes the event of one record again from the spool: undoing a report needs it where another
 * report contributed to the same row later. Called with rising (report, offset, part); the event is
 * enriched, keyed and routed, and must stay until the next call. Returns 0 or -KR_E*.
 */
struct kr_reparse {
	int (*event)(void *ctx, uint64_t report, uint64_t offset, uint32_t part,
		     const struct kr_event **ret, struct kr_fault *reterr);
	void *ctx;
};

/*
 * Begin to take a report (again): rows are added by kr_store_batch() under this handle. One handle
 * a report at a time, else -KR_EBUSY.
 *
 * again    undo all that it contributed first, and take it under `mapping` and `format`
 * reparse  needed with again, and when an interrupted `again` is resumed; borrowed during the call
 */
struct kr_taking;
KR_MUST_USE int kr_store_take_begin(struct kr_store *s, uint64_t report, bool again,
				    struct kr_str format, uint32_t mapping,
				    const struct kr_reparse *reparse, struct kr_taking **ret,
				    struct kr_fault *reterr);
/* Is batch number n of this report stored already (after a crash)? Then it may be parsed and thrown
 * away. */
bool kr_store_batch_done(const struct kr_taking *t, uint32_t n);
/*
 * Store a batch: rows, contributions, counters, postings, refusals and the ledger commit together,
 * with others, at the end of a group.
 *
 * n      number of the batch in the report, from 0
 * b      enriched, with key and owners; borrowed; event->offset is the offset in the report
 */
KR_MUST_USE int kr_store_batch(struct kr_taking *t, uint32_t n, const struct kr_batch *b,
			       struct kr_fault *reterr);

struct kr_taken {
	uint64_t read;	     /* records: events, dropped and refused */
	uint64_t fresh;	     /* rows that are new */
	uint64_t aggregated; /* events that raised the count of a row */
	uint64_t refused;
	uint64_t warnings; /* values kept in extra since they were not valid */
	uint64_t unrouted; /* new rows that nobody owns */
	uint64_t dropped;  /* events that intake rules dropped */
};
/*
 * End: commit what is open, durable when this returns, and set the report's state.
 *
 * state   TAKEN, QUARANTINED or REFUSED
 * reason  for the latter two
 * ret     totals over all batches of the report, those before a crash too
 */
KR_MUST_USE int kr_store_take_end(struct kr_taking *t, enum kr_report_state state,
				  struct kr_str reason, struct kr_taken *ret,
				  struct kr_fault *reterr);
/* Give up for now: what is committed stays, the report stays SPOOLED. */
void kr_store_take_abort(struct kr_taking *t);

/* Bring stats.db up to what the partitions hold. Idempotent; runs after each take and at start. */
KR_MUST_USE int kr_store_derive(struct kr_store *s, struct kr_fault *reterr);
