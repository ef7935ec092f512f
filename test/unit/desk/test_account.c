/* SPDX-License-Identifier: Apache-2.0 */
/* Logging in, sessions, links: in time, used twice, forged, too often. */
#include "account.h"

static int login(struct kr_str name, struct kr_str password, struct kr_logged_in *ret,
		 struct kr_fault *f)
{
	return kr_account_login(accounts, name, password, &page, arena, ret, f);
}

static int session(const char *token, struct kr_viewer *ret)
{
	return kr_account_session(accounts, kr_str_c(token), &page, arena, ret, NULL);
}

static void test_link(void)
{
	struct kr_account_link link, again, seen;
	struct kr_logged_in in;
	struct kr_viewer v;
	struct kr_fault f = {0};

	user_add(S("ana"), S("analyst"), KR_STR_NULL);
	IS(login(S("ana"), S(""), &in, &f), -KR_EAUTH, "no password yet: nobody comes in");
	IS(kr_account_link_new(accounts, &local, S("ana"), arena, &link, &f), 0, "a link");
	IS(link.expires - clock_now, KR_DAY, "works for as long as the setting says");
	IS(kr_account_link_look(accounts, kr_str_c(link.token), arena, &seen, &f), 0,
	   "is looked at");
	IS_STR(seen.user.name, S("ana"), "and says whose it is");
	IS(kr_account_link_look(accounts, kr_str_c(link.token), arena, &seen, &f), 0,
	   "looking does not use it up");
	IS(kr_account_link_new(accounts, &local, S("ana"), arena, &again, &f), 0, "another link");
	IS(kr_account_link_use(accounts, kr_str_c(link.token), GOOD, &page, arena, &in, &f),
	   -KR_ENOENT, "the earlier one does not work any more");
	IS(kr_account_link_use(accounts, kr_str_c(again.token), S("short"), &page, arena, &in, &f),
	   -KR_EINVAL, "a short password is refused");
	OK(strstr(f.message, "too short") && strstr(f.remedy, "12"), "with what would be right");
	IS(kr_account_link_use(accounts, kr_str_c(again.token), GOOD, &page, arena, &in, &f), 0,
	   "and the link is still good");
	OK(in.viewer.kind == KR_VIEWER_USER && in.viewer.role == KR_ROLE_ANALYST &&
		   in.viewer.session && in.viewer.door == KR_DOOR_PAGE,
	   "who uses it is logged in");
	IS(kr_account_link_use(accounts, kr_str_c(again.token), GOOD, &page, arena, &in, &f),
	   -KR_ENOENT, "it works once");
	IS(session(in.token, &v), 0, "the token is good");
	IS(login(S("ana"), GOOD, &in, &f), 0, "the password too");
	IS(kr_account_link_new(accounts, &local, S("ana"), arena, &link, &f), 0, "a link again");
	later(KR_DAY);
	IS(kr_account_link_use(accounts, kr_str_c(link.token), GOOD, &page, arena, &in, &f),
	   -KR_ENOENT, "after its time it does not work");
	OK(strstr(f.remedy, "administrator"), "and says what to do");
	IS(kr_account_link_look(accounts, S("'; DROP TABLE user; --"), arena, &seen, &f),
	   -KR_ENOENT, "a link that is none");
}

