/* SPDX-License-Identifier: Apache-2.0 */
#include "pipe/shadowserver.h"

#include "tap.h"

static struct kr_arena *a;

/* Signatures made with: printf %s BODY | openssl dgst -sha256 -hmac SECRET */
static void signing(void)
{
	char mac[KR_HMAC_TEXT];

	IS_CSTR(kr_shadowserver_sign(KR_STR("Jefe"), KR_STR("what do ya want for nothing?"), mac),
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		"case 2 of RFC 4231");
	IS_CSTR(kr_shadowserver_sign(KR_STR("secret"), KR_STR("{\"apikey\":\"key\"}"), mac),
		"ce2bc25097ecc1d7f17919d352b814ceb06cebbb20194515ad305c092731a12c", "a body");
}

static void bodies(void)
{
	KR_AUTO_BUF b = KR_BUF(4096);

	kr_shadowserver_list_body(&b, KR_STR("k\"ey"), kr_day_of(2026, 11, 21), KR_STR(""),
				  KR_STR(""));
	IS_STR(kr_buf_str(&b), KR_STR("{\"apikey\":\"k\\\"ey\",\"date\":\"2026-11-21\"}"), "all");
	kr_buf_clear(&b);
	kr_shadowserver_list_body(&b, KR_STR("k"), kr_day_of(2026, 1, 2), KR_STR("one, two,"),
				  KR_STR("scan_ssl"));
	IS_STR(kr_buf_str(&b),
	       KR_STR("{\"apikey\":\"k\",\"date\":\"2026-01-02\",\"reports\":[\"one\",\"two\"],"
		      "\"type\":\"scan_ssl\"}"),
	       "some lists, one type");
	kr_buf_clear(&b);
	kr_shadowserver_list_body(&b, KR_STR("k"), kr_day_of(2026, 1, 2), KR_STR(""),
				  KR_STR("a,b"));
	IS_STR(kr_buf_str(&b), KR_STR("{\"apikey\":\"k\",\"date\":\"2026-01-02\"}"),
	       "of several types we choose ourselves");
	kr_buf_clear(&b);
	kr_shadowserver_download_body(&b, KR_STR("k"), KR_STR("x-1"));
	IS_STR(kr_buf_str(&b), KR_STR("{\"apikey\":\"k\",\"id\":\"x-1\"}"), "a download");
}

static int list(const char *text, struct kr_shadowserver_report **r, size_t *n, struct kr_fault *f)
{
	*n = 99;
	*f = (struct kr_fault){0};
	return kr_shadowserver_list_read(kr_str_c(text), 20000, a, r, n, f);
}

static void answers(void)
{
	struct kr_shadowserver_report *r;
	struct kr_fault f;
	size_t n;

	IS(list("[]", &r, &n, &f), 0, "nothing");
	IS(n, 0, "is an empty list");
	IS(list("[{\"id\":\"a-1\",\"file\":\"2026-11-21-scan_ssl-x.csv\",\"type\":\"scan_ssl\","
		"\"url\":\"https://dl.example.org/a-1\",\"new\":{\"deep\":[1,2,{}]}},"
		"{\"id\":\"b\",\"file\":\"f.csv\"}]",
		&r, &n, &f),
	   0, "two reports, members that we do not know");
	IS(n, 2, "are two");
	IS_STR(r[0].id, KR_STR("a-1"), "the id");
	IS_STR(r[0].file, KR_STR("2026-11-21-scan_ssl-x.csv"), "the file");
	IS_STR(r[0].type, KR_STR("scan_ssl"), "the type");
	IS(r[1].day, 20000, "the day that was asked for");
	IS(list("[{\"id\":\"../x\",\"file\":\"f\"},{\"id\":\"\",\"file\":\"f\"},{\"id\":7,\"file\":"
		"\"f\"},{\"id\":\"ok\",\"file\":\"../../etc/"
		"passwd\"},{\"id\":\"ok\",\"file\":\"a\\u0000b\"},"
		"{\"id\":\"a b\",\"file\":\"f\"},{\"file\":\"f\"},{\"id\":\"ok\"},[],null,5]",
		&r, &n, &f),
	   0, "what no id or name can be made of");
	IS(n, 0, "is left out");
	IS(list("{\"error\":\"bad \\u001b[2J key\"}", &r, &n, &f), -KR_EREFUSED, "an error");
	OK(strstr(f.message, "bad") && !strchr(f.message, '\x1b'), "%s", f.message);
	IS(list("{}", &r, &n, &f), -KR_EREFUSED, "an object");
	IS(list("\"x\"", &r, &n, &f), -KR_ESYNTAX, "a text");
	IS(list("", &r, &n, &f), -KR_ESYNTAX, "nothing at all");
	IS(list("[{\"id\":\"a\"", &r, &n, &f), -KR_ESYNTAX, "half of it");
	IS(list("<html>", &r, &n, &f), -KR_ESYNTAX, "a page");
	IS(list("[[[[[[[[[[[[]]]]]]]]]]]]", &r, &n, &f), -KR_ELIMIT, "too deep");
}

static void memory(void)
{
	struct kr_shadowserver_report one = {.id = KR_STR("a"), .day = kr_day_of(2026, 11, 1)};
	struct kr_shadowserver_report two = {.id = KR_STR("ab"), .day = kr_day_of(2026, 11, 9)};
	struct kr_str c = kr_shadowserver_note(KR_STR(""), &one, kr_day_of(2026, 10, 30), a);

	IS_STR(c, KR_STR("2026-11-01 a\n"), "a report is noted");
	OK(kr_shadowserver_is_taken(c, &one), "it is taken");
	OK(!kr_shadowserver_is_taken(c, &two), "another that begins alike is not");
	c = kr_shadowserver_note(c, &two, kr_day_of(2026, 10, 30), a);
	OK(kr_shadowserver_is_taken(c, &one) && kr_shadowserver_is_taken(c, &two), "both are");
	c = kr_shadowserver_note(c, &two, kr_day_of(2026, 11, 5), a);
	OK(!kr_shadowserver_is_taken(c, &one), "what is too old is forgotten");
	OK(!kr_shadowserver_is_taken(KR_STR("rubbish\n\n2026\n"), &one), "rubbish is nothing");
	OK(kr_shadowserver_wanted(KR_STR(""), KR_STR("x")) &&
		   kr_shadowserver_wanted(KR_STR("a, x"), KR_STR("x")) &&
		   !kr_shadowserver_wanted(KR_STR("a,xx"), KR_STR("x")),
	   "types that are wanted");
}

int main(void)
{
	a = kr_arena_new((size_t)1 << 22);
	signing();
	bodies();
	answers();
	memory();
	kr_arena_free(a);
	return tap_end();
}
