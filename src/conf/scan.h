/* SPDX-License-Identifier: Apache-2.0 */
/* A first look at the bytes of a configuration file, before libconfuse sees them. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/*
 * Blank out comments, in place: libconfuse 3.3 counts lines of comments twice, so its line numbers
 * would be wrong. What it would let pass is refused here: NUL and other control bytes, text that is
 * not UTF-8, braces and quotes that are not closed.
 *
 * Returns 0 or -KR_ECONF with the line.
 */
KR_MUST_USE int kr_conf__scan(struct kr_buf *b, struct kr_fault *reterr);
