/* SPDX-License-Identifier: Apache-2.0 */
#include "model/key.h"

#include "prop.h"
#include "tap.h"

static struct kr_arena *arena;
static const struct kr_hash_key key = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

/* An event from "field=value" pairs that end with NULL. */
static struct kr_event *event(const char *const *pairs)
{
	struct kr_event *e = kr_event_new(arena);

	for (; *pairs; pairs++) {
		struct kr_str rest = kr_str_c(*pairs), name;
		bool cut = kr_str_split(&rest, '=', &name);

		if (!cut || kr_event_set(e, arena, kr_field_by_name(name), rest) != 0)
			printf("# bad pair %s\n", *pairs);
	}
	return e;
}
#define EVENT(...) event((const char *const[]){__VA_ARGS__, NULL})

static bool same(const struct kr_event *a, const struct kr_event *b)
{
	return kr_event_key(a, &key) == kr_event_key(b, &key);
}

static void bytes(void)
{
	static const uint8_t want[] = {3,   8,	'p', 'h',  'i', 's', 'h', 'i', 'n', 'g', 74,
				       6,   4,	32,  192,  0,	2,   1,	  53,  3,   't', 'c',
				       'p', 23, 8,   0xbb, 1,	0,   0,	  0,   0,   0,	 0};
	uint8_t got[KR_KEY_BYTES_MAX];
	struct kr_event *e = EVENT("classification.type=phishing", "source.ip=192.0.2.1",
				   "destination.port=443", "protocol.transport=tcp");
	struct kr_hash_key other = key;
	size_t n = kr_event_key_bytes(e, got);

	OK(n == sizeof(want) && memcmp(got, want, n) == 0, "the bytes are what the header says");
	OK(kr_event_key(e, &key) == kr_keyed_hash(&key, want, sizeof(want)),
	   "and the hash is over them");
	other.b[0]++;
	OK(kr_event_key(e, &key) != kr_event_key(e, &other), "it depends on the key");
	IS(kr_event_key_bytes(kr_event_new(arena), got), 0, "an empty event has no bytes");
}

static void rows(void)
{
	struct kr_event *sinkhole = EVENT(
		"classification.type=infected-system", "source.ip=192.0.2.1", "source.port=1024",
		"malware.name=ranbyus", "destination.ip=198.51.100.1", "destination.port=80");
	struct kr_event *service = EVENT("classification.type=vulnerable-system",
					 "source.ip=192.0.2.1", "source.port=443");

	OK(same(sinkhole,
		EVENT("destination.port=80", "classification.type=infected-system",
		      "source.ip=192.0.2.1", "malware.name=ranbyus", "destination.ip=198.51.100.1",
		      "source.port=65000", "source.asn=64500", "time.source=2026-11-20",
		      "source.fqdn=host.example.org")),
	   "order, and fields that are not in the key, do not matter");
	OK(!same(sinkhole, EVENT("classification.type=infected-system", "source.ip=192.0.2.1",
				 "malware.name=ranbyus", "destination.ip=198.51.100.1",
				 "destination.port=81")),
	   "the destination port does");
	OK(!same(service, EVENT("classification.type=vulnerable-system", "source.ip=192.0.2.1",
				"source.port=8443")),
	   "the source port does where the source is the service");
	OK(!same(EVENT("classification.type=phishing", "source.ip=192.0.2.1",
		       "source.url=http://example.org/a"),
		 EVENT("classification.type=phishing", "source.ip=192.0.2.1",
		       "source.url=http://example.org/b")),
	   "the URL does for phishing");
	OK(same(EVENT("classification.type=spam", "source.ip=192.0.2.1",
		      "source.url=http://example.org/a"),
		EVENT("classification.type=spam", "source.ip=192.0.2.1",
		      "source.url=http://example.org/b")),
	   "but not for spam");
	OK(!same(EVENT("classification.type=spam", "source.url=http://example.org/a"),
		 EVENT("classification.type=spam", "source.url=http://example.org/b")),
	   "unless there is no address");
	OK(same(EVENT("classification.type=spam", "source.fqdn=example.org", "source.account=x"),
		EVENT("classification.type=spam", "source.fqdn=example.org", "source.account=y")),
	   "the name comes before the account");
	OK(!same(EVENT("malware.name=x"), EVENT("classification.identifier=x")),
	   "the same value in another field");
	OK(!same(EVENT("classification.identifier=ab", "malware.name=c"),
		 EVENT("classification.identifier=a", "malware.name=bc")),
	   "values do not run into each other");
	OK(!same(EVENT("source.network=192.0.2.0/24"), EVENT("source.network=192.0.2.0/25")),
	   "prefix lengths differ");
	OK(kr_key_has_field(KR_STR("phishing"), KR_F_SRC_PORT) &&
		   !kr_key_has_field(KR_STR("spam"), KR_F_SRC_PORT) &&
		   kr_key_has_field(KR_STR("spam"), KR_F_SRC_IP) &&
		   !kr_key_has_field(KR_STR("spam"), KR_F_TIME_SOURCE),
	   "which fields a key has");
}

