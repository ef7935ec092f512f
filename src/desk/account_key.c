/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: a key is "kr_NUMBER_TOKEN". The number finds its row, the hash of the token is
 * compared in constant time. A key is never wider than who made it, and stays so: at each use its
 * rights are cut to those that its owner's role has now, its role to the narrower of both, and its
 * constituent is its owner's, if he has one.
 */
#include <stdio.h>

#include "desk/access.h"
#include "desk/account_internal.h"
#include "store/read.h"

#define NAME_MAX_OF_KEY 100

/* ---- use ---- */

/* The number and the token in "kr_12_TOKEN". */
static bool split(struct kr_str text, uint64_t *ret_id, struct kr_str *ret_token)
{
	struct kr_str rest = kr_str_from(text, sizeof(KR_KEY_PREFIX) - 1);
	ptrdiff_t at;

	if (!kr_str_starts(text, KR_STR(KR_KEY_PREFIX)) || text.n >= KR_KEY_TEXT_MAX)
		return false;
	at = kr_str_chr(rest, '_');
	/* One spelling a key: no zeros before the number. */
	if (at <= 0 || rest.p[0] == '0' || kr_str_u64(kr_str_first(rest, (size_t)at), ret_id) ||
	    *ret_id > INT64_MAX)
		return false;
	*ret_token = kr_str_from(rest, (size_t)at + 1);
	return kr_token_is(*ret_token);
}

/* The narrower role of two: the one whose audience is told less. */
static enum kr_role narrower(enum kr_role key, enum kr_role owner)
{
	const struct kr_role_info *k = kr_role_info(key), *o = kr_role_info(owner);

	if (!k || !o)
		return KR_ROLE_NONE;
	return kr_audience_tlp(o->audience) < kr_audience_tlp(k->audience) ? owner : key;
}

/* Cut a key to what its owner may now. */
static int cut_to_owner(struct kr_viewer *v, const struct kr_user *owner, struct kr_fault *reterr)
{
	struct kr_viewer his;
	int r = kr_account__viewer(owner, &his, reterr);

	if (r)
		return r;
	if (his.constituent && v->constituent && his.constituent != v->constituent)
		return kr_account__ended(reterr);
	if (his.constituent) {
		v->constituent = his.constituent;
		v->constituent_name = his.constituent_name;
	}
	v->role = narrower(v->role, owner->role);
	v->rights &= his.rights;
	return 0;
}

static int viewer_of(const struct kr_apikey *k, const struct kr_user *owner, struct kr_viewer *ret,
		     struct kr_fault *reterr)
{
	struct kr_viewer v = {
		.kind = KR_VIEWER_KEY,
		.id = k->id,
		.name = k->name,
		.role = k->role,
		.constituent = k->constituent,
		.constituent_name = k->constituent_name,
		.tlp_max = k->tlp,
		.rights = k->rights,
	};
	const struct kr_role_info *role;
	int r = k->owner ? cut_to_owner(&v, owner, reterr) : 0;

	if (r)
		return r;
	role = kr_role_info(v.role);
	if (!role || k->constituent_retired || (role->bound && !v.constituent))
		return kr_account__ended(reterr);
	v.rights = kr_account__rights(v.rights & role->rights, v.constituent);
	*ret = v;
	return 0;
}

/* In use at this time? */
static bool key_counts(const struct kr_apikey *k, kr_time now)
{
	return k->revoked == KR_TIME_NONE && (k->expires == KR_TIME_NONE || now < k->expires);
}

int kr_account__key_again(struct kr_accounts *a, uint64_t id, kr_time now, struct kr_arena *arena,
			  struct kr_viewer *ret, struct kr_fault *reterr)
{
	struct kr_user owner;
	struct kr_apikey k;
	int r = kr_store_apikey_get(a->store, id, arena, &k, &owner, reterr);

	if (r == -KR_ENOENT || (!r && !key_counts(&k, now)))
		return kr_account__ended(reterr);
	return r ? r : viewer_of(&k, &owner, ret, reterr);
}

int kr_account_key(struct kr_accounts *a, struct kr_str text, const struct kr_origin *from,
		   struct kr_arena *arena, struct kr_viewer *ret, struct kr_fault *reterr)
{
	kr_time now = kr_store_now(a->store);
	struct kr_account_entry e = {0};
	struct kr_user owner;
	struct kr_hash shown;
	struct kr_apikey k;
	struct kr_str token;
	uint64_t id, generation;
	int r;

