/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The description of the API from its tables: OpenAPI 3.1, whose schemas are JSON Schema 2020-12.
 *
 * How this works: paths are written in the order of the routes, all methods of a path together.
 * Which errors an operation can answer with follows from its flags, so a status that is not
 * documented is a mistake in this file or in the server; test/e2e/test_api.py looks for both.
 */
#include "api/rest/call.h"

#include "model/field.h"

#include <stdio.h>

/* ---- schemas ---- */

static void type_of(struct kr_json_out *o, const char *type, bool null)
{
	kr_json_key(o, KR_STR("type"));
	if (!null) {
		kr_json_str(o, kr_str_c(type));
		return;
	}
	kr_json_array(o);
	kr_json_str(o, kr_str_c(type));
	kr_json_str(o, KR_STR("null"));
	kr_json_array_end(o);
}

static void words_of(struct kr_json_out *o, const char *words, bool null)
{
	struct kr_str rest = kr_str_c(words), word;

	kr_json_key(o, KR_STR("enum"));
	kr_json_array(o);
	while (kr_str_split(&rest, ' ', &word))
		kr_json_str(o, word);
	if (null)
		kr_json_null(o);
	kr_json_array_end(o);
}

static void ref(struct kr_json_out *o, const char *schema)
{
	char text[100];

	snprintf(text, sizeof(text), "#/components/schemas/%s", schema);
	kr_json_kstr(o, "$ref", kr_str_c(text));
}

static void items(struct kr_json_out *o, const char *schema)
{
	kr_json_key(o, KR_STR("items"));
	kr_json_object(o);
	if (schema)
		ref(o, schema);
	else
		kr_json_kstr(o, "type", KR_STR("string"));
	kr_json_object_end(o);
}

/* The members of a schema object for one value. */
static void value_schema(struct kr_json_out *o, enum kr_rest_type type, int64_t least, int64_t most,
			 const char *words, bool null)
{
	switch (type) {
	case KR_REST_TEXT:
		type_of(o, "string", null);
		if (least)
			kr_json_kint(o, "minLength", least);
		kr_json_kint(o, "maxLength", most);
		break;
	case KR_REST_INT:
		type_of(o, "integer", null);
		kr_json_kstr(o, "format", KR_STR("int64"));
		kr_json_kint(o, "minimum", least);
		if (most != INT64_MAX)
			kr_json_kint(o, "maximum", most);
		break;
	case KR_REST_BOOL: type_of(o, "boolean", null); break;
	case KR_REST_TIME:
	case KR_REST_DAY:
		type_of(o, "string", null);
		kr_json_kstr(o, "format",
			     type == KR_REST_TIME ? KR_STR("date-time") : KR_STR("date"));
		break;
	case KR_REST_ENUM:
		type_of(o, "string", null);
		words_of(o, words, null);
		break;
	case KR_REST_REF: ref(o, words); break;
	case KR_REST_LIST:
	case KR_REST_TEXTS:
		type_of(o, "array", null);
		items(o, type == KR_REST_LIST ? words : NULL);
		break;
	case KR_REST_ANY: break;
	}
}

static void describe(struct kr_json_out *o, const char *doc)
{
	if (doc && doc[0])
		kr_json_kstr(o, "description", kr_str_c(doc));
}

static void field_property(struct kr_json_out *o, const struct kr_field_info *info)
{
	kr_json_key(o, info->name_str);
	kr_json_object(o);
	switch (info->rep) {
	case KR_REP_INT:
		if (info->kind == KR_K_BOOL)
			type_of(o, "boolean", false);
		else
			type_of(o, info->kind == KR_K_TLP ? "string" : "integer", false);
		break;
	case KR_REP_REAL: type_of(o, "number", false); break;
	case KR_REP_TIME:
		type_of(o, "string", false);
		kr_json_kstr(o, "format", KR_STR("date-time"));
		break;
	default: type_of(o, "string", false); break;
	}
	describe(o, info->doc);
	kr_json_object_end(o);
}

