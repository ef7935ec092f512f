/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens and passwords (libsodium). A token is 256 random bits that only its holder has: what is
 * stored is its hash. A password is chosen by a person, so what is stored is Argon2id (RFC 9106) of
 * it, which costs a guesser 64 MiB and some 70 ms a try.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

/* Characters of a token: 256 bits in base64url without padding (RFC 4648, section 5). */
#define KR_TOKEN_CHARS 43
/* A fresh token with a NUL behind it. */
void kr_token_make(char ret[KR_TOKEN_CHARS + 1]);
/* Has the text the form of a token? */
bool kr_token_is(struct kr_str s);

/* Are two secrets the same? The time taken says nothing about where they differ. */
bool kr_secret_eq(struct kr_str a, struct kr_str b);
/* Overwrite what is not needed any more; never optimised away. */
void kr_secret_wipe(void *p, size_t n);

#define KR_PASSWORD_HASH_MAX 128  /* of the stored text, with NUL */
#define KR_PASSWORD_BYTES    1024 /* of a password */
/*
 * What to store for a password: "$argon2id$v=19$m=65536,t=2,p=1$SALT$HASH".
 *
 * Returns 0; -KR_EINVAL (over KR_PASSWORD_BYTES); -KR_EUNAVAIL (no memory for it now).
 */
KR_MUST_USE int kr_password_hash(struct kr_str password, char ret[KR_PASSWORD_HASH_MAX],
				 struct kr_fault *reterr);
/* Is it the password? false too for a stored text that is none. */
bool kr_password_check(const char *stored, struct kr_str password);
/* Was it stored with other costs than today's? Then it is to be stored anew at the next login. */
bool kr_password_old(const char *stored);
