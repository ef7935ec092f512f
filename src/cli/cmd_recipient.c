/* SPDX-License-Identifier: Apache-2.0 */
/* karaula recipient list, show, add, edit, remove */
#include "cli/cli.h"

#include "cli/cells.h"
#include "cli/node.h"
#include "desk/delivery.h"
#include "desk/recipient.h"

static const struct kr_column columns[] = {
	{"id", N_("No."), KR_RIGHT, true},
	{"constituent", N_("Constituent"), KR_LEFT, false},
	{"sink", N_("By"), KR_LEFT, false},
	{"address", N_("Address"), KR_LEFT, false},
	{"classes", N_("Told"), KR_LEFT, false},
	{"hour", N_("Hour"), KR_RIGHT, true},
	{"zone", N_("Zone"), KR_LEFT, false},
	{"language", N_("Language"), KR_LEFT, false},
	{"health", N_("Health"), KR_RIGHT, true},
	{"state", N_("State"), KR_LEFT, false},
	{"format", "", KR_LEFT, false},
	{"quiet", "", KR_LEFT, false},
	{"muted_until", "", KR_LEFT, false},
	{"repeat_days", "", KR_RIGHT, true},
	{"secret", "", KR_LEFT, false},
	{"bounced", "", KR_LEFT, false},
	{"of_register", "", KR_LEFT, false},
	{"created", "", KR_LEFT, false},
	{"changed", "", KR_LEFT, false},
	{"revision", "", KR_RIGHT, true},
};
#define SHORT 10 /* columns of the text table */

static struct kr_str quiet_cell(struct kr_cli *c, const struct kr_recipient *r)
{
	if (r->quiet_from < 0)
		return KR_STR("");
	return kr_arena_printf(c->arena, "%02d:%02d-%02d:%02d", r->quiet_from / 60,
			       r->quiet_from % 60, r->quiet_to / 60, r->quiet_to % 60);
}

/* Why nothing goes to it now; "on" if something does. */
static const char *state_of(const struct kr_conf *conf, const struct kr_recipient *r, kr_time now)
{
	if (r->removed)
		return N_("removed");
	if (!r->enabled)
		return N_("disabled");
	if (!r->health)
		return N_("bounces");
	if (r->muted_until != KR_TIME_NONE && r->muted_until > now)
		return N_("muted");
	return kr_desk_sink_on(conf, r->sink) ? N_("on") : N_("off");
}

static void rows(struct kr_cli *c, const struct kr_recipient *list, size_t n)
{
	const struct kr_conf *conf = kr_node_conf(c->node);
	kr_time now = kr_store_now(c->node->store);
	bool text = !c->json && !c->csv;
	struct kr_table *t = kr_table_new(c, columns, text ? SHORT : KR_ARRAY_LEN(columns));

	for (size_t i = 0; i < n; i++) {
		const struct kr_recipient *r = &list[i];
		const char *state = state_of(conf, r, now);

		kr_table_row(t, (struct kr_str[]){
					kr_cell_u64(c, r->id),
					r->constituent_name,
					r->sink,
					r->address,
					r->classes,
					kr_cell_u64(c, r->hour),
					r->zone.n ? r->zone : kr_str_c(conf->delivery_zone),
					r->language,
					kr_cell_u64(c, (uint64_t)r->health),
					kr_str_c(text ? kr_text(c->lang, state) : state),
					r->format,
					quiet_cell(c, r),
					kr_cell_time(c, r->muted_until),
					kr_cell_u64(c, r->repeat_days),
					r->secret,
					kr_cell_time(c, r->bounced),
					kr_cell_bool(r->of_register),
					kr_cell_time(c, r->created),
					kr_cell_time(c, r->changed),
					kr_cell_u64(c, r->revision),
				});
	}
	kr_table_end(t);
	kr_conf_unref(conf);
}

static int list(struct kr_cli *c)
{
	struct kr_recipient_query q = {0};
	struct kr_recipient *all;
	size_t n;
	int err = kr_cell_constituent(c, kr_cli_opt(c, "constituent"), &q.constituent);

	if (!err)
		err = kr_store_recipient_list(c->node->store, &c->scope, &q, c->arena, &all, &n,
					      &c->fault);
	if (err)
		return err;
	rows(c, all, n);
	if (!n && !c->json && !c->csv)
		kr_cli_note(c, "No recipient yet: the column contact of karaula constituent import "
			       "makes them, or karaula recipient add");
	return 0;
}

