/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deliveries: a delivery is what one recipient is told at one time. Packing binds waiting rows of
 * the outbox to it; from then on it is what the sinks see. SENDING is durable before a byte leaves,
 * so a delivery that a crash left there is in doubt, and never sent twice by itself.
 */
#include "store/backup.h"
#include "store/outbox.h"

#include <stdio.h>
#include <stdlib.h>

#include "model/viewer.h"
#include "store/sqlite/db.h"
#include "store/sqlite/outbox_internal.h"
#include "store/sqlite/scope.h"
#include "store/sqlite/state.h"

static const char *const states[] = {
	[KR_DELIVERY_QUEUED] = "queued",   [KR_DELIVERY_RETRY] = "retry",
	[KR_DELIVERY_SENDING] = "sending", [KR_DELIVERY_SENT] = "sent",
	[KR_DELIVERY_FAILED] = "failed",   [KR_DELIVERY_DOUBT] = "doubt",
	[KR_DELIVERY_DROPPED] = "dropped", [KR_DELIVERY_EMPTY] = "empty",
};

const char *kr_delivery_state_text(enum kr_delivery_state st)
{
	return st >= KR_DELIVERY_QUEUED && st < KR_ARRAY_LEN(states) ? states[st] : "";
}

int kr_delivery_state_parse(struct kr_str s, enum kr_delivery_state *ret)
{
	for (size_t i = KR_DELIVERY_QUEUED; i < KR_ARRAY_LEN(states); i++)
		if (kr_str_eqc(s, states[i])) {
			*ret = (enum kr_delivery_state)i;
			return 0;
		}
	return -KR_EINVAL;
}

/* ---- packing ---- */

static int new_delivery(struct kr_store *s, uint32_t recipient, kr_time now, enum kr_tlp tlp,
			uint64_t *ret, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	/* Numbers go on, but after a restore behind those that the lost node may have used. */
	int r = kr_db_prepare(
		s->main,
		"INSERT INTO delivery(id,recipient,created,state,due,rows,tlp) VALUES(max("
		"coalesce((SELECT max(id) FROM delivery),0)+1,coalesce((SELECT value FROM meta "
		"WHERE key='delivery_from'),0)),?1,?2,1,?2,0,?3)",
		&st, reterr);

	if (r)
		return r;
	sqlite3_bind_int64(st, 1, recipient);
	sqlite3_bind_int64(st, 2, now);
	sqlite3_bind_int(st, 3, (int)tlp);
	r = kr_db_run(st, reterr);
	*ret = (uint64_t)sqlite3_last_insert_rowid(s->main);
	return r;
}

/* A row that is withheld was judged by its event at that place; taken again since, it is judged
 * anew. */
static int bind_rows(struct kr_store *s, const struct kr_outbox_row *rows, size_t n, uint64_t id,
		     uint64_t *ret_packed, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->main,
			      "UPDATE outbox SET state=?5,why=?6,cause=?7,delivery=?8 WHERE "
			      "recipient=?1 AND source=?2 AND key=?3 AND day=?4 AND state=1 AND "
			      "(?5=2 OR (class=?9 AND part=?10 AND row=?11))",
			      &st, reterr);

	for (size_t i = 0; !r && i < n; i++) {
		const struct kr_outbox_row *x = &rows[i];
		bool pack = x->state == KR_OUTBOX_PACKED;

		if (!pack && x->state != KR_OUTBOX_WITHHELD)
			continue;
		sqlite3_bind_int64(st, 1, x->recipient);
		sqlite3_bind_int64(st, 2, x->source);
		sqlite3_bind_int64(st, 3, (int64_t)x->key);
		sqlite3_bind_int(st, 4, x->day);
		sqlite3_bind_int(st, 5, (int)x->state);
		sqlite3_bind_int(st, 6, pack ? 0 : (int)x->why);
		sqlite3_bind_int64(st, 7, pack ? 0 : (int64_t)x->cause);
		sqlite3_bind_int64(st, 8, pack ? (int64_t)id : 0);
		sqlite3_bind_int(st, 9, (int)x->event.class_);
		sqlite3_bind_int64(st, 10, x->event.part);
		sqlite3_bind_int64(st, 11, (int64_t)x->event.row);
		r = kr_db_run(st, reterr);
		if (!r && pack)
			*ret_packed += (uint64_t)sqlite3_changes(s->main);
	}
	return r;
}

