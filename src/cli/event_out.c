/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/event_out.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/time.h"
#include "codec/codec.h"
#include "model/label.h"

#define LINE_MAX_ ((size_t)16 << 20)
#define NARROW	  120 /* columns of a terminal below which a list leaves some out */
#define COLUMNS	  64

struct kr_event_out {
	struct kr_cli *c;
	struct kr_table *table; /* NULL for --json */
	struct kr_arena *row;
	struct kr_buf line;
	struct kr_column columns[COLUMNS];
	enum kr_field fields[COLUMNS]; /* --csv: field of a column */
	size_t n, fixed;
};

void kr_event_out_json(struct kr_buf *b, const struct kr_stored_event *ev, bool open)
{
	const struct kr_codec *json = kr_codec_find(KR_STR("json"));
	struct kr_json_out o = KR_JSON_OUT(b);
	char id[KR_EVENT_ID_TEXT_MAX];
	size_t at;

	kr_json_object(&o);
	kr_json_kstr(&o, "id", kr_str_c(kr_stored_event_id(ev, id)));
	kr_json_kstr(&o, "source", ev->source);
	kr_json_kint(&o, "report", (int64_t)ev->report);
	kr_json_key(&o, KR_STR("constituents"));
	kr_json_array(&o);
	for (size_t i = 0; i < ev->n_constituents; i++)
		kr_json_str(&o, ev->constituents[i]);
	kr_json_array_end(&o);
	kr_json_kstr(&o, "label", kr_str_c(kr_tlp_text(ev->e->label)));
	/* The codec writes "{...}\n": its brace becomes a comma, so that there is one object. */
	at = b->n;
	json->item(b, ev->e, true, NULL);
	if (!b->err) {
		b->p[at] = ',';
		b->n -= open ? 2 : 1;
	}
}

/* ---- text ---- */

/* Where it happened: the address, else the name, URL, account or network. */
static struct kr_str place(const struct kr_event *e, struct kr_arena *a)
{
	static const enum kr_field order[] = {KR_F_SRC_IP,	KR_F_SRC_FQDN,	  KR_F_SRC_URL,
					      KR_F_SRC_NETWORK, KR_F_SRC_ACCOUNT, KR_F_DST_IP,
					      KR_F_DST_FQDN,	KR_F_DST_URL};
	KR_AUTO_BUF b = KR_BUF(8192);

	for (size_t i = 0; i < KR_ARRAY_LEN(order) && !b.n; i++)
		if (kr_event_has(e, order[i]))
			kr_field_text(order[i], kr_event_get(e, order[i]), &b);
	return kr_arena_dup(a, kr_buf_str(&b));
}

static struct kr_str field_cell(const struct kr_event *e, enum kr_field f, struct kr_arena *a)
{
	const union kr_value *v = kr_event_get(e, f);
	KR_AUTO_BUF b = KR_BUF((size_t)2 << 20);

	if (!v)
		return KR_STR_NULL;
	if (kr_field_info(f)->rep == KR_REP_TEXT)
		return v->text;
	kr_field_text(f, v, &b);
	return kr_arena_dup(a, kr_buf_str(&b));
}

static struct kr_str what(const struct kr_event *e)
{
	static const enum kr_field order[] = {KR_F_MALWARE_NAME, KR_F_CLASS_IDENTIFIER};

	for (size_t i = 0; i < KR_ARRAY_LEN(order); i++)
		if (kr_event_has(e, order[i]))
			return kr_event_get(e, order[i])->text;
	return KR_STR("");
}

static struct kr_str names(const struct kr_stored_event *ev, struct kr_arena *a)
{
	KR_AUTO_BUF b = KR_BUF((size_t)1 << 20);

	for (size_t i = 0; i < ev->n_constituents; i++) {
		kr_buf_c(&b, i ? " " : "");
		kr_buf_str_add(&b, ev->constituents[i]);
	}
	return kr_arena_dup(a, kr_buf_str(&b));
}

static struct kr_str time_cell(kr_time t, struct kr_arena *a)
{
	char text[KR_TIME_TEXT_MAX];

	return t == KR_TIME_NONE ? KR_STR_NULL : kr_arena_dup(a, kr_str_c(kr_time_text(t, text)));
}

static struct kr_str number_cell(uint64_t n, struct kr_arena *a)
{
	return kr_arena_printf(a, "%llu", (unsigned long long)n);
}

/* "2026-11-20 10:30", UTC as the title says. */
static struct kr_str minute_cell(kr_time t, struct kr_arena *a)
{
	char text[KR_TIME_TEXT_MAX];

	if (t == KR_TIME_NONE)
		return KR_STR("");
	kr_time_text(t, text);
	text[10] = ' ';
	return kr_arena_dup(a, kr_str_n(text, 16));
}

