/* SPDX-License-Identifier: Apache-2.0 */
/* Who is told on which day: repeats, answers, wishes, mute and quiet hours, over some weeks. */
#include "desk/outbox.h"

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "desk/delivery.h"
#include "desk/feedback.h"
#include "store/read.h"
#include "store/write.h"
#include "tap.h"

#define DAY0 20000
#define KEY  0x9e3779b97f4a7c15u

static kr_time clock_now = DAY0 * KR_DAY + 12 * KR_HOUR;

static kr_time test_now(void)
{
	return clock_now;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static struct kr_store *s;
static const struct kr_conf *conf;
static struct kr_desk_outbox *o;
static uint32_t source, recipient;
static unsigned reports;

static uint64_t report; /* the newest */
static enum kr_tlp report_label;

static struct kr_batch *batch_of(enum kr_tlp label, const char *class_, kr_time at)
{
	static struct kr_owner owner = {1, 1};
	struct kr_batch *b = kr_batch_new(0);
	struct kr_event *e = kr_event_new(b->arena);

	if (kr_event_put(e, b->arena, KR_F_SRC_IP,
			 (union kr_value){.ip = kr_ip_from_u32(0xC6336401)}) ||
	    kr_event_put(e, b->arena, KR_F_CLASS_TAXONOMY,
			 (union kr_value){.text = kr_str_c(class_)}))
		abort();
	e->key = KEY + reports * (label == KR_TLP_CLEAR); /* a key of its own for those */
	e->first = e->last = at;
	e->count = 1;
	e->label = label;
	e->owners = &owner;
	e->n_owners = 1;
	kr_batch_add(b, e);
	return b;
}

/* The same thing is seen: an hour ago, today. */
static void see(enum kr_tlp label, const char *class_)
{
	struct kr_report_new n = {.source = source, .name = KR_STR("a"), .observed = KR_TIME_NONE};
	struct kr_spool_writer *w;
	struct kr_spooled sp;
	struct kr_taking *t;
	struct kr_taken sum;
	struct kr_fault f = {0};
	char text[32];

	snprintf(text, sizeof(text), "report %u", reports++);
	report_label = label;
	KR_AUTO(kr_batch) *b = batch_of(label, class_, clock_now - KR_HOUR);
	OK(!kr_spool_begin(s, KR_RETAIN_STANDARD, &w, &f) &&
		   !kr_spool_add(w, text, strlen(text), &f) && !kr_spool_end(w, &sp, &f) &&
		   !kr_store_report_add(s, &n, &sp, &report, &f) &&
		   !kr_store_take_begin(s, report, false, KR_STR("x"), 0, NULL, &t, &f) &&
		   !kr_store_batch(t, 0, b, &f) &&
		   !kr_store_take_end(t, KR_REPORT_TAKEN, KR_STR(""), &sum, &f),
	   "seen %s", f.message);
}

/* The newest report is taken again: undone, and unless `half`, stored anew in other places. */
static void again(bool half)
{
	struct kr_taking *t;
	struct kr_taken sum;
	struct kr_fault f = {0};
	KR_AUTO(kr_batch) *b = batch_of(report_label, "other", clock_now - KR_HOUR);

	OK(!kr_store_take_begin(s, report, true, KR_STR("x"), 0, NULL, &t, &f), "again %s",
	   f.message);
	if (half) {
		kr_store_take_abort(t);
		return;
	}
	OK(!kr_store_batch(t, 0, b, &f) &&
		   !kr_store_take_end(t, KR_REPORT_TAKEN, KR_STR(""), &sum, &f),
	   "taken again %s", f.message);
}

/* A tick: what it packed, and what became of the newest row. */
static void tick(unsigned deliveries, enum kr_outbox_why why, const char *what)
{
	struct kr_desk_ticked sum = {0};
	struct kr_fault f = {0};
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_outbox_count *list = NULL;
	size_t n = 0;
	bool found = why == KR_WHY_NONE;

	clock_now += conf->delivery_gather;
	OK(!kr_desk_outbox_tick(o, conf, clock_now, NULL, NULL, &sum, &f), "a tick %s", f.message);
	OK(sum.deliveries == deliveries, "%s: %u deliveries", what, (unsigned)sum.deliveries);
	if (kr_store_outbox_counts(s, &KR_SCOPE_ALL, recipient, a, &list, &n, &f))
		abort();
	for (size_t i = 0; i < n; i++)
		found |= list[i].why == why && list[i].rows > 0;
	OK(found, "%s: withheld by '%s'", what, kr_outbox_why_text(why));
}

static void change(const struct kr_desk_recipient_change *c)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_recipient r;
	struct kr_fault f = {0};

	OK(!kr_desk_recipient_put(s, conf, KR_BY_LOCAL, recipient, KR_STR(""), c, a, &r, &f),
	   "changed %s", f.message);
}

