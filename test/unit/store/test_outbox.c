/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outbox against random interleavings of taking, taking again, deriving, packing and crashes:
 * it must hold exactly the pairs of recipient and key that were ever seen, point to events that are
 * there, and never pack one twice.
 */
#include "store/outbox.h"

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "prop.h"
#include "store/write.h"
#include "tap.h"

#define REPORTS 3
#define BATCHES 3
#define EVENTS	30 /* of a batch */
#define KEYS	60
#define OWNERS	4
#define DAY	20000

static kr_time clock_now = DAY * KR_DAY + KR_HOUR;

static kr_time test_now(void)
{
	return clock_now;
}

static unsigned said[REPORTS][2][BATCHES * EVENTS]; /* number of the key */
static unsigned version[REPORTS];
static bool present[REPORTS];
static uint64_t report_id[REPORTS];
static uint32_t source;
static bool seen[KEYS]; /* derived at least once */
static bool packed[KEYS * OWNERS];
static struct kr_owner owners[OWNERS] = {{1, 11}, {2, 22}, {3, 33}, {4, 44}};
static struct kr_arena *reparse_arena;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static uint64_t key_of(unsigned k)
{
	return (k + 1) * 0x9e3779b97f4a7c15u;
}

static unsigned number_of(uint64_t key)
{
	for (unsigned k = 0; k < KEYS; k++)
		if (key_of(k) == key)
			return k;
	abort();
}

static struct kr_event *make_event(struct kr_arena *a, unsigned k, unsigned i)
{
	struct kr_event *e = kr_event_new(a);
	bool ok = !kr_event_put(e, a, KR_F_SRC_IP,
				(union kr_value){.ip = kr_ip_from_u32(0xC6336400u + k)}) &&
		  !kr_event_put(e, a, KR_F_CLASS_TAXONOMY,
				(union kr_value){.text = KR_STR("malicious-code")});

	assert(ok);
	e->offset = i * 10;
	e->length = 9;
	e->key = key_of(k);
	e->first = e->last = clock_now - KR_HOUR;
	e->count = 1;
	e->label = KR_TLP_AMBER;
	e->owners = owners;
	e->n_owners = k % (OWNERS + 1);
	return e;
}

static int reparse(void *ctx, uint64_t report, uint64_t offset, uint32_t part,
		   const struct kr_event **ret, struct kr_fault *reterr)
{
	(void)ctx, (void)part;
	kr_arena_clear(reparse_arena);
	for (unsigned r = 0; r < REPORTS; r++)
		if (report_id[r] == report) {
			*ret = make_event(reparse_arena, said[r][version[r]][offset / 10],
					  (unsigned)(offset / 10));
			return 0;
		}
	return kr_fault_set(reterr, -KR_ENOENT, "no such report");
}

static const struct kr_reparse reparser = {reparse, NULL};

static bool take(struct kr_store *s, unsigned r, bool again, unsigned stop)
{
	KR_AUTO(kr_batch) *b = kr_batch_new(0);
	struct kr_taking *t;
	struct kr_taken sum;
	struct kr_fault f = {0};

	if (kr_store_take_begin(s, report_id[r], again, KR_STR("test"), 0, &reparser, &t, &f)) {
		printf("# %s\n", f.message);
		return false;
	}
	for (unsigned n = 0; n < BATCHES; n++) {
		if (n == stop) {
			kr_store_take_abort(t);
			return true;
		}
		kr_batch_clear(b);
		for (unsigned i = n * EVENTS; i < (n + 1) * EVENTS; i++)
			kr_batch_add(b, make_event(b->arena, said[r][version[r]][i], i));
		if (!kr_store_batch_done(t, n) && kr_store_batch(t, n, b, &f))
			return false;
	}
	return !kr_store_take_end(t, KR_REPORT_TAKEN, KR_STR(""), &sum, &f);
}

/* ---- deriving ---- */

