/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <pthread.h>

#include "base/catalogues.h"
#include "base/mo.h"

/* One set of catalogues, opened together. */
struct set {
	const struct kr_base__catalogue *list;
	struct kr_base__mo opened[KR_CATALOGUES_MAX];
	const char *langs[KR_CATALOGUES_MAX + 1];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct set pages = {.list = kr_base__catalogues}, messages = {.list = kr_base__messages};

static void open_set(struct set *s)
{
	for (size_t i = 0; s->list[i].lang; i++) {
		const struct kr_base__catalogue *c = &s->list[i];
		int r;

		assert(i < KR_CATALOGUES_MAX);
		/* They are part of the program, and a test opens each. */
		r = kr_base__mo_open(kr_str_n((const char *)c->p, c->n), &s->opened[i], NULL);
		assert(r == 0);
		(void)r;
		s->langs[i] = c->lang;
	}
}

static void open_all(void)
{
	open_set(&pages);
	open_set(&messages);
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

static const char *find(const struct set *s, const char *lang, const char *msgid, bool many,
			uint64_t n)
{
	int i = lang && *lang ? kr_base__lang_find(s->list, lang) : -1;

	if (i < 0)
		return NULL;
	pthread_once(&once, open_all);
	return kr_base__mo_find(&s->opened[i], msgid, many, n);
}

const char *kr_text(const char *lang, const char *msgid)
{
	const char *p = find(&pages, lang, msgid, false, 0);

	return p ? p : msgid;
}

const char *kr_text_n(const char *lang, const char *msgid, const char *plural, uint64_t n)
{
	const char *p = find(&pages, lang, msgid, true, n);

	return p ? p : n == 1 ? msgid : plural;
}

const char *kr_message(const char *lang, const char *msgid)
{
	const char *p = find(&messages, lang, msgid, false, 0);

	return p ? p : kr_text(lang, msgid);
}

const char *kr_message_n(const char *lang, const char *msgid, const char *plural, uint64_t n)
{
	const char *p = find(&messages, lang, msgid, true, n);

	return p ? p : kr_text_n(lang, msgid, plural, n);
}

const char *const *kr_text_langs(void)
{
	pthread_once(&once, open_all);
	return pages.langs;
}

const char *const *kr_message_langs(void)
{
	pthread_once(&once, open_all);
	return messages.langs;
}
