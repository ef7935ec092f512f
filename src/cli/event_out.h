/* SPDX-License-Identifier: Apache-2.0 */
/* A stored event as a JSON object, and as cells of a table. Private to cli. */
#pragma once

#include "base/buf.h"
#include "cli/cli.h"
#include "store/read.h"

/*
 * Append {"id":...,"source":...,"report":...,"constituents":[...],"label":..., all fields by their
 * name, extra, count, first_seen, last_seen} without the end of the line.
 *
 * open  leave the object open, for more members
 */
void kr_event_out_json(struct kr_buf *b, const struct kr_stored_event *ev, bool open);

/* Lists of events in all three formats: --json, --csv with every column of the store, and text. */
struct kr_event_out;
struct kr_event_out *kr_event_out_new(struct kr_cli *c);
void kr_event_out_add(struct kr_event_out *o, const struct kr_stored_event *ev);
/* Print what is held back, free it. */
void kr_event_out_end(struct kr_event_out *o);