static int set_rows(struct kr_store *s, uint64_t id, uint64_t rows, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->main,
			      rows ? "UPDATE delivery SET rows=?2 WHERE id=?1"
				   : "DELETE FROM delivery WHERE id=?1 AND ?2=0",
			      &st, reterr);

	if (r)
		return r;
	sqlite3_bind_int64(st, 1, (int64_t)id);
	sqlite3_bind_int64(st, 2, (int64_t)rows);
	return kr_db_run(st, reterr);
}

int kr_store_delivery_pack(struct kr_store *s, uint32_t recipient, kr_time now,
			   const struct kr_outbox_row *rows, size_t n, enum kr_tlp tlp,
			   uint64_t *ret_id, struct kr_fault *reterr)
{
	struct kr_outbox_row *sorted;
	uint64_t id = 0, packed = 0;
	int r;

	if (!n || kr_store_recovering(s) != KR_TIME_NONE)
		return 1;
	sorted = kr_xcalloc(n, sizeof(*sorted));
	memcpy(sorted, rows, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), kr_store__outbox_key_cmp);
	r = kr_store__main_begin(s, reterr);
	if (!r) {
		r = new_delivery(s, recipient, now, tlp, &id, reterr);
		if (!r)
			r = bind_rows(s, sorted, n, id, &packed, reterr);
		if (!r)
			r = set_rows(s, id, packed, reterr);
		r = kr_store__main_end(s, r, reterr);
	}
	free(sorted);
	if (r)
		return r;
	*ret_id = id;
	return !packed;
}

/* Rows go back to waiting. Returns how many. */
static int64_t release_rows(struct kr_store *s, uint64_t delivery, const struct kr_outbox_row *rows,
			    size_t n, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int64_t released = 0;
	int r = kr_db_prepare(s->main,
			      "UPDATE outbox SET state=1,why=0,cause=0,delivery=0,due=?6 WHERE "
			      "recipient=?1 AND source=?2 AND key=?3 AND day=?4 AND state=2 AND "
			      "delivery=?5",
			      &st, reterr);

	for (size_t i = 0; !r && i < n; i++) {
		sqlite3_bind_int64(st, 1, rows[i].recipient);
		sqlite3_bind_int64(st, 2, rows[i].source);
		sqlite3_bind_int64(st, 3, (int64_t)rows[i].key);
		sqlite3_bind_int(st, 4, rows[i].day);
		sqlite3_bind_int64(st, 5, (int64_t)delivery);
		sqlite3_bind_int64(st, 6, rows[i].due);
		r = kr_db_run(st, reterr);
		released += sqlite3_changes(s->main);
	}
	return r ? r : released;
}

int kr_store_outbox_release(struct kr_store *s, uint64_t delivery, const struct kr_outbox_row *rows,
			    size_t n, struct kr_fault *reterr)
{
	sqlite3_stmt *st = NULL;
	int64_t released;
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	released = release_rows(s, delivery, rows, n, reterr);
	r = released < 0 ? (int)released
			 : kr_db_prepare(s->main, "UPDATE delivery SET rows=rows-?2 WHERE id=?1",
					 &st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, (int64_t)delivery);
		sqlite3_bind_int64(st, 2, released);
		r = kr_db_run(st, reterr);
	}
	sqlite3_finalize(st);
	return kr_store__main_end(s, r, reterr);
}

