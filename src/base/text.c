/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <pthread.h>

#include "base/catalogues.h"
#include "base/mo.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct kr_base__mo opened[KR_CATALOGUES_MAX];
static const char *langs[KR_CATALOGUES_MAX + 1];

static void open_all(void)
{
	for (size_t i = 0; kr_base__catalogues[i].lang; i++) {
		const struct kr_base__catalogue *c = &kr_base__catalogues[i];
		int r;

		assert(i < KR_CATALOGUES_MAX);
		/* They are part of the program, and a test opens each. */
		r = kr_base__mo_open(kr_str_n((const char *)c->p, c->n), &opened[i], NULL);
		assert(r == 0);
		(void)r;
		langs[i] = c->lang;
	}
}

int kr_base__lang_find(const struct kr_base__catalogue *list, const char *lang)
{
	struct kr_str tag = kr_str_c(lang), base = tag;
	bool latin = kr_str_ifind(tag, KR_STR("@latin")) >= 0 ||
		     kr_str_ifind(tag, KR_STR("-latn")) >= 0 ||
		     kr_str_ifind(tag, KR_STR("_latn")) >= 0;
	int found = -1;

	base.n = strcspn(lang, "-_.@");
	for (int i = 0; list[i].lang; i++) {
		struct kr_str have = kr_str_c(list[i].lang), have_base = have;
		bool have_latin = kr_str_ends(have, KR_STR("@latin"));

		have_base.n = strcspn(list[i].lang, "@");
		if (!kr_str_ieq(base, have_base))
			continue;
		if (latin == have_latin)
			return i;
		/* Any script is better than another language. */
		found = i;
	}
	return found;
}

static const char *find(const char *lang, const char *msgid, bool many, uint64_t n)
{
	int i = lang && *lang ? kr_base__lang_find(kr_base__catalogues, lang) : -1;

	if (i < 0)
		return NULL;
	pthread_once(&once, open_all);
	return kr_base__mo_find(&opened[i], msgid, many, n);
}

const char *kr_text(const char *lang, const char *msgid)
{
	const char *p = find(lang, msgid, false, 0);

	return p ? p : msgid;
}

const char *kr_text_n(const char *lang, const char *msgid, const char *plural, uint64_t n)
{
	const char *p = find(lang, msgid, true, n);

	return p ? p : n == 1 ? msgid : plural;
}

const char *const *kr_text_langs(void)
{
	pthread_once(&once, open_all);
	return langs;
}
