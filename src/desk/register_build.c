/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * Rules come as text from the store. Each becomes a fixed row; rows are sorted by kind and value,
 * so rules of one value lie together and become one list of owners. The value then points to its
 * list: prefixes through an address table, domains and AS numbers through hash tables twice as
 * large as their number, countries through a plain array.
 */
#include "desk/register_internal.h"

#include <stdlib.h>

#define PARTS_MAX ((size_t)4 << 30) /* bytes of one part */

struct build {
	struct kr_register__rule *rules;
	size_t n;
	struct kr_buf text;
	struct kr_iptable_build *prefixes;
	uint32_t counts[5]; /* distinct values by kind */
	struct kr_buf owners, prefix_bytes;
	struct kr_register__domain *domains;
	struct kr_register__asn *asns;
	uint32_t domain_mask, asn_mask;
	uint32_t countries[KR_REGISTER__CC];
};

int kr_register__cmp(const struct kr_register__rule *a, const struct kr_register__rule *b,
		     const char *text)
{
	int d;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	switch (a->kind) {
	case KR_RULE_PREFIX:
		if (a->family != b->family)
			return a->family < b->family ? -1 : 1;
		d = memcmp(a->address, b->address, sizeof(a->address));
		return d ? d : (int)a->plen - (int)b->plen;
	case KR_RULE_DOMAIN:
		return kr_str_cmp(kr_str_n(text + a->number, a->size),
				  kr_str_n(text + b->number, b->size));
	default: return a->number < b->number ? -1 : a->number > b->number;
	}
}

static int cmp_rows(const void *a, const void *b, void *text)
{
	const struct kr_register__rule *ra = a, *rb = b;
	int d = kr_register__cmp(ra, rb, text);

	if (d)
		return d;
	return ra->constituent < rb->constituent ? -1 : ra->constituent > rb->constituent;
}

static int row_make(struct build *b, const struct kr_rule *in, struct kr_register__rule *out)
{
	struct kr_ip net;
	uint64_t asn;

	if (in->id & KR_REGISTER__LAST)
		return -KR_EINVAL;
	*out = (struct kr_register__rule){
		.id = in->id, .constituent = in->constituent, .kind = (uint8_t)in->kind};
	switch (in->kind) {
	case KR_RULE_PREFIX:
		if (kr_net_parse(in->value, &net) != 0)
			return -KR_EINVAL;
		out->family = net.family;
		out->plen = net.plen;
		memcpy(out->address, net.b, sizeof(out->address));
		return 0;
	case KR_RULE_DOMAIN:
		out->number = (uint32_t)b->text.n;
		out->size = (uint32_t)in->value.n;
		kr_buf_str_add(&b->text, in->value);
		return in->value.n ? b->text.err : -KR_EINVAL;
	case KR_RULE_ASN:
		if (kr_str_u64(in->value, &asn) || asn < 1 || asn > UINT32_MAX)
			return -KR_EINVAL;
		out->number = (uint32_t)asn;
		return 0;
	case KR_RULE_COUNTRY:
		out->number = kr_register__cc(in->value);
		return out->number == KR_REGISTER__NONE ? -KR_EINVAL : 0;
	}
	return -KR_EINVAL;
}

static int rows_make(struct build *b, const struct kr_rule *rules, size_t n,
		     struct kr_fault *reterr)
{
	b->rules = kr_xcalloc(n + 1, sizeof(*b->rules));
	for (size_t i = 0; i < n; i++) {
		if (rules[i].retired)
			continue;
		if (row_make(b, &rules[i], &b->rules[b->n])) {
			kr_fault_set(reterr, -KR_ECORRUPT,
				     "rule %u of the register is not readable: %.*s", rules[i].id,
				     (int)KR_MIN(rules[i].value.n, (size_t)60), rules[i].value.p);
			kr_fault_remedy(
				reterr,
				"import the register again: karaula constituent import FILE");
			return -KR_ECORRUPT;
		}
		b->n++;
	}
	qsort_r(b->rules, b->n, sizeof(*b->rules), cmp_rows, b->text.p);
	return 0;
}

static uint32_t mask_for(uint32_t n)
{
	uint32_t size = 2;

	while (size < n * 2)
		size *= 2;
	return size - 1;
}

static uint32_t hash_of(struct kr_str name)
{
	uint32_t h = KR_REGISTER__HASH_START;

	for (size_t i = name.n; i-- > 0;)
		h = kr_register__hash_step(h, name.p[i]);
	return h;
}

