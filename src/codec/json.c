/* SPDX-License-Identifier: Apache-2.0 */
/* JSON lines with our own names, for programs that read what we write: doc/formats.md. */
#include "base/time.h"
#include "codec/codec.h"
#include "codec/eventjson.h"

static void begin(struct kr_buf *b)
{
	(void)b;
}

static void add_time(struct kr_buf *b, const char *key, kr_time t, bool *comma)
{
	char text[KR_TIME_TEXT_MAX];

	if (t == KR_TIME_NONE)
		return;
	kr_buf_printf(b, "%s\"%s\":\"%s\"", *comma ? "," : "", key, kr_time_text(t, text));
	*comma = true;
}

/* count, first_seen and last_seen are what the node knows beside the event: only where they are
 * set. */
static void item(struct kr_buf *b, const struct kr_event *e, bool first,
		 const struct kr_codec_write_opts *w)
{
	bool comma;

	(void)w;
	(void)first;
	kr_buf_ch(b, '{');
	comma = kr_codec__json_members(b, e, KR_SPELL_CANONICAL, false);
	if (e->count > 1 || e->first != KR_TIME_NONE) {
		kr_buf_c(b, comma ? ",\"count\":" : "\"count\":");
		kr_buf_u64(b, e->count);
		comma = true;
	}
	add_time(b, "first_seen", e->first, &comma);
	add_time(b, "last_seen", e->last, &comma);
	kr_buf_add(b, "}\n", 2);
}

static void end(struct kr_buf *b, bool empty)
{
	(void)b;
	(void)empty;
}

static const char *const unmapped[] = {NULL};

const struct kr_codec kr_codec_json = {
	.name = "json",
	.media_type = "application/x-ndjson",
	.doc = "JSON lines with our field names",
	.caps = KR_CODEC_WRITE,
	.begin = begin,
	.item = item,
	.end = end,
	.unmapped = unmapped,
};
