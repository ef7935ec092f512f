/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * XARF v3 keeps its members in an object "Report" with names of its own; they are read into what a
 * v4 report would say, as the v4 specification converts them. So a reader of events does not see
 * which version a report had, but in extra.xarf.version.
 */
#include "codec/xarf.h"

#include "base/err.h"

enum how { KEEP, TYPE, TIME, FIRST, FIELD, PROTOCOL, SERVICE, COUNT, EVIDENCE };

static const struct kr_member members[] = {
#define M(name, how, field) {{name, sizeof(name) - 1}, how, KR_F_##field},
#include "codec/xarf3.def"
#undef M
};

static const struct {
	const char *name, *category, *type;
} types[] = {
#define R(name, category, type) {name, category, type},
#include "codec/xarf3.def"
#undef R
};

#define TYPE_MAX 40

/* "Login-Attack", "LOGINATTACK" and "login_attack" are one. */
static int read_type(struct kr_reading *r, struct kr_xarf_pending *p, struct kr_json_token *t)
{
	char folded[TYPE_MAX];
	size_t n = 0;

	if (t->type != KR_JSON_STRING)
		return kr_codec__wrong(r, "Report.ReportType: not a text");
	for (size_t i = 0; i < t->text.n && n < sizeof(folded); i++)
		if (t->text.p[i] != '-' && t->text.p[i] != '_' && t->text.p[i] != ' ')
			folded[n++] = kr_lower(t->text.p[i]);
	p->category = KR_STR("");
	p->type = t->text;
	for (size_t i = 0; i < KR_ARRAY_LEN(types); i++) {
		if (!kr_str_eqc(kr_str_n(folded, n), types[i].name))
			continue;
		p->category = kr_str_c(types[i].category);
		p->type = kr_str_c(types[i].type);
	}
	return kr_codec__keep(r, t);
}

static int read_time(struct kr_reading *r, struct kr_json_token *t, kr_time *ret)
{
	if (t->type != KR_JSON_STRING || kr_time_parse(t->text, ret))
		return kr_codec__wrong(r, "Report.%.*s: not a time", KR_STR_ARG(t->key));
	return 0;
}

static int read_count(struct kr_reading *r, struct kr_json_token *t)
{
	int64_t n;

	if (kr_json_i64(t, &n) == 0 && n > 0) {
		r->e->count = (uint64_t)n;
		return 0;
	}
	r->warnings += t->type != KR_JSON_NULL;
	return kr_codec__keep(r, t);
}

static int read_member(struct kr_reading *r, struct kr_xarf_pending *p, const struct kr_member *m,
		       struct kr_json_token *t)
{
	switch ((enum how)m->how) {
	case KEEP: return kr_codec__keep(r, t);
	case TYPE: return read_type(r, p, t);
	case TIME: p->has_time = true; return read_time(r, t, &p->time);
	case FIRST: return read_time(r, t, &p->first);
	case FIELD: return kr_codec__set(r, m->field, t);
	case PROTOCOL: return kr_xarf__protocol(r, t);
	case SERVICE: return kr_xarf__service(r, t);
	case COUNT: return read_count(r, t);
	case EVIDENCE: return kr_xarf__evidence(r, p, t);
	}
	return 0;
}

int kr_xarf3__report(struct kr_reading *r, struct kr_xarf_pending *p)
{
	struct kr_json_token t;
	int err;

	p->v3_report = true;
	while (!(err = kr_json_next(r->j, &t)) && t.type != KR_JSON_OBJECT_END) {
		const struct kr_member *m = NULL;

		for (size_t i = 0; i < KR_ARRAY_LEN(members) && !m; i++)
			if (kr_str_eq(members[i].key, t.key))
				m = &members[i];
		err = m ? read_member(r, p, m, &t) : kr_codec__keep(r, &t);
		if (err)
			return err;
	}
	return err;
}

int kr_xarf3__settle(struct kr_reading *r, struct kr_xarf_pending *p)
{
	if (p->version.p && !kr_str_eqc(p->version, "3") && !kr_str_eqc(p->version, "3.0"))
		return kr_codec__wrong(r, "Version: %.*s is not known",
				       KR_STR_ARG(kr_str_first(p->version, 20)));
	if (!p->reporter.there)
		return kr_codec__wrong(r, "ReporterInfo is missing");
	if (!p->v3_report)
		return kr_codec__wrong(r, "Report is missing");
	if (!p->type.p)
		return kr_codec__wrong(r, "Report.ReportType is missing");
	if (!p->has_time)
		return kr_codec__wrong(r, "Report.Date is missing");
	/* Date is when it was noticed last. */
	if (p->first != KR_TIME_NONE)
		p->last = p->time;
	return kr_codec__keep_text(r, "xarf.version", KR_STR("3"));
}