#define CHANGE(...) change(&(const struct kr_desk_recipient_change){__VA_ARGS__})

static uint64_t answer(enum kr_verdict v)
{
	struct kr_feedback fb = {.source = source,
				 .key = KEY,
				 .constituent = 1,
				 .verdict = v,
				 .event = KR_STR("x"),
				 .expires = v == KR_VERDICT_FIXED ? KR_TIME_NONE
								  : clock_now + 10 * KR_DAY};
	struct kr_fault f = {0};
	uint64_t id = 0;

	IS(kr_store_feedback_add(s, KR_BY_LOCAL, &fb, &id, &f), 0, "an answer");
	return id;
}

static void test_days(void)
{
	see(KR_TLP_AMBER, "malicious-code");
	tick(1, KR_WHY_NONE, "the first time it is told");
	see(KR_TLP_AMBER, "malicious-code");
	tick(0, KR_WHY_NONE, "once a day");
	clock_now += KR_DAY;
	see(KR_TLP_AMBER, "malicious-code");
	tick(1, KR_WHY_NONE, "and the next day again");
	CHANGE(.repeat = KR_STR("3"));
	clock_now += 2 * KR_DAY;
	see(KR_TLP_AMBER, "malicious-code");
	tick(0, KR_WHY_REPEAT, "within three days it is not repeated");
	clock_now += KR_DAY;
	see(KR_TLP_AMBER, "malicious-code");
	tick(1, KR_WHY_NONE, "after three it is");
	CHANGE(.repeat = KR_STR("0"));
}

static void test_answers(void)
{
	struct kr_fault f = {0};
	uint64_t id;

	clock_now += KR_DAY;
	answer(KR_VERDICT_FIXED);
	see(KR_TLP_AMBER, "malicious-code"); /* an hour before the answer */
	tick(0, KR_WHY_FEEDBACK, "fixed: what was seen before is not told");
	clock_now += KR_DAY;
	see(KR_TLP_AMBER, "malicious-code");
	tick(1, KR_WHY_NONE, "what is seen after it is told: it is not fixed");
	id = answer(KR_VERDICT_NOT_MINE);
	clock_now += KR_DAY;
	see(KR_TLP_AMBER, "malicious-code");
	tick(0, KR_WHY_FEEDBACK, "not mine: not told");
	clock_now += 10 * KR_DAY;
	see(KR_TLP_AMBER, "malicious-code");
	tick(1, KR_WHY_NONE, "until the answer ends");
	id = answer(KR_VERDICT_FALSE_POSITIVE);
	clock_now += KR_DAY;
	see(KR_TLP_AMBER, "malicious-code");
	tick(0, KR_WHY_FEEDBACK, "a false positive: not told");
	IS(kr_store_feedback_revoke(s, KR_BY_LOCAL, id, &f), 0, "revoked");
	clock_now += KR_DAY;
	see(KR_TLP_AMBER, "malicious-code");
	tick(1, KR_WHY_NONE, "then it is told");
}

static void test_wishes(void)
{
	clock_now += KR_DAY;
	see(KR_TLP_AMBER_STRICT, "malicious-code");
	tick(0, KR_WHY_LABEL, "stricter than AMBER");
	CHANGE(.classes = KR_STR("other=never *=now"));
	clock_now += KR_DAY;
	see(KR_TLP_AMBER, "other");
	tick(0, KR_WHY_CLASS, "a class that is not wanted");
	CHANGE(.classes = KR_STR("*=daily"), .hour = KR_STR("8"));
	clock_now += KR_DAY;
	see(KR_TLP_AMBER, "other");
	tick(0, KR_WHY_NONE, "daily: not at noon");
	clock_now = kr_day_time(kr_time_day(clock_now) + 1) + 8 * KR_HOUR - 2 * KR_MINUTE;
	tick(0, KR_WHY_NONE, "nor just before eight");
	clock_now += KR_MINUTE * 2;
	tick(1, KR_WHY_NONE, "but at eight");
	CHANGE(.classes = KR_STR("*=now"), .muted = KR_STR("2h"));
	clock_now += 4 * KR_HOUR;
}

