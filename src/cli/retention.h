/* SPDX-License-Identifier: Apache-2.0 */
/* Retention by the settings, for the command and for the job of `karaula serve`. Private to cli. */
#pragma once

#include "conf/conf.h"
#include "store/retention.h"

struct kr_retention_days kr_cli__retention_days(const struct kr_conf *c);
