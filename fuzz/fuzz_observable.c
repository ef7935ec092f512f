/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Free text: refanging twice is refanging once, what is detected is valid UTF-8 and detected again
 * from its own text as the same, a name as people read it leads back to the name, and the public
 * suffix is an end of it.
 */
#include "model/observable.h"
#include "model/suffix.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void domain(struct kr_str name, struct kr_arena *arena)
{
	struct kr_str shown = kr_domain_display(name, arena), suffix = kr_public_suffix(name);
	struct kr_observable o;

	if (kr_observable_detect(shown, arena, &o, NULL) < 0 || !kr_str_eq(o.value.text, name))
		abort();
	if (!suffix.n || !kr_str_ends(name, suffix))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kr_arena *arena;
	KR_AUTO_BUF b = KR_BUF(1 << 20), again = KR_BUF(1 << 20);
	struct kr_str once, twice;
	struct kr_observable o, p;

	if (!arena)
		arena = kr_arena_new(1 << 22);
	kr_arena_clear(arena);
	if (kr_observable_refang(kr_str_n((const char *)data, size), arena, &once) < 0)
		return 0;
	if (kr_observable_refang(once, arena, &twice) < 0 || !kr_str_eq(once, twice))
		abort();
	if (kr_observable_detect(kr_str_n((const char *)data, size), arena, &o, NULL) < 0)
		return 0;
	kr_observable_text(&o, &b);
	if (kr_utf8_valid(kr_buf_str(&b)) != b.n ||
	    kr_observable_detect(kr_buf_str(&b), arena, &p, NULL) < 0 || p.kind != o.kind)
		abort();
	kr_observable_text(&p, &again);
	if (!kr_str_eq(kr_buf_str(&b), kr_buf_str(&again)))
		abort();
	if (o.kind == KR_OBS_DOMAIN)
		domain(o.value.text, arena);
	return 0;
}
