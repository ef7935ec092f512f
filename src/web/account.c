/* SPDX-License-Identifier: Apache-2.0 */
/* /account: one's own password, sessions and API keys. */
#include "web/account.h"

#include "desk/account.h"
#include "web/form.h"
#include "web/pages.h"

static const char *const done_words[] = {
	"password", N_("The password is changed; your other sessions have ended."),
	"session",  N_("The session has ended."),
	"sessions", N_("All other sessions have ended."),
	"revoked",  N_("The key is revoked."),
	NULL,
};

static void facts(struct kr_page *p)
{
	const struct kr_role_info *role = kr_role_info(p->v->role);
	KR_AUTO_BUF rights = KR_BUF(400);

	kr_rights_text(p->v->rights, &rights);
	kr_web__facts(p);
	kr_web__fact_str(p, T(p, "Name"), p->v->name);
	kr_web__fact_str(p, T(p, "Role"), kr_str_c(role ? role->name : ""));
	kr_web__fact_str(p, T(p, "What it is"), kr_str_c(role ? role->doc : ""));
	kr_web__fact_str(p, T(p, "Constituent"), p->v->constituent_name);
	kr_web__fact_str(p, T(p, "Rights"), kr_buf_str(&rights));
	kr_web__facts_end(p);
}

/* ---- sessions ---- */

static void end_cell(struct kr_web_table *t, const struct kr_session *s, struct kr_str action)
{
	struct kr_page *p = t->p;

	kr_web__cell(t);
	if (s->id == p->v->session) {
		kr_web__tag(p, "ok", T(p, "this one"));
	} else {
		kr_web__form(p, action, "inline");
		kr_web__hidden(p, "session", kr_web__str_u64(p, s->id));
		kr_web__submit(p, T(p, "End"));
		kr_web__form_end(p);
	}
	kr_web__cell_end(t);
}

void kr_web__session_table(struct kr_page *p, const struct kr_session *list, size_t n,
			   struct kr_str action)
{
	const struct kr_web_col cols[] = {
		{T(p, "Began"), "time"},   {T(p, "Last seen"), "time"}, {T(p, "Address"), NULL},
		{T(p, "Program"), "wide"}, {T(p, "Ends"), "time"},	{T(p, "End it"), NULL},
	};
	struct kr_web_table t;

	kr_web__table(p, &t, T(p, "Sessions, newest first"), cols, KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n; i++) {
		kr_web__row(&t);
		kr_web__cell(&t);
		kr_web__time(p, list[i].created);
		kr_web__cell_end(&t);
		kr_web__cell(&t);
		kr_web__ago(p, list[i].seen);
		kr_web__cell_end(&t);
		kr_web__cell_str(&t, list[i].address);
		kr_web__cell_str(&t, list[i].agent);
		kr_web__cell(&t);
		kr_web__time(p, list[i].expires);
		kr_web__cell_end(&t);
		end_cell(&t, &list[i], action);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
}

static int sessions(struct kr_page *p)
{
	struct kr_str action = KR_URL0(p, "/account/sessions", KR_STR(""));
	struct kr_session *list;
	size_t n;
	int err = kr_account_session_list(p->w->o.accounts, p->v, KR_STR(""), p->a, &list, &n,
					  p->fault);

	if (err < 0)
		return err;
	kr_web__section(p, "sessions", T(p, "Where you are logged in"));
	kr_web__session_table(p, list, n, action);
	if (n > 1) {
		kr_web__form(p, action, NULL);
		kr_web__hidden(p, "session", KR_STR("others"));
		kr_web__submit(p, T(p, "End all others"));
		kr_web__form_end(p);
	}
	kr_web__section_end(p);
	return 0;
}

int kr_web__account_sessions(struct kr_http_request *r, struct kr_http_reply *reply,
			     struct kr_fault *reterr)
{
	struct kr_str which, done = KR_STR("session");
	struct kr_page p;
	uint64_t id = 0;
	int err;

