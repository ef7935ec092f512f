/* SPDX-License-Identifier: Apache-2.0 */
/* Recover mode: a node made from a backup tells nobody anything until a person has looked. */
#include "store/backup.h"

#include <stdio.h>

#include "store/outbox.h"
#include "store/sqlite/db.h"
#include "store/sqlite/state.h"

#define LOST_DELIVERIES 1000000 /* at most so many were made after the backup */

kr_time kr_store_recovering(struct kr_store *s)
{
	return __atomic_load_n(&s->recovering, __ATOMIC_ACQUIRE);
}

int kr_store__recover_load(struct kr_store *s, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->main, "SELECT value FROM meta WHERE key='recover'", &st, reterr);

	s->recovering = KR_TIME_NONE;
	if (!r)
		r = kr_db_step(st, reterr);
	if (r == 1)
		s->recovering = sqlite3_column_int64(st, 0);
	return r < 0 ? r : 0;
}

static int change(struct kr_store *s, const char *sql, int64_t value, uint64_t *ret,
		  struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->main, sql, &st, reterr);

	if (r)
		return r;
	if (sqlite3_bind_parameter_count(st))
		sqlite3_bind_int64(st, 1, value);
	r = kr_db_run(st, reterr);
	*ret = (uint64_t)sqlite3_changes64(s->main);
	return r;
}

/*
 * Receivers know messages by the number of their delivery: webhooks and mail servers drop one that
 * they had, links for answers lead to its rows, and files have its name.
 */
static int skip_numbers(struct kr_store *s, struct kr_fault *reterr)
{
	uint64_t n;

	return change(s,
		      "INSERT OR REPLACE INTO meta(key,value) SELECT 'delivery_from',"
		      "coalesce(max(id),0)+?1 FROM delivery",
		      LOST_DELIVERIES, &n, reterr);
}

static int finish(struct kr_store *s, const struct kr_by *by, kr_time since, uint64_t *withheld,
		  uint64_t *doubt, struct kr_fault *reterr)
{
	char text[100];
	uint64_t gone;
	int r = change(s,
		       "UPDATE delivery SET state=6,reason='in a backup that was restored' "
		       "WHERE state IN (1,2,3)",
		       0, doubt, reterr);

	if (!r)
		r = change(s, "UPDATE outbox SET state=3,why=8 WHERE state=1 AND due<?1", since,
			   withheld, reterr);
	if (!r)
		r = skip_numbers(s, reterr);
	if (!r)
		r = change(s, "DELETE FROM meta WHERE key='recover'", 0, &gone, reterr);
	if (r)
		return r;
	snprintf(text, sizeof(text), "%llu rows withheld, %llu deliveries in doubt",
		 (unsigned long long)*withheld, (unsigned long long)*doubt);
	return kr_store__audit(s, by, "node.recover", KR_STR("node"), kr_str_c(text), reterr);
}

int kr_store_recover_finish(struct kr_store *s, const struct kr_by *by, kr_time since,
			    uint64_t *ret_withheld, uint64_t *ret_doubt, struct kr_fault *reterr)
{
	kr_time restored = kr_store_recovering(s);
	int r;

	if (restored == KR_TIME_NONE) {
		kr_fault_set(reterr, -KR_EINVAL, "this node is not in recover mode");
		return -KR_EINVAL;
	}
	r = kr_store__main_begin(s, reterr);
	if (r)
		return r;
	r = finish(s, by, since == KR_TIME_NONE ? restored : since, ret_withheld, ret_doubt,
		   reterr);
	r = kr_store__main_end(s, r, reterr);
	if (!r)
		__atomic_store_n(&s->recovering, KR_TIME_NONE, __ATOMIC_RELEASE);
	return r;
}