static void value_add(struct build *b, const struct kr_register__rule *row, uint32_t list)
{
	struct kr_ip net = {.family = row->family, .plen = row->plen};
	uint32_t at, hash;

	switch (row->kind) {
	case KR_RULE_PREFIX:
		memcpy(net.b, row->address, sizeof(net.b));
		/* A prefix from kr_net_parse() and a list number below the row limit: always taken.
		 */
		if (kr_iptable_add_net(b->prefixes, &net, list))
			b->owners.err = -KR_ELIMIT;
		break;
	case KR_RULE_DOMAIN:
		hash = hash_of(kr_str_n(b->text.p + row->number, row->size));
		at = kr_register__place(hash, b->domain_mask);
		while (b->domains[at].list != KR_REGISTER__NONE)
			at = (at + 1) & b->domain_mask;
		b->domains[at] = (struct kr_register__domain){hash, list, row->number, row->size};
		break;
	case KR_RULE_ASN:
		at = kr_register__place(row->number, b->asn_mask);
		while (b->asns[at].list != KR_REGISTER__NONE)
			at = (at + 1) & b->asn_mask;
		b->asns[at] = (struct kr_register__asn){row->number, list};
		break;
	default: b->countries[row->number] = list;
	}
}

static void tables_make(struct build *b)
{
	b->domain_mask = mask_for(b->counts[KR_RULE_DOMAIN]);
	b->asn_mask = mask_for(b->counts[KR_RULE_ASN]);
	b->domains = kr_xcalloc((size_t)b->domain_mask + 1, sizeof(*b->domains));
	b->asns = kr_xcalloc((size_t)b->asn_mask + 1, sizeof(*b->asns));
	for (size_t i = 0; i <= b->domain_mask; i++)
		b->domains[i].list = KR_REGISTER__NONE;
	for (size_t i = 0; i <= b->asn_mask; i++)
		b->asns[i].list = KR_REGISTER__NONE;
	memset(b->countries, 0xff, sizeof(b->countries));
}

static bool value_differs(const struct build *b, size_t i, size_t k)
{
	return kr_register__cmp(&b->rules[i], &b->rules[k], b->text.p) != 0;
}

static void lists_make(struct build *b)
{
	uint32_t list = 0;

	for (size_t i = 0; i < b->n; i++)
		if (!i || value_differs(b, i - 1, i))
			b->counts[b->rules[i].kind]++;
	tables_make(b);
	for (size_t i = 0; i < b->n; i++) {
		struct kr_register__rule *row = &b->rules[i];
		struct kr_owner owner = {row->constituent, row->id};

		if (!i || value_differs(b, i - 1, i)) {
			list = (uint32_t)i;
			value_add(b, row, list);
		}
		if (i + 1 == b->n || value_differs(b, i, i + 1))
			owner.rule |= KR_REGISTER__LAST;
		row->list = list;
		kr_buf_add(&b->owners, &owner, sizeof(owner));
	}
}

static int file_write(struct build *b, int dirfd, uint64_t version, struct kr_fault *reterr)
{
	const struct kr_krt_part parts[] = {
		{"prefixes", kr_buf_str(&b->prefix_bytes)},
		{"domains", kr_str_n((const void *)b->domains,
				     ((size_t)b->domain_mask + 1) * sizeof(*b->domains))},
		{"asns",
		 kr_str_n((const void *)b->asns, ((size_t)b->asn_mask + 1) * sizeof(*b->asns))},
		{"country", kr_str_n((const void *)b->countries, sizeof(b->countries))},
		{"owners", kr_buf_str(&b->owners)},
		{"text", kr_buf_str(&b->text)},
		{"rules", kr_str_n((const void *)b->rules, b->n * sizeof(*b->rules))},
	};

	return kr_krt_write(dirfd, KR_REGISTER_FILE, KR_REGISTER__KIND, version, parts,
			    KR_ARRAY_LEN(parts), reterr);
}

int kr_register_compile(int dirfd, const struct kr_rule *rules, size_t n_rules, uint64_t version,
			struct kr_fault *reterr)
{
	struct build b = {.text = KR_BUF(UINT32_MAX),
			  .owners = KR_BUF(PARTS_MAX),
			  .prefix_bytes = KR_BUF(PARTS_MAX)};
	int err;

	if (n_rules > KR_REGISTER_RULES_MAX)
		return kr_fault_set(reterr, -KR_ELIMIT, "more than %u rules in the register",
				    KR_REGISTER_RULES_MAX);
	b.prefixes = kr_iptable_build_new();
	err = rows_make(&b, rules, n_rules, reterr);
	if (!err) {
		lists_make(&b);
		err = kr_iptable_build_end(b.prefixes, &b.prefix_bytes);
		if (!err)
			err = b.owners.err;
		if (err)
			kr_fault_set(reterr, err, "the register is too large to compile");
	}
	if (!err)
		err = file_write(&b, dirfd, version, reterr);
	kr_iptable_build_free(b.prefixes);
	kr_buf_done(&b.text);
	kr_buf_done(&b.owners);
	kr_buf_done(&b.prefix_bytes);
	free(b.rules);
	free(b.domains);
	free(b.asns);
	return err;
}
