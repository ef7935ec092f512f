/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of raw reports with their line numbers. */
#pragma once

#include "web/page.h"

#define KR_WEB_RAW_PASS_MAX ((uint64_t)64 << 20) /* bytes of a report that a page reads through */

struct kr_web_raw {
	uint64_t offset, length; /* in the report */
	uint64_t line;		 /* set: 1-based, 0: beyond what was read */
	struct kr_str text;	 /* set: beginning of the piece, in the arena */
};

/*
 * Read through a report once and fill line and text of each piece.
 *
 * pieces    sorted by offset
 * text_max  bytes of text
 *
 * Returns 0, also where the raw bytes are gone (then lines stay 0); other errors of the store.
 */
KR_MUST_USE int kr_web__raw_pieces(struct kr_page *p, const struct kr_report *r,
				   struct kr_web_raw *pieces, size_t n, size_t text_max);
