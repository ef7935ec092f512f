/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a command line, sorted into command, options and arguments. Private to cli. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "cli/cli.h"

#define KR_OPTS_WORDS_MAX 65536 /* words of one command line */

/* The options that every command has; ends with a row whose name is NULL. */
extern const struct kr_opt kr_opts_global[];

/* One option as given. */
struct kr_opts__given {
	const struct kr_opt *opt;
	const char *value; /* "" for a switch */
};

struct kr_opts {
	const struct kr_cmd *cmd; /* NULL: no command, or help on a noun was asked */
	const char *noun;	  /* the first word; NULL: none */
	bool help;		  /* -h or --help */
	struct kr_opts__given *given;
	size_t n_given;
	const char **args;
	size_t n_args;
};

/*
 * Sort the words. Options may stand anywhere; "--" ends them; "-" alone is an argument.
 *
 * argv   without the program name; borrowed for as long as ret is used
 * arena  takes the tables of ret
 *
 * Returns 0; -KR_EUSAGE with a fault that suggests what was meant. Without a known command no
 * argument is refused when ret->help is set. ret is filled as far as it was read also on errors.
 */
KR_MUST_USE int kr_opts_parse(struct kr_arena *arena, int argc, const char *const *argv,
			      struct kr_opts *ret, struct kr_fault *reterr);
/* Value of an option in the command's or the global table; the i-th if given several times, -1: the
 * last. */
const char *kr_opts_value(const struct kr_opts *o, const char *name, int i);

/* All commands; NULL beyond the last. */
const struct kr_cmd *kr_cmd_at(size_t i);
/* By noun and verb ("" or NULL: a command of one word). */
const struct kr_cmd *kr_cmd_find(const char *noun, const char *verb);
/* Is this the noun of any command? */
bool kr_cmd_is_noun(const char *noun);
