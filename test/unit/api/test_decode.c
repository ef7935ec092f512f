/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies are read by their table: nothing unknown, nothing twice, nothing out of bounds. */
#include "api/rest/call.h"
#include "tap.h"

static struct kr_rest_value v[KR_REST_MEMBERS_MAX];
static struct kr_fault f;
static struct kr_str pointer;

static int decode(const char *schema, const char *body)
{
	static struct kr_arena *a;

	kr_arena_free(a);
	a = kr_arena_new(1 << 20);
	f = (struct kr_fault){0};
	pointer = KR_STR_NULL;
	return kr_rest__decode(kr_rest__schema(schema), kr_str_c(body), 16, a, v, &pointer, &f);
}

static void refused(const char *schema, const char *body, int code, const char *at,
		    const char *says)
{
	int err = decode(schema, body);

	OK(err == code, "%s is refused as %s, got %s", body, kr_err_name(code), kr_err_name(err));
	OK(!at || kr_str_eqc(pointer, at), "%s: pointer '%.*s', wanted '%s'", body,
	   KR_STR_ARG(pointer), at ? at : "");
	OK(strstr(f.message, says) || strstr(f.remedy, says), "%s: '%s' (%s) says '%s'", body,
	   f.message, f.remedy, says);
}

static void test_fine(void)
{
	IS(decode("SourceNew", "{\"name\":\"a\",\"tlp\":\"GREEN\",\"note\":null}"), 0, "a source");
	IS_STR(v[0].text, KR_STR("a"), "its name");
	OK(!v[1].set && !v[1].null, "what is not there is not set");
	OK(v[5].set && v[5].null && v[5].text.n == 0, "null is set, and null");
	IS(v[7].i, 1, "a word is its index");
	IS(decode("SourceChange", " {} "), 0, "nothing to change");
	IS(decode("SourceNew", "{\"name\":\"\\u010d\"}"), 0, "escapes are read");
	IS(v[0].text.n, 2, "as UTF-8");
}

static void test_refused(void)
{
	char deep[200] = "{\"name\":";

	refused("SourceNew", "", -KR_ESYNTAX, NULL, "");
	refused("SourceNew", "[]", -KR_EREFUSED, "", "no object");
	refused("SourceNew", "null", -KR_EREFUSED, "", "no object");
	refused("SourceNew", "{}", -KR_EREFUSED, "/name", "missing");
	refused("SourceNew", "{\"name\":\"a\"", -KR_ESYNTAX, NULL, "");
	refused("SourceNew", "{\"name\":\"a\"}x", -KR_ESYNTAX, NULL, "");
	refused("SourceNew", "{\"name\":\"a\",\"name\":\"b\"}", -KR_ESYNTAX, NULL, "");
	refused("SourceNew", "{\"name\":\"a\",\"nome\":1}", -KR_EREFUSED, "/nome", "retention");
	refused("SourceNew", "{\"name\":\"a\",\"a/b~c\":1}", -KR_EREFUSED, "/a~1b~0c", "known");
	refused("SourceNew", "{\"name\":1}", -KR_EREFUSED, "/name", "1 to 64 bytes");
	refused("SourceNew", "{\"name\":null}", -KR_EREFUSED, "/name", "wrong");
	refused("SourceNew", "{\"name\":\"\"}", -KR_EREFUSED, "/name", "wrong");
	refused("SourceNew", "{\"name\":\"a\\u0000b\"}", -KR_EREFUSED, "/name", "wrong");
	refused("SourceNew", "{\"name\":\"a\",\"tlp\":\"RED\"}", -KR_EREFUSED, "/tlp",
		"AMBER+STRICT");
	refused("SourceNew", "{\"name\":\"a\",\"tlp\":\"green\"}", -KR_EREFUSED, "/tlp", "one of");
	refused("SourceNew", "{\"name\":\"a\",\"tlp\":\"CLEAR GREEN\"}", -KR_EREFUSED, "/tlp",
		"one of");
	refused("SourceChange", "{\"name\":\"b\"}", -KR_EREFUSED, "/name", "known");
	for (int i = 0; i < 30; i++)
		strcat(deep, "[");
	refused("SourceNew", deep, -KR_ELIMIT, NULL, "");
}

int main(void)
{
	test_fine();
	test_refused();
	return tap_end();
}
