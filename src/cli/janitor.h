/* SPDX-License-Identifier: Apache-2.0 */
/* What `karaula serve` does from time to time by itself: retention. Private to cli. */
#pragma once

#include "cli/node.h"

struct kr_janitor;
/* Begin; the first round is a minute after the start. NULL on failure, which is logged. */
struct kr_janitor *kr_janitor_start(struct kr_node *n);
/* End, after the step that runs. NULL is fine. */
void kr_janitor_stop(struct kr_janitor *j);
