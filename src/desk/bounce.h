/* SPDX-License-Identifier: Apache-2.0 */
/* Mail that came back: which delivery it is about, and what follows for it and its recipient. */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/str.h"
#include "codec/dsn.h"
#include "store/audit.h"
#include "store/outbox.h"
#include "store/store.h"

enum kr_bounce {
	KR_BOUNCE_FAILED = 1, /* for good: the delivery has failed */
	KR_BOUNCE_LATE,	      /* its server still tries */
	KR_BOUNCE_FINE,	      /* it arrived */
	KR_BOUNCE_REPLY,      /* an automatic answer: nothing follows */
	KR_BOUNCE_COMPLAINT,  /* nothing follows by itself */
	KR_BOUNCE_UNLINKED,   /* a mail that is about no delivery: a person reads it */
	KR_BOUNCE_KNOWN,      /* it came back before, or was never sent */
};
/* "failed", "late", ... */
const char *kr_bounce_text(enum kr_bounce b);

struct kr_bounced {
	enum kr_bounce what;
	uint64_t delivery; /* 0: unlinked */
	uint32_t recipient;
	int health;	      /* change of the recipient's */
	struct kr_str reason; /* in the arena */
};

/*
 * Act on a mail that was read.
 *
 * to  address to which the mail server brought it, if it says so; else empty: the mail's own fields
 *     are asked
 * a   takes texts
 *
 * Returns 0; -KR_EDENIED (it claims to be about a delivery with a wrong check: forged, or of
 * another node; nothing is changed).
 */
KR_MUST_USE int kr_desk_bounce(struct kr_store *s, const struct kr_by *by, const struct kr_dsn *d,
			       struct kr_str to, struct kr_arena *a, struct kr_bounced *ret,
			       struct kr_fault *reterr);
/* How much the health of a recipient changes when a message to it failed with this status. */
int kr_bounce_health(const unsigned status[3]);
