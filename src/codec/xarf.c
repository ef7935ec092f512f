/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * XARF v4 is flat: core members that every report has, and others that depend on category and type.
 * All are read by one table, whatever the pair, since no name means two things; the pair gives the
 * type of the event. What the core schema demands must be there, else the report is refused; a pair
 * that nobody knows is read as type "other" with a warning. A report is told to be v3 by "Version",
 * and then "Report" is read by xarf3.c.
 *
 * limits.record_max counts a report without its evidence, which may be 15 MiB: it is not kept in
 * the event. "_internal" is the sender's own and must not travel: it is passed over.
 */
#include "codec/xarf.h"

#include <stdlib.h>

#include "codec/jsonread.h"
#include "codec/records.h"
#include "codec/rest.h"

#define EVIDENCE_MAX ((size_t)21 << 20) /* 15 MiB in base64, and some more */

enum how {
	VERSION,
	ID,
	TIME,
	REPORTER,
	SENDER,
	IDENTIFIER,
	FIELD,
	CATEGORY,
	TYPE,
	CONFIDENCE,
	TAGS,
	EVIDENCE,
	DROP,
	KEEP,
	PROTOCOL,
	FIRST,
	LAST,
	HASHES,
	C2,
	SERVICE,
	CVE,
	CVES,
	SEVERITY,
	THREAT,
	V3_VERSION,
	V3_REPORTER,
	V3_REPORT,
	REST
};

static const struct kr_member members[] = {
#define M(name, how, field) {{name, sizeof(name) - 1}, how, KR_F_##field},
#include "codec/xarf_members.def"
#undef M
};

static const struct kr_xarf_pair pairs[] = {
#define P(category, type, rsit, form)                                                              \
	{{category, sizeof(category) - 1},                                                         \
	 {type, sizeof(type) - 1},                                                                 \
	 {rsit, sizeof(rsit) - 1},                                                                 \
	 KR_XARF_##form},
#include "codec/xarf_pairs.def"
#undef P
};

static const struct {
	struct kr_str rsit, category, type;
} outs[] = {
#define X(rsit, category, type)                                                                    \
	{{rsit, sizeof(rsit) - 1}, {category, sizeof(category) - 1}, {type, sizeof(type) - 1}},
#include "codec/xarf_pairs.def"
#undef X
};

struct kr_codec_state {
	struct kr_records records; /* first: see codec/records.h */
	struct kr_member_index index;
	kr_time observed;
	size_t record_max;
};

const struct kr_xarf_pair *kr_xarf__pair(struct kr_str category, struct kr_str type)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(pairs); i++)
		if (kr_str_eq(pairs[i].type, type) && kr_str_eq(pairs[i].category, category))
			return &pairs[i];
	return NULL;
}

const struct kr_xarf_pair *kr_xarf__pair_of(struct kr_str rsit, unsigned i)
{
	for (size_t k = 0; k < KR_ARRAY_LEN(outs); k++)
		if (kr_str_eq(outs[k].rsit, rsit) && i-- == 0)
			return kr_xarf__pair(outs[k].category, outs[k].type);
	return i == 0 ? kr_xarf__pair(KR_STR("reputation"), KR_STR("threat_intelligence")) : NULL;
}

static int sniff(struct kr_str head, struct kr_str name)
{
	struct kr_str s = kr_codec__records_head(head);

	(void)name;
	if (!s.p)
		return 0;
	if (kr_str_find(s, KR_STR("\"xarf_version\"")) >= 0)
		return 96;
	return kr_str_find(s, KR_STR("\"ReporterInfo\"")) >= 0 ? 90 : 0;
}

/* ---- members ---- */

static int text_member(struct kr_reading *r, const struct kr_json_token *t, struct kr_str *ret)
{
	if (t->type != KR_JSON_STRING)
		return kr_codec__wrong(r, "%.*s: not a text", KR_STR_ARG(kr_str_first(t->key, 60)));
	*ret = t->text;
	return 0;
}

static int time_member(struct kr_reading *r, struct kr_json_token *t, kr_time *ret)
{
	if (t->type == KR_JSON_STRING && kr_time_parse(t->text, ret) == 0)
		return 0;
	r->warnings += t->type != KR_JSON_NULL;
	return kr_codec__keep(r, t);
}

