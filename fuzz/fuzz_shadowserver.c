/* SPDX-License-Identifier: Apache-2.0 */
/* What a service answers: the list of reports, and the name in a Content-Disposition. */
#include <stdint.h>
#include <stdlib.h>

#include "net/http_internal.h"
#include "pipe/shadowserver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct kr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == '/' || s.p[i] == 127)
			abort();
}

static void list(struct kr_str text, struct kr_arena *a)
{
	struct kr_shadowserver_report *r = NULL;
	struct kr_str cursor = KR_STR("");
	struct kr_fault f = {0};
	size_t n = 0;
	int err = kr_shadowserver_list_read(text, 20000, a, &r, &n, &f);

	if (err && (f.code != err || !f.message[0]))
		abort();
	for (size_t i = 0; !err && i < n; i++) {
		if (!r[i].id.n || !r[i].file.n)
			abort();
		check_text(r[i].id);
		check_text(r[i].file);
		if (i < 20) {
			cursor = kr_shadowserver_note(cursor, &r[i], 19999, a);
			if (!cursor.p || !kr_shadowserver_is_taken(cursor, &r[i]))
				abort();
		}
	}
	for (const char *p = f.message; err == -KR_EREFUSED && *p; p++)
		if ((unsigned char)*p < ' ')
			abort();
	/* Whatever a cursor holds. */
	(void)kr_shadowserver_is_taken(text, &(struct kr_shadowserver_report){.id = KR_STR("x")});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KR_AUTO(kr_arena) *a = kr_arena_new((size_t)16 << 20);
	struct kr_str text = kr_str_n((const char *)data, size), name;
	struct kr_net__origin o;

	list(text, a);
	name = kr_net__disposition_name(text, a);
	check_text(name);
	if (name.n > 255 || kr_utf8_valid(name) != name.n)
		abort();
	if (!kr_net__origin(text, &o, NULL) && (!o.host[0] || !o.port))
		abort();
	return 0;
}
