/* SPDX-License-Identifier: Apache-2.0 */
/* Which representation a client wants (RFC 9110, 12.5.1), and whether its copy is the one there is
 * (13.1). */
#include "api/rest/call.h"

#include "base/hash.h"

#include <stdio.h>

#define RANGES_MAX 50 /* of an Accept header; more are not looked at */
#define TAGS_MAX   50 /* of If-Match */

/* ---- Accept ---- */

/* q=0.5 as thousandths; 1000 where there is none or it cannot be read. */
static unsigned quality(struct kr_str params)
{
	struct kr_str one;

	while (kr_str_split(&params, ';', &one)) {
		double q;

		one = kr_str_trim(one);
		if (kr_str_istarts(one, KR_STR("q=")) &&
		    kr_str_double(kr_str_from(one, 2), &q) == 0)
			return q <= 0 ? 0 : q >= 1 ? 1000 : (unsigned)(q * 1000);
	}
	return 1000;
}

/* How exactly a range names a type: 0 not at all, 1 any, 2 its family, 3 itself. */
static int names(struct kr_str range, struct kr_str type)
{
	struct kr_str family = kr_str_first(type, (size_t)(kr_str_chr(type, '/') + 1));

	if (kr_str_ieq(range, type))
		return 3;
	if (kr_str_eqc(range, "*/*"))
		return 1;
	return range.n == family.n + 1 && kr_str_istarts(range, family) &&
			       range.p[range.n - 1] == '*'
		       ? 2
		       : 0;
}

/* Quality of a type: that of the range that names it most exactly. */
static unsigned wanted(struct kr_str accept, struct kr_str type)
{
	unsigned q = 0, n = 0;
	struct kr_str one;
	int best = 0;

	while (n++ < RANGES_MAX && kr_str_split(&accept, ',', &one)) {
		ptrdiff_t mark = kr_str_chr(one, ';');
		struct kr_str range = mark < 0 ? one : kr_str_first(one, (size_t)mark);
		int exact = names(kr_str_trim(range), type);

		if (exact <= best)
			continue;
		best = exact;
		q = mark < 0 ? 1000 : quality(kr_str_from(one, (size_t)mark + 1));
	}
	return q;
}

const char *kr_rest__accept_choose(struct kr_str accept, const char *const *types)
{
	const char *best = NULL;
	unsigned best_q = 0;

	if (!kr_str_trim(accept).n)
		return types[0];
	for (; *types; types++) {
		unsigned q = wanted(accept, kr_str_c(*types));

		if (q > best_q) {
			best = *types;
			best_q = q;
		}
	}
	return best;
}

int kr_rest__accept(struct kr_rest_call *c, const char *const *types, const char **ret,
		    struct kr_fault *f)
{
	const char *type = kr_rest__accept_choose(kr_http_header(c->r, "Accept"), types);
	KR_AUTO_BUF b = KR_BUF(180);

	if (type) {
		*ret = type;
		return 0;
	}
	for (size_t i = 0; types[i]; i++) {
		kr_buf_c(&b, i ? ", " : "");
		kr_buf_c(&b, types[i]);
	}
	kr_rest__refuse(c, 406, f, -KR_EINVAL, "there is no such representation", NULL);
	kr_fault_remedy(f, "Accept may be: %s", kr_buf_cstr(&b));
	return -KR_EINVAL;
}

/* ---- tags ---- */

/* A keyed hash of the bytes, and of that with the scope: five times as fast as a digest, and a tag
 * tells no more than that something is different. The key is of this process. */
const char *kr_rest__etag(struct kr_rest_call *c, struct kr_str representation)
{
	const struct kr_hash_key *key = &c->rest->etag_key;
	const uint64_t all[] = {kr_keyed_hash(key, representation.p, representation.n),
				representation.n,
				c->scope.all,
				c->scope.tlp_max,
				c->scope.constituent,
				c->scope.fields,
				c->scope.rights};

	return kr_arena_printf(c->a, "%016llx",
			       (unsigned long long)kr_keyed_hash(key, all, sizeof(all)))
		.p;
}

bool kr_rest__etag_in(struct kr_str list, const char *etag)
{
	struct kr_str want = kr_str_c(etag), one;
	unsigned n = 0;

	if (kr_str_eqc(kr_str_trim(list), "*"))
		return true;
	/* Our tags hold no comma, so one that does matches nothing, however it is cut. */
	while (n++ < TAGS_MAX && kr_str_split(&list, ',', &one)) {
		one = kr_str_trim(one);
		if (one.n == want.n + 2 && one.p[0] == '"' && one.p[one.n - 1] == '"' &&
		    kr_str_eq(kr_str_n(one.p + 1, want.n), want))
			return true;
	}
	return false;
}

int kr_rest__match(struct kr_rest_call *c, struct kr_str representation, struct kr_fault *f)
{
	struct kr_str asked = kr_http_header(c->r, "If-Match");
	const char *etag = kr_rest__etag(c, representation);

	if (!asked.p)
		return kr_rest__refuse(c, 428, f, -KR_EINVAL,
				       "a change needs If-Match with the ETag of what is changed",
				       "GET it first, and send its ETag as If-Match");
	if (etag && kr_rest__etag_in(asked, etag))
		return 0;
	return kr_rest__refuse(c, 412, f, -KR_EINVAL, "it was changed meanwhile",
			       "GET it again and look at what is different");
}

int kr_rest__raced(struct kr_rest_call *c, int err)
{
	if (err == -KR_EEXIST)
		c->status = 412;
	return err;
}
