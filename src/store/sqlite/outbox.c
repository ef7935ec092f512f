/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How rows come to the outbox: row ids of a partition rise with arrival and are never used again,
 * so the cursor of a partition is the first id that was not looked at. A piece of rows is read from
 * the partition and decided by the desk without any lock of main.db; what was decided is sorted by
 * primary key and written with the cursor in one short transaction, so a click never waits long.
 *
 * Taking a report again gives its rows new ids: they are seen again, find (recipient, source, key,
 * day) there, and only mend the place of the event.
 */
#include "store/outbox.h"

#include <stdlib.h>

#include "model/viewer.h"
#include "store/sqlite/db.h"
#include "store/sqlite/outbox_internal.h"
#include "store/sqlite/partition.h"
#include "store/sqlite/plan.h"
#include "store/sqlite/row.h"
#include "store/sqlite/scope.h"
#include "store/sqlite/state.h"

/* Each piece writes most pages of a large outbox again, so pieces are large. */
#define PIECE	   32768 /* rows read before what they gave is written */
#define PIECE_ADDS 32768 /* or so many rows of the outbox */
#define OWNERS_MAX 1024	 /* of one row that are looked at */

struct kr_outbox_cursor {
	enum kr_retention class_;
	int32_t day;
	uint32_t part;
	uint64_t row; /* ids below were looked at */
};

struct kr_outbox_session {
	struct kr_store *s;
	const struct kr_outbox_derive *d;
	struct kr_outbox_row *rows;
	size_t n, cap;
	sqlite3 *main; /* reader */
	sqlite3_stmt *told;
	struct kr_names *names; /* with d->full */
	struct kr_arena *a;	/* of one row */
	uint64_t passed;
};

static const char *const whys[] = {
	[KR_WHY_NONE] = "",
	[KR_WHY_LABEL] = "label",
	[KR_WHY_SUPPRESSED] = "suppressed",
	[KR_WHY_FEEDBACK] = "feedback",
	[KR_WHY_REPEAT] = "repeat",
	[KR_WHY_CLASS] = "class",
	[KR_WHY_OLD] = "old",
	[KR_WHY_GONE] = "gone",
	[KR_WHY_RESTORED] = "restored",
};

const char *kr_outbox_why_text(enum kr_outbox_why why)
{
	return why < KR_ARRAY_LEN(whys) ? whys[why] : "";
}

/* ---- cursors ---- */

static int load_cursors(struct kr_store *s, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r;

	if (s->cursors_loaded)
		return 0;
	r = kr_db_prepare(s->main, "SELECT class,day,part,row FROM outbox_cursor", &st, reterr);
	while (!r && (r = kr_db_step(st, reterr)) == 1) {
		s->cursors = kr_xrealloc(s->cursors, (s->n_cursors + 1) * sizeof(*s->cursors));
		s->cursors[s->n_cursors++] = (struct kr_outbox_cursor){
			(enum kr_retention)sqlite3_column_int(st, 0), sqlite3_column_int(st, 1),
			(uint32_t)sqlite3_column_int64(st, 2),
			(uint64_t)sqlite3_column_int64(st, 3)};
		r = 0;
	}
	s->cursors_loaded = r == 0;
	return r;
}

static uint64_t cursor_of(const struct kr_store *s, const struct kr_part_info *p)
{
	for (size_t i = s->n_cursors; i-- > 0;) {
		const struct kr_outbox_cursor *c = &s->cursors[i];

		if (c->class_ == p->class_ && c->day == p->day && c->part == p->part)
			return c->row;
	}
	return 1;
}

static void remember_cursor(struct kr_store *s, const struct kr_part_info *p, uint64_t row)
{
	pthread_mutex_lock(&s->cursors_lock);
	for (size_t i = s->n_cursors; i-- > 0;) {
		struct kr_outbox_cursor *c = &s->cursors[i];

		if (c->class_ == p->class_ && c->day == p->day && c->part == p->part) {
			c->row = row;
			pthread_mutex_unlock(&s->cursors_lock);
			return;
		}
	}
	s->cursors = kr_xrealloc(s->cursors, (s->n_cursors + 1) * sizeof(*s->cursors));
	s->cursors[s->n_cursors++] = (struct kr_outbox_cursor){p->class_, p->day, p->part, row};
	pthread_mutex_unlock(&s->cursors_lock);
}

