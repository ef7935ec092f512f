/* SPDX-License-Identifier: Apache-2.0 */
/* Rows and times seen by a text: what counts and counters add up in. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "store/read.h"

struct kr_sums {
	struct kr_group_row *slots; /* open addressing, power of two */
	uint8_t *used;
	size_t n, mask;
	uint32_t max; /* distinct texts; more are refused */
	struct kr_arena *texts;
};

void kr_sums_init(struct kr_sums *s, uint32_t max);
void kr_sums_done(struct kr_sums *s);
/* 0; -KR_ELIMIT with a remedy. The value is copied. */
KR_MUST_USE int kr_sums_add(struct kr_sums *s, struct kr_str value, uint64_t rows, uint64_t events,
			    struct kr_fault *reterr);
/* All, most rows first, texts in the arena. */
KR_MUST_USE int kr_sums_list(const struct kr_sums *s, struct kr_arena *a, struct kr_group_row **ret,
			     size_t *ret_n, struct kr_fault *reterr);
