/* SPDX-License-Identifier: Apache-2.0 */
/* Labels: FIRST TLP 2.0 and PAP. The numbers are ranks, tighter is higher; they are stored. */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/str.h"

enum kr_tlp {
	KR_TLP_NONE = 0, /* not labelled */
	KR_TLP_CLEAR = 1,
	KR_TLP_GREEN = 2,
	KR_TLP_AMBER = 3,
	KR_TLP_AMBER_STRICT = 4,
	KR_TLP_RED = 5,
};

enum kr_pap {
	KR_PAP_NONE = 0,
	KR_PAP_CLEAR = 1,
	KR_PAP_GREEN = 2,
	KR_PAP_AMBER = 3,
	KR_PAP_RED = 4,
};

/* "AMBER+STRICT"; "" for NONE. Never translated. */
const char *kr_tlp_text(enum kr_tlp tlp);
/* With or without "TLP:", any case; WHITE is CLEAR, YELLOW is AMBER. 0 or -KR_EINVAL. */
KR_MUST_USE int kr_tlp_parse(struct kr_str s, enum kr_tlp *ret);
/* IDF and TLP 1 spelling, for output only: CLEAR as WHITE, AMBER+STRICT as RED. */
const char *kr_tlp1_text(enum kr_tlp tlp);
const char *kr_pap_text(enum kr_pap pap);
KR_MUST_USE int kr_pap_parse(struct kr_str s, enum kr_pap *ret);
/* The tighter of two; NONE is the loosest. */
static inline enum kr_tlp kr_tlp_tighter(enum kr_tlp a, enum kr_tlp b)
{
	return a > b ? a : b;
}
