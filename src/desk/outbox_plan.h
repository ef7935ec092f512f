/* SPDX-License-Identifier: Apache-2.0 */
/* What decisions rest on, read at one time: inside of the room. */
#pragma once

#include "base/arena.h"
#include "desk/outbox.h"
#include "gate/gate.h"
#include "model/expr.h"

/* A recipient with what is made of its texts. */
struct kr_desk__teller {
	const struct kr_recipient *r;
	struct kr_viewer viewer;
	const struct kr_wish *wish; /* shared by those who wish the same */
	struct kr_schedule schedule;
};

struct kr_desk__rule {
	uint32_t id, constituent;
	const struct kr_expr *expr;
};

struct kr_desk__plan {
	struct kr_store *s;
	/* Recipients: made anew when one changed. */
	struct kr_arena *people;
	uint64_t version;
	bool made;
	char zone_default[KR_ZONE_NAME_MAX + 1]; /* the setting it was made with */
	int64_t gather_us;
	struct kr_desk__teller *tellers; /* by constituent, then id */
	size_t n_tellers;
	uint32_t *by_id; /* indexes into tellers, by id of the recipient */
	struct kr_zone **zones;
	size_t n_zones, zones_cap;
	/* Suppression and answers: made anew for each tick. */
	struct kr_arena *words;
	struct kr_desk__rule *rules;
	size_t n_rules;
	struct kr_answer *answers;
	size_t n_answers;
	kr_time now;
	int64_t age_max;
};

void kr_desk__plan_init(struct kr_desk__plan *p, struct kr_store *s);
void kr_desk__plan_done(struct kr_desk__plan *p);
/* Bring it up to date for a tick at `now`. */
KR_MUST_USE int kr_desk__plan_make(struct kr_desk__plan *p, const struct kr_conf *conf, kr_time now,
				   struct kr_fault *reterr);
/* The recipients of a constituent; NULL if there is none. */
const struct kr_desk__teller *kr_desk__tellers(const struct kr_desk__plan *p, uint32_t constituent,
					       size_t *ret_n);
/* The one of a recipient; NULL if it is gone or disabled. */
const struct kr_desk__teller *kr_desk__teller_of(const struct kr_desk__plan *p, uint32_t recipient);

/* One row as decisions see it. */
struct kr_desk__subject {
	uint64_t key;
	uint32_t source;
	kr_time last;
	struct kr_str taxonomy;
	struct kr_item item;
	const struct kr_stored_event *full; /* needed when the plan has rules */
};
/*
 * May it be told, as far as it can be known at any time: label, wish, age, suppression, answers.
 *
 * Returns true; false with why and cause.
 */
bool kr_desk__may_tell(const struct kr_desk__plan *p, const struct kr_desk__teller *t,
		       const struct kr_desk__subject *x, enum kr_outbox_why *ret_why,
		       uint64_t *ret_cause);
