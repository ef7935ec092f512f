/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: a catalogue (GNU gettext manual, "The Format of GNU MO Files") is a header, a
 * table of messages sorted by their bytes, and a table of translations, both as length and place.
 * All places are checked once when it is opened, so that a look-up is a binary search over plain C
 * strings. The translation of the empty message is a header with the rule for plurals.
 */
#include "base/mo.h"

#define MAGIC	    0x950412deu
#define HEADER_SIZE 28
#define COUNT_MAX   100000u

static uint32_t number(const struct kr_base__mo *m, size_t at)
{
	uint32_t v;

	memcpy(&v, m->bytes.p + at, sizeof(v));
	return m->swapped ? __builtin_bswap32(v) : v;
}

/* Entry i of a table; it has been checked. */
static struct kr_str entry(const struct kr_base__mo *m, uint32_t table, uint32_t i)
{
	size_t at = table + (size_t)i * 8;

	return kr_str_n(m->bytes.p + number(m, at + 4), number(m, at));
}

static int corrupt(struct kr_fault *reterr, const char *what)
{
	return kr_fault_set(reterr, -KR_ECORRUPT, "the catalogue is damaged: %s", what);
}

/* Does the table, and does each of its strings with the NUL behind it, lie inside? */
static bool table_ok(const struct kr_base__mo *m, uint32_t table)
{
	if (table > m->bytes.n || (size_t)m->count * 8 > m->bytes.n - table)
		return false;
	for (uint32_t i = 0; i < m->count; i++) {
		size_t n = number(m, table + (size_t)i * 8),
		       at = number(m, table + (size_t)i * 8 + 4);

		if (at >= m->bytes.n || n >= m->bytes.n - at || m->bytes.p[at + n] != '\0')
			return false;
	}
	return true;
}

/* The value of a line "Name: value" of the catalogue's header. */
static struct kr_str header_line(struct kr_str header, struct kr_str name)
{
	struct kr_str line;

	while (kr_str_split(&header, '\n', &line))
		if (kr_str_istarts(line, name))
			return kr_str_trim(kr_str_from(line, name.n));
	return KR_STR_NULL;
}

static int read_header(struct kr_base__mo *m, struct kr_fault *reterr)
{
	struct kr_str header = KR_STR_NULL, line;

	/* Without a rule, as in English. */
	m->plural = (struct kr_base__plural){.forms = 2};
	if (m->count && entry(m, m->ids, 0).n == 0)
		header = entry(m, m->texts, 0);
	line = header_line(header, KR_STR("Content-Type:"));
	if (line.n && kr_str_ifind(line, KR_STR("charset=utf-8")) < 0)
		return kr_fault_set(reterr, -KR_EFORMAT, "the catalogue is not in UTF-8");
	line = header_line(header, KR_STR("Plural-Forms:"));
	if (!line.n)
		line = KR_STR("nplurals=2; plural=n != 1;");
	if (kr_base__plural_parse(line, &m->plural))
		return kr_fault_set(reterr, -KR_ESYNTAX,
				    "the catalogue's Plural-Forms cannot be read");
	return 0;
}

int kr_base__mo_open(struct kr_str bytes, struct kr_base__mo *ret, struct kr_fault *reterr)
{
	struct kr_base__mo m = {.bytes = bytes};
	int r;

	if (bytes.n < HEADER_SIZE)
		return kr_fault_set(reterr, -KR_EFORMAT, "this is no catalogue");
	m.swapped = number(&m, 0) != MAGIC;
	if (number(&m, 0) != MAGIC || number(&m, 4) >> 16 > 1)
		return kr_fault_set(reterr, -KR_EFORMAT, "this is no catalogue of a known version");
	m.count = number(&m, 8);
	m.ids = number(&m, 12);
	m.texts = number(&m, 16);
	if (m.count > COUNT_MAX)
		return kr_fault_set(reterr, -KR_ELIMIT, "the catalogue has more than %u messages",
				    COUNT_MAX);
	if (!table_ok(&m, m.ids) || !table_ok(&m, m.texts))
		return corrupt(reterr, "a place is outside of it");
	for (uint32_t i = 0; i < m.count; i++) {
		struct kr_str text = entry(&m, m.texts, i);

		if (i && strcmp(entry(&m, m.ids, i - 1).p, entry(&m, m.ids, i).p) >= 0)
			return corrupt(reterr, "messages are not sorted");
		if (kr_utf8_valid(text) != text.n)
			return corrupt(reterr, "a translation is not UTF-8");
	}
	r = read_header(&m, reterr);
	if (!r)
		*ret = m;
	return r;
}

/* The form'th of strings that are parted by NUL; the first when there are fewer. */
static const char *form_of(struct kr_str text, unsigned form)
{
	const char *p = text.p;

	for (; form; form--) {
		size_t n = strlen(p);

		if (p + n >= text.p + text.n)
			return text.p;
		p += n + 1;
	}
	return p;
}

const char *kr_base__mo_find(const struct kr_base__mo *m, const char *msgid, bool many, uint64_t n)
{
	uint32_t low = 0, high = m->count;

	if (!*msgid)
		return NULL;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		/* Of "one\0many" only the first counts, as the NUL ends it. */
		int c = strcmp(entry(m, m->ids, mid).p, msgid);

		if (c == 0) {
			struct kr_str text = entry(m, m->texts, mid);
			const char *p = form_of(text,
						many ? kr_base__plural_form(&m->plural, n) : 0);

			return *p ? p : NULL;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}
