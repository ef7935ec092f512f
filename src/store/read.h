/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to the data directory. Those about what was taken in take a scope, and what it hides
 * does not exist for them (doc/storage.md): a hidden event is -KR_ENOENT in the words of one that
 * never was, a hidden field -KR_EINVAL in the parser's. The few without a scope say nothing of
 * that; their doors ask for rights. Safe from any thread; readers never block writers.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"
#include "model/event.h"
#include "model/expr.h"
#include "model/register.h"
#include "model/scope.h"
#include "store/store.h"
#include "store/write.h"

/* ---- sources, mappings, register ---- */

/* All texts live in the arena. -KR_ENOENT. */
KR_MUST_USE int kr_store_source_get(struct kr_store *s, struct kr_str name, struct kr_arena *a,
				    struct kr_source *ret, struct kr_fault *reterr);
KR_MUST_USE int kr_store_source_list(struct kr_store *s, const struct kr_scope *scope,
				     struct kr_arena *a, struct kr_source **ret, size_t *ret_n,
				     struct kr_fault *reterr);

struct kr_mapping_row {
	uint32_t id, version; /* version: 1, 2, ... of the name */
	struct kr_str name, codec;
	struct kr_hash hash;
	kr_time imported;
	uint64_t size;
	bool current; /* the newest of its name */
};
KR_MUST_USE int kr_store_mapping_list(struct kr_store *s, struct kr_arena *a,
				      struct kr_mapping_row **ret, size_t *ret_n,
				      struct kr_fault *reterr);
KR_MUST_USE int kr_store_mapping_doc(struct kr_store *s, uint32_t id, struct kr_arena *a,
				     struct kr_str *ret_doc, struct kr_fault *reterr);

/* Constituents and rules; retired ones too if asked. */
KR_MUST_USE int kr_store_register_read(struct kr_store *s, const struct kr_scope *scope,
				       bool retired, struct kr_arena *a,
				       struct kr_constituent **ret_c, size_t *ret_n_c,
				       struct kr_rule **ret_rules, size_t *ret_n_rules,
				       struct kr_fault *reterr);
/* Constituents in use by name, those behind `after` (empty: from the first): a page of a list. */
KR_MUST_USE int kr_store_constituent_list(struct kr_store *s, const struct kr_scope *scope,
					  struct kr_str after, uint32_t limit, struct kr_arena *a,
					  struct kr_constituent **ret, size_t *ret_n,
					  struct kr_fault *reterr);
/*
 * One constituent, retired or not, with its rules in use.
 *
 * rules_max  so many rules are read
 *
 * Returns 0 or -KR_ENOENT.
 */
KR_MUST_USE int kr_store_constituent_get(struct kr_store *s, const struct kr_scope *scope,
					 struct kr_str name, uint32_t rules_max, struct kr_arena *a,
					 struct kr_constituent *ret, struct kr_rule **ret_rules,
					 size_t *ret_n_rules, struct kr_fault *reterr);
/* Number that changes with every replacement of the register. */
uint64_t kr_store_register_version(struct kr_store *s);
/* Names for the ids in an event. -KR_ENOENT. */
KR_MUST_USE int kr_store_owner_get(struct kr_store *s, const struct kr_owner *o, struct kr_arena *a,
				   struct kr_constituent *ret_c, struct kr_rule *ret_rule,
				   struct kr_fault *reterr);

/* One rule, retired or not. -KR_ENOENT. */
KR_MUST_USE int kr_store_rule_get(struct kr_store *s, uint32_t id, struct kr_arena *a,
				  struct kr_rule *ret, struct kr_fault *reterr);

/* ---- reports ---- */

struct kr_report {
	uint64_t id;
	struct kr_str source, name, format, reason;
	uint32_t source_id, mapping, generation;
	enum kr_report_state state;
	struct kr_hash hash;
	enum kr_retention class_;
	int32_t day;
	kr_time spooled, taken, observed;
	uint64_t bytes, stored;
	struct kr_taken total;
	uint64_t ms; /* of taking */
};
struct kr_report_query {
	struct kr_str source;	    /* empty: all */
	enum kr_report_state state; /* 0: all */
	uint64_t before;	    /* reports with a smaller id; 0: from the newest */
	uint32_t limit;
};
/* Newest first. */
KR_MUST_USE int kr_store_report_list(struct kr_store *s, const struct kr_scope *scope,
				     const struct kr_report_query *q, struct kr_arena *a,
				     struct kr_report **ret, size_t *ret_n,
				     struct kr_fault *reterr);
