/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * Source and Target of IDEA are lists of objects, and most members of these are lists too: a host
 * with several addresses, ports and names. An event has one of each, so the first that is valid is
 * its field, and a list with more is kept whole in extra. Addresses are different: each makes an
 * event of its own, which the caller does.
 */
#include "codec/idea.h"

#include "base/err.h"
#include "codec/jsonread.h"

enum how { ADDRESS, LIST, PROTO, TAGS };

static const struct {
	struct kr_str key; /* in lower case */
	enum how how;
	enum kr_field source, target;
} sides[] = {
	{{"ip4", 3}, ADDRESS, KR_F_NONE, KR_F_NONE},
	{{"ip6", 3}, ADDRESS, KR_F_NONE, KR_F_NONE},
	{{"port", 4}, LIST, KR_F_SRC_PORT, KR_F_DST_PORT},
	{{"proto", 5}, PROTO, KR_F_NONE, KR_F_NONE},
	{{"hostname", 8}, LIST, KR_F_SRC_FQDN, KR_F_DST_FQDN},
	{{"url", 3}, LIST, KR_F_SRC_URL, KR_F_DST_URL},
	{{"email", 5}, LIST, KR_F_SRC_ACCOUNT, KR_F_DST_ACCOUNT},
	{{"asn", 3}, LIST, KR_F_SRC_ASN, KR_F_DST_ASN},
	{{"type", 4}, TAGS, KR_F_NONE, KR_F_NONE},
};

/* What is done with each value of a list, or with a value alone. 1: it found no place. */
typedef int use_fn(struct kr_reading *r, struct kr_idea_side *side, enum kr_field f,
		   const struct kr_json_token *t);

static struct kr_str prefix_of(const struct kr_idea_side *side)
{
	return side->target ? KR_STR("idea.Target.") : KR_STR("idea.Source.");
}

static bool is_scalar(const struct kr_json_token *t)
{
	return t->type != KR_JSON_OBJECT && t->type != KR_JSON_ARRAY && t->type != KR_JSON_NULL;
}

static int use_field(struct kr_reading *r, struct kr_idea_side *side, enum kr_field f,
		     const struct kr_json_token *t)
{
	(void)side;
	return kr_event_has(r->e, f) ? 1 : kr_codec__set_text(r, f, t->text);
}

static int use_proto(struct kr_reading *r, struct kr_idea_side *side, enum kr_field f,
		     const struct kr_json_token *t)
{
	union kr_value v;

	(void)side;
	(void)f;
	if (kr_field_is_nothing(t->text))
		return 0;
	if (kr_field_parse(KR_F_PROTO_TRANSPORT, t->text, r->arena, &v, NULL) == 0) {
		const union kr_value *old = kr_event_get(r->e, KR_F_PROTO_TRANSPORT);

		if (old && kr_str_ieq(old->text, t->text))
			return 0;
		if (!old)
			return kr_event_put(r->e, r->arena, KR_F_PROTO_TRANSPORT, v);
	}
	if (kr_field_parse(KR_F_PROTO_APPLICATION, t->text, r->arena, &v, NULL) == 0) {
		const union kr_value *old = kr_event_get(r->e, KR_F_PROTO_APPLICATION);

		if (old)
			return !kr_str_eq(old->text, v.text);
		return kr_event_put(r->e, r->arena, KR_F_PROTO_APPLICATION, v);
	}
	return 1;
}

static int use_tag(struct kr_reading *r, struct kr_idea_side *side, enum kr_field f,
		   const struct kr_json_token *t)
{
	struct kr_str type = KR_STR_NULL;
	int err;

	(void)f;
	if (!side->target)
		type = kr_idea__type_by_tag(side->category, t->text);
	if (!type.p)
		return 1;
	err = kr_codec__set_text(r, KR_F_CLASS_TYPE, type);
	return err;
}

static int use_address(struct kr_reading *r, struct kr_idea_side *side, enum kr_field f,
		       const struct kr_json_token *t)
{
	struct kr_idea_address *a = kr_arena_alloc(r->arena, sizeof(*a));

	(void)f;
	if (!a)
		return -KR_ELIMIT;
	a->next = NULL;
	a->text = t->text;
	*side->end = a;
	side->end = &a->next;
	side->n++;
	return 0;
}

/* Every value of the list; what found no place, or is no plain value, keeps the whole of it. */
static int use_all(struct kr_reading *r, struct kr_idea_side *side, enum kr_field f,
		   struct kr_json_token *t, use_fn *use)
{
	struct kr_str raw = KR_STR_NULL, key;
	struct kr_json_token x = *t;
	bool left = false;
	struct kr_json j;
	int err = 0;

	if (t->type != KR_JSON_ARRAY) {
		if (!is_scalar(t))
			return kr_codec__keep_under(r, prefix_of(side), t);
		err = use(r, side, f, t);
		return err > 0 ? kr_codec__keep_under(r, prefix_of(side), t) : err;
	}
	err = kr_codec__array_literal(r->j, t, &raw);
	if (err)
		return err;
	kr_json_init(&j, raw, r->arena, KR_JSON_DEPTH_MAX, 0, NULL);
	err = kr_json_next(&j, &x);
	while (!err && !(err = kr_json_next(&j, &x)) && x.type != KR_JSON_ARRAY_END) {
		if (is_scalar(&x)) {
			err = use(r, side, f, &x);
			left |= err > 0;
			err = KR_MIN(err, 0);
		} else {
			left = true;
			err = kr_json_skip(&j, &x);
		}
	}
	if (err || !left)
		return err;
	key = kr_arena_printf(r->arena, "%.*s%.*s", KR_STR_ARG(prefix_of(side)),
			      KR_STR_ARG(t->key));
	return key.p ? kr_event_add_extra(r->e, r->arena, key, raw, true) : -KR_ELIMIT;
}

int kr_idea__side_read(struct kr_reading *r, struct kr_idea_side *side)
{
	static use_fn *const uses[] = {
		[ADDRESS] = use_address, [LIST] = use_field, [PROTO] = use_proto, [TAGS] = use_tag};
	struct kr_json_token t;
	int err;

	side->addresses = NULL;
	side->end = &side->addresses;
	side->n = 0;
	while (!(err = kr_json_next(r->j, &t)) && t.type != KR_JSON_OBJECT_END) {
		size_t i = 0;

		while (i < KR_ARRAY_LEN(sides) && !kr_str_ieq(sides[i].key, t.key))
			i++;
		if (i < KR_ARRAY_LEN(sides))
			err = use_all(r, side, side->target ? sides[i].target : sides[i].source, &t,
				      uses[sides[i].how]);
		else
			err = kr_codec__keep_under(r, prefix_of(side), &t);
		if (err)
			return err;
	}
	return err;
}

int kr_idea__address(struct kr_reading *r, bool target, struct kr_str text)
{
	union kr_value v;

	if (kr_str_chr(text, '/') >= 0)
		return kr_codec__set_text(r, target ? KR_F_DST_NETWORK : KR_F_SRC_NETWORK, text);
	if (kr_field_parse(target ? KR_F_DST_IP : KR_F_SRC_IP, text, r->arena, &v, NULL) == 0)
		return kr_event_put(r->e, r->arena, target ? KR_F_DST_IP : KR_F_SRC_IP, v);
	/* A range "a-b", or nothing that is an address. */
	r->warnings++;
	return kr_codec__keep_text(r, target ? "idea.Target.IP" : "idea.Source.IP", text);
}
