/* SPDX-License-Identifier: Apache-2.0 */
/* karaula rule add, list, edit, remove, test */
#include "cli/cli.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/node.h"
#include "desk/intake.h"

#define EXAMPLES 5

/* ---- list ---- */

static struct kr_str time_cell(struct kr_arena *a, kr_time t)
{
	char text[KR_TIME_TEXT_MAX];

	return kr_arena_dup(a, kr_str_c(kr_time_text(t, text)));
}

static void rows(struct kr_cli *c, const struct kr_intake_rule *list, size_t n)
{
	static const struct kr_column columns[] = {
		{"id", N_("Rule"), KR_RIGHT, true},
		{"position", N_("Position"), KR_RIGHT, true},
		{"expr", N_("Expression"), KR_LEFT, false},
		{"action", N_("Action"), KR_LEFT, false},
		{"source", N_("Source"), KR_LEFT, false},
		{"enabled", N_("Enabled"), KR_LEFT, false},
		{"note", N_("Note"), KR_LEFT, false},
		{"created", "", KR_LEFT, false},
		{"changed", "", KR_LEFT, false},
		{"revision", "", KR_RIGHT, true},
	};
	bool text = !c->json && !c->csv;
	struct kr_table *t = kr_table_new(c, columns, text ? 7 : KR_ARRAY_LEN(columns));

	for (size_t i = 0; i < n; i++) {
		const struct kr_intake_rule *r = &list[i];

		kr_table_row(t, (struct kr_str[]){
					kr_arena_printf(c->arena, "%u", r->id),
					kr_arena_printf(c->arena, "%u", r->position),
					r->expr,
					kr_desk_intake_action(r, c->arena),
					text && !r->source ? kr_str_c(kr_text(c->lang, "(all)"))
							   : r->source_name,
					r->enabled ? KR_STR("yes") : KR_STR("no"),
					r->note,
					time_cell(c->arena, r->created),
					time_cell(c->arena, r->changed),
					kr_arena_printf(c->arena, "%u", r->revision),
				});
	}
	kr_table_end(t);
}

static int list(struct kr_cli *c)
{
	struct kr_intake_rule *all;
	size_t n;
	int err = kr_store_intake_list(c->node->store, c->arena, &all, &n, &c->fault);

	if (err)
		return err;
	rows(c, all, n);
	if (!n && !c->json && !c->csv)
		kr_cli_note(c, "No rule yet: karaula rule add EXPR --action drop");
	return 0;
}

/* ---- add, edit, remove ---- */

static struct kr_desk_intake_change change(struct kr_cli *c, const char *expr)
{
	/* An option that is not given is NULL: it stays as it is. */
	return (struct kr_desk_intake_change){
		.expr = kr_str_c(expr),
		.action = kr_str_c(kr_cli_opt(c, "action")),
		.source = kr_str_c(kr_cli_opt(c, "source")),
		.note = kr_str_c(kr_cli_opt(c, "note")),
		.enabled = kr_str_c(kr_cli_opt(c, "enabled")),
		.position = kr_str_c(kr_cli_opt(c, "position")),
	};
}

/* All arguments from the i-th on, as one expression. */
static const char *expression(struct kr_cli *c, int i)
{
	KR_AUTO_BUF b = KR_BUF(65536);
	struct kr_str text;

	for (; i < kr_cli_nargs(c); i++)
		kr_buf_printf(&b, "%s%s", b.n ? " " : "", kr_cli_arg(c, i));
	text = kr_arena_dup(c->arena, kr_buf_str(&b));
	return text.p ? text.p : "";
}

static int number(struct kr_cli *c, uint32_t *ret)
{
	const char *text = kr_cli_arg(c, 0);
	uint64_t id;

	if (kr_str_u64(kr_str_c(text), &id) || !id || id > UINT32_MAX) {
		kr_fault_set(&c->fault, -KR_EUSAGE, "'%.60s' is no number of a rule", text);
		kr_fault_remedy(&c->fault, "karaula rule list shows all");
		return -KR_EUSAGE;
	}
	*ret = (uint32_t)id;
	return 0;
}

static int add(struct kr_cli *c)
{
	struct kr_desk_intake_change what = change(c, expression(c, 0));
	struct kr_intake_rule r;
	int err = kr_desk_intake_add(c->node->store, KR_BY_LOCAL, &what, c->arena, &r, &c->fault);

	if (!err)
		rows(c, &r, 1);
	return err;
}

static int edit(struct kr_cli *c)
{
	struct kr_desk_intake_change what = change(c,
						   kr_cli_nargs(c) > 1 ? expression(c, 1) : NULL);
	struct kr_intake_rule r;
	uint32_t id;
	int err = number(c, &id);

	if (!err)
		err = kr_desk_intake_edit(c->node->store, KR_BY_LOCAL, id, &what, c->arena, &r,
					  &c->fault);
	if (!err)
		rows(c, &r, 1);
	return err;
}

