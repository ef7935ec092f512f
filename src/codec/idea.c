/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * IDEA, the messages of CESNET's Warden and Mentat: what happened, its sources and its targets.
 * Each address of each source is an event; what is said of the whole message and of the first
 * target is shared by them. Names ignore case. The lists are passed over while the other members
 * are read, and taken apart afterwards, since the category decides what a tag of a source means.
 *
 * EventTime is when it happened; a message without has the DetectTime for it. ConnCount is the
 * count of the event, but only where there is one: it says nothing about each of several.
 */
#include "codec/idea.h"

#include <stdlib.h>

#include "codec/jsonread.h"
#include "codec/parts.h"
#include "codec/records.h"
#include "codec/rest.h"

enum how {
	FORMAT,
	KEEP,
	DETECT,
	EVENT,
	CEASE,
	CATEGORY,
	CONFIDENCE,
	FIELD,
	REF,
	COUNT,
	SOURCE,
	TARGET,
	ATTACH,
	NODE,
	REST
};

static const struct kr_member members[] = {
#define M(name, how, field) {{name, sizeof(name) - 1}, how, KR_F_##field},
#include "codec/idea_members.def"
#undef M
};

static const struct {
	struct kr_str category, type;
} types[] = {
#define I(category, type) {{category, sizeof(category) - 1}, {type, sizeof(type) - 1}},
#include "codec/idea_categories.def"
#undef I
};

static const struct {
	struct kr_str category, tag, type;
} tags[] = {
#define T(category, tag, type)                                                                     \
	{{category, sizeof(category) - 1}, {tag, sizeof(tag) - 1}, {type, sizeof(type) - 1}},
#include "codec/idea_categories.def"
#undef T
};

static const struct {
	struct kr_str type, category, tag;
} outs[] = {
#define O(type, category, tag)                                                                     \
	{{type, sizeof(type) - 1}, {category, sizeof(category) - 1}, {tag, sizeof(tag) - 1}},
#include "codec/idea_categories.def"
#undef O
};

struct kr_codec_state {
	struct kr_records records; /* first: see codec/records.h */
	struct kr_member_index index;
	kr_time observed;
};

/* What cannot be used before the whole message is read. */
struct pending {
	struct kr_str source, target, rest; /* as written */
	struct kr_str detect, cease;
	struct kr_str category; /* the one that counts */
	bool format, has_category, has_detect;
};

struct kr_str kr_idea__type_of(struct kr_str category)
{
	ptrdiff_t dot;

	for (size_t i = 0; i < KR_ARRAY_LEN(types); i++)
		if (kr_str_ieq(types[i].category, category))
			return types[i].type;
	dot = kr_str_chr(category, '.');
	return dot > 0 ? kr_idea__type_of(kr_str_first(category, (size_t)dot)) : KR_STR_NULL;
}

struct kr_str kr_idea__type_by_tag(struct kr_str category, struct kr_str tag)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(tags); i++) {
		bool below = category.n > tags[i].category.n &&
			     category.p[tags[i].category.n] == '.' &&
			     kr_str_istarts(category, tags[i].category);

		if ((below || kr_str_ieq(tags[i].category, category)) &&
		    kr_str_ieq(tags[i].tag, tag))
			return tags[i].type;
	}
	return KR_STR_NULL;
}

bool kr_idea__category_of(struct kr_str type, struct kr_str *ret_category, struct kr_str *ret_tag)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(outs); i++) {
		if (!kr_str_eq(outs[i].type, type))
			continue;
		*ret_category = outs[i].category;
		*ret_tag = outs[i].tag;
		return true;
	}
	return false;
}

static int sniff(struct kr_str head, struct kr_str name)
{
	struct kr_str s = kr_codec__records_head(head);

	(void)name;
	return s.p && kr_str_ifind(s, KR_STR("\"format\"")) >= 0 &&
			       kr_str_find(s, KR_STR("\"IDEA0\"")) >= 0
		       ? 97
		       : 0;
}

static int read_confidence(struct kr_reading *r, struct kr_json_token *t)
{
	double v = t->type == KR_JSON_NUMBER ? kr_codec__percent(t->text) : -1;

	if (v >= 0)
		return kr_event_put(r->e, r->arena, KR_F_FEED_ACCURACY, (union kr_value){.d = v});
	r->warnings += t->type != KR_JSON_NULL;
	return kr_codec__keep(r, t);
}

/* Pass over a member that is used later. */
static int put_off(struct kr_reading *r, struct kr_json_token *t, struct kr_str *ret)
{
	int err = kr_json_skip(r->j, t);

	*ret = t->type == KR_JSON_NULL ? KR_STR_NULL : t->raw;
	return err;
}

