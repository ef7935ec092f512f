/* SPDX-License-Identifier: Apache-2.0 */
/* Logging in and out. What is remembered between requests is in account_session.c. */
#include "desk/account.h"

#include <stdlib.h>

#include "desk/account_internal.h"

#define PURGE_EVERY KR_HOUR
#define FORGET	    KR_DAY

struct kr_account_opts kr_account_opts_of(const struct kr_conf *c)
{
	return (struct kr_account_opts){
		.password_min = (uint32_t)c->accounts_password_min,
		.failures_max = (uint32_t)c->accounts_failures_max,
		.sessions_max = (uint32_t)c->accounts_sessions_max,
		.lock = c->accounts_lock,
		.session_idle = c->accounts_session_idle,
		.session_max = c->accounts_session_max,
		.link_life = c->accounts_link_life,
		.key_life = c->accounts_key_life,
	};
}

struct kr_accounts *kr_accounts_new(struct kr_store *s, const struct kr_account_opts *o)
{
	struct kr_accounts *a = kr_xcalloc(1, sizeof(*a));

	a->store = s;
	a->opts = *o;
	a->generation = 1;
	a->entries = kr_xcalloc(KR_ACCOUNT_SLOTS, sizeof(*a->entries));
	pthread_mutex_init(&a->lock, NULL);
	pthread_mutex_init(&a->hash_lock, NULL);
	return a;
}

void kr_accounts_free(struct kr_accounts *a)
{
	if (!a)
		return;
	pthread_mutex_destroy(&a->lock);
	pthread_mutex_destroy(&a->hash_lock);
	kr_secret_wipe(a->entries, KR_ACCOUNT_SLOTS * sizeof(*a->entries));
	free(a->entries);
	free(a);
}

void kr_accounts_configure(struct kr_accounts *a, const struct kr_account_opts *o)
{
	pthread_mutex_lock(&a->lock);
	a->opts = *o;
	pthread_mutex_unlock(&a->lock);
}

struct kr_account_opts kr_account__opts(struct kr_accounts *a)
{
	struct kr_account_opts o;

	pthread_mutex_lock(&a->lock);
	o = a->opts;
	pthread_mutex_unlock(&a->lock);
	return o;
}

struct kr_by kr_account__by(struct kr_str name, const struct kr_origin *from,
			    struct kr_arena *arena)
{
	return (struct kr_by){
		.who = kr_arena_printf(arena, "user:%.*s", (int)KR_MIN(name.n, (size_t)64),
				       name.p ? name.p : ""),
		.door = from->door,
		.address = kr_account__clean(from->address, 64, arena),
	};
}

/* ---- login ---- */

/* One message whatever was wrong. */
static int refused(struct kr_fault *reterr)
{
	kr_fault_set(reterr, -KR_EAUTH, "name or password is wrong");
	kr_fault_remedy(reterr, "who has forgotten the password asks an administrator for a link "
				"that sets a new one");
	return -KR_EAUTH;
}

/* The password of nobody, so that a name that nobody has costs the same. */
static int make_dummy(struct kr_accounts *a, struct kr_fault *reterr)
{
	char password[KR_TOKEN_CHARS + 1];

	if (a->dummy[0])
		return 0;
	kr_token_make(password);
	return kr_password_hash(kr_str_c(password), a->dummy, reterr);
}

/* Stored at lesser costs than today's: store it anew while the password is known. */
static void renew(struct kr_accounts *a, const struct kr_user *u, struct kr_str password)
{
	char stored[KR_PASSWORD_HASH_MAX];

	/* It works as it is: what goes wrong here is tried again at the next login. */
	if (!kr_password_old(u->password.p) || kr_password_hash(password, stored, NULL) ||
	    kr_store_user_rehash(a->store, u->id, u->password, kr_str_c(stored), NULL))
		return;
}

/*
 * Is this the user and his password? hash_lock is held.
 *
 * name  empty: no name that a user can have
 */
static int check_locked(struct kr_accounts *a, struct kr_str name, struct kr_str password,
			struct kr_arena *arena, struct kr_user *ret, struct kr_fault *reterr)
{
	struct kr_user u = {0};
	bool usable, right;
	int r = make_dummy(a, reterr);

