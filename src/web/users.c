/* SPDX-License-Identifier: Apache-2.0 */
/* /users and /users/NAME: who may log in, for administrators. */
#include "web/account.h"

#include "desk/account.h"
#include "http/url.h"
#include "web/form.h"
#include "web/pages.h"

static const char *const done_words[] = {
	"changed",  N_("The user is changed."),
	"disabled", N_("The user is disabled, and is out at once."),
	"enabled",  N_("The user may log in again."),
	"session",  N_("The session has ended."),
	"sessions", N_("All sessions of the user have ended."),
	NULL,
};

/* "https://node.example.org/login/link/TOKEN", under the name that this page was opened with. */
static struct kr_str link_url(struct kr_page *p, const char *token)
{
	struct kr_str host = kr_http_header(p->r, "Host");
	struct kr_str url = kr_str_c(p->w->o.public_url);

	while (url.n && url.p[url.n - 1] == '/')
		url.n--;
	if (url.n)
		return kr_arena_printf(p->a, "%.*s" KR_WEB_LINK_PAGE "/%s", KR_STR_ARG(url), token);
	return kr_arena_printf(p->a, "%s://%.*s" KR_WEB_LINK_PAGE "/%s",
			       p->r->secure ? "https" : "http", KR_STR_ARG(host), token);
}

static void show_link(struct kr_page *p, const struct kr_account_link *link)
{
	kr_web__secret(p, T(p, "One-time link"),
		       kr_web__format(p,
				      T(p, "Give it to %s by a way that nobody else reads. It sets "
					   "the password once, and is shown now and never again."),
				      link->user.name),
		       link_url(p, link->token));
}

/* Roles as options; room for KR_ROLES. */
static size_t roles(struct kr_web_option *o)
{
	size_t n = 0;

	for (int i = 1; i < KR_ROLES; i++) {
		const struct kr_role_info *role = kr_role_info((enum kr_role)i);

		if (role)
			o[n++] = (struct kr_web_option){role->name, role->name};
	}
	return n;
}

static void user_fields(struct kr_page *p, struct kr_str title, struct kr_str role,
			struct kr_str constituent, struct kr_str language)
{
	struct kr_web_option o[KR_ROLES];

	kr_web__input(p, &(struct kr_web_input){
				 .name = "title", .label = T(p, "Who it is"), .value = title});
	kr_web__select(p, "role", T(p, "Role"), o, roles(o), role.n ? role : KR_STR("viewer"));
	kr_web__input(p, &(struct kr_web_input){.name = "constituent",
						.label = T(p, "Constituent"),
						.hint = T(p, "An operator sees the events of this "
							     "one, and nothing else."),
						.value = constituent,
						.max = 64});
	kr_web__input(p, &(struct kr_web_input){.name = "language",
						.label = T(p, "Language"),
						.hint = T(p, "For example en or sr-Latn."),
						.value = language,
						.max = 16});
}

/* ---- /users ---- */

static const char *state_of(struct kr_page *p, const struct kr_user *u, const char **kind)
{
	*kind = u->disabled ? "plain" : u->password.n ? "ok" : "warn";
	return u->disabled     ? T(p, "disabled")
	       : u->password.n ? T(p, "may log in")
			       : T(p, "has no password yet");
}

static void user_rows(struct kr_page *p, const struct kr_user *list, size_t n)
{
	const struct kr_web_col cols[] = {
		{T(p, "User"), "name"}, {T(p, "Who it is"), "wide"},
		{T(p, "Role"), NULL},	{T(p, "Constituent"), NULL},
		{T(p, "State"), NULL},	{T(p, "Last seen"), "time"},
	};
	struct kr_web_table t;

	kr_web__table(p, &t, T(p, "Users"), cols, KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n; i++) {
		const struct kr_role_info *role = kr_role_info(list[i].role);
		const char *kind, *text = state_of(p, &list[i], &kind);

		kr_web__row(&t);
		kr_web__cell(&t);
		kr_web__link(p, KR_URL0(p, "/users", list[i].name), list[i].name);
		kr_web__cell_end(&t);
		kr_web__cell_str(&t, list[i].title);
		kr_web__cell_str(&t, kr_str_c(role ? role->name : ""));
		kr_web__cell_str(&t, list[i].constituent_name);
		kr_web__cell(&t);
		kr_web__tag(p, kind, text);
		kr_web__cell_end(&t);
		kr_web__cell(&t);
		kr_web__ago(p, list[i].seen);
		kr_web__cell_end(&t);
		kr_web__row_end(&t);
	}
	kr_web__table_end(&t);
}

