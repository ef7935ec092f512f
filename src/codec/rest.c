/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * A writer says what it can in the members of its format and notes for each field whether that
 * reads back as the same value. All others follow here under our own names, a null where the format
 * had to be given something that the event has not, and all of extra in its order. So nothing is
 * lost between two of us, whatever the format, and others find all they know in its place.
 */
#include "codec/rest.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "codec/eventjson.h"
#include "codec/jsonread.h"
#include "codec/plan.h"

static void key(struct kr_buf *b, bool *comma, struct kr_str name)
{
	if (*comma)
		kr_buf_ch(b, ',');
	*comma = true;
	kr_buf_ch(b, '"');
	kr_buf_str_add(b, name);
	kr_buf_add(b, "\":", 2);
}

static void add_time(struct kr_buf *b, bool *comma, const char *name, kr_time t)
{
	char text[KR_TIME_TEXT_MAX];

	if (t == KR_TIME_NONE)
		return;
	key(b, comma, kr_str_c(name));
	kr_buf_printf(b, "\"%s\"", kr_time_text(t, text));
}

static void add_times(struct kr_buf *b, bool *comma, const struct kr_event *e)
{
	if (e->count == 1 && e->first == KR_TIME_NONE && e->last == KR_TIME_NONE)
		return;
	key(b, comma, KR_STR("count"));
	kr_buf_u64(b, e->count);
	add_time(b, comma, "first_seen", e->first);
	add_time(b, comma, "last_seen", e->last);
}

void kr_codec__rest_write(struct kr_writing *w)
{
	const struct kr_rest *rest = &w->rest;
	const struct kr_event *e = w->e;
	struct kr_buf *b = w->b;
	bool comma = false;

	if (w->w && w->w->plain)
		return;
	kr_codec__say_key(w, KR_REST_KEY);
	kr_buf_ch(b, '{');
	for (unsigned f = 1; f < KR_FIELD_MAX; f++) {
		if (rest->said[f] || !(e->slot[f] || rest->filled[f]))
			continue;
		key(b, &comma, kr_field_info((enum kr_field)f)->name_str);
		if (e->slot[f])
			kr_codec__json_value(b, e, (enum kr_field)f);
		else
			kr_buf_c(b, "null");
	}
	if (!rest->times_said)
		add_times(b, &comma, e);
	for (const struct kr_extra *x = e->extra; x; x = x->next) {
		if (comma)
			kr_buf_ch(b, ',');
		comma = true;
		kr_buf_c(b, "\"extra.");
		kr_json_escape(b, x->key);
		kr_buf_add(b, "\":", 2);
		kr_codec__json_extra(b, x);
	}
	kr_buf_ch(b, '}');
}

/* One member of _karaula. */
static int take(struct kr_reading *r, struct kr_json_token *t)
{
	enum kr_field f = kr_field_by_name(t->key);
	struct kr_str value = t->text;
	int err;

	if (f && t->type == KR_JSON_NULL) {
		kr_event_unset(r->e, f);
		return 0;
	}
	if (t->type == KR_JSON_OBJECT)
		return kr_codec__wrong(r, KR_REST_KEY ".%.*s: an object",
				       KR_STR_ARG(kr_str_first(t->key, 60)));
	if (t->type == KR_JSON_ARRAY) {
		err = kr_codec__array_literal(r->j, t, &value);
		if (err)
			return err;
	}
	if (f && t->type != KR_JSON_ARRAY) {
		kr_event_unset(r->e, f);
		return kr_codec__set_text(r, f, value);
	}
	if (kr_str_eqc(t->key, "count")) {
		/* It comes first; what was read before is not the event's. */
		r->e->first = r->e->last = KR_TIME_NONE;
		if (kr_str_u64(value, &r->e->count))
			return kr_codec__wrong(r, KR_REST_KEY ".count: not a whole number");
		return 0;
	}
	if (kr_str_eqc(t->key, "first_seen"))
		return kr_time_parse(value, &r->e->first)
			       ? kr_codec__wrong(r, KR_REST_KEY ".first_seen: not a time")
			       : 0;
	if (kr_str_eqc(t->key, "last_seen"))
		return kr_time_parse(value, &r->e->last)
			       ? kr_codec__wrong(r, KR_REST_KEY ".last_seen: not a time")
			       : 0;
	if (kr_str_starts(t->key, KR_STR("extra.")))
		t->key = kr_str_from(t->key, 6);
	if (t->type == KR_JSON_NULL)
		return 0;
	return kr_codec__add_extra(r->e, r->arena, t->key, value, t->type != KR_JSON_STRING);
}

int kr_codec__rest_read(struct kr_reading *r, struct kr_str raw)
{
	struct kr_reading inner = *r;
	struct kr_json_token t;
	struct kr_json j;
	int err;

	r->e->extra = NULL;
	r->e->extra_end = &r->e->extra;
	r->e->n_extra = 0;
	memset(r->e->extra_filter, 0, sizeof(r->e->extra_filter));
	kr_json_init(&j, raw, r->arena, KR_JSON_DEPTH_MAX, 0, NULL);
	inner.j = &j;
	err = kr_json_next(&j, &t);
	if (!err && t.type != KR_JSON_OBJECT)
		return kr_codec__wrong(r, KR_REST_KEY ": not an object");
	while (!err && !(err = kr_json_next(&j, &t)) && t.type != KR_JSON_OBJECT_END)
		err = take(&inner, &t);
	r->warnings = inner.warnings;
	return err;
}

