/* SPDX-License-Identifier: Apache-2.0 */
/* What kinds of bytes a text holds, eight at a time: decides whether it may be used as it is. */
#pragma once

#include "base/base.h"
#include "base/str.h"

enum {
	KR_SCAN_HIGH = 1,    /* bytes from 0x80: not ASCII; then the other bits mean nothing */
	KR_SCAN_CONTROL = 2, /* 0x00 to 0x1f, 0x7f */
	KR_SCAN_UPPER = 4,   /* A to Z */
	KR_SCAN_LOWER = 8,   /* a to z */
	KR_SCAN_BLANK = 16,  /* space */
};

/*
 * In each byte below 0x80 a sum x + (0x80 - c) has its top bit set just where x >= c, and no carry
 * leaves the byte.
 */
#define KR_SCAN__FROM(w, c) ((w) + (0x80 - (uint64_t)(c)) * 0x0101010101010101u)

static inline unsigned kr_model__scan(struct kr_str s)
{
	const uint64_t top = 0x8080808080808080u;
	uint64_t high = 0, control = 0, upper = 0, lower = 0, blank = 0, w;

	for (size_t i = 0; i < s.n; i += 8) {
		if (KR_LIKELY(s.n - i >= 8)) {
			memcpy(&w, s.p + i, 8);
		} else {
			w = 0x2e2e2e2e2e2e2e2eu; /* dots, which no question is about */
			memcpy(&w, s.p + i, s.n - i);
		}
		high |= w;
		w &= ~top;
		control |= ~KR_SCAN__FROM(w, 0x20) | KR_SCAN__FROM(w, 0x7f);
		upper |= KR_SCAN__FROM(w, 'A') & ~KR_SCAN__FROM(w, 'Z' + 1);
		lower |= KR_SCAN__FROM(w, 'a') & ~KR_SCAN__FROM(w, 'z' + 1);
		blank |= KR_SCAN__FROM(w, ' ') & ~KR_SCAN__FROM(w, ' ' + 1);
	}
	return (high & top ? KR_SCAN_HIGH : 0) | (control & top ? KR_SCAN_CONTROL : 0) |
	       (upper & top ? KR_SCAN_UPPER : 0) | (lower & top ? KR_SCAN_LOWER : 0) |
	       (blank & top ? KR_SCAN_BLANK : 0);
}
