/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan is read once a tick and used for all its rows: recipients with their wishes parsed and
 * their zones open, suppression rules as trees, answers sorted for looking up. Recipients may be
 * many, and are read again only when one of them changed.
 */
#include "desk/outbox_plan.h"

#include <stdio.h>
#include <stdlib.h>

void kr_desk__plan_init(struct kr_desk__plan *p, struct kr_store *s)
{
	*p = (struct kr_desk__plan){.s = s, .people = kr_arena_new(0), .words = kr_arena_new(0)};
}

static void forget_people(struct kr_desk__plan *p)
{
	for (size_t i = 0; i < p->n_zones; i++)
		kr_zone_free(p->zones[i]);
	p->n_zones = p->zones_cap = p->n_tellers = 0;
	p->zones = NULL;
	p->made = false;
	kr_arena_clear(p->people);
}

void kr_desk__plan_done(struct kr_desk__plan *p)
{
	forget_people(p);
	kr_arena_free(p->people);
	kr_arena_free(p->words);
}

/* ---- recipients ---- */

/* Zones are few: each is opened once. One that the system does not have counts as UTC. */
static const struct kr_zone *zone_of(struct kr_desk__plan *p, struct kr_str name,
				     struct kr_str *names)
{
	struct kr_zone *z = NULL;

	for (size_t i = 0; i < p->n_zones; i++)
		if (kr_str_eq(names[i], name))
			return p->zones[i];
	if (p->n_zones == p->zones_cap || kr_zone_open(name, &z, NULL))
		return NULL;
	names[p->n_zones] = name;
	p->zones[p->n_zones++] = z;
	return z;
}

