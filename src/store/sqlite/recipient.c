/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recipients in main.db. One that the register made (of_register) follows the register; once a
 * person removed it, it is the person's, and an import does not bring it back.
 */
#include "store/outbox.h"

#include <stdio.h>

#include "model/viewer.h"
#include "store/sqlite/db.h"
#include "store/sqlite/outbox_internal.h"
#include "store/sqlite/state.h"

#define COLUMNS                                                                                    \
	"r.id,r.constituent,c.name,r.sink,r.address,r.language,r.zone,r.classes,r.format,"         \
	"r.secret,r.hour,r.quiet_from,r.quiet_to,r.muted_until,r.repeat_days,r.health,r.bounced,"  \
	"r.enabled,r.of_register,r.created,r.changed,r.revision,c.title,c.language,r.removed"
#define FROM " FROM recipient r JOIN constituent c ON c.id=r.constituent"

kr_time kr_store__time(sqlite3_stmt *st, int i)
{
	return sqlite3_column_type(st, i) == SQLITE_NULL ? KR_TIME_NONE
							 : sqlite3_column_int64(st, i);
}

void kr_store__bind_time(sqlite3_stmt *st, int i, kr_time t)
{
	if (t == KR_TIME_NONE)
		sqlite3_bind_null(st, i);
	else
		sqlite3_bind_int64(st, i, t);
}

bool kr_store__scope_clients(const struct kr_scope *scope, uint32_t right, int64_t *ret)
{
	*ret = scope->all ? 0 : (int64_t)scope->constituent;
	return scope->all || (scope->rights & right) ||
	       (scope->constituent && (scope->rights & KR_RIGHT_DELIVERIES));
}

static void read_recipient(sqlite3_stmt *st, struct kr_arena *a, struct kr_recipient *ret)
{
	*ret = (struct kr_recipient){
		.id = (uint32_t)sqlite3_column_int64(st, 0),
		.constituent = (uint32_t)sqlite3_column_int64(st, 1),
		.constituent_name = kr_db_dup(st, 2, a),
		.sink = kr_db_dup(st, 3, a),
		.address = kr_db_dup(st, 4, a),
		.language = kr_db_dup(st, 5, a),
		.zone = kr_db_dup(st, 6, a),
		.classes = kr_db_dup(st, 7, a),
		.format = kr_db_dup(st, 8, a),
		.secret = kr_db_dup(st, 9, a),
		.hour = (uint32_t)sqlite3_column_int(st, 10),
		.quiet_from = sqlite3_column_int(st, 11),
		.quiet_to = sqlite3_column_int(st, 12),
		.muted_until = kr_store__time(st, 13),
		.repeat_days = (uint32_t)sqlite3_column_int64(st, 14),
		.health = sqlite3_column_int(st, 15),
		.bounced = kr_store__time(st, 16),
		.enabled = sqlite3_column_int(st, 17) != 0,
		.of_register = sqlite3_column_int(st, 18) != 0,
		.created = sqlite3_column_int64(st, 19),
		.changed = sqlite3_column_int64(st, 20),
		.revision = (uint32_t)sqlite3_column_int64(st, 21),
		.constituent_title = kr_db_dup(st, 22, a),
		.constituent_language = kr_db_dup(st, 23, a),
		.removed = sqlite3_column_int(st, 24) != 0,
	};
}

static void bind_recipient(sqlite3_stmt *st, const struct kr_recipient *r, kr_time now)
{
	sqlite3_bind_int64(st, 1, r->constituent);
	kr_db_bind_str(st, 2, r->sink);
	kr_db_bind_str(st, 3, r->address.p ? r->address : KR_STR(""));
	kr_db_bind_str(st, 4, r->language);
	kr_db_bind_str(st, 5, r->zone);
	kr_db_bind_str(st, 6, r->classes);
	kr_db_bind_str(st, 7, r->format);
	kr_db_bind_str(st, 8, r->secret);
	sqlite3_bind_int64(st, 9, r->hour);
	sqlite3_bind_int(st, 10, r->quiet_from);
	sqlite3_bind_int(st, 11, r->quiet_to);
	kr_store__bind_time(st, 12, r->muted_until);
	sqlite3_bind_int64(st, 13, r->repeat_days);
	sqlite3_bind_int(st, 14, r->enabled);
	sqlite3_bind_int(st, 15, r->of_register);
	sqlite3_bind_int64(st, 16, now);
	sqlite3_bind_int(st, 17, r->health);
}

