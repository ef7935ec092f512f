/* SPDX-License-Identifier: Apache-2.0 */
/* Help is written from the tables of the commands alone. */
#include "cli/run.h"

#include <string.h>

#define BOLD  "\033[1m"
#define PLAIN "\033[0m"

static void heading(struct kr_cli *c, const char *text)
{
	fprintf(c->out, "%s%s%s\n", c->colour ? BOLD : "", kr_text(c->lang, text),
		c->colour ? PLAIN : "");
}

/* "event list [EXPR]" */
static int usage(const struct kr_cmd *cmd, char *buf, size_t size)
{
	return snprintf(buf, size, "%s%s%s%s%s", cmd->noun, cmd->verb ? " " : "",
			cmd->verb ? cmd->verb : "", cmd->args ? " " : "",
			cmd->args ? cmd->args : "");
}

static void command_line(struct kr_cli *c, const struct kr_cmd *cmd)
{
	char text[200];

	usage(cmd, text, sizeof(text));
	if (strlen(text) > 34)
		fprintf(c->out, "  %s\n  %-34s  %s\n", text, "", kr_text(c->lang, cmd->doc));
	else
		fprintf(c->out, "  %-34s  %s\n", text, kr_text(c->lang, cmd->doc));
}

static void options(struct kr_cli *c, const struct kr_opt *o)
{
	for (; o && o->name; o++) {
		char text[80], letter[8] = "    ";

		if (o->letter)
			snprintf(letter, sizeof(letter), "-%c, ", o->letter);
		snprintf(text, sizeof(text), "%s--%s%s%s", letter, o->name, o->value ? " " : "",
			 o->value ? o->value : "");
		fprintf(c->out, "  %-26s  %s\n", text, kr_text(c->lang, o->doc));
	}
}

void kr_help_all(struct kr_cli *c)
{
	const struct kr_cmd *cmd;

	fputs(kr_text(c->lang, "karaula takes in reports of incidents, enriches and aggregates "
			       "them, knows whose they are, and tells them.\n\n"),
	      c->out);
	heading(c, N_("Examples"));
	fputs("  karaula init /var/lib/karaula --name example-csirt --country RS\n"
	      "  karaula -C /var/lib/karaula take --source feed report.csv.gz\n"
	      "  karaula -C /var/lib/karaula event list 'type:phishing since:7d'\n\n",
	      c->out);
	heading(c, N_("Commands"));
	for (size_t i = 0; (cmd = kr_cmd_at(i)); i++)
		command_line(c, cmd);
	fprintf(c->out, "  %-34s  %s\n\n", "help [COMMAND]",
		kr_text(c->lang, "this text, or all about a command"));
	heading(c, N_("Options of every command"));
	options(c, kr_opts_global);
}

static void exit_codes(struct kr_cli *c)
{
	heading(c, N_("Exit status"));
	fputs(kr_text(c->lang, "  0 done, 2 wrong usage or configuration, 3 not found, 4 input "
			       "refused, 5 in "
			       "use or not available,\n"
			       "  6 input, output or database failed, 7 not permitted, 8 "
			       "cancelled, 9 internal "
			       "error\n"),
	      c->out);
}

void kr_help_cmd(struct kr_cli *c, const struct kr_cmd *cmd)
{
	char text[200];

	usage(cmd, text, sizeof(text));
	if (cmd->help) {
		const char *help = kr_text(c->lang, cmd->help);
		size_t n = strlen(help);

		fprintf(c->out, "%s%s\n", help, n && help[n - 1] == '\n' ? "" : "\n");
	}
	heading(c, N_("Usage"));
	fprintf(c->out, "  karaula %s\n\n  %s\n\n", text, kr_text(c->lang, cmd->doc));
	if (cmd->opts && cmd->opts->name) {
		heading(c, N_("Options"));
		options(c, cmd->opts);
		fputc('\n', c->out);
	}
	heading(c, N_("Options of every command"));
	options(c, kr_opts_global);
	fputc('\n', c->out);
	exit_codes(c);
}

int kr_help_on(struct kr_cli *c, const char *noun, const char *verb)
{
	const struct kr_cmd *cmd, *only;

	if (!kr_cmd_is_noun(noun) || (verb && !kr_cmd_find(noun, verb))) {
		const char *words[2] = {noun, verb};
		struct kr_opts o;

		/* Parsing them gives the message with what was meant. */
		return kr_opts_parse(c->arena, verb ? 2 : 1, words, &o, &c->fault);
	}
	only = kr_cmd_find(noun, verb);
	if (only) {
		kr_help_cmd(c, only);
		return 0;
	}
	heading(c, N_("Commands"));
	for (size_t i = 0; (cmd = kr_cmd_at(i)); i++)
		if (!strcmp(cmd->noun, noun))
			command_line(c, cmd);
	fputc('\n', c->out);
	fprintf(c->out, kr_text(c->lang, "karaula help %s VERB tells all about one of them.\n"),
		noun);
	return 0;
}
