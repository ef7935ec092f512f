/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rcu.h"

#include "base/thread.h"
#include "tap.h"

#define READERS 3
#define ROUNDS	2000

/* Both numbers are equal as long as the value lives. */
struct value {
	unsigned a, b;
};

static int alive;

static struct value *make(unsigned v)
{
	struct value *x = kr_xmalloc(sizeof(*x));

	*x = (struct value){v, v};
	__atomic_fetch_add(&alive, 1, __ATOMIC_RELAXED);
	return x;
}

static void destroy(void *p)
{
	struct value *v = p;

	v->a = 0xdead;
	v->b = 0xbeef;
	__atomic_fetch_sub(&alive, 1, __ATOMIC_RELAXED);
	free(v);
}

struct shared {
	struct kr_rcu rcu;
	bool stop;		   /* atomic */
	unsigned wrong, backwards; /* atomic */
};

static void read_on(void *arg)
{
	struct shared *s = arg;
	unsigned last = 0;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		const struct value *v = kr_rcu_read(&s->rcu), *again;

		again = kr_rcu_read(&s->rcu);
		kr_rcu_read_end(&s->rcu);
		if (v->a != v->b || again->a < v->a)
			__atomic_fetch_add(&s->wrong, 1, __ATOMIC_RELAXED);
		if (v->a < last)
			__atomic_fetch_add(&s->backwards, 1, __ATOMIC_RELAXED);
		last = v->a;
		kr_rcu_read_end(&s->rcu);
	}
}

int main(void)
{
	struct kr_thread t[READERS];
	struct shared s = {0};

	kr_rcu_init(&s.rcu, make(1), destroy);
	for (int i = 0; i < READERS; i++)
		if (kr_thread_start(&t[i], "reader", read_on, &s, NULL))
			abort();
	for (unsigned i = 2; i < ROUNDS; i++)
		kr_rcu_replace(&s.rcu, make(i));
	__atomic_store_n(&s.stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < READERS; i++)
		kr_thread_join(&t[i]);
	IS(s.wrong, 0, "a value is whole as long as it is read");
	IS(s.backwards, 0, "and never an older one than before");
	kr_rcu_settle();
	IS(__atomic_load_n(&alive, __ATOMIC_RELAXED), 1, "all that was replaced is released");
	IS(((const struct value *)kr_rcu_read(&s.rcu))->a, ROUNDS - 1, "the newest is there");
	kr_rcu_read_end(&s.rcu);
	kr_rcu_replace(&s.rcu, NULL);
	OK(kr_rcu_read(&s.rcu) == NULL, "nothing may be there");
	kr_rcu_read_end(&s.rcu);
	kr_rcu_replace(&s.rcu, make(7));
	kr_rcu_done(&s.rcu);
	IS(alive, 0, "the end releases all");
	return tap_end();
}
