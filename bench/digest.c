/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From stored rows to messages: many constituents with a recipient each, rows of the shape of a
 * sinkhole report. Prints CPU of deriving and packing a row, and of building all digests.
 *
 *     bench-digest DIR ROWS CONSTITUENTS
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/buf.h"
#include "desk/outbox.h"
#include "render/digest.h"
#include "store/read.h"
#include "store/write.h"

#define BATCH 2000

static uint64_t state = 1;

static uint64_t next(void)
{
	uint64_t z = (state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void fail(const char *what, const struct kr_fault *f)
{
	fprintf(stderr, "%s: %s\n", what, f->message);
	exit(1);
}

static void text(struct kr_event *e, struct kr_arena *a, enum kr_field f, const char *s)
{
	if (kr_event_put(e, a, f, (union kr_value){.text = kr_str_c(s)}))
		abort();
}

static void number(struct kr_event *e, struct kr_arena *a, enum kr_field f, int64_t i)
{
	if (kr_event_put(e, a, f, (union kr_value){.i = i}))
		abort();
}

static struct kr_event *make(struct kr_arena *a, uint64_t i, unsigned constituents, kr_time now)
{
	static const char *const names[] = {"avalanche-andromeda", "conficker", "ranbyus",
					    "qsnatch"};
	static const char *const keys[] = {"naics",	 "sector", "http_url",
					   "http_agent", "tag",	   "family"};
	struct kr_event *e = kr_event_new(a);
	struct kr_owner *owner = kr_arena_calloc(a, 1, sizeof(*owner));
	struct kr_ip ip = kr_ip_from_u32((uint32_t)(i * 2654435761u));
	uint64_t r = next();

	if (kr_event_put(e, a, KR_F_SRC_IP, (union kr_value){.ip = ip}) ||
	    kr_event_put(e, a, KR_F_DST_IP, (union kr_value){.ip = kr_ip_from_u32(0xC0000200)}))
		abort();
	text(e, a, KR_F_CLASS_TAXONOMY, r & 1 ? "malicious-code" : "vulnerable");
	text(e, a, KR_F_CLASS_TYPE, r & 1 ? "infected-system" : "vulnerable-system");
	text(e, a, KR_F_CLASS_IDENTIFIER, "sinkhole-http");
	text(e, a, KR_F_MALWARE_NAME, names[r >> 8 & 3]);
	text(e, a, KR_F_SRC_CC, "RS");
	text(e, a, KR_F_SRC_REVERSE_DNS, "host.example.net");
	text(e, a, KR_F_PROTO_TRANSPORT, "tcp");
	text(e, a, KR_F_DST_FQDN, "sinkhole.example.org");
	number(e, a, KR_F_SRC_PORT, (int64_t)(1024 + (r >> 16) % 60000));
	number(e, a, KR_F_SRC_ASN, (int64_t)(64500 + (r >> 32) % 10));
	number(e, a, KR_F_DST_PORT, 80);
	for (size_t k = 0; k < KR_ARRAY_LEN(keys); k++)
		if (kr_event_add_extra(e, a, kr_str_c(keys[k]), KR_STR("some value"), false))
			abort();
	e->offset = i * 300;
	e->length = 299;
	e->key = next();
	e->first = e->last = now - (kr_time)(r % KR_HOUR);
	e->count = 1;
	e->label = KR_TLP_AMBER;
	*owner = (struct kr_owner){(uint32_t)(r >> 40) % constituents + 1,
				   (uint32_t)(r >> 40) % constituents + 1};
	e->owners = owner;
	e->n_owners = 1;
	return e;
}

static void people(struct kr_store *s, unsigned n)
{
	struct kr_constituent *c = kr_xcalloc(n, sizeof(*c));
	struct kr_rule *rules = kr_xcalloc(n, sizeof(*rules));
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_register_change change;
	struct kr_fault f = {0};

	for (unsigned i = 0; i < n; i++) {
		c[i] = (struct kr_constituent){.name = kr_arena_printf(a, "org-%u", i),
					       .title = KR_STR("An organisation")};
		rules[i] = (struct kr_rule){.constituent = i,
					    .kind = KR_RULE_ASN,
					    .value = kr_arena_printf(a, "%u", 64500 + i)};
	}
	if (kr_store_register_replace(s, KR_BY_LOCAL, c, n, rules, n, &change, &f))
		fail("register", &f);
	for (unsigned i = 0; i < n; i++) {
		const struct kr_recipient r = {.constituent = c[i].id,
					       .sink = KR_STR("pull"),
					       .classes = KR_STR("*=now"),
					       .quiet_from = -1,
					       .quiet_to = -1,
					       .muted_until = KR_TIME_NONE,
					       .health = 100,
					       .enabled = true};
		uint32_t id;

		if (kr_store_recipient_put(s, KR_BY_LOCAL, &r, &id, &f))
			fail("recipient", &f);
	}
	free(c);
	free(rules);
}

static void fill(struct kr_store *s, uint64_t rows, unsigned constituents)
{
	struct kr_source src = {.name = KR_STR("bench")};
	KR_AUTO(kr_batch) *b = kr_batch_new(0);
	struct kr_spool_writer *w;
	struct kr_spooled sp;
	struct kr_taking *t;
	struct kr_taken sum;
	struct kr_fault f = {0};
	struct kr_report_new n = {.name = KR_STR("b.csv"), .observed = KR_TIME_NONE};
	uint64_t report;
	uint32_t batch = 0;

	if (kr_store_source_put(s, KR_BY_LOCAL, &src, &n.source, &f) ||
	    kr_spool_begin(s, KR_RETAIN_STANDARD, &w, &f) || kr_spool_add(w, "x", 1, &f) ||
	    kr_spool_end(w, &sp, &f) || kr_store_report_add(s, &n, &sp, &report, &f) ||
	    kr_store_take_begin(s, report, false, KR_STR(""), 0, NULL, &t, &f))
		fail("report", &f);
	for (uint64_t i = 0; i < rows; i++) {
		kr_batch_add(b, make(b->arena, i, constituents, kr_store_now(s)));
		if (b->n < BATCH && i + 1 < rows)
			continue;
		if (kr_store_batch(t, batch++, b, &f))
			fail("batch", &f);
		kr_batch_clear(b);
	}
	if (kr_store_take_end(t, KR_REPORT_TAKEN, KR_STR(""), &sum, &f))
		fail("end", &f);
}

static void build(struct kr_store *s, const struct kr_conf *conf)
{
	struct kr_delivery_query q = {0};
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_delivery *list;
	struct kr_digest_opts o;
	struct kr_fault f = {0};
	uint64_t rows = 0, bytes = 0;
	int64_t began = kr_cpu_us();
	size_t n;

	if (kr_store_delivery_list(s, &KR_SCOPE_ALL, &q, a, &list, &n, &f) ||
	    kr_digest_opts(s, conf, &o, &f))
		fail("deliveries", &f);
	for (size_t i = 0; i < n; i++) {
		KR_AUTO(kr_arena) *own = kr_arena_new(0);
		struct kr_desk_mailing m;
		struct kr_digest d;

		if (kr_desk_mailing_of(s, conf, &KR_SCOPE_ALL, list[i].id, own, &m, &f) ||
		    kr_digest_make(s, &m, &o, &d, &f))
			fail("digest", &f);
		rows += d.rows;
		bytes += d.csv.n;
		kr_digest_done(&d);
		kr_desk_mailing_done(&m);
	}
	printf("build_s\t%.3f\ndigests\t%zu\ndigest_rows\t%llu\ntable_bytes\t%llu\n",
	       (double)(kr_cpu_us() - began) / 1e6, n, (unsigned long long)rows,
	       (unsigned long long)bytes);
}

int main(int argc, char **argv)
{
	struct kr_store *s;
	const struct kr_conf *conf;
	struct kr_desk_outbox *o;
	struct kr_desk_ticked sum = {0};
	struct kr_fault f = {0};
	struct rusage u;
	uint64_t rows;
	unsigned constituents;
	int64_t began;

	if (argc != 4)
		return fprintf(stderr, "usage: %s DIR ROWS CONSTITUENTS\n", argv[0]), 2;
	rows = strtoull(argv[2], NULL, 10);
	constituents = (unsigned)strtoul(argv[3], NULL, 10);
	if (!rows || !constituents || kr_conf_load(-1, NULL, &conf, &f) ||
	    kr_store_init(argv[1], &f) || kr_store_open(argv[1], NULL, &s, &f))
		fail("directory", &f);
	people(s, constituents);
	fill(s, rows, constituents);
	o = kr_desk_outbox_new(s);
	began = kr_cpu_us();
	if (kr_desk_outbox_derive(o, conf, NULL, NULL, &sum, &f))
		fail("derive", &f);
	printf("derive_us\t%.3f\nwaiting\t%llu\n", (double)(kr_cpu_us() - began) / (double)rows,
	       (unsigned long long)sum.waiting);
	began = kr_cpu_us();
	if (kr_desk_outbox_pack(o, conf, kr_store_now(s) + conf->delivery_gather, 0, NULL, NULL,
				&sum, &f))
		fail("pack", &f);
	printf("pack_us\t%.3f\n", (double)(kr_cpu_us() - began) / (double)rows);
	build(s, conf);
	getrusage(RUSAGE_SELF, &u);
	printf("rss_bytes\t%lld\n", (long long)u.ru_maxrss * 1024);
	kr_desk_outbox_free(o);
	kr_store_close(s);
	kr_conf_unref(conf);
	return 0;
}
