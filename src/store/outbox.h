/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is told, what is to be told, and what became of it. The outbox is derived from the partitions
 * by a cursor (segment by segment, in one transaction with its rows), so a crash repeats nothing
 * and forgets nothing; its only writer is the desk (desk/outbox.h).
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"
#include "model/label.h"
#include "model/scope.h"
#include "store/audit.h"
#include "store/read.h"
#include "store/store.h"

/* ---- recipients ---- */

struct kr_recipient {
	uint32_t id, constituent;
	struct kr_str constituent_name, constituent_title, constituent_language;
	struct kr_str sink;	/* "mail", "webhook", "file", "pull" */
	struct kr_str address;	/* mail address, URL, folder; pull: empty */
	struct kr_str language; /* of messages; empty: the constituent's, then the node's */
	struct kr_str zone;	/* "Europe/Skopje"; empty: the node's */
	struct kr_str classes;	/* when each class is told: "intrusions=now other=daily" */
	struct kr_str format;	/* "csv", "csv,xarf", "json" */
	struct kr_str secret;	/* file below secrets/ that signs webhooks */
	uint32_t hour;		/* 0 to 23, of the daily digest, in its zone */
	int quiet_from,
		quiet_to;     /* minutes of its day in which nothing is sent at once; -1: none */
	kr_time muted_until;  /* KR_TIME_NONE: not muted */
	uint32_t repeat_days; /* the same key is told again after so many days; 0: every day */
	int health;	      /* 100: fine; bounces lower it, 0: nothing is sent any more */
	kr_time bounced;
	bool enabled;
	bool removed;	  /* only kr_store_recipient_get() shows such */
	bool of_register; /* made from the contact column of the register */
	kr_time created, changed;
	uint32_t revision;
};
/* Add (id 0) or change (revision must match, else -KR_EEXIST). A removed one comes back. */
KR_MUST_USE int kr_store_recipient_put(struct kr_store *s, const struct kr_by *by,
				       const struct kr_recipient *r, uint32_t *ret_id,
				       struct kr_fault *reterr);
/* Hide a recipient; what is packed for it and not sent is dropped. -KR_ENOENT. */
KR_MUST_USE int kr_store_recipient_remove(struct kr_store *s, const struct kr_by *by, uint32_t id,
					  struct kr_fault *reterr);
struct kr_register_recipients {
	uint32_t added, returned, removed;
};
/*
 * Bring the mail recipients that the register makes (of_register) in line with these addresses:
 * new ones are added with the defaults of `like`, missing ones removed. One that a person added or
 * removed stays as it is.
 *
 * want  constituent and address of each; in any order, without doubles
 */
KR_MUST_USE int kr_store_recipient_sync(struct kr_store *s, const struct kr_by *by,
					const struct kr_recipient *like,
					const struct kr_recipient *want, size_t n,
					struct kr_register_recipients *ret,
					struct kr_fault *reterr);
/* Changes with every change of a recipient but its health. */
uint64_t kr_store_recipient_version(struct kr_store *s);
struct kr_recipient_query {
	uint32_t constituent; /* 0: all */
	uint32_t after;	      /* ids above; 0: from the first */
	uint32_t limit;	      /* 0: all */
	bool removed;	      /* those too that were removed */
};
/* By id. */
KR_MUST_USE int kr_store_recipient_list(struct kr_store *s, const struct kr_scope *scope,
					const struct kr_recipient_query *q, struct kr_arena *a,
					struct kr_recipient **ret, size_t *ret_n,
					struct kr_fault *reterr);
/* One, removed or not, since deliveries name it. -KR_ENOENT. */
KR_MUST_USE int kr_store_recipient_get(struct kr_store *s, const struct kr_scope *scope,
				       uint32_t id, struct kr_arena *a, struct kr_recipient *ret,
				       struct kr_fault *reterr);
/* A message came back or got through: health changes by so much, within 0 to 100. bounced: when it
 * came back; KR_TIME_NONE: it did not. */
