/* SPDX-License-Identifier: Apache-2.0 */
/* The .def files as tables. */
#include "api/rest/table.h"

#include "api/rest/handlers.h"
#include "model/viewer.h"

#define TLP_WORDS	 "CLEAR GREEN AMBER AMBER+STRICT RED"
#define TLP_SOURCE_WORDS "CLEAR GREEN AMBER AMBER+STRICT"
#define DELIVERY_WORDS	 "queued retry sending sent failed doubt dropped empty"
#define DIM_WORDS	 "all class as country constituent source type"

/* ---- parameters ---- */

#define REQUIRED    KR_REST_REQUIRED
#define PARAMS(set) static const struct kr_rest_param params_##set[] = {
#define P(name, in, type, least, most, words, flags, preset, doc)                                  \
	{name, KR_REST_##in, KR_REST_##type, least, most, words, flags, preset, doc},
#define END_PARAMS                                                                                 \
	{                                                                                          \
		NULL                                                                               \
	}                                                                                          \
	}                                                                                          \
	;
#include "api/rest/params.def"
#undef PARAMS
#undef P
#undef END_PARAMS
#undef REQUIRED

/* ---- schemas ---- */

#define MUST	 KR_REST_MUST
#define NULLABLE KR_REST_NULL
#define SCHEMA(schema, with_fields, text)                                                          \
	{                                                                                          \
		.name = #schema, .fields = with_fields, .doc = text,                               \
		.members = (const struct kr_rest_member[])                                         \
		{
#define M(name, type, least, most, words, flags, doc)                                              \
	{name, KR_REST_##type, least, most, words, flags, doc},
#define END                                                                                        \
	{                                                                                          \
		NULL                                                                               \
	}                                                                                          \
	}                                                                                          \
	}                                                                                          \
	,
static const struct kr_rest_schema schemas[] = {
#include "api/rest/schemas.def"
};
#undef SCHEMA
#undef M
#undef END

const struct kr_rest_schema *kr_rest__schemas(size_t *ret_n)
{
	*ret_n = KR_ARRAY_LEN(schemas);
	return schemas;
}

const struct kr_rest_schema *kr_rest__schema(const char *name)
{
	for (size_t i = 0; name && i < KR_ARRAY_LEN(schemas); i++)
		if (!strcmp(schemas[i].name, name))
			return &schemas[i];
	return NULL;
}

/* ---- routes ---- */

#define KR_RIGHT_ANY 0
#define MAYBE	     KR_REST_MAYBE
#define PUBLIC	     KR_REST_PUBLIC
#define EDIT	     KR_REST_EDIT
#define TABLE	     KR_REST_TABLE
#define PAGED	     KR_REST_PAGED
#define STREAM	     KR_REST_STREAM
#define RAW	     KR_REST_RAW
#define UPLOAD	     KR_REST_UPLOAD
#define CSV_BODY     KR_REST_CSV_BODY
#define DOC	     KR_REST_DOC
#define R(operation, method, path, tag, right, flags, status, params, body, result, handler, doc)  \
	{#operation, #method,	      path, tag,    KR_RIGHT_##right,	flags,                     \
	 status,     params_##params, body, result, kr_rest__##handler, doc},
static const struct kr_rest_route routes[] = {
#include "api/rest/routes.def"
};

const struct kr_rest_route *kr_rest__routes(size_t *ret_n)
{
	*ret_n = KR_ARRAY_LEN(routes);
	return routes;
}

const char *const *kr_rest__types(const struct kr_rest_route *route)
{
	static const char *const json[] = {KR_REST_JSON, NULL};
	static const char *const tables[] = {KR_REST_JSON, KR_REST_NDJSON, KR_REST_CSV, NULL};
	static const char *const stream[] = {"text/event-stream", NULL};
	static const char *const raw[] = {"application/octet-stream", NULL};

	return route->flags & KR_REST_TABLE    ? tables
	       : route->flags & KR_REST_STREAM ? stream
	       : route->flags & KR_REST_RAW    ? raw
					       : json;
}