#define INSERT                                                                                     \
	"INSERT INTO recipient(constituent,sink,address,language,zone,classes,format,secret,hour," \
	"quiet_from,quiet_to,muted_until,repeat_days,enabled,of_register,created,changed,health,"  \
	"revision,removed)"                                                                        \
	" VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?16,?17,1,0)"
#define SET                                                                                        \
	"language=?4,zone=?5,classes=?6,format=?7,secret=?8,hour=?9,quiet_from=?10,quiet_to=?11,"  \
	"muted_until=?12,repeat_days=?13,enabled=?14,of_register=?15,changed=?16,health=?17,"      \
	"revision=revision+1,removed=0"

static int exists(const struct kr_recipient *r, struct kr_fault *reterr)
{
	kr_fault_set(reterr, -KR_EEXIST,
		     r->id ? "recipient %.*s was changed by somebody else, or there is another "
			     "one with this address"
			   : "this constituent has the recipient %.*s already",
		     (int)KR_MIN(r->address.n, (size_t)80), r->address.p ? r->address.p : "");
	kr_fault_remedy(reterr, r->id ? "look at it again and repeat the change"
				      : "change it with: karaula recipient edit");
	return -KR_EEXIST;
}

static int put(struct kr_store *s, const struct kr_recipient *x, uint32_t *ret_id,
	       struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->main,
			      x->id ? "UPDATE recipient SET constituent=?1,sink=?2,address=?3," SET
				      " WHERE id=?18 AND revision=?19 AND removed=0 RETURNING id"
				    : INSERT
				      " ON CONFLICT(constituent,sink,address) DO UPDATE SET " SET
				      " WHERE removed=1 RETURNING id",
			      &st, reterr);

	if (r)
		return r;
	bind_recipient(st, x, kr_store_now(s));
	if (x->id) {
		sqlite3_bind_int64(st, 18, x->id);
		sqlite3_bind_int64(st, 19, x->revision);
	}
	r = kr_db_step(st, reterr);
	if (r == 0 || r == -KR_EEXIST)
		return exists(x, reterr);
	if (r == 1)
		*ret_id = (uint32_t)sqlite3_column_int64(st, 0);
	return KR_MIN(r, 0);
}

/* "mail soc@example.org": what the audit log names it by. */
static struct kr_str label_of(const struct kr_recipient *x, char *buf, size_t size)
{
	int n = snprintf(buf, size, "%.*s %.*s", (int)KR_MIN(x->sink.n, (size_t)16),
			 x->sink.p ? x->sink.p : "", (int)KR_MIN(x->address.n, size - 32),
			 x->address.p ? x->address.p : "");

	return kr_str_n(buf, (size_t)n);
}

int kr_store_recipient_put(struct kr_store *s, const struct kr_by *by, const struct kr_recipient *x,
			   uint32_t *ret_id, struct kr_fault *reterr)
{
	KR_AUTO_BUF detail = KR_BUF(4096);
	char label[512];
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = put(s, x, ret_id, reterr);
	kr_buf_printf(&detail, "classes %.*s, hour %u, %s", KR_STR_ARG(x->classes), x->hour,
		      x->enabled ? "enabled" : "disabled");
	if (!r)
		r = kr_store__audit(s, by, x->id ? "recipient.edit" : "recipient.add",
				    label_of(x, label, sizeof(label)), kr_buf_str(&detail), reterr);
	r = kr_store__main_end(s, r, reterr);
	if (!r)
		__atomic_add_fetch(&s->recipient_version, 1, __ATOMIC_RELEASE);
	return r;
}

/* What waits in its name is not sent any more. */
static int drop_deliveries(struct kr_store *s, struct kr_fault *reterr)
{
	return kr_db_exec(
		s->main,
		"UPDATE delivery SET state=7,reason='the recipient was removed' WHERE "
		"state IN (1,2) AND recipient IN (SELECT id FROM recipient WHERE removed=1)",
		reterr);
}

