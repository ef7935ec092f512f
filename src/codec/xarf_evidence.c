/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * Evidence is a mail, a picture, a log, in base64: too large for an event, and in the archive with
 * the report anyway. Kept is what describes it: type, description, digest and size. The limits are
 * those of the XARF v4 schema.
 */
#include "codec/xarf.h"

#include "base/err.h"
#include "codec/strip.h"

#define ITEMS_MAX 50
#define ITEM_MAX  ((size_t)5 << 20)  /* bytes, decoded */
#define TOTAL_MAX ((size_t)15 << 20) /* bytes, decoded */

struct evidence {
	struct kr_reading *r;
	struct kr_xarf_pending *p;
	struct kr_str payload;
	bool has_type, has_payload, has_file, encoded; /* of the object being read */
	size_t total;
};

/* Bytes that base64 decodes to; false: it is none. */
static bool decoded_size(struct kr_str s, size_t *ret)
{
	size_t n = s.n;

	if (s.n % 4)
		return false;
	if (n && s.p[n - 1] == '=')
		n--;
	if (n && n < s.n && s.p[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++)
		if (!kr_is_alnum(s.p[i]) && s.p[i] != '+' && s.p[i] != '/')
			return false;
	*ret = s.n / 4 * 3 - (s.n - n);
	return true;
}

/* The object is complete: check it, and say how large it was. */
static int item_end(struct evidence *x, unsigned index, struct kr_json_out *out)
{
	struct kr_reading *r = x->r;
	size_t size = x->payload.n;
	bool known = !x->encoded || decoded_size(x->payload, &size);

	if (!x->has_file && !x->has_type)
		return kr_codec__wrong(r, "evidence[%u].content_type is missing", index);
	if (!x->has_file && !x->has_payload)
		return kr_codec__wrong(r, "evidence[%u].payload is missing", index);
	if (size > ITEM_MAX)
		return kr_codec__wrong(r, "evidence[%u]: more than %zu bytes", index, ITEM_MAX);
	x->total += size;
	if (x->total > TOTAL_MAX)
		return kr_codec__wrong(r, "evidence: more than %zu bytes", TOTAL_MAX);
	if (index + 1 > ITEMS_MAX)
		return kr_codec__wrong(r, "evidence: more than %u items", ITEMS_MAX);
	r->warnings += !known;
	if (known && x->has_payload) {
		kr_json_key(out, KR_STR("size"));
		kr_json_uint(out, size);
	}
	x->payload = KR_STR("");
	x->has_type = x->has_payload = x->has_file = false;
	x->encoded = true;
	return 0;
}

static int item_member(void *ctx, unsigned index, const struct kr_json_token *t,
		       struct kr_json_out *out)
{
	struct evidence *x = ctx;
	bool text = t && t->type == KR_JSON_STRING;

	if (!t)
		return item_end(x, index, out);
	if (kr_str_eqc(t->key, "payload") || kr_str_eqc(t->key, "Payload")) {
		if (!text)
			return kr_codec__wrong(x->r, "evidence[%u].payload: not a text", index);
		x->payload = t->text;
		x->has_payload = true;
		x->p->payload += t->raw.n;
		return 1;
	}
	if (kr_str_eqc(t->key, "content_type") || kr_str_eqc(t->key, "ContentType")) {
		if (!text)
			return kr_codec__wrong(x->r, "evidence[%u].content_type: not a text",
					       index);
		x->has_type = true;
	}
	x->has_file |= kr_str_eqc(t->key, "FileName");
	if (kr_str_eqc(t->key, "Base64Encoded"))
		x->encoded = t->type != KR_JSON_FALSE;
	/* Its size is counted, not believed. */
	return kr_str_eqc(t->key, "size");
}

int kr_xarf__evidence(struct kr_reading *r, struct kr_xarf_pending *p, struct kr_json_token *t)
{
	struct evidence x = {.r = r, .p = p, .payload = KR_STR(""), .encoded = true};
	int err;

	if (t->type == KR_JSON_NULL)
		return 0;
	if (t->type != KR_JSON_ARRAY)
		return kr_codec__wrong(r, "evidence: not a list");
	err = kr_json_skip(r->j, t);
	return err ? err : kr_codec__strip(r, t->raw, item_member, &x, &p->evidence);
}
