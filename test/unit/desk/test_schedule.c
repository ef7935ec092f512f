/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/recipient.h"

#include "tap.h"

static kr_time at(const char *text)
{
	kr_time t;

	return kr_time_parse(kr_str_c(text), &t) ? KR_TIME_NONE : t;
}

static void due(const struct kr_schedule *s, enum kr_when when, const char *t, const char *want,
		const char *what)
{
	char buf[KR_TIME_TEXT_MAX];

	IS_STR(kr_str_c(kr_time_text(kr_schedule_due(s, when, at(t)), buf)), kr_str_c(want), what);
}

static void test_daily(const struct kr_zone *z)
{
	struct kr_schedule s = {.zone = z,
				.hour = 8,
				.quiet_from = -1,
				.quiet_to = -1,
				.muted_until = KR_TIME_NONE};

	due(&s, KR_WHEN_DAILY, "2026-01-15T06:00:00Z", "2026-01-15T07:00:00Z", "winter: today");
	due(&s, KR_WHEN_DAILY, "2026-01-15T07:00:00Z", "2026-01-16T07:00:00Z",
	    "at the hour itself: tomorrow");
	due(&s, KR_WHEN_DAILY, "2026-07-15T12:00:00Z", "2026-07-16T06:00:00Z", "summer");
	due(&s, KR_WHEN_DAILY, "2026-03-28T12:00:00Z", "2026-03-29T06:00:00Z",
	    "the day on which the clocks go forward has 23 hours");
	due(&s, KR_WHEN_DAILY, "2026-10-24T12:00:00Z", "2026-10-25T07:00:00Z", "and the other 25");
	s.hour = 2;
	due(&s, KR_WHEN_DAILY, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z",
	    "two o'clock does not exist that day: at the jump");
	due(&s, KR_WHEN_DAILY, "2026-10-24T12:00:00Z", "2026-10-25T00:00:00Z",
	    "two o'clock comes twice: the first");
	due(&s, KR_WHEN_DAILY, "2026-10-25T00:30:00Z", "2026-10-26T01:00:00Z",
	    "... and only once that day");
}

static void test_others(const struct kr_zone *z)
{
	struct kr_schedule s = {.zone = z,
				.hour = 8,
				.quiet_from = -1,
				.quiet_to = -1,
				.muted_until = KR_TIME_NONE,
				.gather_us = KR_MINUTE};
	struct kr_schedule half = {.quiet_from = -1, .quiet_to = -1, .muted_until = KR_TIME_NONE};
	KR_AUTO(kr_zone) *kathmandu = NULL;

	due(&s, KR_WHEN_NOW, "2026-01-15T06:00:07Z", "2026-01-15T06:01:07Z", "at once gathers");
	due(&s, KR_WHEN_HOURLY, "2026-01-15T06:00:07Z", "2026-01-15T07:00:00Z", "the full hour");
	due(&s, KR_WHEN_HOURLY, "2026-01-15T06:00:00Z", "2026-01-15T07:00:00Z", "the next one");
	if (!kr_zone_open(KR_STR("Asia/Kathmandu"), &kathmandu, NULL)) {
		half.zone = kathmandu;
		due(&half, KR_WHEN_HOURLY, "2026-01-15T06:00:00Z", "2026-01-15T06:15:00Z",
		    "a full hour there is a quarter past here");
	}
}

static void test_quiet(const struct kr_zone *z)
{
	struct kr_schedule s = {.zone = z,
				.hour = 3,
				.quiet_from = 22 * 60,
				.quiet_to = 6 * 60 + 30,
				.muted_until = KR_TIME_NONE};

	due(&s, KR_WHEN_NOW, "2026-01-15T12:00:00Z", "2026-01-15T12:00:00Z", "not at noon");
	due(&s, KR_WHEN_NOW, "2026-01-15T20:59:59Z", "2026-01-15T20:59:59Z", "just before");
	due(&s, KR_WHEN_NOW, "2026-01-15T21:00:00Z", "2026-01-16T05:30:00Z", "over midnight");
	due(&s, KR_WHEN_NOW, "2026-01-16T02:00:00Z", "2026-01-16T05:30:00Z", "after midnight");
	due(&s, KR_WHEN_NOW, "2026-01-16T05:30:00Z", "2026-01-16T05:30:00Z",
	    "the end is not quiet");
	due(&s, KR_WHEN_NOW, "2026-03-28T22:00:00Z", "2026-03-29T04:30:00Z",
	    "the night in which an hour is missing");
	due(&s, KR_WHEN_NOW, "2026-10-24T21:00:00Z", "2026-10-25T05:30:00Z", "the long night");
	due(&s, KR_WHEN_DAILY, "2026-01-15T12:00:00Z", "2026-01-16T05:30:00Z",
	    "a daily hour within quiet hours comes at their end");
	s.quiet_to = 2 * 60 + 30;
	due(&s, KR_WHEN_NOW, "2026-10-25T00:10:00Z", "2026-10-25T00:30:00Z",
	    "in the hour that comes twice, the first time");
	due(&s, KR_WHEN_NOW, "2026-10-25T01:10:20Z", "2026-10-25T01:30:00Z",
	    "and the second: not a day later");
	s.quiet_from = 12 * 60;
	s.quiet_to = 13 * 60;
	due(&s, KR_WHEN_NOW, "2026-01-15T11:30:00Z", "2026-01-15T12:00:00Z", "a quiet lunch");
	s.muted_until = at("2026-01-20T11:30:00Z");
	due(&s, KR_WHEN_NOW, "2026-01-15T01:00:00Z", "2026-01-20T12:00:00Z",
	    "mute ends in quiet hours: at their end");
	s.quiet_from = s.quiet_to = -1;
	due(&s, KR_WHEN_HOURLY, "2026-01-15T01:00:00Z", "2026-01-20T11:30:00Z", "mute until");
	IS(kr_schedule_awake(&s, at("2026-02-01T00:00:00Z")), at("2026-02-01T00:00:00Z"),
	   "mute is over");
}