static void properties(struct kr_json_out *o, const struct kr_rest_schema *s)
{
	kr_json_key(o, KR_STR("properties"));
	kr_json_object(o);
	for (const struct kr_rest_member *m = s->members; m->name; m++) {
		kr_json_key(o, kr_str_c(m->name));
		kr_json_object(o);
		value_schema(o, m->type, m->least, m->most, m->words, m->flags & KR_REST_NULL);
		describe(o, m->doc);
		kr_json_object_end(o);
	}
	for (int f = 1; s->fields && f < KR_FIELD_MAX; f++)
		if (kr_field_info((enum kr_field)f))
			field_property(o, kr_field_info((enum kr_field)f));
	kr_json_object_end(o);
}

static void schema(struct kr_json_out *o, const struct kr_rest_schema *s)
{
	bool any = false;

	kr_json_key(o, kr_str_c(s->name));
	kr_json_object(o);
	kr_json_kstr(o, "type", KR_STR("object"));
	describe(o, s->doc);
	properties(o, s);
	for (const struct kr_rest_member *m = s->members; m->name; m++) {
		if (!(m->flags & KR_REST_MUST))
			continue;
		if (!any) {
			kr_json_key(o, KR_STR("required"));
			kr_json_array(o);
		}
		any = true;
		kr_json_str(o, kr_str_c(m->name));
	}
	if (any)
		kr_json_array_end(o);
	if (s->fields) {
		kr_json_key(o, KR_STR("patternProperties"));
		kr_json_object(o);
		kr_json_key(o, KR_STR("^extra\\."));
		kr_json_object(o);
		kr_json_kstr(o, "description", KR_STR("what no field takes"));
		kr_json_object_end(o);
		kr_json_object_end(o);
	}
	kr_json_kbool(o, "additionalProperties", false);
	kr_json_object_end(o);
}

/* ---- operations ---- */

static void parameters(struct kr_json_out *o, const struct kr_rest_route *r)
{
	kr_json_key(o, KR_STR("parameters"));
	kr_json_array(o);
	for (const struct kr_rest_param *p = r->params; p->name; p++) {
		kr_json_object(o);
		kr_json_kstr(o, "name", kr_str_c(p->name));
		kr_json_kstr(o, "in", p->in == KR_REST_PATH ? KR_STR("path") : KR_STR("query"));
		if (p->flags & KR_REST_REQUIRED)
			kr_json_kbool(o, "required", true);
		describe(o, p->doc);
		kr_json_key(o, KR_STR("schema"));
		kr_json_object(o);
		value_schema(o, p->type, p->least, p->most, p->words, false);
		if (p->preset) {
			kr_json_key(o, KR_STR("default"));
			if (p->type == KR_REST_INT)
				kr_json_raw(o, kr_str_c(p->preset));
			else if (p->type == KR_REST_BOOL)
				kr_json_bool(o, !strcmp(p->preset, "yes"));
			else
				kr_json_str(o, kr_str_c(p->preset));
		}
		kr_json_object_end(o);
		kr_json_object_end(o);
	}
	if (r->flags & KR_REST_EDIT) {
		kr_json_object(o);
		kr_json_kstr(o, "name", KR_STR("If-Match"));
		kr_json_kstr(o, "in", KR_STR("header"));
		kr_json_kbool(o, "required", true);
		kr_json_kstr(o, "description", KR_STR("ETag of what is changed"));
		kr_json_key(o, KR_STR("schema"));
		kr_json_object(o);
		kr_json_kstr(o, "type", KR_STR("string"));
		kr_json_object_end(o);
		kr_json_object_end(o);
	}
	kr_json_array_end(o);
}

