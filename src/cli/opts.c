/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: options may stand before, between and behind the words of the command, but what
 * "-o x" means depends on the command. So the first pass finds the command: its words are the first
 * one or two that are not options, and before them only global options may stand. The second pass
 * reads all words with the command's own table laid over the global one. Nothing is copied: values
 * are the caller's words or point into them.
 */
#include "cli/opts.h"

#include <string.h>

#include "base/near.h"

const struct kr_opt kr_opts_global[] = {
	{"dir", 'C', "DIR", N_("data directory (or KARAULA_DIR; else the current directory)")},
	{"json", 0, NULL, N_("one JSON object a line")},
	{"csv", 0, NULL, N_("comma-separated values with a header")},
	{"output", 'o', "FILE", N_("write to FILE instead of the standard output")},
	{"quiet", 'q', NULL, N_("no messages but errors")},
	{"lang", 0, "LANG", N_("language of texts, for instance en")},
	{"help", 'h', NULL, N_("help on the command")},
	{"version", 0, NULL, N_("print the version")},
	{NULL, 0, NULL, NULL},
};

#define CMD(symbol) extern const struct kr_cmd kr_cmd_##symbol;
#include "cli/cli.def"
#undef CMD

static const struct kr_cmd *const commands[] = {
#define CMD(symbol) &kr_cmd_##symbol,
#include "cli/cli.def"
#undef CMD
};

const struct kr_cmd *kr_cmd_at(size_t i)
{
	return i < KR_ARRAY_LEN(commands) ? commands[i] : NULL;
}

const struct kr_cmd *kr_cmd_find(const char *noun, const char *verb)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(commands); i++) {
		const struct kr_cmd *c = commands[i];

		if (!strcmp(c->noun, noun) && !strcmp(c->verb ? c->verb : "", verb ? verb : ""))
			return c;
	}
	return NULL;
}

bool kr_cmd_is_noun(const char *noun)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(commands); i++)
		if (!strcmp(commands[i]->noun, noun))
			return true;
	return false;
}

/* The name of a long option ends at '=' or at the end. */
static struct kr_str long_name(const char *word)
{
	return kr_str_n(word + 2, strcspn(word + 2, "="));
}

static const struct kr_opt *find_in(const struct kr_opt *table, struct kr_str name, char letter)
{
	for (; table && table->name; table++)
		if (letter ? table->letter == letter : kr_str_eqc(name, table->name))
			return table;
	return NULL;
}

static const struct kr_opt *find_opt(const struct kr_cmd *cmd, struct kr_str name, char letter)
{
	const struct kr_opt *o = cmd ? find_in(cmd->opts, name, letter) : NULL;

	return o ? o : find_in(kr_opts_global, name, letter);
}

static int unknown_long(const struct kr_cmd *cmd, struct kr_str name, struct kr_fault *reterr)
{
	struct kr_near near = KR_NEAR(name);
	int err = kr_fault_set(reterr, -KR_EUSAGE, "no such option '--%.*s'",
			       (int)KR_MIN(name.n, (size_t)60), name.p);

	for (const struct kr_opt *o = cmd ? cmd->opts : NULL; o && o->name; o++)
		kr_near_offer(&near, kr_str_c(o->name));
	for (const struct kr_opt *o = kr_opts_global; o->name; o++)
		kr_near_offer(&near, kr_str_c(o->name));
	if (near.best.p)
		kr_fault_remedy(reterr, "did you mean '--%.*s'?", KR_STR_ARG(near.best));
	else if (cmd)
		kr_fault_remedy(reterr, "karaula help %s%s%s", cmd->noun, cmd->verb ? " " : "",
				cmd->verb ? cmd->verb : "");
	else
		kr_fault_remedy(reterr, "options of a command stand behind its name");
	return err;
}

/* A walk over the words: each step gives an option or an argument. */
struct walk {
	int argc, i;
	const char *const *argv;
	const char *letters; /* rest of a group like -qC; NULL: none */
	bool ended;	     /* "--" was seen */
};

enum step { STEP_END, STEP_OPT, STEP_ARG };

static int value_of(struct walk *w, const struct kr_opt *opt, const char *attached,
		    const char **ret, struct kr_fault *reterr)
{
	if (!opt->value) {
		*ret = "";
		return 0;
	}
	if (attached) {
		*ret = attached;
		return 0;
	}
	if (w->i >= w->argc)
		return kr_fault_set(reterr, -KR_EUSAGE, "option '--%s' needs a value: --%s %s",
				    opt->name, opt->name, opt->value);
	*ret = w->argv[w->i++];
	return 0;
}

