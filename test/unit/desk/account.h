/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts on a store whose clock the test sets. */
#pragma once

#include "tap.h"

#include "desk/account.h"
#include "store.h"

#define S(text) KR_STR(text)
#define GOOD	KR_STR("correct horse battery")

static kr_time clock_now = 1800000000 * KR_SECOND;
static struct kr_store *store;
static struct kr_accounts *accounts;
static struct kr_arena *arena;
static struct kr_viewer local;
static const struct kr_account_opts standard = {
	.password_min = 12,
	.failures_max = 3,
	.sessions_max = 4,
	.lock = 15 * KR_MINUTE,
	.session_idle = 8 * KR_HOUR,
	.session_max = 7 * KR_DAY,
	.link_life = KR_DAY,
	.key_life = 365 * KR_DAY,
};
static const struct kr_origin page = {
	.door = KR_DOOR_PAGE, .address = {"192.0.2.7", 9}, .agent = {"Example/1.0", 11}};

static kr_time test_clock(void)
{
	return __atomic_load_n(&clock_now, __ATOMIC_RELAXED);
}

__attribute__((unused)) static void later(int64_t span)
{
	__atomic_fetch_add(&clock_now, span, __ATOMIC_RELAXED);
}

static void accounts_open(void)
{
	static const struct kr_store_opts opts = {.now = test_clock};
	struct kr_fault f = {0};
	char dir[100];

	kr_store_close(store_make());
	snprintf(dir, sizeof(dir), "%s/node", store_folder);
	store_must(kr_store_open(dir, &opts, &store, &f), &f, "open");
	accounts = kr_accounts_new(store, &standard);
	arena = kr_arena_new(0);
	local = kr_viewer_local();
}

static void accounts_close(void)
{
	kr_accounts_free(accounts);
	kr_arena_free(arena);
	store_drop(store);
}

/* Two constituents: alpha and beta. */
__attribute__((unused)) static void constituents(bool with_beta)
{
	struct kr_constituent c[] = {{.name = S("alpha")}, {.name = S("beta")}};
	struct kr_register_change change;
	struct kr_fault f = {0};

	store_must(kr_store_register_replace(store, KR_BY_NODE, c, with_beta ? 2 : 1, NULL, 0,
					     &change, &f),
		   &f, "register");
}

__attribute__((unused)) static struct kr_user user_add(struct kr_str name, struct kr_str role,
						       struct kr_str constituent)
{
	struct kr_user_change c = {.role = role, .constituent = constituent};
	struct kr_fault f = {0};
	struct kr_user u;

	store_must(kr_account_user_add(accounts, &local, name, &c, arena, &u, &f), &f, "user");
	return u;
}

/* Log in for the first time, by a link. */
__attribute__((unused)) static struct kr_logged_in user_in(struct kr_str name)
{
	struct kr_account_link link;
	struct kr_logged_in in;
	struct kr_fault f = {0};

	store_must(kr_account_link_new(accounts, &local, name, arena, &link, &f), &f, "link");
	store_must(kr_account_link_use(accounts, kr_str_c(link.token), GOOD, &page, arena, &in, &f),
		   &f, "use");
	return in;
}
