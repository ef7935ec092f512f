/* SPDX-License-Identifier: Apache-2.0 */
/*
 * karaula delivery run: decide and pack now, or show what would be. The dry run sums up decisions
 * by recipient, outcome and what decided; --rows shows each.
 */
#include "cli/cli.h"

#include <stdlib.h>

#include "cli/cells.h"
#include "cli/node.h"
#include "desk/delivery.h"
#include "desk/outbox.h"
#include "store/read.h"

#define RULES_SHOWN  3
#define RULES_CACHED 256

struct group {
	uint32_t recipient;
	enum kr_outbox_state state;
	enum kr_outbox_why why;
	enum kr_when when;
	uint64_t cause;
	char wish[40]; /* "intrusions" */
	struct kr_str constituent, sink, address;
	uint64_t rows, fresh;
	kr_time due; /* the earliest */
	uint32_t rules[RULES_SHOWN];
	size_t n_rules;
	bool more;
};

struct dry {
	struct kr_cli *c;
	struct group **table; /* open addressing */
	size_t size, n;
	/* --rows */
	struct kr_table *rows;
	uint64_t shown, limit;
	struct {
		uint32_t id;
		struct kr_str text;
	} rules[RULES_CACHED];
};

/* "prefix 198.51.100.0/24" */
static struct kr_str rule_text(struct dry *d, uint32_t id)
{
	size_t at = id % RULES_CACHED;
	struct kr_rule rule;

	if (d->rules[at].id == id)
		return d->rules[at].text;
	d->rules[at].id = id;
	d->rules[at].text = KR_STR("");
	if (!kr_store_rule_get(d->c->node->store, id, d->c->arena, &rule, NULL))
		d->rules[at].text = kr_arena_printf(d->c->arena, "%s %.*s",
						    kr_rule_kind_text(rule.kind),
						    KR_STR_ARG(rule.value));
	return d->rules[at].text;
}

/* What decided: a wish, or the reason why it is withheld. */
static struct kr_str by_text(struct kr_cli *c, const struct group *g)
{
	const char *why = kr_outbox_why_text(g->why);

	if (g->why == KR_WHY_NONE || g->why == KR_WHY_CLASS)
		return kr_arena_printf(c->arena, "%s=%s", g->wish[0] ? g->wish : "default",
				       kr_when_text(g->when));
	if (g->cause)
		return kr_arena_printf(c->arena, "%s %llu", why, (unsigned long long)g->cause);
	return kr_str_c(why);
}

static struct kr_str rules_text(struct dry *d, const struct group *g)
{
	KR_AUTO_BUF b = KR_BUF(4096);

	for (size_t i = 0; i < g->n_rules; i++) {
		kr_buf_c(&b, i ? ", " : "");
		kr_buf_str_add(&b, rule_text(d, g->rules[i]));
	}
	kr_buf_c(&b, g->more ? ", ..." : "");
	return kr_arena_dup(d->c->arena, kr_buf_str(&b));
}

/* ---- sums ---- */

static bool same(const struct group *a, const struct group *b)
{
	return a->recipient == b->recipient && a->state == b->state && a->why == b->why &&
	       a->when == b->when && a->cause == b->cause && !strcmp(a->wish, b->wish);
}

static size_t hash_of(const struct group *g)
{
	uint64_t h = g->recipient * 0x9e3779b97f4a7c15ull;

	h = (h ^ (unsigned)g->state ^ (unsigned)g->why << 4 ^ (unsigned)g->when << 8 ^
	     g->cause << 16) *
	    0x9e3779b97f4a7c15ull;
	for (const char *p = g->wish; *p; p++)
		h = (h ^ (unsigned char)*p) * 0x100000001b3ull;
	return (size_t)(h >> 20);
}

static struct group **slot_of(struct group **table, size_t size, const struct group *g)
{
	size_t i = hash_of(g) & (size - 1);

	while (table[i] && !same(table[i], g))
		i = (i + 1) & (size - 1);
	return &table[i];
}

static void grow(struct dry *d)
{
	size_t size = d->size ? d->size * 2 : 1024;
	struct group **table = kr_xcalloc(size, sizeof(*table));

	for (size_t i = 0; i < d->size; i++)
		if (d->table[i])
			*slot_of(table, size, d->table[i]) = d->table[i];
	free(d->table);
	d->table = table;
	d->size = size;
}

