/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded catalogues; the table is made by po/embed at build time. */
#pragma once

#include "base/base.h"

struct kr_base__catalogue {
	const char *lang;
	const unsigned char *p;
	size_t n;
};

/* Ended by an entry without lang. */
extern const struct kr_base__catalogue kr_base__catalogues[];
/* What owners read: languages are there in which pages are not. */
extern const struct kr_base__catalogue kr_base__messages[];

#define KR_CATALOGUES_MAX 64

/* Index of the language that fits a locale name or BCP 47 tag best, -1 for none. */
int kr_base__lang_find(const struct kr_base__catalogue *list, const char *lang);
