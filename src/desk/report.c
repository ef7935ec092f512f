/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: pieces of a report are wanted with their line numbers, and lines can only be
 * counted from the beginning. So all pieces are picked in one pass over the frames of the spool,
 * however many there are, and the pass ends behind the last one.
 */
#include "desk/report.h"

#include "base/buf.h"
#include "store/spool.h"

#define REFUSED_SHOWN 200 /* bytes of a refused record */

static const char *const states[] = {
	[KR_REPORT_SPOOLED] = "spooled",	 [KR_REPORT_TAKEN] = "taken",
	[KR_REPORT_QUARANTINED] = "quarantined", [KR_REPORT_REFUSED] = "refused",
	[KR_REPORT_DROPPED] = "dropped",
};

const char *kr_desk_report_state_text(enum kr_report_state state)
{
	assert(state >= KR_REPORT_SPOOLED && state < KR_ARRAY_LEN(states));
	return states[state];
}

int kr_desk_report_state_parse(struct kr_str s, enum kr_report_state *ret)
{
	for (unsigned i = KR_REPORT_SPOOLED; i < KR_ARRAY_LEN(states); i++)
		if (kr_str_ieq(s, kr_str_c(states[i]))) {
			*ret = (enum kr_report_state)i;
			return 0;
		}
	return -KR_EINVAL;
}

static int open_raw(struct kr_store *s, const struct kr_scope *scope, uint64_t report,
		    struct kr_spool_reader **ret, struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new((size_t)1 << 20);
	struct kr_report r;
	int err = kr_store_report_get(s, scope, report, a, &r, reterr);

	if (err)
		return err;
	if (r.state == KR_REPORT_DROPPED) {
		kr_fault_set(reterr, -KR_ENOENT, "the raw bytes of report %llu are gone",
			     (unsigned long long)report);
		kr_fault_remedy(reterr, "its retention has ended");
		return -KR_ENOENT;
	}
	return kr_spool_open(s, r.class_, r.day, &r.hash, ret, reterr);
}

static uint64_t count_lines(const char *p, size_t n)
{
	const char *end = p + n;
	uint64_t lines = 0;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		lines++;
		p++;
	}
	return lines;
}

/* A pass over the report. */
struct pass {
	struct kr_desk_piece *pieces;
	size_t n, next; /* the piece that is looked for or read */
	size_t size_max;
	struct kr_buf bytes;	/* of that piece */
	uint64_t base;		/* offset of the frame */
	uint64_t line, counted; /* line at offset `counted` */
	struct kr_arena *a;
};

