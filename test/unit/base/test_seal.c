/* SPDX-License-Identifier: Apache-2.0 */
#include "base/seal.h"

#include <string.h>

#include "base/err.h"
#include "tap.h"

static void test_base32(void)
{
	/* RFC 4648 section 10, in small letters and without padding. */
	static const struct {
		const char *in, *out;
	} v[] = {{"", ""},
		 {"f", "my"},
		 {"fo", "mzxq"},
		 {"foo", "mzxw6"},
		 {"foob", "mzxw6yq"},
		 {"fooba", "mzxw6ytb"},
		 {"foobar", "mzxw6ytboi"}};
	uint8_t back[16];
	char text[32];

	for (size_t i = 0; i < KR_ARRAY_LEN(v); i++) {
		size_t n = strlen(v[i].in);

		kr_base32_text((const uint8_t *)v[i].in, n, text);
		IS_CSTR(text, v[i].out, v[i].in);
		IS(kr_base32_parse(kr_str_c(text), back, n), 0, "reads back");
		OK(memcmp(back, v[i].in, n) == 0, "to the same bytes");
	}
	IS(kr_base32_parse(KR_STR("MZXW6"), back, 3), 0, "capital letters");
	IS(kr_base32_parse(KR_STR("mz"), back, 1), -KR_EINVAL, "bits behind the last byte");
	IS(kr_base32_parse(KR_STR("m1"), back, 1), -KR_EINVAL, "no such digit");
	IS(kr_base32_parse(KR_STR("mya"), back, 1), -KR_EINVAL, "too long");
	IS(kr_base32_parse(KR_STR("m"), back, 1), -KR_EINVAL, "too short");
}

static void test_seal(void)
{
	static const struct kr_hash_key key = {.b = {1, 2, 3}}, other = {.b = {1, 2, 4}};
	const char plain[] = "seventeen bytes..";
	uint8_t a[sizeof(plain) + KR_SEAL_TAG], b[sizeof(a)], back[sizeof(plain)];
	struct kr_seal_key k, k2;
	unsigned accepted = 0;

	kr_seal_key(&key, KR_STR("test"), "x", 1, &k);
	kr_seal(&k, plain, sizeof(plain), a);
	kr_seal(&k, plain, sizeof(plain), b);
	OK(memcmp(a, b, sizeof(a)) == 0, "the same bytes give the same token");
	OK(!memmem(a, sizeof(a), plain, 6), "which does not show them");
	IS(kr_unseal(&k, a, sizeof(a), back), 0, "it opens");
	OK(memcmp(back, plain, sizeof(plain)) == 0, "to the same bytes");
	for (size_t bit = 0; bit < sizeof(a) * 8; bit++) {
		a[bit / 8] ^= (uint8_t)(1 << bit % 8);
		accepted += kr_unseal(&k, a, sizeof(a), back) == 0;
		a[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	IS(accepted, 0, "a changed bit is noticed, wherever it is");
	IS(back[0], 0, "and nothing is handed out");
	IS(kr_unseal(&k, a, sizeof(a) - 1, back), -KR_EINVAL, "a byte is missing");
	IS(kr_unseal(&k, a, KR_SEAL_TAG - 1, back), -KR_EINVAL, "too short for a tag");
	kr_seal_key(&key, KR_STR("test"), "y", 1, &k2);
	IS(kr_unseal(&k2, a, sizeof(a), back), -KR_EINVAL, "another context");
	kr_seal_key(&key, KR_STR("tes"), "tx", 2, &k2);
	IS(kr_unseal(&k2, a, sizeof(a), back), -KR_EINVAL, "another purpose");
	kr_seal_key(&other, KR_STR("test"), "x", 1, &k2);
	IS(kr_unseal(&k2, a, sizeof(a), back), -KR_EINVAL, "another key");
	((char *)b)[0] ^= 1;
	kr_seal(&k, "", 0, b);
	IS(kr_unseal(&k, b, KR_SEAL_TAG, back), 0, "no bytes at all");
}

int main(void)
{
	test_base32();
	test_seal();
	return tap_end();
}
