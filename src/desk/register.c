/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * The file is mapped and asked where it lies. A question goes through the kinds in their order and
 * ends at the first with an answer, a list of owners. For an address that is one look-up in the
 * address table; for a name one pass over its bytes from the end, which passes each suffix on its
 * way and keeps the longest that is registered. Offsets read from the file are checked before use,
 * so a damaged file gives a wrong owner at worst, and `karaula doctor` finds it by the checksum.
 */
#include "desk/register_internal.h"

#include <stdatomic.h>
#include <stdlib.h>

static bool power_of_two(size_t n)
{
	return n && !(n & (n - 1)) && n <= UINT32_MAX;
}

static int view(struct kr_register *r)
{
	size_t n_domains, n_asns, n_countries;

	r->domains = kr_krt_array(&r->file, "domains", sizeof(*r->domains), &n_domains);
	r->asns = kr_krt_array(&r->file, "asns", sizeof(*r->asns), &n_asns);
	r->countries = kr_krt_array(&r->file, "country", sizeof(*r->countries), &n_countries);
	r->owners = kr_krt_array(&r->file, "owners", sizeof(*r->owners), &r->n_owners);
	r->rules = kr_krt_array(&r->file, "rules", sizeof(*r->rules), &r->n_rules);
	r->text = kr_krt_part(&r->file, "text");
	if (kr_iptable_view(kr_krt_part(&r->file, "prefixes"), &r->prefixes) || !r->text.p ||
	    !r->owners || !r->rules || n_countries != KR_REGISTER__CC || !power_of_two(n_domains) ||
	    !power_of_two(n_asns))
		return -KR_ECORRUPT;
	r->domain_mask = (uint32_t)n_domains - 1;
	r->asn_mask = (uint32_t)n_asns - 1;
	/* Most registers hold few names or none: then no name is hashed at all. */
	for (size_t i = 0; i < n_domains && !r->has_domains; i++)
		r->has_domains = r->domains[i].list != KR_REGISTER__NONE;
	return 0;
}

int kr_register_open(int dirfd, struct kr_register **ret, struct kr_fault *reterr)
{
	struct kr_register *r = kr_xcalloc(1, sizeof(*r));
	int err = kr_krt_open(dirfd, KR_REGISTER_FILE, KR_REGISTER__KIND, KR_REGISTER__REMEDY,
			      &r->file, reterr);

	if (!err && (err = view(r)) < 0) {
		kr_krt_close(&r->file);
		kr_fault_set(reterr, err, "the compiled register is damaged");
		kr_fault_where(reterr, KR_REGISTER_FILE);
		kr_fault_remedy(reterr, KR_REGISTER__REMEDY);
	}
	if (err) {
		free(r);
		return err;
	}
	atomic_init(&r->refs, 1);
	*ret = r;
	return 0;
}

struct kr_register *kr_register_ref(struct kr_register *r)
{
	atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
	return r;
}

