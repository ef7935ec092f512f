/* SPDX-License-Identifier: Apache-2.0 */
/* /help: the expression language on one page, from the same tables that the language is made of. */
#include "web/examples.h"

#include "model/expr.h"
#include "web/pages.h"

const struct kr_web_example *kr_web__examples(size_t *ret_n)
{
	static const struct kr_web_example list[] = {
#define E(expr, meaning) {expr, meaning},
#include "web/examples.def"
#undef E
	};

	*ret_n = KR_ARRAY_LEN(list);
	return list;
}

const struct kr_web_example *kr_web__forms(size_t *ret_n)
{
	static const struct kr_web_example list[] = {
#define E(expr, meaning) {expr, meaning},
#include "web/forms.def"
#undef E
	};

	*ret_n = KR_ARRAY_LEN(list);
	return list;
}

const struct kr_web_example *kr_web__around(size_t *ret_n)
{
	static const struct kr_web_example list[] = {
#define E(expr, meaning) {expr, meaning},
#include "web/around.def"
#undef E
	};

	*ret_n = KR_ARRAY_LEN(list);
	return list;
}

/* What names something that the viewer is not shown is no example for him. */
static bool may_ask(struct kr_page *p, const char *text)
{
	struct kr_expr_opts opts = {.now = p->now, .may_name = kr_scope_may_name, .ctx = &p->scope};
	struct kr_expr *x;

	return kr_expr_parse(kr_str_c(text), &opts, p->a, &x, NULL) >= 0;
}

void kr_web__example_table(struct kr_page *p, const char *caption, const struct kr_web_example *e,
			   size_t n)
{
	const struct kr_web_col cols[] = {{T(p, "Expression"), NULL}, {T(p, "Finds"), "wide"}};
	struct kr_web_table t;

	kr_web__table(p, &t, caption, cols, KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n; i++) {
		if (!may_ask(p, e[i].expr))
			continue;
		kr_web__row(&t);
		kr_web__cell(&t);
		kr_html_open(&p->h, "code");
		kr_web__link_events(p, kr_str_c(e[i].expr), kr_str_c(e[i].expr));
		kr_html_close(&p->h, "code");
		kr_web__cell_end(&t);
		kr_web__cell_str(&t, kr_str_c(T(p, e[i].meaning)));
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
}

static void examples(struct kr_page *p, const char *id, const char *title, const char *caption,
		     const struct kr_web_example *(*list)(size_t *))
{
	size_t n;
	const struct kr_web_example *e = list(&n);

	kr_web__section(p, id, title);
	kr_web__example_table(p, caption, e, n);
	kr_web__section_end(p);
}

static void fields(struct kr_page *p)
{
	const struct kr_web_col cols[] = {{T(p, "Field"), NULL},
					  {T(p, "Short"), NULL},
					  {T(p, "Meaning"), "wide"},
					  {T(p, "Values"), "wide"}};
	struct kr_web_table t;

	kr_web__section(p, "fields", T(p, "Fields"));
	kr_web__table(p, &t, T(p, "All fields of an event, with their short names"), cols,
		      KR_ARRAY_LEN(cols));
	for (int f = 1; f < KR_FIELD_MAX; f++) {
		const struct kr_field_info *info = kr_field_info((enum kr_field)f);

		if (!info || !kr_scope_field(&p->scope, (enum kr_field)f))
			continue;
		kr_web__row(&t);
		kr_web__cell(&t);
		kr_html_el(&p->h, "code", info->name_str);
		kr_web__cell_end(&t);
		kr_web__cell_str(&t, kr_str_c(info->words));
		kr_web__cell_str(&t, kr_str_c(info->doc));
		kr_web__cell_str(&t, kr_str_c(kr_field_kind_doc(info->kind)));
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
	kr_web__section_end(p);
}

int kr_web__help(struct kr_http_request *r, struct kr_http_reply *reply, struct kr_fault *reterr)
{
	struct kr_page p;

	kr_web__page_init(&p, r, reterr);
	kr_web__page_begin(&p, KR_NAV_HELP, kr_str_c(T(&p, "How to ask: expressions")));
	kr_html_el_c(
		&p.h, "p",
		T(&p,
		  "One language everywhere: in the search box, in rules and on the command line "
		  "(karaula event list 'type:phishing since:7d'). A term is field:value. An empty "
		  "expression finds everything. Upper and lower case are the same."));
	examples(&p, "examples", T(&p, "Example questions"), T(&p, "Questions to begin with"),
		 kr_web__examples);
	examples(&p, "forms", T(&p, "Forms"), T(&p, "What can be written"), kr_web__forms);
	examples(&p, "around", T(&p, "Around an event"), T(&p, "Names that are not fields"),
		 kr_web__around);
	fields(&p);
	return kr_web__page_finish(&p, 0, reply);
}
