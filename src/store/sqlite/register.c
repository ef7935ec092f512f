/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constituents and their rules in main.db. Replacing marks everything retired, then brings back or
 * adds what the new register holds, in one transaction: readers see the old or the new one. Ids
 * stay for ever, since stored events name them.
 */
#include <stdio.h>

#include "store/sqlite/db.h"
#include "store/sqlite/scope.h"
#include "store/sqlite/state.h"

static int put_constituents(struct kr_store *s, struct kr_constituent *c, size_t n,
			    struct kr_register_change *change, struct kr_fault *reterr)
{
	KR_AUTO_STMT find = NULL;
	KR_AUTO_STMT put = NULL;
	int r = kr_db_prepare(s->main,
			      "SELECT title IS ?2 AND sector IS ?3 AND country IS ?4 AND contact "
			      "IS ?5 AND language IS ?6"
			      " AND note IS ?7 AND retired=2 FROM constituent WHERE name=?1",
			      &find, reterr);

	if (!r)
		r = kr_db_prepare(
			s->main,
			"INSERT INTO "
			"constituent(name,title,sector,country,contact,language,note,retired)"
			" VALUES(?1,?2,?3,?4,?5,?6,?7,0) ON CONFLICT(name) DO UPDATE SET"
			" title=?2,sector=?3,country=?4,contact=?5,language=?6,note=?7,retired=0 "
			"RETURNING id",
			&put, reterr);
	for (size_t i = 0; !r && i < n; i++) {
		sqlite3_stmt *both[] = {find, put};

		for (int k = 0; k < 2; k++) {
			kr_db_bind_str(both[k], 1, c[i].name);
			kr_db_bind_str(both[k], 2, c[i].title);
			kr_db_bind_str(both[k], 3, c[i].sector);
			kr_db_bind_str(both[k], 4, c[i].country);
			kr_db_bind_str(both[k], 5, c[i].contact);
			kr_db_bind_str(both[k], 6, c[i].language);
			kr_db_bind_str(both[k], 7, c[i].note);
		}
		r = kr_db_step(find, reterr);
		if (r == 0)
			change->added++;
		else if (r == 1 && !sqlite3_column_int(find, 0))
			change->changed++;
		sqlite3_reset(find);
		if (r >= 0)
			r = kr_db_step(put, reterr);
		if (r == 1) {
			c[i].id = (uint32_t)sqlite3_column_int64(put, 0);
			r = 0;
		}
		sqlite3_reset(put);
	}
	return r;
}

static int put_rules(struct kr_store *s, const struct kr_constituent *c, struct kr_rule *rules,
		     size_t n, struct kr_register_change *change, struct kr_fault *reterr)
{
	KR_AUTO_STMT put = NULL;
	KR_AUTO_STMT back = NULL;
	int r = kr_db_prepare(s->main,
			      "UPDATE rule SET retired=0 WHERE constituent=?1 AND kind=?2 AND "
			      "value=?3 RETURNING id",
			      &back, reterr);

	if (!r)
		r = kr_db_prepare(s->main,
				  "INSERT INTO rule(constituent,kind,value,retired) "
				  "VALUES(?1,?2,?3,0) RETURNING id",
				  &put, reterr);
	for (size_t i = 0; !r && i < n; i++) {
		uint32_t owner = c[rules[i].constituent].id;
		sqlite3_stmt *tries[] = {back, put};

		for (int k = 0; k < 2; k++) {
			sqlite3_bind_int64(tries[k], 1, owner);
			sqlite3_bind_int(tries[k], 2, (int)rules[i].kind);
			kr_db_bind_str(tries[k], 3, rules[i].value);
			r = kr_db_step(tries[k], reterr);
			if (r == 1)
				rules[i].id = (uint32_t)sqlite3_column_int64(tries[k], 0);
			sqlite3_reset(tries[k]);
			if (r)
				break;
			change->rules_added++;
		}
		rules[i].constituent = owner;
		r = r == 1 ? 0 : r ? r : kr_fault_set(reterr, -KR_ESTORE, "a rule was not stored");
	}
	return r;
}

