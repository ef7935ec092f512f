/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold in the store whatever the desk does. */
#include "store/account.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "tap.h"

#define S(text) KR_STR(text)

static char folder[] = "/tmp/karaula-test-XXXXXX";
static struct kr_store *store;
static struct kr_arena *arena;
static kr_time now = 1800000000 * KR_SECOND;
static const struct kr_by by = {
	.who = {"user:root", 9}, .door = KR_DOOR_PAGE, .address = {"192.0.2.1", 9}};

static kr_time test_clock(void)
{
	return now;
}

static struct kr_hash hash_of(const char *text)
{
	struct kr_hash h;

	kr_hash_of(text, strlen(text), &h);
	return h;
}

static uint32_t add(struct kr_str name, enum kr_role role)
{
	struct kr_user u = {.name = name, .role = role};
	struct kr_fault f = {0};
	uint32_t id = 0;

	if (!OK(!kr_store_user_put(store, &by, "user.add", &u, S(""), &id, &f), "a user is added"))
		printf("# %s\n", f.message);
	return id;
}

static void test_users(void)
{
	static const char *const bad[] = {"",	      "-a", "@a",   "a b",    "a\n", "a;b",
					  "\xc5\xa1", ".",  "a'--", "a/../b", "a%41"};
	struct kr_user u = {.name = S("ana"), .role = KR_ROLE_VIEWER}, got;
	struct kr_fault f = {0};
	uint32_t id, other;
	size_t wrong = 0;

	id = add(S("ana"), KR_ROLE_VIEWER);
	IS(kr_store_user_put(store, &by, "user.add", &u, S(""), &other, &f), -KR_EEXIST,
	   "a name is there once");
	for (size_t i = 0; i < KR_ARRAY_LEN(bad); i++) {
		u.name = kr_str_c(bad[i]);
		wrong += kr_store_user_put(store, &by, "user.add", &u, S(""), &other, &f) !=
			 -KR_EINVAL;
	}
	IS(wrong, 0, "names that are none");
	IS(kr_store_user_get(store, S("ana"), 0, arena, &got, &f), 0, "it is found by name");
	OK(got.id == id && got.revision == 1 && !got.password.n && got.seen == KR_TIME_NONE &&
		   got.created == now,
	   "as it was added");
	IS(kr_store_user_get(store, S(""), id, arena, &got, &f), 0, "and by number");
	IS(kr_store_user_get(store, S("ANA"), 0, arena, &got, &f), -KR_ENOENT, "letters count");
	got.title = S("Title");
	IS(kr_store_user_put(store, &by, "user.edit", &got, S(""), &other, &f), 0, "a change");
	IS(kr_store_user_put(store, &by, "user.edit", &got, S(""), &other, &f), -KR_EEXIST,
	   "of what was changed meanwhile is refused");
	got.id = 4711;
	IS(kr_store_user_put(store, &by, "user.edit", &got, S(""), &other, &f), -KR_EEXIST,
	   "so is one of nobody");
	IS(kr_store_user_password(store, &by, 4711, S("x"), 0, &f), -KR_ENOENT,
	   "and a password of nobody");
	IS(kr_store_user_remove(store, &by, 4711, &f), -KR_ENOENT,
	   "who is not there is not removed");
}

static atomic_int done, denied;

static void *demote(void *arg)
{
	struct kr_user *u = arg;
	uint32_t id;
	int r;

	u->role = KR_ROLE_VIEWER;
	r = kr_store_user_put(store, &by, "user.edit", u, S(""), &id, NULL);
	done += !r;
	denied += r == -KR_EDENIED;
	return NULL;
}

static void test_admins(void)
{
	struct kr_user u[4];
	pthread_t thread[4];
	char name[8];

	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "root%d", i);
		if (kr_store_user_get(store, S(""), add(kr_str_c(name), KR_ROLE_ADMIN), arena,
				      &u[i], NULL))
			exit(1);
	}
	for (int i = 0; i < 4; i++)
		if (pthread_create(&thread[i], NULL, demote, &u[i]))
			exit(1);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	OK(done == 3 && denied == 1, "of four administrators that go at once, one stays");
}

static void test_links(void)
{
	struct kr_hash one = hash_of("one"), two = hash_of("two");
	uint32_t id = add(S("bob"), KR_ROLE_VIEWER);
	struct kr_fault f = {0};
	struct kr_user u;
	kr_time expires;

	IS(kr_store_link_add(store, &by, id, &one, now + KR_DAY, &f), 0, "a link");
	IS(kr_store_link_find(store, &one, now, arena, &u, &expires, &f), 0, "is found");
	OK(u.id == id && expires == now + KR_DAY, "with its user");
	IS(kr_store_link_find(store, &two, now, arena, &u, &expires, &f), -KR_ENOENT,
	   "another not");
	IS(kr_store_link_find(store, &one, now + KR_DAY, arena, &u, &expires, &f), -KR_ENOENT,
	   "nor after its end");
	IS(kr_store_link_use(store, &by, &one, now + KR_DAY, S("stored"), &f), -KR_ENOENT,
	   "then it is not used");
	IS(kr_store_link_use(store, &by, &one, now, S("stored"), &f), 0, "in time it is");
	IS(kr_store_link_use(store, &by, &one, now, S("again"), &f), -KR_ENOENT, "once");
	if (kr_store_user_get(store, S("bob"), 0, arena, &u, &f))
		exit(1);
	IS_STR(u.password, S("stored"), "the password is the first one's");
	IS(kr_store_link_add(store, &by, 4711, &two, now + KR_DAY, &f), -KR_ENOENT,
	   "nobody gets no link");
	IS(kr_store_link_add(store, &by, id, &two, now + KR_DAY, &f), 0, "a link");
	u.disabled = true;
	if (kr_store_user_put(store, &by, "user.disable", &u, S(""), &id, &f))
		exit(1);
	IS(kr_store_link_find(store, &two, now, arena, &u, &expires, &f), -KR_ENOENT,
	   "of who is disabled is gone");
}