bool kr_store_outbox_behind(struct kr_store *s)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_part_info *parts;
	size_t n = kr_store__catalogue_copy(s, a, &parts);
	bool behind = false;

	pthread_mutex_lock(&s->cursors_lock);
	for (size_t i = 0; i < n && !behind; i++)
		behind = !s->cursors_loaded || cursor_of(s, &parts[i]) < parts[i].next_id;
	pthread_mutex_unlock(&s->cursors_lock);
	return behind;
}

/* ---- writing ---- */

static int key_cmp(const void *x, const void *y)
{
	const struct kr_outbox_row *a = x, *b = y;

	if (a->recipient != b->recipient)
		return a->recipient < b->recipient ? -1 : 1;
	if (a->source != b->source)
		return a->source < b->source ? -1 : 1;
	if (a->key != b->key)
		return (int64_t)a->key < (int64_t)b->key ? -1 : 1;
	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	return (a->event.row > b->event.row) - (a->event.row < b->event.row);
}

int kr_store__outbox_key_cmp(const void *x, const void *y)
{
	return key_cmp(x, y);
}

/* Packed, or perhaps told by a node that was lost: KR_WHY_RESTORED. */
#define KEPT "(state=2 OR (state=3 AND why=8))"

static int write_rows(struct kr_outbox_session *o, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	/* What is not KEPT is decided anew; see kr_store_outbox_add(). */
	int r = kr_db_prepare(
		o->s->main,
		"INSERT INTO outbox(recipient,source,key,day,class,part,row,rule,state,due,why,"
		"cause) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12) ON CONFLICT DO UPDATE SET "
		"class=excluded.class,part=excluded.part,row=excluded.row,"
		"rule=CASE WHEN " KEPT " THEN rule ELSE excluded.rule END,"
		"due=CASE WHEN " KEPT " THEN due WHEN state=1 THEN min(due,excluded.due) ELSE "
		"excluded.due END,"
		"why=CASE WHEN " KEPT " THEN why ELSE excluded.why END,"
		"cause=CASE WHEN " KEPT " THEN cause ELSE excluded.cause END,"
		"state=CASE WHEN " KEPT " THEN state ELSE excluded.state END "
		"WHERE row<>excluded.row OR part<>excluded.part OR class<>excluded.class",
		&st, reterr);

	if (o->n)
		qsort(o->rows, o->n, sizeof(*o->rows), key_cmp);
	for (size_t i = 0; !r && i < o->n; i++) {
		const struct kr_outbox_row *x = &o->rows[i];

		sqlite3_bind_int64(st, 1, x->recipient);
		sqlite3_bind_int64(st, 2, x->source);
		sqlite3_bind_int64(st, 3, (int64_t)x->key);
		sqlite3_bind_int(st, 4, x->day);
		sqlite3_bind_int(st, 5, (int)x->event.class_);
		sqlite3_bind_int64(st, 6, x->event.part);
		sqlite3_bind_int64(st, 7, (int64_t)x->event.row);
		sqlite3_bind_int64(st, 8, x->rule);
		sqlite3_bind_int(st, 9, (int)x->state);
		sqlite3_bind_int64(st, 10, x->due);
		sqlite3_bind_int(st, 11, (int)x->why);
		sqlite3_bind_int64(st, 12, (int64_t)x->cause);
		r = kr_db_run(st, reterr);
	}
	return r;
}

static int write_cursor(struct kr_store *s, const struct kr_part_info *p, uint64_t row,
			struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(s->main, "INSERT OR REPLACE INTO outbox_cursor VALUES(?1,?2,?3,?4)",
			      &st, reterr);

	if (r)
		return r;
	sqlite3_bind_int(st, 1, (int)p->class_);
	sqlite3_bind_int(st, 2, p->day);
	sqlite3_bind_int64(st, 3, p->part);
	sqlite3_bind_int64(st, 4, (int64_t)row);
	return kr_db_run(st, reterr);
}

/* A piece is decided: ids below `row` are done. */
static int commit(struct kr_outbox_session *o, const struct kr_part_info *p, uint64_t row,
		  struct kr_fault *reterr)
{
	int r;

