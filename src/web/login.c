/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /login, /login/link/TOKEN and /logout: how people come in and go. Everything works without
 * JavaScript. The token of the session is in a cookie that pages cannot read; the name of the
 * cookie holds the port, since browsers share cookies between the ports of a machine.
 */
#include "web/form.h"

#include "base/log.h"
#include "desk/account.h"
#include "web/account.h"
#include "web/pages.h"

#define NEXT_MAX 2048

struct kr_str kr_web_session_token(const struct kr_http_request *r)
{
	struct kr_str name = kr_arena_printf(r->arena, "karaula-%u",
					     (unsigned)kr_http_port(r->http));

	return name.p ? kr_http_cookie(r, name.p) : KR_STR_NULL;
}

static void set_cookie(struct kr_page *p, struct kr_http_reply *reply, struct kr_str token,
		       int64_t seconds)
{
	struct kr_str name = kr_arena_printf(p->a, "karaula-%u",
					     (unsigned)kr_http_port(p->r->http));

	if (name.p)
		kr_http_reply_cookie(p->r, reply, name.p, token, seconds);
}

static struct kr_origin from(const struct kr_http_request *r)
{
	return (struct kr_origin){.door = KR_DOOR_PAGE,
				  .address = kr_http_client(r),
				  .agent = kr_http_header(r, "User-Agent")};
}

/* A path of this site, as it may stand in a header: anything else leads to the first page. */
static struct kr_str safe_next(struct kr_str next)
{
	bool fine = next.n && next.n <= NEXT_MAX && next.p[0] == '/' &&
		    (next.n == 1 || (next.p[1] != '/' && next.p[1] != '\\'));

	for (size_t i = 0; i < next.n; i++)
		fine = fine && next.p[i] > ' ' && next.p[i] < 0x7f && next.p[i] != '\\';
	return fine ? next : KR_STR("/");
}

static void logged_in(struct kr_page *p, struct kr_http_reply *reply, struct kr_logged_in *in,
		      struct kr_str next)
{
	kr_log(KR_LOG_NOTICE, "logged in", KR_S("id", p->r->id), KR_S("client", p->r->client));
	kr_web__see_other(p, reply, next);
	set_cookie(p, reply, kr_str_c(in->token), KR_MAX((in->expires - p->now) / KR_SECOND, 1));
	kr_secret_wipe(in->token, sizeof(in->token));
}

/* The status of a form that was not accepted. */
static void not_accepted(struct kr_page *p, struct kr_http_reply *reply, int err,
			 const struct kr_fault *f)
{
	kr_log(KR_LOG_NOTICE, "login refused", KR_S("id", p->r->id), KR_S("client", p->r->client),
	       KR_S("why", kr_err_name(f->code)));
	reply->status = err == -KR_EAUTH ? 403 : (unsigned)kr_err_http(err);
	if (err == -KR_ERATE || err == -KR_EBUSY)
		kr_http_reply_header(reply, "Retry-After", "15");
}

/* ---- /login ---- */

/* Is there somebody who could make accounts for others? */
static bool has_admin(struct kr_page *p)
{
	struct kr_viewer local = kr_viewer_local();
	struct kr_user *list;
	size_t n;

	if (kr_account_user_list(p->w->o.accounts, &local, p->a, &list, &n, NULL) < 0)
		return true;
	for (size_t i = 0; i < n; i++)
		if (list[i].role == KR_ROLE_ADMIN && !list[i].disabled && list[i].password.n)
			return true;
	return false;
}

static void first_time(struct kr_page *p)
{
	kr_web__box(p, "note", T(p, "Nobody can log in yet"));
	kr_html_el_c(&p->h, "p",
		     T(p, "The first administrator sets a password with a one-time link. It is in "
			  "the file secrets/admin-link of the data directory; if it has expired, "
			  "this command on the machine of the node gives a new one:"));
	kr_html_open(&p->h, "pre");
	kr_html_el_c(&p->h, "code", "karaula user link admin");
	kr_html_close(&p->h, "pre");
	kr_web__box_end(p);
}

static void login_page(struct kr_page *p, struct kr_http_reply *reply, struct kr_str name,
		       const struct kr_fault *f)
{
	static const char *const done[] = {"out", N_("You are logged out."), NULL};
	struct kr_str next = kr_http_query(p->r, "next");

	if (!next.n)
		next = kr_web__field(p, "next");
	kr_web__page_begin(p, KR_NAV_NONE, kr_str_c(T(p, "Log in")));
	kr_web__done(p, done);
	kr_web__problem(p, f);
	if (!has_admin(p))
		first_time(p);
	kr_web__form(p, KR_URL0(p, "/login", KR_STR("")), "card");
	if (next.n)
		kr_web__hidden(p, "next", safe_next(next));
	kr_web__input(p, &(struct kr_web_input){.name = "name",
						.label = T(p, "Name"),
						.autocomplete = "username",
						.value = name,
						.required = true});
	kr_web__input(p, &(struct kr_web_input){.name = "password",
						.label = T(p, "Password"),
						.type = "password",
						.autocomplete = "current-password",
						.required = true,
						.max = 1024});
	kr_web__submit(p, T(p, "Log in"));
	kr_web__form_end(p);
	kr_web__page_end(p, reply);
}

