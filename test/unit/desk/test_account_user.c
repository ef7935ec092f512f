/* SPDX-License-Identifier: Apache-2.0 */
/* Users and sessions under change: what is remembered is never older than the change. */
#include "account.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "desk/account_internal.h"

static int session(const char *token, struct kr_viewer *ret)
{
	return kr_account_session(accounts, kr_str_c(token), &page, arena, ret, NULL);
}

static struct kr_viewer as(const char *token)
{
	struct kr_viewer v = {0};

	if (session(token, &v))
		printf("Bail out! the session does not work\n");
	return v;
}

static void test_at_once(void)
{
	struct kr_user_change lead = {.role = S("lead"), .title = S("Lead")},
			      back = {.role = S("viewer")};
	struct kr_logged_in in, second;
	struct kr_user u;
	struct kr_viewer v;
	struct kr_fault f = {0};

	user_add(S("ana"), S("viewer"), KR_STR_NULL);
	in = user_in(S("ana"));
	IS(as(in.token).role, KR_ROLE_VIEWER, "a viewer");
	IS(kr_account_user_edit(accounts, &local, S("ana"), 0, &lead, arena, &u, &f), 0,
	   "becomes a lead");
	v = as(in.token);
	OK(v.role == KR_ROLE_LEAD && kr_viewer_can(&v, KR_RIGHT_AUDIT),
	   "at once, in the same session");
	IS(kr_account_user_edit(accounts, &local, S("ana"), u.revision - 1, &back, arena, &u, &f),
	   -KR_EEXIST, "a change of what was seen before it is refused");
	IS(kr_account_user_edit(accounts, &local, S("ana"), u.revision, &back, arena, &u, &f), 0,
	   "one of what is there is not");
	v = as(in.token);
	OK(v.role == KR_ROLE_VIEWER && !kr_viewer_can(&v, KR_RIGHT_AUDIT),
	   "and takes rights at once");
	IS_CSTR(u.password.p, "set", "what is stored for the password is not handed out");
	IS(kr_account_user_enable(accounts, &local, S("ana"), false, &f), 0, "disabled");
	IS(session(in.token, &v), -KR_EAUTH, "is out at once");
	IS(kr_account_user_enable(accounts, &local, S("ana"), true, &f), 0, "enabled again");
	IS(session(in.token, &v), -KR_EAUTH, "does not bring the session back");
	IS(kr_account_login(accounts, S("ana"), GOOD, &page, arena, &in, &f), 0,
	   "but the password");
	IS(kr_account_login(accounts, S("ana"), GOOD, &page, arena, &second, &f), 0, "twice");
	v = as(in.token);
	IS(kr_account_change_password(accounts, &v, S("not the old one"), S("another good one"),
				      &f),
	   -KR_EAUTH, "the password is not changed without the old one");
	IS(kr_account_change_password(accounts, &v, GOOD, S("short"), &f), -KR_EINVAL,
	   "nor to a bad one");
	IS(kr_account_change_password(accounts, &v, GOOD, S("another good one"), &f), 0,
	   "with it, it is");
	IS(session(in.token, &v), 0, "this session goes on");
	IS(session(second.token, &v), -KR_EAUTH, "the other ends");
	IS(kr_account_login(accounts, S("ana"), GOOD, &page, arena, &second, &f), -KR_EAUTH,
	   "the old password is none any more");
	v = as(in.token);
	IS(kr_account_logout(accounts, &v, &f), 0, "logout");
	IS(session(in.token, &v), -KR_EAUTH, "ends it");
	IS(kr_account_logout(accounts, &local, &f), -KR_EAUTH, "who has no session ends none");
}

static void test_constituent(void)
{
	struct kr_logged_in in;
	struct kr_viewer v;
	struct kr_fault f = {0};

	constituents(true);
	user_add(S("soc"), S("operator"), S("beta"));
	in = user_in(S("soc"));
	v = as(in.token);
	OK(v.constituent && kr_str_eqc(v.constituent_name, "beta"),
	   "an operator has a constituent");
	IS(v.rights, KR_RIGHT_EVENTS | KR_RIGHT_DELIVERIES | KR_RIGHT_FEEDBACK, "and few rights");
	constituents(false);
	IS(session(in.token, &v), -KR_EAUTH, "when it leaves the register he is out");
	IS(kr_account_login(accounts, S("soc"), GOOD, &page, arena, &in, &f), -KR_EAUTH,
	   "and does not come in again");
	OK(strstr(f.message, "register"), "%s", f.message);
	constituents(true);
	IS(kr_account_login(accounts, S("soc"), GOOD, &page, arena, &in, &f), 0,
	   "until it is back");
}

