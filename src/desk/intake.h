/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules for events on their way in: an expression, and what is done to the events that match: drop,
 * tag WORD, set FIELD=VALUE (doc/rules.md). A set of rules is compiled once into an immutable
 * snapshot that the pipe holds; a change makes a new one.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/str.h"
#include "model/event.h"
#include "model/expr.h"
#include "store/intake.h"
#include "store/read.h"
#include "store/store.h"

#define KR_INTAKE_RULES_MAX 1000
#define KR_INTAKE_TAG_KEY   "tag" /* key in extra that tags are kept under, separated by commas */

/* ---- the compiled set ---- */

struct kr_intake;

/*
 * Read and compile all rules that are enabled.
 *
 * ret     always set but on errors of the store; give it back with kr_intake_unref()
 * reterr  for 1: the first rule that cannot be used, and why
 *
 * Returns 0; 1 if some rule is left out; -KR_E* of the store.
 */
KR_MUST_USE int kr_intake_load(struct kr_store *s, struct kr_intake **ret, struct kr_fault *reterr);
struct kr_intake *kr_intake_ref(struct kr_intake *i);
void kr_intake_unref(struct kr_intake *i);
/* Rules in it that apply to a source. */
size_t kr_intake_count(const struct kr_intake *i, uint32_t source);
/* kr_store_intake_version() when it was read. */
uint64_t kr_intake_version(const struct kr_intake *i);
/*
 * Apply the rules to one event, in their order. A later rule sees what an earlier one set.
 *
 * source, name  of the report's source
 * keep          do not drop: the event is made again for a row that is there
 * arena         takes texts that are new; others live as long as the set
 *
 * Returns 0; -KR_ELIMIT. e->dropped is the id of the rule that drops it.
 */
KR_MUST_USE int kr_intake_apply(const struct kr_intake *i, uint32_t source, struct kr_str name,
				bool keep, struct kr_event *e, struct kr_arena *arena);

/* ---- the rules ---- */

/* What is to be set, as text. p NULL: stays as it is. */
struct kr_desk_intake_change {
	struct kr_str expr;
	struct kr_str action; /* "drop", "tag WORD", "set FIELD=VALUE" */
	struct kr_str source; /* name; empty: all */
	struct kr_str note;
	struct kr_str enabled;	/* "yes" or "no" */
	struct kr_str position; /* a number; rules are applied in its order. Empty: behind all */
};

/* Add a rule. 0 with its id; -KR_EINVAL, -KR_ESYNTAX with what would be valid; -KR_ENOENT (source);
 * -KR_ELIMIT. */
KR_MUST_USE int kr_desk_intake_add(struct kr_store *s, const struct kr_by *by,
				   const struct kr_desk_intake_change *c, struct kr_arena *a,
				   struct kr_intake_rule *ret, struct kr_fault *reterr);
/* Change one. As above; -KR_ENOENT (rule); -KR_EEXIST (somebody else changed it meanwhile). */
KR_MUST_USE int kr_desk_intake_edit(struct kr_store *s, const struct kr_by *by, uint32_t id,
				    const struct kr_desk_intake_change *c, struct kr_arena *a,
				    struct kr_intake_rule *ret, struct kr_fault *reterr);
/* "drop", "tag WORD", "set FIELD=VALUE"; in the arena. */
struct kr_str kr_desk_intake_action(const struct kr_intake_rule *r, struct kr_arena *a);

struct kr_desk_intake_test {
	struct kr_desk_intake_change rule;
	struct kr_str since; /* span; empty: all there is */
	uint32_t examples;   /* so many are shown */
	/* before, after: NULL after means dropped. Valid during the call; false stops. */
	bool (*example)(void *ctx, const struct kr_stored_event *before,
			const struct kr_event *after);
	bool (*progress)(void *ctx, uint64_t scanned, uint64_t total); /* NULL: none */
	void *ctx;
};
struct kr_desk_intake_tested {
	uint64_t rows, events; /* that match */
	uint64_t changed;      /* rows that would be dropped or different */
	uint64_t looked;       /* rows that were looked at */
};
/* What would a rule have done to the stored events? Nothing is changed. */
KR_MUST_USE int kr_desk_intake_try(struct kr_store *s, const struct kr_scope *scope,
				   const struct kr_desk_intake_test *t, struct kr_arena *a,
				   struct kr_desk_intake_tested *ret, struct kr_fault *reterr);