	if (o->d->dry) {
		o->n = 0;
		return 0;
	}
	r = kr_store__main_begin(o->s, reterr);
	if (r)
		return r;
	r = write_rows(o, reterr);
	if (!r)
		r = write_cursor(o->s, p, row, reterr);
	r = kr_store__main_end(o->s, r, reterr);
	if (!r)
		remember_cursor(o->s, p, row);
	o->n = 0;
	return r;
}

/* Partitions of days long gone: one transaction for all, whatever they hold. */
static int pass_over(struct kr_store *s, const struct kr_part_info *parts, size_t n,
		     int32_t day_min, struct kr_fault *reterr)
{
	size_t open = 0;
	int r = 0;

	for (size_t i = 0; i < n; i++)
		open += parts[i].day < day_min && cursor_of(s, &parts[i]) < parts[i].next_id;
	if (!open)
		return 0;
	r = kr_store__main_begin(s, reterr);
	if (r)
		return r;
	for (size_t i = 0; !r && i < n; i++)
		if (parts[i].day < day_min)
			r = write_cursor(s, &parts[i], parts[i].next_id, reterr);
	r = kr_store__main_end(s, r, reterr);
	for (size_t i = 0; !r && i < n; i++)
		if (parts[i].day < day_min)
			remember_cursor(s, &parts[i], parts[i].next_id);
	return r;
}

/* ---- reading ---- */

/* When the rows of each segment were stored; ids rise. */
struct segments {
	struct {
		uint64_t to;
		kr_time at;
	} *list;
	size_t n, cap, next;
};

static int read_segments(sqlite3 *db, uint64_t from, struct kr_arena *a, struct segments *ret,
			 struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_db_prepare(
		db, "SELECT id_to,at FROM seg WHERE id_to>?1 AND id_to>id_from ORDER BY seg", &st,
		reterr);

	if (r)
		return r;
	sqlite3_bind_int64(st, 1, (int64_t)from);
	while ((r = kr_db_step(st, reterr)) == 1) {
		ret->list = kr_arena_more(a, ret->list, ret->n, &ret->cap, sizeof(*ret->list));
		if (!ret->list)
			return kr_fault_set(reterr, -KR_ELIMIT, "too many segments");
		ret->list[ret->n].to = (uint64_t)sqlite3_column_int64(st, 0);
		ret->list[ret->n++].at = sqlite3_column_int64(st, 1);
	}
	return r;
}

static kr_time stored_at(struct segments *g, uint64_t id, kr_time otherwise)
{
	while (g->next < g->n && g->list[g->next].to <= id)
		g->next++;
	return g->next < g->n ? g->list[g->next].at : otherwise;
}

static int read_lean(sqlite3_stmt *st, struct kr_owner *owners, struct kr_fresh_row *ret)
{
	struct kr_str blob = kr_db_text(st, 6);

	ret->key = (uint64_t)sqlite3_column_int64(st, 1);
	ret->source = (uint32_t)sqlite3_column_int64(st, 2);
	ret->first = sqlite3_column_int64(st, 3);
	ret->last = sqlite3_column_int64(st, 4);
	ret->label = (enum kr_tlp)sqlite3_column_int(st, 5);
	ret->taxonomy = kr_db_text(st, 7);
	while (ret->n_owners < OWNERS_MAX && kr_row_owner_next(&blob, &owners[ret->n_owners]))
		ret->n_owners++;
	ret->owners = owners;
	return 0;
}

static int read_full(struct kr_outbox_session *o, sqlite3_stmt *st, const struct kr_part_info *p,
		     struct kr_stored_event *ev, struct kr_fresh_row *ret, struct kr_fault *reterr)
{
	const union kr_value *class_;
	struct kr_row row;
	int r;

	kr_arena_clear(o->a);
	r = kr_row_read(st, 0, o->a, &row, reterr);
	if (!r)
		r = kr_store__stored_event(o->names, p, &row, o->a, ev, reterr);
	if (r)
		return r;
	class_ = kr_event_get(row.e, KR_F_CLASS_TAXONOMY);
	ret->key = row.e->key;
	ret->source = row.source;
	ret->first = row.e->first;
	ret->last = row.e->last;
	ret->label = row.e->label;
	ret->taxonomy = class_ ? class_->text : KR_STR("");
	ret->owners = row.e->owners;
	ret->n_owners = row.e->n_owners;
	ret->full = ev;
	return 0;
}

