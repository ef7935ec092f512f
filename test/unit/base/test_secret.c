/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include "tap.h"

static void test_tokens(void)
{
	static char seen[500][KR_TOKEN_CHARS + 1];
	size_t same = 0, bad = 0;

	for (size_t i = 0; i < KR_ARRAY_LEN(seen); i++) {
		kr_token_make(seen[i]);
		bad += strlen(seen[i]) != KR_TOKEN_CHARS || !kr_token_is(kr_str_c(seen[i]));
		for (size_t j = 0; j < i; j++)
			same += !strcmp(seen[i], seen[j]);
	}
	IS(bad, 0, "tokens have the form of tokens");
	IS(same, 0, "no two are the same");
	OK(!kr_token_is(KR_STR("")) && !kr_token_is(kr_str_n(seen[0], KR_TOKEN_CHARS - 1)) &&
		   !kr_token_is(KR_STR("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")) &&
		   !kr_token_is(KR_STR("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'")) &&
		   !kr_token_is(KR_STR("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0")),
	   "other texts have not");
}

static void test_equal(void)
{
	OK(kr_secret_eq(KR_STR("abc"), KR_STR("abc")), "the same is the same");
	OK(!kr_secret_eq(KR_STR("abc"), KR_STR("abd")) &&
		   !kr_secret_eq(KR_STR("abc"), KR_STR("ab")) &&
		   !kr_secret_eq(KR_STR("abc"), KR_STR_NULL),
	   "another is not, nor a part");
	OK(kr_secret_eq(KR_STR(""), KR_STR_NULL), "nothing is nothing");
}

static void test_password(void)
{
	char stored[KR_PASSWORD_HASH_MAX], other[KR_PASSWORD_HASH_MAX], big[KR_PASSWORD_BYTES + 1];
	struct kr_fault f = {0};
	struct kr_str with_nul = KR_STR("correct\0horse");

	IS(kr_password_hash(KR_STR("correct horse"), stored, &f), 0, "a password is hashed");
	OK(!strncmp(stored, "$argon2id$v=19$m=65536,t=2,p=1$", 31), "as Argon2id with 64 MiB");
	OK(kr_password_check(stored, KR_STR("correct horse")), "it is the password");
	OK(!kr_password_check(stored, KR_STR("Correct horse")) &&
		   !kr_password_check(stored, KR_STR("correct hors")) &&
		   !kr_password_check(stored, KR_STR("")),
	   "others are not");
	OK(!kr_password_old(stored), "it is of today");
	OK(kr_password_old("$argon2id$v=19$m=4096,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$"
			   "iWh06vD8Fy27wf9npn6FXWiCX4K6pW6Ue1Bnzz07Z8A"),
	   "lesser costs are of yesterday");
	IS(kr_password_hash(KR_STR("correct horse"), other, &f), 0, "the same again");
	OK(strcmp(stored, other) != 0, "has another salt");
	OK(!kr_password_check("", KR_STR("")) && !kr_password_check("plain", KR_STR("plain")) &&
		   !kr_password_check("$argon2id$", KR_STR("x")),
	   "what is no stored password fits nothing");
	IS(kr_password_hash(with_nul, stored, &f), 0, "a zero byte does not end it");
	OK(kr_password_check(stored, with_nul) && !kr_password_check(stored, KR_STR("correct")),
	   "all of it counts");
	memset(big, 'x', sizeof(big));
	IS(kr_password_hash(kr_str_n(big, sizeof(big)), stored, &f), -KR_EINVAL, "too long");
	OK(strstr(f.message, "1024"), "is told: %s", f.message);
	OK(!kr_password_check(stored, kr_str_n(big, sizeof(big))), "and fits nothing");
}

int main(void)
{
	test_tokens();
	test_equal();
	test_password();
	return tap_end();
}