static void test_pauses(void)
{
	CHANGE(.muted = KR_STR("2h"));
	see(KR_TLP_CLEAR, "other");
	tick(0, KR_WHY_NONE, "mute");
	clock_now += 2 * KR_HOUR;
	tick(1, KR_WHY_NONE, "mute is over");
	CHANGE(.quiet = KR_STR("13:00-16:00"), .muted = KR_STR("none"));
	see(KR_TLP_CLEAR, "other");
	tick(0, KR_WHY_NONE, "quiet hours");
	clock_now += 2 * KR_HOUR;
	tick(1, KR_WHY_NONE, "they are over");
	CHANGE(.quiet = KR_STR("none"), .enabled = KR_STR("no"));
	see(KR_TLP_CLEAR, "other");
	tick(0, KR_WHY_NONE, "disabled");
	CHANGE(.enabled = KR_STR("yes"));
	tick(0, KR_WHY_NONE, "what came meanwhile has passed");
	see(KR_TLP_CLEAR, "other");
	OK(!kr_store_recipient_health(s, recipient, -100, clock_now, NULL), "mail bounces");
	tick(0, KR_WHY_NONE, "then it waits");
	CHANGE(.enabled = KR_STR("yes"));
	tick(1, KR_WHY_NONE, "until a person says that it is mended");
	CHANGE(.muted = KR_STR("5d"));
	see(KR_TLP_CLEAR, "other");
	tick(0, KR_WHY_NONE, "mute");
	CHANGE(.muted = KR_STR("none"));
	tick(1, KR_WHY_NONE, "a mute that is lifted holds nothing");
	CHANGE(.muted = KR_STR("20d"));
	see(KR_TLP_CLEAR, "other");
	tick(0, KR_WHY_NONE, "mute for long");
	clock_now += 20 * KR_DAY;
	tick(0, KR_WHY_OLD, "what waited too long is not told");
}

static void test_suppression(void)
{
	struct kr_suppression x = {.expr = KR_STR("ip:198.51.100.1"),
				   .reason = KR_STR("known"),
				   .expires = clock_now + 3 * KR_DAY};
	struct kr_fault f = {0};
	uint32_t rule;

	CHANGE(.muted = KR_STR("1h"));
	see(KR_TLP_CLEAR, "other");
	tick(0, KR_WHY_NONE, "it waits");
	IS(kr_store_suppression_put(s, KR_BY_LOCAL, &x, &rule, &f), 0, "a rule comes meanwhile");
	clock_now += KR_HOUR;
	tick(0, KR_WHY_SUPPRESSED, "what waited is looked at again");
	CHANGE(.muted = KR_STR("none"));
	see(KR_TLP_CLEAR, "other");
	tick(0, KR_WHY_SUPPRESSED, "so is what is new");
	clock_now += 3 * KR_DAY;
	see(KR_TLP_CLEAR, "other");
	tick(1, KR_WHY_NONE, "until the rule ends");
	x.constituent = 77;
	x.expires = KR_TIME_NONE;
	IS(kr_store_suppression_put(s, KR_BY_LOCAL, &x, &rule, &f), 0, "a rule for another");
	see(KR_TLP_CLEAR, "other");
	tick(1, KR_WHY_NONE, "is none for this one");
}

static bool pass(void *ctx, struct kr_outbox_row *row, const struct kr_stored_event *ev)
{
	(void)row;
	*(unsigned *)ctx += ev != NULL;
	return true;
}

/* What a sink does with the newest delivery; how many events it finds. */
static unsigned compose(void)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_delivery_query q = {.limit = 1};
	struct kr_desk_mailing m;
	struct kr_delivery *d;
	struct kr_fault f = {0};
	unsigned found = 0;
	size_t n;

	if (kr_store_delivery_list(s, &KR_SCOPE_ALL, &q, a, &d, &n, &f) || !n ||
	    kr_desk_mailing_of(s, conf, &KR_SCOPE_ALL, d->id, a, &m, &f) ||
	    kr_desk_mailing_each(s, &m, pass, &found, &f) || kr_desk_mailing_release(s, &m, &f))
		abort();
	kr_desk_mailing_done(&m);
	return found;
}

static void test_under_way(void)
{
	see(KR_TLP_CLEAR, "other");
	tick(1, KR_WHY_NONE, "packed");
	IS(compose(), 1, "it would be sent");
	again(false);
	IS(compose(), 0, "taken again, not derived: its row is elsewhere");
	tick(1, KR_WHY_NONE, "so it is packed anew");
	IS(compose(), 1, "and found there");
	again(true);
	IS(compose(), 0, "while it is taken again there is nothing to send");
	tick(0, KR_WHY_GONE, "and nothing to pack");
	again(false);
	tick(1, KR_WHY_NONE, "then it is there, and told");
	IS(compose(), 1, "once");
	again(false);
	tick(0, KR_WHY_NONE, "what was taken again after it was packed is not packed twice");
	IS(compose(), 1, "and found where it is now");
}

