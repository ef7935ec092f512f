/* SPDX-License-Identifier: Apache-2.0 */
#include "web/told.h"

/* ---- words ---- */

static const struct {
	const char *kind, *text;
} states[] = {
	[KR_DELIVERY_QUEUED] = {"plain", N_("waits for its turn")},
	[KR_DELIVERY_RETRY] = {"warn", N_("is tried again")},
	[KR_DELIVERY_SENDING] = {"plain", N_("is being sent")},
	[KR_DELIVERY_SENT] = {"ok", N_("sent")},
	[KR_DELIVERY_FAILED] = {"bad", N_("failed")},
	[KR_DELIVERY_DOUBT] = {"bad", N_("in doubt")},
	[KR_DELIVERY_DROPPED] = {"plain", N_("dropped")},
	[KR_DELIVERY_EMPTY] = {"plain", N_("nothing left to tell")},
};

static const char *const whys[] = {
	[KR_WHY_LABEL] = N_("the label may not leave by this way"),
	[KR_WHY_SUPPRESSED] = N_("a suppression rule"),
	[KR_WHY_FEEDBACK] = N_("the owner answered"),
	[KR_WHY_REPEAT] = N_("told within the repeat interval"),
	[KR_WHY_CLASS] = N_("the recipient does not want this class"),
	[KR_WHY_OLD] = N_("too old when it came"),
	[KR_WHY_GONE] = N_("the event is not there any more"),
	[KR_WHY_RESTORED] = N_("due before a restore"),
};

static const char *const verdicts[] = {
	[KR_VERDICT_FIXED] = N_("fixed"),
	[KR_VERDICT_FALSE_POSITIVE] = N_("false alarm"),
	[KR_VERDICT_NOT_MINE] = N_("not ours"),
};

static const struct {
	const char *sink, *text, *setting;
} sinks[] = {
	{"mail", N_("mail"), "delivery { mail = \"yes\" }"},
	{"webhook", N_("webhook"), "delivery { webhook = \"yes\" }"},
	{"file", N_("file"), "delivery { file = \"yes\" }"},
	{"pull", N_("fetched by API"), ""},
};

static bool known(enum kr_delivery_state st)
{
	return (size_t)st < KR_ARRAY_LEN(states) && states[st].text;
}

const char *kr_web__delivery_word(struct kr_page *p, enum kr_delivery_state st)
{
	return known(st) ? T(p, states[st].text) : "";
}

void kr_web__delivery_state(struct kr_page *p, enum kr_delivery_state st)
{
	if (known(st))
		kr_web__tag(p, states[st].kind, T(p, states[st].text));
}

const char *kr_web__why_word(struct kr_page *p, enum kr_outbox_why why)
{
	return (size_t)why < KR_ARRAY_LEN(whys) && whys[why] ? T(p, whys[why]) : "";
}

const char *kr_web__verdict_word(struct kr_page *p, enum kr_verdict v)
{
	return (size_t)v < KR_ARRAY_LEN(verdicts) && verdicts[v] ? T(p, verdicts[v]) : "";
}

const char *kr_web__sink_word(struct kr_page *p, struct kr_str sink)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(sinks); i++)
		if (kr_str_eqc(sink, sinks[i].sink))
			return T(p, sinks[i].text);
	return "";
}

const char *kr_web__sink_setting(struct kr_str sink)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(sinks); i++)
		if (kr_str_eqc(sink, sinks[i].sink))
			return sinks[i].setting;
	return "";
}

/* ---- deliveries ---- */

static void number_cell(struct kr_web_table *t, uint64_t id)
{
	struct kr_page *p = t->p;
	struct kr_str text = kr_web__str_u64(p, id);

	kr_web__cell(t);
	kr_web__link(p, KR_URL0(p, "/deliveries", text), text);
	kr_web__cell_end(t);
}