static int one_row(struct kr_outbox_session *o, sqlite3_stmt *st, const struct kr_part_info *p,
		   struct segments *g, struct kr_fault *reterr)
{
	struct kr_owner owners[OWNERS_MAX];
	struct kr_stored_event ev;
	struct kr_fresh_row row;
	uint64_t id = (uint64_t)sqlite3_column_int64(st, 0);
	int r;

	row.id = (struct kr_event_id){p->class_, p->day, p->part, id};
	row.n_owners = 0;
	row.full = NULL;
	r = o->d->full ? read_full(o, st, p, &ev, &row, reterr) : read_lean(st, owners, &row);
	if (r)
		return r;
	row.stored = stored_at(g, id, row.last);
	return o->d->each(o->d->ctx, &row, reterr);
}

static int prepare_rows(struct kr_outbox_session *o, sqlite3 *db, sqlite3_stmt **ret,
			struct kr_fault *reterr)
{
	KR_AUTO_BUF sql = KR_BUF(8192);

	if (o->d->full)
		kr_buf_c(&sql, "SELECT ");
	else
		kr_buf_c(&sql, "SELECT id,key,source,first,last,label,owners,");
	kr_buf_c(&sql, o->d->full ? kr_row_columns() : kr_row_column(KR_F_CLASS_TAXONOMY));
	kr_buf_c(&sql, " FROM event WHERE id>=?1 AND owners IS NOT NULL ORDER BY id");
	return kr_db_prepare(db, kr_buf_cstr(&sql), ret, reterr);
}

static int walk(struct kr_outbox_session *o, sqlite3 *db, const struct kr_part_info *p,
		uint64_t from, struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new((size_t)64 << 20);
	struct segments g = {0};
	KR_AUTO_STMT st = NULL;
	uint64_t piece = 0, id;
	int r = read_segments(db, from, a, &g, reterr);

	if (!r)
		r = prepare_rows(o, db, &st, reterr);
	if (r)
		return r;
	sqlite3_bind_int64(st, 1, (int64_t)from);
	while ((r = kr_db_step(st, reterr)) == 1) {
		id = (uint64_t)sqlite3_column_int64(st, 0);
		r = one_row(o, st, p, &g, reterr);
		if (r)
			return r;
		o->passed++;
		if (++piece < PIECE && o->n < PIECE_ADDS)
			continue;
		piece = 0;
		r = commit(o, p, id + 1, reterr);
		if (r)
			return r;
		if (o->d->cancelled && o->d->cancelled(o->d->ctx))
			return kr_fault_set(reterr, -KR_ECANCEL, "stopped");
	}
	return r ? r : commit(o, p, p->next_id, reterr);
}

static int derive_part(struct kr_outbox_session *o, const struct kr_part_info *p,
		       struct kr_fault *reterr)
{
	struct kr_part_info now = *p;
	char path[KR_PATH_MAX];
	sqlite3 *db;
	int r = kr_store__reader(o->s, kr_store__part_path(o->s, p->class_, p->day, p->part, path),
				 &db, reterr);

	if (r)
		return r;
	/* One snapshot: rows, their segments, and the end that the cursor moves to. */
	r = kr_db_exec(db, "BEGIN", reterr);
	if (!r)
		r = kr_partition_state(db, &now, reterr);
	if (!r)
		r = walk(o, db, &now, cursor_of(o->s, p), reterr);
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	kr_store__reader_put(o->s, db);
	return r;
}

static int session_open(struct kr_outbox_session *o, struct kr_fault *reterr)
{
	char path[KR_PATH_MAX];
	int r = kr_store__reader(o->s, kr_store__path(o->s, "main.db", path), &o->main, reterr);

	if (!r && o->d->full) {
		o->names = kr_names_new(o->s, NULL, NULL, reterr);
		r = o->names ? 0 : -KR_ESTORE;
	}
	o->a = kr_arena_new((size_t)64 << 20);
	return r;
}

static void session_close(struct kr_outbox_session *o)
{
	sqlite3_finalize(o->told);
	kr_store__reader_put(o->s, o->main);
	kr_names_done(o->names);
	kr_arena_free(o->a);
	free(o->rows);
}

