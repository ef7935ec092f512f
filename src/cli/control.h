/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket DIR/run/karaula.sock: commands on this machine are carried out by the node
 * that owns the data directory, with the files and the terminal of the caller. Only root and the
 * directory's owner are let in.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/node.h"

struct kr_control;

/*
 * Listen, on a thread of its own.
 *
 * n            open, with the store; outlives the socket
 * clients_max  commands at a time; one more is told that the node is busy
 *
 * Returns 0; -KR_EIO, -KR_EDENIED.
 */
KR_MUST_USE int kr_control_start(struct kr_node *n, unsigned clients_max, struct kr_control **ret,
				 struct kr_fault *reterr);
/*
 * Stop listening, tell running commands to stop, wait for them.
 *
 * Returns true and frees it when all have ended; false if some have not after wait_ms: then what
 * they work on must not be closed.
 */
bool kr_control_stop(struct kr_control *c, int wait_ms);

/*
 * Have a command carried out by the node that owns a directory.
 *
 * c           with dir, lang, width, colour, out and err; the descriptors are those of the process
 * and out_fd argc, argv  all words, as main got them, without the program name
 *
 * Returns 1: nobody listens; else 0 or -KR_E* with c->fault filled, as the command did.
 */
KR_MUST_USE int kr_control_call(struct kr_cli *c, int out_fd, int argc, const char *const *argv);
