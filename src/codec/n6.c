/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * The JSON of n6, the platform of CERT Polska: one flat object an event. Its addresses are a list
 * (the addresses of one host or name), of which each becomes an event of ours; the others share
 * everything else. So the members are read first, whatever their order, and the list, which is
 * passed over then, is read last. Back, an event is a record with one address.
 *
 * An n6 event is aggregated where it has "until": then time and until are first and last seen.
 * restriction is their label: public is CLEAR, need-to-know AMBER (the owner may know), internal
 * AMBER+STRICT (nobody outside).
 */
#include <stdlib.h>

#include "codec/codec.h"
#include "codec/members.h"
#include "codec/n6.h"
#include "codec/parts.h"
#include "codec/records.h"
#include "codec/rest.h"

enum how { OWN, FIELD, RESTRICTION, CATEGORY, UNTIL, COUNT, ADDRESS, NAME, ACCOUNT, REST };

static const struct kr_member members[] = {
#define M(name, how, field) {{name, sizeof(name) - 1}, how, KR_F_##field},
#include "codec/n6_members.def"
#undef M
};

static const struct kr_n6_category categories[] = {
#define N(name, type, malware) {{name, sizeof(name) - 1}, {type, sizeof(type) - 1}, malware},
#include "codec/n6_categories.def"
#undef N
};

struct kr_codec_state {
	struct kr_records records; /* first: see codec/records.h */
	struct kr_member_index index;
	kr_time observed;
};

/* What cannot be used before the whole record is read. */
struct pending {
	const struct kr_n6_category *category;
	struct kr_str address, rest; /* as written */
	struct kr_str name;
	kr_time until;
	bool time;
};

const struct kr_n6_category *kr_n6__category_find(struct kr_str name)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(categories); i++)
		if (kr_str_eq(categories[i].name, name))
			return &categories[i];
	return NULL;
}

const struct kr_n6_category *kr_n6__category_of(struct kr_str type)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(categories); i++)
		if (kr_str_eq(categories[i].type, type))
			return &categories[i];
	return NULL;
}

static int sniff(struct kr_str head, struct kr_str name)
{
	struct kr_str s = kr_codec__records_head(head);
	int sure = 0;

	(void)name;
	if (!s.p || kr_str_find(s, KR_STR("\"category\"")) < 0)
		return 0;
	sure += kr_str_find(s, KR_STR("\"restriction\"")) >= 0 ? 50 : 0;
	sure += kr_str_find(s, KR_STR("\"confidence\"")) >= 0 ? 20 : 0;
	sure += kr_str_find(s, KR_STR("\"source\"")) >= 0 ? 15 : 0;
	sure += kr_str_find(s, KR_STR("\"time\"")) >= 0 ? 10 : 0;
	return sure;
}

/* ---- reading ---- */

static int read_restriction(struct kr_reading *r, struct kr_json_token *t)
{
	static const struct {
		const char *name;
		enum kr_tlp tlp;
	} labels[] = {{"public", KR_TLP_CLEAR},
		      {"need-to-know", KR_TLP_AMBER},
		      {"internal", KR_TLP_AMBER_STRICT}};

	for (size_t i = 0; t->type == KR_JSON_STRING && i < KR_ARRAY_LEN(labels); i++)
		if (kr_str_eqc(t->text, labels[i].name))
			return kr_event_put(r->e, r->arena, KR_F_TLP,
					    (union kr_value){.i = labels[i].tlp});
	/* A restriction that nobody knows is taken for the tightest. */
	r->warnings++;
	if (kr_event_put(r->e, r->arena, KR_F_TLP, (union kr_value){.i = KR_TLP_AMBER_STRICT}))
		return -KR_ELIMIT;
	return kr_codec__keep(r, t);
}

static int read_category(struct kr_reading *r, struct pending *p, struct kr_json_token *t)
{
	if (t->type != KR_JSON_STRING)
		return kr_codec__wrong(r, "category: not a text");
	p->category = kr_n6__category_find(t->text);
	if (!p->category) {
		r->warnings++;
		p->category = kr_n6__category_find(KR_STR("other"));
	} else if (kr_n6__category_of(p->category->type) == p->category) {
		return 0;
	}
	return kr_codec__keep(r, t);
}

static int read_until(struct kr_reading *r, struct pending *p, struct kr_json_token *t)
{
	if (t->type == KR_JSON_STRING && kr_time_parse(t->text, &p->until) == 0)
		return 0;
	r->warnings += t->type != KR_JSON_NULL;
	return kr_codec__keep(r, t);
}

static int read_account(struct kr_reading *r, struct kr_json_token *t)
{
	return kr_event_has(r->e, KR_F_SRC_ACCOUNT) ? kr_codec__keep(r, t)
						    : kr_codec__set(r, KR_F_SRC_ACCOUNT, t);
}

static int read_member(struct kr_reading *r, struct pending *p, const struct kr_member *m,
		       struct kr_json_token *t)
{
	int err;

	switch ((enum how)m->how) {
	case OWN: return kr_codec__keep(r, t);
	case FIELD: p->time |= m->field == KR_F_TIME_SOURCE; return kr_codec__set(r, m->field, t);
	case RESTRICTION: return read_restriction(r, t);
	case CATEGORY: return read_category(r, p, t);
	case UNTIL: return read_until(r, p, t);
	case COUNT: return kr_codec__count(r, t);
	case ACCOUNT: return read_account(r, t);
	case NAME:
		if (t->type != KR_JSON_STRING)
			return kr_codec__keep(r, t);
		p->name = t->text;
		return 0;
	case ADDRESS:
		if (t->type == KR_JSON_NULL)
			return 0;
		if (t->type != KR_JSON_ARRAY)
			return kr_codec__wrong(r, "address: not a list");
		err = kr_json_skip(r->j, t);
		p->address = t->raw;
		return err;
	case REST:
		err = kr_json_skip(r->j, t);
		p->rest = t->raw;
		return err;
	}
	return 0;
}

