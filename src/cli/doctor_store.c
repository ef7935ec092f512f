/* SPDX-License-Identifier: Apache-2.0 */
/* What the databases say of themselves, asked by the process that owns them. */
#include "cli/doctor.h"

#include "base/arena.h"
#include "store/audit.h"
#include "store/backup.h"
#include "store/read.h"

#define LIST_MAX 1000

static void totals(struct kr_doctor *d, struct kr_store *s)
{
	struct kr_store_totals t;
	struct kr_fault f = {0};

	if (kr_store_totals(s, &KR_SCOPE_ALL, &t, &f)) {
		kr_doctor_fault(d, KR_HEALTH_FAIL, "databases", &f);
		return;
	}
	kr_doctor_say(
		d, KR_HEALTH_OK, "databases", NULL,
		"%llu events in %llu rows, %llu reports, %llu partitions of %llu MiB, spool of "
		"%llu MiB",
		(unsigned long long)t.events, (unsigned long long)t.rows,
		(unsigned long long)t.reports, (unsigned long long)t.partitions,
		(unsigned long long)(t.bytes_events >> 20),
		(unsigned long long)(t.bytes_spool >> 20));
	if (t.quarantined)
		kr_doctor_say(d, KR_HEALTH_WARN, "quarantine",
			      "karaula report list; import a mapping, then karaula take --again",
			      "%llu reports are kept but not understood",
			      (unsigned long long)t.quarantined);
	else
		kr_doctor_say(d, KR_HEALTH_OK, "quarantine", NULL, "empty");
}

/* A node made from a backup tells nobody until a person says so. */
static void recovering(struct kr_doctor *d, struct kr_store *s)
{
	kr_time t = kr_store_recovering(s);
	char text[KR_TIME_TEXT_MAX];

	if (t != KR_TIME_NONE)
		kr_doctor_say(d, KR_HEALTH_WARN, "recover mode",
			      "look, then: karaula recover finish",
			      "restored %s: nothing is delivered", kr_time_text(t, text));
}

/* A chain that does not hold was changed by other means than this program. */
static void audit_log(struct kr_doctor *d, struct kr_store *s)
{
	struct kr_fault f = {0};
	struct kr_hash head;
	uint64_t rows;

	if (kr_store_audit_verify(s, &rows, &head, &f))
		kr_doctor_fault(d, KR_HEALTH_FAIL, "audit log", &f);
	else
		kr_doctor_say(d, KR_HEALTH_OK, "audit log", NULL, "%llu rows, all as written",
			      (unsigned long long)rows);
}

/* Reports that were acknowledged but not taken: only a node that runs, or the next start, goes on
 * with them. */
static void unfinished(struct kr_doctor *d, struct kr_store *s)
{
	KR_AUTO(kr_arena) *a = kr_arena_new((size_t)64 << 20);
	struct kr_report_query q = {.state = KR_REPORT_SPOOLED, .limit = LIST_MAX};
	struct kr_report *r;
	struct kr_fault f = {0};
	size_t n;

	if (kr_store_report_list(s, &KR_SCOPE_ALL, &q, a, &r, &n, &f))
		kr_doctor_fault(d, KR_HEALTH_FAIL, "unfinished reports", &f);
	else if (n)
		kr_doctor_say(d, KR_HEALTH_WARN, "unfinished reports",
			      "they are being taken now, or will be when the node starts", "%zu%s",
			      n, n == LIST_MAX ? " or more" : "");
	else
		kr_doctor_say(d, KR_HEALTH_OK, "unfinished reports", NULL, "none");
}

static void counters(struct kr_doctor *d, struct kr_store *s)
{
	struct kr_fault f = {0};
	int err = kr_store_verify(s, &f);

	if (err)
		kr_doctor_fault(d, KR_HEALTH_FAIL, "counters", &f);
	else
		kr_doctor_say(d, KR_HEALTH_OK, "counters", NULL,
			      "every counter equals a recount of the rows");
}

void kr_doctor_store(struct kr_doctor *d, struct kr_node *n, bool deep)
{
	totals(d, n->store);
	unfinished(d, n->store);
	recovering(d, n->store);
	if (!deep)
		return;
	counters(d, n->store);
	audit_log(d, n->store);
}