static void content(struct kr_json_out *o, const char *type, const char *name)
{
	kr_json_key(o, kr_str_c(type));
	kr_json_object(o);
	kr_json_key(o, KR_STR("schema"));
	kr_json_object(o);
	if (name)
		ref(o, name);
	else
		kr_json_kstr(o, "type", KR_STR("string"));
	kr_json_object_end(o);
	kr_json_object_end(o);
}

static void request_body(struct kr_json_out *o, const struct kr_rest_route *r)
{
	bool csv = r->flags & KR_REST_CSV_BODY;

	if (!r->body && !csv && !(r->flags & KR_REST_UPLOAD))
		return;
	kr_json_key(o, KR_STR("requestBody"));
	kr_json_object(o);
	kr_json_kbool(o, "required", true);
	if (r->flags & KR_REST_UPLOAD)
		describe(o, "the report as it is; packed with Content-Encoding: gzip or zstd");
	kr_json_key(o, KR_STR("content"));
	kr_json_object(o);
	if (csv)
		content(o, KR_REST_CSV, NULL);
	else if (r->flags & KR_REST_UPLOAD)
		content(o, "*/*", NULL);
	else
		content(o, KR_REST_JSON, r->body);
	if (r->body && !strcmp(r->method, "PATCH"))
		content(o, KR_REST_MERGE, r->body);
	kr_json_object_end(o);
	kr_json_object_end(o);
}

static void problem(struct kr_json_out *o, unsigned status, const char *doc)
{
	char code[8];

	snprintf(code, sizeof(code), "%u", status);
	kr_json_key(o, kr_str_c(code));
	kr_json_object(o);
	kr_json_kstr(o, "description", kr_str_c(doc));
	kr_json_key(o, KR_STR("content"));
	kr_json_object(o);
	content(o, KR_REST_PROBLEM, "Problem");
	kr_json_object_end(o);
	kr_json_object_end(o);
}

/* Which errors an operation may answer with. */
static void problems(struct kr_json_out *o, const struct kr_rest_route *r)
{
	bool get = !strcmp(r->method, "GET"), post = !strcmp(r->method, "POST");
	bool body = r->body || (r->flags & (KR_REST_UPLOAD | KR_REST_CSV_BODY));
	const struct {
		unsigned status;
		bool may;
		const char *doc;
	} all[] = {
		{400, true, "a parameter or the body is wrong"},
		{401, !(r->flags & KR_REST_PUBLIC), "no key or session, or it has ended"},
		{403, !(r->flags & KR_REST_PUBLIC), "the key or session may not do this"},
		{404, strchr(r->path, ':') || (r->flags & KR_REST_MAYBE),
		 "there is none, or not for this viewer"},
		{406, true, "Accept names no representation there is"},
		{409, !get, "it does not go together with what is there"},
		{412, r->flags & KR_REST_EDIT, "it was changed meanwhile"},
		{413, body || get, "over a limit"},
		{415, body, "the body has another media type or encoding"},
		{422, body || post, "the content is understood, but wrong"},
		{428, r->flags & KR_REST_EDIT, "If-Match is missing"},
		{429, true, "too many requests"},
		{503, true, "not now; try again later"},
		{507, !get, "no space left on the node"},
	};

	for (size_t i = 0; i < KR_ARRAY_LEN(all); i++)
		if (all[i].may)
			problem(o, all[i].status, all[i].doc);
}

static void header(struct kr_json_out *o, const char *name, const char *doc)
{
	kr_json_key(o, kr_str_c(name));
	kr_json_object(o);
	kr_json_kstr(o, "description", kr_str_c(doc));
	kr_json_key(o, KR_STR("schema"));
	kr_json_object(o);
	kr_json_kstr(o, "type", KR_STR("string"));
	kr_json_object_end(o);
	kr_json_object_end(o);
}

