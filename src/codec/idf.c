/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * The IntelMQ data format: one JSON object an event, with our field names, since ours are its
 * names. Read are lines, one array, and objects one after the other; the splitter finds them and
 * the strict reader takes them apart. Keys that are no field go to extra under their whole name;
 * nested objects are flattened first, so {"source": {"ip": ...}} is understood too.
 *
 * severity and product.* are fields since IDF 3.5; older programs kept them as extra.severity and
 * extra.product.*, so these are read into the field, unless the record has the field itself.
 * Written are the fields. TLP has no AMBER+STRICT in IDF: it is written as the tighter RED.
 */
#include <stdlib.h>

#include "base/json.h"
#include "codec/codec.h"
#include "codec/eventjson.h"
#include "codec/jsonread.h"
#include "codec/plan.h"
#include "codec/records.h"

struct kr_codec_state {
	struct kr_records records; /* first: see codec/records.h */
	kr_time observed;
};

/* What one record is read into. */
struct reading {
	struct kr_event *e;
	struct kr_arena *arena;
	unsigned warnings;
	bool report; /* a message of type Report */
};

static int sniff(struct kr_str head, struct kr_str name)
{
	struct kr_str s = kr_codec__records_head(head);
	int sure = 0;

	(void)name;
	/* A mapping has the same names in it. */
	if (!s.p || kr_str_find(s, KR_STR("\"constant_fields\"")) >= 0 ||
	    kr_str_find(s, KR_STR("\"required_fields\"")) >= 0)
		return 0;
	sure = 30;
	if (kr_str_find(s, KR_STR("\"__type\"")) >= 0)
		sure += 40;
	if (kr_str_find(s, KR_STR("\"source.")) >= 0 || kr_str_find(s, KR_STR("\"feed.")) >= 0)
		sure += 15;
	if (kr_str_find(s, KR_STR("\"classification.")) >= 0 ||
	    kr_str_find(s, KR_STR("\"time.")) >= 0)
		sure += 15;
	return KR_MIN(sure, 95);
}

/* IntelMQ keeps the whole of extra as text where a message is flat: JSON in JSON. */
static int add_extra_text(struct reading *r, struct kr_str value)
{
	if (value.n && value.p[0] == '{') {
		int err = kr_codec__extra_object(r->e, r->arena, value);

		if (!err || err == -KR_ELIMIT)
			return err;
	}
	return kr_codec__add_extra(r->e, r->arena, KR_STR("extra"), value, false);
}

static int add_pair(void *ctx, struct kr_str key, struct kr_str value, bool literal)
{
	struct reading *r = ctx;
	enum kr_field f = kr_field_by_name(key);
	int err;

	if (f && !(literal && value.p[0] == '[')) {
		/* A field says it better than what an older program left in extra. */
		err = kr_event_set(r->e, r->arena, f, value);
		r->warnings += err > 0;
		return KR_MIN(err, 0);
	}
	if (kr_str_eqc(key, "__type")) {
		r->report = kr_str_eqc(value, "Report");
		return 0;
	}
	if (kr_str_eqc(key, "extra") && !literal)
		return add_extra_text(r, value);
	if (kr_str_starts(key, KR_STR("extra.")))
		key = kr_str_from(key, 6);
	return kr_codec__add_extra(r->e, r->arena, key, value, literal);
}

static int read_record(void *ctx, struct kr_json *j, const struct kr_place *at,
		       struct kr_batch *out, struct kr_fault *why)
{
	struct kr_codec_state *s = ctx;
	struct reading r = {.e = kr_event_new(out->arena), .arena = out->arena};
	int err;

	if (!r.e)
		return kr_fault_set(why, -KR_ELIMIT, "no memory left in the batch");
	err = kr_codec__pairs(j, KR_STR(""), add_pair, &r);
	if (!err && r.report)
		return kr_fault_set(why, -KR_EINVAL, "a message of type Report is no event");
	if (!err)
		err = kr_codec__finish_event(r.e, r.arena, s->observed);
	if (!err && !r.e->n && !r.e->n_extra)
		return kr_fault_set(why, -KR_EINVAL, "the record says nothing");
	if (err)
		return err;
	out->warnings += r.warnings;
	kr_codec__set_place(r.e, at, 0);
	kr_batch_add(out, r.e);
	return 0;
}

static int open_state(const struct kr_codec_opts *opts, struct kr_codec_state **ret,
		      struct kr_fault *reterr)
{
	struct kr_codec_state *s = kr_xcalloc(1, sizeof(*s));

	(void)reterr;
	s->observed = opts->observed;
	kr_codec__records_init(&s->records, opts, 0, "an event is an object {...}", read_record, s);
	*ret = s;
	return 0;
}

static void item(struct kr_buf *b, const struct kr_event *e, bool first,
		 const struct kr_codec_write_opts *w)
{
	(void)w;
	(void)first;
	kr_buf_c(b, "{\"__type\":\"Event\"");
	kr_codec__json_members(b, e, KR_SPELL_IDF, true);
	kr_buf_add(b, "}\n", 2);
}

static const char *const unmapped[] = {NULL};

const struct kr_codec kr_codec_idf = {
	.name = "idf",
	.media_type = "application/x-ndjson",
	.doc = "IntelMQ data format: JSON lines, an array, or objects in a row",
	.caps = KR_CODEC_READ | KR_CODEC_WRITE,
	.sniff = sniff,
	.open = open_state,
	.feed = kr_codec__records_bytes,
	.finish = kr_codec__records_end,
	.close = kr_codec__records_close,
	.begin = kr_codec__nothing_before,
	.item = item,
	.end = kr_codec__nothing_behind,
	.unmapped = unmapped,
};
