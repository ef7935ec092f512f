/* SPDX-License-Identifier: Apache-2.0 */
/* karaula source run, show */
#include "cli/cli.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/node.h"
#include "desk/source_kind.h"
#include "store/intake.h"
#include "store/read.h"

/* ---- run ---- */

static bool cancelled(void *ctx)
{
	return kr_cli_cancelled(ctx);
}

static struct kr_str time_text(struct kr_arena *a, kr_time t)
{
	char text[KR_TIME_TEXT_MAX];

	return t == KR_TIME_NONE ? KR_STR("") : kr_arena_dup(a, kr_str_c(kr_time_text(t, text)));
}

static int run(struct kr_cli *c)
{
	static const struct kr_column columns[] = {
		{"source", N_("Source"), KR_LEFT, false},
		{"reports", N_("Reports"), KR_RIGHT, true},
		{"known", N_("Known"), KR_RIGHT, true},
		{"not_taken", N_("Not taken"), KR_RIGHT, true},
		{"records", N_("Records"), KR_RIGHT, true},
		{"next", N_("Next run"), KR_LEFT, false},
	};
	struct kr_str name = kr_str_c(kr_cli_arg(c, 0));
	struct kr_sources_result r = {.next = KR_TIME_NONE};
	int err = kr_sources_run(c->node->sources, name, cancelled, c, c->arena, &r, &c->fault);
	struct kr_table *t;

	if (err)
		return err;
	t = kr_table_new(c, columns, KR_ARRAY_LEN(columns));
	kr_table_row(t, (struct kr_str[]){
				name,
				kr_arena_printf(c->arena, "%u", r.reports),
				kr_arena_printf(c->arena, "%u", r.known),
				kr_arena_printf(c->arena, "%u", r.failed),
				kr_arena_printf(c->arena, "%llu", (unsigned long long)r.records),
				time_text(c->arena, r.next),
			});
	kr_table_end(t);
	if (r.problem.n)
		kr_cli_note(c, "%.*s", KR_STR_ARG(r.problem));
	else if (!r.reports && !r.known)
		kr_cli_note(c, "Nothing new came from it");
	return 0;
}

const struct kr_cmd kr_cmd_source_run = {
	.noun = "source",
	.verb = "run",
	.args = "NAME",
	.doc = N_("fetch and take what is new at a source, now"),
	.help = N_("  karaula source run feed\n"
		   "  karaula source run shadowserver --json\n"
		   "  karaula source test feed        tries it without taking anything\n"
		   "\n"
		   "The source needs a kind (karaula source edit NAME --kind ...). Its next run is "
		   "planned from now.\n"),
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = run,
};

/* ---- show ---- */

struct showing {
	struct kr_cli *c;
	struct kr_source s;
	struct kr_source_state st;
	struct kr_buf text;
};

static void line(struct showing *x, const char *name, struct kr_str value)
{
	size_t width = 0;

	if (!value.n)
		return;
	name = kr_text(x->c->lang, name);
	kr_buf_c(&x->text, name);
	for (; *name; name++)
		width += ((unsigned char)*name & 0xc0) != 0x80;
	for (; width < 16; width++)
		kr_buf_ch(&x->text, ' ');
	kr_cli_shown(&x->text, value);
	kr_buf_ch(&x->text, '\n');
}

static struct kr_str span(struct kr_arena *a, int64_t us)
{
	char text[KR_TIME_TEXT_MAX];

	return us > 0 ? kr_arena_dup(a, kr_str_c(kr_span_text(us, text))) : KR_STR("");
}

static int64_t silent_after(struct showing *x)
{
	const struct kr_conf *conf = kr_node_conf(x->c->node);
	int64_t us = kr_source_silent_after(&x->s, conf->sources_silent_after);

	kr_conf_unref(conf);
	return us;
}

