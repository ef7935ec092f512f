/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /quarantine: reports that are kept and not understood, or refused as a whole, each with the
 * reason, what to do, and how it begins; and records that were refused one by one.
 */
#include "web/reports.h"

#include "desk/report.h"
#include "store/spool.h"
#include "web/pages.h"

#define BOTH_SHOWN 5  /* of each state where both are shown */
#define ONE_SHOWN  10 /* of the state that was chosen */
#define RAW_BYTES  1200
#define RAW_LINES  8
#define LOOKED_AT  500 /* newest reports that are looked at for refused records */
#define RECORDS	   50  /* of them are listed */

/* The first lines; the bytes are somebody else's, and are escaped as all values are. */
static int beginning(struct kr_page *p, const struct kr_report *r)
{
	KR_AUTO_BUF b = KR_BUF(RAW_BYTES);
	struct kr_str text;
	unsigned lines = 0;
	size_t n = 0;
	int err = kr_spool_slice(p->w->store, r->class_, r->day, &r->hash, 0,
				 KR_MIN(r->bytes, (uint64_t)RAW_BYTES), RAW_BYTES, &b, NULL,
				 p->fault);

	if (err == -KR_ENOENT) {
		kr_web__empty(p, T(p, "The raw report is no longer kept."), NULL);
		return 0;
	}
	if (err < 0)
		return err;
	text = kr_buf_str(&b);
	while (n < text.n && (text.p[n] != '\n' || ++lines < RAW_LINES))
		n++;
	kr_html_open(&p->h, "pre");
	kr_html_attr_c(&p->h, "class", "raw");
	kr_html_attr_c(&p->h, "tabindex", "0");
	kr_html_attr_c(&p->h, "role", "region");
	kr_html_attr(&p->h, "aria-label",
		     kr_arena_printf(p->a, "%s %llu", T(p, "Beginning of report"),
				     (unsigned long long)r->id));
	kr_html_text(&p->h, kr_str_first(text, n));
	if (n < r->bytes)
		kr_html_c(&p->h, "\n\xe2\x80\xa6");
	kr_html_close(&p->h, "pre");
	return 0;
}

static int one(struct kr_page *p, const struct kr_report *r)
{
	struct kr_str id = kr_web__str_u64(p, r->id);
	int err;

	kr_web__section(p, kr_arena_printf(p->a, "report-%llu", (unsigned long long)r->id).p,
			kr_arena_printf(p->a, "%s %llu: %.*s", T(p, "Report"),
					(unsigned long long)r->id, KR_STR_ARG(r->name))
				.p);
	kr_html_open(&p->h, "p");
	kr_web__state(p, r->state);
	kr_html_c(&p->h, " ");
	kr_web__link(p, KR_URL0(p, "/sources", r->source), r->source);
	kr_html_c(&p->h, ", ");
	kr_web__time(p, r->spooled);
	kr_html_c(&p->h, ", ");
	kr_web__bytes(p, r->bytes);
	kr_html_close(&p->h, "p");
	kr_html_open(&p->h, "p");
	kr_html_open(&p->h, "strong");
	kr_html_cut(&p->h, r->reason, 1000);
	kr_html_close(&p->h, "strong");
	kr_html_close(&p->h, "p");
	kr_html_el_c(&p->h, "p", kr_web__report_remedy(p, r));
	err = beginning(p, r);
	kr_web__more(p, KR_URL0(p, "/reports", id), T(p, "All about this report"));
	kr_web__section_end(p);
	return err;
}

static int reports(struct kr_page *p, enum kr_report_state state, uint32_t shown, uint64_t before,
		   size_t *ret_n)
{
	struct kr_report_query q = {.state = state, .limit = shown + 1, .before = before};
	struct kr_report *list;
	size_t n;
	int err = kr_store_report_list(p->w->store, &p->scope, &q, p->a, &list, &n, p->fault);

	for (size_t i = 0; !err && i < n && i < shown; i++)
		err = one(p, &list[i]);
	if (err < 0)
		return err;
	if (n > shown)
		kr_web__more(p,
			     KR_URL(p, "/quarantine", KR_STR(""),
				    {KR_STR("state"), kr_str_c(kr_desk_report_state_text(state))},
				    {KR_STR("before"), kr_web__str_u64(p, list[shown - 1].id)}),
			     state == KR_REPORT_QUARANTINED ? T(p, "Older ones in quarantine")
							    : T(p, "Older ones that were refused"));
	*ret_n += n;
	return 0;
}

