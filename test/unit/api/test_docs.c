/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc/api.md lists the routes of today, and the description is one JSON document without a name
 * twice. With KARAULA_UPDATE=1 the list is written instead:
 *     KARAULA_SOURCE=. KARAULA_UPDATE=1 build-asan/test/test_api_docs
 */
#include "api/rest/rest.h"
#include "api/rest/table.h"
#include "base/json.h"
#include "tap.h"

#include <unistd.h>

#define MARK                                                                                       \
	"<!-- From here on made from the tables; test_api_docs with KARAULA_UPDATE=1 does it. "    \
	"-->\n"

static char *read_file(const char *path)
{
	static char text[1 << 20];
	FILE *file = fopen(path, "r");
	size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[n] = 0;
	if (file)
		fclose(file);
	return text;
}

static void test_list(void)
{
	KR_AUTO_BUF want = KR_BUF(1 << 20);
	const char *source = getenv("KARAULA_SOURCE");
	char path[1000], *text, *mark;

	kr_rest_docs(&want);
	snprintf(path, sizeof(path), "%s/doc/api.md", source ? source : ".");
	text = read_file(path);
	mark = strstr(text, MARK);
	if (!OK(mark != NULL, "doc/api.md has the mark of its list"))
		return;
	mark += strlen(MARK);
	if (getenv("KARAULA_UPDATE")) {
		FILE *file = fopen(path, "r+");

		if (!OK(file && !fseek(file, mark - text, SEEK_SET), "it can be written"))
			return;
		fwrite(want.p, 1, want.n, file);
		if (ftruncate(fileno(file), mark - text + (long)want.n))
			OK(false, "it can be cut");
		fclose(file);
		return;
	}
	if (!OK(kr_str_eq(kr_str_c(mark), kr_buf_str(&want)), "doc/api.md lists what there is"))
		printf("# run this test with KARAULA_UPDATE=1 to make it anew\n");
}

static void test_description(void)
{
	KR_AUTO_BUF b = KR_BUF(4 << 20);
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_json_token t;
	struct kr_fault f = {0};
	struct kr_json j;
	int err;

	kr_rest_openapi(&b);
	OK(!b.err && b.n > 1000, "there is a description of %zu bytes", b.n);
	kr_json_init(&j, kr_buf_str(&b), a, 64, KR_JSON_UNIQUE_KEYS, &f);
	do
		err = kr_json_next(&j, &t);
	while (!err && t.type != KR_JSON_END);
	OK(!err, "it is one JSON document without a name twice: %s at %zu", f.message,
	   (size_t)f.byte);
}

/* What the tables name is there. */
static void test_tables(void)
{
	size_t n;
	const struct kr_rest_route *r = kr_rest__routes(&n);

	for (size_t i = 0; i < n; i++) {
		size_t params = 0;

		OK(!r[i].body || kr_rest__schema(r[i].body), "%s: body", r[i].operation);
		OK(!r[i].result || kr_rest__schema(r[i].result), "%s: result", r[i].operation);
		while (r[i].params[params].name)
			params++;
		OK(params <= KR_REST_PARAMS_MAX, "%s: %zu parameters", r[i].operation, params);
		for (size_t k = 0; k < i; k++)
			OK(strcmp(r[i].operation, r[k].operation) != 0, "%s is there once",
			   r[i].operation);
	}
	for (size_t i = 0; i < (kr_rest__schemas(&n), n); i++) {
		const struct kr_rest_schema *s = &kr_rest__schemas(&n)[i];
		size_t members = 0;

		for (; s->members[members].name; members++) {
			const struct kr_rest_member *m = &s->members[members];

			if (m->type == KR_REST_LIST || m->type == KR_REST_REF)
				OK(kr_rest__schema(m->words) != NULL, "%s.%s", s->name, m->name);
		}
		OK(members <= KR_REST_MEMBERS_MAX, "%s: %zu members", s->name, members);
	}
}

int main(void)
{
	test_list();
	test_description();
	test_tables();
	return tap_end();
}
