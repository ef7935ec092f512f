/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables that the API is made of: routes (routes.def), their parameters (params.def) and the
 * schemas of bodies and answers (schemas.def). From them come the mount, authorisation, checking of
 * parameters and bodies, /api/openapi.json and doc/api.md.
 */
#pragma once

#include "base/buf.h"
#include "http/http.h"
#include "model/viewer.h"

#define KR_REST_BASE	    "/api/v1"
#define KR_REST_JSON	    "application/json"
#define KR_REST_NDJSON	    "application/x-ndjson"
#define KR_REST_CSV	    "text/csv"
#define KR_REST_MERGE	    "application/merge-patch+json" /* RFC 7396 */
#define KR_REST_PROBLEM	    "application/problem+json"	   /* RFC 9457 */
#define KR_REST_PARAMS_MAX  12				   /* of a route */
#define KR_REST_MEMBERS_MAX 40				   /* of a schema */

enum kr_rest_type {
	KR_REST_TEXT,  /* least to most bytes */
	KR_REST_INT,   /* least to most */
	KR_REST_BOOL,  /* JSON true, false; in a query yes, no, true, false */
	KR_REST_TIME,  /* RFC 3339 */
	KR_REST_DAY,   /* 2026-11-21 */
	KR_REST_ENUM,  /* one of words */
	KR_REST_REF,   /* an object: words names the schema */
	KR_REST_LIST,  /* array of such objects */
	KR_REST_TEXTS, /* array of texts */
	KR_REST_ANY,   /* any value: what a field or a format holds */
};

/* Where a parameter stands; the type and bounds are as of members. */
enum kr_rest_in { KR_REST_QUERY, KR_REST_PATH };

enum kr_rest_param_flag {
	KR_REST_REQUIRED = 1,
};

struct kr_rest_param {
	const char *name; /* NULL ends the list */
	enum kr_rest_in in;
	enum kr_rest_type type;
	int64_t least, most;
	const char *words; /* of ENUM, separated by blanks */
	unsigned flags;
	const char *preset; /* what counts where it is left out; NULL: nothing */
	const char *doc;
};

enum kr_rest_member_flag {
	KR_REST_MUST = 1,  /* an answer always has it; a body must have it */
	KR_REST_NULL = 2,  /* may be null */
	KR_REST_READ = 4,  /* only in answers */
	KR_REST_WRITE = 8, /* only in bodies */
};

struct kr_rest_member {
	const char *name; /* NULL ends the list */
	enum kr_rest_type type;
	int64_t least, most;
	const char *words; /* of ENUM; name of the schema of REF and LIST */
	unsigned flags;
	const char *doc;
};

struct kr_rest_schema {
	const char *name;
	const struct kr_rest_member *members;
	bool fields; /* members of the fields of an event may stand in it too */
	const char *doc;
};

enum kr_rest_flag {
	KR_REST_PUBLIC = 1,  /* needs no login */
	KR_REST_EDIT = 2,    /* needs If-Match */
	KR_REST_TABLE = 4,   /* JSON, NDJSON or CSV, as Accept says */
	KR_REST_PAGED = 8,   /* has a cursor, and Link rel=next */
	KR_REST_STREAM = 16, /* text/event-stream */
	KR_REST_RAW = 32,    /* bytes as they came */
	KR_REST_UPLOAD = 64, /* the body is kept as it arrives, whatever it is */
	KR_REST_CSV_BODY = 128,
	KR_REST_MAYBE = 512, /* there may be none: 404 without a name in the path */
	KR_REST_DOC = 256,   /* the description of the API itself */
};

struct kr_rest_call;

struct kr_rest_route {
	const char *operation; /* operationId */
	const char *method, *path;
	const char *tag;
	uint32_t right; /* 0: whoever is logged in */
	unsigned flags;
	unsigned status; /* of success */
	const struct kr_rest_param *params;
	const char *body, *result; /* schemas; NULL: none */
	int (*handler)(struct kr_rest_call *c, struct kr_fault *reterr);
	const char *summary;
};

const struct kr_rest_route *kr_rest__routes(size_t *ret_n);
const struct kr_rest_schema *kr_rest__schemas(size_t *ret_n);
/* NULL if there is none. */
const struct kr_rest_schema *kr_rest__schema(const char *name);
/* "application/json" and so on, NULL-terminated: what a route may answer with. */
const char *const *kr_rest__types(const struct kr_rest_route *route);