static struct group *group_of(struct dry *d, const struct kr_desk_decision *x)
{
	struct group key = {.recipient = x->to->id,
			    .state = x->row.state,
			    .why = x->row.why,
			    .when = x->when,
			    .cause = x->row.cause};
	struct group **at, *g;

	snprintf(key.wish, sizeof(key.wish), "%.*s", KR_STR_ARG(x->wish));
	if (d->n * 2 >= d->size)
		grow(d);
	at = slot_of(d->table, d->size, &key);
	if (*at)
		return *at;
	g = kr_arena_alloc(d->c->arena, sizeof(*g));
	if (!g)
		return NULL;
	*g = key;
	g->constituent = kr_arena_dup(d->c->arena, x->to->constituent_name);
	g->sink = kr_arena_dup(d->c->arena, x->to->sink);
	g->address = kr_arena_dup(d->c->arena, x->to->address);
	g->due = KR_TIME_NONE;
	*at = g;
	d->n++;
	return g;
}

static void note_rule(struct group *g, uint32_t rule)
{
	for (size_t i = 0; i < g->n_rules; i++)
		if (g->rules[i] == rule)
			return;
	if (g->n_rules < RULES_SHOWN)
		g->rules[g->n_rules++] = rule;
	else
		g->more = true;
}

static bool add_decision(void *ctx, const struct kr_desk_decision *x)
{
	struct dry *d = ctx;
	struct group *g = group_of(d, x);

	if (!g)
		return false;
	g->rows++;
	g->fresh += x->fresh;
	if (x->row.state == KR_OUTBOX_WAITING && (g->due == KR_TIME_NONE || x->row.due < g->due))
		g->due = x->row.due;
	note_rule(g, x->row.rule);
	return !kr_cli_cancelled(d->c);
}

static int group_cmp(const void *x, const void *y)
{
	const struct group *a = *(struct group *const *)x, *b = *(struct group *const *)y;
	int c = kr_str_cmp(a->constituent, b->constituent);

	if (c)
		return c;
	if (a->recipient != b->recipient)
		return a->recipient < b->recipient ? -1 : 1;
	if (a->state != b->state)
		return a->state < b->state ? -1 : 1;
	if (a->rows != b->rows)
		return a->rows > b->rows ? -1 : 1;
	return strcmp(a->wish, b->wish);
}

static const char *outcome(enum kr_outbox_state state)
{
	return state == KR_OUTBOX_WITHHELD ? N_("withheld") : N_("told");
}

static void print_groups(struct dry *d)
{
	static const struct kr_column columns[] = {
		{"constituent", N_("Constituent"), KR_LEFT, false},
		{"sink", N_("By"), KR_LEFT, false},
		{"address", N_("Address"), KR_LEFT, false},
		{"outcome", N_("Outcome"), KR_LEFT, false},
		{"rows", N_("Rows"), KR_RIGHT, true},
		{"due", N_("When"), KR_LEFT, false},
		{"decided_by", N_("Decided by"), KR_LEFT, false},
		{"rules", N_("Rules of the register"), KR_LEFT, false},
		{"recipient", "", KR_RIGHT, true},
		{"fresh", "", KR_RIGHT, true},
		{"sink_on", "", KR_LEFT, false},
	};
	const struct kr_conf *conf = kr_node_conf(d->c->node);
	bool text = !d->c->json && !d->c->csv;
	struct kr_table *t = kr_table_new(d->c, columns, text ? 8 : KR_ARRAY_LEN(columns));
	struct group **list = kr_xcalloc(d->n + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < d->size; i++)
		if (d->table[i])
			list[n++] = d->table[i];
	if (n)
		qsort(list, n, sizeof(*list), group_cmp);
	for (size_t i = 0; i < n; i++) {
		const struct group *g = list[i];

		kr_table_row(
			t, (struct kr_str[]){g->constituent, g->sink, g->address,
					     kr_str_c(text ? kr_text(d->c->lang, outcome(g->state))
							   : outcome(g->state)),
					     kr_cell_u64(d->c, g->rows), kr_cell_time(d->c, g->due),
					     by_text(d->c, g), rules_text(d, g),
					     kr_cell_u64(d->c, g->recipient),
					     kr_cell_u64(d->c, g->fresh),
					     kr_cell_bool(kr_desk_sink_on(conf, g->sink))});
	}
	kr_table_end(t);
	free(list);
	kr_conf_unref(conf);
}

