/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * The splitter finds the records, whatever the cuts of the input; a record that spans two calls is
 * copied to the arena, since the splitter's own bytes are gone with the next call and events hold
 * slices. The strict reader then takes it apart in one pass, driven by the codec. A record is
 * refused as a whole: events and warnings that it gave before its fault are taken back.
 */
#include "codec/records.h"

#include <stdlib.h>

void kr_codec__records_init(struct kr_records *r, const struct kr_codec_opts *opts,
			    size_t record_more, const char *what, kr_record_read *read, void *ctx)
{
	r->record_max = opts->record_max + record_more;
	r->depth_max = opts->depth_max;
	r->what = what;
	r->read = read;
	r->ctx = ctx;
	kr_json_split_init(&r->split, r->record_max, r->depth_max);
}

void kr_codec__records_done(struct kr_records *r)
{
	kr_json_split_done(&r->split);
}

static void refuse(const struct kr_json_record *rec, const struct kr_fault *why,
		   struct kr_batch *out)
{
	uint64_t at = rec->line + (why->line ? why->line - 1 : 0);

	kr_batch_refuse(out, rec->offset, rec->length, (uint32_t)KR_MIN(at, UINT32_MAX),
			(uint32_t)KR_MIN(KR_MAX(why->column, 1), UINT32_MAX), "%s", why->message);
}

static int parse(struct kr_records *r, const struct kr_json_record *rec, struct kr_batch *out,
		 struct kr_fault *why)
{
	const struct kr_place at = {
		.offset = rec->offset, .length = rec->length, .line = rec->line};
	struct kr_json_token t;
	struct kr_json j;
	int err;

	kr_json_init(&j, rec->bytes, out->arena, r->depth_max, 0, why);
	err = kr_json_next(&j, &t);
	if (!err && t.type != KR_JSON_OBJECT)
		return kr_fault_set(why, -KR_EINVAL, "%s", r->what);
	if (!err)
		err = r->read(r->ctx, &j, &at, out, why);
	if (!err)
		err = kr_json_next(&j, &t);
	if (err && !why->code)
		kr_fault_set(why, err, "more fields or memory than one event or batch can hold");
	return err;
}

static void read_record(struct kr_records *r, const struct kr_json_record *rec,
			struct kr_batch *out)
{
	uint64_t warnings = out->warnings;
	struct kr_fault why = {0};
	size_t n = out->n;
	int err = rec->err;

	if (!rec->bytes.p)
		err = kr_fault_set(&why, -KR_ELIMIT, "no memory left in the batch");
	else if (err == -KR_ELIMIT && rec->length > r->record_max)
		kr_fault_set(&why, err, "a record longer than the limit");
	else if (!rec->bytes.n)
		err = kr_fault_set(&why, -KR_ESYNTAX, "a comma or bracket is missing or too many");
	else
		err = parse(r, rec, out, &why);
	if (!err && rec->err)
		err = kr_fault_set(&why, -KR_ESYNTAX, "the record is not complete");
	if (!err)
		return;
	out->n = n;
	out->warnings = warnings;
	refuse(rec, &why, out);
}

int kr_codec__records_feed(struct kr_records *r, struct kr_str bytes, bool eof,
			   struct kr_batch *out)
{
	struct kr_json_record rec;
	struct kr_str in = bytes;

	while (kr_json_split_next(&r->split, &in, eof, &rec)) {
		if (rec.bytes.n && !(rec.bytes.p >= bytes.p && rec.bytes.p < bytes.p + bytes.n))
			rec.bytes = kr_arena_dup(out->arena, rec.bytes);
		read_record(r, &rec, out);
	}
	return 0;
}

static struct kr_records *records_of(struct kr_codec_state *s)
{
	return (struct kr_records *)s;
}

int kr_codec__records_bytes(struct kr_codec_state *s, struct kr_str bytes, struct kr_batch *out,
			    struct kr_fault *reterr)
{
	(void)reterr;
	return kr_codec__records_feed(records_of(s), bytes, false, out);
}

int kr_codec__records_end(struct kr_codec_state *s, struct kr_batch *out, struct kr_fault *reterr)
{
	(void)reterr;
	return kr_codec__records_feed(records_of(s), KR_STR(""), true, out);
}

void kr_codec__records_close(struct kr_codec_state *s)
{
	if (!s)
		return;
	kr_codec__records_done(records_of(s));
	free(s);
}

void kr_codec__nothing_before(struct kr_buf *b)
{
	(void)b;
}

void kr_codec__nothing_behind(struct kr_buf *b, bool empty)
{
	(void)b;
	(void)empty;
}

struct kr_str kr_codec__records_head(struct kr_str head)
{
	struct kr_str s = head;

	if (kr_str_starts(s, KR_STR("\xef\xbb\xbf")))
		s = kr_str_from(s, 3);
	s = kr_str_trim(s);
	if (kr_str_starts(s, KR_STR("[")))
		s = kr_str_trim(kr_str_from(s, 1));
	return kr_str_starts(s, KR_STR("{")) ? s : KR_STR_NULL;
}