static void long_values(void)
{
	static char url[4097] = "url=";
	uint8_t got[KR_KEY_BYTES_MAX];
	struct kr_event *e = kr_event_new(arena), *f = kr_event_new(arena);
	struct kr_str a, b;
	size_t n;

	memset(url, 'a', sizeof(url) - 1);
	memcpy(url, "http://example.org/", 19);
	a = kr_arena_dup(arena, kr_str_n(url, 4096));
	url[4095] = 'b';
	b = kr_str_n(url, 4096);
	IS(kr_event_set(e, arena, KR_F_SRC_URL, a), 0, "a long URL");
	IS(kr_event_set(f, arena, KR_F_SRC_URL, b), 0, "another that differs at its end");
	n = kr_event_key_bytes(e, got);
	IS(n, 1 + 2 + 32, "is hashed to 32 bytes");
	OK(got[0] == KR_F_SRC_URL && got[1] == 0x80 && got[2] == 0x20, "behind its real length");
	OK(!same(e, f), "both differ");
}

/* Against an oracle: two random events have equal keys just when the fields of the key are equal,
 * one by one. */
static bool equal_fields(const struct kr_event *a, const struct kr_event *b)
{
	static const enum kr_field groups[][5] = {
		{KR_F_CLASS_TYPE},
		{KR_F_CLASS_IDENTIFIER},
		{KR_F_MALWARE_NAME},
		{KR_F_SRC_IP, KR_F_SRC_FQDN, KR_F_SRC_URL, KR_F_SRC_ACCOUNT, KR_F_SRC_NETWORK},
		{KR_F_PROTO_TRANSPORT},
		{KR_F_DST_IP},
		{KR_F_DST_PORT},
	};

	for (size_t i = 0; i < KR_ARRAY_LEN(groups); i++) {
		for (size_t k = 0; k < 5 && groups[i][k]; k++) {
			const union kr_value *v = kr_event_get(a, groups[i][k]),
					     *w = kr_event_get(b, groups[i][k]);

			if (!v != !w || (v && kr_field_cmp(groups[i][k], v, w) != 0))
				return false;
			if (v)
				break;
		}
	}
	return true;
}

static struct kr_event *random_event(void)
{
	static const char *const choices[][2] = {
		{"classification.type=spam", "classification.type=scanner"},
		{"classification.identifier=a", "classification.identifier=b"},
		{"malware.name=a", "malware.name=b"},
		{"source.ip=192.0.2.1", "source.ip=192.0.2.2"},
		{"source.fqdn=a.example", "source.fqdn=b.example"},
		{"source.account=a", "source.account=b"},
		{"protocol.transport=tcp", "protocol.transport=udp"},
		{"destination.port=1", "destination.port=2"},
		{"source.port=1", "source.port=2"},
	};
	const char *pairs[KR_ARRAY_LEN(choices) + 1];
	size_t n = 0;

	for (size_t i = 0; i < KR_ARRAY_LEN(choices); i++)
		if (prop_chance(50))
			pairs[n++] = choices[i][prop_below(2)];
	pairs[n] = NULL;
	return event(pairs);
}

static void property(unsigned runs)
{
	unsigned wrong = 0, equal = 0;

	for (unsigned i = 0; i < runs; i++) {
		struct kr_arena_mark m = kr_arena_mark(arena);
		struct kr_event *a = random_event(), *b = random_event();

		equal += equal_fields(a, b);
		wrong += same(a, b) != equal_fields(a, b);
		kr_arena_rewind(arena, m);
	}
	IS(wrong, 0, "keys are equal just when their fields are");
	if (runs >= 20000)
		OK(equal > 0, "%u of %u pairs were equal", equal, runs);
}

int main(void)
{
	unsigned runs = prop_begin(40000);

	arena = kr_arena_new(0);
	bytes();
	rows();
	long_values();
	property(runs);
	kr_arena_free(arena);
	return tap_end();
}
