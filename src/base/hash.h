/* SPDX-License-Identifier: Apache-2.0 */
/* Digests (libsodium). */
#pragma once

#include "base/base.h"
#include "base/str.h"

#define KR_HASH_SIZE 32

struct kr_hash {
	uint8_t b[KR_HASH_SIZE];
};

/* BLAKE2b-256 over a stream; the struct is on the stack of the caller, nothing to free. */
struct kr_hasher {
	_Alignas(64) unsigned char opaque[384];
};

void kr_hasher_init(struct kr_hasher *h);
void kr_hasher_add(struct kr_hasher *h, const void *p, size_t n);
void kr_hasher_end(struct kr_hasher *h, struct kr_hash *ret);
void kr_hash_of(const void *p, size_t n, struct kr_hash *ret);
/* 64 lower-case hexadecimal digits and NUL. Returns buf. */
char *kr_hash_text(const struct kr_hash *h, char buf[KR_HASH_SIZE * 2 + 1]);
KR_MUST_USE int kr_hash_parse(struct kr_str s, struct kr_hash *ret);

/* A 128-bit key against chosen collisions; made once for a data directory. */
struct kr_hash_key {
	uint8_t b[16];
};

/* SipHash-2-4 of bytes under a key (Aumasson and Bernstein 2012). */
uint64_t kr_keyed_hash(const struct kr_hash_key *key, const void *p, size_t n);
/* Bytes from the system's generator. */
void kr_random(void *p, size_t n);

#define KR_HMAC_SIZE 32

/* HMAC-SHA-256 (RFC 2104, RFC 4231), key of any length. */
void kr_hmac_sha256(struct kr_str key, struct kr_str data, uint8_t ret[KR_HMAC_SIZE]);
/* SHA-256 (FIPS 180-4), for formats and protocols that ask for it. */
void kr_sha256(struct kr_str data, uint8_t ret[32]);
/* Are two secrets equal? The time it takes does not tell where they differ. */
bool kr_secret_equal(const void *a, const void *b, size_t n);
