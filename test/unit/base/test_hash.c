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
	char wide[131];
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
	/* RFC 4231, test cases 1 and 6 (a key longer than a block). */
	memset(wide, 0x0b, 20);
	kr_hmac_sha256(kr_str_n(wide, 20), KR_STR("Hi There"), a.b);
	IS_CSTR(kr_hash_text(&a, text),
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
		"HMAC-SHA-256 of RFC 4231, case 1");
	memset(wide, 0xaa, sizeof(wide));
	kr_hmac_sha256(kr_str_n(wide, sizeof(wide)),
		       KR_STR("Test Using Larger Than Block-Size Key - Hash Key First"), a.b);
	IS_CSTR(kr_hash_text(&a, text),
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", "and case 6");
	kr_sha256(KR_STR("abc"), a.b);
	IS_CSTR(kr_hash_text(&a, text),
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"SHA-256 of abc");
	OK(kr_secret_equal("abc", "abc", 3) && !kr_secret_equal("abc", "abd", 3) &&
		   kr_secret_equal("a", "b", 0),
	   "secrets are compared");
	kr_random(r1, sizeof(r1));
	kr_random(r2, sizeof(r2));
	OK(memcmp(r1, r2, sizeof(r1)) != 0, "random bytes differ");
	return tap_end();
}
