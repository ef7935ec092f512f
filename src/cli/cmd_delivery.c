/* SPDX-License-Identifier: Apache-2.0 */
/* karaula delivery list, show, retry, drop */
#include "cli/cli.h"

#include "base/json.h"
#include "cli/cells.h"
#include "cli/node.h"
#include "desk/delivery.h"
#include "render/digest.h"

/* ---- list ---- */

static const struct kr_column columns[] = {
	{"id", N_("No."), KR_RIGHT, true},
	{"constituent", N_("Constituent"), KR_LEFT, false},
	{"sink", N_("By"), KR_LEFT, false},
	{"address", N_("Address"), KR_LEFT, false},
	{"state", N_("State"), KR_LEFT, false},
	{"rows", N_("Rows"), KR_RIGHT, true},
	{"tlp", N_("TLP"), KR_LEFT, false},
	{"created", N_("Packed"), KR_LEFT, false},
	{"sent", N_("Sent"), KR_LEFT, false},
	{"reason", N_("Reason"), KR_LEFT, false},
	{"due", "", KR_LEFT, false},
	{"attempts", "", KR_RIGHT, true},
	{"bounced", "", KR_LEFT, false},
	{"subject", "", KR_LEFT, false},
	{"message_id", "", KR_LEFT, false},
	{"size", "", KR_RIGHT, true},
	{"recipient", "", KR_RIGHT, true},
};
#define SHORT 10 /* columns of the text table */

static void rows(struct kr_cli *c, const struct kr_delivery *all, size_t n)
{
	bool text = !c->json && !c->csv;
	struct kr_table *t = kr_table_new(c, columns, text ? SHORT : KR_ARRAY_LEN(columns));

	for (size_t i = 0; i < n; i++) {
		const struct kr_delivery *d = &all[i];

		kr_table_row(t, (struct kr_str[]){
					kr_cell_u64(c, d->id),
					d->constituent,
					d->sink,
					d->address,
					kr_str_c(kr_delivery_state_text(d->state)),
					kr_cell_u64(c, d->rows),
					kr_str_c(kr_tlp_text(d->tlp)),
					kr_cell_time(c, d->created),
					kr_cell_time(c, d->sent),
					d->reason,
					kr_cell_time(c, d->due),
					kr_cell_u64(c, d->attempts),
					kr_cell_time(c, d->bounced),
					d->subject,
					d->message_id,
					kr_cell_u64(c, d->size),
					kr_cell_u64(c, d->recipient),
				});
	}
	kr_table_end(t);
}

static int list(struct kr_cli *c)
{
	const char *state = kr_cli_opt(c, "state");
	struct kr_delivery_query q = {0};
	struct kr_delivery *all;
	uint64_t limit, recipient;
	size_t n;
	int err = kr_cli_number(c, "limit", 0, UINT32_MAX, 100, &limit);

	if (!err)
		err = kr_cli_number(c, "recipient", 1, UINT32_MAX, 0, &recipient);
	if (!err && state && kr_delivery_state_parse(kr_str_c(state), &q.state)) {
		kr_fault_set(&c->fault, -KR_EUSAGE, "'%.40s' is no state of a delivery", state);
		kr_fault_remedy(&c->fault, "queued, retry, sending, sent, failed, doubt, dropped "
					   "or empty");
		return -KR_EUSAGE;
	}
	if (!err)
		err = kr_cell_constituent(c, kr_cli_opt(c, "constituent"), &q.constituent);
	if (err)
		return err;
	q.limit = (uint32_t)limit;
	q.recipient = (uint32_t)recipient;
	err = kr_store_delivery_list(c->node->store, &c->scope, &q, c->arena, &all, &n, &c->fault);
	if (err)
		return err;
	rows(c, all, n);
	if (!n && !c->json && !c->csv)
		kr_cli_note(c, "No delivery: karaula delivery run --dry-run shows what waits");
	return 0;
}

/* ---- show ---- */

