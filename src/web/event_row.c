/* SPDX-License-Identifier: Apache-2.0 */
/* An event in one row: when, what, where, whose, from whom, under which label, how often. */
#include "web/events.h"

#define COLUMNS 8

struct kr_str kr_web__field_text(struct kr_page *p, const struct kr_event *e, enum kr_field f)
{
	const union kr_value *v = kr_event_get(e, f);
	KR_AUTO_BUF b = KR_BUF((size_t)2 << 20);

	if (!v)
		return KR_STR("");
	kr_field_text(f, v, &b);
	return kr_arena_dup(p->a, kr_buf_str(&b));
}

static void begin(struct kr_web_event_table *t)
{
	struct kr_page *p = t->p;
	const struct kr_web_col cols[COLUMNS] = {
		{T(p, "Last seen"), "time"}, {T(p, "What"), "name"}, {T(p, "Where"), "wide"},
		{T(p, "Network"), NULL},     {T(p, "Owner"), NULL},  {T(p, "Source"), "name"},
		{T(p, "Label"), NULL},	     {T(p, "Seen"), "num"},
	};
	struct kr_web_col *kept = kr_arena_calloc(p->a, COLUMNS, sizeof(*kept));

	if (!kept) /* the page is over its limit, and fails as a whole */
		return;
	memcpy(kept, cols, sizeof(cols));
	t->cols = kept;
	kr_web__table(p, &t->t, T(p, "Events, newest arrival first"), kept, COLUMNS);
}

static void when_cell(struct kr_web_event_table *t, const struct kr_stored_event *ev)
{
	struct kr_page *p = t->p;
	char id[KR_EVENT_ID_TEXT_MAX];

	kr_web__cell(&t->t);
	kr_html_open(&p->h, "a");
	kr_html_url(&p->h, KR_HTML_HREF,
		    KR_URL0(p, p->events, kr_str_c(kr_stored_event_id(ev, id))));
	kr_web__time(p, ev->e->last);
	kr_html_close(&p->h, "a");
	kr_web__cell_end(&t->t);
}

/* A main line and, below it, what explains it. */
static void two_lines(struct kr_page *p, struct kr_str main, struct kr_str below, size_t max)
{
	if (main.n)
		kr_html_cut(&p->h, main, KR_WEB_CELL_MAX);
	else
		kr_html_c(&p->h, "\xe2\x80\x93");
	if (!below.n)
		return;
	kr_html_c(&p->h, " ");
	kr_html_open(&p->h, "span");
	kr_html_attr_c(&p->h, "class", "note");
	kr_html_cut(&p->h, below, max);
	kr_html_close(&p->h, "span");
}

static void what_cell(struct kr_web_event_table *t, const struct kr_event *e)
{
	struct kr_str below = kr_web__field_text(t->p, e, KR_F_MALWARE_NAME);

	if (!below.n)
		below = kr_web__field_text(t->p, e, KR_F_CLASS_IDENTIFIER);
	kr_web__cell(&t->t);
	two_lines(t->p, kr_web__field_text(t->p, e, KR_F_CLASS_TYPE), below, 60);
	kr_web__cell_end(&t->t);
}

/* The address with its port, else the most telling other thing. */
static void where_cell(struct kr_web_event_table *t, const struct kr_event *e)
{
	static const enum kr_field order[] = {
		KR_F_SRC_URL,	  KR_F_SRC_FQDN,	KR_F_SRC_NETWORK,
		KR_F_SRC_ACCOUNT, KR_F_SRC_REVERSE_DNS, KR_F_DST_IP,
		KR_F_DST_FQDN,	  KR_F_DST_URL,		KR_F_MALWARE_SHA256};
	struct kr_page *p = t->p;
	struct kr_str main = kr_web__field_text(p, e, KR_F_SRC_IP), below = KR_STR("");
	struct kr_str port = kr_web__field_text(p, e, KR_F_SRC_PORT);

	if (main.n && port.n)
		main = kr_arena_printf(p->a,
				       kr_str_chr(main, ':') < 0 ? "%.*s:%.*s" : "[%.*s]:%.*s",
				       KR_STR_ARG(main), KR_STR_ARG(port));
	for (size_t i = 0; i < KR_ARRAY_LEN(order) && !below.n; i++) {
		below = kr_web__field_text(p, e, order[i]);
		if (!main.n) {
			main = below;
			below = KR_STR("");
		}
	}
	kr_web__cell(&t->t);
	two_lines(p, main, below, 80);
	kr_web__cell_end(&t->t);
}

static void network_cell(struct kr_web_event_table *t, const struct kr_event *e)
{
	struct kr_page *p = t->p;
	struct kr_str cc = kr_web__field_text(p, e, KR_F_SRC_CC);
	struct kr_str asn = kr_web__field_text(p, e, KR_F_SRC_ASN);
	struct kr_str main = cc;

	if (asn.n)
		main = kr_arena_printf(p->a, "%.*s%sAS%.*s", KR_STR_ARG(cc), cc.n ? " " : "",
				       KR_STR_ARG(asn));
	kr_web__cell(&t->t);
	two_lines(p, main, kr_web__field_text(p, e, KR_F_SRC_AS_NAME), 28);
	kr_web__cell_end(&t->t);
}

static void owner_cell(struct kr_web_event_table *t, const struct kr_stored_event *ev)
{
	struct kr_page *p = t->p;

	kr_web__cell(&t->t);
	for (size_t i = 0; i < ev->n_constituents && i < 5; i++) {
		if (i)
			kr_html_c(&p->h, ", ");
		if (kr_web__can(p, KR_RIGHT_REGISTER))
			kr_web__link(p, KR_URL0(p, "/constituents", ev->constituents[i]),
				     ev->constituents[i]);
		else
			kr_html_cut(&p->h, ev->constituents[i], KR_WEB_CELL_MAX);
	}
	if (!ev->n_constituents && kr_web__can(p, KR_RIGHT_REGISTER))
		kr_web__tag(p, "plain", T(p, "nobody"));
	kr_web__cell_end(&t->t);
}

bool kr_web__event_row(void *ctx, const struct kr_stored_event *ev)
{
	struct kr_web_event_table *t = ctx;

	if (!t->rows++)
		begin(t);
	if (!t->cols)
		return false;
	kr_web__row(&t->t);
	when_cell(t, ev);
	what_cell(t, ev->e);
	where_cell(t, ev->e);
	network_cell(t, ev->e);
	owner_cell(t, ev);
	kr_web__cell_str(&t->t, ev->source);
	kr_web__cell(&t->t);
	kr_web__tlp(t->p, ev->e->label);
	kr_web__cell_end(&t->t);
	kr_web__cell_count(&t->t, ev->e->count);
	kr_web__row_end(&t->t);
	return true;
}

void kr_web__event_table_end(struct kr_web_event_table *t)
{
	if (t->cols)
		kr_web__table_end(&t->t);
}
