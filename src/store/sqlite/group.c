/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How rows become durable. kr_store_batch() packs each event (row.h) and remembers its identity and
 * place. When the group is full, one second old, or a report ends, the pending events are sorted by
 * (address, key, source, report, offset), so equal identities lie side by side and the unique index
 * is swept from left to right: each of its pages is read and written once, however random the
 * addresses are.
 *
 * For each identity the contribution that comes first by (report, offset, part) is the row, the
 * others raise its count and are kept as contributions. That order does not depend on when a report
 * was taken, so taking a report again gives the same rows.
 *
 * Rows, contributions, postings, counters, refusals, ledger and state commit in one transaction
 * with synchronous FULL. A failure rolls all of it back and marks the takings; their reports stay
 * SPOOLED and are taken again from the spool.
 */
#include "store/sqlite/group.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/sqlite/db.h"
#include "store/sqlite/row.h"

#define PACKED_MAX ((size_t)28 << 20) /* bytes of packed rows at which a group is full */
#define GROUP_US   1000000

/* One event that waits. */
struct pending {
	uint64_t hi, lo; /* address; family 0 none */
	int64_t key;
	uint32_t source, batch; /* batch: index into group.batches */
	uint64_t report, offset;
	kr_time time_first, time_last;
	uint32_t at, n; /* packed bytes */
	uint32_t length, part;
	uint32_t owners_at; /* into group.owners */
	uint32_t asn, class_, type;
	uint16_t cc, n_owners;
	uint32_t count;
	uint8_t order; /* of the address as SQLite sorts it: 0 IPv4, 1 none, 2 IPv6 */
	uint8_t label;
	bool counted;
};

struct group_batch {
	struct kr_taking *taking;
	uint64_t report;
	uint32_t generation, number, read;
	uint64_t refused, warnings;
	uint32_t fresh, aggregated, unrouted;
};

struct kr_group {
	struct kr_buf packed;
	struct pending *rows;
	size_t n, cap;
	uint32_t *order;
	struct kr_owner *owners;
	size_t n_owners, owners_cap;
	struct group_batch *batches;
	size_t n_batches, batches_cap;
	struct refusal {
		struct kr_refusal r;
		uint32_t batch, number;
	} *refusals;
	size_t n_refusals, refusals_cap;
	struct kr_arena *arena; /* reasons of refusals */
	struct kr_tally *tally;
	int64_t start_us;
};

/* Grow an array by doubling; element size and count are checked by kr_xrealloc's callers' bounds.
 */
#define GROW(p, n, cap, more)                                                                      \
	do {                                                                                       \
		while ((n) + (more) > (cap)) {                                                     \
			(cap) = (cap) ? (cap) * 2 : 256;                                           \
			(p) = kr_xrealloc((p), (cap) * sizeof(*(p)));                              \
		}                                                                                  \
	} while (0)

static struct kr_group *group_new(void)
{
	struct kr_group *g = kr_xcalloc(1, sizeof(*g));

	g->packed = KR_BUF((size_t)512 << 20);
	g->arena = kr_arena_new(0);
	g->tally = kr_tally_new();
	return g;
}

static void group_clear(struct kr_group *g)
{
	kr_buf_clear(&g->packed);
	kr_arena_clear(g->arena);
	kr_tally_clear(g->tally);
	g->n = g->n_owners = g->n_batches = g->n_refusals = 0;
}

static uint64_t be64(const uint8_t *b)
{
	uint64_t v;

	memcpy(&v, b, 8);
	return __builtin_bswap64(v);
}

void kr_store__dims(struct kr_tally *tally, uint32_t source, const struct kr_event *e,
		    struct kr_dims *ret)
{
	const union kr_value *v;