static int step_long(struct walk *w, const struct kr_cmd *cmd, const char *word,
		     struct kr_opts__given *ret, struct kr_fault *reterr)
{
	struct kr_str name = long_name(word);
	const char *attached = word[2 + name.n] == '=' ? word + 3 + name.n : NULL;

	ret->opt = find_opt(cmd, name, 0);
	if (!ret->opt)
		return unknown_long(cmd, name, reterr);
	if (attached && !ret->opt->value)
		return kr_fault_set(reterr, -KR_EUSAGE, "option '--%s' takes no value",
				    ret->opt->name);
	return value_of(w, ret->opt, attached, &ret->value, reterr);
}

static int step_letter(struct walk *w, const struct kr_cmd *cmd, struct kr_opts__given *ret,
		       struct kr_fault *reterr)
{
	char letter = *w->letters++;
	const char *attached = NULL;

	ret->opt = find_opt(cmd, KR_STR_NULL, letter);
	if (!ret->opt) {
		int err = letter > ' ' && letter < 127
				  ? kr_fault_set(reterr, -KR_EUSAGE, "no such option '-%c'", letter)
				  : kr_fault_set(reterr, -KR_EUSAGE, "no such option");

		kr_fault_remedy(reterr, "an argument that begins with '-' stands behind '--'");
		return err;
	}
	if (ret->opt->value && *w->letters) {
		attached = w->letters + (*w->letters == '=');
		w->letters = NULL;
	}
	if (w->letters && !*w->letters)
		w->letters = NULL;
	return value_of(w, ret->opt, attached, &ret->value, reterr);
}

/* The next option (filled into ret) or argument (ret->value). STEP_* or -KR_EUSAGE. */
static int step(struct walk *w, const struct kr_cmd *cmd, struct kr_opts__given *ret,
		struct kr_fault *reterr)
{
	const char *word;
	int err;

	if (w->letters) {
		err = step_letter(w, cmd, ret, reterr);
		return err ? err : STEP_OPT;
	}
	if (w->i >= w->argc)
		return STEP_END;
	word = w->argv[w->i++];
	if (!w->ended && !strcmp(word, "--")) {
		w->ended = true;
		return step(w, cmd, ret, reterr);
	}
	if (w->ended || word[0] != '-' || !word[1]) {
		ret->opt = NULL;
		ret->value = word;
		return STEP_ARG;
	}
	if (word[1] == '-') {
		err = step_long(w, cmd, word, ret, reterr);
	} else {
		w->letters = word + 1;
		err = step_letter(w, cmd, ret, reterr);
	}
	return err ? err : STEP_OPT;
}

static int unknown_noun(const char *noun, struct kr_fault *reterr)
{
	struct kr_near near = KR_NEAR(kr_str_c(noun));
	int err = kr_fault_set(reterr, -KR_EUSAGE, "no such command '%.60s'", noun);

	for (size_t i = 0; i < KR_ARRAY_LEN(commands); i++)
		kr_near_offer(&near, kr_str_c(commands[i]->noun));
	kr_near_offer(&near, KR_STR("help"));
	if (near.best.p)
		kr_fault_remedy(reterr, "did you mean '%.*s'?", KR_STR_ARG(near.best));
	else
		kr_fault_remedy(reterr, "karaula help lists them");
	return err;
}

static int unknown_verb(const char *noun, const char *verb, struct kr_fault *reterr)
{
	struct kr_near near = KR_NEAR(kr_str_c(verb ? verb : ""));
	int err = verb ? kr_fault_set(reterr, -KR_EUSAGE, "no such command '%s %.60s'", noun, verb)
		       : kr_fault_set(reterr, -KR_EUSAGE, "'%s' needs a verb", noun);
	char all[160] = "";

	for (size_t i = 0; i < KR_ARRAY_LEN(commands); i++) {
		const struct kr_cmd *c = commands[i];
		size_t n = strlen(all);

		if (strcmp(c->noun, noun) != 0 || !c->verb)
			continue;
		kr_near_offer(&near, kr_str_c(c->verb));
		if (n + strlen(c->verb) + 3 < sizeof(all)) {
			memcpy(all + n, n ? ", " : "", n ? 3 : 1);
			strcat(all, c->verb);
		}
	}
	if (verb && near.best.p)
		kr_fault_remedy(reterr, "did you mean '%s %.*s'?", noun, KR_STR_ARG(near.best));
	else
		kr_fault_remedy(reterr, "one of: %s", all);
	return err;
}

/* Does the noun come with a verb (then the second word is one)? */
static bool takes_verb(const char *noun)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(commands); i++)
		if (!strcmp(commands[i]->noun, noun) && commands[i]->verb)
			return true;
	return false;
}

