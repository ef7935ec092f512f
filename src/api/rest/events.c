/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events: a page of a list, one of them, how many.
 *
 * How this works: a page is written row by row into the body, in the form that Accept asks for; it
 * ends at the limit, at PAGE_BYTES, or when scan_max rows were looked at, and says with a cursor
 * where to go on. Whose rows are sealed has no such limit, since it would tell how many rows of
 * others there are; for all of them, a page that takes longer than query_us is none. The next page
 * stands in the Link header in every form, so memory and work of a request are bounded and a client
 * reads any number of events in the same way.
 */
#include "api/rest/encode.h"
#include "api/rest/handlers.h"
#include "codec/codec.h"
#include "model/audience.h"

#define PAGE_BYTES	  ((size_t)16 << 20)
#define CONTRIBUTIONS_MAX 1000

/* Whatever looks at rows does so for a while, and not longer. */
static int too_long(struct kr_rest_call *c, const char *message, const char *remedy,
		    struct kr_fault *f)
{
	return kr_rest__refuse(c, 413, f, -KR_ELIMIT, message, remedy);
}

/* ---- a page ---- */

struct page {
	struct kr_rest_call *c;
	struct kr_buf *b;
	const struct kr_codec *csv; /* NULL: JSON */
	bool sources;		    /* the viewer sees where events come from */
	bool lines;		    /* NDJSON */
	uint64_t n;
};

/* A cell of CSV: always between quotes; what a spreadsheet would take for a formula gets an
 * apostrophe in front, as the codec does it. */
static void cell(struct kr_buf *b, struct kr_str s)
{
	kr_buf_ch(b, '"');
	if (s.n && strchr("=+-@\t\r'", s.p[0]))
		kr_buf_ch(b, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			kr_buf_ch(b, '"');
		kr_buf_ch(b, s.p[i]);
	}
	kr_buf_c(b, "\",");
}

/* What the node knows stands before the columns of the codec. */
static void csv_head(struct page *p)
{
	kr_buf_c(p->b,
		 p->sources ? "id,source,report,label,constituents," : "id,label,constituents,");
	p->csv->begin(p->b);
}

static void csv_row(struct page *p, const struct kr_stored_event *ev)
{
	KR_AUTO_BUF names = KR_BUF((size_t)1 << 20);
	char id[KR_EVENT_ID_TEXT_MAX];

	kr_buf_c(p->b, kr_stored_event_id(ev, id));
	kr_buf_ch(p->b, ',');
	if (p->sources) {
		cell(p->b, ev->source);
		kr_buf_u64(p->b, ev->report);
		kr_buf_ch(p->b, ',');
	}
	kr_buf_c(p->b, kr_tlp_text(kr_tlp_effective(ev->e->label)));
	kr_buf_ch(p->b, ',');
	for (size_t i = 0; i < ev->n_constituents; i++) {
		kr_buf_c(&names, i ? " " : "");
		kr_buf_str_add(&names, ev->constituents[i]);
	}
	cell(p->b, kr_buf_str(&names));
	p->csv->item(p->b, ev->e, !p->n, NULL);
}

static bool add_event(void *ctx, const struct kr_stored_event *ev)
{
	struct page *p = ctx;

	if (p->csv) {
		csv_row(p, ev);
	} else {
		if (p->n && !p->lines)
			kr_buf_ch(p->b, ',');
		kr_rest__event(p->c->rest, p->b, &p->c->scope, ev, false);
		if (p->lines)
			kr_buf_ch(p->b, '\n');
	}
	p->n++;
	return p->b->n < PAGE_BYTES && !p->b->err;
}

static int page_read(struct page *p, const struct kr_expr *x, struct kr_event_page *page,
		     struct kr_fault *f)
{
	struct kr_rest_call *c = p->c;
	struct kr_rest_patience patience = kr_rest__patience(c->rest);
	const struct kr_event_query q = {
		.expr = x,
		.limit = (uint32_t)kr_rest__param(c, "limit")->i,
		.cursor = kr_rest__param(c, "cursor")->text,
		.scan_max = c->rest->o.limits.scan_max,
		.progress = kr_rest__patient,
		.ctx = &patience,
	};
	int err = kr_store_event_list(c->rest->o.store, &c->scope, &q, add_event, p, c->a, page, f);

	if (err == -KR_EINVAL && q.cursor.n)
		c->parameter = KR_STR("cursor");
	return err == -KR_ECANCEL ? too_long(c, "looking for this takes too long",
					     "narrow it, e.g. with since:7d", f)
				  : err;
}