int64_t kr_store_outbox_derive(struct kr_store *s, const struct kr_outbox_derive *d,
			       struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_outbox_session o = {.s = s, .d = d};
	struct kr_part_info *parts;
	size_t n;
	int r;

	pthread_mutex_lock(&s->outbox_lock);
	pthread_mutex_lock(&s->cursors_lock);
	pthread_mutex_lock(&s->main_lock);
	r = load_cursors(s, reterr);
	pthread_mutex_unlock(&s->main_lock);
	pthread_mutex_unlock(&s->cursors_lock);
	n = kr_store__catalogue_copy(s, a, &parts);
	if (!r && !d->dry)
		r = pass_over(s, parts, n, d->day_min, reterr);
	if (!r)
		r = session_open(&o, reterr);
	s->outbox = &o;
	/* Oldest first: what was told on earlier days counts for the repeat interval. */
	for (size_t i = n; !r && i-- > 0;)
		if (parts[i].day >= d->day_min && cursor_of(s, &parts[i]) < parts[i].next_id)
			r = derive_part(&o, &parts[i], reterr);
	s->outbox = NULL;
	session_close(&o);
	pthread_mutex_unlock(&s->outbox_lock);
	return r ? r : (int64_t)o.passed;
}

int kr_store_outbox_add(struct kr_store *s, const struct kr_outbox_row *row,
			struct kr_fault *reterr)
{
	struct kr_outbox_session *o = s->outbox;

	if (!o)
		return kr_fault_set(reterr, -KR_EINTERNAL, "a row outside of derivation");
	if (o->n == o->cap) {
		o->cap = o->cap ? o->cap * 2 : PIECE;
		o->rows = kr_xrealloc(o->rows, o->cap * sizeof(*o->rows));
	}
	o->rows[o->n++] = *row;
	return 0;
}

/* ---- questions ---- */

#define TOLD                                                                                       \
	"SELECT o.day FROM outbox o LEFT JOIN delivery d ON d.id=o.delivery WHERE o.recipient=?1 " \
	"AND o.source=?2 AND o.key=?3 AND o.day<?4 AND (o.state=1 OR (o.state=2 AND "              \
	"coalesce(d.state,0) NOT IN (5,7,8))) ORDER BY o.day DESC LIMIT 1"

int kr_store_outbox_told(struct kr_store *s, uint32_t recipient, uint32_t source, uint64_t key,
			 int32_t day, int32_t *ret, struct kr_fault *reterr)
{
	struct kr_outbox_session *o = s->outbox;
	int r = 0;

	if (!o)
		return kr_fault_set(reterr, -KR_EINTERNAL, "a question outside of derivation");
	if (!o->told)
		r = kr_db_prepare(o->main, TOLD, &o->told, reterr);
	if (r)
		return r;
	sqlite3_bind_int64(o->told, 1, recipient);
	sqlite3_bind_int64(o->told, 2, source);
	sqlite3_bind_int64(o->told, 3, (int64_t)key);
	sqlite3_bind_int(o->told, 4, day);
	r = kr_db_step(o->told, reterr);
	if (r < 0)
		return r;
	*ret = r ? sqlite3_column_int(o->told, 0) : INT32_MIN;
	sqlite3_reset(o->told);
	return 0;
}

#define ROW                                                                                        \
	"SELECT recipient,source,key,day,class,part,row,rule,state,due,why,cause,delivery FROM "   \
	"outbox"

static void read_row(sqlite3_stmt *st, struct kr_outbox_row *ret)
{
	*ret = (struct kr_outbox_row){
		.recipient = (uint32_t)sqlite3_column_int64(st, 0),
		.source = (uint32_t)sqlite3_column_int64(st, 1),
		.key = (uint64_t)sqlite3_column_int64(st, 2),
		.day = sqlite3_column_int(st, 3),
		.event = {(enum kr_retention)sqlite3_column_int(st, 4), sqlite3_column_int(st, 3),
			  (uint32_t)sqlite3_column_int64(st, 5),
			  (uint64_t)sqlite3_column_int64(st, 6)},
		.rule = (uint32_t)sqlite3_column_int64(st, 7),
		.state = (enum kr_outbox_state)sqlite3_column_int(st, 8),
		.due = sqlite3_column_int64(st, 9),
		.why = (enum kr_outbox_why)sqlite3_column_int(st, 10),
		.cause = (uint64_t)sqlite3_column_int64(st, 11),
		.delivery = (uint64_t)sqlite3_column_int64(st, 12),
	};
}