void kr_register_unref(struct kr_register *r)
{
	if (!r || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
		return;
	kr_krt_close(&r->file);
	free(r);
}

uint64_t kr_register_version(const struct kr_register *r)
{
	return r->file.stamp;
}

size_t kr_register_count(const struct kr_register *r)
{
	return r->n_rules;
}

int kr_register_check(const struct kr_register *r, struct kr_fault *reterr)
{
	int err = kr_krt_check(&r->file, reterr);

	if (err) {
		kr_fault_where(reterr, KR_REGISTER_FILE);
		kr_fault_remedy(reterr, KR_REGISTER__REMEDY);
	}
	return err;
}

int kr_register__owners(const struct kr_register *r, uint32_t list, struct kr_arena *arena,
			struct kr_owner **ret)
{
	size_t n = 1;
	struct kr_owner *copy;

	if (list >= r->n_owners)
		return 0;
	while (!(r->owners[list + n - 1].rule & KR_REGISTER__LAST) && list + n < r->n_owners)
		n++;
	copy = kr_arena_alloc(arena, n * sizeof(*copy));
	if (!copy)
		return -KR_ELIMIT;
	memcpy(copy, &r->owners[list], n * sizeof(*copy));
	copy[n - 1].rule &= ~KR_REGISTER__LAST;
	*ret = copy;
	return (int)KR_MIN(n, (size_t)INT32_MAX);
}

static uint32_t domain_probe(const struct kr_register *r, uint32_t hash, struct kr_str suffix)
{
	uint32_t at = kr_register__place(hash, r->domain_mask);

	for (uint32_t i = 0; i <= r->domain_mask; i++, at = (at + 1) & r->domain_mask) {
		const struct kr_register__domain *d = &r->domains[at];

		if (d->list == KR_REGISTER__NONE)
			break;
		if (d->hash == hash && d->size == suffix.n && d->offset <= r->text.n &&
		    d->size <= r->text.n - d->offset &&
		    memcmp(r->text.p + d->offset, suffix.p, suffix.n) == 0)
			return d->list;
	}
	return KR_REGISTER__NONE;
}

/* Lists of all registered suffixes of a name, the longest last; returns how many (at most max,
 * 127). */
size_t kr_register__domain_lists(const struct kr_register *r, struct kr_str name, uint32_t *ret,
				 size_t max)
{
	uint32_t h = KR_REGISTER__HASH_START;
	size_t n = 0;

	if (!r->has_domains)
		return 0;
	for (size_t i = name.n; i-- > 0;) {
		h = kr_register__hash_step(h, name.p[i]);
		if (i == 0 || name.p[i - 1] == '.') {
			uint32_t list = domain_probe(r, h, kr_str_from(name, i));

			if (list != KR_REGISTER__NONE) {
				if (n == max)
					n--;
				ret[n++] = list;
			}
		}
	}
	return n;
}

uint32_t kr_register__asn_list(const struct kr_register *r, int64_t asn)
{
	uint32_t at;

	if (asn < 1 || asn > UINT32_MAX)
		return KR_REGISTER__NONE;
	at = kr_register__place((uint32_t)asn, r->asn_mask);
	for (uint32_t i = 0; i <= r->asn_mask; i++, at = (at + 1) & r->asn_mask) {
		if (r->asns[at].list == KR_REGISTER__NONE)
			break;
		if (r->asns[at].asn == (uint32_t)asn)
			return r->asns[at].list;
	}
	return KR_REGISTER__NONE;
}

void kr_register__mask(uint8_t b[16], unsigned plen)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = plen > i * 8 ? plen - i * 8 : 0;

		if (keep < 8)
			b[i] &= (uint8_t)(0xff00u >> keep);
	}
}

