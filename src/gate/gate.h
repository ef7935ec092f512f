/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one gate. Whatever leaves the node, for any viewer by any door, is decided here, in two faces
 * that must agree: kr_gate_may() for one item, kr_gate_scope() for the store. Pure: no I/O, no
 * clock. test/unit/gate and test/property/test_gate hold them against each other over label x
 * ownership x role x door x key.
 */
#pragma once

#include "base/base.h"
#include "model/event.h"
#include "model/scope.h"
#include "model/viewer.h"

/* One event as the gate sees it. */
struct kr_item {
	enum kr_tlp label;
	const struct kr_owner *owners;
	size_t n_owners;
};

/* May the viewer see this event at all? */
bool kr_gate_may(const struct kr_viewer *v, const struct kr_item *item);
/* May the viewer see this field of the events that he sees? */
bool kr_gate_field(const struct kr_viewer *v, enum kr_field f);
/* All that the viewer may see, for the store. */
struct kr_scope kr_gate_scope(const struct kr_viewer *v);
/* Why not, for people and deliveries: a sentence in English (a msgid); NULL if he may. */
const char *kr_gate_reason(const struct kr_viewer *v, const struct kr_item *item);
