/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growing bytes with a mandatory maximum and a sticky error: write in a straight line, look at
 * b.err once at the end. When the maximum is reached the content stays as it was before the write
 * that did not fit, and all later writes are ignored.
 */
#pragma once

#include "base/base.h"
#include "base/str.h"

#include <stdarg.h>

struct kr_buf {
	char *p;
	size_t n, cap, max;
	int err; /* 0 or -KR_ELIMIT */
};

#define KR_BUF(size_max) ((struct kr_buf){.max = (size_max)})

/* Free the bytes; the buffer may be used again with the same maximum. */
void kr_buf_done(struct kr_buf *b);
static inline void kr_buf__auto(struct kr_buf *b)
{
	kr_buf_done(b);
}
/* For a buffer on the stack: KR_AUTO_BUF b = KR_BUF(4096); */
#define KR_AUTO_BUF __attribute__((cleanup(kr_buf__auto))) struct kr_buf

static inline void kr_buf_clear(struct kr_buf *b)
{
	b->n = 0;
	b->err = 0;
}

static inline struct kr_str kr_buf_str(const struct kr_buf *b)
{
	return kr_str_n(b->p ? b->p : "", b->n);
}

/* Room for n more bytes; false (and err set) if that is over the maximum. */
bool kr_buf_room(struct kr_buf *b, size_t n);

static inline void kr_buf_add(struct kr_buf *b, const void *p, size_t n)
{
	if (KR_UNLIKELY(b->cap - b->n < n) && !kr_buf_room(b, n))
		return;
	if (KR_LIKELY(n && !b->err)) {
		memcpy(b->p + b->n, p, n);
		b->n += n;
	}
}

static inline void kr_buf_str_add(struct kr_buf *b, struct kr_str s)
{
	kr_buf_add(b, s.p, s.n);
}

static inline void kr_buf_c(struct kr_buf *b, const char *s)
{
	kr_buf_add(b, s, strlen(s));
}

static inline void kr_buf_ch(struct kr_buf *b, char c)
{
	kr_buf_add(b, &c, 1);
}

void kr_buf_printf(struct kr_buf *b, const char *fmt, ...) KR_PRINTF(2, 3);
void kr_buf_vprintf(struct kr_buf *b, const char *fmt, va_list ap) KR_PRINTF(2, 0);
void kr_buf_u64(struct kr_buf *b, uint64_t v);
void kr_buf_i64(struct kr_buf *b, int64_t v);
/* The shortest decimal form that reads back as the same number. */
void kr_buf_double(struct kr_buf *b, double v);
/* LEB128, least significant group first. */
void kr_buf_varint(struct kr_buf *b, uint64_t v);
void kr_buf_hex(struct kr_buf *b, const void *p, size_t n);
/* A NUL behind the content, not counted; returns the content as a C string ("" on error). */
const char *kr_buf_cstr(struct kr_buf *b);

/*
 * Read a LEB128 number and advance *s.
 *
 * Returns false when the bytes end early or the number is over 64 bits.
 */
bool kr_varint_read(struct kr_str *s, uint64_t *ret);
