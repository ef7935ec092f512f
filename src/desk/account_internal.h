/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of accounts share. Private to desk. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/hash.h"
#include "desk/account.h"

#define KR_ACCOUNT_SLOTS 512 /* sessions and keys remembered */
#define KR_ACCOUNT_WAYS	 2   /* places that one may be in */
#define KR_ACCOUNT_TEXT	 400 /* bytes of names of one */
#define KR_AGENT_MAX	 200 /* bytes of a User-Agent that are kept */
/* Seen and used are written at most this often. */
#define KR_ACCOUNT_TOUCH KR_MINUTE

/* Something that was shown and let in; all of it can be made again from the store. */
struct kr_account_entry {
	struct kr_hash hash;	 /* of what was shown; the key of this table */
	uint64_t generation;	 /* of kr_accounts when it was read; 0: empty */
	uint64_t registered;	 /* version of the register then */
	struct kr_viewer viewer; /* texts are in text[] */
	kr_time created, expires, seen, written;
	char text[KR_ACCOUNT_TEXT];
};

struct kr_accounts {
	struct kr_store *store;

	pthread_mutex_t lock; /* guards all below it, up to the next lock */
	struct kr_account_opts opts;
	uint64_t generation; /* rises with every change of users, sessions and keys */
	kr_time purged;
	struct kr_account_entry *entries;

	atomic_uint waiting;	   /* for the next lock, its holder included */
	pthread_mutex_t hash_lock; /* one Argon2id at a time; guards dummy */
	char dummy[KR_PASSWORD_HASH_MAX];
};

struct kr_account_opts kr_account__opts(struct kr_accounts *a);
/* After each change, before its function returns: nobody is let in by what was read before. */
void kr_account__changed(struct kr_accounts *a);

/* ---- passwords: one at a time ---- */
/* -KR_EBUSY: too many wait. End with kr_account__hash_end(). */
KR_MUST_USE int kr_account__hash_begin(struct kr_accounts *a, struct kr_fault *reterr);
void kr_account__hash_end(struct kr_accounts *a);
/* Is it a password that may be set? */
KR_MUST_USE int kr_account__password_check(const struct kr_account_opts *o, struct kr_str password,
					   struct kr_str name, struct kr_fault *reterr);
/* Must who has failed wait? address: as kr_account__net() gives it. -KR_ERATE. */
KR_MUST_USE int kr_account__may_try(struct kr_accounts *a, struct kr_str name,
				    struct kr_str address, struct kr_fault *reterr);
KR_MUST_USE int kr_account__failed(struct kr_accounts *a, const struct kr_by *by,
				   struct kr_str name, struct kr_str address, const char *why,
				   struct kr_fault *reterr);
/* What failures of an address are counted under: IPv6 by /64, which one host has whole. */
struct kr_str kr_account__net(struct kr_str address, char buf[64]);

/* ---- sessions ---- */
/* Begin one for a user who has shown that it is him. */
KR_MUST_USE int kr_account__begin(struct kr_accounts *a, const struct kr_user *u,
				  const struct kr_origin *from, struct kr_arena *arena,
				  struct kr_logged_in *ret, struct kr_fault *reterr);
/* Who acts: "user:NAME" at a door. Texts live in the arena. */
struct kr_by kr_account__by(struct kr_str name, const struct kr_origin *from,
			    struct kr_arena *arena);
/* A viewer that a user is, with the rights of his role. -KR_EAUTH: he may not come in. */
KR_MUST_USE int kr_account__viewer(const struct kr_user *u, struct kr_viewer *ret,
				   struct kr_fault *reterr);
/* A viewer that a key is at this time. -KR_EAUTH: none. */
KR_MUST_USE int kr_account__key_again(struct kr_accounts *a, uint64_t id, kr_time now,
				      struct kr_arena *arena, struct kr_viewer *ret,
				      struct kr_fault *reterr);
/* Rights that are left to who is bound to a constituent. */
uint32_t kr_account__rights(uint32_t rights, uint32_t constituent);
/* Text of a client as it may be kept: valid UTF-8, no control characters, cut. */
struct kr_str kr_account__clean(struct kr_str s, size_t max, struct kr_arena *arena);

/* ---- remembered ---- */
/* Returns true if it was there; then ret is the answer: 0 with a viewer, or -KR_EAUTH. */
bool kr_account__cached(struct kr_accounts *a, const struct kr_hash *h,
			const struct kr_origin *from, struct kr_arena *arena,
			struct kr_viewer *ret_viewer, int *ret, struct kr_fault *reterr);
/* generation: kr_account__generation() before the store was read. */
uint64_t kr_account__generation(struct kr_accounts *a);
void kr_account__remember(struct kr_accounts *a, const struct kr_account_entry *e,
			  uint64_t generation);
/* Texts of a viewer into the arena, with where he comes from. */
void kr_account__copy_out(struct kr_viewer *v, const struct kr_origin *from,
			  struct kr_arena *arena);
/* A session or key was used; what goes wrong with noting it fails nobody. */
void kr_account__note_use(struct kr_accounts *a, const struct kr_viewer *v, kr_time now);
/* Does it count at this time? */
bool kr_account__alive(const struct kr_account_opts *o, enum kr_viewer_kind kind, kr_time now,
		       kr_time created, kr_time expires, kr_time seen);
int kr_account__ended(struct kr_fault *reterr);

/* ---- links ---- */
/* Remove the file of the first administrator's link if that link does not work any more. */
void kr_account__link_tidy(struct kr_accounts *a);

/* ---- texts ---- */
void kr_account__hide(struct kr_user *u);
/* One line of text that a person wrote. */
KR_MUST_USE int kr_account__line(const char *what, struct kr_str s, size_t max,
				 struct kr_fault *reterr);
KR_MUST_USE int kr_account__constituent(struct kr_accounts *a, struct kr_str name, uint32_t *ret,
					struct kr_fault *reterr);
KR_MUST_USE int kr_account__role(struct kr_str text, enum kr_role *ret, struct kr_fault *reterr);