KR_MUST_USE int kr_store_recipient_health(struct kr_store *s, uint32_t id, int change,
					  kr_time bounced, struct kr_fault *reterr);

/* ---- suppression and feedback ---- */

struct kr_suppression {
	uint32_t id;
	struct kr_str expr;
	uint32_t constituent; /* 0: all */
	struct kr_str constituent_name, reason, by;
	kr_time created, expires; /* expires KR_TIME_NONE: never */
	uint32_t revision;
};
KR_MUST_USE int kr_store_suppression_put(struct kr_store *s, const struct kr_by *by,
					 const struct kr_suppression *x, uint32_t *ret_id,
					 struct kr_fault *reterr);
KR_MUST_USE int kr_store_suppression_remove(struct kr_store *s, const struct kr_by *by, uint32_t id,
					    struct kr_fault *reterr);
/* Those that are not removed; expired ones too. */
KR_MUST_USE int kr_store_suppression_list(struct kr_store *s, struct kr_arena *a,
					  struct kr_suppression **ret, size_t *ret_n,
					  struct kr_fault *reterr);

enum kr_verdict { KR_VERDICT_FIXED = 1, KR_VERDICT_FALSE_POSITIVE = 2, KR_VERDICT_NOT_MINE = 3 };
/* "fixed", "false-positive", "not-mine" */
const char *kr_verdict_text(enum kr_verdict v);
KR_MUST_USE int kr_verdict_parse(struct kr_str s, enum kr_verdict *ret);

struct kr_feedback {
	uint64_t id;
	uint32_t source, constituent;
	uint64_t key; /* of the event, without a day: it holds for later days too */
	enum kr_verdict verdict;
	struct kr_str note, by, event, constituent_name;
	enum kr_door door;
	kr_time at, expires; /* expires KR_TIME_NONE: never */
	bool revoked;
};
KR_MUST_USE int kr_store_feedback_add(struct kr_store *s, const struct kr_by *by,
				      const struct kr_feedback *f, uint64_t *ret_id,
				      struct kr_fault *reterr);
/*
 * Note several answers, all or none; one that holds already in the same words is passed over.
 *
 * ret  those that are new
 */
KR_MUST_USE int kr_store_feedback_add_all(struct kr_store *s, const struct kr_by *by,
					  const struct kr_feedback *list, size_t n, uint64_t *ret,
					  struct kr_fault *reterr);
KR_MUST_USE int kr_store_feedback_revoke(struct kr_store *s, const struct kr_by *by, uint64_t id,
					 struct kr_fault *reterr);
struct kr_feedback_query {
	uint32_t source; /* with key: those of an event; 0: all */
	uint64_t key;
	uint32_t constituent; /* 0: all */
	uint64_t before;      /* smaller ids; 0: from the newest */
	uint32_t limit;
};
/* Newest first. */
KR_MUST_USE int kr_store_feedback_list(struct kr_store *s, const struct kr_scope *scope,
				       const struct kr_feedback_query *q, struct kr_arena *a,
				       struct kr_feedback **ret, size_t *ret_n,
				       struct kr_fault *reterr);

/* An answer that counts now: not revoked, not expired. */
struct kr_answer {
	uint64_t id, key;
	uint32_t source, constituent;
	enum kr_verdict verdict;
	kr_time at;
};
/* All answers that count at `now`, by (key, source, constituent), of one such the newest only. */
KR_MUST_USE int kr_store_feedback_answers(struct kr_store *s, kr_time now, struct kr_arena *a,
					  struct kr_answer **ret, size_t *ret_n,
					  struct kr_fault *reterr);

/* The 32 bytes that sign links in messages; made with the data directory. */
KR_MUST_USE int kr_store_link_key(struct kr_store *s, uint8_t ret[32], struct kr_fault *reterr);

/* ---- the outbox ---- */