struct deriving {
	struct kr_store *s;
	unsigned rows, stop; /* fail at this row; 0: never */
	bool full, good;
};

static int each(void *ctx, const struct kr_fresh_row *row, struct kr_fault *reterr)
{
	struct deriving *d = ctx;
	unsigned k = number_of(row->key);
	int r = 0;

	d->good &= row->n_owners == k % (OWNERS + 1) && row->id.day == DAY &&
		   row->source == source && (row->full != NULL) == d->full &&
		   row->stored >= row->last && kr_str_eqc(row->taxonomy, "malicious-code");
	if (d->full)
		d->good &= row->full->e->key == row->key && kr_str_eqc(row->full->source, "feed");
	if (++d->rows == d->stop)
		return kr_fault_set(reterr, -KR_EIO, "a crash");
	for (uint32_t i = 0; !r && i < row->n_owners; i++) {
		const struct kr_outbox_row x = {.recipient = row->owners[i].constituent,
						.source = row->source,
						.key = row->key,
						.day = row->id.day,
						.event = row->id,
						.rule = row->owners[i].rule,
						.state = KR_OUTBOX_WAITING,
						.due = row->stored};

		r = kr_store_outbox_add(d->s, &x, reterr);
	}
	return r;
}

static bool mark_seen(void *ctx, const struct kr_stored_event *ev)
{
	(void)ctx;
	seen[number_of(ev->e->key)] = true;
	return true;
}

static bool derive(struct kr_store *s, unsigned stop)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct deriving d = {.s = s, .stop = stop, .full = prop_chance(50), .good = true};
	struct kr_outbox_derive how = {.full = d.full, .each = each, .ctx = &d, .day_min = DAY - 7};
	struct kr_event_query q = {0};
	struct kr_event_page page;
	struct kr_fault f = {0};
	int64_t n;

	if (prop_chance(20)) {
		how.dry = true;
		how.each = each;
		n = kr_store_outbox_derive(s, &how, &f);
		how.dry = false;
		d.rows = 0;
	}
	n = kr_store_outbox_derive(s, &how, &f);
	if (n < 0)
		return n == -KR_EIO && stop && d.good;
	if (kr_store_event_list(s, &KR_SCOPE_ALL, &q, mark_seen, NULL, a, &page, &f))
		return false;
	d.rows = 0;
	d.stop = 0;
	/* Everything was passed: deriving again sees nothing. */
	return kr_store_outbox_derive(s, &how, &f) == 0 && d.rows == 0 &&
	       !kr_store_outbox_behind(s) && d.good;
}

/* ---- packing and checking ---- */

struct rows {
	struct kr_outbox_row list[KEYS * OWNERS];
	size_t n;
};

static bool collect(void *ctx, const struct kr_outbox_row *row)
{
	struct rows *r = ctx;

	if (r->n < KR_ARRAY_LEN(r->list))
		r->list[r->n++] = *row;
	return true;
}

static bool pack(struct kr_store *s)
{
	uint32_t recipient = (uint32_t)(1 + prop_below(OWNERS));
	struct kr_outbox_query q = {.recipient = recipient,
				    .state = KR_OUTBOX_WAITING,
				    .due = INT64_MAX,
				    .limit = prop_below(20) + 1};
	static struct rows r;
	struct kr_fault f = {0};
	uint64_t id;
	int err;

	r.n = 0;
	if (kr_store_outbox_list(s, &q, collect, &r, &f))
		return false;
	for (size_t i = 0; i < r.n; i++) {
		bool *was = &packed[number_of(r.list[i].key) * OWNERS + recipient - 1];

		if (*was || r.list[i].recipient != recipient)
			return false;
		*was = true;
		r.list[i].state = KR_OUTBOX_PACKED;
	}
	err = kr_store_delivery_pack(s, recipient, clock_now, r.list, r.n, KR_TLP_AMBER, &id, &f);
	return r.n ? err == 0 : err == 1;
}