static void test_own_only(void)
{
	struct kr_user_change c = {.role = S("admin")};
	struct kr_account_link link;
	struct kr_logged_in eva, bob;
	struct kr_session *list;
	struct kr_viewer v, other;
	struct kr_user u, *users;
	struct kr_fault f = {0};
	size_t n;

	user_add(S("eva"), S("lead"), KR_STR_NULL);
	user_add(S("bob"), S("viewer"), KR_STR_NULL);
	eva = user_in(S("eva"));
	bob = user_in(S("bob"));
	v = as(eva.token);
	other = as(bob.token);
	IS(kr_account_user_list(accounts, &v, arena, &users, &n, &f), -KR_EDENIED,
	   "who may not change users does not list them");
	OK(strstr(f.message, "'users'"), "%s", f.message);
	IS(kr_account_user_edit(accounts, &v, S("eva"), 0, &c, arena, &u, &f), -KR_EDENIED,
	   "does not make himself an administrator");
	IS(kr_account_user_add(accounts, &v, S("new"), &c, arena, &u, &f), -KR_EDENIED,
	   "nor others");
	IS(kr_account_link_new(accounts, &v, S("bob"), arena, &link, &f), -KR_EDENIED,
	   "makes no links");
	IS(kr_account_user_remove(accounts, &v, S("bob"), &f), -KR_EDENIED, "removes nobody");
	IS(kr_account_user_enable(accounts, &v, S("bob"), false, &f), -KR_EDENIED,
	   "keeps nobody out");
	IS(kr_account_session_list(accounts, &v, S("bob"), arena, &list, &n, &f), -KR_EDENIED,
	   "does not see others' sessions");
	IS(kr_account_session_list(accounts, &v, S("*"), arena, &list, &n, &f), -KR_EDENIED,
	   "nor all");
	IS(kr_account_session_list(accounts, &v, KR_STR_NULL, arena, &list, &n, &f), 0,
	   "but his own");
	OK(n == 1 && list[0].id == v.session && !list[0].csrf[0] &&
		   kr_str_eqc(list[0].address, "192.0.2.7") &&
		   kr_str_eqc(list[0].agent, "Example/1.0"),
	   "with address and program, without its secrets");
	IS(kr_account_session_end(accounts, &v, other.session, &f), -KR_ENOENT,
	   "another's session is none for him");
	IS(session(bob.token, &other), 0, "and goes on");
	IS(kr_account_session_end_all(accounts, &v, S("bob"), &f), -KR_EDENIED, "all of them too");
	IS(kr_account_session_end(accounts, &local, other.session, &f), 0,
	   "an administrator ends it");
	IS(session(bob.token, &other), -KR_EAUTH, "at once");
	IS(kr_account_session_end_all(accounts, &local, S("eva"), &f), 1, "or all of a user");
	IS(session(eva.token, &v), -KR_EAUTH, "at once");
	IS(kr_account_user_list(accounts, &(struct kr_viewer){0}, arena, &users, &n, &f), -KR_EAUTH,
	   "nobody is asked to log in");
}

static void test_last_admin(void)
{
	struct kr_user_change viewer = {.role = S("viewer")};
	struct kr_fault f = {0};
	struct kr_user u;

	user_add(S("root1"), S("admin"), KR_STR_NULL);
	IS(kr_account_user_remove(accounts, &local, S("root1"), &f), -KR_EDENIED,
	   "the last administrator stays");
	IS(kr_account_user_enable(accounts, &local, S("root1"), false, &f), -KR_EDENIED, "enabled");
	IS(kr_account_user_edit(accounts, &local, S("root1"), 0, &viewer, arena, &u, &f),
	   -KR_EDENIED, "and administrator");
	OK(strstr(f.remedy, "user add"), "%s", f.remedy);
	user_add(S("root2"), S("admin"), KR_STR_NULL);
	IS(kr_account_user_enable(accounts, &local, S("root2"), false, &f), 0, "one of two may go");
	IS(kr_account_user_remove(accounts, &local, S("root1"), &f), -KR_EDENIED,
	   "one that is disabled does not count");
	IS(kr_account_user_enable(accounts, &local, S("root2"), true, &f), 0, "back");
	IS(kr_account_user_remove(accounts, &local, S("root1"), &f), 0, "then the other may go");
	IS(kr_account_user_get(accounts, &local, S("root1"), arena, &u, &f), -KR_ENOENT,
	   "and is gone");
}

