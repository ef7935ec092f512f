/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking, interrupting, resuming and taking again, against an oracle that holds every contribution
 * in memory: what the store lists must be what the oracle says, and counters must equal a recount.
 */
#include "store/read.h"
#include "store/write.h"

#include <ftw.h>
#include <unistd.h>

#include "prop.h"
#include "tap.h"

#define REPORTS 5
#define BATCHES 6
#define EVENTS	40  /* of a batch */
#define KEYS	300 /* identities */

/* What report r says in its n-th record, in its g-th version. */
struct said {
	uint32_t addr;
	uint64_t key;
	kr_time time;
	uint32_t asn;
	enum kr_tlp label;
	uint32_t n_owners;
	const char *class_;
};

static struct said said[REPORTS][2][BATCHES * EVENTS];
static unsigned version[REPORTS]; /* in the store */
static bool present[REPORTS];
static uint64_t report_id[REPORTS];
static struct kr_owner owners[3] = {{1, 11}, {2, 22}, {3, 33}};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void make_said(void)
{
	static const char *const classes[] = {"malicious-code", "vulnerable", "test"};

	for (unsigned r = 0; r < REPORTS; r++)
		for (unsigned v = 0; v < 2; v++)
			for (unsigned i = 0; i < BATCHES * EVENTS; i++) {
				uint64_t k = prop_below(KEYS);

				said[r][v][i] = (struct said){
					.addr = (uint32_t)(0xC6336400u + k / 2),
					.key = k * 0x9e3779b97f4a7c15u,
					.time = KR_DAY * 20000 + (kr_time)prop_below(KR_DAY * 3),
					.asn = (uint32_t)(64500 + prop_below(4)),
					.label = (enum kr_tlp)(1 + prop_below(4)),
					.n_owners = (uint32_t)prop_below(4),
					.class_ = classes[k % 3],
				};
			}
}

static struct kr_event *make_event(struct kr_arena *a, const struct said *s, unsigned i)
{
	struct kr_event *e = kr_event_new(a);
	struct kr_ip ip = kr_ip_from_u32(s->addr);
	bool ok;

	ok = !kr_event_put(e, a, KR_F_TIME_SOURCE, (union kr_value){.t = s->time});
	if (s->key % 5)
		ok &= !kr_event_put(e, a, KR_F_SRC_IP, (union kr_value){.ip = ip});
	ok &= !kr_event_put(e, a, KR_F_SRC_ASN, (union kr_value){.i = s->asn});
	ok &= !kr_event_put(e, a, KR_F_CLASS_TAXONOMY,
			    (union kr_value){.text = kr_str_c(s->class_)});
	ok &= !kr_event_add_extra(e, a, KR_STR("n"), kr_arena_printf(a, "%u", i), true);
	assert(ok);
	e->offset = i * 10;
	e->length = 9;
	e->key = s->key;
	e->first = e->last = s->time;
	e->count = 1;
	e->label = s->label;
	e->owners = owners;
	e->n_owners = s->n_owners;
	return e;
}

static struct kr_arena *reparse_arena;

static int reparse(void *ctx, uint64_t report, uint64_t offset, uint32_t part,
		   const struct kr_event **ret, struct kr_fault *reterr)
{
	(void)ctx, (void)part;
	kr_arena_clear(reparse_arena);
	for (unsigned r = 0; r < REPORTS; r++)
		if (report_id[r] == report) {
			*ret = make_event(reparse_arena, &said[r][version[r]][offset / 10],
					  (unsigned)(offset / 10));
			return 0;
		}
	return kr_fault_set(reterr, -KR_ENOENT, "no such report");
}

static const struct kr_reparse reparser = {reparse, NULL};

/* Take a report, giving up after some batches if asked. */
static bool take(struct kr_store *s, unsigned r, unsigned v, bool again, unsigned stop)
{
	struct kr_taking *t;
	struct kr_taken sum;
	struct kr_fault f = {0};
	KR_AUTO(kr_batch) *b = kr_batch_new(0);

	if (kr_store_take_begin(s, report_id[r], again, KR_STR("test"), 0, &reparser, &t, &f))
		goto fail;
	for (unsigned n = 0; n < BATCHES; n++) {
		if (n == stop) {
			kr_store_take_abort(t);
			return true;
		}
		kr_batch_clear(b);
		for (unsigned i = 0; i < EVENTS; i++)
			kr_batch_add(b, make_event(b->arena, &said[r][v][n * EVENTS + i],
						   n * EVENTS + i));
		if (n == 2)
			kr_batch_refuse(b, 5, 6, 1, 2, "broken %d", 7);
		if (!kr_store_batch_done(t, n) && kr_store_batch(t, n, b, &f))
			goto fail;
	}
	if (kr_store_take_end(t, KR_REPORT_TAKEN, KR_STR(""), &sum, &f))
		goto fail;
	if (sum.read != BATCHES * EVENTS + 1 || sum.refused != 1 ||
	    sum.fresh + sum.aggregated != BATCHES * EVENTS) {
		printf("# totals: read %llu fresh %llu aggregated %llu\n",
		       (unsigned long long)sum.read, (unsigned long long)sum.fresh,
		       (unsigned long long)sum.aggregated);
		return false;
	}
	return true;
fail:
	printf("# %s: %s\n", f.where, f.message);
	return false;
}