static void success_headers(struct kr_json_out *o, const struct kr_rest_route *r)
{
	bool get = !strcmp(r->method, "GET") && !(r->flags & (KR_REST_STREAM | KR_REST_RAW));
	bool made = r->status == 201 || (r->flags & KR_REST_UPLOAD);

	if (!get && !made)
		return;
	kr_json_key(o, KR_STR("headers"));
	kr_json_object(o);
	if (get)
		header(o, "ETag", "of this representation, for If-None-Match and If-Match");
	if (r->flags & KR_REST_PAGED)
		header(o, "Link", "rel=\"next\": the next page, where there is one");
	if (made)
		header(o, "Location", "of what was made");
	kr_json_object_end(o);
}

static void success(struct kr_json_out *o, const struct kr_rest_route *r, unsigned status,
		    const char *doc)
{
	const char *const *types = kr_rest__types(r);
	char code[8];

	snprintf(code, sizeof(code), "%u", status);
	kr_json_key(o, kr_str_c(code));
	kr_json_object(o);
	kr_json_kstr(o, "description", kr_str_c(doc));
	success_headers(o, r);
	if (status != 204) {
		kr_json_key(o, KR_STR("content"));
		kr_json_object(o);
		if (r->flags & KR_REST_DOC) {
			kr_json_key(o, KR_STR(KR_REST_JSON));
			kr_json_object(o);
			kr_json_object_end(o);
		}
		for (size_t i = 0; types[i] && !(r->flags & KR_REST_DOC); i++)
			content(o, types[i], !strcmp(types[i], KR_REST_JSON) ? r->result : NULL);
		kr_json_object_end(o);
	}
	kr_json_object_end(o);
}

static void responses(struct kr_json_out *o, const struct kr_rest_route *r)
{
	kr_json_key(o, KR_STR("responses"));
	kr_json_object(o);
	if (r->flags & KR_REST_UPLOAD)
		success(o, r, 200, "these bytes had been handed in before; nothing was changed");
	success(o, r, r->status, r->status == 202 ? "kept, and being taken" : r->summary);
	if (!strcmp(r->method, "GET") && !(r->flags & (KR_REST_STREAM | KR_REST_RAW))) {
		kr_json_key(o, KR_STR("304"));
		kr_json_object(o);
		kr_json_kstr(o, "description", KR_STR("the client's copy is the one there is"));
		kr_json_object_end(o);
	}
	problems(o, r);
	kr_json_object_end(o);
}

static void operation(struct kr_json_out *o, const struct kr_rest_route *r)
{
	KR_AUTO_BUF right = KR_BUF(200);
	char method[8] = "";

	for (size_t i = 0; r->method[i] && i + 1 < sizeof(method); i++)
		method[i] = kr_lower(r->method[i]);
	kr_json_key(o, kr_str_c(method));
	kr_json_object(o);
	kr_json_kstr(o, "operationId", kr_str_c(r->operation));
	kr_json_kstr(o, "summary", kr_str_c(r->summary));
	if (r->right) {
		kr_buf_c(&right, "Needs the right '");
		kr_rights_text(r->right, &right);
		kr_buf_c(&right, "'.");
		kr_json_kstr(o, "description", kr_buf_str(&right));
	}
	kr_json_key(o, KR_STR("tags"));
	kr_json_array(o);
	kr_json_str(o, kr_str_c(r->tag));
	kr_json_array_end(o);
	if (r->flags & KR_REST_PUBLIC) {
		kr_json_key(o, KR_STR("security"));
		kr_json_array(o);
		kr_json_array_end(o);
	}
	parameters(o, r);
	request_body(o, r);
	responses(o, r);
	kr_json_object_end(o);
}

/* "/reports/{id}" of "/reports/:id", below the base. */
static void path_key(struct kr_json_out *o, const char *path)
{
	KR_AUTO_BUF b = KR_BUF(400);
	struct kr_str rest = kr_str_c(path[0] ? path + 1 : path), piece;

	if (strncmp(path, "/api/", 5) != 0)
		kr_buf_c(&b, KR_REST_BASE);
	while (kr_str_split(&rest, '/', &piece)) {
		bool name = piece.n && piece.p[0] == ':';

		kr_buf_c(&b, name ? "/{" : "/");
		kr_buf_str_add(&b, kr_str_from(piece, name));
		kr_buf_c(&b, name ? "}" : "");
	}
	kr_json_key(o, kr_buf_str(&b));
}

