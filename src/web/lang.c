/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which language a page is in: ?lang= if it names one there is, then the first of Accept-Language
 * in the reader's order of preference (RFC 9110, 12.5.4), then the node's.
 */
#include <string.h>

#include "web/page.h"

#define RANGES_MAX 20

/* "q=0.8" as thousandths; 1000 where there is none or it is not understood. */
static unsigned weight(struct kr_str params)
{
	struct kr_str piece;
	double q;

	while (params.p && kr_str_split(&params, ';', &piece)) {
		piece = kr_str_trim(piece);
		if (kr_str_istarts(piece, KR_STR("q=")) &&
		    !kr_str_double(kr_str_from(piece, 2), &q) && q >= 0 && q <= 1)
			return (unsigned)(q * 1000);
	}
	return 1000;
}

/* Does a BCP 47 tag name this language? "sr-Latn-RS" is "sr@latin"; "sr" and "sr-RS" are "sr";
 * "hr-HR" is "hr". */
static bool names(struct kr_str tag, const char *lang)
{
	struct kr_str want = kr_str_c(lang), piece, rest = tag;
	ptrdiff_t at = kr_str_chr(want, '@');
	bool latin = false, first = true;

	if (at >= 0)
		want = kr_str_first(want, (size_t)at);
	while (rest.p && kr_str_split(&rest, '-', &piece)) {
		if (first && !kr_str_ieq(piece, want))
			return false;
		first = false;
		latin |= kr_str_ieq(piece, KR_STR("Latn"));
	}
	return !first && latin == (at >= 0);
}

static const char *find(const char *const *there, struct kr_str tag)
{
	if (kr_str_ieq(tag, KR_STR("en")) || kr_str_istarts(tag, KR_STR("en-")))
		return "en";
	for (size_t i = 0; there[i]; i++)
		if (names(tag, there[i]))
			return there[i];
	return NULL;
}

const char *kr_web__lang_pick(const char *const *there, struct kr_str asked, struct kr_str accept)
{
	const char *best = asked.n ? find(there, asked) : NULL;
	unsigned best_weight = 0;
	struct kr_str range;

	if (best)
		return best;
	for (int i = 0; i < RANGES_MAX && accept.p && kr_str_split(&accept, ',', &range); i++) {
		ptrdiff_t semicolon = kr_str_chr(range, ';');
		struct kr_str tag = semicolon < 0 ? range : kr_str_first(range, (size_t)semicolon);
		struct kr_str params = semicolon < 0 ? KR_STR_NULL
						     : kr_str_from(range, (size_t)semicolon + 1);
		const char *lang = find(there, kr_str_trim(tag));
		unsigned w = weight(params);

		if (lang && w > best_weight) {
			best = lang;
			best_weight = w;
		}
	}
	return best;
}

const char *kr_web__lang_tag(const char *lang)
{
	return strcmp(lang, "sr@latin") ? lang : "sr-Latn";
}