bool kr_codec__say(struct kr_writing *w, const char *name, enum kr_field f)
{
	if (!kr_event_has(w->e, f))
		return false;
	kr_buf_printf(w->b, "%s\"%s\":", w->comma ? "," : "", name);
	kr_codec__json_value(w->b, w->e, f);
	w->comma = true;
	w->rest.said[f] = true;
	return true;
}

void kr_codec__say_text(struct kr_writing *w, const char *name, struct kr_str text)
{
	kr_buf_printf(w->b, "%s\"%s\":\"", w->comma ? "," : "", name);
	kr_json_escape(w->b, text);
	kr_buf_ch(w->b, '"');
	w->comma = true;
}

void kr_codec__say_time(struct kr_writing *w, const char *name, kr_time t)
{
	char text[KR_TIME_TEXT_MAX];

	kr_codec__say_text(w, name, kr_str_c(kr_time_text(t, text)));
}

void kr_codec__say_key(struct kr_writing *w, const char *name)
{
	kr_buf_printf(w->b, "%s\"%s\":", w->comma ? "," : "", name);
	w->comma = true;
}

static bool is_member(const struct kr_member *members, size_t n, struct kr_str name)
{
	for (size_t i = 0; i < n; i++)
		if (kr_str_ieq(members[i].key, name))
			return true;
	return false;
}

void kr_codec__say_extras(struct kr_writing *w, struct kr_str ns, const struct kr_member *members,
			  size_t n)
{
	for (const struct kr_extra *extra = w->e->extra; extra; extra = extra->next) {
		struct kr_str name = kr_str_from(extra->key, ns.n);
		bool plain = name.n > 0;

		if (!kr_str_starts(extra->key, ns))
			continue;
		for (size_t i = 0; i < name.n; i++)
			plain &= kr_is_alnum(name.p[i]) || name.p[i] == '_';
		if (!plain || is_member(members, n, name))
			continue;
		kr_buf_printf(w->b, "%s\"%.*s\":", w->comma ? "," : "", KR_STR_ARG(name));
		kr_codec__json_extra(w->b, extra);
		w->comma = true;
	}
}

struct kr_str kr_codec__extra_text(const struct kr_event *e, const char *name, size_t max)
{
	const struct kr_extra *x = kr_event_extra(e, kr_str_c(name));

	return x && !x->literal && x->value.n <= max ? x->value : KR_STR_NULL;
}

void kr_codec__event_id(struct kr_buf *scratch, const struct kr_event *e,
			const struct kr_codec_write_opts *w, uint8_t ret[16])
{
	size_t at = scratch->n;
	struct kr_hash hash;

	/* The text of the event is made behind what is written and taken away again. */
	if (w)
		kr_buf_str_add(scratch, w->reporter.domain);
	kr_codec__json_members(scratch, e, KR_SPELL_CANONICAL, true);
	if (e->first != KR_TIME_NONE)
		kr_buf_i64(scratch, e->first);
	kr_hash_of(scratch->p + at, scratch->n - at, &hash);
	scratch->n = at;
	memcpy(ret, hash.b, 16);
}

void kr_codec__event_uuid(struct kr_buf *b, const struct kr_event *e,
			  const struct kr_codec_write_opts *w)
{
	uint8_t id[16];

	kr_codec__event_id(b, e, w, id);
	id[6] = (uint8_t)((id[6] & 0x0f) | 0x40);
	id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
	kr_buf_ch(b, '"');
	for (unsigned i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			kr_buf_ch(b, '-');
		kr_buf_hex(b, &id[i], 1);
	}
	kr_buf_ch(b, '"');
}

kr_time kr_codec__event_time(const struct kr_event *e, const struct kr_codec_write_opts *w)
{
	const union kr_value *v = kr_event_get(e, KR_F_TIME_SOURCE);

	if (v)
		return v->t;
	if (e->first != KR_TIME_NONE)
		return e->first;
	v = kr_event_get(e, KR_F_TIME_OBSERVATION);
	if (v)
		return v->t;
	return w && w->written != KR_TIME_NONE ? w->written : 0;
}

double kr_codec__percent(struct kr_str fraction)
{
	double v;

	if (kr_str_double(fraction, &v) || !(v >= 0 && v <= 1))
		return -1;
	return (double)(int64_t)(v * 1e10 + 0.5) / 1e8;
}

bool kr_codec__say_fraction(struct kr_writing *w, const char *name, enum kr_field f)
{
	const union kr_value *v = kr_event_get(w->e, f);
	struct kr_buf *b = w->b;
	bool comma = w->comma;
	size_t at = b->n, value;

	if (!v)
		return false;
	kr_codec__say_key(w, name);
	value = b->n;
	kr_buf_double(b, v->d / 100);
	w->rest.said[f] = !b->err &&
			  kr_codec__percent(kr_str_n(b->p + value, b->n - value)) == v->d;
	if (!w->rest.said[f]) {
		b->n = at;
		w->comma = comma;
	}
	return w->rest.said[f];
}
