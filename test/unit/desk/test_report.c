/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "base/buf.h"
#include "desk/report.h"
#include "desk/source.h"
#include "prop.h"
#include "store.h"

static struct kr_store *store;
static struct kr_arena *arena;
static uint32_t source;

/* A text of lines of random length, over several frames of the spool. */
static void random_lines(struct kr_buf *b, size_t n)
{
	while (b->n < n) {
		size_t length = prop_chance(1) ? prop_below(700000) : prop_below(200);

		for (size_t i = 0; i < length; i++)
			kr_buf_ch(b, (char)('a' + prop_below(26)));
		kr_buf_ch(b, '\n');
	}
}

static uint64_t line_of(struct kr_str text, uint64_t offset)
{
	uint64_t line = 1;

	for (uint64_t i = 0; i < offset; i++)
		line += text.p[i] == '\n';
	return line;
}

#define PIECES 50

static void test_pieces(void)
{
	KR_AUTO_BUF b = KR_BUF((size_t)8 << 20);
	struct kr_desk_piece pieces[PIECES] = {0};
	struct kr_fault f = {0};
	unsigned bad = 0;
	uint64_t id, at = 0;
	struct kr_str text;

	random_lines(&b, (size_t)3 << 20);
	text = kr_buf_str(&b);
	id = store_report(store, source, "lines.txt", text);
	for (size_t i = 0; i < PIECES; i++) {
		at += prop_below(text.n / PIECES);
		pieces[i].offset = at;
		pieces[i].length = KR_MIN(prop_chance(10) ? prop_below(400000) : prop_below(300),
					  text.n - at);
	}
	IS(kr_desk_report_pieces(store, &KR_SCOPE_ALL, id, pieces, PIECES, 1000, arena, &f), 0,
	   "pieces of a report");
	for (size_t i = 0; i < PIECES; i++) {
		const struct kr_desk_piece *p = &pieces[i];
		struct kr_str want = kr_str_first(kr_str_from(text, p->offset),
						  KR_MIN(p->length, (uint64_t)1000));

		/* The pieces before may reach into this one: then it is left without its bytes. */
		if (i &&
		    p->offset < pieces[i - 1].offset + KR_MIN(pieces[i - 1].length, (uint64_t)1000))
			continue;
		while (p->length <= 1000 && want.n && want.p[want.n - 1] == '\n')
			want.n--;
		bad += p->line != line_of(text, p->offset) || p->cut != (p->length > 1000) ||
		       !kr_str_eq(p->bytes, want);
	}
	IS(bad, 0, "have their line and their bytes");
}

static void test_edges(void)
{
	static const char text[] = "one\r\ntwo\n\nfour";
	struct kr_desk_piece p[] = {{.offset = 0, .length = 5},
				    {.offset = 5, .length = 4},
				    {.offset = 10, .length = 4},
				    {.offset = 14, .length = 9}};
	struct kr_fault f = {0};
	uint64_t id = store_report(store, source, "edges.txt", kr_str_c(text));

	IS(kr_desk_report_pieces(store, &KR_SCOPE_ALL, id, p, 4, 100, arena, &f), 0,
	   "short pieces");
	OK(p[0].line == 1 && kr_str_eqc(p[0].bytes, "one"), "the end of a line is dropped");
	OK(p[1].line == 2 && kr_str_eqc(p[1].bytes, "two"), "the second line");
	OK(p[2].line == 4 && kr_str_eqc(p[2].bytes, "four") && !p[2].cut,
	   "a last line without an end");
	OK(p[3].line == 0, "what is behind the end is not found");
	IS(kr_desk_report_pieces(store, &KR_SCOPE_ALL, 999, p, 1, 100, arena, &f), -KR_ENOENT,
	   "a report that is none");
}

static int collect(void *ctx, struct kr_str bytes)
{
	kr_buf_str_add(ctx, bytes);
	return 0;
}

static int stop(void *ctx, struct kr_str bytes)
{
	(void)ctx;
	(void)bytes;
	return -KR_ECANCEL;
}