struct found {
	unsigned there, gone;
	bool good;
};

static bool check_event(void *ctx, struct kr_outbox_row *row, const struct kr_stored_event *ev)
{
	struct found *f = ctx;

	if (ev)
		f->good &= ev->e->key == row->key && ev->id.row == row->event.row;
	*(ev ? &f->there : &f->gone) += 1;
	return true;
}

static bool alive(unsigned k)
{
	for (unsigned r = 0; r < REPORTS; r++)
		for (unsigned i = 0; present[r] && i < BATCHES * EVENTS; i++)
			if (said[r][version[r]][i] == k)
				return true;
	return false;
}

static bool check(struct kr_store *s)
{
	static struct rows all;
	struct kr_outbox_query q = {0};
	struct found found = {.good = true};
	struct kr_fault f = {0};
	unsigned want = 0, want_there = 0;

	for (unsigned k = 0; k < KEYS; k++) {
		want += seen[k] ? k % (OWNERS + 1) : 0;
		want_there += seen[k] && alive(k) ? k % (OWNERS + 1) : 0;
	}
	all.n = 0;
	if (kr_store_outbox_list(s, &q, collect, &all, &f))
		return false;
	if (all.n != want) {
		printf("# %zu rows, expected %u\n", all.n, want);
		return false;
	}
	for (size_t i = 0; i < all.n; i++) {
		const struct kr_outbox_row *x = &all.list[i];
		bool was = packed[number_of(x->key) * OWNERS + x->recipient - 1];

		if ((x->state == KR_OUTBOX_PACKED) != was || (x->delivery != 0) != was ||
		    x->rule != owners[x->recipient - 1].rule)
			return false;
	}
	if (kr_store_outbox_events(s, &KR_SCOPE_ALL, all.list, all.n, prop_chance(50), check_event,
				   &found, &f))
		return false;
	if (found.there != want_there || !found.good)
		printf("# %u events are there, %u gone; expected %u\n", found.there, found.gone,
		       want_there);
	return found.there == want_there && found.good;
}

static bool spool_report(struct kr_store *s, unsigned r, struct kr_fault *f)
{
	struct kr_report_new n = {.source = source,
				  .name = KR_STR("a.csv"),
				  .format = KR_STR("test"),
				  .observed = KR_TIME_NONE};
	struct kr_spool_writer *w;
	struct kr_spooled sp;
	char text[32];

	snprintf(text, sizeof(text), "report %u\n", r);
	return !kr_spool_begin(s, KR_RETAIN_STANDARD, &w, f) &&
	       !kr_spool_add(w, text, strlen(text), f) && !kr_spool_end(w, &sp, f) &&
	       kr_store_report_add(s, &n, &sp, &report_id[r], f) == 0;
}

static bool prepare(const char *path, const struct kr_store_opts *o, struct kr_store **s,
		    struct kr_fault *f)
{
	struct kr_source src = {.name = KR_STR("feed")};

	memset(seen, 0, sizeof(seen));
	memset(packed, 0, sizeof(packed));
	memset(present, 0, sizeof(present));
	memset(version, 0, sizeof(version));
	for (unsigned r = 0; r < REPORTS; r++)
		for (unsigned v = 0; v < 2; v++)
			for (unsigned i = 0; i < BATCHES * EVENTS; i++)
				said[r][v][i] = (unsigned)prop_below(KEYS);
	if (kr_store_init(path, f) || kr_store_open(path, o, s, f) ||
	    kr_store_source_put(*s, KR_BY_LOCAL, &src, &source, f))
		return false;
	for (unsigned r = 0; r < REPORTS; r++)
		if (!spool_report(*s, r, f))
			return false;
	return true;
}