/* {"org", "contact", "domain"}, or the names of v3. */
static int read_org(struct kr_reading *r, struct kr_json_token *t, bool sender,
		    struct kr_xarf_pending *p)
{
	const char *name = sender ? "sender" : "reporter";
	struct kr_str prefix = sender ? KR_STR("xarf.sender.") : KR_STR("xarf.reporter.");
	struct kr_json_token m;
	int err;

	if (t->type != KR_JSON_OBJECT)
		return kr_codec__wrong(r, "%s: not an object", name);
	while (!(err = kr_json_next(r->j, &m)) && m.type != KR_JSON_OBJECT_END) {
		struct kr_str *to = NULL;

		if (kr_str_eqc(m.key, "org") || kr_str_eqc(m.key, "ReporterOrg"))
			to = sender ? &p->sender.org : &p->reporter.org;
		else if (kr_str_eqc(m.key, "contact") || kr_str_eqc(m.key, "ReporterOrgEmail"))
			to = sender ? &p->sender.contact : &p->reporter.contact;
		else if (kr_str_eqc(m.key, "domain") || kr_str_eqc(m.key, "ReporterOrgDomain"))
			to = sender ? &p->sender.domain : &p->reporter.domain;
		if (to && m.type != KR_JSON_STRING)
			return kr_codec__wrong(r, "%s.%.*s: not a text", name, KR_STR_ARG(m.key));
		if (to)
			*to = m.text;
		else
			err = kr_codec__keep_under(r, prefix, &m);
		if (err)
			return err;
	}
	*(sender ? &p->sender.there : &p->reporter.there) = true;
	return err;
}

int kr_xarf__protocol(struct kr_reading *r, struct kr_json_token *t)
{
	union kr_value v;

	if (t->type == KR_JSON_STRING && t->text.n &&
	    kr_field_parse(KR_F_PROTO_TRANSPORT, t->text, r->arena, &v, NULL) == 0)
		return kr_event_put(r->e, r->arena, KR_F_PROTO_TRANSPORT, v);
	if (t->type == KR_JSON_STRING && kr_str_ieq(t->text, KR_STR("smtp")))
		return kr_codec__set_text(r, KR_F_PROTO_APPLICATION, t->text);
	return kr_codec__keep(r, t);
}

/* A word of small letters is a protocol ("ssh"), anything else the name of a product. */
int kr_xarf__service(struct kr_reading *r, struct kr_json_token *t)
{
	bool word = t->type == KR_JSON_STRING && t->text.n;

	for (size_t i = 0; word && i < t->text.n; i++)
		word = (t->text.p[i] >= 'a' && t->text.p[i] <= 'z') || kr_is_digit(t->text.p[i]) ||
		       t->text.p[i] == '-';
	return kr_codec__set(r, word ? KR_F_PROTO_APPLICATION : KR_F_PRODUCT_NAME, t);
}

static int read_confidence(struct kr_reading *r, struct kr_json_token *t)
{
	double v = t->type == KR_JSON_NUMBER ? kr_codec__percent(t->text) : -1;

	if (v >= 0)
		return kr_event_put(r->e, r->arena, KR_F_FEED_ACCURACY, (union kr_value){.d = v});
	r->warnings += t->type != KR_JSON_NULL;
	return kr_codec__keep(r, t);
}

/* "tlp:amber" is a label, the others are kept. */
static int read_tags(struct kr_reading *r, struct kr_json_token *t)
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
		enum kr_tlp tlp;

		if (x.type == KR_JSON_STRING && kr_str_starts(x.text, KR_STR("tlp:")) &&
		    kr_tlp_parse(x.text, &tlp) == 0) {
			err = kr_event_put(r->e, r->arena, KR_F_TLP, (union kr_value){.i = tlp});
			continue;
		}
		left = true;
		if (x.type == KR_JSON_ARRAY || x.type == KR_JSON_OBJECT)
			err = kr_json_skip(&j, &x);
	}
	return err || !left ? err
			    : kr_event_add_extra(r->e, r->arena, KR_STR("xarf.tags"), raw, true);
}