static int remove_rule(struct kr_cli *c)
{
	uint32_t id;
	int err = number(c, &id);

	if (!err)
		err = kr_store_intake_remove(c->node->store, KR_BY_LOCAL, id, &c->fault);
	if (!err)
		kr_cli_note(c,
			    "Rule %u is removed; what it did stays until reports are taken again",
			    id);
	return err;
}

/* ---- test ---- */

struct testing {
	struct kr_cli *c;
	struct kr_buf text;
};

static void print(struct testing *t)
{
	if (!t->text.err)
		fwrite(t->text.p, 1, t->text.n, t->c->out);
	kr_buf_clear(&t->text);
}

static void value(struct testing *t, const struct kr_event *e, enum kr_field f)
{
	const union kr_value *v = kr_event_get(e, f);
	KR_AUTO_BUF b = KR_BUF((size_t)1 << 20);

	if (!v)
		return;
	kr_field_text(f, v, &b);
	kr_buf_printf(&t->text, " %s=", kr_field_info(f)->name);
	kr_cli_shown(&t->text, kr_str_first(kr_buf_str(&b), 100));
}

/* What is different, "name: before -> after". */
static void difference(struct testing *t, const struct kr_event *before,
		       const struct kr_event *after)
{
	KR_AUTO_BUF x = KR_BUF((size_t)1 << 20);
	KR_AUTO_BUF y = KR_BUF((size_t)1 << 20);

	for (unsigned f = 1; f < KR_FIELD_MAX; f++) {
		const union kr_value *v = kr_event_get(before, f), *w = kr_event_get(after, f);

		kr_buf_clear(&x);
		kr_buf_clear(&y);
		if (v)
			kr_field_text(f, v, &x);
		if (w)
			kr_field_text(f, w, &y);
		if (kr_str_eq(kr_buf_str(&x), kr_buf_str(&y)))
			continue;
		kr_buf_printf(&t->text, "    %s: ", kr_field_info(f)->name);
		kr_cli_shown(&t->text, kr_str_first(kr_buf_str(&x), 100));
		kr_buf_c(&t->text, " -> ");
		kr_cli_shown(&t->text, kr_str_first(kr_buf_str(&y), 100));
		kr_buf_ch(&t->text, '\n');
	}
	for (const struct kr_extra *e = after->extra; e; e = e->next) {
		const struct kr_extra *old = kr_event_extra(before, e->key);

		if (old && kr_str_eq(old->value, e->value))
			continue;
		kr_buf_c(&t->text, "    extra.");
		kr_cli_shown(&t->text, e->key);
		kr_buf_c(&t->text, ": ");
		kr_cli_shown(&t->text, old ? kr_str_first(old->value, 100) : KR_STR(""));
		kr_buf_c(&t->text, " -> ");
		kr_cli_shown(&t->text, kr_str_first(e->value, 100));
		kr_buf_ch(&t->text, '\n');
	}
}

static bool example(void *ctx, const struct kr_stored_event *before, const struct kr_event *after)
{
	struct testing *t = ctx;
	char id[KR_EVENT_ID_TEXT_MAX];

	if (t->c->json) {
		struct kr_json_out o = KR_JSON_OUT(&t->text);

		kr_json_object(&o);
		kr_json_kstr(&o, "example", kr_str_c(kr_event_id_text(&before->id, id)));
		kr_json_kbool(&o, "dropped", !after);
		kr_json_object_end(&o);
		kr_buf_ch(&t->text, '\n');
	} else {
		kr_buf_printf(&t->text, "  %s", kr_event_id_text(&before->id, id));
		value(t, before->e, KR_F_CLASS_TYPE);
		value(t, before->e, KR_F_SRC_IP);
		value(t, before->e, KR_F_MALWARE_NAME);
		kr_buf_ch(&t->text, '\n');
		if (after)
			difference(t, before->e, after);
	}
	print(t);
	return !kr_cli_cancelled(t->c);
}

static bool progress(void *ctx, uint64_t scanned, uint64_t total)
{
	struct testing *t = ctx;

	(void)scanned;
	(void)total;
	return !kr_cli_cancelled(t->c);
}

static void summary(struct testing *t, const struct kr_desk_intake_tested *d, bool drop)
{
	const char *lang = t->c->lang;

	if (t->c->json) {
		struct kr_json_out o = KR_JSON_OUT(&t->text);

		kr_json_object(&o);
		kr_json_kint(&o, "rows", (int64_t)d->rows);
		kr_json_kint(&o, "events", (int64_t)d->events);
		kr_json_kint(&o, drop ? "dropped" : "changed", (int64_t)d->changed);
		kr_json_object_end(&o);
		kr_buf_ch(&t->text, '\n');
	} else {
		kr_buf_printf(&t->text,
			      drop ? kr_text(lang, "%llu rows match (%llu events); %llu would have "
						   "been dropped. Nothing was changed.\n")
				   : kr_text(lang, "%llu rows match (%llu events); %llu would be "
						   "different. Nothing was changed.\n"),
			      (unsigned long long)d->rows, (unsigned long long)d->events,
			      (unsigned long long)d->changed);
	}
	print(t);
}

