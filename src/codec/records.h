/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the room: a report that is a stream of JSON objects (lines, an array, one after the
 * other), as idf, xarf, n6 and idea are. Finds the records, refuses broken ones with their place,
 * and hands each to its codec.
 */
#pragma once

#include "base/json.h"
#include "codec/codec.h"
#include "codec/plan.h"

/*
 * Make events of one record and add them to the batch.
 *
 * j    its opening '{' was read; the callback reads up to and with its '}'
 * at   where it lies, for kr_codec__set_place()
 * why  may be filled on error; else a text is chosen by the code
 *
 * Returns 0; an error refuses the record, and what it added to the batch is taken out again.
 */
typedef int kr_record_read(void *ctx, struct kr_json *j, const struct kr_place *at,
			   struct kr_batch *out, struct kr_fault *why);

struct kr_records {
	struct kr_json_split split;
	size_t record_max;
	unsigned depth_max;
	const char *what; /* "an event is an object {...}" */
	kr_record_read *read;
	void *ctx;
};

/* record_max is that of opts and what the codec adds to it: see xarf.c. */
void kr_codec__records_init(struct kr_records *r, const struct kr_codec_opts *opts,
			    size_t record_more, const char *what, kr_record_read *read, void *ctx);
void kr_codec__records_done(struct kr_records *r);
/* Read more bytes; eof: there are no more. Always 0: only records are refused. */
int kr_codec__records_feed(struct kr_records *r, struct kr_str bytes, bool eof,
			   struct kr_batch *out);
/*
 * Functions of struct kr_codec for such a codec. Its state must begin with a struct kr_records, be
 * one piece of malloc(), and own nothing else.
 */
int kr_codec__records_bytes(struct kr_codec_state *s, struct kr_str bytes, struct kr_batch *out,
			    struct kr_fault *reterr);
int kr_codec__records_end(struct kr_codec_state *s, struct kr_batch *out, struct kr_fault *reterr);
void kr_codec__records_close(struct kr_codec_state *s);
/* Writing: lines need nothing before the first and behind the last. */
void kr_codec__nothing_before(struct kr_buf *b);
void kr_codec__nothing_behind(struct kr_buf *b, bool empty);
/* What sniff() of such a codec looks at: the head without blanks and an opening '['; p NULL if this
 * is no object. */
struct kr_str kr_codec__records_head(struct kr_str head);