static int read_hashes(struct kr_reading *r, struct kr_json_token *t)
{
	static const struct {
		const char *name;
		enum kr_field field;
	} kinds[] = {{"md5", KR_F_MALWARE_MD5},
		     {"sha1", KR_F_MALWARE_SHA1},
		     {"sha256", KR_F_MALWARE_SHA256}};
	struct kr_json_token m;
	int err;

	if (t->type != KR_JSON_OBJECT)
		return kr_codec__keep(r, t);
	while (!(err = kr_json_next(r->j, &m)) && m.type != KR_JSON_OBJECT_END) {
		size_t i = 0;

		while (i < KR_ARRAY_LEN(kinds) && !kr_str_eqc(m.key, kinds[i].name))
			i++;
		err = i < KR_ARRAY_LEN(kinds)
			      ? kr_codec__set(r, kinds[i].field, &m)
			      : kr_codec__keep_under(r, KR_STR("xarf.file_hashes."), &m);
		if (err)
			return err;
	}
	return err;
}

/* Add a CVE that is not there yet. */
static int add_cve(struct kr_reading *r, struct kr_str cve)
{
	const union kr_value *old = kr_event_get(r->e, KR_F_PRODUCT_CVE);
	struct kr_str all = cve, rest, piece;

	if (cve.n + (old ? old->text.n + 1 : 0) > kr_field_info(KR_F_PRODUCT_CVE)->size_max)
		return kr_codec__wrong(r, "cve_ids: too many");
	if (old) {
		rest = old->text;
		while (kr_str_split(&rest, ';', &piece))
			if (kr_str_ieq(piece, cve))
				return 0;
		all = kr_arena_printf(r->arena, "%.*s;%.*s", KR_STR_ARG(old->text),
				      KR_STR_ARG(cve));
	}
	return all.p ? kr_codec__set_text(r, KR_F_PRODUCT_CVE, all) : -KR_ELIMIT;
}

static int read_cves(struct kr_reading *r, struct kr_json_token *t)
{
	struct kr_json_token x;
	int err;

	if (t->type == KR_JSON_STRING && t->text.n)
		return add_cve(r, t->text);
	if (t->type != KR_JSON_ARRAY)
		return kr_codec__keep(r, t);
	while (!(err = kr_json_next(r->j, &x)) && x.type != KR_JSON_ARRAY_END) {
		if (x.type != KR_JSON_STRING || !x.text.n)
			return kr_codec__wrong(r, "cve_ids: not a list of texts");
		err = add_cve(r, x.text);
		if (err)
			return err;
	}
	return err;
}

static int read_severity(struct kr_reading *r, struct kr_json_token *t)
{
	if (t->type == KR_JSON_STRING && kr_str_eqc(t->text, "informational"))
		return kr_codec__set_text(r, KR_F_SEVERITY, KR_STR("info"));
	return kr_codec__set(r, KR_F_SEVERITY, t);
}

static int put_off(struct kr_reading *r, struct kr_json_token *t, struct kr_str *ret)
{
	int err = kr_json_skip(r->j, t);

	*ret = t->raw;
	return err;
}

static int read_version3(struct kr_reading *r, struct kr_xarf_pending *p, struct kr_json_token *t)
{
	p->v3 = true;
	if (t->type != KR_JSON_STRING && t->type != KR_JSON_NUMBER)
		return kr_codec__wrong(r, "Version: not a text");
	p->version = t->text;
	return 0;
}

static int read_report3(struct kr_reading *r, struct kr_xarf_pending *p, struct kr_json_token *t)
{
	p->v3 = true;
	return t->type == KR_JSON_OBJECT ? kr_xarf3__report(r, p)
					 : kr_codec__wrong(r, "Report: not an object");
}

/* What every report has. 1: it is another member. */
static int read_core(struct kr_reading *r, struct kr_xarf_pending *p, const struct kr_member *m,
		     struct kr_json_token *t)
{
	switch ((enum how)m->how) {
	case VERSION: return text_member(r, t, &p->version);
	case ID: return text_member(r, t, &p->id);
	case TIME:
		p->has_time = true;
		if (t->type != KR_JSON_STRING || kr_time_parse(t->text, &p->time))
			return kr_codec__wrong(r, "timestamp: not a time");
		return 0;
	case REPORTER: return read_org(r, t, false, p);
	case SENDER: return read_org(r, t, true, p);
	case IDENTIFIER: return text_member(r, t, &p->identifier);
	case CATEGORY: return text_member(r, t, &p->category);
	case TYPE: return text_member(r, t, &p->type);
	case V3_VERSION: return read_version3(r, p, t);
	case V3_REPORTER: return read_org(r, t, false, p);
	case V3_REPORT: return read_report3(r, p, t);
	case REST: return put_off(r, t, &p->rest);
	case DROP: return kr_json_skip(r->j, t);
	default: return 1;
	}
}