static int read_member(struct kr_reading *r, struct pending *p, const struct kr_member *m,
		       struct kr_json_token *t)
{
	switch ((enum how)m->how) {
	case FORMAT:
		p->format = t->type == KR_JSON_STRING && kr_str_eqc(t->text, "IDEA0");
		return p->format ? 0 : kr_codec__wrong(r, "Format: not \"IDEA0\"");
	case KEEP: return kr_codec__keep(r, t);
	case DETECT:
		if (t->type != KR_JSON_STRING)
			return kr_codec__wrong(r, "DetectTime: not a text");
		p->detect = t->text;
		p->has_detect = true;
		return 0;
	case EVENT: return kr_codec__set(r, KR_F_TIME_SOURCE, t);
	case CEASE:
		if (t->type != KR_JSON_STRING)
			return kr_codec__keep(r, t);
		p->cease = t->text;
		return 0;
	case CATEGORY: p->has_category = true; return kr_idea__category(r, t, &p->category);
	case CONFIDENCE: return read_confidence(r, t);
	case FIELD: return kr_codec__set(r, m->field, t);
	case REF: return kr_idea__ref(r, t);
	case COUNT: return kr_codec__count(r, t);
	case SOURCE: return put_off(r, t, &p->source);
	case TARGET: return put_off(r, t, &p->target);
	case ATTACH: return kr_idea__attach(r, t);
	case NODE: return kr_idea__node(r, t);
	case REST: return put_off(r, t, &p->rest);
	}
	return 0;
}

/* Times, and what must be there. */
static int settle(struct kr_reading *r, const struct pending *p)
{
	const union kr_value *event = kr_event_get(r->e, KR_F_TIME_SOURCE);
	kr_time cease;
	int err = 0;

	if (!p->format)
		return kr_codec__wrong(r, "Format is missing");
	if (!p->has_category)
		return kr_codec__wrong(r, "Category is missing");
	if (!p->has_detect)
		return kr_codec__wrong(r, "DetectTime is missing");
	if (!event)
		err = kr_codec__set_text(r, KR_F_TIME_SOURCE, p->detect);
	else
		err = kr_codec__keep_text(r, "idea.DetectTime", p->detect);
	if (err || !p->cease.p)
		return err;
	if (!event || kr_time_parse(p->cease, &cease))
		return kr_codec__keep_text(r, "idea.CeaseTime", p->cease);
	r->e->first = event->t;
	r->e->last = cease;
	return 0;
}

