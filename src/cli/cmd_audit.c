/* SPDX-License-Identifier: Apache-2.0 */
/* karaula audit: who changed what, and whether the log is whole. */
#include "cli/cli.h"

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "cli/node.h"
#include "store/audit.h"

static const struct kr_column columns[] = {
	{"seq", N_("number"), KR_RIGHT, true},	 {"at", N_("when"), KR_LEFT, false},
	{"who", N_("who"), KR_LEFT, false},	 {"door", N_("by"), KR_LEFT, false},
	{"address", N_("from"), KR_LEFT, false}, {"action", N_("action"), KR_LEFT, false},
	{"object", N_("what"), KR_LEFT, false},	 {"detail", N_("detail"), KR_LEFT, false},
};

static void row(struct kr_table *t, const struct kr_audit_row *r)
{
	char seq[24], at[KR_TIME_TEXT_MAX];

	snprintf(seq, sizeof(seq), "%llu", (unsigned long long)r->seq);
	kr_table_row(t, (const struct kr_str[]){
				kr_str_c(seq),
				kr_str_c(kr_time_text(r->at, at)),
				r->who,
				kr_str_c(kr_door_text(r->door)),
				r->address,
				r->action,
				r->object,
				r->detail,
			});
}

static int list(struct kr_cli *c)
{
	struct kr_audit_query q = {
		.who = kr_str_c(kr_cli_opt(c, "who")),
		.action = kr_str_c(kr_cli_opt(c, "action")),
	};
	struct kr_audit_row *rows;
	struct kr_table *t;
	uint64_t limit;
	size_t n;
	int err = kr_cli_number(c, "limit", 1, 1000, 50, &limit);

	if (!err)
		err = kr_cli_number(c, "before", 0, INT64_MAX, 0, &q.before);
	q.limit = (uint32_t)limit;
	if (!err)
		err = kr_store_audit_list(c->node->store, &q, c->arena, &rows, &n, &c->fault);
	if (err)
		return err;
	t = kr_table_new(c, columns, KR_ARRAY_LEN(columns));
	for (size_t i = 0; i < n; i++)
		row(t, &rows[i]);
	kr_table_end(t);
	return 0;
}

static int verify(struct kr_cli *c)
{
	char text[KR_HASH_SIZE * 2 + 1];
	struct kr_hash head;
	uint64_t rows;
	int err = kr_store_audit_verify(c->node->store, &rows, &head, &c->fault);

	if (err)
		return err;
	kr_hash_text(&head, text);
	if (c->json)
		fprintf(c->out, "{\"rows\":%llu,\"head\":\"%s\"}\n", (unsigned long long)rows,
			text);
	else
		fprintf(c->out,
			kr_text_n(c->lang, "%llu row, all as written; head %s\n",
				  "%llu rows, all as written; head %s\n", rows),
			(unsigned long long)rows, text);
	return 0;
}

const struct kr_cmd kr_cmd_audit_list = {
	.noun = "audit",
	.verb = "list",
	.doc = N_("list who changed what, newest first"),
	.help = N_("  karaula audit list\n"
		   "  karaula audit list --action 'login.*' --limit 200\n"
		   "  karaula audit list --who user:admin --json\n"),
	.opts =
		(const struct kr_opt[]){
			{"who", 'w', "WHO",
			 N_("only of this one; a * at the end stands for the rest")},
			{"action", 'a', "ACTION",
			 N_("only this action; a * at the end stands for the rest")},
			{"limit", 'n', "N", N_("so many rows; default 50")},
			{"before", 'b', "NUMBER", N_("rows with smaller numbers")},
			{NULL, 0, NULL, NULL},
		},
	.need = KR_NEED_NODE,
	.run = list,
};

const struct kr_cmd kr_cmd_audit_verify = {
	.noun = "audit",
	.verb = "verify",
	.doc = N_("check that nobody changed the audit log"),
	.help = N_(
		"  karaula audit verify\n"
		"  karaula audit verify --json\n"
		"  karaula audit verify >> /media/elsewhere/heads.txt\n\n"
		"Each row holds the hash of the one before. The head is the hash of the last row: "
		"kept elsewhere,\n"
		"it shows later that rows were taken off the end.\n"),
	.need = KR_NEED_NODE,
	.run = verify,
};
