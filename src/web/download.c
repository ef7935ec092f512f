/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /events.csv and /events.json: the events of an expression, streamed.
 *
 * How this works: each piece is one question to the store, which ends at PIECE_ROWS or about
 * PIECE_BYTES with a cursor; the next piece goes on from there. So a slow client holds no
 * transaction open, and memory is one piece. Two limits end a download: rows, and rows looked at.
 */
#include "web/events.h"

#include <stdlib.h>

#include "codec/codec.h"
#include "web/pages.h"

#define PIECE_ROWS  500
#define PIECE_BYTES ((size_t)512 << 10)
#define SCANS	    20 /* a download may look at so many times scan_max */

struct download {
	struct kr_web *w;
	struct kr_scope scope;	      /* of who began it */
	struct kr_arena *keep, *work; /* expression and cursor; one piece */
	const struct kr_codec *codec;
	const struct kr_expr *expr;
	struct kr_buf cursor;
	uint64_t rows_left, scans_left;
	bool begun, any;
	struct kr_buf *piece; /* being filled */
	struct kr_buf first;  /* made before the headers, so that an error can still be told */
	int first_more;
	bool first_due;
};

static void download_free(void *ctx)
{
	struct download *d = ctx;

	kr_buf_done(&d->cursor);
	kr_buf_done(&d->first);
	kr_arena_free(d->keep);
	kr_arena_free(d->work);
	free(d);
}

static bool add_event(void *ctx, const struct kr_stored_event *ev)
{
	struct download *d = ctx;

	d->codec->item(d->piece, ev->e, !d->any, NULL);
	d->any = true;
	return d->piece->n < PIECE_BYTES;
}

/* Returns 1 (there may be more), 0 (that was all), -KR_E*. */
static int add_rows(struct download *d, struct kr_fault *reterr)
{
	int64_t until_us = kr_clock_us() + d->w->o.query_us;
	struct kr_event_query q = {.expr = d->expr,
				   .limit = (uint32_t)KR_MIN(d->rows_left, (uint64_t)PIECE_ROWS),
				   .cursor = kr_buf_str(&d->cursor),
				   .scan_max = d->w->o.scan_max,
				   .progress = kr_web__patient,
				   .ctx = &until_us};
	struct kr_event_page page = {0};
	int err = kr_store_event_list(d->w->store, &d->scope, &q, add_event, d, d->work, &page,
				      reterr);

	if (err < 0)
		return kr_web__too_long(err, reterr);
	d->rows_left -= KR_MIN(page.rows, d->rows_left);
	d->scans_left -= page.rows ? 0 : 1;
	kr_buf_clear(&d->cursor);
	kr_buf_str_add(&d->cursor, page.cursor);
	kr_arena_clear(d->work);
	return page.cursor.n && d->rows_left && d->scans_left;
}

static int make_piece(struct download *d, struct kr_buf *piece, struct kr_fault *reterr)
{
	int more;

	d->piece = piece;
	if (!d->begun)
		d->codec->begin(piece);
	d->begun = true;
	do
		more = add_rows(d, reterr);
	while (more > 0 && !piece->n);
	if (!more)
		d->codec->end(piece, !d->any);
	return more;
}

static int next_piece(void *ctx, struct kr_buf *piece)
{
	struct download *d = ctx;

	if (!d->first_due)
		return make_piece(d, piece, NULL);
	d->first_due = false;
	kr_buf_str_add(piece, kr_buf_str(&d->first));
	kr_buf_done(&d->first);
	return d->first_more;
}

static struct download *download_new(struct kr_page *p, const struct kr_web_search *s,
				     const char *format)
{
	struct download *d = kr_xcalloc(1, sizeof(*d));

	d->w = p->w;
	d->scope = p->scope;
	d->keep = kr_arena_new((size_t)4 << 20);
	d->work = kr_arena_new((size_t)32 << 20);
	d->cursor = KR_BUF(65536);
	kr_buf_str_add(&d->cursor, s->cursor);
	d->first = KR_BUF(KR_HTTP_PIECE_MAX);
	d->first_due = true;
	d->codec = kr_codec_find(kr_str_c(format));
	d->rows_left = kr_web__number(p, "limit", 1, p->w->o.export_max, p->w->o.export_max);
	d->scans_left = SCANS;
	return d;
}

static int download(struct kr_http_request *r, struct kr_http_reply *reply, const char *format,
		    struct kr_fault *reterr)
{
	struct kr_web_search s = {0};
	struct kr_expr_opts opts;
	struct kr_expr *x;
	struct download *d;
	struct kr_page p;
	int err;

	err = kr_web__page_for(&p, r, KR_RIGHT_EVENTS, reterr);
	if (err)
		return err;
	err = kr_web__search_parse(&p, &s, reterr);
	if (err < 0)
		return err;
	d = download_new(&p, &s, format);
	/* Parsed again: the tree must outlive the request. */
	opts = (struct kr_expr_opts){.now = p.now, .may_name = kr_scope_may_name, .ctx = &p.scope};
	err = kr_expr_parse(kr_arena_dup(d->keep, s.text), &opts, d->keep, &x, reterr);
	if (!err) {
		d->expr = x;
		d->first_more = make_piece(d, &d->first, reterr);
		err = d->first.err ? d->first.err : KR_MIN(d->first_more, 0);
	}
	if (err < 0) {
		download_free(d);
		return err;
	}
	reply->type = d->codec->media_type;
	reply->stream = next_piece;
	reply->stream_free = download_free;
	reply->stream_ctx = d;
	return 0;
}

int kr_web__events_csv(struct kr_http_request *r, struct kr_http_reply *reply,
		       struct kr_fault *reterr)
{
	kr_http_reply_header(reply, "Content-Disposition", "attachment; filename=\"events.csv\"");
	return download(r, reply, "csv", reterr);
}

int kr_web__events_json(struct kr_http_request *r, struct kr_http_reply *reply,
			struct kr_fault *reterr)
{
	kr_http_reply_header(reply, "Content-Disposition", "attachment; filename=\"events.json\"");
	return download(r, reply, "json", reterr);
}
