/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest/call.h"
#include "tap.h"

static const char *const table[] = {KR_REST_JSON, KR_REST_NDJSON, KR_REST_CSV, NULL};

static void accepts(const char *accept, const char *want)
{
	const char *got = kr_rest__accept_choose(kr_str_c(accept), table);

	OK((!got && !want) || (got && want && !strcmp(got, want)), "Accept: %s gives %s, got %s",
	   accept, want ? want : "406", got ? got : "406");
}

static void test_accept(void)
{
	accepts("", KR_REST_JSON);
	accepts("*/*", KR_REST_JSON);
	accepts("text/csv", KR_REST_CSV);
	accepts("TEXT/CSV", KR_REST_CSV);
	accepts("text/*", KR_REST_CSV);
	accepts("application/*", KR_REST_JSON);
	accepts("text/html", NULL);
	accepts("text/csvx", NULL);
	accepts("application/json;q=0.5, text/csv", KR_REST_CSV);
	accepts("application/json;q=0.5, text/csv;q=0.4", KR_REST_JSON);
	accepts("*/*;q=0.1, application/x-ndjson;q=0.2", KR_REST_NDJSON);
	accepts("*/*, application/json;q=0", KR_REST_NDJSON);
	accepts("application/json;q=0", NULL);
	accepts("text/html, application/xhtml+xml, */*;q=0.8", KR_REST_JSON);
	accepts(",,;;,", NULL);
	accepts("text/csv;header=present;q=1.0", KR_REST_CSV);
}

static void test_tags(void)
{
	OK(kr_rest__etag_in(KR_STR("\"abc\""), "abc"), "itself");
	OK(kr_rest__etag_in(KR_STR(" \"x\" , \"abc\" "), "abc"), "one of several");
	OK(kr_rest__etag_in(KR_STR("*"), "abc"), "any");
	OK(!kr_rest__etag_in(KR_STR("W/\"abc\""), "abc"), "a weak one never matches");
	OK(!kr_rest__etag_in(KR_STR("abc"), "abc"), "quotes are a must");
	OK(!kr_rest__etag_in(KR_STR("\"abcd\""), "abc"), "a longer one does not");
	OK(!kr_rest__etag_in(KR_STR(""), "abc"), "none");
	OK(!kr_rest__etag_in(KR_STR("\"a\",\"\",\""), "abc"), "broken ones");
}

int main(void)
{
	test_accept();
	test_tags();
	return tap_end();
}
