/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The open data directory with everything that works on it: made once by a command that needs it,
 * or by `karaula serve`, where all threads share it.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "conf/conf.h"
#include "desk/account.h"
#include "desk/outbox.h"
#include "net/net.h"
#include "pipe/pipe.h"
#include "pipe/schedule.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

struct kr_node {
	char *dir; /* as given; relative to the directory the process was started in */
	int dirfd;
	bool serving;		      /* inside `karaula serve` */
	atomic_bool stopping;	      /* `karaula serve` was told to end */
	struct kr_store *store;	      /* NULL for KR_NEED_CONF */
	struct kr_accounts *accounts; /* on the store: users, sessions, keys; NULL without it */
	struct kr_pipe *pipe;	    /* on the store: register, tables, mappings; NULL without it */
	struct kr_net *net;	    /* what outgoing connections share; NULL without store */
	struct kr_sources *sources; /* sources that run; NULL without store */
	struct kr_desk_outbox *outbox; /* who is told what; NULL without the store */
	struct kr_fault damage;	       /* code set: a table could not be used and is left out */
	pthread_rwlock_t conf_lock;    /* guards conf */
	const struct kr_conf *conf;    /* take it with kr_node_conf() */
};

/*
 * Open a data directory.
 *
 * dir         NULL: the current directory
 * with_store  take the lock and open the databases; false: only the configuration is read
 *
 * Returns 0; -KR_EBUSY (another process holds the lock); -KR_ENOENT; -KR_ECONF; what
 * kr_store_open() returns.
 */
KR_MUST_USE int kr_node_open(const char *dir, bool with_store, struct kr_node **ret,
			     struct kr_fault *reterr);
void kr_node_close(struct kr_node *n);
/* The settings as they are now; the caller gives them back with kr_conf_unref(). */
const struct kr_conf *kr_node_conf(struct kr_node *n);
/*
 * Read the configuration again; a wrong one changes nothing.
 *
 * ret_restart  names of settings that changed but need a restart; may be NULL
 */
KR_MUST_USE int kr_node_reload(struct kr_node *n, struct kr_buf *ret_restart,
			       struct kr_fault *reterr);
