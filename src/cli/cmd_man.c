/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page, in the man(7) language, written from the tables of the commands like the help
 * is. */
#include "cli/cli.h"

#include <string.h>

#include "cli/opts.h"

/* Text without meaning to roff. */
static void put(FILE *out, const char *s)
{
	bool start = true;

	for (; *s; s++) {
		if (start && (*s == '.' || *s == '\''))
			fputs("\\&", out);
		start = *s == '\n';
		if (*s == '\\')
			fputs("\\e", out);
		else if (*s == '-')
			fputs("\\-", out);
		else
			fputc(*s, out);
	}
}

static void options(FILE *out, const struct kr_opt *o)
{
	for (; o && o->name; o++) {
		fputs(".TP\n", out);
		if (o->letter)
			fprintf(out, "\\fB\\-%c\\fR, ", o->letter);
		fputs("\\fB\\-\\-", out);
		put(out, o->name);
		fputs("\\fR", out);
		if (o->value) {
			fputs(" \\fI", out);
			put(out, o->value);
			fputs("\\fR", out);
		}
		fputc('\n', out);
		put(out, o->doc);
		fputs(".\n", out);
	}
}

static void command(FILE *out, const struct kr_cmd *c)
{
	fputs(".SS \"", out);
	put(out, c->noun);
	if (c->verb) {
		fputc(' ', out);
		put(out, c->verb);
	}
	if (c->args) {
		fputc(' ', out);
		put(out, c->args);
	}
	fputs("\"\n", out);
	put(out, c->doc);
	fputs(".\n", out);
	if (c->help) {
		size_t n = strlen(c->help);

		fputs(".PP\n.nf\n", out);
		put(out, c->help);
		fputs(n && c->help[n - 1] == '\n' ? ".fi\n" : "\n.fi\n", out);
	}
	options(out, c->opts);
}

static const char head[] =
	".SH NAME\nkaraula \\- the node of a small CSIRT\n"
	".SH SYNOPSIS\n.B karaula\n.RI [ option ...]\n.I command\n.RI [ argument ...]\n"
	".SH DESCRIPTION\n"
	"karaula takes in reports of incidents, enriches and aggregates them, knows whose they "
	"are, and tells them.\n"
	"Everything lives in one data directory, which one process owns: while\n.B karaula serve\n"
	"runs, other commands are carried out by it.\n";

static const char tail[] =
	".SH \"EXIT STATUS\"\n"
	".TP\n0\ndone\n.TP\n2\nwrong usage or configuration\n.TP\n3\nnot found\n.TP\n4\ninput "
	"refused, or "
	"over a limit\n"
	".TP\n5\nin use by another process, or not available\n.TP\n6\ninput, output or database "
	"failed\n"
	".TP\n7\nnot permitted\n.TP\n8\ncancelled\n.TP\n9\ninternal error\n"
	".SH ENVIRONMENT\n.TP\n.B KARAULA_DIR\nthe data directory, where no \\-C is given\n"
	".TP\n.B NO_COLOR\nno colours on a terminal\n"
	".SH SIGNALS\n.B karaula serve\nreads its configuration again on SIGHUP and keeps the old "
	"one "
	"if the new one is wrong; SIGTERM and\nSIGINT end it within ten seconds.\n"
	".SH FILES\n.TP\n.I DIR/karaula.conf\nsettings, with a comment for each\n"
	".TP\n.I DIR/run/karaula.sock\ncommands for the running node; only root and the "
	"directory's "
	"owner are let in\n";

static int run(struct kr_cli *c)
{
	fputs(".TH KARAULA 1 \"\" \"karaula " KR_VERSION "\"\n", c->out);
	fputs(head, c->out);
	fputs(".SH COMMANDS\n", c->out);
	for (size_t i = 0; kr_cmd_at(i); i++)
		command(c->out, kr_cmd_at(i));
	fputs(".SH OPTIONS\nof every command:\n", c->out);
	options(c->out, kr_opts_global);
	fputs(tail, c->out);
	return 0;
}

const struct kr_cmd kr_cmd_man = {
	.noun = "man",
	.doc = N_("print the manual page"),
	.help = N_("  karaula man | man -l -\n"
		   "  karaula man -o karaula.1\n"
		   "  karaula help take               shorter: all about one command\n"),
	.need = KR_NEED_NOTHING,
	.run = run,
};
