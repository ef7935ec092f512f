/* SPDX-License-Identifier: Apache-2.0 */
/* Observables: what people write in free text, brought to one canonical form. */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/str.h"
#include "model/field.h"

/* The numbers are stored. */
enum kr_observable_kind {
	KR_OBS_NONE = 0,
	KR_OBS_IP = 1,	   /* value.ip */
	KR_OBS_NET = 2,	   /* value.ip */
	KR_OBS_DOMAIN = 3, /* value.text, ASCII form */
	KR_OBS_URL = 4,	   /* value.text */
	KR_OBS_EMAIL = 5,  /* value.text, the domain in its ASCII form */
	KR_OBS_MD5 = 6,	   /* value.text, lower-case; so the other digests */
	KR_OBS_SHA1 = 7,
	KR_OBS_SHA256 = 8,
	KR_OBS_SHA512 = 9,
	KR_OBS_ASN = 10, /* value.i */
};
#define KR_OBSERVABLES 11 /* one above the highest */

struct kr_observable {
	enum kr_observable_kind kind;
	union kr_value value;
};

/* A text longer than this is none: the longest kind is a URL. */
#define KR_OBSERVABLE_MAX 8192

/*
 * Undo what people do to make an address harmless: hxxp and hxxps at the start; "[.]", "(.)",
 * "{.}", "[dot]",
 * "(dot)", "{dot}", " dot ", "[:]", "[://]", "[/]", "[@]", "(@)", "[at]", "(at)", "{at}"; any case.
 * Blanks around the text go too. Nothing is left to undo afterwards: doing it twice is the same as
 * once.
 *
 * text   borrowed; the result is a slice of it if there was nothing to undo
 * arena  takes a rewritten text
 *
 * Returns 0; -KR_ELIMIT (arena full).
 */
KR_MUST_USE int kr_observable_refang(struct kr_str text, struct kr_arena *arena,
				     struct kr_str *ret);

/*
 * Which kind of observable is this text, as a whole?
 *
 * text   refanged first; borrowed: the value may be a slice of it
 * arena  takes what had to be rewritten
 *
 * Returns 0; -KR_EINVAL (none that is known; reterr says so); -KR_ELIMIT (arena full, or over
 * KR_OBSERVABLE_MAX). A domain needs a dot and a last label of letters (or an international one).
 */
KR_MUST_USE int kr_observable_detect(struct kr_str text, struct kr_arena *arena,
				     struct kr_observable *ret, struct kr_fault *reterr);
/* "ip", "net", "domain", ...; "" for NONE. */
const char *kr_observable_kind_text(enum kr_observable_kind kind);
/* KR_OBS_NONE if there is no such kind. */
enum kr_observable_kind kr_observable_kind_find(struct kr_str text);
/* The value in its canonical text, appended. */
void kr_observable_text(const struct kr_observable *o, struct kr_buf *b);
/* The field of an event that takes it; KR_F_NONE for a kind without one (sha512). */
enum kr_field kr_observable_field(enum kr_observable_kind kind);

/*
 * A domain name as people read it: international labels in their own letters, where they survive
 * the way back; otherwise the name as it is.
 */
struct kr_str kr_domain_display(struct kr_str ascii, struct kr_arena *arena);
