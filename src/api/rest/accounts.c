/* SPDX-License-Identifier: Apache-2.0 */
/* API keys and users. Who may do what is decided by the desk. */
#include "desk/account.h"

#include "api/rest/encode.h"
#include "api/rest/handlers.h"
#include "store/account.h"

static int accounts(struct kr_rest_call *c, struct kr_accounts **ret, struct kr_fault *f)
{
	*ret = c->rest->o.accounts;
	return *ret ? 0 : kr_fault_set(f, -KR_EUNAVAIL, "there are no accounts here");
}

static void rights(struct kr_json_out *o, uint32_t all)
{
	kr_json_key(o, KR_STR("rights"));
	kr_json_array(o);
	for (unsigned bit = 0; bit < 32; bit++) {
		KR_AUTO_BUF b = KR_BUF(100);

		if (!(all >> bit & 1))
			continue;
		kr_rights_text(1u << bit, &b);
		if (b.n)
			kr_json_str(o, kr_buf_str(&b));
	}
	kr_json_array_end(o);
}

static struct kr_str role_name(enum kr_role r)
{
	const struct kr_role_info *info = kr_role_info(r);

	return info ? kr_str_c(info->name) : KR_STR("none");
}

/* Leaves the object open. */
static void encode_key(struct kr_json_out *o, const struct kr_apikey *k)
{
	kr_json_object(o);
	kr_rest__kuint(o, "id", k->id);
	kr_json_kstr(o, "name", k->name);
	kr_rest__knull(o, "owner", k->owner_name);
	kr_json_kstr(o, "role", role_name(k->role));
	rights(o, k->rights);
	kr_rest__knull(o, "constituent", k->constituent_name);
	kr_rest__knull(o, "tlp", kr_str_c(kr_tlp_text(k->tlp)));
	kr_rest__ktime(o, "created", k->created);
	kr_rest__ktime(o, "expires", k->expires);
	kr_rest__ktime(o, "used", k->used);
	kr_rest__ktime(o, "revoked", k->revoked);
}

int kr_rest__key_list(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_accounts *a;
	struct kr_apikey *rows;
	size_t n;
	int err = accounts(c, &a, f);

	if (!err)
		err = kr_account_key_list(a, &c->viewer, c->a, &rows, &n, f);
	if (err)
		return err;
	kr_rest__begin(c);
	kr_json_object(&c->o);
	kr_json_key(&c->o, KR_STR("keys"));
	kr_json_array(&c->o);
	for (size_t i = 0; i < n; i++) {
		encode_key(&c->o, &rows[i]);
		kr_json_object_end(&c->o);
	}
	kr_json_array_end(&c->o);
	kr_json_object_end(&c->o);
	return 0;
}

static struct kr_str optional(const struct kr_rest_call *c, const char *name)
{
	struct kr_str s = kr_rest__text(c, name);

	return s.p ? s : KR_STR("");
}

int kr_rest__key_add(struct kr_rest_call *c, struct kr_fault *f)
{
	const struct kr_key_new fresh = {
		.name = kr_rest__member(c, "name")->text,
		.role = optional(c, "role"),
		.rights = optional(c, "rights"),
		.constituent = optional(c, "constituent"),
		.tlp = optional(c, "tlp"),
		.expires = optional(c, "expires"),
	};
	char text[KR_KEY_TEXT_MAX];
	struct kr_accounts *a;
	struct kr_apikey row;
	int err = accounts(c, &a, f);

	if (!err)
		err = kr_account_key_new(a, &c->viewer, &fresh, c->a, text, &row, f);
	if (err) {
		if (err == -KR_EINVAL || err == -KR_ENOENT)
			c->status = 422;
		return err;
	}
	kr_rest__begin(c);
	encode_key(&c->o, &row);
	kr_json_kstr(&c->o, "key", kr_str_c(text));
	kr_json_object_end(&c->o);
	kr_rest__location(c, "/apikeys", kr_arena_printf(c->a, "%llu", (unsigned long long)row.id));
	return 0;
}

int kr_rest__key_revoke(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_accounts *a;
	int err = accounts(c, &a, f);

	return err ? err
		   : kr_account_key_revoke(a, &c->viewer, (uint64_t)kr_rest__param(c, "id")->i, f);
}

static void encode_user(struct kr_json_out *o, const struct kr_user *u)
{
	kr_json_object(o);
	kr_json_kstr(o, "name", u->name);
	kr_rest__knull(o, "title", u->title);
	kr_json_kstr(o, "role", role_name(u->role));
	kr_rest__knull(o, "constituent", u->constituent_name);
	kr_rest__knull(o, "language", u->language);
	kr_json_kbool(o, "disabled", u->disabled);
	kr_json_kbool(o, "password", u->password.n > 0);
	kr_rest__ktime(o, "created", u->created);
	kr_rest__ktime(o, "changed", u->changed);
	kr_rest__ktime(o, "seen", u->seen);
	kr_rest__kuint(o, "revision", u->revision);
	kr_json_object_end(o);
}

int kr_rest__user_list(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_accounts *a;
	struct kr_user *rows;
	size_t n;
	int err = accounts(c, &a, f);

	if (!err)
		err = kr_account_user_list(a, &c->viewer, c->a, &rows, &n, f);
	if (err)
		return err;
	kr_rest__begin(c);
	kr_json_object(&c->o);
	kr_json_key(&c->o, KR_STR("users"));
	kr_json_array(&c->o);
	for (size_t i = 0; i < n; i++)
		encode_user(&c->o, &rows[i]);
	kr_json_array_end(&c->o);
	kr_json_object_end(&c->o);
	return 0;
}

int kr_rest__user_get(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_accounts *a;
	struct kr_user row;
	int err = accounts(c, &a, f);

	if (!err)
		err = kr_account_user_get(a, &c->viewer, kr_rest__param(c, "name")->text, c->a,
					  &row, f);
	if (err)
		return err;
	kr_rest__begin(c);
	encode_user(&c->o, &row);
	return 0;
}
