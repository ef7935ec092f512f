/* SPDX-License-Identifier: Apache-2.0 */
/* Zones against the C library's own reading of the same files. */
#include "base/zone.h"

#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/file.h"
#include "tap.h"

#include <fcntl.h>

static kr_time at(const char *text)
{
	kr_time t;

	return kr_time_parse(kr_str_c(text), &t) ? KR_TIME_NONE : t;
}

static void is_text(const struct kr_zone *z, const char *utc, const char *want)
{
	char buf[KR_TIME_TEXT_MAX];

	IS_STR(kr_str_c(kr_zone_text(z, at(utc), buf)), kr_str_c(want), utc);
}

static void test_known(void)
{
	KR_AUTO(kr_zone) *z = NULL;
	struct kr_fault f = {0};

	OK(!kr_zone_open(KR_STR("Europe/Skopje"), &z, &f), "a zone %s", f.message);
	if (!z)
		return;
	is_text(z, "2026-01-15T12:00:00Z", "2026-01-15 13:00 +01:00");
	is_text(z, "2026-07-15T12:00:00Z", "2026-07-15 14:00 +02:00");
	is_text(z, "2026-03-29T00:59:59Z", "2026-03-29 01:59 +01:00");
	is_text(z, "2026-03-29T01:00:00Z", "2026-03-29 03:00 +02:00");
	is_text(z, "2026-10-25T00:59:59Z", "2026-10-25 02:59 +02:00");
	is_text(z, "2026-10-25T01:00:00Z", "2026-10-25 02:00 +01:00");
	/* Far behind the last transition of any file. */
	is_text(z, "2099-07-01T00:00:00Z", "2099-07-01 02:00 +02:00");
	IS(kr_zone_utc(z, at("2026-07-15T14:00:00Z")), at("2026-07-15T12:00:00Z"), "and back");
	IS(kr_zone_utc(z, at("2026-10-25T02:30:00Z")), at("2026-10-25T00:30:00Z"),
	   "shown twice: the first time");
	IS(kr_zone_utc(z, at("2026-03-29T02:30:00Z")), at("2026-03-29T01:00:00Z"),
	   "jumped over: the moment of the jump");
}

static void test_oracle(void)
{
	static const char *const names[] = {
		"Europe/Skopje",     "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
		"Africa/Casablanca", "America/St_Johns", "Pacific/Auckland",	"Europe/Dublin"};
	unsigned wrong = 0, tried = 0;

	for (size_t i = 0; i < KR_ARRAY_LEN(names); i++) {
		struct kr_zone *z = NULL;

		if (kr_zone_open(kr_str_c(names[i]), &z, NULL))
			continue;
		setenv("TZ", names[i], 1);
		tzset();
		for (time_t t = 0; t < 4102444800; t += 86400 * 3 + 3599) {
			struct tm tm;

			localtime_r(&t, &tm);
			tried++;
			if (kr_zone_offset(z, (kr_time)t * KR_SECOND) != tm.tm_gmtoff)
				wrong++;
		}
		kr_zone_free(z);
	}
	OK(tried > 100000, "%u times in some zones", tried);
	IS(wrong, 0, "the C library says the same");
}

static void test_there_and_back(void)
{
	KR_AUTO(kr_zone) *z = NULL;
	unsigned wrong = 0;

	if (kr_zone_open(KR_STR("Europe/Skopje"), &z, NULL))
		return;
	for (kr_time t = at("2026-01-01T00:00:00Z"); t < at("2027-01-01T00:00:00Z");
	     t += 17 * KR_MINUTE) {
		kr_time back = kr_zone_utc(z, kr_zone_local(z, t));

		/* In the hour that is shown twice it may be the first of both. */
		wrong += back != t && back != t - KR_HOUR;
	}
	IS(wrong, 0, "local and back is the same");
}

static void test_bad(void)
{
	static const char *const bad[] = {
		"../../etc/passwd", "/etc/passwd", "Europe//Skopje", "Europe/../Skopje", "Europe/",
		"Europe/Skop je",   "1/2"};
	struct kr_zone *z = NULL;
	struct kr_fault f;

	for (size_t i = 0; i < KR_ARRAY_LEN(bad); i++)
		IS(kr_zone_open(kr_str_c(bad[i]), &z, &f), -KR_EINVAL, bad[i]);
	IS(kr_zone_open(KR_STR("Europe/Nowhere"), &z, &f), -KR_ENOENT, "one that is not there");
	OK(strstr(f.remedy, "zoneinfo"), "the remedy says where they are");
	IS(kr_zone_open(KR_STR("Europe"), &z, &f), -KR_ENOENT, "a folder");
	IS(kr_zone_open(KR_STR(""), &z, &f), 0, "none is UTC");
	IS(kr_zone_offset(z, 0), 0, "... which is 0");
	kr_zone_free(z);
	IS(kr_zone_offset(NULL, 0), 0, "so is NULL");
}

/* Every cut and every flipped byte of a real file is read or refused, and answers stay bounded. */
static void test_damaged(void)
{
	KR_AUTO_BUF file = KR_BUF(65536);
	unsigned strange = 0;

	if (kr_file_read(AT_FDCWD, "/usr/share/zoneinfo/Europe/Skopje", 65536, &file, NULL))
		return;
	for (size_t i = 0; i < file.n; i++) {
		struct kr_zone *z = NULL;

		if (!kr_zone_read(kr_str_first(kr_buf_str(&file), i), &z, NULL))
			kr_zone_free(z);
		z = NULL;
		file.p[i] ^= 0x55;
		if (!kr_zone_read(kr_buf_str(&file), &z, NULL)) {
			int32_t o = kr_zone_offset(z, at("2026-07-15T12:00:00Z"));

			strange += o < -27 * 3600 * 8 || o > 27 * 3600 * 8;
			(void)kr_zone_utc(z, 0);
			kr_zone_free(z);
		}
		file.p[i] ^= 0x55;
	}
	IS(strange, 0, "damaged files give bounded offsets or none");
}

int main(void)
{
	test_known();
	test_oracle();
	test_there_and_back();
	test_bad();
	test_damaged();
	return tap_end();
}
