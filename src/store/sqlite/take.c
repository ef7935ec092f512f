/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a report: from the first batch to its final state, over crashes. */
#include <stdlib.h>

#include "store/sqlite/db.h"
#include "store/sqlite/group.h"
#include "store/sqlite/partition.h"
#include "store/sqlite/report.h"
#include "store/sqlite/undo.h"

#define BATCHES_MAX (1u << 24) /* of one report: 8 TiB of raw bytes */

static void mark_done(struct kr_taking *t, uint32_t batch)
{
	if (batch >= t->done_n) {
		uint32_t words = batch / 64 + 1, old = (t->done_n + 63) / 64;

		if (words > old) {
			t->done = kr_xrealloc(t->done, words * sizeof(*t->done));
			memset(t->done + old, 0, (words - old) * sizeof(*t->done));
		}
		t->done_n = words * 64;
	}
	t->done[batch / 64] |= 1ull << (batch % 64);
}

bool kr_store_batch_done(const struct kr_taking *t, uint32_t n)
{
	return n < t->done_n && (t->done[n / 64] >> (n % 64) & 1);
}

/* Walk the ledger of the report's generation over all parts: mark batches, or sum them. */
static int walk_ledger(struct kr_taking *t, struct kr_taken *sum, struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_part_info *parts;
	size_t n = kr_store__catalogue_copy(t->s, a, &parts);
	int r = 0, drops;

	for (size_t i = 0; !r && i < n; i++) {
		char path[KR_PATH_MAX];
		sqlite3_stmt *st = NULL;
		sqlite3 *db;

		if (parts[i].class_ != t->class_ || parts[i].day != t->day)
			continue;
		r = kr_store__reader(
			t->s, kr_store__part_path(t->s, t->class_, t->day, parts[i].part, path),
			&db, reterr);
		if (r)
			break;
		r = drops = kr_partition_has_drops(db, reterr);
		if (r < 0) {
			kr_store__reader_put(t->s, db);
			break;
		}
		r = kr_db_prepare(
			db,
			drops ? "SELECT batch,read,fresh,aggregated,refused,warnings,unrouted,"
				"dropped FROM ledger WHERE report=?1 AND generation=?2"
			      : "SELECT batch,read,fresh,aggregated,refused,warnings,unrouted,0 "
				"FROM ledger WHERE report=?1 AND generation=?2",
			&st, reterr);
		if (!r) {
			sqlite3_bind_int64(st, 1, (int64_t)t->report);
			sqlite3_bind_int64(st, 2, t->generation);
		}
		while (!r && (r = kr_db_step(st, reterr)) == 1) {
			if (!sum) {
				mark_done(t, (uint32_t)sqlite3_column_int64(st, 0) % BATCHES_MAX);
			} else {
				sum->read += (uint64_t)sqlite3_column_int64(st, 1);
				sum->fresh += (uint64_t)sqlite3_column_int64(st, 2);
				sum->aggregated += (uint64_t)sqlite3_column_int64(st, 3);
				sum->refused += (uint64_t)sqlite3_column_int64(st, 4);
				sum->warnings += (uint64_t)sqlite3_column_int64(st, 5);
				sum->unrouted += (uint64_t)sqlite3_column_int64(st, 6);
				sum->dropped += (uint64_t)sqlite3_column_int64(st, 7);
			}
			r = 0;
		}
		sqlite3_finalize(st);
		kr_store__reader_put(t->s, db);
	}
	return r;
}

static void taking_free(struct kr_taking *t)
{
	free(t->done);
	free(t);
}

/* Enter the report into the list of those being taken; -KR_EBUSY if it is there. */
static int enter(struct kr_taking *t, struct kr_fault *reterr)
{
	int r = 0;

	pthread_mutex_lock(&t->s->events_lock);
	for (struct kr_taking *o = t->s->takings; o; o = o->next)
		if (o->report == t->report)
			r = kr_fault_set(reterr, -KR_EBUSY, "report %llu is being taken already",
					 (unsigned long long)t->report);
	if (!r) {
		t->next = t->s->takings;
		t->s->takings = t;
	}
	pthread_mutex_unlock(&t->s->events_lock);
	return r;
}

/* events_lock is held. */
static void leave(struct kr_taking *t)
{
	struct kr_taking **p = &t->s->takings;

	while (*p && *p != t)
		p = &(*p)->next;
	if (*p)
		*p = t->next;
	kr_store__group_rest_locked(t->s);
}

int kr_store_take_begin(struct kr_store *s, uint64_t report, bool again, struct kr_str format,
			uint32_t mapping, const struct kr_reparse *reparse, struct kr_taking **ret,
			struct kr_fault *reterr)
{
	struct kr_taking *t = kr_xcalloc(1, sizeof(*t));
	int r;

	t->s = s;
	t->report = report;
	t->start_us = kr_clock_us();
	r = enter(t, reterr);
	if (r) {
		taking_free(t);
		return r;
	}
	r = kr_store__report_begin(s, t, again, format, mapping, reterr);
	/* An `again` that was interrupted left an earlier generation, whatever this call asks. */
	if (!r && t->generation > 1) {
		pthread_mutex_lock(&s->events_lock);
		r = kr_store__undo_locked(t, reparse, reterr);
		pthread_mutex_unlock(&s->events_lock);
	}
	if (!r)
		r = walk_ledger(t, NULL, reterr);
	if (r) {
		kr_store_take_abort(t);
		return r;
	}
	*ret = t;
	return 0;
}

int kr_store_take_end(struct kr_taking *t, enum kr_report_state state, struct kr_str reason,
		      struct kr_taken *ret, struct kr_fault *reterr)
{
	struct kr_taken sum = {0};
	struct kr_store *s = t->s;
	int r;

	pthread_mutex_lock(&s->events_lock);
	r = kr_store__group_flush_locked(s, reterr);
	if (t->failed) {
		r = t->failed;
		if (reterr)
			*reterr = t->fault;
	}
	leave(t);
	pthread_mutex_unlock(&s->events_lock);
	if (!r)
		r = walk_ledger(t, &sum, reterr);
	if (!r)
		r = kr_store__report_end(s, t, state, reason, &sum, reterr);
	taking_free(t);
	if (r)
		return r;
	*ret = sum;
	return kr_store_derive(s, reterr);
}

void kr_store_take_abort(struct kr_taking *t)
{
	struct kr_store *s = t->s;

	pthread_mutex_lock(&s->events_lock);
	/* What is in the group is good; if it cannot be kept now, the spool has it. */
	(void)!kr_store__group_flush_locked(s, NULL);
	leave(t);
	pthread_mutex_unlock(&s->events_lock);
	taking_free(t);
}