int kr_rest__event_list(struct kr_rest_call *c, struct kr_fault *f)
{
	struct page p = {.c = c, .b = &c->reply->body};
	struct kr_event_page page = {0};
	struct kr_expr *x;
	int err = kr_rest__expr(c, "q", &x, f);

	if (err)
		return err;
	kr_rest__begin(c);
	c->reply->type = c->type;
	p.lines = !strcmp(c->type, KR_REST_NDJSON);
	if (!strcmp(c->type, KR_REST_CSV)) {
		p.csv = kr_codec_find(KR_STR("csv"));
		p.sources = kr_scope_subject(&c->scope, KR_SUBJ_SOURCE);
		csv_head(&p);
	} else if (!p.lines) {
		kr_buf_c(p.b, "{\"events\":[");
	}
	err = page_read(&p, x, &page, f);
	if (err)
		return err;
	if (p.csv)
		p.csv->end(p.b, !p.n);
	if (p.csv || p.lines) {
		kr_rest__link_next(c, page.cursor);
		return 0;
	}
	kr_buf_c(p.b, "],\"cursor\":");
	c->o.keyed = true; /* the writer goes on behind the key */
	if (page.cursor.n)
		kr_json_str(&c->o, page.cursor);
	else
		kr_json_null(&c->o);
	kr_buf_ch(p.b, '}');
	kr_rest__link_next(c, page.cursor);
	return 0;
}

/* ---- one ---- */

static int contributions(struct kr_rest_call *c, const struct kr_event_id *id, struct kr_fault *f)
{
	struct kr_json_out o = KR_JSON_OUT(&c->reply->body);
	struct kr_contribution *rows;
	size_t n;
	int err = kr_store_event_contributions(c->rest->o.store, &c->scope, id, CONTRIBUTIONS_MAX,
					       c->a, &rows, &n, f);

	if (err)
		return err;
	kr_buf_c(&c->reply->body, ",\"contributions\":");
	o.keyed = true;
	kr_json_array(&o);
	for (size_t i = 0; i < n; i++) {
		kr_json_object(&o);
		kr_rest__kuint(&o, "report", rows[i].report);
		kr_rest__kuint(&o, "offset", rows[i].offset);
		kr_rest__kuint(&o, "length", rows[i].length);
		kr_rest__kuint(&o, "part", rows[i].part);
		kr_rest__ktime(&o, "time", rows[i].time);
		kr_json_object_end(&o);
	}
	kr_json_array_end(&o);
	return 0;
}

int kr_rest__event_get(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_stored_event ev;
	struct kr_event_id id;
	bool reports = (c->scope.rights & KR_RIGHT_REPORTS) &&
		       kr_scope_subject(&c->scope, KR_SUBJ_REPORT);
	int err = kr_store_event_id_parse(c->rest->o.store, &c->scope,
					  kr_rest__param(c, "id")->text, &id);

	/* An id of another viewer is no id: the same answer as for one that does not exist. */
	if (err)
		return kr_fault_set(f, -KR_ENOENT, "there is no such event");
	err = kr_store_event_get(c->rest->o.store, &c->scope, &id, c->a, &ev, f);
	if (err)
		return err;
	kr_rest__begin(c);
	kr_rest__event(c->rest, &c->reply->body, &c->scope, &ev, true);
	if (reports)
		err = contributions(c, &id, f);
	kr_buf_ch(&c->reply->body, '}');
	return err;
}

/* ---- how many ---- */

static int subject(struct kr_rest_call *c, struct kr_expr_leaf *ret, struct kr_fault *f)
{
	const struct kr_expr_opts opts = {
		.now = c->now, .may_name = kr_scope_may_name, .ctx = &c->scope};
	int err = kr_expr_subject(kr_rest__param(c, "by")->text, &opts, c->a, ret, f);

	if (err) {
		c->parameter = KR_STR("by");
		c->status = 400;
	}
	return err;
}

static void groups(struct kr_rest_call *c, const struct kr_group_row *rows, size_t n)
{
	struct kr_json_out *o = &c->o;

	kr_json_kstr(o, "by", kr_rest__param(c, "by")->text);
	kr_json_key(o, KR_STR("groups"));
	kr_json_array(o);
	for (size_t i = 0; i < KR_MIN(n, (size_t)kr_rest__param(c, "limit")->i); i++) {
		kr_json_object(o);
		kr_rest__knull(o, "value", rows[i].value);
		kr_rest__kuint(o, "rows", rows[i].rows);
		kr_rest__kuint(o, "events", rows[i].events);
		kr_json_object_end(o);
	}
	kr_json_array_end(o);
}

