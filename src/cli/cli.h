/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line. A command is one file cmd_NOUN.c and one line in cli.def; its table of options
 * gives parsing, help and completion. A command runs in its own process or, over the control
 * socket, inside `karaula serve`: so it writes to c->out and c->err, never to stdout, never exits,
 * and keeps no globals.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/str.h"
#include "base/text.h"
#include "model/scope.h"

#include <stdio.h>

struct kr_node; /* cli/node.h: the open data directory with everything in it */
struct kr_cmd;
struct kr_opts; /* cli/opts.c */
struct kr_out;	/* cli/out.c */

/* How a command was called, and where it talks to. */
struct kr_cli {
	const struct kr_cmd *cmd;
	const struct kr_opts *opts; /* ask with kr_cli_opt(), kr_cli_arg() */
	FILE *out, *err;
	struct kr_out *out_state; /* private: what is behind out */
	int cwd_fd; /* private; files, and "-" for the standard input, are opened with kr_cli_open()
		     */
	const char *dir;	      /* -C DIR or KARAULA_DIR; NULL: the current directory */
	const char *lang;	      /* for kr_text() */
	int width;		      /* of the terminal; 0: not a terminal */
	bool colour;		      /* out is a terminal and NO_COLOR is not set */
	bool json, csv, quiet;	      /* --json --csv --quiet */
	bool (*cancelled)(void *ctx); /* the caller hung up or Ctrl-C; ask kr_cli_cancelled() */
	void *cancel_ctx;
	/* Opens a file with the caller's rights; NULL: openat(cwd_fd). */
	int (*open_file)(void *ctx, const char *path, struct kr_fault *reterr);
	void *open_ctx;
	struct kr_node *node;	/* open when the command's need says so */
	struct kr_arena *arena; /* for the run of the command */
	struct kr_scope scope;	/* what is shown: of the local viewer, whoever carries the command
				   out. Work of the node itself takes KR_SCOPE_ALL */
	struct kr_fault fault;	/* set by a failing command; main prints it once */
};

enum kr_cmd_need {
	KR_NEED_NOTHING, /* runs without a data directory */
	KR_NEED_CONF,	 /* reads the configuration, takes no lock */
	KR_NEED_NODE,	 /* needs the open data directory: run by serve if it holds the lock */
};

/* One option; a table ends with a row whose name is NULL. */
struct kr_opt {
	const char *name;  /* "limit" for --limit */
	char letter;	   /* 'n' for -n, 0: none */
	const char *value; /* "N": takes a value, shown in help; NULL: a switch */
	const char *doc;   /* in N_() */
};

struct kr_cmd {
	const char *noun, *verb;   /* verb NULL: a command of one word */
	const char *args;	   /* "FILE...", "[EXPR]"; NULL: none */
	const char *doc;	   /* one line, in N_() */
	const char *help;	   /* examples and details in N_(), starts with three examples */
	const struct kr_opt *opts; /* NULL: only the global ones */
	int args_min, args_max;	   /* args_max -1: any number */
	enum kr_cmd_need need;
	int (*run)(struct kr_cli *c); /* 0 or -KR_E*, with c->fault filled */
};

/*
 * Options that every command has: -C DIR, --json, --csv, -q --quiet, -o FILE (where c->out goes),
 * --lang LANG, -h --help, --version. A command's own option of the same name or letter comes first.
 */

/*
 * Value of an option, NULL if not given ("" for a switch that is; the last one if given several
 * times). Only names in the table may be asked.
 */
const char *kr_cli_opt(const struct kr_cli *c, const char *name);
/* The same for an option that may be given several times: i-th value, NULL beyond the last. */
const char *kr_cli_opt_at(const struct kr_cli *c, const char *name, int i);
/* Positional arguments; NULL beyond the last. */
int kr_cli_nargs(const struct kr_cli *c);
const char *kr_cli_arg(const struct kr_cli *c, int i);
/*
 * Number given to an option, within limits.
 *
 * Returns 0 (ret is set to fallback if the option is absent) or -KR_EUSAGE with the fault filled.
 */
KR_MUST_USE int kr_cli_number(struct kr_cli *c, const char *name, uint64_t min, uint64_t max,
			      uint64_t fallback, uint64_t *ret);
/*
 * Open a file or directory of the caller for reading, with the caller's rights; "-" is its standard
 * input.
 *
 * Returns a descriptor that the caller closes, or -KR_E* with the fault filled.
 */
KR_MUST_USE int kr_cli_open(struct kr_cli *c, const char *path);
/*
 * Should the command stop? The caller hung up, pressed Ctrl-C, or does not read the output any
 * more. Ask in long loops, and after the end of standard input before what was read is accepted: it
 * may have been cut short. Return kr_cli_cancel() then.
 */
bool kr_cli_cancelled(struct kr_cli *c);
/* Fill the fault; returns -KR_ECANCEL. */
KR_MUST_USE int kr_cli_cancel(struct kr_cli *c);
/* A line for the person, to c->err, in his language (fmt is translated here); nothing with --quiet.
 * The newline is added. */
void kr_cli_note(struct kr_cli *c, const char *fmt, ...) KR_PRINTF(2, 3);

/*
 * A table: aligned columns on a terminal or pipe, --csv as RFC 4180, --json one object a line.
 * Add rows one by one; text output is aligned over the first 200 rows and streamed after them.
 */
struct kr_table;
enum kr_align { KR_LEFT, KR_RIGHT };
struct kr_column {
	const char *name;  /* of the JSON member and CSV column: "first_seen" */
	const char *title; /* of the text table, in N_() */
	enum kr_align align;
	bool number; /* written without quotes in JSON */
};
struct kr_table *kr_table_new(struct kr_cli *c, const struct kr_column *columns, size_t n);
/* One value for each column; borrowed during the call. */
void kr_table_row(struct kr_table *t, const struct kr_str *values);
/* Print what is held back, free it. Returns the number of rows. */
size_t kr_table_end(struct kr_table *t);

/* Text from outside as it may be shown: control characters, broken UTF-8 and marks that turn the
 * direction of text become escapes. Appended to b. */
struct kr_buf;
void kr_cli_shown(struct kr_buf *b, struct kr_str s);
