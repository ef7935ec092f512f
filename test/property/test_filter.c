/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same expression in SQL and in memory: random events are stored as rows, and for random
 * expressions the rows that SQL selects are those that kr_expr_match() accepts of the events as
 * they read back.
 */
#include "tap.h"

#include "base/buf.h"
#include "expr_gen.h"
#include "store/sqlite/db.h"
#include "store/sqlite/filter.h"
#include "store/sqlite/row.h"

#define ROWS 300

static const struct kr_event_id partition = {.class_ = KR_RETAIN_STANDARD, .day = 20778, .part = 1};

struct world {
	sqlite3 *db;
	struct kr_arena *a; /* the events as they read back */
	struct kr_row row[ROWS];
};

static struct kr_str source_name(uint32_t id)
{
	return kr_str_c(gen_sources[id - 1]);
}

static int resolve(void *ctx, const struct kr_expr_leaf *leaf, struct kr_arena *a,
		   const uint32_t **ret_ids, size_t *ret_n, struct kr_fault *reterr)
{
	const char *const *names = leaf->subject == KR_SUBJ_SOURCE ? gen_sources : gen_names;
	size_t n = leaf->subject == KR_SUBJ_SOURCE ? KR_ARRAY_LEN(gen_sources)
						   : KR_ARRAY_LEN(gen_names);
	uint32_t *ids = kr_arena_calloc(a, n, sizeof(*ids));

	(void)ctx;
	(void)reterr;
	*ret_n = 0;
	for (size_t i = 0; i < n; i++)
		if (kr_expr_leaf_text(leaf, kr_str_c(names[i])))
			ids[(*ret_n)++] = (uint32_t)i + 1;
	*ret_ids = ids;
	return 0;
}

static const struct kr_filter_names names = {.resolve = resolve};

static void must(int r, const char *what)
{
	if (r < 0) {
		printf("Bail out! %s: %s\n", what, kr_err_text(r));
		exit(1);
	}
}

static void fill(struct world *w)
{
	KR_AUTO(kr_arena) *scratch = kr_arena_new(0);
	KR_AUTO_BUF sql = KR_BUF(65536);
	struct kr_db_opts opts = {.flags = KR_DB_CREATE | KR_DB_NORMAL};
	struct kr_fault fault;
	sqlite3_stmt *st;

	must(kr_db_open(":memory:", &opts, &w->db, &fault), "open");
	must(kr_filter_register(w->db, &fault), "register");
	kr_row_ddl(&sql);
	must(kr_db_exec(w->db, kr_buf_cstr(&sql), &fault), "ddl");
	kr_buf_clear(&sql);
	kr_buf_printf(&sql, "INSERT INTO event(%s) VALUES (?1", kr_row_columns());
	for (int i = 2; i <= kr_row_width(); i++)
		kr_buf_printf(&sql, ",?%d", i);
	kr_buf_ch(&sql, ')');
	must(kr_db_prepare(w->db, kr_buf_cstr(&sql), &st, &fault), "insert");
	for (uint64_t i = 1; i <= ROWS; i++) {
		KR_AUTO_BUF packed = KR_BUF(1 << 20);
		struct kr_event *e = gen_event(scratch);

		kr_row_pack(&packed, 1 + (uint32_t)prop_below(KR_ARRAY_LEN(gen_sources)),
			    1 + prop_below(4), e);
		kr_row_bind(st, kr_buf_str(&packed), i);
		must(kr_db_run(st, &fault), "insert");
	}
	sqlite3_finalize(st);
	kr_buf_clear(&sql);
	kr_buf_printf(&sql, "SELECT %s FROM event ORDER BY id", kr_row_columns());
	must(kr_db_prepare(w->db, kr_buf_cstr(&sql), &st, &fault), "select");
	for (size_t i = 0; kr_db_step(st, &fault) == 1; i++)
		must(kr_row_read(st, 0, w->a, &w->row[i], &fault), "read");
	sqlite3_finalize(st);
}

