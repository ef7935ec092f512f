/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <math.h>

#include "tap.h"

static void test_document(void)
{
	KR_AUTO_BUF b = KR_BUF(4096);
	struct kr_json_out o = KR_JSON_OUT(&b);

	kr_json_object(&o);
	kr_json_kstr(&o, "s", KR_STR("x"));
	kr_json_kint(&o, "i", INT64_MIN);
	kr_json_kbool(&o, "b", true);
	kr_json_key(&o, KR_STR("a"));
	kr_json_array(&o);
	kr_json_uint(&o, UINT64_MAX);
	kr_json_double(&o, 0.1);
	kr_json_double(&o, INFINITY);
	kr_json_object(&o);
	kr_json_object_end(&o);
	kr_json_array(&o);
	kr_json_array_end(&o);
	kr_json_raw(&o, KR_STR("[1]"));
	kr_json_null(&o);
	kr_json_array_end(&o);
	kr_json_key(&o, KR_STR("z"));
	kr_json_bool(&o, false);
	kr_json_object_end(&o);
	IS_STR(kr_buf_str(&b),
	       KR_STR("{\"s\":\"x\",\"i\":-9223372036854775808,\"b\":true,\"a\":["
		      "18446744073709551615,0.1,null,{},[],[1],"
		      "null],\"z\":false}"),
	       "a document");
	IS(kr_json_check(kr_buf_str(&b), 10, NULL), 0, "is valid");

	kr_buf_clear(&b);
	o = KR_JSON_OUT(&b);
	for (int i = 0; i < 127; i++) {
		kr_json_array(&o);
		kr_json_int(&o, i);
	}
	for (int i = 0; i < 127; i++)
		kr_json_array_end(&o);
	IS(kr_json_check(kr_buf_str(&b), 127, NULL), 0, "all levels");
}

static void escapes(struct kr_str in, const char *want)
{
	KR_AUTO_BUF b = KR_BUF(4096);

	kr_json_escape(&b, in);
	IS_STR(kr_buf_str(&b), kr_str_c(want), want);
}

int main(void)
{
	KR_AUTO_BUF small = KR_BUF(10);
	struct kr_json_out o = KR_JSON_OUT(&small);

	test_document();
	escapes(KR_STR(""), "");
	escapes(KR_STR("plain text over eight bytes"), "plain text over eight bytes");
	escapes(KR_STR("a\"b\\c/\b\f\n\r\t"), "a\\\"b\\\\c/\\b\\f\\n\\r\\t");
	escapes(KR_STR("\0\x01\x1f\x7f"), "\\u0000\\u0001\\u001f\x7f");
	escapes(KR_STR("12345678\"12345678"), "12345678\\\"12345678");
	escapes(KR_STR("\xc4\x8d \xe2\x82\xac \xf0\x9f\x98\x80"),
		"\xc4\x8d \xe2\x82\xac \xf0\x9f\x98\x80");
	escapes(KR_STR("\xff"
		       "a\xc4\x8d\xc4"),
		"\xef\xbf\xbd"
		"a\xc4\x8d\xef\xbf\xbd");
	escapes(KR_STR("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");

	kr_json_array(&o);
	kr_json_str(&o, KR_STR("longer than the buffer"));
	kr_json_array_end(&o);
	IS(small.err, -KR_ELIMIT, "errors stay in the buffer");
	return tap_end();
}
