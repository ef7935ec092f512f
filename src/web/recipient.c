/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /recipients/ID: whom we tell, how and when, what waits for it, and what it would get now. A
 * change names the revision that the form was made of: if somebody else was faster, both versions
 * are shown and nothing is overwritten.
 */
#include "web/told.h"

#include "web/form.h"
#include "web/pages.h"

static const char *const done_words[] = {
	"changed", N_("The recipient is changed."),
	"again",   N_("It is asked again: its health is 100 %."),
	NULL,
};

/* What the form edits, in its order. */
static const struct {
	const char *name, *label, *hint;
} fields[] = {
	{"classes", N_("When it is told"),
	 N_("CLASS=now, hourly, daily or never; * is all other classes: intrusions=now *=daily")},
	{"hour", N_("Hour of the daily message"), N_("0 to 23, in its zone")},
	{"zone", N_("Time zone"), N_("Europe/Skopje; empty: that of the node")},
	{"quiet", N_("Quiet hours"), N_("22:00-06:00 in its zone, or none")},
	{"muted", N_("Mute until"), N_("a time as 2026-12-24, a span as 3d, or none")},
	{"language", N_("Language"), N_("en, hr, sr-Latn; empty: that of the constituent")},
};
#define FIELDS KR_ARRAY_LEN(fields)

static struct kr_str quiet_text(struct kr_page *p, const struct kr_recipient *r)
{
	if (r->quiet_from < 0)
		return KR_STR("none");
	return kr_arena_printf(p->a, "%02d:%02d-%02d:%02d", r->quiet_from / 60, r->quiet_from % 60,
			       r->quiet_to / 60, r->quiet_to % 60);
}

static struct kr_str muted_text(struct kr_page *p, const struct kr_recipient *r)
{
	char text[KR_TIME_TEXT_MAX];

	if (r->muted_until == KR_TIME_NONE || r->muted_until <= p->now)
		return KR_STR("none");
	return kr_arena_dup(p->a, kr_str_c(kr_time_text(r->muted_until, text)));
}

/* A field of the form as it is stored. */
static struct kr_str stored(struct kr_page *p, const struct kr_recipient *r, size_t i)
{
	switch (i) {
	case 0: return r->classes;
	case 1: return kr_web__str_u64(p, r->hour);
	case 2: return r->zone;
	case 3: return quiet_text(p, r);
	case 4: return muted_text(p, r);
	default: return r->language;
	}
}

/* ---- parts of the page ---- */

static void facts(struct kr_page *p, const struct kr_conf *conf, const struct kr_recipient *r)
{
	kr_web__facts(p);
	kr_web__fact(p, T(p, "State"));
	kr_web__recipient_state(p, conf, r);
	kr_web__fact_end(p);
	kr_web__fact(p, T(p, "Constituent"));
	kr_web__link(p, KR_URL0(p, "/constituents", r->constituent_name), r->constituent_name);
	kr_web__fact_end(p);
	kr_web__fact_str(p, T(p, "Way"), kr_str_c(kr_web__sink_word(p, r->sink)));
	kr_web__fact_str(p, T(p, "Address"), r->address);
	kr_web__fact_str(p, T(p, "Form"), r->format);
	for (size_t i = 0; i < FIELDS; i++)
		kr_web__fact_str(p, T(p, fields[i].label), stored(p, r, i));
	kr_web__fact(p, T(p, "Told again after"));
	if (r->repeat_days)
		kr_web__textf(p, T(p, "%s days"), kr_web__str_u64(p, r->repeat_days));
	else
		kr_html_c(&p->h, T(p, "the next day"));
	kr_web__fact_end(p);
	kr_web__fact(p, T(p, "Health"));
	kr_html_printf(&p->h, "%d %%", r->health);
	kr_web__fact_end(p);
	if (r->bounced != KR_TIME_NONE) {
		kr_web__fact(p, T(p, "Came back"));
		kr_web__time(p, r->bounced);
		kr_web__fact_end(p);
	}
	kr_web__fact_str(
		p, T(p, "Made by"),
		kr_str_c(r->of_register ? T(p, "the contact of the register") : T(p, "a person")));
	kr_web__fact(p, T(p, "Changed"));
	kr_web__time(p, r->changed);
	kr_web__fact_end(p);
	kr_web__facts_end(p);
}

