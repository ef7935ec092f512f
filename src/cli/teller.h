/* SPDX-License-Identifier: Apache-2.0 */
/* What `karaula serve` does about owners who are to be told: new rows are decided about, what is
 * due is packed. Private to cli. */
#pragma once

#include "cli/node.h"
#include "pipe/deliver.h"

struct kr_teller;
/* Begin; the first look is at once. deliver: is woken; outlives it. NULL on failure, which is
 * logged. */
struct kr_teller *kr_teller_start(struct kr_node *n, struct kr_deliver *deliver);
/* End, between two steps. NULL is fine. */
void kr_teller_stop(struct kr_teller *t);
