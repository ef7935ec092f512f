/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules for events on their way in cost an event, none of whose leading conditions matches it:
 * events of the shape of a sinkhole report, rules as people write them.
 *
 *     bench-rules DIR
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "desk/intake.h"
#include "store/store.h"

#define EVENTS 2000
#define ROUNDS 200

static void fail(const char *what, const struct kr_fault *f)
{
	fprintf(stderr, "%s: %s\n", what, f->message);
	exit(1);
}

static void put(struct kr_event *e, struct kr_arena *a, enum kr_field f, const char *text)
{
	union kr_value v;

	if (kr_field_parse(f, kr_str_c(text), a, &v, NULL) || kr_event_put(e, a, f, v))
		abort();
}

static struct kr_event *make(struct kr_arena *a, uint32_t i)
{
	static const char *const names[] = {"avalanche-andromeda", "conficker", "ranbyus",
					    "qsnatch"};
	struct kr_event *e = kr_event_new(a);
	char text[32];

	snprintf(text, sizeof(text), "198.51.100.%u", i % 256);
	put(e, a, KR_F_SRC_IP, text);
	put(e, a, KR_F_CLASS_TAXONOMY, "malicious-code");
	put(e, a, KR_F_CLASS_TYPE, "infected-system");
	put(e, a, KR_F_CLASS_IDENTIFIER, "sinkhole-http");
	put(e, a, KR_F_MALWARE_NAME, names[i % 4]);
	put(e, a, KR_F_SRC_CC, "RS");
	put(e, a, KR_F_SRC_REVERSE_DNS, "host.example.net");
	put(e, a, KR_F_PROTO_TRANSPORT, "tcp");
	put(e, a, KR_F_DST_FQDN, "sinkhole.example.org");
	snprintf(text, sizeof(text), "%u", 64500 + i % 10);
	put(e, a, KR_F_SRC_ASN, text);
	put(e, a, KR_F_DST_PORT, "80");
	if (kr_event_add_extra(e, a, KR_STR("http_agent"), KR_STR("some agent"), false))
		abort();
	return e;
}

static void add(struct kr_store *s, unsigned i)
{
	static const char *const forms[] = {
		"type:scanner and asn:%u",
		"asn:%u and port:443",
		"class:vulnerable and identifier:open-%u",
		"malware:family-%u",
		"ip:192.0.2.%u and type:infected-system",
		"cc:MK and asn:%u",
		"port:%u or fqdn:host.example.org",
		"not cc:RS and asn:%u",
		"extra.tag:campaign-%u",
		"rdns:*.org-%u.example",
	};
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	const char *form = forms[i % KR_ARRAY_LEN(forms)];
	struct kr_intake_rule rule;
	struct kr_fault f = {0};
	struct kr_buf text = KR_BUF(256);

	for (const char *p = form; *p; p++)
		if (p[0] == '%' && p[1] == 'u')
			kr_buf_u64(&text, 100 + i), p++;
		else
			kr_buf_ch(&text, *p);
	if (kr_desk_intake_add(s, KR_BY_LOCAL,
			       &(struct kr_desk_intake_change){.expr = kr_buf_str(&text),
							       .action = KR_STR("tag seen")},
			       a, &rule, &f))
		fail(form, &f);
	kr_buf_done(&text);
}

static void measure(struct kr_store *s, unsigned rules, struct kr_event **events,
		    struct kr_arena *a)
{
	struct kr_intake *i;
	struct kr_fault f = {0};
	int64_t began;

	if (kr_intake_load(s, &i, &f))
		fail("rules", &f);
	began = kr_cpu_us();
	for (unsigned r = 0; r < ROUNDS; r++)
		for (unsigned k = 0; k < EVENTS; k++)
			if (kr_intake_apply(i, 1, KR_STR("bench"), false, events[k], a))
				fail("a rule matches", &f);
	printf("%u\t%.4f\n", rules, (double)(kr_cpu_us() - began) / (EVENTS * ROUNDS));
	kr_intake_unref(i);
}

int main(int argc, char **argv)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_event *events[EVENTS];
	struct kr_fault f = {0};
	struct kr_store *s;

	if (argc != 2)
		return fprintf(stderr, "usage: %s DIR\n", argv[0]), 2;
	if (kr_store_init(argv[1], &f) || kr_store_open(argv[1], NULL, &s, &f))
		fail("directory", &f);
	for (uint32_t i = 0; i < EVENTS; i++)
		events[i] = make(a, i);
	for (unsigned n = 0; n < 100; n++) {
		add(s, n);
		if (n + 1 == 10 || n + 1 == 100)
			measure(s, n + 1, events, a);
	}
	kr_store_close(s);
	return 0;
}
