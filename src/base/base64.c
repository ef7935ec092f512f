/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include "base/err.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (kr_is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

void kr_base64_write(struct kr_buf *b, struct kr_str bytes, size_t line_max)
{
	size_t column = 0;

	assert(line_max % 4 == 0);
	for (size_t i = 0; i < bytes.n; i += 3) {
		size_t left = bytes.n - i;
		uint32_t v = (uint32_t)(uint8_t)bytes.p[i] << 16;
		char four[4];

		if (left > 1)
			v |= (uint32_t)(uint8_t)bytes.p[i + 1] << 8;
		if (left > 2)
			v |= (uint8_t)bytes.p[i + 2];
		four[0] = digits[v >> 18];
		four[1] = digits[v >> 12 & 63];
		four[2] = left > 1 ? digits[v >> 6 & 63] : '=';
		four[3] = left > 2 ? digits[v & 63] : '=';
		if (line_max && column == line_max) {
			kr_buf_add(b, "\r\n", 2);
			column = 0;
		}
		kr_buf_add(b, four, 4);
		column += 4;
	}
}

int kr_base64_read(struct kr_buf *b, struct kr_str text, bool loose)
{
	uint32_t v = 0;
	unsigned bits = 0;
	size_t i, padding = 0, used = 0;

	for (i = 0; i < text.n; i++) {
		int d = value_of(text.p[i]);

		if (text.p[i] == '=') {
			padding++;
			if (loose)
				break;
			continue;
		}
		if (d < 0 && loose)
			continue;
		if (d < 0 || padding)
			return -KR_EINVAL;
		used++;
		v = v << 6 | (uint32_t)d;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			kr_buf_ch(b, (char)(v >> bits & 255));
			v &= (1u << bits) - 1;
		}
	}
	if (!loose && (padding > 2 || (used + padding) % 4 || v))
		return -KR_EINVAL;
	return 0;
}
