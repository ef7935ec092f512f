/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/delivery.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "gate/gate.h"

bool kr_desk_sink_on(const struct kr_conf *conf, struct kr_str sink)
{
	switch (kr_sink_door(sink)) {
	case KR_DOOR_MAIL: return conf->delivery_mail;
	case KR_DOOR_WEBHOOK: return conf->delivery_webhook;
	case KR_DOOR_FILE: return conf->delivery_file;
	case KR_DOOR_API: return true;
	default: return false;
	}
}

static const char *language_of(const struct kr_recipient *r, const struct kr_conf *conf,
			       struct kr_arena *a)
{
	struct kr_str lang = r->language.n ? r->language : r->constituent_language;

	if (!lang.n)
		return kr_arena_dup(a, kr_str_c(conf->node_language)).p;
	return kr_arena_dup(a, lang).p;
}

/* Whom it is for; the rows come after. */
static int begin(struct kr_store *s, const struct kr_conf *conf, const struct kr_scope *scope,
		 uint32_t recipient, struct kr_arena *a, struct kr_desk_mailing *m,
		 struct kr_fault *reterr)
{
	struct kr_str zone;
	int r;

	*m = (struct kr_desk_mailing){.at = kr_store_now(s)};
	r = kr_store_recipient_get(s, scope, recipient, a, &m->to, reterr);
	if (r)
		return r;
	m->viewer = kr_recipient_viewer(&m->to);
	m->scope = kr_gate_scope(&m->viewer);
	m->lang = language_of(&m->to, conf, a);
	if (!m->lang)
		return kr_fault_set(reterr, -KR_ELIMIT, "no room for the message");
	zone = m->to.zone.n ? m->to.zone : kr_str_c(conf->delivery_zone);
	/* A zone that the system lost is no reason not to tell somebody. */
	if (kr_zone_open(zone, &m->zone, NULL))
		r = kr_zone_open(KR_STR("UTC"), &m->zone, reterr);
	return r;
}

/* Who looks may be told less than the recipient: a key with a limit of its own. */
static void narrow(struct kr_desk_mailing *m, const struct kr_scope *scope)
{
	if (!scope->all)
		m->scope.tlp_max = KR_MIN(m->scope.tlp_max, scope->tlp_max);
}

void kr_desk_mailing_done(struct kr_desk_mailing *m)
{
	kr_zone_free(m->zone);
	m->zone = NULL;
}

struct collect {
	struct kr_desk_mailing *m;
	struct kr_arena *a;
	size_t cap, max;
	bool full;
};

static bool add_row(void *ctx, const struct kr_outbox_row *row)
{
	struct collect *c = ctx;
	struct kr_desk_mailing *m = c->m;

	if (m->n == c->max) {
		m->more = true;
		return false;
	}
	m->rows = kr_arena_more(c->a, m->rows, m->n, &c->cap, sizeof(*m->rows));
	c->full = !m->rows;
	if (c->full)
		return false;
	m->rows[m->n++] = *row;
	return true;
}

static int collect(struct kr_store *s, const struct kr_outbox_query *q, size_t max,
		   struct kr_arena *a, struct kr_desk_mailing *m, struct kr_fault *reterr)
{
	struct collect c = {.m = m, .a = a, .max = max};
	int r = kr_store_outbox_list(s, q, add_row, &c, reterr);

	if (!r && c.full)
		r = kr_fault_set(reterr, -KR_ELIMIT, "no room for the rows of the message");
	return r;
}

int kr_desk_mailing_of(struct kr_store *s, const struct kr_conf *conf, const struct kr_scope *scope,
		       uint64_t delivery, struct kr_arena *a, struct kr_desk_mailing *ret,
		       struct kr_fault *reterr)
{
	struct kr_outbox_query q = {.delivery = delivery};
	struct kr_delivery d;
	int r = kr_store_delivery_get(s, scope, delivery, a, &d, reterr);

	*ret = (struct kr_desk_mailing){0};
	/* Who may see the delivery may see whom it is for, also one that was removed since. */
	if (!r)
		r = begin(s, conf, &KR_SCOPE_ALL, d.recipient, a, ret, reterr);
	if (r)
		return r;
	ret->delivery = delivery;
	ret->at = d.created;
	narrow(ret, scope);
	return collect(s, &q, SIZE_MAX, a, ret, reterr);
}

int kr_desk_mailing_waiting(struct kr_store *s, const struct kr_conf *conf,
			    const struct kr_scope *scope, uint32_t recipient, kr_time due,
			    struct kr_arena *a, struct kr_desk_mailing *ret,
			    struct kr_fault *reterr)
{
	struct kr_outbox_query q = {.recipient = recipient,
				    .state = KR_OUTBOX_WAITING,
				    .due = due == KR_TIME_NONE ? INT64_MAX : due};
	int r;

	*ret = (struct kr_desk_mailing){0};
	r = begin(s, conf, scope, recipient, a, ret, reterr);
	if (!r)
		narrow(ret, scope);
	return r ? r : collect(s, &q, conf->delivery_rows_max, a, ret, reterr);
}

struct marking {
	struct kr_desk_mailing *m;
	bool (*each)(void *ctx, struct kr_outbox_row *row, const struct kr_stored_event *ev);
	void *ctx;
};

static bool mark(void *ctx, struct kr_outbox_row *row, const struct kr_stored_event *ev)
{
	struct marking *k = ctx;

	if (!ev && row->why == KR_WHY_NONE) {
		row->why = KR_WHY_GONE;
		k->m->gone++;
	}
	return k->each(k->ctx, row, ev);
}

int kr_desk_mailing_each(struct kr_store *s, struct kr_desk_mailing *m,
			 bool (*each)(void *ctx, struct kr_outbox_row *row,
				      const struct kr_stored_event *ev),
			 void *ctx, struct kr_fault *reterr)
{
	struct marking k = {m, each, ctx};

	return kr_store_outbox_events(s, &m->scope, m->rows, m->n, true, mark, &k, reterr);
}

int kr_desk_mailing_release(struct kr_store *s, const struct kr_desk_mailing *m,
			    struct kr_fault *reterr)
{
	struct kr_outbox_row *rows;
	size_t n = 0;
	int r;

	/* What only this reader may not see is no reason. */
	if (!m->gone || !m->delivery || kr_gate_scope(&m->viewer).tlp_max != m->scope.tlp_max)
		return 0;
	rows = kr_xcalloc(m->gone, sizeof(*rows));
	for (size_t i = 0; i < m->n && n < m->gone; i++)
		if (m->rows[i].why == KR_WHY_GONE)
			rows[n++] = m->rows[i];
	r = kr_store_outbox_release(s, m->delivery, rows, n, reterr);
	free(rows);
	return r;
}
