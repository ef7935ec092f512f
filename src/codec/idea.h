/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the room: what reading and writing IDEA share. */
#pragma once

#include "codec/codec.h"
#include "codec/members.h"

/* The type of a category; p NULL: not known. exact: not by what stands before the dot. */
struct kr_str kr_idea__type_of(struct kr_str category);
/* What a tag of Source.Type makes of a category; p NULL: nothing. */
struct kr_str kr_idea__type_by_tag(struct kr_str category, struct kr_str tag);
/* What is written for a type; false: nothing says it. */
bool kr_idea__category_of(struct kr_str type, struct kr_str *ret_category, struct kr_str *ret_tag);

/* An element of Source or Target. */
struct kr_idea_side {
	struct kr_str category; /* that counts; for tags of a source */
	bool target;
	struct kr_idea_address {
		struct kr_idea_address *next;
		struct kr_str text;
	} *addresses, **end; /* in the order given, of IP4 and IP6 */
	unsigned n;
};

/*
 * Read one element, whose '{' was read, into r->e; its addresses are left to the caller.
 *
 * Returns 0 or an error of the reader.
 */
KR_MUST_USE int kr_idea__side_read(struct kr_reading *r, struct kr_idea_side *side);
/* Put one address: an address, a network, or kept in extra with a warning. */
KR_MUST_USE int kr_idea__address(struct kr_reading *r, bool target, struct kr_str text);

/*
 * Read a list of the message into r->e. What no field takes is kept in extra; of attachments the
 * content is not. 0 or an error of the reader.
 *
 * ret  the category that counts: the first that is known, or Test
 */
KR_MUST_USE int kr_idea__category(struct kr_reading *r, struct kr_json_token *t,
				  struct kr_str *ret);
KR_MUST_USE int kr_idea__ref(struct kr_reading *r, struct kr_json_token *t);
KR_MUST_USE int kr_idea__attach(struct kr_reading *r, struct kr_json_token *t);
KR_MUST_USE int kr_idea__node(struct kr_reading *r, struct kr_json_token *t);

void kr_idea__item(struct kr_buf *b, const struct kr_event *e, bool first,
		   const struct kr_codec_write_opts *w);
