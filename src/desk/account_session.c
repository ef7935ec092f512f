/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: every request shows a token or a key, and has to become a viewer in microseconds.
 * So what was let in is remembered, by the hash of what was shown, until anything about users,
 * sessions or keys changes: then a number (generation) rises, and all that was read under an
 * earlier one is read again. The number is taken before the store is read and compared when the
 * result is put in place, so a change in between is never overtaken by what was read before it.
 * The register has a number of its own: a constituent that is retired takes its people along.
 * When a session was last seen is exact here, and written to the store at most once a minute.
 */
#include "desk/account_internal.h"

#include <string.h>

#include "desk/access.h"
#include "store/read.h"

static uint64_t slot_of(const struct kr_hash *h)
{
	uint64_t v;

	memcpy(&v, h->b, sizeof(v));
	return v % (KR_ACCOUNT_SLOTS / KR_ACCOUNT_WAYS) * KR_ACCOUNT_WAYS;
}

uint64_t kr_account__generation(struct kr_accounts *a)
{
	uint64_t g;

	pthread_mutex_lock(&a->lock);
	g = a->generation;
	pthread_mutex_unlock(&a->lock);
	return g;
}

void kr_account__changed(struct kr_accounts *a)
{
	pthread_mutex_lock(&a->lock);
	a->generation++;
	pthread_mutex_unlock(&a->lock);
}

int kr_account__ended(struct kr_fault *reterr)
{
	kr_fault_set(reterr, -KR_EAUTH, "nobody is logged in");
	kr_fault_remedy(reterr, "log in, or send an API key that is in use");
	return -KR_EAUTH;
}

bool kr_account__alive(const struct kr_account_opts *o, enum kr_viewer_kind kind, kr_time now,
		       kr_time created, kr_time expires, kr_time seen)
{
	if (expires != KR_TIME_NONE && now >= expires)
		return false;
	return kind == KR_VIEWER_KEY ||
	       (now < created + o->session_max && now < seen + o->session_idle);
}

/* ---- the table ---- */

static void texts_of(struct kr_viewer *v, struct kr_str *ret[4])
{
	ret[0] = &v->name;
	ret[1] = &v->constituent_name;
	ret[2] = &v->lang;
	ret[3] = &v->csrf;
}

/* Texts of a viewer into the arena. */
void kr_account__copy_out(struct kr_viewer *v, const struct kr_origin *from, struct kr_arena *arena)
{
	struct kr_str *text[4];

	texts_of(v, text);
	for (size_t i = 0; i < KR_ARRAY_LEN(text); i++)
		*text[i] = kr_arena_dup(arena, *text[i]);
	v->address = kr_account__clean(from->address, 64, arena);
	v->door = from->door;
}

/* Texts of a viewer into the entry itself; false if there is no room. */
static bool copy_in(struct kr_account_entry *e)
{
	struct kr_str *text[4];
	size_t used = 0;

	texts_of(&e->viewer, text);
	for (size_t i = 0; i < KR_ARRAY_LEN(text); i++) {
		struct kr_str s = *text[i];

		if (s.n > sizeof(e->text) - used)
			return false;
		if (s.n)
			memcpy(e->text + used, s.p, s.n);
		*text[i] = kr_str_n(e->text + used, s.n);
		used += s.n;
	}
	return true;
}

static struct kr_account_entry *find_locked(struct kr_accounts *a, const struct kr_hash *h)
{
	struct kr_account_entry *e = &a->entries[slot_of(h)];
	uint64_t registered = kr_store_register_version(a->store);

	for (int i = 0; i < KR_ACCOUNT_WAYS; i++, e++)
		if (e->generation == a->generation && e->registered == registered &&
		    !memcmp(&e->hash, h, sizeof(*h)))
			return e;
	return NULL;
}

/* A session or key is used at most once a minute in the store. Failing to note it fails nobody. */
void kr_account__note_use(struct kr_accounts *a, const struct kr_viewer *v, kr_time now)
{
	int r = v->kind == KR_VIEWER_KEY ? kr_store_apikey_used(a->store, v->id, now, NULL)
					 : kr_store_session_seen(a->store, v->session, now, NULL);

	(void)r;
}