static int count_of(struct kr_store *s, const char *sql, uint32_t *ret, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->main, sql, &st, reterr);

	if (!r)
		r = kr_db_step(st, reterr);
	if (r == 1)
		*ret = (uint32_t)sqlite3_column_int64(st, 0);
	return r < 0 ? r : 0;
}

static int note_change(struct kr_store *s, const struct kr_by *by,
		       const struct kr_register_change *c, struct kr_fault *reterr)
{
	char text[200];

	snprintf(text, sizeof(text),
		 "constituents: %u added, %u changed, %u retired; rules: %u added, %u retired",
		 c->added, c->changed, c->retired, c->rules_added, c->rules_retired);
	return kr_store__audit(s, by, "register.replace", KR_STR("register"), kr_str_c(text),
			       reterr);
}

int kr_store_register_replace(struct kr_store *s, const struct kr_by *by, struct kr_constituent *c,
			      size_t n_c, struct kr_rule *rules, size_t n_rules,
			      struct kr_register_change *ret, struct kr_fault *reterr)
{
	struct kr_register_change change = {0};
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	/* retired=2: live until now; what keeps it at the end is what this import retires. */
	r = kr_db_exec(s->main,
		       "UPDATE constituent SET retired=2 WHERE retired=0;UPDATE rule SET retired=2 "
		       "WHERE retired=0;",
		       reterr);
	if (!r)
		r = put_constituents(s, c, n_c, &change, reterr);
	if (!r)
		r = put_rules(s, c, rules, n_rules, &change, reterr);
	if (!r)
		r = count_of(s, "SELECT count(*) FROM constituent WHERE retired=2", &change.retired,
			     reterr);
	if (!r)
		r = count_of(s, "SELECT count(*) FROM rule WHERE retired=2", &change.rules_retired,
			     reterr);
	if (!r)
		r = kr_db_exec(s->main,
			       "UPDATE constituent SET retired=1 WHERE retired=2;UPDATE rule SET "
			       "retired=1 WHERE retired=2;"
			       "UPDATE meta SET value=value+1 WHERE key='register';",
			       reterr);
	if (!r)
		r = note_change(s, by, &change, reterr);
	r = kr_store__main_end(s, r, reterr);
	if (r)
		return r;
	__atomic_add_fetch(&s->register_version, 1, __ATOMIC_RELEASE);
	*ret = change;
	return 0;
}

uint64_t kr_store_register_version(struct kr_store *s)
{
	return __atomic_load_n(&s->register_version, __ATOMIC_ACQUIRE);
}

void kr_store__constituent_row(sqlite3_stmt *st, struct kr_arena *a, struct kr_constituent *ret)
{
	*ret = (struct kr_constituent){
		.id = (uint32_t)sqlite3_column_int64(st, 0),
		.name = kr_db_dup(st, 1, a),
		.title = kr_db_dup(st, 2, a),
		.sector = kr_db_dup(st, 3, a),
		.country = kr_db_dup(st, 4, a),
		.contact = kr_db_dup(st, 5, a),
		.language = kr_db_dup(st, 6, a),
		.note = kr_db_dup(st, 7, a),
		.retired = sqlite3_column_int(st, 8) != 0,
	};
}

void kr_store__rule_row(sqlite3_stmt *st, struct kr_arena *a, struct kr_rule *ret)
{
	*ret = (struct kr_rule){
		.id = (uint32_t)sqlite3_column_int64(st, 0),
		.constituent = (uint32_t)sqlite3_column_int64(st, 1),
		.kind = (enum kr_rule_kind)sqlite3_column_int(st, 2),
		.value = kr_db_dup(st, 3, a),
		.retired = sqlite3_column_int(st, 4) != 0,
	};
}

