/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents made from tables are up to date. With KARAULA_UPDATE=1 they are written instead:
 *     KARAULA_SOURCE=. KARAULA_UPDATE=1 build-asan/test/test_model_docs
 */
#include "model/docs.h"

#include "model/field.h"
#include "tap.h"

static void document(const char *name, void (*make)(struct kr_buf *b))
{
	KR_AUTO_BUF want = KR_BUF(1 << 20);
	const char *source = getenv("KARAULA_SOURCE"), *update = getenv("KARAULA_UPDATE");
	static char got[1 << 20];
	char path[1000];
	size_t n = 0;
	FILE *f;

	make(&want);
	snprintf(path, sizeof(path), "%s/doc/%s", source ? source : ".", name);
	f = fopen(path, update ? "w" : "r");
	if (!OK(f != NULL, "%s opens", path))
		return;
	if (update)
		fwrite(want.p, 1, want.n, f);
	else
		n = fread(got, 1, sizeof(got), f);
	fclose(f);
	if (!update && !OK(kr_str_eq(kr_str_n(got, n), kr_buf_str(&want)),
			   "%s is made from the tables of today", name))
		printf("# run this test with KARAULA_UPDATE=1 to make it anew\n");
}

int main(void)
{
	KR_AUTO_BUF small = KR_BUF(100);

	document("fields.md", kr_field_docs);
	document("aggregation.md", kr_key_docs);
	kr_field_docs(&small);
	OK(small.err < 0 && small.n <= 100, "a buffer that is too small says so");
	return tap_end();
}
