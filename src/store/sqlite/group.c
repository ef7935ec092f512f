/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How rows become durable. kr_store_batch() packs each event (row.h) and remembers its identity and
 * place. When the group is full, one second old, or a report ends, the pending events are sorted
 * and written in one sweep of the index (group_rows.c): each of its pages is read and written once,
 * however random the addresses are.
 *
 * Rows, contributions, postings, counters, refusals, ledger and state commit in one transaction
 * with synchronous FULL. A failure rolls all of it back and marks the takings; their reports stay
 * SPOOLED and are taken again from the spool.
 */
#include "store/sqlite/group_internal.h"

#include <stdlib.h>

#include "store/sqlite/db.h"

#define PACKED_MAX ((size_t)24 << 20) /* bytes of packed rows at which a group is full */
#define GROUP_US   1000000

static struct kr_group *group_new(void)
{
	struct kr_group *g = kr_xcalloc(1, sizeof(*g));

	g->packed = KR_BUF((size_t)512 << 20);
	g->arena = kr_arena_new(0);
	g->tally = kr_tally_new();
	return g;
}

static void group_free(struct kr_group *g)
{
	if (!g)
		return;
	kr_buf_done(&g->packed);
	kr_arena_free(g->arena);
	kr_tally_free(g->tally);
	free(g->rows);
	free(g->order);
	free(g->owners);
	free(g->batches);
	free(g->refusals);
	free(g);
}

static void group_clear(struct kr_group *g)
{
	kr_buf_clear(&g->packed);
	kr_arena_clear(g->arena);
	kr_tally_clear(g->tally);
	g->n = g->n_owners = g->n_batches = g->n_refusals = 0;
}

static int write_ledger(struct kr_group *g, struct kr_partition *w, struct kr_fault *reterr)
{
	sqlite3_stmt *st = w->st[KR_PS_LEDGER];
	int r = 0;

	for (size_t i = 0; !r && i < g->n_batches; i++) {
		const struct group_batch *b = &g->batches[i];
		const uint64_t v[] = {
			b->report,
			b->generation,
			b->number,
			w->info.seg + 1,
			b->read + b->refused + b->dropped,
			b->fresh,
			b->aggregated,
			b->refused,
			b->warnings,
			b->unrouted,
			b->dropped,
		};
		const int n = (int)KR_ARRAY_LEN(v);

		for (int k = 0; k < n; k++)
			sqlite3_bind_int64(st, k + 1, (int64_t)v[k]);
		kr_db_bind_str(st, n + 1, b->drops);
		r = kr_db_run(st, reterr);
	}
	st = w->st[KR_PS_REFUSED];
	for (size_t i = 0; !r && i < g->n_refusals; i++) {
		const struct refusal *f = &g->refusals[i];

		sqlite3_bind_int64(st, 1, (int64_t)g->batches[f->batch].report);
		sqlite3_bind_int64(st, 2, g->batches[f->batch].number);
		sqlite3_bind_int64(st, 3, f->number);
		sqlite3_bind_int64(st, 4, (int64_t)f->r.offset);
		sqlite3_bind_int64(st, 5, f->r.length);
		sqlite3_bind_int64(st, 6, f->r.column);
		kr_db_bind_str(st, 7, f->r.reason);
		r = kr_db_run(st, reterr);
	}
	return r;
}

int kr_store__segment_end(struct kr_store *s, struct kr_partition *w, struct kr_tally *tally,
			  uint64_t id_from, int err, struct kr_fault *reterr)
{
	sqlite3_stmt *seg = w->st[KR_PS_SEG];
	uint64_t number = w->info.seg + 1;
	int r = err;

	if (!r)
		r = kr_tally_store(tally, number, w->st[KR_PS_COUNTER], w->st[KR_PS_POSTING],
				   reterr);
	if (!r) {
		sqlite3_bind_int64(seg, 1, (int64_t)number);
		sqlite3_bind_int64(seg, 2, (int64_t)id_from);
		sqlite3_bind_int64(seg, 3, (int64_t)w->info.next_id);
		sqlite3_bind_int64(seg, 4, kr_store_now(s));
		r = kr_db_run(seg, reterr);
	}
	w->info.seg = number;
	if (!r)
		r = kr_partition_save(w, reterr);
	if (!r)
		r = kr_db_exec(w->db, "COMMIT", reterr);
	if (r) {
		sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL);
		if (kr_partition_state(w->db, &w->info, NULL))
			w->info.seg = number - 1;
		return r;
	}
	kr_store__catalogue_put(s, &w->info);
	return 0;
}

int kr_store__group_flush_locked(struct kr_store *s, struct kr_fault *reterr)
{
	struct kr_group *g = s->group;
	struct kr_partition *w = s->writer;
	struct kr_fault fault = {0};
	uint64_t id_from;
	int r;

	if (!g || !g->n_batches)
		return 0;
	id_from = w->info.next_id;
	r = kr_db_exec(w->db, "BEGIN IMMEDIATE", &fault);
	if (!r) {
		r = kr_group__write(g, w, &fault);
		if (!r)
			r = write_ledger(g, w, &fault);
		r = kr_store__segment_end(s, w, g->tally, id_from, r, &fault);
	}
	for (size_t i = 0; i < g->n_batches; i++) {
		struct kr_taking *t = g->batches[i].taking;

		if (r && !t->failed) {
			t->failed = r;
			t->fault = fault;
		}
	}
	group_clear(g);
	if (w->info.rows >= s->o.partition_rows_max) {
		kr_partition_close(w);
		s->writer = NULL;
	}
	if (r && reterr)
		*reterr = fault;
	return r;
}

