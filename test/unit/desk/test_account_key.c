/* SPDX-License-Identifier: Apache-2.0 */
/* API keys: never wider than who made them, useless when revoked, expired or forged. */
#include "account.h"

static const struct kr_origin api = {.door = KR_DOOR_API, .address = {"198.51.100.9", 12}};

static int show(const char *text, struct kr_viewer *ret)
{
	return kr_account_key(accounts, kr_str_c(text), &api, arena, ret, NULL);
}

static int make(const struct kr_viewer *v, struct kr_key_new k, char text[KR_KEY_TEXT_MAX],
		struct kr_apikey *ret, struct kr_fault *f)
{
	if (!k.name.p)
		k.name = S("a key");
	return kr_account_key_new(accounts, v, &k, arena, text, ret, f);
}

static struct kr_viewer user_as(struct kr_str name, struct kr_str role, struct kr_str constituent)
{
	struct kr_logged_in in;
	struct kr_viewer v;

	user_add(name, role, constituent);
	in = user_in(name);
	if (kr_account_session(accounts, kr_str_c(in.token), &page, arena, &v, NULL))
		exit(1);
	return v;
}

static void test_use(void)
{
	char text[KR_KEY_TEXT_MAX], bad[KR_KEY_TEXT_MAX + 40];
	struct kr_apikey k;
	struct kr_viewer v;
	struct kr_fault f = {0};
	size_t i;

	IS(make(&local, (struct kr_key_new){.name = S("ticket system")}, text, &k, &f), 0, "a key");
	OK(kr_str_starts(kr_str_c(text), S("kr_")) && k.used == KR_TIME_NONE &&
		   k.expires == clock_now + 365 * KR_DAY,
	   "with an end of its own");
	IS(show(text, &v), 0, "is let in");
	OK(v.kind == KR_VIEWER_KEY && v.id == k.id && kr_str_eqc(v.name, "ticket system") &&
		   v.role == KR_ROLE_VIEWER && v.door == KR_DOOR_API &&
		   kr_str_eqc(v.address, "198.51.100.9") && !v.session && !v.csrf.n,
	   "as a key");
	for (i = 0; text[i]; i++) {
		memcpy(bad, text, sizeof(text));
		bad[i] = bad[i] == '1' ? '2' : '1';
		if (show(bad, &v) != -KR_EAUTH)
			OK(false, "byte %zu does not count", i);
	}
	snprintf(bad, sizeof(bad), "kr_0%s", text + 3);
	IS(show(bad, &v), -KR_EAUTH, "a zero before the number");
	snprintf(bad, sizeof(bad), "kr_99999999999999999999_%.43s", strrchr(text, '_') + 1);
	IS(show(bad, &v), -KR_EAUTH, "a number that is too large");
	snprintf(bad, sizeof(bad), "%s ", text);
	IS(show(bad, &v), -KR_EAUTH, "a blank behind it");
	IS(show("", &v), -KR_EAUTH, "nothing");
	IS(show("kr_", &v), -KR_EAUTH, "the prefix alone");
	IS(show("kr_1", &v), -KR_EAUTH, "a number alone");
	IS(show(text + 3, &v), -KR_EAUTH, "without the prefix");
	IS(kr_account_session(accounts, kr_str_c(strrchr(text, '_') + 1), &page, arena, &v, NULL),
	   -KR_EAUTH, "its secret is no session");
	IS(show(text, &v), 0, "the right one still works");
	IS(kr_store_apikey_get(store, k.id, arena, &k, NULL, &f), 0, "its row");
	IS(k.used, clock_now, "knows when it was used");
	later(30 * KR_SECOND);
	IS(show(text, &v), 0, "half a minute later");
	IS(kr_store_apikey_get(store, k.id, arena, &k, NULL, &f), 0, "its row");
	IS(k.used, clock_now - 30 * KR_SECOND, "is not written again");
	later(31 * KR_SECOND);
	IS(show(text, &v), 0, "a minute later");
	IS(kr_store_apikey_get(store, k.id, arena, &k, NULL, &f), 0, "its row");
	IS(k.used, clock_now, "is");
	IS(kr_account_key_revoke(accounts, &local, k.id, &f), 0, "revoked");
	IS(show(text, &v), -KR_EAUTH, "it is useless at once");
	IS(kr_account_key_revoke(accounts, &local, k.id, &f), -KR_ENOENT,
	   "and is not revoked twice");
}

