/* SPDX-License-Identifier: Apache-2.0 */
/* /reports/ID: where it came from, what became of it, and what of it was refused, with line and
 * reason. */
#include "web/reports.h"

#include "desk/report.h"
#include "web/pages.h"

#define REFUSED_MAX 200
#define SNIPPET_MAX 160

static void numbers(struct kr_page *p, const struct kr_report *r)
{
	const struct {
		const char *name;
		uint64_t v;
	} rows[] = {
		{T(p, "Records read"), r->total.read},
		{T(p, "New events"), r->total.fresh},
		{T(p, "Added to events seen before"), r->total.aggregated},
		{T(p, "Refused"), r->total.refused},
		{T(p, "Dropped by rules"), r->total.dropped},
		{T(p, "Values kept aside as not valid"), r->total.warnings},
		{T(p, "New events that nobody owns"), r->total.unrouted},
	};

	for (size_t i = 0; i < KR_ARRAY_LEN(rows); i++) {
		kr_web__fact(p, rows[i].name);
		kr_web__count(p, rows[i].v);
		kr_web__fact_end(p);
	}
}

static void origin(struct kr_page *p, const struct kr_report *r)
{
	char hash[KR_HASH_SIZE * 2 + 1];

	kr_web__fact(p, T(p, "State"));
	kr_web__state(p, r->state);
	kr_web__fact_end(p);
	kr_web__fact(p, T(p, "Source"));
	kr_web__link(p, KR_URL0(p, "/sources", r->source), r->source);
	kr_web__fact_end(p);
	kr_web__fact_str(p, T(p, "Format"), r->format);
	kr_web__fact(p, T(p, "Came in"));
	kr_web__time(p, r->spooled);
	kr_web__fact_end(p);
	if (r->observed != KR_TIME_NONE) {
		kr_web__fact(p, T(p, "Collected by the sender"));
		kr_web__time(p, r->observed);
		kr_web__fact_end(p);
	}
	kr_web__fact(p, T(p, "Size"));
	kr_web__bytes(p, r->bytes);
	kr_html_c(&p->h, ", ");
	kr_web__bytes(p, r->stored);
	kr_html_c(&p->h, " ");
	kr_html_c(&p->h, T(p, "as stored"));
	kr_web__fact_end(p);
	kr_web__fact_str(p, T(p, "Kept as"), kr_str_c(kr_retention_text(r->class_)));
	kr_web__fact(p, T(p, "Taken in"));
	kr_web__textf(p, T(p, "%s ms"), kr_web__count_str(p, r->ms));
	kr_web__fact_end(p);
	kr_web__fact(p, T(p, "Content hash (BLAKE2b-256)"));
	kr_html_el_c(&p->h, "code", kr_hash_text(&r->hash, hash));
	kr_web__fact_end(p);
}

static void why(struct kr_page *p, const struct kr_report *r)
{
	const char *remedy = kr_web__report_remedy(p, r);

	if (!remedy[0])
		return;
	kr_web__box(p, r->state == KR_REPORT_REFUSED ? "error" : "warning",
		    r->state == KR_REPORT_REFUSED ? T(p, "This report was refused")
						  : T(p, "This report is in quarantine"));
	kr_html_el(&p->h, "p", r->reason);
	kr_html_el_c(&p->h, "p", remedy);
	kr_web__box_end(p);
}

