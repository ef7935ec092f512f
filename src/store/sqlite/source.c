/* SPDX-License-Identifier: Apache-2.0 */
/* Sources and mappings in main.db. */
#include "base/buf.h"
#include "store/sqlite/db.h"
#include "store/sqlite/scope.h"
#include "store/sqlite/state.h"

#define SOURCE_COLUMNS                                                                             \
	"id,name,format,mapping,provider,url,note,retention,tlp,pap,created,changed,revision,"     \
	"removed,kind,interval,options,secret,silent_after,enabled"

static bool name_is_good(struct kr_str name)
{
	if (name.n == 0 || name.n > 64 || name.p[0] == '-' || name.p[0] == '.')
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!kr_is_alnum(name.p[i]) && !strchr("-_.", name.p[i]))
			return false;
	return true;
}

static int check_source(const struct kr_source *src, struct kr_fault *reterr)
{
	if (!name_is_good(src->name)) {
		kr_fault_set(reterr, -KR_EINVAL, "'%.*s' is no name for a source",
			     (int)KR_MIN(src->name.n, (size_t)64), src->name.p ? src->name.p : "");
		kr_fault_remedy(reterr, "use letters, digits, '-', '_' and '.', at most 64, "
					"starting with a letter, digit or '_'");
		return -KR_EINVAL;
	}
	if (src->tlp == KR_TLP_RED) {
		kr_fault_set(reterr, -KR_EINVAL,
			     "RED is for named persons and cannot be the default of a source");
		kr_fault_remedy(reterr, "use AMBER+STRICT, or label single events RED");
		return -KR_EINVAL;
	}
	return 0;
}

static void bind_source(sqlite3_stmt *st, const struct kr_source *src, kr_time now)
{
	kr_db_bind_str(st, 1, src->name);
	kr_db_bind_str(st, 2, src->format);
	kr_db_bind_str(st, 3, src->mapping);
	kr_db_bind_str(st, 4, src->provider);
	kr_db_bind_str(st, 5, src->url);
	kr_db_bind_str(st, 6, src->note);
	sqlite3_bind_int(st, 7, (int)(src->retention ? src->retention : KR_RETAIN_STANDARD));
	sqlite3_bind_int(st, 8, (int)(src->tlp ? src->tlp : KR_TLP_AMBER));
	sqlite3_bind_int(st, 9, (int)src->pap);
	sqlite3_bind_int64(st, 10, now);
	sqlite3_bind_int64(st, 11, src->id);
	sqlite3_bind_int64(st, 12, src->revision);
	kr_db_bind_str(st, 13, src->kind);
	sqlite3_bind_int64(st, 14, src->interval_us);
	kr_db_bind_str(st, 15, src->options);
	kr_db_bind_str(st, 16, src->secret);
	sqlite3_bind_int64(st, 17, src->silent_after_us);
	sqlite3_bind_int(st, 18, !src->disabled);
}

/* What it is now; the log has what it was before. */
static int note_source(struct kr_store *s, const struct kr_by *by, const char *action,
		       const struct kr_source *src, struct kr_fault *reterr)
{
	ptrdiff_t query = kr_str_chr(src->url, '?');
	/* What is behind may be a token. */
	size_t path = query < 0 ? src->url.n : (size_t)query;
	KR_AUTO_BUF b = KR_BUF(4096);

	kr_buf_printf(&b,
		      "format=%.*s mapping=%.*s retention=%s tlp=%s pap=%s provider=%.*s"
		      " kind=%.*s url=%.*s interval=%llds silent_after=%llds secret=%.*s%s",
		      KR_STR_ARG(src->format), KR_STR_ARG(src->mapping),
		      kr_retention_text(src->retention ? src->retention : KR_RETAIN_STANDARD),
		      kr_tlp_text(src->tlp), kr_pap_text(src->pap), KR_STR_ARG(src->provider),
		      KR_STR_ARG(src->kind), KR_STR_ARG(kr_str_first(src->url, path)),
		      (long long)(src->interval_us / KR_SECOND),
		      (long long)(src->silent_after_us / KR_SECOND), KR_STR_ARG(src->secret),
		      src->disabled ? " disabled" : "");
	return kr_store__audit(s, by, action, src->name, kr_buf_str(&b), reterr);
}

