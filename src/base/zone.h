/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local time of a place: zones of the IANA database as the system has them (RFC 8536). Read by name
 * into a value of its own; the environment and the process' own zone play no part.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/str.h"
#include "base/time.h"

#define KR_ZONE_NAME_MAX 64

struct kr_zone;

/*
 * Open a zone.
 *
 * name  "Europe/Skopje"; empty, "UTC", "Etc/UTC" and "GMT" need no file
 *
 * Returns 0; -KR_EINVAL (no name of a zone); -KR_ENOENT (the system does not have it);
 * -KR_ECORRUPT. The caller frees it.
 */
KR_MUST_USE int kr_zone_open(struct kr_str name, struct kr_zone **ret, struct kr_fault *reterr);
/* The same from the bytes of a TZif file. */
KR_MUST_USE int kr_zone_read(struct kr_str tzif, struct kr_zone **ret, struct kr_fault *reterr);
void kr_zone_free(struct kr_zone *z);
KR_AUTO_DEFINE(kr_zone)

/* Seconds that the clocks of the place are ahead of UTC at t. z NULL: 0. */
int32_t kr_zone_offset(const struct kr_zone *z, kr_time t);
/* What its clocks show at t, as if it were UTC: kr_time_day() of it is the local day. */
static inline kr_time kr_zone_local(const struct kr_zone *z, kr_time t)
{
	return t + kr_zone_offset(z, t) * KR_SECOND;
}
/*
 * When its clocks show a local time. Where they are put back and show it twice, the first time;
 * where they are put forward over it, the moment at which they jump.
 */
kr_time kr_zone_utc(const struct kr_zone *z, kr_time local);
/* "2026-11-21 14:05 +01:00". Returns buf. */
char *kr_zone_text(const struct kr_zone *z, kr_time t, char buf[KR_TIME_TEXT_MAX]);