int kr_store_recipient_remove(struct kr_store *s, const struct kr_by *by, uint32_t id,
			      struct kr_fault *reterr)
{
	sqlite3_stmt *st = NULL;
	char label[512] = "";
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = kr_db_prepare(
		s->main,
		"UPDATE recipient SET removed=1,of_register=0,changed=?2,revision=revision+1"
		" WHERE id=?1 AND removed=0 RETURNING sink||' '||address",
		&st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, id);
		sqlite3_bind_int64(st, 2, kr_store_now(s));
		r = kr_db_step(st, reterr);
	}
	if (r == 0)
		r = kr_fault_set(reterr, -KR_ENOENT, "there is no recipient %u", id);
	if (r == 1) {
		snprintf(label, sizeof(label), "%.*s", KR_STR_ARG(kr_db_text(st, 0)));
		r = 0;
	}
	sqlite3_finalize(st);
	if (!r)
		r = drop_deliveries(s, reterr);
	if (!r)
		r = kr_store__audit(s, by, "recipient.remove", kr_str_c(label), KR_STR(""), reterr);
	r = kr_store__main_end(s, r, reterr);
	if (!r)
		__atomic_add_fetch(&s->recipient_version, 1, __ATOMIC_RELEASE);
	return r;
}

/* ---- the register's ---- */

static int sync_wanted(struct kr_store *s, const struct kr_recipient *like,
		       const struct kr_recipient *want, size_t n,
		       struct kr_register_recipients *ret, struct kr_fault *reterr)
{
	KR_AUTO_STMT add = NULL;
	KR_AUTO_STMT note = NULL;
	int r = kr_db_exec(s->main,
			   "CREATE TEMP TABLE IF NOT EXISTS wanted(constituent,address,"
			   "PRIMARY KEY(constituent,address)) WITHOUT ROWID;DELETE FROM wanted",
			   reterr);

	if (!r)
		r = kr_db_prepare(s->main,
				  INSERT " ON CONFLICT(constituent,sink,address) DO UPDATE SET "
					 "changed=?16,revision=revision+1,removed=0 WHERE "
					 "removed=1 AND of_register=1 RETURNING revision",
				  &add, reterr);
	if (!r)
		r = kr_db_prepare(s->main, "INSERT OR IGNORE INTO temp.wanted VALUES(?1,?2)", &note,
				  reterr);
	for (size_t i = 0; !r && i < n; i++) {
		struct kr_recipient x = *like;

		x.constituent = want[i].constituent;
		x.address = want[i].address;
		x.of_register = true;
		bind_recipient(add, &x, kr_store_now(s));
		r = kr_db_step(add, reterr);
		if (r == 1) {
			*(sqlite3_column_int64(add, 0) == 1 ? &ret->added : &ret->returned) += 1;
			sqlite3_reset(add);
			r = 0;
		}
		sqlite3_bind_int64(note, 1, x.constituent);
		kr_db_bind_str(note, 2, x.address);
		if (!r)
			r = kr_db_run(note, reterr);
	}
	return r;
}

static int sync_unwanted(struct kr_store *s, struct kr_register_recipients *ret,
			 struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(
		s->main,
		"UPDATE recipient SET removed=1,changed=?1,revision=revision+1 WHERE of_register=1 "
		"AND removed=0 AND (constituent,address) NOT IN (SELECT constituent,address FROM "
		"temp.wanted)",
		&st, reterr);

	if (r)
		return r;
	sqlite3_bind_int64(st, 1, kr_store_now(s));
	r = kr_db_run(st, reterr);
	ret->removed = (uint32_t)sqlite3_changes(s->main);
	if (!r)
		r = drop_deliveries(s, reterr);
	return r ? r : kr_db_exec(s->main, "DELETE FROM temp.wanted", reterr);
}