static int users_page(struct kr_page *p, struct kr_http_reply *reply, const struct kr_fault *f,
		      const struct kr_account_link *link)
{
	struct kr_user *list;
	size_t n;
	int err = kr_account_user_list(p->w->o.accounts, p->v, p->a, &list, &n, p->fault);

	if (err < 0)
		return err;
	kr_web__page_begin(p, KR_NAV_USERS, kr_str_c(T(p, "Users")));
	kr_web__done(p, done_words);
	kr_web__problem(p, f);
	if (link)
		show_link(p, link);
	user_rows(p, list, KR_MIN(n, (size_t)KR_WEB_LIST_MAX));
	kr_web__section(p, "add", T(p, "Add a user"));
	kr_web__form(p, KR_URL0(p, "/users", KR_STR("")), "card");
	kr_web__input(p, &(struct kr_web_input){.name = "name",
						.label = T(p, "Name to log in with"),
						.value = kr_web__field(p, "name"),
						.required = true,
						.max = KR_USER_NAME_MAX});
	user_fields(p, kr_web__field(p, "title"), kr_web__field(p, "role"),
		    kr_web__field(p, "constituent"), kr_web__field(p, "language"));
	kr_web__submit(p, T(p, "Add and make a one-time link"));
	kr_web__form_end(p);
	kr_web__section_end(p);
	kr_web__page_end(p, reply);
	return 0;
}

int kr_web__users(struct kr_http_request *r, struct kr_http_reply *reply, struct kr_fault *reterr)
{
	const struct kr_fault none = {0};
	struct kr_page p;
	int err = kr_web__page_for(&p, r, KR_RIGHT_USERS, reterr);

	return err ? err : users_page(&p, reply, &none, NULL);
}

static struct kr_user_change change_of(struct kr_page *p)
{
	return (struct kr_user_change){.title = kr_web__field(p, "title"),
				       .role = kr_web__field(p, "role"),
				       .constituent = kr_web__field(p, "constituent"),
				       .language = kr_web__field(p, "language")};
}

int kr_web__users_add(struct kr_http_request *r, struct kr_http_reply *reply,
		      struct kr_fault *reterr)
{
	struct kr_account_link link;
	struct kr_user_change c;
	struct kr_fault f = {0};
	struct kr_user u;
	struct kr_page p;
	int err = kr_web__page_for(&p, r, KR_RIGHT_USERS, reterr);

	if (!err)
		err = kr_web__form_read(&p, reterr);
	if (err)
		return err;
	c = change_of(&p);
	err = kr_account_user_add(p.w->o.accounts, p.v, kr_web__field(&p, "name"), &c, p.a, &u, &f);
	if (!err)
		err = kr_account_link_new(p.w->o.accounts, p.v, u.name, p.a, &link, &f);
	if (!err)
		r->n_form = 0; /* the form is empty again */
	else
		reply->status = (unsigned)kr_err_http(err);
	return users_page(&p, reply, &f, err ? NULL : &link);
}

/* ---- /users/NAME ---- */

static void button(struct kr_page *p, struct kr_str action, const char *name, const char *value,
		   const char *text)
{
	kr_web__form(p, action, "inline");
	if (name)
		kr_web__hidden(p, name, kr_str_c(value));
	kr_web__submit(p, text);
	kr_web__form_end(p);
}

static struct kr_str below(struct kr_page *p, const struct kr_user *u, const char *what)
{
	KR_AUTO_BUF base = KR_BUF(400);

	kr_buf_c(&base, "/users/");
	kr_http_encode(&base, u->name);
	kr_buf_c(&base, what);
	return kr_web__url(p, kr_buf_cstr(&base), KR_STR(""), NULL, 0);
}

static void edit(struct kr_page *p, const struct kr_user *u)
{
	const struct kr_role_info *role = kr_role_info(u->role);

	kr_web__section(p, "edit", T(p, "Change"));
	kr_web__form(p, KR_URL0(p, "/users", u->name), "card");
	kr_web__hidden(p, "revision", kr_web__str_u64(p, u->revision));
	user_fields(p, u->title, kr_str_c(role ? role->name : ""), u->constituent_name,
		    u->language);
	kr_web__submit(p, T(p, "Change"));
	kr_web__form_end(p);
	button(p, below(p, u, "/link"), NULL, NULL, T(p, "Make a one-time link"));
	if (u->disabled)
		button(p, below(p, u, "/enable"), "enable", "yes", T(p, "Enable"));
	else
		button(p, below(p, u, "/enable"), "enable", "no", T(p, "Disable"));
	kr_web__section_end(p);
}

static int user_sessions(struct kr_page *p, const struct kr_user *u)
{
	struct kr_str action = below(p, u, "/sessions");
	struct kr_session *list;
	size_t n;
	int err = kr_account_session_list(p->w->o.accounts, p->v, u->name, p->a, &list, &n,
					  p->fault);

	if (err < 0)
		return err;
	kr_web__section(p, "sessions", T(p, "Sessions"));
	if (n) {
		kr_web__session_table(p, list, n, action);
		button(p, action, "session", "all", T(p, "End all"));
	} else {
		kr_web__empty(p, T(p, "There is none."), NULL);
	}
	kr_web__section_end(p);
	return 0;
}

