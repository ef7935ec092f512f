/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the generic cell rate algorithm (ITU-T I.371). A key is one number, the moment at
 * which it would be served if everything came evenly; each turn moves it by one interval, and it
 * may be ahead of the clock by ten seconds. Keys live in sets of WAYS places chosen by their hash;
 * in a full set the one that is furthest back goes, which is the one whose limit matters least.
 */
#include "net/rate.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/hash.h"

#define SETS	 512
#define WAYS	 8
#define MINUTE	 INT64_C(60000000)
#define AHEAD_US INT64_C(10000000)

struct place {
	uint64_t key; /* 0: free */
	int64_t even_us;
};

struct kr_rate {
	pthread_mutex_t lock; /* guards places */
	struct kr_hash_key hash;
	struct place places[SETS][WAYS];
};

struct kr_rate *kr_rate_new(void)
{
	struct kr_rate *r = kr_xcalloc(1, sizeof(*r));

	pthread_mutex_init(&r->lock, NULL);
	kr_random(&r->hash, sizeof(r->hash));
	return r;
}

void kr_rate_free(struct kr_rate *r)
{
	if (!r)
		return;
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static struct place *find_locked(struct kr_rate *r, struct kr_str key, int64_t now_us)
{
	uint64_t h = kr_keyed_hash(&r->hash, key.p ? key.p : "", key.n);
	struct place *set = r->places[h % SETS], *oldest = set;

	h |= 1; /* 0 is a free place */
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].key == h)
			return &set[i];
		if (!set[i].key || set[i].even_us < oldest->even_us)
			oldest = &set[i];
		if (!oldest->key)
			break;
	}
	*oldest = (struct place){h, now_us};
	return oldest;
}

static int64_t ask(struct kr_rate *r, struct kr_str key, uint64_t per_minute, int64_t now_us,
		   bool take)
{
	struct place *p;
	int64_t interval, wait;

	if (!per_minute)
		return 0;
	interval = MINUTE / (int64_t)KR_MIN(per_minute, (uint64_t)MINUTE);
	pthread_mutex_lock(&r->lock);
	p = find_locked(r, key, now_us);
	p->even_us = KR_MAX(p->even_us, now_us);
	wait = p->even_us - now_us - KR_MAX(AHEAD_US - interval, INT64_C(0));
	if (take)
		p->even_us += interval;
	pthread_mutex_unlock(&r->lock);
	return KR_MAX(wait, INT64_C(0));
}

int64_t kr_rate_wait(struct kr_rate *r, struct kr_str key, uint64_t per_minute, int64_t now_us)
{
	return ask(r, key, per_minute, now_us, false);
}

int64_t kr_rate_turn(struct kr_rate *r, struct kr_str key, uint64_t per_minute, int64_t now_us)
{
	return ask(r, key, per_minute, now_us, true);
}
