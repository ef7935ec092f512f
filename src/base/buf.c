/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"

void kr_buf_done(struct kr_buf *b)
{
	free(b->p);
	*b = KR_BUF(b->max);
}

bool kr_buf_room(struct kr_buf *b, size_t n)
{
	size_t need, cap;

	if (b->err)
		return false;
	if (__builtin_add_overflow(b->n, n, &need) || need > b->max) {
		b->err = -KR_ELIMIT;
		return false;
	}
	if (need <= b->cap)
		return true;
	cap = KR_MAX(b->cap * 2, (size_t)256);
	cap = KR_MAX(cap, need);
	cap = KR_MIN(cap, b->max);
	b->p = kr_xrealloc(b->p, cap);
	b->cap = cap;
	return true;
}

void kr_buf_vprintf(struct kr_buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	/* One more byte for the NUL that vsnprintf writes. */
	if (n >= 0 && kr_buf_room(b, (size_t)n + 1)) {
		vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

void kr_buf_printf(struct kr_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	kr_buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void kr_buf_u64(struct kr_buf *b, uint64_t v)
{
	char text[20];
	size_t i = sizeof(text);

	do {
		text[--i] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	kr_buf_add(b, text + i, sizeof(text) - i);
}

void kr_buf_i64(struct kr_buf *b, int64_t v)
{
	if (v < 0) {
		kr_buf_ch(b, '-');
		kr_buf_u64(b, 0 - (uint64_t)v);
	} else {
		kr_buf_u64(b, (uint64_t)v);
	}
}

void kr_buf_double(struct kr_buf *b, double v)
{
	char text[40];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	kr_buf_c(b, text);
}

void kr_buf_varint(struct kr_buf *b, uint64_t v)
{
	char bytes[10];
	size_t n = 0;

	while (v >= 0x80) {
		bytes[n++] = (char)(v | 0x80);
		v >>= 7;
	}
	bytes[n++] = (char)v;
	kr_buf_add(b, bytes, n);
}

void kr_buf_hex(struct kr_buf *b, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *in = p;

	if (n > SIZE_MAX / 2 || !kr_buf_room(b, n * 2))
		return;
	for (size_t i = 0; i < n; i++) {
		b->p[b->n++] = digits[in[i] >> 4];
		b->p[b->n++] = digits[in[i] & 15];
	}
}

const char *kr_buf_cstr(struct kr_buf *b)
{
	if (!kr_buf_room(b, 1))
		return "";
	b->p[b->n] = '\0';
	return b->p;
}

bool kr_varint_read(struct kr_str *s, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned shift = 0, i = 0; i < s->n && shift < 64; i++, shift += 7) {
		uint64_t group = (unsigned char)s->p[i] & 0x7f;

		if (shift == 63 && group > 1)
			return false;
		v |= group << shift;
		if (!(s->p[i] & 0x80)) {
			*s = kr_str_from(*s, i + 1);
			*ret = v;
			return true;
		}
	}
	return false;
}