static void test_many_sessions(void)
{
	struct kr_logged_in in[6];
	struct kr_session *list;
	struct kr_viewer v;
	size_t n;

	user_add(S("many"), S("viewer"), KR_STR_NULL);
	in[0] = user_in(S("many"));
	for (int i = 1; i < 6; i++)
		if (kr_account_login(accounts, S("many"), GOOD, &page, arena, &in[i], NULL))
			OK(false, "login %d", i);
	IS(session(in[0].token, &v), -KR_EAUTH, "beyond the most that a user may have");
	IS(session(in[1].token, &v), -KR_EAUTH, "the oldest end");
	IS(session(in[2].token, &v), 0, "the others do not");
	IS(kr_account_session_list(accounts, &local, S("many"), arena, &list, &n, NULL), 0,
	   "a list");
	IS(n, 4, "of four");
	IS(kr_account_session_end_all(accounts, &v, KR_STR_NULL, NULL), 3,
	   "all others of one's own end");
	IS(session(in[2].token, &v), 0, "but the one that asks");
}

/* ---- the file of the first link ---- */

static bool file_there(void)
{
	return !faccessat(kr_store_dirfd(store), "secrets/admin-link", F_OK, 0);
}

static void test_file(void)
{
	struct kr_account_link link;
	struct kr_logged_in in;
	struct kr_fault f = {0};
	char url[100];

	user_add(S("first"), S("viewer"), KR_STR_NULL);
	for (int way = 0; way < 4; way++) {
		if (kr_account_link_new(accounts, &local, S("first"), arena, &link, &f))
			exit(1);
		snprintf(url, sizeof(url), "http://127.0.0.1:8440/login/link/%s", link.token);
		IS(kr_account_link_write(accounts, kr_str_c(url), &f), 0, "a link in the file");
		user_add(way & 1 ? S("odd") : S("even"), S("viewer"), KR_STR_NULL);
		user_in(way & 1 ? S("odd") : S("even"));
		OK(file_there(), "stays while the link works");
		if (way == 0)
			IS(kr_account_link_use(accounts, kr_str_c(link.token), GOOD, &page, arena,
					       &in, &f),
			   0, "it is used");
		else if (way == 1)
			IS(kr_account_link_new(accounts, &local, S("first"), arena, &link, &f), 0,
			   "it is replaced");
		else if (way == 2)
			later(KR_DAY + KR_HOUR);
		else
			IS(kr_account_user_remove(accounts, &local, S("first"), &f), 0,
			   "the user is removed");
		if (way == 2)
			IS(kr_account_login(accounts, S("even"), GOOD, &page, arena, &in, &f), 0,
			   "it is too old, which the next login tidies up");
		OK(!file_there(), "then it is gone");
		if (kr_account_user_remove(accounts, &local, way & 1 ? S("odd") : S("even"), &f))
			exit(1);
	}
}

/* ---- races ---- */

static atomic_int stop, let_in;
static char token[KR_TOKEN_CHARS + 1];
static atomic_int disabled, wrong;

static void *ask(void *arg)
{
	(void)arg;
	while (!stop) {
		KR_AUTO(kr_arena) *a = kr_arena_new(0);
		int before = disabled, r;
		struct kr_viewer v;

		r = kr_account_session(accounts, kr_str_c(token), &page, a, &v, NULL);
		/* Ended before the question was asked: it may not be answered with yes. */
		wrong += before && !r;
		let_in += !r;
	}
	return NULL;
}

