/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only deliverer: takes packed deliveries from the outbox and hands them to the sinks that are
 * switched on, with workers of their own for each sink, so that a slow one delays only itself.
 *
 * A delivery is SENDING, durably, before a byte leaves, and its outcome is durable before the next
 * one is taken. So whenever the node dies, each message was sent once or is marked in doubt.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/metrics.h"
#include "net/net.h"
#include "store/outbox.h"
#include "store/store.h"

struct kr_deliver;

/*
 * Start the workers. What was being sent when the node died is marked in doubt first.
 *
 * s, net   outlive it
 * metrics  may be NULL
 */
KR_MUST_USE int kr_deliver_start(struct kr_store *s, struct kr_net *net, struct kr_metrics *metrics,
				 struct kr_deliver **ret, struct kr_fault *reterr);
/* Something was packed, or a setting changed: look now. */
void kr_deliver_wake(struct kr_deliver *d);
/*
 * Take nothing more and wait for what is being sent. NULL is fine.
 *
 * Returns true and frees it when all have ended; false if some have not after wait_ms: then what
 * they work on must not be closed, and what they send will be in doubt.
 */
bool kr_deliver_stop(struct kr_deliver *d, int wait_ms);

/*
 * When is a delivery tried again after its attempt number n failed? Twice as long each time, from
 * `first` up to an hour, give or take a fifth, so that many do not come back at once.
 *
 * spread  0 to 65535, random
 */
kr_time kr_deliver_again(kr_time now, uint32_t attempts, int64_t first_us, uint16_t spread);
