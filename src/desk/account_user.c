/* SPDX-License-Identifier: Apache-2.0 */
/* Users: what an administrator sets, checked and told in the audit log. */
#include "base/near.h"
#include "base/text.h"
#include "desk/access.h"
#include "desk/account_internal.h"
#include "store/read.h"

#define TITLE_MAX 200

/* ---- texts ---- */

int kr_account__line(const char *what, struct kr_str s, size_t max, struct kr_fault *reterr)
{
	const char *wrong = s.n > max ? "is too long" : NULL;

	if (!wrong && kr_utf8_valid(s) != s.n)
		wrong = "is not in UTF-8";
	for (size_t i = 0; !wrong && i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			wrong = "holds control characters";
	if (!wrong)
		return 0;
	kr_fault_set(reterr, -KR_EINVAL, "the %s %s", what, wrong);
	kr_fault_remedy(reterr, "write one line of at most %zu bytes in UTF-8", max);
	return -KR_EINVAL;
}

int kr_account__role(struct kr_str text, enum kr_role *ret, struct kr_fault *reterr)
{
	KR_AUTO_BUF known = KR_BUF(200);
	const char *comma = "";

	if (!kr_role_parse(text, ret))
		return 0;
	for (int i = 1; i < KR_ROLES; i++) {
		const struct kr_role_info *role = kr_role_info((enum kr_role)i);

		if (role) {
			kr_buf_printf(&known, "%s%s", comma, role->name);
			comma = ", ";
		}
	}
	kr_fault_set(reterr, -KR_EINVAL, "'%.*s' is no role", (int)KR_MIN(text.n, (size_t)60),
		     text.p ? text.p : "");
	kr_fault_remedy(reterr, "roles are: %s", kr_buf_cstr(&known));
	return -KR_EINVAL;
}

int kr_account__constituent(struct kr_accounts *a, struct kr_str name, uint32_t *ret,
			    struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *arena = kr_arena_new(0);
	struct kr_constituent c;
	struct kr_rule *rules;
	size_t n;
	int r = kr_store_constituent_get(a->store, &KR_SCOPE_ALL, name, 1, arena, &c, &rules, &n,
					 reterr);

	if (!r && c.retired)
		r = kr_fault_set(reterr, -KR_EINVAL,
				 "constituent '%.*s' is not in the register any more",
				 KR_STR_ARG(name));
	if (r == -KR_ENOENT)
		kr_fault_remedy(reterr, "karaula constituent list shows all");
	if (!r)
		*ret = c.id;
	return r;
}

static int set_language(struct kr_str text, struct kr_str *ret, struct kr_fault *reterr)
{
	KR_AUTO_BUF known = KR_BUF(400);
	bool found = !text.n || kr_str_eqc(text, "en");

	kr_buf_c(&known, "en");
	for (const char *const *lang = kr_text_langs(); *lang; lang++) {
		kr_buf_printf(&known, ", %s", *lang);
		found |= kr_str_eqc(text, *lang);
	}
	if (!found) {
		kr_fault_set(reterr, -KR_EINVAL, "'%.*s' is no language of the pages",
			     (int)KR_MIN(text.n, (size_t)40), text.p);
		kr_fault_remedy(reterr, "languages are: %s", kr_buf_cstr(&known));
		return -KR_EINVAL;
	}
	*ret = text;
	return 0;
}

/* Whether there is a password is told, what is stored for it is not. */
void kr_account__hide(struct kr_user *u)
{
	u->password = u->password.n ? KR_STR("set") : KR_STR("");
}

/* ---- change ---- */

/* "role viewer -> lead; " where it differs. */
static void note(struct kr_buf *b, const char *what, struct kr_str before, struct kr_str after)
{
	if (!kr_str_eq(before, after))
		kr_buf_printf(b, "%s%s '%.*s' -> '%.*s'", b->n ? "; " : "", what,
			      KR_STR_ARG(before), KR_STR_ARG(after));
}

static int check_bound(const struct kr_user *u, struct kr_fault *reterr)
{
	const struct kr_role_info *role = kr_role_info(u->role);

	if (role->bound == (u->constituent != 0))
		return 0;
	if (role->bound) {
		kr_fault_set(reterr, -KR_EINVAL, "the role '%s' belongs to a constituent",
			     role->name);
		kr_fault_remedy(reterr, "name it with --constituent NAME");
	} else {
		kr_fault_set(reterr, -KR_EINVAL, "the role '%s' belongs to no constituent",
			     role->name);
		kr_fault_remedy(reterr, "use --role operator, or leave the constituent out");
	}
	return -KR_EINVAL;
}

/* Fold the change into the user; what changed goes to `detail`. */
static int apply(struct kr_accounts *a, const struct kr_user_change *c, struct kr_user *u,
		 struct kr_buf *detail, struct kr_fault *reterr)
{
	const struct kr_role_info *before = kr_role_info(u->role);
	struct kr_str title = u->title, language = u->language, of = u->constituent_name;
	int r = c->title.p ? kr_account__line("title", c->title, TITLE_MAX, reterr) : 0;

	if (!r && c->title.p)
		u->title = c->title;
	if (!r && c->language.p)
		r = set_language(c->language, &u->language, reterr);
	if (!r && c->role.p)
		r = kr_account__role(c->role, &u->role, reterr);
	if (!r && c->constituent.p) {
		u->constituent = 0;
		u->constituent_name = c->constituent;
		if (c->constituent.n)
			r = kr_account__constituent(a, c->constituent, &u->constituent, reterr);
	}
	/* Staff again: the constituent of before is meant to go. */
	if (!r && c->role.p && !c->constituent.p && !kr_role_info(u->role)->bound) {
		u->constituent = 0;
		u->constituent_name = KR_STR("");
	}
	if (!r)
		r = check_bound(u, reterr);
	if (r)
		return r;
	note(detail, "title", title, u->title);
	note(detail, "role", kr_str_c(before ? before->name : ""),
	     kr_str_c(kr_role_info(u->role)->name));
	note(detail, "constituent", of, u->constituent_name);
	note(detail, "language", language, u->language);
	return 0;
}

static int put(struct kr_accounts *a, const struct kr_viewer *v, const char *action,
	       const struct kr_user *u, struct kr_str detail, struct kr_arena *arena,
	       struct kr_user *ret, struct kr_fault *reterr)
{
	struct kr_by by = kr_by_viewer(v, arena);
	uint32_t id;
	int r = kr_store_user_put(a->store, &by, action, u, detail, &id, reterr);

	kr_account__changed(a);
	if (r)
		return r;
	if (u->disabled)
		kr_account__link_tidy(a);
	r = kr_store_user_get(a->store, KR_STR(""), id, arena, ret, reterr);
	if (!r)
		kr_account__hide(ret);
	return r;
}

int kr_account_user_add(struct kr_accounts *a, const struct kr_viewer *v, struct kr_str name,
			const struct kr_user_change *c, struct kr_arena *arena, struct kr_user *ret,
			struct kr_fault *reterr)
{
	KR_AUTO_BUF detail = KR_BUF(4000);
	struct kr_user u = {.name = name};
	int r = kr_access_check(v, KR_RIGHT_USERS, reterr);

	if (!r && !c->role.n) {
		kr_fault_set(reterr, -KR_EINVAL, "a user has a role");
		kr_fault_remedy(reterr, "name it with --role, e.g. --role analyst");
		r = -KR_EINVAL;
	}
	if (!r)
		r = apply(a, c, &u, &detail, reterr);
	return r ? r : put(a, v, "user.add", &u, kr_buf_str(&detail), arena, ret, reterr);
}

int kr_account_user_edit(struct kr_accounts *a, const struct kr_viewer *v, struct kr_str name,
			 uint32_t revision, const struct kr_user_change *c, struct kr_arena *arena,
			 struct kr_user *ret, struct kr_fault *reterr)
{
	KR_AUTO_BUF detail = KR_BUF(4000);
	struct kr_user u;
	int r = kr_access_check(v, KR_RIGHT_USERS, reterr);

	if (!r)
		r = kr_store_user_get(a->store, name, 0, arena, &u, reterr);
	if (!r)
		r = apply(a, c, &u, &detail, reterr);
	if (!r && revision)
		u.revision = revision;
	return r ? r : put(a, v, "user.edit", &u, kr_buf_str(&detail), arena, ret, reterr);
}

int kr_account_user_enable(struct kr_accounts *a, const struct kr_viewer *v, struct kr_str name,
			   bool enable, struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *arena = kr_arena_new(0);
	struct kr_user u;
	int r = kr_access_check(v, KR_RIGHT_USERS, reterr);

	if (!r)
		r = kr_store_user_get(a->store, name, 0, arena, &u, reterr);
	if (r || u.disabled == !enable)
		return r;
	u.disabled = !enable;
	return put(a, v, enable ? "user.enable" : "user.disable", &u, KR_STR_NULL, arena, &u,
		   reterr);
}

int kr_account_user_remove(struct kr_accounts *a, const struct kr_viewer *v, struct kr_str name,
			   struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *arena = kr_arena_new(0);
	struct kr_by by = kr_by_viewer(v, arena);
	struct kr_user u;
	int r = kr_access_check(v, KR_RIGHT_USERS, reterr);

	if (!r)
		r = kr_store_user_get(a->store, name, 0, arena, &u, reterr);
	if (!r)
		r = kr_store_user_remove(a->store, &by, u.id, reterr);
	kr_account__changed(a);
	if (!r)
		kr_account__link_tidy(a);
	return r;
}

/* ---- look ---- */

int kr_account_user_list(struct kr_accounts *a, const struct kr_viewer *v, struct kr_arena *arena,
			 struct kr_user **ret, size_t *ret_n, struct kr_fault *reterr)
{
	int r = kr_access_check(v, KR_RIGHT_USERS, reterr);

	if (!r)
		r = kr_store_user_list(a->store, arena, ret, ret_n, reterr);
	for (size_t i = 0; !r && i < *ret_n; i++)
		kr_account__hide(&(*ret)[i]);
	return r;
}

static void suggest(struct kr_accounts *a, struct kr_str name, struct kr_arena *arena,
		    struct kr_fault *reterr)
{
	struct kr_near near = KR_NEAR(name);
	struct kr_user *all;
	size_t n;

	if (kr_store_user_list(a->store, arena, &all, &n, NULL))
		return;
	for (size_t i = 0; i < n; i++)
		kr_near_offer(&near, all[i].name);
	if (near.best.p)
		kr_fault_remedy(reterr, "did you mean '%.*s'?", KR_STR_ARG(near.best));
}

int kr_account_user_get(struct kr_accounts *a, const struct kr_viewer *v, struct kr_str name,
			struct kr_arena *arena, struct kr_user *ret, struct kr_fault *reterr)
{
	int r = kr_access_check(v, KR_RIGHT_USERS, reterr);

	if (!r)
		r = kr_store_user_get(a->store, name, 0, arena, ret, reterr);
	if (r == -KR_ENOENT)
		suggest(a, name, arena, reterr);
	if (!r)
		kr_account__hide(ret);
	return r;
}
