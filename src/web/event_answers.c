/* SPDX-License-Identifier: Apache-2.0 */
/* On the page of an event: what its owners answered, and a form for who may note an answer. */
#include "web/events.h"

#include "desk/feedback.h"
#include "web/form.h"
#include "web/pages.h"
#include "web/told.h"

#define ANSWERS_SHOWN 50
#define OWNERS_MAX    32

static const char *const done_words[] = {"answer", N_("The answer is noted."), NULL};

static const enum kr_verdict verdicts[] = {KR_VERDICT_FIXED, KR_VERDICT_FALSE_POSITIVE,
					   KR_VERDICT_NOT_MINE};

/* Owners of the event that this viewer may answer for. */
static size_t owners_of(const struct kr_stored_event *ev, struct kr_web_option *o,
			struct kr_page *p)
{
	size_t n = 0;

	for (size_t i = 0; i < ev->n_constituents && n < OWNERS_MAX; i++) {
		struct kr_str name = kr_arena_dup(p->a, ev->constituents[i]);

		if (name.n)
			o[n++] = (struct kr_web_option){name.p, name.p};
	}
	return n;
}

static void answer_form(struct kr_page *p, const struct kr_stored_event *ev)
{
	struct kr_web_option who[OWNERS_MAX], what[KR_ARRAY_LEN(verdicts)];
	size_t n = owners_of(ev, who, p);
	char id[KR_EVENT_ID_TEXT_MAX];
	const char *action;

	for (size_t i = 0; i < KR_ARRAY_LEN(verdicts); i++)
		what[i] = (struct kr_web_option){kr_verdict_text(verdicts[i]),
						 kr_web__verdict_word(p, verdicts[i])};
	if (!n)
		return;
	action = kr_web__below(p, "/events", kr_str_c(kr_stored_event_id(ev, id)), "/feedback");
	kr_web__form(p, KR_URL0(p, action, KR_STR("")), "card");
	if (n > 1)
		kr_web__select(p, "constituent", T(p, "Who answers"), who, n,
			       kr_web__field(p, "constituent"));
	else
		kr_web__hidden(p, "constituent", kr_str_c(who[0].value));
	kr_web__select(p, "verdict", T(p, "Answer"), what, KR_ARRAY_LEN(what),
		       kr_web__field(p, "verdict"));
	kr_web__input(p, &(struct kr_web_input){.name = "note",
						.label = T(p, "Note"),
						.value = kr_web__field(p, "note"),
						.max = 1000});
	kr_web__submit(p, T(p, "Note the answer"));
	kr_web__form_end(p);
	kr_html_open(&p->h, "p");
	kr_html_attr_c(&p->h, "class", "muted");
	kr_html_c(&p->h,
		  T(p, "Fixed: it is told again only when it is seen again. False alarm and not "
		       "ours: the same thing is not told for some time."));
	kr_html_close(&p->h, "p");
}

int kr_web__event_answers(struct kr_page *p, const struct kr_stored_event *ev)
{
	bool may = kr_web__can(p, KR_RIGHT_FEEDBACK) && !p->view.n;
	struct kr_feedback *list;
	size_t n;
	int err;

	if (!ev->e->n_owners || !(may || kr_web__can(p, KR_RIGHT_DELIVERIES)))
		return 0;
	err = kr_desk_feedback_of(p->w->store, &p->scope, &ev->id, ANSWERS_SHOWN, p->a, &list, &n,
				  p->fault);
	if (err)
		return err;
	if (!n && !may)
		return 0;
	kr_web__section(p, "answers", T(p, "What the owner says"));
	if (n)
		kr_web__answer_table(p, T(p, "Answers, newest first"), list, n, false);
	else
		kr_html_el_c(&p->h, "p", T(p, "There is no answer yet."));
	if (may)
		answer_form(p, ev);
	kr_web__section_end(p);
	return 0;
}

void kr_web__event_answered(struct kr_page *p)
{
	kr_web__done(p, done_words);
}

/* ---- noting one ---- */

/* The number of the owner with this name; an operator answers for its own constituent. */
static int owner_id(struct kr_page *p, const struct kr_event_id *id, uint32_t *ret)
{
	struct kr_str name = kr_web__field(p, "constituent");
	struct kr_stored_event ev;
	int err = kr_store_event_get(p->w->store, &p->scope, id, p->a, &ev, p->fault);

	if (err)
		return err;
	*ret = p->v->constituent;
	for (uint32_t i = 0; !*ret && i < ev.e->n_owners && i < ev.n_constituents; i++)
		if (kr_str_eq(ev.constituents[i], name))
			*ret = ev.e->owners[i].constituent;
	if (*ret)
		return 0;
	return kr_fault_set(p->fault, -KR_EINVAL, "no owner of this event has that name");
}

static int add(struct kr_page *p, const struct kr_event_id *id)
{
	struct kr_by by = kr_by_viewer(p->who, p->a);
	const struct kr_conf *conf;
	enum kr_verdict verdict;
	uint32_t constituent;
	uint64_t answer;
	int err = owner_id(p, id, &constituent);

	if (err)
		return err;
	if (kr_verdict_parse(kr_web__field(p, "verdict"), &verdict))
		return kr_fault_set(p->fault, -KR_EINVAL,
				    "the form holds an answer that it never offered");
	err = kr_web__conf(p, &conf);
	if (err)
		return err;
	err = kr_desk_feedback_add(p->w->store, conf, &by, &p->scope, id, constituent, verdict,
				   kr_web__field(p, "note"), KR_TIME_NONE, &answer, p->fault);
	kr_conf_unref(conf);
	return err;
}

int kr_web__event_feedback(struct kr_http_request *r, struct kr_http_reply *reply,
			   struct kr_fault *reterr)
{
	struct kr_event_id id;
	struct kr_page p;
	int err = kr_web__page_for(&p, r, KR_RIGHT_FEEDBACK, reterr);

	if (!err)
		err = kr_web__form_read(&p, reterr);
	if (!err && kr_store_event_id_parse(p.w->store, &p.scope, kr_http_param(r, "id"), &id))
		err = kr_fault_set(reterr, -KR_ENOENT, "there is no such event");
	if (!err)
		err = add(&p, &id);
	if (err)
		return err;
	kr_web__see_other(
		&p, reply,
		KR_URL(&p, "/events", kr_http_param(r, "id"), {KR_STR("done"), KR_STR("answer")}));
	return 0;
}
