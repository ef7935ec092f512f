/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies and headers of the API: by whatever schema a body is read, nothing breaks; what is taken
 * is within its bounds, and what is refused is told with a message.
 */
#include "api/rest/call.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_member(const struct kr_rest_member *m, const struct kr_rest_value *v)
{
	if ((m->flags & KR_REST_MUST) && !v->set)
		abort();
	if (!v->set || v->null) {
		if (v->null && !(m->flags & KR_REST_NULL))
			abort();
		return;
	}
	if (m->type == KR_REST_INT && (v->i < m->least || v->i > m->most))
		abort();
	if (m->type == KR_REST_TEXT &&
	    ((int64_t)v->text.n < m->least || (int64_t)v->text.n > m->most ||
	     memchr(v->text.p, 0, v->text.n)))
		abort();
	if (m->type == KR_REST_TEXT && kr_utf8_valid(v->text) != v->text.n)
		abort();
}

static void body(const struct kr_rest_schema *s, struct kr_str text)
{
	struct kr_rest_value v[KR_REST_MEMBERS_MAX];
	KR_AUTO(kr_arena) *a = kr_arena_new((size_t)32 << 20);
	struct kr_str pointer = KR_STR_NULL;
	struct kr_fault f = {0};
	int err = kr_rest__decode(s, text, 16, a, v, &pointer, &f);

	if (err) {
		if (!f.message[0] || (err == -KR_EREFUSED && !pointer.p))
			abort();
		return;
	}
	for (size_t i = 0; s->members[i].name; i++)
		check_member(&s->members[i], &v[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {KR_REST_JSON, KR_REST_CSV, NULL};
	struct kr_str text = kr_str_n((const char *)data, size);
	const struct kr_rest_schema *s;
	size_t n;

	if (!size)
		return 0;
	s = kr_rest__schemas(&n);
	body(&s[data[0] % n], kr_str_from(text, 1));
	(void)kr_rest__accept_choose(text, types);
	(void)kr_rest__etag_in(text, "0123456789abcdef");
	return 0;
}
