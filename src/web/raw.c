/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the spool holds a report as frames of at most 512 KiB. One pass counts line ends
 * between one piece and the next, so the work is that of reading the report once, and it stops at a
 * limit: pieces behind that keep line 0 and are shown by their offset.
 */
#include "web/raw.h"

#include <string.h>

#include "store/spool.h"

struct pass {
	uint64_t base; /* offset of the frame */
	uint64_t line; /* of `at` in the frame */
	size_t at;
};

static void count_lines(struct pass *s, const struct kr_buf *frame, size_t to)
{
	while (s->at < to) {
		const char *nl = memchr(frame->p + s->at, '\n', to - s->at);

		if (!nl) {
			s->at = to;
			return;
		}
		s->line++;
		s->at = (size_t)(nl - frame->p) + 1;
	}
}

/* Fills what begins in this frame; returns the number filled. */
static size_t fill(struct kr_page *p, struct pass *s, const struct kr_buf *frame,
		   struct kr_web_raw *pieces, size_t n, size_t text_max)
{
	size_t i = 0;

	for (; i < n && pieces[i].offset < s->base + frame->n; i++) {
		size_t at = (size_t)(pieces[i].offset - s->base);
		size_t have = KR_MIN(frame->n - at, text_max);

		count_lines(s, frame, at);
		pieces[i].line = s->line;
		have = (size_t)KR_MIN((uint64_t)have, pieces[i].length);
		pieces[i].text = kr_arena_dup(p->a, kr_str_n(frame->p + at, have));
	}
	return i;
}

int kr_web__raw_pieces(struct kr_page *p, const struct kr_report *r, struct kr_web_raw *pieces,
		       size_t n, size_t text_max)
{
	KR_AUTO_BUF frame = KR_BUF(KR_FRAME_BYTES * 4);
	struct kr_spool_reader *reader = NULL;
	struct pass s = {.line = 1};
	int err;

	if (!n)
		return 0;
	err = kr_spool_open(p->w->store, r->class_, r->day, &r->hash, &reader, p->fault);
	if (err < 0)
		return err == -KR_ENOENT ? 0 : err;
	while (n && s.base < KR_WEB_RAW_PASS_MAX) {
		size_t filled;

		kr_buf_clear(&frame);
		err = kr_spool_frame(reader, &frame, p->fault);
		if (err <= 0)
			break;
		s.at = 0;
		filled = fill(p, &s, &frame, pieces, n, text_max);
		pieces += filled;
		n -= filled;
		count_lines(&s, &frame, frame.n);
		s.base += frame.n;
	}
	kr_spool_reader_free(reader);
	return KR_MIN(err, 0);
}
