/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an event costs in each stage between codec and store, and a look-up in the register alone.
 *
 *     route [--prefixes N] [--asn FILE]... [--country FILE] [--names]
 *
 * N prefixes (500,000) of made-up constituents are compiled; events have random source and
 * destination addresses from 1.0.0.0 to 223.255.255.255, with --names a host name too. CPU of the
 * process, per event, the best of five rounds.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "desk/register.h"
#include "pipe/lookup.h"
#include "pipe/stage.h"

#define EVENTS 4096
#define ROUNDS 40

static uint64_t state = 42;

/* splitmix64 */
static uint64_t next(void)
{
	uint64_t z = (state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static struct kr_ip random_ip(void)
{
	return kr_ip_from_u32((uint32_t)(0x01000000u + next() % (0xdf000000u)));
}

static void die(const struct kr_fault *f)
{
	char text[sizeof(*f)];

	fprintf(stderr, "route: %s\n", kr_fault_text(f, text, sizeof(text)));
	exit(1);
}

static void lookup_import(int dir, enum kr_lookup_kind kind, char **files, int n)
{
	KR_AUTO(kr_lookup_build) *b = kr_lookup_build_new(kind);
	struct kr_lookup_about about = {.files = KR_STR("bench")};
	struct kr_fault f = {0};

	for (int i = 0; i < n; i++) {
		int fd = open(files[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0 || kr_lookup_add(b, fd, files[i], &f))
			die(&f);
		close(fd);
	}
	if (n && kr_lookup_write(b, dir, &about, &f))
		die(&f);
}

static struct kr_register *register_make(int dir, size_t n)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_rule *rules = kr_arena_calloc(a, n, sizeof(*rules));
	struct kr_register *r;
	struct kr_fault f = {0};

	for (size_t i = 0; i < n; i++) {
		char text[KR_IP_TEXT_MAX];
		struct kr_ip net = random_ip();

		net.plen = (uint8_t)(16 + next() % 17);
		if (kr_net_parse(kr_str_n(text, kr_net_text(&net, text)), &net) < 0)
			continue;
		rules[i] = (struct kr_rule){
			.id = (uint32_t)i + 1,
			.constituent = (uint32_t)(i % 10000) + 1,
			.kind = KR_RULE_PREFIX,
			.value = kr_arena_dup(a, kr_str_n(text, kr_net_text(&net, text)))};
	}
	if (kr_register_compile(dir, rules, n, 1, &f) || kr_register_open(dir, &r, &f))
		die(&f);
	return r;
}

static void events_make(struct kr_batch *b, bool names)
{
	kr_batch_clear(b);
	for (int i = 0; i < EVENTS; i++) {
		struct kr_event *e = kr_event_new(b->arena);
		struct kr_str name = kr_arena_printf(b->arena, "host%u.example%u.co.uk",
						     (unsigned)(next() % 1000),
						     (unsigned)(next() % 5000));
		int err = kr_event_put(e, b->arena, KR_F_SRC_IP,
				       (union kr_value){.ip = random_ip()});

		err |= kr_event_put(e, b->arena, KR_F_DST_IP, (union kr_value){.ip = random_ip()});
		err |= kr_event_put(e, b->arena, KR_F_CLASS_TYPE,
				    (union kr_value){.text = KR_STR("infected-system")});
		if (names)
			err |= kr_event_put(e, b->arena, KR_F_SRC_FQDN,
					    (union kr_value){.text = name});
		if (err)
			exit(1);
		kr_batch_add(b, e);
	}
}

static void stages_measure(const struct kr_stage_env *env, struct kr_batch *b, bool names)
{
	int64_t best[16], sum = 0;
	size_t n = 0;

	memset(best, 0x7f, sizeof(best));
	for (int round = 0; round < ROUNDS; round++) {
		events_make(b, names);
		for (n = 0; kr_stage_at(n); n++) {
			int64_t start = kr_cpu_us(), took;

			for (size_t i = 0; i < b->n; i += KR_STAGE_RUN)
				if (kr_stage_at(n)->run(env, b->events + i, KR_STAGE_RUN, b->arena))
					exit(1);
			took = kr_cpu_us() - start;
			best[n] = KR_MIN(best[n], took);
		}
	}
	for (size_t i = 0; i < n; i++) {
		printf("%-10s %6.0f ns\n", kr_stage_at(i)->name, (double)best[i] * 1000 / EVENTS);
		sum += best[i];
	}
	printf("%-10s %6.0f ns an event\n", "all", (double)sum * 1000 / EVENTS);
}

static void remove_all(int dir, const char *folder)
{
	static const char *const left[] = {KR_REGISTER_FILE, "tables/asn.krt",
					   "tables/country.krt"};

	for (size_t i = 0; i < KR_ARRAY_LEN(left); i++)
		unlinkat(dir, left[i], 0);
	unlinkat(dir, "tables", AT_REMOVEDIR);
	rmdir(folder);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"prefixes", 1, NULL, 'p'},
						{"asn", 1, NULL, 'a'},
						{"country", 1, NULL, 'c'},
						{"names", 0, NULL, 'n'},
						{NULL, 0, NULL, 0}};
	char folder[] = "/tmp/karaula-bench-XXXXXX", *asn[16], *country[1];
	int c, n_asn = 0, n_country = 0, dir;
	const struct kr_hash_key key = {{1, 2, 3}};
	struct kr_stage_env env = {
		.key = &key, .time = 1700000000 * KR_SECOND, .tlp = KR_TLP_AMBER};
	struct kr_register *reg;
	struct kr_tables *tables;
	struct kr_batch *b = kr_batch_new(0);
	struct kr_fault f = {0};
	size_t prefixes = 500000;
	bool names = false;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'p')
			prefixes = strtoul(optarg, NULL, 10);
		else if (c == 'a' && n_asn < 16)
			asn[n_asn++] = optarg;
		else if (c == 'c')
			country[0] = optarg, n_country = 1;
		else if (c == 'n')
			names = true;
		else
			return 2;
	}
	if (!mkdtemp(folder) || (dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
	    mkdirat(dir, "tables", 0700))
		return 1;
	lookup_import(dir, KR_LOOKUP_ASN, asn, n_asn);
	lookup_import(dir, KR_LOOKUP_COUNTRY, country, n_country);
	reg = register_make(dir, prefixes);
	if (kr_tables_open(dir, &tables, &f))
		die(&f);
	env.reg = reg;
	env.tables = tables;
	stages_measure(&env, b, names);
	kr_tables_unref(tables);
	kr_register_unref(reg);
	kr_batch_free(b);
	remove_all(dir, folder);
	close(dir);
	return 0;
}