bool kr_account__cached(struct kr_accounts *a, const struct kr_hash *h,
			const struct kr_origin *from, struct kr_arena *arena,
			struct kr_viewer *ret_viewer, int *ret, struct kr_fault *reterr)
{
	kr_time now = kr_store_now(a->store);
	struct kr_account_entry *e;
	bool alive = false, write = false;

	pthread_mutex_lock(&a->lock);
	e = find_locked(a, h);
	if (e) {
		alive = kr_account__alive(&a->opts, e->viewer.kind, now, e->created, e->expires,
					  e->seen);
		write = alive && now - e->written >= KR_ACCOUNT_TOUCH;
		e->seen = KR_MAX(e->seen, now);
		if (!alive)
			e->generation = 0;
		if (write)
			e->written = now;
		if (alive) {
			*ret_viewer = e->viewer;
			kr_account__copy_out(ret_viewer, from, arena);
		}
	}
	pthread_mutex_unlock(&a->lock);
	if (!e)
		return false;
	if (write)
		kr_account__note_use(a, ret_viewer, now);
	*ret = alive ? 0 : kr_account__ended(reterr);
	if (alive && kr_arena_full(arena))
		*ret = kr_fault_set(reterr, -KR_ELIMIT, "no room for the viewer");
	return true;
}

void kr_account__remember(struct kr_accounts *a, const struct kr_account_entry *fresh,
			  uint64_t generation)
{
	struct kr_account_entry *slot, *e;

	pthread_mutex_lock(&a->lock);
	slot = e = &a->entries[slot_of(&fresh->hash)];
	for (int i = 0; i < KR_ACCOUNT_WAYS; i++, e++) {
		bool stale = e->generation != a->generation;

		if (stale || e->seen < slot->seen)
			slot = e;
		if (stale)
			break;
	}
	if (generation == a->generation) {
		*slot = *fresh;
		slot->generation = copy_in(slot) ? generation : 0;
	}
	pthread_mutex_unlock(&a->lock);
}

/* ---- who ---- */

uint32_t kr_account__rights(uint32_t rights, uint32_t constituent)
{
	return constituent ? rights & (KR_RIGHT_EVENTS | KR_RIGHT_DELIVERIES | KR_RIGHT_FEEDBACK)
			   : rights;
}

int kr_account__viewer(const struct kr_user *u, struct kr_viewer *ret, struct kr_fault *reterr)
{
	const struct kr_role_info *role = kr_role_info(u->role);

	if (u->disabled || !role)
		return kr_account__ended(reterr);
	if ((role->bound && !u->constituent) || u->constituent_retired) {
		kr_fault_set(reterr, -KR_EAUTH,
			     "the constituent of this account is not in the register any more");
		kr_fault_remedy(reterr, "ask an administrator");
		return -KR_EAUTH;
	}
	*ret = (struct kr_viewer){
		.kind = KR_VIEWER_USER,
		.id = u->id,
		.name = u->name,
		.role = u->role,
		.constituent = u->constituent,
		.constituent_name = u->constituent_name,
		.rights = kr_account__rights(role->rights, u->constituent),
		.lang = u->language,
	};
	return 0;
}

struct kr_str kr_account__clean(struct kr_str s, size_t max, struct kr_arena *arena)
{
	struct kr_str cut = kr_str_first(s, max);

	cut.n = kr_utf8_valid(cut);
	for (size_t i = 0; i < cut.n; i++)
		if ((unsigned char)cut.p[i] < ' ' || cut.p[i] == 0x7f)
			cut.n = i;
	return kr_arena_dup(arena, cut.n ? cut : KR_STR(""));
}

