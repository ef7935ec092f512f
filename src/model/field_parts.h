/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to model: the parsers behind kr_field_parse(), one for each kind. Each gets text that is
 * not empty and has no blanks around it, and returns 0, -KR_EINVAL or -KR_ELIMIT (arena full).
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "model/field.h"

/* Domain names and URLs: field_name.c. The result is a slice of the input if that is clean. */
KR_MUST_USE int kr_model__fqdn(struct kr_str s, struct kr_arena *arena, struct kr_str *ret);
KR_MUST_USE int kr_model__url(struct kr_str s, struct kr_arena *arena, struct kr_str *ret);

/* kr_observable_refang() without trimming; scheme: hxxp at the start is one. observable.c */
KR_MUST_USE int kr_model__refang(struct kr_str text, bool scheme, struct kr_arena *arena,
				 struct kr_str *ret);

/* Texts from a fixed set: field_set.c. The result is a constant. */
KR_MUST_USE int kr_model__transport(struct kr_str s, struct kr_str *ret);
KR_MUST_USE int kr_model__registry(struct kr_str s, struct kr_str *ret);
KR_MUST_USE int kr_model__severity(struct kr_str s, struct kr_str *ret);
KR_MUST_USE int kr_model__bool(struct kr_str s, int64_t *ret);

/* Valid UTF-8 without control characters (C0, DEL, C1)? */
bool kr_model__is_text(struct kr_str s);
/* A copy with ASCII letters made lower-case or upper-case. */
KR_MUST_USE int kr_model__fold(struct kr_str s, bool upper, struct kr_arena *arena,
			       struct kr_str *ret);

/*
 * Quoting input in a message: where to cut it so that no character is halved, and how to hide what
 * a terminal must not see (control characters, bytes that are not UTF-8 become '?').
 */
size_t kr_model__cut(struct kr_str s, size_t max);
void kr_model__printable(char *p, size_t n);