static void test_raw(void)
{
	KR_AUTO_BUF in = KR_BUF((size_t)4 << 20), out = KR_BUF((size_t)4 << 20);
	struct kr_fault f = {0};
	uint64_t id;

	random_lines(&in, (size_t)1 << 20);
	id = store_report(store, source, "raw.txt", kr_buf_str(&in));
	IS(kr_desk_report_raw(store, &KR_SCOPE_ALL, id, collect, &out, &f), 0, "the raw report");
	OK(kr_str_eq(kr_buf_str(&in), kr_buf_str(&out)), "is what came");
	IS(kr_desk_report_raw(store, &KR_SCOPE_ALL, id, stop, NULL, &f), -KR_ECANCEL,
	   "a reader may stop");
	IS(kr_desk_report_raw(store, &KR_SCOPE_ALL, 999, collect, &out, &f), -KR_ENOENT,
	   "no such report");
}

static void test_show(void)
{
	static const char text[] = "good\nbad line\nworse\n";
	KR_AUTO(kr_batch) *b = kr_batch_new(1 << 20);
	struct kr_desk_report d;
	struct kr_taking *t;
	struct kr_taken total;
	struct kr_fault f = {0};
	uint64_t id = store_report(store, source, "show.txt", kr_str_c(text));

	store_must(kr_store_take_begin(store, id, false, KR_STR("idf"), 0, NULL, &t, &f), &f,
		   "take");
	kr_batch_refuse(b, 5, 9, 2, 3, "it is bad");
	kr_batch_refuse(b, 14, 6, 3, 0, "it is worse");
	store_must(kr_store_batch(t, 0, b, &f), &f, "batch");
	store_must(kr_store_take_end(t, KR_REPORT_TAKEN, KR_STR(""), &total, &f), &f, "end");
	IS(kr_desk_report_show(store, &KR_SCOPE_ALL, id, 10, arena, &d, &f), 0,
	   "a report is shown");
	OK(d.row.state == KR_REPORT_TAKEN && d.row.total.refused == 2 && d.n_refused == 2 &&
		   !d.raw_gone,
	   "with what was refused");
	OK(d.refused[0].piece.line == 2 && kr_str_eqc(d.refused[0].piece.bytes, "bad line") &&
		   kr_str_eqc(d.refused[0].row.reason, "it is bad") && d.refused[0].row.column == 3,
	   "where, what and why");
	OK(d.refused[1].piece.line == 3 && kr_str_eqc(d.refused[1].piece.bytes, "worse"),
	   "each of them");
	IS(kr_desk_report_show(store, &KR_SCOPE_ALL, id, 1, arena, &d, &f), 0, "at most one");
	IS(d.n_refused, 1, "is one");
	IS(kr_desk_report_show(store, &KR_SCOPE_ALL, id, 0, arena, &d, &f), 0, "none");
	IS(d.n_refused, 0, "is none");
	IS(kr_desk_report_show(store, &KR_SCOPE_ALL, 999, 0, arena, &d, &f), -KR_ENOENT,
	   "no such report");
}

static void test_states(void)
{
	enum kr_report_state s;

	for (int i = KR_REPORT_SPOOLED; i <= KR_REPORT_DROPPED; i++) {
		const char *text = kr_desk_report_state_text((enum kr_report_state)i);

		OK(kr_desk_report_state_parse(kr_str_c(text), &s) == 0 && (int)s == i, "state %s",
		   text);
	}
	IS(kr_desk_report_state_parse(KR_STR("gone"), &s), -KR_EINVAL, "no state");
}

int main(void)
{
	struct kr_desk_source_change none = {0};
	struct kr_source src;
	struct kr_fault f = {0};

	prop_begin(1);
	store = store_make();
	arena = kr_arena_new(0);
	store_must(kr_desk_source_add(store, KR_BY_LOCAL, KR_STR("s"), &none, KR_TLP_AMBER, arena,
				      &src, &f),
		   &f, "source");
	source = src.id;
	test_pieces();
	test_edges();
	test_raw();
	test_show();
	test_states();
	kr_arena_free(arena);
	store_drop(store);
	return tap_end();
}
