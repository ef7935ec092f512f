/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits and is not packed yet, by recipient; what is not told, by reason; and which sinks are
 * off. The outbox counts by recipient; the recipients are walked in pages beside it, so that many
 * of them need little memory.
 */
#include "web/told.h"

#define SHOWN	 25 /* recipients that are listed, those with most rows */
#define PAGE	 1000
#define SINKS	 4
#define WHYS_MAX 16
#define FILL_MAX ((size_t)16 << 20)

static const char *const sink_names[SINKS] = {"mail", "webhook", "file", "pull"};

struct one {
	struct kr_recipient r;
	uint64_t rows;
	kr_time due;
};

struct waiting {
	struct kr_page *p;
	const struct kr_conf *conf;
	const struct kr_outbox_count *counts;
	size_t n_counts, at;
	struct one top[SHOWN]; /* most rows first */
	size_t n_top;
	uint64_t recipients, rows;
	struct {
		uint64_t recipients, rows;
	} sink[SINKS];
	uint64_t why[WHYS_MAX], withheld;
};

/* Keep it if it has more rows than the least of those that are kept. */
static void keep(struct waiting *w, const struct kr_recipient *r, const struct kr_outbox_count *c)
{
	struct kr_arena *a = w->p->a;
	struct one x = {.r = *r, .rows = c->rows, .due = c->due};
	size_t i;

	if (w->n_top == SHOWN && w->top[SHOWN - 1].rows >= c->rows)
		return;
	x.r.constituent_name = kr_arena_dup(a, r->constituent_name);
	x.r.sink = kr_arena_dup(a, r->sink);
	x.r.address = kr_arena_dup(a, r->address);
	i = w->n_top < SHOWN ? w->n_top++ : SHOWN - 1;
	for (; i > 0 && w->top[i - 1].rows < x.rows; i--)
		w->top[i] = w->top[i - 1];
	w->top[i] = x;
}

static void add(struct waiting *w, const struct kr_recipient *r, const struct kr_outbox_count *c)
{
	if (c->state != KR_OUTBOX_WAITING) {
		if ((size_t)c->why < WHYS_MAX)
			w->why[c->why] += c->rows;
		w->withheld += c->rows;
		return;
	}
	for (size_t i = 0; i < SINKS; i++)
		if (kr_str_eqc(r->sink, sink_names[i])) {
			w->sink[i].recipients++;
			w->sink[i].rows += c->rows;
		}
	w->recipients++;
	w->rows += c->rows;
	keep(w, r, c);
}

/* Both lists rise by the id of the recipient. */
static int walk(struct waiting *w)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(FILL_MAX);
	struct kr_recipient_query q = {.limit = PAGE, .removed = true};
	struct kr_page *p = w->p;

	while (w->at < w->n_counts) {
		struct kr_recipient *list;
		size_t n;
		int err = kr_store_recipient_list(p->w->store, &p->scope, &q, a, &list, &n,
						  p->fault);

		if (err < 0)
			return err;
		if (!n)
			return 0;
		for (size_t i = 0; i < n; i++) {
			while (w->at < w->n_counts && w->counts[w->at].recipient < list[i].id)
				w->at++;
			for (; w->at < w->n_counts && w->counts[w->at].recipient == list[i].id;
			     w->at++)
				add(w, &list[i], &w->counts[w->at]);
		}
		q.after = list[n - 1].id;
		kr_arena_clear(a);
	}
	return 0;
}

static void sinks_off(struct waiting *w)
{
	struct kr_page *p = w->p;

	for (size_t i = 0; i < SINKS; i++) {
		struct kr_str sink = kr_str_c(sink_names[i]);

		if (!w->sink[i].rows || kr_desk_sink_on(w->conf, sink))
			continue;
		kr_web__box(p, "warning",
			    kr_web__format(p, T(p, "Switched off: %s"),
					   kr_str_c(kr_web__sink_word(p, sink))));
		kr_html_open(&p->h, "p");
		kr_html_text(&p->h, kr_web__count_str(p, w->sink[i].rows));
		kr_html_c(&p->h, " ");
		kr_web__textf(p,
			      T(p, "rows for %s recipients wait until it is switched on in the "
				   "configuration; then: systemctl reload karaula"),
			      kr_web__count_str(p, w->sink[i].recipients));
		kr_html_close(&p->h, "p");
		kr_html_open(&p->h, "pre");
		kr_html_el_c(&p->h, "code", kr_web__sink_setting(sink));
		kr_html_close(&p->h, "pre");
		kr_web__box_end(p);
	}
}

