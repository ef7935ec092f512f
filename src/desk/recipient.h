/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recipients: who is told on behalf of a constituent, when, and in which form. The register makes
 * one mail recipient of each address in its column `contact`; people add others and change them.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/str.h"
#include "base/zone.h"
#include "conf/conf.h"
#include "model/viewer.h"
#include "store/outbox.h"
#include "store/store.h"

/* When a class is told. */
enum kr_when { KR_WHEN_NEVER = 0, KR_WHEN_NOW, KR_WHEN_HOURLY, KR_WHEN_DAILY };
/* "never", "now", "hourly", "daily" */
const char *kr_when_text(enum kr_when w);

#define KR_WISH_MAX 32
/* "intrusions=now availability=hourly *=daily", read. */
struct kr_wish {
	struct {
		struct kr_str class_; /* canonical spelling; "*" for all others */
		enum kr_when when;
	} item[KR_WISH_MAX];
	size_t n;
};
/*
 * Read the wishes of a recipient: CLASS=WHEN separated by blanks or commas; "none" is "never". What
 * names no class that the taxonomy has is refused. Classes that are not named and no "*": daily.
 *
 * ret  texts are borrowed from the taxonomy
 *
 * Returns 0 or -KR_EINVAL with what would be valid.
 */
KR_MUST_USE int kr_wish_parse(struct kr_str text, struct kr_wish *ret, struct kr_fault *reterr);
/* When the class is told; ret_item: which part of the wish decided ("intrusions", "*", or empty).
 */
enum kr_when kr_wish_of(const struct kr_wish *w, struct kr_str class_, struct kr_str *ret_item);

/* All that decides when a recipient is told. */
struct kr_schedule {
	const struct kr_zone *zone; /* NULL: UTC */
	unsigned hour;		    /* 0 to 23: of the daily digest */
	int quiet_from, quiet_to; /* minutes of the local day; -1: none. Over midnight: from > to */
	kr_time muted_until;	  /* KR_TIME_NONE: not muted */
	int64_t gather_us;	  /* what is told at once waits so long for more */
};
/*
 * When something that was stored at t is told: at once, at the next full hour, or at the next daily
 * hour of the place; never in quiet hours, nor while muted.
 */
kr_time kr_schedule_due(const struct kr_schedule *s, enum kr_when when, kr_time t);
/* The first moment from t on that is not quiet and not muted; t itself, if so. */
kr_time kr_schedule_awake(const struct kr_schedule *s, kr_time t);

/* The recipient as the gate sees it: its constituent's own, through the door of its sink. */
struct kr_viewer kr_recipient_viewer(const struct kr_recipient *r);
/* The door of a sink; NONE for one that does not exist. */
enum kr_door kr_sink_door(struct kr_str sink);

/* What is to be set, as text; p NULL: stays as it is (when adding: the default). */
struct kr_desk_recipient_change {
	struct kr_str sink, address, language, zone, classes, format, secret, hour, quiet, muted,
		repeat, enabled;
	uint32_t revision; /* of an edit: what the recipient must have, else -KR_EEXIST; 0: any */
};
/*
 * Check a recipient and store it.
 *
 * id      0: a new one of this constituent; else change that one
 *
 * Returns 0; -KR_EINVAL with what would be valid; -KR_EEXIST; -KR_ENOENT.
 */
KR_MUST_USE int kr_desk_recipient_put(struct kr_store *s, const struct kr_conf *conf,
				      const struct kr_by *by, uint32_t id,
				      struct kr_str constituent,
				      const struct kr_desk_recipient_change *c, struct kr_arena *a,
				      struct kr_recipient *ret, struct kr_fault *reterr);
/*
 * Bring the register's mail recipients in line with its contacts.
 *
 * ret_bad  constituents whose contact holds no mail address
 */
KR_MUST_USE int kr_desk_recipient_sync(struct kr_store *s, const struct kr_conf *conf,
				       const struct kr_by *by, struct kr_register_recipients *ret,
				       uint32_t *ret_bad, struct kr_fault *reterr);
