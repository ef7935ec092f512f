/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every field parses the input (its first byte chooses the field): no input breaks it, and what is
 * accepted is valid UTF-8 and read back from its own text as the same value.
 */
#include "model/field.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kr_arena *arena;
	KR_AUTO_BUF b = KR_BUF(1 << 22), again = KR_BUF(1 << 22);
	const struct kr_field_info *info;
	union kr_value v, w;
	struct kr_fault fault;
	enum kr_field f;

	if (size == 0)
		return 0;
	f = (enum kr_field)(1 + data[0] % (KR_FIELD_MAX - 1));
	info = kr_field_info(f);
	if (!info)
		return 0;
	if (!arena)
		arena = kr_arena_new(1 << 22);
	kr_arena_clear(arena);
	if (kr_field_parse(f, kr_str_n((const char *)data + 1, size - 1), arena, &v, &fault) < 0)
		return 0;
	kr_field_text(f, &v, &b);
	if (kr_utf8_valid(kr_buf_str(&b)) != b.n || (info->size_max && b.n > info->size_max))
		abort();
	if (kr_field_parse(f, kr_buf_str(&b), arena, &w, NULL) < 0 || kr_field_cmp(f, &v, &w) != 0)
		abort();
	kr_field_text(f, &w, &again);
	if (!kr_str_eq(kr_buf_str(&b), kr_buf_str(&again)))
		abort();
	return 0;
}