static void test_expiry(void)
{
	static const char *const wrong[] = {"0d", "-1d", "yesterday", "2001-01-01", "1d2", "900y"};
	char text[KR_KEY_TEXT_MAX];
	struct kr_apikey k;
	struct kr_viewer v;
	struct kr_fault f = {0};

	IS(make(&local, (struct kr_key_new){.expires = S("2h")}, text, &k, &f), 0, "two hours");
	IS(show(text, &v), 0, "it works");
	later(2 * KR_HOUR - KR_SECOND);
	IS(show(text, &v), 0, "until its end");
	later(KR_SECOND);
	IS(show(text, &v), -KR_EAUTH, "not after it");
	IS(show(text, &v), -KR_EAUTH, "nor read from the store");
	IS(make(&local, (struct kr_key_new){.expires = S("never")}, text, &k, &f), 0, "never");
	later(20000 * KR_DAY);
	IS(show(text, &v), 0, "works on");
	later(-20000 * KR_DAY);
	IS(make(&local, (struct kr_key_new){.expires = S("2099-01-31")}, text, &k, &f), 0,
	   "a date");
	IS(k.expires, kr_day_time(kr_day_of(2099, 1, 31)), "is its first moment");
	for (size_t i = 0; i < KR_ARRAY_LEN(wrong); i++)
		IS(make(&local, (struct kr_key_new){.expires = kr_str_c(wrong[i])}, text, &k, &f),
		   -KR_EINVAL, wrong[i]);
}

/* What is asked for, by whom, and what comes of it. */
static void test_cut(void)
{
	struct kr_viewer analyst = user_as(S("ana"), S("analyst"), KR_STR_NULL);
	struct kr_viewer admin = user_as(S("adm"), S("admin"), KR_STR_NULL);
	struct kr_viewer partner = user_as(S("par"), S("partner"), KR_STR_NULL);
	struct kr_viewer soc = user_as(S("soc"), S("operator"), S("alpha"));
	struct kr_viewer key = {
		.kind = KR_VIEWER_KEY, .role = KR_ROLE_ADMIN, .rights = KR_RIGHTS_ALL};
	const struct {
		const char *what;
		const struct kr_viewer *v;
		struct kr_key_new k;
		int r;
		const char *rights; /* where r is 0 */
	} cases[] = {
		{"the command line makes a viewer's",
		 &local,
		 {.role = {0}},
		 0,
		 "events,reports,register,deliveries"},
		{"any role",
		 &local,
		 {.role = S("admin"), .rights = S("users,node")},
		 0,
		 "users,node"},
		{"an analyst makes his own",
		 &analyst,
		 {.role = {0}},
		 0,
		 "events,reports,register,deliveries,feedback,take,sources"},
		{"or less", &analyst, {.rights = S("take")}, 0, "take"},
		{"a wider role is cut to his rights",
		 &analyst,
		 {.role = S("admin")},
		 0,
		 "events,reports,register,deliveries,feedback,take,sources"},
		{"no right that he has not",
		 &analyst,
		 {.role = S("admin"), .rights = S("users")},
		 -KR_EDENIED,
		 ""},
		{"no right that the role has not",
		 &admin,
		 {.role = S("viewer"), .rights = S("take")},
		 -KR_EINVAL,
		 ""},
		{"a partner is not staff by a key",
		 &partner,
		 {.role = S("viewer")},
		 -KR_EDENIED,
		 ""},
		{"nor an owner", &partner, {.constituent = S("alpha")}, -KR_EDENIED, ""},
		{"but a partner", &partner, {.role = {0}}, 0, "events"},
		{"or police", &partner, {.role = S("police")}, 0, "events"},
		{"an operator has a key of his own",
		 &soc,
		 {.role = {0}},
		 0,
		 "events,deliveries,feedback"},
		{"of his constituent by name",
		 &soc,
		 {.constituent = S("alpha")},
		 0,
		 "events,deliveries,feedback"},
		{"of no other", &soc, {.constituent = S("beta")}, -KR_EDENIED, ""},
		{"and no staff", &soc, {.role = S("viewer")}, -KR_EINVAL, ""},
		{"staff makes one of a constituent",
		 &admin,
		 {.constituent = S("beta")},
		 0,
		 "events,deliveries,feedback"},
		{"which does not take",
		 &admin,
		 {.constituent = S("beta"), .rights = S("take")},
		 -KR_EINVAL,
		 ""},
		{"of one that is there", &admin, {.constituent = S("gamma")}, -KR_ENOENT, ""},
		{"an operator's is bound", &admin, {.role = S("operator")}, -KR_EINVAL, ""},
		{"keys make no keys", &key, {.role = {0}}, -KR_EDENIED, ""},
		{"nobody makes none",
		 &(struct kr_viewer){.kind = KR_VIEWER_ANONYMOUS},
		 {.role = {0}},
		 -KR_EDENIED,
		 ""},
		{"a name is needed", &local, {.name = S("  ")}, -KR_EINVAL, ""},
		{"on one line", &local, {.name = S("a\nb")}, -KR_EINVAL, ""},
		{"RED is nothing for a key", &local, {.tlp = S("red")}, -KR_EINVAL, ""},
		{"nor is no label", &local, {.tlp = S("pink")}, -KR_EINVAL, ""},
	};

	for (size_t i = 0; i < KR_ARRAY_LEN(cases); i++) {
		char text[KR_KEY_TEXT_MAX];
		KR_AUTO_BUF b = KR_BUF(400);
		struct kr_fault f = {0};
		struct kr_apikey k;
		struct kr_viewer v;
		int r = make(cases[i].v, cases[i].k, text, &k, &f);

		if (!OK(r == cases[i].r, "%s", cases[i].what) || r)
			continue;
		kr_rights_text(k.rights, &b);
		IS_STR(kr_buf_str(&b), kr_str_c(cases[i].rights), "its rights");
		OK(!show(text, &v) && v.rights == k.rights && v.constituent == k.constituent &&
			   v.role == k.role,
		   "and as a viewer");
	}
}