/* It runs anew after a change; what it remembered goes if it was about something else. Before the
 * row of the source is changed. */
static int forget_state(struct kr_store *s, const struct kr_source *src, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(
		s->main,
		"UPDATE source_state SET next=NULL,failures=0,error=NULL,"
		"etag=iif(same,etag,NULL),modified=iif(same,modified,NULL),cursor=iif(same,cursor,"
		"NULL) FROM (SELECT coalesce(kind,'')=?2 AND coalesce(url,'')=?3 AND "
		"coalesce(options,'')=?4 AS same FROM source WHERE id=?1) WHERE source=?1",
		&st, reterr);

	if (r)
		return r;
	sqlite3_bind_int64(st, 1, src->id);
	kr_db_bind_str(st, 2, src->kind.p ? src->kind : KR_STR(""));
	kr_db_bind_str(st, 3, src->url.p ? src->url : KR_STR(""));
	kr_db_bind_str(st, 4, src->options.p ? src->options : KR_STR(""));
	return kr_db_run(st, reterr);
}

int kr_store_source_put(struct kr_store *s, const struct kr_by *by, const struct kr_source *src,
			uint32_t *ret_id, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = check_source(src, reterr);

	if (r)
		return r;
	r = kr_store__main_begin(s, reterr);
	if (r)
		return r;
	r = src->id ? forget_state(s, src, reterr) : 0;
	if (r)
		return kr_store__main_end(s, r, reterr);
	/* A removed source that is added again comes back under its old id, with its reports. */
	r = kr_db_prepare(
		s->main,
		src->id ? "UPDATE source SET "
			  "name=?1,format=?2,mapping=?3,provider=?4,url=?5,note=?6,"
			  "retention=?7,tlp=?8,pap=?9,changed=?10,revision=revision+1,"
			  "kind=?13,interval=?14,options=?15,secret=?16,silent_after=?17,"
			  "enabled=?18"
			  " WHERE id=?11 AND revision=?12 AND removed=0 RETURNING id"
			: "INSERT INTO "
			  "source(name,format,mapping,provider,url,note,retention,tlp,pap,"
			  "created,changed,revision,removed,kind,interval,options,secret,"
			  "silent_after,enabled)"
			  " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?10,1,0,?13,?14,?15,?16,?17,?18)"
			  " ON CONFLICT(name) DO UPDATE SET "
			  "format=?2,mapping=?3,provider=?4,url=?5,note=?6,"
			  "retention=?7,tlp=?8,pap=?9,changed=?10,revision=revision+1,removed=0,"
			  "kind=?13,interval=?14,options=?15,secret=?16,silent_after=?17,"
			  "enabled=?18"
			  " WHERE removed=1 RETURNING id",
		&st, reterr);
	if (!r) {
		bind_source(st, src, kr_store_now(s));
		r = kr_db_step(st, reterr);
	}
	if (r == 1) {
		const char *action = src->id ? "source.edit" : "source.add";

		/* ret_id may point into src. */
		*ret_id = (uint32_t)sqlite3_column_int64(st, 0);
		sqlite3_reset(st);
		r = note_source(s, by, action, src, reterr);
	} else if (r == 0 || r == -KR_EEXIST) {
		r = kr_fault_set(reterr, -KR_EEXIST,
				 src->id ? "source '%.*s' was changed by somebody else, or its new "
					   "name is taken"
					 : "source '%.*s' exists already",
				 KR_STR_ARG(src->name));
		kr_fault_remedy(reterr, src->id ? "look at it again and repeat the change"
						: "change it with: karaula source edit");
	}
	return kr_store__main_end(s, r, reterr);
}

int kr_store_source_remove(struct kr_store *s, const struct kr_by *by, struct kr_str name,
			   struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = kr_db_prepare(s->main,
			  "UPDATE source SET removed=1,changed=?2,revision=revision+1 WHERE "
			  "name=?1 AND removed=0",
			  &st, reterr);
	if (!r) {
		kr_db_bind_str(st, 1, name);
		sqlite3_bind_int64(st, 2, kr_store_now(s));
		r = kr_db_run(st, reterr);
	}
	if (!r && sqlite3_changes(s->main) == 0)
		r = kr_fault_set(reterr, -KR_ENOENT, "there is no source '%.*s'", KR_STR_ARG(name));
	if (!r)
		r = kr_store__audit(s, by, "source.remove", name, KR_STR_NULL, reterr);
	return kr_store__main_end(s, r, reterr);
}

