/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from several members of an XARF report, once all are read. */
#include "codec/xarf.h"

#include "base/err.h"
#include "model/taxonomy.h"

static bool digits(struct kr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!kr_is_digit(s.p[i]))
			return false;
	return s.n > 0;
}

static enum kr_field digest_field(struct kr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (kr_hex_value(s.p[i]) < 0)
			return KR_F_NONE;
	return s.n == 32   ? KR_F_MALWARE_MD5
	       : s.n == 40 ? KR_F_MALWARE_SHA1
	       : s.n == 64 ? KR_F_MALWARE_SHA256
			   : KR_F_NONE;
}

/* Which field an identifier is for, by its look. */
static enum kr_field identifier_field(struct kr_str s)
{
	struct kr_ip ip;

	if (kr_ip_parse(s, &ip) == 0)
		return KR_F_SRC_IP;
	if (kr_str_find(s, KR_STR("://")) >= 0)
		return KR_F_SRC_URL;
	if (kr_str_chr(s, '/') >= 0)
		return KR_F_SRC_NETWORK;
	if (kr_str_chr(s, '@') >= 0)
		return KR_F_SRC_ACCOUNT;
	if (kr_str_istarts(s, KR_STR("AS")) && digits(kr_str_from(s, 2)))
		return KR_F_SRC_ASN;
	return digest_field(s) ? digest_field(s) : KR_F_SRC_FQDN;
}

static int put_identifier(struct kr_reading *r, struct kr_str s)
{
	enum kr_field f = identifier_field(s);
	union kr_value v;

	if (!s.n || kr_field_parse(f, s, r->arena, &v, NULL)) {
		r->warnings++;
		return kr_codec__keep_text(r, "xarf.source_identifier", s);
	}
	return kr_event_put(r->e, r->arena, f, v);
}

/* The server that a bot talks to; its own address says that it is that server. */
static int put_c2(struct kr_reading *r, const struct kr_xarf_pending *p, struct kr_str *type)
{
	struct kr_ip ip;

	if (!p->c2.p)
		return 0;
	if (kr_str_eq(p->c2, p->identifier)) {
		*type = KR_STR("c2-server");
		return 0;
	}
	return kr_codec__set_text(r, kr_ip_parse(p->c2, &ip) ? KR_F_DST_FQDN : KR_F_DST_IP, p->c2);
}

static int put_type(struct kr_reading *r, const struct kr_xarf_pending *p)
{
	const struct kr_xarf_pair *pair = kr_xarf__pair(p->category, p->type);
	const struct kr_type_info *threat = p->threat.p ? kr_type_find(p->threat) : NULL;
	struct kr_str type = pair ? pair->rsit : KR_STR("other");
	int err;

	r->warnings += !pair;
	if (threat && kr_str_eqc(p->type, "threat_intelligence"))
		type = threat->type;
	err = put_c2(r, p, &type);
	if (!err)
		err = kr_codec__set_text(r, KR_F_CLASS_TYPE, type);
	if (!err && !p->v3)
		err = kr_codec__keep_text(r, "xarf.category", p->category);
	if (!err && !p->v3)
		err = kr_codec__keep_text(r, "xarf.type", p->type);
	return err;
}

static int put_times(struct kr_reading *r, const struct kr_xarf_pending *p)
{
	struct kr_event *e = r->e;

	if (p->last != KR_TIME_NONE) {
		e->first = p->first != KR_TIME_NONE ? p->first : p->time;
		e->last = p->last;
	} else if (p->first != KR_TIME_NONE && p->first != p->time) {
		e->first = p->first;
		e->last = p->time;
	}
	return kr_event_put(e, r->arena, KR_F_TIME_SOURCE, (union kr_value){.t = p->time});
}

static int put_orgs(struct kr_reading *r, const struct kr_xarf_pending *p)
{
	bool same = kr_str_eq(p->sender.org, p->reporter.org) &&
		    kr_str_eq(p->sender.contact, p->reporter.contact) &&
		    kr_str_eq(p->sender.domain, p->reporter.domain);
	int err = kr_codec__set_text(r, KR_F_FEED_PROVIDER, p->reporter.org);

	if (!err)
		err = kr_codec__keep_text(r, "xarf.reporter.contact", p->reporter.contact);
	if (!err)
		err = kr_codec__keep_text(r, "xarf.reporter.domain", p->reporter.domain);
	if (err || same || !p->sender.there)
		return err;
	err = kr_codec__keep_text(r, "xarf.sender.org", p->sender.org);
	if (!err)
		err = kr_codec__keep_text(r, "xarf.sender.contact", p->sender.contact);
	if (!err)
		err = kr_codec__keep_text(r, "xarf.sender.domain", p->sender.domain);
	return err;
}

/* What the core schema of v4 demands. */
static int check_core(struct kr_reading *r, const struct kr_xarf_pending *p)
{
	const struct {
		const char *name;
		bool there;
	} core[] = {
		{"xarf_version", p->version.p},
		{"report_id", p->id.p},
		{"timestamp", p->has_time},
		{"reporter", p->reporter.there},
		{"reporter.org", p->reporter.org.p},
		{"reporter.contact", p->reporter.contact.p},
		{"reporter.domain", p->reporter.domain.p},
		{"sender", p->sender.there},
		{"sender.org", p->sender.org.p},
		{"sender.contact", p->sender.contact.p},
		{"sender.domain", p->sender.domain.p},
		{"source_identifier", p->identifier.p},
		{"category", p->category.p},
		{"type", p->type.p},
	};

	for (size_t i = 0; i < KR_ARRAY_LEN(core); i++)
		if (!core[i].there)
			return kr_codec__wrong(r, "%s is missing", core[i].name);
	if (!kr_str_starts(p->version, KR_STR("4.")))
		return kr_codec__wrong(r, "xarf_version: %.*s is not known",
				       KR_STR_ARG(kr_str_first(p->version, 20)));
	return 0;
}

int kr_xarf__settle(struct kr_reading *r, struct kr_xarf_pending *p)
{
	int err = p->v3 ? kr_xarf3__settle(r, p) : check_core(r, p);

	if (!err && !p->v3)
		err = kr_codec__keep_text(r, "xarf.report_id", p->id);
	if (!err)
		err = put_orgs(r, p);
	if (!err && !p->v3)
		err = put_identifier(r, p->identifier);
	if (!err)
		err = put_type(r, p);
	if (!err)
		err = put_times(r, p);
	if (!err && p->evidence.n)
		err = kr_event_add_extra(r->e, r->arena, KR_STR("xarf.evidence"), p->evidence,
					 true);
	return err;
}