	if (!split(text, &id, &token))
		return kr_account__ended(reterr);
	kr_hash_of(text.p, text.n, &e.hash);
	if (kr_account__cached(a, &e.hash, from, arena, ret, &r, reterr))
		return r;
	generation = kr_account__generation(a);
	e.registered = kr_store_register_version(a->store);
	r = kr_store_apikey_get(a->store, id, arena, &k, &owner, reterr);
	if (r)
		return r == -KR_ENOENT ? kr_account__ended(reterr) : r;
	kr_hash_of(token.p, token.n, &shown);
	if (!kr_secret_eq(kr_str_n((const char *)shown.b, sizeof(shown)),
			  kr_str_n((const char *)k.hash.b, sizeof(k.hash))) ||
	    !key_counts(&k, now))
		return kr_account__ended(reterr);
	r = viewer_of(&k, &owner, &e.viewer, reterr);
	if (r)
		return r;
	e.created = k.created;
	e.expires = k.expires;
	e.seen = now;
	e.written = k.used;
	*ret = e.viewer;
	kr_account__copy_out(ret, from, arena);
	if (k.used == KR_TIME_NONE || now - k.used >= KR_ACCOUNT_TOUCH) {
		e.written = now;
		kr_account__note_use(a, ret, now);
	}
	kr_account__remember(a, &e, generation);
	return kr_arena_full(arena) ? kr_fault_set(reterr, -KR_ELIMIT, "no room for the viewer")
				    : 0;
}

/* ---- make ---- */

static int wider(struct kr_fault *reterr, const char *what)
{
	kr_fault_set(reterr, -KR_EDENIED, "a key cannot %s", what);
	kr_fault_remedy(reterr, "make a narrower one, or ask an administrator");
	return -KR_EDENIED;
}

static int set_role(struct kr_accounts *a, const struct kr_viewer *v, const struct kr_key_new *n,
		    struct kr_apikey *k, struct kr_fault *reterr)
{
	const struct kr_role_info *role, *his = kr_role_info(v->role);
	int r = 0;

	k->role = n->constituent.n	       ? KR_ROLE_OPERATOR
		  : v->kind == KR_VIEWER_LOCAL ? KR_ROLE_VIEWER
					       : v->role;
	if (n->role.n)
		r = kr_account__role(n->role, &k->role, reterr);
	k->constituent = v->constituent;
	/* Before it is looked up: whether there is such a one is not for this viewer. */
	if (!r && v->constituent && n->constituent.n &&
	    !kr_str_eq(n->constituent, v->constituent_name))
		return wider(reterr, "see another constituent than its maker");
	if (!r && n->constituent.n && !v->constituent)
		r = kr_account__constituent(a, n->constituent, &k->constituent, reterr);
	if (r)
		return r;
	role = kr_role_info(k->role);
	if (role->bound != (k->constituent != 0)) {
		kr_fault_set(reterr, -KR_EINVAL,
			     role->bound ? "the role '%s' belongs to a constituent"
					 : "the role '%s' belongs to no constituent",
			     role->name);
		kr_fault_remedy(reterr,
				"a key of a constituent: --constituent NAME, without --role");
		return -KR_EINVAL;
	}
	if (kr_audience_tlp(role->audience) > kr_audience_tlp(his->audience))
		return wider(reterr, "have a role that is told more than its maker");
	return 0;
}

static int set_rights(const struct kr_viewer *v, const struct kr_key_new *n, struct kr_apikey *k,
		      struct kr_fault *reterr)
{
	uint32_t of_role = kr_account__rights(kr_role_info(k->role)->rights, k->constituent), asked;
	KR_AUTO_BUF names = KR_BUF(400);
	int r;

	k->rights = of_role & v->rights;
	if (!n->rights.n)
		return 0;
	r = kr_rights_parse(n->rights, &asked, reterr);
	if (r)
		return r;
	if (asked & ~v->rights) {
		kr_rights_text(asked & ~v->rights, &names);
		wider(reterr, "do more than its maker");
		kr_fault_where(reterr, "%s", kr_buf_cstr(&names));
		return -KR_EDENIED;
	}
	if (asked & ~of_role) {
		kr_rights_text(asked & ~of_role, &names);
		kr_fault_set(reterr, -KR_EINVAL, "the role '%s' has not the right '%s'",
			     kr_role_info(k->role)->name, kr_buf_cstr(&names));
		kr_fault_remedy(reterr, "name a role that has it with --role");
		return -KR_EINVAL;
	}
	k->rights = asked;
	return 0;
}

static int set_expiry(struct kr_accounts *a, struct kr_str text, struct kr_apikey *k,
		      struct kr_fault *reterr)
{
	kr_time now = kr_store_now(a->store) / KR_SECOND * KR_SECOND;
	int64_t span;

	k->expires = now + kr_account__opts(a).key_life;
	if (!text.n)
		return 0;
	if (kr_str_eqc(text, "never")) {
		k->expires = KR_TIME_NONE;
		return 0;
	}
	if (!kr_span_parse(text, &span) && span > 0 && span <= 100 * 365 * KR_DAY)
		k->expires = now + span;
	else if (kr_time_parse(text, &k->expires) || k->expires <= now) {
		kr_fault_set(reterr, -KR_EINVAL, "'%.*s' is no time to come",
			     (int)KR_MIN(text.n, (size_t)40), text.p);
		kr_fault_remedy(reterr, "write a span like 90d, a date like 2030-01-31, or never");
		return -KR_EINVAL;
	}
	return 0;
}

