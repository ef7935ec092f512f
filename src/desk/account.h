/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who comes in: passwords, sessions, one-time links and API keys become a struct kr_viewer, which
 * the gate and everything else goes by. All functions may be called from any thread.
 *
 * Errors that all have: -KR_EAUTH (nobody is logged in: unknown, ended, expired, disabled; the
 * message does not tell which), -KR_EDENIED (logged in, but has not the right), -KR_ESTORE.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "model/viewer.h"
#include "store/account.h"
#include "store/store.h"

struct kr_accounts;

/* Times in microseconds; doc/configuration.md says what each is for. */
struct kr_account_opts {
	uint32_t password_min, failures_max, sessions_max;
	int64_t lock, session_idle, session_max, link_life, key_life;
};
struct kr_account_opts kr_account_opts_of(const struct kr_conf *c);

/* s outlives it. Free it with kr_accounts_free(). */
struct kr_accounts *kr_accounts_new(struct kr_store *s, const struct kr_account_opts *o);
void kr_accounts_free(struct kr_accounts *a);
KR_AUTO_DEFINE(kr_accounts)
/* New settings: they hold for sessions that are open too. */
void kr_accounts_configure(struct kr_accounts *a, const struct kr_account_opts *o);

/* ---- coming in ---- */

/* From where. Texts are borrowed; what is too long or no text is cut. */
struct kr_origin {
	enum kr_door door;
	struct kr_str address; /* of the client, without port */
	struct kr_str agent;   /* User-Agent */
};

struct kr_logged_in {
	char token[KR_TOKEN_CHARS + 1]; /* for the cookie; nowhere else is it in clear */
	kr_time expires;		/* at the latest */
	struct kr_viewer viewer;	/* texts live in the arena */
};

/*
 * Log in with name and password. Unknown names, wrong passwords and disabled users take the same
 * time and give the same message; failures are in the audit log.
 *
 * Returns 0; -KR_EAUTH; -KR_ERATE (too many failures for this name or address: the message says
 * when to try again); -KR_EBUSY (too many are logging in at this moment: 503).
 */
KR_MUST_USE int kr_account_login(struct kr_accounts *a, struct kr_str name, struct kr_str password,
				 const struct kr_origin *from, struct kr_arena *arena,
				 struct kr_logged_in *ret, struct kr_fault *reterr);
/* Who holds this token? Microseconds when it was asked before. -KR_EAUTH. */
KR_MUST_USE int kr_account_session(struct kr_accounts *a, struct kr_str token,
				   const struct kr_origin *from, struct kr_arena *arena,
				   struct kr_viewer *ret, struct kr_fault *reterr);
/* End the session of the viewer itself. */
KR_MUST_USE int kr_account_logout(struct kr_accounts *a, const struct kr_viewer *v,
				  struct kr_fault *reterr);
/* The token that forms of this session carry. Constant time; false for viewers without a session.
 */
bool kr_account_csrf(const struct kr_viewer *v, struct kr_str token);
/* Who holds this API key ("kr_12_...")? -KR_EAUTH. */
KR_MUST_USE int kr_account_key(struct kr_accounts *a, struct kr_str text,
			       const struct kr_origin *from, struct kr_arena *arena,
			       struct kr_viewer *ret, struct kr_fault *reterr);

/*
 * What is a viewer that came in a while ago now? For what stays open, as a stream of notices: his
 * session or key is looked up anew, with the role and the rights that it has today.
 *
 * v    of kr_account_session() or kr_account_key(); kind, id, session and door count
 * ret  at the door of v
 *
 * Returns 0; -KR_EAUTH (ended meanwhile).
 */
KR_MUST_USE int kr_account_again(struct kr_accounts *a, const struct kr_viewer *v,
				 struct kr_arena *arena, struct kr_viewer *ret,
				 struct kr_fault *reterr);

/* ---- one-time links: invitation, forgotten password ---- */

/* Pages are under this path of the node's address: KR_ACCOUNT_LINK_PATH TOKEN. */
#define KR_ACCOUNT_LINK_PATH "/login/link/"

struct kr_account_link {
	char token[KR_TOKEN_CHARS + 1]; /* shown once */
	kr_time expires;
	struct kr_user user; /* texts live in the arena */
};
/* A new link for a user; earlier ones of his stop working. Needs KR_RIGHT_USERS. */
KR_MUST_USE int kr_account_link_new(struct kr_accounts *a, const struct kr_viewer *v,
				    struct kr_str name, struct kr_arena *arena,
				    struct kr_account_link *ret, struct kr_fault *reterr);
/* Whose is it? Changes nothing: mail scanners follow links. -KR_ENOENT (used, expired, none). */
KR_MUST_USE int kr_account_link_look(struct kr_accounts *a, struct kr_str token,
				     struct kr_arena *arena, struct kr_account_link *ret,
				     struct kr_fault *reterr);
/*
 * Set the password and log in; the link is used up.
 *
 * Returns 0; -KR_ENOENT as above; -KR_EINVAL (the password; the link stays good); -KR_EBUSY.
 */
KR_MUST_USE int kr_account_link_use(struct kr_accounts *a, struct kr_str token,
				    struct kr_str password, const struct kr_origin *from,
				    struct kr_arena *arena, struct kr_logged_in *ret,
				    struct kr_fault *reterr);
/*
 * "http://127.0.0.1:8440/login/link/TOKEN".
 *
 * base  where http.public_url is not set: the address of the node, with or without '/' at its end;
 *       empty: as the other settings tell it
 */
struct kr_str kr_account_link_url(const struct kr_conf *c, struct kr_str base, const char *token,
				  struct kr_arena *arena);