KR_MUST_USE int kr_store_report_get(struct kr_store *s, const struct kr_scope *scope, uint64_t id,
				    struct kr_arena *a, struct kr_report *ret,
				    struct kr_fault *reterr);
struct kr_refused_row {
	uint64_t offset, length;
	uint32_t column;
	struct kr_str reason;
};
/* Refused records of a report in their order; details of the first KR_BATCH_REFUSALS_MAX of each
 * batch are kept. */
KR_MUST_USE int kr_store_refused_list(struct kr_store *s, const struct kr_scope *scope,
				      uint64_t report, uint32_t limit, struct kr_arena *a,
				      struct kr_refused_row **ret, size_t *ret_n,
				      struct kr_fault *reterr);

/* ---- events ---- */

#define KR_EVENT_ID_TEXT_MAX 64
struct kr_event_id {
	enum kr_retention class_;
	int32_t day;
	uint32_t part;
	uint64_t row;
};
/*
 * "20261121-standard-1-48213": as staff sees it, in files and in messages to the node's owner.
 * Whatever a viewer reads or hands in goes through kr_store_event_id_text() and _parse(). Returns
 * buf.
 */
char *kr_event_id_text(const struct kr_event_id *id, char buf[KR_EVENT_ID_TEXT_MAX]);
KR_MUST_USE int kr_event_id_parse(struct kr_str s, struct kr_event_id *ret);
/*
 * The id of an event as the viewer of this scope sees it, letters and digits and '-': plain for
 * staff, for all others sealed, since row numbers tell how much else there is. Always the same for
 * an event and a kind of viewer (constituent and set of fields). Returns buf.
 */
char *kr_store_event_id_text(const struct kr_store *s, const struct kr_scope *scope,
			     const struct kr_event_id *id, char buf[KR_EVENT_ID_TEXT_MAX]);
/* And back, letters of any case. 0; -KR_EINVAL: no id that a viewer of this kind was given. */
KR_MUST_USE int kr_store_event_id_parse(const struct kr_store *s, const struct kr_scope *scope,
					struct kr_str text, struct kr_event_id *ret);

/* A stored event as it is handed out: what the scope does not show is absent or 0. Valid during the
 * callback only. */
struct kr_stored_event {
	struct kr_event_id id; /* to ask the store with; shown as kr_stored_event_id() says */
	struct kr_event *e;
	struct kr_str source;
	uint64_t report; /* of the first contribution; e->offset and e->length point into it */
	const struct kr_str *constituents;
	size_t n_constituents;
	const struct kr_store *store;
	const struct kr_scope *scope;	/* of whoever asked; NULL: staff */
	const struct kr_seal_key *seal; /* private: what its id is sealed with */
};
/* Its id as whoever asked for it sees it. Returns buf. */
char *kr_stored_event_id(const struct kr_stored_event *ev, char buf[KR_EVENT_ID_TEXT_MAX]);

struct kr_event_query {
	const struct kr_expr *expr; /* NULL: all */
	uint32_t limit;		    /* rows; 0: all */
	struct kr_str cursor;	    /* where an earlier query stopped; empty: from the newest */
	/* Called now and then while rows are passed over; false stops the query with -KR_ECANCEL.
	 */
	bool (*progress)(void *ctx, uint64_t scanned, uint64_t total);
	/*
	 * Rows to look at before giving up with a cursor; 0: no limit. Not asked for scopes other
	 * than staff's, for which progress gets zeroes: where the page ended would tell how many
	 * rows of others there are. Bound their time with progress.
	 */
	uint64_t scan_max;
	void *ctx;
};
struct kr_event_page {
	struct kr_str cursor;	/* to go on; empty at the end. In the arena given */
	uint64_t rows, scanned; /* scanned: 0 for scopes other than staff's */
};
/*
 * Matching events, newest arrival first.
 *
 * each  returns false to stop (the cursor then points behind that event)
 */
