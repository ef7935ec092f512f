/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * We write one column for each field, then count, first_seen, last_seen, and extra as one JSON
 * object: always all of them, in the order of csv_columns.def, so that files can be put together. A
 * text that a spreadsheet would take for a formula gets an apostrophe in front: it begins with = +
 * - @, tab or CR, or with apostrophes and then one of these, so that reading can take off exactly
 * one again. Numbers are written as they are: -12.5 is no formula.
 *
 * Reading takes columns in any order. A name that is no field goes to extra under that name.
 */
#include "codec/csv_self.h"

#include "base/json.h"
#include "codec/jsonread.h"

enum { COLUMN_FIELD, COLUMN_EXTRA_KEY, COLUMN_EXTRA, COLUMN_COUNT, COLUMN_FIRST, COLUMN_LAST };

struct kr_csv_self {
	unsigned n;
	struct self_column {
		uint8_t what;
		enum kr_field field;
		struct kr_str key;
	} columns[];
};

static const enum kr_field order[] = {
#define C(id) KR_F_##id,
#include "codec/csv_columns.def"
#undef C
};

const char *const kr_csv_self__unmapped[] = {NULL};

static struct self_column column_of(struct kr_str name)
{
	struct self_column c = {.what = COLUMN_FIELD, .field = kr_field_by_name(name), .key = name};

	if (c.field)
		return c;
	if (kr_str_eqc(name, "extra"))
		c.what = COLUMN_EXTRA;
	else if (kr_str_eqc(name, "count"))
		c.what = COLUMN_COUNT;
	else if (kr_str_eqc(name, "first_seen"))
		c.what = COLUMN_FIRST;
	else if (kr_str_eqc(name, "last_seen"))
		c.what = COLUMN_LAST;
	else
		c.what = COLUMN_EXTRA_KEY;
	if (kr_str_starts(name, KR_STR("extra.")) && name.n > 6)
		c.key = kr_str_from(name, 6);
	return c;
}

int kr_csv_self__begin(struct kr_table_state *t, struct kr_csv_self **ret, struct kr_fault *reterr)
{
	struct kr_csv_self *self;
	bool any = false;

	self = kr_arena_alloc(t->arena, sizeof(*self) + t->n_names * sizeof(self->columns[0]));
	if (!self)
		return kr_fault_set(reterr, -KR_ELIMIT, "the header needs too much memory");
	self->n = t->n_names;
	for (unsigned i = 0; i < t->n_names; i++) {
		struct kr_str name = t->names[i];

		for (unsigned k = 0; name.n && k < i; k++)
			if (kr_str_eq(t->names[k], name))
				return kr_fault_set(reterr, -KR_EREFUSED,
						    "column \"%.*s\" is in the header twice",
						    KR_STR_ARG(kr_str_first(name, 60)));
		if (!name.n)
			name = kr_arena_printf(t->arena, "column_%u", i + 1);
		if (!name.p)
			return kr_fault_set(reterr, -KR_ELIMIT, "the header needs too much memory");
		self->columns[i] = column_of(name);
		any |= self->columns[i].field != KR_F_NONE;
	}
	if (!any) {
		kr_fault_set(reterr, -KR_EMAPPING,
			     "no column of this table has the name of a field");
		kr_fault_remedy(reterr,
				"say what its columns mean: --mapping FILE, see doc/mapping.md");
		return -KR_EMAPPING;
	}
	*ret = self;
	return 0;
}

static bool starts_formula(struct kr_str s)
{
	while (s.n && s.p[0] == '\'')
		s = kr_str_from(s, 1);
	return s.n && strchr("=+-@\t\r", s.p[0]);
}

/* Take off the apostrophe that the writer put before what looks like a formula. */
static struct kr_str unguard(struct kr_str s)
{
	return s.n > 1 && s.p[0] == '\'' && starts_formula(s) ? kr_str_from(s, 1) : s;
}

static int read_cell(struct kr_event *e, struct kr_arena *arena, const struct self_column *c,
		     struct kr_str v)
{
	switch (c->what) {
	case COLUMN_FIELD: return kr_event_set(e, arena, c->field, unguard(v));
	case COLUMN_EXTRA:
		if (v.p[0] == '{' && kr_codec__extra_object(e, arena, v) == 0)
			return 0;
		break;
	case COLUMN_COUNT:
		if (kr_str_u64(v, &e->count) == 0)
			return 0;
		break;
	case COLUMN_FIRST:
		if (kr_time_parse(v, &e->first) == 0)
			return 0;
		break;
	case COLUMN_LAST:
		if (kr_time_parse(v, &e->last) == 0)
			return 0;
		break;
	default: return kr_event_add_extra(e, arena, c->key, unguard(v), false);
	}
	return kr_event_add_extra(e, arena, c->key, v, false) ?: 1;
}

