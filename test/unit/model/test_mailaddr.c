/* SPDX-License-Identifier: Apache-2.0 */
#include "model/mailaddr.h"

#include "tap.h"

static void good(const char *in, const char *want)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_str got = KR_STR("(refused)");
	struct kr_fault f = {0};
	int err = kr_mailaddr_parse(kr_str_c(in), a, &got, &f);

	tap_is_str(got, kr_str_c(want), __FILE__, __LINE__, in);
	OK(!err, "%s is taken: %s", in, f.message);
}

static void bad(struct kr_str in, const char *part)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_str got;
	struct kr_fault f = {0};
	int err = kr_mailaddr_parse(in, a, &got, &f);

	OK(err == -KR_EINVAL && strstr(f.message, part), "%.*s is refused: %s", KR_STR_ARG(in),
	   f.message);
}

int main(void)
{
	char big[300];

	good("abuse@example.org", "abuse@example.org");
	good("  abuse@Example.ORG\n", "abuse@example.org");
	good("First.Last+tag@sub.example.org", "First.Last+tag@sub.example.org");
	good("o'neil=x/y{z}@example.org", "o'neil=x/y{z}@example.org");
	good("abuse@пример.example", "abuse@xn--e1afmkfd.example");
	good("root@localhost", "root@localhost");

	bad(KR_STR(""), "name@domain");
	bad(KR_STR("abuse"), "name@domain");
	bad(KR_STR("@example.org"), "before the '@'");
	bad(KR_STR("abuse@"), "domain name");
	bad(KR_STR("a@b@example.org"), "before the '@'");
	bad(KR_STR("a@example.org."), "domain name");
	bad(KR_STR(".a@example.org"), "before the '@'");
	bad(KR_STR("a.@example.org"), "before the '@'");
	bad(KR_STR("a..b@example.org"), "before the '@'");
	bad(KR_STR("\"a b\"@example.org"), "before the '@'");
	bad(KR_STR("a b@example.org"), "before the '@'");
	bad(KR_STR("A <a@example.org>"), "before the '@'");
	bad(KR_STR("a@example.org, b@example.org"), "before the '@'");
	bad(KR_STR("a\r\nRCPT TO:<b@example.org>"), "before the '@'");
	bad(KR_STR("a@example.org\r\nBcc: b@example.org"), "before the '@'");
	bad(KR_STR("a@exa\0mple.org"), "domain name");
	bad(KR_STR("a@[192.0.2.1]"), "domain name");
	bad(KR_STR("a@192.0.2.1"), "domain name");
	bad(KR_STR("a@exa mple.org"), "domain name");
	bad(KR_STR("пример@example.org"), "ASCII");
	bad(KR_STR("a@-example.org>"), "domain name");

	memset(big, 'a', sizeof(big));
	memcpy(big + 65, "@example.org", 12);
	bad(kr_str_n(big, 77), "1 to 64");
	for (size_t i = 65; i < sizeof(big); i++)
		big[i] = i % 20 ? 'b' : '.';
	big[64] = '@';
	bad(kr_str_n(big, 259), "mail address");
	big[252] = 'c';
	bad(kr_str_n(big, 255), "at most 254");
	return tap_end();
}