static bool in_memory(const struct kr_expr *x, const struct kr_row *row)
{
	struct kr_expr_event ev = {
		.e = row->e, .report = row->report, .source = source_name(row->source)};
	struct kr_event_id id = partition;
	char text[KR_EVENT_ID_TEXT_MAX];
	struct kr_str owners[8];

	id.row = row->id;
	ev.id = kr_str_c(kr_event_id_text(&id, text));
	ev.constituents = owners;
	for (uint32_t i = 0; i < row->e->n_owners; i++)
		owners[ev.n_constituents++] =
			kr_str_c(gen_names[row->e->owners[i].constituent - 1]);
	return kr_expr_match(x, &ev);
}

/* The set of ids that SQL selects, as a bitmap. */
static int select_ids(struct world *w, const struct kr_expr *x, struct kr_arena *a,
		      bool hit[ROWS + 1], const char **ret_sql)
{
	const struct kr_filter *f = NULL;
	KR_AUTO_BUF sql = KR_BUF(4 << 20);
	struct kr_fault fault = {0};
	KR_AUTO_STMT st = NULL;
	int r;

	memset(hit, 0, (ROWS + 1) * sizeof(bool));
	r = kr_filter_make(x, &names, 2, a, &f, &fault);
	if (r < 0)
		return r;
	*ret_sql = kr_filter_sql(f);
	kr_buf_printf(&sql, "SELECT id FROM event WHERE id>=?1 AND %s", kr_filter_sql(f));
	r = kr_db_prepare(w->db, kr_buf_cstr(&sql), &st, &fault);
	if (r == 0)
		r = kr_filter_bind(f, st, &partition, &fault);
	if (r < 0) {
		printf("# %s\n# %.2000s\n", fault.message, kr_buf_cstr(&sql));
		return r;
	}
	sqlite3_bind_int(st, 1, 0);
	while ((r = kr_db_step(st, &fault)) == 1)
		hit[sqlite3_column_int(st, 0)] = true;
	return r;
}

static bool check(struct world *w, const struct kr_expr *x, struct kr_arena *a, unsigned *hits)
{
	bool hit[ROWS + 1];
	const char *sql = "";
	int r = select_ids(w, x, a, hit, &sql);

	for (size_t i = 0; r == 0 && i < ROWS; i++) {
		*hits += hit[w->row[i].id];
		if (hit[w->row[i].id] != in_memory(x, &w->row[i]))
			r = -(int)i - 1000;
	}
	if (r < 0) {
		KR_AUTO_BUF b = KR_BUF(1 << 20);

		kr_expr_text(x, &b);
		printf("# result %d for %.2000s\n# as %.2000s\n", r, kr_buf_cstr(&b), sql);
	}
	return r == 0;
}

static void test_random(struct world *w, unsigned runs)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	unsigned bad = 0, hits = 0;

	for (unsigned i = 0; i < runs && bad < 3; i++) {
		kr_arena_clear(a);
		bad += !check(w, gen_tree(a, (unsigned)prop_below(4)), a, &hits);
	}
	IS(bad, 0, "SQL selects what kr_expr_match() accepts");
	/* Of few runs it may be none. */
	OK(runs < 500 || hits > runs * ROWS / 50, "expressions select rows (%u of %u)", hits,
	   runs * ROWS);
}

static void test_fixed(struct world *w)
{
	static const char *const texts[] = {
		"",
		"id:20261121-standard-1-7",
		"id:20261121-standard-1-007",
		"id:20261121-short-1-7",
		"id:20261121-STANDARD-1-7",
		"id:x",
		"not id:20261121-standard-1-7",
		"id:*-1?",
		"not id:*-7",
		"not ip:0.0.0.0/0",
		"not has:ip",
		"source:none",
		"not source:none",
		"constituent:none",
		"not constituent:none",
		"not extra.none:x",
		"ip:>=0.0.0.0 or ip:<=::ffff",
		"-has:extra.tag",
	};
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	unsigned hits;

	for (size_t i = 0; i < KR_ARRAY_LEN(texts); i++) {
		struct kr_expr *x = gen_parse(a, kr_str_c(texts[i]));

		OK(x && check(w, x, a, &hits), "the same in both: %s", texts[i]);
	}
}

