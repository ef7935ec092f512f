/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of an IDEA message of which a field takes one value: Category, Ref, Attach and Node. */
#include "codec/idea.h"

#include "base/err.h"
#include "codec/jsonread.h"
#include "codec/strip.h"

/* The first category that is known; a test is a test whatever else it is. */
int kr_idea__category(struct kr_reading *r, struct kr_json_token *t, struct kr_str *ret)
{
	struct kr_str raw, type = KR_STR_NULL, category, tag;
	struct kr_json_token x;
	unsigned n = 0;
	struct kr_json j;
	int err;

	if (t->type != KR_JSON_ARRAY)
		return kr_codec__wrong(r, "Category: not a list");
	err = kr_codec__array_literal(r->j, t, &raw);
	if (err)
		return err;
	kr_json_init(&j, raw, r->arena, KR_JSON_DEPTH_MAX, 0, NULL);
	err = kr_json_next(&j, &x);
	while (!err && !(err = kr_json_next(&j, &x)) && x.type != KR_JSON_ARRAY_END) {
		struct kr_str found;

		if (x.type != KR_JSON_STRING)
			return kr_codec__wrong(r, "Category[%u]: not a text", n);
		n++;
		found = kr_idea__type_of(x.text);
		if (!found.p || (type.p && !kr_str_eqc(found, "test")))
			continue;
		type = found;
		*ret = x.text;
	}
	if (err)
		return err;
	if (!n)
		return kr_codec__wrong(r, "Category: the list is empty");
	r->warnings += !type.p;
	if (!type.p)
		type = KR_STR("other");
	err = kr_codec__set_text(r, KR_F_CLASS_TYPE, type);
	if (err ||
	    (n == 1 && kr_idea__category_of(type, &category, &tag) && kr_str_eq(category, *ret)))
		return err;
	return kr_event_add_extra(r->e, r->arena, KR_STR("idea.Category"), raw, true);
}

static bool is_url(struct kr_str s)
{
	return kr_str_istarts(s, KR_STR("http://")) || kr_str_istarts(s, KR_STR("https://"));
}

/* Add a CVE to product.vulnerabilities; 1: it is full. */
static int add_cve(struct kr_reading *r, struct kr_str cve)
{
	const union kr_value *old = kr_event_get(r->e, KR_F_PRODUCT_CVE);
	struct kr_str all;

	if (cve.n + (old ? old->text.n + 1 : 0) > kr_field_info(KR_F_PRODUCT_CVE)->size_max)
		return 1;
	all = old ? kr_arena_printf(r->arena, "%.*s;%.*s", KR_STR_ARG(old->text), KR_STR_ARG(cve))
		  : cve;

	return all.p ? kr_codec__set_text(r, KR_F_PRODUCT_CVE, all) : -KR_ELIMIT;
}

/* References: the first URL, and "cve:CVE-2026-1"; a list with others is kept whole. */
int kr_idea__ref(struct kr_reading *r, struct kr_json_token *t)
{
	struct kr_json_token x;
	struct kr_str raw;
	bool left = false;
	struct kr_json j;
	int err;

	if (t->type != KR_JSON_ARRAY)
		return kr_codec__keep(r, t);
	err = kr_codec__array_literal(r->j, t, &raw);
	if (err)
		return err;
	kr_json_init(&j, raw, r->arena, KR_JSON_DEPTH_MAX, 0, NULL);
	err = kr_json_next(&j, &x);
	while (!err && !(err = kr_json_next(&j, &x)) && x.type != KR_JSON_ARRAY_END) {
		if (x.type == KR_JSON_STRING && is_url(x.text) &&
		    !kr_event_has(r->e, KR_F_DESCRIPTION_URL)) {
			err = kr_codec__set_text(r, KR_F_DESCRIPTION_URL, x.text);
		} else if (x.type == KR_JSON_STRING && kr_str_istarts(x.text, KR_STR("cve:"))) {
			err = add_cve(r, kr_str_from(x.text, 4));
			left |= err > 0;
			err = KR_MIN(err, 0);
		} else {
			left = true;
			if (x.type == KR_JSON_ARRAY || x.type == KR_JSON_OBJECT)
				err = kr_json_skip(&j, &x);
		}
	}
	return err || !left ? err
			    : kr_event_add_extra(r->e, r->arena, KR_STR("idea.Ref"), raw, true);
}

struct list {
	struct kr_reading *r;
	bool more; /* than what fields took */
};

/* ["md5:...", "sha256:..."] */
static int read_digests(struct kr_reading *r, struct kr_str raw)
{
	static const struct {
		const char *prefix;
		enum kr_field field;
	} kinds[] = {{"md5:", KR_F_MALWARE_MD5},
		     {"sha1:", KR_F_MALWARE_SHA1},
		     {"sha256:", KR_F_MALWARE_SHA256}};
	struct kr_json_token x;
	struct kr_json j;
	int err;

	kr_json_init(&j, raw, r->arena, KR_JSON_DEPTH_MAX, 0, NULL);
	err = kr_json_next(&j, &x);
	if (!err && x.type != KR_JSON_ARRAY)
		return 1;
	while (!err && !(err = kr_json_next(&j, &x)) && x.type != KR_JSON_ARRAY_END) {
		bool taken = false;

		for (size_t i = 0; x.type == KR_JSON_STRING && i < KR_ARRAY_LEN(kinds); i++) {
			struct kr_str prefix = kr_str_c(kinds[i].prefix);

			if (!kr_str_istarts(x.text, prefix) || kr_event_has(r->e, kinds[i].field))
				continue;
			err = kr_codec__set_text(r, kinds[i].field, kr_str_from(x.text, prefix.n));
			taken = true;
		}
		if (!taken || err)
			return err ? err : 1;
	}
	return err;
}

static int attach_member(void *ctx, unsigned index, const struct kr_json_token *t,
			 struct kr_json_out *out)
{
	struct list *l = ctx;
	int left;

	(void)index;
	(void)out;
	if (!t)
		return 0;
	/* The content itself is not kept in an event. */
	if (kr_str_ieq(t->key, KR_STR("Content")))
		return 1;
	if (!kr_str_ieq(t->key, KR_STR("Hash"))) {
		l->more = true;
		return 0;
	}
	left = read_digests(l->r, t->raw);
	l->more |= left > 0;
	return KR_MIN(left, 0);
}

static int node_member(void *ctx, unsigned index, const struct kr_json_token *t,
		       struct kr_json_out *out)
{
	struct list *l = ctx;

	(void)out;
	if (!t)
		return 0;
	if (index || !kr_str_ieq(t->key, KR_STR("Name")) || t->type != KR_JSON_STRING) {
		l->more = true;
		return 0;
	}
	return kr_codec__set_text(l->r, KR_F_FEED_NAME, t->text);
}

static int read_list(struct kr_reading *r, struct kr_json_token *t, const char *key,
		     kr_strip_member *member)
{
	struct list l = {.r = r};
	struct kr_str literal;
	int err;

	if (t->type != KR_JSON_ARRAY)
		return kr_codec__keep(r, t);
	err = kr_json_skip(r->j, t);
	if (!err)
		err = kr_codec__strip(r, t->raw, member, &l, &literal);
	return err || !l.more ? err
			      : kr_event_add_extra(r->e, r->arena, kr_str_c(key), literal, true);
}

int kr_idea__attach(struct kr_reading *r, struct kr_json_token *t)
{
	return read_list(r, t, "idea.Attach", attach_member);
}

int kr_idea__node(struct kr_reading *r, struct kr_json_token *t)
{
	return read_list(r, t, "idea.Node", node_member);
}
