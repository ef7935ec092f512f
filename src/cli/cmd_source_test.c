/* SPDX-License-Identifier: Apache-2.0 */
/* karaula source test: what a sample would become, without storing it. */
#include "cli/cli.h"

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "cli/node.h"
#include "desk/source.h"
#include "store/read.h"

#define ROWS_DEFAULT 3
#define BYTES_MAX    ((uint64_t)64 << 20) /* of the sample */

struct testing {
	struct kr_cli *c;
	uint64_t rows, refusals; /* shown */
	uint64_t rows_max;
	struct kr_buf text;
};

static void print(struct testing *t)
{
	if (!t->text.err)
		fwrite(t->text.p, 1, t->text.n, t->c->out);
	kr_buf_clear(&t->text);
}

static void field(struct testing *t, struct kr_str name, struct kr_str value)
{
	size_t start = t->text.n;

	kr_buf_c(&t->text, "  ");
	kr_cli_shown(&t->text, name);
	do
		kr_buf_ch(&t->text, ' ');
	while (t->text.n - start < 32 && !t->text.err);
	kr_cli_shown(&t->text, value);
	kr_buf_ch(&t->text, '\n');
}

static void event_text(struct testing *t, const struct kr_event *e)
{
	KR_AUTO_BUF b = KR_BUF((size_t)4 << 20);

	kr_buf_printf(&t->text, "Event %llu", (unsigned long long)t->rows);
	if (e->line)
		kr_buf_printf(&t->text, " (line %u)", e->line);
	kr_buf_ch(&t->text, '\n');
	for (unsigned f = 1; f < KR_FIELD_MAX; f++) {
		const union kr_value *v = kr_event_get(e, f);

		if (!v)
			continue;
		kr_buf_clear(&b);
		kr_field_text(f, v, &b);
		field(t, kr_field_info(f)->name_str, kr_buf_str(&b));
	}
	for (const struct kr_extra *x = e->extra; x; x = x->next) {
		kr_buf_clear(&b);
		kr_buf_c(&b, "extra.");
		kr_buf_str_add(&b, x->key);
		field(t, kr_buf_str(&b), x->value);
	}
	kr_buf_ch(&t->text, '\n');
}

static bool event(void *ctx, const struct kr_event *e)
{
	struct testing *t = ctx;

	if (kr_cli_cancelled(t->c))
		return false;
	if (t->rows >= t->rows_max)
		return true;
	t->rows++;
	if (t->c->json)
		kr_codec_find(KR_STR("json"))->item(&t->text, e, true, NULL);
	else
		event_text(t, e);
	print(t);
	return true;
}

static bool refused(void *ctx, const struct kr_refusal *r)
{
	struct testing *t = ctx;
	struct kr_json_out o = KR_JSON_OUT(&t->text);

	if (t->refusals >= KR_MAX(t->rows_max, (uint64_t)10))
		return !kr_cli_cancelled(t->c);
	t->refusals++;
	if (t->c->json) {
		kr_json_object(&o);
		kr_json_kstr(&o, "refused", r->reason);
		kr_json_kint(&o, "line", r->line);
		kr_json_kint(&o, "column", r->column);
		kr_json_kint(&o, "offset", (int64_t)r->offset);
		kr_json_kint(&o, "length", r->length);
		kr_json_object_end(&o);
		kr_buf_ch(&t->text, '\n');
	} else {
		kr_buf_printf(&t->text, "Refused: line %u", r->line);
		if (r->column)
			kr_buf_printf(&t->text, ", column %u", r->column);
		kr_buf_printf(&t->text, ", offset %llu: ", (unsigned long long)r->offset);
		kr_cli_shown(&t->text, r->reason);
		kr_buf_c(&t->text, "\n\n");
	}
	print(t);
	return true;
}