enum kr_outbox_state {
	KR_OUTBOX_WAITING = 1,	/* until `due` */
	KR_OUTBOX_PACKED = 2,	/* in a delivery */
	KR_OUTBOX_WITHHELD = 3, /* will not be told; `why` says why */
};
enum kr_outbox_why {
	KR_WHY_NONE = 0,
	KR_WHY_LABEL = 1,      /* tighter than may leave by this way */
	KR_WHY_SUPPRESSED = 2, /* by a suppression rule */
	KR_WHY_FEEDBACK = 3,   /* the owner answered */
	KR_WHY_REPEAT = 4,     /* told within the repeat interval */
	KR_WHY_CLASS = 5,      /* the recipient does not want this class */
	KR_WHY_OLD = 6,	       /* too old when it came */
	KR_WHY_GONE = 7,       /* the event is not there any more */
	KR_WHY_RESTORED = 8,   /* due before a restore: the lost node may have told it */
};
struct kr_outbox_row {
	uint32_t recipient, source;
	uint64_t key;
	int32_t day;
	struct kr_event_id event;
	uint32_t rule; /* of the register, by which the constituent owns it */
	enum kr_outbox_state state;
	enum kr_outbox_why why;
	uint64_t cause; /* id of the suppression rule or the answer that withholds it */
	kr_time due;
	uint64_t delivery;
};

/* "label", "suppressed" ...; "" for NONE */
const char *kr_outbox_why_text(enum kr_outbox_why why);

/* A new row of a partition, as derivation sees it. Valid during the callback. */
struct kr_fresh_row {
	struct kr_event_id id;
	uint32_t source;
	uint64_t key;
	kr_time first, last, stored;
	enum kr_tlp label;
	struct kr_str taxonomy;
	const struct kr_owner *owners;
	uint32_t n_owners;
	const struct kr_stored_event *full; /* all of it; NULL unless asked for */
};
/*
 * Go through rows that the cursor of the outbox has not passed, partition by partition, oldest
 * first, in pieces of at most 4,096 rows: what `each` adds with kr_store_outbox_add() commits
 * together with the cursor, so a crash repeats nothing and forgets nothing.
 *
 * Returns the number of rows passed, or -KR_E*.
 */
struct kr_outbox_derive {
	bool full;	 /* each needs all of the row */
	bool dry;	 /* nothing is written: what is added is thrown away */
	int32_t day_min; /* partitions of earlier days are passed over as a whole */
	int (*each)(void *ctx, const struct kr_fresh_row *row, struct kr_fault *reterr);
	bool (*cancelled)(void *ctx); /* may be NULL; true ends it between two pieces */
	void *ctx;
};
KR_MUST_USE int64_t kr_store_outbox_derive(struct kr_store *s, const struct kr_outbox_derive *d,
					   struct kr_fault *reterr);
/* Are there rows that the cursor has not passed? Asks no file. */
bool kr_store_outbox_behind(struct kr_store *s);
/*
 * Add a row; only within `each`. Where (recipient, source, key, day) is there already, a packed row
 * stays packed and only learns where its event is now (it was taken again); a waiting one keeps the
 * earlier time; one that was withheld is decided anew, but for KR_WHY_RESTORED.
 */
KR_MUST_USE int kr_store_outbox_add(struct kr_store *s, const struct kr_outbox_row *row,
				    struct kr_fault *reterr);
/* Last day before `day` on which the key was told to the recipient or waits to be; INT32_MIN:
 * never. Only within `each`. */
KR_MUST_USE int kr_store_outbox_told(struct kr_store *s, uint32_t recipient, uint32_t source,
				     uint64_t key, int32_t day, int32_t *ret,
				     struct kr_fault *reterr);
/*
 * Forget rows of earlier days, in pieces, so that nobody waits long; deliveries stay, without rows.
 *
 * cancelled  may be NULL; asked between two pieces
 *
 * Returns how many, or -KR_E*.
 */
KR_MUST_USE int64_t kr_store_outbox_forget(struct kr_store *s, int32_t day,
					   bool (*cancelled)(void *ctx), void *ctx,
					   struct kr_fault *reterr);