static bool step(struct kr_store *s)
{
	unsigned r = (unsigned)prop_below(REPORTS);
	bool again = present[r];

	switch (prop_below(4)) {
	case 0:
	case 1: {
		unsigned stop = (unsigned)prop_below(BATCHES * 2);

		if (again)
			version[r] ^= 1;
		present[r] = true;
		if (!take(s, r, again, stop))
			return false;
		/* What was derived between two halves counts as seen. */
		if (stop < BATCHES && prop_chance(50) && !derive(s, 0))
			return false;
		return stop >= BATCHES || take(s, r, false, BATCHES);
	}
	case 2: return derive(s, prop_chance(40) ? (unsigned)(1 + prop_below(40)) : 0);
	default: return pack(s);
	}
}

static bool run(const char *dir, unsigned number)
{
	struct kr_store_opts o = {.group_rows_max = (uint32_t)(1 + prop_below(60)),
				  .now = test_now};
	struct kr_fault f = {0};
	struct kr_store *s;
	char path[128];
	bool good;

	snprintf(path, sizeof(path), "%s/%u", dir, number);
	good = prepare(path, &o, &s, &f);
	for (unsigned i = 0; good && i < 14; i++) {
		good = step(s);
		if (good && prop_chance(30)) {
			kr_store_close(s);
			good = !kr_store_open(path, &o, &s, &f);
		}
	}
	good = good && derive(s, 0) && check(s);
	if (!good)
		printf("# run %u: %s\n", number, f.message);
	kr_store_close(s);
	return good;
}

/* ---- one case each ---- */

static void test_deliveries(struct kr_store *s, uint32_t recipient)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_delivery d, other;
	struct kr_fault f = {0};
	uint32_t *due;
	size_t n;

	IS(kr_store_outbox_due(s, INT64_MAX, a, &due, &n, &f), 0, "who has rows due");
	OK(n == 1 && due[0] == recipient, "the one recipient");
	IS(pack(s) || pack(s) || pack(s), 1, "packing");
	for (int i = 0; i < 200; i++)
		(void)pack(s);
	IS(kr_store_delivery_claim(s, KR_STR("webhook"), clock_now, a, &d, &f), 1,
	   "nothing for another sink");
	IS(kr_store_delivery_claim(s, KR_STR("mail"), clock_now - 1, a, &d, &f), 1,
	   "nothing before its time");
	IS(kr_store_delivery_claim(s, KR_STR("mail"), clock_now, a, &d, &f), 0, "one is claimed");
	OK(d.state == KR_DELIVERY_SENDING && d.attempts == 1 && d.rows > 0, "it is being sent");
	OK(kr_store_delivery_claim(s, KR_STR("mail"), clock_now, a, &other, &f) == 1 ||
		   other.id != d.id,
	   "nobody else gets it");
	IS(kr_store_delivery_decide(s, KR_BY_LOCAL, d.id, KR_DELIVERY_QUEUED, KR_STR(""), &f),
	   -KR_EINVAL, "what is being sent cannot be repeated");
	OK(kr_store_delivery_recover(s, &f) >= 1, "the node starts again");
	IS(kr_store_delivery_get(s, &KR_SCOPE_ALL, d.id, a, &d, &f), 0, "then it");
	IS(d.state, KR_DELIVERY_DOUBT, "is in doubt");
	IS(kr_store_delivery_done(s, &d, &f), -KR_EINVAL, "a late answer counts no more");
	IS(kr_store_delivery_decide(s, KR_BY_LOCAL, d.id, KR_DELIVERY_QUEUED, KR_STR("again"), &f),
	   0, "a person repeats it");
	IS(kr_store_delivery_decide(s, KR_BY_LOCAL, d.id, KR_DELIVERY_DROPPED, KR_STR("no"), &f), 0,
	   "or drops it");
	IS(kr_store_delivery_decide(s, KR_BY_LOCAL, 99999, KR_DELIVERY_DROPPED, KR_STR(""), &f),
	   -KR_ENOENT, "one that is not there");
	IS(kr_store_delivery_get(s, &(const struct kr_scope){.constituent = 77}, d.id, a, &d, &f),
	   -KR_ENOENT, "another's scope does not show it");
}

