/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packed form: for each column that is set, one byte (column), one byte (tag), and the value: 8
 * bytes of a number, or 4 bytes of length and the bytes. Binding walks it once; texts are bound
 * where they lie.
 */
#include "store/sqlite/row.h"

#include <pthread.h>

#include "base/json.h"
#include "store/sqlite/db.h"

enum { TAG_INT, TAG_REAL, TAG_TEXT, TAG_BLOB };

static const char *const fixed[KR_ROW_FIELDS] = {
	[KR_ROW_ID] = "id",	    [KR_ROW_ADDR] = "addr",	[KR_ROW_KEY] = "key",
	[KR_ROW_SOURCE] = "source", [KR_ROW_FIRST] = "first",	[KR_ROW_LAST] = "last",
	[KR_ROW_N] = "n",	    [KR_ROW_LABEL] = "label",	[KR_ROW_REPORT] = "report",
	[KR_ROW_OFFSET] = "offset", [KR_ROW_LENGTH] = "length", [KR_ROW_PART] = "part",
	[KR_ROW_OWNERS] = "owners",
};

/* Made once from the table of fields. */
static struct {
	char name[KR_FIELD_MAX][48];
	int8_t index[KR_FIELD_MAX];
	uint8_t field[128]; /* by column */
	int width, rest, extra;
	char columns[2048];
} layout;
static pthread_once_t layout_once = PTHREAD_ONCE_INIT;

static void make_layout(void)
{
	struct kr_buf b = KR_BUF(sizeof(layout.columns));

	for (int c = 0; c < KR_ROW_FIELDS; c++)
		kr_buf_printf(&b, "%s%s", c ? "," : "", fixed[c]);
	layout.width = KR_ROW_FIELDS;
	for (int f = 0; f < KR_FIELD_MAX; f++) {
		const struct kr_field_info *info = kr_field_info((enum kr_field)f);

		layout.index[f] = -1;
		if (!info || !(info->flags & KR_FIELD_COL))
			continue;
		if (f == KR_F_SRC_IP || f == KR_F_TIME_SOURCE) {
			layout.index[f] = f == KR_F_SRC_IP ? KR_ROW_ADDR : KR_ROW_FIRST;
			strcpy(layout.name[f], fixed[layout.index[f]]);
			continue;
		}
		assert(strlen(info->name) < sizeof(layout.name[f]));
		for (size_t i = 0; info->name[i]; i++)
			layout.name[f][i] = info->name[i] == '.' ? '_' : info->name[i];
		layout.field[layout.width] = (uint8_t)f;
		layout.index[f] = (int8_t)layout.width++;
		kr_buf_printf(&b, ",%s", layout.name[f]);
	}
	layout.rest = layout.width++;
	layout.extra = layout.width++;
	kr_buf_c(&b, ",rest,extra");
	strcpy(layout.columns, kr_buf_cstr(&b));
	assert(!b.err);
	kr_buf_done(&b);
}

static void need_layout(void)
{
	pthread_once(&layout_once, make_layout);
}

const char *kr_row_column(enum kr_field f)
{
	need_layout();
	return layout.index[f] < 0 ? NULL : layout.name[f];
}

int kr_row_index(enum kr_field f)
{
	need_layout();
	return layout.index[f];
}

const char *kr_row_columns(void)
{
	need_layout();
	return layout.columns;
}

int kr_row_width(void)
{
	need_layout();
	return layout.width;
}

void kr_row_ddl(struct kr_buf *sql)
{
	need_layout();
	kr_buf_c(sql,
		 "CREATE TABLE event(id INTEGER PRIMARY KEY,addr NOT NULL,key INTEGER NOT NULL,"
		 "source INTEGER NOT NULL,first INTEGER NOT NULL,last INTEGER NOT NULL,n INTEGER "
		 "NOT NULL,"
		 "label INTEGER NOT NULL,report INTEGER NOT NULL,offset INTEGER NOT NULL,"
		 "length INTEGER NOT NULL,part INTEGER NOT NULL,owners BLOB");
	for (int c = KR_ROW_FIELDS; c < layout.rest; c++)
		kr_buf_printf(sql, ",%s", layout.name[layout.field[c]]);
	kr_buf_c(sql, ",rest BLOB,extra TEXT);CREATE UNIQUE INDEX event_identity ON "
		      "event(addr,key,source);");
}

static void pack_int(struct kr_buf *b, int column, int64_t v)
{
	char bytes[10] = {(char)column, TAG_INT};

	memcpy(bytes + 2, &v, 8);
	kr_buf_add(b, bytes, sizeof(bytes));
}

