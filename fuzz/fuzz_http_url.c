/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client sends as target, form, host and cookies: nothing breaks the readers, what is
 * decoded is UTF-8 without NUL, and encoding it again leads back to it.
 */
#include "http/url.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_decoded(struct kr_str s, struct kr_arena *a)
{
	KR_AUTO_BUF b = KR_BUF(SIZE_MAX);
	struct kr_str again;

	if (kr_utf8_valid(s) != s.n || kr_str_chr(s, '\0') >= 0)
		abort();
	kr_http_encode(&b, s);
	if (kr_http_decode(kr_buf_str(&b), true, a, &again) || !kr_str_eq(again, s))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const patterns[] = {"/", "/events", "/events/:id", "/:a/:b/:c/:d"};
	struct kr_str target = kr_str_n((const char *)data, size), query = KR_STR_NULL;
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_http_pair *pairs, params[KR_HTTP_PARAMS_MAX];
	struct kr_fault f;
	ptrdiff_t mark = kr_str_chr(target, '?');
	size_t n;

	if (mark >= 0) {
		query = kr_str_from(target, (size_t)mark + 1);
		target = kr_str_first(target, (size_t)mark);
	}
	if (!kr_http_query_parse(query, a, &pairs, &n, &f)) {
		if (n > KR_HTTP_QUERY_MAX)
			abort();
		for (size_t i = 0; i < n; i++) {
			check_decoded(pairs[i].name, a);
			check_decoded(pairs[i].value, a);
		}
	}
	for (size_t i = 0; i < KR_ARRAY_LEN(patterns); i++) {
		if (kr_http_match(patterns[i], target, a, params, &n) != 1)
			continue;
		for (size_t k = 0; k < n; k++)
			check_decoded(params[k].value, a);
	}
	if (!kr_http_pairs_parse(target, 20, "form", a, &pairs, &n, &f) && n > 20)
		abort();
	if (kr_str_chr(kr_http_cookie_find(target, KR_STR("s")), ';') >= 0)
		abort();
	kr_http_host_listed(target, KR_STR("node.example.org a:1"), 8440);
	kr_http_host_ok(target, 8440);
	kr_http_etag_listed(target, "0123456789abcdef");
	return 0;
}
