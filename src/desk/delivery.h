/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one message is about: whom it is for, what that recipient may see, and which rows. Digests,
 * sinks, pages and previews all begin here, so they cannot differ.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/str.h"
#include "base/zone.h"
#include "conf/conf.h"
#include "desk/recipient.h"
#include "model/scope.h"
#include "model/viewer.h"
#include "store/outbox.h"
#include "store/store.h"

struct kr_desk_mailing {
	struct kr_recipient to;
	uint64_t delivery;	 /* 0: a preview of what waits */
	kr_time at;		 /* when it was packed; of a preview: now */
	struct kr_viewer viewer; /* the recipient, through its sink's door */
	struct kr_scope scope;	 /* what it may see, and who asked too */
	const char *lang;	 /* of the recipient, else its constituent, else the node; "en" */
	struct kr_zone *zone;	 /* never NULL; ends with kr_desk_mailing_done() */
	struct kr_outbox_row *rows; /* in the arena */
	size_t n;
	size_t gone; /* rows whose event kr_desk_mailing_each() did not find */
	bool more;   /* a preview: more rows wait than one message takes */
};

/*
 * The rows of a delivery.
 *
 * scope  of who asks: a delivery that it does not show is -KR_ENOENT
 * a      takes rows and texts
 *
 * Returns 0; -KR_ENOENT. The caller ends it with kr_desk_mailing_done().
 */
KR_MUST_USE int kr_desk_mailing_of(struct kr_store *s, const struct kr_conf *conf,
				   const struct kr_scope *scope, uint64_t delivery,
				   struct kr_arena *a, struct kr_desk_mailing *ret,
				   struct kr_fault *reterr);
/*
 * A preview: what waits for a recipient until a time (KR_TIME_NONE: all that waits), as many rows
 * as one message takes. Nothing is changed.
 */
KR_MUST_USE int kr_desk_mailing_waiting(struct kr_store *s, const struct kr_conf *conf,
					const struct kr_scope *scope, uint32_t recipient,
					kr_time due, struct kr_arena *a,
					struct kr_desk_mailing *ret, struct kr_fault *reterr);
void kr_desk_mailing_done(struct kr_desk_mailing *m);
/*
 * The events of a mailing, as its recipient may see them.
 *
 * each  ev: redacted; NULL where the event is gone or may not be told any more. Returns false to
 *       stop
 *
 * Returns 0, or 1 if each stopped it.
 */
KR_MUST_USE int kr_desk_mailing_each(struct kr_store *s, struct kr_desk_mailing *m,
				     bool (*each)(void *ctx, struct kr_outbox_row *row,
						  const struct kr_stored_event *ev),
				     void *ctx, struct kr_fault *reterr);
/*
 * After kr_desk_mailing_each(), by who sends: rows whose events it did not find wait again. The
 * report of such an event may be just under way to be taken again, and then nobody was told.
 */
KR_MUST_USE int kr_desk_mailing_release(struct kr_store *s, const struct kr_desk_mailing *m,
					struct kr_fault *reterr);
/* Is this sink ("mail", ...) switched on? Pull always is: who pulls asked for it. */
bool kr_desk_sink_on(const struct kr_conf *conf, struct kr_str sink);