static void pack_bytes(struct kr_buf *b, int column, int tag, struct kr_str s)
{
	char head[6] = {(char)column, (char)tag};
	uint32_t n = (uint32_t)s.n;

	memcpy(head + 2, &n, 4);
	kr_buf_add(b, head, sizeof(head));
	kr_buf_add(b, s.p, s.n);
}

static void pack_ip(struct kr_buf *b, int column, const struct kr_ip *ip)
{
	if (ip->family == 4)
		pack_int(b, column, kr_ip_u32(ip));
	else
		pack_bytes(b, column, TAG_BLOB, kr_str_n((const char *)ip->b, 16));
}

static void pack_field(struct kr_buf *b, enum kr_field f, const union kr_value *v)
{
	const struct kr_field_info *info = kr_field_info(f);
	int column = layout.index[f];

	switch (info->rep) {
	case KR_REP_TEXT: pack_bytes(b, column, TAG_TEXT, v->text); break;
	case KR_REP_INT: pack_int(b, column, v->i); break;
	case KR_REP_TIME: pack_int(b, column, v->t); break;
	case KR_REP_REAL: {
		char bytes[10] = {(char)column, TAG_REAL};

		memcpy(bytes + 2, &v->d, 8);
		kr_buf_add(b, bytes, sizeof(bytes));
		break;
	}
	case KR_REP_IP:
		if (info->kind == KR_K_NET) {
			char text[KR_IP_TEXT_MAX];

			pack_bytes(b, column, TAG_TEXT, kr_str_n(text, kr_net_text(&v->ip, text)));
		} else {
			pack_ip(b, column, &v->ip);
		}
		break;
	}
}

/* Start a value whose length is not known yet; end with pack_close(). */
static size_t pack_open(struct kr_buf *b, int column, int tag)
{
	pack_bytes(b, column, tag, KR_STR_NULL);
	return b->n;
}

static void pack_close(struct kr_buf *b, size_t start)
{
	uint32_t n = (uint32_t)(b->n - start);

	if (!b->err)
		memcpy(b->p + start - 4, &n, 4);
}

/* A packed field that is no text, as its canonical text. */
static void pack_as_text(struct kr_buf *b, enum kr_field f, const union kr_value *v)
{
	char small[64];
	struct kr_buf text = {.p = small, .cap = sizeof(small), .max = sizeof(small)};

	kr_field_text(f, v, &text);
	assert(!text.err);
	kr_buf_varint(b, text.n);
	kr_buf_add(b, text.p, text.n);
}

static void pack_rest(struct kr_buf *b, const struct kr_event *e)
{
	size_t start = 0;

	for (int f = 1; f < KR_FIELD_MAX; f++) {
		const union kr_value *v = kr_event_get(e, (enum kr_field)f);

		if (!v || layout.index[f] >= 0)
			continue;
		if (!start)
			start = pack_open(b, layout.rest, TAG_BLOB);
		kr_buf_varint(b, (uint64_t)f);
		if (kr_field_info((enum kr_field)f)->rep == KR_REP_TEXT) {
			kr_buf_varint(b, v->text.n);
			kr_buf_str_add(b, v->text);
		} else {
			pack_as_text(b, (enum kr_field)f, v);
		}
	}
	if (start)
		pack_close(b, start);
}

static void pack_extra(struct kr_buf *b, const struct kr_event *e)
{
	size_t start = pack_open(b, layout.extra, TAG_TEXT);

	for (const struct kr_extra *x = e->extra; x; x = x->next) {
		kr_buf_add(b, x == e->extra ? "{\"" : ",\"", 2);
		kr_json_escape(b, x->key);
		kr_buf_add(b, "\":\"", x->literal ? 2 : 3);
		if (x->literal) {
			kr_buf_str_add(b, x->value);
		} else {
			kr_json_escape(b, x->value);
			kr_buf_ch(b, '"');
		}
	}
	kr_buf_ch(b, '}');
	pack_close(b, start);
}

