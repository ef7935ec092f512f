/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion is written from the tables of the commands: one case a noun for its verbs, one case a
 * command for its options; everything else is completed as a file name.
 */
#include "cli/cli.h"

#include <string.h>

#include "cli/opts.h"

static void put_opts(FILE *out, const struct kr_opt *o)
{
	for (; o && o->name; o++)
		fprintf(out, " --%s", o->name);
}

/* Does a command before number i have the same noun? */
static bool noun_seen(size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (!strcmp(kr_cmd_at(j)->noun, kr_cmd_at(i)->noun))
			return true;
	return false;
}

static void put_nouns(FILE *out)
{
	for (size_t i = 0; kr_cmd_at(i); i++)
		if (!noun_seen(i))
			fprintf(out, " %s", kr_cmd_at(i)->noun);
	fputs(" help", out);
}

static void put_verbs(FILE *out)
{
	for (size_t i = 0; kr_cmd_at(i); i++) {
		const char *noun = kr_cmd_at(i)->noun;

		if (noun_seen(i) || !kr_cmd_at(i)->verb)
			continue;
		fprintf(out, "\t%s) words='", noun);
		for (size_t j = i; kr_cmd_at(j); j++)
			if (!strcmp(kr_cmd_at(j)->noun, noun) && kr_cmd_at(j)->verb)
				fprintf(out, "%s%s", j == i ? "" : " ", kr_cmd_at(j)->verb);
		fputs("' ;;\n", out);
	}
}

static void put_options(FILE *out)
{
	for (size_t i = 0; kr_cmd_at(i); i++) {
		const struct kr_cmd *c = kr_cmd_at(i);

		if (!c->opts || !c->opts->name)
			continue;
		fprintf(out, "\t'%s%s%s') own='", c->noun, c->verb ? " " : "",
			c->verb ? c->verb : "");
		put_opts(out, c->opts);
		fputs("' ;;\n", out);
	}
}

static int run(struct kr_cli *c)
{
	FILE *out = c->out;

	if (strcmp(kr_cli_arg(c, 0), "bash") != 0) {
		int err = kr_fault_set(&c->fault, -KR_EUSAGE, "no completion for '%.40s'",
				       kr_cli_arg(c, 0));

		kr_fault_remedy(&c->fault, "there is one for bash");
		return err;
	}
	fputs("# Completion of karaula for bash. Put it into\n"
	      "# /usr/share/bash-completion/completions/karaula, or: source <(karaula completion "
	      "bash)\n"
	      "_karaula()\n{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} noun= verb= words= own= i\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tcase ${COMP_WORDS[i]} in\n"
	      "\t\t-C | -o | --dir | --output | --lang) ((i++)) ;;\n"
	      "\t\t-*) ;;\n"
	      "\t\t*) if [[ -z $noun ]]; then noun=${COMP_WORDS[i]}\n"
	      "\t\t   elif [[ -z $verb ]]; then verb=${COMP_WORDS[i]}; fi ;;\n"
	      "\t\tesac\n"
	      "\tdone\n"
	      "\tcase $noun in\n"
	      "\t'') words='",
	      out);
	put_nouns(out);
	fputs("' ;;\n\thelp) [[ -z $verb ]] && words='", out);
	put_nouns(out);
	fputs("' ;;\n", out);
	put_verbs(out);
	fputs("\tesac\n"
	      "\tcase \"$noun $verb\" in\n",
	      out);
	put_options(out);
	fputs("\tesac\n"
	      "\t[[ -z $own ]] && case $noun in\n",
	      out);
	put_options(out);
	fputs("\tesac\n"
	      "\tif [[ $cur == -* ]]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W \"$own",
	      out);
	put_opts(out, kr_opts_global);
	fputs("\" -- \"$cur\"))\n"
	      "\telif [[ -n $words && -z $verb ]]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	      "\telse\n"
	      "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
	      "\tfi\n"
	      "}\n"
	      "complete -o filenames -F _karaula karaula\n",
	      out);
	return 0;
}

const struct kr_cmd kr_cmd_completion = {
	.noun = "completion",
	.args = "bash",
	.doc = N_("print completion for a shell"),
	.help = N_("  source <(karaula completion bash)\n"
		   "  karaula completion bash >/usr/share/bash-completion/completions/karaula\n"
		   "  karaula completion bash -o "
		   "~/.local/share/bash-completion/completions/karaula\n"),
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NOTHING,
	.run = run,
};
