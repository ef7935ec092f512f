/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may come in: users, their sessions and one-time links, failed logins, and API keys, in
 * main.db. Of tokens and keys only hashes are here. What is right for whom is decided by the desk
 * (desk/account.h); this keeps what must hold whatever the desk does: a link is used once, and an
 * administrator is left. Every change writes the audit log in its own transaction.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/time.h"
#include "model/viewer.h"
#include "store/audit.h"
#include "store/store.h"

/* ---- users ---- */

#define KR_USER_NAME_MAX 64

struct kr_user {
	uint32_t id;	    /* 0: not stored yet */
	struct kr_str name; /* unique: letters, digits, '-', '_', '.' and '@' */
	struct kr_str title, language;
	enum kr_role role;
	uint32_t constituent;		/* 0: none */
	struct kr_str constituent_name; /* read only */
	bool constituent_retired;	/* read only */
	struct kr_str password; /* Argon2id, "set" above the store; empty: none yet. Not changed by
				 * put */
	kr_time created, changed;
	kr_time seen; /* read only: of the newest session; KR_TIME_NONE: none */
	bool disabled;
	uint32_t revision;
};

/* Is it a name that a user may have? */
bool kr_user_name_ok(struct kr_str name);
/*
 * Add a user, or change one (u->id set; the revision must match). Who is disabled loses his
 * sessions and links.
 *
 * action  for the audit log, "user.add"
 * detail  what changed, for the audit log
 * ret_id  set on success
 *
 * Returns 0; -KR_EEXIST (name taken, or changed meanwhile); -KR_EINVAL (name); -KR_EDENIED (no
 * administrator would be left).
 */
KR_MUST_USE int kr_store_user_put(struct kr_store *s, const struct kr_by *by, const char *action,
				  const struct kr_user *u, struct kr_str detail, uint32_t *ret_id,
				  struct kr_fault *reterr);
/* One user by name, or by id where the name is empty. -KR_ENOENT. Texts live in the arena. */
KR_MUST_USE int kr_store_user_get(struct kr_store *s, struct kr_str name, uint32_t id,
				  struct kr_arena *a, struct kr_user *ret, struct kr_fault *reterr);
KR_MUST_USE int kr_store_user_list(struct kr_store *s, struct kr_arena *a, struct kr_user **ret,
				   size_t *ret_n, struct kr_fault *reterr);
/* Delete a user with sessions and links; keys are revoked. -KR_ENOENT; -KR_EDENIED as above. */
KR_MUST_USE int kr_store_user_remove(struct kr_store *s, const struct kr_by *by, uint32_t id,
				     struct kr_fault *reterr);
/*
 * Set a password: all links of the user and all sessions but `keep` (0: none is kept) end.
 *
 * stored  from kr_password_hash()
 */
KR_MUST_USE int kr_store_user_password(struct kr_store *s, const struct kr_by *by, uint32_t id,
				       struct kr_str stored, uint64_t keep,
				       struct kr_fault *reterr);
/* The same password with today's costs: nothing else changes, if `old` is still what is stored. */
KR_MUST_USE int kr_store_user_rehash(struct kr_store *s, uint32_t id, struct kr_str old,
				     struct kr_str stored, struct kr_fault *reterr);

/* ---- sessions ---- */

struct kr_session {
	uint64_t id;
	uint32_t user;
	struct kr_str user_name; /* read only */
	char csrf[44];		 /* KR_TOKEN_CHARS and NUL */
	kr_time created, seen, expires;
	struct kr_str address, agent;
};

/*
 * Begin a session: a login that worked, so its failures are forgotten.
 *
 * by           the user
 * hash         of the token
 * session_max  of the user; the oldest beyond it end
 */
KR_MUST_USE int kr_store_session_add(struct kr_store *s, const struct kr_by *by,
				     const struct kr_session *session, const struct kr_hash *hash,
				     uint32_t session_max, uint64_t *ret_id,
				     struct kr_fault *reterr);
/* A session with its user, whether or not they still count. -KR_ENOENT. */
KR_MUST_USE int kr_store_session_find(struct kr_store *s, const struct kr_hash *hash,
				      struct kr_arena *a, struct kr_session *ret,
				      struct kr_user *ret_user, struct kr_fault *reterr);
/* It was used; the caller asks at most once a minute. */
KR_MUST_USE int kr_store_session_seen(struct kr_store *s, uint64_t id, kr_time at,
				      struct kr_fault *reterr);
