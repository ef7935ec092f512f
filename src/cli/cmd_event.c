/* SPDX-License-Identifier: Apache-2.0 */
/* karaula event list, karaula event count */
#include "cli/cli.h"

#include "cli/event_out.h"
#include "cli/node.h"
#include "cli/query.h"
#include "store/read.h"

#define LIMIT_DEFAULT 100

struct listing {
	struct kr_event_out *out;
	struct kr_query_progress progress;
};

static bool list_one(void *ctx, const struct kr_stored_event *ev)
{
	struct listing *l = ctx;

	kr_query_progress_clear(&l->progress);
	kr_event_out_add(l->out, ev);
	return !kr_cli_cancelled(l->progress.c);
}

static int list(struct kr_cli *c)
{
	struct listing l;
	struct kr_event_query q = {
		.cursor = kr_str_c(kr_cli_opt(c, "cursor")),
		.progress = kr_query_progress_tell,
		.ctx = &l.progress,
	};
	struct kr_event_page page = {0};
	uint64_t limit;
	int err = kr_cli_number(c, "limit", 0, UINT32_MAX, LIMIT_DEFAULT, &limit);

	if (!err)
		err = kr_query_expr(c, &q.expr);
	if (err)
		return err;
	q.limit = (uint32_t)limit;
	kr_query_progress_init(&l.progress, c);
	l.out = kr_event_out_new(c);
	err = kr_store_event_list(c->node->store, &c->scope, &q, list_one, &l, c->arena, &page,
				  &c->fault);
	kr_query_progress_clear(&l.progress);
	kr_event_out_end(l.out);
	if (kr_cli_cancelled(c))
		return kr_cli_cancel(c);
	if (!err && page.cursor.n)
		kr_cli_note(c, "There may be more: add --cursor %.*s, or --limit 0 for all",
			    KR_STR_ARG(page.cursor));
	else if (!err && !page.rows && !c->json && !c->csv)
		kr_cli_note(c, "No event matches");
	return err;
}

static void print_groups(struct kr_cli *c, const struct kr_group_row *rows, size_t n)
{
	static const struct kr_column columns[] = {
		{"value", N_("Value"), KR_LEFT, false},
		{"rows", N_("Rows"), KR_RIGHT, true},
		{"events", N_("Seen"), KR_RIGHT, true},
	};
	struct kr_table *t = kr_table_new(c, columns, KR_ARRAY_LEN(columns));

	for (size_t i = 0; i < n; i++) {
		char counts[2][24];
		struct kr_str value = rows[i].value;

		snprintf(counts[0], sizeof(counts[0]), "%llu", (unsigned long long)rows[i].rows);
		snprintf(counts[1], sizeof(counts[1]), "%llu", (unsigned long long)rows[i].events);
		if (!value.n && !c->json && !c->csv)
			value = kr_str_c(kr_text(c->lang, "(none)"));
		kr_table_row(t, (struct kr_str[]){value, kr_str_c(counts[0]), kr_str_c(counts[1])});
	}
	kr_table_end(t);
}

static void print_total(struct kr_cli *c, const struct kr_count *total, bool grouped)
{
	if (c->json && !grouped)
		fprintf(c->out, "{\"rows\":%llu,\"events\":%llu}\n",
			(unsigned long long)total->rows, (unsigned long long)total->events);
	else if (c->csv && !grouped)
		fprintf(c->out, "rows,events\r\n%llu,%llu\r\n", (unsigned long long)total->rows,
			(unsigned long long)total->events);
	if (c->json || c->csv)
		return;
	if (total->events != total->rows)
		kr_cli_note(c, "seen %llu times", (unsigned long long)total->events);
	fprintf(c->out, "%llu\n", (unsigned long long)total->rows);
}

static uint32_t groups_max(struct kr_cli *c)
{
	const struct kr_conf *conf = kr_node_conf(c->node);
	uint32_t max = (uint32_t)conf->limits_groups_max;

	kr_conf_unref(conf);
	return max;
}

static int count(struct kr_cli *c)
{
	const char *by = kr_cli_opt(c, "by");
	struct kr_query_progress progress;
	struct kr_event_query q = {.progress = kr_query_progress_tell, .ctx = &progress};
	struct kr_group_row *groups = NULL;
	struct kr_expr_leaf subject;
	struct kr_count total;
	size_t n = 0;
	uint64_t limit;
	int err = kr_cli_number(c, "limit", 0, UINT32_MAX, 0, &limit);

	if (!err && by)
		err = kr_query_subject(c, by, &subject);
	if (!err)
		err = kr_query_expr(c, &q.expr);
	if (err)
		return err;
	kr_query_progress_init(&progress, c);
	err = kr_store_event_count(c->node->store, &c->scope, &q, by ? &subject : NULL,
				   groups_max(c), c->arena, &total, &groups, &n, &c->fault);
	kr_query_progress_clear(&progress);
	if (kr_cli_cancelled(c))
		return kr_cli_cancel(c);
	if (err)
		return err;
	if (by)
		print_groups(c, groups, limit && limit < n ? limit : n);
	print_total(c, &total, by != NULL);
	return 0;
}

const struct kr_cmd kr_cmd_event_list = {
	.noun = "event",
	.verb = "list",
	.args = "[EXPR]",
	.doc = N_("events that match an expression, newest arrival first"),
	.help = N_(
		"  karaula event list type:phishing since:7d\n"
		"  karaula event list 'ip:198.51.100.0/24 and not cc:rs' --json\n"
		"  karaula event list 'asname:\"Example Networks\"' --limit 0 --csv -o events.csv\n"
		"\n"
		"Expressions are described in doc/expressions.md. In a shell put what holds "
		"blanks, quotes,\n"
		"parentheses, '*', '<' or '>' in single quotes.\n"),
	.opts =
		(const struct kr_opt[]){
			{"limit", 'n', "N", N_("at most N events (100; 0: all)")},
			{"cursor", 0, "CURSOR",
			 N_("go on where an earlier list ended: the id of its last event")},
			{NULL, 0, NULL, NULL},
		},
	.args_max = -1,
	.need = KR_NEED_NODE,
	.run = list,
};

const struct kr_cmd kr_cmd_event_count = {
	.noun = "event",
	.verb = "count",
	.args = "[EXPR]",
	.doc = N_("how many events match, by a field if wanted; ends with the bare number"),
	.help = N_(
		"  karaula event count since:7d\n"
		"  karaula event count --by type since:7d\n"
		"  karaula event count --by constituent --json 'class:malicious-code'\n"
		"\n"
		"--by takes any field, extra.KEY, source, constituent, report, count, first, last "
		"or routed; times are\n"
		"grouped by day.\n"),
	.opts =
		(const struct kr_opt[]){
			{"by", 'b', "FIELD", N_("count for each value of a field, most first")},
			{"limit", 'n', "N",
			 N_("with --by: only the N most frequent values (0: all)")},
			{NULL, 0, NULL, NULL},
		},
	.args_max = -1,
	.need = KR_NEED_NODE,
	.run = count,
};
