/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of owners: by a signed link in a message, by the API, or noted by us. A link names a
 * recipient and a delivery, ends by itself, and only shows a form: what acts is its POST, since
 * scanners of mail follow links.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/str.h"
#include "conf/conf.h"
#include "desk/delivery.h"
#include "store/outbox.h"
#include "store/store.h"

#define KR_LINK_TOKEN_MAX 48 /* of a token, with NUL */

/* What a link stands for. */
struct kr_link {
	uint32_t recipient;
	uint64_t delivery;
	kr_time expires; /* whole minutes */
};
/*
 * Write the token of a link: letters, digits, '-' and '_'.
 *
 * key  kr_store_link_key()
 *
 * Returns buf.
 */
char *kr_link_write(const uint8_t key[32], const struct kr_link *l, char buf[KR_LINK_TOKEN_MAX]);
/*
 * Check a token, in a time that does not depend on where it is wrong.
 *
 * Returns 0; -KR_EDENIED (forged, or cut); -KR_EUNAVAIL (it has ended).
 */
KR_MUST_USE int kr_link_read(const uint8_t key[32], struct kr_str token, kr_time now,
			     struct kr_link *ret, struct kr_fault *reterr);

/*
 * Note an answer about a stored event.
 *
 * event        whose key and source it is about
 * constituent  who answers: must own the event
 * note         may be empty; control characters are taken out, cut at 1,000 bytes
 * expires      KR_TIME_NONE: fixed never ends, the others end after delivery.answer_age
 *
 * Returns 0 with the answer's id; -KR_ENOENT (no such event in this scope); -KR_EDENIED (the
 * constituent does not own it).
 */
KR_MUST_USE int kr_desk_feedback_add(struct kr_store *s, const struct kr_conf *conf,
				     const struct kr_by *by, const struct kr_scope *scope,
				     const struct kr_event_id *event, uint32_t constituent,
				     enum kr_verdict verdict, struct kr_str note, kr_time expires,
				     uint64_t *ret_id, struct kr_fault *reterr);
/*
 * Answers about a stored event, of all days on which it was seen, newest first.
 *
 * scope  of who asks: one that is bound to a constituent shows its answers only
 *
 * Returns 0; -KR_ENOENT (no such event in this scope).
 */
KR_MUST_USE int kr_desk_feedback_of(struct kr_store *s, const struct kr_scope *scope,
				    const struct kr_event_id *event, uint32_t limit,
				    struct kr_arena *a, struct kr_feedback **ret, size_t *ret_n,
				    struct kr_fault *reterr);

/*
 * What a link is for: the mailing of its delivery, as whoever has the link may see it.
 *
 * client  address of who asks, for the audit log; borrowed as long as ret is used
 *
 * Returns 0; -KR_EDENIED, -KR_EUNAVAIL (kr_link_read(); or the recipient was removed); -KR_ENOENT.
 * The caller ends it with kr_desk_mailing_done().
 */
KR_MUST_USE int kr_desk_link_open(struct kr_store *s, const struct kr_conf *conf,
				  struct kr_str token, struct kr_str client, struct kr_arena *a,
				  struct kr_desk_mailing *ret, struct kr_fault *reterr);

struct kr_desk_choice {
	struct kr_event_id event;
	enum kr_verdict verdict;
};
struct kr_desk_answers {
	enum kr_verdict all; /* for each row that has no choice of its own; 0: none */
	const struct kr_desk_choice *choices;
	size_t n;
	struct kr_str note;
};
/*
 * Note answers for rows of a mailing that kr_desk_link_open() gave, all or none. What is answered
 * so already is not noted twice.
 *
 * ret  answers that are new
 *
 * Returns 0; -KR_EDENIED (an event that is not in the mailing).
 */
KR_MUST_USE int kr_desk_link_answer(struct kr_store *s, const struct kr_conf *conf,
				    const struct kr_desk_mailing *m,
				    const struct kr_desk_answers *x, uint64_t *ret,
				    struct kr_fault *reterr);
