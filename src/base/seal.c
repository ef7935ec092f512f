/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: as in SIV mode (RFC 5297), a keyed digest of the plain bytes is both the proof
 * that they are ours and the nonce under which they are encrypted. Here the digest is BLAKE2b-128
 * and the cipher XChaCha20, whose nonce of 24 bytes takes the digest as it is. Equal bytes give
 * equal tokens, which is what an id needs, and that is all that a token tells.
 */
#include "base/seal.h"

#include <pthread.h>
#include <string.h>

#include <sodium.h>

#include "base/err.h"

static_assert(sizeof(((struct kr_seal_key *)NULL)->stream) == crypto_stream_xchacha20_KEYBYTES,
	      "key of XChaCha20");
static_assert(crypto_stream_xchacha20_NONCEBYTES >= KR_SEAL_TAG, "the tag fits into the nonce");
static_assert(sizeof(struct kr_hash_key) >= crypto_generichash_KEYBYTES_MIN, "keys BLAKE2b");

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start(void)
{
	int r = sodium_init();

	assert(r >= 0);
	(void)r;
}

void kr_seal_key(const struct kr_hash_key *key, struct kr_str purpose, const void *context,
		 size_t n, struct kr_seal_key *ret)
{
	crypto_generichash_state h;
	uint8_t out[64], length = (uint8_t)purpose.n;

	static_assert(sizeof(out) == sizeof(*ret), "both keys from one digest");
	assert(purpose.n <= 64);
	pthread_once(&once, start);
	crypto_generichash_init(&h, key->b, sizeof(key->b), sizeof(out));
	crypto_generichash_update(&h, &length, 1);
	crypto_generichash_update(&h, (const unsigned char *)purpose.p, purpose.n);
	if (n)
		crypto_generichash_update(&h, context, n);
	crypto_generichash_final(&h, out, sizeof(out));
	memcpy(ret, out, sizeof(out));
	sodium_memzero(out, sizeof(out));
}

static void tag_of(const struct kr_seal_key *k, const void *plain, size_t n, uint8_t *ret)
{
	crypto_generichash(ret, KR_SEAL_TAG, plain, n, k->tag, sizeof(k->tag));
}

static void crypt(const struct kr_seal_key *k, const uint8_t *tag, const uint8_t *in, size_t n,
		  uint8_t *out)
{
	uint8_t nonce[crypto_stream_xchacha20_NONCEBYTES] = {0};

	memcpy(nonce, tag, KR_SEAL_TAG);
	crypto_stream_xchacha20_xor(out, in, n, nonce, k->stream);
}

void kr_seal(const struct kr_seal_key *k, const void *plain, size_t n, uint8_t *ret)
{
	tag_of(k, plain, n, ret);
	crypt(k, ret, plain, n, ret + KR_SEAL_TAG);
}

int kr_unseal(const struct kr_seal_key *k, const void *sealed, size_t n, void *ret)
{
	const uint8_t *tag = sealed;
	uint8_t want[KR_SEAL_TAG];

	if (n < KR_SEAL_TAG)
		return -KR_EINVAL;
	crypt(k, tag, tag + KR_SEAL_TAG, n - KR_SEAL_TAG, ret);
	tag_of(k, ret, n - KR_SEAL_TAG, want);
	if (sodium_memcmp(want, tag, KR_SEAL_TAG) == 0)
		return 0;
	memset(ret, 0, n - KR_SEAL_TAG);
	return -KR_EINVAL;
}

/* ---- base32 ---- */

char *kr_base32_text(const uint8_t *bytes, size_t n, char *buf)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		bits = bits << 8 | bytes[i];
		for (have += 8; have >= 5; have -= 5)
			buf[at++] = "abcdefghijklmnopqrstuvwxyz234567"[bits >> (have - 5) & 31];
	}
	if (have)
		buf[at++] = "abcdefghijklmnopqrstuvwxyz234567"[bits << (5 - have) & 31];
	buf[at] = '\0';
	return buf;
}

static int digit(char c)
{
	c = kr_lower(c);
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

int kr_base32_parse(struct kr_str text, uint8_t *ret, size_t n)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t at = 0;

	if (text.n != KR_BASE32_LEN(n))
		return -KR_EINVAL;
	for (size_t i = 0; i < text.n; i++) {
		int d = digit(text.p[i]);

		if (d < 0)
			return -KR_EINVAL;
		bits = bits << 5 | (uint32_t)d;
		have += 5;
		if (have >= 8) {
			have -= 8;
			ret[at++] = (uint8_t)(bits >> have);
		}
	}
	return bits & ((1u << have) - 1) ? -KR_EINVAL : 0;
}