int kr_web__login(struct kr_http_request *r, struct kr_http_reply *reply, struct kr_fault *reterr)
{
	const struct kr_fault none = {0};
	struct kr_page p;

	kr_web__page_init(&p, r, reterr);
	if (p.v->kind != KR_VIEWER_ANONYMOUS)
		kr_web__see_other(&p, reply, safe_next(kr_http_query(r, "next")));
	else
		login_page(&p, reply, KR_STR(""), &none);
	return 0;
}

int kr_web__login_post(struct kr_http_request *r, struct kr_http_reply *reply,
		       struct kr_fault *reterr)
{
	struct kr_origin origin = from(r);
	struct kr_logged_in in;
	struct kr_fault f = {0};
	struct kr_page p;
	int err = kr_http_form(r, reterr);

	if (err)
		return err;
	kr_web__page_init(&p, r, reterr);
	err = kr_account_login(p.w->o.accounts, kr_web__field(&p, "name"),
			       kr_http_field(r, "password"), &origin, p.a, &in, &f);
	kr_web__field_wipe(&p, "password");
	if (!err) {
		logged_in(&p, reply, &in, safe_next(kr_http_field(r, "next")));
		return 0;
	}
	not_accepted(&p, reply, err, &f);
	login_page(&p, reply, kr_web__field(&p, "name"), &f);
	return 0;
}

/* ---- /login/link/TOKEN ---- */

static int link_page(struct kr_page *p, struct kr_http_reply *reply, const struct kr_fault *f)
{
	struct kr_str token = kr_http_param(p->r, "token");
	struct kr_account_link link;
	int err = kr_account_link_look(p->w->o.accounts, token, p->a, &link, p->fault);

	if (err)
		return err;
	kr_web__page_begin(p, KR_NAV_NONE, kr_str_c(T(p, "Set a password")));
	kr_web__problem(p, f);
	kr_html_open(&p->h, "p");
	kr_web__textf(p,
		      T(p, "This link sets the password of %s, once. Whoever holds it can do so."),
		      link.user.name);
	kr_html_close(&p->h, "p");
	kr_web__form(p, KR_URL0(p, KR_WEB_LINK_PAGE, token), "card");
	/* Password managers look for it. */
	kr_web__input(p, &(struct kr_web_input){.name = "name",
						.label = T(p, "Name"),
						.autocomplete = "username",
						.value = link.user.name});
	kr_web__input(p, &(struct kr_web_input){.name = "password",
						.label = T(p, "New password"),
						.type = "password",
						.autocomplete = "new-password",
						.hint = T(p, "A sentence is better than a word."),
						.required = true,
						.max = 1024});
	kr_web__input(p, &(struct kr_web_input){.name = "again",
						.label = T(p, "The same again"),
						.type = "password",
						.autocomplete = "new-password",
						.required = true,
						.max = 1024});
	kr_web__submit(p, T(p, "Set the password and log in"));
	kr_web__form_end(p);
	kr_web__page_end(p, reply);
	return 0;
}

int kr_web__one_time(struct kr_http_request *r, struct kr_http_reply *reply,
		     struct kr_fault *reterr)
{
	const struct kr_fault none = {0};
	struct kr_page p;

	kr_web__page_init(&p, r, reterr);
	return link_page(&p, reply, &none);
}

int kr_web__same_twice(struct kr_page *p, struct kr_fault *reterr)
{
	if (kr_str_eq(kr_http_field(p->r, "password"), kr_http_field(p->r, "again")))
		return 0;
	kr_fault_set(reterr, -KR_EINVAL, "the two passwords are not the same");
	kr_fault_remedy(reterr, "type the new one twice");
	return -KR_EINVAL;
}

int kr_web__one_time_post(struct kr_http_request *r, struct kr_http_reply *reply,
			  struct kr_fault *reterr)
{
	struct kr_origin origin = from(r);
	struct kr_logged_in in;
	struct kr_fault f = {0};
	struct kr_page p;
	int err = kr_http_form(r, reterr);

	if (err)
		return err;
	kr_web__page_init(&p, r, reterr);
	err = kr_web__same_twice(&p, &f);
	if (!err)
		err = kr_account_link_use(p.w->o.accounts, kr_http_param(r, "token"),
					  kr_http_field(r, "password"), &origin, p.a, &in, &f);
	kr_web__field_wipe(&p, "password");
	kr_web__field_wipe(&p, "again");
	if (!err) {
		logged_in(&p, reply, &in, KR_STR("/"));
		return 0;
	}
	if (err == -KR_ENOENT || err == -KR_EAUTH) {
		if (reterr)
			*reterr = f;
		return -KR_ENOENT;
	}
	not_accepted(&p, reply, err, &f);
	return link_page(&p, reply, &f);
}

/* ---- /logout ---- */

int kr_web__logout(struct kr_http_request *r, struct kr_http_reply *reply, struct kr_fault *reterr)
{
	struct kr_page p;
	int err;

	kr_web__page_init(&p, r, reterr);
	err = kr_web__form_read(&p, reterr);
	if (!err)
		err = kr_account_logout(p.w->o.accounts, p.v, reterr);
	if (err)
		return err;
	kr_web__see_other(&p, reply,
			  KR_URL(&p, "/login", KR_STR(""), {KR_STR("done"), KR_STR("out")}));
	set_cookie(&p, reply, KR_STR(""), 0);
	return 0;
}