	*ret = (struct kr_dims){.source = source, .label = (uint8_t)e->label, .counted = true};
	ret->owners = e->owners;
	ret->n_owners = KR_MIN(e->n_owners, KR_OWNERS_MAX);
	if ((v = kr_event_get(e, KR_F_CLASS_TAXONOMY))) {
		ret->class_ = kr_tally_intern(tally, v->text);
		ret->counted = !kr_str_eq(v->text, KR_STR("test"));
	}
	if ((v = kr_event_get(e, KR_F_CLASS_TYPE)))
		ret->type = kr_tally_intern(tally, v->text);
	if ((v = kr_event_get(e, KR_F_SRC_ASN)))
		ret->asn = (uint32_t)v->i;
	if ((v = kr_event_get(e, KR_F_SRC_CC)) && v->text.n == 2)
		ret->cc = (uint32_t)(unsigned char)v->text.p[0] << 8 | (unsigned char)v->text.p[1];
}

static void pend(struct kr_group *g, const struct kr_taking *t, uint32_t batch,
		 const struct kr_event *e)
{
	const union kr_value *ip = kr_event_get(e, KR_F_SRC_IP);
	struct kr_dims dims;
	struct pending *p;

	GROW(g->rows, g->n, g->cap, 1);
	GROW(g->owners, g->n_owners, g->owners_cap, e->n_owners);
	kr_store__dims(g->tally, t->source, e, &dims);
	p = &g->rows[g->n++];
	*p = (struct pending){
		.key = (int64_t)e->key,
		.source = t->source,
		.batch = batch,
		.report = t->report,
		.offset = e->offset,
		.time_first = e->first,
		.time_last = e->last,
		.at = (uint32_t)g->packed.n,
		.length = e->length,
		.part = e->part,
		.owners_at = (uint32_t)g->n_owners,
		.asn = dims.asn,
		.class_ = dims.class_,
		.type = dims.type,
		.cc = (uint16_t)dims.cc,
		.n_owners = (uint16_t)dims.n_owners,
		.count = (uint32_t)e->count,
		.order = 1,
		.label = dims.label,
		.counted = dims.counted,
	};
	if (ip && ip->ip.family == 4) {
		p->order = 0;
		p->lo = kr_ip_u32(&ip->ip);
	} else if (ip) {
		p->order = 2;
		p->hi = be64(ip->ip.b);
		p->lo = be64(ip->ip.b + 8);
	}
	for (uint32_t i = 0; i < p->n_owners; i++)
		g->owners[g->n_owners++] = e->owners[i];
	kr_row_pack(&g->packed, t->source, t->report, e);
	p->n = (uint32_t)(g->packed.n - p->at);
}

static int identity_cmp(const struct pending *a, const struct pending *b)
{
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	if (a->hi != b->hi)
		return a->hi < b->hi ? -1 : 1;
	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return (a->source > b->source) - (a->source < b->source);
}

static int place_cmp(uint64_t ra, uint64_t oa, uint32_t pa, uint64_t rb, uint64_t ob, uint32_t pb)
{
	if (ra != rb)
		return ra < rb ? -1 : 1;
	if (oa != ob)
		return oa < ob ? -1 : 1;
	return (pa > pb) - (pa < pb);
}

static int order_cmp(const void *x, const void *y, void *ctx)
{
	const struct kr_group *g = ctx;
	const struct pending *a = &g->rows[*(const uint32_t *)x],
			     *b = &g->rows[*(const uint32_t *)y];
	int c = identity_cmp(a, b);

	return c ? c : place_cmp(a->report, a->offset, a->part, b->report, b->offset, b->part);
}

static void dims_of(const struct kr_group *g, const struct pending *p, struct kr_dims *ret)
{
	*ret = (struct kr_dims){.class_ = p->class_,
				.type = p->type,
				.asn = p->asn,
				.cc = p->cc,
				.source = p->source,
				.label = p->label,
				.counted = p->counted,
				.n_owners = p->n_owners,
				.owners = g->owners + p->owners_at};
}

void kr_store__found_read(sqlite3_stmt *st, uint32_t source, struct kr_tally *tally,
			  struct kr_found *ret)
{
	struct kr_str owners = kr_db_text(st, 9), class_ = kr_db_text(st, 10),
		      cc = kr_db_text(st, 13);