int kr_account__begin(struct kr_accounts *a, const struct kr_user *u, const struct kr_origin *from,
		      struct kr_arena *arena, struct kr_logged_in *ret, struct kr_fault *reterr)
{
	struct kr_account_opts o = kr_account__opts(a);
	kr_time now = kr_store_now(a->store);
	struct kr_session x = {.user = u->id,
			       .created = now,
			       .seen = now,
			       .expires = now + o.session_max,
			       .address = kr_account__clean(from->address, 64, arena),
			       .agent = kr_account__clean(from->agent, KR_AGENT_MAX, arena)};
	struct kr_by by = kr_account__by(u->name, from, arena);
	struct kr_logged_in in = {.expires = x.expires};
	struct kr_hash hash;
	int r = kr_account__viewer(u, &in.viewer, reterr);

	if (r)
		return r;
	kr_token_make(in.token);
	kr_token_make(x.csrf);
	kr_hash_of(in.token, KR_TOKEN_CHARS, &hash);
	r = kr_store_session_add(a->store, &by, &x, &hash, o.sessions_max, &in.viewer.session,
				 reterr);
	/* It may have ended another one. */
	kr_account__changed(a);
	if (r)
		return r;
	in.viewer.csrf = kr_str_c(x.csrf);
	kr_account__copy_out(&in.viewer, from, arena);
	*ret = in;
	return 0;
}

int kr_account_session(struct kr_accounts *a, struct kr_str token, const struct kr_origin *from,
		       struct kr_arena *arena, struct kr_viewer *ret, struct kr_fault *reterr)
{
	kr_time now = kr_store_now(a->store);
	struct kr_account_entry e = {0};
	struct kr_account_opts o;
	struct kr_session x;
	uint64_t generation;
	struct kr_user u;
	int r;

	if (!kr_token_is(token))
		return kr_account__ended(reterr);
	kr_hash_of(token.p, token.n, &e.hash);
	if (kr_account__cached(a, &e.hash, from, arena, ret, &r, reterr))
		return r;
	generation = kr_account__generation(a);
	e.registered = kr_store_register_version(a->store);
	r = kr_store_session_find(a->store, &e.hash, arena, &x, &u, reterr);
	if (r)
		return r == -KR_ENOENT ? kr_account__ended(reterr) : r;
	o = kr_account__opts(a);
	if (!kr_account__alive(&o, KR_VIEWER_USER, now, x.created, x.expires, x.seen))
		return kr_account__ended(reterr);
	r = kr_account__viewer(&u, &e.viewer, reterr);
	if (r)
		return r;
	e.viewer.session = x.id;
	e.viewer.csrf = kr_str_c(x.csrf);
	e.created = x.created;
	e.expires = x.expires;
	e.seen = KR_MAX(now, x.seen);
	e.written = now - x.seen >= KR_ACCOUNT_TOUCH ? now : x.seen;
	*ret = e.viewer;
	kr_account__copy_out(ret, from, arena);
	kr_account__remember(a, &e, generation);
	if (e.written == now && now != x.seen)
		kr_account__note_use(a, ret, now);
	return kr_arena_full(arena) ? kr_fault_set(reterr, -KR_ELIMIT, "no room for the viewer")
				    : 0;
}

/* The user of a session that still counts. */
static int session_again(struct kr_accounts *a, const struct kr_viewer *v, kr_time now,
			 struct kr_arena *arena, struct kr_viewer *ret, struct kr_fault *reterr)
{
	struct kr_account_opts o = kr_account__opts(a);
	struct kr_session *rows;
	struct kr_user u;
	size_t n = 0, i = 0;
	int r = kr_store_session_list(a->store, (uint32_t)v->id, arena, &rows, &n, reterr);

	while (!r && i < n && rows[i].id != v->session)
		i++;
	if (!r && (i == n || !kr_account__alive(&o, KR_VIEWER_USER, now, rows[i].created,
						rows[i].expires, rows[i].seen)))
		return kr_account__ended(reterr);
	if (!r)
		r = kr_store_user_get(a->store, KR_STR(""), (uint32_t)v->id, arena, &u, reterr);
	if (r)
		return r == -KR_ENOENT ? kr_account__ended(reterr) : r;
	r = kr_account__viewer(&u, ret, reterr);
	if (!r)
		ret->session = v->session;
	return r;
}

