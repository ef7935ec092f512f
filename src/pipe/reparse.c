/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * When a report is undone, rows that others contributed to must show the event of the earliest
 * contribution that remains. The store asks for these with rising report and offset, so one feed is
 * kept and moved on; only a step back, into another partition's questions, begins a report again.
 * The event is made with the format and mapping under which its own report was taken.
 */
#include "pipe/take_internal.h"

#include <stdlib.h>

struct kr_take__reparser {
	struct kr_pipe *p;
	enum kr_tlp tlp;
	uint64_t report, offset; /* asked for last */
	uint32_t part;
	struct kr_feed *feed;
	struct kr_portion portion;
	bool begun; /* portion holds a batch */
	size_t at;  /* event to look at next */
};

struct kr_take__reparser *kr_take__reparser_new(struct kr_pipe *p, enum kr_tlp tlp)
{
	struct kr_take__reparser *r = kr_xcalloc(1, sizeof(*r));

	r->p = p;
	r->tlp = tlp;
	kr_portion_init(&r->portion);
	return r;
}

void kr_take__reparser_free(struct kr_take__reparser *r)
{
	if (!r)
		return;
	kr_feed_free(r->feed);
	kr_portion_done(&r->portion);
	free(r);
}

static int start(struct kr_take__reparser *r, uint64_t report, struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_mapping *mapping = NULL;
	const struct kr_codec *codec;
	struct kr_report row;
	int err = kr_store_report_get(kr_pipe_store(r->p), &KR_SCOPE_ALL, report, a, &row, reterr);

	kr_feed_free(r->feed);
	r->feed = NULL;
	r->begun = false;
	if (err)
		return err;
	codec = kr_codec_find(row.format);
	if (!codec)
		return kr_fault_set(reterr, -KR_EFORMAT,
				    "format '%.*s' of report %llu is not known",
				    KR_STR_ARG(row.format), (unsigned long long)report);
	if (row.mapping)
		err = kr_desk_mapping_get(kr_pipe_mappings(r->p), row.mapping, &mapping, reterr);
	if (!err)
		err = kr_feed_open(r->p, &row, codec, mapping, r->tlp, &r->feed, reterr);
	if (!err)
		kr_feed_keep(r->feed);
	kr_mapping_unref(mapping);
	r->report = report;
	return err;
}

static bool before(const struct kr_event *e, uint64_t offset, uint32_t part)
{
	return e->offset < offset || (e->offset == offset && e->part < part);
}

/* The event in the current batch, from where the last search ended; NULL if it lies behind it. */
static const struct kr_event *find(struct kr_take__reparser *r, uint64_t offset, uint32_t part)
{
	const struct kr_batch *b = r->portion.batch;

	while (r->begun && r->at < b->n && before(b->events[r->at], offset, part))
		r->at++;
	if (!r->begun || r->at == b->n)
		return NULL;
	return b->events[r->at];
}

int kr_take__reparse(void *ctx, uint64_t report, uint64_t offset, uint32_t part,
		     const struct kr_event **ret, struct kr_fault *reterr)
{
	struct kr_take__reparser *r = ctx;
	const struct kr_event *e;
	bool back = offset < r->offset || (offset == r->offset && part < r->part);
	int more = 1, err = 0;

	if (!r->feed || r->report != report || back)
		err = start(r, report, reterr);
	if (err)
		return err;
	r->offset = offset;
	r->part = part;
	while (!(e = find(r, offset, part)) && more > 0) {
		more = kr_feed_next(r->feed, &r->portion, reterr);
		if (more < 0)
			return more;
		r->begun = more > 0;
		r->at = 0;
		err = more ? kr_feed_stages(r->feed, &r->portion, reterr) : 0;
		if (err)
			return err;
	}
	if (!e || e->offset != offset || e->part != part)
		return kr_fault_set(reterr, -KR_ECORRUPT,
				    "report %llu has no event at byte %llu any more",
				    (unsigned long long)report, (unsigned long long)offset);
	*ret = e;
	return 0;
}
