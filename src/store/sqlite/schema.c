/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of main.db, as steps from one version of the schema to the next. A new directory takes
 * all steps, an older one those that it lacks: so both have the same tables. A step that was
 * released is never changed.
 */
#include "store/sqlite/db.h"
#include "store/sqlite/state.h"

#include <stdio.h>

static const char step_1[] =
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE source(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, format TEXT, "
	"mapping TEXT,"
	" provider TEXT, url TEXT, note TEXT, retention INTEGER NOT NULL, tlp INTEGER NOT NULL, "
	"pap INTEGER NOT NULL,"
	" created INTEGER NOT NULL, changed INTEGER NOT NULL, revision INTEGER NOT NULL, removed "
	"INTEGER NOT NULL);"
	"CREATE TABLE mapping(id INTEGER PRIMARY KEY, name TEXT NOT NULL, version INTEGER NOT NULL,"
	" codec TEXT NOT NULL, hash BLOB NOT NULL, imported INTEGER NOT NULL, doc BLOB NOT NULL, "
	"size INTEGER NOT NULL,"
	" UNIQUE(name, version));"
	"CREATE TABLE constituent(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, title TEXT, "
	"sector TEXT,"
	" country TEXT, contact TEXT, language TEXT, note TEXT, retired INTEGER NOT NULL);"
	"CREATE TABLE rule(id INTEGER PRIMARY KEY, constituent INTEGER NOT NULL, kind INTEGER NOT "
	"NULL,"
	" value TEXT NOT NULL, retired INTEGER NOT NULL, UNIQUE(constituent, kind, value));"
	"CREATE TABLE report(id INTEGER PRIMARY KEY, source INTEGER NOT NULL, hash BLOB NOT NULL, "
	"class INTEGER NOT NULL,"
	" day INTEGER NOT NULL, snapshot INTEGER NOT NULL, name TEXT NOT NULL, format TEXT, "
	"mapping INTEGER NOT NULL,"
	" state INTEGER NOT NULL, reason TEXT, generation INTEGER NOT NULL, observed INTEGER, "
	"spooled INTEGER NOT NULL,"
	" taken INTEGER, bytes INTEGER NOT NULL, stored INTEGER NOT NULL, frames INTEGER NOT NULL, "
	"ms INTEGER,"
	" read INTEGER NOT NULL DEFAULT 0, fresh INTEGER NOT NULL DEFAULT 0, aggregated INTEGER "
	"NOT NULL DEFAULT 0,"
	" refused INTEGER NOT NULL DEFAULT 0, warnings INTEGER NOT NULL DEFAULT 0, unrouted "
	"INTEGER NOT NULL DEFAULT 0);"
	"CREATE INDEX report_hash ON report(hash, source);"
	"CREATE INDEX report_source ON report(source, id);"
	"CREATE INDEX report_state ON report(state) WHERE state IN (1, 3);";

static const char step_2[] =
	/* Who may come in. Passwords as Argon2id strings; tokens and keys as hashes only. */
	"CREATE TABLE user(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, title TEXT, role "
	"INTEGER NOT NULL,"
	" constituent INTEGER NOT NULL DEFAULT 0, password TEXT, language TEXT, created INTEGER "
	"NOT NULL, changed INTEGER NOT NULL,"
	" disabled INTEGER NOT NULL DEFAULT 0, revision INTEGER NOT NULL);"
	"CREATE TABLE session(id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, user INTEGER NOT "
	"NULL, csrf BLOB NOT NULL,"
	" created INTEGER NOT NULL, seen INTEGER NOT NULL, expires INTEGER NOT NULL, address TEXT, "
	"agent TEXT);"
	"CREATE INDEX session_user ON session(user);"
	"CREATE TABLE login_link(hash BLOB PRIMARY KEY, user INTEGER NOT NULL, created INTEGER NOT "
	"NULL, expires INTEGER NOT NULL,"
	" used INTEGER) WITHOUT ROWID;"
	"CREATE TABLE login_failure(name TEXT, address TEXT, n INTEGER NOT NULL, last INTEGER NOT "
	"NULL, PRIMARY KEY(name,address)) WITHOUT ROWID;"
	"CREATE TABLE apikey(id INTEGER PRIMARY KEY, name TEXT NOT NULL, hash BLOB NOT NULL "
	"UNIQUE, "
	"owner INTEGER NOT NULL,"
	" role INTEGER NOT NULL, rights INTEGER NOT NULL, constituent INTEGER NOT NULL DEFAULT 0, "
	"tlp INTEGER NOT NULL,"
	" created INTEGER NOT NULL, expires INTEGER, used INTEGER, revoked INTEGER);"
	/* The audit log: each row holds the hash of the one before. */
	"CREATE TABLE audit(seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, door INTEGER NOT NULL, "
	"action TEXT NOT NULL,"
	" who TEXT, address TEXT, object TEXT, detail TEXT, salt BLOB NOT NULL, digest BLOB NOT "
	"NULL, hash BLOB NOT NULL);"
	/* Who is told, and how. */
	"CREATE TABLE recipient(id INTEGER PRIMARY KEY, constituent INTEGER NOT NULL, sink TEXT "
	"NOT "
	"NULL, address TEXT NOT NULL,"
	" language TEXT, zone TEXT, classes TEXT, format TEXT, secret TEXT, hour INTEGER NOT NULL,"
	" quiet_from INTEGER NOT NULL DEFAULT -1, quiet_to INTEGER NOT NULL DEFAULT -1, "
	"muted_until INTEGER, repeat_days INTEGER NOT NULL,"
	" health INTEGER NOT NULL DEFAULT 100, bounced INTEGER, enabled INTEGER NOT NULL DEFAULT "
	"1, of_register INTEGER NOT NULL DEFAULT 0,"
	" created INTEGER NOT NULL, changed INTEGER NOT NULL, revision INTEGER NOT NULL, removed "
	"INTEGER NOT NULL DEFAULT 0,"
	" UNIQUE(constituent, sink, address));"
	"CREATE TABLE suppression(id INTEGER PRIMARY KEY, expr TEXT NOT NULL, constituent INTEGER "
	"NOT NULL DEFAULT 0,"
	" reason TEXT NOT NULL, who TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER, "
	"revision INTEGER NOT NULL, removed INTEGER NOT NULL DEFAULT 0);"
	"CREATE TABLE feedback(id INTEGER PRIMARY KEY, source INTEGER NOT NULL, key INTEGER NOT "
	"NULL, constituent INTEGER NOT NULL,"
	" verdict INTEGER NOT NULL, note TEXT, who TEXT NOT NULL, door INTEGER NOT NULL, at "
	"INTEGER "
	"NOT NULL, expires INTEGER, event TEXT NOT NULL,"
	" revoked INTEGER);"
	"CREATE INDEX feedback_key ON feedback(source, key, constituent);"
	/* What is to be told: one row a recipient, source, key and day, whatever is taken again. */
	"CREATE TABLE outbox(recipient INTEGER, source INTEGER, key INTEGER, day INTEGER, class "
	"INTEGER NOT NULL,"
	" part INTEGER NOT NULL, row INTEGER NOT NULL, rule INTEGER NOT NULL, state INTEGER NOT "
	"NULL, due INTEGER NOT NULL,"
	" why INTEGER NOT NULL DEFAULT 0, cause INTEGER NOT NULL DEFAULT 0, delivery INTEGER NOT "
	"NULL DEFAULT 0, PRIMARY "
	"KEY(recipient,source,key,day)) WITHOUT ROWID;"
	"CREATE INDEX outbox_due ON outbox(recipient, due) WHERE state=1;"
	"CREATE INDEX outbox_withheld ON outbox(recipient, why) WHERE state=3;"
	"CREATE INDEX outbox_delivery ON outbox(delivery) WHERE delivery<>0;"
	"CREATE TABLE outbox_cursor(class INTEGER, day INTEGER, part INTEGER, row INTEGER NOT NULL,"
	" PRIMARY KEY(class,day,part)) WITHOUT ROWID;"
	"CREATE TABLE delivery(id INTEGER PRIMARY KEY, recipient INTEGER NOT NULL, created INTEGER "
	"NOT NULL, state INTEGER NOT NULL,"
	" due INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, rows INTEGER NOT NULL, tlp "
	"INTEGER NOT NULL, subject TEXT,"
	" message_id TEXT, size INTEGER, hash BLOB, sent INTEGER, bounced INTEGER, reason TEXT);"
	"CREATE INDEX delivery_due ON delivery(due) WHERE state IN (1,2);"
	"CREATE INDEX delivery_recipient ON delivery(recipient, id);"
	/* Sources that run by themselves, and what is done to events on their way in. */
	"ALTER TABLE source ADD COLUMN kind TEXT;"
	"ALTER TABLE source ADD COLUMN interval INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE source ADD COLUMN options TEXT;"
	"ALTER TABLE source ADD COLUMN secret TEXT;"
	"ALTER TABLE source ADD COLUMN silent_after INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE source ADD COLUMN enabled INTEGER NOT NULL DEFAULT 1;"
	"CREATE TABLE source_state(source INTEGER PRIMARY KEY, tried INTEGER, ok INTEGER, next "
	"INTEGER, failures INTEGER NOT NULL DEFAULT 0,"
	" error TEXT, etag TEXT, modified TEXT, cursor TEXT, silent INTEGER);"
	"CREATE TABLE intake_rule(id INTEGER PRIMARY KEY, position INTEGER NOT NULL, source "
	"INTEGER "
	"NOT NULL DEFAULT 0, expr TEXT NOT NULL,"
	" action INTEGER NOT NULL, argument TEXT, note TEXT, enabled INTEGER NOT NULL DEFAULT 1, "
	"created INTEGER NOT NULL,"
	" changed INTEGER NOT NULL, revision INTEGER NOT NULL, removed INTEGER NOT NULL DEFAULT "
	"0);"
	"ALTER TABLE report ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE constituent ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;"
	"INSERT INTO meta VALUES('link_key',randomblob(32)),('intake',0);";

static const char *const steps[KR_SCHEMA_MAIN] = {step_1, step_2};

int kr_store__schema_main(sqlite3 *db, int version, struct kr_fault *reterr)
{
	char sql[64];
	int r = 0;

	for (int i = version; !r && i < KR_SCHEMA_MAIN; i++)
		r = kr_db_exec(db, steps[i], reterr);
	snprintf(sql, sizeof(sql), "PRAGMA user_version=%d", KR_SCHEMA_MAIN);
	return r ? r : kr_db_exec(db, sql, reterr);
}

int kr_store__schema_version(sqlite3 *db, int *ret, struct kr_fault *reterr)
{
	KR_AUTO_STMT st = NULL;
	int64_t version;
	int r = kr_db_prepare(db, "PRAGMA user_version", &st, reterr);

	if (!r)
		r = kr_db_step(st, reterr);
	if (r < 0)
		return r;
	version = sqlite3_column_int64(st, 0);
	if (version > KR_SCHEMA_MAIN) {
		r = kr_fault_set(reterr, -KR_EVERSION,
				 "main.db has schema %lld, this program knows %d",
				 (long long)version, KR_SCHEMA_MAIN);
		kr_fault_remedy(reterr, "start the newer karaula that made it");
		return r;
	}
	if (version < 1) {
		r = kr_fault_set(reterr, -KR_ECORRUPT, "main.db is incomplete");
		kr_fault_remedy(
			reterr,
			"restore it from a backup, or remove it and run karaula init again");
		return r;
	}
	*ret = (int)version;
	return 0;
}

/* All steps in one transaction: a crash leaves the old schema or the new one. */
int kr_store__main_upgrade(sqlite3 *db, struct kr_fault *reterr)
{
	int version, r = kr_store__schema_version(db, &version, reterr);

	if (r || version == KR_SCHEMA_MAIN)
		return r;
	r = kr_db_exec(db, "BEGIN IMMEDIATE", reterr);
	if (!r)
		r = kr_store__schema_main(db, version, reterr);
	if (!r)
		return kr_db_exec(db, "COMMIT", reterr);
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}
