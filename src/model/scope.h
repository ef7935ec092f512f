/* SPDX-License-Identifier: Apache-2.0 */
/* What a viewer may see, as a predicate the store applies to lists, counts, facets and pages. */
#pragma once

#include "base/base.h"

struct kr_scope {
	bool all; /* everything: the local administrator; the only scope until the gate exists */
};

#define KR_SCOPE_ALL ((const struct kr_scope){.all = true})
