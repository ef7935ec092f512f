/* SPDX-License-Identifier: Apache-2.0 */
/* Reports: lists, one of them, what was refused of it, its bytes. */
#include "api/rest/encode.h"
#include "api/rest/handlers.h"
#include "desk/report.h"
#include "store/spool.h"

#include <stdlib.h>

int kr_rest__report_list(struct kr_rest_call *c, struct kr_fault *f)
{
	const struct kr_rest_value *state = kr_rest__param(c, "state");
	struct kr_report_query q = {
		.source = kr_rest__param(c, "source")->text,
		.limit = (uint32_t)kr_rest__param(c, "limit")->i + 1,
	};
	struct kr_str cursor = KR_STR("");
	struct kr_report *rows;
	size_t n;
	int err = kr_rest__cursor_number(c, &q.before, f);

	if (!err && state->set)
		err = kr_desk_report_state_parse(state->text, &q.state);
	if (!err)
		err = kr_store_report_list(c->rest->o.store, &c->scope, &q, c->a, &rows, &n, f);
	if (err)
		return err;
	if (n == q.limit) { /* one more than asked for: there is a next page */
		n--;
		cursor = kr_arena_printf(c->a, "%llu", (unsigned long long)rows[n - 1].id);
	}
	kr_rest__begin(c);
	kr_json_object(&c->o);
	kr_json_key(&c->o, KR_STR("reports"));
	kr_json_array(&c->o);
	for (size_t i = 0; i < n; i++)
		kr_rest__report(&c->o, &rows[i]);
	kr_json_array_end(&c->o);
	kr_rest__cursor(c, cursor);
	kr_json_object_end(&c->o);
	return 0;
}

static int get(struct kr_rest_call *c, struct kr_report *ret, struct kr_fault *f)
{
	return kr_store_report_get(c->rest->o.store, &c->scope,
				   (uint64_t)kr_rest__param(c, "id")->i, c->a, ret, f);
}

int kr_rest__report_get(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_report row;
	int err = get(c, &row, f);

	if (err)
		return err;
	kr_rest__begin(c);
	kr_rest__report(&c->o, &row);
	return 0;
}

static void refused_row(struct kr_json_out *o, const struct kr_desk_refused *x)
{
	struct kr_str bytes = x->piece.bytes;

	kr_json_object(o);
	kr_rest__kuint(o, "offset", x->row.offset);
	kr_rest__kuint(o, "length", x->row.length);
	kr_json_key(o, KR_STR("line"));
	if (x->piece.line)
		kr_json_uint(o, x->piece.line);
	else
		kr_json_null(o);
	kr_rest__kuint(o, "column", x->row.column);
	kr_json_kstr(o, "reason", x->row.reason);
	kr_json_key(o, KR_STR("record"));
	if (x->piece.line)
		kr_json_str(o, bytes);
	else
		kr_json_null(o);
	kr_json_object_end(o);
}

int kr_rest__report_refused(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_desk_report all;
	int err = kr_desk_report_show(c->rest->o.store, &c->scope,
				      (uint64_t)kr_rest__param(c, "id")->i,
				      (uint32_t)kr_rest__param(c, "limit")->i, c->a, &all, f);

	if (err)
		return err;
	kr_rest__begin(c);
	kr_json_object(&c->o);
	kr_json_key(&c->o, KR_STR("refused"));
	kr_json_array(&c->o);
	for (size_t i = 0; i < all.n_refused; i++)
		refused_row(&c->o, &all.refused[i]);
	kr_json_array_end(&c->o);
	kr_rest__kuint(&c->o, "total", all.row.total.refused);
	kr_json_object_end(&c->o);
	return 0;
}

/* ---- raw bytes ---- */

static int next_frame(void *ctx, struct kr_buf *piece)
{
	return kr_spool_frame(ctx, piece, NULL);
}

static void close_frames(void *ctx)
{
	kr_spool_reader_free(ctx);
}

int kr_rest__report_raw(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_spool_reader *r;
	struct kr_report row;
	int err = get(c, &row, f);

	if (!err)
		err = kr_spool_open(c->rest->o.store, row.class_, row.day, &row.hash, &r, f);
	if (err)
		return err;
	c->reply->type = "application/octet-stream";
	/* Bytes of strangers: never shown as a page of ours. */
	kr_http_reply_header(c->reply, "Content-Disposition", "attachment; filename=\"report\"");
	c->reply->stream = next_frame;
	c->reply->stream_free = close_frames;
	c->reply->stream_ctx = r;
	return 0;
}
