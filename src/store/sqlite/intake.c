/* SPDX-License-Identifier: Apache-2.0 */
/* State of sources that run, and rules for events on their way in, in main.db. */
#include "store/intake.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/sqlite/db.h"
#include "store/sqlite/partition.h"
#include "store/sqlite/state.h"

#define STATE_TEXT_MAX ((size_t)1 << 20) /* a cursor may list some thousand reports */

static kr_time time_of(sqlite3_stmt *st, int i)
{
	return sqlite3_column_type(st, i) == SQLITE_NULL ? KR_TIME_NONE
							 : sqlite3_column_int64(st, i);
}

static void bind_time(sqlite3_stmt *st, int i, kr_time t)
{
	if (t == KR_TIME_NONE)
		sqlite3_bind_null(st, i);
	else
		sqlite3_bind_int64(st, i, t);
}

int kr_store_source_state(struct kr_store *s, uint32_t source, struct kr_arena *a,
			  struct kr_source_state *ret, struct kr_fault *reterr)
{
	char path[KR_PATH_MAX];
	sqlite3 *db;
	sqlite3_stmt *st = NULL;
	struct kr_source_state state = {.source = source,
					.tried = KR_TIME_NONE,
					.ok = KR_TIME_NONE,
					.next = KR_TIME_NONE,
					.silent = KR_TIME_NONE};
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(db,
			  "SELECT tried,ok,next,failures,error,etag,modified,cursor,silent FROM "
			  "source_state WHERE source=?1",
			  &st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, source);
		r = kr_db_step(st, reterr);
	}
	if (r == 1) {
		state.tried = time_of(st, 0);
		state.ok = time_of(st, 1);
		state.next = time_of(st, 2);
		state.failures = (uint32_t)sqlite3_column_int64(st, 3);
		state.error = kr_db_dup(st, 4, a);
		state.etag = kr_db_dup(st, 5, a);
		state.modified = kr_db_dup(st, 6, a);
		state.cursor = kr_db_dup(st, 7, a);
		state.silent = time_of(st, 8);
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	if (r >= 0 && kr_arena_full(a))
		r = kr_fault_set(reterr, -KR_ELIMIT, "the state of a source is too large");
	if (r < 0)
		return r;
	*ret = state;
	return 0;
}

int kr_store_source_state_put(struct kr_store *s, const struct kr_source_state *state,
			      struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r;

	if (state->cursor.n > STATE_TEXT_MAX || state->error.n > STATE_TEXT_MAX)
		return kr_fault_set(reterr, -KR_ELIMIT, "the state of a source is too large");
	r = kr_store__main_begin(s, reterr);
	if (r)
		return r;
	r = kr_db_prepare(s->main,
			  "INSERT OR REPLACE INTO source_state(source,tried,ok,next,failures,error,"
			  "etag,modified,cursor,silent) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
			  &st, reterr);
	if (!r) {
		sqlite3_bind_int64(st, 1, state->source);
		bind_time(st, 2, state->tried);
		bind_time(st, 3, state->ok);
		bind_time(st, 4, state->next);
		sqlite3_bind_int64(st, 5, state->failures);
		kr_db_bind_str(st, 6, state->error);
		kr_db_bind_str(st, 7, state->etag);
		kr_db_bind_str(st, 8, state->modified);
		kr_db_bind_str(st, 9, state->cursor);
		bind_time(st, 10, state->silent);
		r = kr_db_run(st, reterr);
	}
	return kr_store__main_end(s, r, reterr);
}

/* ---- rules ---- */

#define RULE_COLUMNS                                                                               \
	"r.id,r.position,r.source,coalesce(s.name,''),r.expr,r.action,coalesce(r.argument,''),"    \
	"coalesce(r.note,''),r.enabled,r.created,r.changed,r.revision"

static void read_rule(sqlite3_stmt *st, struct kr_arena *a, struct kr_intake_rule *ret)
{
	*ret = (struct kr_intake_rule){
		.id = (uint32_t)sqlite3_column_int64(st, 0),
		.position = (uint32_t)sqlite3_column_int64(st, 1),
		.source = (uint32_t)sqlite3_column_int64(st, 2),
		.source_name = kr_db_dup(st, 3, a),
		.expr = kr_db_dup(st, 4, a),
		.action = (enum kr_intake_action)sqlite3_column_int(st, 5),
		.argument = kr_db_dup(st, 6, a),
		.note = kr_db_dup(st, 7, a),
		.enabled = sqlite3_column_int(st, 8) != 0,
		.created = sqlite3_column_int64(st, 9),
		.changed = sqlite3_column_int64(st, 10),
		.revision = (uint32_t)sqlite3_column_int64(st, 11),
	};
}