/* Sessions of a user (0: of all), newest first. */
KR_MUST_USE int kr_store_session_list(struct kr_store *s, uint32_t user, struct kr_arena *a,
				      struct kr_session **ret, size_t *ret_n,
				      struct kr_fault *reterr);
/* End one; user 0: whosever it is. -KR_ENOENT. */
KR_MUST_USE int kr_store_session_end(struct kr_store *s, const struct kr_by *by, const char *action,
				     uint32_t user, uint64_t id, struct kr_fault *reterr);
/* End all of a user but `keep`. Returns how many, or -KR_E*. */
KR_MUST_USE int kr_store_session_end_all(struct kr_store *s, const struct kr_by *by, uint32_t user,
					 uint64_t keep, struct kr_fault *reterr);
/*
 * Forget what has no effect any more: sessions that began before or were last seen before the
 * times, links that expired, failures older than `failed`. Returns how many rows, or -KR_E*.
 */
KR_MUST_USE int kr_store_account_purge(struct kr_store *s, kr_time now, kr_time seen,
				       kr_time failed, struct kr_fault *reterr);

/* ---- one-time links ---- */

/* A new link; those that the user had do not work any more. */
KR_MUST_USE int kr_store_link_add(struct kr_store *s, const struct kr_by *by, uint32_t user,
				  const struct kr_hash *hash, kr_time expires,
				  struct kr_fault *reterr);
/* -KR_ENOENT: there is none, or it was used, or it has expired. */
KR_MUST_USE int kr_store_link_find(struct kr_store *s, const struct kr_hash *hash, kr_time now,
				   struct kr_arena *a, struct kr_user *ret_user,
				   kr_time *ret_expires, struct kr_fault *reterr);
/*
 * Use it up and set the password, in one transaction: of two who try, one gets -KR_ENOENT. All
 * sessions of the user end.
 */
KR_MUST_USE int kr_store_link_use(struct kr_store *s, const struct kr_by *by,
				  const struct kr_hash *hash, kr_time now, struct kr_str stored,
				  struct kr_fault *reterr);

/* ---- failed logins ---- */

struct kr_failures {
	uint32_t n;
	kr_time last; /* KR_TIME_NONE: none */
};
/* Failures since a time, by name and by address. */
KR_MUST_USE int kr_store_failures(struct kr_store *s, struct kr_str name, struct kr_str address,
				  kr_time since, struct kr_failures *ret_name,
				  struct kr_failures *ret_address, struct kr_fault *reterr);
/* One more; counting begins anew where the last was before `since`. Written to the audit log. */
KR_MUST_USE int kr_store_failure_add(struct kr_store *s, const struct kr_by *by, struct kr_str name,
				     struct kr_str address, kr_time since, struct kr_str detail,
				     struct kr_fault *reterr);

/* ---- API keys ---- */

struct kr_apikey {
	uint64_t id;
	struct kr_str name;
	struct kr_hash hash;	  /* of the secret part */
	uint32_t owner;		  /* user; 0: the node's own */
	struct kr_str owner_name; /* read only */
	enum kr_role role;
	uint32_t rights;
	uint32_t constituent;			 /* 0: none */
	struct kr_str constituent_name;		 /* read only */
	bool constituent_retired;		 /* read only */
	enum kr_tlp tlp;			 /* NONE: no limit of its own */
	kr_time created, expires, used, revoked; /* KR_TIME_NONE: never */
};

KR_MUST_USE int kr_store_apikey_add(struct kr_store *s, const struct kr_by *by,
				    const struct kr_apikey *k, struct kr_str detail,
				    uint64_t *ret_id, struct kr_fault *reterr);
/*
 * A key, revoked or not, and its owner.
 *
 * ret_owner  id 0: it has none; may be NULL
 */
KR_MUST_USE int kr_store_apikey_get(struct kr_store *s, uint64_t id, struct kr_arena *a,
				    struct kr_apikey *ret, struct kr_user *ret_owner,
				    struct kr_fault *reterr);
/* Newest first. owner 0: of all. */
KR_MUST_USE int kr_store_apikey_list(struct kr_store *s, uint32_t owner, struct kr_arena *a,
				     struct kr_apikey **ret, size_t *ret_n,
				     struct kr_fault *reterr);
/* It was used; the caller asks at most once a minute. */
KR_MUST_USE int kr_store_apikey_used(struct kr_store *s, uint64_t id, kr_time at,
				     struct kr_fault *reterr);
/* -KR_ENOENT: there is none, or it is revoked. */
KR_MUST_USE int kr_store_apikey_revoke(struct kr_store *s, const struct kr_by *by, uint64_t id,
				       struct kr_fault *reterr);