/* List of exactly this prefix, by halving the sorted rules. */
static uint32_t prefix_exact(const struct kr_register *r, const struct kr_ip *ip, unsigned plen)
{
	struct kr_register__rule want = {
		.kind = KR_RULE_PREFIX, .family = ip->family, .plen = (uint8_t)plen};
	size_t lo = 0, hi = r->n_rules;

	memcpy(want.address, ip->b, sizeof(want.address));
	kr_register__mask(want.address, plen);
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int d;

		/* Other kinds sort behind prefixes and their texts are not looked at. */
		d = kr_register__cmp(&r->rules[mid], &want, NULL);
		if (d == 0)
			return r->rules[mid].list;
		if (d < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return KR_REGISTER__NONE;
}

/* The most specific prefix of at most ip->plen bits that holds it, at or below *plen; *plen is set
 * to it. */
uint32_t kr_register__prefix_wider(const struct kr_register *r, const struct kr_ip *ip, int *plen)
{
	for (; *plen >= 0; (*plen)--) {
		uint32_t list = prefix_exact(r, ip, (unsigned)*plen);

		if (list != KR_REGISTER__NONE)
			return list;
	}
	return KR_REGISTER__NONE;
}

static struct kr_str url_host(struct kr_str url)
{
	ptrdiff_t at = kr_str_find(url, KR_STR("://"));
	struct kr_str s = at < 0 ? KR_STR_NULL : kr_str_from(url, (size_t)at + 3);
	size_t end = 0;

	while (end < s.n && !memchr("/?#", s.p[end], 3))
		end++;
	s = kr_str_first(s, end);
	at = s.n ? (ptrdiff_t)s.n - 1 : -1;
	while (at >= 0 && s.p[at] != '@')
		at--;
	s = kr_str_from(s, (size_t)(at + 1));
	if (s.n && s.p[0] == '[') {
		at = kr_str_chr(s, ']');
		return at < 0 ? KR_STR_NULL : kr_str_first(kr_str_from(s, 1), (size_t)at - 1);
	}
	at = kr_str_chr(s, ':');
	return at < 0 ? s : kr_str_first(s, (size_t)at);
}

/* The name by which an event is looked for; empty if it has none. */
struct kr_str kr_register__name(const struct kr_event *e)
{
	const union kr_value *v;

	if ((v = kr_event_get(e, KR_F_SRC_FQDN)))
		return v->text;
	if ((v = kr_event_get(e, KR_F_SRC_URL)))
		return url_host(v->text);
	if ((v = kr_event_get(e, KR_F_SRC_ACCOUNT))) {
		size_t at = v->text.n;

		while (at && v->text.p[at - 1] != '@')
			at--;
		return at ? kr_str_from(v->text, at) : KR_STR_NULL;
	}
	return KR_STR_NULL;
}

/* Names are registered in lower case; URLs and accounts are as they came. */
struct kr_str kr_register__lowered(struct kr_str s, char buf[256])
{
	size_t n = KR_MIN(s.n, (size_t)255);

	/* Longer than a name can be: its end is what counts. */
	for (size_t i = 0; i < n; i++)
		buf[i] = kr_lower(s.p[s.n - n + i]);
	return kr_str_n(buf, n);
}

bool kr_register__address(const struct kr_event *e, struct kr_ip *ret)
{
	const union kr_value *v = kr_event_get(e, KR_F_SRC_IP);

	if (!v)
		v = kr_event_get(e, KR_F_SRC_NETWORK);
	if (v) {
		*ret = v->ip;
		return true;
	}
	v = kr_event_has(e, KR_F_SRC_FQDN) ? NULL : kr_event_get(e, KR_F_SRC_URL);
	return v && kr_ip_parse(url_host(v->text), ret) == 0;
}

static uint32_t decide(const struct kr_register *r, const struct kr_event *e)
{
	const union kr_value *v;
	struct kr_ip ip;
	uint32_t list = KR_REGISTER__NONE, lists[1];
	struct kr_str name;
	char buf[256];

	if (r->n_rules && kr_register__address(e, &ip)) {
		int plen = ip.plen;

		list = plen == kr_ip_bits(&ip) ? kr_iptable_get(&r->prefixes, &ip)
					       : kr_register__prefix_wider(r, &ip, &plen);
	}
	if (list != KR_REGISTER__NONE)
		return list;
	name = kr_register__name(e);
	if (name.n && kr_register__domain_lists(r, kr_register__lowered(name, buf), lists, 1))
		return lists[0];
	if ((v = kr_event_get(e, KR_F_SRC_ASN)) &&
	    (list = kr_register__asn_list(r, v->i)) != KR_REGISTER__NONE)
		return list;
	if ((v = kr_event_get(e, KR_F_SRC_CC))) {
		uint32_t at = kr_register__cc(v->text);

		return at < KR_REGISTER__CC ? r->countries[at] : KR_REGISTER__NONE;
	}
	return KR_REGISTER__NONE;
}

int kr_register_route(const struct kr_register *r, struct kr_event *e, struct kr_arena *arena)
{
	int n;

	e->owners = NULL;
	e->n_owners = 0;
	/* Copied: the register may be replaced while the event is on its way. */
	n = kr_register__owners(r, decide(r, e), arena, &e->owners);
	if (n > 0)
		e->n_owners = (uint32_t)n;
	return n;
}

void kr_register_prefetch(const struct kr_register *r, const struct kr_event *e)
{
	const union kr_value *v = kr_event_get(e, KR_F_SRC_IP);

	if (v)
		kr_iptable_prefetch(&r->prefixes, &v->ip);
}