static void test_recipients(struct kr_store *s, uint32_t *ret)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_recipient r = {.constituent = 1,
				 .sink = KR_STR("mail"),
				 .address = KR_STR("soc@example.org"),
				 .quiet_from = -1,
				 .quiet_to = -1,
				 .muted_until = KR_TIME_NONE,
				 .health = 100,
				 .enabled = true};
	struct kr_recipient got,
		want[2] = {{.constituent = 1, .address = KR_STR("a@example.org")},
			   {.constituent = 1, .address = KR_STR("soc@example.org")}};
	struct kr_register_recipients sum = {0};
	struct kr_fault f = {0};
	uint32_t id = 0;
	uint64_t version_before = kr_store_recipient_version(s);

	IS(kr_store_recipient_put(s, KR_BY_LOCAL, &r, &id, &f), 0, "a recipient");
	OK(kr_store_recipient_version(s) != version_before, "changes the version");
	IS(kr_store_recipient_put(s, KR_BY_LOCAL, &r, &id, &f), -KR_EEXIST, "twice the same");
	IS(kr_store_recipient_sync(s, KR_BY_LOCAL, &r, want, 2, &sum, &f), 0, "the register's");
	OK(sum.added == 1 && sum.removed == 0, "one is new, a person's stays");
	memset(&sum, 0, sizeof(sum));
	IS(kr_store_recipient_sync(s, KR_BY_LOCAL, &r, want + 1, 1, &sum, &f), 0, "one is gone");
	OK(sum.removed == 1 && sum.added == 0, "is removed");
	memset(&sum, 0, sizeof(sum));
	IS(kr_store_recipient_sync(s, KR_BY_LOCAL, &r, want, 2, &sum, &f), 0, "it is back");
	IS(sum.returned, 1, "comes back");
	IS(kr_store_recipient_remove(s, KR_BY_LOCAL, id + 1, &f), 0, "a person removes it");
	memset(&sum, 0, sizeof(sum));
	IS(kr_store_recipient_sync(s, KR_BY_LOCAL, &r, want, 2, &sum, &f), 0, "imported again");
	IS(sum.returned + sum.added, 0, "stays removed");
	IS(kr_store_recipient_get(s, &KR_SCOPE_ALL, id, a, &got, &f), 0, "one is read");
	got.revision++;
	IS(kr_store_recipient_put(s, KR_BY_LOCAL, &got, &id, &f), -KR_EEXIST,
	   "somebody else changed it");
	IS(kr_store_recipient_health(s, id, -150, clock_now, &f), 0, "bounces");
	IS(kr_store_recipient_get(s, &KR_SCOPE_ALL, id, a, &got, &f), 0, "it");
	OK(got.health == 0 && got.bounced == clock_now, "has no health, not less");
	IS(kr_store_recipient_health(s, id, 300, KR_TIME_NONE, &f), 0, "gets through");
	IS(kr_store_recipient_get(s, &KR_SCOPE_ALL, id, a, &got, &f), 0, "it");
	OK(got.health == 100 && got.bounced == clock_now, "has all health, not more");
	*ret = id;
}

