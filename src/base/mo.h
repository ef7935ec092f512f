/* SPDX-License-Identifier: Apache-2.0 */
/* Reader of compiled GNU gettext catalogues (.mo), for text.c. */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/str.h"

/* Operations of a plural expression in postfix order. */
enum kr_base__plural_op {
	KR_PLURAL_NUMBER,
	KR_PLURAL_N,
	KR_PLURAL_NOT,
	KR_PLURAL_MUL,
	KR_PLURAL_DIV,
	KR_PLURAL_MOD,
	KR_PLURAL_ADD,
	KR_PLURAL_SUB,
	KR_PLURAL_LT,
	KR_PLURAL_GT,
	KR_PLURAL_LE,
	KR_PLURAL_GE,
	KR_PLURAL_EQ,
	KR_PLURAL_NE,
	KR_PLURAL_AND,
	KR_PLURAL_OR,
	KR_PLURAL_CHOOSE, /* condition, then, else */
};

#define KR_PLURAL_OPS_MAX 128

struct kr_base__plural {
	unsigned forms, count;
	struct {
		uint8_t op;
		uint32_t number;
	} ops[KR_PLURAL_OPS_MAX];
};

struct kr_base__mo {
	struct kr_str bytes;
	bool swapped; /* written by a machine of the other byte order */
	uint32_t count, ids, texts;
	struct kr_base__plural plural;
};

/*
 * Check a whole catalogue, so that looking up needs no checks.
 *
 * bytes  stay borrowed
 *
 * Returns 0; -KR_EFORMAT (no catalogue); -KR_ECORRUPT (places outside, not sorted, not UTF-8);
 * -KR_ESYNTAX (plural expression).
 */
KR_MUST_USE int kr_base__mo_open(struct kr_str bytes, struct kr_base__mo *ret,
				 struct kr_fault *reterr);
/* The translation of a message for n things (forms are ignored where it has but one); NULL: there
 * is none. */
const char *kr_base__mo_find(const struct kr_base__mo *m, const char *msgid, bool many, uint64_t n);
/* Read "nplurals=3; plural=...;". 0 or -KR_ESYNTAX. */
KR_MUST_USE int kr_base__plural_parse(struct kr_str s, struct kr_base__plural *ret);
/* The form for n things, below p->forms. */
unsigned kr_base__plural_form(const struct kr_base__plural *p, uint64_t n);
