/* SPDX-License-Identifier: Apache-2.0 */
/* Built once, then only read; a two-letter code is an index of 26 * 26. */
#include "model/country.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"
#include "model/data.h"
#include "model/table.h"

#define CODES (26 * 26)

struct countries {
	struct kr_arena *arena;
	struct kr_str name[CODES], order[CODES];
	size_t n;
};

static _Atomic(const struct countries *) current;
static pthread_mutex_t build_lock = PTHREAD_MUTEX_INITIALIZER; /* guards the making of current */

/* Index of a code, -1 if it is not two letters. */
static int index_of(struct kr_str code)
{
	if (code.n != 2 || !kr_is_alpha(code.p[0]) || !kr_is_alpha(code.p[1]))
		return -1;
	return (kr_lower(code.p[0]) - 'a') * 26 + (kr_lower(code.p[1]) - 'a');
}

static int fill(struct countries *c, struct kr_str csv, struct kr_fault *reterr)
{
	static const char *const columns[] = {"code2", "label_en"};
	struct kr_table t;
	int got = kr_table_open(&t, kr_data_name(KR_DATA_COUNTRIES), csv, c->arena, columns, 2,
				reterr);

	while (got >= 0 && (got = kr_table_next(&t, reterr)) > 0) {
		int at = index_of(t.cell[0]);

		if (at < 0 || t.cell[1].n == 0 || c->name[at].p) {
			kr_fault_set(
				reterr, -KR_EINVAL,
				"'%.*s' must be a code of two letters, given once, with a name",
				(int)KR_MIN(t.cell[0].n, (size_t)20), t.cell[0].p);
			kr_fault_where(reterr, "%s", t.name);
			kr_fault_at(reterr, t.line, 0, 0);
			return -KR_EINVAL;
		}
		c->order[c->n++] = kr_arena_dup(c->arena, t.cell[0]);
		c->name[at] = kr_arena_dup(c->arena, t.cell[1]);
	}
	return got;
}

int kr_countries_load(struct kr_str csv, struct kr_fault *reterr)
{
	struct countries *c;
	int err;

	pthread_mutex_lock(&build_lock);
	if (atomic_load(&current)) {
		err = kr_fault_set(reterr, -KR_EEXIST, "the table of countries is in use already");
	} else {
		c = kr_xcalloc(1, sizeof(*c));
		c->arena = kr_arena_new(0);
		err = fill(c, csv, reterr);
		if (err == 0) {
			atomic_store(&current, c);
		} else {
			kr_arena_free(c->arena);
			free(c);
		}
	}
	pthread_mutex_unlock(&build_lock);
	return err;
}

static const struct countries *countries(void)
{
	const struct countries *c = atomic_load_explicit(&current, memory_order_acquire);

	if (KR_UNLIKELY(!c)) {
		int err = kr_countries_load(kr_data(KR_DATA_COUNTRIES), NULL);

		assert(err == 0 || err == -KR_EEXIST);
		c = atomic_load(&current);
	}
	return c;
}

struct kr_str kr_country_name(struct kr_str code)
{
	int at = index_of(code);

	return at < 0 ? KR_STR_NULL : countries()->name[at];
}

struct kr_str kr_country_at(size_t i)
{
	return i < countries()->n ? countries()->order[i] : KR_STR_NULL;
}