static void whose_cell(struct kr_web_table *t, struct kr_str name)
{
	struct kr_page *p = t->p;

	kr_web__cell(t);
	if (kr_web__can(p, KR_RIGHT_REGISTER))
		kr_web__link(p, KR_URL0(p, "/constituents", name), name);
	else
		kr_html_cut(&p->h, name, KR_WEB_CELL_MAX);
	kr_web__cell_end(t);
}

void kr_web__recipient_name(struct kr_page *p, uint32_t id, struct kr_str sink,
			    struct kr_str address)
{
	struct kr_str text = address.n ? address : kr_str_c(kr_web__sink_word(p, sink));

	if (kr_web__can(p, KR_RIGHT_REGISTER))
		kr_web__link(p, KR_URL0(p, "/recipients", kr_web__str_u64(p, id)), text);
	else
		kr_html_cut(&p->h, text, KR_WEB_CELL_MAX);
	if (!address.n)
		return;
	kr_html_c(&p->h, " ");
	kr_html_open(&p->h, "span");
	kr_html_attr_c(&p->h, "class", "note");
	kr_html_c(&p->h, kr_web__sink_word(p, sink));
	kr_html_close(&p->h, "span");
}

static void delivery_row(struct kr_web_table *t, const struct kr_delivery *d, bool whose)
{
	struct kr_page *p = t->p;

	kr_web__row(t);
	number_cell(t, d->id);
	if (whose)
		whose_cell(t, d->constituent);
	kr_web__cell(t);
	kr_web__recipient_name(p, d->recipient, d->sink, d->address);
	kr_web__cell_end(t);
	kr_web__cell(t);
	kr_web__delivery_state(p, d->state);
	kr_web__cell_end(t);
	kr_web__cell_count(t, d->rows);
	kr_web__cell(t);
	kr_web__tlp(p, d->tlp);
	kr_web__cell_end(t);
	kr_web__cell(t);
	kr_web__ago(p, d->created);
	kr_web__cell_end(t);
	kr_web__cell(t);
	kr_web__ago(p, d->sent);
	kr_web__cell_end(t);
	kr_web__cell_str(t, d->reason);
	kr_web__row_end(t);
}

void kr_web__delivery_table_of(struct kr_page *p, const char *caption,
			       const struct kr_delivery *list, size_t n, bool whose)
{
	struct kr_web_col cols[9] = {{T(p, "Delivery"), NULL}};
	const struct kr_web_col rest[] = {{T(p, "To"), "wide"},	    {T(p, "State"), NULL},
					  {T(p, "Rows"), "num"},    {T(p, "Label"), NULL},
					  {T(p, "Packed"), "time"}, {T(p, "Sent"), "time"},
					  {T(p, "Reason"), "wide"}};
	struct kr_web_table t;
	size_t k = 1;

	if (whose)
		cols[k++] = (struct kr_web_col){T(p, "Constituent"), "name"};
	for (size_t i = 0; i < KR_ARRAY_LEN(rest); i++)
		cols[k++] = rest[i];
	kr_web__table(p, &t, caption, cols, k);
	for (size_t i = 0; i < n; i++)
		delivery_row(&t, &list[i], whose);
	kr_web__table_end(&t);
}

/* ---- recipients ---- */

void kr_web__recipient_state(struct kr_page *p, const struct kr_conf *conf,
			     const struct kr_recipient *r)
{
	const struct {
		bool is;
		const char *kind, *text;
	} tags[] = {
		{r->removed, "plain", T(p, "removed")},
		{!r->enabled, "plain", T(p, "disabled")},
		{r->muted_until != KR_TIME_NONE && r->muted_until > p->now, "warn", T(p, "muted")},
		{r->health <= 0, "bad", T(p, "mail comes back")},
		{r->health > 0 && r->health < 100, "warn", T(p, "some mail came back")},
		{!kr_desk_sink_on(conf, r->sink), "warn", T(p, "switched off")},
	};
	bool any = false;

	for (size_t i = 0; i < KR_ARRAY_LEN(tags); i++) {
		if (!tags[i].is)
			continue;
		if (any)
			kr_html_c(&p->h, " ");
		kr_web__tag(p, tags[i].kind, tags[i].text);
		any = true;
	}
	if (!any)
		kr_web__tag(p, "ok", T(p, "is told"));
}