	kr_web__page_init(&p, r, reterr);
	err = kr_web__form_read(&p, reterr);
	if (err)
		return err;
	which = kr_web__field(&p, "session");
	if (kr_str_eqc(which, "others")) {
		done = KR_STR("sessions");
		err = kr_account_session_end_all(p.w->o.accounts, p.v, KR_STR(""), reterr);
	} else if (kr_str_u64(which, &id)) {
		err = kr_fault_set(reterr, -KR_EINVAL, "a session has a number");
	} else {
		err = kr_account_session_end(p.w->o.accounts, p.v, id, reterr);
	}
	if (err < 0)
		return err;
	kr_web__see_other(&p, reply, KR_URL(&p, "/account", KR_STR(""), {KR_STR("done"), done}));
	return 0;
}

/* ---- password ---- */

static void password(struct kr_page *p)
{
	kr_web__section(p, "password", T(p, "Change the password"));
	kr_web__form(p, KR_URL0(p, "/account/password", KR_STR("")), "card");
	kr_web__input(p, &(struct kr_web_input){.name = "old",
						.label = T(p, "Password until now"),
						.type = "password",
						.autocomplete = "current-password",
						.required = true,
						.max = 1024});
	kr_web__input(p, &(struct kr_web_input){.name = "password",
						.label = T(p, "New password"),
						.type = "password",
						.autocomplete = "new-password",
						.required = true,
						.max = 1024});
	kr_web__input(p, &(struct kr_web_input){.name = "again",
						.label = T(p, "The same again"),
						.type = "password",
						.autocomplete = "new-password",
						.required = true,
						.max = 1024});
	kr_web__submit(p, T(p, "Change it"));
	kr_web__form_end(p);
	kr_web__section_end(p);
}

/* ---- keys ---- */

static void key_state(struct kr_web_table *t, const struct kr_apikey *k)
{
	struct kr_page *p = t->p;

	kr_web__cell(t);
	if (k->revoked != KR_TIME_NONE) {
		kr_web__tag(p, "plain", T(p, "revoked"));
	} else if (k->expires != KR_TIME_NONE && k->expires <= p->now) {
		kr_web__tag(p, "plain", T(p, "expired"));
	} else {
		kr_web__form(p, KR_URL0(p, "/account/keys/revoke", KR_STR("")), "inline");
		kr_web__hidden(p, "key", kr_web__str_u64(p, k->id));
		kr_web__submit(p, T(p, "Revoke"));
		kr_web__form_end(p);
	}
	kr_web__cell_end(t);
}

static void key_rows(struct kr_page *p, const struct kr_apikey *list, size_t n)
{
	const struct kr_web_col cols[] = {
		{T(p, "Key"), "name"},	   {T(p, "Owner"), NULL},     {T(p, "Role"), NULL},
		{T(p, "Rights"), "wide"},  {T(p, "Expires"), "time"}, {T(p, "Last used"), "time"},
		{T(p, "Revoke it"), NULL},
	};
	struct kr_web_table t;

	kr_web__table(p, &t, T(p, "API keys, newest first"), cols, KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n; i++) {
		const struct kr_role_info *role = kr_role_info(list[i].role);
		KR_AUTO_BUF rights = KR_BUF(400);

		kr_rights_text(list[i].rights, &rights);
		kr_web__row(&t);
		kr_web__cell_str(&t, list[i].name);
		kr_web__cell_str(&t, list[i].owner_name);
		kr_web__cell_str(&t, kr_str_c(role ? role->name : ""));
		kr_web__cell_str(&t, kr_buf_str(&rights));
		kr_web__cell(&t);
		kr_web__time(p, list[i].expires);
		kr_web__cell_end(&t);
		kr_web__cell(&t);
		kr_web__ago(p, list[i].used);
		kr_web__cell_end(&t);
		key_state(&t, &list[i]);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
}

static void key_form(struct kr_page *p)
{
	kr_web__form(p, KR_URL0(p, "/account/keys", KR_STR("")), "card");
	kr_web__input(p, &(struct kr_web_input){.name = "name",
						.label = T(p, "What the new key is for"),
						.value = kr_web__field(p, "name"),
						.required = true,
						.max = 64});
	kr_web__input(p, &(struct kr_web_input){
				 .name = "rights",
				 .label = T(p, "Rights"),
				 .hint = T(p, "For example events,take; empty: all that you have."),
				 .value = kr_web__field(p, "rights")});
	kr_web__input(p,
		      &(struct kr_web_input){.name = "expires",
					     .label = T(p, "Expires"),
					     .hint = T(p, "For example 90d or 2027-01-31; empty: "
							  "what the settings say."),
					     .value = kr_web__field(p, "expires"),
					     .max = 32});
	kr_web__submit(p, T(p, "Make a key"));
	kr_web__form_end(p);
}

static int keys(struct kr_page *p)
{
	struct kr_apikey *list;
	size_t n;
	int err = kr_account_key_list(p->w->o.accounts, p->v, p->a, &list, &n, p->fault);

	if (err < 0)
		return err;
	kr_web__section(p, "keys", T(p, "API keys"));
	if (n)
		key_rows(p, list, KR_MIN(n, (size_t)KR_WEB_LIST_MAX));
	key_form(p);
	kr_web__section_end(p);
	return 0;
}

/* Something that is shown once, with what to do with it. */
void kr_web__secret(struct kr_page *p, const char *title, const char *text, struct kr_str secret)
{
	struct kr_html *h = &p->h;

	kr_web__box(p, "note", title);
	kr_html_el_c(h, "p", text);
	kr_html_open(h, "pre");
	kr_html_attr_c(h, "tabindex", "0");
	kr_html_attr_c(h, "role", "region");
	kr_html_attr_c(h, "aria-label", title);
	kr_html_attr_c(h, "class", "raw secret");
	kr_html_el(h, "code", secret);
	kr_html_close(h, "pre");
	kr_web__box_end(p);
}

/* ---- the page ---- */

static int account_page(struct kr_page *p, struct kr_http_reply *reply, const struct kr_fault *f,
			struct kr_str key)
{
	int err;

	kr_web__page_begin(p, KR_NAV_ACCOUNT, kr_str_c(T(p, "Your account")));
	kr_web__done(p, done_words);
	kr_web__problem(p, f);
	if (key.n)
		kr_web__secret(p, T(p, "The new key"),
			       T(p, "It is shown now and never again. Send it as Authorization: "
				    "Bearer KEY."),
			       key);
	facts(p);
	err = sessions(p);
	if (!err)
		password(p);
	if (!err)
		err = keys(p);
	return kr_web__page_finish(p, err, reply);
}

static int only_people(struct kr_page *p)
{
	if (p->v->kind == KR_VIEWER_USER)
		return 0;
	kr_fault_set(p->fault, -KR_EDENIED, "only people have a page of their own");
	kr_fault_remedy(p->fault, "log in");
	return -KR_EDENIED;
}

int kr_web__account(struct kr_http_request *r, struct kr_http_reply *reply, struct kr_fault *reterr)
{
	const struct kr_fault none = {0};
	struct kr_page p;
	int err;

	kr_web__page_init(&p, r, reterr);
	err = only_people(&p);
	return err ? err : account_page(&p, reply, &none, KR_STR(""));
}

int kr_web__account_password(struct kr_http_request *r, struct kr_http_reply *reply,
			     struct kr_fault *reterr)
{
	struct kr_fault f = {0};
	struct kr_page p;
	int err;

	kr_web__page_init(&p, r, reterr);
	err = kr_web__form_read(&p, reterr);
	if (err)
		return err;
	err = kr_web__same_twice(&p, &f);
	if (!err)
		err = kr_account_change_password(p.w->o.accounts, p.v, kr_http_field(r, "old"),
						 kr_http_field(r, "password"), &f);
	kr_web__field_wipe(&p, "old");
	kr_web__field_wipe(&p, "password");
	kr_web__field_wipe(&p, "again");
	if (!err) {
		kr_web__see_other(
			&p, reply,
			KR_URL(&p, "/account", KR_STR(""), {KR_STR("done"), KR_STR("password")}));
		return 0;
	}
	reply->status = err == -KR_EAUTH ? 403 : (unsigned)kr_err_http(err);
	return account_page(&p, reply, &f, KR_STR(""));
}

int kr_web__account_keys(struct kr_http_request *r, struct kr_http_reply *reply,
			 struct kr_fault *reterr)
{
	char text[KR_KEY_TEXT_MAX] = "";
	struct kr_key_new k = {0};
	struct kr_fault f = {0};
	struct kr_apikey made;
	struct kr_page p;
	int err;

	kr_web__page_init(&p, r, reterr);
	err = kr_web__form_read(&p, reterr);
	if (err)
		return err;
	k.name = kr_web__field(&p, "name");
	k.rights = kr_web__field(&p, "rights");
	k.expires = kr_web__field(&p, "expires");
	err = kr_account_key_new(p.w->o.accounts, p.v, &k, p.a, text, &made, &f);
	if (err < 0)
		reply->status = (unsigned)kr_err_http(err);
	else
		r->n_form = 0; /* the form is empty again */
	err = account_page(&p, reply, &f, err < 0 ? KR_STR("") : kr_str_c(text));
	kr_secret_wipe(text, sizeof(text));
	return err;
}

int kr_web__account_revoke(struct kr_http_request *r, struct kr_http_reply *reply,
			   struct kr_fault *reterr)
{
	struct kr_page p;
	uint64_t id;
	int err;

	kr_web__page_init(&p, r, reterr);
	err = kr_web__form_read(&p, reterr);
	if (!err && kr_str_u64(kr_web__field(&p, "key"), &id))
		err = kr_fault_set(reterr, -KR_EINVAL, "a key has a number");
	if (!err)
		err = kr_account_key_revoke(p.w->o.accounts, p.v, id, reterr);
	if (err < 0)
		return err;
	kr_web__see_other(&p, reply,
			  KR_URL(&p, "/account", KR_STR(""), {KR_STR("done"), KR_STR("revoked")}));
	return 0;
}
