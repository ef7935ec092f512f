/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register: whose address, network, name, AS or country is it? Constituents and their rules
 * live in the store; here they are compiled into one mapped file, tables/register.krt, and asked
 * for every event (doc/register.md).
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/str.h"
#include "model/event.h"
#include "model/register.h"
#include "store/audit.h"
#include "store/store.h"
#include "store/write.h"

#define KR_REGISTER_FILE	     "tables/register.krt"
#define KR_REGISTER_CONSTITUENTS_MAX 1000000u
#define KR_REGISTER_RULES_MAX	     10000000u

/* A compiled register: immutable, counted, safe to ask from any thread. */
struct kr_register;

/*
 * Compile constituents' rules and write the file.
 *
 * dirfd    data directory
 * rules    with ids and constituents' ids; retired ones are passed over; borrowed
 * version  kr_store_register_version() of what the rules are
 *
 * Returns 0; -KR_ECORRUPT (a rule that cannot be read; the fault names it); -KR_EIO, -KR_EFULL.
 */
KR_MUST_USE int kr_register_compile(int dirfd, const struct kr_rule *rules, size_t n_rules,
				    uint64_t version, struct kr_fault *reterr);
/* Map the compiled file. -KR_ENOENT, -KR_ECORRUPT, -KR_EVERSION. Nothing is parsed. */
KR_MUST_USE int kr_register_open(int dirfd, struct kr_register **ret, struct kr_fault *reterr);
/*
 * Map it, after compiling it from the store if it is missing, damaged or of another version.
 *
 * Returns 0, or 1 if it was compiled; errors of the store and of writing.
 */
KR_MUST_USE int kr_register_sync(struct kr_store *s, struct kr_register **ret,
				 struct kr_fault *reterr);
struct kr_register *kr_register_ref(struct kr_register *r);
void kr_register_unref(struct kr_register *r);
static inline void kr_register_free(struct kr_register *r)
{
	kr_register_unref(r);
}
KR_AUTO_DEFINE(kr_register)

uint64_t kr_register_version(const struct kr_register *r);
/* Number of rules in it. */
size_t kr_register_count(const struct kr_register *r);
/* Read all of the file and compare its checksum; for doctor. */
KR_MUST_USE int kr_register_check(const struct kr_register *r, struct kr_fault *reterr);

/*
 * Find the owners of an event and set e->owners: the most specific prefix of source.ip (else one
 * that holds all of source.network) decides; else the longest registered suffix of source.fqdn, of
 * the host of source.url, or of the mail domain of source.account; else source.asn; else
 * source.geolocation.cc. Every constituent registered with the deciding value is an owner.
 *
 * arena  takes the owners
 *
 * Returns the number of owners, 0 for unrouted; -KR_ELIMIT (arena full).
 */
KR_MUST_USE int kr_register_route(const struct kr_register *r, struct kr_event *e,
				  struct kr_arena *arena);

/* Fetch what routing this event will need, some events ahead. */
void kr_register_prefetch(const struct kr_register *r, const struct kr_event *e);

/* One registered value that covers an event. */
struct kr_register_match {
	enum kr_rule_kind kind;
	struct kr_str value;	       /* canonical text */
	const struct kr_owner *owners; /* in the arena */
	size_t n_owners;
};
/*
 * All that cover it, in the order of decision: the first one decides.
 *
 * Returns 0 or -KR_ELIMIT.
 */
KR_MUST_USE int kr_register_matches(const struct kr_register *r, const struct kr_event *e,
				    struct kr_arena *arena, struct kr_register_match **ret,
				    size_t *ret_n);

/* Two registered values of which the second is the same as the first or lies within it. */
struct kr_register_overlap {
	enum kr_rule_kind kind;
	struct kr_str outer, inner;
	struct kr_owner outer_owner, inner_owner; /* of different constituents */
};
/*
 * Overlaps of different constituents: the same value, or a prefix or domain within another's.
 *
 * each  returns false to stop; texts are valid during the call
 */
void kr_register_overlaps(const struct kr_register *r,
			  bool (*each)(void *ctx, const struct kr_register_overlap *o), void *ctx);
/*
 * Count rules by constituent and kind.
 *
 * ret  id_max + 1 rows, cleared by the caller; row: id of a constituent, column: enum kr_rule_kind
 */
void kr_register_counts(const struct kr_register *r, uint32_t id_max, uint32_t (*ret)[5]);

/* What an import file holds, all in an arena. */
struct kr_register_draft {
	struct kr_constituent *c;
	struct kr_rule *rules; /* .constituent is an index into c */
	size_t n_c, n_rules;
};
#define KR_REGISTER_FAULTS_MAX 20
/*
 * Read an import file in one of its two forms (doc/register.md), wholly checked.
 *
 * text         the file; borrowed as long as the draft is used
 * name         of the file, for the faults
 * faults       receives the first errors, each with line and column
 * ret_faults   number of them
 *
 * Returns 0, or -KR_EINVAL if there is any error; -KR_ELIMIT (too many rows).
 */
KR_MUST_USE int kr_register_read(struct kr_str text, const char *name, struct kr_arena *arena,
				 struct kr_register_draft *ret,
				 struct kr_fault faults[KR_REGISTER_FAULTS_MAX],
				 size_t *ret_faults);
/*
 * Make a draft the register: in the store, then compiled.
 *
 * ret         the new snapshot, owned by the caller
 * ret_change  what became different
 */
KR_MUST_USE int kr_register_replace(struct kr_store *s, const struct kr_by *by,
				    struct kr_register_draft *draft, struct kr_register **ret,
				    struct kr_register_change *ret_change, struct kr_fault *reterr);