/* Long lists and deep trees must neither fail nor nest too deeply for SQLite. */
static void test_large(struct world *w)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_expr_opts opts = {.now = GEN_NOW, .nodes_max = 4000, .depth_max = 200};
	KR_AUTO_BUF b = KR_BUF(1 << 20);
	struct kr_expr *x;
	unsigned hits = 0;

	kr_buf_c(&b, "port:1");
	for (int i = 0; i < 1900; i++)
		kr_buf_printf(&b, ",%d", 70 + i);
	IS(kr_expr_parse(kr_buf_str(&b), &opts, a, &x, NULL), 0, "a list of 1,901 numbers");
	OK(check(w, x, a, &hits) && hits > 0, "is one IN");
	kr_buf_clear(&b);
	for (int i = 0; i < 1900; i++)
		kr_buf_printf(&b, "%s port:>%d", i % 2 ? " and" : " or", i);
	IS(kr_expr_parse(kr_str_from(kr_buf_str(&b), 4), &opts, a, &x, NULL), 0,
	   "a chain of 1,900 terms");
	OK(check(w, x, a, &hits), "is put together in halves");
	kr_buf_clear(&b);
	for (int i = 0; i < 199; i++)
		kr_buf_c(&b, "-");
	kr_buf_c(&b, "port:443");
	IS(kr_expr_parse(kr_buf_str(&b), &opts, a, &x, NULL), 0, "199 times not");
	OK(check(w, x, a, &hits), "is not too deep");
	kr_buf_clear(&b);
	for (int i = 0; i < 1900; i++)
		kr_buf_c(&b, "\"mirai\" ");
	IS(kr_expr_parse(kr_buf_str(&b), &opts, a, &x, NULL), 0, "1,900 words");
	OK(check(w, x, a, &hits), "are not too many parameters");
	for (int shape = 0; shape < 4; shape++) {
		kr_buf_clear(&b);
		for (int i = 0; i < 64; i++)
			kr_buf_printf(&b, "%s %s (", shape & 1 ? "port:>700" : "-has:url",
				      i % 2 ? "or" : "and");
		kr_buf_c(&b, shape & 2 ? "*a*" : "cc:rs");
		for (int i = 0; i < 64; i++)
			kr_buf_printf(&b, ")%s", shape & 2 ? " has:ip" : "");
		IS(kr_expr_parse(kr_buf_str(&b), &opts, a, &x, NULL), 0,
		   "64 parentheses within each other");
		OK(check(w, x, a, &hits), "fit on the stack of SQLite's parser");
	}
}

/* A full binary tree: and, or and not in turn. */
static void bushy(struct kr_buf *b, unsigned depth)
{
	if (!depth) {
		KR_AUTO(kr_arena) *a = kr_arena_new(0);

		kr_expr_text(gen_tree(a, 0), b);
		return;
	}
	kr_buf_c(b, depth % 3 ? "(" : "-(");
	bushy(b, depth - 1);
	kr_buf_c(b, depth % 2 ? " or " : " and ");
	bushy(b, depth - 1);
	kr_buf_ch(b, ')');
}

static void test_bushy(struct world *w)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_expr_opts opts = {.now = GEN_NOW, .nodes_max = 4000};
	KR_AUTO_BUF b = KR_BUF(1 << 20);
	struct kr_expr *x = NULL;
	unsigned hits = 0;

	bushy(&b, 8);
	IS(kr_expr_parse(kr_buf_str(&b), &opts, a, &x, NULL), 0, "256 terms in a binary tree");
	OK(x && check(w, x, a, &hits), "are asked");
}

int main(void)
{
	unsigned runs = prop_begin(3000);
	struct world w = {.a = kr_arena_new(0)};

	fill(&w);
	test_random(&w, runs);
	test_fixed(&w);
	test_large(&w);
	test_bushy(&w);
	sqlite3_close(w.db);
	kr_arena_free(w.a);
	return tap_end();
}
