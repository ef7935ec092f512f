/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists, counts, groups and pages over several days and parts, held against a walk over all rows
 * with kr_expr_match(): whatever plan is taken (postings, index, value filters, spans), the answer
 * is the same.
 */
#include "store/read.h"
#include "store/write.h"

#include <ftw.h>
#include <unistd.h>

#include "prop.h"
#include "tap.h"

#define DAYS  5
#define ROWS  400 /* of a day */
#define NAMES 4

static kr_time today;

static kr_time now(void)
{
	return today;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void put_text(struct kr_event *e, struct kr_arena *a, enum kr_field f, const char *s)
{
	if (kr_event_put(e, a, f, (union kr_value){.text = kr_str_c(s)}))
		abort();
}

static struct kr_event *make(struct kr_arena *a, unsigned day, unsigned i,
			     const struct kr_constituent *c)
{
	static const char *const types[][2] = {{"malicious-code", "infected-system"},
					       {"fraud", "phishing"},
					       {"vulnerable", "weak-crypto"}};
	static const char *const countries[] = {"RS", "ME", "HR", "MK"};
	struct kr_event *e = kr_event_new(a);
	uint64_t k = prop_below(3);

	if (prop_chance(85)) {
		struct kr_ip ip = kr_ip_from_u32(0xC6336400u + (uint32_t)prop_below(512));

		if (prop_chance(20) && kr_ip_parse(KR_STR("2001:db8::1"), &ip) == 0)
			ip.b[15] = (uint8_t)prop_below(32);
		if (kr_event_put(e, a, KR_F_SRC_IP, (union kr_value){.ip = ip}))
			abort();
	}
	put_text(e, a, KR_F_CLASS_TAXONOMY, types[k][0]);
	put_text(e, a, KR_F_CLASS_TYPE, types[k][1]);
	if (prop_chance(80))
		put_text(e, a, KR_F_SRC_CC, countries[prop_below(2 + day % 3)]);
	if (prop_chance(80) &&
	    kr_event_put(e, a, KR_F_SRC_ASN,
			 (union kr_value){.i = (int64_t)(64500 + day * 2 + prop_below(4))}))
		abort();
	if (prop_chance(30))
		put_text(e, a, KR_F_SRC_FQDN,
			 prop_chance(50) ? "www.example.org" : "mail.example.net");
	if (prop_chance(20) && kr_event_add_extra(e, a, KR_STR("naics"), KR_STR("541"), true))
		abort();
	e->first = today - (kr_time)prop_below(KR_DAY * 2);
	e->last = e->first + (kr_time)(prop_chance(20) ? prop_below(KR_DAY) : 0);
	if (kr_event_put(e, a, KR_F_TIME_SOURCE, (union kr_value){.t = e->first}))
		abort();
	e->key = (uint64_t)day << 32 | i;
	e->offset = i;
	e->length = 1;
	e->label = KR_TLP_AMBER;
	e->n_owners = (uint32_t)prop_below(3);
	e->owners = kr_arena_calloc(a, 2, sizeof(*e->owners));
	for (uint32_t o = 0; o < e->n_owners; o++)
		e->owners[o] = (struct kr_owner){c[(day + i + o) % NAMES].id, 1};
	return e;
}

static bool fill(struct kr_store *s, struct kr_fault *f)
{
	struct kr_constituent c[NAMES] = {{.name = KR_STR("alpha")},
					  {.name = KR_STR("beta")},
					  {.name = KR_STR("gamma")},
					  {.name = KR_STR("delta")}};
	struct kr_source src[2] = {{.name = KR_STR("feed-a")},
				   {.name = KR_STR("feed-b"), .retention = KR_RETAIN_LONG}};
	struct kr_register_change change;
	uint32_t source[2];

	if (kr_store_register_replace(s, KR_BY_LOCAL, c, NAMES, NULL, 0, &change, f) ||
	    kr_store_source_put(s, KR_BY_LOCAL, &src[0], &source[0], f) ||
	    kr_store_source_put(s, KR_BY_LOCAL, &src[1], &source[1], f))
		return false;
	for (unsigned day = 0; day < DAYS; day++) {
		KR_AUTO(kr_batch) *b = kr_batch_new(0);
		struct kr_spool_writer *w;
		struct kr_spooled sp;
		struct kr_taking *t;
		struct kr_taken sum;
		uint64_t id;
		struct kr_report_new n = {
			.source = source[day % 2], .name = KR_STR("r"), .observed = KR_TIME_NONE};
		char text[16];

		today += KR_DAY;
		snprintf(text, sizeof(text), "day %u\n", day);
		if (kr_spool_begin(s, day % 2 ? KR_RETAIN_LONG : KR_RETAIN_STANDARD, &w, f) ||
		    kr_spool_add(w, text, strlen(text), f) || kr_spool_end(w, &sp, f) ||
		    kr_store_report_add(s, &n, &sp, &id, f) ||
		    kr_store_take_begin(s, id, false, KR_STR("x"), 0, NULL, &t, f))
			return false;
		for (uint32_t k = 0; k < 4; k++) {
			kr_batch_clear(b);
			for (unsigned i = 0; i < ROWS / 4; i++)
				kr_batch_add(b, make(b->arena, day, k * ROWS / 4 + i, c));
			if (kr_store_batch(t, k, b, f))
				return false;
		}
		if (kr_store_take_end(t, KR_REPORT_TAKEN, KR_STR(""), &sum, f))
			return false;
	}
	today += KR_DAY;
	return !kr_store_derive(s, f);
}

struct walk {
	const struct kr_expr *x;
	char (*ids)[KR_EVENT_ID_TEXT_MAX];
	unsigned n;
	uint64_t events;
};

static bool matching(void *ctx, const struct kr_stored_event *ev)
{
	struct walk *w = ctx;
	char text[KR_EVENT_ID_TEXT_MAX];
	struct kr_expr_event x = {.e = ev->e,
				  .source = ev->source,
				  .report = ev->report,
				  .constituents = ev->constituents,
				  .n_constituents = ev->n_constituents,
				  .id = kr_str_c(kr_event_id_text(&ev->id, text))};

	if (!w->x || kr_expr_match(w->x, &x)) {
		strcpy(w->ids[w->n++], text);
		w->events += ev->e->count;
	}
	return true;
}

/* All pages of a query, with a limit. */
static bool pages(struct kr_store *s, const struct kr_expr *x, uint32_t limit, struct walk *w,
		  struct kr_fault *f)
{
	char cursor[KR_EVENT_ID_TEXT_MAX] = "";

	for (;;) {
		KR_AUTO(kr_arena) *a = kr_arena_new(0);
		struct kr_event_query q = {.expr = x,
					   .limit = limit,
					   .cursor = kr_str_c(cursor),
					   .scan_max = prop_chance(30) ? 100 : 0};
		struct kr_event_page page;

		if (kr_store_event_list(s, &KR_SCOPE_ALL, &q, matching, w, a, &page, f))
			return false;
		if (!page.cursor.n)
			return true;
		memcpy(cursor, page.cursor.p, page.cursor.n + 1);
	}
}

static char all_ids[DAYS * ROWS][KR_EVENT_ID_TEXT_MAX], got_ids[DAYS * ROWS][KR_EVENT_ID_TEXT_MAX];

static const char *const leaves[] = {
	"type:phishing",
	"class:vulnerable",
	"cc:rs",
	"cc:me,hr",
	"asn:64503",
	"asn:64500..64504",
	"ip:198.51.100.7",
	"ip:198.51.100.0/26",
	"ip:2001:db8::/124",
	"constituent:alpha",
	"constituent:*a",
	"source:feed-b",
	"routed:no",
	"since:3d",
	"until:2024-10-04",
	"time:2024-10-03",
	"time:2024-10-02T06:00:00Z..2024-10-02T12:00:00Z",
	"fqdn:example.org",
	"has:fqdn",
	"extra.naics:541",
	"report:2",
	"last:>=2024-10-04",
	"nothing",
	"count:1",
};

static void random_expression(char *buf, size_t size)
{
	size_t n = 1 + prop_below(4);

	buf[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		char one[128];

		snprintf(one, sizeof(one), "%s%s%s", i ? prop_chance(30) ? " or " : " and " : "",
			 prop_chance(20) ? "not " : "", leaves[prop_below(KR_ARRAY_LEN(leaves))]);
		strncat(buf, one, size - strlen(buf) - 1);
	}
}

static bool check(struct kr_store *s, const char *text)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_expr_opts o = {.now = today, .depth_max = 64, .nodes_max = 1000};
	struct walk want = {.ids = all_ids}, got = {.ids = got_ids};
	struct kr_expr_leaf by = {.subject = KR_SUBJ_FIELD, .field = KR_F_SRC_CC};
	struct kr_event_query q = {0};
	struct kr_event_page page;
	struct kr_group_row *groups;
	struct kr_count count;
	struct kr_fault f = {0};
	struct kr_expr *x;
	uint64_t sum = 0;
	size_t n;

	if (kr_expr_parse(kr_str_c(text), &o, a, &x, &f)) {
		printf("# %s: %s\n", text, f.message);
		return false;
	}
	want.x = x;
	if (kr_store_event_list(s, &KR_SCOPE_ALL, &q, matching, &want, a, &page, &f))
		goto fail;
	if (!pages(s, x, prop_chance(50) ? 7 : 0, &got, &f))
		goto fail;
	if (kr_store_event_count(s, &KR_SCOPE_ALL, &q, NULL, 0, a, &count, &groups, &n, &f) ||
	    count.rows != DAYS * ROWS || count.events != DAYS * ROWS)
		goto fail;
	q.expr = x;
	if (kr_store_event_count(s, &KR_SCOPE_ALL, &q, &by, 1000, a, &count, &groups, &n, &f))
		goto fail;
	for (size_t i = 0; i < n; i++)
		sum += groups[i].rows;
	if (got.n != want.n || count.rows != want.n || sum != want.n ||
	    count.events != want.events) {
		printf("# %s: wanted %u, listed %u, counted %llu, grouped %llu\n", text, want.n,
		       got.n, (unsigned long long)count.rows, (unsigned long long)sum);
		return false;
	}
	for (unsigned i = 0; i < got.n; i++)
		if (strcmp(got.ids[i], want.ids[i]) != 0) {
			printf("# %s: row %u is %s, wanted %s\n", text, i, got.ids[i], want.ids[i]);
			return false;
		}
	return true;
fail:
	printf("# %s: %s\n", text, f.message);
	return false;
}

