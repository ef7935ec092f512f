/* SPDX-License-Identifier: Apache-2.0 */
/* karaula source list, add, edit, remove */
#include "cli/cli.h"

#include "base/buf.h"
#include "base/time.h"
#include "cli/node.h"
#include "desk/source.h"
#include "desk/source_kind.h"
#include "model/label.h"
#include "store/intake.h"
#include "store/read.h"
#include "store/write.h"

/* ---- list ---- */

/* What is assumed where a source names no PAP; shown as assumed. */
static enum kr_pap assumed_pap(const struct kr_conf *conf, enum kr_tlp tlp)
{
	bool open = tlp == KR_TLP_CLEAR || tlp == KR_TLP_GREEN;
	enum kr_pap pap;

	if (kr_pap_parse(kr_str_c(open ? conf->labels_pap_open : conf->labels_pap_default), &pap) <
	    0)
		return open ? KR_PAP_GREEN : KR_PAP_AMBER;
	return pap;
}

static struct kr_str time_cell(struct kr_arena *a, kr_time t)
{
	char text[KR_TIME_TEXT_MAX];

	if (t == KR_TIME_NONE)
		return KR_STR("");
	return kr_arena_dup(a, kr_str_c(kr_time_text(t, text)));
}

static struct kr_str span_cell(struct kr_arena *a, int64_t us)
{
	char text[KR_TIME_TEXT_MAX];

	return us > 0 ? kr_arena_dup(a, kr_str_c(kr_span_text(us, text))) : KR_STR("");
}

/* "a=b c=d" */
static struct kr_str options_cell(struct kr_arena *a, struct kr_str options)
{
	char *text = kr_arena_bytes(a, options.n + 1);

	for (size_t i = 0; text && i < options.n; i++)
		text[i] = options.p[i] == '\n' ? ' ' : options.p[i];
	return text ? kr_str_trim(kr_str_n(text, options.n)) : KR_STR("");
}

static struct kr_str silent_cell(struct kr_arena *a, const struct kr_source *s)
{
	return s->silent_after_us == KR_SOURCE_NEVER ? KR_STR("never")
						     : span_cell(a, s->silent_after_us);
}

/* One word for all that is known of it. */
static struct kr_str state_cell(const struct kr_source *s, const struct kr_source_state *st)
{
	if (s->kind.n && s->disabled)
		return KR_STR("disabled");
	if (st->failures)
		return KR_STR("failing");
	if (st->silent != KR_TIME_NONE)
		return KR_STR("silent");
	if (!s->kind.n)
		return KR_STR("");
	return st->ok == KR_TIME_NONE ? KR_STR("new") : KR_STR("ok");
}