int kr_store_intake_list(struct kr_store *s, struct kr_arena *a, struct kr_intake_rule **ret,
			 size_t *ret_n, struct kr_fault *reterr)
{
	char path[KR_PATH_MAX];
	sqlite3 *db;
	sqlite3_stmt *st = NULL;
	struct kr_intake_rule *list = NULL;
	size_t n = 0, cap = 0;
	int r = kr_store__reader(s, kr_store__path(s, "main.db", path), &db, reterr);

	if (r)
		return r;
	r = kr_db_prepare(db,
			  "SELECT " RULE_COLUMNS " FROM intake_rule r LEFT JOIN source s ON "
			  "s.id=r.source WHERE r.removed=0 ORDER BY r.position,r.id",
			  &st, reterr);
	while (!r && (r = kr_db_step(st, reterr)) == 1) {
		list = kr_arena_more(a, list, n, &cap, sizeof(*list));
		if (!list)
			break;
		read_rule(st, a, &list[n++]);
		r = 0;
	}
	sqlite3_finalize(st);
	kr_store__reader_put(s, db);
	if (r < 0 || kr_arena_full(a))
		return r < 0 ? r : kr_fault_set(reterr, -KR_ELIMIT, "too many rules");
	*ret = list;
	*ret_n = n;
	return 0;
}

/* What it is now, for the audit log; and the number that changes with every change. */
static int note_rule(struct kr_store *s, const struct kr_by *by, const char *action, uint32_t id,
		     const struct kr_intake_rule *r, struct kr_fault *reterr)
{
	static const char *const actions[] = {"", "drop", "tag", "set"};
	KR_AUTO_BUF detail = KR_BUF(8192);
	char object[16];
	int err = kr_db_exec(s->main, "UPDATE meta SET value=value+1 WHERE key='intake'", reterr);

	if (err)
		return err;
	snprintf(object, sizeof(object), "%u", id);
	if (r)
		kr_buf_printf(&detail, "%s %.*s source=%.*s position=%u%s: %.*s",
			      r->action <= KR_INTAKE_SET ? actions[r->action] : "",
			      KR_STR_ARG(r->argument), KR_STR_ARG(r->source_name), r->position,
			      r->enabled ? "" : " disabled", KR_STR_ARG(r->expr));
	return kr_store__audit(s, by, action, kr_str_c(object), kr_buf_str(&detail), reterr);
}

/* Give it a new number where the change is committed. */
static int end_change(struct kr_store *s, int err, struct kr_fault *reterr)
{
	int r = kr_store__main_end(s, err, reterr);

	if (!r)
		__atomic_add_fetch(&s->intake_version, 1, __ATOMIC_RELEASE);
	return r;
}

static void bind_rule(sqlite3_stmt *st, const struct kr_intake_rule *r, kr_time now)
{
	sqlite3_bind_int64(st, 1, r->position);
	sqlite3_bind_int64(st, 2, r->source);
	kr_db_bind_str(st, 3, r->expr);
	sqlite3_bind_int(st, 4, (int)r->action);
	kr_db_bind_str(st, 5, r->argument);
	kr_db_bind_str(st, 6, r->note);
	sqlite3_bind_int(st, 7, r->enabled);
	sqlite3_bind_int64(st, 8, now);
	sqlite3_bind_int64(st, 9, r->id);
	sqlite3_bind_int64(st, 10, r->revision);
}

int kr_store_intake_put(struct kr_store *s, const struct kr_by *by, const struct kr_intake_rule *r,
			uint32_t *ret_id, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	uint32_t id = 0;
	int err = kr_store__main_begin(s, reterr);

	if (err)
		return err;
	err = kr_db_prepare(
		s->main,
		r->id ? "UPDATE intake_rule SET position=?1,source=?2,expr=?3,action=?4,"
			"argument=?5,note=?6,enabled=?7,changed=?8,revision=revision+1 "
			"WHERE id=?9 AND revision=?10 AND removed=0 RETURNING id"
		      : "INSERT INTO intake_rule(position,source,expr,action,argument,"
			"note,enabled,created,changed,revision) "
			"VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?8,1) RETURNING id",
		&st, reterr);
	if (!err) {
		bind_rule(st, r, kr_store_now(s));
		err = kr_db_step(st, reterr);
	}
	if (err == 1) {
		id = (uint32_t)sqlite3_column_int64(st, 0);
		sqlite3_reset(st);
		err = note_rule(s, by, r->id ? "rule.edit" : "rule.add", id, r, reterr);
	} else if (err == 0) {
		err = kr_fault_set(reterr, -KR_EEXIST, "rule %u was changed by somebody else",
				   r->id);
		kr_fault_remedy(reterr, "look at it again and repeat the change");
	}
	err = end_change(s, err, reterr);
	if (!err)
		*ret_id = id;
	return err;
}