int kr_store_outbox_due(struct kr_store *s, kr_time now, struct kr_arena *a, uint32_t **ret,
			size_t *ret_n, struct kr_fault *reterr)
{
	uint32_t *list = NULL;
	size_t n = 0, cap = 0;
	sqlite3_stmt *st = NULL;
	char path[KR_PATH_MAX];
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	/* From recipient to recipient through the index, not through all rows that wait. */
	r = kr_db_prepare(
		db,
		"WITH RECURSIVE r(id) AS (SELECT min(recipient) FROM outbox INDEXED BY outbox_due "
		"WHERE state=1 UNION ALL SELECT (SELECT min(recipient) FROM outbox INDEXED BY "
		"outbox_due WHERE state=1 AND recipient>r.id) FROM r WHERE r.id IS NOT NULL) "
		"SELECT r.id FROM r JOIN recipient p ON p.id=r.id WHERE p.removed=0 AND "
		"p.enabled=1 "
		"AND p.health>0 AND (p.muted_until IS NULL OR p.muted_until<=?1) AND EXISTS(SELECT "
		"1 FROM outbox INDEXED BY outbox_due WHERE recipient=r.id AND state=1 AND "
		"due<=?1)",
		&st, reterr);
	if (!r)
		sqlite3_bind_int64(st, 1, now);
	while (!r && (r = kr_db_step(st, reterr)) == 1) {
		list = kr_arena_more(a, list, n, &cap, sizeof(*list));
		if (!list)
			break;
		list[n++] = (uint32_t)sqlite3_column_int64(st, 0);
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

/* ---- what becomes of them ---- */

#define COLUMNS                                                                                    \
	"d.id,d.recipient,d.attempts,c.name,p.sink,p.address,d.state,d.created,d.due,d.sent,"      \
	"d.bounced,d.rows,d.size,d.tlp,d.subject,d.message_id,d.reason,d.hash"
#define FROM                                                                                       \
	" FROM delivery d JOIN recipient p ON p.id=d.recipient JOIN constituent c ON "             \
	"c.id=p.constituent"

static void read_delivery(sqlite3_stmt *st, struct kr_arena *a, struct kr_delivery *ret)
{
	*ret = (struct kr_delivery){
		.id = (uint64_t)sqlite3_column_int64(st, 0),
		.recipient = (uint32_t)sqlite3_column_int64(st, 1),
		.attempts = (uint32_t)sqlite3_column_int64(st, 2),
		.constituent = kr_db_dup(st, 3, a),
		.sink = kr_db_dup(st, 4, a),
		.address = kr_db_dup(st, 5, a),
		.state = (enum kr_delivery_state)sqlite3_column_int(st, 6),
		.created = sqlite3_column_int64(st, 7),
		.due = sqlite3_column_int64(st, 8),
		.sent = kr_store__time(st, 9),
		.bounced = kr_store__time(st, 10),
		.rows = (uint64_t)sqlite3_column_int64(st, 11),
		.size = (uint64_t)sqlite3_column_int64(st, 12),
		.tlp = (enum kr_tlp)sqlite3_column_int(st, 13),
		.subject = kr_db_dup(st, 14, a),
		.message_id = kr_db_dup(st, 15, a),
		.reason = kr_db_dup(st, 16, a),
	};
	if (sqlite3_column_bytes(st, 17) == KR_HASH_SIZE)
		memcpy(&ret->hash, sqlite3_column_blob(st, 17), KR_HASH_SIZE);
}

static int claim(struct kr_store *s, struct kr_str sink, kr_time now, struct kr_arena *a,
		 struct kr_delivery *ret, struct kr_fault *reterr)
{
	KR_AUTO_STMT find = NULL;
	KR_AUTO_STMT mark = NULL;
	int r = kr_db_prepare(
		s->main,
		"SELECT " COLUMNS " FROM delivery d INDEXED BY delivery_due JOIN recipient p ON "
		"p.id=d.recipient JOIN constituent c ON c.id=p.constituent WHERE d.state IN (1,2) "
		"AND d.due<=?2 AND p.sink=?1 AND p.removed=0 AND p.enabled=1 AND p.health>0 AND "
		"(p.muted_until IS NULL OR p.muted_until<=?2) ORDER BY d.due LIMIT 1",
		&find, reterr);

	if (!r)
		r = kr_db_prepare(s->main,
				  "UPDATE delivery SET state=3,attempts=attempts+1 WHERE id=?1",
				  &mark, reterr);
	if (r)
		return r;
	kr_db_bind_str(find, 1, sink);
	sqlite3_bind_int64(find, 2, now);
	r = kr_db_step(find, reterr);
	if (r <= 0)
		return r ? r : 1;
	read_delivery(find, a, ret);
	sqlite3_reset(find);
	ret->state = KR_DELIVERY_SENDING;
	ret->attempts++;
	sqlite3_bind_int64(mark, 1, (int64_t)ret->id);
	return kr_db_run(mark, reterr);
}

int kr_store_delivery_claim(struct kr_store *s, struct kr_str sink, kr_time now, struct kr_arena *a,
			    struct kr_delivery *ret, struct kr_fault *reterr)
{
	int r;

	/* What the lost node told after the backup is not known here. */
	if (kr_store_recovering(s) != KR_TIME_NONE)
		return 1;
	r = kr_store__main_begin(s, reterr);
	if (r)
		return r;
	r = claim(s, sink, now, a, ret, reterr);
	return kr_store__main_end(s, r, reterr);
}

int kr_store_delivery_done(struct kr_store *s, const struct kr_delivery *d, struct kr_fault *reterr)
{
	static const struct kr_hash none;
	sqlite3_stmt *st = NULL;
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = kr_db_prepare(s->main,
			  "UPDATE delivery SET state=?2,due=?3,reason=?4,subject=?5,message_id=?6,"
			  "size=?7,hash=?8,sent=?9,tlp=?10 WHERE id=?1 AND state=3",
			  &st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, (int64_t)d->id);
		sqlite3_bind_int(st, 2, (int)d->state);
		sqlite3_bind_int64(st, 3, d->due);
		kr_db_bind_str(st, 4, d->reason);
		kr_db_bind_str(st, 5, d->subject);
		kr_db_bind_str(st, 6, d->message_id);
		sqlite3_bind_int64(st, 7, (int64_t)d->size);
		if (memcmp(&d->hash, &none, sizeof(none)))
			sqlite3_bind_blob(st, 8, &d->hash, KR_HASH_SIZE, SQLITE_STATIC);
		kr_store__bind_time(st, 9, d->sent);
		sqlite3_bind_int(st, 10, (int)d->tlp);
		r = kr_db_run(st, reterr);
	}
	if (!r && sqlite3_changes(s->main) == 0)
		r = kr_fault_set(reterr, -KR_EINVAL, "delivery %llu is not being sent",
				 (unsigned long long)d->id);
	sqlite3_finalize(st);
	return kr_store__main_end(s, r, reterr);
}

static int bounced(struct kr_store *s, uint64_t id, bool failed, kr_time at, struct kr_str reason,
		   struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->main,
			      "UPDATE delivery SET state=CASE WHEN ?2 THEN 5 ELSE state END,"
			      "bounced=CASE WHEN ?2 THEN ?3 ELSE bounced END,reason=?4 "
			      "WHERE id=?1 AND state IN (4,6) AND bounced IS NULL",
			      &st, reterr);

	if (r)
		return r;
	sqlite3_bind_int64(st, 1, (int64_t)id);
	sqlite3_bind_int(st, 2, failed);
	sqlite3_bind_int64(st, 3, at);
	kr_db_bind_str(st, 4, reason);
	r = kr_db_run(st, reterr);
	return r ? r : sqlite3_changes(s->main) == 0;
}