/* One value a line: all there is about one. */
static void show_text(struct kr_cli *c, const struct kr_recipient *r)
{
	const struct kr_conf *conf = kr_node_conf(c->node);
	const char *state = state_of(conf, r, kr_store_now(c->node->store));
	const struct {
		const char *name;
		struct kr_str value;
	} lines[] = {
		{N_("Constituent"), r->constituent_name},
		{N_("By"), r->sink},
		{N_("Address"), r->address},
		{N_("State"), kr_str_c(kr_text(c->lang, state))},
		{N_("Told"), r->classes.n ? r->classes : kr_str_c(conf->delivery_classes)},
		{N_("Hour"), kr_cell_u64(c, r->hour)},
		{N_("Zone"), r->zone.n ? r->zone : kr_str_c(conf->delivery_zone)},
		{N_("Language"), r->language.n ? r->language : r->constituent_language},
		{N_("Quiet hours"), quiet_cell(c, r)},
		{N_("Muted until"), kr_cell_time(c, r->muted_until)},
		{N_("Days until the same is told again"), kr_cell_u64(c, r->repeat_days)},
		{N_("Form"), r->format},
		{N_("Secret"), r->secret},
		{N_("Health"), kr_cell_u64(c, (uint64_t)r->health)},
		{N_("Bounced"), kr_cell_time(c, r->bounced)},
		{N_("Made by the register"), kr_cell_bool(r->of_register)},
		{N_("Changed"), kr_cell_time(c, r->changed)},
	};

	for (size_t i = 0; i < KR_ARRAY_LEN(lines); i++) {
		KR_AUTO_BUF b = KR_BUF(8192);

		if (!lines[i].value.n)
			continue;
		kr_cli_shown(&b, lines[i].value);
		fprintf(c->out, "%s: %s\n", kr_text(c->lang, lines[i].name), kr_buf_cstr(&b));
	}
	kr_conf_unref(conf);
}

static int show(struct kr_cli *c)
{
	struct kr_recipient r;
	uint64_t id;
	int err = kr_cell_id(c, 0, "recipient", UINT32_MAX, &id);

	if (!err)
		err = kr_store_recipient_get(c->node->store, &c->scope, (uint32_t)id, c->arena, &r,
					     &c->fault);
	if (err)
		return err;
	if (c->json || c->csv)
		rows(c, &r, 1);
	else
		show_text(c, &r);
	return 0;
}

/* ---- add, edit, remove ---- */

static struct kr_desk_recipient_change change(struct kr_cli *c)
{
	/* An option that is not given is NULL: it stays as it is. */
	return (struct kr_desk_recipient_change){
		.sink = kr_str_c(kr_cli_opt(c, "by")),
		.address = kr_str_c(kr_cli_opt(c, "address")),
		.language = kr_str_c(kr_cli_opt(c, "language")),
		.zone = kr_str_c(kr_cli_opt(c, "zone")),
		.classes = kr_str_c(kr_cli_opt(c, "classes")),
		.format = kr_str_c(kr_cli_opt(c, "format")),
		.secret = kr_str_c(kr_cli_opt(c, "secret")),
		.hour = kr_str_c(kr_cli_opt(c, "hour")),
		.quiet = kr_str_c(kr_cli_opt(c, "quiet")),
		.muted = kr_str_c(kr_cli_opt(c, "muted")),
		.repeat = kr_str_c(kr_cli_opt(c, "repeat")),
		.enabled = kr_str_c(kr_cli_opt(c, "enabled")),
	};
}

static int put(struct kr_cli *c, uint32_t id, struct kr_str constituent,
	       const struct kr_desk_recipient_change *what)
{
	const struct kr_conf *conf = kr_node_conf(c->node);
	struct kr_recipient r;
	int err = kr_desk_recipient_put(c->node->store, conf, KR_BY_LOCAL, id, constituent, what,
					c->arena, &r, &c->fault);

	if (!err)
		rows(c, &r, 1);
	if (!err && !c->json && !c->csv && !kr_desk_sink_on(conf, r.sink))
		kr_cli_note(c,
			    "This way of telling is off: delivery.%.*s = yes in karaula.conf "
			    "switches it on",
			    KR_STR_ARG(r.sink));
	kr_conf_unref(conf);
	return err;
}

static int add(struct kr_cli *c)
{
	struct kr_desk_recipient_change what = change(c);

	if (kr_cli_nargs(c) > 1)
		what.address = kr_str_c(kr_cli_arg(c, 1));
	return put(c, 0, kr_str_c(kr_cli_arg(c, 0)), &what);
}

static int edit(struct kr_cli *c)
{
	struct kr_desk_recipient_change what = change(c);
	uint64_t id;
	int err = kr_cell_id(c, 0, "recipient", UINT32_MAX, &id);

	return err ? err : put(c, (uint32_t)id, KR_STR(""), &what);
}

