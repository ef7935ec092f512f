/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log: who changed what, by which way, hash-chained in main.db, so that a row that is
 * changed or taken out later shows. Whoever changes something writes it in the same transaction.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"
#include "model/viewer.h"
#include "store/store.h"

/* Who does it; every changing function takes one. Texts are borrowed. */
struct kr_by {
	struct kr_str who; /* "user:NAME", "key:NAME", "local", "node" */
	enum kr_door door;
	struct kr_str address; /* of the client; empty: none */
};

/* The node itself: schedules, derivation. And the owner of the directory at the command line. */
extern const struct kr_by kr_by_node, kr_by_local;
#define KR_BY_NODE  (&kr_by_node)
#define KR_BY_LOCAL (&kr_by_local)
/* "user:NAME" and so on from a viewer; the text lives in the arena. */
struct kr_by kr_by_viewer(const struct kr_viewer *v, struct kr_arena *a);

struct kr_audit_row {
	uint64_t seq;
	kr_time at;
	struct kr_str who, address;
	enum kr_door door;
	struct kr_str action; /* "source.edit", "login.failed": noun.verb */
	struct kr_str object; /* name or id of what was changed */
	struct kr_str detail; /* what changed, as text; never a secret */
	struct kr_hash hash;
};

/* Something worth keeping that changes nothing else, e.g. a failed login. A transaction of its own.
 */
KR_MUST_USE int kr_store_audit_add(struct kr_store *s, const struct kr_by *by, const char *action,
				   struct kr_str object, struct kr_str detail,
				   struct kr_fault *reterr);
struct kr_audit_query {
	uint64_t before; /* rows with a smaller number; 0: from the newest */
	uint32_t limit;
	struct kr_str who, action; /* exact, or with a trailing '*'; empty: all */
};
KR_MUST_USE int kr_store_audit_list(struct kr_store *s, const struct kr_audit_query *q,
				    struct kr_arena *a, struct kr_audit_row **ret, size_t *ret_n,
				    struct kr_fault *reterr);
/*
 * Check the chain from its first row.
 *
 * ret_rows  rows that are right
 * ret_head  hash of the last one: kept elsewhere, it shows a cut end too
 *
 * Returns 0; -KR_ECORRUPT with the number of the first row that is wrong.
 */
KR_MUST_USE int kr_store_audit_verify(struct kr_store *s, uint64_t *ret_rows,
				      struct kr_hash *ret_head, struct kr_fault *reterr);