static bool copy(void *ctx, const struct kr_outbox_row *row)
{
	*(struct kr_outbox_row *)ctx = *row;
	return true;
}

/* Judged as gone, but taken again before that was written. */
static void test_stale(void)
{
	struct kr_outbox_query q = {.recipient = recipient, .state = KR_OUTBOX_WAITING};
	struct kr_desk_ticked sum = {0};
	struct kr_outbox_row row = {0};
	struct kr_fault f = {0};
	uint64_t id;

	see(KR_TLP_CLEAR, "other");
	IS(kr_desk_outbox_derive(o, conf, NULL, NULL, &sum, &f), 0, "derived");
	IS(kr_store_outbox_list(s, &q, copy, &row, &f), 0, "it waits");
	again(false);
	IS(kr_desk_outbox_derive(o, conf, NULL, NULL, &sum, &f), 0, "derived again");
	row.state = KR_OUTBOX_WITHHELD;
	row.why = KR_WHY_GONE;
	IS(kr_store_delivery_pack(s, recipient, clock_now, &row, 1, KR_TLP_CLEAR, &id, &f), 1,
	   "nothing is packed");
	tick(1, KR_WHY_NONE, "it is told");
}

static void test_link(void)
{
	const struct kr_link link = {7, 123456789012345ull, DAY0 * KR_DAY};
	uint8_t key[32] = "a key", other[32] = "another key";
	char token[KR_LINK_TOKEN_MAX];
	struct kr_link got;
	struct kr_fault f;
	unsigned passed = 0;

	kr_link_write(key, &link, token);
	IS(strlen(token), 44, "a token");
	IS(kr_link_read(key, kr_str_c(token), link.expires, &got, &f), 0, "is read");
	OK(got.recipient == 7 && got.delivery == link.delivery && got.expires == link.expires,
	   "as it was");
	IS(kr_link_read(key, kr_str_c(token), link.expires + KR_MINUTE, &got, &f), -KR_EUNAVAIL,
	   "it ends");
	IS(kr_link_read(other, kr_str_c(token), 0, &got, &f), -KR_EDENIED, "under another key");
	for (size_t i = 0; i < 44; i++)
		for (int bit = 0; bit < 8; bit++) {
			token[i] ^= (char)(1 << bit);
			passed += !kr_link_read(key, kr_str_n(token, 44), 0, &got, &f);
			token[i] ^= (char)(1 << bit);
		}
	IS(passed, 0, "no bit may change");
	for (size_t n = 0; n < 44; n++)
		passed += !kr_link_read(key, kr_str_n(token, n), 0, &got, &f);
	IS(passed, 0, "nor may it be cut");
}

static bool prepare(const char *path, struct kr_fault *f)
{
	struct kr_store_opts opts = {.now = test_now};
	struct kr_constituent c = {.name = KR_STR("org")};
	struct kr_source src = {.name = KR_STR("feed")};
	const struct kr_desk_recipient_change r = {.sink = KR_STR("pull"),
						   .classes = KR_STR("*=now")};
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_register_change change_;
	struct kr_recipient got;

	if (kr_conf_load(-1, NULL, &conf, f) || kr_store_init(path, f) ||
	    kr_store_open(path, &opts, &s, f) ||
	    kr_store_register_replace(s, KR_BY_LOCAL, &c, 1, NULL, 0, &change_, f) ||
	    kr_store_source_put(s, KR_BY_LOCAL, &src, &source, f) ||
	    kr_desk_recipient_put(s, conf, KR_BY_LOCAL, 0, KR_STR("org"), &r, a, &got, f))
		return false;
	recipient = got.id;
	o = kr_desk_outbox_new(s);
	return true;
}

int main(void)
{
	char dir[] = "/tmp/karaula-test-XXXXXX", path[64];
	struct kr_fault f = {0};

	test_link();
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/node", dir);
	OK(prepare(path, &f), "a directory %s", f.message);
	if (o) {
		test_days();
		test_answers();
		test_wishes();
		test_pauses();
		test_suppression();
		test_under_way();
		test_stale();
	}
	kr_desk_outbox_free(o);
	kr_store_close(s);
	kr_conf_unref(conf);
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return tap_end();
}
