/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times: what is read is written as text that is read back the same. Behind a newline, the rest of
 * the input is a pattern for what stands before.
 */
#include "base/time.h"

#include <stdlib.h>

#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool condition)
{
	if (!condition)
		abort();
}

static void check(int r, kr_time t)
{
	char text[KR_TIME_TEXT_MAX];
	kr_time again = 0;
	int32_t day = 0;
	int y, m, d;

	if (r)
		return;
	need(!kr_time_parse(kr_str_c(kr_time_text(t, text)), &again) && again == t);
	need(kr_time_text_idf(t, text) == strlen(text) && !kr_time_parse(kr_str_c(text), &again) &&
	     again == t);
	need(!kr_day_parse(kr_str_c(kr_day_text(kr_time_day(t), text)), &day) &&
	     day == kr_time_day(t));
	kr_day_date(day, &y, &m, &d);
	need(kr_day_of(y, m, d) == day && kr_day_time(day) <= t && t - kr_day_time(day) < KR_DAY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kr_str in = kr_str_n((const char *)data, size), s;
	char format[130], text[KR_TIME_TEXT_MAX];
	int64_t span = 0, again = 0;
	int32_t day = 0;
	kr_time t = 0;

	if (!size)
		return 0;
	check(kr_time_parse(in, &t), t);
	check(kr_time_parse_epoch(in, &t), t);
	if (!kr_day_parse(in, &day))
		check(0, kr_day_time(day));
	if (!kr_span_parse(in, &span))
		need(!kr_span_parse(kr_str_c(kr_span_text(span, text)), &again) && again == span);
	if (kr_str_split(&in, '\n', &s) && in.n && in.n < sizeof(format)) {
		memcpy(format, in.p, in.n);
		format[in.n] = '\0';
		check(kr_time_parse_format(s, format, &t), t);
		/* A pattern is wrong or right whatever the text. */
		need((kr_time_parse_format(s, format, &t) == -KR_ESYNTAX) ==
		     (kr_time_parse_format(KR_STR(""), format, &t) == -KR_ESYNTAX));
	}
	return 0;
}