int kr_account_again(struct kr_accounts *a, const struct kr_viewer *v, struct kr_arena *arena,
		     struct kr_viewer *ret, struct kr_fault *reterr)
{
	kr_time now = kr_store_now(a->store);
	struct kr_viewer fresh;
	int r;

	if (v->kind == KR_VIEWER_KEY)
		r = kr_account__key_again(a, v->id, now, arena, &fresh, reterr);
	else if (v->kind == KR_VIEWER_USER && v->session)
		r = session_again(a, v, now, arena, &fresh, reterr);
	else
		r = kr_account__ended(reterr);
	if (r)
		return r;
	fresh.door = v->door;
	*ret = fresh;
	return 0;
}

bool kr_account_csrf(const struct kr_viewer *v, struct kr_str token)
{
	return v->session && v->csrf.n == KR_TOKEN_CHARS && kr_secret_eq(v->csrf, token);
}

/* ---- list and end ---- */

/* Whose sessions are meant, and may he see them? 0: all. */
static int whose(struct kr_accounts *a, const struct kr_viewer *v, struct kr_str name,
		 struct kr_arena *arena, uint32_t *ret, struct kr_fault *reterr)
{
	struct kr_user u = {0};
	int r;

	if (!name.n && v->kind == KR_VIEWER_USER) {
		*ret = (uint32_t)v->id;
		return 0;
	}
	r = kr_access_check(v, KR_RIGHT_USERS, reterr);
	if (!r && name.n && !kr_str_eqc(name, "*"))
		r = kr_store_user_get(a->store, name, 0, arena, &u, reterr);
	if (!r)
		*ret = u.id;
	return r;
}

int kr_account_session_list(struct kr_accounts *a, const struct kr_viewer *v, struct kr_str name,
			    struct kr_arena *arena, struct kr_session **ret, size_t *ret_n,
			    struct kr_fault *reterr)
{
	struct kr_account_opts o = kr_account__opts(a);
	kr_time now = kr_store_now(a->store);
	struct kr_session *all;
	uint32_t user = 0;
	size_t n = 0, k = 0;
	int r = whose(a, v, name, arena, &user, reterr);

	if (!r)
		r = kr_store_session_list(a->store, user, arena, &all, &n, reterr);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++)
		if (kr_account__alive(&o, KR_VIEWER_USER, now, all[i].created, all[i].expires,
				      all[i].seen)) {
			kr_secret_wipe(all[i].csrf, sizeof(all[i].csrf));
			all[k++] = all[i];
		}
	*ret = all;
	*ret_n = k;
	return 0;
}

int kr_account_session_end(struct kr_accounts *a, const struct kr_viewer *v, uint64_t id,
			   struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *arena = kr_arena_new(0);
	struct kr_by by = kr_by_viewer(v, arena);
	bool any = kr_viewer_can(v, KR_RIGHT_USERS);
	int r;

	if (v->kind != KR_VIEWER_USER && !any)
		return kr_access_check(v, KR_RIGHT_USERS, reterr);
	r = kr_store_session_end(a->store, &by, "session.end", any ? 0 : (uint32_t)v->id, id,
				 reterr);
	kr_account__changed(a);
	return r;
}

int kr_account_session_end_all(struct kr_accounts *a, const struct kr_viewer *v, struct kr_str name,
			       struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *arena = kr_arena_new(0);
	struct kr_by by = kr_by_viewer(v, arena);
	uint32_t user = 0;
	int r = whose(a, v, name, arena, &user, reterr);

	if (r)
		return r;
	if (!user) {
		kr_fault_set(reterr, -KR_EINVAL, "sessions end for one user at a time");
		kr_fault_remedy(reterr, "name the user");
		return -KR_EINVAL;
	}
	r = kr_store_session_end_all(
		a->store, &by, user,
		v->kind == KR_VIEWER_USER && user == (uint32_t)v->id ? v->session : 0, reterr);
	kr_account__changed(a);
	return r;
}