static void summary_json(struct testing *t, const struct kr_desk_tested *d)
{
	struct kr_json_out o = KR_JSON_OUT(&t->text);
	char problem[700];

	kr_json_object(&o);
	kr_json_kstr(&o, "report", d->report);
	kr_json_kbool(&o, "source_known", d->source_known);
	kr_json_kstr(&o, "format", d->format);
	kr_json_kbool(&o, "format_detected", d->detected);
	kr_json_kstr(&o, "mapping", d->mapping);
	kr_json_kint(&o, "mapping_version", d->mapping_version);
	kr_json_kint(&o, "bytes", (int64_t)d->bytes);
	kr_json_kint(&o, "events", (int64_t)d->events);
	kr_json_kint(&o, "refused", (int64_t)d->refused);
	kr_json_kint(&o, "warnings", (int64_t)d->warnings);
	kr_json_kbool(&o, "cut", d->cut);
	kr_json_key(&o, KR_STR("notes"));
	kr_json_array(&o);
	for (size_t i = 0; i < d->n_notes; i++)
		kr_json_str(&o, d->notes[i]);
	kr_json_array_end(&o);
	if (d->problem.code)
		kr_json_kstr(&o, "problem",
			     kr_str_c(kr_fault_text(&d->problem, problem, sizeof(problem))));
	kr_json_object_end(&o);
	kr_buf_ch(&t->text, '\n');
}

/* One fact, its name in the reader's language and as wide as the longest. */
static void fact(struct testing *t, const char *name, struct kr_str value)
{
	size_t width = 0;

	name = kr_text(t->c->lang, name);
	kr_buf_c(&t->text, name);
	for (; *name; name++)
		width += ((unsigned char)*name & 0xc0) != 0x80;
	for (; width < 10; width++)
		kr_buf_ch(&t->text, ' ');
	kr_cli_shown(&t->text, value);
	kr_buf_ch(&t->text, '\n');
}

static void problem(struct testing *t, const struct kr_fault *f)
{
	bool quarantine = f->code == -KR_EMAPPING || f->code == -KR_EFORMAT;
	const char *lang = t->c->lang;
	char text[700];

	kr_fault_text(f, text, sizeof(text));
	fact(t, N_("Problem"),
	     kr_arena_printf(t->c->arena,
			     quarantine ? kr_text(lang, "it would be kept in quarantine: %s")
					: kr_text(lang, "it would be refused as a whole: %s"),
			     text));
}

static void summary_text(struct testing *t, const struct kr_desk_tested *d)
{
	const char *lang = t->c->lang;
	struct kr_arena *a = t->c->arena;

	fact(t, N_("Report"), d->report);
	if (!d->format.n)
		fact(t, N_("Format"), kr_str_c(kr_text(lang, "not known")));
	else
		fact(t, N_("Format"),
		     d->detected ? kr_arena_printf(a, kr_text(lang, "%.*s (found)"),
						   KR_STR_ARG(d->format))
				 : d->format);
	if (d->mapping.n)
		fact(t, N_("Mapping"),
		     kr_arena_printf(a, kr_text(lang, "%.*s, version %u"), KR_STR_ARG(d->mapping),
				     d->mapping_version));
	if (!d->source_known)
		fact(t, N_("Source"),
		     kr_str_c(kr_text(lang, "does not exist yet; taking would make it")));
	fact(t, N_("Records"),
	     kr_arena_printf(a, kr_text(lang, "%llu events, %llu refused, %llu warnings"),
			     (unsigned long long)d->events, (unsigned long long)d->refused,
			     (unsigned long long)d->warnings));
	if (d->cut)
		fact(t, N_("Note"),
		     kr_str_c(kr_text(lang, "only the beginning of the sample was read")));
	for (size_t i = 0; i < d->n_notes; i++)
		fact(t, N_("Note"), d->notes[i]);
	if (d->problem.code)
		problem(t, &d->problem);
	kr_buf_c(&t->text, kr_text(lang, "Nothing was stored."));
	kr_buf_ch(&t->text, '\n');
}

/* The last part of a path. */
static struct kr_str base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return kr_str_c(slash ? slash + 1 : path);
}

static bool cancelled(void *ctx)
{
	return kr_cli_cancelled(ctx);
}

/*
 * A source that runs is tried: its newest report is the sample.
 *
 * Returns 0, also where the source does not run; 1: there is nothing at the moment; -KR_E*.
 */