/* Any time, any quiet hours: what is due is never before, never quiet, and within two days. */
static void test_any(const struct kr_zone *z)
{
	uint64_t x = 88172645463325252ull;
	unsigned wrong = 0;

	for (int i = 0; i < 20000; i++) {
		struct kr_schedule s = {.zone = z, .muted_until = KR_TIME_NONE};
		enum kr_when when;
		kr_time t, d;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		t = (kr_time)(1767225600 + x % 31536000) * KR_SECOND;
		s.hour = (unsigned)(x >> 40) % 24;
		s.quiet_from = (int)(x >> 20 & 2047) % 1440;
		s.quiet_to = (int)(x >> 31 & 2047) % 1440;
		if (s.quiet_from == s.quiet_to)
			s.quiet_from = s.quiet_to = -1;
		when = (enum kr_when)(KR_WHEN_NOW + (x >> 50) % 3);
		d = kr_schedule_due(&s, when, t);
		wrong += d < t || d > t + 51 * KR_HOUR || kr_schedule_awake(&s, d) != d;
		if (when == KR_WHEN_DAILY && s.quiet_from < 0)
			wrong += (kr_zone_local(z, d) / KR_HOUR) % 24 != s.hour &&
				 kr_time_day(kr_zone_local(z, d)) != kr_day_of(2026, 3, 29);
	}
	IS(wrong, 0, "never early, never quiet, never lost");
}

static void test_wish(void)
{
	struct kr_wish w;
	struct kr_str item;
	struct kr_fault f;

	IS(kr_wish_parse(KR_STR("intrusions=now, availability=hourly\tother=none  *=daily"), &w,
			 &f),
	   0, "wishes");
	IS(w.n, 4, "four");
	IS(kr_wish_of(&w, KR_STR("intrusions"), &item), KR_WHEN_NOW, "named");
	IS_STR(item, KR_STR("intrusions"), "by its name");
	IS(kr_wish_of(&w, KR_STR("other"), &item), KR_WHEN_NEVER, "none");
	IS(kr_wish_of(&w, KR_STR("vulnerable"), &item), KR_WHEN_DAILY, "all others");
	IS_STR(item, KR_STR("*"), "by the star");
	IS(kr_wish_parse(KR_STR(""), &w, &f), 0, "no wish");
	IS(kr_wish_of(&w, KR_STR("vulnerable"), &item), KR_WHEN_DAILY, "is daily");
	IS(item.n, 0, "by nothing");
	IS(kr_wish_parse(KR_STR("intrusion=now"), &w, &f), -KR_EINVAL, "no such class");
	OK(strstr(f.message, "'intrusion'"), "the message names it: %s", f.message);
	IS(kr_wish_parse(KR_STR("intrusions=soon"), &w, &f), -KR_EINVAL, "no such time");
	IS(kr_wish_parse(KR_STR("intrusions"), &w, &f), -KR_EINVAL, "no time");
	IS(kr_wish_parse(KR_STR("*=now *=daily"), &w, &f), -KR_EINVAL, "twice");
}

int main(void)
{
	KR_AUTO(kr_zone) *z = NULL;

	test_wish();
	if (kr_zone_open(KR_STR("Europe/Skopje"), &z, NULL)) {
		SKIP("no tzdata", "schedules");
		return tap_end();
	}
	test_daily(z);
	test_others(z);
	test_quiet(z);
	test_any(z);
	return tap_end();
}
