/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store with rows of every label and ownership, for the tests of the gate: two constituents own
 * some, a third one none; two sources with a retention class each; two days, several parts a day.
 */
#pragma once

#include <ftw.h>
#include <unistd.h>

#include "expr_gen.h"
#include "gate/gate.h"
#include "model/audience.h"
#include "store/read.h"
#include "store/write.h"

#define WORLD_DAYS 2

static kr_time world_now;

static kr_time world_clock(void)
{
	return world_now;
}

static int world_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

__attribute__((unused)) static void world_remove(const char *dir)
{
	nftw(dir, world_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void world_must(int r, const struct kr_fault *f, const char *what)
{
	if (r < 0) {
		printf("Bail out! %s: %s\n", what, f->message);
		exit(1);
	}
}

/* Ids of constituents, in the order of gen_names: they are told to every store alike. */
static uint32_t world_constituent[KR_ARRAY_LEN(gen_names)];

static uint32_t world_register(struct kr_store *s, unsigned source)
{
	struct kr_constituent c[KR_ARRAY_LEN(gen_names)] = {0};
	struct kr_rule rules[] = {
		{.constituent = 0, .kind = KR_RULE_ASN, .value = KR_STR("64500")},
		{.constituent = 1, .kind = KR_RULE_ASN, .value = KR_STR("64501")},
		{.constituent = 1, .kind = KR_RULE_DOMAIN, .value = KR_STR("example.org")}};
	struct kr_source src = {.name = kr_str_c(gen_sources[source]),
				.retention = source ? KR_RETAIN_LONG : KR_RETAIN_STANDARD};
	struct kr_register_change change;
	struct kr_fault f = {0};
	uint32_t id;

	for (size_t i = 0; i < KR_ARRAY_LEN(c); i++)
		c[i] = (struct kr_constituent){.name = kr_str_c(gen_names[i]),
					       .title = KR_STR("Title"),
					       .contact = KR_STR("soc@example.org"),
					       .note = KR_STR("ours")};
	world_must(kr_store_register_replace(s, KR_BY_NODE, c, KR_ARRAY_LEN(c), rules,
					     KR_ARRAY_LEN(rules), &change, &f),
		   &f, "register");
	for (size_t i = 0; i < KR_ARRAY_LEN(c); i++)
		world_constituent[i] = c[i].id;
	world_must(kr_store_source_put(s, KR_BY_NODE, &src, &id, &f), &f, "source");
	return id;
}

/* Event number i of a day into the batch, or none. */
typedef void (*world_make)(void *ctx, struct kr_batch *b, unsigned day, unsigned i);

/* One report a day: `batches` batches of `n` calls each. */
static void world_fill(struct kr_store *s, unsigned batches, unsigned n, world_make make, void *ctx)
{
	struct kr_fault f = {0};

	for (unsigned day = 0; day < WORLD_DAYS; day++) {
		KR_AUTO(kr_batch) *b = kr_batch_new(0);
		struct kr_report_new report = {.source = world_register(s, day),
					       .name = KR_STR("r"),
					       .observed = KR_TIME_NONE};
		struct kr_spool_writer *w;
		struct kr_spooled sp;
		struct kr_taking *t;
		struct kr_taken sum;
		char text[16];
		uint64_t id;

		world_now = GEN_NOW + (kr_time)day * KR_DAY;
		snprintf(text, sizeof(text), "day %u\n", day);
		world_must(kr_spool_begin(s, day ? KR_RETAIN_LONG : KR_RETAIN_STANDARD, &w, &f), &f,
			   "spool");
		world_must(kr_spool_add(w, text, strlen(text), &f), &f, "spool");
		world_must(kr_spool_end(w, &sp, &f), &f, "spool");
		world_must(kr_store_report_add(s, &report, &sp, &id, &f), &f, "report");
		world_must(kr_store_take_begin(s, id, false, KR_STR("x"), 0, NULL, &t, &f), &f,
			   "take");
		for (uint32_t k = 0; k < batches; k++) {
			kr_batch_clear(b);
			for (unsigned i = 0; i < n; i++)
				make(ctx, b, day, k * n + i);
			if (!k)
				kr_batch_refuse(b, 0, 1, 1, 0, "broken");
			world_must(kr_store_batch(t, k, b, &f), &f, "batch");
		}
		world_must(kr_store_take_end(t, KR_REPORT_TAKEN, KR_STR(""), &sum, &f), &f, "end");
	}
	world_must(kr_store_derive(s, &f), &f, "derive");
}

static void world_text(struct kr_event *e, struct kr_arena *a, enum kr_field f, const char *s)
{
	if (kr_event_put(e, a, f, (union kr_value){.text = kr_str_c(s)}))
		abort();
}

/* A random event with this label, these owners (bit 0: the first constituent) and this key. */
static struct kr_event *world_event(struct kr_arena *a, enum kr_tlp label, unsigned owners,
				    bool test, uint64_t key)
{
	struct kr_event *e = gen_event(a);
	uint32_t n = 0;

	world_text(e, a, KR_F_CLASS_TAXONOMY, test ? "test" : PICK(gen_classes));
	world_text(e, a, KR_F_CLASS_TYPE, test ? "test" : PICK(gen_types));
	if (prop_chance(70))
		world_text(e, a, KR_F_SRC_CC, PICK(gen_ccs));
	if (prop_chance(50))
		world_text(e, a, KR_F_FEED_NAME, PICK(gen_words));
	e->owners = kr_arena_calloc(a, 2, sizeof(*e->owners));
	for (uint32_t c = 0; c < 2; c++)
		if (owners >> c & 1)
			e->owners[n++] = (struct kr_owner){world_constituent[c], c + 1};
	e->n_owners = n;
	e->label = label;
	e->key = key;
	e->offset = key;
	e->length = 1;
	e->count = 1;
	return e;
}
