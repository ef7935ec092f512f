/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store alone costs: events of the shape of a 39-column sinkhole report, made in memory,
 * through kr_store_batch() into partitions. Prints CPU a row of the whole process less the making
 * of the events.
 *
 *     bench-store DIR ROWS [ADDRESSES]
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/buf.h"
#include "store/read.h"
#include "store/write.h"

#define BATCH 1700

static uint64_t state = 1;

static uint64_t next(void)
{
	uint64_t z = (state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
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

static struct kr_event *make(struct kr_arena *a, uint64_t i, uint64_t addresses)
{
	static const char *const names[] = {"avalanche-andromeda", "conficker", "ranbyus",
					    "qsnatch", "m0yv"};
	static const char *const keys[] = {
		"naics",   "sector",	    "http_url",	   "http_host", "http_agent",
		"tag",	   "public_source", "infection",   "family",	"application",
		"version", "event_id",	    "forwarded_by"};
	static struct kr_owner owner[400];
	struct kr_event *e = kr_event_new(a);
	uint64_t r = next();
	struct kr_ip ip = kr_ip_from_u32((uint32_t)((r % addresses) * 2654435761u)),
		     dst = kr_ip_from_u32(0xC0000200);

	for (unsigned k = 0; k < 400; k++)
		owner[k] = (struct kr_owner){k + 1, k * 3 + 1};
	if (kr_event_put(e, a, KR_F_SRC_IP, (union kr_value){.ip = ip}) ||
	    kr_event_put(e, a, KR_F_DST_IP, (union kr_value){.ip = dst}))
		abort();
	text(e, a, KR_F_CLASS_TAXONOMY, "malicious-code");
	text(e, a, KR_F_CLASS_TYPE, "infected-system");
	text(e, a, KR_F_CLASS_IDENTIFIER, names[r % 5]);
	text(e, a, KR_F_MALWARE_NAME, names[r % 5]);
	text(e, a, KR_F_PROTO_TRANSPORT, "tcp");
	text(e, a, KR_F_PROTO_APPLICATION, "http");
	text(e, a, KR_F_SRC_CC, "RS");
	text(e, a, KR_F_SRC_CITY, "Belgrade");
	text(e, a, KR_F_SRC_REGION, "Belgrade");
	text(e, a, KR_F_SRC_AS_NAME, "Example Telecommunications");
	text(e, a, KR_F_SRC_REVERSE_DNS, "host-203-0-113-7.dynamic.example.net");
	text(e, a, KR_F_FEED_NAME, "Sinkhole HTTP Events");
	number(e, a, KR_F_SRC_PORT, (int64_t)(r % 60000));
	number(e, a, KR_F_DST_PORT, 80);
	number(e, a, KR_F_SRC_ASN, (int64_t)(64500 + (r >> 8) % 300 * ((r >> 20) % 3)));
	for (size_t k = 0; k < KR_ARRAY_LEN(keys); k++)
		if (kr_event_add_extra(
			    e, a, kr_str_c(keys[k]),
			    kr_arena_printf(a, "value %llu", (unsigned long long)(r % 977)), false))
			abort();
	e->offset = i * 305;
	e->length = 305;
	e->key = r * 31;
	e->first = e->last = KR_DAY * 20000 + (kr_time)(r % (uint64_t)KR_DAY);
	e->label = KR_TLP_AMBER;
	e->owners = owner + (r >> 40) % 400;
	e->n_owners = 1;
	return e;
}

static double seconds(void)
{
	return (double)kr_cpu_us() / 1e6;
}

int main(int argc, char **argv)
{
	struct kr_source src = {.name = KR_STR("bench")};
	struct kr_report_new n = {.name = KR_STR("bench"), .observed = KR_TIME_NONE};
	uint64_t rows = argc > 2 ? strtoull(argv[2], NULL, 0) : 1000000, id = 0;
	uint64_t addresses = argc > 3 ? strtoull(argv[3], NULL, 0) : 50000000;
	struct kr_batch *b = kr_batch_new(0);
	struct kr_spool_writer *w;
	struct kr_spooled sp;
	struct kr_store *s;
	struct kr_taking *t;
	struct kr_taken sum;
	struct kr_fault f = {0};
	struct rusage ru;
	double start, made = 0, before;
	uint32_t batch = 0;
	char line[512];

	if (argc < 2 || kr_store_init(argv[1], &f) || kr_store_open(argv[1], NULL, &s, &f) ||
	    kr_store_source_put(s, KR_BY_LOCAL, &src, &n.source, &f) ||
	    kr_spool_begin(s, KR_RETAIN_STANDARD, &w, &f) || kr_spool_add(w, "x\n", 2, &f) ||
	    kr_spool_end(w, &sp, &f) || kr_store_report_add(s, &n, &sp, &id, &f) ||
	    kr_store_take_begin(s, id, false, KR_STR("bench"), 0, NULL, &t, &f))
		goto fail;
	start = seconds();
	for (uint64_t i = 0; i < rows;) {
		before = seconds();
		kr_batch_clear(b);
		for (unsigned k = 0; k < BATCH && i < rows; k++, i++) {
			/* One in ten says again what a row of the same batch said. */
			if (b->n > 10 && next() % 10 == 0) {
				struct kr_event *copy = kr_arena_alloc(b->arena, sizeof(*copy));

				*copy = *b->events[next() % b->n];
				copy->offset = i * 305;
				kr_batch_add(b, copy);
			} else {
				kr_batch_add(b, make(b->arena, i, addresses));
			}
		}
		made += seconds() - before;
		if (kr_store_batch(t, batch++, b, &f))
			goto fail;
	}
	if (kr_store_take_end(t, KR_REPORT_TAKEN, KR_STR(""), &sum, &f))
		goto fail;
	kr_store_close(s);
	getrusage(RUSAGE_SELF, &ru);
	printf("rows %llu new %llu: store %.2f us CPU a row, making %.2f us, peak RSS %ld MiB\n",
	       (unsigned long long)rows, (unsigned long long)sum.fresh,
	       (seconds() - start - made) * 1e6 / (double)rows, made * 1e6 / (double)rows,
	       ru.ru_maxrss / 1024);
	kr_batch_free(b);
	return 0;
fail:
	fprintf(stderr, "%s\n", kr_fault_text(&f, line, sizeof(line)));
	return 1;
}
