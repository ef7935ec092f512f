/* SPDX-License-Identifier: Apache-2.0 */
/* Inside this room: ids of events as the viewer of a scope sees them, without the open store. */
#pragma once

#include "base/hash.h"
#include "base/seal.h"
#include "model/scope.h"
#include "store/read.h"

/*
 * The text of an id for the viewer of a scope: plain for staff, else sealed.
 *
 * key    of the data directory; may be NULL with a scope of staff
 * scope  NULL: staff
 */
char *kr_event_id_for(const struct kr_hash_key *key, const struct kr_scope *scope,
		      const struct kr_event_id *id, char buf[KR_EVENT_ID_TEXT_MAX]);
/* And back. 0; -KR_EINVAL: no id that this viewer was ever given. */
KR_MUST_USE int kr_event_id_from(const struct kr_hash_key *key, const struct kr_scope *scope,
				 struct kr_str text, struct kr_event_id *ret);
/* The key under which ids are sealed for viewers of this scope, who are not staff: for whoever
 * needs many. */
void kr_event_id_key(const struct kr_hash_key *key, const struct kr_scope *scope,
		     struct kr_seal_key *ret);