static int rows(struct kr_cli *c, const struct kr_source *list, size_t n)
{
	static const struct kr_column columns[] = {
		{"name", N_("Source"), KR_LEFT, false},
		{"kind", N_("Runs"), KR_LEFT, false},
		{"state", N_("State"), KR_LEFT, false},
		{"next", N_("Next run"), KR_LEFT, false},
		{"format", N_("Format"), KR_LEFT, false},
		{"mapping", N_("Mapping"), KR_LEFT, false},
		{"retention", N_("Kept"), KR_LEFT, false},
		{"tlp", N_("TLP"), KR_LEFT, false},
		{"pap", N_("PAP"), KR_LEFT, false},
		{"provider", N_("Provider"), KR_LEFT, false},
		{"url", N_("URL"), KR_LEFT, false},
		{"note", N_("Note"), KR_LEFT, false},
		{"pap_assumed", "", KR_LEFT, false},
		{"created", "", KR_LEFT, false},
		{"changed", "", KR_LEFT, false},
		{"interval", "", KR_LEFT, false},
		{"silent_after", "", KR_LEFT, false},
		{"options", "", KR_LEFT, false},
		{"secret", "", KR_LEFT, false},
		{"tried", "", KR_LEFT, false},
		{"succeeded", "", KR_LEFT, false},
		{"failures", "", KR_RIGHT, true},
		{"error", "", KR_LEFT, false},
		{"silent_since", "", KR_LEFT, false},
	};
	const struct kr_conf *conf = kr_node_conf(c->node);
	bool text = !c->json && !c->csv;
	int err = 0;
	struct kr_table *t = kr_table_new(c, columns, text ? 12 : KR_ARRAY_LEN(columns));

	for (size_t i = 0; !err && i < n; i++) {
		const struct kr_source *s = &list[i];
		struct kr_source_state st;
		bool runs = s->kind.n && !s->disabled;
		struct kr_str pap =
			kr_str_c(kr_pap_text(s->pap ? s->pap : assumed_pap(conf, s->tlp)));

		if (text && !s->pap)
			pap = kr_arena_printf(c->arena, kr_text(c->lang, "%.*s (assumed)"),
					      KR_STR_ARG(pap));
		err = kr_store_source_state(c->node->store, s->id, c->arena, &st, &c->fault);
		if (err)
			break;
		kr_table_row(t, (struct kr_str[]){
					s->name,
					s->kind,
					state_cell(s, &st),
					time_cell(c->arena, runs ? st.next : KR_TIME_NONE),
					text && !s->format.n
						? kr_str_c(kr_text(c->lang, "(by content)"))
						: s->format,
					text && !s->mapping.n
						? kr_str_c(kr_text(c->lang, "(the one that fits)"))
						: s->mapping,
					kr_str_c(kr_retention_text(s->retention)),
					kr_str_c(kr_tlp_text(s->tlp)),
					pap,
					s->provider,
					s->url,
					s->note,
					s->pap ? KR_STR("no") : KR_STR("yes"),
					time_cell(c->arena, s->created),
					time_cell(c->arena, s->changed),
					span_cell(c->arena, kr_source_interval(s)),
					silent_cell(c->arena, s),
					options_cell(c->arena, s->options),
					s->secret,
					time_cell(c->arena, st.tried),
					time_cell(c->arena, st.ok),
					kr_arena_printf(c->arena, "%u", st.failures),
					st.error,
					time_cell(c->arena, st.silent),
				});
	}
	kr_table_end(t);
	kr_conf_unref(conf);
	return err;
}

static int list(struct kr_cli *c)
{
	struct kr_source *all;
	size_t n;
	int err = kr_store_source_list(c->node->store, &c->scope, c->arena, &all, &n, &c->fault);

	if (!err)
		err = rows(c, all, n);
	if (err)
		return err;
	if (!n && !c->json && !c->csv)
		kr_cli_note(c, "No source yet: karaula take --source NAME FILE makes one, or "
			       "karaula source add NAME");
	return 0;
}

/* ---- add, edit, remove ---- */

static struct kr_desk_source_change change(struct kr_cli *c)
{
	struct kr_str *options;
	size_t n = 0;

	while (kr_cli_opt_at(c, "option", (int)n))
		n++;
	options = kr_arena_calloc(c->arena, n + 1, sizeof(*options));
	for (size_t i = 0; options && i < n; i++)
		options[i] = kr_str_c(kr_cli_opt_at(c, "option", (int)i));
	/* An option that is not given is NULL: it stays as it is. */
	return (struct kr_desk_source_change){
		.format = kr_str_c(kr_cli_opt(c, "format")),
		.mapping = kr_str_c(kr_cli_opt(c, "mapping")),
		.provider = kr_str_c(kr_cli_opt(c, "provider")),
		.url = kr_str_c(kr_cli_opt(c, "url")),
		.note = kr_str_c(kr_cli_opt(c, "note")),
		.retention = kr_str_c(kr_cli_opt(c, "retention")),
		.tlp = kr_str_c(kr_cli_opt(c, "tlp")),
		.pap = kr_str_c(kr_cli_opt(c, "pap")),
		.kind = kr_str_c(kr_cli_opt(c, "kind")),
		.interval = kr_str_c(kr_cli_opt(c, "interval")),
		.secret = kr_str_c(kr_cli_opt(c, "secret")),
		.silent_after = kr_str_c(kr_cli_opt(c, "silent-after")),
		.enabled = kr_str_c(kr_cli_opt(c, "enabled")),
		.options = options,
		.n_options = options ? n : 0,
	};
}

static int put(struct kr_cli *c, bool fresh)
{
	enum kr_tlp tlp = kr_pipe_limits(c->node->pipe).tlp_default;
	struct kr_desk_source_change what = change(c);
	struct kr_str name = kr_str_c(kr_cli_arg(c, 0));
	struct kr_source src;
	int err = (fresh ? kr_desk_source_add : kr_desk_source_edit)(
		c->node->store, KR_BY_LOCAL, name, &what, tlp, c->arena, &src, &c->fault);

	return err ? err : rows(c, &src, 1);
}