struct kr_outbox_query {
	uint32_t recipient;	    /* 0: all */
	uint64_t delivery;	    /* 0: all */
	enum kr_outbox_state state; /* 0: all */
	kr_time due;		    /* with recipient, and state WAITING: due by then; 0: all */
	uint64_t limit;		    /* 0: all */
};
/* Rows in the order of recipient, source, key, day; with `due`, those due first come first. */
KR_MUST_USE int kr_store_outbox_list(struct kr_store *s, const struct kr_outbox_query *q,
				     bool (*each)(void *ctx, const struct kr_outbox_row *row),
				     void *ctx, struct kr_fault *reterr);

struct kr_outbox_count {
	uint32_t recipient;
	enum kr_outbox_state state;
	enum kr_outbox_why why;
	uint64_t rows;
	kr_time due; /* the earliest, of waiting ones */
};
/* Rows by recipient, state and reason; packed ones are left out. */
KR_MUST_USE int kr_store_outbox_counts(struct kr_store *s, const struct kr_scope *scope,
				       uint32_t recipient, struct kr_arena *a,
				       struct kr_outbox_count **ret, size_t *ret_n,
				       struct kr_fault *reterr);
/*
 * The events of outbox rows, read a partition at a time with rising row ids.
 *
 * scope  what the reader may see; events are redacted by it
 * rows   reordered by place
 * full   false: of an event only label, times, count, key, owners and class are set
 * each   the row, and its event, or NULL if it is gone or the scope does not show it; valid during
 *        the call. Returns false to stop
 *
 * Returns 0, or 1 if each stopped it.
 */
KR_MUST_USE int kr_store_outbox_events(struct kr_store *s, const struct kr_scope *scope,
				       struct kr_outbox_row *rows, size_t n, bool full,
				       bool (*each)(void *ctx, struct kr_outbox_row *row,
						    const struct kr_stored_event *ev),
				       void *ctx, struct kr_fault *reterr);

/* ---- deliveries ---- */

enum kr_delivery_state {
	KR_DELIVERY_QUEUED = 1,	 /* to be sent at `due` */
	KR_DELIVERY_RETRY = 2,	 /* an attempt failed; again at `due` */
	KR_DELIVERY_SENDING = 3, /* handed to a sink */
	KR_DELIVERY_SENT = 4,
	KR_DELIVERY_FAILED = 5,	 /* given up */
	KR_DELIVERY_DOUBT = 6,	 /* the node stopped while it was sent: a person decides */
	KR_DELIVERY_DROPPED = 7, /* by a person */
	KR_DELIVERY_EMPTY = 8,	 /* nothing was left to tell when it was its turn */
};
/* "queued" ... */
const char *kr_delivery_state_text(enum kr_delivery_state st);
KR_MUST_USE int kr_delivery_state_parse(struct kr_str s, enum kr_delivery_state *ret);

struct kr_delivery {
	uint64_t id;
	uint32_t recipient, attempts;
	struct kr_str constituent, sink, address; /* of the recipient, for lists */
	enum kr_delivery_state state;
	kr_time created, due, sent, bounced;
	uint64_t rows, size;
	enum kr_tlp tlp; /* tightest of its rows */
	struct kr_str subject, message_id, reason;
	struct kr_hash hash; /* of the bytes that were sent */
};
/*
 * Pack rows of a recipient into a delivery, and note of others why they are withheld. Rows that do
 * not wait any more are left as they are.
 *
 * rows  of this recipient: state PACKED, or WITHHELD with why and cause; others are passed over
 * tlp   the tightest label of the packed ones
 *
 * Returns 0 with the delivery's id, which is QUEUED at `now`; 1 if no row was packed.
 */
KR_MUST_USE int kr_store_delivery_pack(struct kr_store *s, uint32_t recipient, kr_time now,
				       const struct kr_outbox_row *rows, size_t n, enum kr_tlp tlp,
				       uint64_t *ret_id, struct kr_fault *reterr);
