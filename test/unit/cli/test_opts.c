/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/opts.h"

#include "tap.h"

static struct kr_arena *arena;
static struct kr_opts o;
static struct kr_fault fault;

#define PARSE(...)                                                                                 \
	parse((const char *[]){__VA_ARGS__}, KR_ARRAY_LEN(((const char *[]){__VA_ARGS__})))

static int parse(const char *const *argv, size_t n)
{
	kr_arena_clear(arena);
	return kr_opts_parse(arena, (int)n, argv, &o, &fault);
}

static void refused(int err, const char *want)
{
	char text[700];

	IS(err, -KR_EUSAGE, "refused");
	IS_CSTR(kr_fault_text(&fault, text, sizeof(text)), want, want);
}

static void commands(void)
{
	OK(!PARSE("config", "show") && o.cmd && !strcmp(o.cmd->verb, "show"), "noun and verb");
	OK(!PARSE("completion", "bash") && o.cmd && !o.cmd->verb && o.n_args == 1,
	   "a command of one word keeps its argument");
	OK(!PARSE("--json") && !o.cmd && !o.noun, "no command at all");
	OK(!PARSE("help", "config", "show") && !o.cmd && o.n_args == 2 &&
		   !strcmp(o.args[0], "config"),
	   "help takes the words behind it");
	OK(!PARSE("config", "--help") && !o.cmd && o.help && !strcmp(o.noun, "config"),
	   "help on a noun needs no verb");
	OK(!PARSE("completion", "-h") && o.help, "help needs no arguments");
	refused(PARSE("confg", "show"), "no such command 'confg' (did you mean 'config'?)");
	refused(PARSE("config", "chekc"),
		"no such command 'config chekc' (did you mean 'config check'?)");
	refused(PARSE("config"), "'config' needs a verb (one of: check, show, doc)");
	refused(PARSE("xyzzy"), "no such command 'xyzzy' (karaula help lists them)");
	refused(PARSE(""), "no such command '' (karaula help lists them)");
	refused(PARSE("completion"), "completion needs bash (karaula help completion)");
	refused(PARSE("completion", "bash", "zsh"),
		"completion: unexpected argument 'zsh' (karaula help completion)");
}

static void options(void)
{
	OK(!PARSE("-C", "/a", "config", "--csv", "show", "--origin", "-q") && o.n_given == 4,
	   "options before, between and behind");
	IS_CSTR(kr_opts_value(&o, "dir", -1), "/a", "its value is the next word");
	OK(!PARSE("config", "show", "--dir=/b", "-C/c", "-C=/d"), "values that are attached");
	IS_CSTR(kr_opts_value(&o, "dir", 0), "/b", "--dir=/b");
	IS_CSTR(kr_opts_value(&o, "dir", 1), "/c", "-C/c");
	IS_CSTR(kr_opts_value(&o, "dir", 2), "/d", "-C=/d");
	OK(!kr_opts_value(&o, "dir", 3), "no fourth");
	IS_CSTR(kr_opts_value(&o, "dir", -1), "/d", "the last one counts");
	OK(!PARSE("config", "show", "-qC", "x") && kr_opts_value(&o, "quiet", -1),
	   "letters in a group");
	IS_CSTR(kr_opts_value(&o, "dir", -1), "x", "the last of which takes the next word");
	OK(!PARSE("config", "show", "--dir="), "an empty value");
	IS_CSTR(kr_opts_value(&o, "dir", -1), "", "is a value");
	OK(!PARSE("config", "check", "--", "--json") && o.n_args == 1 &&
		   !strcmp(o.args[0], "--json"),
	   "-- ends options");
	OK(!PARSE("config", "check", "-") && o.n_args == 1, "- is an argument");
	OK(!PARSE("-C", "--", "config", "show"), "a value may look like an option");
	IS_CSTR(kr_opts_value(&o, "dir", -1), "--", "and is taken as it is");
	refused(PARSE("config", "show", "--orign"),
		"no such option '--orign' (did you mean '--origin'?)");
	refused(PARSE("config", "show", "--zzzz"),
		"no such option '--zzzz' (karaula help config show)");
	refused(PARSE("config", "show", "-x"),
		"no such option '-x' (an argument that begins with '-' stands behind '--')");
	refused(PARSE("config", "show", "-C"), "option '--dir' needs a value: --dir DIR");
	refused(PARSE("config", "show", "--json=yes"), "option '--json' takes no value");
	refused(PARSE("config", "show", "--json", "--csv"), "--json and --csv exclude each other");
	refused(PARSE("--origin", "config", "show"),
		"no such option '--origin' (options of a command stand behind its name)");
}

static void limits(void)
{
	static const char *many[KR_OPTS_WORDS_MAX + 1];
	static char letters[100000];

	for (size_t i = 0; i < KR_ARRAY_LEN(many); i++)
		many[i] = "x";
	IS(parse(many, KR_ARRAY_LEN(many)), -KR_ELIMIT, "too many words");
	memset(letters, 'q', sizeof(letters) - 1);
	letters[0] = '-';
	OK(!PARSE("config", "show", letters) && o.n_given == sizeof(letters) - 2,
	   "a word of very many letters");
}

int main(void)
{
	arena = kr_arena_new(0);
	commands();
	options();
	limits();
	kr_arena_free(arena);
	return tap_end();
}
