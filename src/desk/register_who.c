/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * Questions of people about the register, where some milliseconds do not matter: all that covers an
 * address or a name, what overlaps, how many rules each has. Rules lie sorted in the file, prefixes
 * by first address and then by length, so a prefix comes directly behind those that hold it: a
 * stack of the open ones finds every nesting in one pass.
 */
#include "desk/register_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* Collects the matches of one event. */
struct collect {
	const struct kr_register *r;
	struct kr_arena *arena;
	struct kr_register_match *p;
	size_t n;
	int err;
};

#define MATCHES_MAX 512

static void collect_add(struct collect *c, enum kr_rule_kind kind, struct kr_str value,
			uint32_t list)
{
	struct kr_register_match m = {.kind = kind};

	struct kr_owner *owners;
	int n = c->n == MATCHES_MAX ? 0 : kr_register__owners(c->r, list, c->arena, &owners);

	if (n > 0) {
		m.owners = owners;
		m.n_owners = (size_t)n;
		m.value = kr_arena_dup(c->arena, value);
		c->p[c->n++] = m;
	}
	if (n < 0 || (n > 0 && !m.value.p))
		c->err = -KR_ELIMIT;
}

static void collect_prefixes(struct collect *c, const struct kr_ip *ip)
{
	int plen = ip->plen;
	uint32_t list;

	while ((list = kr_register__prefix_wider(c->r, ip, &plen)) != KR_REGISTER__NONE) {
		struct kr_ip net = *ip;
		char text[KR_IP_TEXT_MAX];
		size_t n;

		net.plen = (uint8_t)plen--;
		kr_register__mask(net.b, net.plen);
		n = kr_net_text(&net, text);
		collect_add(c, KR_RULE_PREFIX, kr_str_n(text, n), list);
	}
}

static void collect_domains(struct collect *c, struct kr_str name)
{
	uint32_t lists[128];
	char buf[256];
	size_t n = kr_register__domain_lists(c->r, kr_register__lowered(name, buf), lists,
					     KR_ARRAY_LEN(lists));

	while (n-- > 0) {
		/* The value is known from the table, by its list. */
		for (size_t at = 0; at <= c->r->domain_mask; at++) {
			const struct kr_register__domain *d = &c->r->domains[at];

			if (d->list == lists[n] && d->offset <= c->r->text.n &&
			    d->size <= c->r->text.n - d->offset) {
				collect_add(c, KR_RULE_DOMAIN,
					    kr_str_n(c->r->text.p + d->offset, d->size), d->list);
				break;
			}
		}
	}
}

int kr_register_matches(const struct kr_register *r, const struct kr_event *e,
			struct kr_arena *arena, struct kr_register_match **ret, size_t *ret_n)
{
	struct collect c = {.r = r, .arena = arena};
	const union kr_value *v;
	struct kr_str name = kr_register__name(e);
	struct kr_ip ip;
	char number[16];

	c.p = kr_arena_calloc(arena, MATCHES_MAX, sizeof(*c.p));
	if (!c.p)
		return -KR_ELIMIT;
	if (kr_register__address(e, &ip))
		collect_prefixes(&c, &ip);
	if (name.n)
		collect_domains(&c, name);
	if ((v = kr_event_get(e, KR_F_SRC_ASN))) {
		int n = snprintf(number, sizeof(number), "%u", (unsigned)v->i);

		collect_add(&c, KR_RULE_ASN, kr_str_n(number, (size_t)n),
			    kr_register__asn_list(r, v->i));
	}
	if ((v = kr_event_get(e, KR_F_SRC_CC)) && kr_register__cc(v->text) < KR_REGISTER__CC)
		collect_add(&c, KR_RULE_COUNTRY, v->text, r->countries[kr_register__cc(v->text)]);
	*ret = c.p;
	*ret_n = c.n;
	return c.err;
}

/* The network of a rule; false if the file is damaged here. */
static bool rule_net(const struct kr_register__rule *row, struct kr_ip *ret)
{
	*ret = (struct kr_ip){.family = row->family, .plen = row->plen};
	memcpy(ret->b, row->address, sizeof(ret->b));
	return row->kind == KR_RULE_PREFIX && (ret->family == 4 || ret->family == 6) &&
	       ret->plen <= kr_ip_bits(ret);
}

