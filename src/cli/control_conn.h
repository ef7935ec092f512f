/* SPDX-License-Identifier: Apache-2.0 */
/* One client of the control socket, inside the node. Private to cli. */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "cli/node.h"
#include "cli/wire.h"

#include <pthread.h>
#include <stdatomic.h>

struct kr_conn {
	int fd;
	atomic_bool stop;     /* the node ends: commands are cancelled */
	pthread_mutex_t lock; /* guards reading from fd, and what is below */
	bool gone;	      /* the client hung up, asked to cancel, or broke the protocol */
	int input;	      /* a second descriptor of the pump that was opened last; -1: none */
	uint32_t pump, ended; /* its number; the number of the last one whose input is complete */
	bool replied;	      /* a FILE came that nobody took yet */
	struct kr_wire_file reply;
	int reply_fd;
};

/* Set up for an accepted connection; takes fd. */
void kr_conn_init(struct kr_conn *k, int fd);
/* Close what is open. */
void kr_conn_done(struct kr_conn *k);
/*
 * Greet, run the command, answer; in the caller's thread.
 *
 * Nothing a client sends can do more than fail its own command.
 */
void kr_conn_serve(struct kr_conn *k, struct kr_node *n);
/* Answer that nothing will be done, and why. */
void kr_conn_refuse(struct kr_conn *k, const struct kr_fault *f);
/* Make the command stop soon, from another thread: it is told when it asks, and what it reads ends.
 */
void kr_conn_stop(struct kr_conn *k);