static void show_text(struct showing *x)
{
	struct kr_arena *a = x->c->arena;
	const struct kr_source *s = &x->s;
	struct kr_str rest = kr_str_trim(s->options), option;

	line(x, N_("Source"), s->name);
	line(x, N_("Runs"), s->kind.n ? s->kind : kr_str_c(kr_text(x->c->lang, "not by itself")));
	if (s->kind.n) {
		line(x, N_("Enabled"), s->disabled ? KR_STR("no") : KR_STR("yes"));
		line(x, N_("Interval"), span(a, kr_source_interval(s)));
		line(x, N_("Secret"), s->secret);
		while (rest.n && kr_str_split(&rest, '\n', &option))
			line(x, N_("Option"), option);
	}
	line(x, N_("Address"), kr_source_url(s));
	line(x, N_("Format"), s->format);
	line(x, N_("Mapping"), s->mapping);
	line(x, N_("Provider"), s->provider);
	line(x, N_("Note"), s->note);
	line(x, N_("Kept"), kr_str_c(kr_retention_text(s->retention)));
	line(x, N_("TLP"), kr_str_c(kr_tlp_text(s->tlp)));
	line(x, N_("PAP"), s->pap ? kr_str_c(kr_pap_text(s->pap)) : KR_STR(""));
	line(x, N_("Silent after"), span(a, silent_after(x)));
	line(x, N_("Silent since"), time_text(a, x->st.silent));
	line(x, N_("Last run"), time_text(a, x->st.tried));
	line(x, N_("Last success"), time_text(a, x->st.ok));
	line(x, N_("Next run"), s->kind.n && !s->disabled ? time_text(a, x->st.next) : KR_STR(""));
	if (x->st.failures)
		line(x, N_("Failures"), kr_arena_printf(a, "%u", x->st.failures));
	line(x, N_("Error"), x->st.error);
}

static void member(struct kr_json_out *o, const char *name, struct kr_str value)
{
	if (value.n)
		kr_json_kstr(o, name, value);
}

static void show_json(struct showing *x)
{
	struct kr_json_out o = KR_JSON_OUT(&x->text);
	struct kr_arena *a = x->c->arena;
	const struct kr_source *s = &x->s;
	struct kr_str rest = kr_str_trim(s->options), option;

	kr_json_object(&o);
	kr_json_kstr(&o, "name", s->name);
	member(&o, "kind", s->kind);
	if (s->kind.n) {
		kr_json_kbool(&o, "enabled", !s->disabled);
		kr_json_kint(&o, "interval_s", kr_source_interval(s) / KR_SECOND);
		member(&o, "secret", s->secret);
		kr_json_key(&o, KR_STR("options"));
		kr_json_object(&o);
		while (rest.n && kr_str_split(&rest, '\n', &option)) {
			ptrdiff_t eq = kr_str_chr(option, '=');

			if (eq < 0)
				continue;
			kr_json_key(&o, kr_str_first(option, (size_t)eq));
			kr_json_str(&o, kr_str_from(option, (size_t)eq + 1));
		}
		kr_json_object_end(&o);
	}
	member(&o, "url", kr_source_url(s));
	member(&o, "format", s->format);
	member(&o, "mapping", s->mapping);
	member(&o, "provider", s->provider);
	member(&o, "note", s->note);
	kr_json_kstr(&o, "retention", kr_str_c(kr_retention_text(s->retention)));
	kr_json_kstr(&o, "tlp", kr_str_c(kr_tlp_text(s->tlp)));
	member(&o, "pap", s->pap ? kr_str_c(kr_pap_text(s->pap)) : KR_STR(""));
	kr_json_kint(&o, "silent_after_s", silent_after(x) / KR_SECOND);
	member(&o, "silent_since", time_text(a, x->st.silent));
	member(&o, "tried", time_text(a, x->st.tried));
	member(&o, "succeeded", time_text(a, x->st.ok));
	member(&o, "next", s->disabled ? KR_STR("") : time_text(a, x->st.next));
	kr_json_kint(&o, "failures", x->st.failures);
	member(&o, "error", x->st.error);
	member(&o, "etag", x->st.etag);
	kr_json_object_end(&o);
	kr_buf_ch(&x->text, '\n');
}

static int show(struct kr_cli *c)
{
	struct showing x = {.c = c, .text = KR_BUF((size_t)1 << 20)};
	struct kr_store *s = c->node->store;
	int err = kr_store_source_get(s, kr_str_c(kr_cli_arg(c, 0)), c->arena, &x.s, &c->fault);

	if (!err)
		err = kr_store_source_state(s, x.s.id, c->arena, &x.st, &c->fault);
	if (!err) {
		(c->json ? show_json : show_text)(&x);
		fwrite(x.text.p, 1, x.text.n, c->out);
	}
	kr_buf_done(&x.text);
	return err;
}

const struct kr_cmd kr_cmd_source_show = {
	.noun = "source",
	.verb = "show",
	.args = "NAME",
	.doc = N_("one source: what it is, when it ran, what went wrong"),
	.help = N_("  karaula source show feed\n"
		   "  karaula source show feed --json\n"
		   "  karaula report list --source feed    what came from it\n"),
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = show,
};
