/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: kr_leaf(leaf, value, ...) is called for each row that is looked at, with a
 * pointer to the leaf and what the row holds. It turns the bytes into a value as kr_row_read()
 * would, and asks kr_expr_leaf_value() or kr_expr_leaf_text(): so SQL and memory cannot differ.
 * Texts are looked at where they lie; only extra with escapes in it needs memory, from an arena of
 * the connection.
 */
#include "store/sqlite/filter_int.h"

#include <sqlite3.h>
#include <string.h>

#include "base/json.h"
#include "store/event_id.h"
#include "store/sqlite/db.h"
#include "store/sqlite/filter.h"
#include "store/sqlite/row.h"

/* sqlite3_value_text() would copy to add a NUL; the bytes of a text are a blob too. */
static struct kr_str bytes_of(sqlite3_value *v)
{
	const void *p = sqlite3_value_blob(v);

	return kr_str_n(p ? p : "", (size_t)sqlite3_value_bytes(v));
}

static bool column(const struct kr_expr_leaf *leaf, enum kr_field f, sqlite3_value *sql)
{
	const struct kr_field_info *info = kr_field_info(f);
	union kr_value v;
	struct kr_str s;

	switch (info->rep) {
	case KR_REP_TEXT: v.text = bytes_of(sql); break;
	case KR_REP_INT: v.i = sqlite3_value_int64(sql); break;
	case KR_REP_TIME: v.t = sqlite3_value_int64(sql); break;
	case KR_REP_REAL: v.d = sqlite3_value_double(sql); break;
	case KR_REP_IP:
		if (info->kind == KR_K_NET) {
			if (kr_net_parse(bytes_of(sql), &v.ip) < 0)
				return false;
		} else if (sqlite3_value_type(sql) == SQLITE_INTEGER) {
			v.ip = kr_ip_from_u32((uint32_t)sqlite3_value_int64(sql));
		} else {
			s = bytes_of(sql);
			if (s.n != sizeof(v.ip.b))
				return false;
			v.ip = (struct kr_ip){.family = 6, .plen = 128};
			memcpy(v.ip.b, s.p, s.n);
		}
		break;
	}
	return kr_expr_leaf_value(leaf, f, &v);
}

static bool rest(const struct kr_filter_leaf *l, struct kr_str packed, struct kr_arena *a)
{
	enum kr_field f;
	struct kr_str text;
	union kr_value v;

	while (kr_row_rest_next(&packed, &f, &text)) {
		if (f != l->field[0])
			continue;
		if (kr_field_info(f)->rep == KR_REP_TEXT)
			v.text = text;
		else if (kr_field_parse(f, text, a, &v, NULL) < 0)
			return false;
		return kr_expr_leaf_value(l->leaf, f, &v);
	}
	return false;
}

static bool extra(const struct kr_filter_leaf *l, struct kr_str object, struct kr_arena *a)
{
	struct kr_json j;
	struct kr_json_token t;
	bool found = false;

	/* Most rows do not hold the key: that is seen without reading JSON. */
	if (!memmem(object.p, object.n, l->needle.p, l->needle.n))
		return false;
	kr_json_init(&j, object, a, KR_JSON_DEPTH_MAX, 0, NULL);
	if (kr_json_next(&j, &t) < 0)
		return false;
	while (!found && kr_json_next(&j, &t) == 0 && t.type != KR_JSON_OBJECT_END &&
	       t.type != KR_JSON_END) {
		if (kr_json_skip(&j, &t) < 0)
			return false;
		if (!kr_str_eq(t.key, l->leaf->key))
			continue;
		return kr_expr_leaf_text(l->leaf, t.type == KR_JSON_STRING ? t.text : t.raw);
	}
	return false;
}

static bool owners(const struct kr_filter_leaf *l, struct kr_str blob)
{
	struct kr_owner o;

	while (kr_row_owner_next(&blob, &o))
		for (size_t i = 0; i < l->n_ids; i++)
			if (l->ids[i] == o.constituent)
				return true;
	return false;
}

static bool sealed(const struct kr_filter_leaf *l, int64_t row)
{
	struct kr_event_id id = l->partition;
	char text[KR_EVENT_ID_TEXT_MAX];

	id.row = (uint64_t)row;
	kr_event_id_for(l->names->key, l->names->scope, &id, text);
	return kr_expr_leaf_text(l->leaf, kr_str_c(text));
}

static bool columns(const struct kr_filter_leaf *l, int n, sqlite3_value **values)
{
	for (int i = 0; i < n; i++)
		if (sqlite3_value_type(values[i]) != SQLITE_NULL &&
		    column(l->leaf, (enum kr_field)l->field[i], values[i]))
			return true;
	return false;
}

static bool packed(const struct kr_filter_leaf *l, struct kr_str bytes, struct kr_arena *a)
{
	bool yes = false;

	switch (l->look) {
	case KR_LOOK_REST: yes = rest(l, bytes, a); break;
	case KR_LOOK_EXTRA: yes = extra(l, bytes, a); break;
	case KR_LOOK_OWNERS: yes = owners(l, bytes); break;
	case KR_LOOK_TEXT: yes = kr_expr_leaf_text(l->leaf, bytes); break;
	case KR_LOOK_COLUMN:
	case KR_LOOK_SEALED: break;
	}
	kr_arena_clear(a);
	return yes;
}

static void kr_leaf(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	const struct kr_filter_leaf *l =
		argc < 2 ? NULL : sqlite3_value_pointer(argv[0], KR_FILTER_POINTER);
	bool yes;

	if (!l) {
		sqlite3_result_error(ctx, "kr_leaf() is called without its leaf", -1);
		return;
	}
	if (l->look == KR_LOOK_COLUMN)
		yes = columns(l, argc - 1, argv + 1);
	else if (l->look == KR_LOOK_SEALED)
		yes = sealed(l, sqlite3_value_int64(argv[1]));
	else
		yes = sqlite3_value_type(argv[1]) != SQLITE_NULL &&
		      packed(l, bytes_of(argv[1]), sqlite3_user_data(ctx));
	sqlite3_result_int(ctx, yes);
}

static void free_arena(void *a)
{
	kr_arena_free(a);
}

int kr_filter_register(sqlite3 *db, struct kr_fault *reterr)
{
	/* The largest extra is bounded by the limit of a record; its decoded strings are no longer.
	 */
	struct kr_arena *a = kr_arena_new((size_t)64 << 20);

	/* On failure SQLite frees the arena itself. */
	if (sqlite3_create_function_v2(db, "kr_leaf", -1,
				       SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, a,
				       kr_leaf, NULL, NULL, free_arena))
		return kr_db_fault(db, reterr, "cannot register kr_leaf()");
	return 0;
}