static int remove_recipient(struct kr_cli *c)
{
	uint64_t id;
	int err = kr_cell_id(c, 0, "recipient", UINT32_MAX, &id);

	if (!err)
		err = kr_store_recipient_remove(c->node->store, KR_BY_LOCAL, (uint32_t)id,
						&c->fault);
	if (!err)
		kr_cli_note(c, "Recipient %llu is removed; what was packed for it is dropped",
			    (unsigned long long)id);
	return err;
}

#define OPTIONS                                                                                    \
	{"by", 0, "SINK", N_("mail (default), webhook, file or pull")},                            \
		{"address", 0, "TEXT", N_("mail address, address of a webhook, or folder")},       \
		{"classes", 0, "TEXT", N_("when each class is told: \"intrusions=now *=daily\"")}, \
		{"hour", 0, "N", N_("hour of the daily message, 0 to 23, in its zone")},           \
		{"zone", 0, "ZONE", N_("time zone, e.g. Europe/Skopje")},                          \
		{"language", 0, "LANG", N_("language of messages, e.g. hr or sr-Latn")},           \
		{"quiet", 0, "FROM-TO", N_("hours without messages, 22:00-06:00; none")},          \
		{"muted", 0, "UNTIL", N_("no message until a time or for a span; none")},          \
		{"repeat", 0, "DAYS", N_("days until the same is told again; 0: each day")},       \
		{"format", 0, "LIST", N_("csv, xarf, json, or several with commas")},              \
		{"secret", 0, "NAME", N_("file below secrets/ that signs webhooks")},              \
		{"enabled", 0, "yes|no", N_("is it told at all")},                                 \
	{                                                                                          \
		NULL, 0, NULL, NULL                                                                \
	}

const struct kr_cmd kr_cmd_recipient_list = {
	.noun = "recipient",
	.verb = "list",
	.doc = N_("who is told on behalf of a constituent, when and how"),
	.help = N_("  karaula recipient list\n"
		   "  karaula recipient list --constituent bank-a\n"
		   "  karaula recipient list --json\n\n"
		   "State: on; off (the setting delivery.SINK is no); disabled; muted; bounces "
		   "(its mail comes\n"
		   "back, see karaula recipient edit N --enabled yes).\n"),
	.opts =
		(const struct kr_opt[]){
			{"constituent", 0, "NAME", N_("only its recipients")},
			{NULL, 0, NULL, NULL},
		},
	.need = KR_NEED_NODE,
	.run = list,
};

const struct kr_cmd kr_cmd_recipient_show = {
	.noun = "recipient",
	.verb = "show",
	.args = "N",
	.doc = N_("all about one recipient"),
	.help = N_("  karaula recipient show 3\n"
		   "  karaula recipient show 3 --json\n"
		   "  karaula delivery show --waiting 3     what it would be told\n"),
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = show,
};

const struct kr_cmd kr_cmd_recipient_add = {
	.noun = "recipient",
	.verb = "add",
	.args = "CONSTITUENT [ADDRESS]",
	.doc = N_("add a recipient to a constituent"),
	.help = N_(
		"  karaula recipient add bank-a soc@example.org\n"
		"  karaula recipient add bank-a soc@example.org --classes \"intrusions=now "
		"*=daily\" --hour 7\n"
		"  karaula recipient add bank-a https://soc.example.org/hook --by webhook --secret "
		"bank-a\n"),
	.opts = (const struct kr_opt[]){OPTIONS},
	.args_min = 1,
	.args_max = 2,
	.need = KR_NEED_NODE,
	.run = add,
};

const struct kr_cmd kr_cmd_recipient_edit = {
	.noun = "recipient",
	.verb = "edit",
	.args = "N",
	.doc = N_("change a recipient"),
	.help = N_(
		"  karaula recipient edit 3 --quiet 22:00-06:00 --zone Europe/Skopje\n"
		"  karaula recipient edit 3 --muted 3d\n"
		"  karaula recipient edit 3 --enabled no\n\n"
		"What is not named stays as it is. A new address, or --enabled, makes its health "
		"100 again.\n"),
	.opts = (const struct kr_opt[]){OPTIONS},
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = edit,
};

const struct kr_cmd kr_cmd_recipient_remove = {
	.noun = "recipient",
	.verb = "remove",
	.args = "N",
	.doc = N_("remove a recipient"),
	.help = N_(
		"  karaula recipient remove 3\n"
		"  karaula recipient edit 3 --enabled no     keeps it\n"
		"  karaula recipient list\n\n"
		"One that the register made stays removed when the register is imported again.\n"),
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = remove_recipient,
};