static int read_member(struct kr_reading *r, struct kr_xarf_pending *p, const struct kr_member *m,
		       struct kr_json_token *t)
{
	int err = read_core(r, p, m, t);

	if (err <= 0)
		return err;
	switch ((enum how)m->how) {
	case FIELD: return kr_codec__set(r, m->field, t);
	case CONFIDENCE: return read_confidence(r, t);
	case TAGS: return read_tags(r, t);
	case EVIDENCE: return kr_xarf__evidence(r, p, t);
	case PROTOCOL: return kr_xarf__protocol(r, t);
	case FIRST: return time_member(r, t, &p->first);
	case LAST: return time_member(r, t, &p->last);
	case HASHES: return read_hashes(r, t);
	case SERVICE: return kr_xarf__service(r, t);
	case CVE:
	case CVES: return read_cves(r, t);
	case SEVERITY: return read_severity(r, t);
	case C2:
		if (t->type != KR_JSON_STRING)
			return kr_codec__keep(r, t);
		p->c2 = t->text;
		return 0;
	case THREAT:
		if (t->type == KR_JSON_STRING)
			p->threat = t->text;
		return kr_codec__keep(r, t);
	default: return kr_codec__keep(r, t);
	}
}

static int read_record(void *ctx, struct kr_json *j, const struct kr_place *at,
		       struct kr_batch *out, struct kr_fault *why)
{
	struct kr_codec_state *s = ctx;
	struct kr_xarf_pending p = {.first = KR_TIME_NONE, .last = KR_TIME_NONE};
	struct kr_reading r = {.j = j,
			       .e = kr_event_new(out->arena),
			       .arena = out->arena,
			       .ns = KR_STR("xarf."),
			       .why = why};
	struct kr_json_token t;
	int err = r.e ? 0 : -KR_ELIMIT;

	while (!err && !(err = kr_json_next(j, &t)) && t.type != KR_JSON_OBJECT_END) {
		const struct kr_member *m = kr_codec__member_find(&s->index, t.key);

		err = m ? read_member(&r, &p, m, &t) : kr_codec__keep(&r, &t);
	}
	if (!err && at->length - KR_MIN(at->length, (uint64_t)p.payload) > s->record_max)
		return kr_fault_set(why, -KR_ELIMIT, "a record longer than the limit");
	if (!err)
		err = kr_xarf__settle(&r, &p);
	if (!err && p.rest.p)
		err = kr_codec__rest_read(&r, p.rest);
	if (!err)
		err = kr_codec__finish_event(r.e, r.arena, s->observed);
	if (err)
		return err;
	out->warnings += r.warnings;
	kr_codec__set_place(r.e, at, 0);
	kr_batch_add(out, r.e);
	return 0;
}

static int open_state(const struct kr_codec_opts *opts, struct kr_codec_state **ret,
		      struct kr_fault *reterr)
{
	struct kr_codec_state *s = kr_xcalloc(1, sizeof(*s));

	(void)reterr;
	s->observed = opts->observed;
	s->record_max = opts->record_max;
	kr_codec__member_index(&s->index, members, KR_ARRAY_LEN(members), false);
	kr_codec__records_init(&s->records, opts, EVIDENCE_MAX, "an XARF report is an object {...}",
			       read_record, s);
	*ret = s;
	return 0;
}

static const char *const unmapped[] = {NULL};

const struct kr_codec kr_codec_xarf = {
	.name = "xarf",
	.media_type = "application/x-ndjson",
	.doc = "XARF abuse reports v4 (v3 is read too): lines, an array, or objects in a row",
	.caps = KR_CODEC_READ | KR_CODEC_WRITE | KR_CODEC_REPORTER,
	.sniff = sniff,
	.open = open_state,
	.feed = kr_codec__records_bytes,
	.finish = kr_codec__records_end,
	.close = kr_codec__records_close,
	.begin = kr_codec__nothing_before,
	.item = kr_xarf__item,
	.end = kr_codec__nothing_behind,
	.unmapped = unmapped,
};
