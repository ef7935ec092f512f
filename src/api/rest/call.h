/* SPDX-License-Identifier: Apache-2.0 */
/* One request to the API while it is worked on. Inside of the room. */
#pragma once

#include "api/rest/rest.h"
#include "api/rest/table.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/time.h"
#include "codec/codec.h"
#include "model/expr.h"
#include "model/scope.h"
#include "model/viewer.h"
#include "store/audit.h"

#include <pthread.h>
#include <stdatomic.h>

struct kr_rest {
	struct kr_rest_opts o;
	struct kr_http_route *http; /* one for each of kr_rest__routes(), in their order */
	size_t n;
	struct kr_buf openapi;
	struct kr_hash_key etag_key; /* of this process: tags of lists tell nothing without it */
	const struct kr_codec *json;
	atomic_uint uploads;  /* bodies of reports that are arriving */
	pthread_mutex_t edit; /* held while a change looks at what is there, and changes it */
};

/* A parameter, or a member of a body. */
struct kr_rest_value {
	bool set;  /* it was sent, or has a preset */
	bool null; /* JSON null */
	bool b;
	int64_t i;	    /* INT; TIME: kr_time; DAY; ENUM: index of the word */
	struct kr_str text; /* TEXT, ENUM; REF, LIST, ANY: the JSON */
};

/* For kr_event_query.progress: a question is asked for limits.query_us, and not longer. */
struct kr_rest_patience {
	int64_t until_us;
};
struct kr_rest_patience kr_rest__patience(const struct kr_rest *rest);
bool kr_rest__patient(void *patience, uint64_t scanned, uint64_t total);

struct kr_rest_call {
	struct kr_rest *rest;
	struct kr_http_request *r;
	struct kr_http_reply *reply;
	const struct kr_rest_route *route;
	struct kr_arena *a;	 /* of the request */
	struct kr_viewer viewer; /* door API */
	struct kr_scope scope;
	kr_time now;
	struct kr_rest_value param[KR_REST_PARAMS_MAX];
	struct kr_rest_value member[KR_REST_MEMBERS_MAX]; /* of the body */
	const char *type;				  /* what the client accepts of it */
	struct kr_json_out o;				  /* onto reply->body */
	/* Of an error: status if it is not that of its code, and what is wrong. */
	unsigned status;
	struct kr_str parameter, pointer;
};

/* ---- what was sent ---- */

/* A parameter or member by its name, which must be in the tables. */
const struct kr_rest_value *kr_rest__param(const struct kr_rest_call *c, const char *name);
const struct kr_rest_value *kr_rest__member(const struct kr_rest_call *c, const char *name);
/* The text of a member for a change: p NULL if it was not sent, empty for null. */
struct kr_str kr_rest__text(const struct kr_rest_call *c, const char *name);
/* Check and read all parameters. -KR_EINVAL naming the one; -KR_ENOENT for one of the path. */
KR_MUST_USE int kr_rest__params_read(struct kr_rest_call *c, struct kr_fault *reterr);
/* Check and read the JSON body by the schema of the route. */
KR_MUST_USE int kr_rest__body_read(struct kr_rest_call *c, struct kr_fault *reterr);
/*
 * Read a JSON body by a schema: no member twice, none that the schema lacks, all that it needs,
 * each within its bounds.
 *
 * ret          KR_REST_MEMBERS_MAX of them, by the order of the schema
 * ret_pointer  member that is wrong (RFC 6901), in the arena; untouched on success
 *
 * Returns 0; -KR_ESYNTAX (400); -KR_EREFUSED (422); -KR_ELIMIT (413).
 */
KR_MUST_USE int kr_rest__decode(const struct kr_rest_schema *schema, struct kr_str body,
				unsigned depth_max, struct kr_arena *a, struct kr_rest_value *ret,
				struct kr_str *ret_pointer, struct kr_fault *reterr);
/* The parameter `name` as an expression under the viewer's fields; NULL expression: all. */
KR_MUST_USE int kr_rest__expr(struct kr_rest_call *c, const char *name, struct kr_expr **ret,
			      struct kr_fault *reterr);
/* The first of the media types (NULL-terminated) that Accept wants; -KR_EINVAL and 406. */
KR_MUST_USE int kr_rest__accept(struct kr_rest_call *c, const char *const *types, const char **ret,
				struct kr_fault *reterr);
const char *kr_rest__accept_choose(struct kr_str accept, const char *const *types);

/* ---- errors ---- */

/* Answer with a status that the code does not have. Returns code. */
int kr_rest__refuse(struct kr_rest_call *c, unsigned status, struct kr_fault *f, int code,
		    const char *message, const char *remedy);
/* Write the problem document of an error. c may be NULL: the request never came to a handler. */
void kr_rest__problem(struct kr_http_request *r, struct kr_http_reply *p, unsigned status,
		      const struct kr_rest_call *c, const struct kr_fault *f);

/* ---- answers ---- */

/* A body of JSON begins. */
void kr_rest__begin(struct kr_rest_call *c);
void kr_rest__ktime(struct kr_json_out *o, const char *key, kr_time t);
void kr_rest__kday(struct kr_json_out *o, const char *key, int32_t day);
/* Text, or null where it is empty. */
void kr_rest__knull(struct kr_json_out *o, const char *key, struct kr_str s);
void kr_rest__kuint(struct kr_json_out *o, const char *key, uint64_t v);
/* Member "cursor", and the Link header to the next page; an empty cursor is null. */
void kr_rest__cursor(struct kr_rest_call *c, struct kr_str cursor);
void kr_rest__link_next(struct kr_rest_call *c, struct kr_str cursor);
/* Location of what was made: below KR_REST_BASE. */
void kr_rest__location(struct kr_rest_call *c, const char *folder, struct kr_str name);

/* Strong tag of a representation for this viewer; in the arena. */
const char *kr_rest__etag(struct kr_rest_call *c, struct kr_str representation);
/*
 * Does If-Match hold against what is there now (RFC 9110, 13.1.1)?
 *
 * representation  as GET answers it
 *
 * Returns 0; -KR_EINVAL with 428 (no If-Match) or 412.
 */
KR_MUST_USE int kr_rest__match(struct kr_rest_call *c, struct kr_str representation,
			       struct kr_fault *reterr);
/* Somebody else changed it meanwhile: -KR_EEXIST becomes 412. */
int kr_rest__raced(struct kr_rest_call *c, int err);
bool kr_rest__etag_in(struct kr_str list, const char *etag);
/* Who does it, for the audit log. */
struct kr_by kr_rest__by(const struct kr_rest_call *c);

/* Settings, given back with kr_conf_unref(). */
const struct kr_conf *kr_rest__conf(const struct kr_rest_call *c);
/* Id of the constituent that a parameter names; 0 if it is not there. One that the viewer does not
 * see is -KR_EINVAL like one that does not exist. */
KR_MUST_USE int kr_rest__constituent_id(struct kr_rest_call *c, struct kr_str name, uint32_t *ret,
					struct kr_fault *f);
/* The same of the parameter `constituent`; ret is untouched where it is not there. */
KR_MUST_USE int kr_rest__constituent_param(struct kr_rest_call *c, uint32_t *ret,
					   struct kr_fault *f);
/* A page that goes on by number: its cursor is that number. -KR_EINVAL with the parameter. */
KR_MUST_USE int kr_rest__cursor_number(struct kr_rest_call *c, uint64_t *ret,
				       struct kr_fault *reterr);