/* Keep the first administrator's link in DIR/secrets/admin-link (mode 0600) until it is used or
 * expires. */
KR_MUST_USE int kr_account_link_write(struct kr_accounts *a, struct kr_str url,
				      struct kr_fault *reterr);

/* ---- one's own account ---- */

/*
 * Change the viewer's own password; his other sessions end.
 *
 * Returns 0; -KR_EAUTH (the old one is wrong); -KR_EINVAL (the new one); -KR_ERATE; -KR_EBUSY.
 */
KR_MUST_USE int kr_account_change_password(struct kr_accounts *a, const struct kr_viewer *v,
					   struct kr_str old, struct kr_str fresh,
					   struct kr_fault *reterr);
/*
 * Sessions of a user that still count, newest first.
 *
 * name  empty: the viewer's own; else KR_RIGHT_USERS is needed. "*": of all
 */
KR_MUST_USE int kr_account_session_list(struct kr_accounts *a, const struct kr_viewer *v,
					struct kr_str name, struct kr_arena *arena,
					struct kr_session **ret, size_t *ret_n,
					struct kr_fault *reterr);
/* End a session: one's own, or any with KR_RIGHT_USERS. -KR_ENOENT. */
KR_MUST_USE int kr_account_session_end(struct kr_accounts *a, const struct kr_viewer *v,
				       uint64_t id, struct kr_fault *reterr);
/* End all sessions of a user (empty: all others of one's own). Returns how many, or -KR_E*. */
KR_MUST_USE int kr_account_session_end_all(struct kr_accounts *a, const struct kr_viewer *v,
					   struct kr_str name, struct kr_fault *reterr);

/* ---- users: all need KR_RIGHT_USERS ---- */

/* What is to be set, as text. p NULL: stays as it is; empty: none. */
struct kr_user_change {
	struct kr_str title, role, constituent, language;
};

KR_MUST_USE int kr_account_user_list(struct kr_accounts *a, const struct kr_viewer *v,
				     struct kr_arena *arena, struct kr_user **ret, size_t *ret_n,
				     struct kr_fault *reterr);
KR_MUST_USE int kr_account_user_get(struct kr_accounts *a, const struct kr_viewer *v,
				    struct kr_str name, struct kr_arena *arena, struct kr_user *ret,
				    struct kr_fault *reterr);
/* Add a user, without a password: he gets a link. -KR_EEXIST, -KR_EINVAL with what is valid. */
KR_MUST_USE int kr_account_user_add(struct kr_accounts *a, const struct kr_viewer *v,
				    struct kr_str name, const struct kr_user_change *c,
				    struct kr_arena *arena, struct kr_user *ret,
				    struct kr_fault *reterr);
/*
 * Change a user. What he is logged in with has the new rights at once.
 *
 * revision  that the caller saw; 0: whatever it is
 *
 * Returns 0; -KR_ENOENT; -KR_EEXIST (changed meanwhile); -KR_EINVAL; -KR_EDENIED (the last
 * administrator).
 */
KR_MUST_USE int kr_account_user_edit(struct kr_accounts *a, const struct kr_viewer *v,
				     struct kr_str name, uint32_t revision,
				     const struct kr_user_change *c, struct kr_arena *arena,
				     struct kr_user *ret, struct kr_fault *reterr);
/* Who is disabled is out at once, with his keys; enabled again he has password and keys back. */
KR_MUST_USE int kr_account_user_enable(struct kr_accounts *a, const struct kr_viewer *v,
				       struct kr_str name, bool enable, struct kr_fault *reterr);
/* Sessions and links go, keys are revoked. */
KR_MUST_USE int kr_account_user_remove(struct kr_accounts *a, const struct kr_viewer *v,
				       struct kr_str name, struct kr_fault *reterr);

/* ---- API keys ---- */

/* "kr_", the number of the key, "_", a token. */
#define KR_KEY_PREFIX	"kr_"
#define KR_KEY_TEXT_MAX (3 + 20 + 1 + KR_TOKEN_CHARS + 1)

struct kr_key_new {
	struct kr_str name;	   /* what it is for */
	struct kr_str role;	   /* empty: the viewer's own; local: "viewer" */
	struct kr_str rights;	   /* "events,take"; empty: all that role and viewer have */
	struct kr_str constituent; /* name: sees its events only, as an operator */
	struct kr_str tlp;	   /* tightest label it sees; empty: that of its role */
	struct kr_str expires;	   /* "90d", a date, "never"; empty: accounts.key_life */
};
/*
 * Make a key; it is never wider than its maker.
 *
 * ret_text  the key, shown once
 *
 * Returns 0; -KR_EINVAL with what is valid; -KR_EDENIED (wider than its maker; keys make no keys).
 */
KR_MUST_USE int kr_account_key_new(struct kr_accounts *a, const struct kr_viewer *v,
				   const struct kr_key_new *k, struct kr_arena *arena,
				   char ret_text[KR_KEY_TEXT_MAX], struct kr_apikey *ret,
				   struct kr_fault *reterr);
/* Keys of the viewer, newest first; all with KR_RIGHT_USERS. */
KR_MUST_USE int kr_account_key_list(struct kr_accounts *a, const struct kr_viewer *v,
				    struct kr_arena *arena, struct kr_apikey **ret, size_t *ret_n,
				    struct kr_fault *reterr);
/* One's own, or any with KR_RIGHT_USERS. -KR_ENOENT. */
KR_MUST_USE int kr_account_key_revoke(struct kr_accounts *a, const struct kr_viewer *v, uint64_t id,
				      struct kr_fault *reterr);