static void test_words(struct kr_store *s)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_suppression x = {.expr = KR_STR("ip:192.0.2.1"), .expires = KR_TIME_NONE}, *list;
	struct kr_feedback fb = {.source = 1,
				 .key = key_of(1),
				 .constituent = 1,
				 .verdict = KR_VERDICT_NOT_MINE,
				 .expires = clock_now + KR_DAY};
	struct kr_answer *answers;
	struct kr_fault f = {0};
	uint64_t id, newer;
	uint32_t rule;
	size_t n;

	IS(kr_store_suppression_put(s, KR_BY_LOCAL, &x, &rule, &f), -KR_EINVAL, "without reason");
	x.reason = KR_STR("our sensor");
	IS(kr_store_suppression_put(s, KR_BY_LOCAL, &x, &rule, &f), 0, "with");
	IS(kr_store_suppression_list(s, a, &list, &n, &f), 0, "rules");
	OK(n == 1 && kr_str_eqc(list[0].by, "local"), "one, with who made it");
	IS(kr_store_suppression_remove(s, KR_BY_LOCAL, rule, &f), 0, "removed");
	IS(kr_store_suppression_remove(s, KR_BY_LOCAL, rule, &f), -KR_ENOENT, "twice");
	IS(kr_store_feedback_add(s, KR_BY_LOCAL, &fb, &id, &f), 0, "an answer");
	fb.verdict = KR_VERDICT_FIXED;
	fb.expires = KR_TIME_NONE;
	IS(kr_store_feedback_add(s, KR_BY_LOCAL, &fb, &newer, &f), 0, "a later one");
	IS(kr_store_feedback_answers(s, clock_now, a, &answers, &n, &f), 0, "answers");
	OK(n == 1 && answers[0].id == newer && answers[0].verdict == KR_VERDICT_FIXED,
	   "the newest counts");
	IS(kr_store_feedback_revoke(s, KR_BY_LOCAL, newer, &f), 0, "revoked");
	IS(kr_store_feedback_answers(s, clock_now, a, &answers, &n, &f), 0, "answers");
	OK(n == 1 && answers[0].id == id, "then the one before");
	IS(kr_store_feedback_answers(s, clock_now + 2 * KR_DAY, a, &answers, &n, &f), 0, "later");
	IS(n, 0, "none: it ended");
	IS(kr_store_feedback_revoke(s, KR_BY_LOCAL, newer, &f), -KR_ENOENT, "twice");
}

static void test_cases(const char *dir)
{
	struct kr_store_opts o = {.now = test_now};
	struct kr_constituent c = {.name = KR_STR("org"), .title = KR_STR("An organisation")};
	struct kr_register_change change;
	struct kr_fault f = {0};
	uint32_t recipient = 0;
	struct kr_store *s;
	char path[128];

	snprintf(path, sizeof(path), "%s/cases", dir);
	OK(prepare(path, &o, &s, &f), "a directory");
	/* All that matters is about recipient 1. */
	for (unsigned k = 0; k < OWNERS; k++)
		owners[k].constituent = 1;
	IS(kr_store_register_replace(s, KR_BY_LOCAL, &c, 1, NULL, 0, &change, &f), 0, "a register");
	test_recipients(s, &recipient);
	test_words(s);
	OK(take(s, 0, false, BATCHES) && derive(s, 0), "rows");
	test_deliveries(s, recipient);
	IS(kr_store_outbox_forget(s, DAY, NULL, NULL, &f), 0, "today is not forgotten");
	OK(kr_store_outbox_forget(s, DAY + 1, NULL, NULL, &f) > 0, "but tomorrow");
	IS(kr_store_outbox_forget(s, DAY + 1, NULL, NULL, &f), 0, "once");
	OK(derive(s, 0), "and the cursor stays: nothing comes back");
	kr_store_close(s);
	for (unsigned k = 0; k < OWNERS; k++)
		owners[k].constituent = k + 1;
}

int main(void)
{
	char dir[] = "/tmp/karaula-test-XXXXXX";
	unsigned runs = prop_begin(12);
	bool good = mkdtemp(dir) != NULL;

	runs = KR_MIN(runs, 40u);
	reparse_arena = kr_arena_new(0);
	for (unsigned i = 0; good && i < runs; i++)
		good = run(dir, i);
	OK(good, "the outbox holds what was seen, once, over repeats and crashes");
	if (good)
		test_cases(dir);
	kr_arena_free(reparse_arena);
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return tap_end();
}
