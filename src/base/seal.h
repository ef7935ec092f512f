/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short bytes as a token that tells nothing and that nobody else can make: deterministic
 * authenticated encryption (libsodium). The same bytes give the same token under the same key.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/str.h"

#define KR_SEAL_TAG 16

struct kr_seal_key {
	uint8_t tag[32], stream[32];
};

/*
 * Derive a key.
 *
 * key      secret of the data directory
 * purpose  at most 64 bytes: keys of different purposes have nothing in common
 * context  n bytes that belong to the key: whose it is
 */
void kr_seal_key(const struct kr_hash_key *key, struct kr_str purpose, const void *context,
		 size_t n, struct kr_seal_key *ret);
/* Seal n bytes; ret receives n + KR_SEAL_TAG. */
void kr_seal(const struct kr_seal_key *k, const void *plain, size_t n, uint8_t *ret);
/*
 * Open a seal.
 *
 * n    bytes of sealed
 * ret  receives n - KR_SEAL_TAG bytes; zeros on failure
 *
 * Returns 0; -KR_EINVAL: not made under this key.
 */
KR_MUST_USE int kr_unseal(const struct kr_seal_key *k, const void *sealed, size_t n, void *ret);

/* Characters of n bytes in base32. */
#define KR_BASE32_LEN(n) (((n) * 8 + 4) / 5)
/* Base32 (RFC 4648 section 6) in small letters and without padding, with NUL. Returns buf. */
char *kr_base32_text(const uint8_t *bytes, size_t n, char *buf);
/*
 * Read it, letters of any case.
 *
 * text  exactly KR_BASE32_LEN(n) characters
 *
 * Returns 0; -KR_EINVAL: another length, other characters, or bits behind the last byte.
 */
KR_MUST_USE int kr_base32_parse(struct kr_str text, uint8_t *ret, size_t n);
