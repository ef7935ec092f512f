/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * An event as an IDEA message with one source and one target. Format, ID, DetectTime and Category
 * must be there; the rest follows where the event has it. Proto is a list of both protocols, the
 * transport first: a reader that meets an application protocol alone could take it for the other,
 * so alone it goes to "_karaula".
 */
#include "codec/idea.h"

#include "codec/eventjson.h"
#include "codec/rest.h"

#define ID_MAX 256

static const struct kr_member members[] = {
#define M(name, how, field) {{name, sizeof(name) - 1}, 0, KR_F_##field},
#include "codec/idea_members.def"
#undef M
};

struct side {
	const char *name;
	enum kr_field ip, network, port, fqdn, url, account, asn;
};

static struct kr_str text_of(const struct kr_event *e, enum kr_field f)
{
	const union kr_value *v = kr_event_get(e, f);

	return v ? v->text : KR_STR_NULL;
}

static void say_id(struct kr_writing *w)
{
	struct kr_str id = kr_codec__extra_text(w->e, "idea.ID", ID_MAX);

	kr_codec__say_text(w, "Format", KR_STR("IDEA0"));
	/* Only one part of a record can have the record's own. */
	if (id.p && !w->e->part) {
		kr_codec__say_text(w, "ID", id);
		return;
	}
	kr_codec__say_key(w, "ID");
	kr_codec__event_uuid(w->b, w->e, w->w);
}

static void say_times(struct kr_writing *w)
{
	const struct kr_event *e = w->e;
	kr_time t = kr_codec__event_time(e, w->w);
	struct kr_str detect = kr_codec__extra_text(e, "idea.DetectTime", 64);
	bool has = kr_event_has(e, KR_F_TIME_SOURCE);

	if (detect.p)
		kr_codec__say_text(w, "DetectTime", detect);
	else
		kr_codec__say_time(w, "DetectTime", t);
	w->rest.said[KR_F_TIME_SOURCE] = has;
	w->rest.filled[KR_F_TIME_SOURCE] = !has;
	if (has)
		kr_codec__say_time(w, "EventTime", t);
	if (e->count > 1 && e->count <= INT64_MAX) {
		kr_codec__say_key(w, "ConnCount");
		kr_buf_u64(w->b, e->count);
	}
	if (!e->count || e->count > INT64_MAX)
		return;
	if (e->first == KR_TIME_NONE && e->last == KR_TIME_NONE) {
		w->rest.times_said = true;
	} else if (has && e->first == t && e->last != KR_TIME_NONE) {
		kr_codec__say_time(w, "CeaseTime", e->last);
		w->rest.times_said = true;
	}
}

/* Returns the tag that the source gets. */
static struct kr_str say_category(struct kr_writing *w)
{
	struct kr_str type = text_of(w->e, KR_F_CLASS_TYPE);
	struct kr_str category = KR_STR("Other"), tag = KR_STR(""), back;

	kr_idea__category_of(type, &category, &tag);
	back = kr_idea__type_of(category);
	if (tag.n && kr_idea__type_by_tag(category, tag).p)
		back = kr_idea__type_by_tag(category, tag);
	w->rest.said[KR_F_CLASS_TYPE] = type.n && kr_str_eq(back, type);
	w->rest.filled[KR_F_CLASS_TYPE] = !w->rest.said[KR_F_CLASS_TYPE];
	/* The class follows from the type. */
	w->rest.said[KR_F_CLASS_TAXONOMY] = type.n > 0;
	kr_codec__say_key(w, "Category");
	kr_buf_printf(w->b, "[\"%.*s\"]", KR_STR_ARG(category));
	return tag;
}

/* "cve-2026-1": small letters and digits of a CVE; nothing else would come back the same. */
static bool is_cve(struct kr_str s)
{
	if (!kr_str_starts(s, KR_STR("cve-")) || s.n < 10 || s.p[8] != '-')
		return false;
	for (size_t i = 4; i < s.n; i++)
		if (i != 8 && !kr_is_digit(s.p[i]))
			return false;
	return true;
}

static bool all_cves(struct kr_str list)
{
	struct kr_str rest = list, piece;

	while (kr_str_split(&rest, ';', &piece))
		if (!is_cve(piece))
			return false;
	return list.n > 0;
}

static void say_ref(struct kr_writing *w)
{
	struct kr_str url = text_of(w->e, KR_F_DESCRIPTION_URL), piece;
	struct kr_str cves = text_of(w->e, KR_F_PRODUCT_CVE);
	bool has_url = kr_str_starts(url, KR_STR("http://")) ||
		       kr_str_starts(url, KR_STR("https://")),
	     comma = false;

	w->rest.said[KR_F_PRODUCT_CVE] = all_cves(cves);
	w->rest.said[KR_F_DESCRIPTION_URL] = has_url;
	if (!has_url && !all_cves(cves))
		return;
	kr_codec__say_key(w, "Ref");
	kr_buf_ch(w->b, '[');
	if (has_url) {
		kr_buf_ch(w->b, '"');
		kr_json_escape(w->b, url);
		kr_buf_ch(w->b, '"');
		comma = true;
	}
	while (all_cves(cves) && kr_str_split(&cves, ';', &piece)) {
		kr_buf_printf(w->b, "%s\"cve:CVE-%.*s\"", comma ? "," : "",
			      KR_STR_ARG(kr_str_from(piece, 4)));
		comma = true;
	}
	kr_buf_ch(w->b, ']');
}

/* "name":[value] of a field. */
static void say_one(struct kr_writing *w, const char *name, enum kr_field f)
{
	if (!kr_event_has(w->e, f))
		return;
	kr_codec__say_key(w, name);
	kr_buf_ch(w->b, '[');
	kr_codec__json_value(w->b, w->e, f);
	kr_buf_ch(w->b, ']');
	w->rest.said[f] = true;
}

