/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of every page: head, skip link, banner with navigation and search, main, footer. */
#include "web/page.h"

#include <string.h>

#include "desk/access.h"
#include "store/backup.h"
#include "web/form.h"
#include "web/view.h"

static const struct kr_viewer nobody = {.kind = KR_VIEWER_ANONYMOUS};

void kr_web__page_init(struct kr_page *p, struct kr_http_request *r, struct kr_fault *fault)
{
	*p = (struct kr_page){
		.w = r->ctx, .r = r, .a = r->arena, .fault = fault, .events = "/events"};
	p->v = p->who = r->user ? r->user : &nobody;
	p->scope = kr_access_scope(p->v);
	p->now = kr_store_now(p->w->store);
	p->until_us = kr_clock_us() + p->w->o.query_us;
	p->h = KR_HTML(KR_WEB_PAGE_MAX);
	p->lang = kr_web__lang_pick(kr_text_langs(), kr_http_query(r, "lang"),
				    kr_http_header(r, "Accept-Language"));
	p->lang_asked = p->lang && kr_http_query(r, "lang").n;
	if (!p->lang)
		p->lang = p->w->o.lang;
}

bool kr_web__patient(void *until_us, uint64_t scanned, uint64_t total)
{
	(void)scanned;
	(void)total;
	return kr_clock_us() < *(const int64_t *)until_us;
}

int kr_web__too_long(int err, struct kr_fault *fault)
{
	if (err != -KR_ECANCEL)
		return err;
	kr_fault_set(fault, -KR_ELIMIT, "looking for this takes too long");
	kr_fault_remedy(fault, "narrow it, e.g. with since:7d");
	return -KR_ELIMIT;
}

int kr_web__page_for(struct kr_page *p, struct kr_http_request *r, enum kr_right right,
		     struct kr_fault *fault)
{
	kr_web__page_init(p, r, fault);
	return kr_access_check(p->v, right, fault);
}

int kr_web__conf(struct kr_page *p, const struct kr_conf **ret)
{
	const struct kr_conf *c = p->w->o.conf ? p->w->o.conf(p->w->o.conf_ctx) : NULL;

	if (!c)
		return kr_fault_set(p->fault, -KR_EUNAVAIL, "this node has no settings");
	*ret = c;
	return 0;
}

static void head(struct kr_page *p, struct kr_str title)
{
	struct kr_html *h = &p->h;

	kr_html_open(h, "head");
	kr_html_void(h, "meta");
	kr_html_attr_c(h, "charset", "utf-8");
	kr_html_void(h, "meta");
	kr_html_attr_c(h, "name", "viewport");
	kr_html_attr_c(h, "content", "width=device-width, initial-scale=1");
	kr_html_void(h, "meta");
	kr_html_attr_c(h, "name", "color-scheme");
	kr_html_attr_c(h, "content", "light dark");
	kr_html_open(h, "title");
	kr_html_cut(&p->h, title, KR_WEB_CELL_MAX);
	kr_html_c(h, " \xc2\xb7 ");
	kr_html_c(h, p->w->o.node_name);
	kr_html_close(h, "title");
	kr_html_void(h, "link");
	kr_html_attr_c(h, "rel", "icon");
	kr_html_attr_c(h, "type", "image/svg+xml");
	kr_html_url(h, KR_HTML_HREF, kr_str_c(p->w->assets.icon.url));
	kr_html_void(h, "link");
	kr_html_attr_c(h, "rel", "stylesheet");
	kr_html_url(h, KR_HTML_HREF, kr_str_c(p->w->assets.style.url));
	kr_html_close(h, "head");
}

static void nav_entry(struct kr_page *p, bool current, const char *path, const char *text)
{
	kr_html_open(&p->h, "li");
	kr_html_open(&p->h, "a");
	kr_html_url(&p->h, KR_HTML_HREF, KR_URL0(p, path, KR_STR("")));
	if (current)
		kr_html_attr_c(&p->h, "aria-current", "page");
	kr_html_c(&p->h, text);
	kr_html_close(&p->h, "a");
	kr_html_close(&p->h, "li");
}

