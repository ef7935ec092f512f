/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of fields, made from fields.def and field_kinds.def.
 *
 * Names are looked up once for each key of an IDF event, so they go through a small open-addressed
 * hash over the length and the first and last eight bytes of the name. It is filled once, at the
 * first look-up; after that it is only read. Short words are rare (expressions, mappings made by
 * hand): they are searched in order.
 */
#include "model/field.h"

#include <pthread.h>

#include "model/label.h"

static const char *const kind_docs[KR_FIELD_KINDS] = {
#define K(kind, rep, doc) doc,
#include "model/field_kinds.def"
#undef K
};

enum {
#define K(kind, rep, doc) REP_OF_##kind = KR_REP_##rep,
#include "model/field_kinds.def"
#undef K
};

static const struct kr_field_info fields[KR_FIELD_MAX] = {
#define F(id, number, name, kind, max, flags, words, doc)                                          \
	[number] = {name,	 {name, sizeof(name) - 1},                                         \
		    KR_K_##kind, (enum kr_rep)REP_OF_##kind,                                       \
		    max,	 FLAGS(flags),                                                     \
		    words,	 doc},
#define FLAGS(flags) (flags)
#define COL	     KR_FIELD_COL
#define WORD	     KR_FIELD_WORD
#define PII	     KR_FIELD_PII
#define FEED	     KR_FIELD_FEED
#include "model/fields.def"
#undef FEED
#undef PII
#undef WORD
#undef COL
#undef FLAGS
#undef F
};

#define SLOTS 512 /* a power of two, several times the number of fields */

static uint8_t by_name[SLOTS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The first eight bytes of a name, fewer if it is shorter. */
static uint64_t bytes8(const char *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, KR_MIN(n, sizeof(v)));
	return v;
}

static size_t slot_of(struct kr_str name)
{
	uint64_t head = bytes8(name.p, name.n);
	uint64_t tail = name.n > 8 ? bytes8(name.p + name.n - 8, 8) : 0;

	head = (head ^ (tail << 7 | tail >> 57) ^ name.n) * 0x9e3779b97f4a7c15u;
	return (size_t)(head >> 40) & (SLOTS - 1);
}

static void fill(void)
{
	for (unsigned f = 1; f < KR_FIELD_MAX; f++) {
		size_t at;

		if (!fields[f].name)
			continue;
		at = slot_of(fields[f].name_str);
		while (by_name[at])
			at = (at + 1) & (SLOTS - 1);
		by_name[at] = (uint8_t)f;
	}
}

const struct kr_field_info *kr_field_info(enum kr_field f)
{
	return (unsigned)f < KR_FIELD_MAX && fields[f].name ? &fields[f] : NULL;
}

enum kr_field kr_field_by_name(struct kr_str name)
{
	if (name.n == 0)
		return KR_F_NONE;
	pthread_once(&once, fill);
	for (size_t at = slot_of(name); by_name[at]; at = (at + 1) & (SLOTS - 1))
		if (kr_str_eq(fields[by_name[at]].name_str, name))
			return (enum kr_field)by_name[at];
	return KR_F_NONE;
}

enum kr_field kr_field_by_word(struct kr_str word)
{
	if (word.n == 0)
		return KR_F_NONE;
	for (unsigned f = 1; f < KR_FIELD_MAX; f++) {
		struct kr_str rest = kr_str_c(fields[f].words), short_name;

		if (!fields[f].name)
			continue;
		if (kr_str_ieq(fields[f].name_str, word))
			return (enum kr_field)f;
		while (kr_str_split(&rest, ',', &short_name))
			if (kr_str_ieq(short_name, word))
				return (enum kr_field)f;
	}
	return KR_F_NONE;
}

const char *kr_field_kind_doc(enum kr_field_kind kind)
{
	assert((unsigned)kind < KR_FIELD_KINDS);
	return kind_docs[kind];
}

void kr_field_text(enum kr_field f, const union kr_value *v, struct kr_buf *b)
{
	char text[KR_MAX(KR_IP_TEXT_MAX, KR_TIME_TEXT_MAX)];

	switch (fields[f].rep) {
	case KR_REP_TEXT: kr_buf_str_add(b, v->text); break;
	case KR_REP_INT:
		if (fields[f].kind == KR_K_TLP)
			kr_buf_c(b, kr_tlp_text((enum kr_tlp)v->i));
		else if (fields[f].kind == KR_K_BOOL)
			kr_buf_c(b, v->i ? "true" : "false");
		else
			kr_buf_i64(b, v->i);
		break;
	case KR_REP_REAL: kr_buf_double(b, v->d); break;
	case KR_REP_TIME: kr_buf_c(b, kr_time_text(v->t, text)); break;
	case KR_REP_IP:
		kr_buf_add(b, text,
			   fields[f].kind == KR_K_NET ? kr_net_text(&v->ip, text)
						      : kr_ip_text(&v->ip, text));
		break;
	}
}

int kr_field_cmp(enum kr_field f, const union kr_value *a, const union kr_value *b)
{
	switch (fields[f].rep) {
	case KR_REP_INT: return (a->i > b->i) - (a->i < b->i);
	case KR_REP_REAL: return (a->d > b->d) - (a->d < b->d);
	case KR_REP_TIME: return (a->t > b->t) - (a->t < b->t);
	case KR_REP_IP: return kr_ip_cmp(&a->ip, &b->ip);
	case KR_REP_TEXT: break;
	}
	return kr_str_cmp(a->text, b->text);
}

bool kr_field_is_nothing(struct kr_str text)
{
	if (text.n && (kr_is_blank(text.p[0]) || kr_is_blank(text.p[text.n - 1])))
		text = kr_str_trim(text);
	if (KR_LIKELY(text.n > 3))
		return false;
	return text.n == 0 || (text.n == 1 && text.p[0] == '-') || kr_str_ieq(text, KR_STR("n/a"));
}
