/* SPDX-License-Identifier: Apache-2.0 */
/* Who looks, and through which door. Made by the desk from a session, a key or a recipient. */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/str.h"
#include "model/audience.h"
#include "model/scope.h"

enum kr_right {
#define X(id, bit, name, doc) KR_RIGHT_##id = 1 << (bit),
#include "model/rights.def"
#undef X
};
#define KR_RIGHTS_ALL UINT32_MAX

enum kr_role {
	KR_ROLE_NONE = 0, /* sees nothing */
#define R(id, number, name, audience, fields, bound, rights, doc) KR_ROLE_##id = number,
#include "model/roles.def"
#undef R
	KR_ROLES, /* one above the highest */
};

enum kr_door {
	KR_DOOR_NONE = 0, /* nothing passes */
#define D(id, number, name, tlp, doc) KR_DOOR_##id = number,
#include "model/doors.def"
#undef D
	KR_DOORS,
};

struct kr_role_info {
	const char *name, *doc;
	enum kr_audience audience;
	enum kr_fieldset fields;
	bool bound; /* must have a constituent */
	uint32_t rights;
};

enum kr_viewer_kind {
	KR_VIEWER_ANONYMOUS = 0, /* sees nothing */
	KR_VIEWER_LOCAL,	 /* the owner of the data directory at the command line */
	KR_VIEWER_USER,		 /* logged in */
	KR_VIEWER_KEY,		 /* an API key */
	KR_VIEWER_RECIPIENT,	 /* who is told: mail, webhook, file, signed link */
};

struct kr_viewer {
	enum kr_viewer_kind kind;
	uint64_t id;	    /* of the user, key or recipient */
	struct kr_str name; /* for the banner and the audit log */
	enum kr_role role;
	enum kr_door door;
	uint32_t constituent; /* 0: none */
	struct kr_str constituent_name;
	uint32_t rights;     /* of the role, as far as the key has them */
	enum kr_tlp tlp_max; /* of the key; NONE: no limit of its own */
	struct kr_str lang, address;
	struct kr_str csrf; /* token of the session, for forms; empty for keys */
	uint64_t session;   /* 0: none */
};

/* NULL for NONE and numbers that no role has. */
const struct kr_role_info *kr_role_info(enum kr_role r);
KR_MUST_USE int kr_role_parse(struct kr_str s, enum kr_role *ret);
const char *kr_door_text(enum kr_door d);
/* Tightest label that passes a door; NONE: nothing passes. */
enum kr_tlp kr_door_tlp(enum kr_door d);
/* Names of rights, separated by commas, appended; and back (with remedy). */
struct kr_buf;
void kr_rights_text(uint32_t rights, struct kr_buf *b);
KR_MUST_USE int kr_rights_parse(struct kr_str s, uint32_t *ret, struct kr_fault *reterr);
/* The local owner of the directory. */
struct kr_viewer kr_viewer_local(void);
static inline bool kr_viewer_can(const struct kr_viewer *v, enum kr_right r)
{
	return (v->rights & (uint32_t)r) != 0;
}