static void show_json(struct kr_cli *c, const struct kr_desk_mailing *m, const struct kr_digest *d)
{
	KR_AUTO_BUF b = KR_BUF((size_t)1 << 30);
	struct kr_json_out o = KR_JSON_OUT(&b);

	kr_json_object(&o);
	kr_json_kint(&o, "delivery", (int64_t)m->delivery);
	kr_json_kstr(&o, "constituent", m->to.constituent_name);
	kr_json_kstr(&o, "sink", m->to.sink);
	kr_json_kstr(&o, "address", m->to.address);
	kr_json_kstr(&o, "language", kr_str_c(d->lang));
	kr_json_kstr(&o, "tlp", kr_str_c(kr_tlp_text(d->tlp)));
	kr_json_kint(&o, "rows", (int64_t)d->rows);
	kr_json_kint(&o, "events", (int64_t)d->events);
	kr_json_kint(&o, "left_out", (int64_t)d->left_out);
	kr_json_kstr(&o, "subject", kr_buf_str(&d->subject));
	kr_json_kstr(&o, "text", kr_buf_str(&d->text));
	kr_json_kstr(&o, "table_name", kr_str_c(d->csv_name));
	kr_json_kstr(&o, "table", kr_buf_str(&d->csv));
	kr_json_object_end(&o);
	kr_buf_ch(&b, '\n');
	fwrite(b.p, 1, b.n, c->out);
}

static void show_text(struct kr_cli *c, const struct kr_desk_mailing *m, const struct kr_digest *d)
{
	KR_AUTO_BUF to = KR_BUF(4096);

	kr_cli_shown(&to, m->to.address.n ? m->to.address : m->to.constituent_name);
	fprintf(c->out, kr_text(c->lang, N_("To: %s (%.*s)")), kr_buf_cstr(&to),
		KR_STR_ARG(m->to.sink));
	fputc('\n', c->out);
	fprintf(c->out, kr_text(c->lang, N_("Subject: %.*s")), KR_STR_ARG(kr_buf_str(&d->subject)));
	fputs("\n\n", c->out);
	fwrite(d->text.p, 1, d->text.n, c->out);
	fputc('\n', c->out);
	fprintf(c->out, kr_text(c->lang, N_("Table %s: %zu bytes; see it with --table")),
		d->csv_name, d->csv.n);
	fputc('\n', c->out);
}

static int render(struct kr_cli *c, const struct kr_conf *conf, struct kr_desk_mailing *m)
{
	struct kr_digest_opts o;
	struct kr_digest d = {0};
	int err = kr_digest_opts(c->node->store, conf, &o, &c->fault);

	if (!err)
		err = kr_digest_make(c->node->store, m, &o, &d, &c->fault);
	if (err == 1) {
		kr_cli_note(c, "Nothing is left to tell: its rows are gone or may not be told");
		err = 0;
	} else if (!err && (kr_cli_opt(c, "table") || c->csv)) {
		fwrite(d.csv.p, 1, d.csv.n, c->out);
	} else if (!err && c->json) {
		show_json(c, m, &d);
	} else if (!err) {
		show_text(c, m, &d);
	}
	kr_digest_done(&d);
	return err;
}

static int show(struct kr_cli *c)
{
	const struct kr_conf *conf;
	struct kr_desk_mailing m = {0};
	uint64_t waiting, id = 0;
	int err = kr_cli_number(c, "waiting", 1, UINT32_MAX, 0, &waiting);

	if (!err && !waiting)
		err = kr_cell_id(c, 0, "delivery", INT64_MAX, &id);
	if (err)
		return err;
	conf = kr_node_conf(c->node);
	if (waiting)
		err = kr_desk_mailing_waiting(c->node->store, conf, &c->scope, (uint32_t)waiting,
					      KR_TIME_NONE, c->arena, &m, &c->fault);
	else
		err = kr_desk_mailing_of(c->node->store, conf, &c->scope, id, c->arena, &m,
					 &c->fault);
	if (!err)
		err = render(c, conf, &m);
	if (!err && m.more)
		kr_cli_note(c, "More rows wait than one message takes: further ones follow");
	kr_desk_mailing_done(&m);
	kr_conf_unref(conf);
	return err;
}