static void read_source(sqlite3_stmt *st, struct kr_arena *a, struct kr_source *ret)
{
	*ret = (struct kr_source){
		.id = (uint32_t)sqlite3_column_int64(st, 0),
		.name = kr_db_dup(st, 1, a),
		.format = kr_db_dup(st, 2, a),
		.mapping = kr_db_dup(st, 3, a),
		.provider = kr_db_dup(st, 4, a),
		.url = kr_db_dup(st, 5, a),
		.note = kr_db_dup(st, 6, a),
		.retention = (enum kr_retention)sqlite3_column_int(st, 7),
		.tlp = (enum kr_tlp)sqlite3_column_int(st, 8),
		.pap = (enum kr_pap)sqlite3_column_int(st, 9),
		.created = sqlite3_column_int64(st, 10),
		.changed = sqlite3_column_int64(st, 11),
		.revision = (uint32_t)sqlite3_column_int64(st, 12),
		.removed = sqlite3_column_int(st, 13) != 0,
		.kind = kr_db_dup(st, 14, a),
		.interval_us = sqlite3_column_int64(st, 15),
		.options = kr_db_dup(st, 16, a),
		.secret = kr_db_dup(st, 17, a),
		.silent_after_us = sqlite3_column_int64(st, 18),
		.disabled = sqlite3_column_int(st, 19) == 0,
	};
}

int kr_store_source_get(struct kr_store *s, struct kr_str name, struct kr_arena *a,
			struct kr_source *ret, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r;

	pthread_mutex_lock(&s->main_lock);
	r = kr_db_prepare(s->main,
			  "SELECT " SOURCE_COLUMNS " FROM source WHERE name=?1 AND removed=0", &st,
			  reterr);
	if (!r) {
		kr_db_bind_str(st, 1, name);
		r = kr_db_step(st, reterr);
	}
	if (r == 1) {
		read_source(st, a, ret);
		r = 0;
	} else if (r == 0) {
		r = kr_fault_set(reterr, -KR_ENOENT, "there is no source '%.*s'", KR_STR_ARG(name));
		kr_fault_remedy(reterr, "karaula source list shows all");
	}
	sqlite3_finalize(st);
	st = NULL;
	pthread_mutex_unlock(&s->main_lock);
	return r;
}

