/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of a digest: RFC 4180, UTF-8, one row an event. Which columns there are is known only
 * after the last row, so rows are kept as (column, length, cell)* until then: events are read once.
 *
 * A spreadsheet takes a cell that begins with = + - @ or a tab for a formula; such a text gets an
 * apostrophe in front. Numbers, times and addresses come from us and need none.
 */
#include "render/digest_internal.h"

#include "base/json.h"

#define EXTRA_MAX 4096

/* What people look at first; all other fields follow in the order of the table of fields. */
static const uint8_t first_columns[] = {
	KR_F_TIME_SOURCE, KR_DIGEST__LAST,	 KR_DIGEST__COUNT,  KR_F_CLASS_TAXONOMY,
	KR_F_CLASS_TYPE,  KR_F_CLASS_IDENTIFIER, KR_F_MALWARE_NAME, KR_F_SRC_IP,
	KR_F_SRC_PORT,	  KR_F_SRC_FQDN,	 KR_F_SRC_URL,	    KR_F_SRC_ASN,
	KR_F_SRC_CC,	  KR_F_DST_IP,		 KR_F_DST_PORT,	    KR_F_DST_FQDN,
};

static bool risky(char c)
{
	return c == '=' || c == '+' || c == '-' || c == '@' || c == '\t' || c == '\r';
}

/* Text within quotes: each quote twice. */
static void put_quoted(struct kr_buf *b, struct kr_str s)
{
	for (const char *at; s.n && (at = memchr(s.p, '"', s.n));) {
		size_t n = (size_t)(at - s.p) + 1;

		kr_buf_add(b, s.p, n);
		kr_buf_ch(b, '"');
		s = kr_str_from(s, n);
	}
	kr_buf_str_add(b, s);
}

/* Put x->cell, quoted where that is needed, into the row. */
static void put_cell(struct kr_digest__sum *x, int column, bool text)
{
	const struct kr_str s = kr_buf_str(&x->cell);
	bool guard = text && s.n && risky(s.p[0]), quote = guard;
	size_t quotes = 0;

	for (size_t i = 0; i < s.n; i++)
		quotes += s.p[i] == '"';
	quote |= quotes || (s.n && (memchr(s.p, ',', s.n) || s.p[0] == ' ' || s.p[s.n - 1] == ' '));
	kr_buf_ch(&x->cells, (char)(column + 1));
	kr_buf_varint(&x->cells, s.n + guard + (quote ? 2 + quotes : 0));
	if (quote)
		kr_buf_ch(&x->cells, '"');
	if (guard)
		kr_buf_ch(&x->cells, '\'');
	put_quoted(&x->cells, s);
	if (quote)
		kr_buf_ch(&x->cells, '"');
	x->n_used += !x->used[column];
	x->used[column] = true;
}

/* Is it plain ASCII that needs neither quotes nor any other care? Most texts are. */
static bool simple(struct kr_str s)
{
	unsigned bad = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		bad |= (unsigned)(c < ' ') | (unsigned)(c > '~') | (unsigned)(c == ',') |
		       (unsigned)(c == '"');
	}
	return !bad && s.n && s.n <= KR_DIGEST__CELL && s.p[0] != ' ' && s.p[s.n - 1] != ' ' &&
	       !risky(s.p[0]);
}

/* A cell as it is, in one step. */
static void put_simple(struct kr_digest__sum *x, int column, struct kr_str s)
{
	char head[4] = {(char)(column + 1), (char)s.n};
	size_t n = 2;

	if (s.n >= 0x80) {
		head[1] = (char)(s.n | 0x80);
		head[2] = (char)(s.n >> 7);
		n = 3;
	}
	kr_buf_add(&x->cells, head, n);
	kr_buf_str_add(&x->cells, s);
	x->n_used += !x->used[column];
	x->used[column] = true;
}

static void put_field(struct kr_digest__sum *x, enum kr_field f, const union kr_value *v)
{
	bool text = kr_field_info(f)->rep == KR_REP_TEXT;

	if (text && simple(v->text)) {
		put_simple(x, (int)f, v->text);
		return;
	}
	kr_buf_clear(&x->cell);
	if (text)
		kr_digest_plain(&x->cell, v->text, KR_DIGEST__CELL);
	else
		kr_field_text(f, v, &x->cell);
	/* Numbers, times and addresses are written by us. */
	if (text)
		put_cell(x, (int)f, text);
	else
		put_simple(x, (int)f, kr_buf_str(&x->cell));
}

