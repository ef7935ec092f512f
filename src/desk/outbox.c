/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: deriving decides about each new row once and keeps the answer, told or not, with
 * the reason. Between that and the sending lies time, in which labels are tightened, rules come and
 * owners answer: so what is due is looked at again when it is packed. The dry run takes the same
 * two ways and writes nothing.
 */
#include "desk/outbox.h"

#include <pthread.h>
#include <stdlib.h>

#include "desk/delivery.h"
#include "desk/outbox_plan.h"
#include "store/backup.h"

struct kr_desk_outbox {
	pthread_mutex_t lock; /* guards plan; one tick at a time */
	struct kr_desk__plan plan;
};

struct kr_desk_outbox *kr_desk_outbox_new(struct kr_store *s)
{
	struct kr_desk_outbox *o = kr_xcalloc(1, sizeof(*o));

	pthread_mutex_init(&o->lock, NULL);
	kr_desk__plan_init(&o->plan, s);
	return o;
}

void kr_desk_outbox_free(struct kr_desk_outbox *o)
{
	if (!o)
		return;
	kr_desk__plan_done(&o->plan);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

/* ---- deriving ---- */

struct deriving {
	struct kr_desk__plan *p;
	struct kr_desk_ticked *sum;
	bool (*cancelled)(void *ctx);
	void *cancel_ctx;
	/* Of a dry run. */
	uint32_t constituent;
	bool (*show)(void *ctx, const struct kr_desk_decision *d);
	void *ctx;
	bool stopped;
};

/* Within the repeat interval, or told of it on an earlier day anyhow. */
static int repeats(struct kr_desk__plan *p, const struct kr_desk__teller *t,
		   const struct kr_fresh_row *row, bool *ret, struct kr_fault *reterr)
{
	int32_t told;
	int r;

	*ret = false;
	if (!t->r->repeat_days)
		return 0;
	r = kr_store_outbox_told(p->s, t->r->id, row->source, row->key, row->id.day, &told, reterr);
	if (!r)
		*ret = told != INT32_MIN &&
		       (int64_t)row->id.day - told < (int64_t)t->r->repeat_days;
	return r;
}

static int decide(struct deriving *d, const struct kr_desk__teller *t,
		  const struct kr_fresh_row *row, uint32_t rule, struct kr_desk_decision *ret,
		  struct kr_fault *reterr)
{
	struct kr_desk__subject x = {
		.key = row->key,
		.source = row->source,
		.last = row->last,
		.taxonomy = row->taxonomy,
		.item = {row->label, row->owners, row->n_owners},
		.full = row->full,
	};
	struct kr_schedule schedule = t->schedule;
	bool again = false;
	int r = 0;

	/* Who is mute is left out when packing, so that a mute that is lifted early holds nothing.
	 */
	schedule.muted_until = KR_TIME_NONE;
	*ret = (struct kr_desk_decision){.to = t->r,
					 .taxonomy = row->taxonomy,
					 .fresh = true,
					 .label = row->label,
					 .row = {.recipient = t->r->id,
						 .source = row->source,
						 .key = row->key,
						 .day = row->id.day,
						 .event = row->id,
						 .rule = rule,
						 .state = KR_OUTBOX_WAITING}};
	ret->when = kr_wish_of(t->wish, row->taxonomy, &ret->wish);
	ret->row.due = kr_schedule_due(&schedule, ret->when, row->stored);
	if (!kr_desk__may_tell(d->p, t, &x, &ret->row.why, &ret->row.cause)) {
		ret->row.state = KR_OUTBOX_WITHHELD;
		return 0;
	}
	r = repeats(d->p, t, row, &again, reterr);
	if (!r && again) {
		ret->row.state = KR_OUTBOX_WITHHELD;
		ret->row.why = KR_WHY_REPEAT;
	}
	return r;
}

static int tell(struct deriving *d, const struct kr_desk__teller *t, const struct kr_fresh_row *row,
		uint32_t rule, struct kr_fault *reterr)
{
	struct kr_desk_decision decision;
	int r = decide(d, t, row, rule, &decision, reterr);

	if (r)
		return r;
	if (decision.row.state == KR_OUTBOX_WAITING)
		d->sum->waiting++;
	else
		d->sum->withheld++;
	if (d->show && !d->show(d->ctx, &decision)) {
		d->stopped = true;
		return -KR_ECANCEL;
	}
	return d->show ? 0 : kr_store_outbox_add(d->p->s, &decision.row, reterr);
}

static int derive_row(void *ctx, const struct kr_fresh_row *row, struct kr_fault *reterr)
{
	struct deriving *d = ctx;
	bool nobody = true;
	int r = 0;

	for (uint32_t i = 0; !r && i < row->n_owners; i++) {
		const struct kr_owner *o = &row->owners[i];
		const struct kr_desk__teller *t;
		size_t n;

		if (d->constituent && o->constituent != d->constituent)
			continue;
		t = kr_desk__tellers(d->p, o->constituent, &n);
		for (size_t k = 0; !r && k < n; k++) {
			nobody = false;
			r = tell(d, &t[k], row, o->rule, reterr);
		}
	}
	d->sum->nobody += nobody && !d->constituent;
	return r;
}

static bool derive_cancelled(void *ctx)
{
	const struct deriving *d = ctx;

	return d->cancelled && d->cancelled(d->cancel_ctx);
}

static int derive(struct deriving *d, struct kr_fault *reterr)
{
	struct kr_desk__plan *p = d->p;
	struct kr_outbox_derive how = {
		.full = p->n_rules > 0,
		.dry = d->show != NULL,
		.day_min = kr_time_day(p->now - p->age_max),
		.each = derive_row,
		.cancelled = derive_cancelled,
		.ctx = d,
	};
	int64_t n = kr_store_outbox_derive(p->s, &how, reterr);

	if (n > 0)
		d->sum->rows += (uint64_t)n;
	return n < 0 && !d->stopped ? (int)n : 0;
}

int kr_desk_outbox_derive(struct kr_desk_outbox *o, const struct kr_conf *conf,
			  bool (*cancelled)(void *ctx), void *ctx, struct kr_desk_ticked *ret,
			  struct kr_fault *reterr)
{
	struct deriving d = {.p = &o->plan, .sum = ret, .cancelled = cancelled, .cancel_ctx = ctx};
	int r;

	if (!kr_store_outbox_behind(o->plan.s))
		return 0;
	pthread_mutex_lock(&o->lock);
	r = kr_desk__plan_make(&o->plan, conf, kr_store_now(o->plan.s), reterr);
	if (!r)
		r = derive(&d, reterr);
	pthread_mutex_unlock(&o->lock);
	return r;
}

/* ---- packing ---- */

struct packing {
	struct kr_desk__plan *p;
	const struct kr_desk__teller *t;
	struct kr_outbox_row *rows;
	size_t n, cap;
	enum kr_tlp tlp;
	uint64_t withheld;
	/* Of a dry run. */
	bool (*show)(void *ctx, const struct kr_desk_decision *d);
	void *ctx;
};

static bool take_row(void *ctx, const struct kr_outbox_row *row)
{
	struct packing *k = ctx;

	if (k->n == k->cap) {
		k->cap = k->cap ? k->cap * 2 : 1024;
		k->rows = kr_xrealloc(k->rows, k->cap * sizeof(*k->rows));
	}
	k->rows[k->n++] = *row;
	return true;
}

static bool show_row(struct packing *k, const struct kr_outbox_row *row,
		     const struct kr_stored_event *ev, struct kr_str class_)
{
	struct kr_desk_decision d = {.to = k->t->r, .row = *row, .taxonomy = class_};

	d.label = ev ? ev->e->label : KR_TLP_NONE;
	d.when = kr_wish_of(k->t->wish, class_, &d.wish);
	if (d.row.state == KR_OUTBOX_PACKED)
		d.row.state = KR_OUTBOX_WAITING;
	return k->show(k->ctx, &d);
}

static bool check_row(void *ctx, struct kr_outbox_row *row, const struct kr_stored_event *ev)
{
	struct packing *k = ctx;
	const union kr_value *class_ = ev ? kr_event_get(ev->e, KR_F_CLASS_TAXONOMY) : NULL;
	struct kr_desk__subject x;

	row->state = KR_OUTBOX_PACKED;
	if (!ev) {
		row->state = KR_OUTBOX_WITHHELD;
		row->why = KR_WHY_GONE;
		row->cause = 0;
	} else {
		x = (struct kr_desk__subject){
			.key = row->key,
			.source = row->source,
			.last = ev->e->last,
			.taxonomy = class_ ? class_->text : KR_STR(""),
			.item = {ev->e->label, ev->e->owners, ev->e->n_owners},
			.full = ev,
		};
		if (!kr_desk__may_tell(k->p, k->t, &x, &row->why, &row->cause))
			row->state = KR_OUTBOX_WITHHELD;
		else
			k->tlp = kr_tlp_tighter(k->tlp, kr_tlp_effective(ev->e->label));
	}
	k->withheld += row->state == KR_OUTBOX_WITHHELD;
	return !k->show || show_row(k, row, ev, class_ ? class_->text : KR_STR(""));
}

/* Read what is due of one recipient and look at it once more. Returns 1 if showing was stopped. */
static int check_due(struct packing *k, kr_time due, uint64_t max, struct kr_fault *reterr)
{
	struct kr_outbox_query q = {
		.recipient = k->t->r->id, .state = KR_OUTBOX_WAITING, .due = due, .limit = max};
	int r;

	k->n = 0;
	k->tlp = KR_TLP_NONE;
	r = kr_store_outbox_list(k->p->s, &q, take_row, k, reterr);
	if (!r)
		r = kr_store_outbox_events(k->p->s, &KR_SCOPE_ALL, k->rows, k->n, k->p->n_rules > 0,
					   check_row, k, reterr);
	return r;
}

static int pack_one(struct packing *k, const struct kr_conf *conf, kr_time now,
		    struct kr_desk_ticked *ret, struct kr_fault *reterr)
{
	uint64_t id;
	int r;

	if (kr_schedule_awake(&k->t->schedule, now) > now)
		return 0;
	do {
		/* With the first row comes what gathers behind it. */
		r = check_due(k, now + conf->delivery_gather, conf->delivery_rows_max, reterr);
		if (r || !k->n)
			return r;
		r = kr_store_delivery_pack(k->p->s, k->t->r->id, now, k->rows, k->n, k->tlp, &id,
					   reterr);
		if (r < 0)
			return r;
		ret->deliveries += r == 0;
	} while (k->n == conf->delivery_rows_max);
	return 0;
}

/* Is there anybody at all to pack for? With every way switched off, nothing is looked through. */
static bool anybody(const struct kr_desk__plan *p, const struct kr_conf *conf)
{
	for (size_t i = 0; i < p->n_tellers; i++)
		if (kr_desk_sink_on(conf, p->tellers[i].r->sink))
			return true;
	return false;
}

static int pack_locked(struct kr_desk_outbox *o, const struct kr_conf *conf, kr_time now,
		       uint32_t constituent, bool (*cancelled)(void *ctx), void *ctx,
		       struct kr_desk_ticked *ret, struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct packing k = {.p = &o->plan};
	uint32_t *due;
	size_t n;
	int r = 0;

	/* After a restore nobody knows what was told; a person decides first. */
	if (kr_store_recovering(o->plan.s) != KR_TIME_NONE || !anybody(&o->plan, conf))
		return 0;
	r = kr_store_outbox_due(o->plan.s, now, a, &due, &n, reterr);

	for (size_t i = 0; !r && i < n; i++) {
		k.t = kr_desk__teller_of(&o->plan, due[i]);
		if (!k.t || !kr_desk_sink_on(conf, k.t->r->sink) ||
		    (constituent && k.t->r->constituent != constituent))
			continue;
		if (cancelled && cancelled(ctx))
			r = kr_fault_set(reterr, -KR_ECANCEL, "stopped");
		else
			r = pack_one(&k, conf, now, ret, reterr);
	}
	ret->withheld += k.withheld;
	free(k.rows);
	return r;
}

int kr_desk_outbox_pack(struct kr_desk_outbox *o, const struct kr_conf *conf, kr_time now,
			uint32_t constituent, bool (*cancelled)(void *ctx), void *ctx,
			struct kr_desk_ticked *ret, struct kr_fault *reterr)
{
	int r;

	pthread_mutex_lock(&o->lock);
	r = kr_desk__plan_make(&o->plan, conf, now, reterr);
	if (!r)
		r = pack_locked(o, conf, now, constituent, cancelled, ctx, ret, reterr);
	pthread_mutex_unlock(&o->lock);
	return r;
}

int kr_desk_outbox_tick(struct kr_desk_outbox *o, const struct kr_conf *conf, kr_time now,
			bool (*cancelled)(void *ctx), void *ctx, struct kr_desk_ticked *ret,
			struct kr_fault *reterr)
{
	int r = kr_desk_outbox_derive(o, conf, cancelled, ctx, ret, reterr);

	return r ? r : kr_desk_outbox_pack(o, conf, now, 0, cancelled, ctx, ret, reterr);
}

/* ---- the dry run ---- */

/* Rows that wait, recipient by recipient. */
static int dry_waiting(struct kr_desk_outbox *o, uint32_t constituent,
		       bool (*each)(void *ctx, const struct kr_desk_decision *d), void *ctx,
		       struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct packing k = {.p = &o->plan, .show = each, .ctx = ctx};
	struct kr_outbox_count *list;
	size_t n;
	int r = kr_store_outbox_counts(o->plan.s, &KR_SCOPE_ALL, 0, a, &list, &n, reterr);

	for (size_t i = 0; !r && i < n; i++) {
		k.t = kr_desk__teller_of(&o->plan, list[i].recipient);
		if (list[i].state == KR_OUTBOX_WAITING && k.t &&
		    (!constituent || k.t->r->constituent == constituent))
			r = check_due(&k, INT64_MAX, 0, reterr);
	}
	free(k.rows);
	return r;
}

int kr_desk_outbox_dry(struct kr_desk_outbox *o, const struct kr_conf *conf, kr_time now,
		       uint32_t constituent,
		       bool (*each)(void *ctx, const struct kr_desk_decision *d), void *ctx,
		       struct kr_desk_ticked *ret, struct kr_fault *reterr)
{
	struct deriving d = {
		.p = &o->plan, .sum = ret, .constituent = constituent, .show = each, .ctx = ctx};
	int r;

	pthread_mutex_lock(&o->lock);
	r = kr_desk__plan_make(&o->plan, conf, now, reterr);
	if (!r)
		r = derive(&d, reterr);
	if (!r && !d.stopped)
		r = KR_MIN(dry_waiting(o, constituent, each, ctx, reterr), 0);
	pthread_mutex_unlock(&o->lock);
	return r;
}

/* ---- nobody to tell ---- */

static int count_untold(struct kr_store *s, const struct kr_scope *scope, int32_t from, int32_t to,
			struct kr_arena *a, struct kr_counter_row **ret, size_t *ret_n,
			struct kr_fault *reterr)
{
	const struct kr_counter_query q = {.a = KR_DIM_CONSTITUENT, .from = from, .to = to};

	return kr_store_counters(s, scope, &q, a, ret, ret_n, reterr);
}

int kr_desk_outbox_nobody(struct kr_store *s, const struct kr_scope *scope, int32_t from,
			  int32_t to, struct kr_arena *a, struct kr_desk_untold **ret,
			  size_t *ret_n, uint64_t *ret_unrouted, struct kr_fault *reterr)
{
	struct kr_desk_untold *list = NULL;
	struct kr_counter_row *rows;
	size_t n_rows, n = 0, cap = 0;
	uint64_t unrouted = 0;
	int r = count_untold(s, scope, from, to, a, &rows, &n_rows, reterr);

	for (size_t i = 0; !r && i < n_rows; i++) {
		struct kr_recipient_query q = {.limit = 1};
		struct kr_constituent c;
		struct kr_recipient *to_list;
		struct kr_rule *rules;
		size_t n_rules, n_to;

		if (!rows[i].value_a.n) {
			unrouted += rows[i].rows;
			continue;
		}
		if (kr_store_constituent_get(s, scope, rows[i].value_a, 0, a, &c, &rules, &n_rules,
					     NULL))
			continue;
		q.constituent = c.id;
		r = kr_store_recipient_list(s, scope, &q, a, &to_list, &n_to, reterr);
		if (r || n_to)
			continue;
		list = kr_arena_more(a, list, n, &cap, sizeof(*list));
		if (!list)
			return kr_fault_set(reterr, -KR_ELIMIT, "too many constituents");
		list[n++] = (struct kr_desk_untold){c.id, rows[i].value_a, rows[i].rows};
	}
	if (r)
		return r;
	*ret = list;
	*ret_n = n;
	*ret_unrouted = unrouted;
	return 0;
}