int main(void)
{
	struct kr_store_opts o = {.partition_rows_max = 150, .group_rows_max = 60, .now = now};
	char dir[] = "/tmp/karaula-test-XXXXXX", text[600];
	unsigned runs = prop_begin(120);
	struct kr_fault f = {0};
	struct kr_store *s = NULL;
	bool good;

	today = KR_DAY * 19996 + KR_HOUR * 9; /* 2024-09-30 */
	good = mkdtemp(dir) && !kr_store_init(dir, &f) && !kr_store_open(dir, &o, &s, &f) &&
	       fill(s, &f);
	OK(good, "filled: %s", f.message);
	for (size_t i = 0; good && i < KR_ARRAY_LEN(leaves); i++)
		good = check(s, leaves[i]);
	OK(good, "each leaf alone");
	for (unsigned i = 0; good && i < runs; i++) {
		random_expression(text, sizeof(text));
		good = check(s, text);
	}
	OK(good, "combinations");
	kr_store_close(s);
	s = NULL;
	good = good && !kr_store_open(dir, &o, &s, &f);
	for (size_t i = 0; good && i < KR_ARRAY_LEN(leaves); i++)
		good = check(s, leaves[i]);
	OK(good, "opened again, with the catalogue from stats.db");
	IS(s ? kr_store_verify(s, &f) : -1, 0, "counters equal a recount");
	kr_store_close(s);
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return tap_end();
}
