/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/verp.h"

#include <stdio.h>

#include "base/hash.h"
#include "model/mailaddr.h"

#define CHECK_DIGITS 20 /* 80 bits in hexadecimal: local parts have 64 characters at most */

static void check_of(const uint8_t key[KR_VERP_KEY], const char *use, uint64_t delivery,
		     char ret[CHECK_DIGITS + 1])
{
	uint8_t mac[KR_HMAC_SIZE];
	char text[64];
	int n = snprintf(text, sizeof(text), "%s:%llu", use, (unsigned long long)delivery);

	kr_hmac_sha256(kr_str_n((const char *)key, KR_VERP_KEY), kr_str_n(text, (size_t)n), mac);
	for (size_t i = 0; i < CHECK_DIGITS / 2; i++)
		snprintf(ret + i * 2, 3, "%02x", mac[i]);
}

struct kr_str kr_verp_sender(const uint8_t key[KR_VERP_KEY], uint64_t delivery,
			     struct kr_str bounce, struct kr_arena *a)
{
	struct kr_str domain = kr_mailaddr_domain(bounce);
	char check[CHECK_DIGITS + 1];

	check_of(key, "bounce", delivery, check);
	return kr_arena_printf(a, "%.*s+%llu.%s@%.*s", (int)(bounce.n - domain.n - 1), bounce.p,
			       (unsigned long long)delivery, check, KR_STR_ARG(domain));
}

struct kr_str kr_verp_message_id(const uint8_t key[KR_VERP_KEY], uint64_t delivery,
				 struct kr_str domain, struct kr_arena *a)
{
	char check[CHECK_DIGITS + 1];

	check_of(key, "message", delivery, check);
	return kr_arena_printf(a, "kr.%llu.%s@%.*s", (unsigned long long)delivery, check,
			       KR_STR_ARG(domain));
}

/* "NUMBER.CHECK" */
static int read_pair(const uint8_t key[KR_VERP_KEY], const char *use, struct kr_str s,
		     uint64_t *ret)
{
	ptrdiff_t dot = kr_str_chr(s, '.');
	char check[CHECK_DIGITS + 1], given[CHECK_DIGITS];
	uint64_t id;

	if (dot < 1 || dot > 19 || s.n - (size_t)dot - 1 != CHECK_DIGITS ||
	    kr_str_u64(kr_str_first(s, (size_t)dot), &id))
		return -KR_ENOENT;
	for (size_t i = 0; i < CHECK_DIGITS; i++)
		given[i] = kr_lower(s.p[(size_t)dot + 1 + i]);
	check_of(key, use, id, check);
	if (!kr_secret_equal(check, given, CHECK_DIGITS))
		return -KR_EDENIED;
	*ret = id;
	return 0;
}

static struct kr_str bare(struct kr_str s)
{
	s = kr_str_trim(s);
	if (s.n > 1 && s.p[0] == '<' && s.p[s.n - 1] == '>')
		s = kr_str_n(s.p + 1, s.n - 2);
	return s;
}

int kr_verp_read(const uint8_t key[KR_VERP_KEY], struct kr_str address, uint64_t *ret_delivery)
{
	struct kr_str s = bare(address);
	size_t domain = kr_mailaddr_domain(s).n, plus;

	if (domain == s.n || s.n > KR_MAILADDR_MAX)
		return -KR_ENOENT;
	s = kr_str_first(s, s.n - domain - 1);
	for (plus = s.n; plus > 0 && s.p[plus - 1] != '+'; plus--)
		;
	return plus ? read_pair(key, "bounce", kr_str_from(s, plus), ret_delivery) : -KR_ENOENT;
}

int kr_verp_read_id(const uint8_t key[KR_VERP_KEY], struct kr_str id, uint64_t *ret_delivery)
{
	struct kr_str s = bare(id);
	size_t domain = kr_mailaddr_domain(s).n;

	if (domain == s.n || s.n > 500 || !kr_str_starts(s, KR_STR("kr.")))
		return -KR_ENOENT;
	s = kr_str_n(s.p + 3, s.n - domain - 4);
	return read_pair(key, "message", s, ret_delivery);
}
