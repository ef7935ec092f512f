/* SPDX-License-Identifier: Apache-2.0 */
/* Constituents one by one and a page at a time: for pages and lists, which never need the whole
 * register. */
#include "store/sqlite/db.h"
#include "store/sqlite/scope.h"
#include "store/sqlite/state.h"

static int read_page(sqlite3 *db, const struct kr_scope *scope, struct kr_str after, uint32_t limit,
		     struct kr_arena *a, struct kr_constituent *ret, size_t *ret_n,
		     struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	size_t n = 0;
	int r = kr_db_prepare(
		db,
		"SELECT " KR_CONSTITUENT_COLUMNS
		" FROM constituent WHERE name>?1 AND retired=0 AND ?2 AND (?4=0 OR id=?4)"
		" ORDER BY name LIMIT ?3",
		&st, reterr);

	if (r)
		return r;
	kr_db_bind_str(st, 1, after.p ? after : KR_STR(""));
	sqlite3_bind_int(st, 2, kr_store__shows_register(scope));
	sqlite3_bind_int64(st, 3, limit);
	sqlite3_bind_int64(st, 4, kr_store__bound(scope));
	while ((r = kr_db_step(st, reterr)) == 1 && n < limit) {
		kr_store__constituent_row(st, a, &ret[n]);
		kr_store__constituent_redact(scope, &ret[n++]);
	}
	*ret_n = n;
	return r;
}

int kr_store_constituent_list(struct kr_store *s, const struct kr_scope *scope, struct kr_str after,
			      uint32_t limit, struct kr_arena *a, struct kr_constituent **ret,
			      size_t *ret_n, struct kr_fault *reterr)
{
	struct kr_constituent *c = kr_arena_calloc(a, limit, sizeof(*c));
	char path[KR_PATH_MAX];
	sqlite3 *db;
	size_t n = 0;
	int r;

	if (!c)
		return kr_fault_set(reterr, -KR_ELIMIT, "no room for %u constituents", limit);
	r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);
	if (r)
		return r;
	r = read_page(db, scope, after, limit, a, c, &n, reterr);
	kr_store__reader_put(s, db);
	if (r < 0 || kr_arena_full(a))
		return r < 0 ? r : kr_fault_set(reterr, -KR_ELIMIT, "no room for the constituents");
	*ret = c;
	*ret_n = n;
	return 0;
}

static int read_one(sqlite3 *db, const struct kr_scope *scope, struct kr_str name,
		    struct kr_arena *a, struct kr_constituent *ret, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(db,
			      "SELECT " KR_CONSTITUENT_COLUMNS
			      " FROM constituent WHERE name=?1 AND ?2 AND (?3=0 OR id=?3)",
			      &st, reterr);

	if (r)
		return r;
	kr_db_bind_str(st, 1, name);
	sqlite3_bind_int(st, 2, kr_store__shows_register(scope));
	sqlite3_bind_int64(st, 3, kr_store__bound(scope));
	r = kr_db_step(st, reterr);
	if (r == 0)
		return kr_fault_set(reterr, -KR_ENOENT, "no constituent is called '%.*s'",
				    (int)KR_MIN(name.n, (size_t)100), name.p);
	if (r == 1) {
		kr_store__constituent_row(st, a, ret);
		kr_store__constituent_redact(scope, ret);
	}
	return KR_MIN(r, 0);
}

static int read_rules(sqlite3 *db, uint32_t constituent, uint32_t max, struct kr_arena *a,
		      struct kr_rule *ret, size_t *ret_n, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	size_t n = 0;
	int r = kr_db_prepare(
		db,
		"SELECT " KR_RULE_COLUMNS
		" FROM rule WHERE constituent=?1 AND retired=0 ORDER BY kind,value LIMIT ?2",
		&st, reterr);

	if (r)
		return r;
	sqlite3_bind_int64(st, 1, constituent);
	sqlite3_bind_int64(st, 2, max);
	while ((r = kr_db_step(st, reterr)) == 1 && n < max)
		kr_store__rule_row(st, a, &ret[n++]);
	*ret_n = n;
	return r;
}

int kr_store_constituent_get(struct kr_store *s, const struct kr_scope *scope, struct kr_str name,
			     uint32_t rules_max, struct kr_arena *a, struct kr_constituent *ret,
			     struct kr_rule **ret_rules, size_t *ret_n_rules,
			     struct kr_fault *reterr)
{
	struct kr_rule *rules = kr_arena_calloc(a, rules_max, sizeof(*rules));
	struct kr_constituent c = {0};
	char path[KR_PATH_MAX];
	sqlite3 *db;
	size_t n = 0;
	int r;

	if (!rules)
		return kr_fault_set(reterr, -KR_ELIMIT, "no room for %u rules", rules_max);
	r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);
	if (r)
		return r;
	r = read_one(db, scope, name, a, &c, reterr);
	if (!r)
		r = read_rules(db, c.id, rules_max, a, rules, &n, reterr);
	kr_store__reader_put(s, db);
	if (r < 0 || kr_arena_full(a))
		return r < 0 ? r : kr_fault_set(reterr, -KR_ELIMIT, "no room for the constituent");
	*ret = c;
	*ret_rules = rules;
	*ret_n_rules = n;
	return 0;
}

int kr_store_rule_get(struct kr_store *s, uint32_t id, struct kr_arena *a, struct kr_rule *ret,
		      struct kr_fault *reterr)
{
	sqlite3_stmt *st = NULL;
	char path[KR_PATH_MAX];
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(db, "SELECT " KR_RULE_COLUMNS " FROM rule WHERE id=?1", &st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, id);
		r = kr_db_step(st, reterr);
	}
	if (r == 1)
		kr_store__rule_row(st, a, ret);
	else if (r == 0)
		kr_fault_set(reterr, -KR_ENOENT, "there is no rule %u", id);
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	return r == 1 ? 0 : r ? r : -KR_ENOENT;
}
