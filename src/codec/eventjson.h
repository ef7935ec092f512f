/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the room: an event as the members of a JSON object. */
#pragma once

#include "base/buf.h"
#include "model/event.h"

enum kr_spelling {
	KR_SPELL_CANONICAL, /* times with Z, TLP 2.0, RSIT spelling */
	KR_SPELL_IDF,	    /* times with +00:00, TLP 1, types as IntelMQ spells them */
};

/*
 * Append `"name":value` of all fields, then of extra ("extra.key"), separated by commas.
 *
 * comma  one comes before the first member
 *
 * Returns true if there was any, or comma.
 */
bool kr_codec__json_members(struct kr_buf *b, const struct kr_event *e, enum kr_spelling spelling,
			    bool comma);
/* The value of a field that the event has, canonical: "192.0.2.1" with quotes, 25 without. */
void kr_codec__json_value(struct kr_buf *b, const struct kr_event *e, enum kr_field f);
void kr_codec__json_extra(struct kr_buf *b, const struct kr_extra *x);
