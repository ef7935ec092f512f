/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/codec.h"

#include <fcntl.h>

#include "base/file.h"
#include "tap.h"

static struct kr_buf file(const char *path)
{
	const char *source = getenv("KARAULA_SOURCE");
	struct kr_buf b = KR_BUF(1 << 20);
	struct kr_fault f = {0};
	char full[1024];

	snprintf(full, sizeof(full), "%s/%s", source ? source : ".", path);
	if (kr_file_read(AT_FDCWD, full, 1 << 20, &b, &f))
		printf("# %s\n", f.message);
	return b;
}

static const char *sniffed(struct kr_str head, const char *name)
{
	const struct kr_codec *c = kr_codec_sniff(kr_str_first(head, 4096), kr_str_c(name));

	return c ? c->name : "none";
}

static void sniff_sample(const char *name, const char *want)
{
	char path[200];
	struct kr_buf b;

	snprintf(path, sizeof(path), "samples/%s", name);
	b = file(path);
	IS_CSTR(sniffed(kr_buf_str(&b), name), want, name);
	kr_buf_done(&b);
}

static void samples(void)
{
	sniff_sample("2026-11-20-event4_sinkhole_http-example-asn.csv", "shadowserver");
	sniff_sample("2026-11-20-event4_honeypot_brute_force-example-asn.csv", "shadowserver");
	sniff_sample("2026-11-20-device_id-example-country.csv", "shadowserver");
	sniff_sample("2026-11-20-scan_ssl-example-asn.csv", "shadowserver");
	sniff_sample("2026-11-20-blocklist-example-country.csv", "shadowserver");
	sniff_sample("events.idf.jsonl", "idf");
	sniff_sample("abuse.xarf.jsonl", "xarf");
	sniff_sample("events.n6.jsonl", "n6");
	sniff_sample("alerts.idea.jsonl", "idea");
	sniff_sample("indicators.txt", "list");
	sniff_sample("ipsum-1000.txt", "list");
	sniff_sample("logins.csv", "none");
	sniff_sample("README.md", "none");
	sniff_sample("mapping-shadowserver.json", "none");
}

static void sniff_others(void)
{
	IS_CSTR(sniffed(KR_STR(""), ""), "none", "nothing");
	IS_CSTR(sniffed(KR_STR("a,b,c\n1,2,3\n"), "x.csv"), "none", "a table without a mapping");
	IS_CSTR(sniffed(KR_STR("time.source,source.ip\n"), "x.csv"), "csv", "our own CSV");
	IS_CSTR(sniffed(KR_STR("\"source.ip\",\"tlp\"\r\n"), "x.csv"), "csv",
		"our own CSV, quoted");
	IS_CSTR(sniffed(KR_STR("[\n {\"source.ip\": \"192.0.2.1\", \"time.source\": 1}]"), ""),
		"idf", "an array of events");
	IS_CSTR(sniffed(KR_STR("{\"a\": 1}"), ""), "none", "JSON of something else");
	IS_CSTR(sniffed(KR_STR("192.0.2.1\n"), ""), "list", "one address");
	IS_CSTR(sniffed(KR_STR("Dear all,\nwe have seen 192.0.2.1 again.\n"), ""), "none",
		"a letter");
	IS_CSTR(sniffed(KR_STR("\x1f\x8b\x08\0\0\0\0\0"), ""), "none", "binary");
}

static void registry(void)
{
	for (size_t i = 0; kr_codec_at(i); i++) {
		const struct kr_codec *c = kr_codec_at(i);

		OK(kr_codec_find(kr_str_c(c->name)) == c, "%s is found by its name", c->name);
		OK(c->doc && c->media_type && c->caps & (KR_CODEC_READ | KR_CODEC_WRITE),
		   "%s says what it is", c->name);
		OK(!(c->caps & KR_CODEC_READ) ||
			   (c->open && c->feed && c->finish && c->close && c->sniff),
		   "%s reads", c->name);
		OK(!(c->caps & KR_CODEC_WRITE) || (c->begin && c->item && c->end && c->unmapped),
		   "%s writes", c->name);
	}
	OK(!kr_codec_find(KR_STR("xml")), "no other is found");
	OK(kr_codec_find(KR_STR("IDF")) != NULL, "case does not matter");
}

/* A batch that is too small refuses records and goes on. */
static void small_batch(void)
{
	const struct kr_codec *list = kr_codec_find(KR_STR("list"));
	struct kr_codec_opts opts = kr_codec_opts_default();
	struct kr_batch *b = kr_batch_new(4096);
	struct kr_codec_state *s = NULL;
	struct kr_buf in = KR_BUF(1 << 16);

	for (int i = 0; i < 200; i++)
		kr_buf_printf(&in, "192.0.2.%d\n", i);
	IS(list->open(&opts, &s, NULL), 0, "open");
	IS(list->feed(s, kr_buf_str(&in), b, NULL), 0, "a full batch is no error of the report");
	OK(b->n > 0 && b->n + b->refused == 200, "%zu events, %llu refused", b->n,
	   (unsigned long long)b->refused);
	IS_STR(b->refusals[0].reason, KR_STR("no memory left in the batch"), "the reason");
	kr_batch_clear(b);
	IS(list->feed(s, KR_STR("192.0.2.1\n"), b, NULL), 0, "emptied");
	IS(b->n, 1, "it goes on");
	IS(b->events[0]->line, 201, "lines count on");
	list->close(s);
	kr_batch_free(b);
	kr_buf_done(&in);
}

int main(void)
{
	registry();
	samples();
	sniff_others();
	small_batch();
	return tap_end();
}
