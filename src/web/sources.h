/* SPDX-License-Identifier: Apache-2.0 */
/* How a source is doing, on more pages than one. */
#pragma once

#include "store/intake.h"
#include "web/page.h"

/* Labels for what is wrong: disabled, failing, silent; nothing if it is well. */
void kr_web__source_state(struct kr_page *p, const struct kr_source *s,
			  const struct kr_source_state *st);