int kr_store_delivery_bounced(struct kr_store *s, const struct kr_by *by, uint64_t id, bool failed,
			      kr_time at, struct kr_str reason, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	char text[24];
	bool same = false;
	int r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = kr_db_prepare(s->main, "SELECT 1 FROM delivery WHERE id=?1", &st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, (int64_t)id);
		r = kr_db_step(st, reterr);
	}
	if (r == 0)
		r = kr_fault_set(reterr, -KR_ENOENT, "there is no delivery %llu",
				 (unsigned long long)id);
	sqlite3_reset(st);
	if (r == 1)
		r = bounced(s, id, failed, at, reason, reterr);
	same = r == 1;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)id);
	if (r == 0)
		r = kr_store__audit(s, by, failed ? "delivery.bounced" : "delivery.late",
				    kr_str_c(text), reason, reterr);
	r = kr_store__main_end(s, same ? 0 : r, reterr);
	return r ? r : same;
}

int kr_store_delivery_recover(struct kr_store *s, struct kr_fault *reterr)
{
	int n = 0, r = kr_store__main_begin(s, reterr);

	if (r)
		return r;
	r = kr_db_exec(s->main,
		       "UPDATE delivery SET state=6,reason='the node stopped while it was sent' "
		       "WHERE state=3",
		       reterr);
	if (!r)
		n = sqlite3_changes(s->main);
	r = kr_store__main_end(s, r, reterr);
	return r ? r : n;
}

