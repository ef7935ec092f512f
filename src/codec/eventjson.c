/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/eventjson.h"

#include "base/json.h"
#include "base/time.h"
#include "model/label.h"
#include "model/taxonomy.h"

/* ,"name": of every field, ready to be copied. */
static const struct kr_str keys[KR_FIELD_MAX] = {
#define F(id, number, name, kind, max, flags, words, doc)                                          \
	[number] = {",\"" name "\":", sizeof(",\"" name "\":") - 1},
#include "model/fields.def"
#undef F
};

static void add_string(struct kr_buf *b, struct kr_str s)
{
	kr_buf_ch(b, '"');
	kr_json_escape(b, s);
	kr_buf_ch(b, '"');
}

/* Text that needs no escapes: made by us. */
static void add_plain(struct kr_buf *b, const char *p, size_t n)
{
	kr_buf_ch(b, '"');
	kr_buf_add(b, p, n);
	kr_buf_ch(b, '"');
}

static void add_int(struct kr_buf *b, const struct kr_field_info *info, int64_t v, bool idf)
{
	enum kr_tlp tlp = (enum kr_tlp)v;
	const char *text;

	if (info->kind == KR_K_BOOL) {
		kr_buf_c(b, v ? "true" : "false");
	} else if (info->kind == KR_K_TLP) {
		text = idf ? kr_tlp1_text(tlp) : kr_tlp_text(tlp);
		add_plain(b, text, strlen(text));
	} else {
		kr_buf_i64(b, v);
	}
}

static void add_value(struct kr_buf *b, enum kr_field f, const union kr_value *v, bool idf)
{
	const struct kr_field_info *info = kr_field_info(f);
	char text[KR_MAX(KR_IP_TEXT_MAX, KR_TIME_TEXT_MAX)];
	size_t n;

	switch (info->rep) {
	case KR_REP_TEXT:
		add_string(b, idf && info->kind == KR_K_TYPE ? kr_type_idf(v->text) : v->text);
		break;
	case KR_REP_INT: add_int(b, info, v->i, idf); break;
	case KR_REP_REAL: kr_buf_double(b, v->d); break;
	case KR_REP_TIME:
		n = idf ? kr_time_text_idf(v->t, text) : strlen(kr_time_text(v->t, text));
		add_plain(b, text, n);
		break;
	case KR_REP_IP:
		n = info->kind == KR_K_NET ? kr_net_text(&v->ip, text) : kr_ip_text(&v->ip, text);
		add_plain(b, text, n);
		break;
	}
}

void kr_codec__json_value(struct kr_buf *b, const struct kr_event *e, enum kr_field f)
{
	add_value(b, f, &e->value[e->slot[f] - 1], false);
}

void kr_codec__json_extra(struct kr_buf *b, const struct kr_extra *x)
{
	if (x->literal)
		kr_buf_str_add(b, x->value);
	else
		add_string(b, x->value);
}

bool kr_codec__json_members(struct kr_buf *b, const struct kr_event *e, enum kr_spelling spelling,
			    bool comma)
{
	bool idf = spelling == KR_SPELL_IDF;

	for (unsigned f = 1; f < KR_FIELD_MAX; f++) {
		if (!e->slot[f])
			continue;
		kr_buf_str_add(b, kr_str_from(keys[f], !comma));
		comma = true;
		add_value(b, (enum kr_field)f, &e->value[e->slot[f] - 1], idf);
	}
	for (const struct kr_extra *x = e->extra; x; x = x->next) {
		kr_buf_str_add(b, kr_str_from(KR_STR(",\"extra."), !comma));
		comma = true;
		kr_json_escape(b, x->key);
		kr_buf_add(b, "\":", 2);
		kr_codec__json_extra(b, x);
	}
	return comma;
}
