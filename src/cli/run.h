/* SPDX-License-Identifier: Apache-2.0 */
/* Running a command whose words are read. Private to cli and main. */
#pragma once

#include "cli/cli.h"
#include "cli/opts.h"

/*
 * Run c->cmd: takes --json, --csv and --quiet from c->opts, flushes c->out, and turns a failed
 * write into a fault.
 *
 * Returns 0 or -KR_E*, the fault filled.
 */
int kr_cli_run(struct kr_cli *c);
/* Print c->fault to c->err, once; nothing if it was only that the reader went away. Returns the
 * exit status. */
int kr_cli_report(struct kr_cli *c, int err);

/* Help on everything (noun NULL), the commands of a noun, or one command. */
void kr_help_all(struct kr_cli *c);
int kr_help_on(struct kr_cli *c, const char *noun, const char *verb);
void kr_help_cmd(struct kr_cli *c, const struct kr_cmd *cmd);
