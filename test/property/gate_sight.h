/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What test_gate.c is about: the rows of a store as they were put in, every viewer there is, and
 * what the gate says of each row and field to each.
 */
#pragma once

#include "gate_world.h"
#include "tap.h"

#define BATCHES 12
#define PER	4
#define ROWS	(WORLD_DAYS * BATCHES * PER)
#define SCOPES	4096

struct known {
	struct kr_event_id id;
	struct kr_event *e; /* as the node itself reads it back */
	struct kr_str source;
	uint64_t report;
	/* What was put in, not read back. */
	uint64_t key, count;
	enum kr_tlp label;
	struct kr_owner owners[2];
	size_t n_owners;
	unsigned day;
	bool test;
};

static struct world {
	struct kr_store *s;
	struct kr_arena *a;
	struct known row[ROWS]; /* newest first, as lists have them */
	size_t n;
	struct known made[ROWS];
	unsigned reports_ok, refused;
} w;

/* ---- the rows ---- */

/* Six labels x four owners x (twice a plain class, once test), and every fifth seen again. */
static void make(void *ctx, struct kr_batch *b, unsigned day, unsigned i)
{
	unsigned k = day * BATCHES * PER + i;
	struct known *m = &w.made[k];
	struct kr_event *e;

	(void)ctx;
	m->day = day;
	m->key = 1000 + k;
	m->label = (enum kr_tlp)(k % 6);
	m->test = k / 24 == 3;
	e = world_event(b->arena, m->label, k / 6 % 4, m->test, m->key);
	m->n_owners = e->n_owners;
	for (size_t o = 0; o < e->n_owners; o++)
		m->owners[o] = e->owners[o];
	m->count = 1;
	kr_batch_add(b, e);
	if (k % 5)
		return;
	e = kr_event_new(b->arena);
	*e = *b->events[b->n - 1];
	e->offset += 100000;
	e->last += KR_HOUR;
	/* Seen again with another label: the tighter one is the row's. */
	if (k % 2 == 0) {
		e->label = KR_TLP_GREEN;
		if (kr_tlp_effective(m->label) < KR_TLP_GREEN)
			m->label = KR_TLP_GREEN;
	}
	m->count++;
	kr_batch_add(b, e);
}

static const struct known *made(uint64_t key)
{
	for (size_t i = 0; i < ROWS; i++)
		if (w.made[i].key == key)
			return &w.made[i];
	return NULL;
}

static bool learn(void *ctx, const struct kr_stored_event *ev)
{
	const struct known *m = made(ev->e->key);
	struct kr_stored_event whole;
	struct kr_fault f = {0};
	struct known *k = &w.row[w.n];

	(void)ctx;
	if (!m || w.n == ROWS)
		return false;
	world_must(kr_store_event_get(w.s, &KR_SCOPE_ALL, &ev->id, w.a, &whole, &f), &f, "get");
	*k = *m;
	k->id = ev->id;
	k->e = whole.e;
	k->source = kr_arena_dup(w.a, whole.source);
	k->report = whole.report;
	w.n++;
	return k->e->label == m->label && k->e->n_owners == m->n_owners && k->e->count == m->count;
}

static void fill(const char *dir)
{
	struct kr_store_opts o = {
		.partition_rows_max = 20, .group_rows_max = 8, .now = world_clock};
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_event_query q = {0};
	struct kr_store_totals totals;
	struct kr_event_page page;
	struct kr_fault f = {0};

	world_now = GEN_NOW;
	world_must(kr_store_init(dir, &f), &f, "init");
	world_must(kr_store_open(dir, &o, &w.s, &f), &f, "open");
	world_fill(w.s, BATCHES, PER, make, NULL);
	world_must(kr_store_event_list(w.s, &KR_SCOPE_ALL, &q, learn, NULL, a, &page, &f), &f,
		   "list");
	world_must(kr_store_totals(w.s, &KR_SCOPE_ALL, &totals, &f), &f, "totals");
	OK(totals.partitions >= 2 * WORLD_DAYS, "%llu partitions",
	   (unsigned long long)totals.partitions);
	IS(w.n, ROWS, "all rows are there, with the labels, owners and counts that were put in");
}