static void say_proto(struct kr_writing *w)
{
	struct kr_str transport = text_of(w->e, KR_F_PROTO_TRANSPORT);
	struct kr_str application = text_of(w->e, KR_F_PROTO_APPLICATION);

	if (!transport.n)
		return;
	kr_codec__say_key(w, "Proto");
	kr_buf_printf(w->b, "[\"%.*s\"", KR_STR_ARG(transport));
	w->rest.said[KR_F_PROTO_TRANSPORT] = true;
	if (application.n && !kr_str_eq(application, transport)) {
		kr_buf_c(w->b, ",\"");
		kr_json_escape(w->b, application);
		kr_buf_ch(w->b, '"');
		w->rest.said[KR_F_PROTO_APPLICATION] = true;
	}
	kr_buf_ch(w->b, ']');
}

static void say_side(struct kr_writing *w, const struct side *s, struct kr_str tag)
{
	const union kr_value *ip = kr_event_get(w->e, s->ip);
	const union kr_value *net = ip ? NULL : kr_event_get(w->e, s->network);
	struct kr_str account = text_of(w->e, s->account);
	size_t at = w->b->n, body;
	bool comma = w->comma;

	kr_codec__say_key(w, s->name);
	kr_buf_c(w->b, "[{");
	body = w->b->n;
	w->comma = false;
	if (tag.n) {
		kr_codec__say_key(w, "Type");
		kr_buf_printf(w->b, "[\"%.*s\"]", KR_STR_ARG(tag));
	}
	if (ip)
		say_one(w, ip->ip.family == 4 ? "IP4" : "IP6", s->ip);
	else if (net)
		say_one(w, net->ip.family == 4 ? "IP4" : "IP6", s->network);
	say_one(w, "Port", s->port);
	say_one(w, "Hostname", s->fqdn);
	say_one(w, "URL", s->url);
	if (kr_str_chr(account, '@') > 0)
		say_one(w, "Email", s->account);
	say_one(w, "ASN", s->asn);
	if (s->ip == KR_F_SRC_IP)
		say_proto(w);
	if (w->b->n == body) {
		w->b->n = at;
		w->comma = comma;
		return;
	}
	kr_buf_c(w->b, "}]");
	w->comma = true;
}

static void say_attach(struct kr_writing *w)
{
	static const struct {
		const char *prefix;
		enum kr_field field;
	} kinds[] = {{"md5:", KR_F_MALWARE_MD5},
		     {"sha1:", KR_F_MALWARE_SHA1},
		     {"sha256:", KR_F_MALWARE_SHA256}};
	bool any = false;

	for (size_t i = 0; i < KR_ARRAY_LEN(kinds); i++) {
		struct kr_str s = text_of(w->e, kinds[i].field);

		if (!s.n)
			continue;
		if (!any)
			kr_codec__say_key(w, "Attach");
		kr_buf_printf(w->b, "%s\"%s", any ? "," : "[{\"Hash\":[", kinds[i].prefix);
		kr_json_escape(w->b, s);
		kr_buf_ch(w->b, '"');
		w->rest.said[kinds[i].field] = true;
		any = true;
	}
	if (any)
		kr_buf_c(w->b, "]}]");
}

static void say_node(struct kr_writing *w)
{
	const struct kr_extra *node = kr_event_extra(w->e, KR_STR("idea.Node"));

	if (node && node->literal) {
		kr_codec__say_key(w, "Node");
		kr_buf_str_add(w->b, node->value);
		w->rest.filled[KR_F_FEED_NAME] = true;
		return;
	}
	if (!kr_event_has(w->e, KR_F_FEED_NAME))
		return;
	kr_codec__say_key(w, "Node");
	kr_buf_c(w->b, "[{");
	w->comma = false;
	kr_codec__say(w, "Name", KR_F_FEED_NAME);
	kr_buf_c(w->b, "}]");
	w->comma = true;
}

void kr_idea__item(struct kr_buf *b, const struct kr_event *e, bool first,
		   const struct kr_codec_write_opts *opts)
{
	static const struct side source = {
		.name = "Source",
		.ip = KR_F_SRC_IP,
		.network = KR_F_SRC_NETWORK,
		.port = KR_F_SRC_PORT,
		.fqdn = KR_F_SRC_FQDN,
		.url = KR_F_SRC_URL,
		.account = KR_F_SRC_ACCOUNT,
		.asn = KR_F_SRC_ASN,
	};
	static const struct side target = {
		.name = "Target",
		.ip = KR_F_DST_IP,
		.network = KR_F_DST_NETWORK,
		.port = KR_F_DST_PORT,
		.fqdn = KR_F_DST_FQDN,
		.url = KR_F_DST_URL,
		.account = KR_F_DST_ACCOUNT,
		.asn = KR_F_DST_ASN,
	};
	struct kr_writing w = {.b = b, .e = e, .w = opts};
	struct kr_str tag;

	(void)first;
	kr_buf_ch(b, '{');
	say_id(&w);
	say_times(&w);
	tag = say_category(&w);
	kr_codec__say_fraction(&w, "Confidence", KR_F_FEED_ACCURACY);
	kr_codec__say(&w, "Description", KR_F_DESCRIPTION_TEXT);
	kr_codec__say(&w, "Note", KR_F_COMMENT);
	kr_codec__say(&w, "TLP", KR_F_TLP);
	say_ref(&w);
	say_side(&w, &source, tag);
	say_side(&w, &target, KR_STR(""));
	say_attach(&w);
	say_node(&w);
	kr_codec__say_extras(&w, KR_STR("idea."), members, KR_ARRAY_LEN(members));
	kr_codec__rest_write(&w);
	kr_buf_c(b, "}\n");
}