static const struct {
	enum kr_web_nav nav;
	const char *path, *text;
	uint32_t right; /* 0: everybody who is logged in */
} entries[] = {
	{KR_NAV_OVERVIEW, "/", N_("Overview"), KR_RIGHT_EVENTS},
	{KR_NAV_EVENTS, "/events", N_("Events"), KR_RIGHT_EVENTS},
	{KR_NAV_UNROUTED, "/unrouted", N_("Unrouted"), KR_RIGHT_REGISTER},
	{KR_NAV_REPORTS, "/reports", N_("Reports"), KR_RIGHT_REPORTS},
	{KR_NAV_QUARANTINE, "/quarantine", N_("Quarantine"), KR_RIGHT_REPORTS},
	{KR_NAV_CONSTITUENTS, "/constituents", N_("Constituents"), KR_RIGHT_REGISTER},
	{KR_NAV_DELIVERIES, "/deliveries", N_("Deliveries"), KR_RIGHT_DELIVERIES},
	{KR_NAV_SOURCES, "/sources", N_("Sources"), KR_RIGHT_REPORTS},
	{KR_NAV_USERS, "/users", N_("Users"), KR_RIGHT_USERS},
	{KR_NAV_HELP, "/help", N_("Help"), 0},
};

static void navigation(struct kr_page *p, enum kr_web_nav nav)
{
	struct kr_html *h = &p->h;

	kr_html_open(h, "nav");
	kr_html_attr_c(h, "aria-label", T(p, "Main"));
	kr_html_open(h, "ul");
	for (size_t i = 0; i < KR_ARRAY_LEN(entries); i++)
		if (!entries[i].right || kr_viewer_can(p->who, (enum kr_right)entries[i].right))
			nav_entry(p, nav == entries[i].nav, entries[i].path, T(p, entries[i].text));
	kr_html_close(h, "ul");
	kr_html_close(h, "nav");
}

void kr_web__keep_lang(struct kr_page *p)
{
	if (!p->lang_asked)
		return;
	kr_html_void(&p->h, "input");
	kr_html_attr_c(&p->h, "type", "hidden");
	kr_html_attr_c(&p->h, "name", "lang");
	kr_html_attr_c(&p->h, "value", kr_web__lang_tag(p->lang));
}

static void search(struct kr_page *p)
{
	struct kr_html *h = &p->h;

	kr_html_open(h, "form");
	kr_html_attr_c(h, "class", "quick");
	kr_html_attr_c(h, "role", "search");
	kr_html_attr_c(h, "method", "get");
	kr_html_url(h, KR_HTML_ACTION, KR_STR("/events"));
	kr_html_open(h, "label");
	kr_html_attr_c(h, "class", "hidden");
	kr_html_attr_c(h, "for", "quick-q");
	kr_html_c(h, T(p, "Search events"));
	kr_html_close(h, "label");
	kr_html_void(h, "input");
	kr_html_attr_c(h, "type", "search");
	kr_html_attr_c(h, "id", "quick-q");
	kr_html_attr_c(h, "name", "q");
	kr_html_attr_c(h, "placeholder", "type:phishing since:7d");
	kr_html_attr_c(h, "autocomplete", "off");
	kr_html_attr_c(h, "spellcheck", "false");
	kr_html_attr_u64(h, "maxlength", KR_WEB_QUERY_TEXT_MAX);
	kr_web__keep_lang(p);
	kr_html_open(h, "button");
	kr_html_c(h, T(p, "Search"));
	kr_html_close(h, "button");
	kr_html_close(h, "form");
}

/* Who is logged in, and the way out. */
static void who(struct kr_page *p, enum kr_web_nav nav)
{
	const struct kr_role_info *role = kr_role_info(p->who->role);
	struct kr_html *h = &p->h;

	kr_html_open(h, "div");
	kr_html_attr_c(h, "class", "who");
	kr_html_open(h, "a");
	kr_html_url(h, KR_HTML_HREF, KR_URL0(p, "/account", KR_STR("")));
	if (nav == KR_NAV_ACCOUNT)
		kr_html_attr_c(h, "aria-current", "page");
	kr_html_cut(h, p->who->name, 64);
	kr_html_c(h, " \xc2\xb7 ");
	kr_html_c(h, role ? role->name : "");
	kr_html_close(h, "a");
	if (p->who->session) {
		kr_web__form(p, KR_STR("/logout"), "out");
		kr_web__submit(p, T(p, "Log out"));
		kr_web__form_end(p);
	}
	kr_html_close(h, "div");
}

