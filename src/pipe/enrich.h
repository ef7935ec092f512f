/* SPDX-License-Identifier: Apache-2.0 */
/* Country, AS and public suffix, from the tables of the node. */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "model/event.h"
#include "pipe/lookup.h"

/* The tables that there are: an immutable snapshot, counted, safe from any thread. */
struct kr_tables;

/*
 * Map all tables of a data directory. A missing one is fine.
 *
 * ret  always set; the caller gives it back with kr_tables_unref()
 *
 * Returns 0; 1 if a table is there but not usable: it is left out, and reterr says which and why.
 */
KR_MUST_USE int kr_tables_open(int dirfd, struct kr_tables **ret, struct kr_fault *reterr);
struct kr_tables *kr_tables_ref(struct kr_tables *t);
void kr_tables_unref(struct kr_tables *t);
static inline void kr_tables_free(struct kr_tables *t)
{
	kr_tables_unref(t);
}
KR_AUTO_DEFINE(kr_tables)
/* One of them, NULL if there is none. */
const struct kr_lookup *kr_tables_get(const struct kr_tables *t, enum kr_lookup_kind kind);
/*
 * What must be shown where the data are used: the attributions of all tables, one a line; empty if
 * none asks for it.
 */
void kr_tables_attribution(const struct kr_tables *t, struct kr_buf *ret);

/*
 * Fill AS number and name, country and public suffix, for source and destination, where the event
 * does not say them.
 *
 * force  replace the AS and country that the report gives, where our tables know them
 * e      values put into it live as long as the tables or the event's own texts
 *
 * Returns 0 or -KR_ELIMIT (arena full).
 */
KR_MUST_USE int kr_enrich(const struct kr_tables *t, bool force, struct kr_event *e,
			  struct kr_arena *arena);
/* Fetch what enriching this event will need, some events ahead. */
void kr_enrich_prefetch(const struct kr_tables *t, const struct kr_event *e);
