/* SPDX-License-Identifier: Apache-2.0 */
/* The gate as doors use it: rooms that may not ask it themselves get their scope here. */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "model/scope.h"
#include "model/viewer.h"

/* What a viewer may see; the only scope that a door hands to the store. */
struct kr_scope kr_access_scope(const struct kr_viewer *v);
/*
 * An operator of a constituent at the pages: to show what it sees, by what the gate answers to it.
 *
 * name  of the constituent; borrowed
 */
struct kr_viewer kr_access_operator(uint32_t constituent, struct kr_str name);
/*
 * Has he the right?
 *
 * Returns 0; -KR_EAUTH (nobody is logged in); -KR_EDENIED with the name of the right.
 */
KR_MUST_USE int kr_access_check(const struct kr_viewer *v, enum kr_right right,
				struct kr_fault *reterr);