static void test_sessions(void)
{
	struct kr_session x = {.created = now, .seen = now, .expires = now + KR_DAY}, got, *list;
	struct kr_hash h = hash_of("session"), h2 = hash_of("other");
	uint32_t id = add(S("eva"), KR_ROLE_VIEWER);
	struct kr_fault f = {0};
	struct kr_user u;
	uint64_t sid, other;
	size_t n;

	x.user = id;
	memcpy(x.csrf, "0123456789012345678901234567890123456789012", 44);
	IS(kr_store_session_add(store, &by, &x, &h, 5, &sid, &f), 0, "a session");
	OK(kr_store_session_add(store, &by, &x, &h, 5, &other, &f) < 0, "a token is there once");
	IS(kr_store_session_find(store, &h, arena, &got, &u, &f), 0, "is found");
	OK(got.id == sid && u.id == id && !strcmp(got.csrf, x.csrf), "whole");
	IS(kr_store_session_find(store, &h2, arena, &got, &u, &f), -KR_ENOENT, "another not");
	IS(kr_store_session_seen(store, sid, now + KR_HOUR, &f), 0, "seen");
	IS(kr_store_session_seen(store, sid, now, &f), 0, "never goes back");
	if (kr_store_session_find(store, &h, arena, &got, &u, &f))
		exit(1);
	IS(got.seen, now + KR_HOUR, "the later time stays");
	IS(kr_store_session_end(store, &by, "session.end", id + 1, sid, &f), -KR_ENOENT,
	   "another's is not ended");
	IS(kr_store_account_purge(store, now, now, now, &f), 0, "what counts is not purged");
	IS(kr_store_account_purge(store, now + KR_DAY, now, now, &f) > 0, true, "what ended is");
	IS(kr_store_session_list(store, id, arena, &list, &n, &f), 0, "a list");
	IS(n, 0, "without it");
	if (kr_store_user_get(store, S("eva"), 0, arena, &u, &f))
		exit(1);
	u.disabled = true;
	if (kr_store_user_put(store, &by, "user.disable", &u, S(""), &id, &f))
		exit(1);
	IS(kr_store_session_add(store, &by, &x, &h, 5, &sid, &f), -KR_EDENIED,
	   "who was disabled meanwhile does not come in");
}

static void test_failures(void)
{
	struct kr_failures name, address;
	struct kr_fault f = {0};

	for (int i = 0; i < 3; i++)
		if (kr_store_failure_add(store, &by, S("guess"), S("192.0.2.0"), now - KR_DAY,
					 S("wrong"), &f))
			exit(1);
	if (kr_store_failure_add(store, &by, S(""), S("192.0.2.0"), now - KR_DAY, S("wrong"), &f) ||
	    kr_store_failures(store, S("guess"), S("192.0.2.0"), now - KR_DAY, &name, &address, &f))
		exit(1);
	OK(name.n == 3 && address.n == 4 && name.last == now, "failures are counted by both");
	if (kr_store_failures(store, S("192.0.2.0"), S("guess"), now - KR_DAY, &name, &address, &f))
		exit(1);
	OK(!name.n && !address.n && name.last == KR_TIME_NONE, "a name is no address");
	if (kr_store_failures(store, S("guess"), S(""), now, &name, &address, &f))
		exit(1);
	IS(name.n, 0, "what was before a time does not count");
	now += KR_HOUR;
	if (kr_store_failure_add(store, &by, S("guess"), S(""), now - KR_MINUTE, S("wrong"), &f) ||
	    kr_store_failures(store, S("guess"), S(""), 0, &name, &address, &f))
		exit(1);
	IS(name.n, 1, "and counting begins anew");
}

/* Logins and failures are told, and the chain is whole. */
static void test_audit(void)
{
	struct kr_audit_query q = {.action = S("login*"), .limit = 100};
	struct kr_audit_row *rows;
	struct kr_hash head;
	struct kr_fault f = {0};
	uint64_t count;
	size_t n;

	IS(kr_store_audit_list(store, &q, arena, &rows, &n, &f), 0, "the audit log");
	OK(n == 6 && kr_str_eqc(rows[0].action, "login.failed") &&
		   kr_str_eqc(rows[0].object, "guess") && kr_str_eqc(rows[0].address, "192.0.2.1"),
	   "has the logins and the failures: %zu", n);
	IS(kr_store_audit_verify(store, &count, &head, &f), 0, "and is whole");
}

int main(void)
{
	static const struct kr_store_opts opts = {.now = test_clock};
	struct kr_fault f = {0};
	char dir[100], command[100];

	if (!mkdtemp(folder))
		return 1;
	snprintf(dir, sizeof(dir), "%s/node", folder);
	if (kr_store_init(dir, &f) || kr_store_open(dir, &opts, &store, &f)) {
		printf("Bail out! %s\n", f.message);
		return 1;
	}
	arena = kr_arena_new(0);
	test_users();
	test_admins();
	test_links();
	test_sessions();
	test_failures();
	test_audit();
	kr_arena_free(arena);
	kr_store_close(store);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	if (system(command))
		printf("# %s stays\n", folder);
	return tap_end();
}