static void edit(struct kr_page *p, const struct kr_recipient *r, bool retype)
{
	const struct kr_web_option yes_no[] = {{"yes", T(p, "yes")}, {"no", T(p, "no")}};

	if (!kr_web__can(p, KR_RIGHT_CONSTITUENTS) || r->removed)
		return;
	kr_web__section(p, "edit", T(p, "Change"));
	kr_web__form(p, KR_URL0(p, "/recipients", kr_web__str_u64(p, r->id)), "card");
	kr_web__hidden(p, "revision", kr_web__str_u64(p, r->revision));
	kr_web__select(p, "enabled", T(p, "Is it told at all"), yes_no, 2,
		       retype ? kr_web__field(p, "enabled") : kr_str_c(r->enabled ? "yes" : "no"));
	for (size_t i = 0; i < FIELDS; i++)
		kr_web__input(
			p, &(struct kr_web_input){.name = fields[i].name,
						  .label = T(p, fields[i].label),
						  .hint = T(p, fields[i].hint),
						  .value = retype ? kr_web__field(p, fields[i].name)
								  : stored(p, r, i),
						  .max = i ? 64 : 1000});
	kr_web__submit(p, T(p, "Change"));
	kr_web__form_end(p);
	if (r->health < 100) {
		const char *base = kr_web__below(p, "/recipients", kr_web__str_u64(p, r->id),
						 "/again");

		kr_web__form(p, KR_URL0(p, base, KR_STR("")), "inline");
		kr_web__hidden(p, "revision", kr_web__str_u64(p, r->revision));
		kr_web__submit(p, T(p, "Ask it again: health 100 %"));
		kr_web__form_end(p);
	}
	kr_web__section_end(p);
}

static int outbox(struct kr_page *p, const struct kr_recipient *r)
{
	const struct kr_web_col cols[] = {{T(p, "State"), NULL},
					  {T(p, "Why"), "wide"},
					  {T(p, "Rows"), "num"},
					  {T(p, "The first is due"), "time"}};
	struct kr_outbox_count *list;
	struct kr_web_table t;
	size_t n;
	int err = kr_store_outbox_counts(p->w->store, &p->scope, r->id, p->a, &list, &n, p->fault);

	if (err)
		return err;
	kr_web__section(p, "outbox", T(p, "What waits, and what is not told"));
	if (!n)
		kr_web__empty(p, T(p, "Nothing."), NULL);
	else
		kr_web__table(p, &t, T(p, "Rows for this recipient"), cols, KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n; i++) {
		bool waits = list[i].state == KR_OUTBOX_WAITING;

		kr_web__row(&t);
		kr_web__cell_str(&t, kr_str_c(waits ? T(p, "waits") : T(p, "is not told")));
		kr_web__cell_str(&t, kr_str_c(kr_web__why_word(p, list[i].why)));
		kr_web__cell_count(&t, list[i].rows);
		kr_web__cell(&t);
		kr_web__time(p, waits ? list[i].due : KR_TIME_NONE);
		kr_web__cell_end(&t);
		kr_web__row_end(&t);
	}
	if (n)
		kr_web__table_end(&t);
	kr_web__section_end(p);
	return 0;
}

/* All that waits, as one message. */
static int preview(struct kr_page *p, const struct kr_conf *conf, const struct kr_recipient *r)
{
	struct kr_desk_mailing m = {0};
	int err;

	if (r->removed)
		return 0;
	err = kr_desk_mailing_waiting(p->w->store, conf, &p->scope, r->id, KR_TIME_NONE, p->a, &m,
				      p->fault);
	if (!err && m.n) {
		kr_web__section(p, "preview", T(p, "What waits for it, as one message"));
		err = kr_web__message(p, conf, &m, KR_STR(""));
		kr_web__section_end(p);
	}
	kr_desk_mailing_done(&m);
	return err;
}

static int newest(struct kr_page *p, const struct kr_recipient *r)
{
	struct kr_delivery_query q = {.recipient = r->id, .limit = 10};
	struct kr_delivery *list;
	size_t n;
	int err = kr_store_delivery_list(p->w->store, &p->scope, &q, p->a, &list, &n, p->fault);

	if (err || !n)
		return err;
	kr_web__section(p, "deliveries", T(p, "What was sent"));
	kr_web__delivery_table_of(p, T(p, "Newest messages to it"), list, n, false);
	kr_web__section_end(p);
	return 0;
}

/* ---- the page ---- */

static int get(struct kr_page *p, struct kr_recipient *ret)
{
	uint64_t id;

	if (kr_str_u64(kr_http_param(p->r, "id"), &id) || id > UINT32_MAX)
		return kr_fault_set(p->fault, -KR_ENOENT, "a recipient has a number");
	return kr_store_recipient_get(p->w->store, &p->scope, (uint32_t)id, p->a, ret, p->fault);
}

/* What was sent with the form and differs from what is stored now. */
static void other_version(struct kr_page *p, const struct kr_recipient *r)
{
	kr_web__box(p, "warning", T(p, "What you sent, and what is stored now differs"));
	kr_web__facts(p);
	for (size_t i = 0; i < FIELDS; i++)
		if (!kr_str_eq(kr_web__field(p, fields[i].name), stored(p, r, i)))
			kr_web__fact_str(p, T(p, fields[i].label),
					 kr_web__field(p, fields[i].name));
	if (!kr_str_eqc(kr_web__field(p, "enabled"), r->enabled ? "yes" : "no"))
		kr_web__fact_str(p, T(p, "Is it told at all"), kr_web__field(p, "enabled"));
	kr_web__facts_end(p);
	kr_html_el_c(&p->h, "p", T(p, "The form below holds what is stored now."));
	kr_web__box_end(p);
}

