/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libpsl asks its table for the whole name, then without its first label, and so on. Rules of the
 * list have at most six labels, so only the last eight labels are given to it: a name of a hundred
 * labels costs no more than others.
 */
#include "model/suffix.h"

#include <libpsl.h>

#define NAME_MAX_BYTES 253

#define LABELS_MAX 8

typedef const char *(*psl_fn)(const psl_ctx_t *psl, const char *domain);

/* Where the last LABELS_MAX labels begin. */
static size_t last_labels(struct kr_str fqdn)
{
	size_t labels = 0, at = fqdn.n;

	while (at > 0 && (fqdn.p[at - 1] != '.' || ++labels < LABELS_MAX))
		at--;
	return at;
}

/* libpsl answers with a pointer into the C string it was given: the same place in the slice is the
 * answer. */
static struct kr_str ask(psl_fn fn, struct kr_str fqdn)
{
	const psl_ctx_t *psl = psl_builtin();
	char name[NAME_MAX_BYTES + 1];
	const char *at;
	struct kr_str tail;

	if (!psl || fqdn.n == 0 || fqdn.n > NAME_MAX_BYTES)
		return KR_STR_NULL;
	tail = kr_str_from(fqdn, last_labels(fqdn));
	memcpy(name, tail.p, tail.n);
	name[tail.n] = '\0';
	at = fn(psl, name);
	return at ? kr_str_from(tail, (size_t)(at - name)) : KR_STR_NULL;
}

struct kr_str kr_public_suffix(struct kr_str fqdn)
{
	return ask(psl_unregistrable_domain, fqdn);
}

struct kr_str kr_registrable_domain(struct kr_str fqdn)
{
	return ask(psl_registrable_domain, fqdn);
}
