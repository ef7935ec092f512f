/* SPDX-License-Identifier: Apache-2.0 */
/* What the node knows as JSON, straight into the buffer. Inside of the room. */
#pragma once

#include "api/rest/call.h"
#include "store/read.h"

/*
 * An event as one object.
 *
 * open  leave out the closing brace: more members follow
 */
void kr_rest__event(const struct kr_rest *rest, struct kr_buf *b, const struct kr_scope *scope,
		    const struct kr_stored_event *ev, bool open);
void kr_rest__report(struct kr_json_out *o, const struct kr_report *r);
void kr_rest__source(struct kr_json_out *o, const struct kr_source *s);
/* Leaves the object open. */
void kr_rest__constituent(struct kr_json_out *o, const struct kr_constituent *c);