int kr_store_intake_remove(struct kr_store *s, const struct kr_by *by, uint32_t id,
			   struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int err = kr_store__main_begin(s, reterr);

	if (err)
		return err;
	err = kr_db_prepare(s->main,
			    "UPDATE intake_rule SET removed=1,changed=?2,revision=revision+1 WHERE "
			    "id=?1 AND removed=0",
			    &st, reterr);
	if (!err) {
		sqlite3_bind_int64(st, 1, id);
		sqlite3_bind_int64(st, 2, kr_store_now(s));
		err = kr_db_run(st, reterr);
	}
	if (!err && sqlite3_changes(s->main) == 0) {
		err = kr_fault_set(reterr, -KR_ENOENT, "there is no rule %u", id);
		kr_fault_remedy(reterr, "karaula rule list shows all");
	}
	if (!err)
		err = note_rule(s, by, "rule.remove", id, NULL, reterr);
	return end_change(s, err, reterr);
}

uint64_t kr_store_intake_version(struct kr_store *s)
{
	return __atomic_load_n(&s->intake_version, __ATOMIC_ACQUIRE);
}

/* ---- what rules dropped ---- */

struct drops {
	struct kr_report_drop *list;
	size_t n, cap;
};

/* Add "RULE:N RULE:N". */
static int add_drops(struct drops *d, struct kr_str text, struct kr_arena *a)
{
	struct kr_str one;

	while (text.n && kr_str_split(&text, ' ', &one)) {
		ptrdiff_t colon = kr_str_chr(one, ':');
		uint64_t rule, n;
		size_t i = 0;

		if (colon < 0 || kr_str_u64(kr_str_first(one, (size_t)colon), &rule) ||
		    kr_str_u64(kr_str_from(one, (size_t)colon + 1), &n))
			continue;
		while (i < d->n && d->list[i].rule != rule)
			i++;
		if (i == d->n) {
			d->list = kr_arena_more(a, d->list, d->n, &d->cap, sizeof(*d->list));
			if (!d->list)
				return -KR_ELIMIT;
			d->list[d->n++] = (struct kr_report_drop){.rule = (uint32_t)rule};
		}
		d->list[i].n += n;
	}
	return 0;
}

static int drops_of_part(sqlite3 *db, const struct kr_report *report, struct drops *d,
			 struct kr_arena *a, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int r = kr_partition_has_drops(db, reterr);

	if (r <= 0)
		return r;
	r = kr_db_prepare(db,
			  "SELECT drops FROM ledger WHERE report=?1 AND generation=?2 AND drops IS "
			  "NOT NULL",
			  &st, reterr);
	if (r)
		return r;
	sqlite3_bind_int64(st, 1, (int64_t)report->id);
	sqlite3_bind_int64(st, 2, report->generation);
	while ((r = kr_db_step(st, reterr)) == 1)
		if (add_drops(d, kr_db_text(st, 0), a))
			return kr_fault_set(reterr, -KR_ELIMIT, "too many rules");
	return r;
}

static int most_first(const void *a, const void *b)
{
	const struct kr_report_drop *x = a, *y = b;

	return x->n < y->n ? 1 : x->n > y->n ? -1 : x->rule < y->rule ? -1 : x->rule > y->rule;
}

static int name_drops(struct kr_store *s, struct drops *d, struct kr_arena *a,
		      struct kr_fault *reterr)
{
	struct kr_intake_rule *rules;
	size_t n;
	int r = kr_store_intake_list(s, a, &rules, &n, reterr);

	for (size_t i = 0; !r && i < d->n; i++)
		for (size_t k = 0; k < n; k++)
			if (rules[k].id == d->list[i].rule)
				d->list[i].expr = rules[k].expr;
	return r;
}

int kr_store_report_drops(struct kr_store *s, uint64_t id, struct kr_arena *a,
			  struct kr_report_drop **ret, size_t *ret_n, struct kr_fault *reterr)
{
	struct kr_part_info *parts;
	struct kr_report report;
	struct drops d = {0};
	size_t n = kr_store__catalogue_copy(s, a, &parts);
	int r = kr_store_report_get(s, &KR_SCOPE_ALL, id, a, &report, reterr);

	for (size_t i = 0; !r && report.total.dropped && i < n; i++) {
		char path[KR_PATH_MAX];
		sqlite3 *db;

		if (parts[i].class_ != report.class_ || parts[i].day != report.day)
			continue;
		r = kr_store__reader(
			s,
			kr_store__part_path(s, parts[i].class_, parts[i].day, parts[i].part, path),
			&db, reterr);
		if (r)
			break;
		r = drops_of_part(db, &report, &d, a, reterr);
		kr_store__reader_put(s, db);
	}
	if (!r)
		r = name_drops(s, &d, a, reterr);
	if (r)
		return r;
	if (d.n)
		qsort(d.list, d.n, sizeof(*d.list), most_first);
	*ret = d.list;
	*ret_n = d.n;
	return 0;
}
