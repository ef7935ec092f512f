/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the room: what reading and writing n6 share. */
#pragma once

#include "codec/codec.h"

struct kr_n6_category {
	struct kr_str name, type; /* "bots", "infected-system" */
	bool malware;		  /* "name" names a malware */
};

/* By its name; NULL: n6 has no such category. */
const struct kr_n6_category *kr_n6__category_find(struct kr_str name);
/* The one that is written for a type; NULL: none says it. */
const struct kr_n6_category *kr_n6__category_of(struct kr_str type);

void kr_n6__item(struct kr_buf *b, const struct kr_event *e, bool first,
		 const struct kr_codec_write_opts *w);