/*
 * Rows of a delivery that it cannot tell, since their events are not to be found now: they wait
 * again, and whoever packs them finds out why, or where the event went.
 *
 * rows  of this delivery; others are passed over
 */
KR_MUST_USE int kr_store_outbox_release(struct kr_store *s, uint64_t delivery,
					const struct kr_outbox_row *rows, size_t n,
					struct kr_fault *reterr);
/* Recipients in use that have rows due, by id. */
KR_MUST_USE int kr_store_outbox_due(struct kr_store *s, kr_time now, struct kr_arena *a,
				    uint32_t **ret, size_t *ret_n, struct kr_fault *reterr);
/*
 * Take the next delivery whose time has come: it is SENDING, durably, before this returns.
 *
 * sink  only of recipients with this sink that are in use: enabled, with some health, not muted
 *
 * Returns 0; 1 if there is none.
 */
KR_MUST_USE int kr_store_delivery_claim(struct kr_store *s, struct kr_str sink, kr_time now,
					struct kr_arena *a, struct kr_delivery *ret,
					struct kr_fault *reterr);
/* What became of a delivery that was claimed: state, due, reason, subject, message_id, size, hash,
 * sent and tlp are taken from d. */
KR_MUST_USE int kr_store_delivery_done(struct kr_store *s, const struct kr_delivery *d,
				       struct kr_fault *reterr);
/*
 * A message came back after it was sent, or its server says that it is late.
 *
 * failed  for good: the delivery is FAILED; else only the reason changes
 *
 * Returns 0; 1 (it was not sent, or came back before: nothing changes); -KR_ENOENT.
 */
KR_MUST_USE int kr_store_delivery_bounced(struct kr_store *s, const struct kr_by *by, uint64_t id,
					  bool failed, kr_time at, struct kr_str reason,
					  struct kr_fault *reterr);
/* At start: what was SENDING is in DOUBT. Returns how many, or -KR_E*. */
KR_MUST_USE int kr_store_delivery_recover(struct kr_store *s, struct kr_fault *reterr);
/* A person decides: QUEUED again (retry), or DROPPED. -KR_EINVAL where the state does not allow it.
 */
KR_MUST_USE int kr_store_delivery_decide(struct kr_store *s, const struct kr_by *by, uint64_t id,
					 enum kr_delivery_state to, struct kr_str reason,
					 struct kr_fault *reterr);
struct kr_delivery_query {
	uint32_t recipient, constituent; /* 0: all */
	enum kr_delivery_state state;	 /* 0: all */
	uint64_t before;		 /* smaller ids; 0: from the newest */
	uint32_t limit;
};
/* Newest first. A scope that is bound to a constituent shows its own; one that ends at a label,
 * those without a row that is tighter. */
KR_MUST_USE int kr_store_delivery_list(struct kr_store *s, const struct kr_scope *scope,
				       const struct kr_delivery_query *q, struct kr_arena *a,
				       struct kr_delivery **ret, size_t *ret_n,
				       struct kr_fault *reterr);
KR_MUST_USE int kr_store_delivery_get(struct kr_store *s, const struct kr_scope *scope, uint64_t id,
				      struct kr_arena *a, struct kr_delivery *ret,
				      struct kr_fault *reterr);

/* ---- deliveries that are fetched ---- */

/*
 * The next delivery of a recipient that pulls.
 *
 * after  the oldest with a larger id, fetched already or not; 0: the oldest that was not fetched
 *
 * Returns 0; 1 if there is none.
 */
KR_MUST_USE int kr_store_delivery_next(struct kr_store *s, uint32_t recipient, uint64_t after,
				       struct kr_arena *a, struct kr_delivery *ret,
				       struct kr_fault *reterr);
/* What the recipient fetched has arrived, up to this id: it is SENT. */
KR_MUST_USE int kr_store_delivery_arrived(struct kr_store *s, uint32_t recipient, uint64_t upto,
					  kr_time now, struct kr_fault *reterr);
