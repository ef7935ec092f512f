/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pointer to something immutable that many threads read and one now and then replaces: settings,
 * register, mappings. Readers never wait; what was replaced is freed after its last reader is gone.
 * Under ThreadSanitizer the same interface is a read-write lock (liburcu 0.13 gives false races).
 *
 *     const struct kr_settings *s = kr_rcu_read(&settings);
 *     ...
 *     kr_rcu_read_end(&settings);
 */
#pragma once

#include <pthread.h>

#include "base/base.h"

struct kr_rcu {
	/* Private. */
	void *p;
	void (*release)(void *p);
	pthread_mutex_t writers;
	pthread_rwlock_t lock; /* only under ThreadSanitizer */
};

/*
 * first    owned from now on; may be NULL
 * release  frees a replaced value; called in any thread, so it may not take locks of its callers
 */
void kr_rcu_init(struct kr_rcu *r, void *first, void (*release)(void *p));
/* No reader may be left. Releases the value, and waits for what was replaced before. */
void kr_rcu_done(struct kr_rcu *r);
/*
 * Begin to read: the value stays until kr_rcu_read_end() by the same thread. Sections may be
 * nested, must be short (no waiting for people or networks), and nothing in them may replace a
 * value. Who needs it for longer takes a reference of his own inside. Any thread may read; nothing
 * has to be registered.
 */
const void *kr_rcu_read(struct kr_rcu *r);
void kr_rcu_read_end(struct kr_rcu *r);
/* Put a new value in place; the old one is released when its last reader has ended. Never waits for
 * long. */
void kr_rcu_replace(struct kr_rcu *r, void *p);
/* Wait until everything that was replaced so far has been released. Not inside a read section. */
void kr_rcu_settle(void);