	*ret = (struct kr_found){
		.id = (uint64_t)sqlite3_column_int64(st, 0),
		.first = sqlite3_column_int64(st, 1),
		.last = sqlite3_column_int64(st, 2),
		.n = (uint64_t)sqlite3_column_int64(st, 3),
		.label = (uint8_t)sqlite3_column_int(st, 4),
		.report = (uint64_t)sqlite3_column_int64(st, 5),
		.offset = (uint64_t)sqlite3_column_int64(st, 6),
		.length = (uint32_t)sqlite3_column_int64(st, 7),
		.part = (uint32_t)sqlite3_column_int64(st, 8),
	};
	ret->dims = (struct kr_dims){
		.class_ = kr_tally_intern(tally, class_),
		.asn = (uint32_t)sqlite3_column_int64(st, 12),
		.cc = cc.n == 2 ? (uint32_t)(unsigned char)cc.p[0] << 8 | (unsigned char)cc.p[1]
				: 0,
		.source = source,
		.label = ret->label,
		.counted = !kr_str_eq(class_, KR_STR("test")),
		.owners = ret->owners,
	};
	ret->dims.type = kr_tally_intern(tally, kr_db_text(st, 11));
	while (ret->dims.n_owners < KR_ARRAY_LEN(ret->owners) &&
	       kr_row_owner_next(&owners, &ret->owners[ret->dims.n_owners]))
		ret->dims.n_owners++;
}

/* Times, count and label over the pending events rows[order[from..to)]. */
struct sum {
	uint64_t n;
	kr_time first, last;
	uint8_t label;
};

static struct sum sum_of(const struct kr_group *g, size_t from, size_t to)
{
	struct sum s = {0, INT64_MAX, INT64_MIN, 0};

	for (size_t i = from; i < to; i++) {
		const struct pending *p = &g->rows[g->order[i]];

		s.n += p->count;
		s.first = KR_MIN(s.first, p->time_first);
		s.last = KR_MAX(s.last, p->time_last);
		s.label = KR_MAX(s.label, p->label);
	}
	return s;
}

static void bind_identity(sqlite3_stmt *st, const struct pending *p)
{
	uint8_t b[16];
	uint64_t hi = __builtin_bswap64(p->hi), lo = __builtin_bswap64(p->lo);

	if (p->order == 0) {
		sqlite3_bind_int64(st, 1, (int64_t)p->lo);
	} else if (p->order == 1) {
		sqlite3_bind_text(st, 1, "", 0, SQLITE_STATIC);
	} else {
		memcpy(b, &hi, 8);
		memcpy(b + 8, &lo, 8);
		sqlite3_bind_blob(st, 1, b, 16, SQLITE_TRANSIENT);
	}
	sqlite3_bind_int64(st, 2, p->key);
	sqlite3_bind_int64(st, 3, p->source);
}

static int contribute(struct kr_partition *w, uint64_t event, uint64_t report, uint64_t offset,
		      uint32_t part, uint32_t length, kr_time time, uint8_t label,
		      struct kr_fault *reterr)
{
	sqlite3_stmt *st = w->st[KR_PS_CONTRIBUTE];

	sqlite3_bind_int64(st, 1, (int64_t)event);
	sqlite3_bind_int64(st, 2, (int64_t)report);
	sqlite3_bind_int64(st, 3, (int64_t)offset);
	sqlite3_bind_int64(st, 4, part);
	sqlite3_bind_int64(st, 5, length);
	sqlite3_bind_int64(st, 6, time);
	sqlite3_bind_int(st, 7, label);
	return kr_db_run(st, reterr);
}

static int contribute_all(struct kr_group *g, struct kr_partition *w, uint64_t event, size_t from,
			  size_t to, struct kr_fault *reterr)
{
	int r = 0;

	for (size_t i = from; !r && i < to; i++) {
		const struct pending *p = &g->rows[g->order[i]];

		r = contribute(w, event, p->report, p->offset, p->part, p->length, p->time_first,
			       p->label, reterr);
	}
	return r;
}

