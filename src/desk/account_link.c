/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One-time links. Who opens one sees a form, and only sending it with a password uses the link up:
 * mail scanners and previews open links too. The first administrator's link is in a file as well,
 * since the screen of an installation is soon gone; the file goes when its link stops working.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "desk/access.h"
#include "desk/account_internal.h"

#define LINK_FILE     "secrets/admin-link"
#define LINK_FILE_MAX 4096

static int gone(struct kr_fault *reterr)
{
	kr_fault_set(reterr, -KR_ENOENT, "this link does not work (any more)");
	kr_fault_remedy(reterr, "links work once and for a limited time: ask an administrator for "
				"a new one");
	return -KR_ENOENT;
}

int kr_account_link_new(struct kr_accounts *a, const struct kr_viewer *v, struct kr_str name,
			struct kr_arena *arena, struct kr_account_link *ret,
			struct kr_fault *reterr)
{
	struct kr_account_opts o = kr_account__opts(a);
	struct kr_by by = kr_by_viewer(v, arena);
	struct kr_account_link link;
	struct kr_hash hash;
	int r = kr_access_check(v, KR_RIGHT_USERS, reterr);

	if (!r)
		r = kr_store_user_get(a->store, name, 0, arena, &link.user, reterr);
	if (!r && link.user.disabled) {
		r = kr_fault_set(reterr, -KR_EDENIED, "user '%.*s' is disabled",
				 KR_STR_ARG(link.user.name));
		kr_fault_remedy(reterr, "karaula user enable %.*s", KR_STR_ARG(link.user.name));
	}
	if (r)
		return r;
	kr_token_make(link.token);
	kr_hash_of(link.token, KR_TOKEN_CHARS, &hash);
	/* A whole second: it is read out to people. */
	link.expires = kr_store_now(a->store) + o.link_life;
	link.expires -= link.expires % KR_SECOND;
	r = kr_store_link_add(a->store, &by, link.user.id, &hash, link.expires, reterr);
	if (r)
		return r;
	kr_account__link_tidy(a);
	kr_account__hide(&link.user);
	*ret = link;
	return 0;
}

int kr_account_link_look(struct kr_accounts *a, struct kr_str token, struct kr_arena *arena,
			 struct kr_account_link *ret, struct kr_fault *reterr)
{
	struct kr_account_link link;
	struct kr_hash hash;
	int r;

	if (!kr_token_is(token))
		return gone(reterr);
	memcpy(link.token, token.p, KR_TOKEN_CHARS);
	link.token[KR_TOKEN_CHARS] = '\0';
	kr_hash_of(token.p, token.n, &hash);
	r = kr_store_link_find(a->store, &hash, kr_store_now(a->store), arena, &link.user,
			       &link.expires, reterr);
	if (r)
		return r;
	kr_account__hide(&link.user);
	*ret = link;
	return 0;
}

int kr_account_link_use(struct kr_accounts *a, struct kr_str token, struct kr_str password,
			const struct kr_origin *from, struct kr_arena *arena,
			struct kr_logged_in *ret, struct kr_fault *reterr)
{
	struct kr_account_opts o = kr_account__opts(a);
	char stored[KR_PASSWORD_HASH_MAX];
	struct kr_account_link link;
	struct kr_viewer may;
	struct kr_hash hash;
	struct kr_by by;
	int r = kr_account_link_look(a, token, arena, &link, reterr);

	if (!r)
		r = kr_account__viewer(&link.user, &may, reterr);
	if (!r)
		r = kr_account__password_check(&o, password, link.user.name, reterr);
	if (!r)
		r = kr_account__hash_begin(a, reterr);
	if (r)
		return r;
	r = kr_password_hash(password, stored, reterr);
	kr_account__hash_end(a);
	if (r)
		return r;
	by = kr_account__by(link.user.name, from, arena);
	kr_hash_of(token.p, token.n, &hash);
	r = kr_store_link_use(a->store, &by, &hash, kr_store_now(a->store), kr_str_c(stored),
			      reterr);
	kr_account__changed(a);
	if (r)
		return r;
	kr_account__link_tidy(a);
	return kr_account__begin(a, &link.user, from, arena, ret, reterr);
}

/* Where the settings say that the pages are: the first name of http.host, else what is listened on.
 */
static struct kr_str own_base(const struct kr_conf *c, struct kr_arena *arena)
{
	const char *scheme = c->http_certificate[0] || c->http_proxy[0] ? "https" : "http";
	struct kr_str host = kr_str_trim(kr_str_c(c->http_host));
	const char *port = strrchr(c->http_listen, ':');
	ptrdiff_t blank = kr_str_chr(host, ' ');

	if (!host.n)
		return kr_arena_printf(arena, "%s://%s", scheme, c->http_listen);
	if (blank > 0)
		host = kr_str_first(host, (size_t)blank);
	/* A name without a port is ours with our port, unless a proxy is in front. */
	if (kr_str_chr(host, ':') >= 0 || c->http_proxy[0] || !port || !strcmp(port, ":443"))
		port = "";
	return kr_arena_printf(arena, "%s://%.*s%s", scheme, KR_STR_ARG(host), port);
}

struct kr_str kr_account_link_url(const struct kr_conf *c, struct kr_str base, const char *token,
				  struct kr_arena *arena)
{
	if (c->http_public_url[0])
		base = kr_str_c(c->http_public_url);
	if (!base.n)
		base = own_base(c, arena);
	while (base.n && base.p[base.n - 1] == '/')
		base.n--;
	return kr_arena_printf(arena, "%.*s" KR_ACCOUNT_LINK_PATH "%s", KR_STR_ARG(base), token);
}

/* ---- the file ---- */

int kr_account_link_write(struct kr_accounts *a, struct kr_str url, struct kr_fault *reterr)
{
	KR_AUTO_BUF text = KR_BUF(LINK_FILE_MAX);

	kr_buf_str_add(&text, url);
	kr_buf_ch(&text, '\n');
	if (text.err)
		return kr_fault_set(reterr, -KR_ELIMIT, "the address of the node is too long");
	return kr_file_replace(kr_store_dirfd(a->store), LINK_FILE, kr_buf_str(&text), 0600,
			       reterr);
}

void kr_account__link_tidy(struct kr_accounts *a)
{
	int dir = kr_store_dirfd(a->store);
	KR_AUTO_BUF text = KR_BUF(LINK_FILE_MAX + 1);
	KR_AUTO(kr_arena) *arena = kr_arena_new(0);
	struct kr_account_link link;
	struct kr_str s;

	if (faccessat(dir, LINK_FILE, F_OK, 0) ||
	    kr_file_read(dir, LINK_FILE, LINK_FILE_MAX, &text, NULL))
		return;
	s = kr_str_trim(kr_buf_str(&text));
	if (s.n > KR_TOKEN_CHARS)
		s = kr_str_from(s, s.n - KR_TOKEN_CHARS);
	if (kr_account_link_look(a, s, arena, &link, NULL) == -KR_ENOENT)
		unlinkat(dir, LINK_FILE, 0);
}
