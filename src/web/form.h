/* SPDX-License-Identifier: Apache-2.0 */
/* Forms that change something: they post, and carry the token of the session. */
#pragma once

#include "web/page.h"

#define KR_WEB_FORM_MAX 16384 /* bytes of a form */

/* action: path within this site */
void kr_web__form(struct kr_page *p, struct kr_str action, const char *class);
void kr_web__form_end(struct kr_page *p);
void kr_web__submit(struct kr_page *p, const char *text);
void kr_web__hidden(struct kr_page *p, const char *name, struct kr_str value);

struct kr_web_input {
	const char *name, *label, *type; /* type NULL: "text" */
	const char *autocomplete, *hint; /* NULL: "off"; none */
	struct kr_str value;
	bool required;
	unsigned max; /* characters; 0: 200 */
};
void kr_web__input(struct kr_page *p, const struct kr_web_input *i);

struct kr_web_option {
	const char *value, *text;
};
void kr_web__select(struct kr_page *p, const char *name, const char *label,
		    const struct kr_web_option *o, size_t n, struct kr_str current);

/*
 * Read what was posted and check the token of the session.
 *
 * Returns 0; -KR_EDENIED (no token, or that of another session); what kr_http_form() returns.
 */
KR_MUST_USE int kr_web__form_read(struct kr_page *p, struct kr_fault *reterr);
/* A field, trimmed; empty if it is not there. */
struct kr_str kr_web__field(struct kr_page *p, const char *name);
/* Overwrite a field that held a password. */
void kr_web__field_wipe(struct kr_page *p, const char *name);
/* What went wrong, on top of the form; f->code 0: nothing. */
void kr_web__problem(struct kr_page *p, const struct kr_fault *f);
/* What was done, from ?done=WORD: words[] are pairs of word and text, ended by NULL. */
void kr_web__done(struct kr_page *p, const char *const *words);
