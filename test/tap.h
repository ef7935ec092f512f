/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test Anything Protocol in one header. A test program is a list of OK(), IS() and friends in
 * main(), ended by `return tap_end();`. Every assertion prints its source line when it fails.
 */
#pragma once

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static int tap_count, tap_failed;

__attribute__((format(printf, 4, 5), unused)) static bool tap_ok(bool ok, const char *file,
								 int line, const char *fmt, ...)
{
	char what[500];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	/* One line, whatever bytes a test is about; '#' would begin a directive. */
	for (char *p = what; *p; p++)
		if (*p < ' ' || *p == '#' || *p == 127)
			*p = '?';
	printf("%sok %d - %s\n", ok ? "" : "not ", ++tap_count, what);
	if (!ok) {
		tap_failed++;
		printf("#   at %s:%d\n", file, line);
	}
	fflush(stdout);
	return ok;
}

__attribute__((unused)) static bool tap_is_int(intmax_t got, intmax_t want, const char *file,
					       int line, const char *what)
{
	bool ok = tap_ok(got == want, file, line, "%s", what);

	if (!ok)
		printf("#   got %jd, wanted %jd\n", got, want);
	return ok;
}

__attribute__((unused)) static bool tap_is_str(struct kr_str got, struct kr_str want,
					       const char *file, int line, const char *what)
{
	bool ok = tap_ok(kr_str_eq(got, want), file, line, "%s", what);

	if (!ok) {
		printf("#   got    \"");
		for (size_t i = 0; i < got.n && i < 2000; i++)
			printf(got.p[i] >= ' ' && got.p[i] < 127 ? "%c" : "\\x%02x",
			       (unsigned char)got.p[i]);
		printf("\"\n#   wanted \"");
		for (size_t i = 0; i < want.n && i < 2000; i++)
			printf(want.p[i] >= ' ' && want.p[i] < 127 ? "%c" : "\\x%02x",
			       (unsigned char)want.p[i]);
		printf("\"\n");
	}
	return ok;
}

#define OK(condition, ...)	 tap_ok((condition), __FILE__, __LINE__, __VA_ARGS__)
#define IS(got, want, what)	 tap_is_int((intmax_t)(got), (intmax_t)(want), __FILE__, __LINE__, what)
#define IS_STR(got, want, what)	 tap_is_str((got), (want), __FILE__, __LINE__, what)
#define IS_CSTR(got, want, what) tap_is_str(kr_str_c(got), kr_str_c(want), __FILE__, __LINE__, what)
#define SKIP(why, what)		 printf("ok %d - %s # SKIP %s\n", ++tap_count, what, why)

__attribute__((unused)) static int tap_end(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed ? 1 : 0;
}