/* The value of a rule as text; empty if the file is damaged here. */
static struct kr_str value_text(const struct kr_register *r, const struct kr_register__rule *row,
				char buf[KR_IP_TEXT_MAX])
{
	uint32_t pair[2] = {row->number / 36 % 36, row->number % 36};
	struct kr_ip net;

	switch (row->kind) {
	case KR_RULE_PREFIX:
		return rule_net(row, &net) ? kr_str_n(buf, kr_net_text(&net, buf)) : KR_STR("");
	case KR_RULE_DOMAIN:
		if (row->number > r->text.n || row->size > r->text.n - row->number)
			return KR_STR("");
		return kr_str_n(r->text.p + row->number, row->size);
	case KR_RULE_ASN:
		return kr_str_n(buf, (size_t)snprintf(buf, KR_IP_TEXT_MAX, "%u", row->number));
	default:
		for (int i = 0; i < 2; i++)
			buf[i] = (char)(pair[i] < 26 ? 'A' + pair[i] : '0' + (pair[i] - 26));
		return kr_str_n(buf, 2);
	}
}

static bool rule_contains(const struct kr_register__rule *a, const struct kr_register__rule *b)
{
	struct kr_ip net, other;

	return rule_net(a, &net) && rule_net(b, &other) && net.family == other.family &&
	       net.plen <= other.plen && kr_net_contains(&net, &other);
}

/* One pass over the rules in search of overlaps. */
struct overlaps {
	const struct kr_register *r;
	bool (*each)(void *ctx, const struct kr_register_overlap *o);
	void *ctx;
	size_t open[129]; /* first rules of the prefixes that hold the current one */
	size_t n_open;
};

static bool overlap_tell(struct overlaps *o, size_t outer, size_t inner)
{
	const struct kr_register__rule *a = &o->r->rules[outer], *b = &o->r->rules[inner];
	char text_a[KR_IP_TEXT_MAX], text_b[KR_IP_TEXT_MAX];
	struct kr_register_overlap found = {
		.kind = b->kind,
		.outer = value_text(o->r, a, text_a),
		.inner = value_text(o->r, b, text_b),
		.outer_owner = {a->constituent, a->id},
		.inner_owner = {b->constituent, b->id},
	};

	return o->each(o->ctx, &found);
}

/* First rule of a list that is not of this constituent; n_rules if there is none. */
static size_t other_owner(const struct kr_register *r, size_t first, uint32_t constituent)
{
	for (size_t i = first; i < r->n_rules && r->rules[i].list == r->rules[first].list; i++)
		if (r->rules[i].constituent != constituent)
			return i;
	return r->n_rules;
}

static bool prefix_overlap(struct overlaps *o, size_t i, bool first)
{
	const struct kr_register *r = o->r;

	while (o->n_open && !rule_contains(&r->rules[o->open[o->n_open - 1]], &r->rules[i]))
		o->n_open--;
	/* The nearest prefix around it that somebody else has; itself if it is not the first of its
	 * list. */
	for (size_t k = o->n_open; k-- > 0;) {
		size_t outer = other_owner(r, o->open[k], r->rules[i].constituent);

		if (outer < r->n_rules) {
			if (!overlap_tell(o, outer, i))
				return false;
			break;
		}
	}
	if (first && o->n_open < KR_ARRAY_LEN(o->open))
		o->open[o->n_open++] = i;
	return true;
}

static bool domain_overlap(struct overlaps *o, size_t i)
{
	const struct kr_register *r = o->r;
	char unused[KR_IP_TEXT_MAX];
	struct kr_str name = value_text(r, &r->rules[i], unused);
	uint32_t lists[128];
	size_t n = kr_register__domain_lists(r, name, lists, KR_ARRAY_LEN(lists));

	while (n-- > 0) {
		/* A list is the number of its first rule. */
		size_t outer = other_owner(r, lists[n], r->rules[i].constituent);

		/* Of rules with the same value each pair is told once: from the later one. */
		if (outer < r->n_rules && (r->rules[outer].list != r->rules[i].list || outer < i))
			return overlap_tell(o, outer, i);
	}
	return true;
}

void kr_register_overlaps(const struct kr_register *r,
			  bool (*each)(void *ctx, const struct kr_register_overlap *o), void *ctx)
{
	struct overlaps o = {.r = r, .each = each, .ctx = ctx};
	bool more = true;

	for (size_t i = 0; more && i < r->n_rules; i++) {
		bool first = !i || r->rules[i - 1].list != r->rules[i].list;

		if (r->rules[i].kind == KR_RULE_PREFIX)
			more = prefix_overlap(&o, i, first);
		else if (r->rules[i].kind == KR_RULE_DOMAIN)
			more = domain_overlap(&o, i);
		else if (!first)
			more = overlap_tell(&o, i - 1, i);
	}
}

void kr_register_counts(const struct kr_register *r, uint32_t id_max, uint32_t (*ret)[5])
{
	for (size_t i = 0; i < r->n_rules; i++) {
		const struct kr_register__rule *row = &r->rules[i];

		if (row->constituent <= id_max && row->kind < 5)
			ret[row->constituent][row->kind]++;
	}
}
