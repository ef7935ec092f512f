/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <pthread.h>

#include <sodium.h>

#include "base/err.h"

static_assert(sizeof(struct kr_hasher) >= sizeof(crypto_generichash_state) &&
		      _Alignof(struct kr_hasher) >= _Alignof(crypto_generichash_state),
	      "struct kr_hasher holds a state of libsodium");
static_assert(sizeof(struct kr_hash_key) == crypto_shorthash_KEYBYTES, "key of SipHash");

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* libsodium then picks the fastest BLAKE2b of this processor. */
static void start(void)
{
	int r = sodium_init();

	assert(r >= 0);
	(void)r;
}

static crypto_generichash_state *state_of(struct kr_hasher *h)
{
	return (crypto_generichash_state *)(void *)h->opaque;
}

void kr_hasher_init(struct kr_hasher *h)
{
	pthread_once(&once, start);
	crypto_generichash_init(state_of(h), NULL, 0, KR_HASH_SIZE);
}

void kr_hasher_add(struct kr_hasher *h, const void *p, size_t n)
{
	crypto_generichash_update(state_of(h), p, n);
}

void kr_hasher_end(struct kr_hasher *h, struct kr_hash *ret)
{
	crypto_generichash_final(state_of(h), ret->b, KR_HASH_SIZE);
}

void kr_hash_of(const void *p, size_t n, struct kr_hash *ret)
{
	pthread_once(&once, start);
	crypto_generichash(ret->b, KR_HASH_SIZE, p, n, NULL, 0);
}

char *kr_hash_text(const struct kr_hash *h, char buf[KR_HASH_SIZE * 2 + 1])
{
	for (size_t i = 0; i < KR_HASH_SIZE; i++) {
		buf[i * 2] = "0123456789abcdef"[h->b[i] >> 4];
		buf[i * 2 + 1] = "0123456789abcdef"[h->b[i] & 15];
	}
	buf[KR_HASH_SIZE * 2] = '\0';
	return buf;
}

int kr_hash_parse(struct kr_str s, struct kr_hash *ret)
{
	struct kr_hash h;

	if (s.n != KR_HASH_SIZE * 2)
		return -KR_EINVAL;
	for (size_t i = 0; i < KR_HASH_SIZE; i++) {
		int high = kr_hex_value(s.p[2 * i]), low = kr_hex_value(s.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return -KR_EINVAL;
		h.b[i] = (uint8_t)(high << 4 | low);
	}
	*ret = h;
	return 0;
}

uint64_t kr_keyed_hash(const struct kr_hash_key *key, const void *p, size_t n)
{
	unsigned char out[crypto_shorthash_BYTES];
	uint64_t v = 0;

	crypto_shorthash(out, p, n, key->b);
	for (size_t i = sizeof(out); i-- > 0;)
		v = v << 8 | out[i];
	return v;
}

void kr_random(void *p, size_t n)
{
	pthread_once(&once, start);
	randombytes_buf(p, n);
}

void kr_hmac_sha256(struct kr_str key, struct kr_str data, uint8_t ret[KR_HMAC_SIZE])
{
	crypto_auth_hmacsha256_state h;

	pthread_once(&once, start);
	crypto_auth_hmacsha256_init(&h, (const unsigned char *)key.p, key.n);
	crypto_auth_hmacsha256_update(&h, (const unsigned char *)data.p, data.n);
	crypto_auth_hmacsha256_final(&h, ret);
	sodium_memzero(&h, sizeof(h));
}

void kr_sha256(struct kr_str data, uint8_t ret[32])
{
	pthread_once(&once, start);
	crypto_hash_sha256(ret, (const unsigned char *)data.p, data.n);
}

bool kr_secret_equal(const void *a, const void *b, size_t n)
{
	return sodium_memcmp(a, b, n) == 0;
}