static void text_row(struct kr_event_out *o, const struct kr_stored_event *ev)
{
	char id[KR_EVENT_ID_TEXT_MAX];
	struct kr_str cells[COLUMNS];
	size_t n = 0;

	kr_stored_event_id(ev, id);
	cells[n++] = minute_cell(ev->e->last, o->row);
	cells[n++] = field_cell(ev->e, KR_F_CLASS_TYPE, o->row);
	cells[n++] = place(ev->e, o->row);
	cells[n++] = field_cell(ev->e, KR_F_SRC_ASN, o->row);
	cells[n++] = field_cell(ev->e, KR_F_SRC_CC, o->row);
	cells[n++] = number_cell(ev->e->count, o->row);
	if (o->n > 8) {
		cells[n++] = what(ev->e);
		cells[n++] = ev->source;
	}
	cells[n++] = names(ev, o->row);
	cells[n++] = kr_str_c(id);
	kr_table_row(o->table, cells);
}

static void text_columns(struct kr_event_out *o)
{
	static const struct kr_column all[] = {
		{"last_seen", N_("Last seen (UTC)"), KR_LEFT, false},
		{"type", N_("Type"), KR_LEFT, false},
		{"address", N_("Address"), KR_LEFT, false},
		{"asn", N_("AS"), KR_RIGHT, true},
		{"cc", N_("CC"), KR_LEFT, false},
		{"count", N_("Seen"), KR_RIGHT, true},
		{"what", N_("What"), KR_LEFT, false},
		{"source", N_("Source"), KR_LEFT, false},
		{"constituents", N_("Constituents"), KR_LEFT, false},
		{"id", N_("Id"), KR_LEFT, false},
	};
	bool narrow = o->c->width && o->c->width < NARROW;

	for (size_t i = 0; i < KR_ARRAY_LEN(all); i++)
		if (!narrow || (i != 6 && i != 7))
			o->columns[o->n++] = all[i];
}

/* ---- CSV ---- */

static void csv_columns(struct kr_event_out *o)
{
	static const struct kr_column fixed[] = {
		{"id", "", KR_LEFT, false},	      {"source", "", KR_LEFT, false},
		{"report", "", KR_LEFT, true},	      {"count", "", KR_LEFT, true},
		{"first_seen", "", KR_LEFT, false},   {"last_seen", "", KR_LEFT, false},
		{"constituents", "", KR_LEFT, false}, {"label", "", KR_LEFT, false},
	};

	for (; o->n < KR_ARRAY_LEN(fixed); o->n++)
		o->columns[o->n] = fixed[o->n];
	o->fixed = o->n;
	for (unsigned f = 1; f < KR_FIELD_MAX && o->n < COLUMNS; f++) {
		const struct kr_field_info *info = kr_field_info(f);

		if (!info || !(info->flags & KR_FIELD_COL))
			continue;
		o->fields[o->n] = f;
		o->columns[o->n++] = (struct kr_column){info->name, "", KR_LEFT,
							info->rep == KR_REP_INT};
	}
}

static void csv_row(struct kr_event_out *o, const struct kr_stored_event *ev)
{
	char id[KR_EVENT_ID_TEXT_MAX];
	struct kr_str cells[COLUMNS] = {
		kr_str_c(kr_stored_event_id(ev, id)),
		ev->source,
		number_cell(ev->report, o->row),
		number_cell(ev->e->count, o->row),
		time_cell(ev->e->first, o->row),
		time_cell(ev->e->last, o->row),
		names(ev, o->row),
		kr_str_c(kr_tlp_text(ev->e->label)),
	};

	for (size_t i = o->fixed; i < o->n; i++)
		cells[i] = field_cell(ev->e, o->fields[i], o->row);
	kr_table_row(o->table, cells);
}

/* ---- all ---- */

struct kr_event_out *kr_event_out_new(struct kr_cli *c)
{
	struct kr_event_out *o = kr_xcalloc(1, sizeof(*o));

	o->c = c;
	o->row = kr_arena_new((size_t)64 << 20);
	o->line = KR_BUF(LINE_MAX_);
	if (c->json)
		return o;
	if (c->csv)
		csv_columns(o);
	else
		text_columns(o);
	o->table = kr_table_new(c, o->columns, o->n);
	return o;
}

void kr_event_out_add(struct kr_event_out *o, const struct kr_stored_event *ev)
{
	kr_arena_clear(o->row);
	if (o->c->json) {
		kr_buf_clear(&o->line);
		kr_event_out_json(&o->line, ev, false);
		kr_buf_ch(&o->line, '\n');
		if (o->line.err)
			kr_cli_note(o->c, "(an event of more than 16 MiB is left out)");
		else
			fwrite(o->line.p, 1, o->line.n, o->c->out);
	} else if (o->c->csv) {
		csv_row(o, ev);
	} else {
		text_row(o, ev);
	}
}

void kr_event_out_end(struct kr_event_out *o)
{
	if (o->table)
		kr_table_end(o->table);
	kr_buf_done(&o->line);
	kr_arena_free(o->row);
	free(o);
}
