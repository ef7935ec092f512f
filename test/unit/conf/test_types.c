/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/types.h"

#include "tap.h"

static struct kr_arena *arena;
static struct kr_fault fault;

static int span(const char *s, const char *least, const char *most, int64_t *ret)
{
	return kr_conf__parse(KR_CONF_SPAN, kr_str_c(s), least, most, arena, ret, &fault);
}

static int size(const char *s, uint64_t *ret)
{
	return kr_conf__parse(KR_CONF_SIZE, kr_str_c(s), "", "", arena, ret, &fault);
}

static int text(enum kr_conf_type t, const char *s, const char **ret)
{
	return kr_conf__parse(t, kr_str_c(s), t == KR_CONF_ENUM ? "clear green amber" : "", "",
			      arena, ret, &fault);
}

static void numbers(void)
{
	int64_t us = 0;
	uint64_t n = 0;

	OK(!span("90s", "1s", "1h", &us) && us == 90000000, "a span is in microseconds");
	IS(span("2h", "1s", "1h", &us), -KR_ECONF, "above the most");
	IS_CSTR(fault.message, "2h is above 1h, the most allowed", "says so");
	IS(us, 90000000, "the result is untouched on failure");
	IS(span("5ms", "1s", "1h", &us), -KR_ECONF, "below the least");
	IS(span("ten", "1s", "1h", &us), -KR_ECONF, "not a span");
	IS_CSTR(fault.message, "'ten' is not a span of time: 90s, 15m, 12h, 30d, 5y",
		"says what is");
	OK(!size("64MiB", &n) && n == 64u << 20, "MiB");
	OK(!size("1 gib", &n) && n == 1u << 30, "blank and case");
	OK(!size("4096", &n) && n == 4096, "bytes alone");
	IS(size("16EiB", &n), -KR_ECONF, "unknown unit");
	IS(size("18446744073709551615K", &n), -KR_ECONF, "over 64 bits");
	IS(size("MiB", &n), -KR_ECONF, "no number");
	IS(kr_conf__parse(KR_CONF_COUNT, KR_STR("-1"), "", "", arena, &n, &fault), -KR_ECONF,
	   "counts are not negative");
	IS(kr_conf__parse(KR_CONF_COUNT, KR_STR("9223372036854775808"), "", "", arena, &n, &fault),
	   -KR_ECONF, "nor above 2^63 - 1");
}

static void texts(void)
{
	const char *s = "before";
	bool b = false;

	OK(!kr_conf__parse(KR_CONF_BOOL, KR_STR("Yes"), "", "", arena, &b, &fault) && b, "yes");
	OK(!kr_conf__parse(KR_CONF_BOOL, KR_STR("off"), "", "", arena, &b, &fault) && !b, "off");
	IS(kr_conf__parse(KR_CONF_BOOL, KR_STR("maybe"), "", "", arena, &b, &fault), -KR_ECONF,
	   "maybe");
	OK(!text(KR_CONF_ENUM, "GREEN", &s) && !strcmp(s, "green"), "words are lower case inside");
	IS(text(KR_CONF_ENUM, "grene", &s), -KR_ECONF, "unknown word");
	IS_CSTR(fault.remedy, "did you mean 'green'?", "suggests the nearest");
	OK(!text(KR_CONF_NAME, "example-csirt", &s), "a name");
	IS(text(KR_CONF_NAME, "a b", &s), -KR_ECONF, "a name with a blank");
	IS(text(KR_CONF_NAME, "", &s), -KR_ECONF, "an empty name");
	IS(text(KR_CONF_NAME, "../x", &s), -KR_ECONF, "a name begins with a letter or digit");
	OK(!text(KR_CONF_COUNTRY, "RS", &s), "a country");
	IS(text(KR_CONF_COUNTRY, "rs", &s), -KR_ECONF, "in capitals");
	IS(text(KR_CONF_COUNTRY, "SRB", &s), -KR_ECONF, "of two letters");
	IS(text(KR_CONF_ZONE, "UTC", &s), 0, "a zone");
	IS(text(KR_CONF_ZONE, "../passwd", &s), -KR_ECONF, "no zone");
	IS(text(KR_CONF_ZONE, "Europe/Nowhere", &s), -KR_ECONF, "one that is not there");
	IS(text(KR_CONF_TEXT, "a\033[2Jb", &s), -KR_ECONF, "control characters are no text");
}

static void listen_addresses(void)
{
	static const char *const good[] = {"127.0.0.1:8440", "127.1.2.3:0", "[::1]:8440"};
	static const char *const bad[] = {"127.0.0.1",
					  "127.0.0.1:65536",
					  "8440",
					  "[::1]",
					  "::1:8440",
					  "localhost:8440",
					  "",
					  "[127.0.0.1]:1",
					  "127.0.0.1:x",
					  "[]:1",
					  ":1",
					  "[::1:8440"};
	static const char *const open[] = {"0.0.0.0:8440", "192.0.2.1:80", "[::]:8440",
					   "[2001:db8::1]:443"};
	const char *s = NULL;

	for (size_t i = 0; i < KR_ARRAY_LEN(good); i++)
		OK(!text(KR_CONF_LISTEN, good[i], &s) && !strcmp(s, good[i]), "%s", good[i]);
	for (size_t i = 0; i < KR_ARRAY_LEN(bad); i++)
		IS(text(KR_CONF_LISTEN, bad[i], &s), -KR_ECONF, bad[i]);
	for (size_t i = 0; i < KR_ARRAY_LEN(open); i++)
		OK(!text(KR_CONF_LISTEN, open[i], &s) && !strcmp(s, open[i]),
		   "%s is one; whether it may be is looked at with the other settings", open[i]);
}

int main(void)
{
	arena = kr_arena_new(1 << 20);
	numbers();
	texts();
	listen_addresses();
	kr_arena_free(arena);
	return tap_end();
}