static void refused_rows(struct kr_page *p, const struct kr_refused_row *rows,
			 const struct kr_desk_piece *pieces, size_t n)
{
	const struct kr_web_col cols[] = {
		{T(p, "Line"), "num"},
		{T(p, "Column"), "num"},
		{T(p, "Why"), "wide"},
		{T(p, "Beginning of the record"), "wide"},
	};
	struct kr_web_table t;

	kr_web__table(p, &t, T(p, "Records that were refused, in their order"), cols,
		      KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n; i++) {
		kr_web__row(&t);
		kr_web__cell(&t);
		if (pieces[i].line)
			kr_web__count(p, pieces[i].line);
		else
			kr_web__textf(p, T(p, "byte %s"), kr_web__count_str(p, rows[i].offset));
		kr_web__cell_end(&t);
		if (rows[i].column)
			kr_web__cell_count(&t, rows[i].column);
		else
			kr_web__cell_str(&t, KR_STR(""));
		kr_web__cell_str(&t, rows[i].reason);
		kr_web__cell(&t);
		kr_html_open(&p->h, "code");
		kr_html_cut(&p->h, pieces[i].bytes, SNIPPET_MAX);
		kr_html_close(&p->h, "code");
		kr_web__cell_end(&t);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
}

/* Lines and beginnings of what lies within the first KR_WEB_RAW_PASS_MAX bytes: lines are counted
 * from there. */
static int find_pieces(struct kr_page *p, const struct kr_report *r,
		       const struct kr_refused_row *rows, struct kr_desk_piece *pieces, size_t n)
{
	size_t near = 0;
	int err;

	for (size_t i = 0; i < n; i++) {
		pieces[i].offset = rows[i].offset;
		pieces[i].length = rows[i].length;
		near += rows[i].offset < KR_WEB_RAW_PASS_MAX;
	}
	err = kr_desk_report_pieces(p->w->store, &p->scope, r->id, pieces, near, SNIPPET_MAX + 8,
				    p->a, p->fault);
	return err == -KR_ENOENT ? 0 : KR_MIN(err, 0);
}

static int refused(struct kr_page *p, const struct kr_report *r)
{
	struct kr_refused_row *rows;
	struct kr_desk_piece *pieces;
	size_t n;
	int err = kr_store_refused_list(p->w->store, &p->scope, r->id, REFUSED_MAX, p->a, &rows, &n,
					p->fault);

	if (err < 0 || !n)
		return KR_MIN(err, 0);
	pieces = kr_arena_calloc(p->a, n, sizeof(*pieces));
	if (!pieces)
		return kr_fault_set(p->fault, -KR_ELIMIT, "the page needs too much memory");
	err = find_pieces(p, r, rows, pieces, n);
	if (err)
		return err;
	kr_web__section(p, "refused", T(p, "What was refused"));
	refused_rows(p, rows, pieces, n);
	if (r->total.refused > n) {
		kr_html_open(&p->h, "p");
		kr_web__textf(p, T(p, "The first of %s refused records are shown."),
			      kr_web__count_str(p, r->total.refused));
		kr_html_close(&p->h, "p");
	}
	kr_web__section_end(p);
	return 0;
}

/* Name and version of the mapping it was taken with. */
static int mapping(struct kr_page *p, const struct kr_report *r)
{
	struct kr_mapping_row *list;
	size_t n;
	int err;

	if (!r->mapping)
		return 0;
	err = kr_store_mapping_list(p->w->store, p->a, &list, &n, p->fault);
	for (size_t i = 0; !err && i < n; i++)
		if (list[i].id == r->mapping)
			kr_web__fact_str(p, T(p, "Mapping"),
					 kr_arena_printf(p->a, "%.*s, %s %u",
							 KR_STR_ARG(list[i].name), T(p, "version"),
							 list[i].version));
	return KR_MIN(err, 0);
}

int kr_web__report(struct kr_http_request *r, struct kr_http_reply *reply, struct kr_fault *reterr)
{
	struct kr_report report;
	struct kr_page p;
	uint64_t id;
	int err;

	err = kr_web__page_for(&p, r, KR_RIGHT_REPORTS, reterr);
	if (err)
		return err;
	if (kr_str_u64(kr_http_param(r, "id"), &id))
		return kr_fault_set(reterr, -KR_ENOENT, "a report has a number");
	err = kr_store_report_get(p.w->store, &p.scope, id, p.a, &report, reterr);
	if (err < 0)
		return err;
	kr_web__page_begin(&p, KR_NAV_REPORTS,
			   kr_arena_printf(p.a, "%s %llu: %.*s", T(&p, "Report"),
					   (unsigned long long)id, KR_STR_ARG(report.name)));
	why(&p, &report);
	kr_web__facts(&p);
	origin(&p, &report);
	err = mapping(&p, &report);
	numbers(&p, &report);
	kr_web__facts_end(&p);
	kr_web__more(
		&p,
		KR_URL(&p, "/events", KR_STR(""),
		       {KR_STR("q"), kr_arena_printf(p.a, "report:%llu", (unsigned long long)id)}),
		T(&p, "Events that this report brought first"));
	if (!err)
		err = refused(&p, &report);
	return kr_web__page_finish(&p, err, reply);
}
