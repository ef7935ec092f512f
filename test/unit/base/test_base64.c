/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include "base/err.h"
#include "tap.h"

static void pair(const char *plain, const char *coded)
{
	KR_AUTO_BUF b = KR_BUF(1000), back = KR_BUF(1000);

	kr_base64_write(&b, kr_str_c(plain), 0);
	tap_is_str(kr_buf_str(&b), kr_str_c(coded), __FILE__, __LINE__, coded);
	IS(kr_base64_read(&back, kr_buf_str(&b), false), 0, "read back");
	tap_is_str(kr_buf_str(&back), kr_str_c(plain), __FILE__, __LINE__, plain);
}

static int strict(const char *text)
{
	KR_AUTO_BUF b = KR_BUF(1000);

	return kr_base64_read(&b, kr_str_c(text), false);
}

static void lines(void)
{
	KR_AUTO_BUF b = KR_BUF(4096), back = KR_BUF(4096);
	char bytes[200];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	kr_base64_write(&b, kr_str_n(bytes, 114), 76);
	OK(b.n == 76 + 2 + 76 && !memcmp(b.p + 76, "\r\n", 2), "two full lines, none behind them");
	IS(kr_base64_read(&back, kr_buf_str(&b), true), 0, "read from lines");
	OK(back.n == 114 && !memcmp(back.p, bytes, 114), "the same bytes");
	kr_buf_clear(&b);
	kr_base64_write(&b, kr_str_n(bytes, 115), 76);
	OK(b.n == 76 + 2 + 76 + 2 + 4, "one byte more begins a line");
}

int main(void)
{
	KR_AUTO_BUF b = KR_BUF(1000);

	/* RFC 4648 section 10. */
	pair("", "");
	pair("f", "Zg==");
	pair("fo", "Zm8=");
	pair("foo", "Zm9v");
	pair("foob", "Zm9vYg==");
	pair("fooba", "Zm9vYmE=");
	pair("foobar", "Zm9vYmFy");
	lines();
	IS(strict("Zg="), -KR_EINVAL, "padding is missing");
	IS(strict("Zg"), -KR_EINVAL, "all of it is");
	IS(strict("Zh=="), -KR_EINVAL, "bits that stand for nothing");
	IS(strict("Z g=="), -KR_EINVAL, "a blank");
	IS(strict("Zg==Zg=="), -KR_EINVAL, "something behind the padding");
	IS(strict("===="), -KR_EINVAL, "padding alone");
	IS(kr_base64_read(&b, KR_STR("Zm\r\n9v!Yg==Zm9v"), true), 0, "mail is read loosely");
	tap_is_str(kr_buf_str(&b), KR_STR("foob"), __FILE__, __LINE__, "up to its padding");
	return tap_end();
}