static size_t rows_in(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st = NULL;
	size_t n = 0;

	if (!kr_db_prepare(db, sql, &st, NULL) && kr_db_step(st, NULL) == 1)
		n = (size_t)sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

int kr_store_register_read(struct kr_store *s, const struct kr_scope *scope, bool retired,
			   struct kr_arena *a, struct kr_constituent **ret_c, size_t *ret_n_c,
			   struct kr_rule **ret_rules, size_t *ret_n_rules, struct kr_fault *reterr)
{
	char path[KR_PATH_MAX];
	sqlite3 *db;
	sqlite3_stmt *st = NULL;
	struct kr_constituent *c = NULL;
	struct kr_rule *rules = NULL;
	size_t n_c = 0, n_rules = 0, max_c, max_rules;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	/* One read transaction: constituents and rules of the same register. */
	r = kr_db_exec(db, "BEGIN", reterr);
	max_c = rows_in(db, "SELECT count(*) FROM constituent");
	max_rules = rows_in(db, "SELECT count(*) FROM rule");
	c = kr_arena_calloc(a, max_c, sizeof(*c));
	rules = kr_arena_calloc(a, max_rules, sizeof(*rules));
	if (!r && (!c || !rules))
		r = kr_fault_set(reterr, -KR_ELIMIT, "no room for the register");
	if (!r)
		r = kr_db_prepare(
			db,
			"SELECT " KR_CONSTITUENT_COLUMNS
			" FROM constituent WHERE (?1 OR retired=0) AND ?2 AND (?3=0 OR id=?3)"
			" ORDER BY name",
			&st, reterr);
	if (!r) {
		sqlite3_bind_int(st, 1, retired);
		sqlite3_bind_int(st, 2, kr_store__shows_register(scope));
		sqlite3_bind_int64(st, 3, kr_store__bound(scope));
		while ((r = kr_db_step(st, reterr)) == 1 && n_c < max_c) {
			kr_store__constituent_row(st, a, &c[n_c]);
			kr_store__constituent_redact(scope, &c[n_c++]);
		}
	}
	sqlite3_finalize(st);
	st = NULL;
	if (r >= 0)
		r = kr_db_prepare(db,
				  "SELECT " KR_RULE_COLUMNS
				  " FROM rule WHERE (?1 OR retired=0) AND ?2"
				  " AND (?3=0 OR constituent=?3)"
				  " ORDER BY constituent,kind,id",
				  &st, reterr);
	if (!r) {
		sqlite3_bind_int(st, 1, retired);
		sqlite3_bind_int(st, 2, kr_store__shows_register(scope));
		sqlite3_bind_int64(st, 3, kr_store__bound(scope));
		while ((r = kr_db_step(st, reterr)) == 1 && n_rules < max_rules)
			kr_store__rule_row(st, a, &rules[n_rules++]);
	}
	sqlite3_finalize(st);
	sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	kr_store__reader_put(s, db);
	if (r < 0 || kr_arena_full(a))
		return r < 0 ? r : kr_fault_set(reterr, -KR_ELIMIT, "no room for the register");
	*ret_c = c;
	*ret_n_c = n_c;
	*ret_rules = rules;
	*ret_n_rules = n_rules;
	return 0;
}

int kr_store_owner_get(struct kr_store *s, const struct kr_owner *o, struct kr_arena *a,
		       struct kr_constituent *ret_c, struct kr_rule *ret_rule,
		       struct kr_fault *reterr)
{
	char path[KR_PATH_MAX];
	sqlite3 *db;
	sqlite3_stmt *c = NULL, *rule = NULL;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(db, "SELECT " KR_CONSTITUENT_COLUMNS " FROM constituent WHERE id=?1", &c,
			  reterr);
	if (!r)
		r = kr_db_prepare(db, "SELECT " KR_RULE_COLUMNS " FROM rule WHERE id=?1", &rule,
				  reterr);
	if (!r) {
		sqlite3_bind_int64(c, 1, o->constituent);
		sqlite3_bind_int64(rule, 1, o->rule);
		r = kr_db_step(c, reterr);
		if (r == 1) {
			kr_store__constituent_row(c, a, ret_c);
			r = kr_db_step(rule, reterr);
		}
		if (r == 1)
			kr_store__rule_row(rule, a, ret_rule);
		r = r == 1 ? 0
		    : r	   ? r
			: kr_fault_set(reterr, -KR_ENOENT, "constituent %u is not in the register",
				       o->constituent);
	}
	sqlite3_finalize(c);
	sqlite3_finalize(rule);
	kr_store__reader_put(s, db);
	return r;
}