static void bind_row(struct kr_group *g, sqlite3_stmt *st, const struct pending *p, uint64_t id,
		     const struct sum *sum)
{
	kr_row_bind(st, kr_str_n(g->packed.p + p->at, p->n), id);
	sqlite3_bind_int64(st, KR_ROW_FIRST + 1, sum->first);
	sqlite3_bind_int64(st, KR_ROW_LAST + 1, sum->last);
	sqlite3_bind_int64(st, KR_ROW_N + 1, (int64_t)sum->n);
	sqlite3_bind_int(st, KR_ROW_LABEL + 1, sum->label);
}

static void post_reports(struct kr_group *g, size_t from, size_t to, uint64_t id)
{
	for (size_t i = from; i < to; i++)
		kr_tally_post(g->tally, KR_POST_REPORT, g->rows[g->order[i]].report, id);
}

/* The identity is in the partition: raise its count, or put an earlier contribution in its place.
 */
static int merge(struct kr_group *g, struct kr_partition *w, size_t from, size_t to, struct sum sum,
		 struct kr_fault *reterr)
{
	const struct pending *p = &g->rows[g->order[from]];
	sqlite3_stmt *find = w->st[KR_PS_FIND], *touch = w->st[KR_PS_TOUCH];
	struct kr_found old;
	struct kr_dims dims;
	bool earlier;
	int r;

	bind_identity(find, p);
	r = kr_db_step(find, reterr);
	if (r != 1)
		return r ? r
			 : kr_fault_set(reterr, -KR_ECORRUPT,
					"the index names a row that is not there");
	kr_store__found_read(find, p->source, g->tally, &old);
	sqlite3_reset(find);
	earlier = place_cmp(p->report, p->offset, p->part, old.report, old.offset, old.part) < 0;
	sum.n += old.n;
	sum.first = KR_MIN(sum.first, old.first);
	sum.last = KR_MAX(sum.last, old.last);
	sum.label = KR_MAX(sum.label, old.label);
	w->info.events += sum.n - old.n;
	kr_tally_count(g->tally, &old.dims, -1, -(int64_t)old.n);
	dims = old.dims;
	if (earlier) {
		dims_of(g, p, &dims);
		sqlite3_bind_int64(w->st[KR_PS_DELETE], 1, (int64_t)old.id);
		r = kr_db_run(w->st[KR_PS_DELETE], reterr);
		if (!r) {
			bind_row(g, w->st[KR_PS_INSERT], p, old.id, &sum);
			r = kr_db_run(w->st[KR_PS_INSERT], reterr);
		}
		kr_tally_post_dims(g->tally, &dims, old.id);
	} else {
		sqlite3_bind_int64(touch, 1, (int64_t)old.id);
		sqlite3_bind_int64(touch, 2, (int64_t)sum.n);
		sqlite3_bind_int64(touch, 3, sum.first);
		sqlite3_bind_int64(touch, 4, sum.last);
		sqlite3_bind_int(touch, 5, sum.label);
		r = kr_db_run(touch, reterr);
	}
	dims.label = sum.label;
	kr_tally_count(g->tally, &dims, 1, (int64_t)sum.n);
	if (sum.first != old.first || sum.last != old.last)
		kr_tally_post_times(g->tally, sum.first, sum.last, old.id);
	kr_partition_span(&w->info, sum.first, sum.last);
	post_reports(g, from, to, old.id);
	/* A row seen once holds its only contribution; from the second on, all are listed. */
	if (!r && old.n == 1)
		r = contribute(w, old.id, old.report, old.offset, old.part, old.length, old.first,
			       old.label, reterr);
	return r ? r : contribute_all(g, w, old.id, from, to, reterr);
}

/* Write the pending events [from, to), which have one identity. */
static int write_identity(struct kr_group *g, struct kr_partition *w, size_t from, size_t to,
			  struct kr_fault *reterr)
{
	const struct pending *p = &g->rows[g->order[from]];
	struct sum sum = sum_of(g, from, to);
	uint64_t id = w->info.next_id;
	struct kr_dims dims;
	bool fresh;
	int r;