/* ---- rows ---- */

static const struct kr_column row_columns[] = {
	{"event", N_("Event"), KR_LEFT, false},
	{"constituent", N_("Constituent"), KR_LEFT, false},
	{"address", N_("Address"), KR_LEFT, false},
	{"class", N_("Class"), KR_LEFT, false},
	{"label", N_("TLP"), KR_LEFT, false},
	{"outcome", N_("Outcome"), KR_LEFT, false},
	{"due", N_("When"), KR_LEFT, false},
	{"decided_by", N_("Decided by"), KR_LEFT, false},
	{"rule", N_("Rule of the register"), KR_LEFT, false},
};

static bool print_row(void *ctx, const struct kr_desk_decision *x)
{
	struct dry *d = ctx;
	struct kr_arena_mark mark;
	struct group g = {
		.state = x->row.state, .why = x->row.why, .when = x->when, .cause = x->row.cause};
	bool waits = x->row.state == KR_OUTBOX_WAITING;
	char id[KR_EVENT_ID_TEXT_MAX];
	struct kr_str rule = rule_text(d, x->row.rule);

	if (d->limit && d->shown == d->limit)
		return false;
	d->shown++;
	snprintf(g.wish, sizeof(g.wish), "%.*s", KR_STR_ARG(x->wish));
	mark = kr_arena_mark(d->c->arena);
	kr_table_row(d->rows,
		     (struct kr_str[]){kr_str_c(kr_event_id_text(&x->row.event, id)),
				       x->to->constituent_name, x->to->address, x->taxonomy,
				       kr_str_c(kr_tlp_text(x->label)),
				       kr_str_c(outcome(x->row.state)),
				       kr_cell_time(d->c, waits ? x->row.due : KR_TIME_NONE),
				       by_text(d->c, &g), rule});
	kr_arena_rewind(d->c->arena, mark);
	return !kr_cli_cancelled(d->c);
}

/* ---- the command ---- */

/* Who has events but nobody who is told, of the days that could still be told. */
static int note_nobody(struct kr_cli *c, const struct kr_conf *conf)
{
	kr_time now = kr_store_now(c->node->store);
	struct kr_desk_untold *list;
	uint64_t unrouted, rows = 0;
	size_t n;
	int err = kr_desk_outbox_nobody(c->node->store, &c->scope,
					kr_time_day(now - conf->delivery_age_max), kr_time_day(now),
					c->arena, &list, &n, &unrouted, &c->fault);

	for (size_t i = 0; !err && i < n; i++)
		rows += list[i].rows;
	if (!err && n)
		kr_cli_note(c,
			    "Nobody to tell: %llu rows of %zu constituents without recipient, "
			    "first of all %.*s",
			    (unsigned long long)rows, n, KR_STR_ARG(list[0].constituent));
	if (!err && unrouted)
		kr_cli_note(c, "Nobody owns %llu rows: karaula event list routed:no",
			    (unsigned long long)unrouted);
	return err;
}

#define RECIPIENTS_LOOKED 1000

/* Ways that recipients have but that are off: their rows wait. */
static void note_off(struct kr_cli *c, const struct kr_conf *conf)
{
	static const char *const sinks[] = {"mail", "webhook", "file"};
	const struct kr_recipient_query q = {.limit = RECIPIENTS_LOOKED};
	struct kr_recipient *list;
	size_t n = 0;

	if (kr_store_recipient_list(c->node->store, &c->scope, &q, c->arena, &list, &n, NULL))
		return;
	for (size_t i = 0; i < KR_ARRAY_LEN(sinks); i++)
		for (size_t k = 0; k < n; k++)
			if (kr_str_eqc(list[k].sink, sinks[i]) &&
			    !kr_desk_sink_on(conf, list[k].sink)) {
				kr_cli_note(c, "%s is off: its rows wait until delivery.%s = yes",
					    sinks[i], sinks[i]);
				break;
			}
}