int kr_store_source_list(struct kr_store *s, const struct kr_scope *scope, struct kr_arena *a,
			 struct kr_source **ret, size_t *ret_n, struct kr_fault *reterr)
{
	char path[KR_PATH_MAX];
	sqlite3 *db;
	sqlite3_stmt *st = NULL;
	struct kr_source *list = NULL;
	size_t n = 0, cap = 0;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(
		db, "SELECT " SOURCE_COLUMNS " FROM source WHERE removed=0 AND ?1 ORDER BY name",
		&st, reterr);
	if (!r)
		sqlite3_bind_int(st, 1, kr_store__shows_reports(scope));
	while (!r && (r = kr_db_step(st, reterr)) == 1) {
		list = kr_arena_more(a, list, n, &cap, sizeof(*list));
		if (!list)
			break;
		read_source(st, a, &list[n++]);
		r = 0;
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	if (r < 0 || kr_arena_full(a))
		return r < 0 ? r : kr_fault_set(reterr, -KR_ELIMIT, "too many sources");
	*ret = list;
	*ret_n = n;
	return 0;
}

static int note_mapping(struct kr_store *s, const struct kr_by *by, struct kr_str name,
			const struct kr_hash *hash, struct kr_fault *reterr)
{
	char text[KR_HASH_SIZE * 2 + 1];

	return kr_store__audit(s, by, "mapping.import", name, kr_str_c(kr_hash_text(hash, text)),
			       reterr);
}

int kr_store_mapping_put(struct kr_store *s, const struct kr_by *by, struct kr_str name,
			 struct kr_str codec, struct kr_str doc, const struct kr_hash *hash,
			 uint32_t *ret_id, struct kr_fault *reterr)
{
	KR_AUTO_STMT find = NULL;
	KR_AUTO_STMT add = NULL;
	bool same = false;
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = kr_db_prepare(
		s->main,
		"SELECT id,hash=?2 FROM mapping WHERE name=?1 ORDER BY version DESC LIMIT 1", &find,
		reterr);
	if (!r) {
		kr_db_bind_str(find, 1, name);
		sqlite3_bind_blob(find, 2, hash, sizeof(*hash), SQLITE_STATIC);
		r = kr_db_step(find, reterr);
	}
	if (r == 1 && sqlite3_column_int(find, 1)) {
		*ret_id = (uint32_t)sqlite3_column_int64(find, 0);
		same = true;
	}
	if (r >= 0 && !same) {
		r = kr_db_prepare(
			s->main,
			"INSERT INTO mapping(name,version,codec,hash,imported,doc,size) VALUES(?1,"
			"(SELECT coalesce(max(version),0)+1 FROM mapping WHERE "
			"name=?1),?2,?3,?4,?5,?6) RETURNING id",
			&add, reterr);
		if (!r) {
			kr_db_bind_str(add, 1, name);
			kr_db_bind_str(add, 2, codec);
			sqlite3_bind_blob(add, 3, hash, sizeof(*hash), SQLITE_STATIC);
			sqlite3_bind_int64(add, 4, kr_store_now(s));
			sqlite3_bind_blob64(add, 5, doc.p, doc.n, SQLITE_STATIC);
			sqlite3_bind_int64(add, 6, (int64_t)doc.n);
			r = kr_db_step(add, reterr);
		}
		if (r == 1)
			*ret_id = (uint32_t)sqlite3_column_int64(add, 0);
	}
	/* A statement that still has a row would hold the transaction open. */
	sqlite3_finalize(find);
	sqlite3_finalize(add);
	find = add = NULL;
	if (r >= 0 && !same)
		r = note_mapping(s, by, name, hash, reterr);
	r = kr_store__main_end(s, r, reterr);
	return r < 0 ? r : same;
}

int kr_store_mapping_list(struct kr_store *s, struct kr_arena *a, struct kr_mapping_row **ret,
			  size_t *ret_n, struct kr_fault *reterr)
{
	char path[KR_PATH_MAX];
	sqlite3 *db;
	sqlite3_stmt *st = NULL;
	struct kr_mapping_row *list = NULL;
	size_t n = 0, cap = 0;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(db,
			  "SELECT id,name,version,codec,hash,imported,size,"
			  "version=max(version) OVER (PARTITION BY name) FROM "
			  "mapping ORDER BY name,version DESC",
			  &st, reterr);
	while (!r && (r = kr_db_step(st, reterr)) == 1) {
		list = kr_arena_more(a, list, n, &cap, sizeof(*list));
		if (!list)
			break;
		list[n] = (struct kr_mapping_row){
			.id = (uint32_t)sqlite3_column_int64(st, 0),
			.name = kr_db_dup(st, 1, a),
			.version = (uint32_t)sqlite3_column_int64(st, 2),
			.codec = kr_db_dup(st, 3, a),
			.imported = sqlite3_column_int64(st, 5),
			.size = (uint64_t)sqlite3_column_int64(st, 6),
			.current = sqlite3_column_int(st, 7) != 0,
		};
		if (sqlite3_column_bytes(st, 4) == KR_HASH_SIZE)
			memcpy(&list[n].hash, sqlite3_column_blob(st, 4), KR_HASH_SIZE);
		n++;
		r = 0;
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	if (r < 0 || kr_arena_full(a))
		return r < 0 ? r : kr_fault_set(reterr, -KR_ELIMIT, "too many mappings");
	*ret = list;
	*ret_n = n;
	return 0;
}

int kr_store_mapping_doc(struct kr_store *s, uint32_t id, struct kr_arena *a,
			 struct kr_str *ret_doc, struct kr_fault *reterr)
{
	char path[KR_PATH_MAX];
	sqlite3 *db;
	sqlite3_stmt *st = NULL;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(db, "SELECT doc FROM mapping WHERE id=?1", &st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, id);
		r = kr_db_step(st, reterr);
	}
	if (r == 1) {
		*ret_doc = kr_db_dup(st, 0, a);
		r = ret_doc->p ? 0
			       : kr_fault_set(reterr, -KR_ELIMIT, "mapping %u is too large", id);
	} else if (r == 0) {
		r = kr_fault_set(reterr, -KR_ENOENT, "there is no mapping %u", id);
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	return r;
}