static int fetch(struct kr_cli *c, struct kr_desk_sample *s)
{
	struct kr_source src;
	int err = kr_store_source_get(c->node->store, s->source, c->arena, &src, NULL);

	if (err || !src.kind.n)
		return 0;
	err = kr_sources_sample(c->node->sources, &src, cancelled, c, c->arena, &s->fd, &s->report,
				&c->fault);
	if (err)
		return err;
	kr_cli_note(c, "The source '%.*s' can be reached", KR_STR_ARG(s->source));
	if (s->fd < 0)
		kr_cli_note(c, "There is nothing to take at the moment");
	return s->fd < 0;
}

static int run(struct kr_cli *c)
{
	struct kr_pipe_limits l = kr_pipe_limits(c->node->pipe);
	const char *file = kr_cli_arg(c, 1), *report = kr_cli_opt(c, "report");
	struct testing t = {.c = c, .text = KR_BUF((size_t)16 << 20)};
	struct kr_desk_sample s = {
		.source = kr_str_c(kr_cli_arg(c, 0)),
		.format = kr_str_c(kr_cli_opt(c, "format")),
		.mapping = kr_str_c(kr_cli_opt(c, "mapping")),
		.fd = -1,
		.limits = kr_codec_opts_default(),
		.input = {.bytes_max = l.input_max,
			  .ratio_max = l.ratio_max,
			  .members_max = l.members_max},
		.bytes_max = BYTES_MAX,
		.event = event,
		.refused = refused,
		.ctx = &t,
	};
	struct kr_desk_tested d;
	int err = kr_cli_number(c, "rows", 0, 1000000, ROWS_DEFAULT, &t.rows_max);

	if (err)
		return err;
	s.limits.record_max = l.record_max;
	s.limits.depth_max = l.depth_max;
	s.limits.columns_max = l.columns_max;
	s.report = report ? kr_str_c(report) : file ? base_name(file) : KR_STR("");
	if (file && (s.fd = kr_cli_open(c, file)) < 0)
		return s.fd;
	err = file || kr_cli_opt(c, "archive") ? 0 : fetch(c, &s);
	if (err)
		return err < 0 ? err : 0;
	if (report)
		s.report = kr_str_c(report);
	err = kr_desk_source_test(c->node->store, kr_pipe_mappings(c->node->pipe), &s, c->arena, &d,
				  &c->fault);
	if (s.fd >= 0)
		close(s.fd);
	if (!err && kr_cli_cancelled(c))
		err = kr_cli_cancel(c);
	if (!err) {
		(c->json ? summary_json : summary_text)(&t, &d);
		print(&t);
	}
	kr_buf_done(&t.text);
	return err;
}

const struct kr_cmd kr_cmd_source_test = {
	.noun = "source",
	.verb = "test",
	.args = "NAME [FILE]",
	.doc = N_("show what a sample would become, without storing it"),
	.help = N_(
		"  karaula source test shadowserver 2026-11-20-scan_ssl-example.csv\n"
		"  karaula source test sensor-a sample.csv --format csv --mapping sensor --rows "
		"10\n"
		"  karaula source test feed             tries the connection, shows the newest "
		"report "
		"there\n"
		"  karaula source test sensor-a         the newest report of the source, from the "
		"archive\n"
		"\n"
		"Shows the first events with all fields, what is refused and why, which format and "
		"mapping were\n"
		"chosen, and which optional columns are missing. Of an archive the first file is "
		"read.\n"),
	.opts =
		(const struct kr_opt[]){
			{"format", 'f', "NAME",
			 N_("read it in this format instead of the source's")},
			{"mapping", 'm', "NAME",
			 N_("read it by this mapping instead of the source's")},
			{"report", 0, "NAME", N_("name of the report instead of the file's")},
			{"archive", 0, NULL,
			 N_("the newest report in the archive, without asking the source")},
			{"rows", 'n', "N", N_("show N events (3)")},
			{NULL, 0, NULL, NULL},
		},
	.args_min = 1,
	.args_max = 2,
	.need = KR_NEED_NODE,
	.run = run,
};