int kr_store_recipient_sync(struct kr_store *s, const struct kr_by *by,
			    const struct kr_recipient *like, const struct kr_recipient *want,
			    size_t n, struct kr_register_recipients *ret, struct kr_fault *reterr)
{
	struct kr_register_recipients sum = {0};
	char detail[96];
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = sync_wanted(s, like, want, n, &sum, reterr);
	if (!r)
		r = sync_unwanted(s, &sum, reterr);
	snprintf(detail, sizeof(detail), "%u added, %u came back, %u removed", sum.added,
		 sum.returned, sum.removed);
	if (!r && (sum.added || sum.returned || sum.removed))
		r = kr_store__audit(s, by, "recipient.import", KR_STR("register"), kr_str_c(detail),
				    reterr);
	r = kr_store__main_end(s, r, reterr);
	if (r)
		return r;
	__atomic_add_fetch(&s->recipient_version, 1, __ATOMIC_RELEASE);
	*ret = sum;
	return 0;
}

uint64_t kr_store_recipient_version(struct kr_store *s)
{
	return __atomic_load_n(&s->recipient_version, __ATOMIC_ACQUIRE);
}

/* ---- questions ---- */

int kr_store_recipient_list(struct kr_store *s, const struct kr_scope *scope,
			    const struct kr_recipient_query *q, struct kr_arena *a,
			    struct kr_recipient **ret, size_t *ret_n, struct kr_fault *reterr)
{
	struct kr_recipient *list = NULL;
	size_t n = 0, cap = 0;
	sqlite3_stmt *st = NULL;
	char path[KR_PATH_MAX];
	int64_t bound;
	bool may = kr_store__scope_clients(scope, KR_RIGHT_REGISTER, &bound);
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(db,
			  "SELECT " COLUMNS FROM " WHERE (r.removed=0 OR ?6) AND ?1 AND (?2=0 OR "
			  "r.constituent=?2) AND (?3=0 OR r.constituent=?3) AND r.id>?4 ORDER BY "
			  "r.id LIMIT ?5",
			  &st, reterr);
	if (!r) {
		sqlite3_bind_int(st, 1, may);
		sqlite3_bind_int64(st, 2, bound);
		sqlite3_bind_int64(st, 3, q->constituent);
		sqlite3_bind_int64(st, 4, q->after);
		sqlite3_bind_int64(st, 5, q->limit ? (int64_t)q->limit : -1);
		sqlite3_bind_int(st, 6, q->removed);
	}
	while (!r && (r = kr_db_step(st, reterr)) == 1) {
		list = kr_arena_more(a, list, n, &cap, sizeof(*list));
		if (!list)
			break;
		read_recipient(st, a, &list[n++]);
		r = 0;
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	if (r < 0 || kr_arena_full(a))
		return r < 0 ? r : kr_fault_set(reterr, -KR_ELIMIT, "too many recipients");
	*ret = list;
	*ret_n = n;
	return 0;
}

int kr_store_recipient_get(struct kr_store *s, const struct kr_scope *scope, uint32_t id,
			   struct kr_arena *a, struct kr_recipient *ret, struct kr_fault *reterr)
{
	struct kr_recipient_query q = {.after = id - 1, .limit = 1, .removed = true};
	struct kr_recipient *one = NULL;
	size_t n = 0;
	int r = id ? kr_store_recipient_list(s, scope, &q, a, &one, &n, reterr) : 0;

	if (r)
		return r;
	if (!n || one->id != id) {
		kr_fault_set(reterr, -KR_ENOENT, "there is no recipient %u", id);
		kr_fault_remedy(reterr, "karaula recipient list shows all");
		return -KR_ENOENT;
	}
	*ret = *one;
	return 0;
}

int kr_store_recipient_health(struct kr_store *s, uint32_t id, int change, kr_time bounced,
			      struct kr_fault *reterr)
{
	sqlite3_stmt *st = NULL;
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = kr_db_prepare(s->main,
			  "UPDATE recipient SET health=max(0,min(100,health+?2)),"
			  "bounced=coalesce(?3,bounced) WHERE id=?1",
			  &st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, id);
		sqlite3_bind_int(st, 2, change);
		kr_store__bind_time(st, 3, bounced);
		r = kr_db_run(st, reterr);
	}
	if (!r && sqlite3_changes(s->main) == 0)
		r = kr_fault_set(reterr, -KR_ENOENT, "there is no recipient %u", id);
	sqlite3_finalize(st);
	return kr_store__main_end(s, r, reterr);
}
