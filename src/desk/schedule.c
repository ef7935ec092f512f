/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When somebody is told. All counting of days and hours is done on the clocks of the recipient's
 * place: a daily digest at eight comes at eight in summer and winter, and a quiet night is as long
 * as that night is.
 */
#include "desk/recipient.h"

#define DAY_MINUTES 1440

/* Is this minute of the day quiet? */
static bool quiet(const struct kr_schedule *s, int minute)
{
	if (s->quiet_from < 0 || s->quiet_to < 0 || s->quiet_from == s->quiet_to)
		return false;
	if (s->quiet_from < s->quiet_to)
		return minute >= s->quiet_from && minute < s->quiet_to;
	return minute >= s->quiet_from || minute < s->quiet_to;
}

/* The next time from t on at which the clocks show this minute of the day. */
static kr_time next_minute(const struct kr_zone *zone, kr_time t, int minute)
{
	int32_t day = kr_time_day(kr_zone_local(zone, t));
	kr_time at = t;

	for (int32_t i = 0; i < 3; i++) {
		at = kr_zone_utc(zone, kr_day_time(day + i) + minute * KR_MINUTE);
		if (at >= t)
			break;
	}
	return KR_MAX(at, t);
}

static int minute_of(const struct kr_zone *zone, kr_time t)
{
	kr_time local = kr_zone_local(zone, t);

	return (int)((local - kr_day_time(kr_time_day(local))) / KR_MINUTE);
}

/* The end of quiet hours. In the hour that clocks repeat it may come a second time that day. */
static kr_time quiet_end(const struct kr_schedule *s, kr_time t, int minute)
{
	int to = s->quiet_to % DAY_MINUTES;
	kr_time soon = t - kr_zone_local(s->zone, t) % KR_MINUTE +
		       (to - minute + DAY_MINUTES) % DAY_MINUTES * KR_MINUTE;
	kr_time at = next_minute(s->zone, t, to);

	return soon > t && soon < at && minute_of(s->zone, soon) == to ? soon : at;
}

kr_time kr_schedule_awake(const struct kr_schedule *s, kr_time t)
{
	int minute;

	if (s->muted_until != KR_TIME_NONE && t < s->muted_until)
		t = s->muted_until;
	minute = minute_of(s->zone, t);
	if (quiet(s, minute))
		t = quiet_end(s, t, minute);
	return t;
}

kr_time kr_schedule_due(const struct kr_schedule *s, enum kr_when when, kr_time t)
{
	kr_time local;

	switch (when) {
	case KR_WHEN_NOW: t += s->gather_us; break;
	case KR_WHEN_HOURLY:
		/* Full hours of the place: some zones are half an hour off. */
		local = kr_zone_local(s->zone, t);
		t += KR_HOUR - (local % KR_HOUR + KR_HOUR) % KR_HOUR;
		break;
	case KR_WHEN_DAILY: t = next_minute(s->zone, t + 1, (int)s->hour * 60); break;
	case KR_WHEN_NEVER: break;
	}
	return kr_schedule_awake(s, t);
}