static int user_page(struct kr_page *p, struct kr_http_reply *reply, const struct kr_fault *f,
		     const struct kr_account_link *link)
{
	const char *kind, *state;
	struct kr_user u;
	int err = kr_account_user_get(p->w->o.accounts, p->v, kr_http_param(p->r, "name"), p->a, &u,
				      p->fault);

	if (err < 0)
		return err;
	kr_web__page_begin(p, KR_NAV_USERS,
			   kr_arena_printf(p->a, "%s %.*s", T(p, "User"), KR_STR_ARG(u.name)));
	kr_web__done(p, done_words);
	kr_web__problem(p, f);
	if (link)
		show_link(p, link);
	kr_web__facts(p);
	state = state_of(p, &u, &kind);
	kr_web__fact(p, T(p, "State"));
	kr_web__tag(p, kind, state);
	kr_web__fact_end(p);
	kr_web__fact(p, T(p, "Added"));
	kr_web__time(p, u.created);
	kr_web__fact_end(p);
	kr_web__fact(p, T(p, "Changed"));
	kr_web__time(p, u.changed);
	kr_web__fact_end(p);
	kr_web__facts_end(p);
	edit(p, &u);
	err = user_sessions(p, &u);
	return kr_web__page_finish(p, err, reply);
}

int kr_web__user(struct kr_http_request *r, struct kr_http_reply *reply, struct kr_fault *reterr)
{
	const struct kr_fault none = {0};
	struct kr_page p;
	int err = kr_web__page_for(&p, r, KR_RIGHT_USERS, reterr);

	return err ? err : user_page(&p, reply, &none, NULL);
}

/* What all that is posted below /users/NAME begins with. */
static int post_begin(struct kr_page *p, struct kr_http_request *r, struct kr_fault *reterr)
{
	int err = kr_web__page_for(p, r, KR_RIGHT_USERS, reterr);

	return err ? err : kr_web__form_read(p, reterr);
}

static void done(struct kr_page *p, struct kr_http_reply *reply, const char *word)
{
	kr_web__see_other(
		p, reply,
		KR_URL(p, "/users", kr_http_param(p->r, "name"), {KR_STR("done"), kr_str_c(word)}));
}

int kr_web__user_edit(struct kr_http_request *r, struct kr_http_reply *reply,
		      struct kr_fault *reterr)
{
	struct kr_user_change c;
	struct kr_fault f = {0};
	uint64_t revision = 0;
	struct kr_user u;
	struct kr_page p;
	int err = post_begin(&p, r, reterr);

	if (err)
		return err;
	if (kr_str_u64(kr_web__field(&p, "revision"), &revision) || revision > UINT32_MAX)
		return kr_fault_set(reterr, -KR_EINVAL, "the form has no revision");
	c = change_of(&p);
	err = kr_account_user_edit(p.w->o.accounts, p.v, kr_http_param(r, "name"),
				   (uint32_t)revision, &c, p.a, &u, &f);
	if (!err) {
		done(&p, reply, "changed");
		return 0;
	}
	reply->status = (unsigned)kr_err_http(err);
	return user_page(&p, reply, &f, NULL);
}

int kr_web__user_link(struct kr_http_request *r, struct kr_http_reply *reply,
		      struct kr_fault *reterr)
{
	const struct kr_fault none = {0};
	struct kr_account_link link;
	struct kr_page p;
	int err = post_begin(&p, r, reterr);

	if (!err)
		err = kr_account_link_new(p.w->o.accounts, p.v, kr_http_param(r, "name"), p.a,
					  &link, reterr);
	return err ? err : user_page(&p, reply, &none, &link);
}

int kr_web__user_enable(struct kr_http_request *r, struct kr_http_reply *reply,
			struct kr_fault *reterr)
{
	struct kr_fault f = {0};
	struct kr_page p;
	bool enable;
	int err = post_begin(&p, r, reterr);

	if (err)
		return err;
	enable = kr_str_eqc(kr_web__field(&p, "enable"), "yes");
	err = kr_account_user_enable(p.w->o.accounts, p.v, kr_http_param(r, "name"), enable, &f);
	if (!err) {
		done(&p, reply, enable ? "enabled" : "disabled");
		return 0;
	}
	reply->status = (unsigned)kr_err_http(err);
	return user_page(&p, reply, &f, NULL);
}

int kr_web__user_sessions(struct kr_http_request *r, struct kr_http_reply *reply,
			  struct kr_fault *reterr)
{
	struct kr_page p;
	bool all = false;
	uint64_t id = 0;
	int err = post_begin(&p, r, reterr);

	if (!err) {
		struct kr_str which = kr_web__field(&p, "session");

		all = kr_str_eqc(which, "all");
		if (!all && kr_str_u64(which, &id))
			err = kr_fault_set(reterr, -KR_EINVAL, "a session has a number");
	}
	if (!err && all)
		err = kr_account_session_end_all(p.w->o.accounts, p.v, kr_http_param(r, "name"),
						 reterr);
	else if (!err)
		err = kr_account_session_end(p.w->o.accounts, p.v, id, reterr);
	if (err < 0)
		return err;
	done(&p, reply, all ? "sessions" : "session");
	return 0;
}
