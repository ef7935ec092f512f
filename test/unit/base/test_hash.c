/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include "base/err.h"
#include "tap.h"

int main(void)
{
	struct kr_hash_key key;
	struct kr_hash a, b;
	struct kr_hasher h;
	char text[KR_HASH_SIZE * 2 + 1];
	uint8_t bytes[15], r1[16] = {0}, r2[16] = {0};

	/* Known answer of BLAKE2b with 32 bytes of digest, checked with Python's hashlib. */
	kr_hash_of("abc", 3, &a);
	IS_CSTR(kr_hash_text(&a, text),
		"bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
		"BLAKE2b-256 of abc");
	kr_hasher_init(&h);
	kr_hasher_add(&h, "a", 1);
	kr_hasher_add(&h, "", 0);
	kr_hasher_add(&h, "bc", 2);
	kr_hasher_end(&h, &b);
	OK(!memcmp(&a, &b, sizeof(a)), "the same in pieces");
	IS(kr_hash_parse(kr_str_c(text), &b), 0, "text is read back");
	OK(!memcmp(&a, &b, sizeof(a)), "and equal");
	IS(kr_hash_parse(kr_str_n(text, 63), &b), -KR_EINVAL, "too short");
	text[5] = 'g';
	IS(kr_hash_parse(kr_str_c(text), &b), -KR_EINVAL, "no digit");

	/* The example of the SipHash paper, appendix A. */
	for (unsigned i = 0; i < 16; i++)
		key.b[i] = (uint8_t)i;
	for (unsigned i = 0; i < 15; i++)
		bytes[i] = (uint8_t)i;
	OK(kr_keyed_hash(&key, bytes, 15) == 0xa129ca6149be45e5u, "SipHash-2-4");
	kr_random(r1, sizeof(r1));
	kr_random(r2, sizeof(r2));
	OK(memcmp(r1, r2, sizeof(r1)) != 0, "random bytes differ");
	return tap_end();
}