void kr_web__recipient_table(struct kr_page *p, const struct kr_conf *conf, const char *caption,
			     const struct kr_recipient *list, size_t n)
{
	const struct kr_web_col cols[] = {
		{T(p, "Recipient"), "wide"}, {T(p, "State"), NULL},   {T(p, "When"), "wide"},
		{T(p, "Daily at"), NULL},    {T(p, "Zone"), NULL},    {T(p, "Language"), NULL},
		{T(p, "Form"), NULL},	     {T(p, "Health"), "num"}, {T(p, "Came back"), "time"},
	};
	struct kr_web_table t;

	kr_web__table(p, &t, caption, cols, KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n; i++) {
		const struct kr_recipient *r = &list[i];

		kr_web__row(&t);
		kr_web__cell(&t);
		kr_web__recipient_name(p, r->id, r->sink, r->address);
		kr_web__cell_end(&t);
		kr_web__cell(&t);
		kr_web__recipient_state(p, conf, r);
		kr_web__cell_end(&t);
		kr_web__cell_str(&t, r->classes);
		kr_web__cell_str(&t, kr_arena_printf(p->a, "%02u:00", r->hour));
		kr_web__cell_str(&t, r->zone.n ? r->zone : kr_str_c(conf->delivery_zone));
		kr_web__cell_str(&t, r->language);
		kr_web__cell_str(&t, r->format);
		kr_web__cell(&t);
		kr_html_printf(&p->h, "%d %%", r->health);
		kr_web__cell_end(&t);
		kr_web__cell(&t);
		kr_web__ago(p, r->bounced);
		kr_web__cell_end(&t);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
}

/* ---- answers ---- */

static void answer_row(struct kr_web_table *t, const struct kr_feedback *f, bool events)
{
	struct kr_page *p = t->p;

	kr_web__row(t);
	kr_web__cell(t);
	kr_html_c(&p->h, kr_web__verdict_word(p, f->verdict));
	if (f->revoked) {
		kr_html_c(&p->h, " ");
		kr_web__tag(p, "plain", T(p, "taken back"));
	} else if (f->expires != KR_TIME_NONE && f->expires <= p->now) {
		kr_html_c(&p->h, " ");
		kr_web__tag(p, "plain", T(p, "ended"));
	}
	kr_web__cell_end(t);
	if (events) {
		kr_web__cell(t);
		kr_web__link(p, KR_URL0(p, "/events", f->event), f->event);
		kr_web__cell_end(t);
	}
	kr_web__cell_str(t, f->constituent_name);
	kr_web__cell_str(t, f->note);
	/* Who of us noted it is not for the owner. */
	kr_web__cell_str(t, kr_scope_is_staff(&p->scope) ? f->by : kr_str_c(kr_door_text(f->door)));
	kr_web__cell(t);
	kr_web__time(p, f->at);
	kr_web__cell_end(t);
	kr_web__cell(t);
	kr_web__time(p, f->expires);
	kr_web__cell_end(t);
	kr_web__row_end(t);
}

void kr_web__answer_table(struct kr_page *p, const char *caption, const struct kr_feedback *list,
			  size_t n, bool events)
{
	struct kr_web_col cols[7] = {{T(p, "Answer"), NULL}};
	const struct kr_web_col rest[] = {{T(p, "Constituent"), "name"},
					  {T(p, "Note"), "wide"},
					  {T(p, "By"), NULL},
					  {T(p, "At"), "time"},
					  {T(p, "Holds until"), "time"}};
	struct kr_web_table t;
	size_t k = 1;

	if (events)
		cols[k++] = (struct kr_web_col){T(p, "Event"), "name"};
	for (size_t i = 0; i < KR_ARRAY_LEN(rest); i++)
		cols[k++] = rest[i];
	kr_web__table(p, &t, caption, cols, k);
	for (size_t i = 0; i < n; i++)
		answer_row(&t, &list[i], events);
	kr_web__table_end(&t);
}