/* ---- what a viewer may see, row by row and field by field ---- */

struct sight {
	struct kr_scope scope;
	bool row[ROWS];
	bool field[KR_FIELD_MAX];
	bool staff, community; /* fields that are no fields: by the role */
	char name[160];
	/* Results of the checks. */
	unsigned bad;
};

static void look(const struct kr_viewer *v, struct sight *s)
{
	const struct kr_role_info *role = kr_role_info(v->role);

	s->scope = kr_gate_scope(v);
	for (size_t i = 0; i < ROWS; i++) {
		const struct known *k = &w.row[i];
		struct kr_item item = {
			.label = k->label, .owners = k->owners, .n_owners = k->n_owners};

		s->row[i] = kr_gate_may(v, &item);
	}
	for (int f = 1; f < KR_FIELD_MAX; f++)
		s->field[f] = kr_field_info((enum kr_field)f) && kr_gate_field(v, (enum kr_field)f);
	s->staff = role && role->fields == KR_FIELDS_STAFF && !v->constituent;
	s->community = !role || role->fields == KR_FIELDS_COMMUNITY;
	snprintf(s->name, sizeof(s->name),
		 "role %d door %d constituent %u limit %d rights %x kind %d", (int)v->role,
		 (int)v->door, v->constituent, (int)v->tlp_max, v->rights, (int)v->kind);
}

static struct sight seen[SCOPES];
static size_t n_seen;

static bool same_scope(const struct kr_scope *a, const struct kr_scope *b)
{
	return a->all == b->all && a->tlp_max == b->tlp_max && a->constituent == b->constituent &&
	       a->fields == b->fields && a->rights == b->rights;
}

/* Every viewer; returns how many. Differences within a scope are counted in *bad. */
static unsigned all_viewers(unsigned *bad)
{
	static const uint32_t rights[] = {KR_RIGHTS_ALL, KR_RIGHT_EVENTS,
					  KR_RIGHTS_ALL & ~(uint32_t)KR_RIGHT_EVENTS,
					  KR_RIGHT_EVENTS | KR_RIGHT_REGISTER, 0};
	static const enum kr_viewer_kind kinds[] = {KR_VIEWER_ANONYMOUS, KR_VIEWER_LOCAL,
						    KR_VIEWER_USER, KR_VIEWER_KEY,
						    KR_VIEWER_RECIPIENT};
	unsigned n = 0;

	for (int role = 0; role < KR_ROLES; role++)
		for (int door = 0; door < KR_DOORS; door++)
			for (unsigned c = 0; c < 4; c++)
				for (int limit = 0; limit <= KR_TLP_RED; limit++)
					for (size_t r = 0; r < KR_ARRAY_LEN(rights) * 5; r++) {
						struct kr_viewer v = {
							.kind = kinds[r % 5],
							.role = (enum kr_role)role,
							.door = (enum kr_door)door,
							.constituent = c ? world_constituent[c - 1]
									 : 0,
							.tlp_max = (enum kr_tlp)limit,
							.rights = rights[r / 5]};
						struct sight s = {0};
						size_t i = 0;

						look(&v, &s);
						while (i < n_seen &&
						       !same_scope(&seen[i].scope, &s.scope))
							i++;
						if (i == n_seen && n_seen < SCOPES)
							seen[n_seen++] = s;
						/* No events at all: which fields there are is moot.
						 */
						if (memcmp(seen[i].row, s.row, sizeof(s.row)) ||
						    memcmp(seen[i].field, s.field,
							   sizeof(s.field))) {
							printf("# %s sees other things than %s\n",
							       s.name, seen[i].name);
							++*bad;
						}
						n++;
					}
	return n;
}

static bool wrong(struct sight *s, const char *fmt, ...) KR_PRINTF(2, 3);
static bool wrong(struct sight *s, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (s->bad++ < 5)
		printf("# %s: %s\n", s->name, text);
	return false;
}