static int decide(struct kr_store *s, uint64_t id, enum kr_delivery_state to, struct kr_str reason,
		  struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	bool again = to == KR_DELIVERY_QUEUED;
	int r = kr_db_prepare(
		s->main,
		again ? "UPDATE delivery SET state=?2,due=?3,attempts=0,reason=?4 "
			"WHERE id=?1 AND state IN (2,5,6,7)"
		      : "UPDATE delivery SET state=?2,due=?3,reason=?4 WHERE id=?1 AND "
			"state IN (1,2,5,6)",
		&st, reterr);

	if (r)
		return r;
	sqlite3_bind_int64(st, 1, (int64_t)id);
	sqlite3_bind_int(st, 2, (int)to);
	sqlite3_bind_int64(st, 3, kr_store_now(s));
	kr_db_bind_str(st, 4, reason);
	return kr_db_run(st, reterr);
}

/* Nothing changed: because there is none, or because its state forbids it. */
static int refuse(struct kr_store *s, uint64_t id, enum kr_delivery_state to,
		  struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->main, "SELECT state FROM delivery WHERE id=?1", &st, reterr);

	if (r)
		return r;
	sqlite3_bind_int64(st, 1, (int64_t)id);
	r = kr_db_step(st, reterr);
	if (r < 0)
		return r;
	if (r == 0)
		return kr_fault_set(reterr, -KR_ENOENT, "there is no delivery %llu",
				    (unsigned long long)id);
	kr_fault_set(reterr, -KR_EINVAL, "delivery %llu is %s and cannot be %s",
		     (unsigned long long)id,
		     kr_delivery_state_text((enum kr_delivery_state)sqlite3_column_int(st, 0)),
		     to == KR_DELIVERY_QUEUED ? "repeated" : "dropped");
	kr_fault_remedy(reterr, "what failed, is in doubt, or was dropped can be repeated; what "
				"was not sent can be dropped");
	return -KR_EINVAL;
}

int kr_store_delivery_decide(struct kr_store *s, const struct kr_by *by, uint64_t id,
			     enum kr_delivery_state to, struct kr_str reason,
			     struct kr_fault *reterr)
{
	char text[24];
	int r;

	if (to != KR_DELIVERY_QUEUED && to != KR_DELIVERY_DROPPED)
		return kr_fault_set(reterr, -KR_EINVAL, "a delivery is repeated or dropped");
	r = kr_store__main_begin(s, reterr);
	if (r)
		return r;
	r = decide(s, id, to, reason, reterr);
	if (!r && sqlite3_changes(s->main) == 0)
		r = refuse(s, id, to, reterr);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)id);
	if (!r)
		r = kr_store__audit(s, by,
				    to == KR_DELIVERY_QUEUED ? "delivery.retry" : "delivery.drop",
				    kr_str_c(text), reason, reterr);
	return kr_store__main_end(s, r, reterr);
}