static int body(struct kr_page *p, const struct kr_conf *conf, const struct kr_recipient *r,
		const struct kr_fault *f)
{
	int err;

	kr_web__done(p, done_words);
	kr_web__problem(p, f);
	if (f->code == -KR_EEXIST)
		other_version(p, r);
	facts(p, conf, r);
	edit(p, r, f->code && f->code != -KR_EEXIST);
	err = kr_web__can(p, KR_RIGHT_DELIVERIES) ? outbox(p, r) : 0;
	if (!err && kr_web__can(p, KR_RIGHT_DELIVERIES))
		err = preview(p, conf, r);
	if (!err && kr_web__can(p, KR_RIGHT_DELIVERIES))
		err = newest(p, r);
	return err;
}

static int page(struct kr_page *p, const struct kr_fault *f, struct kr_http_reply *reply)
{
	const struct kr_conf *conf;
	struct kr_recipient r;
	int err = get(p, &r);

	if (!err)
		err = kr_web__conf(p, &conf);
	if (err)
		return err;
	kr_web__page_begin(p, KR_NAV_CONSTITUENTS,
			   kr_arena_printf(p->a, "%s %u: %.*s", T(p, "Recipient"), r.id,
					   KR_STR_ARG(r.address.n ? r.address : r.sink)));
	err = body(p, conf, &r, f);
	kr_conf_unref(conf);
	return kr_web__page_finish(p, err, reply);
}

int kr_web__recipient(struct kr_http_request *r, struct kr_http_reply *reply,
		      struct kr_fault *reterr)
{
	const struct kr_fault none = {0};
	struct kr_page p;
	int err = kr_web__page_for(&p, r, KR_RIGHT_REGISTER, reterr);

	return err ? err : page(&p, &none, reply);
}

/* ---- changing it ---- */

static int begin(struct kr_page *p, struct kr_http_request *r, struct kr_recipient *ret,
		 uint32_t *ret_revision, struct kr_fault *reterr)
{
	uint64_t revision = 0;
	int err = kr_web__page_for(p, r, KR_RIGHT_CONSTITUENTS, reterr);

	if (!err)
		err = kr_web__form_read(p, reterr);
	if (!err)
		err = get(p, ret);
	if (err)
		return err;
	if (kr_str_u64(kr_web__field(p, "revision"), &revision) || !revision ||
	    revision > UINT32_MAX)
		return kr_fault_set(reterr, -KR_EINVAL, "the form has no revision");
	*ret_revision = (uint32_t)revision;
	return 0;
}

static int put(struct kr_page *p, const struct kr_recipient *r,
	       const struct kr_desk_recipient_change *c, const char *word,
	       struct kr_http_reply *reply)
{
	struct kr_by by = kr_by_viewer(p->who, p->a);
	const struct kr_conf *conf;
	struct kr_recipient now;
	struct kr_fault f = {0};
	int err = kr_web__conf(p, &conf);

	if (err)
		return err;
	err = kr_desk_recipient_put(p->w->store, conf, &by, r->id, KR_STR(""), c, p->a, &now, &f);
	kr_conf_unref(conf);
	if (!err) {
		kr_web__see_other(p, reply,
				  KR_URL(p, "/recipients", kr_web__str_u64(p, r->id),
					 {KR_STR("done"), kr_str_c(word)}));
		return 0;
	}
	/* A zone that there is not: the page is found, its value is wrong. */
	reply->status = err == -KR_ENOENT ? 400 : (unsigned)kr_err_http(err);
	return page(p, &f, reply);
}

/* Present, even if it is empty: to be set. */
static struct kr_str set(struct kr_page *p, const char *name)
{
	struct kr_str v = kr_http_field(p->r, name);

	return v.p ? kr_str_trim(v) : KR_STR_NULL;
}

int kr_web__recipient_edit(struct kr_http_request *r, struct kr_http_reply *reply,
			   struct kr_fault *reterr)
{
	struct kr_desk_recipient_change c = {0};
	struct kr_recipient old;
	struct kr_page p;
	int err = begin(&p, r, &old, &c.revision, reterr);

	if (err)
		return err;
	c.classes = set(&p, "classes");
	c.hour = set(&p, "hour");
	c.zone = set(&p, "zone");
	c.quiet = set(&p, "quiet");
	c.muted = set(&p, "muted");
	c.language = set(&p, "language");
	/* Setting it makes the health 100, so only where it changes. */
	c.enabled = set(&p, "enabled");
	if (kr_str_eqc(c.enabled, old.enabled ? "yes" : "no"))
		c.enabled = KR_STR_NULL;
	return put(&p, &old, &c, "changed", reply);
}

int kr_web__recipient_again(struct kr_http_request *r, struct kr_http_reply *reply,
			    struct kr_fault *reterr)
{
	struct kr_desk_recipient_change c = {0};
	struct kr_recipient old;
	struct kr_page p;
	int err = begin(&p, r, &old, &c.revision, reterr);

	if (err)
		return err;
	c.enabled = kr_str_c(old.enabled ? "yes" : "no");
	return put(&p, &old, &c, "again", reply);
}