static void due_cell(struct kr_web_table *t, kr_time due)
{
	struct kr_page *p = t->p;

	kr_web__cell(t);
	if (due <= p->now)
		kr_html_c(&p->h, T(p, "now"));
	else
		kr_web__time(p, due);
	kr_web__cell_end(t);
}

static void top_rows(struct waiting *w)
{
	struct kr_page *p = w->p;
	bool staff = kr_web__can(p, KR_RIGHT_REGISTER);
	const struct kr_web_col cols[] = {{T(p, "Recipient"), "wide"},
					  {T(p, "Constituent"), "name"},
					  {T(p, "State"), NULL},
					  {T(p, "Rows"), "num bars"},
					  {T(p, "The first is due"), "time"}};
	struct kr_web_table t;

	kr_web__table(p, &t, T(p, "Rows that wait, by recipient, most first"), cols,
		      KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < w->n_top; i++) {
		const struct one *x = &w->top[i];

		kr_web__row(&t);
		kr_web__cell(&t);
		kr_web__recipient_name(p, x->r.id, x->r.sink, x->r.address);
		kr_web__cell_end(&t);
		kr_web__cell(&t);
		if (staff)
			kr_web__link(p, KR_URL0(p, "/constituents", x->r.constituent_name),
				     x->r.constituent_name);
		else
			kr_html_cut(&p->h, x->r.constituent_name, KR_WEB_CELL_MAX);
		kr_web__cell_end(&t);
		kr_web__cell(&t);
		kr_web__recipient_state(p, w->conf, &x->r);
		kr_web__cell_end(&t);
		kr_web__cell_bar(&t, x->rows, w->top[0].rows);
		due_cell(&t, x->due);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
	if (w->recipients > w->n_top) {
		kr_html_open(&p->h, "p");
		kr_web__textf(p, T(p, "In all %s recipients have rows that wait."),
			      kr_web__count_str(p, w->recipients));
		kr_html_close(&p->h, "p");
	}
}

static void reasons(struct waiting *w)
{
	struct kr_page *p = w->p;
	const struct kr_web_col cols[] = {{T(p, "Why"), "wide"}, {T(p, "Rows"), "num bars"}};
	struct kr_web_table t;
	uint64_t most = 0;

	for (size_t i = 0; i < WHYS_MAX; i++)
		most = KR_MAX(most, w->why[i]);
	kr_web__table(p, &t, T(p, "Rows that are not told, and why"), cols, KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < WHYS_MAX; i++) {
		if (!w->why[i])
			continue;
		kr_web__row(&t);
		kr_web__cell_str(&t, kr_str_c(kr_web__why_word(p, (enum kr_outbox_why)i)));
		kr_web__cell_bar(&t, w->why[i], most);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
}

int kr_web__waiting(struct kr_page *p, const struct kr_conf *conf)
{
	struct waiting *w = kr_arena_calloc(p->a, 1, sizeof(*w));
	struct kr_outbox_count *counts;
	int err;

	if (!w)
		return kr_fault_set(p->fault, -KR_ELIMIT, "the page needs too much memory");
	*w = (struct waiting){.p = p, .conf = conf};
	err = kr_store_outbox_counts(p->w->store, &p->scope, 0, p->a, &counts, &w->n_counts,
				     p->fault);
	w->counts = counts;
	if (!err)
		err = walk(w);
	if (err)
		return err;
	sinks_off(w);
	if (w->n_top) {
		kr_web__section(p, "waiting", T(p, "What waits"));
		top_rows(w);
		kr_web__section_end(p);
	}
	if (w->withheld) {
		kr_web__section(p, "withheld", T(p, "What is not told"));
		reasons(w);
		kr_web__section_end(p);
	}
	return 0;
}
