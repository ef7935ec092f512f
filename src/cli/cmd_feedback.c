/* SPDX-License-Identifier: Apache-2.0 */
/* karaula feedback add, list, revoke */
#include "cli/cli.h"

#include "cli/cells.h"
#include "cli/node.h"
#include "desk/feedback.h"
#include "store/read.h"

static void rows(struct kr_cli *c, const struct kr_feedback *all, size_t n)
{
	static const struct kr_column columns[] = {
		{"id", N_("No."), KR_RIGHT, true},
		{"event", N_("Event"), KR_LEFT, false},
		{"constituent", N_("Constituent"), KR_LEFT, false},
		{"verdict", N_("Answer"), KR_LEFT, false},
		{"note", N_("Note"), KR_LEFT, false},
		{"by", N_("By"), KR_LEFT, false},
		{"way", N_("Way"), KR_LEFT, false},
		{"at", N_("Time"), KR_LEFT, false},
		{"expires", N_("Until"), KR_LEFT, false},
		{"revoked", N_("Revoked"), KR_LEFT, false},
	};
	struct kr_table *t = kr_table_new(c, columns, KR_ARRAY_LEN(columns));

	for (size_t i = 0; i < n; i++)
		kr_table_row(t, (struct kr_str[]){
					kr_cell_u64(c, all[i].id),
					all[i].event,
					all[i].constituent_name,
					kr_str_c(kr_verdict_text(all[i].verdict)),
					all[i].note,
					all[i].by,
					kr_str_c(kr_door_text(all[i].door)),
					kr_cell_time(c, all[i].at),
					kr_cell_time(c, all[i].expires),
					kr_cell_bool(all[i].revoked),
				});
	kr_table_end(t);
}

static int list(struct kr_cli *c)
{
	struct kr_feedback_query q = {0};
	struct kr_feedback *all;
	uint64_t limit;
	size_t n;
	int err = kr_cli_number(c, "limit", 0, UINT32_MAX, 100, &limit);

	if (!err)
		err = kr_cell_constituent(c, kr_cli_opt(c, "constituent"), &q.constituent);
	q.limit = (uint32_t)limit;
	if (!err)
		err = kr_store_feedback_list(c->node->store, &c->scope, &q, c->arena, &all, &n,
					     &c->fault);
	if (err)
		return err;
	rows(c, all, n);
	if (!n && !c->json && !c->csv)
		kr_cli_note(c, "No owner has answered yet");
	return 0;
}

/* Who answers: the one that is named, else the only owner. */
static int owner_of(struct kr_cli *c, const struct kr_event_id *id, uint32_t *ret)
{
	struct kr_stored_event ev;
	int err = kr_cell_constituent(c, kr_cli_opt(c, "constituent"), ret);

	if (err || *ret)
		return err;
	err = kr_store_event_get(c->node->store, &c->scope, id, c->arena, &ev, &c->fault);
	if (err)
		return err;
	if (ev.e->n_owners == 1) {
		*ret = ev.e->owners[0].constituent;
		return 0;
	}
	kr_fault_set(&c->fault, -KR_EUSAGE,
		     ev.e->n_owners ? "several constituents own this event"
				    : "no constituent owns this event");
	kr_fault_remedy(&c->fault, "say who answers: --constituent NAME");
	return -KR_EUSAGE;
}

static int add(struct kr_cli *c)
{
	const struct kr_conf *conf;
	struct kr_event_id event;
	enum kr_verdict verdict;
	uint32_t constituent;
	kr_time expires;
	uint64_t id;
	int err;

	if (kr_store_event_id_parse(c->node->store, &c->scope, kr_str_c(kr_cli_arg(c, 0)),
				    &event)) {
		kr_fault_set(&c->fault, -KR_EUSAGE, "'%.60s' is no id of an event",
			     kr_cli_arg(c, 0));
		kr_fault_remedy(&c->fault, "karaula event list shows them");
		return -KR_EUSAGE;
	}
	if (kr_verdict_parse(kr_str_c(kr_cli_arg(c, 1)), &verdict)) {
		kr_fault_set(&c->fault, -KR_EUSAGE, "'%.60s' is no answer", kr_cli_arg(c, 1));
		kr_fault_remedy(&c->fault, "use fixed, false-positive or not-mine");
		return -KR_EUSAGE;
	}
	err = owner_of(c, &event, &constituent);
	if (!err)
		err = kr_cell_expiry(c, kr_cli_opt(c, "expires"), &expires);
	if (err)
		return err;
	conf = kr_node_conf(c->node);
	err = kr_desk_feedback_add(c->node->store, conf, KR_BY_LOCAL, &c->scope, &event,
				   constituent, verdict, kr_str_c(kr_cli_opt(c, "note")), expires,
				   &id, &c->fault);
	kr_conf_unref(conf);
	if (!err)
		kr_cli_note(c, "Answer %llu is noted", (unsigned long long)id);
	return err;
}

static int revoke(struct kr_cli *c)
{
	uint64_t id;
	int err = kr_cell_id(c, 0, "feedback", INT64_MAX, &id);

	if (!err)
		err = kr_store_feedback_revoke(c->node->store, KR_BY_LOCAL, id, &c->fault);
	if (!err)
		kr_cli_note(c, "Answer %llu is revoked; the next sighting is told again",
			    (unsigned long long)id);
	return err;
}

const struct kr_cmd kr_cmd_feedback_list = {
	.noun = "feedback",
	.verb = "list",
	.doc = N_("what owners answered, newest first"),
	.help = N_("  karaula feedback list\n"
		   "  karaula feedback list --constituent bank-a\n"
		   "  karaula feedback list --json --limit 0\n"),
	.opts =
		(const struct kr_opt[]){
			{"constituent", 0, "NAME", N_("only its answers")},
			{"limit", 'n', "N", N_("so many; 0: all; default 100")},
			{NULL, 0, NULL, NULL},
		},
	.need = KR_NEED_NODE,
	.run = list,
};

const struct kr_cmd kr_cmd_feedback_add = {
	.noun = "feedback",
	.verb = "add",
	.args = "EVENT fixed|false-positive|not-mine",
	.doc = N_("note what an owner answered, by telephone say"),
	.help = N_(
		"  karaula feedback add 20261121-standard-1-48213 fixed\n"
		"  karaula feedback add 20261121-standard-1-48213 false-positive --note \"their "
		"scanner\" --expires 90d\n"
		"  karaula feedback add 20261121-standard-1-48213 not-mine --constituent bank-a\n\n"
		"It holds for the same thing on later days too. fixed: it is told again once it is "
		"seen after the\n"
		"answer. false-positive and not-mine: it is not told until the answer ends or is "
		"revoked.\n"),
	.opts =
		(const struct kr_opt[]){
			{"constituent", 0, "NAME", N_("who answers, where several own it")},
			{"note", 0, "TEXT", N_("what was said")},
			{"expires", 0, "WHEN",
			 N_("a span or a time; default: delivery.answer_age, "
			    "and never for fixed")},
			{NULL, 0, NULL, NULL},
		},
	.args_min = 2,
	.args_max = 2,
	.need = KR_NEED_NODE,
	.run = add,
};

const struct kr_cmd kr_cmd_feedback_revoke = {
	.noun = "feedback",
	.verb = "revoke",
	.args = "N",
	.doc = N_("take an answer back"),
	.help = N_("  karaula feedback revoke 7\n"
		   "  karaula feedback list\n"
		   "  karaula audit list --action \"feedback.*\"\n"),
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = revoke,
};
