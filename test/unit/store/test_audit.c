/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log: what is changed, taken out or put in behind our back shows. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "store/audit.h"
#include "store/store.h"
#include "tap.h"

static const struct kr_by by = {
	.who = KR_STR("user:duty"), .door = KR_DOOR_PAGE, .address = KR_STR("192.0.2.1")};

static void add(struct kr_store *s, const char *action, const char *object, const char *detail)
{
	struct kr_fault f;

	IS(kr_store_audit_add(s, &by, action, kr_str_c(object), kr_str_c(detail), &f), 0,
	   "a row is added");
}

/* As somebody with the file would. */
static void tamper(const char *dir, const char *sql)
{
	char path[200];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/main.db", dir);
	if (sqlite3_open(path, &db) || sqlite3_exec(db, sql, NULL, NULL, NULL))
		printf("Bail out! %s\n", sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void test_list(struct kr_store *s)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_audit_query q = {.limit = 2};
	struct kr_audit_row *rows;
	struct kr_fault f;
	size_t n;

	IS(kr_store_audit_list(s, &q, a, &rows, &n, &f), 0, "list");
	IS(n, 2, "as many as asked for");
	IS_STR(rows[0].action, KR_STR("login.failed"), "newest first");
	IS_STR(rows[0].who, by.who, "who");
	IS_STR(rows[0].address, by.address, "from where");
	q = (struct kr_audit_query){.before = rows[1].seq};
	IS(kr_store_audit_list(s, &q, a, &rows, &n, &f), 0, "the next page");
	IS(n, 2, "the rest");
	q = (struct kr_audit_query){.action = KR_STR("source.*")};
	IS(kr_store_audit_list(s, &q, a, &rows, &n, &f), 0, "by the beginning of the action");
	IS(n, 2, "two of them");
	q = (struct kr_audit_query){.who = KR_STR("user:dut")};
	IS(kr_store_audit_list(s, &q, a, &rows, &n, &f), 0, "by who");
	IS(n, 0, "a name is not its beginning");
}

static void test_tampering(struct kr_store *s, const char *dir)
{
	static const struct {
		const char *todo, *undo, *what;
		bool right;
	} cases[] = {
		{"UPDATE audit SET detail='x' WHERE seq=2",
		 "UPDATE audit SET detail='tlp' WHERE seq=2", "a detail", false},
		{"UPDATE audit SET who='user:lead' WHERE seq=1",
		 "UPDATE audit SET who='user:duty' WHERE seq=1", "who did it", false},
		{"UPDATE audit SET action='a' WHERE seq=3",
		 "UPDATE audit SET action='user.add' WHERE seq=3", "an action", false},
		{"UPDATE audit SET at=at+1 WHERE seq=3", "UPDATE audit SET at=at-1 WHERE seq=3",
		 "a time", false},
		{"CREATE TABLE kept AS SELECT * FROM audit WHERE seq=2;DELETE FROM audit WHERE "
		 "seq=2",
		 "INSERT INTO audit SELECT * FROM kept;DROP TABLE kept", "a row that is gone",
		 false},
		{"UPDATE audit SET hash=zeroblob(32) WHERE seq=4;", "SELECT 1", "a hash", false},
	};
	struct kr_hash head;
	uint64_t rows;
	struct kr_fault f;

	IS(kr_store_audit_verify(s, &rows, &head, &f), 0, "the log is right");
	IS(rows, 4, "all rows");
	for (size_t i = 0; i < KR_ARRAY_LEN(cases); i++) {
		tamper(dir, cases[i].todo);
		IS(kr_store_audit_verify(s, &rows, &head, &f), -KR_ECORRUPT, cases[i].what);
		OK(f.remedy[0] != 0, "with a remedy");
		tamper(dir, cases[i].undo);
	}
}

static void test_erasing(struct kr_store *s, const char *dir)
{
	struct kr_hash head;
	uint64_t rows;
	struct kr_fault f;

	tamper(dir, "UPDATE audit SET who=NULL,address=NULL,object=NULL,detail=NULL WHERE seq=1");
	IS(kr_store_audit_verify(s, &rows, &head, &f), 0, "erased texts do not break the chain");
	IS(rows, 4, "all rows");
}

int main(void)
{
	char dir[] = "/tmp/karaula-test-XXXXXX", cmd[200];
	struct kr_store *s;
	struct kr_fault f;

	if (!mkdtemp(dir) || kr_store_init(dir, &f) || kr_store_open(dir, NULL, &s, &f))
		return 99;
	add(s, "source.add", "feed", "tlp=amber");
	add(s, "source.edit", "feed", "tlp");
	add(s, "user.add", "d", "");
	add(s, "login.failed", "d", "");
	test_list(s);
	test_erasing(s, dir);
	tamper(dir, "UPDATE audit SET who='user:duty',address='192.0.2.1',object='feed',"
		    "detail='tlp=amber' WHERE seq=1");
	test_tampering(s, dir);
	kr_store_close(s);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	if (system(cmd))
		return 99;
	return tap_end();
}
