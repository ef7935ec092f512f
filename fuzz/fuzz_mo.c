/* SPDX-License-Identifier: Apache-2.0 */
/* Catalogues and rules for plurals: all translations lie inside and end in NUL, a form is below
 * their number. */
#include "base/mo.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool condition)
{
	if (!condition)
		abort();
}

static void ask(const struct kr_base__mo *m, const char *msgid, struct kr_str in)
{
	static const uint64_t numbers[] = {0, 1, 2, 5, 11, 21, 100, UINT64_MAX};

	for (size_t i = 0; i < KR_ARRAY_LEN(numbers); i++) {
		const char *p = kr_base__mo_find(m, msgid, true, numbers[i]);

		if (p)
			need(p >= in.p && p + strlen(p) < in.p + in.n);
		need(kr_base__plural_form(&m->plural, numbers[i]) < m->plural.forms);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kr_str in = kr_str_n((const char *)data, size);
	struct kr_base__plural plural;
	struct kr_base__mo m;

	if (!kr_base__plural_parse(in, &plural))
		for (uint64_t n = 0; n < 200; n++)
			need(kr_base__plural_form(&plural, n) < plural.forms);
	if (kr_base__mo_open(in, &m, NULL))
		return 0;
	ask(&m, "", in);
	ask(&m, "Reports", in);
	ask(&m, "%d row", in);
	/* Its own first bytes are a message that may be there. */
	for (size_t i = 0; i + 1 < size; i += 5)
		if (memchr(data + i, 0, size - i))
			ask(&m, (const char *)data + i, in);
	return 0;
}
