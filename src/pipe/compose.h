/* SPDX-License-Identifier: Apache-2.0 */
/* What a recipient is told by one delivery, as far as the gate lets him see it, in all forms. */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "conf/conf.h"
#include "render/digest.h"
#include "store/store.h"

#define KR_LETTER_XARF_MAX 100

struct kr_letter {
	struct kr_digest digest; /* subject, text, table, counts */
	struct kr_buf json;	 /* an array of events in IDF's names, if wished */
	struct kr_buf xarf_all;	 /* what xarf points into */
	struct kr_str *xarf;	 /* documents of XARF v4, one an event, if wished; in the arena */
	size_t n_xarf;		 /* at most KR_LETTER_XARF_MAX; further events have none */
};

/*
 * Compose the letter of a delivery.
 *
 * json  the array is needed whatever the recipient's format says
 * a     takes the rows
 * ret   ended with kr_letter_done(), also after an error
 *
 * Returns 0; 1 (nothing is left to tell); -KR_E*.
 */
KR_MUST_USE int kr_letter_make(struct kr_store *s, const struct kr_conf *conf, uint64_t delivery,
			       bool json, struct kr_arena *a, struct kr_letter *ret,
			       struct kr_fault *reterr);
void kr_letter_done(struct kr_letter *l);
