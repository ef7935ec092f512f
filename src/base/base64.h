/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648 section 4), written in lines or not, read from mail or from one value. */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/str.h"

/*
 * Append bytes as base64 with padding.
 *
 * line_max  characters after which CR LF comes, a multiple of 4 (76 in mail); 0: one line. The last
 *           line has no CR LF behind it
 */
void kr_base64_write(struct kr_buf *b, struct kr_str bytes, size_t line_max);
/*
 * Append what base64 text stands for.
 *
 * loose  as mail is read (RFC 2045): bytes outside of the alphabet are passed over, and what comes
 *        behind padding or is incomplete is left out; else they are errors
 *
 * Returns 0; -KR_EINVAL (not loose). The maximum of the buffer is its sticky error.
 */
KR_MUST_USE int kr_base64_read(struct kr_buf *b, struct kr_str text, bool loose);