static int add(struct kr_cli *c)
{
	return put(c, true);
}

static int edit(struct kr_cli *c)
{
	return put(c, false);
}

static int remove_source(struct kr_cli *c)
{
	struct kr_str name = kr_str_c(kr_cli_arg(c, 0));
	int err = kr_store_source_remove(c->node->store, KR_BY_LOCAL, name, &c->fault);

	if (!err)
		kr_cli_note(c,
			    "Source '%.*s' is removed; its reports and events stay until their "
			    "retention ends",
			    KR_STR_ARG(name));
	return err;
}

#define SOURCE_OPTIONS                                                                             \
	{"format", 'f', "NAME", N_("its format; \"\": by content")},                               \
		{"mapping", 'm', "NAME",                                                           \
		 N_("its mapping; \"\": the one that fits the name of the report")},               \
		{"provider", 0, "TEXT", N_("who runs it")},                                        \
		{"url", 0, "URL", N_("where it is fetched or described")},                         \
		{"note", 0, "TEXT", N_("anything")},                                               \
		{"retention", 0, "CLASS", N_("how long reports are kept: short, standard, long")}, \
		{"tlp", 0, "TLP", N_("label of its events: CLEAR, GREEN, AMBER, AMBER+STRICT")},   \
		{"pap", 0, "PAP", N_("what may be done with them: CLEAR, GREEN, AMBER, RED")},     \
		{"kind", 0, "KIND",                                                                \
		 N_("runs by itself: directory, http, shadowserver; \"\": it does not")},          \
		{"interval", 0, "SPAN", N_("how often it runs, e.g. 15m")},                        \
		{"option", 0, "NAME=VALUE", N_("an option of its kind; may be given again")},      \
		{"secret", 0, "FILE", N_("name of a file below DIR/secrets/ with its key")},       \
		{"silent-after", 0, "SPAN", N_("when it counts as silent; or never")},             \
		{"enabled", 0, "yes|no", N_("no: it does not run until it is yes again")},         \
	{                                                                                          \
		NULL, 0, NULL, NULL                                                                \
	}

const struct kr_cmd kr_cmd_source_list = {
	.noun = "source",
	.verb = "list",
	.doc = N_("where input comes from"),
	.help = N_("  karaula source list\n"
		   "  karaula source list --json\n"
		   "  karaula report list --source NAME    what came from one\n"),
	.need = KR_NEED_NODE,
	.run = list,
};

const struct kr_cmd kr_cmd_source_add = {
	.noun = "source",
	.verb = "add",
	.args = "NAME",
	.doc = N_("add a source before its first report"),
	.help = N_(
		"  karaula source add sensor-a\n"
		"  karaula source add drop-list --format list --tlp clear --retention short\n"
		"  karaula source add shadowserver --kind shadowserver --secret shadowserver\n"
		"  karaula source add feed --kind http --url https://feeds.example.org/list.csv "
		"--interval 30m\n"
		"  karaula source add inbox --kind directory --url /var/spool/reports\n"
		"\n"
		"A source with a kind runs by itself while karaula serve runs; doc/sources.md has "
		"the kinds and\n"
		"their options. karaula source test NAME tries it.\n"),
	.opts = (const struct kr_opt[]){SOURCE_OPTIONS},
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = add,
};

const struct kr_cmd kr_cmd_source_edit = {
	.noun = "source",
	.verb = "edit",
	.args = "NAME",
	.doc = N_("change a source; what is not named stays as it is"),
	.help = N_(
		"  karaula source edit sensor-a --tlp green\n"
		"  karaula source edit sensor-a --mapping sensor --note 'asked for UTC'\n"
		"  karaula source edit sensor-a --format '' --pap ''    back to the defaults\n"
		"  karaula source edit feed --enabled no               stop it\n"
		"\n"
		"Reports that are there keep their retention class and label until they are taken "
		"again.\n"),
	.opts = (const struct kr_opt[]){SOURCE_OPTIONS},
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = edit,
};

const struct kr_cmd kr_cmd_source_remove = {
	.noun = "source",
	.verb = "remove",
	.args = "NAME",
	.doc = N_("hide a source; its reports and events stay"),
	.help = N_("  karaula source remove sensor-a\n"
		   "  karaula source add sensor-a      brings it back with its reports\n"
		   "  karaula source list\n"),
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = remove_source,
};