KR_MUST_USE int kr_store_event_list(struct kr_store *s, const struct kr_scope *scope,
				    const struct kr_event_query *q,
				    bool (*each)(void *ctx, const struct kr_stored_event *ev),
				    void *ctx, struct kr_arena *a, struct kr_event_page *ret,
				    struct kr_fault *reterr);
KR_MUST_USE int kr_store_event_get(struct kr_store *s, const struct kr_scope *scope,
				   const struct kr_event_id *id, struct kr_arena *a,
				   struct kr_stored_event *ret, struct kr_fault *reterr);
struct kr_contribution {
	uint64_t report, offset;
	uint32_t length, part;
	kr_time time;
};
/* All contributions to a row, the first one first. */
KR_MUST_USE int kr_store_event_contributions(struct kr_store *s, const struct kr_scope *scope,
					     const struct kr_event_id *id, uint32_t limit,
					     struct kr_arena *a, struct kr_contribution **ret,
					     size_t *ret_n, struct kr_fault *reterr);

struct kr_group_row {
	struct kr_str value; /* empty: absent */
	uint64_t rows, events;
};
struct kr_count {
	uint64_t rows, events; /* rows, and times seen */
};
/*
 * Count matching rows, by a field or subject if given.
 *
 * by         subject and field; NULL: no groups. Sorted by rows, most first
 * groups_max more distinct values than this is -KR_ELIMIT with a remedy
 */
KR_MUST_USE int kr_store_event_count(struct kr_store *s, const struct kr_scope *scope,
				     const struct kr_event_query *q, const struct kr_expr_leaf *by,
				     uint32_t groups_max, struct kr_arena *a, struct kr_count *ret,
				     struct kr_group_row **ret_groups, size_t *ret_n,
				     struct kr_fault *reterr);

/* ---- counters (stats.db) ---- */

/* A dimension of the counters; values are stored as text. */
enum kr_dim {
	KR_DIM_NONE = 0, /* all events */
	KR_DIM_CLASS = 1,
	KR_DIM_AS = 2,
	KR_DIM_COUNTRY = 3,
	KR_DIM_CONSTITUENT = 4, /* name; empty: unrouted */
	KR_DIM_SOURCE = 5,
	KR_DIM_TYPE = 6,
};
/* Word for --by and pages, "class"; and back, KR_DIM_NONE if there is none. */
const char *kr_dim_text(enum kr_dim d);
enum kr_dim kr_dim_parse(struct kr_str s);

struct kr_counter_query {
	enum kr_dim a, b;      /* b NONE: one dimension. Stored pairs: see store/counters.def */
	struct kr_str value_a; /* only this value of a; empty: all */
	int32_t from, to;      /* days, both included */
	bool by_day;	       /* one row a day, else summed over the span */
	uint32_t limit;	       /* rows, most events first unless by_day; 0: all */
};
struct kr_counter_row {
	int32_t day; /* with by_day */
	struct kr_str value_a, value_b;
	uint64_t rows, events;
};
/*
 * From stats.db alone; for a scope bound to a constituent, pairs other than all and class from its
 * rows. -KR_EINVAL if the pair is not stored, or one of its dimensions is hidden.
 */
KR_MUST_USE int kr_store_counters(struct kr_store *s, const struct kr_scope *scope,
				  const struct kr_counter_query *q, struct kr_arena *a,
				  struct kr_counter_row **ret, size_t *ret_n,
				  struct kr_fault *reterr);
/* Compare every counter with a recount of the rows; reterr names the first difference. For doctor
 * and tests. */
KR_MUST_USE int kr_store_verify(struct kr_store *s, struct kr_fault *reterr);

/* Events and rows that the scope shows; all else is 0 for whoever may not read reports. */
struct kr_store_totals {
	uint64_t events, rows, reports, quarantined, partitions, bytes_events, bytes_spool;
};
KR_MUST_USE int kr_store_totals(struct kr_store *s, const struct kr_scope *scope,
				struct kr_store_totals *ret, struct kr_fault *reterr);