/* ---- retry, drop ---- */

static int decide(struct kr_cli *c, enum kr_delivery_state to)
{
	struct kr_str reason = kr_str_c(kr_cli_opt(c, "reason"));
	uint64_t id;
	int err = kr_cell_id(c, 0, "delivery", INT64_MAX, &id);

	if (!err)
		err = kr_store_delivery_decide(c->node->store, KR_BY_LOCAL, id, to, reason,
					       &c->fault);
	if (!err && to == KR_DELIVERY_QUEUED)
		kr_cli_note(c, "Delivery %llu is sent again", (unsigned long long)id);
	else if (!err)
		kr_cli_note(c, "Delivery %llu is dropped", (unsigned long long)id);
	return err;
}

static int retry(struct kr_cli *c)
{
	return decide(c, KR_DELIVERY_QUEUED);
}

static int drop(struct kr_cli *c)
{
	return decide(c, KR_DELIVERY_DROPPED);
}

const struct kr_cmd kr_cmd_delivery_list = {
	.noun = "delivery",
	.verb = "list",
	.doc = N_("messages to owners: packed, sent, failed; newest first"),
	.help = N_("  karaula delivery list\n"
		   "  karaula delivery list --state failed\n"
		   "  karaula delivery list --constituent bank-a --json\n\n"
		   "States: queued, retry, sending, sent, failed, doubt (the node stopped while it "
		   "was "
		   "sent: look,\n"
		   "then retry or drop it), dropped, empty. What waits and is not packed: karaula "
		   "delivery run --dry-run.\n"),
	.opts =
		(const struct kr_opt[]){
			{"constituent", 0, "NAME", N_("only those to it")},
			{"recipient", 0, "N", N_("only those to this recipient")},
			{"state", 0, "STATE", N_("only those in this state")},
			{"limit", 'n', "N", N_("so many; 0: all; default 100")},
			{NULL, 0, NULL, NULL},
		},
	.need = KR_NEED_NODE,
	.run = list,
};

const struct kr_cmd kr_cmd_delivery_show = {
	.noun = "delivery",
	.verb = "show",
	.args = "[N]",
	.doc = N_("the message as it is sent; or what a recipient would get"),
	.help = N_("  karaula delivery show 12\n"
		   "  karaula delivery show 12 --table -o table.csv\n"
		   "  karaula delivery show --waiting 3     what waits for recipient 3\n"),
	.opts =
		(const struct kr_opt[]){
			{"table", 0, NULL, N_("only the table, as CSV")},
			{"waiting", 0, "N", N_("what waits for this recipient, as one message")},
			{NULL, 0, NULL, NULL},
		},
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = show,
};

const struct kr_cmd kr_cmd_delivery_retry = {
	.noun = "delivery",
	.verb = "retry",
	.args = "N",
	.doc = N_("send a delivery again that failed, is in doubt, or was dropped"),
	.help = N_("  karaula delivery retry 12\n"
		   "  karaula delivery retry 12 --reason \"their server is back\"\n"
		   "  karaula delivery list --state failed\n"),
	.opts =
		(const struct kr_opt[]){
			{"reason", 0, "TEXT", N_("why, for the audit log")},
			{NULL, 0, NULL, NULL},
		},
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = retry,
};

const struct kr_cmd kr_cmd_delivery_drop = {
	.noun = "delivery",
	.verb = "drop",
	.args = "N",
	.doc = N_("do not send a delivery"),
	.help = N_("  karaula delivery drop 12 --reason \"told by telephone\"\n"
		   "  karaula delivery drop 12\n"
		   "  karaula delivery retry 12     if it is to be sent after all\n"),
	.opts =
		(const struct kr_opt[]){
			{"reason", 0, "TEXT", N_("why, for the audit log")},
			{NULL, 0, NULL, NULL},
		},
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = drop,
};