/* One member of an address. */
static int read_address_member(struct kr_reading *r, struct kr_json_token *t)
{
	static const struct {
		const char *name;
		enum kr_field field;
	} fields[] = {{"ip", KR_F_SRC_IP},
		      {"ipv6", KR_F_SRC_IP},
		      {"cc", KR_F_SRC_CC},
		      {"asn", KR_F_SRC_ASN},
		      {"rdns", KR_F_SRC_REVERSE_DNS}};

	for (size_t i = 0; i < KR_ARRAY_LEN(fields); i++)
		if (kr_str_eqc(t->key, fields[i].name))
			return kr_codec__set(r, fields[i].field, t);
	return kr_codec__keep_under(r, KR_STR("n6.address."), t);
}

/* What follows from several members. */
static int settle(struct kr_reading *r, const struct pending *p)
{
	const union kr_value *time;
	int err;

	if (!p->category)
		return kr_codec__wrong(r, "category is missing");
	if (!p->time)
		return kr_codec__wrong(r, "time is missing");
	err = kr_codec__set_text(r, KR_F_CLASS_TYPE, p->category->type);
	if (!err && p->name.n)
		err = kr_codec__set_text(
			r, p->category->malware ? KR_F_MALWARE_NAME : KR_F_CLASS_IDENTIFIER,
			p->name);
	time = kr_event_get(r->e, KR_F_TIME_SOURCE);
	if (p->until != KR_TIME_NONE && time) {
		r->e->first = time->t;
		r->e->last = p->until;
	}
	return err;
}

static int add(struct kr_reading *r, struct kr_codec_state *s, struct kr_parts *parts,
	       struct kr_str rest)
{
	int err = rest.p ? kr_codec__rest_read(r, rest) : 0;

	if (!err)
		err = kr_codec__finish_event(r->e, r->arena, s->observed);
	return err ? err : kr_codec__parts_add(parts, r);
}

/* One event for each address; without any, one. */
static int read_addresses(struct kr_reading *r, struct kr_codec_state *s, const struct pending *p,
			  struct kr_parts *parts)
{
	const struct kr_event *shared = r->e;
	struct kr_json_token t;
	struct kr_json j;
	int err = 0;

	if (!p->address.p)
		return add(r, s, parts, p->rest);
	kr_json_init(&j, p->address, r->arena, KR_JSON_DEPTH_MAX, 0, NULL);
	r->j = &j;
	err = kr_json_next(&j, &t);
	while (!err && !(err = kr_json_next(&j, &t)) && t.type != KR_JSON_ARRAY_END) {
		if (t.type != KR_JSON_OBJECT)
			return kr_codec__wrong(r, "address[%u]: not an object", parts->n);
		r->e = kr_event_clone(shared, r->arena);
		if (!r->e)
			return -KR_ELIMIT;
		while (!(err = kr_json_next(&j, &t)) && t.type != KR_JSON_OBJECT_END) {
			err = read_address_member(r, &t);
			if (err)
				return err;
		}
		if (!err)
			err = add(r, s, parts, p->rest);
	}
	return err || parts->n ? err : add(r, s, parts, p->rest);
}

static int read_record(void *ctx, struct kr_json *j, const struct kr_place *at,
		       struct kr_batch *out, struct kr_fault *why)
{
	struct kr_codec_state *s = ctx;
	struct kr_parts parts = {.out = out, .at = at};
	struct pending p = {.until = KR_TIME_NONE};
	struct kr_reading r = {.j = j,
			       .e = kr_event_new(out->arena),
			       .arena = out->arena,
			       .ns = KR_STR("n6."),
			       .why = why};
	struct kr_json_token t;
	int err = r.e ? 0 : -KR_ELIMIT;

	while (!err && !(err = kr_json_next(j, &t)) && t.type != KR_JSON_OBJECT_END) {
		const struct kr_member *m = kr_codec__member_find(&s->index, t.key);

		err = m ? read_member(&r, &p, m, &t) : kr_codec__keep(&r, &t);
	}
	if (!err)
		err = settle(&r, &p);
	return err ? err : read_addresses(&r, s, &p, &parts);
}

static int open_state(const struct kr_codec_opts *opts, struct kr_codec_state **ret,
		      struct kr_fault *reterr)
{
	struct kr_codec_state *s = kr_xcalloc(1, sizeof(*s));

	(void)reterr;
	s->observed = opts->observed;
	kr_codec__member_index(&s->index, members, KR_ARRAY_LEN(members), false);
	kr_codec__records_init(&s->records, opts, 0, "an n6 event is an object {...}", read_record,
			       s);
	*ret = s;
	return 0;
}

static const char *const unmapped[] = {NULL};

const struct kr_codec kr_codec_n6 = {
	.name = "n6",
	.media_type = "application/x-ndjson",
	.doc = "JSON of n6: lines, an array, or objects in a row",
	.caps = KR_CODEC_READ | KR_CODEC_WRITE,
	.sniff = sniff,
	.open = open_state,
	.feed = kr_codec__records_bytes,
	.finish = kr_codec__records_end,
	.close = kr_codec__records_close,
	.begin = kr_codec__nothing_before,
	.item = kr_n6__item,
	.end = kr_codec__nothing_behind,
	.unmapped = unmapped,
};