/* The first target; more of them are kept as they are. */
static int read_target(struct kr_reading *r, const struct pending *p)
{
	struct kr_idea_side side = {.target = true};
	struct kr_json *outer = r->j;
	struct kr_json_token t;
	struct kr_json j;
	int err;

	if (!p->target.p)
		return 0;
	kr_json_init(&j, p->target, r->arena, KR_JSON_DEPTH_MAX, 0, NULL);
	r->j = &j;
	err = kr_json_next(&j, &t);
	if (!err && t.type != KR_JSON_ARRAY)
		return kr_codec__wrong(r, "Target: not a list");
	if (!err)
		err = kr_json_next(&j, &t);
	if (!err && t.type == KR_JSON_ARRAY_END)
		goto out;
	if (!err && t.type != KR_JSON_OBJECT)
		return kr_codec__wrong(r, "Target[0]: not an object");
	if (!err)
		err = kr_idea__side_read(r, &side);
	if (!err && side.n)
		err = kr_idea__address(r, true, side.addresses->text);
	if (!err)
		err = kr_json_next(&j, &t);
	if (!err && (side.n > 1 || t.type != KR_JSON_ARRAY_END)) {
		struct kr_json all;
		struct kr_str raw;

		kr_json_init(&all, p->target, r->arena, KR_JSON_DEPTH_MAX, 0, NULL);
		err = kr_json_next(&all, &t);
		if (!err)
			err = kr_codec__array_literal(&all, &t, &raw);
		if (!err)
			err = kr_event_add_extra(r->e, r->arena, KR_STR("idea.Target"), raw, true);
	}
out:
	r->j = outer;
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

/* The events of one source: one for each address, or one without. */
static int read_source(struct kr_reading *r, struct kr_codec_state *s, const struct pending *p,
		       struct kr_parts *parts)
{
	struct kr_idea_side side = {.category = p->category};
	struct kr_event *shared;
	int err = kr_idea__side_read(r, &side);

	if (err || side.n == 0)
		return err ? err : add(r, s, parts, p->rest);
	shared = r->e;
	for (const struct kr_idea_address *a = side.addresses; a && !err; a = a->next) {
		/* The last takes the one that was cloned for the others. */
		r->e = a->next ? kr_event_clone(shared, r->arena) : shared;
		if (!r->e)
			return -KR_ELIMIT;
		err = kr_idea__address(r, false, a->text);
		if (!err)
			err = add(r, s, parts, p->rest);
	}
	return err;
}

static int read_sources(struct kr_reading *r, struct kr_codec_state *s, const struct pending *p,
			struct kr_parts *parts)
{
	const struct kr_event *shared = r->e;
	struct kr_json_token t;
	struct kr_json j;
	int err;

	if (!p->source.p)
		return add(r, s, parts, p->rest);
	kr_json_init(&j, p->source, r->arena, KR_JSON_DEPTH_MAX, 0, NULL);
	r->j = &j;
	err = kr_json_next(&j, &t);
	if (!err && t.type != KR_JSON_ARRAY)
		return kr_codec__wrong(r, "Source: not a list");
	for (unsigned i = 0; !err && !(err = kr_json_next(&j, &t)) && t.type != KR_JSON_ARRAY_END;
	     i++) {
		if (t.type != KR_JSON_OBJECT)
			return kr_codec__wrong(r, "Source[%u]: not an object", i);
		r->e = kr_event_clone(shared, r->arena);
		err = r->e ? read_source(r, s, p, parts) : -KR_ELIMIT;
	}
	if (err || parts->n)
		return err;
	r->e = kr_event_clone(shared, r->arena);
	return r->e ? add(r, s, parts, p->rest) : -KR_ELIMIT;
}

/* A count of connections is not that of each of several events. */
static int share_count(const struct kr_event *shared, const struct kr_parts *parts,
		       struct kr_batch *out)
{
	struct kr_str text;

	if (parts->n < 2 || shared->count < 2)
		return 0;
	text = kr_arena_printf(out->arena, "%llu", (unsigned long long)shared->count);
	if (!text.p)
		return -KR_ELIMIT;
	for (size_t i = out->n - parts->n; i < out->n; i++) {
		struct kr_event *e = out->events[i];

		e->count = 1;
		if (kr_event_add_extra(e, out->arena, KR_STR("idea.ConnCount"), text, true))
			return -KR_ELIMIT;
	}
	return 0;
}

static int read_record(void *ctx, struct kr_json *j, const struct kr_place *at,
		       struct kr_batch *out, struct kr_fault *why)
{
	struct kr_codec_state *s = ctx;
	struct kr_parts parts = {.out = out, .at = at};
	struct pending p = {0};
	struct kr_event *e = kr_event_new(out->arena);
	struct kr_reading r = {
		.j = j, .e = e, .arena = out->arena, .ns = KR_STR("idea."), .why = why};
	struct kr_json_token t;
	int err = e ? 0 : -KR_ELIMIT;

	while (!err && !(err = kr_json_next(j, &t)) && t.type != KR_JSON_OBJECT_END) {
		const struct kr_member *m = kr_codec__member_find(&s->index, t.key);

		err = m ? read_member(&r, &p, m, &t) : kr_codec__keep(&r, &t);
	}
	if (!err)
		err = settle(&r, &p);
	if (!err)
		err = read_target(&r, &p);
	if (!err)
		err = read_sources(&r, s, &p, &parts);
	return err ? err : share_count(e, &parts, out);
}

static int open_state(const struct kr_codec_opts *opts, struct kr_codec_state **ret,
		      struct kr_fault *reterr)
{
	struct kr_codec_state *s = kr_xcalloc(1, sizeof(*s));

	(void)reterr;
	s->observed = opts->observed;
	kr_codec__member_index(&s->index, members, KR_ARRAY_LEN(members), true);
	kr_codec__records_init(&s->records, opts, 0, "an IDEA message is an object {...}",
			       read_record, s);
	*ret = s;
	return 0;
}

static const char *const unmapped[] = {NULL};

const struct kr_codec kr_codec_idea = {
	.name = "idea",
	.media_type = "application/x-ndjson",
	.doc = "IDEA messages of Warden and Mentat: lines, an array, or objects in a row",
	.caps = KR_CODEC_READ | KR_CODEC_WRITE,
	.sniff = sniff,
	.open = open_state,
	.feed = kr_codec__records_bytes,
	.finish = kr_codec__records_end,
	.close = kr_codec__records_close,
	.begin = kr_codec__nothing_before,
	.item = kr_idea__item,
	.end = kr_codec__nothing_behind,
	.unmapped = unmapped,
};