static int by_constituent(const void *x, const void *y)
{
	const struct kr_recipient *a = ((const struct kr_desk__teller *)x)->r,
				  *b = ((const struct kr_desk__teller *)y)->r;

	if (a->constituent != b->constituent)
		return a->constituent < b->constituent ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

static int by_id(const void *x, const void *y, void *ctx)
{
	const struct kr_desk__teller *t = ctx;
	uint32_t a = t[*(const uint32_t *)x].r->id, b = t[*(const uint32_t *)y].r->id;

	return (a > b) - (a < b);
}

/* Thousands of recipients wish the same, and wishes are large: the latest different ones are kept.
 */
#define WISHES 16

struct wishes {
	const struct kr_wish *standard;
	struct kr_str text[WISHES];
	const struct kr_wish *wish[WISHES];
	size_t next;
};

/* What was checked when it was stored may name a class that the taxonomy lost since: the standard.
 */
static const struct kr_wish *wish_of(struct kr_desk__plan *p, struct wishes *w, struct kr_str text)
{
	struct kr_wish *fresh;
	size_t at = w->next % WISHES;

	if (!text.n)
		return w->standard;
	for (size_t i = 0; i < WISHES; i++)
		if (w->wish[i] && kr_str_eq(w->text[i], text))
			return w->wish[i];
	fresh = kr_arena_calloc(p->people, 1, sizeof(*fresh));
	if (!fresh || kr_wish_parse(text, fresh, NULL))
		return w->standard;
	w->text[at] = text;
	w->wish[at] = fresh;
	w->next++;
	return fresh;
}

static void fill(struct kr_desk__plan *p, const struct kr_recipient *r, struct kr_str *names,
		 struct wishes *wishes, struct kr_desk__teller *t)
{
	struct kr_str zone = r->zone.n ? r->zone : kr_str_c(p->zone_default);

	*t = (struct kr_desk__teller){
		.r = r,
		.viewer = kr_recipient_viewer(r),
		.wish = wish_of(p, wishes, r->classes),
		.schedule =
			{
				.zone = zone_of(p, zone, names),
				.hour = r->hour,
				.quiet_from = r->quiet_from,
				.quiet_to = r->quiet_to,
				.muted_until = r->muted_until,
				.gather_us = p->gather_us,
			},
	};
}

#define ZONES_MAX 1024

static int make_people(struct kr_desk__plan *p, const struct kr_conf *conf, struct kr_fault *reterr)
{
	struct kr_recipient_query q = {0};
	struct kr_recipient *list = NULL;
	struct kr_wish *standard;
	struct wishes wishes = {0};
	struct kr_str *names;
	size_t n = 0;
	uint64_t version = kr_store_recipient_version(p->s);
	int r;

	forget_people(p);
	snprintf(p->zone_default, sizeof(p->zone_default), "%s", conf->delivery_zone);
	p->gather_us = conf->delivery_gather;
	standard = kr_arena_calloc(p->people, 1, sizeof(*standard));
	if (!standard)
		return kr_fault_set(reterr, -KR_ELIMIT, "too many recipients");
	wishes.standard = standard;
	r = kr_wish_parse(kr_str_c(conf->delivery_classes), standard, reterr);
	if (r) {
		kr_fault_where(reterr, "setting delivery.classes");
		return r;
	}
	r = kr_store_recipient_list(p->s, &KR_SCOPE_ALL, &q, p->people, &list, &n, reterr);
	if (r)
		return r;
	names = kr_arena_calloc(p->people, ZONES_MAX, sizeof(*names));
	p->zones = kr_arena_calloc(p->people, ZONES_MAX, sizeof(struct kr_zone *));
	p->zones_cap = ZONES_MAX;
	p->tellers = kr_arena_calloc(p->people, n, sizeof(*p->tellers));
	p->by_id = kr_arena_calloc(p->people, n, sizeof(*p->by_id));
	if (!names || !p->zones || !p->tellers || !p->by_id)
		return kr_fault_set(reterr, -KR_ELIMIT, "too many recipients");
	for (size_t i = 0; i < n; i++)
		if (list[i].enabled)
			fill(p, &list[i], names, &wishes, &p->tellers[p->n_tellers++]);
	if (p->n_tellers)
		qsort(p->tellers, p->n_tellers, sizeof(*p->tellers), by_constituent);
	for (uint32_t i = 0; i < p->n_tellers; i++)
		p->by_id[i] = i;
	if (p->n_tellers)
		qsort_r(p->by_id, p->n_tellers, sizeof(*p->by_id), by_id, p->tellers);
	p->version = version;
	p->made = true;
	return 0;
}

const struct kr_desk__teller *kr_desk__tellers(const struct kr_desk__plan *p, uint32_t constituent,
					       size_t *ret_n)
{
	size_t lo = 0, hi = p->n_tellers, n = 0;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->tellers[mid].r->constituent < constituent)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo + n < p->n_tellers && p->tellers[lo + n].r->constituent == constituent)
		n++;
	*ret_n = n;
	return n ? &p->tellers[lo] : NULL;
}

const struct kr_desk__teller *kr_desk__teller_of(const struct kr_desk__plan *p, uint32_t recipient)
{
	size_t lo = 0, hi = p->n_tellers;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->tellers[p->by_id[mid]].r->id < recipient)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == p->n_tellers || p->tellers[p->by_id[lo]].r->id != recipient)
		return NULL;
	return &p->tellers[p->by_id[lo]];
}

/* ---- suppression and answers ---- */

static int make_words(struct kr_desk__plan *p, const struct kr_conf *conf, struct kr_fault *reterr)
{
	struct kr_expr_opts opts = {.now = p->now,
				    .depth_max = (unsigned)conf->limits_expression_depth,
				    .nodes_max = (unsigned)conf->limits_expression_nodes};
	struct kr_suppression *list;
	size_t n;
	int r;

	kr_arena_clear(p->words);
	p->n_rules = p->n_answers = 0;
	r = kr_store_suppression_list(p->s, p->words, &list, &n, reterr);
	if (r)
		return r;
	p->rules = kr_arena_calloc(p->words, n, sizeof(*p->rules));
	if (!p->rules)
		return kr_fault_set(reterr, -KR_ELIMIT, "too many suppression rules");
	for (size_t i = 0; i < n; i++) {
		struct kr_desk__rule *rule = &p->rules[p->n_rules];
		struct kr_expr *x;

		if (list[i].expires != KR_TIME_NONE && list[i].expires <= p->now)
			continue;
		/* Without the rule too much would be told; people mend it, and nothing is lost. */
		r = kr_expr_parse(list[i].expr, &opts, p->words, &x, reterr);
		if (r) {
			kr_fault_where(reterr, "suppression rule %u", list[i].id);
			return r;
		}
		*rule = (struct kr_desk__rule){list[i].id, list[i].constituent, x};
		p->n_rules++;
	}
	return kr_store_feedback_answers(p->s, p->now, p->words, &p->answers, &p->n_answers,
					 reterr);
}

