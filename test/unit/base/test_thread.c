/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"

#include <signal.h>
#include <unistd.h>

#include "base/time.h"
#include "tap.h"

#define PRODUCERS 3
#define CONSUMERS 2
#define ITEMS	  20000

struct shop {
	struct kr_queue *q;
	size_t largest;	   /* atomic */
	uint64_t sum, got; /* atomic */
	char name[16];
	bool signals_blocked;
};

static void produce(void *arg)
{
	struct shop *s = arg;

	for (uintptr_t i = 1; i <= ITEMS; i++)
		if (kr_queue_push(s->q, (void *)i))
			return;
}

static void consume(void *arg)
{
	struct shop *s = arg;
	void *item;

	while (kr_queue_pop(s->q, -1, &item) > 0) {
		size_t n = kr_queue_count(s->q);

		if (n > __atomic_load_n(&s->largest, __ATOMIC_RELAXED))
			__atomic_store_n(&s->largest, n, __ATOMIC_RELAXED);
		__atomic_fetch_add(&s->sum, (uintptr_t)item, __ATOMIC_RELAXED);
		__atomic_fetch_add(&s->got, 1, __ATOMIC_RELAXED);
	}
}

static void look_at_itself(void *arg)
{
	struct shop *s = arg;
	sigset_t set;

	pthread_getname_np(pthread_self(), s->name, sizeof(s->name));
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	s->signals_blocked = sigismember(&set, SIGTERM) && sigismember(&set, SIGHUP);
}

static void push_one(void *arg)
{
	struct shop *s = arg;

	s->got = (uint64_t)(kr_queue_push(s->q, s) == -KR_ECANCEL);
}

static void test_many(void)
{
	struct kr_thread t[PRODUCERS + CONSUMERS];
	struct shop s = {.q = kr_queue_new(7)};

	for (int i = 0; i < PRODUCERS + CONSUMERS; i++)
		if (kr_thread_start(&t[i], "test", i < PRODUCERS ? produce : consume, &s, NULL))
			abort();
	for (int i = 0; i < PRODUCERS; i++)
		kr_thread_join(&t[i]);
	kr_queue_close(s.q);
	for (int i = PRODUCERS; i < PRODUCERS + CONSUMERS; i++)
		kr_thread_join(&t[i]);
	IS(s.got, PRODUCERS * ITEMS, "every item was taken once");
	IS(s.sum, (uint64_t)PRODUCERS * ITEMS * (ITEMS + 1) / 2, "and none was changed");
	OK(s.largest <= 7, "never more than fit: %zu", s.largest);
	kr_queue_free(s.q);
}

static void test_edges(void)
{
	struct kr_queue *q = kr_queue_new(2);
	struct kr_thread t = {0};
	struct shop s = {.q = q};
	int64_t start = kr_clock_us();
	void *item = NULL;
	int a, b;

	IS(kr_queue_pop(q, 20, &item), -KR_EBUSY, "nothing comes in time");
	OK(kr_clock_us() - start >= 20000, "it was waited");
	IS(kr_queue_push(q, &a), 0, "first");
	IS(kr_queue_push(q, &b), 0, "second");
	IS(kr_thread_start(&t, "waits", push_one, &s, NULL), 0, "a third must wait");
	usleep(10000);
	IS(kr_queue_count(q), 2, "not in it");
	kr_queue_close(q);
	kr_thread_join(&t);
	kr_thread_join(&t);
	IS(s.got, 1, "closing sends it away");
	IS(kr_queue_pop(q, -1, &item), 1, "what is in it can be taken");
	OK(item == &a, "in order");
	IS(kr_queue_push(q, &a), -KR_ECANCEL, "nothing can be added");
	kr_queue_cancel(q);
	IS(kr_queue_pop(q, -1, &item), -KR_ECANCEL, "cancelled");
	OK(kr_queue_drain(q) == &b && kr_queue_drain(q) == NULL, "drained");
	kr_queue_free(q);
	kr_queue_free(NULL);
}

int main(void)
{
	struct shop s = {0};
	struct kr_thread t;

	IS(kr_thread_start(&t, "a name that is too long", look_at_itself, &s, NULL), 0, "start");
	kr_thread_join(&t);
	IS_CSTR(s.name, "a name that is ", "its name is cut");
	OK(s.signals_blocked, "it takes no signals");
	test_many();
	test_edges();
	return tap_end();
}