/* ---- questions ---- */

/* A delivery has the label of its tightest row. Whoever sees no events at all, by his rights, is
 * told of deliveries what is not in them. */
static struct kr_labels labels_of(const struct kr_scope *scope)
{
	return scope->tlp_max == KR_TLP_NONE ? kr_store__labels(&KR_SCOPE_ALL)
					     : kr_store__labels(scope);
}

static int list(struct kr_store *s, const struct kr_scope *scope, const struct kr_delivery_query *q,
		uint64_t id, struct kr_arena *a, struct kr_delivery **ret, size_t *ret_n,
		struct kr_fault *reterr)
{
	struct kr_delivery *rows = NULL;
	size_t n = 0, cap = 0;
	sqlite3_stmt *st = NULL;
	char path[KR_PATH_MAX];
	int64_t bound;
	bool may = kr_store__scope_clients(scope, KR_RIGHT_DELIVERIES, &bound);
	struct kr_labels labels = labels_of(scope);
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(db,
			  "SELECT " COLUMNS FROM " WHERE ?1 AND (?2=0 OR p.constituent=?2) AND "
			  "(?3=0 OR d.recipient=?3) AND (?4=0 OR p.constituent=?4) AND (?5=0 OR "
			  "d.state=?5) AND d.id<?6 AND d.id>=?8 AND d.tlp BETWEEN ?9 AND ?10 "
			  "ORDER BY d.id DESC LIMIT ?7",
			  &st, reterr);
	if (!r) {
		sqlite3_bind_int(st, 1, may);
		sqlite3_bind_int64(st, 2, bound);
		sqlite3_bind_int64(st, 3, q->recipient);
		sqlite3_bind_int64(st, 4, q->constituent);
		sqlite3_bind_int(st, 5, (int)q->state);
		sqlite3_bind_int64(st, 6, q->before ? (int64_t)q->before : INT64_MAX);
		sqlite3_bind_int64(st, 7, q->limit ? (int64_t)q->limit : -1);
		sqlite3_bind_int64(st, 8, (int64_t)id);
		sqlite3_bind_int(st, 9, labels.lo);
		sqlite3_bind_int(st, 10, labels.hi);
	}
	while (!r && (r = kr_db_step(st, reterr)) == 1) {
		rows = kr_arena_more(a, rows, n, &cap, sizeof(*rows));
		if (!rows)
			break;
		read_delivery(st, a, &rows[n++]);
		r = 0;
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	if (r < 0 || kr_arena_full(a))
		return r < 0 ? r : kr_fault_set(reterr, -KR_ELIMIT, "too many deliveries");
	*ret = rows;
	*ret_n = n;
	return 0;
}

int kr_store_delivery_list(struct kr_store *s, const struct kr_scope *scope,
			   const struct kr_delivery_query *q, struct kr_arena *a,
			   struct kr_delivery **ret, size_t *ret_n, struct kr_fault *reterr)
{
	return list(s, scope, q, 0, a, ret, ret_n, reterr);
}

int kr_store_delivery_get(struct kr_store *s, const struct kr_scope *scope, uint64_t id,
			  struct kr_arena *a, struct kr_delivery *ret, struct kr_fault *reterr)
{
	struct kr_delivery_query q = {.before = id + 1, .limit = 1};
	struct kr_delivery *one = NULL;
	size_t n = 0;
	int r = id && id < INT64_MAX ? list(s, scope, &q, id, a, &one, &n, reterr) : 0;

	if (r)
		return r;
	if (!n || one->id != id) {
		kr_fault_set(reterr, -KR_ENOENT, "there is no delivery %llu",
			     (unsigned long long)id);
		kr_fault_remedy(reterr, "karaula delivery list shows all");
		return -KR_ENOENT;
	}
	*ret = *one;
	return 0;
}
