/* SPDX-License-Identifier: Apache-2.0 */
#include "model/mailaddr.h"

#include "model/field.h"

static bool is_atext(char c)
{
	return kr_is_alnum(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* dot-atom: words of atext with single dots between them */
static bool is_dot_atom(struct kr_str s)
{
	bool dot = true;

	for (size_t i = 0; i < s.n; i++) {
		bool is_dot = s.p[i] == '.';

		if (is_dot ? dot : !is_atext(s.p[i]))
			return false;
		dot = is_dot;
	}
	return !dot;
}

static int wrong(struct kr_str s, const char *why, struct kr_fault *reterr)
{
	int err = kr_fault_set(reterr, -KR_EINVAL, "a mail address %s", why);

	/* What is shown may be hostile: only what is plain. */
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] == 127)
			return err;
	kr_fault_where(reterr, "%.*s", (int)KR_MIN(s.n, (size_t)100), s.p);
	return err;
}

static int check_local(struct kr_str whole, struct kr_str local, struct kr_fault *reterr)
{
	int err;

	if (!local.n || local.n > KR_MAILADDR_LOCAL_MAX)
		return wrong(whole, "has 1 to 64 characters before the '@'", reterr);
	for (size_t i = 0; i < local.n; i++) {
		if (!(local.p[i] & 0x80))
			continue;
		err = wrong(whole, "must be in ASCII before the '@'", reterr);
		kr_fault_remedy(reterr,
				"many mail servers cannot take other letters there: ask the "
				"owner for another address");
		return err;
	}
	if (!is_dot_atom(local))
		return wrong(whole,
			     "has only letters, digits, and -_.+ and the like before the '@'",
			     reterr);
	return 0;
}

int kr_mailaddr_parse(struct kr_str s, struct kr_arena *arena, struct kr_str *ret,
		      struct kr_fault *reterr)
{
	struct kr_str local, domain, all;
	union kr_value v;
	size_t at;
	int err;

	s = kr_str_trim(s);
	for (at = s.n; at > 0 && s.p[at - 1] != '@'; at--)
		;
	if (!at)
		return wrong(s, "is name@domain", reterr);
	local = kr_str_first(s, at - 1);
	domain = kr_str_from(s, at);
	err = check_local(s, local, reterr);
	if (err)
		return err;
	/* The value may end in a dot, which a domain in mail does not. */
	if (!domain.n || domain.p[domain.n - 1] == '.' ||
	    kr_field_parse(KR_F_SRC_FQDN, domain, arena, &v, NULL))
		return wrong(s, "needs a domain name behind the '@'", reterr);
	for (size_t i = 0; i < v.text.n; i++)
		if (!kr_is_alnum(v.text.p[i]) && !strchr("-._", v.text.p[i]))
			return wrong(s, "needs a domain name behind the '@'", reterr);
	if (local.n + 1 + v.text.n > KR_MAILADDR_MAX)
		return wrong(s, "has at most 254 bytes", reterr);
	all = kr_arena_printf(arena, "%.*s@%.*s", KR_STR_ARG(local), KR_STR_ARG(v.text));
	if (!all.p)
		return -KR_ELIMIT;
	*ret = all;
	return 0;
}

struct kr_str kr_mailaddr_domain(struct kr_str address)
{
	size_t at = address.n;

	while (at > 0 && address.p[at - 1] != '@')
		at--;
	return kr_str_from(address, at);
}
