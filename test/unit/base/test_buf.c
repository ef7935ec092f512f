/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "base/err.h"
#include "prop.h"
#include "tap.h"

int main(void)
{
	KR_AUTO_BUF b = KR_BUF(1 << 20);
	KR_AUTO_BUF small = KR_BUF(4);
	unsigned runs = prop_begin(5000);
	bool good = true;

	kr_buf_c(&b, "a");
	kr_buf_u64(&b, UINT64_MAX);
	kr_buf_ch(&b, ' ');
	kr_buf_i64(&b, INT64_MIN);
	kr_buf_printf(&b, " %03d ", 7);
	kr_buf_hex(&b, "\x00\xff", 2);
	IS_STR(kr_buf_str(&b), KR_STR("a18446744073709551615 -9223372036854775808 007 00ff"),
	       "all appenders");
	IS_CSTR(kr_buf_cstr(&b), "a18446744073709551615 -9223372036854775808 007 00ff",
		"as a C string");

	kr_buf_c(&small, "abcd");
	IS(small.err, 0, "full to the maximum");
	kr_buf_ch(&small, 'e');
	IS(small.err, -KR_ELIMIT, "one byte too many");
	IS_STR(kr_buf_str(&small), KR_STR("abcd"), "content stays");
	kr_buf_clear(&small);
	kr_buf_c(&small, "xy");
	IS_STR(kr_buf_str(&small), KR_STR("xy"), "usable after clear");

	for (unsigned i = 0; i < runs; i++) {
		uint64_t v = prop_u64() >> prop_below(64), back = 0;
		double d, again = 0;
		struct kr_str s;

		kr_buf_clear(&b);
		kr_buf_varint(&b, v);
		s = kr_buf_str(&b);
		good &= kr_varint_read(&s, &back) && back == v && s.n == 0;
		d = (double)(int64_t)prop_u64() / (double)(1 + prop_below(1000000));
		kr_buf_clear(&b);
		kr_buf_double(&b, d);
		good &= kr_str_double(kr_buf_str(&b), &again) == 0 && again == d;
	}
	OK(good, "varint and double read back");
	{
		struct kr_str s = KR_STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
		uint64_t v;

		OK(!kr_varint_read(&s, &v), "varint over 64 bits");
		s = KR_STR("\x80");
		OK(!kr_varint_read(&s, &v), "varint cut off");
	}
	return tap_end();
}
