/* SPDX-License-Identifier: Apache-2.0 */
/* Telling the service manager how we are (sd_notify(3)): one datagram, no library. Private to cli.
 */
#pragma once

#include "base/base.h"

/* Send "READY=1" or the like; nothing happens where no manager asked (NOTIFY_SOCKET is not set). */
void kr_notify(const char *state);
/* RELOADING=1 with the clock that the manager compares with its own. */
void kr_notify_reloading(void);
/* How often to send WATCHDOG=1, in milliseconds: half of what the manager allows; 0: it does not
 * watch. */
int kr_notify_watchdog_ms(void);
