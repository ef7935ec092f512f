/* SPDX-License-Identifier: Apache-2.0 */
/* Names of sources and constituents for one query: all sources, constituents as they are met. */
#include <stdlib.h>

#include "store/event_id.h"
#include "store/sqlite/db.h"
#include "store/sqlite/plan.h"
#include "store/sqlite/row.h"

#define CACHE 1024

struct kr_names {
	struct kr_store *s;
	const struct kr_scope *scope;
	struct kr_arena *a, *own;
	sqlite3 *db;
	sqlite3_stmt *source, *constituent;
	struct kr_seal_key seal; /* of ids, where the scope is not that of staff */
	struct {
		uint64_t key; /* kind and id */
		struct kr_str name;
	} cache[CACHE];
};

struct kr_names *kr_names_new(struct kr_store *s, const struct kr_scope *scope, struct kr_arena *a,
			      struct kr_fault *reterr)
{
	struct kr_names *n = kr_xcalloc(1, sizeof(*n));
	char path[KR_PATH_MAX];

	n->s = s;
	n->scope = scope;
	n->own = a ? NULL : kr_arena_new(0);
	n->a = a ? a : n->own;
	if (scope && !kr_scope_is_staff(scope))
		kr_event_id_key(kr_store_hash_key(s), scope, &n->seal);
	if (kr_store__reader(s, kr_store__path(s, "main.db", path), &n->db, reterr) ||
	    kr_db_prepare(n->db, "SELECT name FROM source WHERE id=?1", &n->source, reterr) ||
	    kr_db_prepare(n->db, "SELECT name FROM constituent WHERE id=?1", &n->constituent,
			  reterr)) {
		kr_names_done(n);
		return NULL;
	}
	return n;
}

void kr_names_done(struct kr_names *n)
{
	if (!n)
		return;
	sqlite3_finalize(n->source);
	sqlite3_finalize(n->constituent);
	kr_store__reader_put(n->s, n->db);
	kr_arena_free(n->own);
	free(n);
}

static struct kr_str name_of(struct kr_names *n, sqlite3_stmt *st, unsigned kind, uint32_t id)
{
	uint64_t key = (uint64_t)kind << 32 | id;
	size_t i = (id * 2654435761u + kind) % CACHE;

	if (n->cache[i].key == key)
		return n->cache[i].name;
	sqlite3_bind_int64(st, 1, id);
	n->cache[i].key = key;
	n->cache[i].name = KR_STR("");
	if (kr_db_step(st, NULL) == 1)
		n->cache[i].name = kr_db_dup(st, 0, n->a);
	sqlite3_reset(st);
	return n->cache[i].name;
}

struct kr_str kr_names_source(struct kr_names *n, uint32_t id)
{
	return name_of(n, n->source, 1, id);
}

struct kr_str kr_names_constituent(struct kr_names *n, uint32_t id)
{
	return name_of(n, n->constituent, 2, id);
}

/* Where it came from, for whom it is to be known. */
static void redact(const struct kr_scope *scope, struct kr_stored_event *ev)
{
	if (!kr_scope_subject(scope, KR_SUBJ_SOURCE))
		ev->source = KR_STR("");
	if (kr_scope_subject(scope, KR_SUBJ_REPORT))
		return;
	ev->report = 0;
	ev->e->offset = 0;
	ev->e->length = 0;
	ev->e->part = 0;
}

int kr_store__stored_event(struct kr_names *n, const struct kr_part_info *p,
			   const struct kr_row *row, struct kr_arena *a,
			   struct kr_stored_event *ret, struct kr_fault *reterr)
{
	struct {
		struct kr_scope scope;
		struct kr_seal_key seal;
	} *own = NULL;
	struct kr_str *owners;

	if (n->scope)
		kr_scope_redact(n->scope, row->e);
	owners = kr_arena_calloc(a, row->e->n_owners, sizeof(*owners));
	/* Only ids that are sealed need it; the event may outlive what the caller has. */
	if (n->scope && !kr_scope_is_staff(n->scope))
		own = kr_arena_alloc(a, sizeof(*own));
	if (!owners || kr_arena_full(a))
		return kr_fault_set(reterr, -KR_ELIMIT, "no room for the row");
	for (uint32_t i = 0; i < row->e->n_owners; i++)
		owners[i] = kr_names_constituent(n, row->e->owners[i].constituent);
	*ret = (struct kr_stored_event){
		.id = {p->class_, p->day, p->part, row->id},
		.e = row->e,
		.source = kr_names_source(n, row->source),
		.report = row->report,
		.constituents = owners,
		.n_constituents = row->e->n_owners,
		.store = n->s,
		.scope = own ? &own->scope : NULL,
		.seal = own ? &own->seal : NULL,
	};
	if (own) {
		own->scope = *n->scope;
		own->seal = n->seal;
	}
	if (n->scope)
		redact(n->scope, ret);
	return 0;
}

static int resolve(void *ctx, const struct kr_expr_leaf *leaf, struct kr_arena *a,
		   const uint32_t **ret_ids, size_t *ret_n, struct kr_fault *reterr)
{
	struct kr_names *n = ctx;
	KR_AUTO_STMT st = NULL;
	uint32_t *ids = NULL;
	size_t count = 0, cap = 0;
	int r = kr_db_prepare(n->db,
			      leaf->subject == KR_SUBJ_SOURCE ? "SELECT id,name FROM source"
							      : "SELECT id,name FROM constituent",
			      &st, reterr);

	while (!r && (r = kr_db_step(st, reterr)) == 1) {
		r = 0;
		if (!kr_expr_leaf_text(leaf, kr_db_text(st, 1)))
			continue;
		ids = kr_arena_more(a, ids, count, &cap, sizeof(*ids));
		if (!ids)
			return kr_fault_set(
				reterr, -KR_ELIMIT,
				"the expression names too many sources or constituents");
		ids[count++] = (uint32_t)sqlite3_column_int64(st, 0);
	}
	*ret_ids = ids;
	*ret_n = count;
	return r;
}

struct kr_filter_names kr_names_filter(struct kr_names *n)
{
	return (struct kr_filter_names){
		.resolve = resolve, .ctx = n, .scope = n->scope, .key = kr_store_hash_key(n->s)};
}
