/* SPDX-License-Identifier: Apache-2.0 */
/* Mail addresses that messages are sent to and from. */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/str.h"

#define KR_MAILADDR_MAX	      254 /* bytes in all (RFC 5321 with its erratum 1690) */
#define KR_MAILADDR_LOCAL_MAX 64  /* before the '@' */

/*
 * Check an address and bring it to the form in which mail servers take it: "name@domain", the
 * domain in lower case and in ASCII (A-labels). What stands before the '@' is a dot-atom of ASCII
 * (RFC 5322 section 3.2.3) and keeps its case: nothing in it can end a command or a header field.
 *
 * s      blanks around it are passed over; no display name, no quoted form, no address literal
 * arena  takes the result, with a NUL behind it
 *
 * Returns 0; -KR_EINVAL, the fault says what is wrong; -KR_ELIMIT (arena).
 */
KR_MUST_USE int kr_mailaddr_parse(struct kr_str s, struct kr_arena *arena, struct kr_str *ret,
				  struct kr_fault *reterr);
/* What stands behind the last '@' of a checked address. */
struct kr_str kr_mailaddr_domain(struct kr_str address);