/* Reports that were taken, with records in them that were not. */
static int records(struct kr_page *p, size_t *ret_n)
{
	struct kr_report_query q = {.state = KR_REPORT_TAKEN, .limit = LOOKED_AT};
	struct kr_report *list, *found;
	size_t n, n_found = 0;
	int err = kr_store_report_list(p->w->store, &p->scope, &q, p->a, &list, &n, p->fault);

	if (err < 0)
		return err;
	found = kr_arena_calloc(p->a, RECORDS, sizeof(*found));
	if (!found)
		return kr_fault_set(p->fault, -KR_ELIMIT, "the page needs too much memory");
	for (size_t i = 0; i < n && n_found < RECORDS; i++)
		if (list[i].total.refused)
			found[n_found++] = list[i];
	*ret_n += n_found;
	if (!n_found)
		return 0;
	kr_web__section(p, "records", T(p, "Refused records"));
	kr_html_el_c(&p->h, "p",
		     T(p,
		       "The rest of these reports was taken. A report lists each record that was "
		       "refused, with line, column and reason."));
	kr_web__report_table(p, T(p, "Newest reports with records that were refused"), found,
			     n_found);
	kr_web__section_end(p);
	return 0;
}

static void state_choice(struct kr_page *p, enum kr_report_state now)
{
	static const enum kr_report_state states[] = {0, KR_REPORT_QUARANTINED, KR_REPORT_REFUSED};
	const char *const texts[] = {T(p, "all"), T(p, "in quarantine"), T(p, "refused")};
	struct kr_html *h = &p->h;

	kr_html_open(h, "nav");
	kr_html_attr_c(h, "class", "choice");
	kr_html_attr_c(h, "aria-label", T(p, "State"));
	kr_html_open(h, "ul");
	for (size_t i = 0; i < KR_ARRAY_LEN(states); i++) {
		kr_html_open(h, "li");
		kr_html_open(h, "a");
		kr_html_url(h, KR_HTML_HREF,
			    KR_URL(p, "/quarantine", KR_STR(""),
				   {KR_STR("state"),
				    states[i] ? kr_str_c(kr_desk_report_state_text(states[i]))
					      : KR_STR("")}));
		if (states[i] == now)
			kr_html_attr_c(h, "aria-current", "true");
		kr_html_c(h, texts[i]);
		kr_html_close(h, "a");
		kr_html_close(h, "li");
	}
	kr_html_close(h, "ul");
	kr_html_close(h, "nav");
}

int kr_web__quarantine(struct kr_http_request *r, struct kr_http_reply *reply,
		       struct kr_fault *reterr)
{
	enum kr_report_state state = 0;
	struct kr_page p;
	uint64_t before;
	size_t n = 0;
	int err = kr_web__page_for(&p, r, KR_RIGHT_REPORTS, reterr);

	if (err)
		return err;
	if (kr_desk_report_state_parse(kr_http_query(r, "state"), &state) ||
	    (state != KR_REPORT_QUARANTINED && state != KR_REPORT_REFUSED))
		state = 0;
	before = state ? kr_web__number(&p, "before", 1, INT64_MAX, 0) : 0;
	kr_web__page_begin(&p, KR_NAV_QUARANTINE,
			   kr_arena_printf(p.a, "%s%s%s", T(&p, "Quarantine"), state ? ": " : "",
					   state == KR_REPORT_REFUSED	    ? T(&p, "refused")
					   : state == KR_REPORT_QUARANTINED ? T(&p, "in quarantine")
									    : ""));
	state_choice(&p, state);
	if (state) {
		err = reports(&p, state, ONE_SHOWN, before, &n);
	} else {
		err = reports(&p, KR_REPORT_QUARANTINED, BOTH_SHOWN, 0, &n);
		if (!err)
			err = reports(&p, KR_REPORT_REFUSED, BOTH_SHOWN, 0, &n);
		if (!err)
			err = records(&p, &n);
	}
	if (!n)
		kr_web__empty(&p,
			      T(&p, "Nothing is held back. What came in, and what became of it:"),
			      "karaula report list");
	return kr_web__page_finish(&p, err, reply);
}