static int set_tlp(const struct kr_viewer *v, struct kr_str text, struct kr_apikey *k,
		   struct kr_fault *reterr)
{
	k->tlp = v->tlp_max;
	if (!text.n)
		return 0;
	if (kr_tlp_parse(text, &k->tlp) < 0 || k->tlp == KR_TLP_NONE || k->tlp == KR_TLP_RED) {
		kr_fault_set(reterr, -KR_EINVAL, "'%.*s' is no TLP that a key may see",
			     (int)KR_MIN(text.n, (size_t)40), text.p);
		kr_fault_remedy(reterr, "write CLEAR, GREEN, AMBER or AMBER+STRICT");
		return -KR_EINVAL;
	}
	return 0;
}

static void describe(const struct kr_apikey *k, struct kr_str constituent, struct kr_buf *b)
{
	char text[KR_TIME_TEXT_MAX];

	kr_buf_printf(b, "role %s; rights ", kr_role_info(k->role)->name);
	kr_rights_text(k->rights, b);
	if (k->constituent)
		kr_buf_printf(b, "; constituent %.*s", KR_STR_ARG(constituent));
	if (k->tlp)
		kr_buf_printf(b, "; up to %s", kr_tlp_text(k->tlp));
	kr_buf_printf(b, "; expires %s",
		      k->expires == KR_TIME_NONE ? "never" : kr_time_text(k->expires, text));
}

int kr_account_key_new(struct kr_accounts *a, const struct kr_viewer *v, const struct kr_key_new *n,
		       struct kr_arena *arena, char ret_text[KR_KEY_TEXT_MAX],
		       struct kr_apikey *ret, struct kr_fault *reterr)
{
	struct kr_apikey k = {.name = n->name,
			      .owner = v->kind == KR_VIEWER_USER ? (uint32_t)v->id : 0};
	struct kr_by by = kr_by_viewer(v, arena);
	KR_AUTO_BUF detail = KR_BUF(1000);
	char token[KR_TOKEN_CHARS + 1];
	uint64_t id;
	int r = 0;

	if (v->kind != KR_VIEWER_USER && v->kind != KR_VIEWER_LOCAL)
		return wider(reterr, "be made by a key");
	if (!kr_str_trim(n->name).n)
		r = kr_fault_set(reterr, -KR_EINVAL, "a key has a name that says what it is for");
	if (!r)
		r = kr_account__line("name of a key", n->name, NAME_MAX_OF_KEY, reterr);
	if (!r)
		r = set_role(a, v, n, &k, reterr);
	if (!r)
		r = set_rights(v, n, &k, reterr);
	if (!r)
		r = set_tlp(v, n->tlp, &k, reterr);
	if (!r)
		r = set_expiry(a, n->expires, &k, reterr);
	if (r)
		return r;
	kr_token_make(token);
	kr_hash_of(token, KR_TOKEN_CHARS, &k.hash);
	describe(&k, n->constituent.n ? n->constituent : v->constituent_name, &detail);
	r = kr_store_apikey_add(a->store, &by, &k, kr_buf_str(&detail), &id, reterr);
	if (!r)
		r = kr_store_apikey_get(a->store, id, arena, ret, NULL, reterr);
	if (!r)
		snprintf(ret_text, KR_KEY_TEXT_MAX, KR_KEY_PREFIX "%llu_%s", (unsigned long long)id,
			 token);
	kr_secret_wipe(token, sizeof(token));
	return r;
}

/* ---- list and revoke ---- */

/* The owner whose keys a viewer may see; 0: all. */
static int whose(const struct kr_viewer *v, uint32_t *ret, struct kr_fault *reterr)
{
	*ret = 0;
	if (kr_viewer_can(v, KR_RIGHT_USERS))
		return 0;
	if (v->kind != KR_VIEWER_USER)
		return kr_access_check(v, KR_RIGHT_USERS, reterr);
	*ret = (uint32_t)v->id;
	return 0;
}

int kr_account_key_list(struct kr_accounts *a, const struct kr_viewer *v, struct kr_arena *arena,
			struct kr_apikey **ret, size_t *ret_n, struct kr_fault *reterr)
{
	uint32_t owner;
	int r = whose(v, &owner, reterr);

	return r ? r : kr_store_apikey_list(a->store, owner, arena, ret, ret_n, reterr);
}

int kr_account_key_revoke(struct kr_accounts *a, const struct kr_viewer *v, uint64_t id,
			  struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *arena = kr_arena_new(0);
	struct kr_by by = kr_by_viewer(v, arena);
	struct kr_apikey k;
	uint32_t owner;
	int r = whose(v, &owner, reterr);

	if (!r)
		r = kr_store_apikey_get(a->store, id, arena, &k, NULL, reterr);
	if (!r && owner && k.owner != owner) {
		kr_fault_set(reterr, -KR_ENOENT, "there is no API key %llu in use",
			     (unsigned long long)id);
		r = -KR_ENOENT;
	}
	if (!r)
		r = kr_store_apikey_revoke(a->store, &by, id, reterr);
	kr_account__changed(a);
	return r;
}
