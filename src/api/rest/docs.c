/* SPDX-License-Identifier: Apache-2.0 */
/* The list of routes in doc/api.md, from the tables. */
#include "api/rest/call.h"

static void cell(struct kr_buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			kr_buf_ch(b, '\\');
		kr_buf_ch(b, *text);
	}
}

static void one_parameter(struct kr_buf *b, const struct kr_rest_param *p)
{
	kr_buf_c(b, "  - `");
	kr_buf_c(b, p->name);
	kr_buf_c(b, "`: ");
	kr_buf_c(b, p->doc);
	if (p->type == KR_REST_INT && p->most != INT64_MAX)
		kr_buf_printf(b, "; %lld to %lld", (long long)p->least, (long long)p->most);
	if (p->type == KR_REST_ENUM)
		kr_buf_printf(b, "; one of: %s", p->words);
	if (p->preset)
		kr_buf_printf(b, "; default `%s`", p->preset);
	kr_buf_ch(b, '\n');
}

void kr_rest_docs(struct kr_buf *b)
{
	size_t n;
	const struct kr_rest_route *r = kr_rest__routes(&n);

	kr_buf_c(b, "| method | path | right | what |\n|---|---|---|---|\n");
	for (size_t i = 0; i < n; i++) {
		bool absolute = !strncmp(r[i].path, "/api/", 5);

		kr_buf_printf(b, "| %s | `%s%s` | ", r[i].method, absolute ? "" : KR_REST_BASE,
			      r[i].path);
		if (r[i].right)
			kr_rights_text(r[i].right, b);
		else
			kr_buf_c(b, r[i].flags & KR_REST_PUBLIC ? "none" : "logged in");
		kr_buf_c(b, " | ");
		cell(b, r[i].summary);
		kr_buf_c(b, " |\n");
	}
	kr_buf_c(b, "\nParameters of the query:\n\n");
	for (size_t i = 0; i < n; i++) {
		bool any = false;

		for (const struct kr_rest_param *p = r[i].params; p->name; p++) {
			if (p->in != KR_REST_QUERY)
				continue;
			if (!any)
				kr_buf_printf(b, "- %s `%s`\n", r[i].method, r[i].path);
			any = true;
			one_parameter(b, p);
		}
	}
}