void kr_row_pack(struct kr_buf *b, uint32_t source, uint64_t report, const struct kr_event *e)
{
	const union kr_value *ip = kr_event_get(e, KR_F_SRC_IP);

	need_layout();
	if (ip)
		pack_ip(b, KR_ROW_ADDR, &ip->ip);
	else
		pack_bytes(b, KR_ROW_ADDR, TAG_TEXT, KR_STR(""));
	pack_int(b, KR_ROW_KEY, (int64_t)e->key);
	pack_int(b, KR_ROW_SOURCE, source);
	pack_int(b, KR_ROW_FIRST, e->first);
	pack_int(b, KR_ROW_LAST, e->last);
	pack_int(b, KR_ROW_N, (int64_t)e->count);
	pack_int(b, KR_ROW_LABEL, e->label);
	pack_int(b, KR_ROW_REPORT, (int64_t)report);
	pack_int(b, KR_ROW_OFFSET, (int64_t)e->offset);
	pack_int(b, KR_ROW_LENGTH, e->length);
	pack_int(b, KR_ROW_PART, e->part);
	if (e->n_owners) {
		size_t start = pack_open(b, KR_ROW_OWNERS, TAG_BLOB);

		for (uint32_t i = 0; i < e->n_owners; i++) {
			kr_buf_varint(b, e->owners[i].constituent);
			kr_buf_varint(b, e->owners[i].rule);
		}
		pack_close(b, start);
	}
	for (int c = KR_ROW_FIELDS; c < layout.rest; c++) {
		const union kr_value *v = kr_event_get(e, (enum kr_field)layout.field[c]);

		if (v)
			pack_field(b, (enum kr_field)layout.field[c], v);
	}
	pack_rest(b, e);
	if (e->extra)
		pack_extra(b, e);
}

void kr_row_bind(sqlite3_stmt *st, struct kr_str packed, uint64_t id)
{
	const char *p = packed.p, *end = packed.p + packed.n;

	sqlite3_clear_bindings(st);
	sqlite3_bind_int64(st, KR_ROW_ID + 1, (int64_t)id);
	while (p < end) {
		int parameter = (unsigned char)p[0] + 1, tag = p[1];
		uint32_t n;
		int64_t v;
		double d;

		p += 2;
		switch (tag) {
		case TAG_INT:
			memcpy(&v, p, 8);
			sqlite3_bind_int64(st, parameter, v);
			p += 8;
			break;
		case TAG_REAL:
			memcpy(&d, p, 8);
			sqlite3_bind_double(st, parameter, d);
			p += 8;
			break;
		default:
			memcpy(&n, p, 4);
			p += 4;
			if (tag == TAG_TEXT)
				sqlite3_bind_text(st, parameter, p, (int)n, SQLITE_STATIC);
			else
				sqlite3_bind_blob(st, parameter, p, (int)n, SQLITE_STATIC);
			p += n;
		}
	}
}

bool kr_row_owner_next(struct kr_str *rest, struct kr_owner *ret)
{
	uint64_t c, r;

	if (!kr_varint_read(rest, &c) || !kr_varint_read(rest, &r))
		return false;
	*ret = (struct kr_owner){(uint32_t)c, (uint32_t)r};
	return true;
}

bool kr_row_rest_next(struct kr_str *rest, enum kr_field *ret, struct kr_str *ret_text)
{
	uint64_t f, n;

	if (!kr_varint_read(rest, &f) || !kr_varint_read(rest, &n) || n > rest->n ||
	    f >= KR_FIELD_MAX)
		return false;
	*ret = (enum kr_field)f;
	*ret_text = kr_str_first(*rest, n);
	*rest = kr_str_from(*rest, n);
	return true;
}

static int read_field(sqlite3_stmt *st, int i, enum kr_field f, struct kr_arena *a,
		      struct kr_event *e)
{
	const struct kr_field_info *info = kr_field_info(f);
	union kr_value v = {0};

	switch (info->rep) {
	case KR_REP_TEXT: v.text = kr_db_dup(st, i, a); break;
	case KR_REP_INT: v.i = sqlite3_column_int64(st, i); break;
	case KR_REP_TIME: v.t = sqlite3_column_int64(st, i); break;
	case KR_REP_REAL: v.d = sqlite3_column_double(st, i); break;
	case KR_REP_IP:
		if (info->kind != KR_K_NET)
			v.ip = kr_db_ip(st, i);
		else if (kr_net_parse(kr_db_text(st, i), &v.ip) < 0)
			return -KR_ECORRUPT;
		break;
	}
	return kr_event_put(e, a, f, v);
}

static int read_rest(struct kr_str rest, struct kr_arena *a, struct kr_event *e)
{
	enum kr_field f;
	struct kr_str text;

	while (rest.n) {
		union kr_value v;

		if (!kr_row_rest_next(&rest, &f, &text) || !kr_field_info(f))
			return -KR_ECORRUPT;
		text = kr_arena_dup(a, text);
		if (kr_field_info(f)->rep == KR_REP_TEXT)
			v.text = text;
		else if (kr_field_parse(f, text, a, &v, NULL))
			return -KR_ECORRUPT;
		if (kr_event_put(e, a, f, v))
			return -KR_ELIMIT;
	}
	return 0;
}

