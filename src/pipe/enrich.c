/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * For each side of an event the address (or a network, if both of its ends agree) is looked up in
 * the mapped tables. Nothing is copied: names and country codes are slices of the tables, which
 * whoever takes a report holds as long as its batches live.
 */
#include "pipe/enrich.h"

#include "model/suffix.h"

#include <stdatomic.h>
#include <stdlib.h>

struct kr_tables {
	atomic_uint refs;
	struct kr_lookup *lookup[KR_LOOKUPS];
};

static const struct side {
	enum kr_field ip, network, asn, as_name, cc, fqdn, suffix;
} sides[] = {
	{KR_F_SRC_IP, KR_F_SRC_NETWORK, KR_F_SRC_ASN, KR_F_SRC_AS_NAME, KR_F_SRC_CC, KR_F_SRC_FQDN,
	 KR_F_SRC_DOMAIN_SUFFIX},
	{KR_F_DST_IP, KR_F_DST_NETWORK, KR_F_DST_ASN, KR_F_DST_AS_NAME, KR_F_DST_CC, KR_F_DST_FQDN,
	 KR_F_DST_DOMAIN_SUFFIX},
};

int kr_tables_open(int dirfd, struct kr_tables **ret, struct kr_fault *reterr)
{
	struct kr_tables *t = kr_xcalloc(1, sizeof(*t));
	struct kr_fault fault = {0};
	int bad = 0;

	for (enum kr_lookup_kind k = KR_LOOKUP_ASN; k < KR_LOOKUPS; k++) {
		int err = kr_lookup_open(dirfd, k, &t->lookup[k], &fault);

		if (err && err != -KR_ENOENT) {
			bad = 1;
			if (reterr)
				*reterr = fault;
		}
	}
	atomic_init(&t->refs, 1);
	*ret = t;
	return bad;
}

struct kr_tables *kr_tables_ref(struct kr_tables *t)
{
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return t;
}

void kr_tables_unref(struct kr_tables *t)
{
	if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (enum kr_lookup_kind k = KR_LOOKUP_ASN; k < KR_LOOKUPS; k++)
		kr_lookup_free(t->lookup[k]);
	free(t);
}

const struct kr_lookup *kr_tables_get(const struct kr_tables *t, enum kr_lookup_kind kind)
{
	return t->lookup[kind];
}

void kr_tables_attribution(const struct kr_tables *t, struct kr_buf *ret)
{
	for (enum kr_lookup_kind k = KR_LOOKUP_ASN; k < KR_LOOKUPS; k++) {
		struct kr_lookup_about about;

		if (!t->lookup[k])
			continue;
		kr_lookup_about(t->lookup[k], &about);
		if (!about.attribution.n)
			continue;
		if (ret->n)
			kr_buf_ch(ret, '\n');
		kr_buf_str_add(ret, about.attribution);
	}
}

static int put_text(struct kr_event *e, struct kr_arena *arena, enum kr_field f, struct kr_str s)
{
	return kr_event_put(e, arena, f, (union kr_value){.text = s});
}

/* AS of an address and of the last one of its network: 0 where they differ. */
static uint32_t asn_of(const struct kr_lookup *l, const struct kr_ip *ip, const struct kr_ip *last,
		       struct kr_str *ret_name)
{
	struct kr_str unused;
	uint32_t asn = kr_lookup_asn(l, ip, ret_name);

	return last && kr_lookup_asn(l, last, &unused) != asn ? 0 : asn;
}

static struct kr_str country_of(const struct kr_lookup *l, const struct kr_ip *ip,
				const struct kr_ip *last)
{
	struct kr_str cc = kr_lookup_country(l, ip);

	return last && !kr_str_eq(kr_lookup_country(l, last), cc) ? KR_STR("") : cc;
}

static int fill_asn(const struct kr_lookup *l, bool force, const struct side *s,
		    const struct kr_ip *ip, const struct kr_ip *last, struct kr_event *e,
		    struct kr_arena *arena)
{
	const union kr_value *said = kr_event_get(e, s->asn);
	bool named = kr_event_has(e, s->as_name);
	struct kr_str name;
	uint32_t asn;
	int err = 0;

	if (said && named && !force)
		return 0;
	asn = asn_of(l, ip, last, &name);
	if (!asn)
		return 0;
	/* A report that says another AS keeps it, and our name would be of the wrong one. */
	if (said && said->i != asn && !force)
		return 0;
	if (!said || force)
		err = kr_event_put(e, arena, s->asn, (union kr_value){.i = asn});
	if (!err && name.n && (!named || force))
		err = put_text(e, arena, s->as_name, name);
	return err;
}

static int fill_side(const struct kr_tables *t, bool force, const struct side *s,
		     struct kr_event *e, struct kr_arena *arena)
{
	const union kr_value *v = kr_event_get(e, s->ip);
	struct kr_ip ip, end, *last = NULL;
	struct kr_str cc;
	int err = 0;

	if (v) {
		ip = v->ip;
	} else if ((v = kr_event_get(e, s->network))) {
		kr_net_range(&v->ip, &ip, &end);
		last = &end;
	} else {
		return 0;
	}
	if (t->lookup[KR_LOOKUP_ASN])
		err = fill_asn(t->lookup[KR_LOOKUP_ASN], force, s, &ip, last, e, arena);
	if (!err && t->lookup[KR_LOOKUP_COUNTRY] && (force || !kr_event_has(e, s->cc))) {
		cc = country_of(t->lookup[KR_LOOKUP_COUNTRY], &ip, last);
		if (cc.n)
			err = put_text(e, arena, s->cc, cc);
	}
	return err;
}

int kr_enrich(const struct kr_tables *t, bool force, struct kr_event *e, struct kr_arena *arena)
{
	int err = 0;

	for (size_t i = 0; !err && i < KR_ARRAY_LEN(sides); i++) {
		const struct side *s = &sides[i];
		const union kr_value *name = kr_event_get(e, s->fqdn);

		err = fill_side(t, force, s, e, arena);
		if (!err && name && !kr_event_has(e, s->suffix)) {
			struct kr_str suffix = kr_public_suffix(name->text);

			if (suffix.p)
				err = put_text(e, arena, s->suffix, suffix);
		}
	}
	return err;
}

void kr_enrich_prefetch(const struct kr_tables *t, const struct kr_event *e)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(sides); i++) {
		const union kr_value *v = kr_event_get(e, sides[i].ip);

		for (enum kr_lookup_kind k = KR_LOOKUP_ASN; v && k < KR_LOOKUPS; k++)
			if (t->lookup[k])
				kr_lookup_prefetch(t->lookup[k], &v->ip);
	}
}