static void banner(struct kr_page *p, enum kr_web_nav nav)
{
	bool in = p->who->kind != KR_VIEWER_ANONYMOUS;
	struct kr_html *h = &p->h;

	kr_html_open(h, "header");
	kr_html_attr_c(h, "class", "banner");
	kr_html_open(h, "div");
	kr_html_attr_c(h, "class", "inner");
	kr_html_open(h, "a");
	kr_html_attr_c(h, "class", "brand");
	kr_html_url(h, KR_HTML_HREF, KR_URL0(p, "/", KR_STR("")));
	kr_html_void(h, "img");
	kr_html_url(h, KR_HTML_SRC, kr_str_c(p->w->assets.icon.url));
	kr_html_attr_c(h, "alt", "");
	kr_html_attr_u64(h, "width", 28);
	kr_html_attr_u64(h, "height", 28);
	kr_html_el_c(h, "span", p->w->o.node_name);
	kr_html_close(h, "a");
	if (in)
		navigation(p, nav);
	if (in && !p->own_search && kr_web__can(p, KR_RIGHT_EVENTS))
		search(p);
	if (in)
		who(p, nav);
	kr_html_close(h, "div");
	kr_html_close(h, "header");
}

/* A restored node works, but tells nobody until a person says so. */
static void recovering(struct kr_page *p)
{
	kr_time since;

	if (!kr_scope_is_staff(&p->scope))
		return;
	since = kr_store_recovering(p->w->store);
	if (since == KR_TIME_NONE)
		return;
	kr_web__box(p, "warning", T(p, "Restored from a backup: nothing is delivered"));
	kr_html_open(&p->h, "p");
	kr_html_c(&p->h, T(p, "Restored"));
	kr_html_c(&p->h, " ");
	kr_web__time(p, since);
	kr_html_c(&p->h, ". ");
	kr_html_c(&p->h, T(p, "Reports are taken in and pages shown. Look whom the lost node told "
			      "after the backup, then:"));
	kr_html_c(&p->h, " ");
	kr_html_el_c(&p->h, "code", "karaula recover finish");
	kr_html_close(&p->h, "p");
	kr_web__box_end(p);
}

void kr_web__page_begin(struct kr_page *p, enum kr_web_nav nav, struct kr_str title)
{
	struct kr_html *h = &p->h;

	kr_html_doctype(h);
	kr_html_open(h, "html");
	kr_html_attr_c(h, "lang", kr_web__lang_tag(p->lang));
	head(p, title);
	kr_html_open(h, "body");
	kr_html_open(h, "a");
	kr_html_attr_c(h, "class", "skip");
	kr_html_url(h, KR_HTML_HREF, KR_STR("#main"));
	kr_html_c(h, T(p, "Skip to the content"));
	kr_html_close(h, "a");
	banner(p, nav);
	kr_html_open(h, "main");
	kr_html_attr_c(h, "id", "main");
	kr_html_attr_c(h, "tabindex", "-1");
	kr_html_open(h, "h1");
	kr_html_cut(&p->h, title, KR_WEB_CELL_MAX);
	kr_html_close(h, "h1");
	recovering(p);
	if (p->view.n)
		kr_web__view_banner(p);
}

static void footer(struct kr_page *p)
{
	const struct kr_web_opts *o = &p->w->o;
	struct kr_html *h = &p->h;

	kr_html_open(h, "footer");
	kr_html_open(h, "div");
	kr_html_attr_c(h, "class", "inner");
	kr_html_open(h, "p");
	kr_html_c(h, "karaula " KR_VERSION " \xc2\xb7 ");
	kr_html_c(h, T(p, "made at"));
	kr_html_c(h, " ");
	kr_web__time(p, p->now);
	kr_html_close(h, "p");
	if (o->n_attribution) {
		kr_html_open(h, "ul");
		kr_html_attr_c(h, "aria-label", T(p, "Sources of the tables in use"));
		for (size_t i = 0; i < o->n_attribution; i++)
			kr_html_el_c(h, "li", o->attribution[i]);
		kr_html_close(h, "ul");
	}
	kr_html_close(h, "div");
	kr_html_close(h, "footer");
}

void kr_web__page_end(struct kr_page *p, struct kr_http_reply *reply)
{
	struct kr_html *h = &p->h;

	kr_html_close(h, "main");
	footer(p);
	kr_html_close(h, "body");
	kr_html_close(h, "html");
	assert(h->depth == 0);
	kr_buf_ch(&h->b, '\n');
	reply->type = "text/html; charset=utf-8";
	kr_http_reply_header(reply, "Content-Language", kr_web__lang_tag(p->lang));
	kr_http_reply_header(reply, "Vary", "Accept-Language");
	reply->body = h->b;
	h->b = KR_BUF(0);
}