/*
 * First pass: find the command. Its words are the first arguments that only global options come
 * before; what follows is not looked at. ret_words: how many words of the arguments it used.
 */
static int find_command(int argc, const char *const *argv, struct kr_opts *ret, size_t *ret_words,
			struct kr_fault *reterr)
{
	struct walk w = {.argc = argc, .argv = argv};
	struct kr_opts__given g;
	const char *words[2] = {NULL, NULL};
	size_t n = 0;
	int s;

	while (n < 2 && (s = step(&w, NULL, &g, reterr)) != STEP_END) {
		/* An option we do not know yet may be the command's own; the second pass tells. */
		if (s < 0 && n)
			break;
		if (s < 0)
			return s;
		if (s == STEP_OPT) {
			ret->help |= !strcmp(g.opt->name, "help");
			continue;
		}
		words[n++] = g.value;
		if (!takes_verb(words[0]))
			break;
	}
	ret->noun = words[0];
	*ret_words = words[0] ? 1 : 0;
	if (!words[0])
		return 0;
	if (!kr_cmd_is_noun(words[0]))
		return strcmp(words[0], "help") ? unknown_noun(words[0], reterr) : 0;
	if (words[1])
		ret->cmd = kr_cmd_find(words[0], words[1]);
	*ret_words = ret->cmd ? 2 : 1;
	if (!ret->cmd)
		ret->cmd = kr_cmd_find(words[0], NULL);
	if (!ret->cmd && (words[1] || !ret->help))
		return unknown_verb(words[0], words[1], reterr);
	return 0;
}

static int check_args(const struct kr_opts *o, struct kr_fault *reterr)
{
	const struct kr_cmd *c = o->cmd;
	const char *verb = c->verb ? c->verb : "", *sep = c->verb ? " " : "";
	int err = 0;

	if ((int)o->n_args < c->args_min)
		err = kr_fault_set(reterr, -KR_EUSAGE, "%s%s%s needs %s", c->noun, sep, verb,
				   c->args ? c->args : "an argument");
	else if (c->args_max >= 0 && (int)o->n_args > c->args_max)
		err = kr_fault_set(reterr, -KR_EUSAGE, "%s%s%s: unexpected argument '%.60s'",
				   c->noun, sep, verb, o->args[c->args_max]);
	if (err)
		kr_fault_remedy(reterr, "karaula help %s%s%s", c->noun, sep, verb);
	return err;
}

int kr_opts_parse(struct kr_arena *arena, int argc, const char *const *argv, struct kr_opts *ret,
		  struct kr_fault *reterr)
{
	struct walk w = {.argc = argc, .argv = argv};
	struct kr_opts__given g;
	size_t words = 0, letters = 0, skip;
	int s;

	*ret = (struct kr_opts){0};
	if (argc > KR_OPTS_WORDS_MAX)
		return kr_fault_set(reterr, -KR_ELIMIT, "more than %d words on a command line",
				    KR_OPTS_WORDS_MAX);
	/* One word may be many options: -qqq. */
	for (int i = 0; i < argc; i++)
		letters += argv[i][0] == '-' && argv[i][1] != '-' ? strlen(argv[i]) : 1;
	ret->given = kr_arena_calloc(arena, letters + 1, sizeof(*ret->given));
	ret->args = kr_arena_calloc(arena, (size_t)argc + 1, sizeof(*ret->args));
	if (!ret->given || !ret->args)
		return kr_fault_set(reterr, -KR_ELIMIT, "command line is too long");
	s = find_command(argc, argv, ret, &words, reterr);
	if (s < 0)
		return s;
	skip = words;
	while ((s = step(&w, ret->cmd, &g, reterr)) != STEP_END) {
		if (s < 0)
			return s;
		if (s == STEP_ARG && skip)
			skip--;
		else if (s == STEP_ARG)
			ret->args[ret->n_args++] = g.value;
		else
			ret->given[ret->n_given++] = g;
	}
	ret->help = kr_opts_value(ret, "help", -1) != NULL;
	if (kr_opts_value(ret, "json", -1) && kr_opts_value(ret, "csv", -1))
		return kr_fault_set(reterr, -KR_EUSAGE, "--json and --csv exclude each other");
	return ret->cmd && !ret->help && !kr_opts_value(ret, "version", -1)
		       ? check_args(ret, reterr)
		       : 0;
}

const char *kr_opts_value(const struct kr_opts *o, const char *name, int i)
{
	const char *value = NULL;

	for (size_t n = 0; n < o->n_given; n++) {
		if (strcmp(o->given[n].opt->name, name) != 0)
			continue;
		value = o->given[n].value;
		if (i == 0)
			return value;
		if (i > 0)
			i--;
	}
	return i < 0 ? value : NULL;
}