	bind_row(g, w->st[KR_PS_INSERT], p, id, &sum);
	r = kr_db_run(w->st[KR_PS_INSERT], reterr);
	if (r)
		return r;
	fresh = sqlite3_changes(w->db) == 1;
	for (size_t i = from; i < to; i++) {
		struct group_batch *b = &g->batches[g->rows[g->order[i]].batch];

		if (fresh && i == from) {
			b->fresh++;
			b->unrouted += p->n_owners == 0;
		} else {
			b->aggregated++;
		}
	}
	if (!fresh)
		return merge(g, w, from, to, sum, reterr);
	w->info.next_id++;
	w->info.rows++;
	w->info.events += sum.n;
	kr_partition_span(&w->info, sum.first, sum.last);
	dims_of(g, p, &dims);
	dims.label = sum.label;
	kr_tally_count(g->tally, &dims, 1, (int64_t)sum.n);
	kr_tally_post_dims(g->tally, &dims, id);
	kr_tally_post_times(g->tally, sum.first, sum.last, id);
	post_reports(g, from, to, id);
	return to - from > 1 ? contribute_all(g, w, id, from, to, reterr) : 0;
}

static int write_rows(struct kr_group *g, struct kr_partition *w, struct kr_fault *reterr)
{
	size_t from = 0;
	int r = 0;

	g->order = kr_xrealloc(g->order, g->n * sizeof(*g->order));
	for (uint32_t i = 0; i < g->n; i++)
		g->order[i] = i;
	qsort_r(g->order, g->n, sizeof(*g->order), order_cmp, g);
	while (!r && from < g->n) {
		size_t to = from + 1;

		while (to < g->n &&
		       identity_cmp(&g->rows[g->order[from]], &g->rows[g->order[to]]) == 0)
			to++;
		r = write_identity(g, w, from, to, reterr);
		from = to;
	}
	return r;
}

static int write_ledger(struct kr_group *g, struct kr_partition *w, struct kr_fault *reterr)
{
	sqlite3_stmt *st = w->st[KR_PS_LEDGER];
	int r = 0;

	for (size_t i = 0; !r && i < g->n_batches; i++) {
		const struct group_batch *b = &g->batches[i];
		const uint64_t v[] = {
			b->report, b->generation, b->number,  w->info.seg + 1, b->read + b->refused,
			b->fresh,  b->aggregated, b->refused, b->warnings,     b->unrouted};

		for (int k = 0; k < (int)KR_ARRAY_LEN(v); k++)
			sqlite3_bind_int64(st, k + 1, (int64_t)v[k]);
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
		r = write_rows(g, w, &fault);
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
	GROW(g->refusals, g->n_refusals, g->refusals_cap, b->n_refusals);
	for (size_t i = 0; i < b->n_refusals; i++) {
		struct refusal *f = &g->refusals[g->n_refusals++];

		*f = (struct refusal){b->refusals[i], batch, (uint32_t)i};
		f->r.reason = kr_arena_dup(g->arena, f->r.reason);
	}
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
	GROW(g->batches, g->n_batches, g->batches_cap, 1);
	g->batches[g->n_batches] = (struct group_batch){.taking = t,
							.report = t->report,
							.generation = t->generation,
							.number = n,
							.read = (uint32_t)b->n,
							.refused = b->refused,
							.warnings = b->warnings};
	for (size_t i = 0; i < b->n; i++)
		pend(g, t, (uint32_t)g->n_batches, b->events[i]);
	add_refusals(g, (uint32_t)g->n_batches, b);
	g->n_batches++;
	if (g->n >= s->o.group_rows_max || g->packed.n >= PACKED_MAX ||
	    kr_clock_us() - g->start_us > GROUP_US)
		r = kr_store__group_flush_locked(s, reterr);
out:
	pthread_mutex_unlock(&s->events_lock);
	return r;
}
