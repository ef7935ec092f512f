/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rcu.h"

#include <stdlib.h>

#if defined(__SANITIZE_THREAD__)
#define KR_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define KR_TSAN 1
#endif
#endif

#ifdef KR_TSAN

const void *kr_rcu_read(struct kr_rcu *r)
{
	pthread_rwlock_rdlock(&r->lock);
	return r->p;
}

void kr_rcu_read_end(struct kr_rcu *r)
{
	pthread_rwlock_unlock(&r->lock);
}

void kr_rcu_replace(struct kr_rcu *r, void *p)
{
	void *old;

	pthread_rwlock_wrlock(&r->lock);
	old = r->p;
	r->p = p;
	pthread_rwlock_unlock(&r->lock);
	if (old)
		r->release(old);
}

void kr_rcu_settle(void)
{
}

#else

/*
 * How this works: the memb flavour of liburcu, whose readers pay no barrier where the kernel has
 * membarrier(2). Threads must be known to it: each registers itself at its first read and is taken
 * off the list by the destructor of a thread-specific key when it ends. Old values go to liburcu's
 * own thread, which releases them after a grace period.
 */
#include <urcu/urcu-memb.h>

struct old {
	struct rcu_head head;
	void *p;
	void (*release)(void *p);
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static __thread bool registered;

static void unregister(void *arg)
{
	(void)arg;
	registered = false;
	urcu_memb_unregister_thread();
}

static void make_key(void)
{
	int r = pthread_key_create(&key, unregister);

	assert(r == 0);
	(void)r;
}

static void register_thread(void)
{
	pthread_once(&once, make_key);
	urcu_memb_register_thread();
	/* Any value but NULL makes the destructor run. */
	pthread_setspecific(key, &key);
	registered = true;
}

const void *kr_rcu_read(struct kr_rcu *r)
{
	if (KR_UNLIKELY(!registered))
		register_thread();
	urcu_memb_read_lock();
	return rcu_dereference(r->p);
}

void kr_rcu_read_end(struct kr_rcu *r)
{
	(void)r;
	urcu_memb_read_unlock();
}

static void release_old(struct rcu_head *head)
{
	struct old *o = caa_container_of(head, struct old, head);

	o->release(o->p);
	free(o);
}

void kr_rcu_replace(struct kr_rcu *r, void *p)
{
	struct old *o = kr_xmalloc(sizeof(*o));

	pthread_mutex_lock(&r->writers);
	o->p = r->p;
	rcu_assign_pointer(r->p, p);
	pthread_mutex_unlock(&r->writers);
	if (!o->p) {
		free(o);
		return;
	}
	o->release = r->release;
	if (!registered)
		register_thread();
	urcu_memb_call_rcu(&o->head, release_old);
}

void kr_rcu_settle(void)
{
	urcu_memb_barrier();
}

#endif

void kr_rcu_init(struct kr_rcu *r, void *first, void (*release)(void *p))
{
	r->p = first;
	r->release = release;
	pthread_mutex_init(&r->writers, NULL);
	pthread_rwlock_init(&r->lock, NULL);
}

void kr_rcu_done(struct kr_rcu *r)
{
	kr_rcu_settle();
	if (r->p)
		r->release(r->p);
	r->p = NULL;
	pthread_rwlock_destroy(&r->lock);
	pthread_mutex_destroy(&r->writers);
}
