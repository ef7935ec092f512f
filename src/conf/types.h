/* SPDX-License-Identifier: Apache-2.0 */
/* Types of settings and how their values are read. */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/str.h"

enum kr_conf_type {
#define T(type, c_type, doc) KR_CONF_##type,
#include "conf/types.def"
#undef T
	KR_CONF_TYPES,
};

/* kr_conf_c_SPAN, ...: spans are microseconds, sizes bytes; an ENUM is its word in lower case. */
#define T(type, c_type, doc) typedef c_type kr_conf_c_##type;
#include "conf/types.def"
#undef T

/* Word for it, "span", and what a value looks like. */
const char *kr_conf_type_text(enum kr_conf_type t);
const char *kr_conf_type_doc(enum kr_conf_type t);

/*
 * Read a value.
 *
 * least, most  limits in the same spelling, "" for none; for TEXT they count bytes; for ENUM least
 * lists the words arena        takes text ret          int64_t, uint64_t, bool or const char * by
 * the type
 *
 * Returns 0 or -KR_ECONF, the message saying what would be right.
 */
KR_MUST_USE int kr_conf__parse(enum kr_conf_type t, struct kr_str value, const char *least,
			       const char *most, struct kr_arena *arena, void *ret,
			       struct kr_fault *reterr);
