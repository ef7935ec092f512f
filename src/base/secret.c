/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <sodium.h>

static_assert(KR_PASSWORD_HASH_MAX >= crypto_pwhash_argon2id_STRBYTES, "a stored password fits");
static_assert(KR_TOKEN_CHARS + 1 ==
		      sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
	      "256 bits in base64url");

/* RFC 9106 leaves the costs to the user: half of its second choice's passes, all of its memory. */
#define OPS crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE
#define MEM crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE

void kr_token_make(char ret[KR_TOKEN_CHARS + 1])
{
	unsigned char bits[32];

	kr_random(bits, sizeof(bits));
	sodium_bin2base64(ret, KR_TOKEN_CHARS + 1, bits, sizeof(bits),
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bits, sizeof(bits));
}

bool kr_token_is(struct kr_str s)
{
	if (s.n != KR_TOKEN_CHARS)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!kr_is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
			return false;
	return true;
}

bool kr_secret_eq(struct kr_str a, struct kr_str b)
{
	return a.n == b.n && (!a.n || sodium_memcmp(a.p, b.p, a.n) == 0);
}

void kr_secret_wipe(void *p, size_t n)
{
	sodium_memzero(p, n);
}

int kr_password_hash(struct kr_str password, char ret[KR_PASSWORD_HASH_MAX],
		     struct kr_fault *reterr)
{
	if (password.n > KR_PASSWORD_BYTES)
		return kr_fault_set(reterr, -KR_EINVAL, "a password has at most %d bytes",
				    KR_PASSWORD_BYTES);
	kr_random(ret, 1); /* libsodium is started */
	if (crypto_pwhash_argon2id_str(ret, password.n ? password.p : "", password.n, OPS, MEM))
		return kr_fault_set(reterr, -KR_EUNAVAIL, "no memory to hash a password");
	return 0;
}

bool kr_password_check(const char *stored, struct kr_str password)
{
	char first;

	if (password.n > KR_PASSWORD_BYTES)
		return false;
	kr_random(&first, 1);
	return crypto_pwhash_argon2id_str_verify(stored, password.n ? password.p : "",
						 password.n) == 0;
}

bool kr_password_old(const char *stored)
{
	return crypto_pwhash_argon2id_str_needs_rehash(stored, OPS, MEM) != 0;
}
