/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: bars are an SVG that stretches with the page, so its labels cannot be inside it:
 * they are HTML beside it, hidden from screen readers, which get one sentence and the table.
 * Nothing needs a style attribute, since the content security policy allows none.
 */
#include "web/chart.h"

#define HEIGHT	   1000
#define SLOT	   100 /* width of a day, bar and gap */
#define LABELS_MAX 6

int kr_web__days(struct kr_page *p, struct kr_counter_query *q, struct kr_web_day **ret,
		 size_t *ret_n)
{
	size_t n = (size_t)(q->to - q->from + 1), n_rows;
	struct kr_web_day *days = kr_arena_calloc(p->a, n, sizeof(*days));
	struct kr_counter_row *rows;
	int err;

	if (!days)
		return kr_fault_set(p->fault, -KR_ELIMIT, "the page needs too much memory");
	q->by_day = true;
	err = kr_store_counters(p->w->store, &p->scope, q, p->a, &rows, &n_rows, p->fault);
	if (err < 0)
		return err;
	for (size_t i = 0; i < n; i++)
		days[i].day = q->from + (int32_t)i;
	for (size_t i = 0; i < n_rows; i++) {
		if (rows[i].day < q->from || rows[i].day > q->to)
			continue;
		days[rows[i].day - q->from].rows += rows[i].rows;
		days[rows[i].day - q->from].events += rows[i].events;
	}
	*ret = days;
	*ret_n = n;
	return 0;
}

uint64_t kr_web__scale(uint64_t v)
{
	static const unsigned char small[] = {1, 2, 3, 4, 5, 6, 8},
				   steps[] = {10, 12, 15, 20, 25, 30, 40, 50, 60, 80};

	for (size_t i = 0; i < KR_ARRAY_LEN(small); i++)
		if (v <= small[i])
			return small[i];
	for (uint64_t ten = 1; ten <= UINT64_MAX / 100; ten *= 10)
		for (size_t i = 0; i < KR_ARRAY_LEN(steps); i++)
			if (v <= steps[i] * ten)
				return steps[i] * ten;
	return v;
}

static void bar(struct kr_page *p, size_t i, const struct kr_web_day *d, uint64_t top, bool today)
{
	struct kr_html *h = &p->h;
	char day[KR_TIME_TEXT_MAX];
	uint64_t tall;

	if (!d->rows)
		return;
	tall = (uint64_t)((double)d->rows / (double)top * HEIGHT);
	tall = KR_MAX(tall, (uint64_t)8); /* one event must be seen beside a million */
	kr_html_open(h, "rect");
	kr_html_attr_c(h, "class", today ? "bar bar-today" : "bar");
	kr_html_attr_u64(h, "x", i * SLOT + SLOT / 10);
	kr_html_attr_u64(h, "y", HEIGHT - tall);
	kr_html_attr_u64(h, "width", SLOT - SLOT / 5);
	kr_html_attr_u64(h, "height", tall);
	kr_html_open(h, "title");
	kr_html_printf(h, "%s: ", kr_day_text(d->day, day));
	kr_web__count(p, d->rows);
	kr_html_close(h, "title");
	kr_html_close(h, "rect");
}

static void gridline(struct kr_page *p, size_t n, unsigned y)
{
	kr_html_open(&p->h, "line");
	kr_html_attr_c(&p->h, "class", y == HEIGHT ? "grid grid-base" : "grid");
	kr_html_attr_u64(&p->h, "x1", 0);
	kr_html_attr_u64(&p->h, "x2", n * SLOT);
	kr_html_attr_u64(&p->h, "y1", y);
	kr_html_attr_u64(&p->h, "y2", y);
	kr_html_close(&p->h, "line");
}

static void drawing(struct kr_page *p, const char *title, const struct kr_web_day *days, size_t n,
		    uint64_t top)
{
	struct kr_html *h = &p->h;

	kr_html_open(h, "svg");
	kr_html_attr_c(h, "role", "img");
	kr_html_attr_c(h, "aria-label", title);
	kr_html_attr(h, "viewBox", kr_arena_printf(p->a, "0 0 %zu %d", n * SLOT, HEIGHT));
	kr_html_attr_c(h, "preserveAspectRatio", "none");
	gridline(p, n, 0);
	gridline(p, n, HEIGHT / 2);
	for (size_t i = 0; i < n; i++)
		bar(p, i, &days[i], top, i + 1 == n);
	gridline(p, n, HEIGHT);
	kr_html_close(h, "svg");
}

static void labels(struct kr_page *p, const struct kr_web_day *days, size_t n)
{
	struct kr_html *h = &p->h;
	size_t k = KR_MIN(n, (size_t)LABELS_MAX);
	char day[KR_TIME_TEXT_MAX];

	kr_html_open(h, "div");
	kr_html_attr_c(h, "class", "chart-days");
	kr_html_attr_c(h, "aria-hidden", "true");
	for (size_t i = 0; i < k; i++)
		kr_html_el_c(h, "span",
			     kr_day_text(days[k > 1 ? i * (n - 1) / (k - 1) : 0].day, day));
	kr_html_close(h, "div");
}

static void scale_labels(struct kr_page *p, uint64_t top)
{
	struct kr_html *h = &p->h;

	kr_html_open(h, "div");
	kr_html_attr_c(h, "class", "chart-scale");
	kr_html_attr_c(h, "aria-hidden", "true");
	kr_html_el(h, "span", kr_web__count_str(p, top));
	kr_html_el(h, "span", top % 2 ? KR_STR("") : kr_web__count_str(p, top / 2));
	kr_html_el_c(h, "span", "0");
	kr_html_close(h, "div");
}

static void twin(struct kr_page *p, const char *title, const struct kr_web_day *days, size_t n)
{
	const struct kr_web_col cols[] = {
		{T(p, "Day of arrival (UTC)"), NULL},
		{T(p, "Events"), "num"},
		{T(p, "Times seen"), "num"},
	};
	struct kr_web_table t;
	char day[KR_TIME_TEXT_MAX];

	kr_html_open(&p->h, "details");
	kr_html_el_c(&p->h, "summary", T(p, "The same as a table"));
	kr_web__table(p, &t, title, cols, KR_ARRAY_LEN(cols));
	for (size_t i = n; i-- > 0;) {
		if (!days[i].rows && !days[i].events)
			continue;
		kr_web__row(&t);
		kr_web__cell_str(&t, kr_str_c(kr_day_text(days[i].day, day)));
		kr_web__cell_count(&t, days[i].rows);
		kr_web__cell_count(&t, days[i].events);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
	kr_html_el_c(&p->h, "p", T(p, "Days without events are left out. Today is not over yet."));
	kr_html_close(&p->h, "details");
}

void kr_web__chart(struct kr_page *p, const char *title, const struct kr_web_day *days, size_t n)
{
	struct kr_html *h = &p->h;
	uint64_t most = 0;

	for (size_t i = 0; i < n; i++)
		most = KR_MAX(most, days[i].rows);
	if (!most) {
		kr_web__empty(p, T(p, "No events in this time."), NULL);
		return;
	}
	kr_html_open(h, "figure");
	kr_html_attr_c(h, "class", "chart");
	kr_html_el_c(h, "figcaption", title);
	kr_html_open(h, "div");
	kr_html_attr_c(h, "class", "chart-plot");
	scale_labels(p, kr_web__scale(most));
	drawing(p, title, days, n, kr_web__scale(most));
	labels(p, days, n);
	kr_html_close(h, "div");
	kr_html_close(h, "figure");
	twin(p, title, days, n);
}
