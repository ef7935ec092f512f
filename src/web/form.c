/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: a form posts to a page of its own, which does the work and leads on with 303, so
 * that going back or loading again does nothing twice. What went wrong is said on top of the same
 * form. The token in each form is that of the session: another site can neither read nor guess it.
 */
#include "web/form.h"

#include "base/secret.h"
#include "desk/account.h"

void kr_web__form(struct kr_page *p, struct kr_str action, const char *class)
{
	struct kr_html *h = &p->h;

	kr_html_open(h, "form");
	if (class)
		kr_html_attr_c(h, "class", class);
	kr_html_attr_c(h, "method", "post");
	kr_html_url(h, KR_HTML_ACTION, action);
	if (p->who->csrf.n)
		kr_web__hidden(p, "csrf", p->who->csrf);
	kr_web__keep_lang(p);
}

void kr_web__form_end(struct kr_page *p)
{
	kr_html_close(&p->h, "form");
}

void kr_web__submit(struct kr_page *p, const char *text)
{
	kr_html_open(&p->h, "button");
	kr_html_c(&p->h, text);
	kr_html_close(&p->h, "button");
}

void kr_web__hidden(struct kr_page *p, const char *name, struct kr_str value)
{
	kr_html_void(&p->h, "input");
	kr_html_attr_c(&p->h, "type", "hidden");
	kr_html_attr_c(&p->h, "name", name);
	kr_html_attr(&p->h, "value", value);
}

static void label(struct kr_page *p, const char *name, const char *text)
{
	kr_html_open(&p->h, "label");
	kr_html_attr(&p->h, "for", kr_arena_printf(p->a, "f-%s", name));
	kr_html_c(&p->h, text);
	kr_html_close(&p->h, "label");
}

void kr_web__input(struct kr_page *p, const struct kr_web_input *i)
{
	struct kr_str hint = kr_arena_printf(p->a, "f-%s-hint", i->name);
	struct kr_html *h = &p->h;

	kr_html_open(h, "div");
	kr_html_attr_c(h, "class", "field");
	label(p, i->name, i->label);
	kr_html_void(h, "input");
	kr_html_attr_c(h, "type", i->type ? i->type : "text");
	kr_html_attr(h, "id", kr_arena_printf(p->a, "f-%s", i->name));
	kr_html_attr_c(h, "name", i->name);
	if (i->value.n)
		kr_html_attr(h, "value", i->value);
	kr_html_attr_c(h, "autocomplete", i->autocomplete ? i->autocomplete : "off");
	kr_html_attr_c(h, "autocapitalize", "none");
	kr_html_attr_c(h, "spellcheck", "false");
	kr_html_attr_u64(h, "maxlength", i->max ? i->max : 200);
	if (i->required)
		kr_html_flag(h, "required");
	if (i->hint)
		kr_html_attr(h, "aria-describedby", hint);
	if (i->hint) {
		kr_html_open(h, "span");
		kr_html_attr_c(h, "class", "note");
		kr_html_attr(h, "id", hint);
		kr_html_c(h, i->hint);
		kr_html_close(h, "span");
	}
	kr_html_close(h, "div");
}

void kr_web__select(struct kr_page *p, const char *name, const char *text,
		    const struct kr_web_option *o, size_t n, struct kr_str current)
{
	struct kr_html *h = &p->h;

	kr_html_open(h, "div");
	kr_html_attr_c(h, "class", "field");
	label(p, name, text);
	kr_html_open(h, "select");
	kr_html_attr(h, "id", kr_arena_printf(p->a, "f-%s", name));
	kr_html_attr_c(h, "name", name);
	for (size_t i = 0; i < n; i++) {
		kr_html_open(h, "option");
		kr_html_attr_c(h, "value", o[i].value);
		if (kr_str_eqc(current, o[i].value))
			kr_html_flag(h, "selected");
		kr_html_c(h, o[i].text);
		kr_html_close(h, "option");
	}
	kr_html_close(h, "select");
	kr_html_close(h, "div");
}

int kr_web__form_read(struct kr_page *p, struct kr_fault *reterr)
{
	int err = kr_http_form(p->r, reterr);

	if (err)
		return err;
	if (kr_account_csrf(p->who, kr_http_field(p->r, "csrf")))
		return 0;
	kr_fault_set(reterr, -KR_EDENIED, "the form is not from this session");
	kr_fault_remedy(reterr, "load the page again and send it once more");
	return -KR_EDENIED;
}

struct kr_str kr_web__field(struct kr_page *p, const char *name)
{
	struct kr_str v = kr_http_field(p->r, name);

	return v.p ? kr_str_trim(v) : KR_STR("");
}

void kr_web__field_wipe(struct kr_page *p, const char *name)
{
	struct kr_str v = kr_http_field(p->r, name);

	if (v.n)
		kr_secret_wipe((char *)(uintptr_t)v.p, v.n);
}

void kr_web__problem(struct kr_page *p, const struct kr_fault *f)
{
	struct kr_html *h = &p->h;

	if (!f->code)
		return;
	kr_html_open(h, "div");
	kr_html_attr_c(h, "class", "box box-error");
	kr_html_attr_c(h, "role", "alert");
	kr_html_open(h, "p");
	kr_html_printf(h, "%s.", f->message);
	kr_html_close(h, "p");
	if (f->remedy[0])
		kr_html_el_c(h, "p", f->remedy);
	kr_html_close(h, "div");
}

void kr_web__done(struct kr_page *p, const char *const *words)
{
	struct kr_str word = kr_http_query(p->r, "done");

	for (; words[0]; words += 2)
		if (kr_str_eqc(word, words[0])) {
			kr_html_open(&p->h, "div");
			kr_html_attr_c(&p->h, "class", "box box-note");
			kr_html_attr_c(&p->h, "role", "status");
			kr_html_el_c(&p->h, "p", T(p, words[1]));
			kr_html_close(&p->h, "div");
			return;
		}
}