static void finish_piece(struct pass *p)
{
	struct kr_desk_piece *piece = &p->pieces[p->next++];
	struct kr_str s = kr_buf_str(&p->bytes);

	piece->cut = s.n < piece->length;
	while (!piece->cut && s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
		s.n--;
	piece->bytes = kr_arena_dup(p->a, s);
	kr_buf_clear(&p->bytes);
}

/* Take from a frame what the pieces want of it. */
static void pick(struct pass *p, struct kr_str frame)
{
	uint64_t end = p->base + frame.n;

	while (p->next < p->n && p->pieces[p->next].offset < end) {
		struct kr_desk_piece *piece = &p->pieces[p->next];
		uint64_t size = KR_MIN(piece->length, (uint64_t)p->size_max);
		uint64_t from = KR_MAX(piece->offset, p->base),
			 to = KR_MIN(piece->offset + size, end);

		if (!piece->line && piece->offset < p->counted) {
			/* Out of order: left without its bytes. */
			p->next++;
			continue;
		}
		if (!piece->line) {
			p->line += count_lines(frame.p + (p->counted - p->base),
					       (size_t)(from - p->counted));
			p->counted = from;
			piece->line = p->line;
		}
		if (to > from)
			kr_buf_add(&p->bytes, frame.p + (from - p->base), (size_t)(to - from));
		if (piece->offset + size > end)
			break;
		finish_piece(p);
	}
	p->line += count_lines(frame.p + (p->counted - p->base), (size_t)(end - p->counted));
	p->counted = p->base = end;
}

int kr_desk_report_pieces(struct kr_store *s, const struct kr_scope *scope, uint64_t report,
			  struct kr_desk_piece *pieces, size_t n, size_t size_max,
			  struct kr_arena *a, struct kr_fault *reterr)
{
	struct pass p = {.pieces = pieces, .n = n, .size_max = size_max, .line = 1, .a = a};
	struct kr_buf frame = KR_BUF(2 * KR_FRAME_BYTES);
	struct kr_spool_reader *r;
	int err;

	err = open_raw(s, scope, report, &r, reterr);
	if (err)
		return err;
	p.bytes = KR_BUF(size_max);
	err = 1;
	while (p.next < n && (err = kr_spool_frame(r, &frame, reterr)) > 0)
		pick(&p, kr_buf_str(&frame));
	if (err >= 0 && p.next < n && pieces[p.next].line)
		finish_piece(&p);
	kr_spool_reader_free(r);
	kr_buf_done(&frame);
	kr_buf_done(&p.bytes);
	if (err >= 0 && kr_arena_full(a))
		return kr_fault_set(reterr, -KR_ELIMIT, "no memory for the raw bytes");
	return err < 0 ? err : 0;
}

int kr_desk_report_raw(struct kr_store *s, const struct kr_scope *scope, uint64_t report,
		       int (*write)(void *ctx, struct kr_str bytes), void *ctx,
		       struct kr_fault *reterr)
{
	struct kr_buf frame = KR_BUF(2 * KR_FRAME_BYTES);
	struct kr_spool_reader *r;
	int err = open_raw(s, scope, report, &r, reterr);

	if (err)
		return err;
	while ((err = kr_spool_frame(r, &frame, reterr)) > 0)
		if ((err = write(ctx, kr_buf_str(&frame))) < 0)
			break;
	kr_spool_reader_free(r);
	kr_buf_done(&frame);
	return err;
}

static int name_mapping(struct kr_store *s, struct kr_arena *a, struct kr_desk_report *ret,
			struct kr_fault *reterr)
{
	struct kr_mapping_row *rows;
	size_t n;
	int err;

	if (!ret->row.mapping)
		return 0;
	err = kr_store_mapping_list(s, a, &rows, &n, reterr);
	for (size_t i = 0; !err && i < n; i++)
		if (rows[i].id == ret->row.mapping) {
			ret->mapping = rows[i].name;
			ret->mapping_version = rows[i].version;
		}
	return err;
}

/* The refused records, with their bytes as long as the archive has them. */
static int read_refused(struct kr_store *s, const struct kr_scope *scope, uint32_t max,
			struct kr_arena *a, struct kr_desk_report *ret, struct kr_fault *reterr)
{
	struct kr_refused_row *rows = NULL;
	struct kr_desk_piece *pieces;
	struct kr_fault gone;
	size_t n = 0;
	int err = max ? kr_store_refused_list(s, scope, ret->row.id, max, a, &rows, &n, reterr) : 0;

	if (err || !n)
		return err;
	pieces = kr_arena_calloc(a, n, sizeof(*pieces));
	ret->refused = kr_arena_calloc(a, n, sizeof(*ret->refused));
	if (!pieces || !ret->refused)
		return kr_fault_set(reterr, -KR_ELIMIT, "too many refused records to show");
	for (size_t i = 0; i < n; i++) {
		pieces[i].offset = rows[i].offset;
		pieces[i].length = rows[i].length;
	}
	/* What was refused is told even where the raw bytes cannot be read. */
	ret->raw_gone = kr_desk_report_pieces(s, scope, ret->row.id, pieces, n, REFUSED_SHOWN, a,
					      &gone) < 0;
	for (size_t i = 0; i < n; i++)
		ret->refused[i] = (struct kr_desk_refused){.row = rows[i], .piece = pieces[i]};
	ret->n_refused = n;
	return 0;
}

int kr_desk_report_show(struct kr_store *s, const struct kr_scope *scope, uint64_t report,
			uint32_t refused_max, struct kr_arena *a, struct kr_desk_report *ret,
			struct kr_fault *reterr)
{
	int err;

	*ret = (struct kr_desk_report){0};
	err = kr_store_report_get(s, scope, report, a, &ret->row, reterr);
	if (!err)
		err = name_mapping(s, a, ret, reterr);
	if (!err && ret->row.total.dropped)
		err = kr_store_report_drops(s, report, a, &ret->drops, &ret->n_drops, reterr);
	return err ? err : read_refused(s, scope, refused_max, a, ret, reterr);
}
