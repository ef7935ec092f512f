/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pending events as rows: sorted by (address, key, source, report, offset), so equal identities lie
 * side by side and the unique index is swept from left to right. For each identity the contribution
 * that comes first by (report, offset, part) is the row, the others raise its count. That order
 * does not depend on when a report was taken, so taking a report again gives the same rows.
 */
#include "store/sqlite/group_internal.h"

#include <stdlib.h>

#include "store/sqlite/db.h"
#include "store/sqlite/row.h"
#include "store/sqlite/scope.h"

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

void kr_group__pend(struct kr_group *g, const struct kr_taking *t, uint32_t batch,
		    const struct kr_event *e)
{
	const union kr_value *ip = kr_event_get(e, KR_F_SRC_IP);
	struct kr_dims dims;
	struct pending *p;

	KR_GROW(g->rows, g->n, g->cap, 1);
	KR_GROW(g->owners, g->n_owners, g->owners_cap, e->n_owners);
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
	struct sum s = {0, INT64_MAX, INT64_MIN, KR_TLP_CLEAR};

	for (size_t i = from; i < to; i++) {
		const struct pending *p = &g->rows[g->order[i]];

		s.n += p->count;
		s.first = KR_MIN(s.first, p->time_first);
		s.last = KR_MAX(s.last, p->time_last);
		s.label = kr_store__label_tighter(p->label, s.label);
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
	sum.label = kr_store__label_tighter(old.label, sum.label);
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

int kr_group__write(struct kr_group *g, struct kr_partition *w, struct kr_fault *reterr)
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