int kr_web__page_finish(struct kr_page *p, int err, struct kr_http_reply *reply)
{
	if (err < 0)
		kr_buf_done(&p->h.b);
	else
		kr_web__page_end(p, reply);
	return KR_MIN(err, 0);
}

void kr_web__section(struct kr_page *p, const char *id, const char *title)
{
	kr_html_open(&p->h, "section");
	kr_html_attr_c(&p->h, "id", id);
	kr_html_attr(&p->h, "aria-labelledby", kr_arena_printf(p->a, "%s-title", id));
	kr_html_open(&p->h, "h2");
	kr_html_attr(&p->h, "id", kr_arena_printf(p->a, "%s-title", id));
	kr_html_c(&p->h, title);
	kr_html_close(&p->h, "h2");
}

void kr_web__section_end(struct kr_page *p)
{
	kr_html_close(&p->h, "section");
}

void kr_web__empty(struct kr_page *p, const char *sentence, const char *command)
{
	kr_html_open(&p->h, "div");
	kr_html_attr_c(&p->h, "class", "empty");
	kr_html_el_c(&p->h, "p", sentence);
	if (command) {
		kr_html_open(&p->h, "pre");
		kr_html_el_c(&p->h, "code", command);
		kr_html_close(&p->h, "pre");
	}
	kr_html_close(&p->h, "div");
}

void kr_web__box(struct kr_page *p, const char *kind, const char *title)
{
	kr_html_open(&p->h, "div");
	kr_html_attr(&p->h, "class", kr_arena_printf(p->a, "box box-%s", kind));
	kr_html_el_c(&p->h, "h2", title);
}

void kr_web__box_end(struct kr_page *p)
{
	kr_html_close(&p->h, "div");
}

static const char *error_title(struct kr_page *p, unsigned status)
{
	switch (status) {
	case 401: return T(p, "Not logged in");
	case 403: return T(p, "Not permitted");
	case 404: return T(p, "Not found");
	case 405: return T(p, "Not possible here");
	case 421: return T(p, "Wrong address");
	case 429: return T(p, "Too many attempts");
	case 503: return T(p, "Not available now");
	default: return status < 500 ? T(p, "This cannot be answered") : T(p, "Something failed");
	}
}

/* A person is led to the login, a program is told what to send. */
static bool to_login(struct kr_page *p, struct kr_http_reply *reply)
{
	struct kr_http_request *r = p->r;
	struct kr_str path = kr_arena_dup(r->arena, r->path), next = KR_STR("");

	if (kr_http_header(r, "Authorization").p || strcmp(r->method, "GET") != 0) {
		kr_http_reply_header(reply, "WWW-Authenticate", "Bearer realm=\"karaula\"");
		return false;
	}
	if (path.p && (path.n > 1 || r->n_query))
		next = kr_web__url(p, path.p, KR_STR(""), r->query, r->n_query);
	kr_web__see_other(p, reply, KR_URL(p, "/login", KR_STR(""), {KR_STR("next"), next}));
	return true;
}

void kr_web__see_other(struct kr_page *p, struct kr_http_reply *reply, struct kr_str path)
{
	struct kr_str z = kr_arena_dup(p->a, path);

	kr_buf_done(&p->h.b);
	reply->status = 303;
	reply->type = "text/plain; charset=utf-8";
	reply->fixed = KR_STR("");
	kr_http_reply_header(reply, "Location", z.n ? z.p : "/");
}

void kr_web__error(struct kr_http_request *r, struct kr_http_reply *reply, unsigned status,
		   const struct kr_fault *f)
{
	struct kr_page p;

	kr_web__page_init(&p, r, NULL);
	if (status == 401 && to_login(&p, reply))
		return;
	kr_web__page_begin(&p, KR_NAV_NONE, kr_str_c(error_title(&p, status)));
	kr_html_open(&p.h, "p");
	if (f->where[0])
		kr_html_printf(&p.h, "%s: ", f->where);
	kr_html_printf(&p.h, "%s.", f->message[0] ? f->message : kr_err_text(f->code));
	kr_html_close(&p.h, "p");
	if (f->remedy[0])
		kr_html_el_c(&p.h, "p", f->remedy);
	kr_html_open(&p.h, "p");
	kr_html_attr_c(&p.h, "class", "muted");
	kr_html_printf(&p.h, "%u \xc2\xb7 ", status);
	kr_web__textf(&p, T(&p, "request %s"), kr_str_c(r->id));
	kr_html_close(&p.h, "p");
	kr_web__page_end(&p, reply);
}