void kr_csv_self__row(const struct kr_csv_self *self, struct kr_table_state *t,
		      const struct kr_str *cells, const struct kr_place *at, struct kr_batch *out)
{
	struct kr_event *e = kr_event_new(out->arena);
	int err = e ? 0 : -KR_ELIMIT;

	for (unsigned i = 0; i < self->n && err >= 0; i++) {
		if (!cells[i].n)
			continue;
		err = read_cell(e, out->arena, &self->columns[i], cells[i]);
		out->warnings += err > 0;
	}
	if (err >= 0)
		err = kr_codec__finish_event(e, out->arena, t->observed);
	if (err < 0) {
		kr_batch_refuse(out, at->offset, at->length, (uint32_t)at->line, 0,
				"more fields or memory than one event or batch can hold");
		return;
	}
	kr_codec__set_place(e, at, 0);
	kr_batch_add(out, e);
}

/* Double the quotes of what was appended since start, and put it between quotes. */
static void quote_tail(struct kr_buf *b, size_t start)
{
	size_t quotes = 2, from, to;

	if (b->err || b->n <= start)
		return;
	for (size_t i = start; i < b->n; i++)
		quotes += b->p[i] == '"';
	if (!kr_buf_room(b, quotes))
		return;
	from = b->n;
	to = b->n + quotes;
	b->n = to;
	b->p[--to] = '"';
	while (from > start) {
		b->p[--to] = b->p[--from];
		if (b->p[from] == '"')
			b->p[--to] = '"';
	}
	b->p[--to] = '"';
}

static void add_text(struct kr_buf *b, struct kr_str s)
{
	size_t start = b->n;
	bool quote = false;

	if (starts_formula(s))
		kr_buf_ch(b, '\'');
	kr_buf_str_add(b, s);
	for (size_t i = 0; i < s.n && !quote; i++)
		quote = s.p[i] == '"' || s.p[i] == ',' || s.p[i] == '\n' || s.p[i] == '\r';
	if (quote)
		quote_tail(b, start);
}

static void add_extra(struct kr_buf *b, const struct kr_event *e)
{
	struct kr_json_out o = KR_JSON_OUT(b);
	size_t start = b->n;

	if (!e->extra)
		return;
	kr_json_object(&o);
	for (const struct kr_extra *x = e->extra; x; x = x->next) {
		kr_json_key(&o, x->key);
		if (x->literal)
			kr_json_raw(&o, x->value);
		else
			kr_json_str(&o, x->value);
	}
	kr_json_object_end(&o);
	quote_tail(b, start);
}

static void add_time(struct kr_buf *b, kr_time t)
{
	char text[KR_TIME_TEXT_MAX];

	if (t != KR_TIME_NONE)
		kr_buf_c(b, kr_time_text(t, text));
}

void kr_csv_self__write_begin(struct kr_buf *b)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(order); i++) {
		kr_buf_str_add(b, kr_field_info(order[i])->name_str);
		kr_buf_ch(b, ',');
	}
	kr_buf_c(b, "count,first_seen,last_seen,extra\r\n");
}

void kr_csv_self__write_item(struct kr_buf *b, const struct kr_event *e, bool first,
			     const struct kr_codec_write_opts *w)
{
	(void)w;
	(void)first;
	for (size_t i = 0; i < KR_ARRAY_LEN(order); i++) {
		const union kr_value *v = kr_event_get(e, order[i]);

		if (v && kr_field_info(order[i])->rep == KR_REP_TEXT)
			add_text(b, v->text);
		else if (v)
			kr_field_text(order[i], v, b);
		kr_buf_ch(b, ',');
	}
	if (e->count > 1 || e->first != KR_TIME_NONE)
		kr_buf_u64(b, e->count);
	kr_buf_ch(b, ',');
	add_time(b, e->first);
	kr_buf_ch(b, ',');
	add_time(b, e->last);
	kr_buf_ch(b, ',');
	add_extra(b, e);
	kr_buf_add(b, "\r\n", 2);
}

void kr_csv_self__write_end(struct kr_buf *b, bool empty)
{
	(void)b;
	(void)empty;
}