void kr_store__group_close(struct kr_store *s)
{
	struct kr_group *g = s->group;

	pthread_mutex_lock(&s->events_lock);
	/* A failure marked the takings; their reports stay SPOOLED. */
	(void)!kr_store__group_flush_locked(s, NULL);
	kr_partition_close(s->writer);
	s->writer = NULL;
	s->group = NULL;
	pthread_mutex_unlock(&s->events_lock);
	group_free(g);
}

void kr_store__group_rest_locked(struct kr_store *s)
{
	if (s->takings || (s->group && s->group->n_batches))
		return;
	group_free(s->group);
	s->group = NULL;
}

int kr_store__writer_part_locked(struct kr_store *s, enum kr_retention class_, int32_t day,
				 uint32_t part, struct kr_fault *reterr)
{
	struct kr_part_info known;
	bool exists = kr_store__catalogue_find(s, class_, day, part, &known);
	int r;

	if (s->writer && s->writer->info.class_ == class_ && s->writer->info.day == day &&
	    s->writer->info.part == part)
		return 0;
	r = kr_store__group_flush_locked(s, reterr);
	if (r)
		return r;
	kr_partition_close(s->writer);
	s->writer = NULL;
	if (exists && known.sealed)
		r = kr_store__stats_unseal(s, &known, reterr);
	if (!r)
		r = kr_partition_open(s, class_, day, part, !exists, &s->writer, reterr);
	if (!r)
		kr_store__catalogue_put(s, &s->writer->info);
	return r;
}

int kr_store__writer_locked(struct kr_store *s, enum kr_retention class_, int32_t day,
			    struct kr_fault *reterr)
{
	struct kr_part_info info;
	uint32_t part = 1;

	if (s->writer && s->writer->info.class_ == class_ && s->writer->info.day == day &&
	    s->writer->info.rows < s->o.partition_rows_max)
		return 0;
	while (kr_store__catalogue_find(s, class_, day, part, &info) &&
	       info.rows >= s->o.partition_rows_max)
		part++;
	return kr_store__writer_part_locked(s, class_, day, part, reterr);
}

static void add_refusals(struct kr_group *g, uint32_t batch, const struct kr_batch *b)
{
	KR_GROW(g->refusals, g->n_refusals, g->refusals_cap, b->n_refusals);
	for (size_t i = 0; i < b->n_refusals; i++) {
		struct refusal *f = &g->refusals[g->n_refusals++];

		*f = (struct refusal){b->refusals[i], batch, (uint32_t)i};
		f->r.reason = kr_arena_dup(g->arena, f->r.reason);
	}
}

/* "RULE:N RULE:N", for the ledger; p NULL if nothing was dropped. */
static struct kr_str drops_text(struct kr_group *g, const struct kr_batch *b)
{
	KR_AUTO_BUF text = KR_BUF((size_t)64 << 10);

	for (size_t i = 0; i < b->n_drops; i++)
		kr_buf_printf(&text, "%s%u:%llu", i ? " " : "", b->drops[i].rule,
			      (unsigned long long)b->drops[i].n);
	return b->n_drops ? kr_arena_dup(g->arena, kr_buf_str(&text)) : KR_STR_NULL;
}

int kr_store_batch(struct kr_taking *t, uint32_t n, const struct kr_batch *b,
		   struct kr_fault *reterr)
{
	struct kr_store *s = t->s;
	struct kr_group *g;
	int r;

	pthread_mutex_lock(&s->events_lock);
	if (t->failed) {
		r = t->failed;
		if (reterr)
			*reterr = t->fault;
		goto out;
	}
	r = kr_store__writer_locked(s, t->class_, t->day, reterr);
	if (r)
		goto out;
	if (!s->group)
		s->group = group_new();
	g = s->group;
	if (!g->n_batches)
		g->start_us = kr_clock_us();
	KR_GROW(g->batches, g->n_batches, g->batches_cap, 1);
	g->batches[g->n_batches] = (struct group_batch){.taking = t,
							.report = t->report,
							.generation = t->generation,
							.number = n,
							.read = (uint32_t)b->n,
							.refused = b->refused,
							.warnings = b->warnings,
							.dropped = b->dropped,
							.drops = drops_text(g, b)};
	for (size_t i = 0; i < b->n; i++)
		kr_group__pend(g, t, (uint32_t)g->n_batches, b->events[i]);
	add_refusals(g, (uint32_t)g->n_batches, b);
	g->n_batches++;
	if (g->n >= s->o.group_rows_max || g->packed.n >= PACKED_MAX ||
	    kr_clock_us() - g->start_us > GROUP_US)
		r = kr_store__group_flush_locked(s, reterr);
out:
	pthread_mutex_unlock(&s->events_lock);
	return r;
}