static int read_extra(struct kr_str json, struct kr_arena *a, struct kr_event *e)
{
	struct kr_json j;
	struct kr_json_token t;
	int r;

	kr_json_init(&j, kr_arena_dup(a, json), a, KR_JSON_DEPTH_MAX, 0, NULL);
	r = kr_json_next(&j, &t);
	while (!r && !(r = kr_json_next(&j, &t)) && t.type != KR_JSON_OBJECT_END) {
		if ((r = kr_json_skip(&j, &t)))
			break;
		r = kr_event_add_extra(e, a, t.key, t.type == KR_JSON_STRING ? t.text : t.raw,
				       t.type != KR_JSON_STRING);
	}
	return r;
}

static int read_owners(struct kr_str blob, struct kr_arena *a, struct kr_event *e)
{
	struct kr_owner o;
	struct kr_str rest = blob;

	while (kr_row_owner_next(&rest, &o))
		e->n_owners++;
	e->owners = kr_arena_calloc(a, e->n_owners, sizeof(o));
	if (!e->owners)
		return -KR_ELIMIT;
	rest = blob;
	for (uint32_t i = 0; kr_row_owner_next(&rest, &o); i++)
		e->owners[i] = o;
	return 0;
}

static void read_fixed(sqlite3_stmt *st, int at, struct kr_event *e, struct kr_row *ret)
{
	ret->e = e;
	ret->id = (uint64_t)sqlite3_column_int64(st, at + KR_ROW_ID);
	ret->source = (uint32_t)sqlite3_column_int64(st, at + KR_ROW_SOURCE);
	ret->report = (uint64_t)sqlite3_column_int64(st, at + KR_ROW_REPORT);
	e->key = (uint64_t)sqlite3_column_int64(st, at + KR_ROW_KEY);
	e->first = sqlite3_column_int64(st, at + KR_ROW_FIRST);
	e->last = sqlite3_column_int64(st, at + KR_ROW_LAST);
	e->count = (uint64_t)sqlite3_column_int64(st, at + KR_ROW_N);
	e->label = (enum kr_tlp)sqlite3_column_int(st, at + KR_ROW_LABEL);
	e->offset = (uint64_t)sqlite3_column_int64(st, at + KR_ROW_OFFSET);
	e->length = (uint32_t)sqlite3_column_int64(st, at + KR_ROW_LENGTH);
	e->part = (uint32_t)sqlite3_column_int64(st, at + KR_ROW_PART);
}

int kr_row_read(sqlite3_stmt *st, int at, struct kr_arena *a, struct kr_row *ret,
		struct kr_fault *reterr)
{
	struct kr_event *e = kr_event_new(a);
	int r = 0;

	need_layout();
	if (!e)
		return kr_fault_set(reterr, -KR_ELIMIT, "no room for the row");
	read_fixed(st, at, e, ret);
	r = kr_event_put(e, a, KR_F_TIME_SOURCE, (union kr_value){.t = e->first});
	if (!r && sqlite3_column_type(st, at + KR_ROW_ADDR) != SQLITE_TEXT)
		r = kr_event_put(e, a, KR_F_SRC_IP,
				 (union kr_value){.ip = kr_db_ip(st, at + KR_ROW_ADDR)});
	for (int c = KR_ROW_FIELDS; !r && c < layout.rest; c++)
		if (sqlite3_column_type(st, at + c) != SQLITE_NULL)
			r = read_field(st, at + c, (enum kr_field)layout.field[c], a, e);
	if (!r && sqlite3_column_type(st, at + layout.rest) != SQLITE_NULL)
		r = read_rest(kr_db_text(st, at + layout.rest), a, e);
	if (!r && sqlite3_column_type(st, at + layout.extra) != SQLITE_NULL)
		r = read_extra(kr_db_text(st, at + layout.extra), a, e);
	if (!r && sqlite3_column_type(st, at + KR_ROW_OWNERS) != SQLITE_NULL)
		r = read_owners(kr_db_text(st, at + KR_ROW_OWNERS), a, e);
	return r ? kr_fault_set(reterr, r, "row %llu cannot be read: %s",
				(unsigned long long)ret->id, kr_err_text(r))
		 : 0;
}