/* Its owner changes, so does the key. */
static void test_owner(void)
{
	struct kr_user_change viewer = {.role = S("viewer")}, partner = {.role = S("partner")},
			      soc = {.role = S("operator"), .constituent = S("alpha")},
			      lead = {.role = S("lead")};
	struct kr_viewer v, owner = user_as(S("own"), S("lead"), KR_STR_NULL);
	char all[KR_KEY_TEXT_MAX], beta[KR_KEY_TEXT_MAX], community[KR_KEY_TEXT_MAX];
	struct kr_apikey k, *list;
	struct kr_fault f = {0};
	struct kr_user u;
	size_t n;

	if (make(&owner, (struct kr_key_new){0}, all, &k, &f) ||
	    make(&owner, (struct kr_key_new){.constituent = S("beta")}, beta, &k, &f) ||
	    make(&owner, (struct kr_key_new){.role = S("partner")}, community, &k, &f))
		exit(1);
	OK(!show(all, &v) && kr_viewer_can(&v, KR_RIGHT_DELIVER), "a lead's key delivers");
	if (kr_account_user_edit(accounts, &local, S("own"), 0, &viewer, arena, &u, &f))
		exit(1);
	OK(!show(all, &v) && !kr_viewer_can(&v, KR_RIGHT_DELIVER) &&
		   kr_viewer_can(&v, KR_RIGHT_REPORTS),
	   "a viewer's does not");
	OK(!show(community, &v) && v.role == KR_ROLE_PARTNER, "a narrower role stays");
	if (kr_account_user_edit(accounts, &local, S("own"), 0, &partner, arena, &u, &f))
		exit(1);
	OK(!show(all, &v) && v.role == KR_ROLE_PARTNER && v.rights == KR_RIGHT_EVENTS,
	   "a partner's is a partner's");
	OK(!show(beta, &v) && v.role == KR_ROLE_PARTNER && v.constituent,
	   "bound to a constituent too");
	if (kr_account_user_edit(accounts, &local, S("own"), 0, &soc, arena, &u, &f))
		exit(1);
	OK(!show(all, &v) && v.role == KR_ROLE_OPERATOR &&
		   kr_str_eqc(v.constituent_name, "alpha") && !kr_viewer_can(&v, KR_RIGHT_REPORTS),
	   "an operator's sees his constituent only");
	IS(show(beta, &v), -KR_EAUTH, "and another's not at all");
	OK(!show(community, &v) && v.role == KR_ROLE_PARTNER &&
		   kr_str_eqc(v.constituent_name, "alpha"),
	   "the narrower stays narrower");
	if (kr_account_user_edit(accounts, &local, S("own"), 0, &lead, arena, &u, &f))
		exit(1);
	OK(!show(all, &v) && kr_viewer_can(&v, KR_RIGHT_DELIVER) && !v.constituent,
	   "a lead again has it back");
	IS(kr_account_user_enable(accounts, &local, S("own"), false, &f), 0, "disabled");
	IS(show(all, &v), -KR_EAUTH, "his keys are useless");
	IS(kr_account_user_enable(accounts, &local, S("own"), true, &f), 0, "enabled");
	IS(show(all, &v), 0, "they work again");
	IS(kr_account_user_remove(accounts, &local, S("own"), &f), 0, "removed");
	IS(show(all, &v), -KR_EAUTH, "they are revoked");
	user_add(S("own"), S("lead"), KR_STR_NULL);
	IS(show(all, &v), -KR_EAUTH, "and stay so for another of the same name and number");
	owner = user_as(S("other"), S("analyst"), KR_STR_NULL);
	if (make(&owner, (struct kr_key_new){.name = S("mine")}, all, &k, &f))
		exit(1);
	OK(!kr_account_key_list(accounts, &owner, arena, &list, &n, &f) && n == 1 &&
		   kr_str_eqc(list[0].name, "mine") && kr_str_eqc(list[0].owner_name, "other"),
	   "everybody lists his own");
	IS(kr_account_key_revoke(accounts, &owner, 1, &f), -KR_ENOENT, "and revokes no others");
	IS(kr_account_key_revoke(accounts, &owner, k.id, &f), 0, "but his own");
	OK(!kr_account_key_list(accounts, &local, arena, &list, &n, &f) && n > 10,
	   "an administrator lists all");
}