static void paths(struct kr_json_out *o)
{
	size_t n;
	const struct kr_rest_route *r = kr_rest__routes(&n);

	kr_json_key(o, KR_STR("paths"));
	kr_json_object(o);
	for (size_t i = 0; i < n; i++) {
		bool seen = false;

		for (size_t k = 0; k < i; k++)
			seen |= !strcmp(r[k].path, r[i].path);
		if (seen)
			continue;
		path_key(o, r[i].path);
		kr_json_object(o);
		for (size_t k = i; k < n; k++)
			if (!strcmp(r[k].path, r[i].path))
				operation(o, &r[k]);
		kr_json_object_end(o);
	}
	kr_json_object_end(o);
}

static void security(struct kr_json_out *o)
{
	kr_json_key(o, KR_STR("securitySchemes"));
	kr_json_object(o);
	kr_json_key(o, KR_STR("key"));
	kr_json_object(o);
	kr_json_kstr(o, "type", KR_STR("http"));
	kr_json_kstr(o, "scheme", KR_STR("bearer"));
	kr_json_kstr(o, "description", KR_STR("a key made by `karaula apikey create`"));
	kr_json_object_end(o);
	kr_json_key(o, KR_STR("session"));
	kr_json_object(o);
	kr_json_kstr(o, "type", KR_STR("apiKey"));
	kr_json_kstr(o, "in", KR_STR("cookie"));
	kr_json_kstr(o, "name", KR_STR("karaula-PORT"));
	kr_json_kstr(
		o, "description",
		KR_STR("the session of who is logged in to the pages; PORT is that of the node, "
		       "and over TLS the name begins with __Host-"));
	kr_json_object_end(o);
	kr_json_object_end(o);
}

static void either(struct kr_json_out *o, const char *scheme)
{
	kr_json_object(o);
	kr_json_key(o, kr_str_c(scheme));
	kr_json_array(o);
	kr_json_array_end(o);
	kr_json_object_end(o);
}

void kr_rest_openapi(struct kr_buf *b)
{
	struct kr_json_out o = KR_JSON_OUT(b);
	size_t n;
	const struct kr_rest_schema *s = kr_rest__schemas(&n);

	kr_json_object(&o);
	kr_json_kstr(&o, "openapi", KR_STR("3.1.0"));
	kr_json_key(&o, KR_STR("info"));
	kr_json_object(&o);
	kr_json_kstr(&o, "title", KR_STR("karaula"));
	kr_json_kstr(&o, "version", KR_STR(KR_VERSION));
	kr_json_kstr(&o, "description",
		     KR_STR("The node of a CSIRT, for programs. What a viewer may not see does not "
			    "exist for him: not in lists, not in counts, not in expressions."));
	kr_json_key(&o, KR_STR("license"));
	kr_json_object(&o);
	kr_json_kstr(&o, "name", KR_STR("Apache-2.0"));
	kr_json_kstr(&o, "identifier", KR_STR("Apache-2.0"));
	kr_json_object_end(&o);
	kr_json_object_end(&o);
	kr_json_key(&o, KR_STR("security"));
	kr_json_array(&o);
	either(&o, "key");
	either(&o, "session");
	kr_json_array_end(&o);
	paths(&o);
	kr_json_key(&o, KR_STR("components"));
	kr_json_object(&o);
	kr_json_key(&o, KR_STR("schemas"));
	kr_json_object(&o);
	for (size_t i = 0; i < n; i++)
		schema(&o, &s[i]);
	kr_json_object_end(&o);
	security(&o);
	kr_json_object_end(&o);
	kr_json_object_end(&o);
	kr_buf_ch(b, '\n');
}