static int test(struct kr_cli *c)
{
	struct testing t = {.c = c, .text = KR_BUF((size_t)4 << 20)};
	struct kr_desk_intake_test what = {
		.rule = change(c, expression(c, 0)),
		.since = kr_str_c(kr_cli_opt(c, "since")),
		.example = example,
		.progress = progress,
		.ctx = &t,
	};
	struct kr_desk_intake_tested done;
	uint64_t examples;
	int err = kr_cli_number(c, "examples", 0, 1000, EXAMPLES, &examples);

	if (err)
		return err;
	if (!what.rule.action.n)
		what.rule.action = KR_STR("drop");
	what.examples = (uint32_t)examples;
	err = kr_desk_intake_try(c->node->store, &c->scope, &what, c->arena, &done, &c->fault);
	if (!err && kr_cli_cancelled(c))
		err = kr_cli_cancel(c);
	if (!err)
		summary(&t, &done, kr_str_eqc(kr_str_trim(what.rule.action), "drop"));
	kr_buf_done(&t.text);
	return err;
}

#define RULE_OPTIONS                                                                               \
	{"action", 'a', "ACTION", N_("what is done: 'drop', 'tag WORD' or 'set FIELD=VALUE'")},    \
	{                                                                                          \
		"source", 's', "NAME", N_("only events of this source; \"\": of all")              \
	}

const struct kr_cmd kr_cmd_rule_add = {
	.noun = "rule",
	.verb = "add",
	.args = "EXPR...",
	.doc = N_("add a rule for events on their way in"),
	.help = N_(
		"  karaula rule add type:scanner port:22 --action drop --source sensor-a\n"
		"  karaula rule add 'malware:ranbyus' --action 'tag banking'\n"
		"  karaula rule add 'identifier:open-ntp' --action 'set type=ddos-amplifier'\n"
		"\n"
		"Try it first with karaula rule test. It applies to reports that come in from now "
		"on, and to\n"
		"those that are taken again. Dropped records stay in the archive, and report show "
		"counts them.\n"),
	.opts =
		(const struct kr_opt[]){
			RULE_OPTIONS,
			{"note", 0, "TEXT", N_("why")},
			{"position", 0, "N", N_("rules are applied in this order (behind all)")},
			{"enabled", 0, "yes|no", N_("no: it is kept but not applied")},
			{NULL, 0, NULL, NULL},
		},
	.args_min = 1,
	.args_max = -1,
	.need = KR_NEED_NODE,
	.run = add,
};

const struct kr_cmd kr_cmd_rule_list = {
	.noun = "rule",
	.verb = "list",
	.doc = N_("rules for events on their way in, in their order"),
	.help = N_("  karaula rule list\n"
		   "  karaula rule list --json\n"
		   "  karaula report show 12       what rules dropped from a report\n"),
	.need = KR_NEED_NODE,
	.run = list,
};

const struct kr_cmd kr_cmd_rule_edit = {
	.noun = "rule",
	.verb = "edit",
	.args = "ID [EXPR...]",
	.doc = N_("change a rule; what is not named stays as it is"),
	.help = N_("  karaula rule edit 3 --enabled no\n"
		   "  karaula rule edit 3 type:scanner port:22,23\n"
		   "  karaula rule edit 3 --action 'tag noise' --position 5\n"),
	.opts =
		(const struct kr_opt[]){
			RULE_OPTIONS,
			{"note", 0, "TEXT", N_("why")},
			{"position", 0, "N", N_("rules are applied in this order")},
			{"enabled", 0, "yes|no", N_("no: it is kept but not applied")},
			{NULL, 0, NULL, NULL},
		},
	.args_min = 1,
	.args_max = -1,
	.need = KR_NEED_NODE,
	.run = edit,
};

const struct kr_cmd kr_cmd_rule_remove = {
	.noun = "rule",
	.verb = "remove",
	.args = "ID",
	.doc = N_("remove a rule; what it did stays until reports are taken again"),
	.help = N_("  karaula rule remove 3\n"
		   "  karaula rule edit 3 --enabled no     keeps it\n"
		   "  karaula take --again sensor-a        takes reports again without it\n"),
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = remove_rule,
};

const struct kr_cmd kr_cmd_rule_test = {
	.noun = "rule",
	.verb = "test",
	.args = "EXPR...",
	.doc = N_("what a rule would have done to the stored events; changes nothing"),
	.help = N_(
		"  karaula rule test type:scanner port:22 --action drop --since 7d\n"
		"  karaula rule test 'malware:ranbyus' --action 'tag banking' --examples 10\n"
		"  karaula rule test asn:64500 --action 'set severity=high' --source sensor-a\n"),
	.opts =
		(const struct kr_opt[]){
			RULE_OPTIONS,
			{"since", 0, "SPAN", N_("only events seen since then, e.g. 7d")},
			{"examples", 'n', "N", N_("show N events (5)")},
			{NULL, 0, NULL, NULL},
		},
	.args_min = 1,
	.args_max = -1,
	.need = KR_NEED_NODE,
	.run = test,
};