int kr_rest__event_count(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_rest_patience patience = kr_rest__patience(c->rest);
	bool by = kr_rest__param(c, "by")->set;
	struct kr_group_row *rows = NULL;
	struct kr_event_query q = {.progress = kr_rest__patient, .ctx = &patience};
	struct kr_expr_leaf leaf;
	struct kr_count total;
	struct kr_expr *x;
	size_t n = 0;
	int err = kr_rest__expr(c, "q", &x, f);

	if (!err && by)
		err = subject(c, &leaf, f);
	if (err)
		return err;
	q.expr = x;
	err = kr_store_event_count(c->rest->o.store, &c->scope, &q, by ? &leaf : NULL,
				   c->rest->o.limits.groups_max, c->a, &total, &rows, &n, f);
	if (err)
		return err == -KR_ECANCEL ? too_long(c, "counting this takes too long",
						     "narrow it, e.g. with since:7d, or count it "
						     "with karaula event count",
						     f)
					  : err;
	kr_rest__begin(c);
	kr_json_object(&c->o);
	kr_rest__kuint(&c->o, "rows", total.rows);
	kr_rest__kuint(&c->o, "events", total.events);
	if (by)
		groups(c, rows, n);
	kr_json_object_end(&c->o);
	return 0;
}

/* ---- counters ---- */

#define SPAN_DAYS     30
#define SPAN_DAYS_MAX 3660

static struct kr_str dim_name(enum kr_dim d)
{
	return d == KR_DIM_NONE ? KR_STR("all") : kr_str_c(kr_dim_text(d));
}

static enum kr_dim dim_of(const struct kr_rest_value *v)
{
	return v->set ? kr_dim_parse(v->text) : KR_DIM_NONE;
}

/* A dimension that the viewer may not name is an unknown one. */
static int dims_allowed(struct kr_rest_call *c, const struct kr_counter_query *q,
			struct kr_fault *f)
{
	static const struct {
		enum kr_dim dim;
		enum kr_expr_subject subject;
	} hidden[] = {{KR_DIM_SOURCE, KR_SUBJ_SOURCE}, {KR_DIM_CONSTITUENT, KR_SUBJ_CONSTITUENT}};

	for (size_t i = 0; i < KR_ARRAY_LEN(hidden); i++) {
		if (kr_scope_subject(&c->scope, hidden[i].subject))
			continue;
		if (q->a != hidden[i].dim && q->b != hidden[i].dim)
			continue;
		c->parameter = q->a == hidden[i].dim ? KR_STR("a") : KR_STR("b");
		return kr_fault_set(f, -KR_EINVAL, "the parameter '%.*s' has a wrong value",
				    KR_STR_ARG(c->parameter));
	}
	return 0;
}

static int counter_query(struct kr_rest_call *c, struct kr_counter_query *q, struct kr_fault *f)
{
	const struct kr_rest_value *from = kr_rest__param(c, "from"), *to = kr_rest__param(c, "to");

	q->a = dim_of(kr_rest__param(c, "a"));
	q->b = dim_of(kr_rest__param(c, "b"));
	q->value_a = kr_rest__param(c, "value")->text;
	q->by_day = kr_rest__param(c, "by_day")->b;
	q->limit = (uint32_t)kr_rest__param(c, "limit")->i;
	q->to = to->set ? (int32_t)to->i : kr_time_day(c->now);
	q->from = from->set ? (int32_t)from->i : q->to - (SPAN_DAYS - 1);
	if (q->from > q->to || q->to - q->from > SPAN_DAYS_MAX) {
		c->parameter = KR_STR("from");
		kr_fault_set(f, -KR_EINVAL, "the days from and to are no span");
		kr_fault_remedy(f, "from is before to, at most ten years");
		return -KR_EINVAL;
	}
	return dims_allowed(c, q, f);
}

int kr_rest__counters_get(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_json_out *o = &c->o;
	struct kr_counter_query q = {0};
	struct kr_counter_row *rows;
	size_t n;
	int err = counter_query(c, &q, f);

	if (!err)
		err = kr_store_counters(c->rest->o.store, &c->scope, &q, c->a, &rows, &n, f);
	if (err)
		return err;
	kr_rest__begin(c);
	kr_json_object(o);
	kr_json_kstr(o, "a", dim_name(q.a));
	kr_rest__knull(o, "b", q.b ? dim_name(q.b) : KR_STR(""));
	kr_rest__kday(o, "from", q.from);
	kr_rest__kday(o, "to", q.to);
	kr_json_key(o, KR_STR("counters"));
	kr_json_array(o);
	for (size_t i = 0; i < n; i++) {
		kr_json_object(o);
		if (q.by_day)
			kr_rest__kday(o, "day", rows[i].day);
		kr_json_kstr(o, "a", rows[i].value_a);
		if (q.b)
			kr_json_kstr(o, "b", rows[i].value_b);
		kr_rest__kuint(o, "rows", rows[i].rows);
		kr_rest__kuint(o, "events", rows[i].events);
		kr_json_object_end(o);
	}
	kr_json_array_end(o);
	kr_json_object_end(o);
	return 0;
}