static void test_race(void)
{
	pthread_t thread[3];
	struct kr_user_change c[2] = {{.role = S("viewer")}, {.role = S("duty")}};
	struct kr_logged_in in;
	struct kr_fault f = {0};
	struct kr_user u;
	struct kr_viewer v;

	user_add(S("racer"), S("viewer"), KR_STR_NULL);
	in = user_in(S("racer"));
	memcpy(token, in.token, sizeof(token));
	for (int i = 0; i < 3; i++)
		if (pthread_create(&thread[i], NULL, ask, NULL))
			exit(1);
	for (int i = 0; i < 40; i++) {
		if (kr_account_user_edit(accounts, &local, S("racer"), 0, &c[i & 1], arena, &u, &f))
			OK(false, "edit %d", i);
		if (as(in.token).role != (i & 1 ? KR_ROLE_DUTY : KR_ROLE_VIEWER))
			OK(false, "a role of before, in round %d", i);
	}
	while (!let_in)
		;
	if (kr_account_user_enable(accounts, &local, S("racer"), false, &f))
		exit(1);
	disabled = 1;
	for (int i = 0; i < 200; i++)
		if (session(token, &v) != -KR_EAUTH)
			OK(false, "let in after the end");
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	IS(wrong, 0, "nobody is let in by what was remembered before a change");
}

/* What was read before a change is put in place after it: the moment that threads seldom meet. */
static void test_overtaken(void)
{
	struct kr_user_change duty = {.role = S("duty")};
	struct kr_account_entry e = {.viewer = {.kind = KR_VIEWER_USER}};
	struct kr_session x;
	struct kr_logged_in in;
	uint64_t generation;
	struct kr_user u;

	user_add(S("late"), S("viewer"), KR_STR_NULL);
	in = user_in(S("late"));
	generation = kr_account__generation(accounts);
	kr_hash_of(in.token, KR_TOKEN_CHARS, &e.hash);
	if (kr_store_session_find(store, &e.hash, arena, &x, &u, NULL) ||
	    kr_account__viewer(&u, &e.viewer, NULL))
		exit(1);
	e.viewer.session = x.id;
	e.created = e.seen = e.written = x.created;
	e.expires = x.expires;
	e.registered = kr_store_register_version(store);
	kr_account__remember(accounts, &e, generation);
	IS(as(in.token).role, KR_ROLE_VIEWER, "what was read is remembered");
	generation = kr_account__generation(accounts);
	if (kr_account_user_edit(accounts, &local, S("late"), 0, &duty, arena, &u, NULL))
		exit(1);
	kr_account__remember(accounts, &e, generation);
	IS(as(in.token).role, KR_ROLE_DUTY, "but not where a change came in between");
}

static struct kr_account_link raced;
static atomic_int won, lost;

static void *use(void *arg)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_logged_in in;
	int r = kr_account_link_use(accounts, kr_str_c(raced.token), GOOD, &page, a, &in, NULL);

	(void)arg;
	won += !r;
	lost += r == -KR_ENOENT;
	return NULL;
}

static void test_link_race(void)
{
	pthread_t thread[4];

	user_add(S("once"), S("viewer"), KR_STR_NULL);
	if (kr_account_link_new(accounts, &local, S("once"), arena, &raced, NULL))
		exit(1);
	for (int i = 0; i < 4; i++)
		if (pthread_create(&thread[i], NULL, use, NULL))
			exit(1);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	OK(won == 1 && lost == 3, "of four who use a link at once, one is let in");
}

static atomic_int refused;

static void *flood(void *arg)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_origin from = {.door = KR_DOOR_PAGE};
	struct kr_logged_in in;
	char name[20];
	int r;

	snprintf(name, sizeof(name), "flood%d", (int)(intptr_t)arg);
	r = kr_account_login(accounts, kr_str_c(name), GOOD, &from, a, &in, NULL);
	refused += r == -KR_EBUSY;
	if (r != -KR_EBUSY && r != -KR_EAUTH)
		wrong++;
	return NULL;
}

static void test_flood(void)
{
	pthread_t thread[24];

	wrong = 0;
	for (int i = 0; i < 24; i++)
		if (pthread_create(&thread[i], NULL, flood, (void *)(intptr_t)i))
			exit(1);
	for (int i = 0; i < 24; i++)
		pthread_join(thread[i], NULL);
	OK(refused > 0 && refused <= 16 && !wrong, "of 24 logins at once some are turned away: %d",
	   refused);
}

int main(void)
{
	accounts_open();
	test_at_once();
	test_constituent();
	test_own_only();
	test_last_admin();
	test_many_sessions();
	test_file();
	test_race();
	test_overtaken();
	test_link_race();
	test_flood();
	accounts_close();
	return tap_end();
}