/* Pairs that no field takes, as one JSON object; as many as fit. */
static void put_extra(struct kr_digest__sum *x, const struct kr_event *e)
{
	struct kr_json_out o = KR_JSON_OUT(&x->cell);

	kr_buf_clear(&x->cell);
	kr_json_object(&o);
	for (const struct kr_extra *p = e->extra; p; p = p->next) {
		if (x->cell.n + p->key.n + p->value.n > EXTRA_MAX)
			break;
		kr_json_key(&o, p->key);
		if (p->literal)
			kr_json_raw(&o, p->value);
		else
			kr_json_str(&o, p->value);
	}
	kr_json_object_end(&o);
	put_cell(x, KR_DIGEST__EXTRA, true);
}

void kr_digest__csv_row(struct kr_digest__sum *x, const struct kr_stored_event *ev)
{
	const struct kr_event *e = ev->e;
	size_t start = x->cells.n;
	char text[KR_TIME_TEXT_MAX + KR_EVENT_ID_TEXT_MAX];

	for (int f = 1; f < KR_FIELD_MAX; f++) {
		const union kr_value *v = kr_event_get(e, (enum kr_field)f);

		if (v)
			put_field(x, (enum kr_field)f, v);
	}
	put_simple(x, KR_DIGEST__LAST, kr_str_c(kr_time_text(e->last, text)));
	kr_buf_clear(&x->cell);
	kr_buf_u64(&x->cell, e->count);
	put_simple(x, KR_DIGEST__COUNT, kr_buf_str(&x->cell));
	put_simple(x, KR_DIGEST__EVENT, kr_str_c(kr_stored_event_id(ev, text)));
	if (e->extra)
		put_extra(x, e);
	kr_buf_ch(&x->cells, 0);
	/* A cell that is empty is a comma still. */
	if (x->cells.err || x->cells.n + (x->n_cells + 1) * x->n_used > x->o->csv_max) {
		/* Full: this row and all later ones are counted, not listed. */
		x->cells.n = start;
		x->cells.err = 0;
		x->d->not_listed++;
	} else {
		x->n_cells++;
	}
}

static struct kr_str column_name(int c)
{
	switch (c) {
	case KR_DIGEST__LAST: return KR_STR("time.last");
	case KR_DIGEST__COUNT: return KR_STR("count");
	case KR_DIGEST__EVENT: return KR_STR("event");
	case KR_DIGEST__EXTRA: return KR_STR("extra");
	default: return kr_field_info((enum kr_field)c)->name_str;
	}
}

static size_t order_of(const struct kr_digest__sum *x, uint8_t order[KR_DIGEST__COLUMNS])
{
	bool done[KR_DIGEST__COLUMNS] = {false};
	size_t n = 0;

	for (size_t i = 0; i < KR_ARRAY_LEN(first_columns); i++) {
		/* time.source leads, whether a row has it or not. */
		if (x->used[first_columns[i]] || i == 0)
			order[n++] = first_columns[i];
		done[first_columns[i]] = true;
	}
	for (int c = 1; c < KR_DIGEST__COLUMNS; c++)
		if (x->used[c] && !done[c])
			order[n++] = (uint8_t)c;
	return n;
}

void kr_digest__csv_end(struct kr_digest__sum *x)
{
	struct kr_buf *b = &x->d->csv;
	struct kr_str cell[KR_DIGEST__COLUMNS] = {{NULL, 0}};
	struct kr_str rest = kr_buf_str(&x->cells);
	uint8_t order[KR_DIGEST__COLUMNS];
	size_t n = order_of(x, order);

	for (size_t i = 0; i < n; i++) {
		kr_buf_c(b, i ? "," : "");
		kr_buf_str_add(b, column_name(order[i]));
	}
	kr_buf_c(b, "\r\n");
	for (uint64_t row = 0; row < x->n_cells; row++) {
		while (rest.n && rest.p[0]) {
			int c = (unsigned char)rest.p[0] - 1;
			uint64_t size;

			rest = kr_str_from(rest, 1);
			if (!kr_varint_read(&rest, &size))
				return;
			cell[c] = kr_str_first(rest, size);
			rest = kr_str_from(rest, size);
		}
		rest = kr_str_from(rest, 1);
		for (size_t i = 0; i < n; i++) {
			if (i)
				kr_buf_ch(b, ',');
			kr_buf_str_add(b, cell[order[i]]);
			cell[order[i]].n = 0;
		}
		kr_buf_add(b, "\r\n", 2);
	}
}
