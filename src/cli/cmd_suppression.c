/* SPDX-License-Identifier: Apache-2.0 */
/* karaula suppression add, list, remove */
#include "cli/cli.h"

#include "cli/cells.h"
#include "cli/node.h"
#include "cli/query.h"
#include "store/outbox.h"

static void rows(struct kr_cli *c, const struct kr_suppression *all, size_t n)
{
	static const struct kr_column columns[] = {
		{"id", N_("No."), KR_RIGHT, true},
		{"expression", N_("Not told"), KR_LEFT, false},
		{"constituent", N_("Constituent"), KR_LEFT, false},
		{"reason", N_("Reason"), KR_LEFT, false},
		{"by", N_("By"), KR_LEFT, false},
		{"created", N_("Since"), KR_LEFT, false},
		{"expires", N_("Until"), KR_LEFT, false},
		{"holds", N_("Holds"), KR_LEFT, false},
	};
	struct kr_table *t = kr_table_new(c, columns, KR_ARRAY_LEN(columns));
	kr_time now = kr_store_now(c->node->store);

	for (size_t i = 0; i < n; i++)
		kr_table_row(t, (struct kr_str[]){
					kr_cell_u64(c, all[i].id),
					all[i].expr,
					all[i].constituent_name,
					all[i].reason,
					all[i].by,
					kr_cell_time(c, all[i].created),
					kr_cell_time(c, all[i].expires),
					kr_cell_bool(all[i].expires == KR_TIME_NONE ||
						     all[i].expires > now),
				});
	kr_table_end(t);
}

static int list(struct kr_cli *c)
{
	struct kr_suppression *all;
	size_t n;
	int err = kr_store_suppression_list(c->node->store, c->arena, &all, &n, &c->fault);

	if (err)
		return err;
	rows(c, all, n);
	if (!n && !c->json && !c->csv)
		kr_cli_note(c, "Nothing is suppressed: karaula suppression add EXPR --reason TEXT");
	return 0;
}

static int add(struct kr_cli *c)
{
	struct kr_suppression x = {.reason = kr_str_c(kr_cli_opt(c, "reason"))};
	const struct kr_expr *expr;
	KR_AUTO_BUF text = KR_BUF(65536);
	uint32_t id;
	int err = kr_query_expr(c, &expr);

	if (!err)
		err = kr_cell_constituent(c, kr_cli_opt(c, "constituent"), &x.constituent);
	if (!err)
		err = kr_cell_expiry(c, kr_cli_opt(c, "expires"), &x.expires);
	if (err)
		return err;
	/* As it was typed: since:7d is to mean seven days whenever it is looked at. */
	for (int i = 0; i < kr_cli_nargs(c); i++)
		kr_buf_printf(&text, "%s%s", i ? " " : "", kr_cli_arg(c, i));
	x.expr = kr_str_trim(kr_buf_str(&text));
	err = kr_store_suppression_put(c->node->store, KR_BY_LOCAL, &x, &id, &c->fault);
	if (!err)
		kr_cli_note(c,
			    "Suppression rule %u holds; what waits is looked at again before it "
			    "is sent",
			    id);
	return err;
}

static int remove_rule(struct kr_cli *c)
{
	uint64_t id;
	int err = kr_cell_id(c, 0, "suppression", UINT32_MAX, &id);

	if (!err)
		err = kr_store_suppression_remove(c->node->store, KR_BY_LOCAL, (uint32_t)id,
						  &c->fault);
	if (!err)
		kr_cli_note(c, "Suppression rule %llu is removed; it holds for nothing new",
			    (unsigned long long)id);
	return err;
}

const struct kr_cmd kr_cmd_suppression_list = {
	.noun = "suppression",
	.verb = "list",
	.doc = N_("what is not told, why, and until when"),
	.help = N_("  karaula suppression list\n"
		   "  karaula suppression list --json\n"
		   "  karaula suppression list --csv -o suppressed.csv\n"),
	.need = KR_NEED_NODE,
	.run = list,
};

const struct kr_cmd kr_cmd_suppression_add = {
	.noun = "suppression",
	.verb = "add",
	.args = "EXPR",
	.doc = N_("do not tell what matches an expression"),
	.help = N_("  karaula suppression add ip:198.51.100.7 --reason \"our own sensor\"\n"
		   "  karaula suppression add type:vulnerable-system port:443 --constituent bank-a "
		   "--reason \"known, patch on 1 December\" --expires 10d\n"
		   "  karaula delivery run --dry-run     what it changes\n\n"
		   "Events stay stored and are found; they are only not told. See "
		   "doc/expressions.md.\n"),
	.opts =
		(const struct kr_opt[]){
			{"reason", 0, "TEXT", N_("why, for whoever asks later; needed")},
			{"constituent", 0, "NAME", N_("only for this one")},
			{"expires", 0, "WHEN", N_("a span, a time, or never (default)")},
			{NULL, 0, NULL, NULL},
		},
	.args_min = 1,
	.args_max = -1,
	.need = KR_NEED_NODE,
	.run = add,
};

const struct kr_cmd kr_cmd_suppression_remove = {
	.noun = "suppression",
	.verb = "remove",
	.args = "N",
	.doc = N_("end a suppression rule"),
	.help = N_("  karaula suppression remove 2\n"
		   "  karaula suppression list\n"
		   "  karaula audit list --action \"suppression.*\"     who made which\n"),
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = remove_rule,
};