/* The index that fits the question, named, so that none is left to guessing. */
static const char *list_sql(const struct kr_outbox_query *q)
{
	if (q->delivery)
		return ROW " INDEXED BY outbox_delivery WHERE delivery=?2 AND delivery<>0 AND "
			   "(?1=0 OR recipient=?1) AND (?3=0 OR state=?3) AND ?4=?4 "
			   "ORDER BY recipient,source,key,day LIMIT ?5";
	if (q->recipient && q->state == KR_OUTBOX_WAITING && q->due)
		return ROW " INDEXED BY outbox_due WHERE recipient=?1 AND state=1 AND due<=?4 "
			   "AND ?2=0 AND ?3=1 ORDER BY due,source,key,day LIMIT ?5";
	return ROW " WHERE (?1=0 OR recipient=?1) AND ?2=0 AND (?3=0 OR state=?3) AND ?4=?4 ORDER "
		   "BY recipient,source,key,day LIMIT ?5";
}

int kr_store_outbox_list(struct kr_store *s, const struct kr_outbox_query *q,
			 bool (*each)(void *ctx, const struct kr_outbox_row *row), void *ctx,
			 struct kr_fault *reterr)
{
	struct kr_outbox_row row;
	sqlite3_stmt *st = NULL;
	char path[KR_PATH_MAX];
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(db, list_sql(q), &st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, q->recipient);
		sqlite3_bind_int64(st, 2, (int64_t)q->delivery);
		sqlite3_bind_int(st, 3, (int)q->state);
		sqlite3_bind_int64(st, 4, q->due);
		sqlite3_bind_int64(st, 5, q->limit ? (int64_t)q->limit : -1);
	}
	while (!r && (r = kr_db_step(st, reterr)) == 1) {
		read_row(st, &row);
		r = !each(ctx, &row);
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	return KR_MIN(r, 0);
}

int kr_store_outbox_counts(struct kr_store *s, const struct kr_scope *scope, uint32_t recipient,
			   struct kr_arena *a, struct kr_outbox_count **ret, size_t *ret_n,
			   struct kr_fault *reterr)
{
	struct kr_outbox_count *list = NULL;
	size_t n = 0, cap = 0;
	sqlite3_stmt *st = NULL;
	char path[KR_PATH_MAX];
	int64_t bound;
	bool may = kr_store__scope_clients(scope, KR_RIGHT_DELIVERIES, &bound) &&
		   kr_store__counts_told(scope);
	sqlite3 *db;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(
		db,
		"SELECT o.recipient,1,0,count(*),min(o.due) FROM outbox o INDEXED BY outbox_due "
		"WHERE o.state=1 AND ?1 AND o.recipient BETWEEN ?3 AND ?4 AND (?2=0 OR o.recipient "
		"IN "
		"(SELECT id FROM recipient WHERE constituent=?2)) GROUP BY o.recipient UNION ALL "
		"SELECT o.recipient,3,o.why,count(*),0 FROM outbox o INDEXED BY outbox_withheld "
		"WHERE o.state=3 AND ?1 AND o.recipient BETWEEN ?3 AND ?4 AND (?2=0 OR o.recipient "
		"IN "
		"(SELECT id FROM recipient WHERE constituent=?2)) AND (?5 OR o.why<>1) "
		"GROUP BY o.recipient,o.why ORDER BY 1,2,3",
		&st, reterr);
	if (!r) {
		sqlite3_bind_int(st, 1, may);
		sqlite3_bind_int64(st, 2, bound);
		sqlite3_bind_int64(st, 3, recipient);
		sqlite3_bind_int64(st, 4, recipient ? recipient : UINT32_MAX);
		sqlite3_bind_int(st, 5, kr_store__counts_untold(scope));
	}
	while (!r && (r = kr_db_step(st, reterr)) == 1) {
		list = kr_arena_more(a, list, n, &cap, sizeof(*list));
		if (!list)
			break;
		list[n++] = (struct kr_outbox_count){
			.recipient = (uint32_t)sqlite3_column_int64(st, 0),
			.state = (enum kr_outbox_state)sqlite3_column_int(st, 1),
			.why = (enum kr_outbox_why)sqlite3_column_int(st, 2),
			.rows = (uint64_t)sqlite3_column_int64(st, 3),
			.due = sqlite3_column_int64(st, 4),
		};
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