static void test_constituent(void)
{
	char text[KR_KEY_TEXT_MAX];
	struct kr_apikey k;
	struct kr_viewer v;
	struct kr_fault f = {0};

	IS(make(&local, (struct kr_key_new){.constituent = S("beta"), .tlp = S("green")}, text, &k,
		&f),
	   0, "a key of a constituent");
	OK(!show(text, &v) && v.tlp_max == KR_TLP_GREEN && kr_str_eqc(v.constituent_name, "beta"),
	   "with a label");
	constituents(false);
	IS(show(text, &v), -KR_EAUTH, "is useless when it leaves the register");
	constituents(true);
	IS(show(text, &v), 0, "until it is back");
}

/* Not a test of speed: the figure is for who reads the log. */
static void test_speed(void)
{
	struct kr_logged_in in;
	struct kr_viewer v;
	struct kr_arena *a = kr_arena_new(0);
	int64_t start, us;
	int bad = 0;

	user_add(S("fast"), S("viewer"), KR_STR_NULL);
	in = user_in(S("fast"));
	start = kr_clock_us();
	for (int i = 0; i < 20000; i++) {
		struct kr_arena_mark m = kr_arena_mark(a);

		bad += kr_account_session(accounts, kr_str_c(in.token), &page, a, &v, NULL) != 0;
		kr_arena_rewind(a, m);
	}
	us = kr_clock_us() - start;
	IS(bad, 0, "a session is looked up again and again");
	printf("# %.2f us a look-up that was asked before\n", (double)us / 20000);
	kr_arena_free(a);
}

int main(void)
{
	accounts_open();
	constituents(true);
	test_use();
	test_expiry();
	test_cut();
	test_owner();
	test_constituent();
	test_speed();
	accounts_close();
	return tap_end();
}
