/* SPDX-License-Identifier: Apache-2.0 */
/* karaula retention: what has been kept long enough. */
#include "cli/cli.h"

#include <stdio.h>

#include "cli/node.h"
#include "cli/retention.h"

static const struct kr_column columns[] = {
	{"class", N_("class"), KR_LEFT, false},
	{"day", N_("day (UTC)"), KR_LEFT, false},
	{"partitions", N_("partitions"), KR_RIGHT, true},
	{"reports", N_("reports"), KR_RIGHT, true},
	{"rows", N_("rows"), KR_RIGHT, true},
	{"bytes", N_("bytes"), KR_RIGHT, true},
	{"result", N_("result"), KR_LEFT, false},
};

struct kr_retention_days kr_cli__retention_days(const struct kr_conf *c)
{
	return (struct kr_retention_days){
		.days = {[KR_RETAIN_SHORT] = (uint32_t)(c->retention_short / KR_DAY),
			 [KR_RETAIN_STANDARD] = (uint32_t)(c->retention_standard / KR_DAY),
			 [KR_RETAIN_LONG] = (uint32_t)(c->retention_long / KR_DAY)}};
}

static struct kr_str number(struct kr_cli *c, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	return kr_arena_dup(c->arena, kr_str_c(text));
}

static void show(struct kr_cli *c, struct kr_table *t, const struct kr_retention_row *r,
		 const char *result)
{
	char day[KR_TIME_TEXT_MAX];

	kr_table_row(t, (const struct kr_str[]){
				kr_str_c(kr_retention_text(r->class_)),
				kr_str_c(kr_day_text(r->day, day)),
				number(c, r->partitions),
				number(c, r->reports),
				number(c, r->rows),
				number(c, r->bytes_events + r->bytes_spool),
				kr_str_c(kr_text(c->lang, result)),
			});
}

static int each(struct kr_cli *c, bool drop)
{
	const struct kr_conf *conf = kr_node_conf(c->node);
	struct kr_retention_days days = kr_cli__retention_days(conf);
	struct kr_retention_row *rows;
	struct kr_table *t;
	size_t n;
	int err = kr_store_retention_preview(c->node->store, &days, c->arena, &rows, &n, &c->fault);

	kr_conf_unref(conf);
	if (err)
		return err;
	t = kr_table_new(c, columns, KR_ARRAY_LEN(columns));
	for (size_t i = 0; !err && i < n && !kr_cli_cancelled(c); i++) {
		if (rows[i].waits || !drop) {
			show(c, t, &rows[i],
			     rows[i].waits ? rows[i].waits : N_("would be dropped"));
			continue;
		}
		err = kr_store_retention_drop(c->node->store, KR_BY_LOCAL, &rows[i], &c->fault);
		if (!err)
			show(c, t, &rows[i], N_("dropped"));
	}
	kr_table_end(t);
	if (!err && !n)
		kr_cli_note(c, "Nothing is old enough to be dropped");
	return err ? err : kr_cli_cancelled(c) ? kr_cli_cancel(c) : 0;
}

static int preview(struct kr_cli *c)
{
	return each(c, false);
}

static int run(struct kr_cli *c)
{
	return each(c, true);
}

const struct kr_cmd kr_cmd_retention_preview = {
	.noun = "retention",
	.verb = "preview",
	.doc = N_("show what would be dropped now, because it is old"),
	.help = N_(
		"  karaula retention preview\n"
		"  karaula retention preview --json\n"
		"  karaula config show | grep retention\n\n"
		"Settings retention.short, standard and long say how long each class is kept.\n"),
	.need = KR_NEED_NODE,
	.run = preview,
};

const struct kr_cmd kr_cmd_retention_run = {
	.noun = "retention",
	.verb = "run",
	.doc = N_("drop what is old enough"),
	.help = N_("  karaula retention preview\n"
		   "  karaula retention run\n"
		   "  karaula audit list --action 'retention.*'\n\n"
		   "The running node does this by itself once a day, unless retention.auto is no. "
		   "Counters by day stay.\n"),
	.need = KR_NEED_NODE,
	.run = run,
};