static void test_password_rules(void)
{
	static const struct {
		struct kr_str password;
		const char *message;
	} cases[] = {
		{{"elevenchars", 11}, "too short"},
		{{"\xc4\x8d\xc4\x8d\xc4\x8d\xc4\x8d\xc4\x8d\xc4\x8d", 12}, "too short"},
		{{"LongEnoughName", 14}, "is the name"},
		{{"broken \xff text here", 17}, "UTF-8"},
	};
	struct kr_account_link link;
	struct kr_logged_in in;
	char big[1100];

	user_add(S("longenoughname"), S("viewer"), KR_STR_NULL);
	if (kr_account_link_new(accounts, &local, S("longenoughname"), arena, &link, NULL))
		exit(1);
	for (size_t i = 0; i < KR_ARRAY_LEN(cases); i++) {
		struct kr_fault f = {0};

		IS(kr_account_link_use(accounts, kr_str_c(link.token), cases[i].password, &page,
				       arena, &in, &f),
		   -KR_EINVAL, "a password that is not taken");
		OK(strstr(f.message, cases[i].message), "it is told why: %s", f.message);
	}
	memset(big, 'a', sizeof(big));
	IS(kr_account_link_use(accounts, kr_str_c(link.token), kr_str_n(big, 1025), &page, arena,
			       &in, NULL),
	   -KR_EINVAL, "more than 1,024 bytes are not taken");
	IS(kr_account_link_use(accounts, kr_str_c(link.token), kr_str_n(big, 1024), &page, arena,
			       &in, NULL),
	   0, "1,024 are");
	IS(login(S("longenoughname"), kr_str_n(big, 1023), &in, NULL), -KR_EAUTH,
	   "and all of them count");
	IS(login(S("longenoughname"), kr_str_n(big, 1024), &in, NULL), 0, "then it is right");
}

static void test_same_message(void)
{
	struct kr_fault unknown = {0}, wrong = {0}, disabled = {0}, odd = {0};
	struct kr_logged_in in;

	user_add(S("bob"), S("viewer"), KR_STR_NULL);
	user_add(S("carl"), S("viewer"), KR_STR_NULL);
	user_in(S("bob"));
	user_in(S("carl"));
	if (kr_account_user_enable(accounts, &local, S("carl"), false, NULL))
		exit(1);
	IS(login(S("nobody"), GOOD, &in, &unknown), -KR_EAUTH, "a name that nobody has");
	IS(login(S("bob"), S("not the password"), &in, &wrong), -KR_EAUTH, "a wrong password");
	IS(login(S("carl"), GOOD, &in, &disabled), -KR_EAUTH, "somebody who is disabled");
	IS(login(S("x' OR 1=1 --"), GOOD, &in, &odd), -KR_EAUTH, "a name that none can have");
	OK(!memcmp(&unknown, &wrong, sizeof(wrong)) &&
		   !memcmp(&unknown, &disabled, sizeof(wrong)) &&
		   !memcmp(&unknown, &odd, sizeof(wrong)),
	   "the answer is the same");
	later(KR_DAY);
}

static void test_lock(void)
{
	struct kr_origin there = {.door = KR_DOOR_PAGE, .address = S("2001:db8:0:1::5")};
	struct kr_logged_in in;
	struct kr_fault f = {0};
	char name[20];

	user_add(S("dora"), S("viewer"), KR_STR_NULL);
	user_in(S("dora"));
	for (int i = 0; i < 3; i++)
		IS(login(S("dora"), S("wrong password"), &in, &f), -KR_EAUTH, "a wrong password");
	IS(login(S("dora"), GOOD, &in, &f), -KR_ERATE, "then even the right one must wait");
	OK(strstr(f.message, "15 s") && strstr(f.remedy, "link"), "%s", f.message);
	IS(kr_account_login(accounts, S("dora"), GOOD, &there, arena, &in, &f), -KR_ERATE,
	   "from elsewhere too");
	later(16 * KR_SECOND);
	IS(login(S("dora"), S("wrong password"), &in, &f), -KR_EAUTH, "after that one more try");
	IS(login(S("dora"), GOOD, &in, &f), -KR_ERATE, "and a longer time");
	OK(strstr(f.message, "30 s"), "%s", f.message);
	later(31 * KR_SECOND);
	IS(login(S("dora"), GOOD, &in, &f), 0, "the right one is let in");
	IS(login(S("dora"), S("wrong password"), &in, &f), -KR_EAUTH, "a wrong one");
	IS(login(S("dora"), GOOD, &in, &f), 0, "does not count what was before the login");
	for (int i = 0; i < 12; i++) {
		later(KR_HOUR);
		if (login(S("dora"), S("wrong password"), &in, &f) != -KR_EAUTH)
			OK(false, "failure %d", i);
	}
	later(15 * KR_MINUTE - KR_SECOND);
	IS(login(S("dora"), GOOD, &in, &f), -KR_ERATE, "the time grows up to the setting");
	later(KR_SECOND);
	IS(login(S("dora"), GOOD, &in, &f), 0, "and no longer");
	later(KR_DAY);
	/* One address tries many names. */
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "guess%d", i);
		there.address = i & 1 ? S("2001:db8:0:1::5") : S("2001:db8:0:1:ffff::1");
		if (kr_account_login(accounts, kr_str_c(name), GOOD, &there, arena, &in, &f) !=
		    -KR_EAUTH)
			OK(false, "try %d: %s", i, f.message);
	}
	IS(kr_account_login(accounts, S("dora"), GOOD, &there, arena, &in, &f), -KR_ERATE,
	   "an address that tries many names must wait, with all of its /64");
	there.address = S("2001:db8:0:2::5");
	IS(kr_account_login(accounts, S("dora"), GOOD, &there, arena, &in, &f), 0,
	   "its neighbour need not");
	later(KR_DAY);
}