	if (!r && name.n)
		r = kr_store_user_get(a->store, name, 0, arena, &u, reterr);
	if (r && r != -KR_ENOENT)
		return r;
	usable = u.id && u.password.n && !u.disabled;
	right = kr_password_check(usable ? u.password.p : a->dummy, password);
	if (!usable || !right)
		return refused(reterr);
	renew(a, &u, password);
	*ret = u;
	return 0;
}

static int check(struct kr_accounts *a, struct kr_str name, struct kr_str password,
		 const struct kr_origin *from, struct kr_arena *arena, struct kr_user *ret,
		 struct kr_fault *reterr)
{
	struct kr_str known = kr_user_name_ok(name) ? name : KR_STR(""), net;
	struct kr_by by = kr_account__by(known, from, arena);
	struct kr_fault f = {0};
	char buf[64];
	int r = kr_account__hash_begin(a, reterr);

	if (r)
		return r;
	net = kr_account__net(from->address, buf);
	r = kr_account__may_try(a, known, net, reterr);
	if (!r)
		r = check_locked(a, known, password, arena, ret, reterr);
	if (r == -KR_EAUTH) {
		int failed = kr_account__failed(a, &by, known, net, "wrong name or password", &f);

		/* A try that is not counted would be one for free. */
		if (failed && reterr)
			*reterr = f;
		r = failed ? failed : r;
	}
	kr_account__hash_end(a);
	return r;
}

static void purge_now_and_then(struct kr_accounts *a)
{
	kr_time now = kr_store_now(a->store);
	struct kr_account_opts o;
	bool due;

	pthread_mutex_lock(&a->lock);
	due = now - a->purged >= PURGE_EVERY || now < a->purged;
	if (due)
		a->purged = now;
	o = a->opts;
	pthread_mutex_unlock(&a->lock);
	/* What has expired has no effect whether or not it is still there. */
	if (due &&
	    kr_store_account_purge(a->store, now, now - o.session_idle, now - FORGET, NULL) >= 0)
		kr_account__link_tidy(a);
}

int kr_account_login(struct kr_accounts *a, struct kr_str name, struct kr_str password,
		     const struct kr_origin *from, struct kr_arena *arena, struct kr_logged_in *ret,
		     struct kr_fault *reterr)
{
	struct kr_user u;
	int r = check(a, name, password, from, arena, &u, reterr);

	if (r)
		return r;
	purge_now_and_then(a);
	return kr_account__begin(a, &u, from, arena, ret, reterr);
}

int kr_account_logout(struct kr_accounts *a, const struct kr_viewer *v, struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *arena = kr_arena_new(0);
	struct kr_by by = kr_by_viewer(v, arena);
	int r;

	if (v->kind != KR_VIEWER_USER || !v->session)
		return kr_account__ended(reterr);
	r = kr_store_session_end(a->store, &by, "logout", (uint32_t)v->id, v->session, reterr);
	kr_account__changed(a);
	return r;
}

int kr_account_change_password(struct kr_accounts *a, const struct kr_viewer *v, struct kr_str old,
			       struct kr_str fresh, struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *arena = kr_arena_new(0);
	struct kr_origin from = {.door = v->door, .address = v->address};
	struct kr_account_opts o = kr_account__opts(a);
	struct kr_by by = kr_by_viewer(v, arena);
	char stored[KR_PASSWORD_HASH_MAX];
	struct kr_user u = {0};
	int r;

	if (v->kind != KR_VIEWER_USER)
		return kr_account__ended(reterr);
	r = kr_account__password_check(&o, fresh, v->name, reterr);
	if (!r)
		r = check(a, v->name, old, &from, arena, &u, reterr);
	if (r == -KR_EAUTH)
		kr_fault_set(reterr, r, "the old password is wrong");
	if (!r)
		r = kr_account__hash_begin(a, reterr);
	if (r)
		return r;
	r = kr_password_hash(fresh, stored, reterr);
	kr_account__hash_end(a);
	if (!r)
		r = kr_store_user_password(a->store, &by, u.id, kr_str_c(stored), v->session,
					   reterr);
	kr_account__changed(a);
	kr_account__link_tidy(a);
	return r;
}
