/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outbox's only writer: for each new row and each recipient of its owners, whether it is told,
 * when, and if not, why not. Nothing is decided anywhere else.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/str.h"
#include "conf/conf.h"
#include "desk/recipient.h"
#include "model/scope.h"
#include "store/outbox.h"
#include "store/store.h"

/* What is remembered between two ticks: recipients with their wishes and zones. Any thread. */
struct kr_desk_outbox;
struct kr_desk_outbox *kr_desk_outbox_new(struct kr_store *s);
void kr_desk_outbox_free(struct kr_desk_outbox *o);

struct kr_desk_ticked {
	uint64_t rows;	     /* of partitions that were looked at */
	uint64_t waiting;    /* rows of the outbox that were added to wait */
	uint64_t withheld;   /* ... and that are not told */
	uint64_t nobody;     /* rows whose owners have no recipient */
	uint64_t deliveries; /* that were packed */
};
/*
 * Derive: decide about all rows that are new.
 *
 * cancelled  may be NULL; true ends it with -KR_ECANCEL, and nothing is lost
 * ret        added to
 */
KR_MUST_USE int kr_desk_outbox_derive(struct kr_desk_outbox *o, const struct kr_conf *conf,
				      bool (*cancelled)(void *ctx), void *ctx,
				      struct kr_desk_ticked *ret, struct kr_fault *reterr);
/*
 * Pack what is due at `now` into deliveries, for recipients whose sink is switched on, that are
 * enabled, healthy, not muted and not in quiet hours. Labels, suppression, answers and age are
 * looked at once more: they may have come while a row waited.
 *
 * constituent  only its recipients; 0: all
 */
KR_MUST_USE int kr_desk_outbox_pack(struct kr_desk_outbox *o, const struct kr_conf *conf,
				    kr_time now, uint32_t constituent, bool (*cancelled)(void *ctx),
				    void *ctx, struct kr_desk_ticked *ret, struct kr_fault *reterr);
/* Both: what the running node does every delivery.tick. */
KR_MUST_USE int kr_desk_outbox_tick(struct kr_desk_outbox *o, const struct kr_conf *conf,
				    kr_time now, bool (*cancelled)(void *ctx), void *ctx,
				    struct kr_desk_ticked *ret, struct kr_fault *reterr);

/* What is decided about one row and one recipient. */
struct kr_desk_decision {
	const struct kr_recipient *to;
	struct kr_outbox_row row; /* state WAITING with due, or WITHHELD with why and cause */
	struct kr_str taxonomy;
	enum kr_when when;  /* the wish that holds for the class */
	struct kr_str wish; /* the part of it that decided: "intrusions", "*", empty: none */
	bool fresh;	    /* not in the outbox yet */
	enum kr_tlp label;
};
/*
 * What a tick would do, without doing it: rows that are new, then those that wait, as they would be
 * decided now.
 *
 * constituent  only its recipients; 0: all
 * each         returns false to stop
 */
KR_MUST_USE int kr_desk_outbox_dry(struct kr_desk_outbox *o, const struct kr_conf *conf,
				   kr_time now, uint32_t constituent,
				   bool (*each)(void *ctx, const struct kr_desk_decision *d),
				   void *ctx, struct kr_desk_ticked *ret, struct kr_fault *reterr);

struct kr_desk_untold {
	uint32_t id;
	struct kr_str constituent;
	uint64_t rows; /* of the days asked for */
};
/*
 * Constituents that have rows but nobody to tell, most rows first, and rows that nobody owns.
 *
 * from, to  days, both included
 */
KR_MUST_USE int kr_desk_outbox_nobody(struct kr_store *s, const struct kr_scope *scope,
				      int32_t from, int32_t to, struct kr_arena *a,
				      struct kr_desk_untold **ret, size_t *ret_n,
				      uint64_t *ret_unrouted, struct kr_fault *reterr);