static void test_session_time(void)
{
	struct kr_logged_in in;
	struct kr_viewer v;

	user_add(S("eva"), S("viewer"), KR_STR_NULL);
	in = user_in(S("eva"));
	for (int i = 0; i < 4; i++) {
		later(7 * KR_HOUR);
		IS(session(in.token, &v), 0, "used within the idle time it goes on");
	}
	later(8 * KR_HOUR);
	IS(session(in.token, &v), -KR_EAUTH, "unused for the idle time it has ended");
	IS(session(in.token, &v), -KR_EAUTH, "and stays so");
	if (login(S("eva"), GOOD, &in, NULL))
		exit(1);
	for (int i = 0; i < 7 * 24 / 7 + 1; i++) {
		later(7 * KR_HOUR);
		if (session(in.token, &v)) {
			IS(i, 24 - 1, "at its end it ends, used or not");
			break;
		}
	}
	/* The same from the store, without what is remembered. */
	if (login(S("eva"), GOOD, &in, NULL))
		exit(1);
	later(8 * KR_HOUR);
	kr_accounts_free(accounts);
	accounts = kr_accounts_new(store, &standard);
	IS(session(in.token, &v), -KR_EAUTH, "a node that was started anew knows it too");
}

static void test_forged(void)
{
	struct kr_logged_in in = user_in(S("ana"));
	char token[KR_TOKEN_CHARS + 1];
	struct kr_viewer v;

	IS(session(in.token, &v), 0, "the token as it is");
	for (size_t i = 0; i < KR_TOKEN_CHARS; i++) {
		memcpy(token, in.token, sizeof(token));
		token[i] = token[i] == 'A' ? 'B' : 'A';
		if (session(token, &v) != -KR_EAUTH)
			OK(false, "character %zu does not count", i);
	}
	IS(session("", &v), -KR_EAUTH, "an empty one");
	IS(kr_account_session(accounts, kr_str_n(in.token, KR_TOKEN_CHARS - 1), &page, arena, &v,
			      NULL),
	   -KR_EAUTH, "a cut one");
	IS(session("kr_1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &v), -KR_EAUTH,
	   "a key is no session");
	if (session(in.token, &v))
		exit(1);
	OK(kr_account_csrf(&v, in.viewer.csrf), "the token for forms is right");
	OK(!kr_account_csrf(&v, S("")) && !kr_account_csrf(&v, kr_str_c(in.token)) &&
		   !kr_account_csrf(&local, S("")),
	   "another is not, and who has none has none");
}

int main(void)
{
	accounts_open();
	test_link();
	test_password_rules();
	test_same_message();
	test_lock();
	test_session_time();
	test_forged();
	accounts_close();
	return tap_end();
}
