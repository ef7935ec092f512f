/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /reports: a report of any size.
 *
 * How this works: who asks and with which parameters is known before the body, so that is checked
 * first (body_begin). Bytes then go, as they arrive, through the unpacker into the spool: neither
 * is larger for a larger report. When the last one came, the report is synced and acknowledged, and
 * the taker is woken; the answer does not wait for it. A client that goes away leaves nothing.
 */
#include "api/rest/serve.h"

#include <stdlib.h>

#include "api/rest/handlers.h"
#include "base/unpack.h"
#include "pipe/push.h"

struct upload {
	struct kr_rest_call call;
	struct kr_by by;
	struct kr_push *push;
	struct kr_unpack *unpack;
	bool counted;
};

/* What the parameters name is not there. */
static unsigned kept_status(int err)
{
	return err == -KR_ENOENT ? 422 : err == -KR_EFORMAT ? 400 : 0;
}

static int to_spool(void *ctx, struct kr_str bytes, struct kr_fault *f)
{
	struct upload *u = ctx;
	int err = kr_push_add(u->push, bytes, f);

	if (err)
		u->call.status = kept_status(err);
	return err;
}

static int coding(struct kr_rest_call *c, enum kr_packed *ret, struct kr_fault *f)
{
	struct kr_str s = kr_http_header(c->r, "Content-Encoding");

	*ret = KR_PACKED_ANY;
	if (!s.p || kr_str_ieq(s, KR_STR("identity")))
		return 0;
	if (kr_str_ieq(s, KR_STR("gzip")) || kr_str_ieq(s, KR_STR("x-gzip")))
		*ret = KR_PACKED_GZIP;
	else if (kr_str_ieq(s, KR_STR("zstd")))
		*ret = KR_PACKED_ZSTD;
	if (*ret)
		return 0;
	return kr_rest__refuse(c, 415, f, -KR_EFORMAT, "this Content-Encoding is not understood",
			       "send gzip, zstd, or the bytes as they are");
}

/* The name of a file, without folders: mappings are found by it, and people read it. */
static int name_ok(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_str name = kr_rest__param(c, "name")->text;

	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] < ' ' || name.p[i] == 0x7f || name.p[i] == '/' ||
		    name.p[i] == '\\') {
			c->parameter = KR_STR("name");
			return kr_rest__refuse(c, 400, f, -KR_EINVAL,
					       "the parameter 'name' is no name of a file",
					       "leave folders and control characters out");
		}
	return 0;
}

static void begin(struct upload *u, enum kr_packed packed)
{
	struct kr_rest_call *c = &u->call;
	const struct kr_rest_limits *l = &c->rest->o.limits;
	const struct kr_input_limits limits = {.bytes_max = l->input_max,
					       .ratio_max = l->ratio_max};
	const struct kr_rest_value *observed = kr_rest__param(c, "observed");
	const struct kr_take_opts opts = {
		.source = kr_rest__param(c, "source")->text,
		.format = kr_rest__param(c, "format")->text,
		.report = kr_rest__param(c, "name")->text,
		.observed = observed->set ? observed->i : KR_TIME_NONE,
		.known_source = !(c->scope.rights & KR_RIGHT_SOURCES),
		.by = &u->by,
	};

	u->by = kr_rest__by(c);
	u->push = kr_push_new(c->rest->o.pipe, &opts);
	u->unpack = kr_unpack_new(packed, &limits, to_spool, u);
}

int kr_rest__upload_begin(struct kr_http_request *r, struct kr_fault *f)
{
	struct upload *u = kr_xcalloc(1, sizeof(*u));
	enum kr_packed packed = KR_PACKED_ANY;
	int err;

	r->body_ctx = u;
	err = kr_rest__prepare(&u->call, r, NULL, f);
	if (!err)
		err = name_ok(&u->call, f);
	if (!err)
		err = coding(&u->call, &packed, f);
	if (err)
		return err;
	u->counted = true;
	if (atomic_fetch_add(&u->call.rest->uploads, 1) >= u->call.rest->o.limits.uploads_max) {
		kr_fault_set(f, -KR_EUNAVAIL, "too many reports arrive at this moment");
		kr_fault_remedy(f, "send it again in half a minute");
		return -KR_EUNAVAIL;
	}
	begin(u, packed);
	return 0;
}

int kr_rest__upload_data(struct kr_http_request *r, struct kr_str bytes, struct kr_fault *f)
{
	struct upload *u = r->body_ctx;
	int err = kr_unpack_add(u->unpack, bytes, f);

	if (err == -KR_ECORRUPT)
		u->call.status = 400;
	return err;
}

void kr_rest__upload_free(struct kr_http_request *r)
{
	struct upload *u = r->body_ctx;

	if (!u)
		return;
	if (u->counted)
		atomic_fetch_sub(&u->call.rest->uploads, 1);
	kr_unpack_free(u->unpack);
	kr_push_free(u->push);
	free(u);
	r->body_ctx = NULL;
}

const struct kr_rest_call *kr_rest__upload_call(const struct kr_http_request *r)
{
	const struct upload *u = r->body_ctx;

	return u ? &u->call : NULL;
}

static void receipt(struct kr_rest_call *c, const struct kr_pushed *got)
{
	char hash[KR_HASH_SIZE * 2 + 1];
	struct kr_json_out *o = &c->o;
	struct kr_str id = kr_arena_printf(c->a, "%llu", (unsigned long long)got->report);

	kr_rest__begin(c);
	kr_json_object(o);
	kr_rest__kuint(o, "report", got->report);
	kr_json_kstr(o, "source", got->source);
	kr_rest__knull(o, "format", got->format);
	kr_json_kstr(o, "hash", kr_str_c(kr_hash_text(&got->hash, hash)));
	kr_rest__kuint(o, "bytes", got->bytes);
	kr_json_kbool(o, "known", got->known);
	kr_json_kbool(o, "source_made", got->source_made);
	kr_json_object_end(o);
	kr_rest__location(c, "/reports", id);
	c->reply->status = got->known ? 200 : 202;
}

int kr_rest__report_take(struct kr_rest_call *c, struct kr_fault *f)
{
	struct upload *u = c->r->body_ctx;
	struct kr_pushed got;
	int err;

	if (!u || !c->r->body_n)
		return kr_rest__refuse(c, 400, f, -KR_EINVAL, "the body is empty",
				       "send the report as the body");
	err = kr_unpack_end(u->unpack, f);
	if (err) {
		c->status = err == -KR_ECORRUPT ? 400 : u->call.status;
		return err;
	}
	err = kr_push_end(u->push, &got, f);
	if (err) {
		c->status = kept_status(err);
		return err;
	}
	receipt(c, &got);
	if (!got.known && c->rest->o.kept)
		c->rest->o.kept(c->rest->o.ctx);
	return 0;
}