int kr_desk__plan_make(struct kr_desk__plan *p, const struct kr_conf *conf, kr_time now,
		       struct kr_fault *reterr)
{
	int r = 0;

	p->now = now;
	p->age_max = conf->delivery_age_max;
	if (!p->made || p->version != kr_store_recipient_version(p->s) ||
	    strcmp(p->zone_default, conf->delivery_zone) != 0 ||
	    p->gather_us != conf->delivery_gather)
		r = make_people(p, conf, reterr);
	return r ? r : make_words(p, conf, reterr);
}

static const struct kr_answer *answer_of(const struct kr_desk__plan *p, uint64_t key,
					 uint32_t source, uint32_t constituent)
{
	size_t lo = 0, hi = p->n_answers;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct kr_answer *a = &p->answers[mid];
		bool below = a->key != key	   ? (int64_t)a->key < (int64_t)key
			     : a->source != source ? a->source < source
						   : a->constituent < constituent;

		if (below)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < p->n_answers && p->answers[lo].key == key && p->answers[lo].source == source &&
	    p->answers[lo].constituent == constituent)
		return &p->answers[lo];
	return NULL;
}

static const struct kr_desk__rule *suppressed(const struct kr_desk__plan *p, uint32_t constituent,
					      const struct kr_stored_event *ev)
{
	char id[KR_EVENT_ID_TEXT_MAX];
	struct kr_expr_event x;

	if (!p->n_rules || !ev)
		return NULL;
	x = (struct kr_expr_event){
		.e = ev->e,
		.source = ev->source,
		.id = kr_str_c(kr_event_id_text(&ev->id, id)),
		.report = ev->report,
		.constituents = ev->constituents,
		.n_constituents = ev->n_constituents,
	};
	for (size_t i = 0; i < p->n_rules; i++)
		if ((!p->rules[i].constituent || p->rules[i].constituent == constituent) &&
		    kr_expr_match(p->rules[i].expr, &x))
			return &p->rules[i];
	return NULL;
}

bool kr_desk__may_tell(const struct kr_desk__plan *p, const struct kr_desk__teller *t,
		       const struct kr_desk__subject *x, enum kr_outbox_why *ret_why,
		       uint64_t *ret_cause)
{
	const struct kr_desk__rule *rule;
	const struct kr_answer *answer;
	struct kr_str item;

	*ret_cause = 0;
	*ret_why = KR_WHY_NONE;
	if (!kr_gate_may(&t->viewer, &x->item)) {
		*ret_why = KR_WHY_LABEL;
	} else if (kr_wish_of(t->wish, x->taxonomy, &item) == KR_WHEN_NEVER) {
		*ret_why = KR_WHY_CLASS;
	} else if (x->last < p->now - p->age_max) {
		*ret_why = KR_WHY_OLD;
	} else if ((rule = suppressed(p, t->r->constituent, x->full))) {
		*ret_why = KR_WHY_SUPPRESSED;
		*ret_cause = rule->id;
	} else if ((answer = answer_of(p, x->key, x->source, t->r->constituent)) &&
		   (answer->verdict != KR_VERDICT_FIXED || x->last <= answer->at)) {
		/* What was seen after it was fixed is not fixed. */
		*ret_why = KR_WHY_FEEDBACK;
		*ret_cause = answer->id;
	}
	return *ret_why == KR_WHY_NONE;
}
