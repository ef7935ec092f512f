/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "web/page.h"

struct kr_web_example {
	const char *expr, *meaning; /* meaning in English: a msgid */
};

const struct kr_web_example *kr_web__examples(size_t *ret_n);
const struct kr_web_example *kr_web__forms(size_t *ret_n);
const struct kr_web_example *kr_web__around(size_t *ret_n);
/* Each as a link to the events it finds, with its meaning. */
void kr_web__example_table(struct kr_page *p, const char *caption, const struct kr_web_example *e,
			   size_t n);