static int dry_run(struct kr_cli *c, const struct kr_conf *conf, uint32_t constituent)
{
	bool each = kr_cli_opt(c, "rows") != NULL;
	struct dry *d = kr_xcalloc(1, sizeof(*d));
	struct kr_desk_ticked sum = {0};
	int err = kr_cli_number(c, "limit", 0, UINT32_MAX, 100, &d->limit);

	d->c = c;
	if (!err && each)
		d->rows = kr_table_new(c, row_columns, KR_ARRAY_LEN(row_columns));
	if (!err)
		err = kr_desk_outbox_dry(c->node->outbox, conf, kr_store_now(c->node->store),
					 constituent, each ? print_row : add_decision, d, &sum,
					 &c->fault);
	if (d->rows)
		kr_table_end(d->rows);
	else if (!err)
		print_groups(d);
	if (!err && kr_cli_cancelled(c))
		err = kr_cli_cancel(c);
	free(d->table);
	free(d);
	return err;
}

static bool cancelled(void *ctx)
{
	return kr_cli_cancelled(ctx);
}

static int run_now(struct kr_cli *c, const struct kr_conf *conf, uint32_t constituent)
{
	struct kr_desk_ticked sum = {0};
	int err = kr_desk_outbox_derive(c->node->outbox, conf, cancelled, c, &sum, &c->fault);

	if (!err)
		err = kr_desk_outbox_pack(c->node->outbox, conf, kr_store_now(c->node->store),
					  constituent, cancelled, c, &sum, &c->fault);
	if (err)
		return err;
	if (c->json)
		fprintf(c->out,
			"{\"rows\":%llu,\"waiting\":%llu,\"withheld\":%llu,\"nobody\":%llu,"
			"\"deliveries\":%llu}\n",
			(unsigned long long)sum.rows, (unsigned long long)sum.waiting,
			(unsigned long long)sum.withheld, (unsigned long long)sum.nobody,
			(unsigned long long)sum.deliveries);
	else
		kr_cli_note(
			c,
			"%llu new rows: %llu wait, %llu are withheld, %llu have nobody to tell; "
			"%llu deliveries packed",
			(unsigned long long)sum.rows, (unsigned long long)sum.waiting,
			(unsigned long long)sum.withheld, (unsigned long long)sum.nobody,
			(unsigned long long)sum.deliveries);
	return 0;
}

static int run(struct kr_cli *c)
{
	const struct kr_conf *conf = kr_node_conf(c->node);
	uint32_t constituent;
	int err = kr_cell_constituent(c, kr_cli_opt(c, "constituent"), &constituent);

	if (!err)
		err = kr_cli_opt(c, "dry-run") ? dry_run(c, conf, constituent)
					       : run_now(c, conf, constituent);
	if (!err && !c->json && !c->csv && !constituent)
		err = note_nobody(c, conf);
	if (!err && !c->json && !c->csv)
		note_off(c, conf);
	kr_conf_unref(conf);
	return err;
}

const struct kr_cmd kr_cmd_delivery_run = {
	.noun = "delivery",
	.verb = "run",
	.doc = N_("what would go to whom, and why; or pack what is due now"),
	.help = N_(
		"  karaula delivery run --dry-run\n"
		"  karaula delivery run --dry-run --rows --constituent bank-a\n"
		"  karaula delivery run\n\n"
		"The dry run changes nothing: it decides about all that is new and all that waits, "
		"and says by\n"
		"which rule of the register a row is theirs, which wish says when, and what "
		"withholds it.\n"
		"A running node does it by itself every delivery.tick.\n"),
	.opts =
		(const struct kr_opt[]){
			{"dry-run", 0, NULL, N_("only show")},
			{"constituent", 0, "NAME", N_("only its recipients")},
			{"rows", 0, NULL, N_("with --dry-run: each row")},
			{"limit", 'n', "N", N_("with --rows: so many; 0: all; default 100")},
			{NULL, 0, NULL, NULL},
		},
	.need = KR_NEED_NODE,
	.run = run,
};