struct want {
	bool any;
	unsigned r, i;
	uint64_t n;
	kr_time first, last;
	enum kr_tlp label;
};

static struct want want[KEYS];
static unsigned rows_seen;
static bool all_good;

static void expect(void)
{
	memset(want, 0, sizeof(want));
	for (unsigned r = 0; r < REPORTS; r++)
		for (unsigned i = 0; present[r] && i < BATCHES * EVENTS; i++) {
			const struct said *s = &said[r][version[r]][i];
			struct want *w = NULL;

			for (unsigned k = 0; k < KEYS; k++)
				if (s->key == k * 0x9e3779b97f4a7c15u)
					w = &want[k];
			if (!w->any)
				*w = (struct want){true, r, i, 0, s->time, s->time, s->label};
			/* Reports were added in order, so the first seen here is the earliest. */
			w->n++;
			w->first = KR_MIN(w->first, s->time);
			w->last = KR_MAX(w->last, s->time);
			w->label = KR_MAX(w->label, s->label);
		}
}

static bool check_row(void *ctx, const struct kr_stored_event *ev)
{
	bool good = false;

	(void)ctx;
	rows_seen++;
	for (unsigned k = 0; k < KEYS; k++) {
		const struct want *w = &want[k];
		const struct said *s;

		if (!w->any || ev->e->key != k * 0x9e3779b97f4a7c15u)
			continue;
		s = &said[w->r][version[w->r]][w->i];
		good = ev->e->count == w->n && ev->e->first == w->first && ev->e->last == w->last &&
		       ev->e->label == w->label && ev->report == report_id[w->r] &&
		       ev->e->offset == w->i * 10 &&
		       kr_event_get(ev->e, KR_F_SRC_ASN)->i == s->asn &&
		       ev->e->n_owners == s->n_owners && kr_event_extra(ev->e, KR_STR("n"));
		if (!good)
			printf("# key %u: n %llu/%llu report %llu/%llu offset %llu/%u asn "
			       "%lld/%u\n",
			       k, (unsigned long long)ev->e->count, (unsigned long long)w->n,
			       (unsigned long long)ev->report, (unsigned long long)report_id[w->r],
			       (unsigned long long)ev->e->offset, w->i * 10,
			       (long long)kr_event_get(ev->e, KR_F_SRC_ASN)->i, s->asn);
	}
	all_good &= good;
	return true;
}

static bool check(struct kr_store *s)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_event_query q = {0};
	struct kr_event_page page;
	struct kr_fault f = {0};
	unsigned expected = 0;

	expect();
	for (unsigned k = 0; k < KEYS; k++)
		expected += want[k].any;
	rows_seen = 0;
	all_good = true;
	if (kr_store_event_list(s, &KR_SCOPE_ALL, &q, check_row, NULL, a, &page, &f) ||
	    rows_seen != expected) {
		printf("# rows %u, expected %u; %s\n", rows_seen, expected, f.message);
		return false;
	}
	if (kr_store_verify(s, &f)) {
		printf("# %s\n", f.message);
		return false;
	}
	return all_good;
}

static bool spool_report(struct kr_store *s, unsigned r, uint32_t source, struct kr_fault *f)
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

static bool run(const char *dir, unsigned run)
{
	struct kr_store_opts o = {.group_rows_max = (uint32_t)(1 + prop_below(200))};
	struct kr_source src = {.name = KR_STR("feed")};
	char path[128];
	struct kr_store *s;
	struct kr_fault f = {0};
	uint32_t source;
	bool good = true;

	snprintf(path, sizeof(path), "%s/%u", dir, run);
	make_said();
	memset(present, 0, sizeof(present));
	memset(version, 0, sizeof(version));
	if (kr_store_init(path, &f) || kr_store_open(path, &o, &s, &f) ||
	    kr_store_source_put(s, KR_BY_LOCAL, &src, &source, &f)) {
		printf("# %s\n", f.message);
		return false;
	}
	for (unsigned r = 0; good && r < REPORTS; r++)
		good = spool_report(s, r, source, &f);
	for (unsigned step = 0; good && step < 14; step++) {
		unsigned r = (unsigned)prop_below(REPORTS),
			 stop = (unsigned)prop_below(BATCHES * 2);
		bool again = present[r];

		if (again)
			version[r] ^= 1;
		good = take(s, r, version[r], again, stop);
		/* A crash: the directory is opened again, and what was open is resumed. */
		if (stop < BATCHES && prop_chance(70)) {
			kr_store_close(s);
			good &= !kr_store_open(path, &o, &s, &f);
		}
		if (good && stop < BATCHES)
			good = take(s, r, version[r], false, BATCHES);
		present[r] = true;
		good = good && check(s);
	}
	kr_store_close(s);
	return good;
}

int main(void)
{
	char dir[] = "/tmp/karaula-test-XXXXXX";
	unsigned runs = prop_begin(6);
	bool good = mkdtemp(dir) != NULL;

	reparse_arena = kr_arena_new(0);
	for (unsigned i = 0; good && i < runs; i++)
		good = run(dir, i);
	OK(good, "rows, counts and counters equal the oracle over interruptions and repeats");
	kr_arena_free(reparse_arena);
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return tap_end();
}
